//! Settings: what the owner of a shop may choose, layered, checked and typed.
//!
//! Built-in defaults, then `bodega.toml`, then the environment, then flags: the later wins.
//! Invariant: a [`Settings`] is sound as a whole; if anything is wrong there is none, and every
//! fault is listed at once. Knows nothing of what the settings are used for.

mod definition;
mod faults;
mod keeping;
mod layers;
mod mail;
mod network;
mod payments;
mod reading;
mod secret;
mod shop;
mod stripe;
mod web;

use std::{
    net::SocketAddr,
    num::{NonZeroU32, NonZeroUsize},
    path::PathBuf,
    str::FromStr,
};

pub use definition::commented_file;
pub use faults::{ConfigFaults, Fault};
pub use keeping::KeepingSettings;
pub use layers::{DEFAULT_FILE, FAULT_VARIABLE, Flags, Layers, Purpose};
pub use mail::{MailSettings, MailTransport, Sender, SmtpServer, SmtpTls};
pub use network::{Network, line_of};
pub use payments::PaymentSettings;
use reading::Reading;
pub use reading::origin;
pub use secret::Secret;
pub use shop::ShopSettings;
pub use stripe::StripeAccount;
pub use web::WebSettings;

use crate::secret::is_strong;

/// Everything that was chosen, or left at its default.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Where the journal, the state and the secret live.
    pub data_dir: PathBuf,
    /// What the shop is for.
    pub purpose: Purpose,
    /// Where the shop listens.
    pub listen: SocketAddr,
    /// The first values of the shop itself; later an admin changes them while it runs.
    pub shop: ShopSettings,
    /// How the shop is paid.
    pub payments: PaymentSettings,
    /// The account at Stripe, if there is one.
    pub stripe: Option<StripeAccount>,
    /// How letters leave the shop.
    pub mail: MailSettings,
    /// Passwords and sessions.
    pub auth: AuthSettings,
    /// How often one caller may ask.
    pub limits: LimitSettings,
    /// The server.
    pub http: HttpSettings,
    /// The pages.
    pub web: WebSettings,
    /// Request keys.
    pub idempotency: IdempotencySettings,
    /// How long other things are kept.
    pub keeping: KeepingSettings,
    /// Logs.
    pub log: LogSettings,
    /// Webhooks.
    pub webhooks: WebhookSettings,
    /// Numbers about the running shop.
    pub metrics: MetricsSettings,
    /// The disk.
    pub store: StoreSettings,
}

/// Who takes the money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gateway {
    /// Stripe.
    Stripe,
    /// Nobody: cash on delivery or bank transfer, confirmed by staff.
    Manual,
    /// The built-in test gateway: no real money. Only if it was asked for.
    Demo,
}

/// `[auth]`.
#[derive(Clone, Debug, PartialEq)]
pub struct AuthSettings {
    /// Fewest characters of a password.
    pub password_min: u32,
    /// How long an access token is good.
    pub access_minutes: u32,
    /// How long a session lives without being used.
    pub refresh_days: u32,
    /// What tokens are signed with; unless chosen, bytes in the data directory.
    pub signing_secret: Option<Secret>,
}

/// `[limits]`: for each caller.
#[derive(Clone, Debug, PartialEq)]
pub struct LimitSettings {
    /// Whether requests are limited at all.
    pub enabled: bool,
    /// Sign-ins, sign-ups and resets a minute.
    pub credentials_per_minute: NonZeroU32,
    /// Orders placed a minute.
    pub orders_per_minute: NonZeroU32,
    /// Other writes a minute.
    pub writes_per_minute: NonZeroU32,
    /// Reads a second, in the long run.
    pub reads_per_second: NonZeroU32,
    /// Reads at once.
    pub reads_burst: NonZeroU32,
    /// Refused charges an hour, by who tries them.
    pub declines: DeclineSettings,
}

/// How many refused charges an hour are let pass: the defence against card testing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeclineSettings {
    /// From one client address.
    pub by_address: NonZeroU32,
    /// Of one account.
    pub by_account: NonZeroU32,
    /// Of one card.
    pub by_card: NonZeroU32,
}

