//! A shop for a benchmark: on a temporary folder, served by the real server on a loopback port.

use std::{net::SocketAddr, path::Path, sync::mpsc, thread};

use bodega::{
    config::{Flags, Layers, Purpose, Settings},
    http::{
        server::{ServerSettings, listen},
        wiring::pipeline,
    },
    shop::{Shop, owners_thread},
    store::Silent,
};

/// What the shipped binary allocates with.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Settings of a shop in this folder: the demo gateway, letters into a folder, no rate limits, any
/// port.
pub fn settings(dir: &Path) -> Settings {
    settings_with(dir, &[])
}

/// The same with these, each by its variable without `BODEGA_`.
pub fn settings_with(dir: &Path, chosen: &[(&str, &str)]) -> Settings {
    let chosen = chosen.iter().map(|(name, value)| (format!("BODEGA_{name}").into(), value.into()));
    let flags = Flags {
        data_dir: Some(dir.display().to_string()),
        listen: Some("127.0.0.1:0".to_owned()),
        ..Flags::default()
    };
    let mut settings = Settings::from_layers(&Layers::gather(&flags, chosen, Purpose::Demo))
        .expect("settings without faults");
    settings.limits.enabled = false;
    settings
}

/// Opens and serves a shop on a thread of its own.
pub fn serve(settings: Settings) -> (Shop, SocketAddr) {
    bodega::memory::keep_pages_small();
    let (ready, is_ready) = mpsc::channel();
    thread::spawn(move || {
        actix::System::new().block_on(async move {
            let owners = owners_thread();
            let (shop, _) =
                Shop::open(settings, &owners.handle(), &Silent).await.expect("an open shop");
            let at = ServerSettings::at(shop.settings.listen);
            let listening = listen(pipeline(shop.clone()), &at).expect("a free port");
            ready.send((shop, listening.address)).expect("somebody waits");
            listening.server.await.expect("a server that ends well");
        });
    });
    is_ready.recv().expect("a shop that opens")
}
