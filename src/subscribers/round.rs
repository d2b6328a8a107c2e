//! A round: one courier on its way along the journal.
//!
//! Invariants: at most [`BATCH_MAX`] deliveries are under way or made and not yet recorded, and
//! none is unrecorded for longer than [`RECORD_WITHIN`] while the shop can write; so that is what
//! a crash repeats. What fails for a reason of its own is put aside, in the journal, and those
//! behind it go on; when too many wait, the cursor waits. When nobody takes anything, nothing is
//! written at all: the journal itself is the queue.

mod hand_in;
mod pace;

use std::{
    collections::{BTreeMap, BTreeSet},
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use tokio::{
    sync::watch,
    time::{Sleep, sleep},
};

use crate::{
    actors::{
        Rejection,
        couriers::{RecordDeliveries, Tried},
    },
    domain::{
        couriers,
        deliveries::{Attempt, Delivery, DeliveryState, Note, Reply},
        ids::DeliveryId,
        time::Timestamp,
    },
    store::{Order, Seq, StoreFault, keys},
};

use super::{
    backoff::{later, passed, pause},
    courier::{Answered, Courier, Outcome, Parcel},
    happened::Happened,
    runner::{Standing, Ways},
    way::Way,
};

use hand_in::{finished, record};
use pace::Pace;

/// One courier on its way.
pub(super) struct Round {
    ways: Ways,
    courier: Arc<dyn Courier>,
    way: Way,
    /// What is put aside in the journal, to be tried again.
    waiting: BTreeMap<DeliveryId, Waiting>,
    hands: FuturesUnordered<BoxFuture<'static, (Begun, Answered)>>,
    done: Vec<(Begun, Attempt, Option<Reply>)>,
    /// Runs out when the first of those is to be recorded at the latest.
    record_at: Timer,
    recording: Option<BoxFuture<'static, (RecordDeliveries, Result<(), Rejection>)>>,
    /// Every delivery under way, done or being recorded.
    held: BTreeSet<DeliveryId>,
    /// The cursor as recorded.
    recorded: Seq,
    pace: Pace,
    down: Option<Down>,
    /// Runs out when those under way are waited for no more; set when the round is to end.
    ends_at: Timer,
}

/// Runs out once, if it is set.
type Timer = Option<Pin<Box<Sleep>>>;

struct Waiting {
    due: Timestamp,
    note: Note,
    attempts: u32,
    asked_again: u32,
    since: Timestamp,
    /// The event, once it was looked up.
    event: Option<Arc<Happened>>,
}

/// A delivery that was begun.
struct Begun {
    parcel: Parcel,
    /// What it was put aside as, if it was.
    waited: Option<Waiting>,
}

/// Nobody takes anything.
struct Down {
    since: Timestamp,
    attempts: u32,
    /// Then it is tried again.
    until: Timestamp,
}

impl Round {
    pub fn begin(ways: Ways, courier: Arc<dyn Courier>) -> Result<Round, StoreFault> {
        let recorded = ways.store.reader().get::<couriers::Courier>(courier.id())?.state.cursor;
        Ok(Round {
            way: Way::begin(&ways.store, Arc::clone(&courier), recorded),
            ways,
            courier,
            waiting: BTreeMap::new(),
            hands: FuturesUnordered::new(),
            done: Vec::new(),
            record_at: None,
            recording: None,
            held: BTreeSet::new(),
            recorded,
            pace: Pace::begin(),
            down: None,
            ends_at: None,
        })
    }

    /// Goes on until told to stop or closed.
    pub async fn walk(mut self, mut told: watch::Receiver<bool>) -> Result<(), StoreFault> {
        let mut asked = self.ways.asked.subscribe();
        self.look_at_waiting()?;
        loop {
            let is_told = *told.borrow() || told.has_changed().is_err();
            if is_told && self.ends_at.is_none() {
                self.ends_at = Some(Box::pin(sleep(COME_HOME_WITHIN)));
            }
            let goes_on = self.take_up()? && self.ends_at.is_none();
            self.record_if_due();
            self.show();
            if !goes_on && self.held.is_empty() && self.recording.is_none() {
                return Ok(());
            }
            let looks = self.down.is_some() || !self.waiting.is_empty();
            tokio::select! {
                Some((begun, answered)) = self.hands.next(), if !self.hands.is_empty() => {
                    self.put_down(begun, answered);
                }
                (message, recorded) = finished(&mut self.recording) => {
                    self.note_recorded(message, recorded);
                }
                () = finished(&mut self.record_at), if self.recording.is_none() => {
                    self.record_at = None;
                    self.record();
                }
                () = self.pace.rested() => {}
                () = finished(&mut self.ends_at) => return Ok(()),
                // A stopped clock moves without a word.
                () = sleep(LOOK_EVERY), if looks => {}
                _ = asked.changed() => self.look_at_waiting()?,
                news = self.way.news(), if goes_on => if !news { return Ok(()) },
                _ = told.changed(), if goes_on => {}
            }
        }
    }

    /// Begins what can be begun now; `false` if nothing ever will be.
    fn take_up(&mut self) -> Result<bool, StoreFault> {
        let reader = self.ways.store.reader();
        let state = reader.get::<couriers::Courier>(self.courier.id())?.state;
        if self.ends_at.is_some() || !state.may_go() || !self.courier.may_go()? {
            return Ok(!state.closed);
        }
        let now = self.ways.clock.now();
        let is_down = self.down.is_some();
        if self.pace.rests() || self.down.as_ref().is_some_and(|down| now < down.until) {
            return Ok(true);
        }
        // While nobody takes anything one delivery finds out whether that has changed.
        let at_once = if is_down { 1 } else { self.courier.at_once().min(BATCH_MAX) };
        while self.hands.len() < at_once && self.held.len() < BATCH_MAX {
            if let Some(begun) = self.next_waiting(now)? {
                self.hand_over(begun);
                continue;
            }
            let has_room = self.waiting.len() < WAITING_MAX;
            let Some(parcel) = has_room.then(|| self.way.next()).transpose()?.flatten() else {
                break;
            };
            self.hand_over(Begun { parcel, waited: None });
        }
        Ok(true)
    }

    fn hand_over(&mut self, begun: Begun) {
        self.held.insert(begun.parcel.id);
        let courier = Arc::clone(&self.courier);
        self.hands.push(Box::pin(async move {
            let hearing = AssertUnwindSafe(courier.deliver_and_hear(&begun.parcel)).catch_unwind();
            let answered = match tokio::time::timeout(DELIVER_WITHIN, hearing).await {
                Ok(Ok(answered)) => answered,
                Ok(Err(_panic)) => {
                    Answered::of(Outcome::Never("the courier broke over it".to_owned()))
                }
                Err(_late) => Answered::of(Outcome::TryAgain("no answer in time".to_owned())),
            };
            (begun, answered)
        }));
    }

    /// The next that was put aside and is due.
    fn next_waiting(&mut self, now: Timestamp) -> Result<Option<Begun>, StoreFault> {
        let due = self.waiting.iter().filter(|(_, waiting)| waiting.due <= now);
        let Some(id) = due.min_by_key(|(_, waiting)| waiting.due).map(|(id, _)| *id) else {
            return Ok(None);
        };
        let Some(mut waited) = self.waiting.remove(&id) else { return Ok(None) };
        let event = match waited.event.take() {
            Some(event) => event,
            None => self.way.event_of(&waited.note)?,
        };
        waited.event = Some(Arc::clone(&event));
        let (what, asked_again) = (waited.note.what.clone(), waited.asked_again);
        let parcel = Parcel { id, what, event, asked_again };
        Ok(Some(Begun { parcel, waited: Some(waited) }))
    }

    /// Takes in how a delivery ended.
    fn put_down(&mut self, begun: Begun, Answered { outcome, reply }: Answered) {
        let now = self.ways.clock.now();
        let attempt = match outcome {
            Outcome::Down(why) => return self.go_down(begun, why, now),
            Outcome::Delivered => Attempt::Made,
            Outcome::Never(error) => Attempt::GivenUp { error },
            Outcome::TryAgain(error) => self.try_again(&begun, error, Duration::ZERO, now),
            Outcome::NotBefore(error, wait) => self.try_again(&begun, error, wait, now),
        };
        if self.down.take().is_some() {
            tracing::info!(courier = self.courier.name(), "deliveries are taken again");
            // They may have failed for the same reason.
            self.waiting.values_mut().for_each(|waiting| waiting.due = waiting.due.min(now));
        }
        self.record_at.get_or_insert_with(|| Box::pin(sleep(RECORD_WITHIN)));
        self.done.push((begun, attempt, reply));
    }

    /// What failed is tried again after a pause, and not before `wait` is over; or it is given up.
    fn try_again(&self, begun: &Begun, error: String, wait: Duration, now: Timestamp) -> Attempt {
        let (attempts, since) = match &begun.waited {
            Some(waited) => (waited.attempts, waited.since),
            None => (0, now),
        };
        let failing = passed(since, now);
        if failing >= self.courier.patience() {
            return Attempt::GivenUp { error };
        }
        let pause = pause(attempts.saturating_add(1), failing).max(wait);
        Attempt::Failed { due: later(now, pause), error }
    }

    fn go_down(&mut self, begun: Begun, why: String, now: Timestamp) {
        let down = match self.down.take() {
            // One that was under way meets the same closed door; it does not count again.
            Some(down) if now < down.until => down,
            before => {
                let (since, attempts) = before.map_or((now, 0), |down| (down.since, down.attempts));
                if attempts == 0 {
                    tracing::warn!(courier = self.courier.name(), why, "nobody takes deliveries");
                }
                let attempts = attempts.saturating_add(1);
                Down { since, attempts, until: later(now, pause(attempts, Duration::ZERO)) }
            }
        };
        self.standing(|standing| standing.down = Some((down.since, why)));
        self.down = Some(down);
        self.held.remove(&begun.parcel.id);
        match begun.waited {
            Some(waited) => drop(self.waiting.insert(begun.parcel.id, waited)),
            None => self.way.put_back(begun.parcel),
        }
    }

    /// Hands in what was done, when the batch is full or nothing more is coming.
    fn record_if_due(&mut self) {
        let is_full = self.done.len() >= BATCH_MAX;
        let is_last = !self.done.is_empty() && self.hands.is_empty();
        let is_far = self.way.through().saturating_sub(self.recorded) >= FRAMES_UNRECORDED_MAX;
        if self.recording.is_none() && (is_full || is_last || is_far) {
            self.record();
        }
    }

    fn record(&mut self) {
        self.record_at = None;
        let done = std::mem::take(&mut self.done);
        let tried = done
            .into_iter()
            .map(|(begun, attempt, reply)| self.settle(begun, attempt, reply))
            .collect();
        let courier = self.courier.id();
        let message = RecordDeliveries { courier, through: self.way.through(), tried };
        self.recording = Some(record(self.ways.clone(), message, Duration::ZERO));
    }

    /// Takes a delivery off the way, and puts it aside if it is to be tried again.
    fn settle(&mut self, begun: Begun, attempt: Attempt, reply: Option<Reply>) -> Tried {
        let Begun { parcel, waited } = begun;
        let note = match &waited {
            Some(waited) => waited.note.clone(),
            None => {
                self.way.close(parcel.event.frame);
                parcel.note(self.courier.id())
            }
        };
        if let Attempt::Failed { due, .. } = &attempt {
            let (attempts, since) =
                waited.map_or((0, self.ways.clock.now()), |was| (was.attempts, was.since));
            let waiting = Waiting {
                due: *due,
                note: note.clone(),
                attempts: attempts.saturating_add(1),
                asked_again: parcel.asked_again,
                since,
                event: Some(parcel.event),
            };
            self.waiting.insert(parcel.id, waiting);
        }
        Tried { delivery: parcel.id, note, attempt, reply }
    }

    fn note_recorded(&mut self, message: RecordDeliveries, recorded: Result<(), Rejection>) {
        match recorded {
            Ok(()) => {
                for tried in &message.tried {
                    self.held.remove(&tried.delivery);
                }
                self.recorded = self.recorded.max(message.through);
                self.recording = None;
                self.pace.look();
            }
            Err(rejection) => {
                // What was made must be recorded; until then nothing more is begun.
                tracing::warn!(courier = self.courier.name(), %rejection, "not recorded yet");
                self.recording = Some(record(self.ways.clone(), message, RECORD_AGAIN_AFTER));
            }
        }
    }

    /// Looks at what is put aside: at the beginning, and when staff has asked for something.
    fn look_at_waiting(&mut self) -> Result<(), StoreFault> {
        let reader = self.ways.store.reader();
        let prefix = keys::waiting_deliveries(self.courier.id());
        for (key, _) in reader.rows(&prefix, None, Order::Ascending, WAITING_MAX)? {
            let id: DeliveryId = key.last_id().unwrap_or_default();
            if self.held.contains(&id) {
                continue;
            }
            let delivery = reader.get::<Delivery>(id)?.state;
            let DeliveryState::Waiting { due } = delivery.state else { continue };
            let event = self.waiting.remove(&id).and_then(|known| known.event);
            let waiting = Waiting {
                due,
                note: delivery.note.clone(),
                attempts: delivery.attempts,
                asked_again: delivery.asked_again,
                since: delivery.since,
                event,
            };
            self.waiting.insert(id, waiting);
        }
        Ok(())
    }

    fn show(&self) {
        let (read, behind_since) = (self.way.read(), self.way.behind_since());
        let waiting = self.waiting.len();
        self.standing(|standing| {
            (standing.read, standing.behind_since) = (read, behind_since);
            standing.waiting = waiting;
        });
        if self.down.is_none() {
            self.standing(|standing| standing.down = None);
        }
    }

    fn standing(&self, change: impl FnOnce(&mut Standing)) {
        change(self.ways.standings().entry(self.courier.id()).or_default());
    }
}

/// Deliveries that are under way, or made and not recorded: what a crash repeats at most.
pub(super) const BATCH_MAX: usize = 16;
/// How long a delivery that was made waits to be recorded.
const RECORD_WITHIN: Duration = Duration::from_millis(100);
/// What failed for reasons of its own and is tried again, besides what goes on; then the cursor
/// waits.
const WAITING_MAX: usize = 500;
/// No delivery takes longer.
const DELIVER_WITHIN: Duration = Duration::from_secs(120);
/// So many frames without anything to bring are walked again after a crash at most.
const FRAMES_UNRECORDED_MAX: Seq = 4096;
const RECORD_AGAIN_AFTER: Duration = Duration::from_secs(1);
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// What is under way when the shop closes is given so long.
const COME_HOME_WITHIN: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests;
