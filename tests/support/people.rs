//! People: visitors, customers and staff of a shop, with what each of them does over HTTP.
//!
//! They are registered at the owner's desk with a session and one hash for everybody, so that a
//! test pays for hashing only if passwords are what it is about.

use std::{net::SocketAddr, sync::LazyLock};

use actix_web::http::Method;
use bodega::{
    accounts::{
        passwords,
        tokens::{Bearer, Refresh, Tokens},
    },
    actors::users::{NewSession, RegisterUser},
    domain::{
        ids::{SessionId, UserId},
        time::{Timestamp, Who},
        users::{PasswordHash, Registration, Role},
    },
    http::pages::csrf,
    secret::signing_secret,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::{Bodega, Reply, wire::Ask};

/// Somebody at the shop's door, with the tokens they hold.
#[derive(Clone, Debug)]
pub struct Person {
    pub address: SocketAddr,
    /// Nothing, for a visitor.
    pub id: String,
    pub session: String,
    pub email: String,
    pub access: Option<String>,
    pub refresh: String,
    /// What their browser is known by; without one, it has not signed in.
    pub cookie: Option<String>,
    /// The shop's secret, by which a test makes the token of a form.
    pub form_secret: [u8; 32],
}

impl Bodega {
    /// Somebody who is not signed in.
    pub fn visitor(&self) -> Person {
        Person {
            address: self.address,
            id: String::new(),
            session: String::new(),
            email: String::new(),
            access: None,
            refresh: String::new(),
            cookie: None,
            form_secret: self.shop.key_secret,
        }
    }

    /// A customer of this name.
    pub async fn customer(&self, name: &str) -> Person {
        self.registered(name, Role::Customer).await
    }

    /// An inventory manager.
    pub async fn manager(&self) -> Person {
        self.registered(&format!("manager-{}", self.new_name()), Role::InventoryManager).await
    }

    /// An admin.
    pub async fn owner(&self) -> Person {
        self.registered(&format!("owner-{}", self.new_name()), Role::Admin).await
    }

    /// Somebody new in this role.
    pub async fn somebody(&self, role: Role) -> Person {
        self.registered(&self.new_name(), role).await
    }

    async fn registered(&self, name: &str, role: Role) -> Person {
        let (clock, email) = (&self.shop.clock, format!("{name}@example.com"));
        let (user, session): (UserId, SessionId) = (clock.new_id(), clock.new_id());
        let registration = Registration {
            user,
            username: name.to_owned(),
            email: email.clone(),
            phone: None,
            password: HASH.clone(),
            role,
        };
        let opened = NewSession {
            session,
            device: "a test".to_owned(),
            address: "127.0.0.1".to_owned(),
            expires_at: clock.now().plus_minutes(30 * 24 * 60),
        };
        let register = RegisterUser { registration, session: Some(opened) };
        self.shop.desks.users.ask(register, self.shop.intent(Who::Shop)).await.expect("a person");
        let refresh = self.tokens().refresh(Refresh { user, session, generation: 0 });
        Person {
            address: self.address,
            id: user.to_string(),
            session: session.to_string(),
            email,
            access: Some(self.access_token(user, session, clock.now())),
            refresh: refresh.expose_secret().to_owned(),
            cookie: Some(self.shop.accounts.cookie_of(user, session).expose_secret().to_owned()),
            form_secret: self.shop.key_secret,
        }
    }

    /// The same person with an access token that has expired.
    pub fn with_expired_token(&self, person: &Person) -> Person {
        let (user, session) = (person.id.parse().expect("an id"), person.session.parse());
        let long_ago = self.shop.clock.now().plus_millis(-3_600_000);
        let access = self.access_token(user, session.expect("an id"), long_ago);
        Person { access: Some(access), ..person.clone() }
    }

    fn access_token(&self, user: UserId, session: SessionId, at: Timestamp) -> String {
        let nonce = self.shop.clock.new_id::<SessionId>().to_string();
        let bearer = Bearer { user, session };
        let token = self.tokens().access(bearer, &nonce, at, ACCESS_MINUTES).expect("a token");
        token.expose_secret().to_owned()
    }

    fn tokens(&self) -> Tokens {
        Tokens::new(&signing_secret(self.folder()).expect("the shop's secret"))
    }
}

impl Person {
    /// A request of theirs, with their token if they have one.
    pub fn asks(&self, method: Method, path: &str) -> Ask {
        let bearer = self.access.iter().map(|token| format!("Bearer {token}"));
        Ask {
            address: self.address,
            method,
            path: path.to_owned(),
            headers: bearer.map(|bearer| ("authorization".to_owned(), bearer)).collect(),
            body: None,
        }
    }

    /// A request of their browser: with its cookies, and with a form that a page was made with.
    pub fn browses(&self, method: Method, path: &str, fields: &[(&str, &str)]) -> Ask {
        let (name, value) = match &self.cookie {
            Some(cookie) => ("bodega-session", cookie.as_str()),
            None => ("bodega-visit", VISIT),
        };
        let ask = Ask {
            address: self.address,
            headers: vec![("cookie".to_owned(), format!("{name}={value}"))],
            path: path.to_owned(),
            body: None,
            method: method.clone(),
        };
        if method == Method::GET {
            return ask;
        }
        let token = csrf::token(&self.form_secret, value, [7; 8]);
        let all = fields.iter().copied().chain([("csrf", token.as_str())]);
        let pairs = all.map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
        let form = pairs.collect::<Vec<_>>().join("&");
        ask.bytes("application/x-www-form-urlencoded", form)
    }

    /// Opens a page in their browser.
    pub fn opens(&self, path: &str) -> Ask {
        self.browses(Method::GET, path, &[])
    }

    /// Sends a form from their browser.
    pub fn sends(&self, path: &str, fields: &[(&str, &str)]) -> Ask {
        self.browses(Method::POST, path, fields)
    }

    pub fn get(&self, path: &str) -> Ask {
        self.asks(Method::GET, path)
    }

    pub fn post(&self, path: &str, body: Value) -> Ask {
        self.asks(Method::POST, path).json(&body)
    }

    pub fn patch(&self, path: &str, body: Value) -> Ask {
        self.asks(Method::PATCH, path).json(&body)
    }

    pub fn delete(&self, path: &str) -> Ask {
        self.asks(Method::DELETE, path)
    }

    /// The same person and session with an access token of now.
    pub fn signed_in_again(&self, bodega: &Bodega) -> Person {
        let (user, session) = (self.id.parse().expect("an id"), self.session.parse());
        let now = bodega.shop.clock.now();
        let access = bodega.access_token(user, session.expect("an id"), now);
        Person { address: bodega.address, access: Some(access), ..self.clone() }
    }

    /// The same person with the tokens of this answer.
    pub fn holding(&self, answer: &Reply) -> Person {
        let data = answer.data();
        let token = |name: &str| data[name].as_str().expect("a token").to_owned();
        Person {
            id: data["user"]["id"].as_str().expect("an id").to_owned(),
            email: data["user"]["email"].as_str().expect("an email").to_owned(),
            access: Some(token("accessToken")),
            refresh: token("refreshToken"),
            ..self.clone()
        }
    }
}

/// A text as forms send it.
fn encoded(text: &str) -> String {
    let letter = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
            char::from(byte).to_string()
        }
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(letter).collect()
}

/// What the browser of a visitor is known by.
const VISIT: &str = "0123456789abcdef0123456789abcdef";
/// Everybody's password.
pub const PASSWORD: &str = "a horse of another colour";
/// Its hash, made once.
static HASH: LazyLock<PasswordHash> =
    LazyLock::new(|| passwords::hash(&SecretString::from(PASSWORD)).expect("a hash"));
const ACCESS_MINUTES: u32 = 15;
