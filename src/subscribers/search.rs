//! The search projection: lets the index follow the journal, one thread of its own.
//!
//! Invariant: the index is in step with the journal after any crash. It is told what products are
//! *now*, so that an entry that is read twice changes nothing, and its position is kept in the
//! commit of what it knows. If it is missing, damaged, of an older schema or ahead of the
//! journal, it is made again from committed products while the shop serves.

mod catalogue;
mod touched;

use std::{
    collections::BTreeMap,
    io,
    path::PathBuf,
    pin::Pin,
    sync::{Mutex, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

use tokio::{
    sync::watch,
    time::{Sleep, sleep},
};

use self::touched::Touched;
use crate::{
    domain::{
        catalogue::{CATEGORIES_MAX, Category, Product},
        ids::{CategoryId, ProductId, ShopId},
        inventory::Ledger,
        settings::Shop,
    },
    search::{Indexer, Progress, Search, SearchFault, Standing},
    store::{Entry, Follower, Order, Reader, Seq, Store, StoreFault, keys},
};

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
    pub fn start(
        store: Store,
        search: Search,
        indexer: Indexer,
        standing: Option<Standing>,
        dir: PathBuf,
    ) -> io::Result<Following> {
        let (stop, told) = watch::channel(false);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let projection = Projection {
            reader: store.reader(),
            store,
            search,
            dir,
            told,
            standing,
            pending: BTreeMap::new(),
        };
        let thread = std::thread::Builder::new()
            .name("search".to_owned())
            .spawn(move || runtime.block_on(projection.run(indexer)))?;
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
    /// The index must be made again.
    Unfit(&'static str),
}

struct Projection {
    store: Store,
    reader: Reader,
    search: Search,
    dir: PathBuf,
    told: watch::Receiver<bool>,
    /// Where the last commit stands.
    standing: Option<Standing>,
    /// Stock and sales of what was put in and not committed yet; `None` if it was taken out.
    pending: BTreeMap<ProductId, Option<(bool, u64)>>,
}

impl Projection {
    async fn run(mut self, indexer: Indexer) {
        let mut indexer = Some(indexer);
        while !*self.told.borrow() {
            let ended = match indexer.take() {
                Some(indexer) => self.follow(indexer).await,
                None => self.begin_again().map(|made| {
                    indexer = Some(made);
                    Ended::Unfit("")
                }),
            };
            match ended {
                Ok(Ended::Told) => return,
                Ok(Ended::Unfit("")) => {}
                Ok(Ended::Unfit(why)) => {
                    tracing::warn!(why, "the search index is made again");
                    self.standing = None;
                }
                Err(Trouble::Store(error)) => {
                    tracing::error!(%error, "search cannot follow the journal");
                    self.pause().await;
                }
                Err(Trouble::Search(error)) => {
                    tracing::error!(%error, "the search index cannot be written; trying again");
                    self.pause().await;
                }
            }
        }
    }

    /// The index opened again, or begun anew if it is unfit.
    fn begin_again(&mut self) -> Result<Indexer, Trouble> {
        if self.standing.is_none() || self.search.is_damaged() {
            self.search.forget(&self.dir)?;
        }
        let (indexer, standing) = self.search.reopen(&self.dir)?;
        self.standing = standing;
        self.pending.clear();
        Ok(indexer)
    }

    async fn follow(&mut self, mut indexer: Indexer) -> Result<Ended, Trouble> {
        self.learn_settings()?;
        if self.standing.is_some_and(|standing| !self.agrees(standing)) {
            return Ok(Ended::Unfit("it knows another journal"));
        }
        let begun = match self.standing {
            Some(standing) => standing,
            None => match self.build(&mut indexer)? {
                Some(standing) => standing,
                None => return Ok(Ended::Told),
            },
        };
        self.search.set_progress(Progress::Following);
        let mut last = begun;
        let mut follower = self.store.follow(begun.position);
        let mut gathering: Option<Pin<Box<Sleep>>> = None;
        let mut since_commit = 0;
        loop {
            let entries = follower.read(ENTRIES_AT_ONCE)?;
            if let Some(entry) = entries.last() {
                last = Standing { position: entry.seq, timeline: entry.timeline };
                since_commit += entries.len();
                self.take(&entries, &mut indexer)?;
            }
            if indexer.changes() == 0 {
                self.search.reached(follower.position());
            } else {
                gathering.get_or_insert_with(|| Box::pin(sleep(GATHER)));
            }
            let is_full = indexer.changes() >= CHANGES_MAX || since_commit >= ENTRIES_MAX;
            let is_over = gathering.as_ref().is_some_and(|timer| timer.is_elapsed()) || is_full;
            if is_over {
                self.commit(&mut indexer, last, follower.position())?;
                (gathering, since_commit) = (None, 0);
            }
            if self.search.is_damaged() {
                return Ok(Ended::Unfit("a part of it cannot be read"));
            }
            if entries.is_empty() && !self.wait(&mut follower, gathering.as_mut()).await {
                self.commit(&mut indexer, last, follower.position())?;
                return Ok(Ended::Told);
            }
        }
    }

    /// Waits for entries, the end of gathering or a look at how the index is; `false` at the end.
    async fn wait(
        &mut self,
        follower: &mut Follower,
        gathering: Option<&mut Pin<Box<Sleep>>>,
    ) -> bool {
        let timer = async {
            match gathering {
                Some(timer) => timer.await,
                None => sleep(LOOK_EVERY).await,
            }
        };
        tokio::select! {
            told = self.told.wait_for(|told| *told) => { drop(told); false }
            is_open = follower.wait() => is_open,
            () = timer => true,
        }
    }

    async fn pause(&mut self) {
        tokio::select! {
            told = self.told.wait_for(|told| *told) => drop(told),
            () = sleep(PAUSE) => {}
        }
    }

    /// Whether the journal is the one the index was made from.
    fn agrees(&self, standing: Standing) -> bool {
        if standing.position > self.store.health().seq {
            return false;
        }
        let before = standing.position.saturating_sub(1);
        let read = self.store.follow(before).read(1);
        // What was written in the end of a run without events has nothing to compare.
        let same = |entry: &Entry| {
            entry.seq != standing.position
                || standing.timeline == 0
                || entry.timeline == standing.timeline
        };
        read.is_ok_and(|entries| entries.first().is_none_or(same))
    }

    /// Makes the index anew from what is committed; where it stands then, unless the shop closes.
    fn build(&mut self, indexer: &mut Indexer) -> Result<Option<Standing>, Trouble> {
        let position = self.store.health().seq;
        let all = catalogue::count(&self.reader)?;
        tracing::info!(products = all, "the search index is being made");
        self.search.set_progress(Progress::Building { done: 0, all });
        indexer.clear()?;
        let reader = self.reader.clone();
        for (done, product) in (1..).zip(reader.all::<Product>()) {
            self.put(product?.1.state.id, indexer)?;
            if done % TOLD_EVERY == 0 {
                if *self.told.borrow() {
                    return Ok(None);
                }
                self.search.set_progress(Progress::Building { done, all });
                tracing::info!(done, all, "the search index is being made");
            }
            if done % SHOWN_EVERY == 0 {
                indexer.commit(None)?;
                self.search.show(0)?;
                self.pending.clear();
            }
        }
        let standing = Standing { position, timeline: 0 };
        self.commit(indexer, standing, position)?;
        tracing::info!(products = all, "the search index is complete");
        Ok(Some(standing))
    }

    fn commit(
        &mut self,
        indexer: &mut Indexer,
        standing: Standing,
        position: Seq,
    ) -> Result<(), Trouble> {
        if self.standing == Some(standing) && indexer.changes() == 0 {
            return Ok(());
        }
        indexer.commit(Some(standing))?;
        self.search.show(position)?;
        self.pending.clear();
        self.standing = Some(standing);
        Ok(())
    }

    /// Brings the index up to these entries.
    fn take(&mut self, entries: &[Entry], indexer: &mut Indexer) -> Result<(), Trouble> {
        let touched = Touched::by(entries)?;
        let mut products = touched.products;
        for variant in touched.ledgers {
            let product = self.reader.get::<Ledger>(variant)?.state.product;
            if !products.contains(&product) && self.shows_otherwise(product)? {
                products.insert(product);
            }
        }
        for category in &touched.categories {
            for product in catalogue::standing_in(&self.reader, *category)? {
                products.insert(product);
            }
        }
        for product in products {
            self.put(product, indexer)?;
        }
        if touched.shop || !touched.categories.is_empty() {
            self.learn_settings()?;
        }
        Ok(())
    }

    /// Whether a product's stock or sales differ from what the index knows, if it knows it.
    fn shows_otherwise(&self, product: ProductId) -> Result<bool, Trouble> {
        let known = match self.pending.get(&product) {
            Some(pending) => *pending,
            None => self.search.known_stock(product)?,
        };
        match known {
            Some(known) => Ok(known != catalogue::stock_of(&self.reader, product)?),
            None => Ok(false),
        }
    }

    fn put(&mut self, product: ProductId, indexer: &mut Indexer) -> Result<(), Trouble> {
        let shown = catalogue::findable(&self.reader, product)?;
        match &shown {
            Some(found) => indexer.put(found)?,
            None => indexer.remove(product),
        }
        let stock = shown.map(|found| (found.in_stock, found.sales_step));
        self.pending.insert(product, stock);
        Ok(())
    }

    /// What search must know besides products: synonyms and the names of categories.
    fn learn_settings(&self) -> Result<(), Trouble> {
        let rows = self.reader.rows(&keys::categories(), None, Order::Ascending, CATEGORIES_MAX)?;
        let mut categories = Vec::new();
        for id in rows.iter().filter_map(|(key, _)| key.last_id::<CategoryId>()) {
            let category = self.reader.get::<Category>(id)?.state;
            if category.exists() {
                categories.push((id, category.name.clone()));
            }
        }
        self.search.use_categories(categories);
        let shop = self.reader.get::<Shop>(ShopId::default())?.state;
        Ok(self.search.use_synonyms(&shop.synonyms)?)
    }
}

/// Changes are gathered so long before they are committed together.
const GATHER: Duration = Duration::from_millis(80);
/// How often a quiet projection looks whether its index is sound.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// After a fault, before it is tried again.
const PAUSE: Duration = Duration::from_secs(2);
const ENTRIES_AT_ONCE: usize = 256;
/// Changes in one commit.
const CHANGES_MAX: u64 = 4_096;
/// Entries after which the position is committed, though nothing to be found has changed: so
/// many are read again after a crash.
const ENTRIES_MAX: usize = 100_000;
const TOLD_EVERY: u64 = 5_000;
/// While the index is made, what is in so far can be found after so many products.
const SHOWN_EVERY: u64 = 25_000;
