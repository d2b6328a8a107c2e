//! The courier of one endpoint: what it tells, and what it makes of an answer.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::FutureExt;

use super::{COURIER_NAME, Inner, courier_of, replay_courier_of};
use crate::{
    actors::{
        Intent,
        webhook_endpoints::{DisableEndpoint, NoteEndpoint},
    },
    domain::{
        deliveries::Reply,
        ids::{CourierId, WebhookEndpointId},
        time::{Stamp, Who},
        webhook_endpoints::{Disabling, FAILING_MILLIS_MAX, WebhookEndpoint},
    },
    gateways::webhooks::Posted,
    store::{Seq, StoreFault},
    subscribers::{
        courier::{Answered, Courier, Delivering, Hearing, Outcome, Parcel},
        happened::Happened,
        public::{
            self,
            types::{Pattern, Patterns},
        },
    },
};

/// Tells one endpoint.
pub(super) struct WebhookCourier {
    inner: Arc<Inner>,
    endpoint: WebhookEndpointId,
    /// What it is to tell again; without it, what happens from now on.
    span: Option<Span>,
    known: Mutex<Option<Known>>,
}

/// An endpoint as it was last looked at, and what of it is asked of every frame of the journal.
struct Known {
    endpoint: Arc<WebhookEndpoint>,
    patterns: Option<Arc<Patterns>>,
}

/// Positions of the journal whose events are told again, for this time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub number: u32,
    pub from: Seq,
    pub until: Seq,
}

impl WebhookCourier {
    pub fn new(
        inner: Arc<Inner>,
        endpoint: WebhookEndpointId,
        span: Option<Span>,
    ) -> WebhookCourier {
        WebhookCourier { inner, endpoint, span, known: Mutex::new(None) }
    }

    fn endpoint(&self) -> Result<Arc<WebhookEndpoint>, StoreFault> {
        Ok(self.inner.reader.get::<WebhookEndpoint>(self.endpoint)?.state)
    }

    /// What the endpoint is told of; nothing, if it is told nothing at all.
    fn patterns(&self) -> Result<Option<Arc<Patterns>>, StoreFault> {
        let endpoint = self.endpoint()?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let is_it = |known: &&Known| Arc::ptr_eq(&known.endpoint, &endpoint);
        if let Some(known) = known.as_ref().filter(is_it) {
            return Ok(known.patterns.clone());
        }
        // A type that this program does not know any more matches nothing.
        let named = |name: &String| Pattern::named(name);
        let types = endpoint.live().into_iter().flat_map(|terms| &terms.types);
        let patterns: Vec<Pattern> = types.filter_map(named).collect();
        let patterns = (!patterns.is_empty()).then(|| Arc::new(patterns.into_iter().collect()));
        Ok(known.insert(Known { endpoint, patterns }).patterns.clone())
    }

    async fn tell(&self, parcel: &Parcel) -> Answered {
        let letter = self.endpoint().and_then(|endpoint| {
            let event = public::told(&parcel.event, &self.inner.reader)?;
            Ok(event.and_then(|event| self.inner.letter(self.endpoint, &endpoint, &event)))
        });
        let letter = match letter {
            Ok(Some(letter)) => letter,
            Ok(None) => return Answered::of(Outcome::Never("the endpoint is gone".to_owned())),
            Err(fault) => {
                tracing::error!(%fault, "a webhook could not be written");
                return Answered::of(Outcome::TryAgain("it could not be written".to_owned()));
            }
        };
        let began = self.inner.clock.running();
        let posted = self.inner.post.post(&letter).await;
        let took = self.inner.clock.running().saturating_sub(began);
        self.judge(posted, took).await
    }

    async fn judge(&self, posted: Posted, took: Duration) -> Answered {
        let (status, retry_after, body) = match posted {
            Posted::NotAnswered(why) => {
                self.note(false).await;
                return Answered::of(Outcome::TryAgain(why.to_owned()));
            }
            Posted::Answered { status, retry_after, body } => (status, retry_after, body),
        };
        let millis = u32::try_from(took.as_millis()).unwrap_or(u32::MAX);
        let reply = Some(Reply { status, millis, body });
        let was_taken = (200..300).contains(&status);
        self.note(was_taken).await;
        let words = match status {
            300..=399 => format!("it answered {status}; redirects are not followed"),
            _ => format!("it answered {status}"),
        };
        let outcome = match status {
            _ if was_taken => Outcome::Delivered,
            410 => {
                self.disable(Disabling::Gone).await;
                Outcome::Never(words)
            }
            _ => match retry_after {
                Some(wait) => Outcome::NotBefore(words, wait),
                None => Outcome::TryAgain(words),
            },
        };
        Answered { outcome, reply }
    }

    /// Notes that something was taken, or was not, if that is news.
    async fn note(&self, was_taken: bool) {
        let now = self.inner.clock.now();
        let is_news =
            self.endpoint().is_ok_and(|endpoint| !endpoint.note(was_taken, now).is_empty());
        if !is_news {
            return;
        }
        let note = NoteEndpoint { endpoint: self.endpoint, was_taken };
        if let Err(error) = self.inner.desk.ask(note, self.intent()).await {
            tracing::warn!(%error, "how a webhook endpoint does could not be noted");
        }
    }

    async fn disable(&self, why: Disabling) {
        let disable = DisableEndpoint { endpoint: self.endpoint, why };
        if let Err(error) = self.inner.desk.ask(disable, self.intent()).await {
            tracing::warn!(%error, "a webhook endpoint could not be switched off");
        }
    }

    fn intent(&self) -> Intent {
        Intent::of(Stamp { at: self.inner.clock.now(), who: Who::Shop })
    }
}

impl Courier for WebhookCourier {
    fn id(&self) -> CourierId {
        match self.span {
            None => courier_of(self.endpoint),
            Some(Span { number, .. }) => replay_courier_of(self.endpoint, number),
        }
    }

    fn name(&self) -> String {
        match self.span {
            None => format!("{COURIER_NAME}{}", self.endpoint),
            Some(Span { number, .. }) => {
                format!("{COURIER_NAME}{} replay {number}", self.endpoint)
            }
        }
    }

    fn may_go(&self) -> Result<bool, StoreFault> {
        Ok(self.endpoint()?.is_active())
    }

    fn wants(&self, kind: &str) -> bool {
        if !public::is_public(kind) {
            return false;
        }
        // What cannot be read now is found out when it is asked what is to be brought.
        let Ok(patterns) = self.patterns() else { return true };
        patterns.is_some_and(|patterns| patterns.take_kind(kind))
    }

    fn parcels(&self, event: &Happened) -> Result<Vec<String>, StoreFault> {
        let is_meant = |span: Span| (span.from..=span.until).contains(&event.frame);
        if !self.span.is_none_or(is_meant) {
            return Ok(vec![]);
        }
        let Some(patterns) = self.patterns()? else { return Ok(vec![]) };
        let told = public::told(event, &self.inner.reader)?;
        let told = told.filter(|event| patterns.take(event.name));
        Ok(told.map(|event| event.name.to_owned()).into_iter().collect())
    }

    fn deliver<'a>(&'a self, parcel: &'a Parcel) -> Delivering<'a> {
        Box::pin(self.tell(parcel).map(|answered| answered.outcome))
    }

    fn deliver_and_hear<'a>(&'a self, parcel: &'a Parcel) -> Hearing<'a> {
        Box::pin(self.tell(parcel))
    }

    fn patience(&self) -> Duration {
        Duration::from_millis(u64::try_from(FAILING_MILLIS_MAX).unwrap_or(u64::MAX))
    }
}
