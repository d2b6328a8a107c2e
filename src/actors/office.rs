//! Office: the supervised actor around every owner, and the desk one asks it at.
//!
//! Invariants: a panic in a rule costs that one message; the office stops, waits until all its
//! submitted commits have ended, reads its state again, and then answers the messages that
//! waited. Every message has a deadline to be taken up by, after which it never is; what was
//! decided is waited for, longer, so that nobody hears busy of something that is done. The number
//! of waiting messages is limited, and an office that panics again and again ends the process,
//! which is safe: what was acknowledged is on disk.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use actix::{
    Actor, ActorContext, ActorFutureExt, Addr, ArbiterHandle, AsyncContext, Context, Handler,
    Message, Supervised, Supervisor, WrapFuture,
};

use metrics::{Counter, Histogram};
use tokio::time::timeout;

use crate::{
    clock::Clock,
    meters::{OWNER_RESTARTS, OWNER_WAIT_SECONDS},
    store::{Store, Ticket},
};

use super::{
    decision::{Decision, Rejection},
    keeper::{Intent, Keeper},
    work::Work,
};

/// A message and what it is answered with. What is refused is always a
/// [`Refusal`](crate::domain::refusal::Refusal).
pub trait Request: Send + 'static {
    /// What a yes carries.
    type Value: Send + 'static;
}

/// The only writer of one kind of aggregate. It holds no state of its own: that is the keeper's.
pub trait Owner: Send + Unpin + 'static {
    /// Its name in logs and metrics.
    const NAME: &'static str;
}

/// Which rule a message asks for.
pub trait Answers<M: Request>: Owner {
    /// Decides the message; everything it changes becomes one commit.
    fn answer(&mut self, message: M, work: &mut Work<'_>) -> Result<M::Value, Rejection>;
}

/// The supervised actor around an owner.
pub struct Office<O: Owner> {
    owner: O,
    keeper: Keeper,
    clock: Clock,
    panics: Vec<Duration>,
    waited: Histogram,
    restarts: Counter,
}

impl<O: Owner> Actor for Office<O> {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(WAITING_MESSAGES_MAX);
    }
}

impl<O: Owner> Supervised for Office<O> {
    fn restarting(&mut self, ctx: &mut Self::Context) {
        let now = self.clock.running();
        self.panics.retain(|then| now.saturating_sub(*then) < PANICS_WITHIN);
        self.panics.push(now);
        self.restarts.increment(1);
        if self.panics.len() > PANICS_MAX {
            tracing::error!(actor = O::NAME, "panics again and again; the process ends");
            std::process::exit(EXIT_BROKEN);
        }
        let back_off = PANIC_BACK_OFF * u32::try_from(self.panics.len() - 1).unwrap_or(u32::MAX);
        let quiet = self.keeper.quiet();
        let rest = async move {
            // How they ended does not matter here: what is durable is read again.
            if let Some(quiet) = quiet {
                let _ = quiet.await;
            }
            tokio::time::sleep(back_off).await;
        };
        ctx.wait(rest.into_actor(self).map(|(), office, _| {
            office.keeper.reload();
            tracing::warn!(actor = O::NAME, "is back, with its state read again");
        }));
    }
}

/// A message on its way, with its intent, its deadline and its place in the queue.
pub struct Asked<M> {
    message: M,
    intent: Intent,
    sent_at: Duration,
    /// Set by whoever is first: the owner, who takes it up, or the asker, who waits no more.
    claimed: Arc<AtomicBool>,
    _place: Place,
}

impl<M: Request> Message for Asked<M> {
    type Result = Decision<M::Value>;
}

impl<O: Answers<M>, M: Request> Handler<Asked<M>> for Office<O> {
    type Result = Decision<M::Value>;

    fn handle(&mut self, asked: Asked<M>, ctx: &mut Self::Context) -> Self::Result {
        let Asked { message, intent, sent_at, claimed, _place } = asked;
        let waited = self.clock.running().saturating_sub(sent_at);
        self.waited.record(waited.as_secs_f64());
        if waited > TAKEN_UP_WITHIN || claimed.swap(true, Ordering::AcqRel) {
            return Decision::denied(Rejection::Busy);
        }
        let Office { owner, keeper, .. } = self;
        let decision = keeper.decide(intent, |work| owner.answer(message, work));
        if keeper.is_broken() {
            ctx.stop();
        }
        decision
    }
}

/// A place among the waiting messages, given back when the message is taken up or dropped.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Where an owner is asked.
pub struct Desk<O: Owner> {
    office: Addr<Office<O>>,
    waiting: Arc<AtomicUsize>,
    clock: Clock,
    patience: Patience,
}

