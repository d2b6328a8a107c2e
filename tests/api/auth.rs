//! Accounts and sessions: signing up, in and out, and what ends a session.

use actix_web::http::Method;
use serde_json::{Value, json};

use crate::support::{Bodega, PASSWORD, Person, wares::id};

fn signup(name: &str) -> Value {
    json!({ "username": name, "email": format!("{name}@example.com"), "password": PASSWORD })
}

fn with(mut body: Value, field: &str, value: impl Into<Value>) -> Value {
    body[field] = value.into();
    body
}

async fn profile_of(who: &Person) -> String {
    who.get("/v1/auth/getprofile").await.outcome()
}

async fn logs_in(who: &Person, password: &str) -> crate::support::Reply {
    who.post("/v1/auth/login", json!({ "email": who.email, "password": password })).await
}

async fn refreshes(who: &Person) -> crate::support::Reply {
    who.post("/v1/auth/refreshtoken", json!({ "refreshToken": who.refresh })).await
}

#[actix_web::test]
async fn whoever_signs_up_is_signed_in_as_a_customer() {
    let bodega = Bodega::open();
    let visitor = bodega.visitor();
    let answer =
        visitor.post("/v1/auth/signup", with(signup("ada"), "phoneNumber", "+44 20 7946")).await;
    insta::assert_snapshot!(answer.shown(), @r#"
    201
    {
      "data": {
        "accessToken": "[accessToken]",
        "refreshToken": "[refreshToken]",
        "user": {
          "createdAt": "[time]",
          "email": "ada@example.com",
          "id": "[id]",
          "role": "CUSTOMER",
          "updatedAt": "[time]",
          "username": "ada"
        }
      },
      "statusCode": 201
    }
    "#);
    let ada = visitor.holding(&answer);
    let profile = ada.get("/v1/auth/getprofile").await.data();
    assert_eq!(profile, answer.data()["user"]);
    let sessions = ada.get("/v1/auth/sessions").await.data();
    assert_eq!((sessions[0]["current"].as_bool(), sessions[1].is_null()), (Some(true), true));
}

#[actix_web::test]
async fn an_email_and_a_username_belong_to_one_account() {
    let bodega = Bodega::open();
    let ada = bodega.customer("ada").await;
    let visitor = bodega.visitor();
    let signs_up = |body: Value| visitor.post("/v1/auth/signup", body);
    let same_email = with(signup("lovelace"), "email", "ADA@Example.COM");
    signs_up(same_email).await.refused(409, "email_taken");
    let same_name = with(signup("Ada"), "email", "other@example.com");
    signs_up(same_name).await.refused(409, "username_taken");
    assert_eq!(profile_of(&ada).await, "200");
}

#[actix_web::test]
async fn a_role_is_given_by_an_admin_and_nobody_else() {
    let bodega = Bodega::open();
    let (owner, manager) = (bodega.owner().await, bodega.manager().await);
    for role in ["ADMIN", "INVENTORY_MANAGER", "CUSTOMER"] {
        let body = with(signup("eve"), "role", role);
        for stranger in [&bodega.visitor(), &manager] {
            stranger.post("/v1/auth/signup", body.clone()).await.refused(403, "role_not_allowed");
        }
    }
    let made = owner.post("/v1/auth/signup", with(signup("eve"), "role", "INVENTORY_MANAGER"));
    assert_eq!(made.await.data()["user"]["role"], "INVENTORY_MANAGER");
    let unknown = owner.post("/v1/auth/signup", with(signup("bob"), "role", "KING")).await;
    assert_eq!(unknown.faults(), [("/role".to_owned(), "not_a_choice".to_owned())]);
}

#[actix_web::test]
async fn all_faults_of_a_signup_are_told_at_once() {
    let bodega = Bodega::open();
    let visitor = bodega.visitor();
    let body = json!({ "username": "ab", "email": "nobody", "password": "1234567", "isAdmin": 1 });
    let answer = visitor.post("/v1/auth/signup", body).await;
    insta::assert_snapshot!(answer.shown(), @r#"
    400
    {
      "code": "validation_failed",
      "detail": "4 fields are not valid",
      "errors": [
        {
          "code": "too_short",
          "detail": "must have at least 3 characters",
          "pointer": "/username"
        },
        {
          "code": "invalid_email",
          "detail": "is not an email address",
          "pointer": "/email"
        },
        {
          "code": "too_short",
          "detail": "must have at least 8 characters",
          "pointer": "/password"
        },
        {
          "code": "unknown_field",
          "detail": "is not a field of this request",
          "pointer": "/isAdmin"
        }
      ],
      "instance": "/v1/auth/signup",
      "status": 400,
      "title": "Validation failed",
      "traceId": "[traceId]",
      "type": "urn:bodega:problem:validation_failed"
    }
    "#);
    let faulty = [
        ("username", json!("x".repeat(51)), "too_long"),
        ("username", json!("a\u{0}da"), "invalid_text"),
        ("email", json!("ada@example"), "invalid_email"),
        ("password", json!("x".repeat(129)), "too_long"),
        ("password", json!("password1"), "common_password"),
        ("password", json!("PASSWORD1"), "common_password"),
        ("password", json!(null), "wrong_type"),
    ];
    for (field, value, code) in faulty {
        let answer = visitor.post("/v1/auth/signup", with(signup("ada"), field, value)).await;
        assert_eq!(answer.faults(), [(format!("/{field}"), code.to_owned())]);
    }
    let shortest = with(signup("ada"), "password", "ÄÖÜäöüßé");
    visitor.post("/v1/auth/signup", shortest).await.data();
}

#[actix_web::test]
async fn a_wrong_password_and_an_unknown_email_are_answered_alike() {
    let bodega = Bodega::open();
    let ada = bodega.customer("ada").await;
    let nobody = Person { email: "nobody@example.com".to_owned(), ..bodega.visitor() };
    let (wrong, unknown) = (logs_in(&ada, "wrong").await, logs_in(&nobody, PASSWORD).await);
    wrong.refused(401, "invalid_credentials");
    assert_eq!(wrong.shown(), unknown.shown());

    let shouting = Person { email: "ADA@EXAMPLE.COM".to_owned(), ..bodega.visitor() };
    let answer = logs_in(&shouting, PASSWORD).await;
    assert_eq!(answer.status, 201);
    assert_eq!(profile_of(&ada.holding(&answer)).await, "200");
    assert_eq!(profile_of(&ada).await, "200", "the other session goes on");
}

#[actix_web::test]
async fn a_refresh_gives_two_new_tokens() {
    let bodega = Bodega::open();
    let ada = bodega.customer("ada").await;
    let later = ada.holding(&refreshes(&ada).await);
    assert!(later.access != ada.access && later.refresh != ada.refresh);
    assert_eq!(profile_of(&later).await, "200");
    for bad in ["nonsense", ada.access.as_deref().expect("a token")] {
        let bad = Person { refresh: bad.to_owned(), ..ada.clone() };
        refreshes(&bad).await.refused(401, "session_ended");
    }
}

#[actix_web::test]
async fn a_refresh_whose_answer_was_lost_is_answered_alike() {
    let bodega = Bodega::open();
    let ada = bodega.customer("ada").await;
    let (first, second) = (refreshes(&ada).await, refreshes(&ada).await);
    assert_eq!(first.data()["refreshToken"], second.data()["refreshToken"]);
}

#[actix_web::test]
async fn a_refresh_token_used_again_ends_its_session() {
    let bodega = Bodega::with_stopped_clock();
    let ada = bodega.customer("ada").await;
    let later = ada.holding(&refreshes(&ada).await);
    bodega.shop.clock.advance(std::time::Duration::from_secs(11));
    refreshes(&ada).await.refused(401, "refresh_token_reused");
    refreshes(&later).await.refused(401, "session_ended");
    assert_eq!(profile_of(&later).await, "401 session_ended");
}

#[actix_web::test]
async fn tokens_are_good_for_their_time() {
    let bodega = Bodega::with_stopped_clock();
    let ada = bodega.customer("ada").await;
    bodega.shop.clock.advance(std::time::Duration::from_secs(15 * 60 - 1));
    assert_eq!(profile_of(&ada).await, "200");
    bodega.shop.clock.advance(std::time::Duration::from_secs(1));
    assert_eq!(profile_of(&ada).await, "401 token_expired");
    let ada = ada.holding(&refreshes(&ada).await);
    assert_eq!(profile_of(&ada).await, "200");
    bodega.shop.clock.advance(std::time::Duration::from_secs(31 * 24 * 3600));
    refreshes(&ada).await.refused(401, "session_ended");
}

#[actix_web::test]
async fn signing_out_kills_both_tokens_and_no_other_session() {
    let bodega = Bodega::open();
    let ada = bodega.customer("ada").await;
    let elsewhere = ada.holding(&logs_in(&ada, PASSWORD).await);
    let answer = ada.asks(Method::POST, "/v1/auth/signout").await;
    assert_eq!((answer.status, answer.data()), (201, json!({ "message": "Signed out" })));
    assert_eq!(profile_of(&ada).await, "401 session_ended");
    refreshes(&ada).await.refused(401, "session_ended");
    assert_eq!(profile_of(&elsewhere).await, "200");
}

#[actix_web::test]
async fn a_session_can_be_ended_from_another_device() {
    let bodega = Bodega::open();
    let ada = bodega.customer("ada").await;
    let elsewhere = ada.holding(&logs_in(&ada, PASSWORD).await);
    let sessions = elsewhere.get("/v1/auth/sessions").await.data();
    let others: Vec<&Value> =
        sessions.as_array().expect("a list").iter().filter(|one| one["current"] == false).collect();
    assert_eq!(others.len(), 1);
    let path = format!("/v1/auth/sessions/{}", id(others[0]));
    elsewhere.delete(&path).await.data();
    assert_eq!(profile_of(&ada).await, "401 session_ended");
    elsewhere.delete(&path).await.refused(404, "not_found");
}

#[actix_web::test]
async fn another_password_ends_the_other_sessions() {
    let bodega = Bodega::open();
    let ada = bodega.customer("ada").await;
    let elsewhere = ada.holding(&logs_in(&ada, PASSWORD).await);
    let new = "another horse entirely";
    let changes = |old: &str, new: &str| {
        ada.post("/v1/auth/changepassword", json!({ "oldPassword": old, "newPassword": new }))
    };
    changes("not it", new).await.refused(401, "wrong_password");
    changes(PASSWORD, PASSWORD).await.refused(400, "same_password");
    let weak = changes(PASSWORD, "password1").await;
    assert_eq!(weak.faults(), [("/newPassword".to_owned(), "common_password".to_owned())]);
    let answer = changes(PASSWORD, new).await;
    assert_eq!(
        (answer.status, answer.data()),
        (201, json!({ "message": "The password is changed" }))
    );
    assert_eq!(profile_of(&ada).await, "200");
    assert_eq!(profile_of(&elsewhere).await, "401 session_ended");
    refreshes(&elsewhere).await.refused(401, "session_ended");
    logs_in(&ada, PASSWORD).await.refused(401, "invalid_credentials");
    logs_in(&ada, new).await.data();
}

/// The token in the so-manieth letter to somebody.
async fn mailed_token(bodega: &Bodega, to: &Person, number: usize) -> String {
    let letters = bodega.letters_to(&to.email, number).await;
    assert_eq!(letters.len(), number);
    let letter = &letters[number - 1];
    assert_eq!(letter.subject, "Set a new password");
    let line = letter.text.lines().find_map(|line| line.split_once("/reset-password?token="));
    line.expect("a link").1.to_owned()
}

#[actix_web::test]
async fn a_forgotten_password_is_reset_once_by_the_mailed_token() {
    let bodega = Bodega::open();
    let ada = bodega.customer("ada").await;
    bodega.sends_letters().await;
    let visitor = bodega.visitor();
    let forgets = |email: &str| visitor.post("/v1/auth/forgotpassword", json!({ "email": email }));
    let (known, unknown) = (forgets(&ada.email).await, forgets("nobody@example.com").await);
    assert_eq!((known.status, known.text()), (201, unknown.text()));
    let replaced = mailed_token(&bodega, &ada, 1).await;
    forgets("Ada@Example.com").await.data();
    let token = mailed_token(&bodega, &ada, 2).await;
    bodega.has_told_everything().await;
    assert_eq!(bodega.letters().len(), 2, "nobody else got one");
    assert!(!known.text().contains(&token));
    let journal = std::fs::read(first_segment(&bodega)).expect("a journal");
    let is_kept = |text: &str| journal.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(is_kept("reset_requested") && !is_kept(&token), "only its hash is kept");

    let new = "another horse entirely";
    let resets = |token: &str| {
        visitor.post("/v1/auth/resetpassword", json!({ "token": token, "newPassword": new }))
    };
    for wrong in [replaced.as_str(), "nonsense", &ada.refresh] {
        resets(wrong).await.refused(400, "invalid_reset_token");
    }
    assert_eq!(profile_of(&ada).await, "200", "nothing has happened yet");
    resets(&token).await.data();
    resets(&token).await.refused(400, "invalid_reset_token");
    assert_eq!(profile_of(&ada).await, "401 session_ended");
    logs_in(&ada, PASSWORD).await.refused(401, "invalid_credentials");
    logs_in(&ada, new).await.data();
}

/// Where the journal begins.
fn first_segment(bodega: &Bodega) -> std::path::PathBuf {
    let files = std::fs::read_dir(bodega.folder().join("journal")).expect("a journal");
    files.map(|entry| entry.expect("readable").path()).min().expect("a segment")
}

#[actix_web::test]
async fn a_mailed_token_is_good_for_half_an_hour() {
    let bodega = Bodega::with_stopped_clock();
    let ada = bodega.customer("ada").await;
    bodega.sends_letters().await;
    let visitor = bodega.visitor();
    visitor.post("/v1/auth/forgotpassword", json!({ "email": ada.email })).await.data();
    let token = mailed_token(&bodega, &ada, 1).await;
    bodega.shop.clock.advance(std::time::Duration::from_secs(30 * 60));
    let body = json!({ "token": token, "newPassword": "another horse entirely" });
    visitor.post("/v1/auth/resetpassword", body).await.refused(400, "invalid_reset_token");
}

#[actix_web::test]
async fn the_owner_may_ask_for_longer_passwords() {
    let bodega = Bodega::with(&[("auth.password_min", "12")]);
    let short = with(signup("ada"), "password", "elevenchars");
    let answer = bodega.visitor().post("/v1/auth/signup", short).await;
    assert_eq!(answer.faults(), [("/password".to_owned(), "too_short".to_owned())]);
}

#[actix_web::test]
async fn a_bad_token_does_not_keep_anybody_from_signing_in() {
    let bodega = Bodega::open();
    let ada = bodega.customer("ada").await;
    let expired = bodega.with_expired_token(&ada);
    assert_eq!(profile_of(&expired).await, "401 token_expired");
    logs_in(&expired, PASSWORD).await.data();
}
