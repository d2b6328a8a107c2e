//! Shop: wires store, owners, services and HTTP together; opens and closes them in order.
//!
//! Order of opening: the store (it takes the directory), the signing secret, the owners, the
//! shop's own settings, and then whatever a crash has left unfinished is driven on.

mod finding;
mod gateway;
mod keeping;
mod mail;
mod opening;
mod tidying;
mod webhooks;

use std::{
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use actix::{Arbiter, ArbiterHandle};
use jiff::tz::TimeZone;
use secrecy::{ExposeSecret, SecretSlice};

use crate::{
    accounts::{Accounts, Terms, passwords::PasswordFault},
    actors::{
        Intent, Rejection, assortment::Assortment, desks::Desks, hearing::Hearing,
        housekeeping::Housekeeping, purchases::Purchases, reconciling::Reconciling,
        shelves::Shelves,
    },
    clock::Clock,
    config::Settings,
    domain::time::{Stamp, Who},
    http::{
        admin::{figures::FiguresBoard, setup_page::Setup},
        cursor::Cursors,
        products::Renderings,
        storefront::{kept::KeptPages, sitemap::SiteMap},
    },
    meters::Meters,
    search::{self, Misses, Register, Search, SearchFault},
    secret::{SecretFault, signing_secret},
    store::{
        Faults, OpenReport, Progress, Reader, Silent, Store, StoreFault, StoreOptions, registry,
    },
    subscribers::{live::Live, runner::Runner, search::Following, webhooks::Webhooks},
    web::{ThemeFault, Web},
};

pub use crate::{gateways::mail::folder::Filed, subscribers::mail::Written};
use finding::Finding;
use gateway::{gateway_over, payment_terms, stripe_over};
use mail::Letters;
use tidying::keeping;
use webhooks::webhooks_over;

/// Why a shop could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum CannotOpen {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreFault),
    /// The signing secret.
    #[error(transparent)]
    Secret(#[from] SecretFault),
    /// The password pool.
    #[error(transparent)]
    Passwords(#[from] PasswordFault),
    /// The couriers' thread.
    #[error("the machine gives no thread for the couriers: {0}")]
    Runner(std::io::Error),
    /// The search index.
    #[error(transparent)]
    Search(#[from] SearchFault),
    /// The theme cannot be used.
    #[error(transparent)]
    Theme(#[from] ThemeFault),
    /// The machine gives no thread to search.
    #[error("search could not be started: {0}")]
    Following(std::io::Error),
    /// Letters cannot be written or sent as was chosen.
    #[error("mail cannot be used: {0}")]
    Mail(String),
    /// The machine gives no thread to live pages.
    #[error("live pages could not be started: {0}")]
    Live(std::io::Error),
    /// Webhooks cannot be sent.
    #[error("webhooks cannot be sent: {0}")]
    Webhooks(String),
    /// The payment gateway cannot be used.
    #[error("the payment gateway cannot be used: {0}")]
    Gateway(String),
    /// The shop's first settings could not be written.
    #[error("the shop's settings could not be written: {0}")]
    Settings(Rejection),
}

/// A running shop. Cheap to clone.
#[derive(Clone)]
pub struct Shop(Arc<Parts>);

/// What a running shop is made of.
pub struct Parts {
    /// Every owner's desk.
    pub desks: Arc<Desks>,
    /// Signing up and in.
    pub accounts: Accounts,
    /// Buying.
    pub purchases: Purchases,
    /// Comparing the gateway's books with the shop's.
    pub reconciling: Reconciling,
    /// What the payment gateway tells.
    pub hearing: Hearing,
    /// Letting go of what is too old.
    pub housekeeping: Housekeeping,
    /// What the shop sells, with its stock.
    pub assortment: Assortment,
    /// Those who bring news to the world outside.
    pub runner: Runner,
    /// Letters, and how they leave.
    pub letters: Letters,
    /// Those who listen to what happens.
    pub live: Live,
    /// Those who are told by webhook.
    pub webhooks: Webhooks,
    /// Committed state.
    pub reader: Reader,
    /// The shop's clock.
    pub clock: Clock,
    /// Where the shop is: its days, and the time that its pages tell.
    pub zone: TimeZone,
    /// Seals of lists' cursors.
    pub cursors: Cursors,
    /// The tree of categories.
    pub shelves: Shelves,
    /// Products, written once for many readers.
    pub renderings: Renderings,
    /// Pages, written once for all visitors.
    pub kept_pages: KeptPages,
    /// What was sold lately and what runs low, for staff.
    pub figures: FiguresBoard,
    /// Where the parts of the site map begin.
    pub site_map: SiteMap,
    /// What lets the first admin in.
    pub setup: Setup,
    /// Finds products.
    pub search: Search,
    /// Templates and assets of the pages.
    pub web: Arc<Web>,
    /// What was looked for in vain.
    pub misses: Misses,
    /// Where staff look up orders, customers and products.
    pub register: Register,
    /// What request keys are hashed with.
    pub key_secret: [u8; 32],
    /// What was chosen for this run.
    pub settings: Settings,
    /// Numbers about this shop.
    pub meters: Meters,
    store: Store,
    following: Following,
    closing: AtomicBool,
}

impl Deref for Shop {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Shop {
    /// Opens a shop on its data directory. The owners run on `arbiter`.
    ///
    /// # Errors
    /// The directory is taken, damaged or not writable; each with words for the shopkeeper.
    pub async fn open(
        settings: Settings,
        arbiter: &ArbiterHandle,
        progress: &dyn Progress,
    ) -> Result<(Shop, OpenReport), CannotOpen> {
        Shop::open_with(settings, None, arbiter, progress).await
    }

    /// Opens a shop in which a test lets something go wrong.
    ///
    /// # Errors
    /// As [`Shop::open`].
    pub async fn open_with(
        settings: Settings,
        faults: Option<Arc<Faults>>,
        arbiter: &ArbiterHandle,
        progress: &dyn Progress,
    ) -> Result<(Shop, OpenReport), CannotOpen> {
        let options = StoreOptions {
            low_water_bytes: settings.store.low_water_mib << 20,
            faults,
            ..StoreOptions::default()
        };
        let meters = Meters::new();
        let (store, report) = meters
            .while_making(|| Store::open(&settings.data_dir, registry(), options, progress))?;
        let clock = Clock::of_machine(store.now_floor());
        let shop = Shop::measured(store, clock, settings, arbiter, (meters, progress)).await?;
        Ok((shop, report))
    }

    /// The shop over a store and a clock that are there.
    ///
    /// # Errors
    /// As [`Shop::open`].
    pub async fn over(
        store: Store,
        clock: Clock,
        settings: Settings,
        arbiter: &ArbiterHandle,
    ) -> Result<Shop, CannotOpen> {
        Shop::counted_by(Meters::new(), store, clock, settings, arbiter).await
    }

    /// The same, where what happens is counted by these meters.
    ///
    /// # Errors
    /// As [`Shop::open`].
    pub async fn counted_by(
        meters: Meters,
        store: Store,
        clock: Clock,
        settings: Settings,
        arbiter: &ArbiterHandle,
    ) -> Result<Shop, CannotOpen> {
        Shop::measured(store, clock, settings, arbiter, (meters, &Silent)).await
    }

    async fn measured(
        store: Store,
        clock: Clock,
        settings: Settings,
        arbiter: &ArbiterHandle,
        (meters, progress): (Meters, &dyn Progress),
    ) -> Result<Shop, CannotOpen> {
        let secret = secret_of(&settings)?;
        let web = Web::open(settings.web.theme.as_deref())?;
        let finding = Finding::begin(&settings, meters.clone())?;
        let stripe =
            stripe_over(&settings, &store.reader(), &clock).map_err(CannotOpen::Gateway)?;
        let (gateway, time, books) = (settings.payments.gateway, clock.clone(), store.reader());
        let desks = Arc::new(meters.while_making(|| {
            Desks::open(store.clone(), clock.clone(), arbiter, move |bank| {
                stripe.unwrap_or_else(|| gateway_over(gateway, bank, books, time))
            })
        }));
        let letters =
            Letters::of(&settings, store.clone(), &clock, &secret).map_err(CannotOpen::Mail)?;
        let accounts = Accounts::new(
            desks.users.clone(),
            desks.api_keys.clone(),
            store.reader(),
            &secret,
            clock.clone(),
            session_terms(&settings),
        )?;
        let runner = Runner::start(store.clone(), desks.couriers.clone(), clock.clone())
            .map_err(CannotOpen::Runner)?;
        let terms = payment_terms(&settings.payments, &settings.limits);
        let purchases = Purchases::new(Arc::clone(&desks), arbiter.clone(), terms);
        let hearing = meters
            .while_making(|| Hearing::new(Arc::clone(&desks), purchases.clone(), arbiter.clone()));
        progress.begin("opening the search indexes", 0);
        let (search, register, following) = finding.over(&store)?;
        progress.end();
        let shelves = Shelves::new(store.reader());
        let webhooks = webhooks_over(&settings, &runner, &desks, &store, &clock, &secret)?;
        let live = meters.while_making(|| Live::start(store.clone())).map_err(CannotOpen::Live)?;
        let shop = Shop(Arc::new(Parts {
            runner,
            letters,
            live,
            webhooks,
            search,
            web,
            misses: Misses::load(&search::misses_in(&settings.data_dir)),
            register,
            following,
            hearing,
            reader: store.reader(),
            renderings: meters.while_making(|| Renderings::over(shelves.clone())),
            kept_pages: meters.while_making(KeptPages::empty),
            shelves,
            figures: FiguresBoard::default(),
            site_map: SiteMap::default(),
            setup: Setup::of(&store.reader(), &clock)?,
            assortment: Assortment::new(Arc::clone(&desks)),
            reconciling: Reconciling::new(Arc::clone(&desks)),
            housekeeping: Housekeeping::new(Arc::clone(&desks), keeping(&settings)),
            cursors: Cursors::new(derived(&secret, b"cursors")),
            key_secret: derived(&secret, b"request keys"),
            closing: AtomicBool::new(false),
            desks,
            accounts,
            purchases,
            clock,
            zone: TimeZone::get(&settings.shop.time_zone).unwrap_or(TimeZone::UTC),
            settings,
            meters,
            store,
        }));
        shop.write_first_settings().await.map_err(CannotOpen::Settings)?;
        Ok(shop)
    }

    /// An intent of somebody, now.
    pub fn intent(&self, who: Who) -> Intent {
        Intent::of(Stamp { at: self.clock.now(), who })
    }

    /// The store, for health and verification.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// From now on the shop says that it is closing.
    pub fn begin_closing(&self) {
        self.closing.store(true, Ordering::Relaxed);
        self.live.close();
    }

    /// Whether it is closing.
    pub fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    /// Writes what waits and closes the store.
    ///
    /// # Errors
    /// The disk.
    pub fn close(self) -> Result<(), StoreFault> {
        self.begin_closing();
        self.runner.stop();
        self.following.stop();
        self.live.stop();
        self.keep_misses();
        self.store.clone().close()
    }
}

/// How long people stay signed in.
fn session_terms(settings: &Settings) -> Terms {
    let auth = &settings.auth;
    Terms { access_minutes: auth.access_minutes, refresh_days: auth.refresh_days }
}

/// The secret that was chosen, or the one in the data directory.
fn secret_of(settings: &Settings) -> Result<SecretSlice<u8>, CannotOpen> {
    match &settings.auth.signing_secret {
        Some(chosen) => Ok(SecretSlice::from(chosen.expose().as_bytes().to_vec())),
        None => Ok(signing_secret(&settings.data_dir)?),
    }
}

/// A secret for one purpose, so that what is made with one proves nothing about another.
fn derived(secret: &SecretSlice<u8>, purpose: &[u8]) -> [u8; 32] {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    hash.update(purpose);
    hash.update(secret.expose_secret());
    hash.finalize().into()
}

/// A thread for the owners.
pub fn owners_thread() -> Arbiter {
    Arbiter::new()
}
