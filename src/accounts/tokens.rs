//! Tokens: what a client shows to be somebody.
//!
//! Access tokens are JWTs (HS256, RFC 7519) bound to a session; their role is never trusted.
//! Refresh tokens are an HMAC of session and generation, so that only the generation need be
//! kept and the same successor can be given twice. The token in a browser's cookie is an HMAC of
//! the session alone and good as long as it. Reset tokens are an HMAC of whose they are and of the
//! millisecond they end in, kept as a hash: whoever mails one makes it again. No type here prints
//! its secret.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, TokenData, Validation, decode, encode,
};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::{
    ids::{Identity, SessionId, UserId},
    time::Timestamp,
};

/// The token is not one of ours, or no longer good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid token")]
pub struct NotAToken;

/// Why an access token is no good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAccess {
    /// Not one of ours, or of another type, or tampered with.
    #[error("not a valid token")]
    Invalid,
    /// Its time is over.
    #[error("an expired token")]
    Expired,
}

/// What an access token says: who, in which session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bearer {
    /// The account.
    pub user: UserId,
    /// The session that must still be open.
    pub session: SessionId,
}

/// What a refresh token says: which session of whom, in which generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refresh {
    /// The account.
    pub user: UserId,
    /// The refresh-token family.
    pub session: SessionId,
    /// How many times the family was rotated when this token was made.
    pub generation: u32,
}

/// Makes and reads tokens under one signing secret.
pub struct Tokens {
    signing: EncodingKey,
    reading: DecodingKey,
    rules: Validation,
    refresh_key: SecretSlice<u8>,
    cookie_key: SecretSlice<u8>,
    reset_key: SecretSlice<u8>,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: UserId,
    sid: SessionId,
    typ: String,
    jti: String,
    iat: i64,
    nbf: i64,
    exp: i64,
}

impl Tokens {
    /// Tokens under this secret.
    pub fn new(secret: &SecretSlice<u8>) -> Tokens {
        let access_key = derived(secret, b"access");
        let mut rules = Validation::new(Algorithm::HS256);
        rules.set_issuer(&[ISSUER]);
        rules.set_audience(&[AUDIENCE]);
        rules.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        // Times are compared below, with the shop's clock instead of the system's.
        rules.validate_exp = false;
        rules.validate_nbf = false;
        Tokens {
            signing: EncodingKey::from_secret(access_key.expose_secret()),
            reading: DecodingKey::from_secret(access_key.expose_secret()),
            rules,
            refresh_key: derived(secret, b"refresh"),
            cookie_key: derived(secret, b"cookie"),
            reset_key: derived(secret, b"reset"),
        }
    }

