//! Declines: the defence against card testing, where somebody tries stolen cards one by one.
//!
//! Refused charges are counted by the client's line to the internet, by account and by card;
//! whoever has too many of them waits before the next, also those that the bank tells later, after
//! the customer was asked. Who asks is hashed with a secret seed into a
//! bounded number of places, so that a flood of strangers costs bounded memory. Counts are not kept
//! over a start.

use std::{
    collections::BTreeMap,
    hash::{BuildHasher, Hash, RandomState},
    net::IpAddr,
    num::NonZeroU32,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::{
    clock::Clock,
    config::line_of,
    domain::{
        ids::{OrderId, UserId},
        payments::PaymentRefusal,
    },
};

/// How many refused charges an hour are let pass; so many at once after a rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeclineLimits {
    /// From one client address.
    pub by_address: NonZeroU32,
    /// Of one account.
    pub by_account: NonZeroU32,
    /// Of one card.
    pub by_card: NonZeroU32,
}

/// Who tries to pay, and with what.
#[derive(Clone, Copy, Debug)]
pub struct Payer<'p> {
    /// From where, if that is known.
    pub address: Option<IpAddr>,
    /// Whose account.
    pub account: Option<UserId>,
    /// What stands for the card, without its number; nothing if it is not known, or is no card.
    pub card: Option<&'p str>,
}

/// What was counted since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeclineFigures {
    /// Charges that were refused.
    pub declined: u64,
    /// Attempts not made because of the client's address.
    pub refused_by_address: u64,
    /// Attempts not made because of the account.
    pub refused_by_account: u64,
    /// Attempts not made because of the card.
    pub refused_by_card: u64,
}

/// Counts refused charges.
pub struct Declines {
    clock: Clock,
    seed: RandomState,
    purses: Option<[Purse; 3]>,
    declined: AtomicU64,
    /// Until then some card has to wait, so that it is worth knowing whose card is given.
    cards_wait_until: AtomicU64,
    /// From where orders are being paid whose bank has not answered yet. Orders are numbered by
    /// time: the first is the oldest.
    awaited: Mutex<BTreeMap<OrderId, IpAddr>>,
}

/// One way to count: a place holds the moment at which all its declines are forgotten.
struct Purse {
    limit: NonZeroU32,
    places: Vec<AtomicU64>,
    refused: AtomicU64,
}

impl Declines {
    /// Counts by these limits, or not at all.
    pub fn new(limits: Option<DeclineLimits>, clock: Clock) -> Declines {
        let purses = limits
            .map(|limits| [limits.by_address, limits.by_account, limits.by_card].map(Purse::of));
        let (declined, cards_wait_until) = (AtomicU64::new(0), AtomicU64::new(0));
        let (seed, awaited) = (RandomState::new(), Mutex::default());
        Declines { clock, seed, purses, declined, cards_wait_until, awaited }
    }

    /// Whether refused charges are limited at all.
    pub fn are_limited(&self) -> bool {
        self.purses.is_some()
    }

    /// Whether any card has to wait now. As long as none has, nobody need ask whose card it is.
    pub fn has_waiting_cards(&self) -> bool {
        self.cards_wait_until.load(Ordering::Relaxed) > self.now()
    }

    /// Refuses whoever has been declined too often, before anything is decided.
    ///
    /// # Errors
    /// Too many declines, and how long to wait.
    pub fn must_not_be_too_many(&self, payer: &Payer<'_>) -> Result<(), PaymentRefusal> {
        let Some(purses) = &self.purses else { return Ok(()) };
        let now = self.now();
        for (purse, place) in purses.iter().zip(self.places_of(payer)) {
            let Some(wait) = place.and_then(|place| purse.wait_millis(place, now)) else {
                continue;
            };
            purse.refused.fetch_add(1, Ordering::Relaxed);
            return Err(PaymentRefusal::TooManyDeclines { wait_seconds: wait.div_ceil(1000) });
        }
        Ok(())
    }

    /// Counts a refused charge.
    pub fn count(&self, payer: &Payer<'_>) {
        self.declined.fetch_add(1, Ordering::Relaxed);
        let Some(purses) = &self.purses else { return };
        let now = self.now();
        for (purse, place) in purses.iter().zip(self.places_of(payer)) {
            if let Some(place) = place {
                purse.spend(place, now);
            }
        }
        let [.., card] = self.places_of(payer);
        let wait = card.and_then(|place| purses[CARD].wait_millis(place, now)).unwrap_or(0);
        self.cards_wait_until.fetch_max(now.saturating_add(wait), Ordering::Relaxed);
    }

