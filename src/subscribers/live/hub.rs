//! Hub: who listens to what, and the last frames for those who come back after a moment.
//!
//! Invariant: a client gets each frame behind the position it came with exactly once, from the
//! recent ones when it is taken in or from those that are taken later; or it is let go. Of numbers
//! of stock the last of several is enough.

mod telling;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::sync::mpsc;

use super::{
    frame::{Event, Frame},
    outgoing::Outgoing,
    stream::Sent,
    viewer::Viewer,
};
use crate::{
    domain::ids::{CartId, ProductId, UserId, VariantId},
    store::{Reader, Seq, StoreFault},
    subscribers::public,
};

pub(super) use telling::SentOut;

/// Names one who listens, for as long as the shop runs.
pub(super) type ClientId = u64;

/// One who listens, as the hub knows them.
struct Client {
    viewer: Arc<Viewer>,
    /// Frames up to here they have.
    after: Seq,
    /// What they are sent next.
    next: Outgoing,
    /// Before this they are told no number of stock that has nothing to go with.
    numbers_due: Duration,
    queue: mpsc::Sender<Vec<Sent>>,
    /// Bytes in the queue.
    waiting: Arc<AtomicUsize>,
}

impl Client {
    /// Sends what is to be sent; whether they keep up.
    fn send(&mut self, reader: &Reader) -> Result<bool, StoreFault> {
        let sent = self.next.take(&self.viewer, reader)?;
        if sent.is_empty() {
            return Ok(true);
        }
        let bytes = sent.iter().map(|sent| sent.bytes.len()).sum::<usize>();
        let waiting = self.waiting.fetch_add(bytes, Ordering::Relaxed);
        Ok(waiting <= QUEUE_BYTES_MAX && self.queue.try_send(sent).is_ok())
    }
}

/// What one who was taken in gets: what they missed, and what comes.
pub(super) struct Taken {
    pub id: ClientId,
    pub missed: Vec<Sent>,
    pub queue: mpsc::Receiver<Vec<Sent>>,
    pub waiting: Arc<AtomicUsize>,
    /// The last frame up to which everybody was told of all.
    pub reached: Arc<AtomicU64>,
}

/// Why one is not taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotTaken {
    /// They were away for too long: the journal must be read for them first.
    Behind,
    /// The shop is closing, or nothing can be read.
    Closed,
}

/// Who listens.
pub(super) struct Hub {
    clients: BTreeMap<ClientId, Client>,
    staff: BTreeSet<ClientId>,
    users: BTreeMap<UserId, BTreeSet<ClientId>>,
    carts: BTreeMap<CartId, BTreeSet<ClientId>>,
    products: BTreeMap<ProductId, BTreeSet<ClientId>>,
    /// Those who are to be sent something.
    round: Vec<ClientId>,
    /// The last number of each variant's stock in this round that those who follow it do not
    /// have yet.
    numbers: BTreeMap<VariantId, (ProductId, Seq, Arc<Event>)>,
    recent: VecDeque<Frame>,
    /// How much the journal has of those.
    recent_bytes: usize,
    /// The recent frames begin behind this one.
    floor: Seq,
    /// The last frame that was taken.
    taken: Seq,
    reached: Arc<AtomicU64>,
    next: ClientId,
    places: Arc<AtomicUsize>,
    state: State,
    dropped: metrics::Counter,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Asleep,
    /// To be followed behind this frame.
    Awake(Seq),
    Closed,
}

/// A place for one who listens; dropping it frees it.
pub(super) struct ClientPlace(Arc<AtomicUsize>);

impl Drop for ClientPlace {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Hub {
    pub fn new(dropped: metrics::Counter) -> Hub {
        Hub {
            clients: BTreeMap::new(),
            staff: BTreeSet::new(),
            users: BTreeMap::new(),
            carts: BTreeMap::new(),
            products: BTreeMap::new(),
            round: Vec::new(),
            numbers: BTreeMap::new(),
            recent: VecDeque::new(),
            recent_bytes: 0,
            floor: 0,
            taken: 0,
            reached: Arc::default(),
            next: 0,
            places: Arc::default(),
            state: State::Asleep,
            dropped,
        }
    }

