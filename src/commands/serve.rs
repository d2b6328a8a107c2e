//! `bodega serve`: opens the shop, says where, and serves until it is told to stop.

use std::{future::Future, net::SocketAddr, sync::Arc, time::Duration};

use actix::{Arbiter, ArbiterHandle};
use actix_web::dev::ServerHandle;
use tokio::task::JoinHandle;

use crate::{
    cli::{Bar, complain, say},
    config::{FAULT_VARIABLE, Gateway, Settings, place_in_links},
    control::{ControlAnswer, ControlRequest, ControlSocket, ShopStatus},
    http::{
        reconciliation::ReconciliationView,
        server::{Listening, ServerSettings, listen, tls::Certificate},
        wiring::pipeline,
    },
    shop::{Shop, owners_thread},
    store::{Faults, OpenReport},
};

use super::{Ended, admin, exchange, signals::Signals};

/// Serves a shop until SIGTERM or SIGINT.
pub fn serve(mut settings: Settings) -> Result<(), Ended> {
    for _ in 0..=REOPENINGS_MAX {
        let chosen = settings.clone();
        let told = in_runtime(|arbiter| serve_once(chosen, arbiter))?;
        match told {
            Told::Stop => return Ok(()),
            // Where clients know it to be, also if the port was any.
            Told::OpenAgain(address) => settings.listen = address,
        }
    }
    Err(Ended::Plainly(
        "the state was found damaged again and again: is the disk sound, is there memory?".into(),
    ))
}

async fn serve_once(settings: Settings, arbiter: ArbiterHandle) -> Result<Told, Ended> {
    let gateway = settings.payments.gateway;
    let running = Running::open(settings, &arbiter).await?;
    let mode = match gateway {
        Gateway::Demo => " (demo gateway: no money moves)",
        Gateway::Manual | Gateway::Stripe => "",
    };
    let at = running.link();
    say(&format!("bodega is open at {at}{mode}")).map_err(Ended::plainly)?;
    if let Some(token) = running.shop.setup.token() {
        let setup = format!("{at}/setup?token={token}");
        say(&format!("nobody runs this shop yet: open {setup} to make its admin"))
            .map_err(Ended::plainly)?;
    }
    running.until_told().await
}

/// Why serving ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Somebody said so.
    Stop,
    /// The state was found damaged: opened again, the shop makes it anew from the journal.
    OpenAgain(SocketAddr),
}

/// A shop that is being served.
pub struct Running {
    /// Where.
    pub address: SocketAddr,
    /// The shop.
    pub shop: Shop,
    handle: ServerHandle,
    serving: JoinHandle<std::io::Result<()>>,
    control: ControlSocket,
    signals: Signals,
}

impl Running {
    /// Opens the shop, its control socket and its port; what a crash left is driven on.
    pub async fn open(settings: Settings, arbiter: &ArbiterHandle) -> Result<Running, Ended> {
        let faults = faults_on_order()?;
        let opening = Bar::telling("opening the shop");
        let (shop, report) = Shop::open_with(settings, faults, arbiter, &opening).await?;
        tell(&report);
        let running = Running::over(shop).await;
        drop(opening);
        running
    }

    /// Serves a shop that is open.
    pub async fn over(shop: Shop) -> Result<Running, Ended> {
        if let Err(error) = shop.send_couriers_out().await {
            tracing::error!(%error, "the couriers could not be sent out; that is tried again");
            actix::spawn(shop.clone().keep_sending_out());
        }
        let control = ControlSocket::open(&shop.settings.data_dir).map_err(Ended::plainly)?;
        let settings = &shop.settings;
        let mut at = ServerSettings::at(settings.listen);
        at.cors_origins.clone_from(&settings.http.cors_origins);
        if let Some(workers) = settings.http.workers {
            at.workers = workers.get();
        }
        if let Some(files) = &settings.http.tls {
            at.tls = Some(Certificate::read(files.clone()).map_err(Ended::settings)?);
        }
        let listening = listen(pipeline(shop.clone()), &at).map_err(Ended::plainly)?;
        let Listening { address, server } = listening;
        let handle = server.handle();
        let serving = actix::spawn(server);
        actix::spawn(shop.clone().keep_driving());
        actix::spawn(shop.clone().keep_tidy());
        actix::spawn(shop.clone().keep_reconciling());
        actix::spawn(shop.clone().keep_listening());
        actix::spawn(shop.clone().keep_tidying());
        Ok(Running { address, shop, handle, serving, control, signals: Signals::listen() })
    }

    /// Where it is found from this machine, as a link without a path.
    pub fn link(&self) -> String {
        let scheme = if self.shop.settings.http.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", place_in_links(self.address))
    }

