//! Pages: what a browser is given, what it may send, and what becomes of a form that comes too
//! late, twice, or from elsewhere.

use actix_web::http::Method;

use crate::support::{Bodega, people::PASSWORD, wares::text};

#[actix_web::test]
async fn a_page_is_html_under_a_strict_policy_and_a_problem_is_one_too() {
    let bodega = Bodega::open();
    bodega.manager().await.adds_product("Green tea", "3.99", 10).await;
    let visitor = bodega.visitor();
    for (path, status) in [("/", 200), ("/product/green-tea", 200), ("/product/none", 404)] {
        let page = visitor.opens(path).await;
        assert_eq!(page.status, status, "{path}");
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8", "{path}");
        let policy = page.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(page.header("cache-control"), "private, no-cache", "{path}");
        assert_eq!(page.header("set-cookie"), "", "{path}: nobody is given a cookie for looking");
    }
    let nothing = visitor.opens("/nothing-here").header("accept", "text/html").await;
    assert_eq!(nothing.status, 404);
    assert!(nothing.text().contains("We cannot find that page"));
    let program = visitor.get("/nothing-here").await;
    program.refused(404, "not_found");
}

#[actix_web::test]
async fn assets_are_kept_for_ever_under_an_address_of_their_content() {
    let bodega = Bodega::open();
    let page = bodega.visitor().opens("/").await;
    let addresses = page.text().split("href=\"").filter_map(|rest| rest.split('"').next());
    let assets: Vec<&str> = addresses.filter(|path| path.starts_with("/assets/")).collect();
    let path = assets.iter().find(|path| path.ends_with("/shop.css")).expect("a style");
    let small = assets.iter().find(|path| path.ends_with(".svg")).expect("a drawing");
    let small = bodega.visitor().get(small).header("accept-encoding", "br").await;
    assert_eq!(small.header("content-encoding"), "br", "however small it is");
    for (accepts, coding) in [("br, gzip", "br"), ("gzip", "gzip"), ("identity", "")] {
        let asset = bodega.visitor().get(path).header("accept-encoding", accepts).await;
        assert_eq!(asset.status, 200, "{path}");
        assert_eq!(asset.header("content-encoding"), coding);
        assert_eq!(asset.header("cache-control"), "public, max-age=31536000, immutable");
    }
    let old = bodega.visitor().get("/assets/0123456789abcdef/shop.css").await;
    assert_eq!((old.status, old.header("cache-control")), (200, "no-cache"));
    bodega.visitor().get("/assets/0123456789abcdef/none.css").await.refused(404, "not_found");
}

#[actix_web::test]
async fn signing_in_on_a_page_opens_a_session_of_the_api_and_signing_out_ends_it() {
    let bodega = Bodega::open();
    let ada = bodega.customer("ada").await;
    let form = [("email", ada.email.as_str()), ("password", PASSWORD), ("then", "/product/x?a=b")];
    let signed_in = bodega.visitor().sends("/sign-in", &form).await;
    assert_eq!((signed_in.status, signed_in.header("location")), (303, "/product/x?a=b"));
    let cookie = signed_in.header("set-cookie");
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax; Max-Age=2592000"), "{cookie}");
    let (_, rest) = cookie.split_once('=').expect("a cookie");
    let (value, _) = rest.split_once(';').expect("a cookie");
    let mut browser = bodega.visitor();
    browser.cookie = Some(value.to_owned());
    assert!(browser.opens("/").await.text().contains("Account</span>"));
    assert_eq!(ada.get("/v1/auth/sessions").await.data().as_array().expect("a list").len(), 2);

    let gone = browser.sends("/sign-out", &[]).await;
    assert_eq!((gone.status, gone.header("location")), (303, "/"));
    assert!(gone.header("set-cookie").contains("Max-Age=0"));
    assert!(browser.opens("/").await.text().contains("Sign in</span>"));
    assert_eq!(ada.get("/v1/auth/sessions").await.data().as_array().expect("a list").len(), 1);
}

#[actix_web::test]
async fn a_wrong_password_is_said_beside_the_email_that_was_typed() {
    let bodega = Bodega::open();
    let form = [("email", "ada@example.com"), ("password", "wrong horse")];
    let refused = bodega.visitor().sends("/sign-in", &form).await;
    assert_eq!(refused.status, 401);
    assert!(refused.text().contains("value=\"ada@example.com\""));
    assert!(!refused.text().contains("wrong horse"), "a password is never shown again");
    let faulty = bodega.visitor().sends("/sign-in", &[("email", "no-email")]).await;
    assert_eq!(faulty.status, 400);
    assert!(faulty.text().contains("Is not an email address."));
    assert!(faulty.text().contains("aria-describedby=\"password-error\""));
}

#[actix_web::test]
async fn a_form_from_elsewhere_changes_nothing() {
    let bodega = Bodega::open();
    let ada = bodega.customer("ada").await;
    let cookie = format!("bodega-session={}", ada.cookie.as_deref().expect("a cookie"));
    let token_of_bob = {
        let bob = bodega.customer("bob").await;
        let sent = bob.sends("/sign-out", &[]).body.expect("a form");
        String::from_utf8(sent.to_vec()).expect("text")
    };
    for form in ["", "csrf=", "csrf=AAAA", &token_of_bob] {
        let mut ask = ada.opens("/sign-out");
        ask.method = Method::POST;
        let ask = ask.bytes("application/x-www-form-urlencoded", form.to_owned());
        let refused = ask.await;
        assert_eq!(refused.status, 403, "{form}");
        assert!(refused.text().contains("nothing was changed") || form.is_empty(), "{form}");
    }
    let forged = ada.sends("/sign-out", &[]).header("origin", "https://evil.example").await;
    assert_eq!(forged.status, 403);
    assert!(!forged.text().contains("Send it again"), "a stranger's form is not offered");
    let own = ada.sends("/sign-out", &[]).header("sec-fetch-site", "cross-site").await;
    assert_eq!(own.status, 403);
    let profile = ada.get("/v1/auth/getprofile").await.data();
    assert_eq!(text(&profile["username"]), "ada", "she is signed in as before: {cookie}");
    let json = ada.sends("/sign-out", &[]).header("content-type", "application/json");
    let mut json = json;
    json.headers.retain(|(_, value)| value != "application/x-www-form-urlencoded");
    assert_eq!(json.await.status, 415);
}

#[actix_web::test]
async fn a_cookie_opens_no_door_of_the_api() {
    let bodega = Bodega::open();
    let ada = bodega.customer("ada").await;
    let refused = ada.opens("/v1/auth/getprofile").await;
    refused.refused(401, "authentication_required");
    let tampered = {
        let mut other = ada.clone();
        other.cookie = Some("AAAA".into());
        other
    };
    assert!(tampered.opens("/").await.text().contains("Sign in</span>"));
}
