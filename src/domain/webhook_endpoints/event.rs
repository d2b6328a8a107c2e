//! What can have happened to a webhook endpoint.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::time::Timestamp;

/// Where it is, of what it is told, and what for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointTerms {
    /// The address that is posted to.
    pub url: String,
    /// Patterns of public events: `order.paid`, `order.*`, `*`.
    pub types: BTreeSet<String>,
    /// What it is for, in staff's words.
    pub description: Option<String>,
}

/// Why nothing is sent to an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Disabling {
    /// Staff decided so.
    Staff,
    /// It answered 410: it is gone for good.
    Gone,
    /// It has taken nothing for days.
    Failing,
}

impl Disabling {
    /// The word of the wire contract.
    pub fn name(self) -> &'static str {
        match self {
            Disabling::Staff => "staff",
            Disabling::Gone => "gone",
            Disabling::Failing => "failing",
        }
    }
}

/// What happened to a webhook endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndpointEvent {
    /// It was added.
    EndpointAdded(EndpointTerms),
    /// It is elsewhere, or is told something else.
    EndpointChanged(EndpointTerms),
    /// Nothing is sent there any more.
    EndpointDisabled {
        /// Why.
        why: Disabling,
    },
    /// It is told again, from where it stood.
    EndpointEnabled {},
    /// A delivery was not taken, and the one before was.
    EndpointFailing {},
    /// A delivery was taken, and the one before was not.
    EndpointRecovered {},
    /// It has another secret.
    SecretRotated {
        /// The generation of the secret from now on.
        generation: u32,
        /// Until when the one before counts too.
        previous_until: Timestamp,
    },
    /// Old events are sent again.
    ReplayAsked {
        /// Which time this is.
        number: u32,
        /// The first position of the journal.
        from: u64,
        /// The last one.
        until: u64,
    },
    /// All of them were sent or given up.
    ReplayEnded {
        /// Which time that was.
        number: u32,
    },
    /// It is gone.
    EndpointRemoved {},
}
