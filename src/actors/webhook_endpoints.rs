//! The webhook endpoints actor: owner of every place that is told what happened.
//!
//! Rules live in [`crate::domain::webhook_endpoints`]; how many there are is known here.

use std::sync::Arc;

use crate::{
    domain::{
        aggregate::Aggregate,
        ids::WebhookEndpointId,
        webhook_endpoints::{
            Disabling, ENDPOINTS_MAX, EndpointEdit, EndpointEvent, EndpointRefusal, EndpointTerms,
            WebhookEndpoint,
        },
    },
    store::keys,
};

use super::{Answers, Owner, Rejection, Request, Work};

/// Adds an endpoint. Safe to send twice.
#[derive(Debug)]
pub struct AddEndpoint {
    /// Which it will be.
    pub endpoint: WebhookEndpointId,
    /// Where, of what and what for.
    pub terms: EndpointTerms,
}

/// Changes an endpoint. Safe to send twice.
#[derive(Debug)]
pub struct ChangeEndpoint {
    /// Which.
    pub endpoint: WebhookEndpointId,
    /// What shall change.
    pub edit: EndpointEdit,
}

/// Sends nothing there from now on. Safe to send twice.
#[derive(Debug)]
pub struct DisableEndpoint {
    /// Which.
    pub endpoint: WebhookEndpointId,
    /// Why.
    pub why: Disabling,
}

/// Notes that something was taken there, or was not. Safe to send twice.
#[derive(Debug)]
pub struct NoteEndpoint {
    /// Which.
    pub endpoint: WebhookEndpointId,
    /// Whether it was taken.
    pub was_taken: bool,
}

/// Gives an endpoint another secret. Sent twice, it has another one twice.
#[derive(Debug)]
pub struct RotateSecret {
    /// Which.
    pub endpoint: WebhookEndpointId,
}

/// Sends old events again. Sent twice, they are sent twice.
#[derive(Debug)]
pub struct AskReplay {
    /// To which.
    pub endpoint: WebhookEndpointId,
    /// The first position of the journal.
    pub from: u64,
    /// The last one.
    pub until: u64,
}

/// Notes that a replay has ended. Safe to send twice.
#[derive(Debug)]
pub struct EndReplay {
    /// To which.
    pub endpoint: WebhookEndpointId,
    /// Which time that was.
    pub number: u32,
}

/// Takes an endpoint away. Safe to send twice.
#[derive(Debug)]
pub struct RemoveEndpoint {
    /// Which.
    pub endpoint: WebhookEndpointId,
}

/// The only writer of webhook endpoints.
pub struct WebhookEndpoints;

impl Owner for WebhookEndpoints {
    const NAME: &'static str = "webhook_endpoints";
}

type Changed = Result<Arc<WebhookEndpoint>, Rejection>;

impl Request for AddEndpoint {
    type Value = Arc<WebhookEndpoint>;
}

impl Request for ChangeEndpoint {
    type Value = Arc<WebhookEndpoint>;
}

impl Request for DisableEndpoint {
    type Value = Arc<WebhookEndpoint>;
}

impl Request for NoteEndpoint {
    type Value = Arc<WebhookEndpoint>;
}

impl Request for RotateSecret {
    type Value = Arc<WebhookEndpoint>;
}

impl Request for AskReplay {
    type Value = Arc<WebhookEndpoint>;
}

impl Request for EndReplay {
    type Value = Arc<WebhookEndpoint>;
}

impl Request for RemoveEndpoint {
    type Value = Arc<WebhookEndpoint>;
}

impl Answers<AddEndpoint> for WebhookEndpoints {
    fn answer(&mut self, msg: AddEndpoint, work: &mut Work<'_>) -> Changed {
        let listed = work.listed::<WebhookEndpointId>(&keys::webhook_endpoints(), ENDPOINTS_MAX)?;
        change(work, msg.endpoint, |endpoint| endpoint.add(msg.terms, listed.len()))
    }
}

impl Answers<ChangeEndpoint> for WebhookEndpoints {
    fn answer(&mut self, msg: ChangeEndpoint, work: &mut Work<'_>) -> Changed {
        change(work, msg.endpoint, |endpoint| endpoint.edit(msg.edit))
    }
}

impl Answers<DisableEndpoint> for WebhookEndpoints {
    fn answer(&mut self, msg: DisableEndpoint, work: &mut Work<'_>) -> Changed {
        change(work, msg.endpoint, |endpoint| endpoint.disable(msg.why))
    }
}

impl Answers<NoteEndpoint> for WebhookEndpoints {
    fn answer(&mut self, msg: NoteEndpoint, work: &mut Work<'_>) -> Changed {
        let at = work.at();
        change(work, msg.endpoint, |endpoint| Ok(endpoint.note(msg.was_taken, at)))
    }
}

impl Answers<RotateSecret> for WebhookEndpoints {
    fn answer(&mut self, msg: RotateSecret, work: &mut Work<'_>) -> Changed {
        let at = work.at();
        change(work, msg.endpoint, |endpoint| endpoint.rotate(at))
    }
}

impl Answers<AskReplay> for WebhookEndpoints {
    fn answer(&mut self, msg: AskReplay, work: &mut Work<'_>) -> Changed {
        change(work, msg.endpoint, |endpoint| endpoint.replay(msg.from, msg.until))
    }
}

impl Answers<EndReplay> for WebhookEndpoints {
    fn answer(&mut self, msg: EndReplay, work: &mut Work<'_>) -> Changed {
        change(work, msg.endpoint, |endpoint| Ok(endpoint.end_replay(msg.number)))
    }
}

impl Answers<RemoveEndpoint> for WebhookEndpoints {
    fn answer(&mut self, msg: RemoveEndpoint, work: &mut Work<'_>) -> Changed {
        change(work, msg.endpoint, |endpoint| endpoint.remove())
    }
}

fn change(
    work: &mut Work<'_>,
    id: WebhookEndpointId,
    rule: impl FnOnce(&WebhookEndpoint) -> Result<Vec<EndpointEvent>, EndpointRefusal>,
) -> Changed {
    let events = rule(&*work.get::<WebhookEndpoint>(id)?)?;
    work.made(WebhookEndpoint::KIND, &id);
    work.change::<WebhookEndpoint>(id, events)
}
