//! The API keys actor: owner of every key that lets a program in.
//!
//! Rules live in [`crate::domain::api_keys`]; how many there are is known here.

use std::sync::Arc;

use crate::{
    domain::{
        aggregate::Aggregate,
        api_keys::{API_KEYS_MAX, ApiKey, NewApiKey},
        ids::ApiKeyId,
        time::Timestamp,
    },
    store::keys,
};

use super::{Answers, Owner, Rejection, Request, Work};

/// Makes a key. Safe to send twice.
#[derive(Debug)]
pub struct MakeApiKey {
    /// The key.
    pub key: NewApiKey,
}

impl Request for MakeApiKey {
    type Value = Arc<ApiKey>;
}

/// Notes that a key was used, if that is news. Safe to send twice.
#[derive(Debug)]
pub struct NoteApiKeyUse {
    /// Which.
    pub key: ApiKeyId,
    /// When.
    pub used_at: Timestamp,
}

impl Request for NoteApiKeyUse {
    type Value = Arc<ApiKey>;
}

/// Ends a key for good. Safe to send twice.
#[derive(Debug)]
pub struct RevokeApiKey {
    /// Which.
    pub key: ApiKeyId,
}

impl Request for RevokeApiKey {
    type Value = Arc<ApiKey>;
}

/// The only writer of API keys.
pub struct ApiKeys;

impl Owner for ApiKeys {
    const NAME: &'static str = "api_keys";
}

impl Answers<MakeApiKey> for ApiKeys {
    fn answer(&mut self, msg: MakeApiKey, work: &mut Work<'_>) -> Result<Arc<ApiKey>, Rejection> {
        let id = msg.key.id;
        let others = work.listed::<ApiKeyId>(&keys::api_keys(), API_KEYS_MAX)?.len();
        let made = work.get::<ApiKey>(id)?.make(msg.key, others)?;
        work.made(ApiKey::KIND, &id);
        work.change::<ApiKey>(id, made)
    }
}

impl Answers<NoteApiKeyUse> for ApiKeys {
    fn answer(
        &mut self,
        msg: NoteApiKeyUse,
        work: &mut Work<'_>,
    ) -> Result<Arc<ApiKey>, Rejection> {
        let noted = work.get::<ApiKey>(msg.key)?.note_use(msg.used_at);
        work.change::<ApiKey>(msg.key, noted)
    }
}

impl Answers<RevokeApiKey> for ApiKeys {
    fn answer(&mut self, msg: RevokeApiKey, work: &mut Work<'_>) -> Result<Arc<ApiKey>, Rejection> {
        let revoked = work.get::<ApiKey>(msg.key)?.revoke()?;
        work.change::<ApiKey>(msg.key, revoked)
    }
}