    /// Stops serving, finishes what was accepted, calls the couriers home while the owners still
    /// write, and closes the store.
    pub async fn stop(self) -> Result<(), Ended> {
        let Running { shop, handle, serving, control, .. } = self;
        shop.begin_closing();
        handle.stop(true).await;
        serving.await.map_err(Ended::plainly)?.map_err(Ended::plainly)?;
        drop(control);
        shop.close().map_err(Ended::from)
    }

    /// Serves until told to stop or found damaged; then stops as [`Running::stop`] does.
    pub async fn until_told(self) -> Result<Told, Ended> {
        let Running { address, shop, handle, mut serving, control, mut signals } = self;
        let answering = shop.clone();
        let answered = control.serve(move |request| answer(answering.clone(), request, address));
        let told = tokio::select! {
            // Nobody but us has its handle: it broke.
            served = &mut serving => {
                let why = served.map_err(Ended::plainly)?.err().map(|why| why.to_string());
                return Err(Ended::Plainly(why.unwrap_or_else(|| "the server ended".to_owned())));
            }
            () = signals.told_to_stop() => Told::Stop,
            () = damaged(&shop) => Told::OpenAgain(address),
            never = answered => match never {},
        };
        shop.begin_closing();
        handle.stop(true).await;
        serving.await.map_err(Ended::plainly)?.map_err(Ended::plainly)?;
        drop(control);
        match (told, shop.close()) {
            (Told::OpenAgain(_), Err(fault)) => tracing::warn!(%fault, "closed as far as it went"),
            (Told::Stop | Told::OpenAgain(_), closed) => closed?,
        }
        Ok(told)
    }
}

/// Comes when the state was found damaged. Nothing is wrong with the journal then.
async fn damaged(shop: &Shop) {
    let mut every = tokio::time::interval(LOOK_EVERY);
    while !shop.store().must_be_reopened() {
        every.tick().await;
    }
    complain("the state was found damaged: the shop opens again and makes it anew");
}

/// Runs `task` on a runtime of its own, with a thread for the owners.
pub fn in_runtime<T, F>(task: impl FnOnce(ArbiterHandle) -> F) -> Result<T, Ended>
where
    F: Future<Output = Result<T, Ended>>,
{
    let system = actix::System::new();
    let owners: Arc<Arbiter> = Arc::new(system.block_on(async { owners_thread() }));
    let ended = system.block_on(task(owners.handle()));
    owners.stop();
    ended
}

/// Where a test of crashes wants the process to die: `BODEGA_FAULT=after_sync:17`.
fn faults_on_order() -> Result<Option<Arc<Faults>>, Ended> {
    let Some(order) = std::env::var_os(FAULT_VARIABLE) else { return Ok(None) };
    let faults = order.to_string_lossy().parse::<Faults>();
    let faults = faults.map_err(|fault| Ended::Plainly(format!("{FAULT_VARIABLE}: {fault}")))?;
    complain(&format!("{FAULT_VARIABLE} is set: this process will fail when it gets there"));
    Ok(Some(Arc::new(faults)))
}

fn tell(report: &OpenReport) {
    if let Some(torn) = &report.torn {
        complain(&format!("an unsynced end of the journal was cut off: {torn}"));
    }
    if let Some(why) = &report.rebuilt {
        complain(&format!("the state was made again from the journal: {why}"));
    }
}

/// Answers a command that speaks to the running shop.
async fn answer(shop: Shop, request: ControlRequest, address: SocketAddr) -> ControlAnswer {
    match request {
        ControlRequest::CreateAdmin { email, username, password } => {
            admin::told(admin::create(&shop, email, username, password).await)
        }
        ControlRequest::ResetPassword { email, password } => {
            admin::told(admin::reset(&shop, &email, password).await)
        }
        ControlRequest::Reconcile { days } => {
            shop.reconciling.begin(days);
            reconciled(&shop).await
        }
        ControlRequest::Reconciled => reconciled(&shop).await,
        ControlRequest::Import { asked } => exchange::answer_import(&shop, asked).await,
        ControlRequest::Export { asked } => exchange::answer_export(&shop, asked),
        ControlRequest::Status => {
            let health = shop.store().health();
            ControlAnswer::Status(ShopStatus {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                address: address.to_string(),
                health: format!("{:?}", health.mode),
                journal_seq: health.seq,
            })
        }
    }
}

/// How a comparison ended, if it ends before the command gives up listening.
async fn reconciled(shop: &Shop) -> ControlAnswer {
    match shop.reconciling.ended_within(LISTENED_FOR).await {
        None => ControlAnswer::Working,
        Some(Err(detail)) => ControlAnswer::Failed { detail },
        Some(Ok(report)) => {
            let view = serde_json::to_value(ReconciliationView::of(&report));
            view.map_or_else(
                |fault| ControlAnswer::Failed { detail: fault.to_string() },
                ControlAnswer::Report,
            )
        }
    }
}

/// How often a running shop opens again by itself.
const REOPENINGS_MAX: usize = 3;
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Well within the time a conversation may take.
const LISTENED_FOR: Duration = Duration::from_secs(5);