/// `[http]`.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpSettings {
    /// How many proxies in front of the shop are believed when they say who calls.
    pub trusted_hops: u8,
    /// Threads that answer requests; one a processor when not chosen.
    pub workers: Option<NonZeroUsize>,
    /// Other origins whose pages may call the shop; none unless chosen.
    pub cors_origins: Vec<String>,
    /// Speaks TLS with these files; plain HTTP unless chosen.
    pub tls: Option<TlsFiles>,
}

/// Where certificate and key lie, as PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, and behind it those that vouch for it.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// `[idempotency]`.
#[derive(Clone, Debug, PartialEq)]
pub struct IdempotencySettings {
    /// How long a request key and its answer are kept.
    pub hours: u32,
}

/// `[log]`.
#[derive(Clone, Debug, PartialEq)]
pub struct LogSettings {
    /// How a line looks.
    pub format: LogFormat,
    /// The least important level that is written.
    pub level: tracing::Level,
    /// Which requests are written.
    pub requests: LogRequests,
}

/// Which requests are written to the log, once each is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogRequests {
    /// None.
    None,
    /// All but reads that went well, which are many and tell little.
    Changes,
    /// All.
    All,
}

/// `[webhooks]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookSettings {
    /// Whether private and loopback addresses may be told, and without TLS.
    pub allow_private: bool,
}

/// `[metrics]`.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricsSettings {
    /// Who may read them without a token.
    pub allowed_addresses: Vec<Network>,
}

/// How a log line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines: one object a line.
    Json,
}

/// `[store]`.
#[derive(Clone, Debug, PartialEq)]
pub struct StoreSettings {
    /// With less free space than this, writes are refused and reads go on.
    pub low_water_mib: u64,
}

impl Settings {
    /// Reads the settings of this process: file, environment and flags.
    ///
    /// # Errors
    /// Every fault, all at once.
    pub fn load(flags: &Flags, purpose: Purpose) -> Result<Settings, ConfigFaults> {
        Settings::from_layers(&Layers::gather(flags, std::env::vars_os(), purpose))
    }

    /// Checks layered values and gives them their types.
    ///
    /// # Errors
    /// Every fault, all at once.
    pub fn from_layers(layers: &Layers) -> Result<Settings, ConfigFaults> {
        let mut read = Reading::of(layers);
        let settings = Settings::read(&mut read);
        read.finish(settings)
    }

    fn read(read: &mut Reading<'_>) -> Settings {
        let data_dir = read.value("data_dir", "a directory", |text| {
            (!text.is_empty()).then(|| PathBuf::from(text))
        });
        let listen = read.value("listen", "an IP address and a port, as `127.0.0.1:3000`", parsed);
        let shop = shop::shop(read);
        let mut settings = Settings {
            data_dir,
            purpose: read.purpose(),
            listen,
            payments: payments::payments(read, shop.currency),
            shop,
            stripe: None,
            mail: mail::mail(read),
            auth: AuthSettings {
                password_min: read.number("auth.password_min", 8..=PASSWORD_CHARACTERS_MAX),
                access_minutes: read.number("auth.access_minutes", 1..=ACCESS_MINUTES_MAX),
                refresh_days: read.number("auth.refresh_days", 1..=REFRESH_DAYS_MAX),
                signing_secret: read.secret_if_set(
                    "auth.signing_secret",
                    "32 to 4096 characters that nobody can guess",
                    |text| is_strong(text.as_bytes()),
                ),
            },
            limits: limits(read),
            http: HttpSettings {
                trusted_hops: read.number("http.trusted_hops", 0..=TRUSTED_HOPS_MAX),
                workers: read.number_if_set("http.workers", NonZeroUsize::MIN..=WORKERS_MAX),
                cors_origins: read.list("http.cors_origins", CORS_ORIGINS_MAX, ORIGIN, origin),
                tls: tls(read),
            },
            web: web::web(read),
            idempotency: IdempotencySettings {
                hours: read.number("idempotency.hours", 1..=KEY_HOURS_MAX),
            },
            keeping: keeping::keeping(read),
            log: log(read),
            webhooks: WebhookSettings {
                allow_private: read.choice(
                    "webhooks.allow_private",
                    "`true` or `false`",
                    &[("true", true), ("false", false)],
                ),
            },
            metrics: MetricsSettings {
                allowed_addresses: read.list(
                    "metrics.allowed_addresses",
                    NETWORKS_MAX,
                    "an address or a network, as `10.0.0.0/8`",
                    parsed,
                ),
            },
            store: StoreSettings {
                low_water_mib: read.number("store.low_water_mib", 1..=LOW_WATER_MIB_MAX),
            },
        };
        settings.stripe = stripe::stripe(read, settings.payments.gateway);
        settings
    }

