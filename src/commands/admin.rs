//! `bodega admin`: makes admins and resets passwords, of a running shop or a stopped one.

use std::io::stdin;

use secrecy::SecretString;

use crate::{
    accounts::{SignUp, passwords::is_common},
    actors::Rejection,
    cli::{AdminCommand, Bar, read_password, say},
    config::Settings,
    control::{ControlAnswer, ControlFault, ControlRequest, call},
    domain::users::Role,
    shop::Shop,
};

use super::{Ended, serve::in_runtime};

/// Carries out an admin command: asks the running shop, or opens a stopped one.
pub fn admin(settings: Settings, command: &AdminCommand) -> Result<(), Ended> {
    let password = || read_password(stdin().lock()).map_err(Ended::plainly);
    let (request, done) = match command {
        AdminCommand::Create { email, username, .. } => {
            let (email, username, password) = (email.clone(), username.clone(), password()?);
            let done = format!("{email} is an admin now");
            (ControlRequest::CreateAdmin { email, username, password }, done)
        }
        AdminCommand::ResetPassword { email, .. } => {
            let (email, password) = (email.clone(), password()?);
            let done = format!("{email} has a new password; all their sessions have ended");
            (ControlRequest::ResetPassword { email, password }, done)
        }
    };
    let answer = match call(&settings.data_dir, &request) {
        Err(ControlFault::NotRunning(_)) => of_stopped_shop(settings, request)?,
        answered => answered.map_err(Ended::plainly)?,
    };
    match answer {
        ControlAnswer::Done
        | ControlAnswer::Status(_)
        | ControlAnswer::Working
        | ControlAnswer::Report(_) => say(&done).map_err(Ended::plainly),
        ControlAnswer::Refused { detail, .. } | ControlAnswer::Failed { detail } => {
            Err(Ended::Plainly(detail))
        }
    }
}

fn of_stopped_shop(settings: Settings, request: ControlRequest) -> Result<ControlAnswer, Ended> {
    let mut answer = ControlAnswer::Done;
    in_runtime(|arbiter| {
        let answer = &mut answer;
        async move {
            let (shop, _) = Shop::open(settings, &arbiter, &Bar::new()).await?;
            *answer = match request {
                ControlRequest::CreateAdmin { email, username, password } => {
                    told(create(&shop, email, username, password).await)
                }
                ControlRequest::ResetPassword { email, password } => {
                    told(reset(&shop, &email, password).await)
                }
                ControlRequest::Status
                | ControlRequest::Reconcile { .. }
                | ControlRequest::Reconciled
                | ControlRequest::Import { .. }
                | ControlRequest::Export { .. } => ControlAnswer::Done,
            };
            shop.close().map_err(Ended::from)
        }
    })?;
    Ok(answer)
}

/// Makes an admin.
pub async fn create(
    shop: &Shop,
    email: String,
    username: String,
    password: SecretString,
) -> Result<(), Refused> {
    let username = username.trim().to_owned();
    must_be(plausible_email(&email), "invalid_email", "that is not an email address")?;
    let length = username.chars().count();
    must_be((3..=50).contains(&length), "invalid_username", "a username has 3 to 50 characters")?;
    must_be_good(shop, &password)?;
    let wanted = SignUp { username, email, phone: None, password, role: Role::Admin };
    shop.accounts.create(wanted).await?;
    Ok(())
}

/// Gives somebody a new password.
pub async fn reset(shop: &Shop, email: &str, password: SecretString) -> Result<(), Refused> {
    must_be_good(shop, &password)?;
    shop.accounts.set_password(email, password).await?;
    Ok(())
}

/// How a command was refused.
pub enum Refused {
    /// By the shop's rules.
    ByTheShop(Rejection),
    /// By the form of what was given.
    Form(&'static str, String),
}

impl From<Rejection> for Refused {
    fn from(rejection: Rejection) -> Refused {
        Refused::ByTheShop(rejection)
    }
}

/// How an ending is told over the socket.
pub fn told(ended: Result<(), Refused>) -> ControlAnswer {
    match ended {
        Ok(()) => ControlAnswer::Done,
        Err(Refused::Form(code, detail)) => {
            ControlAnswer::Refused { code: code.to_owned(), detail }
        }
        Err(Refused::ByTheShop(Rejection::Refused(refusal))) => {
            ControlAnswer::Refused { code: refusal.code().to_owned(), detail: refusal.to_string() }
        }
        Err(Refused::ByTheShop(other)) => ControlAnswer::Failed { detail: other.to_string() },
    }
}

fn must_be_good(shop: &Shop, password: &SecretString) -> Result<(), Refused> {
    use secrecy::ExposeSecret;
    let text = password.expose_secret();
    let least = usize::try_from(shop.settings.auth.password_min).unwrap_or(usize::MAX);
    let length = text.chars().count();
    if length < least || length > PASSWORD_CHARS_MAX {
        let detail = format!("a password has {least} to {PASSWORD_CHARS_MAX} characters");
        return Err(Refused::Form("invalid_password", detail));
    }
    must_be(!is_common(text), "common_password", "too many people have that password")
}

fn must_be(so: bool, code: &'static str, otherwise: &str) -> Result<(), Refused> {
    if so { Ok(()) } else { Err(Refused::Form(code, otherwise.to_owned())) }
}

fn plausible_email(email: &str) -> bool {
    let email = email.trim();
    let clean = email.chars().all(|letter| !letter.is_whitespace() && !letter.is_control());
    clean
        && email.rsplit_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
}

/// As long as a password over HTTP.
const PASSWORD_CHARS_MAX: usize = 128;
