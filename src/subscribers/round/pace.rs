//! Pace: couriers take it slowly while those who buy need the machine.
//!
//! The couriers' thread is of low priority. Where it waits for a core longer than it works,
//! others need the cores, and what is told can be told a little later: a letter costs them also
//! what recording it takes on other threads. Invariant: a batch ([`super::BATCH_MAX`]) is begun at
//! the latest [`BATCH_EVERY`] after the one before, so that letters that have waited for an hour
//! are gone in minutes also from a shop that never comes to rest.

use std::{fs, time::Duration};

use tokio::time::sleep;

use super::{Timer, hand_in::finished};

/// How fast a courier goes.
pub(super) struct Pace {
    known: Scheduled,
    /// Begun with a batch; runs out when the next may follow while others need the machine.
    next_batch: Timer,
    /// The same, if they do and it is waited for.
    rests_until: Timer,
}

/// How long the couriers' thread has worked and waited for a core so far, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Scheduled {
    worked: u64,
    waited: u64,
}

impl Pace {
    /// As fast as it goes.
    pub fn begin() -> Pace {
        Pace { known: Scheduled::of_this_thread(), next_batch: None, rests_until: None }
    }

    /// Looks, after a batch, whether others need the machine.
    pub fn look(&mut self) {
        self.look_at(Scheduled::of_this_thread());
    }

    fn look_at(&mut self, now: Scheduled) {
        let before = std::mem::replace(&mut self.known, now);
        if self.rests() {
            return;
        }
        self.rests_until = self.next_batch.take().filter(|_| now.gives_way_since(before));
        if !self.rests() {
            self.next_batch = Some(Box::pin(sleep(BATCH_EVERY)));
        }
    }

    /// Whether nothing is to be begun just now.
    pub fn rests(&self) -> bool {
        self.rests_until.is_some()
    }

    /// Resolves when a rest is over; never, if there is none.
    pub async fn rested(&mut self) {
        finished(&mut self.rests_until).await;
        self.rests_until = None;
        self.next_batch = Some(Box::pin(sleep(BATCH_EVERY)));
    }
}

impl Scheduled {
    /// Nothing where the system does not tell.
    fn of_this_thread() -> Scheduled {
        let told = fs::read_to_string(SCHEDULED).ok();
        told.and_then(|text| Scheduled::parsed(&text)).unwrap_or_default()
    }

    fn parsed(text: &str) -> Option<Scheduled> {
        let mut figures = text.split_whitespace().map(str::parse);
        let (worked, waited) = (figures.next()?.ok()?, figures.next()?.ok()?);
        Some(Scheduled { worked, waited })
    }

    /// Whether others needed the cores more than this thread had them.
    fn gives_way_since(self, before: Scheduled) -> bool {
        let worked = self.worked.saturating_sub(before.worked);
        let waited = self.waited.saturating_sub(before.waited);
        waited > worked
    }
}

/// Nanoseconds on a core, nanoseconds of waiting for one, and how often.
const SCHEDULED: &str = "/proc/thread-self/schedstat";
/// A batch in each of these is a hundred letters a second.
const BATCH_EVERY: Duration = Duration::from_millis(150);

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn a_thread_that_waits_longer_than_it_works_gives_way() {
        let at = |text: &str| Scheduled::parsed(text).expect("figures");
        let begun = at("1000 900 3\n");
        assert!(at("1500 1500 4\n").gives_way_since(begun), "600 beside 500");
        assert!(!at("1500 1400 4\n").gives_way_since(begun));
        assert!(!Scheduled::default().gives_way_since(begun), "nothing is told any more");
        assert_eq!(Scheduled::parsed("a b c"), None);
        assert_ne!(Scheduled::of_this_thread(), Scheduled::default(), "Linux tells it");
    }

    #[test]
    fn while_it_gives_way_a_batch_waits_for_its_time() {
        actix::System::new().block_on(async {
            let mut pace = Pace::begin();
            let mut now = pace.known;
            pace.look_at(now);
            assert!(!pace.rests(), "the first batch was late for nobody");
            now.waited += 1;
            pace.look_at(now);
            assert!(pace.rests());
            assert_eq!(pace.rested().now_or_never(), None, "its time has not come");
            pace.rested().await;
            assert!(!pace.rests());
            now.worked += 1;
            pace.look_at(now);
            assert!(!pace.rests(), "nobody else needs the machine any more");
        });
    }
}