    /// Keeps from where an order is being paid, for a no that comes later.
    pub fn await_answer(&self, order: OrderId, address: IpAddr) {
        if self.purses.is_none() {
            return;
        }
        let mut awaited = self.awaited.lock().unwrap_or_else(PoisonError::into_inner);
        awaited.insert(order, address);
        if awaited.len() > AWAITED_MAX {
            awaited.pop_first();
        }
    }

    /// From where an order was being paid, if that is known.
    pub fn awaited_from(&self, order: OrderId) -> Option<IpAddr> {
        let awaited = self.awaited.lock().unwrap_or_else(PoisonError::into_inner);
        awaited.get(&order).copied()
    }

    /// Forgets from where an order was being paid: its bank has answered.
    pub fn answered(&self, order: OrderId) {
        self.awaited.lock().unwrap_or_else(PoisonError::into_inner).remove(&order);
    }

    /// What was counted since the start.
    pub fn figures(&self) -> DeclineFigures {
        let declined = self.declined.load(Ordering::Relaxed);
        let Some([address, account, card]) = &self.purses else {
            return DeclineFigures { declined, ..DeclineFigures::default() };
        };
        let refused = |purse: &Purse| purse.refused.load(Ordering::Relaxed);
        DeclineFigures {
            declined,
            refused_by_address: refused(address),
            refused_by_account: refused(account),
            refused_by_card: refused(card),
        }
    }

    fn places_of(&self, payer: &Payer<'_>) -> [Option<usize>; 3] {
        [
            payer.address.map(|address| self.place(line_of(address))),
            payer.account.map(|account| self.place(account)),
            payer.card.map(|card| self.place(card)),
        ]
    }

    fn place(&self, key: impl Hash) -> usize {
        usize::try_from(self.seed.hash_one(key) % PLACES).unwrap_or_default()
    }

    fn now(&self) -> u64 {
        u64::try_from(self.clock.running().as_millis()).unwrap_or(u64::MAX)
    }
}

impl Purse {
    fn of(limit: NonZeroU32) -> Purse {
        let places = (0..PLACES).map(|_| AtomicU64::new(0)).collect();
        Purse { limit, places, refused: AtomicU64::new(0) }
    }

    /// How long one decline is remembered, if none came before it.
    fn one(&self) -> u64 {
        MILLIS_AN_HOUR / u64::from(self.limit.get())
    }

    fn wait_millis(&self, place: usize, now: u64) -> Option<u64> {
        let forgotten_at = self.places.get(place)?.load(Ordering::Relaxed);
        let others = self.one().saturating_mul(u64::from(self.limit.get()) - 1);
        let wait = forgotten_at.saturating_sub(now).saturating_sub(others);
        (wait > 0).then_some(wait)
    }

    fn spend(&self, place: usize, now: u64) {
        let Some(place) = self.places.get(place) else { return };
        let later = |forgotten_at: u64| Some(forgotten_at.max(now).saturating_add(self.one()));
        // It always has a later moment, so this cannot fail.
        let _ = place.fetch_update(Ordering::Relaxed, Ordering::Relaxed, later);
    }
}

