//! The search projection: lets the index of products and the staff's register follow the journal,
//! one thread for both.
//!
//! Invariant: each is in step with the journal after any crash. It is told what things are *now*,
//! so that an entry that is read twice changes nothing, and its position is kept in the commit of
//! what it knows. If it is missing, damaged, of an older schema or ahead of the journal, it is
//! made again from what is committed while the shop serves.

mod backlog;
mod cards;
mod catalogue;
mod later;
mod making;
mod touched;
mod turning;

use std::{
    collections::BTreeMap,
    io,
    path::PathBuf,
    sync::{Mutex, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

use tokio::{sync::watch, time::sleep};

use self::{
    backlog::Backlog,
    later::Later,
    touched::Touched,
    turning::{SLICE_PRODUCTS, Way},
};
use crate::{
    domain::{ids::ProductId, inventory::Ledger},
    search::{Figures, Filing, Findable, Indexer, Register, Search, SearchFault, Standing},
    store::{Entry, Reader, Store, StoreFault},
};

/// The index of products, with its writer and where it stands.
pub struct Goods {
    /// The index.
    pub search: Search,
    /// Its writer.
    pub indexer: Indexer,
    /// Where it stands; nowhere, if it is to be made.
    pub standing: Option<Standing>,
    /// Where it lies.
    pub dir: PathBuf,
}

/// The staff's register, with its writer and where it stands.
pub struct Desk {
    /// The register.
    pub register: Register,
    /// Its writer.
    pub filing: Filing,
    /// Where it stands; nowhere, if it is to be made.
    pub standing: Option<Standing>,
    /// Where it lies.
    pub dir: PathBuf,
}

/// Both writers.
struct Pens {
    goods: Indexer,
    cards: Filing,
}

impl Pens {
    /// Changes that are not committed yet.
    fn changes(&self) -> u64 {
        self.goods.changes() + self.cards.changes()
    }

    /// Lets go of what writing takes, where nothing is to be written.
    fn rest(&mut self) -> Result<(), SearchFault> {
        self.goods.rest()?;
        self.cards.rest()
    }
}

/// The running projection; dropping it ends it, with everything it knows committed.
pub struct Following {
    stop: watch::Sender<bool>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Following {
    /// Lets this index follow this store from where it stands.
    ///
    /// # Errors
    /// The machine gives no thread.
    pub fn start(store: Store, goods: Goods, desk: Desk) -> io::Result<Following> {
        let (stop, told) = watch::channel(false);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let Goods { search, indexer, standing, dir } = goods;
        let Desk { register, filing, standing: filed, dir: register_dir } = desk;
        let pens = Pens { goods: indexer, cards: filing };
        let projection = Projection {
            reader: store.reader(),
            store,
            search,
            dir,
            register,
            register_dir,
            told,
            standing,
            filed,
            pending: BTreeMap::new(),
            backlog: Backlog::default(),
            later: Later::default(),
        };
        let thread = std::thread::Builder::new().name("search".to_owned()).spawn(move || {
            // Where it is refused, following only costs a little more of what shoppers get.
            let _ = rustix::process::setpriority_process(None, NICE);
            runtime.block_on(projection.run(pens));
        })?;
        Ok(Following { stop, thread: Mutex::new(Some(thread)) })
    }

    /// Ends it: commits what it knows. Safe to repeat.
    pub fn stop(&self) {
        self.stop.send_replace(true);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the search projection panicked; the index is made again");
        }
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Why following ended.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Search(#[from] SearchFault),
    #[error(transparent)]
    Store(#[from] StoreFault),
}

/// How following went on.
enum Ended {
    /// The shop closes.
    Told,
    /// One of the two must be made again.
    Unfit(&'static str),
}

struct Projection {
    store: Store,
    reader: Reader,
    search: Search,
    dir: PathBuf,
    register: Register,
    register_dir: PathBuf,
    told: watch::Receiver<bool>,
    /// Where the last commit of the index stands.
    standing: Option<Standing>,
    /// Where the last commit of the register stands.
    filed: Option<Standing>,
    /// Figures of what was put in and not committed yet; `None` if it was taken out.
    pending: BTreeMap<ProductId, Option<Figures>>,
    /// Products of a category that changed, if they are so many that others go first.
    backlog: Backlog,
    later: Later,
}

impl Projection {
    async fn run(mut self, pens: Pens) {
        let mut pens = Some(pens);
        while !*self.told.borrow() {
            let ended = match pens.take() {
                Some(pens) => self.follow(pens).await,
                None => match self.begin_again() {
                    Ok(made) => {
                        pens = Some(made);
                        continue;
                    }
                    Err(trouble) => Err(trouble),
                },
            };
            match ended {
                Ok(Ended::Told) => return,
                Ok(Ended::Unfit(why)) => tracing::warn!(why, "a search index is made again"),
                Err(Trouble::Store(error)) => {
                    tracing::error!(%error, "search cannot follow the journal");
                    self.pause().await;
                }
                Err(Trouble::Search(error)) => {
                    tracing::error!(%error, "a search index cannot be written; trying again");
                    self.pause().await;
                }
            }
        }
    }

    /// Both opened again; what is unfit is begun anew.
    fn begin_again(&mut self) -> Result<Pens, Trouble> {
        if self.standing.is_none() || self.search.is_damaged() {
            self.search.forget(&self.dir)?;
        }
        let (goods, standing) = self.search.reopen(&self.dir)?;
        self.standing = standing;
        self.pending.clear();
        self.backlog = Backlog::default();
        // What it held is read again.
        drop(self.later.take());
        self.later.let_go_if_empty();
        if self.filed.is_none() || self.register.is_damaged() {
            self.register.forget(&self.register_dir)?;
        }
        let (cards, filed) = self.register.reopen(&self.register_dir)?;
        self.filed = filed;
        Ok(Pens { goods, cards })
    }

    async fn follow(&mut self, mut pens: Pens) -> Result<Ended, Trouble> {
        self.learn_settings()?;
        if self.has_another_journal() {
            return Ok(Ended::Unfit("it knows another journal"));
        }
        let Some(begun) = self.complete(&mut pens)? else { return Ok(Ended::Told) };
        let mut way = Way::from(begun, self.store.follow(begun.position));
        let mut hurried = [self.search.wanted(), self.register.wanted()];
        loop {
            let is_news = self.turn(&mut pens, &mut way)?;
            if self.is_damaged() {
                return Ok(Ended::Unfit("a part of it cannot be read"));
            }
            let goes_on = if is_news || self.has_more_to_do() {
                way.glance().await;
                true
            } else {
                self.wait(&mut way, &mut hurried).await
            };
            if !goes_on {
                self.end(&mut pens, way)?;
                return Ok(Ended::Told);
            }
        }
    }

    fn is_damaged(&mut self) -> bool {
        if self.search.is_damaged() {
            self.standing = None;
        }
        if self.register.is_damaged() {
            self.filed = None;
        }
        self.standing.is_none() || self.filed.is_none()
    }

    /// Waits for entries, the end of gathering, somebody in a hurry or a look at how things are;
    /// `false` at the end.
    async fn wait(&mut self, way: &mut Way, hurried: &mut [watch::Receiver<u64>; 2]) -> bool {
        let Way { follower, gathering, .. } = way;
        let timer = async {
            match gathering {
                Some(timer) => timer.await,
                None => sleep(LOOK_EVERY).await,
            }
        };
        let [for_goods, for_cards] = hurried;
        tokio::select! {
            told = self.told.wait_for(|told| *told) => { drop(told); false }
            is_open = follower.wait() => is_open,
            Ok(()) = for_goods.changed() => true,
            Ok(()) = for_cards.changed() => true,
            () = timer => true,
            () = self.later.waited() => true,
        }
    }

    async fn pause(&mut self) {
        tokio::select! {
            told = self.told.wait_for(|told| *told) => drop(told),
            () = sleep(PAUSE) => {}
        }
    }

    /// Brings the index up to these entries.
    fn take(&mut self, entries: &[Entry], pens: &mut Pens) -> Result<(), Trouble> {
        let touched = Touched::by(entries)?;
        self.file(&touched, &mut pens.cards)?;
        let mut products = touched.products;
        for variant in touched.ledgers {
            let product = self.reader.get::<Ledger>(variant)?.state.product;
            if products.contains(&product) {
                continue;
            }
            self.restock(product, &mut pens.goods)?;
        }
        let mut room = SLICE_PRODUCTS;
        for category in &touched.categories {
            let standing = catalogue::standing_in(&self.reader, *category)?;
            match room.checked_sub(standing.len()) {
                Some(left) => {
                    room = left;
                    products.extend(standing);
                }
                None => self.backlog.add(standing, self.standing),
            }
        }
        for product in &touched.repriced {
            self.reprice(*product, &mut pens.goods)?;
        }
        for product in products {
            self.bring_up(product, &mut pens.goods)?;
        }
        if touched.shop || !touched.categories.is_empty() {
            self.learn_settings()?;
        }
        Ok(())
    }

    /// Puts a product in as it is now, or takes it out.
    fn put(&mut self, product: ProductId, indexer: &mut Indexer) -> Result<(), Trouble> {
        let shown = catalogue::findable(&self.reader, product)?;
        self.put_as(product, shown, indexer)
    }

    fn put_as(
        &mut self,
        product: ProductId,
        shown: Option<Findable>,
        indexer: &mut Indexer,
    ) -> Result<(), Trouble> {
        match &shown {
            Some(found) => indexer.put(found)?,
            None => indexer.remove(product)?,
        }
        self.backlog.is_indexed(product);
        self.pending.insert(product, shown.map(|found| found.figures()));
        Ok(())
    }
}

/// Following gives way to whatever a shopper waits for.
const NICE: i32 = 5;
/// How often a quiet projection looks whether its index is sound.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// After a fault, before it is tried again.
const PAUSE: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests;
