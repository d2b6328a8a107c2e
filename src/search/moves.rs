//! Moves: how often figures have changed, and which answers that were made before still hold.
//!
//! Invariant: an answer that is left standing would be made the same again. Changes of many
//! products are told as one, so that what was made outlives more than a moment of a busy shop, and
//! another price leaves the answers standing that it could not change.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use super::{
    figures::Figures,
    request::{Filters, SearchAnswer, SearchRequest, SearchSort},
};

/// How often figures have changed.
#[derive(Debug, Default)]
pub(super) struct Moves {
    prices: Count,
    stock: Count,
    repriced: Mutex<Repricings>,
}

/// A count, and whether it is to move.
#[derive(Debug, Default)]
struct Count {
    told: AtomicU64,
    is_due: AtomicBool,
}

/// How often prices and stock had changed when something was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moved {
    prices: u64,
    stock: u64,
}

/// How often what is in stock, or sells well, had changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StockMoved(u64);

/// An answer, and how far the figures were that it is known to be right for.
#[derive(Debug)]
pub(super) struct KeptAnswer {
    /// The answer.
    pub answer: Arc<SearchAnswer>,
    prices: AtomicU64,
    stock: u64,
}

/// The last changes of prices, in order.
#[derive(Debug, Default)]
struct Repricings {
    /// Each with the count that tells it.
    last: VecDeque<(u64, Repriced)>,
    /// The count that told the last one which is not among them any more.
    forgotten: u64,
}

/// The prices of a product, from its cheapest variant to its dearest, before and after a change.
#[derive(Clone, Copy, Debug)]
struct Repriced {
    from: (i64, i64),
    to: (i64, i64),
}

impl Count {
    fn now(&self) -> u64 {
        self.told.load(Ordering::Acquire)
    }

    fn is_due(&self) -> bool {
        self.is_due.load(Ordering::Relaxed)
    }

    fn will_move(&self) {
        self.is_due.store(true, Ordering::Relaxed);
    }

    /// After what changed can be read: who still sees the old count may have read the old figures.
    fn tell(&self) -> bool {
        let is_due = self.is_due.swap(false, Ordering::Relaxed);
        self.told.fetch_add(u64::from(is_due), Ordering::Release);
        is_due
    }
}

impl Moves {
    /// How often figures have changed. Asked before something is made from them.
    pub fn now(&self) -> Moved {
        Moved { prices: self.prices.now(), stock: self.stock.now() }
    }

    /// The same of what is made without prices.
    pub fn of_stock(&self) -> StockMoved {
        StockMoved(self.stock.now())
    }

    /// Whether figures changed and were not told.
    pub fn are_due(&self) -> bool {
        self.prices.is_due() || self.stock.is_due()
    }

    /// Tells changes; whether there were any.
    pub fn tell(&self) -> bool {
        let (prices, stock) = (self.prices.tell(), self.stock.tell());
        prices || stock
    }

    /// The figures of a product are others now, which is told later. For one writer.
    pub fn note(&self, before: Figures, after: Figures) {
        if before.price_minor != after.price_minor {
            let range = |figures: Figures| (figures.price_minor, figures.dearest());
            let repriced = Repriced { from: range(before), to: range(after) };
            self.repricings(|all| all.add(self.prices.now() + 1, repriced));
            self.prices.will_move();
        }
        if (Figures { price_minor: after.price_minor, ..before }) != after {
            self.stock.will_move();
        }
    }

    /// Whether all that was told leaves this answer as it is.
    pub fn leave(&self, kept: &KeptAnswer, request: &SearchRequest) -> bool {
        let Moved { prices, stock } = self.now();
        if kept.stock != stock {
            return false;
        }
        let seen = kept.prices.load(Ordering::Relaxed);
        let stands = seen == prices
            || self.repricings(|all| {
                let matters = |repriced: &Repriced| repriced.matters(request, &kept.answer);
                all.since(seen).is_some_and(|mut since| !since.any(matters))
            });
        if stands {
            kept.prices.fetch_max(prices, Ordering::Relaxed);
        }
        stands
    }

