//! Limits: how many requests one client address, and one account, may make (GCRA).
//!
//! Addresses and accounts are hashed into a bounded number of buckets with a secret seed, so a
//! flood of strangers costs bounded memory; two share a bucket once in a quarter of a million.
//! Switched off, it costs nothing.

use std::{
    fmt::Write,
    hash::{BuildHasher, Hash, RandomState},
    net::IpAddr,
    num::NonZeroU32,
    time::Duration,
};

use actix_web::http::header::HeaderValue;
use governor::{
    Quota, RateLimiter, middleware::StateInformationMiddleware, state::keyed::DashMapStateStore,
};

use crate::{clock::Clock, config::line_of, domain::ids::UserId};

/// What a request costs, and from which purse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Signing in, and all that tries passwords or sends mail.
    Credentials,
    /// Placing orders.
    Orders,
    /// Other changes.
    Writes,
    /// Reads.
    Reads,
    /// Never refused: health, and what pays otherwise.
    Free,
}

impl Class {
    /// The classes that are limited, in the order of their settings.
    pub const LIMITED: [Class; 4] =
        [Class::Credentials, Class::Orders, Class::Writes, Class::Reads];

    /// Its name in the configuration and in `RateLimit` headers.
    pub fn name(self) -> &'static str {
        match self {
            Class::Credentials => "credentials",
            Class::Orders => "orders",
            Class::Writes => "writes",
            Class::Reads => "reads",
            Class::Free => "free",
        }
    }
}

/// So many requests in so many seconds, and so many at once after a rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Requests.
    pub requests: u32,
    /// In this time.
    pub seconds: u32,
    /// At once.
    pub burst: u32,
}

impl Allowance {
    /// The allowance of a class when nothing is configured.
    pub fn of(class: Class) -> Allowance {
        let (requests, seconds, burst) = match class {
            Class::Credentials | Class::Orders => (10, 60, 10),
            Class::Writes => (120, 60, 120),
            Class::Reads | Class::Free => (50, 1, 200),
        };
        Allowance { requests, seconds, burst }
    }

    fn one_every(self) -> Duration {
        let all = Duration::from_secs(u64::from(self.seconds.max(1)));
        all.checked_div(self.requests.max(1)).unwrap_or(all).max(Duration::from_nanos(1))
    }

    fn quota(self) -> Quota {
        let burst = NonZeroU32::new(self.burst).unwrap_or(NonZeroU32::MIN);
        Quota::with_period(self.one_every()).unwrap_or(Quota::per_second(burst)).allow_burst(burst)
    }
}

/// Which limits there are.
#[derive(Clone, Debug)]
pub struct LimitSettings {
    /// Whether there are any.
    pub enabled: bool,
    /// What each class may do; a class that is not named has its default.
    pub allowances: Vec<(Class, Allowance)>,
}

impl Default for LimitSettings {
    fn default() -> LimitSettings {
        LimitSettings { enabled: true, allowances: Vec::new() }
    }
}

/// Keeps the count.
pub struct Limits {
    classes: Vec<ClassLimits>,
    clock: Clock,
    seed: RandomState,
}

struct ClassLimits {
    class: Class,
    allowance: Allowance,
    policy: HeaderValue,
    addresses: Keyed,
    accounts: Keyed,
}

type Keyed = RateLimiter<u32, DashMapStateStore<u32>, Clock, StateInformationMiddleware>;

/// How a client stands after a request.
#[derive(Clone, Debug)]
pub struct Standing {
    policy: HeaderValue,
    name: &'static str,
    remaining: u32,
    reset_seconds: u64,
    /// Seconds until the next request is let in, if this one was not.
    pub wait_seconds: Option<u64>,
}

impl Limits {
    /// Limits by these settings and this clock.
    pub fn new(settings: &LimitSettings, clock: Clock) -> Limits {
        let configured = |class: Class| {
            let named = settings.allowances.iter().find(|(named, _)| *named == class);
            named.map_or_else(|| Allowance::of(class), |(_, allowance)| *allowance)
        };
        let classes = if settings.enabled { &Class::LIMITED[..] } else { &[] };
        let classes = classes
            .iter()
            .map(|class| ClassLimits::new(*class, configured(*class), &clock))
            .collect();
        Limits { classes, clock, seed: RandomState::new() }
    }

