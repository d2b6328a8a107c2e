//! Setup: the first admin of a new shop. Nobody finds the page without the token that `serve`
//! prints, and it is gone once there is an admin.

use std::sync::{Mutex, PoisonError};

use actix_web::http::{Method, StatusCode};
use serde::Serialize;
use subtle::ConstantTimeEq;

use crate::{
    clock::Clock,
    domain::ids::SessionId,
    http::{
        access::Public,
        answer::Answer,
        auth::{SignupBody, sign_up_admin},
        call::{Call, CallAsking, Origin},
        fields::{Body, Fields, loose},
        limits::Class,
        pages::{Filled, FormView, Frame, PageAnswer, cookies::CookieNames, frame::session_cookie},
        problem::Problem,
        table::{Operation, op},
    },
    shop::Shop,
    store::{Order, Reader, StoreFault, keys},
};

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    use Class::Credentials;
    let path = "/setup";
    vec![
        op(Method::GET, path, Credentials, "Ask for the first admin", ask),
        op(Method::POST, path, Credentials, "Make the first admin", make).secret(),
    ]
}

/// The token of a shop without an admin, until there is one.
#[derive(Debug, Default)]
pub struct Setup(Mutex<Option<String>>);

impl Setup {
    /// A token, if there is no admin.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn of(reader: &Reader, clock: &Clock) -> Result<Setup, StoreFault> {
        let made: [u8; 16] = clock.random();
        let token = made.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        Ok(Setup(Mutex::new((!has_admin(reader)?).then_some(token))))
    }

    /// The token, as it is printed.
    pub fn token(&self) -> Option<String> {
        self.locked().clone()
    }

    /// Takes the token, if this is it, so that it is used by one alone.
    fn take(&self, said: &str) -> Option<String> {
        let mut token = self.locked();
        let is_it =
            token.as_ref().is_some_and(|token| token.as_bytes().ct_eq(said.as_bytes()).into());
        if is_it { token.take() } else { None }
    }

    /// Whether this is the token.
    fn is(&self, said: &str) -> bool {
        let token = self.locked();
        token.as_ref().is_some_and(|token| token.as_bytes().ct_eq(said.as_bytes()).into())
    }

    /// It was not used after all.
    fn give_back(&self, token: String) {
        *self.locked() = Some(token);
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn has_admin(reader: &Reader) -> Result<bool, StoreFault> {
    Ok(!reader.rows(&keys::admins(), None, Order::Ascending, 1)?.is_empty())
}

async fn ask(shop: Shop, _: Public, call: CallAsking<TokenQuery>) -> Answer<PageAnswer> {
    let TokenQuery { token } = call.query;
    if !shop.setup.is(&token) || has_admin(&shop.reader)? {
        return Err(Problem::not_found());
    }
    shown(&shop, &call.from, token, FormView::default(), StatusCode::OK)
}

async fn make(shop: Shop, _: Public, call: Call<Filled<SetupBody>>) -> Answer<PageAnswer> {
    let Filled { read, typed } = call.body;
    let said = typed.get("setup").cloned().unwrap_or_default();
    if has_admin(&shop.reader)? {
        return Err(Problem::not_found());
    }
    let Some(token) = shop.setup.take(&said) else { return Err(Problem::not_found()) };
    let form = FormView::default().with(typed);
    let body = match read {
        Ok(body) => body.0,
        Err(faults) => {
            shop.setup.give_back(token.clone());
            return shown(&shop, &call.from, token, form.faulty(&faults), StatusCode::BAD_REQUEST);
        }
    };
    match sign_up_admin(&shop, body, &call.from).await {
        Ok(signed_in) => {
            let names = CookieNames::of(&shop, call.from.headers());
            let who = (signed_in.user.id, signed_in.session);
            let cookie = session_cookie(&shop, names, who);
            Ok(PageAnswer::to("/admin").with_cookie(cookie).private())
        }
        Err(problem) => {
            shop.setup.give_back(token.clone());
            if !problem.status().is_client_error() {
                return Err(problem);
            }
            let about = [("email_taken", "email"), ("username_taken", "username")];
            let form = form.refused(&problem, &about);
            shown(&shop, &call.from, token, form, problem.status())
        }
    }
}

fn shown(
    shop: &Shop,
    from: &Origin,
    token: String,
    form: FormView,
    status: StatusCode,
) -> Answer<PageAnswer> {
    let frame = Frame::of(shop, None, from)?.titled("Set up your shop").private().guarded();
    let form = FormView { key: shop.clock.new_id::<SessionId>().to_string(), ..form };
    frame.answered(status).show("admin/setup.html", &SetupView { token, form })
}

struct TokenQuery {
    token: String,
}

impl Body for TokenQuery {
    fn read(fields: &mut Fields<'_>) -> TokenQuery {
        TokenQuery { token: fields.or("token", loose(TOKEN_LETTERS_MAX), String::new()) }
    }
}

/// An account; the token is looked at before it.
struct SetupBody(SignupBody);

impl Body for SetupBody {
    fn read(fields: &mut Fields<'_>) -> SetupBody {
        SetupBody(SignupBody::read(fields))
    }
}

#[derive(Serialize)]
struct SetupView {
    token: String,
    form: FormView,
}

const TOKEN_LETTERS_MAX: usize = 64;