    /// A place for one more, if there is room.
    pub fn take_place(&self) -> Option<ClientPlace> {
        if self.state == State::Closed || self.places() >= CLIENTS_MAX {
            return None;
        }
        self.places.fetch_add(1, Ordering::Relaxed);
        Some(ClientPlace(Arc::clone(&self.places)))
    }

    /// How many have one.
    pub fn places(&self) -> usize {
        self.places.load(Ordering::Relaxed)
    }

    /// Takes one in who has all up to `after`, or says why not. `newest` is where the journal
    /// stands.
    pub fn take_in(
        &mut self,
        viewer: &Arc<Viewer>,
        after: Seq,
        newest: Seq,
        reader: &Reader,
    ) -> Result<Result<Taken, NotTaken>, StoreFault> {
        match self.state {
            State::Closed => return Ok(Err(NotTaken::Closed)),
            State::Asleep if newest.saturating_sub(after) > RECENT_FRAMES_MAX => {
                return Ok(Err(NotTaken::Behind));
            }
            State::Asleep => {
                self.state = State::Awake(after);
                (self.floor, self.taken) = (after, after);
                self.reached.store(after, Ordering::Release);
            }
            State::Awake(_) if after < self.floor => return Ok(Err(NotTaken::Behind)),
            State::Awake(_) => {}
        }
        let mut missed = Vec::new();
        for frame in self.recent.iter().filter(|frame| frame.seq() > after) {
            frame.sent_to(viewer, reader, &mut missed)?;
        }
        self.next += 1;
        let id = self.next;
        let (sender, queue) = mpsc::channel(QUEUE_ROUNDS_MAX);
        let waiting = Arc::new(AtomicUsize::new(0));
        let client = Client {
            viewer: Arc::clone(viewer),
            after: after.max(self.taken),
            next: Outgoing::default(),
            numbers_due: Duration::ZERO,
            queue: sender,
            waiting: Arc::clone(&waiting),
        };
        self.clients.insert(id, client);
        self.enter(id, viewer);
        let reached = Arc::clone(&self.reached);
        Ok(Ok(Taken { id, missed, queue, waiting, reached }))
    }

    fn enter(&mut self, id: ClientId, viewer: &Viewer) {
        if viewer.is_staff {
            self.staff.insert(id);
            return;
        }
        if let Some(cart) = viewer.cart {
            self.carts.entry(cart).or_default().insert(id);
        }
        for product in &viewer.products {
            self.products.entry(*product).or_default().insert(id);
        }
        if let Some(user) = viewer.user {
            self.users.entry(user).or_default().insert(id);
        }
    }

    /// Forgets one who listened.
    pub fn leave(&mut self, id: ClientId) {
        let Some(client) = self.clients.remove(&id) else { return };
        self.staff.remove(&id);
        if let Some(user) = client.viewer.user {
            left(&mut self.users, user, id);
        }
        if let Some(cart) = client.viewer.cart {
            left(&mut self.carts, cart, id);
        }
        for product in &client.viewer.products {
            left(&mut self.products, *product, id);
        }
    }

    /// Where to follow from, if anybody listens.
    pub fn awake_after(&self) -> Option<Seq> {
        match self.state {
            State::Awake(after) => Some(after),
            State::Asleep | State::Closed => None,
        }
    }

    /// The last frame that everybody was told of, while anybody listens.
    pub fn taken(&self) -> Option<Seq> {
        self.awake_after().map(|_| self.taken)
    }

    /// Falls asleep if nobody listens; whether it sleeps.
    pub fn fall_asleep(&mut self) -> bool {
        if self.clients.is_empty() && self.state != State::Closed {
            self.recent.clear();
            self.numbers.clear();
            self.recent_bytes = 0;
            self.state = State::Asleep;
        }
        self.awake_after().is_none()
    }

