//! Keys: the text of an API key, who it acts for, and when it was last used.
//!
//! Invariant: a key is `sk_` and its id with 256 random bits; only its hash is kept. It acts for
//! the admin who made it, and is nothing once that account is gone. Uses are remembered in
//! memory and written by the minute, because a read must not cost a commit.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{Accounts, Identified, Means, Unidentified};
use crate::{
    actors::{
        Rejection,
        api_keys::{MakeApiKey, NoteApiKeyUse},
    },
    domain::{
        api_keys::{ApiKey, NewApiKey, Scope},
        ids::{ApiKeyId, Identity, UserId},
        time::{Timestamp, Who},
        users::{TokenHash, User},
    },
    store::RequestKey,
};

/// What a key is wanted for.
#[derive(Clone, Debug)]
pub struct KeyWish {
    /// What it is for, in words.
    pub name: String,
    /// What it may be used for.
    pub scopes: Vec<Scope>,
    /// When it ends by itself, if ever.
    pub expires_at: Option<Timestamp>,
}

/// When keys were last used, since this process began.
#[derive(Debug, Default)]
pub(super) struct Uses(Mutex<BTreeMap<ApiKeyId, Timestamp>>);

impl Uses {
    fn note(&self, key: ApiKeyId, at: Timestamp) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, at);
    }

    fn all(&self) -> Vec<(ApiKeyId, Timestamp)> {
        let uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        uses.iter().map(|(key, at)| (*key, *at)).collect()
    }

    fn of(&self, key: ApiKeyId) -> Option<Timestamp> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key).copied()
    }
}

impl Accounts {
    /// Makes a key for this admin; its text is in the answer and nowhere else. Once under one
    /// `request`.
    ///
    /// # Errors
    /// No scope, too many keys, busy.
    pub async fn make_key(
        &self,
        by: UserId,
        wish: KeyWish,
        request: Option<RequestKey>,
    ) -> Result<(SecretString, std::sync::Arc<ApiKey>), Rejection> {
        let id: ApiKeyId = self.clock.new_id();
        let text = key_text(id, self.clock.random());
        let shown = text.expose_secret();
        let key = NewApiKey {
            id,
            name: wish.name,
            hash: TokenHash(key_hash(shown)),
            ends_with: shown.chars().skip(shown.len() - HINT_LETTERS).collect(),
            scopes: wish.scopes.into_iter().collect(),
            made_by: by,
            expires_at: wish.expires_at,
        };
        let intent = self.by(Who::Staff(by)).under(request);
        let made = self.keys.ask(MakeApiKey { key }, intent).await?;
        Ok((text, made))
    }

    /// When this key was last used, as far as is known.
    pub fn key_last_used(&self, id: ApiKeyId, key: &ApiKey) -> Option<Timestamp> {
        self.uses.of(id).max(key.last_used_at)
    }

    /// Writes down which keys were used, of those for which that is news.
    ///
    /// # Errors
    /// Busy or fault; to be tried again by the minute.
    pub async fn note_key_uses(&self) -> Result<(), Rejection> {
        for (key, used_at) in self.uses.all() {
            let noted = self.reader.get::<ApiKey>(key)?.state;
            if !noted.note_use(used_at).is_empty() {
                let note = NoteApiKeyUse { key, used_at };
                self.keys.ask(note, self.by(Who::Shop)).await?;
            }
        }
        Ok(())
    }

    /// Whom a key acts for, and what it may be used for.
    pub(super) fn identify_key(&self, text: &str) -> Result<Identified, Unidentified> {
        let id = key_id(text).ok_or(Unidentified::Invalid)?;
        let unavailable = |_| Unidentified::Unavailable;
        let key = self.reader.get::<ApiKey>(id).map_err(Rejection::from).map_err(unavailable)?;
        let now = self.clock.now();
        let Some(made) = key.state.live(now) else { return Err(Unidentified::KeyEnded) };
        if !bool::from(made.hash.0.ct_eq(&key_hash(text))) {
            return Err(Unidentified::Invalid);
        }
        let maker = self.reader.get::<User>(made.made_by).map_err(Rejection::from);
        let maker = maker.map_err(unavailable)?.state;
        if !maker.exists() {
            return Err(Unidentified::KeyEnded);
        }
        self.uses.note(id, now);
        let scopes = made.scopes.iter().copied().collect();
        Ok(Identified { user: maker.id, role: maker.role, means: Means::Key { id, scopes } })
    }
}

/// Whether this is meant as an API key.
pub(super) fn is_key(text: &str) -> bool {
    text.starts_with(PREFIX)
}

fn key_text(id: ApiKeyId, random: [u8; 32]) -> SecretString {
    let mut bytes = id.bytes().to_vec();
    bytes.extend(random);
    SecretString::from(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))
}

fn key_id(text: &str) -> Option<ApiKeyId> {
    let encoded = text.strip_prefix(PREFIX).filter(|rest| rest.len() == ENCODED_LETTERS)?;
    let bytes = URL_SAFE_NO_PAD.decode(encoded).ok()?;
    bytes.first_chunk::<16>().map(|id| ApiKeyId::from_bytes(*id))
}

fn key_hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

const PREFIX: &str = "sk_";
/// 16 bytes of id and 32 of randomness, in base64.
const ENCODED_LETTERS: usize = 64;
const HINT_LETTERS: usize = 4;
