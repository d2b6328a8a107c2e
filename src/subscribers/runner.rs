//! Runner: sends every courier out, each on its own round, all on one thread of low priority.
//!
//! Invariant: what a courier had to bring is in the journal as brought, waiting or given up, or
//! it is begun again; a round that breaks is begun again and delays no other.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

use tokio::sync::{mpsc, watch};

use crate::{
    actors::{
        Desk, Intent, Rejection,
        couriers::{AskAgain, Couriers, DirectCourier, Direction, OpenCourier},
    },
    clock::Clock,
    domain::{
        deliveries::Delivery,
        ids::{CourierId, DeliveryId},
        time::{Stamp, Timestamp, Who},
    },
    store::{Seq, Store},
};

use super::{courier::Courier, round::Round};

/// How a courier's round stands, besides what the journal knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The last frame it has read.
    pub read: Seq,
    /// When the oldest frame that is not done with was written; none if all is done.
    pub behind_since: Option<Timestamp>,
    /// Deliveries that failed and will be tried again.
    pub waiting: usize,
    /// Since when nobody takes anything from it, and what was said.
    pub down: Option<(Timestamp, String)>,
}

impl Standing {
    /// The last frame that is done with, where the journal says that it is this one: what was
    /// read since and brought nothing is done with too, though nobody has written that down.
    pub fn done(&self, cursor: Seq) -> Seq {
        match self.behind_since {
            Some(_) => cursor,
            None => cursor.max(self.read),
        }
    }
}

/// The runner. Cheap to clone.
#[derive(Clone)]
pub struct Runner {
    inner: Arc<Inner>,
}

struct Inner {
    ways: Ways,
    starts: mpsc::Sender<Arc<dyn Courier>>,
    /// Who was sent out: nobody is twice.
    out: Mutex<BTreeSet<CourierId>>,
    stop: watch::Sender<bool>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What every round needs.
#[derive(Clone)]
pub(super) struct Ways {
    pub store: Store,
    pub desk: Desk<Couriers>,
    pub clock: Clock,
    pub standings: Arc<Mutex<BTreeMap<CourierId, Standing>>>,
    /// Changes when staff has asked a courier for something.
    pub asked: watch::Sender<()>,
}

impl Ways {
    pub fn intent(&self, who: Who) -> Intent {
        Intent::of(Stamp { at: self.clock.now(), who })
    }

