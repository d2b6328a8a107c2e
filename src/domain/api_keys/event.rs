//! What can have happened to an API key.

use serde::{Deserialize, Serialize};

use super::NewApiKey;
use crate::domain::time::Timestamp;

/// What happened to an API key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApiKeyEvent {
    /// It was made.
    KeyMade(NewApiKey),
    /// It was used; noted now and then.
    KeyUsed {
        /// When.
        used_at: Timestamp,
    },
    /// It was ended for good.
    KeyRevoked {},
}