    /// Where customers find the shop: as chosen, or where it listens.
    pub fn public_url(&self, bound: SocketAddr) -> String {
        self.shop.public_url.clone().unwrap_or_else(|| {
            let scheme = if self.http.tls.is_some() { "https" } else { "http" };
            format!("{scheme}://{}", place_in_links(bound))
        })
    }
}

/// What a link says for the place where the shop listens. Who listens everywhere (`0.0.0.0`,
/// `[::]`) is found under no such address: for whoever is on the same machine it is `localhost`.
pub fn place_in_links(bound: SocketAddr) -> String {
    match bound.ip().to_canonical().is_unspecified() {
        true => format!("localhost:{}", bound.port()),
        false => bound.to_string(),
    }
}

fn limits(read: &mut Reading<'_>) -> LimitSettings {
    LimitSettings {
        enabled: read.choice(
            "limits.enabled",
            "`true` or `false`",
            &[("true", true), ("false", false)],
        ),
        credentials_per_minute: read.number("limits.credentials_per_minute", LIMIT),
        orders_per_minute: read.number("limits.orders_per_minute", LIMIT),
        writes_per_minute: read.number("limits.writes_per_minute", LIMIT),
        reads_per_second: read.number("limits.reads_per_second", LIMIT),
        reads_burst: read.number("limits.reads_burst", LIMIT),
        declines: DeclineSettings {
            by_address: read.number("limits.declines_per_hour_by_address", LIMIT),
            by_account: read.number("limits.declines_per_hour_by_account", LIMIT),
            by_card: read.number("limits.declines_per_hour_by_card", LIMIT),
        },
    }
}

fn tls(read: &mut Reading<'_>) -> Option<TlsFiles> {
    let path = |text: &str| (!text.is_empty()).then(|| PathBuf::from(text));
    let (certificate, key) = ("http.tls.certificate", "http.tls.key");
    let both = read.both((certificate, key), "a file", path);
    both.map(|(certificate, key)| TlsFiles { certificate, key })
}

fn log(read: &mut Reading<'_>) -> LogSettings {
    use tracing::Level;
    LogSettings {
        format: read.choice(
            "log.format",
            "`text` or `json`",
            &[("text", LogFormat::Text), ("json", LogFormat::Json)],
        ),
        level: read.choice(
            "log.level",
            "`error`, `warn`, `info`, `debug` or `trace`",
            &[
                ("error", Level::ERROR),
                ("warn", Level::WARN),
                ("info", Level::INFO),
                ("debug", Level::DEBUG),
                ("trace", Level::TRACE),
            ],
        ),
        requests: read.choice(
            "log.requests",
            "`all`, `changes` or `none`",
            &[
                ("all", LogRequests::All),
                ("changes", LogRequests::Changes),
                ("none", LogRequests::None),
            ],
        ),
    }
}

fn parsed<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

const ORIGIN: &str = "an origin, as `https://shop.example`, without a path";

/// Longest password, and so the most that may be asked for.
const PASSWORD_CHARACTERS_MAX: u32 = 128;
/// A day: an access token is meant to be short.
const ACCESS_MINUTES_MAX: u32 = 24 * 60;
const REFRESH_DAYS_MAX: u32 = 365;
const TRUSTED_HOPS_MAX: u8 = 16;
const WORKERS_MAX: NonZeroUsize = NonZeroUsize::new(256).expect("not zero");
const CORS_ORIGINS_MAX: usize = 100;
const NETWORKS_MAX: usize = 100;
/// A month of request keys.
const KEY_HOURS_MAX: u32 = 30 * 24;
/// A tebibyte.
const LOW_WATER_MIB_MAX: u64 = 1024 * 1024;
const LIMIT: std::ops::RangeInclusive<NonZeroU32> =
    NonZeroU32::MIN..=NonZeroU32::new(1_000_000).expect("not zero");

#[cfg(test)]
mod tests;