    /// Whether what happens to this kind matters to anybody now.
    fn hears_of(&self, kind: &str) -> bool {
        let is_for_staff = !self.staff.is_empty() && public::is_public(kind);
        let may_end = matches!(kind, "user" | "api_key") && !self.users.is_empty();
        is_for_staff || may_end || self.customers_hear_of(kind)
    }

    /// The same, of those who are not staff.
    fn customers_hear_of(&self, kind: &str) -> bool {
        match kind {
            "order" => !self.users.is_empty(),
            "cart" => !self.users.is_empty() || !self.carts.is_empty(),
            "ledger" => !self.products.is_empty(),
            _ => false,
        }
    }

    /// Takes one frame: for each who may see something of it, it waits for the end of the round.
    pub fn take(&mut self, frame: Frame, reader: &Reader) -> Result<(), StoreFault> {
        let seq = frame.seq();
        if frame.may_tell_of(|kind| self.hears_of(kind)) {
            for event in frame.events()? {
                self.end_sessions(event, reader)?;
                self.route(seq, event, reader)?;
            }
        }
        self.taken = seq;
        if frame.may_tell_of(public::is_public) {
            self.recent_bytes += frame.bytes();
            self.recent.push_back(frame);
        }
        while self.recent.len() > RECENT_FRAMES_KEPT || self.recent_bytes > RECENT_BYTES_MAX {
            let Some(oldest) = self.recent.pop_front() else { break };
            self.recent_bytes -= oldest.bytes();
            self.floor = oldest.seq();
        }
        Ok(())
    }

    /// Lets go whoever's rights changed by this: they come back with what they have now.
    fn end_sessions(&mut self, event: &Event, reader: &Reader) -> Result<(), StoreFault> {
        let happened = &event.happened;
        let gone: Vec<ClientId> = match happened.kind.as_str() {
            "user" if event.ends_sessions() => {
                let Ok(user) = happened.aggregate.parse::<UserId>() else { return Ok(()) };
                self.those(|client| client.viewer.user == Some(user))
            }
            "api_key" if happened.json.get().contains("key_revoked") => {
                let Ok(key) = happened.aggregate.parse() else { return Ok(()) };
                self.those(|client| client.viewer.key == Some(key))
            }
            _ => return Ok(()),
        };
        if !gone.is_empty() {
            self.hand_out_numbers();
        }
        for id in gone {
            // What they could see until then is theirs.
            if let Some(client) = self.clients.get_mut(&id).filter(|one| !one.next.is_empty()) {
                let _full_or_gone = client.send(reader)?;
            }
            self.leave(id);
        }
        Ok(())
    }

    fn those(&self, are_meant: impl Fn(&Client) -> bool) -> Vec<ClientId> {
        self.clients.iter().filter(|(_, client)| are_meant(client)).map(|(id, _)| *id).collect()
    }

    /// Lets everybody go; they may come back.
    pub fn let_everybody_go(&mut self) {
        for id in self.those(|_| true) {
            self.leave(id);
        }
        self.fall_asleep();
    }

    /// Lets everybody go, for good.
    pub fn close(&mut self) {
        self.let_everybody_go();
        self.state = State::Closed;
    }
}

fn left<K: Ord>(those: &mut BTreeMap<K, BTreeSet<ClientId>>, key: K, id: ClientId) {
    let Some(clients) = those.get_mut(&key) else { return };
    clients.remove(&id);
    if clients.is_empty() {
        those.remove(&key);
    }
}

/// Those who listen at the same time.
const CLIENTS_MAX: usize = 5_000;
/// Rounds that wait for one client; a round takes ten milliseconds or more.
const QUEUE_ROUNDS_MAX: usize = 256;
/// Bytes that wait for one client.
const QUEUE_BYTES_MAX: usize = 2 << 20;
/// Frames that are kept for those who come back.
const RECENT_FRAMES_KEPT: usize = 1_024;
/// What the journal has of them.
const RECENT_BYTES_MAX: usize = 4 << 20;
/// Who is further behind than this catches up before anybody wakes up for them.
const RECENT_FRAMES_MAX: Seq = 1_024;
