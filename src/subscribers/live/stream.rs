//! Stream: the way of one who listens, from where they were to now and on.
//!
//! Who was away for longer than the hub remembers is read to from the journal, a piece at a time
//! and only as fast as they take it, and then joins the others.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use tokio::sync::mpsc;

use super::{
    Live,
    frame::Frame,
    hub::{ClientId, ClientPlace, NotTaken, Taken},
    viewer::Viewer,
};
use crate::store::{Follower, Seq, StoreFault};

/// One event as JSON, with the position it is at.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The position in the journal.
    pub position: Seq,
    /// Its type.
    pub name: &'static str,
    /// The event.
    pub bytes: Bytes,
}

/// What one who listens gets next.
#[derive(Clone, Debug)]
pub enum News {
    /// Something happened, in order; at least one event.
    Events(Vec<Sent>),
    /// Nothing for them, up to here.
    Quiet(Seq),
}

/// One who listens; leaving is dropping it.
pub struct LiveStream {
    live: Live,
    viewer: Arc<Viewer>,
    /// What they have.
    position: Seq,
    phase: Phase,
    _place: ClientPlace,
}

enum Phase {
    /// Not with the others yet; the reader of the journal, if it was needed.
    Joining(Option<Follower>),
    Live(Box<Joined>),
    Ended,
}

struct Joined {
    id: ClientId,
    queue: mpsc::Receiver<Vec<Sent>>,
    waiting: Arc<AtomicUsize>,
    reached: Arc<AtomicU64>,
}

impl LiveStream {
    pub(super) fn new(live: Live, viewer: Viewer, position: Seq, place: ClientPlace) -> LiveStream {
        let (viewer, phase) = (Arc::new(viewer), Phase::Joining(None));
        LiveStream { live, viewer, position, phase, _place: place }
    }

    /// The position up to which they have everything.
    pub fn position(&self) -> Seq {
        self.position
    }

    /// What comes next; nothing more, if they are let go. They may come back with the position of
    /// the last event they took.
    pub async fn next(&mut self) -> Option<News> {
        loop {
            let news = match &mut self.phase {
                Phase::Ended => return None,
                Phase::Joining(_) => match self.join().await {
                    Ok(news) => news,
                    Err(fault) => {
                        tracing::error!(%fault, "the journal could not be read for a stream");
                        self.phase = Phase::Ended;
                        return None;
                    }
                },
                Phase::Live(joined) => match joined.next(self.position).await {
                    Some(news) => Some(news),
                    None => {
                        self.phase = Phase::Ended;
                        return None;
                    }
                },
            };
            match news {
                Some(News::Events(events)) => {
                    let last = events.last().map(|sent| sent.position);
                    self.position = last.unwrap_or(self.position).max(self.position);
                    return Some(News::Events(events));
                }
                Some(News::Quiet(position)) => {
                    self.position = position.max(self.position);
                    return Some(News::Quiet(self.position));
                }
                None => {}
            }
        }
    }

    /// Joins the others, or reads a piece of the journal on the way there.
    async fn join(&mut self) -> Result<Option<News>, StoreFault> {
        let inner = Arc::clone(&self.live.inner);
        let newest = inner.store.health().seq;
        let taken = inner.hub().take_in(&self.viewer, self.position, newest, &inner.reader)?;
        match taken {
            Ok(Taken { id, missed, queue, waiting, reached }) => {
                inner.woken.notify_one();
                self.phase = Phase::Live(Box::new(Joined { id, queue, waiting, reached }));
                Ok((!missed.is_empty()).then_some(News::Events(missed)))
            }
            Err(NotTaken::Closed) => {
                self.phase = Phase::Ended;
                Ok(None)
            }
            Err(NotTaken::Behind) => self.catch_up().await,
        }
    }

    async fn catch_up(&mut self) -> Result<Option<News>, StoreFault> {
        let Phase::Joining(follower) = &mut self.phase else { return Ok(None) };
        let inner = Arc::clone(&self.live.inner);
        let mut follower = match follower.take() {
            Some(follower) => follower,
            None => inner.store.follow(self.position),
        };
        let viewer = Arc::clone(&self.viewer);
        let leave = inner.reading.acquire().await.ok();
        let reading = Arc::clone(&inner);
        let read = tokio::task::spawn_blocking(move || {
            let mut sent = Vec::new();
            for _ in 0..PIECES_AT_ONCE {
                let entries = follower.read(FRAMES_A_PIECE)?;
                let is_end = entries.is_empty();
                for frame in entries.into_iter().map(Frame::new) {
                    frame.sent_to(&viewer, &reading.reader, &mut sent)?;
                }
                if !sent.is_empty() || is_end {
                    break;
                }
            }
            Ok::<_, StoreFault>((follower, sent))
        });
        let read = read.await;
        drop(leave);
        let (follower, sent) = read.map_err(|_| StoreFault::Busy)??;
        let position = follower.position();
        self.phase = Phase::Joining(Some(follower));
        if sent.is_empty() {
            return Ok(Some(News::Quiet(position)));
        }
        // What was read behind the last event holds nothing for them.
        self.position = self.position.max(position);
        Ok(Some(News::Events(sent)))
    }
}

impl Joined {
    async fn next(&mut self, position: Seq) -> Option<News> {
        // Asked before the queue: what it says was in the queue by then.
        let reached = self.reached.load(Ordering::Acquire);
        if let Ok(events) = self.queue.try_recv() {
            return Some(self.took(events));
        }
        tokio::select! {
            events = self.queue.recv() => events.map(|events| self.took(events)),
            () = tokio::time::sleep(heartbeat(self.id)) => Some(News::Quiet(reached.max(position))),
        }
    }

    fn took(&self, events: Vec<Sent>) -> News {
        let bytes = events.iter().map(|sent| sent.bytes.len()).sum();
        self.waiting.fetch_sub(bytes, Ordering::Relaxed);
        News::Events(events)
    }
}

impl Drop for LiveStream {
    fn drop(&mut self) {
        if let Phase::Live(joined) = &self.phase {
            self.live.inner.hub().leave(joined.id);
        }
        self.live.inner.clients.decrement(1.0);
    }
}

/// After how long one who hears nothing is told that nothing happened: a little sooner or later,
/// so that those who heard the same last are not told all at once.
fn heartbeat(id: ClientId) -> Duration {
    let share = u32::try_from(id % u64::from(HEARTBEAT_SHARES)).unwrap_or_default();
    HEARTBEAT_MAX - HEARTBEAT_SPREAD / HEARTBEAT_SHARES * share
}

/// Who hears nothing for so long is told that nothing happened.
const HEARTBEAT_MAX: Duration = Duration::from_secs(15);
const HEARTBEAT_SPREAD: Duration = Duration::from_secs(3);
const HEARTBEAT_SHARES: u32 = 64;
/// Frames of the journal that are read for one at a time.
const FRAMES_A_PIECE: usize = 512;
/// Pieces without anything for them after which they are told how far they are.
const PIECES_AT_ONCE: usize = 16;
