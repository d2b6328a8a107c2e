//! Auth: accounts and the sessions they are used in.
//!
//! | Method | Path                     | Does                              | Who       |
//! |--------|--------------------------|-----------------------------------|-----------|
//! | POST   | /v1/auth/signup          | makes an account, signed in       | public    |
//! | POST   | /v1/auth/login           | opens a session                   | public    |
//! | POST   | /v1/auth/refreshtoken    | gives a new pair of tokens        | public    |
//! | POST   | /v1/auth/forgotpassword  | mails a link to a new password    | public    |
//! | POST   | /v1/auth/resetpassword   | sets a password by that link      | public    |
//! | POST   | /v1/auth/changepassword  | sets a password by the old one    | signed in |
//! | POST   | /v1/auth/signout         | ends this session                 | signed in |
//! | GET    | /v1/auth/getprofile      | shows who is signed in            | signed in |
//! | GET    | /v1/auth/sessions        | lists the own sessions            | signed in |
//! | DELETE | /v1/auth/sessions/{id}   | ends one of them                  | signed in |
//!
//! Invariant: tokens are in the answers of the first three and nowhere else. No answer but that
//! of signing up tells which emails exist.

use actix_web::http::Method;
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::{
    access::{Customer, Person, Public},
    answer::{Answer, Cached, Page},
    call::{Call, CallOn, Origin},
    fields::{self, Body, Fields, Kind, choice, email, secret, text},
    idempotency::RequestKey,
    limits::Class,
    problem::Problem,
    table::{Operation, op},
    users::{ROLES, UserView, account},
    views::{Id, MessageView, Time},
};
use crate::{
    accounts::{Device, SignUp, SignedIn, passwords},
    actors::users::CloseSession,
    domain::{
        ids::SessionId,
        time::Who,
        users::{Role, Session, UserRefusal},
    },
    shop::Shop,
};

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    use Class::{Credentials, Reads, Writes};
    let (get, post) = (Method::GET, Method::POST);
    vec![
        op(post.clone(), "/v1/auth/signup", Credentials, "Make an account", signup).secret(),
        op(post.clone(), "/v1/auth/login", Credentials, "Sign in", login).secret(),
        op(post.clone(), "/v1/auth/refreshtoken", Writes, "Get new tokens", refreshtoken).secret(),
        op(
            post.clone(),
            "/v1/auth/forgotpassword",
            Credentials,
            "Ask for a link to a new password",
            forgotpassword,
        )
        .secret(),
        op(
            post.clone(),
            "/v1/auth/resetpassword",
            Credentials,
            "Set a password by a mailed token",
            resetpassword,
        )
        .again(async |_, _, _| Ok(PASSWORD_SET)),
        op(
            post.clone(),
            "/v1/auth/changepassword",
            Credentials,
            "Set another password",
            changepassword,
        )
        .again(async |_, _, _| Ok(PASSWORD_SET)),
        op(post, "/v1/auth/signout", Writes, "End this session", signout).secret(),
        op(get.clone(), "/v1/auth/getprofile", Reads, "Show who is signed in", getprofile),
        op(get, "/v1/auth/sessions", Reads, "List the own sessions", sessions),
        op(Method::DELETE, "/v1/auth/sessions/{id}", Writes, "End a session", end_session),
    ]
}

/// Its answer is not kept, so a repetition under the same key is told that it was carried out.
async fn signup(shop: Shop, who: Public, call: Call<SignupBody>) -> Answer<AuthView> {
    sign_up(&shop, who, call.body, call.key, &call.from).await.map(AuthView::from)
}

/// Makes an account, signed in on the device that asks.
pub(super) async fn sign_up(
    shop: &Shop,
    who: Public,
    body: SignupBody,
    key: Option<RequestKey>,
    from: &Origin,
) -> Answer<SignedIn> {
    let SignupBody { username, email, password, phone, role } = body;
    let by = who.0.map(|caller| caller.role);
    if role.is_some() && by != Some(Role::Admin) {
        return Err(UserRefusal::RoleNotAllowed.into());
    }
    must_be_long_enough(shop, &password, "/password")?;
    let wanted = SignUp { username, email, phone, password, role: role.unwrap_or_default() };
    let intent = shop.intent(who.as_cause()).under(key.map(RequestKey::to_store));
    Ok(shop.accounts.sign_up(wanted, by, device(from), intent).await?)
}

