//! Live: whoever listens is told at once what happens, by one follower of the journal for all.
//!
//! Invariants: no client is waited for. Each has a bounded queue; whoever does not keep up is let
//! go, knows how far it came, and catches up from the journal when it returns. Nobody is told
//! what they may not see, and whoever's rights change is let go at that place of the journal.
//! While nobody listens the journal is not read.

mod frame;
mod hub;
mod outgoing;
mod stream;
mod viewer;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

use tokio::sync::{Notify, Semaphore, watch};

use crate::{
    clock::Clock,
    domain::time::Timestamp,
    meters::{STREAM_CLIENTS, STREAM_DROPPED},
    store::{Reader, Seq, Store, StoreFault},
};

use frame::Frame;
use hub::{Hub, SentOut};

pub use stream::{LiveStream, News, Sent};
pub use viewer::Viewer;

/// Those who listen. Cheap to clone.
#[derive(Clone)]
pub struct Live {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    reader: Reader,
    hub: Mutex<Hub>,
    /// Says how long ago something was told, and nothing of the time of day.
    clock: Clock,
    /// Somebody listens again.
    woken: Notify,
    stop: watch::Sender<bool>,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// Leave to read the journal for one who was away.
    reading: Semaphore,
    clients: metrics::Gauge,
}

/// There are too many who listen, or the shop is closing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRoom;

impl Live {
    /// Nobody listens yet.
    ///
    /// # Errors
    /// The machine gives no thread.
    pub fn start(store: Store) -> std::io::Result<Live> {
        let (stop, told) = watch::channel(false);
        let inner = Arc::new(Inner {
            reader: store.reader(),
            store,
            hub: Mutex::new(Hub::new(metrics::counter!(STREAM_DROPPED))),
            woken: Notify::new(),
            clock: Clock::of_machine(Timestamp::default()),
            stop,
            thread: Mutex::new(None),
            reading: Semaphore::new(READERS_MAX),
            clients: metrics::gauge!(STREAM_CLIENTS),
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let following = Arc::clone(&inner);
        let thread = std::thread::Builder::new()
            .name("live".into())
            .spawn(move || runtime.block_on(follow(&following, told)))?;
        *inner.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
        Ok(Live { inner })
    }

    /// Begins to listen: behind this position, else from now on. The journal is not asked before
    /// the stream is.
    ///
    /// # Errors
    /// There are too many already, or the shop is closing.
    pub fn listen(&self, viewer: Viewer, after: Option<Seq>) -> Result<LiveStream, NoRoom> {
        let now = self.inner.store.health().seq;
        // A position that is not there yet is of another life of this shop.
        let after = after.unwrap_or(now).min(now);
        let place = self.inner.hub().take_place().ok_or(NoRoom)?;
        self.inner.clients.increment(1.0);
        Ok(LiveStream::new(self.clone(), viewer, after, place))
    }

    /// Lets everybody go, for good.
    pub fn close(&self) {
        self.inner.hub().close();
    }

    /// The same, and ends the thread. Safe to repeat.
    pub fn stop(&self) {
        self.close();
        let _nobody_left = self.inner.stop.send(true);
        let thread = self.inner.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the thread of live pages broke");
        }
    }

    /// How many commits the streams are behind; none while nobody listens.
    pub fn behind(&self) -> u64 {
        let newest = self.inner.store.health().seq;
        self.inner.hub().taken().map_or(0, |taken| newest.saturating_sub(taken))
    }

    /// How many listen.
    pub fn listening(&self) -> usize {
        self.inner.hub().places()
    }
}

impl Inner {
    /// Held for as long as one frame takes.
    fn hub(&self) -> MutexGuard<'_, Hub> {
        self.hub.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Follows the journal for as long as somebody listens, again and again.
async fn follow(inner: &Inner, mut told: watch::Receiver<bool>) {
    while !*told.borrow() {
        let Some(after) = inner.hub().awake_after() else {
            tokio::select! {
                () = inner.woken.notified() => {}
                _ = told.changed() => {}
            }
            continue;
        };
        if let Err(fault) = follow_from(inner, after, &mut told).await {
            tracing::error!(%fault, "live pages cannot follow the journal");
            inner.hub().let_everybody_go();
            tokio::select! {
                () = tokio::time::sleep(PAUSE) => {}
                _ = told.changed() => {}
            }
        }
    }
}

/// Follows until nobody listens any more, or told to stop.
async fn follow_from(
    inner: &Inner,
    after: Seq,
    told: &mut watch::Receiver<bool>,
) -> Result<(), StoreFault> {
    let mut follower = inner.store.follow(after);
    while !*told.borrow() {
        if inner.hub().fall_asleep() {
            return Ok(());
        }
        let entries = follower.read(FRAMES_AT_ONCE)?;
        let is_quiet = entries.is_empty();
        for entry in entries {
            inner.hub().take(Frame::new(entry), &inner.reader)?;
        }
        let now = inner.clock.running();
        let SentOut { told: count, due } =
            inner.hub().send_out(follower.position(), now, &inner.reader)?;
        if !is_quiet {
            tokio::time::sleep(gather(count)).await;
            continue;
        }
        tokio::select! {
            is_open = follower.wait() => if !is_open { return Ok(()) },
            () = tokio::time::sleep(quiet(due, now)) => {}
            _ = told.changed() => {}
        }
    }
    Ok(())
}

/// How long to wait for what happens: no longer than until something that waits is due.
fn quiet(due: Option<Duration>, now: Duration) -> Duration {
    due.map_or(LOOK_EVERY, |due| due.saturating_sub(now).min(LOOK_EVERY))
}

/// How long what happens is gathered, after so many clients were told: it is told together, with
/// fewer wake-ups, and telling very many takes no more of the machine than telling some.
fn gather(told: u32) -> Duration {
    (GATHER + GATHER_A_CLIENT * told).min(GATHER_MAX)
}

/// Frames that are told together at most.
const FRAMES_AT_ONCE: usize = 512;
/// Between two rounds of telling, at least.
const GATHER: Duration = Duration::from_millis(10);
/// The same, longer for each client that was told something.
const GATHER_A_CLIENT: Duration = Duration::from_micros(150);
/// The same, at most.
const GATHER_MAX: Duration = Duration::from_millis(40);
/// How often a quiet follower looks whether anybody still listens.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// After a fault, before it is tried again.
const PAUSE: Duration = Duration::from_secs(2);
/// Those who were away for whom the journal is read at the same time.
const READERS_MAX: usize = 2;

#[cfg(test)]
mod tests;