    fn repricings<T>(&self, with: impl FnOnce(&mut Repricings) -> T) -> T {
        with(&mut self.repriced.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl KeptAnswer {
    /// An answer that was made after figures had changed so often.
    pub fn of(answer: Arc<SearchAnswer>, moved: Moved) -> KeptAnswer {
        let Moved { prices, stock } = moved;
        KeptAnswer { answer, prices: AtomicU64::new(prices), stock }
    }
}

impl Repricings {
    fn add(&mut self, told_by: u64, repriced: Repriced) {
        if self.last.len() == REPRICINGS_MAX
            && let Some((told_by, _)) = self.last.pop_front()
        {
            self.forgotten = told_by;
        }
        self.last.push_back((told_by, repriced));
    }

    /// Those that were told after this count; `None` if some are not known any more.
    fn since(&self, seen: u64) -> Option<impl Iterator<Item = &Repriced>> {
        let begin = self.last.partition_point(|(told_by, _)| *told_by <= seen);
        (self.forgotten <= seen).then(|| self.last.range(begin..).map(|(_, repriced)| repriced))
    }
}

impl Repriced {
    /// Whether an answer may be another because of this. Nobody knows here which products an
    /// answer is about; but none whose price was not among those that were found.
    fn matters(&self, request: &SearchRequest, answer: &SearchAnswer) -> bool {
        let Repriced { from, to } = *self;
        let SearchRequest { filters, sort, .. } = request;
        if answer.total == 0 && (filters.min_price.is_some() || filters.max_price.is_some()) {
            // Another spelling may have been counted instead.
            return true;
        }
        let matters_to_list = match sort {
            SearchSort::Cheapest | SearchSort::Dearest => true,
            SearchSort::Relevance
            | SearchSort::Newest
            | SearchSort::Name
            | SearchSort::BestSelling => is_asked_for(filters, from) != is_asked_for(filters, to),
        };
        let Some(facets) = &answer.facets else { return matters_to_list };
        let Some((least, most)) = facets.prices else { return false };
        if from.0 < least || most < from.1 {
            return false;
        }
        let is_at_an_end = from.0 == least || from.1 == most;
        matters_to_list || is_at_an_end || to.0 < least || most < to.1
    }
}

/// Whether a product of these prices passes the filter of prices.
fn is_asked_for(filters: &Filters, (cheapest, dearest): (i64, i64)) -> bool {
    filters.min_price.is_none_or(|least| least <= dearest)
        && filters.max_price.is_none_or(|most| cheapest <= most)
}

/// Changes of prices that are remembered: those of some seconds of a busy shop.
const REPRICINGS_MAX: usize = 2_048;

#[cfg(test)]
mod tests {
    use super::{
        super::{Findable, Search, answered, findings::mark_of},
        *,
    };
    use crate::domain::ids::{Identity, ProductId};

    #[track_caller]
    fn check(request: &SearchRequest, from: i64, to: i64, is_left: bool) {
        let moves = Moves::default();
        let facets = super::super::Facets { prices: Some((100, 500)), ..Default::default() };
        let facets = request.facets.then_some(facets);
        let answer = Arc::new(SearchAnswer { total: 9, facets, ..SearchAnswer::default() });
        let kept = KeptAnswer::of(answer, moves.now());
        let at = |price_minor| Figures { price_minor, price_spread: 10, ..Figures::default() };
        moves.note(at(from), at(to));
        assert!(moves.leave(&kept, request), "before it is told");
        assert!(moves.are_due() && moves.tell());
        assert_eq!(moves.leave(&kept, request), is_left, "{request:?}: {from} to {to}");
    }

    #[test]
    fn another_price_leaves_the_answers_it_cannot_change() {
        let plain = SearchRequest::default();
        let facets = SearchRequest { facets: true, ..plain.clone() };
        let until = Filters { max_price: Some(350), ..Filters::default() };
        let until = SearchRequest { filters: until, ..plain.clone() };
        let cheapest = SearchRequest { sort: SearchSort::Cheapest, ..plain.clone() };
        check(&plain, 100, 900, true);
        check(&cheapest, 300, 310, false);
        check(&until, 300, 310, true);
        check(&until, 300, 400, false);
        // Within what was found, on its border, beyond it, and none of what was found.
        check(&facets, 300, 310, true);
        check(&facets, 300, 490, true);
        check(&facets, 300, 491, false);
        check(&facets, 300, 99, false);
        check(&facets, 100, 300, false);
        check(&facets, 490, 300, false);
        check(&facets, 99, 300, true);
        check(&facets, 491, 300, true);
        let both = SearchRequest { facets: true, ..cheapest };
        check(&both, 300, 310, false);
        check(&both, 99, 310, true);
    }

    #[test]
    fn too_many_changes_leave_nothing() {
        let (moves, request) =
            (Moves::default(), SearchRequest { facets: true, ..SearchRequest::default() });
        let kept = KeptAnswer::of(Arc::default(), moves.now());
        let at = |price_minor| Figures { price_minor, ..Figures::default() };
        for price in 0..i64::try_from(REPRICINGS_MAX).expect("few") {
            moves.note(at(price), at(price + 1));
            moves.tell();
        }
        let early = KeptAnswer::of(Arc::clone(&kept.answer), Moved { prices: 0, stock: 0 });
        assert!(moves.leave(&kept, &request), "no price is shown in it");
        moves.note(at(7), at(8));
        moves.tell();
        assert!(moves.leave(&kept, &request) && !moves.leave(&early, &request));
    }

    #[test]
    fn what_is_left_would_be_found_the_same_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let (search, mut indexer, _) = Search::open(folder.path(), "en").expect("an index");
        let mut all: Vec<Findable> = (0..40_u8)
            .map(|number| Findable {
                product: ProductId::from_bytes([number; 16]),
                name: ["Tea", "Tea Pot", "Coffee"][usize::from(number % 3)].to_owned(),
                price_minor: i64::from(number) * 5,
                price_spread: i64::from(number % 4),
                in_stock: true,
                ..Findable::default()
            })
            .collect();
        all.iter().for_each(|product| indexer.put(product).expect("room"));
        indexer.commit(None).expect("a commit");
        search.show(1).expect("a view");
        let requests = requests();
        let (mut dice, mut same) = (7_usize, 0);
        let mut before: Vec<_> =
            requests.iter().map(|request| search.query(request).expect("an answer")).collect();
        for round in 0..ROUNDS {
            for _ in 0..round % 4 {
                dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_041);
                let at = (dice >> 33) % all.len();
                all[at].price_minor = i64::try_from((dice >> 20) % 220).expect("small");
                search.adjust(all[at].product, all[at].figures()).expect("a reader");
            }
            search.tell_adjusted();
            for (request, before) in requests.iter().zip(&mut before) {
                let found = search.query(request).expect("an answer");
                let again = answered(&search.0.view.load(), request).expect("an answer");
                assert_eq!(mark_of(&found), mark_of(&again), "{request:?} in round {round}");
                same += u32::from(round % 4 > 0 && Arc::ptr_eq(&found, before));
                *before = found;
            }
        }
        assert!(same > 100, "only {same} were left");
    }

    /// Requests that ask for prices in one way or another.
    fn requests() -> Vec<SearchRequest> {
        let mut requests = Vec::new();
        for text in ["tea", "pot", "coffee", "nothing", ""] {
            for (min_price, max_price) in [(None, None), (Some(60), None), (Some(30), Some(70))] {
                for sort in [SearchSort::Relevance, SearchSort::Cheapest] {
                    for facets in [false, true] {
                        let filters = Filters { min_price, max_price, ..Filters::default() };
                        let (text, limit) = (text.to_owned(), 5);
                        let (after, filters) = (None, filters);
                        requests.push(SearchRequest { text, filters, sort, limit, after, facets });
                    }
                }
            }
        }
        requests
    }

    const ROUNDS: usize = 100;
}
