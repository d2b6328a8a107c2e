//! The words of `bodega prove`: which promise to try out, and how hard.

use clap::{Args, Subcommand};

/// `bodega prove …`
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct ProveOptions {
    /// Throw the dice of an earlier run again: the seed that it printed
    #[arg(long, global = true, value_name = "N")]
    pub seed: Option<u64>,
    /// Which promise; without one, all that can be tried here
    #[command(subcommand)]
    pub proof: Option<Proof>,
}

/// A promise that can be tried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub enum Proof {
    /// No unit is sold twice, however many want the last one
    #[command(after_help = OVERSELL_HELP)]
    Oversell(OversellOptions),
    /// Every amount is right to the cent, and every cent belongs to a line
    #[command(after_help = MONEY_HELP)]
    Money(MoneyOptions),
    /// What was answered with yes survives the death of the process at any moment
    #[command(after_help = CRASH_HELP)]
    Crash(CrashOptions),
    /// What was answered with yes survives a power cut; needs root
    #[command(after_help = POWER_HELP)]
    Power(PowerOptions),
}

/// How hard to try to oversell.
#[derive(Args, Clone, Copy, Debug, PartialEq, Eq)]
pub struct OversellOptions {
    /// People who buy at the same time
    #[arg(long, value_name = "COUNT", default_value_t = 64,
          value_parser = clap::value_parser!(u32).range(1..=BUYERS_MAX))]
    pub buyers: u32,
    /// Units of each of the three products
    #[arg(long, value_name = "COUNT", default_value_t = 40,
          value_parser = clap::value_parser!(u32).range(1..=UNITS_MAX))]
    pub units: u32,
    /// Things that each buyer does
    #[arg(long, value_name = "COUNT", default_value_t = 40,
          value_parser = clap::value_parser!(u32).range(1..=WISHES_MAX))]
    pub wishes: u32,
}

/// How much to calculate.
#[derive(Args, Clone, Copy, Debug, PartialEq, Eq)]
pub struct MoneyOptions {
    /// Carts that are priced and refunded by the rules alone
    #[arg(long, value_name = "COUNT", default_value_t = 100_000,
          value_parser = clap::value_parser!(u32).range(1..=CARTS_MAX))]
    pub carts: u32,
    /// Orders that are bought and refunded in a running shop, in each of three currencies
    #[arg(long, value_name = "COUNT", default_value_t = 50,
          value_parser = clap::value_parser!(u32).range(1..=ORDERS_MAX))]
    pub orders: u32,
}

/// How often to kill it.
#[derive(Args, Clone, Copy, Debug, PartialEq, Eq)]
pub struct CrashOptions {
    /// How often the shop is killed under load and started again
    #[arg(long, value_name = "COUNT", default_value_t = 25,
          value_parser = clap::value_parser!(u32).range(1..=KILLS_MAX))]
    pub kills: u32,
    /// People who buy meanwhile
    #[arg(long, value_name = "COUNT", default_value_t = 8,
          value_parser = clap::value_parser!(u32).range(1..=BUYERS_MAX))]
    pub buyers: u32,
}

/// How often to cut the power.
#[derive(Args, Clone, Copy, Debug, PartialEq, Eq)]
pub struct PowerOptions {
    /// How often the power is cut, on each of ext4 and xfs
    #[arg(long, value_name = "COUNT", default_value_t = 3,
          value_parser = clap::value_parser!(u32).range(1..=KILLS_MAX))]
    pub cuts: u32,
    /// People who buy meanwhile
    #[arg(long, value_name = "COUNT", default_value_t = 8,
          value_parser = clap::value_parser!(u32).range(1..=BUYERS_MAX))]
    pub buyers: u32,
}

impl Default for CrashOptions {
    fn default() -> CrashOptions {
        CrashOptions { kills: 25, buyers: 8 }
    }
}

impl Default for PowerOptions {
    fn default() -> PowerOptions {
        PowerOptions { cuts: 3, buyers: 8 }
    }
}

impl Default for OversellOptions {
    fn default() -> OversellOptions {
        OversellOptions { buyers: 64, units: 40, wishes: 40 }
    }
}

impl Default for MoneyOptions {
    fn default() -> MoneyOptions {
        MoneyOptions { carts: 100_000, orders: 50 }
    }
}

pub(super) const PROVE_HELP: &str = "\
Works on a temporary directory (TMPDIR says where) with the demo gateway, on loopback, and never
touches a shop. Prints what was tried and what was found. Ends with 1 at the first thing that is
not as it must be, names it, and keeps the directory. A seed repeats who wants what; what happens
at the same moment is never quite the same twice.

Examples:
  bodega prove
  bodega prove oversell --buyers 200 --units 5
  bodega prove money --seed 4711";

const OVERSELL_HELP: &str = "\
Starts the real shop, and lets everybody buy at the same time over HTTP: from the cart and without,
with good cards, declined ones and lost answers; some cancel, some send the same request again
under the same key, also while the first is under way. Then compares what the buyers were told with
what the shop says, counts every unit and every cent, and runs `bodega verify`.

Examples:
  bodega prove oversell
  bodega prove oversell --buyers 500 --units 1 --wishes 10";

const MONEY_HELP: &str = "\
Prices random carts in JPY, USD and KWD (0, 2 and 3 decimals) under random taxes and shipping,
refunds them in random parts, and compares every figure with an arithmetic of its own: first by the
rules alone, then in a running shop over HTTP.

Examples:
  bodega prove money
  bodega prove money --carts 5000000 --orders 1";

const CRASH_HELP: &str = "\
Starts the real shop, lets people buy, kills it (SIGKILL) at a random moment, and starts it again.
After each start every order that a buyer was told of must be there, as it was told; whoever heard
nothing asks again under the same key, and gets one effect. Half of the kills are followed by a
`bodega verify` of what they left. In the end every unit, cent and cart is counted.

Examples:
  bodega prove crash
  bodega prove crash --kills 1000 --buyers 16";

const POWER_HELP: &str = "\
As `crash`, but the file system beneath the shop is cut off as when the plug is pulled: what was
written and not synced is gone. Makes images with ext4 and xfs in the temporary directory and mounts
them: needs root, loop mounts, mkfs.ext4, mkfs.xfs, and xfs_io or perl to ask for the cut.

Examples:
  sudo bodega prove power
  sudo bodega prove power --cuts 100";

const KILLS_MAX: i64 = 1_000_000;
const BUYERS_MAX: i64 = 1_000;
const UNITS_MAX: i64 = 100_000;
const WISHES_MAX: i64 = 10_000;
const CARTS_MAX: i64 = 1_000_000_000;
const ORDERS_MAX: i64 = 10_000;
