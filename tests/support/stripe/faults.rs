//! Trouble: what goes wrong with which call, drawn from a seed.
//!
//! A payment method named `pm_s<seed>_<behaviour>` draws its trouble from that seed and the number
//! of the call, so that one schedule goes the same way however many others run beside it.

use std::collections::BTreeMap;

/// What goes wrong with one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// The connection breaks before anything was done.
    ResetBefore,
    /// It was done, and the connection breaks before the answer is whole.
    ResetAfter,
    /// 500 before anything was done, kept under the key.
    ErrorBefore,
    /// It was done, and is answered 500, kept under the key.
    ErrorAfter,
    /// 503 by something in between; nothing was done, and nothing is kept.
    Unavailable,
    /// 429: nothing was done, and nothing is kept.
    TooMany,
    /// 409: nothing was done.
    Conflict,
    /// It was done, and the answer is no JSON.
    Garbage,
    /// It was done, but the answer takes so many milliseconds.
    Late(u64),
}

impl Fault {
    /// Whether the answer surely comes to whoever asked.
    pub fn is_heard(self) -> bool {
        match self {
            Fault::None => true,
            Fault::Late(millis) => millis < HEARD_WITHIN_MILLIS,
            Fault::ResetBefore
            | Fault::ResetAfter
            | Fault::ErrorBefore
            | Fault::ErrorAfter
            | Fault::Unavailable
            | Fault::TooMany
            | Fault::Conflict
            | Fault::Garbage => false,
        }
    }
}

/// How much trouble there is.
#[derive(Clone, Debug, Default)]
pub struct Trouble {
    /// How many of a hundred calls of each schedule go wrong, by its seed; 0 for all others.
    pub of_seed: BTreeMap<u64, u32>,
    /// What happens to the next calls, whatever they are, first come first served.
    pub next: Vec<Fault>,
    /// Every call takes so many milliseconds.
    pub always_late: Option<u64>,
    /// Every call is answered 503, until this is taken back.
    pub is_down: bool,
    /// How many calls of each schedule were made.
    pub counts: BTreeMap<u64, u64>,
}

impl Trouble {
    /// What goes wrong with the next call of this schedule.
    pub fn draw(&mut self, seed: Option<u64>) -> Fault {
        if !self.next.is_empty() {
            return self.next.remove(0);
        }
        if self.is_down {
            return Fault::Unavailable;
        }
        if let Some(millis) = self.always_late {
            return Fault::Late(millis);
        }
        let Some(seed) = seed else { return Fault::None };
        let percent = self.of_seed.get(&seed).copied().unwrap_or(0);
        let count = self.counts.entry(seed).or_default();
        *count += 1;
        let mut dice = Dice::of(seed ^ count.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        if dice.below(100) >= u64::from(percent) {
            return Fault::None;
        }
        match dice.below(20) {
            0..=3 => Fault::ResetBefore,
            4..=8 => Fault::ResetAfter,
            9 => Fault::ErrorBefore,
            10..=11 => Fault::ErrorAfter,
            12..=13 => Fault::Unavailable,
            14 => Fault::TooMany,
            15 => Fault::Conflict,
            16 => Fault::Garbage,
            17..=18 => Fault::Late(dice.below(20)),
            _ => Fault::Late(SLOWER_THAN_ANY_CLIENT),
        }
    }
}

/// Seeded dice (SplitMix64).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    pub fn of(seed: u64) -> Dice {
        Dice(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below this one.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

/// The seed a payment method names.
pub fn seed_of(method: &str) -> Option<u64> {
    method.strip_prefix("pm_s")?.split_once('_')?.0.parse().ok()
}

/// Longer than the client of a schedule waits.
const SLOWER_THAN_ANY_CLIENT: u64 = 700;
/// What is answered later than this may not be heard any more.
const HEARD_WITHIN_MILLIS: u64 = 100;
