//! Views: the small things every view is made of.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::ids::Identity;

pub use crate::shapes::{Amount, Id, Time};

/// What is said when there is nothing to show.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct MessageView {
    /// A sentence.
    pub message: &'static str,
}

/// What is said when something was deleted.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeletedView {
    /// It was.
    pub success: bool,
    /// A sentence.
    pub message: &'static str,
    /// What was deleted.
    pub deleted_id: String,
}

impl DeletedView {
    /// This is gone.
    pub fn of(id: impl Identity, message: &'static str) -> DeletedView {
        DeletedView { success: true, message, deleted_id: id.to_string() }
    }
}
