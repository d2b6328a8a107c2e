//! Dice that can be thrown again: SplitMix64 from a seed that a failing test tells.

use std::{ops::RangeInclusive, path::Path};

/// Seeded dice.
#[derive(Clone, Debug)]
pub struct Dice {
    state: u64,
}

impl Dice {
    /// Dice of the seed in `BODEGA_TEST_SEED`, or of a fresh one; says how to repeat `test`.
    pub fn thrown_in(test: &str) -> Dice {
        let given = std::env::var(SEED).ok().map(|seed| seed.parse().expect("a seed is a number"));
        let seed = given.unwrap_or_else(fresh);
        let binary = std::env::current_exe().ok();
        let binary = binary.as_deref().and_then(Path::file_stem).unwrap_or_default();
        let binary = binary.to_string_lossy();
        let binary = binary.split('-').next().unwrap_or_default();
        eprintln!("dice of {seed}; to repeat: {SEED}={seed} cargo test --test {binary} {test}");
        Dice { state: seed }
    }

    /// Other dice, for another thread.
    pub fn fork(&mut self) -> Dice {
        Dice { state: self.next() }
    }

    /// A number in a range.
    pub fn among(&mut self, range: RangeInclusive<u64>) -> u64 {
        let (least, most) = range.into_inner();
        least + self.next() % (most - least + 1)
    }

    /// One of several.
    pub fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        let last = u64::try_from(of.len() - 1).expect("few");
        of[usize::try_from(self.among(0..=last)).expect("few")]
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// How often a test does what it does: as many times as this variable says, or the usual.
pub fn rounds(variable: &str, usual: u64) -> u64 {
    let Ok(given) = std::env::var(variable) else { return usual };
    eprintln!("with {variable}={given}");
    given.parse().expect("a number of rounds")
}

fn fresh() -> u64 {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).expect("the operating system always has random bytes");
    u64::from_le_bytes(bytes) >> 16
}

const SEED: &str = "BODEGA_TEST_SEED";