/// How long one waits at a desk.
#[derive(Clone, Copy)]
struct Patience {
    /// For a message to be taken up.
    taken_up: Duration,
    /// For what was decided to be durable.
    durable: Duration,
}

impl<O: Owner> Clone for Desk<O> {
    fn clone(&self) -> Self {
        Desk {
            office: self.office.clone(),
            waiting: Arc::clone(&self.waiting),
            clock: self.clock.clone(),
            patience: self.patience,
        }
    }
}

impl<O: Owner> Desk<O> {
    /// Starts the owner under supervision on this arbiter.
    pub fn open(owner: O, store: &Store, clock: &Clock, arbiter: &ArbiterHandle) -> Desk<O> {
        let keeper = Keeper::new(store.clone());
        let clock_of_office = clock.clone();
        let waited = metrics::histogram!(OWNER_WAIT_SECONDS, "owner" => O::NAME);
        let restarts = metrics::counter!(OWNER_RESTARTS, "owner" => O::NAME);
        let office = Supervisor::start_in_arbiter(arbiter, move |_| Office {
            owner,
            keeper,
            clock: clock_of_office,
            panics: Vec::new(),
            waited,
            restarts,
        });
        let patience = Patience { taken_up: TAKEN_UP_WITHIN, durable: DURABLE_WITHIN };
        Desk { office, waiting: Arc::default(), clock: clock.clone(), patience }
    }

    /// Asks, and waits until the answer and all it rests on is durable.
    ///
    /// # Errors
    /// The rules' refusal; busy, if it was not decided; late, if it was and is not durable after
    /// a long time; unwritable or fault. Asking again under the same key is safe.
    pub async fn ask<M: Request>(&self, message: M, intent: Intent) -> Result<M::Value, Rejection>
    where
        O: Answers<M>,
    {
        let decision = self.send(message, intent).await?;
        let settled = timeout(self.patience.durable, decision.settled()).await;
        settled.unwrap_or(Err(Rejection::Late))
    }

    /// Asks for the next step of a process: the outcome at once, yes or no, with the ticket that
    /// the step after it must carry.
    pub async fn step<M: Request>(
        &self,
        message: M,
        intent: Intent,
    ) -> (Result<M::Value, Rejection>, Option<Ticket>)
    where
        O: Answers<M>,
    {
        match self.send(message, intent).await {
            Ok(decision) => decision.at_once(),
            Err(rejection) => (Err(rejection), None),
        }
    }

    /// How many messages wait to be taken up.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Sends a message and waits until it is decided, or will never be.
    async fn send<M: Request>(
        &self,
        message: M,
        intent: Intent,
    ) -> Result<Decision<M::Value>, Rejection>
    where
        O: Answers<M>,
    {
        let place = Place(Arc::clone(&self.waiting));
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= WAITING_MESSAGES_MAX {
            return Err(Rejection::Busy);
        }
        let (sent_at, claimed) = (self.clock.running(), Arc::<AtomicBool>::default());
        let asked =
            Asked { message, intent, sent_at, claimed: Arc::clone(&claimed), _place: place };
        let mut answered = pin!(self.office.send(asked));
        let decision = match timeout(self.patience.taken_up, &mut answered).await {
            Ok(decision) => decision,
            Err(_) if !claimed.swap(true, Ordering::AcqRel) => return Err(Rejection::Busy),
            // It was taken up in this very moment. A decision waits for nobody.
            Err(_) => answered.await,
        };
        decision.map_err(|_| Rejection::Fault)
    }
}

/// Beyond this many waiting messages a desk answers busy.
pub const WAITING_MESSAGES_MAX: usize = 4096;
/// A message that was not taken up by then is answered busy, and never decided.
const TAKEN_UP_WITHIN: Duration = Duration::from_secs(5);
/// What was decided and is not durable by then may still become so. Together with the other this
/// is less than a request may take.
const DURABLE_WITHIN: Duration = Duration::from_secs(20);
/// So many panics ...
const PANICS_MAX: usize = 20;
/// ... within so long end the process.
const PANICS_WITHIN: Duration = Duration::from_secs(60);
/// How much longer each further restart waits.
const PANIC_BACK_OFF: Duration = Duration::from_millis(10);
/// Exit code of a shop that cannot go on (`EX_SOFTWARE` of sysexits.h).
const EXIT_BROKEN: i32 = 70;

#[cfg(test)]
mod tests;