/// Makes the first admin, signed in on the device that asks: only for the page of a shop's first
/// start, which has asked for its token.
pub(super) async fn sign_up_admin(
    shop: &Shop,
    body: SignupBody,
    from: &Origin,
) -> Answer<SignedIn> {
    let SignupBody { username, email, password, phone, .. } = body;
    must_be_long_enough(shop, &password, "/password")?;
    let wanted = SignUp { username, email, phone, password, role: Role::Admin };
    let (by, intent) = (Some(Role::Admin), shop.intent(Who::Shop));
    Ok(shop.accounts.sign_up(wanted, by, device(from), intent).await?)
}

async fn login(shop: Shop, _: Public, call: Call<LoginBody>) -> Answer<AuthView> {
    sign_in(&shop, call.body, &call.from).await.map(AuthView::from)
}

/// Signs in on the device that asks.
pub(super) async fn sign_in(shop: &Shop, body: LoginBody, from: &Origin) -> Answer<SignedIn> {
    let LoginBody { email, password } = body;
    Ok(shop.accounts.sign_in(&email, password, device(from)).await?)
}

async fn refreshtoken(shop: Shop, _: Public, call: Call<RefreshBody>) -> Answer<AuthView> {
    Ok(AuthView::from(shop.accounts.refresh(call.body.refresh_token).await?))
}

/// Takes no notice of an idempotency key: a kept answer would tell that the email is known.
async fn forgotpassword(shop: Shop, _: Public, call: Call<ForgotBody>) -> Answer<MessageView> {
    shop.accounts.forgot_password(&call.body.email).await?;
    Ok(MessageView { message: "If this email is known, a letter is on its way" })
}

async fn resetpassword(shop: Shop, who: Public, call: Call<ResetBody>) -> Answer<MessageView> {
    reset(&shop, who, call.body, call.key).await?;
    Ok(PASSWORD_SET)
}

/// Sets a password by a mailed token.
pub(super) async fn reset(
    shop: &Shop,
    who: Public,
    body: ResetBody,
    key: Option<RequestKey>,
) -> Answer<()> {
    let ResetBody { token, new_password } = body;
    must_be_long_enough(shop, &new_password, "/newPassword")?;
    let intent = shop.intent(who.as_cause()).under(key.map(RequestKey::to_store));
    Ok(shop.accounts.reset_password(token, new_password, intent).await?)
}

async fn changepassword(
    shop: Shop,
    who: Person,
    call: Call<ChangePasswordBody>,
) -> Answer<MessageView> {
    change(&shop, who, call.body, call.key).await?;
    Ok(PASSWORD_SET)
}

/// Sets a password by the old one.
pub(super) async fn change(
    shop: &Shop,
    who: Person,
    body: ChangePasswordBody,
    key: Option<RequestKey>,
) -> Answer<()> {
    let ChangePasswordBody { old_password, new_password } = body;
    must_be_long_enough(shop, &new_password, "/newPassword")?;
    let intent = shop.intent(who.as_cause()).under(key.map(RequestKey::to_store));
    let (user, session) = (who.user, who.session);
    let changed = shop.accounts.change_password(user, session, old_password, new_password, intent);
    Ok(changed.await?)
}

async fn signout(shop: Shop, who: Person, _: Call) -> Answer<MessageView> {
    shop.accounts.sign_out(who.user, who.session).await?;
    Ok(MessageView { message: "Signed out" })
}

async fn getprofile(shop: Shop, who: Customer, _: Call) -> Answer<Cached<UserView>> {
    Ok(UserView::cached(&*account(&shop, who.user)?))
}

async fn sessions(shop: Shop, who: Person, _: Call) -> Answer<Page<SessionView>> {
    let user = account(&shop, who.user)?;
    let now = shop.clock.now();
    let mut open: Vec<&Session> =
        user.sessions.values().filter(|session| now < session.expires_at).collect();
    open.sort_by_key(|session| std::cmp::Reverse((session.last_used_at, session.id)));
    Ok(Page::whole(open.into_iter().map(|open| SessionView::of(open, who.session)).collect()))
}

async fn end_session(shop: Shop, who: Person, call: CallOn<SessionId>) -> Answer<MessageView> {
    let close = CloseSession { user: who.user, session: call.path };
    shop.desks.users.ask(close, shop.intent(who.as_cause())).await?;
    Ok(MessageView { message: "Session ended" })
}

fn device(from: &Origin) -> Device {
    Device { name: from.device(), address: from.address.to_string() }
}

/// What the owner of the shop asks beyond the eight characters of every shop.
fn must_be_long_enough(shop: &Shop, password: &SecretString, pointer: &str) -> Result<(), Problem> {
    let characters = password.expose_secret().chars().count();
    let characters_min = shop.settings.auth.password_min;
    if u32::try_from(characters).is_ok_and(|characters| characters < characters_min) {
        let detail = format!("must have at least {characters_min} characters");
        return Err(Problem::invalid_field(pointer, "too_short", &detail));
    }
    Ok(())
}