    pub fn standings(&self) -> MutexGuard<'_, BTreeMap<CourierId, Standing>> {
        self.standings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Runner {
    /// A runner that sends nobody out yet.
    ///
    /// # Errors
    /// The machine gives no thread.
    pub fn start(store: Store, desk: Desk<Couriers>, clock: Clock) -> std::io::Result<Runner> {
        let ways =
            Ways { store, desk, clock, standings: Arc::default(), asked: watch::Sender::new(()) };
        let (starts, begun) = mpsc::channel(COURIERS_MAX);
        let (stop, told) = watch::channel(false);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let for_thread = ways.clone();
        let thread = std::thread::Builder::new().name("couriers".into()).spawn(move || {
            // Where it is refused, letters only cost a little more of what shoppers get.
            let _ = rustix::process::setpriority_process(None, NICE);
            runtime.block_on(run(&for_thread, begun, told));
        })?;
        let thread = Mutex::new(Some(thread));
        let out = Mutex::default();
        Ok(Runner { inner: Arc::new(Inner { ways, starts, out, stop, thread }) })
    }

    /// Takes a courier on, where the journal stands now if it is new, and sends it out. Safe to
    /// repeat: it goes out once.
    ///
    /// # Errors
    /// It was closed, or another has its id; busy.
    pub async fn send_out(&self, courier: Arc<dyn Courier>) -> Result<(), Rejection> {
        let from = self.inner.ways.store.health().seq;
        self.send_out_from(courier, from).await
    }

    /// The same, behind a frame if it is new.
    ///
    /// # Errors
    /// As [`Runner::send_out`].
    pub async fn send_out_from(
        &self,
        courier: Arc<dyn Courier>,
        from: Seq,
    ) -> Result<(), Rejection> {
        let ways = &self.inner.ways;
        let open = OpenCourier { courier: courier.id(), name: courier.name(), from };
        ways.desk.ask(open, ways.intent(Who::Shop)).await?;
        if !self.out().insert(courier.id()) {
            return Ok(());
        }
        self.inner.starts.send(courier).await.map_err(|_| Rejection::Busy)
    }

    fn out(&self) -> MutexGuard<'_, BTreeSet<CourierId>> {
        self.inner.out.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has every courier look whether it may go now, and what it has to do.
    pub fn look_again(&self) {
        self.inner.ways.asked.send_replace(());
    }

    /// How every round stands, by its courier.
    pub fn standings(&self) -> BTreeMap<CourierId, Standing> {
        self.inner.ways.standings().clone()
    }

    /// Lets a courier rest, go on, or end.
    ///
    /// # Errors
    /// There is no such courier; busy.
    pub async fn direct(
        &self,
        courier: CourierId,
        direction: Direction,
        who: Who,
    ) -> Result<(), Rejection> {
        let ways = &self.inner.ways;
        ways.desk.ask(DirectCourier { courier, direction }, ways.intent(who)).await?;
        ways.asked.send_replace(());
        Ok(())
    }

    /// Has a delivery made again, or sooner.
    ///
    /// # Errors
    /// There is no such delivery; busy.
    pub async fn ask_again(
        &self,
        delivery: DeliveryId,
        intent: Intent,
    ) -> Result<Arc<Delivery>, Rejection> {
        let ways = &self.inner.ways;
        let asked = ways.desk.ask(AskAgain { delivery }, intent).await?;
        ways.asked.send_replace(());
        Ok(asked)
    }

    /// How a courier's round stands; nothing is known of one that was not sent out.
    pub fn standing(&self, courier: CourierId) -> Option<Standing> {
        self.inner.ways.standings().get(&courier).cloned()
    }

    /// Calls everybody home: what is under way ends or is given some seconds, what was done is
    /// recorded, and nothing new is begun. Safe to repeat.
    pub fn stop(&self) {
        let _nobody_left = self.inner.stop.send(true);
        let thread = self.inner.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the couriers' thread broke");
        }
    }
}

async fn run(
    ways: &Ways,
    mut begun: mpsc::Receiver<Arc<dyn Courier>>,
    mut told: watch::Receiver<bool>,
) {
    let mut rounds = tokio::task::JoinSet::new();
    let for_rounds = told.clone();
    loop {
        tokio::select! {
            courier = begun.recv() => {
                let Some(courier) = courier else { break };
                rounds.spawn(walk(ways.clone(), courier, for_rounds.clone()));
            }
            _ = told.wait_for(|stop| *stop) => break,
        }
        while rounds.try_join_next().is_some() {}
    }
    while rounds.join_next().await.is_some() {}
}

/// Walks a courier's round until it is told to stop or closed; a round that breaks begins again.
async fn walk(ways: Ways, courier: Arc<dyn Courier>, mut told: watch::Receiver<bool>) {
    let name = courier.name();
    let for_round = told.clone();
    loop {
        let round = walk_once(ways.clone(), Arc::clone(&courier), for_round.clone());
        let round = tokio::spawn(round);
        match round.await {
            Ok(Ok(())) => return,
            Ok(Err(fault)) => {
                tracing::error!(courier = name, %fault, "a courier stopped and begins again");
            }
            Err(broken) => {
                tracing::error!(courier = name, %broken, "a courier broke and begins again");
            }
        }
        tokio::select! {
            () = tokio::time::sleep(BEGIN_AGAIN_AFTER) => {}
            _ = told.wait_for(|stop| *stop) => return,
        }
    }
}

async fn walk_once(
    ways: Ways,
    courier: Arc<dyn Courier>,
    told: watch::Receiver<bool>,
) -> Result<(), crate::store::StoreFault> {
    Round::begin(ways, courier)?.walk(told).await
}

/// Letters give way to whatever a shopper waits for.
const NICE: i32 = 10;
/// Couriers that may wait to be sent out.
const COURIERS_MAX: usize = 64;
const BEGIN_AGAIN_AFTER: Duration = Duration::from_secs(1);
