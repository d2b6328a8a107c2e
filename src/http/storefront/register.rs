//! Registering, and what to do about a forgotten password.

use actix_web::http::{Method, StatusCode};
use serde::Serialize;

use super::sign_in::{Then, ThenQuery, again_in, is_only_asked, welcomed};
use crate::{
    http::{
        access::Public,
        answer::Answer,
        auth::{self, ForgotBody, ResetBody, SignupBody},
        call::{Call, CallAsking, Origin},
        fields::{Body, Fields, loose},
        limits::Class,
        pages::{Filled, FormView, Frame, PageAnswer, problems::AgainView},
        problem::Problem,
        table::{Operation, op},
    },
    shop::Shop,
};

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    use Class::{Credentials, Reads};
    let (get, post) = (|| Method::GET, || Method::POST);
    vec![
        op(get(), "/register", Reads, "Offer to make an account", show),
        op(post(), "/register", Credentials, "Make an account", register).secret(),
        op(get(), "/forgot-password", Reads, "Ask whose password it is", show_forgot),
        op(post(), "/forgot-password", Credentials, "Mail a link", forgot).secret(),
        op(get(), "/reset-password", Reads, "Ask for a new password", show_reset),
        op(post(), "/reset-password", Credentials, "Set a new password", reset).secret(),
    ]
}

async fn show(shop: Shop, who: Public, call: CallAsking<ThenQuery>) -> Answer<PageAnswer> {
    let then = call.query.then;
    if who.0.is_some() {
        return Ok(PageAnswer::to(then.0));
    }
    let frame = frame(&shop, &call.from, "Make an account")?;
    let view = RegisterView { form: frame.form(), then: then.0, again: None };
    frame.show("storefront/register.html", &view)
}

async fn register(shop: Shop, who: Public, call: Call<Filled<SignupBody>>) -> Answer<PageAnswer> {
    let Filled { read, typed } = call.body;
    if is_only_asked(&typed) {
        let (then, again) = (Then::typed(&typed), again_in(&typed));
        let frame = frame(&shop, &call.from, "Make an account")?;
        let form = frame.form().with(typed);
        let view = RegisterView { form, then: then.0, again };
        return frame.show("storefront/register.html", &view);
    }
    let signed_up = async {
        let body = read.map_err(Problem::invalid)?;
        auth::sign_up(&shop, who, body, call.key, &call.from).await
    };
    match signed_up.await {
        Ok(signed_in) => welcomed(&shop, &signed_in, &typed, &call.from),
        Err(problem) if problem.status().is_client_error() => {
            let (then, again) = (Then::typed(&typed), again_in(&typed));
            let frame = frame(&shop, &call.from, "Make an account")?.answered(problem.status());
            let about = [("email_taken", "email"), ("username_taken", "username")];
            let form = frame.form().with(typed).refused(&problem, &about);
            frame.show("storefront/register.html", &RegisterView { form, then: then.0, again })
        }
        Err(problem) => Err(problem),
    }
}

async fn show_forgot(shop: Shop, _: Public, call: Call) -> Answer<PageAnswer> {
    let frame = frame(&shop, &call.from, "Forgotten password")?;
    let view = ForgotView { form: frame.form(), is_sent: false };
    frame.show("storefront/forgot-password.html", &view)
}

/// Says the same whether the email is known or not.
async fn forgot(shop: Shop, _: Public, call: Call<Filled<ForgotBody>>) -> Answer<PageAnswer> {
    let Filled { read, typed } = call.body;
    let frame = frame(&shop, &call.from, "Forgotten password")?;
    let form = frame.form().with(typed);
    match read {
        Ok(ForgotBody { email }) => {
            shop.accounts.forgot_password(&email).await?;
            frame.show("storefront/forgot-password.html", &ForgotView { form, is_sent: true })
        }
        Err(faults) => {
            let view = ForgotView { form: form.faulty(&faults), is_sent: false };
            let frame = frame.answered(StatusCode::BAD_REQUEST);
            frame.show("storefront/forgot-password.html", &view)
        }
    }
}

async fn show_reset(shop: Shop, _: Public, call: CallAsking<TokenQuery>) -> Answer<PageAnswer> {
    let frame = frame(&shop, &call.from, "New password")?;
    let view = ResetView { form: frame.form(), token: call.query.token, is_done: false };
    frame.show("storefront/reset-password.html", &view)
}

async fn reset(
    shop: Shop,
    who: Public,
    call: Call<Filled<ResetBody>, TokenQuery>,
) -> Answer<PageAnswer> {
    let done = async {
        let body = call.body.read.map_err(Problem::invalid)?;
        auth::reset(&shop, who, body, call.key).await
    };
    let frame = frame(&shop, &call.from, "New password")?;
    let form = frame.form();
    let token = call.query.token;
    match done.await {
        Ok(()) => {
            let view = ResetView { form, token: String::new(), is_done: true };
            frame.show("storefront/reset-password.html", &view)
        }
        Err(problem) if problem.status().is_client_error() => {
            let form = form.refused(&problem, &[]);
            let view = ResetView { form, token, is_done: false };
            frame.answered(problem.status()).show("storefront/reset-password.html", &view)
        }
        Err(problem) => Err(problem),
    }
}

fn frame(shop: &Shop, from: &Origin, title: &str) -> Answer<Frame> {
    Ok(Frame::of(shop, None, from)?.titled(title).private().guarded())
}

/// The token of a mailed link.
struct TokenQuery {
    token: String,
}

impl Body for TokenQuery {
    fn read(fields: &mut Fields<'_>) -> TokenQuery {
        TokenQuery { token: fields.or("token", loose(TOKEN_LETTERS_MAX), String::new()) }
    }
}

#[derive(Serialize)]
struct RegisterView {
    form: FormView,
    then: String,
    again: Option<AgainView>,
}

#[derive(Serialize)]
struct ForgotView {
    form: FormView,
    is_sent: bool,
}

#[derive(Serialize)]
struct ResetView {
    form: FormView,
    token: String,
    is_done: bool,
}

const TOKEN_LETTERS_MAX: usize = 512;
