//! Signing in and out. Whoever is asked to sign in finds afterwards what they were about to do.

use std::collections::BTreeMap;

use actix_web::http::{Method, StatusCode};
use serde::Serialize;

use super::category::encoded;
use crate::{
    accounts::{Means, SignedIn},
    http::{
        access::Public,
        answer::Answer,
        auth::{self, LoginBody},
        call::{Call, CallAsking, Origin},
        fields::{Body, Fields, loose},
        limits::Class,
        pages::{
            Filled, FormView, Frame, PageAnswer, cookies::CookieNames, frame::session_cookie,
            problems::AgainView,
        },
        table::{Operation, op},
    },
    shop::Shop,
};

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    use Class::{Credentials, Reads, Writes};
    vec![
        op(Method::GET, "/sign-in", Reads, "Ask who it is", show),
        op(Method::POST, "/sign-in", Credentials, "Sign in", sign_in).secret(),
        op(Method::POST, "/sign-out", Writes, "Sign out", sign_out).secret(),
    ]
}

async fn show(shop: Shop, who: Public, call: CallAsking<ThenQuery>) -> Answer<PageAnswer> {
    let then = call.query.then;
    if who.0.is_some() {
        return Ok(PageAnswer::to(then.0));
    }
    let frame = frame(&shop, &call.from)?;
    let view = SignInView { form: frame.form(), then: then.0, again: None };
    frame.show(TEMPLATE, &view)
}

async fn sign_in(shop: Shop, _: Public, call: Call<Filled<LoginBody>>) -> Answer<PageAnswer> {
    let Filled { read, typed } = call.body;
    if is_only_asked(&typed) {
        let (then, again) = (Then::typed(&typed), again_in(&typed));
        let frame = frame(&shop, &call.from)?;
        let view = SignInView { form: frame.form().with(typed), then: then.0, again };
        return frame.show(TEMPLATE, &view);
    }
    let refused = |form: FormView, status| {
        let (then, again) = (Then::typed(&typed), again_in(&typed));
        let view = SignInView { form: form.with(typed.clone()), then: then.0, again };
        frame(&shop, &call.from)?.answered(status).show(TEMPLATE, &view)
    };
    let form = frame(&shop, &call.from)?.form();
    let body = match read {
        Ok(body) => body,
        Err(faults) => return refused(form.faulty(&faults), StatusCode::BAD_REQUEST),
    };
    match auth::sign_in(&shop, body, &call.from).await {
        Ok(signed_in) => welcomed(&shop, &signed_in, &typed, &call.from),
        Err(problem) if problem.status().is_client_error() => {
            refused(form.refused(&problem, &[]), problem.status())
        }
        Err(problem) => Err(problem),
    }
}

async fn sign_out(shop: Shop, who: Public, call: Call<Filled<Nothing>>) -> Answer<PageAnswer> {
    if let Some(caller) = who.0
        && let Means::Session(session) = caller.means
    {
        shop.accounts.sign_out(caller.user, session).await?;
    }
    let names = CookieNames::of(&shop, call.from.headers());
    Ok(PageAnswer::to("/").with_cookie(names.unset(names.session)).forgetting())
}

/// The way to the sign-in page, or at once that page, with a form to be sent again afterwards.
///
/// # Errors
/// A fault of the store.
pub fn asked_to(shop: &Shop, from: &Origin, again: Option<AgainView>) -> Answer<PageAnswer> {
    let Some(again) = again else {
        return Ok(PageAnswer::to(format!("/sign-in?then={}", encoded(from.asked()))));
    };
    let frame = frame(shop, from)?;
    let view = SignInView { form: frame.form(), then: "/".to_owned(), again: Some(again) };
    frame.answered(StatusCode::UNAUTHORIZED).show(TEMPLATE, &view)
}

/// Where somebody goes who has just signed in: on with what they were about to do.
pub(super) fn welcomed(
    shop: &Shop,
    signed_in: &SignedIn,
    typed: &BTreeMap<String, String>,
    from: &Origin,
) -> Answer<PageAnswer> {
    let names = CookieNames::of(shop, from.headers());
    let cookie = session_cookie(shop, names, (signed_in.user.id, signed_in.session));
    let answer = match again_in(typed) {
        None => PageAnswer::to(Then::typed(typed).0),
        // A page of its own, so that the form has a token of the new session.
        Some(again) => {
            let frame = Frame::for_session(shop, signed_in, from)?.titled("You are signed in");
            frame.show("storefront/go-on.html", &GoOnView { again })?
        }
    };
    Ok(answer.with_cookie(cookie).private())
}

/// Whether the form comes from the other one of the two, with which somebody changed their mind:
/// what they typed and what they were about to do come along.
pub(super) fn is_only_asked(typed: &BTreeMap<String, String>) -> bool {
    typed.get("step").is_some_and(|step| step == "ask")
}

pub(super) fn again_in(typed: &BTreeMap<String, String>) -> Option<AgainView> {
    let path = typed.get("again").filter(|path| is_own_path(path))?;
    let kept = |(name, value): (&String, &String)| {
        Some((name.strip_prefix(KEPT)?.to_owned(), value.clone()))
    };
    Some(AgainView::with(path, typed.iter().filter_map(kept).collect()))
}

fn frame(shop: &Shop, from: &Origin) -> Answer<Frame> {
    Ok(Frame::of(shop, None, from)?.titled("Sign in").private().guarded())
}

/// A path of this shop to go to; the home page, if it is none.
pub(super) struct Then(pub String);

impl Then {
    pub fn of(path: &str) -> Then {
        Then(if is_own_path(path) { path } else { "/" }.to_owned())
    }

    pub fn typed(typed: &BTreeMap<String, String>) -> Then {
        Then::of(typed.get("then").map_or("/", String::as_str))
    }
}

/// Whether a browser stays here when it follows this.
fn is_own_path(path: &str) -> bool {
    let second = path.chars().nth(1);
    path.starts_with('/')
        && !matches!(second, Some('/' | '\\'))
        && !path.chars().any(|letter| letter.is_control() || letter.is_whitespace())
}

pub(super) struct ThenQuery {
    pub then: Then,
}

impl Body for ThenQuery {
    fn read(fields: &mut Fields<'_>) -> ThenQuery {
        let then = fields.optional("then", loose(PATH_LETTERS_MAX));
        ThenQuery { then: Then::of(then.as_deref().unwrap_or("/")) }
    }
}

/// A form that says nothing but that it was sent.
pub struct Nothing;

impl Body for Nothing {
    fn read(_: &mut Fields<'_>) -> Nothing {
        Nothing
    }
}

#[derive(Serialize)]
struct SignInView {
    form: FormView,
    then: String,
    again: Option<AgainView>,
}

#[derive(Serialize)]
struct GoOnView {
    again: AgainView,
}

/// What the names of kept fields begin with, so that they are none of the form they wait in.
const KEPT: &str = "kept.";
const PATH_LETTERS_MAX: usize = 2_000;
const TEMPLATE: &str = "storefront/sign-in.html";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_to_another_site() {
        for own in ["/", "/account", "/search?q=tea"] {
            assert_eq!(Then::of(own).0, own);
        }
        for foreign in ["//evil", "/\\evil", "https://evil", "", "evil", "/a b", "/\t/evil"] {
            assert_eq!(Then::of(foreign).0, "/", "{foreign}");
        }
    }
}
