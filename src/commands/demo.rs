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
    let account = &mut settings.payments.bank_transfer_details;
    account.get_or_insert_with(|| ACCOUNT.to_owned());
    if touring {
        settings.listen.set_port(0);
        settings.limits.enabled = false;
    }
    claim(&settings.data_dir)?;
    in_runtime(|arbiter| async move {
        let (shop, _) = Shop::open(settings, &arbiter, &Bar::new()).await?;
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

/// A directory may be new, empty, or a demo's own. It is marked before anything else is in it: a
/// demo whose start fails starts there again.
fn claim(dir: &Path) -> Result<(), Ended> {
    let empty = fs::read_dir(dir).map_or(true, |mut entries| entries.next().is_none());
    if !empty && !dir.join(MARK).exists() {
        return Err(Ended::Plainly(format!(
            "{} holds something that is not a demo; name a new directory",
            dir.display()
        )));
    }
    fs::create_dir_all(dir)
        .and_then(|()| fs::write(dir.join(MARK), MARK_SAYS))
        .map_err(|fault| Ended::Plainly(format!("{} cannot be a demo's: {fault}", dir.display())))
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

/// What a customer of the demo is told who pays by bank.
const ACCOUNT: &str = "This is a demo: it has no account, and nothing is to be paid.";
/// Marks a directory as a demo's.
const MARK: &str = "DEMO";
const MARK_SAYS: &str = "A demo of Bodega. Its gateway takes no money; it may be deleted.\n";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Flags, Layers, Purpose};

    #[test]
    fn a_demo_whose_start_failed_may_start_in_its_directory_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let dir = folder.path().join("demo");
        for _ in 0..2 {
            let data_dir = Some(dir.display().to_string());
            let flags = Flags { data_dir, ..Flags::default() };
            let theme = folder.path().join("no-theme").into_os_string();
            let variables = [("BODEGA_WEB__THEME".into(), theme)];
            let layers = Layers::gather(&flags, variables, Purpose::Demo);
            let settings = Settings::from_layers(&layers).expect("sound settings");
            let ended = demo(settings, true, false).expect_err("there is no such theme");
            assert!(ended.to_string().contains("no-theme"), "{ended}");
        }
        fs::write(folder.path().join("letter"), "dear").expect("a file");
        let refused = claim(folder.path()).expect_err("it is no demo's");
        assert!(refused.to_string().contains("not a demo"), "{refused}");
    }
}