/// A password to be: long enough, and not one that everybody tries first.
fn new_password() -> impl Kind<Value = SecretString> {
    fields::password().such_that(|password: &SecretString| {
        if passwords::is_common(password.expose_secret()) {
            return Err(("common_password", "is one of the most common passwords"));
        }
        Ok(())
    })
}

/// A password to be checked: nobody has a longer one.
fn shown_password() -> impl Kind<Value = SecretString> {
    secret(1, fields::PASSWORD_MAX)
}

/// What an account is made of.
pub(super) struct SignupBody {
    username: String,
    email: String,
    password: SecretString,
    phone: Option<String>,
    role: Option<Role>,
}

impl Body for SignupBody {
    fn read(fields: &mut Fields<'_>) -> SignupBody {
        SignupBody {
            username: fields.required("username", text(USERNAME_MIN, USERNAME_MAX)),
            email: fields.required("email", email()),
            password: fields.required("password", new_password()),
            phone: fields.optional("phoneNumber", text(1, PHONE_LETTERS_MAX)),
            role: fields.optional("role", choice(ROLES)),
        }
    }
}

/// Email and password.
pub(super) struct LoginBody {
    email: String,
    password: SecretString,
}

impl Body for LoginBody {
    fn read(fields: &mut Fields<'_>) -> LoginBody {
        LoginBody {
            email: fields.required("email", email()),
            password: fields.required("password", shown_password()),
        }
    }
}

struct RefreshBody {
    refresh_token: SecretString,
}

impl Body for RefreshBody {
    fn read(fields: &mut Fields<'_>) -> RefreshBody {
        RefreshBody { refresh_token: fields.required("refreshToken", secret(1, TOKEN_LETTERS_MAX)) }
    }
}

/// Whose password is forgotten.
pub(super) struct ForgotBody {
    pub(super) email: String,
}

impl Body for ForgotBody {
    fn read(fields: &mut Fields<'_>) -> ForgotBody {
        ForgotBody { email: fields.required("email", email()) }
    }
}

/// A mailed token and a new password.
pub(super) struct ResetBody {
    token: SecretString,
    new_password: SecretString,
}

impl Body for ResetBody {
    fn read(fields: &mut Fields<'_>) -> ResetBody {
        ResetBody {
            token: fields.required("token", secret(1, TOKEN_LETTERS_MAX)),
            new_password: fields.required("newPassword", new_password()),
        }
    }
}

/// The old password and the new one.
pub(super) struct ChangePasswordBody {
    old_password: SecretString,
    new_password: SecretString,
}

impl Body for ChangePasswordBody {
    fn read(fields: &mut Fields<'_>) -> ChangePasswordBody {
        ChangePasswordBody {
            old_password: fields.required("oldPassword", shown_password()),
            new_password: fields.required("newPassword", new_password()),
        }
    }
}

/// Somebody signed in. It is the only view that holds tokens, and cannot be printed.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct AuthView {
    access_token: String,
    refresh_token: String,
    user: UserView,
}

impl From<SignedIn> for AuthView {
    fn from(signed_in: SignedIn) -> AuthView {
        AuthView {
            access_token: signed_in.access.expose_secret().to_owned(),
            refresh_token: signed_in.refresh.expose_secret().to_owned(),
            user: UserView::of(&signed_in.user),
        }
    }
}

/// One sign-in on one device.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct SessionView {
    id: Id<SessionId>,
    device: String,
    address: String,
    created_at: Time,
    last_used_at: Time,
    expires_at: Time,
    current: bool,
}

impl SessionView {
    fn of(session: &Session, current: SessionId) -> SessionView {
        SessionView {
            id: Id(session.id),
            device: session.device.clone(),
            address: session.address.clone(),
            created_at: Time(session.created_at),
            last_used_at: Time(session.last_used_at),
            expires_at: Time(session.expires_at),
            current: session.id == current,
        }
    }
}

const PASSWORD_SET: MessageView = MessageView { message: "The password is changed" };
/// Code points of a username, at least.
pub const USERNAME_MIN: usize = 3;
/// Code points of a username, at most.
pub const USERNAME_MAX: usize = 50;
const PHONE_LETTERS_MAX: usize = 50;
/// Ours are far shorter; what is longer is not looked at.
const TOKEN_LETTERS_MAX: usize = 512;
