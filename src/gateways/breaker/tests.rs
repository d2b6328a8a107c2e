//! The breaker against a small model, over random histories.

use proptest::prelude::*;

use super::*;
use crate::domain::time::Timestamp;

fn tripping() -> Tripping {
    Tripping {
        calls_min: 4,
        failed_percent: 50,
        window: Duration::from_secs(10),
        open_first: Duration::from_secs(1),
        open_max: Duration::from_secs(5),
    }
}

fn a_breaker() -> (Breaker, Clock) {
    let clock = Clock::stopped_at(Timestamp::from_millis(0));
    (Breaker::new("bank", tripping(), clock.clone()), clock)
}

fn fail(breaker: &Breaker) {
    breaker.admit().expect("leave").note(Ended::Failed);
}

#[test]
fn a_few_failures_prove_nothing() {
    let (breaker, _) = a_breaker();
    (0..3).for_each(|_| fail(&breaker));
    assert_eq!(breaker.condition(), Condition::Closed);
    fail(&breaker);
    assert_eq!(breaker.condition(), Condition::Open { for_the_next: Duration::from_secs(1) });
}

#[test]
fn a_no_is_an_answer() {
    let (breaker, _) = a_breaker();
    (0..5).for_each(|_| breaker.admit().expect("leave").note(Ended::Answered));
    (0..4).for_each(|_| fail(&breaker));
    assert_eq!(breaker.condition(), Condition::Closed, "4 of 9 failed");
    fail(&breaker);
    assert!(breaker.admit().is_err(), "5 of 10 failed");
}

#[test]
fn one_tries_for_all_and_each_failure_doubles_the_wait() {
    let (breaker, clock) = a_breaker();
    (0..4).for_each(|_| fail(&breaker));
    for seconds in [1, 2, 4, 5, 5] {
        let wait = Duration::from_secs(seconds);
        assert_eq!(breaker.admit().map(drop), Err(NotAsked { retry_in: wait }));
        clock.advance(wait);
        let trial = breaker.admit().expect("one may try");
        assert!(breaker.admit().is_err(), "the others wait for it");
        assert_eq!(breaker.condition(), Condition::HalfOpen);
        trial.note(Ended::Failed);
    }
    clock.advance(Duration::from_secs(5));
    breaker.admit().expect("one may try").note(Ended::Answered);
    assert_eq!(breaker.condition(), Condition::Closed);
    (0..4).for_each(|_| fail(&breaker));
    let retry_in = Duration::from_secs(1);
    assert_eq!(breaker.admit().map(drop), Err(NotAsked { retry_in }), "it begins anew");
}

#[test]
fn a_caller_who_gives_up_counts_as_a_failure_and_blocks_nobody() {
    let (breaker, clock) = a_breaker();
    (0..4).for_each(|_| drop(breaker.admit().expect("leave")));
    clock.advance(Duration::from_secs(1));
    drop(breaker.admit().expect("one may try"));
    clock.advance(Duration::from_secs(2));
    assert!(breaker.admit().is_ok(), "the trial that was given up is over");
}

/// What a history does.
#[derive(Clone, Copy, Debug)]
enum Act {
    Begin,
    End(usize, bool),
    Wait(u64),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        3 => Just(Act::Begin),
        3 => (0..8_usize, any::<bool>()).prop_map(|(which, failed)| Act::End(which, failed)),
        1 => (0..4000_u64).prop_map(Act::Wait),
    ]
}

/// The same in the plainest words: what may be asked, when.
#[derive(Default)]
struct Model {
    now: u64,
    open_until: Option<u64>,
    trying: bool,
    era: u32,
    window_began: u64,
    ended: u32,
    failed: u32,
    opened: u32,
}

impl Model {
    fn admits(&mut self) -> bool {
        match self.open_until {
            None => true,
            Some(until) if self.now >= until && !self.trying => {
                (self.trying, self.era) = (true, self.era + 1);
                true
            }
            Some(_) => false,
        }
    }

    fn opens(&mut self) {
        let millis = (1000 << self.opened.min(10)).min(5000);
        self.opened += 1;
        (self.trying, self.era) = (false, self.era + 1);
        self.open_until = Some(self.now + millis);
    }

    fn ends(&mut self, era: u32, failed: bool) {
        if era != self.era {
            return;
        }
        if self.trying && failed {
            self.opens();
        } else if self.trying {
            let (now, era) = (self.now, self.era + 1);
            *self = Model { now, era, window_began: now, ..Model::default() };
        } else {
            if self.now - self.window_began >= 10_000 {
                (self.window_began, self.ended, self.failed) = (self.now, 0, 0);
            }
            self.ended += 1;
            self.failed += u32::from(failed);
            if failed && self.ended >= 4 && self.failed * 2 >= self.ended {
                self.opens();
            }
        }
    }
}

proptest! {
    #[test]
    fn every_history_goes_as_the_model_says(acts in prop::collection::vec(act(), 1..200)) {
        let (breaker, clock) = a_breaker();
        let mut model = Model::default();
        let mut under_way: Vec<(Leave, u32)> = Vec::new();
        for act in acts {
            match act {
                Act::Begin => {
                    let leave = breaker.admit();
                    let admitted = model.admits();
                    prop_assert_eq!(leave.is_ok(), admitted);
                    under_way.extend(leave.ok().map(|leave| (leave, model.era)));
                }
                Act::End(which, failed) if which < under_way.len() => {
                    let (leave, era) = under_way.swap_remove(which);
                    leave.note(if failed { Ended::Failed } else { Ended::Answered });
                    model.ends(era, failed);
                }
                Act::End(..) => {}
                Act::Wait(millis) => {
                    clock.advance(Duration::from_millis(millis));
                    model.now += millis;
                }
            }
            let closed = breaker.condition() == Condition::Closed;
            prop_assert_eq!(closed, model.open_until.is_none());
        }
    }
}
