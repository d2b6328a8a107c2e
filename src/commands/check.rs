//! `bodega verify` and `bodega rebuild`: is the data as it must be, and make the state anew.

use serde_json::json;

use crate::{
    cli::{Bar, say},
    clock::Clock,
    config::Settings,
    domain::time::Timestamp,
    http::media,
    search,
    store::{self, Finding, StoreOptions, registry, verify::VerifyReport},
};

use super::Ended;

/// Verifies a stopped shop's data.
pub fn verify(settings: &Settings, as_json: bool) -> Result<(), Ended> {
    let clock = Clock::of_machine(Timestamp::default());
    let checks = crate::invariants::all();
    let dir = &settings.data_dir;
    if !dir.join("journal").is_dir() {
        return Err(Ended::Plainly(format!("there is no shop in {}", dir.display())));
    }
    let verifying = Bar::telling("verifying the shop");
    let mut report = store::verify(dir, &registry(), StoreOptions::default(), &checks, &verifying)?;
    let pictures = media::damaged(&media::folder(dir)).map_err(Ended::plainly)?;
    report.findings.extend(pictures.into_iter().map(|name| Finding {
        what: "the picture is damaged".to_owned(),
        place: format!("media/{name}"),
    }));
    let millis = clock.running().as_millis();
    let told = if as_json { in_json(&report, millis) } else { in_words(&report, millis) };
    say(&told).map_err(Ended::plainly)?;
    match report.findings.len() {
        0 => Ok(()),
        count => Err(Ended::Damaged(format!("{count} things are not as they must be"))),
    }
}

/// Makes the state of a stopped shop anew from its journal.
pub fn rebuild(settings: &Settings) -> Result<(), Ended> {
    let dir = &settings.data_dir;
    if !dir.join("journal").is_dir() {
        return Err(Ended::Plainly(format!("there is no shop in {}", dir.display())));
    }
    let making = Bar::telling("making the state again");
    let replayed = store::rebuild(dir, registry(), StoreOptions::default(), &making)?;
    // The next start makes both again, while it serves.
    for index in [search::place_in(dir), search::register_in(dir)] {
        search::forget(&index).map_err(Ended::plainly)?;
    }
    say(&format!("the state was made again from {replayed} commits")).map_err(Ended::plainly)
}

fn in_words(report: &VerifyReport, millis: u128) -> String {
    let mut lines = vec![format!(
        "{} frames and {} commits read, {} records compared in {millis} ms",
        report.seq, report.commits, report.compared
    )];
    if let Some(torn) = &report.opened.torn {
        lines.push(format!("an unsynced end was cut off: {torn:?}"));
    }
    for finding in &report.findings {
        lines.push(format!("NOT AS IT MUST BE: {} ({})", finding.what, finding.place));
    }
    if report.findings.is_empty() {
        lines.push("everything is as it must be".to_owned());
    }
    lines.join("\n")
}

fn in_json(report: &VerifyReport, millis: u128) -> String {
    let findings: Vec<_> = report
        .findings
        .iter()
        .map(|finding| json!({ "what": finding.what, "where": finding.place }))
        .collect();
    json!({
        "frames": report.seq,
        "commits": report.commits,
        "recordsCompared": report.compared,
        "millis": u64::try_from(millis).unwrap_or(u64::MAX),
        "tornEnd": report.opened.torn.as_ref().map(|torn| format!("{torn:?}")),
        "findings": findings,
    })
    .to_string()
}
