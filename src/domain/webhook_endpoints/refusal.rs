//! Why a webhook endpoint says no.

/// Why a webhook endpoint is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointRefusal {
    /// No such endpoint.
    #[error("no such webhook endpoint")]
    UnknownEndpoint,
    /// The id belongs to an endpoint with other content.
    #[error("this webhook endpoint exists already")]
    AlreadyAdded,
    /// An endpoint that is told nothing is of no use.
    #[error("a webhook endpoint needs at least one type of event")]
    NoTypes,
    /// The shop has too many.
    #[error("there are too many webhook endpoints; remove one that is not used")]
    TooManyEndpoints,
    /// The position is behind the end of the journal.
    #[error("nothing has happened there that could be sent again")]
    NothingToReplay,
    /// Too many replays are under way.
    #[error("old events are being sent again already; wait until that has ended")]
    ReplayUnderWay,
}

impl EndpointRefusal {
    /// The stable code of the API.
    pub fn code(&self) -> &'static str {
        match self {
            EndpointRefusal::UnknownEndpoint => "unknown_webhook_endpoint",
            EndpointRefusal::AlreadyAdded => "webhook_endpoint_exists",
            EndpointRefusal::NoTypes => "no_types",
            EndpointRefusal::TooManyEndpoints => "too_many_webhook_endpoints",
            EndpointRefusal::NothingToReplay => "nothing_to_replay",
            EndpointRefusal::ReplayUnderWay => "replay_under_way",
        }
    }
}