/// Where cards are among the ways to count.
const CARD: usize = 2;
/// Places of each way to count: half a megabyte each. Two strangers share one once in 65,536.
const PLACES: u64 = 1 << 16;
const MILLIS_AN_HOUR: u64 = 60 * 60 * 1000;
/// Orders of which it is kept from where they are being paid.
const AWAITED_MAX: usize = 10_000;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::{ids::Identity, time::Timestamp};

    fn limits(by_card: u32, by_account: u32) -> Option<DeclineLimits> {
        let of = |limit| NonZeroU32::new(limit).expect("not zero");
        Some(DeclineLimits {
            by_address: of(100),
            by_account: of(by_account),
            by_card: of(by_card),
        })
    }

    fn payer(card: &str) -> Payer<'_> {
        Payer { address: None, account: Some(UserId::from_bytes([1; 16])), card: Some(card) }
    }

    #[test]
    fn a_card_that_is_declined_again_and_again_has_to_wait() {
        let clock = Clock::stopped_at(Timestamp::default());
        let declines = Declines::new(limits(3, 100), clock.clone());
        for _ in 0..3 {
            assert_eq!(declines.must_not_be_too_many(&payer("a")), Ok(()));
            declines.count(&payer("a"));
        }
        let refused = Err(PaymentRefusal::TooManyDeclines { wait_seconds: 1200 });
        assert_eq!(declines.must_not_be_too_many(&payer("a")), refused);
        assert_eq!(declines.must_not_be_too_many(&payer("b")), Ok(()), "another card");
        clock.advance(Duration::from_secs(1200));
        assert_eq!(declines.must_not_be_too_many(&payer("a")), Ok(()));
        declines.count(&payer("a"));
        assert_eq!(declines.must_not_be_too_many(&payer("a")), refused);
        let figures = declines.figures();
        assert_eq!((figures.declined, figures.refused_by_card), (4, 2));
    }

    #[test]
    fn whose_card_it_is_matters_only_while_some_card_has_to_wait() {
        let clock = Clock::stopped_at(Timestamp::default());
        let declines = Declines::new(limits(2, 100), clock.clone());
        declines.count(&payer("a"));
        assert!(!declines.has_waiting_cards());
        declines.count(&payer("a"));
        assert!(declines.has_waiting_cards());
        clock.advance(Duration::from_secs(1800));
        assert!(!declines.has_waiting_cards());
        // A payment page is no card: nobody is kept from it because others were refused.
        let page = Payer { card: None, ..payer("a") };
        for _ in 0..5 {
            declines.count(&page);
        }
        assert_eq!(declines.must_not_be_too_many(&page), Ok(()));
        assert!(!declines.has_waiting_cards());
    }

    #[test]
    fn an_account_that_tries_card_after_card_has_to_wait() {
        let clock = Clock::stopped_at(Timestamp::default());
        let declines = Declines::new(limits(100, 2), clock);
        for card in ["a", "b"] {
            declines.count(&payer(card));
        }
        assert!(declines.must_not_be_too_many(&payer("c")).is_err());
        let other = Payer { account: Some(UserId::from_bytes([2; 16])), ..payer("c") };
        assert_eq!(declines.must_not_be_too_many(&other), Ok(()));
    }

    #[test]
    fn whoever_takes_another_address_of_the_same_line_has_to_wait_all_the_same() {
        let clock = Clock::stopped_at(Timestamp::default());
        let limits = limits(100, 100).map(|limits| DeclineLimits { by_address: ONE, ..limits });
        let declines = Declines::new(limits, clock);
        let from = |address: &str| Payer {
            address: Some(address.parse().expect("an address")),
            account: None,
            card: None,
        };
        for (address, same, other) in [
            ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"),
            ("::ffff:192.0.2.1", "192.0.2.1", "::ffff:192.0.2.2"),
        ] {
            declines.count(&from(address));
            assert!(declines.must_not_be_too_many(&from(same)).is_err(), "{same}");
            assert_eq!(declines.must_not_be_too_many(&from(other)), Ok(()), "{other}");
        }
    }

    const ONE: NonZeroU32 = NonZeroU32::MIN;

    #[test]
    fn from_where_an_order_is_paid_is_known_until_its_bank_has_answered() {
        let declines = Declines::new(limits(100, 100), Clock::stopped_at(Timestamp::default()));
        let address: IpAddr = "192.0.2.1".parse().expect("an address");
        let order = |number: usize| {
            OrderId::from_bytes(u128::try_from(number).expect("small").to_be_bytes())
        };
        for number in 0..=AWAITED_MAX {
            declines.await_answer(order(number), address);
        }
        assert_eq!(declines.awaited_from(order(0)), None, "the oldest makes room");
        assert_eq!(declines.awaited_from(order(1)), Some(address));
        declines.answered(order(1));
        assert_eq!(declines.awaited_from(order(1)), None);
    }

    #[test]
    fn nobody_waits_where_nothing_is_limited() {
        let declines = Declines::new(None, Clock::stopped_at(Timestamp::default()));
        for _ in 0..1000 {
            declines.count(&payer("a"));
        }
        assert_eq!(declines.must_not_be_too_many(&payer("a")), Ok(()));
        assert_eq!(declines.figures().declined, 1000);
    }
}