    /// A new access token, good from now for so many minutes. `nonce` makes it unlike any other.
    ///
    /// # Errors
    /// Never for a well-formed secret; the signer's error is passed on as [`NotAToken`].
    pub fn access(
        &self,
        bearer: Bearer,
        nonce: &str,
        now: Timestamp,
        minutes: u32,
    ) -> Result<SecretString, NotAToken> {
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: bearer.user,
            sid: bearer.session,
            typ: ACCESS.to_owned(),
            jti: nonce.to_owned(),
            iat: seconds(now),
            nbf: seconds(now),
            exp: seconds(now.plus_minutes(minutes)),
        };
        encode(&Header::new(Algorithm::HS256), &claims, &self.signing)
            .map(SecretString::from)
            .map_err(|_| NotAToken)
    }

    /// Reads an access token: signature, algorithm, issuer, audience, type and times.
    /// Whether its session is still open is for the caller to ask.
    ///
    /// # Errors
    /// [`BadAccess`] for anything else.
    pub fn read_access(&self, text: &str, now: Timestamp) -> Result<Bearer, BadAccess> {
        if text.len() > TOKEN_BYTES_MAX {
            return Err(BadAccess::Invalid);
        }
        let TokenData { claims, .. } =
            decode::<Claims>(text, &self.reading, &self.rules).map_err(|_| BadAccess::Invalid)?;
        let now = seconds(now);
        if claims.typ != ACCESS || now < claims.nbf {
            return Err(BadAccess::Invalid);
        }
        if now >= claims.exp {
            return Err(BadAccess::Expired);
        }
        Ok(Bearer { user: claims.sub, session: claims.sid })
    }

    /// The refresh token of this generation; the same input gives the same token.
    pub fn refresh(&self, refresh: Refresh) -> SecretString {
        let mut bytes = refresh_bytes(refresh);
        bytes.extend(self.refresh_mac(refresh).finalize().into_bytes());
        SecretString::from(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Reads a refresh token, in constant time. Whether its generation is the current one is the
    /// user's own rule.
    ///
    /// # Errors
    /// [`NotAToken`] if it was not made under this secret.
    pub fn read_refresh(&self, text: &SecretString) -> Result<Refresh, NotAToken> {
        let bytes = URL_SAFE_NO_PAD.decode(text.expose_secret()).map_err(|_| NotAToken)?;
        let (said, mac) = bytes.split_at_checked(REFRESH_BYTES).ok_or(NotAToken)?;
        let part = |from: usize, to: usize| said.get(from..to).ok_or(NotAToken);
        let refresh = Refresh {
            user: UserId::from_bytes(part(0, 16)?.try_into().map_err(|_| NotAToken)?),
            session: SessionId::from_bytes(part(16, 32)?.try_into().map_err(|_| NotAToken)?),
            generation: u32::from_be_bytes(part(32, 36)?.try_into().map_err(|_| NotAToken)?),
        };
        self.refresh_mac(refresh).verify_slice(mac).map_err(|_| NotAToken)?;
        Ok(refresh)
    }

    /// The token in the cookie of a browser that is signed in; the same session gives the same.
    pub fn cookie(&self, bearer: Bearer) -> SecretString {
        let mut bytes = cookie_bytes(bearer);
        bytes.extend(self.cookie_mac(bearer).finalize().into_bytes());
        SecretString::from(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Reads the token of a cookie, in constant time. Whether its session is still open is for
    /// the caller to ask.
    ///
    /// # Errors
    /// [`NotAToken`] if it was not made under this secret.
    pub fn read_cookie(&self, text: &str) -> Result<Bearer, NotAToken> {
        if text.len() > TOKEN_BYTES_MAX {
            return Err(NotAToken);
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| NotAToken)?;
        let (said, mac) = bytes.split_at_checked(COOKIE_BYTES).ok_or(NotAToken)?;
        let part = |from: usize, to: usize| said.get(from..to).ok_or(NotAToken);
        let bearer = Bearer {
            user: UserId::from_bytes(part(0, 16)?.try_into().map_err(|_| NotAToken)?),
            session: SessionId::from_bytes(part(16, 32)?.try_into().map_err(|_| NotAToken)?),
        };
        self.cookie_mac(bearer).verify_slice(mac).map_err(|_| NotAToken)?;
        Ok(bearer)
    }

    fn cookie_mac(&self, bearer: Bearer) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.cookie_key.expose_secret())
            .expect("HMAC takes a key of any length");
        mac.update(&cookie_bytes(bearer));
        mac
    }

    /// The reset token of this account that is good until then; the same input gives the same
    /// token. Only [`reset_hash`] of it is kept.
    pub fn reset(&self, user: UserId, expires_at: Timestamp) -> SecretString {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.reset_key.expose_secret())
            .expect("HMAC takes a key of any length");
        mac.update(&user.bytes());
        mac.update(&expires_at.millis().to_be_bytes());
        let mut bytes = user.bytes().to_vec();
        bytes.extend(mac.finalize().into_bytes());
        SecretString::from(URL_SAFE_NO_PAD.encode(bytes))
    }

    fn refresh_mac(&self, refresh: Refresh) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.refresh_key.expose_secret())
            .expect("HMAC takes a key of any length");
        mac.update(&refresh_bytes(refresh));
        mac
    }
}

/// A key for one purpose, so that a token of one kind is never good as another.
fn derived(secret: &SecretSlice<u8>, purpose: &[u8]) -> SecretSlice<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret())
        .expect("HMAC takes a key of any length");
    mac.update(purpose);
    SecretSlice::from(mac.finalize().into_bytes().to_vec())
}

fn refresh_bytes(refresh: Refresh) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(REFRESH_BYTES + 32);
    bytes.extend(refresh.user.bytes());
    bytes.extend(refresh.session.bytes());
    bytes.extend(refresh.generation.to_be_bytes());
    bytes
}

fn cookie_bytes(bearer: Bearer) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(COOKIE_BYTES + 32);
    bytes.extend(bearer.user.bytes());
    bytes.extend(bearer.session.bytes());
    bytes
}

/// Whose reset token this claims to be; only its hash proves it.
///
/// # Errors
/// [`NotAToken`] if it has another form.
pub fn reset_token_user(token: &SecretString) -> Result<UserId, NotAToken> {
    let bytes = URL_SAFE_NO_PAD.decode(token.expose_secret()).map_err(|_| NotAToken)?;
    let (user, random) = bytes.split_at_checked(16).ok_or(NotAToken)?;
    if random.len() != 32 {
        return Err(NotAToken);
    }
    Ok(UserId::from_bytes(user.try_into().map_err(|_| NotAToken)?))
}

/// What is kept of a reset token.
pub fn reset_hash(token: &SecretString) -> [u8; 32] {
    Sha256::digest(token.expose_secret().as_bytes()).into()
}

fn seconds(at: Timestamp) -> i64 {
    at.millis().div_euclid(1000)
}

const ISSUER: &str = "bodega";
const AUDIENCE: &str = "bodega-api";
const ACCESS: &str = "access";
/// User, session and generation in front of a refresh token's HMAC.
const REFRESH_BYTES: usize = 36;
/// User and session in front of a cookie's HMAC.
const COOKIE_BYTES: usize = 32;
/// Longest text looked at as an access token.
const TOKEN_BYTES_MAX: usize = 2048;

#[cfg(test)]
mod tests;
