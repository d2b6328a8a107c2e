//! Making: both indexes brought to where they can follow from, anew if need be, and committed.
//!
//! Invariant: what is made anew is made from what is committed at one position or later; entries
//! from there on are read again, and change nothing that is already so.

use super::{Pens, Projection, Touched, Trouble, cards, catalogue};
use crate::{
    domain::{
        catalogue::{CATEGORIES_MAX, Category, Product},
        ids::{CategoryId, Identity, ShopId},
        orders::Order,
        settings::Shop,
        users::User,
    },
    search::{Card, Committed, Filed, Filing, Indexer, Progress, Reach, Standing},
    store::{self, Entry, Seq, StoreFault, keys},
};

impl Projection {
    /// Whether the journal is another than the one an index was made from; that one is unfit.
    pub(super) fn has_another_journal(&mut self) -> bool {
        let known = (self.standing, self.filed);
        self.standing = self.standing.filter(|standing| self.agrees(*standing));
        self.filed = self.filed.filter(|standing| self.agrees(*standing));
        known != (self.standing, self.filed)
    }

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

    /// Makes what is not there yet; from where to follow then, unless the shop closes.
    pub(super) fn complete(&mut self, pens: &mut Pens) -> Result<Option<Standing>, Trouble> {
        let goods = match self.standing {
            Some(standing) => standing,
            None => match self.make_goods(&mut pens.goods)? {
                Some(standing) => standing,
                None => return Ok(None),
            },
        };
        self.search.set_progress(Progress::Following);
        let cards = match self.filed {
            Some(standing) => standing,
            None => match self.make_cards(&mut pens.cards)? {
                Some(standing) => standing,
                None => return Ok(None),
            },
        };
        self.register.set_progress(Progress::Following);
        let earlier = if goods.position <= cards.position { goods } else { cards };
        Ok(Some(earlier))
    }

    /// Makes the index of products anew.
    fn make_goods(&mut self, indexer: &mut Indexer) -> Result<Option<Standing>, Trouble> {
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
        self.commit_goods(indexer, standing, position)?;
        tracing::info!(products = all, "the search index is complete");
        Ok(Some(standing))
    }

    /// Makes the register anew.
    fn make_cards(&mut self, filing: &mut Filing) -> Result<Option<Standing>, Trouble> {
        let position = self.store.health().seq;
        tracing::info!("the staff's register is being made");
        self.register.set_progress(Progress::Building { done: 0, all: 0 });
        filing.clear()?;
        let reader = self.reader.clone();
        let mut products = reader
            .all::<Product>()
            .map(|found| found.and_then(|(id, _)| cards::of_product(&reader, id)));
        let mut users = reader
            .all::<User>()
            .map(|found| found.and_then(|(id, _)| cards::of_customer(&reader, id)));
        let mut orders = reader
            .all::<Order>()
            .map(|found| found.and_then(|(id, _)| cards::of_order(&reader, id)));
        let all: [&mut dyn Iterator<Item = Result<Option<Card>, StoreFault>>; 3] =
            [&mut products, &mut users, &mut orders];
        for (done, card) in (1..).zip(all.into_iter().flatten()) {
            if let Some(card) = card? {
                filing.put(&card)?;
            }
            if done % TOLD_EVERY == 0 {
                if *self.told.borrow() {
                    return Ok(None);
                }
                self.register.set_progress(Progress::Building { done, all: 0 });
            }
        }
        let standing = Standing { position, timeline: 0 };
        self.commit_cards(filing, standing, position)?;
        tracing::info!("the staff's register is complete");
        Ok(Some(standing))
    }

    /// Commits what has changed, and what has not as well if its position is long past.
    pub(super) fn commit(
        &mut self,
        pens: &mut Pens,
        standing: Standing,
        position: Seq,
        with_all: bool,
    ) -> Result<(), Trouble> {
        let some_are_there = pens.goods.changes() > 0 && self.later.are_few();
        if with_all || self.later.is_due() || some_are_there {
            let products = self.later.take();
            self.write_down(products, &mut pens.goods)?;
            // What sells better now is shown with them.
            self.search.tell_adjusted();
        }
        let is_written = self.later.is_due() && pens.goods.has_written();
        let is_wanted = pens.goods.changes() > 0 || is_written;
        if is_wanted || (with_all && self.standing != Some(standing)) {
            self.commit_goods(&mut pens.goods, standing, position)?;
        }
        let wanted = pens.cards.changes() > 0 && self.is_filing_due(pens);
        if wanted || (with_all && self.filed != Some(standing)) {
            self.commit_cards(&mut pens.cards, standing, position)?;
        }
        Ok(())
    }

    /// Whether it is time for the register: staff wait for it, or it has rested for a while. Each
    /// of its commits costs the shoppers of a busy shop something.
    fn is_filing_due(&self, pens: &Pens) -> bool {
        let is_awaited = *self.register.wanted().borrow() > self.register.position();
        is_awaited || self.later.may_file() || pens.cards.changes() >= CARDS_MAX
    }

    pub(super) fn commit_goods(
        &mut self,
        indexer: &mut Indexer,
        standing: Standing,
        position: Seq,
    ) -> Result<(), Trouble> {
        self.later.let_go_if_empty();
        // Until a backlog is done, what began it is not known: after a crash it is read again. So
        // is what waits for a later commit, though it is shown.
        let held = self.backlog.since();
        let all = held.map_or(position, |held| held.position);
        let held = [held, self.later.since()].into_iter().flatten();
        let standing = held.min_by_key(|held| held.position).unwrap_or(standing);
        let reach = Reach { all, most: position };
        match indexer.commit(Some(standing))? {
            Committed::Figures => self.search.show_alike(reach)?,
            Committed::Words => self.search.show_as_far_as(reach)?,
        }
        self.pending.clear();
        self.standing = Some(standing);
        self.later.committed();
        Ok(())
    }

    fn commit_cards(
        &mut self,
        filing: &mut Filing,
        standing: Standing,
        position: Seq,
    ) -> Result<(), Trouble> {
        filing.commit(Some(standing))?;
        self.register.show(position)?;
        self.filed = Some(standing);
        self.later.filed();
        Ok(())
    }

    /// What search must know besides products: synonyms and the names of categories.
    pub(super) fn learn_settings(&self) -> Result<(), Trouble> {
        let rows =
            self.reader.rows(&keys::categories(), None, store::Order::Ascending, CATEGORIES_MAX)?;
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

    /// Files the cards of what was touched.
    pub(super) fn file(&self, touched: &Touched, filing: &mut Filing) -> Result<(), Trouble> {
        let mut put = |filed: Filed, id: [u8; 16], card: Option<Card>| match card {
            Some(card) => filing.put(&card),
            None => filing.remove(filed, id),
        };
        for id in &touched.orders {
            put(Filed::Order, id.bytes(), cards::of_order(&self.reader, *id)?)?;
        }
        for id in &touched.users {
            put(Filed::Customer, id.bytes(), cards::of_customer(&self.reader, *id)?)?;
        }
        for id in &touched.named {
            put(Filed::Product, id.bytes(), cards::of_product(&self.reader, *id)?)?;
        }
        Ok(())
    }
}

/// Cards that are committed at once, whenever that was last done.
const CARDS_MAX: u64 = 4_096;
const TOLD_EVERY: u64 = 5_000;
/// While the index is made, what is in so far can be found after so many products.
const SHOWN_EVERY: u64 = 25_000;
