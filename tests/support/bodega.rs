//! Bodega: a real shop on a temporary folder, served by the real server on a loopback port.
//!
//! The server has a system and a thread of its own; dropping the shop ends both and removes the
//! folder. Limits are off, the demo gateway takes the money, and nothing is done by the minute.

use std::{
    net::SocketAddr,
    path::Path,
    sync::{
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use actix::{Arbiter, ArbiterHandle, System};
use bodega::{
    clock::Clock,
    config::{Flags, Layers, Purpose, Settings},
    domain::time::Timestamp,
    http::{
        server::{Listening, ServerSettings, listen},
        wiring::pipeline,
    },
    shop::Shop,
    store::{Silent, Store, StoreOptions, registry},
};
use tempfile::TempDir;
use tokio::sync::oneshot;

/// A shop that is being served.
pub struct Bodega {
    pub shop: Shop,
    pub address: SocketAddr,
    folder: TempDir,
    chosen: Vec<(&'static str, &'static str)>,
    time: Time,
    server: Option<Server>,
    strangers: AtomicU32,
}

/// Whose time it is.
#[derive(Clone, Copy)]
enum Time {
    OfMachine,
    Stopped,
}

struct Server {
    stop: oneshot::Sender<()>,
    thread: thread::JoinHandle<()>,
}

impl Bodega {
    /// A shop with every setting at its default, as far as a test can stand it.
    pub fn open() -> Bodega {
        Bodega::with(&[])
    }

    /// A shop with these settings, each by its path: `("shop.currency", "JPY")`.
    pub fn with(chosen: &[(&'static str, &'static str)]) -> Bodega {
        Bodega::on(new_folder(), chosen.to_vec(), Time::OfMachine)
    }

    /// A shop whose clock moves only when the test says so.
    pub fn with_stopped_clock() -> Bodega {
        Bodega::with_stopped_clock_and(&[])
    }

    /// The same, with these settings.
    pub fn with_stopped_clock_and(chosen: &[(&'static str, &'static str)]) -> Bodega {
        Bodega::on(new_folder(), chosen.to_vec(), Time::Stopped)
    }

    /// The same shop, closed in good order and opened again.
    pub fn reopened(self) -> Bodega {
        self.reopened_after(|_| {})
    }

    /// The same, with these settings instead.
    pub fn reopened_with(mut self, chosen: &[(&'static str, &'static str)]) -> Bodega {
        self.chosen = chosen.to_vec();
        self.reopened()
    }

    /// The same, after something was done to its folder while it was closed.
    pub fn reopened_after(mut self, done: impl FnOnce(&Path)) -> Bodega {
        self.end();
        let chosen = std::mem::take(&mut self.chosen);
        let time = self.time;
        let folder = std::mem::replace(&mut self.folder, new_folder());
        // Whoever still holds the shop holds its files.
        drop(self);
        done(folder.path());
        Bodega::on(folder, chosen, time)
    }

    /// Drives on what waits for a bank or has waited too long; a running shop does it every minute.
    pub async fn drives_on(&self) {
        self.shop
            .purchases
            .sweep(bodega::actors::purchases::Sweep::Due)
            .await
            .expect("unfinished orders can be looked at");
    }

    /// Where the data lies.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A name nobody has yet.
    pub fn new_name(&self) -> String {
        format!("stranger{}", self.strangers.fetch_add(1, Ordering::Relaxed))
    }

    fn on(folder: TempDir, chosen: Vec<(&'static str, &'static str)>, time: Time) -> Bodega {
        let settings = settings_of(folder.path(), &chosen);
        let (opened, open) = mpsc::channel();
        let (stop, told) = oneshot::channel();
        let thread = thread::spawn(move || serve(settings, time, &opened, told));
        let (shop, address) = open.recv().expect("a shop that opens");
        let server = Some(Server { stop, thread });
        Bodega { shop, address, folder, chosen, time, server, strangers: AtomicU32::new(0) }
    }

    fn end(&mut self) {
        let Some(Server { stop, thread }) = self.server.take() else { return };
        let _already_gone = stop.send(());
        let ended = thread.join();
        assert!(ended.is_ok() || thread::panicking(), "the shop did not close in good order");
    }
}

impl Drop for Bodega {
    fn drop(&mut self) {
        self.end();
    }
}

fn new_folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn settings_of(folder: &Path, chosen: &[(&'static str, &'static str)]) -> Settings {
    let flags = Flags {
        data_dir: Some(folder.display().to_string()),
        listen: Some("127.0.0.1:0".to_owned()),
        ..Flags::default()
    };
    let usual = [("limits.enabled", "false"), ("shop.name", "Test shop")];
    let variables = usual.iter().chain(chosen).map(|(path, value)| {
        let name = format!("BODEGA_{}", path.replace('.', "__").to_uppercase());
        (name.into(), (*value).into())
    });
    // Only a demo takes cards that are none, and shows its letters to whoever asks.
    let is_real = chosen.contains(&("payments.gateway", "manual"));
    let purpose = if is_real { Purpose::Shop } else { Purpose::Demo };
    let layers = Layers::gather(&flags, variables, purpose);
    let mut settings = Settings::from_layers(&layers).expect("sound settings");
    // A machine that runs tests may be short of disk.
    settings.store.low_water_mib = 0;
    settings
}

/// Serves a shop until told to stop.
fn serve(
    settings: Settings,
    time: Time,
    opened: &mpsc::Sender<(Shop, SocketAddr)>,
    told: oneshot::Receiver<()>,
) {
    let system = System::new();
    let owners = system.block_on(async { Arbiter::new() });
    system.block_on(async {
        let mut at = ServerSettings::at(settings.listen);
        at.workers = 1;
        at.stalled_for_max = STALLED_FOR_MAX;
        at.cors_origins.clone_from(&settings.http.cors_origins);
        let shop = shop_of(settings, time, &owners.handle()).await;
        let Listening { address, server } = listen(pipeline(shop.clone()), &at).expect("a port");
        let handle = server.handle();
        let serving = actix::spawn(server);
        opened.send((shop.clone(), address)).expect("a test that waits for its shop");
        let _dropped_or_told = told.await;
        handle.stop(false).await;
        serving.await.expect("a server").expect("that ends");
        shop.close().expect("a shop that closes");
    });
    owners.stop();
    owners.join().expect("owners that end");
}

async fn shop_of(settings: Settings, time: Time, owners: &ArbiterHandle) -> Shop {
    match time {
        Time::OfMachine => Shop::open(settings, owners, &Silent).await.expect("a shop").0,
        Time::Stopped => {
            let options = StoreOptions { low_water_bytes: 0, ..StoreOptions::default() };
            let (store, _) =
                Store::open(&settings.data_dir, registry(), options, &Silent).expect("a store");
            let after = store.now_floor().millis().max(FIRST_MOMENT) + 1;
            let clock = Clock::stopped_at(Timestamp::from_millis(after));
            Shop::over(store, clock, settings, owners).await.expect("a shop")
        }
    }
}

/// A client that takes nothing is not waited for as long as in a real shop.
const STALLED_FOR_MAX: Duration = Duration::from_secs(2);
/// Some day in 2026, when a clock stands still.
const FIRST_MOMENT: i64 = 1_780_000_000_000;
