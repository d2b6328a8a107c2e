//! Known: how far in the journal an index has come, and who waits for it to come further.
//!
//! Invariant: what is said to be known is found. It only grows while an index follows; an index
//! that is opened again, or made anew, begins where it stands.

use tokio::sync::watch;

/// How far an index has come in the journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Everything up to here is known.
    pub all: u64,
    /// Everything up to here is known, but for products of large categories that changed: those
    /// are indexed little by little, between whatever else happens.
    pub most: u64,
}

impl Reach {
    /// Everything up to this position, without exception.
    pub fn whole(position: u64) -> Reach {
        Reach { all: position, most: position }
    }
}

/// How far an index has come, for those who wait.
pub(super) struct Known {
    reach: watch::Sender<Reach>,
    wanted: watch::Sender<u64>,
}

impl Known {
    /// An index that stands there.
    pub fn at(position: u64) -> Known {
        let reach = watch::Sender::new(Reach::whole(position));
        Known { reach, wanted: watch::Sender::new(0) }
    }

    /// It was opened again and stands there, which may be earlier.
    pub fn begins_at(&self, position: u64) {
        self.reach.send_replace(Reach::whole(position));
    }

    /// It has come so far.
    pub fn reached(&self, reach: Reach) {
        self.reach.send_if_modified(|known| {
            let further = Reach { all: known.all.max(reach.all), most: known.most.max(reach.most) };
            std::mem::replace(known, further) != further
        });
    }

    /// How far it has come.
    pub fn reach(&self) -> Reach {
        *self.reach.borrow()
    }

    /// Waits until it has come as far as is asked, and has it hurried as far as this position.
    pub async fn waits(&self, position: u64, is_there: impl Fn(&Reach) -> bool) {
        let mut known = self.reach.subscribe();
        if !is_there(&known.borrow()) {
            self.wanted.send_if_modified(|wanted| {
                let is_new = *wanted < position;
                *wanted = position.max(*wanted);
                is_new
            });
        }
        // The sender lives as long as this.
        let _ = known.wait_for(is_there).await;
    }

    /// The last position somebody waits for.
    pub fn wanted(&self) -> watch::Receiver<u64> {
        self.wanted.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn who_asks_for_everything_waits_longer_than_who_asks_for_most() {
        let known = Known::at(7);
        known.reached(Reach { all: 7, most: 9 });
        let all = |reach: &Reach| reach.all >= 9;
        assert_eq!(known.waits(9, all).now_or_never(), None);
        assert_eq!(*known.wanted().borrow(), 9, "somebody waits");
        assert_eq!(known.waits(9, |reach| reach.most >= 9).now_or_never(), Some(()));
        known.reached(Reach::whole(9));
        assert_eq!(known.waits(9, all).now_or_never(), Some(()));
        known.reached(Reach::whole(8));
        assert_eq!(known.reach(), Reach::whole(9), "what is known stays known");
    }

    #[test]
    fn an_index_that_is_made_anew_knows_nothing() {
        let known = Known::at(7);
        known.begins_at(0);
        assert_eq!(known.reach(), Reach::default());
        assert_eq!(known.waits(7, |reach| reach.all >= 7).now_or_never(), None);
    }
}