    /// Counts a request of this address. `None`: there is no limit.
    pub fn spend_address(&self, class: Class, address: IpAddr) -> Option<Standing> {
        let limits = self.of(class)?;
        Some(limits.spend(&limits.addresses, self.bucket(line_of(address)), &self.clock))
    }

    /// Counts a request of this account. `None`: there is no limit.
    pub fn spend_account(&self, class: Class, user: UserId) -> Option<Standing> {
        let limits = self.of(class)?;
        Some(limits.spend(&limits.accounts, self.bucket(user), &self.clock))
    }

    /// Forgets who has rested long enough; to be called every [`SWEEP_SECONDS`].
    pub fn sweep(&self) {
        for limits in &self.classes {
            limits.addresses.retain_recent();
            limits.accounts.retain_recent();
        }
    }

    fn of(&self, class: Class) -> Option<&ClassLimits> {
        self.classes.iter().find(|limits| limits.class == class)
    }

    fn bucket(&self, key: impl Hash) -> u32 {
        u32::try_from(self.seed.hash_one(key) % BUCKETS_MAX).unwrap_or(0)
    }
}

impl ClassLimits {
    fn new(class: Class, allowance: Allowance, clock: &Clock) -> ClassLimits {
        let keyed = || {
            RateLimiter::dashmap_with_clock(allowance.quota(), clock.clone())
                .with_middleware::<StateInformationMiddleware>()
        };
        let (name, burst) = (class.name(), allowance.burst.max(1));
        let window = ceil_seconds(allowance.one_every().saturating_mul(burst));
        let policy = HeaderValue::from_str(&format!("\"{name}\";q={burst};w={window}"))
            .unwrap_or(HeaderValue::from_static(""));
        ClassLimits { class, allowance, policy, addresses: keyed(), accounts: keyed() }
    }

    fn spend(&self, purse: &Keyed, bucket: u32, clock: &Clock) -> Standing {
        let (remaining, wait_seconds) = match purse.check_key(&bucket) {
            Ok(state) => (state.remaining_burst_capacity(), None),
            Err(not_until) => {
                let wait = not_until.wait_time_from(governor::clock::Clock::now(clock));
                (0, Some(ceil_seconds(wait).max(1)))
            }
        };
        let spent = self.allowance.burst.max(1).saturating_sub(remaining);
        Standing {
            policy: self.policy.clone(),
            name: self.class.name(),
            remaining,
            reset_seconds: ceil_seconds(self.allowance.one_every().saturating_mul(spent)),
            wait_seconds,
        }
    }
}

impl Standing {
    /// The stricter of two.
    #[must_use]
    pub fn or_stricter(self, other: Option<Standing>) -> Standing {
        match other {
            Some(other) if other.remaining < self.remaining => other,
            Some(_) | None => self,
        }
    }

    /// The value of `RateLimit-Policy`.
    pub fn policy_header(&self) -> HeaderValue {
        self.policy.clone()
    }

    /// The value of `RateLimit`.
    pub fn limit_header(&self) -> HeaderValue {
        let mut text = String::with_capacity(HEADER_BYTES);
        let Standing { name, remaining, reset_seconds, .. } = self;
        write!(text, "\"{name}\";r={remaining};t={reset_seconds}").expect("a String takes all");
        HeaderValue::from_maybe_shared(bytes::Bytes::from(text))
            .unwrap_or(HeaderValue::from_static(""))
    }
}

/// Limits run on the shop's clock, which tests can move.
impl governor::clock::Clock for Clock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.running()
    }
}

fn ceil_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

/// How often [`Limits::sweep`] is to be called.
pub const SWEEP_SECONDS: u64 = 30;
const BUCKETS_MAX: u64 = 1 << 18;
const HEADER_BYTES: usize = 40;

#[cfg(test)]
mod tests;
