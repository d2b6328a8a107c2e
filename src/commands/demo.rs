//! `bodega demo`: a filled shop with a test gateway, offline, in one command.
//!
//! A temporary directory unless one is named; a real shop's directory is refused, because the
//! demo gateway takes no money.

use std::{fs, path::Path};

use crate::{
    cli::{Bar, say},
    config::Settings,
    demo,
    shop::Shop,
};

use super::{
    Ended,
    serve::{Running, Told, in_runtime},
    tour::tour,
};

/// Serves the demo, or goes through one purchase and ends.
pub fn demo(mut settings: Settings, dir_is_named: bool, touring: bool) -> Result<(), Ended> {
    let folder = tempfile::Builder::new()
        .prefix("bodega-demo-")
        .tempdir()
        .map_err(|fault| Ended::Plainly(format!("no temporary directory: {fault}")))?;
    if !dir_is_named {
        settings.data_dir = folder.path().join("data");
    }
    if touring {
        settings.listen.set_port(0);
        settings.limits.enabled = false;
    }
    must_be_a_demos(&settings.data_dir)?;
    in_runtime(|arbiter| async move {
        let (shop, _) = Shop::open(settings, &arbiter, &Bar::new()).await?;
        fs::write(shop.settings.data_dir.join(MARK), MARK_SAYS).map_err(Ended::plainly)?;
        demo::fill(&shop).await.map_err(Ended::plainly)?;
        let running = Running::over(shop).await?;
        if touring {
            let toured = tour(running.address).await;
            running.stop().await?;
            return toured;
        }
        greet(&running)?;
        match running.until_told().await? {
            Told::Stop => Ok(()),
            Told::OpenAgain(_) => Err(Ended::Plainly("start the demo again".into())),
        }
    })
}

/// A directory may be new, empty, or a demo's own.
fn must_be_a_demos(dir: &Path) -> Result<(), Ended> {
    let empty = fs::read_dir(dir).map_or(true, |mut entries| entries.next().is_none());
    if empty || dir.join(MARK).exists() {
        return Ok(());
    }
    Err(Ended::Plainly(format!(
        "{} holds something that is not a demo; name a new directory",
        dir.display()
    )))
}

fn greet(running: &Running) -> Result<(), Ended> {
    let at = running.link();
    let mut lines = vec![
        format!("bodega is open at {at} (demo gateway: no money moves)"),
        String::new(),
        "Accounts:".to_owned(),
    ];
    for (email, role) in demo::ACCOUNTS {
        lines.push(format!("  {email:<28} {role:<18} password: {}", demo::PASSWORD));
    }
    lines.extend([
        String::new(),
        "Five things to try:".to_owned(),
        format!("  1. shop in a browser at {at}"),
        format!("  2. run the shop at {at}/admin, signed in as {}", demo::ACCOUNTS[0].0),
        format!("  3. read every operation of the API at {at}/docs"),
        "  4. order with card 4242424242424242, then with 4000000000009995 (declined) and \
         4000002760003184 (3-D Secure)"
            .to_owned(),
        "  5. stop this with Ctrl-C and run `bodega demo --tour`".to_owned(),
        String::new(),
        format!("Every letter the shop sends: {at}/demo/mail"),
    ]);
    say(&lines.join("\n")).map_err(Ended::plainly)
}

/// Marks a directory as a demo's.
const MARK: &str = "DEMO";
const MARK_SAYS: &str = "A demo of Bodega. Its gateway takes no money; it may be deleted.\n";
