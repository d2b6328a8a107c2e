//! `bodega verify` and `bodega rebuild`: is the data as it must be, and make the state anew.

use serde_json::{Value, json};

use crate::{
    cli::{Bar, say},
    clock::Clock,
    config::Settings,
    domain::time::Timestamp,
    http::media,
    search::{self, Looked, Standing, Unfit},
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
    let indexes = search::look(dir, &settings.shop.language);
    let millis = clock.running().as_millis();
    let told = if as_json {
        in_json(&report, &indexes, millis)
    } else {
        in_words(&report, &indexes, millis)
    };
    say(&told).map_err(Ended::plainly)?;
    match report.findings.len() {
        0 => Ok(()),
        1 => Err(Ended::Damaged("one thing is not as it must be".to_owned())),
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

fn in_words(report: &VerifyReport, indexes: &[Looked], millis: u128) -> String {
    let mut lines = vec![format!(
        "{} frames and {} commits read, {} records compared in {millis} ms",
        report.seq, report.commits, report.compared
    )];
    if let Some(torn) = &report.opened.torn {
        lines.push(format!("an unsynced end of the journal was cut off: {torn}"));
    }
    if let Some(why) = &report.opened.rebuilt {
        lines.push(format!("the state was made again from the journal: {why}"));
    }
    lines.extend(indexes.iter().map(|index| about(index, report.seq)));
    for finding in &report.findings {
        lines.push(format!("NOT AS IT MUST BE: {} ({})", finding.what, finding.place));
    }
    if report.findings.is_empty() {
        lines.push("everything is as it must be".to_owned());
    }
    lines.join("\n")
}

/// An index is made again by every start that finds it unfit: nothing of it is a finding.
fn about(index: &Looked, last: u64) -> String {
    let so = match index.found {
        None => "is not there; the next start makes it".to_owned(),
        Some(Err(Unfit::Damaged)) => "is damaged; the next start makes it again".to_owned(),
        Some(Err(Unfit::Otherwise)) => {
            "is unfinished or of another version; the next start makes it again".to_owned()
        }
        Some(Ok(Standing { position, .. })) if position > last => {
            format!("knows frame {position}, which is not there; the next start makes it again")
        }
        Some(Ok(Standing { position, .. })) if position < last => {
            format!("is sound, as of frame {position}; the next start follows the rest")
        }
        Some(Ok(_)) => "is sound, and knows all of it".to_owned(),
    };
    format!("the index in {}/ {so}", index.folder)
}

fn index_in_json(index: &Looked) -> Value {
    let state = match index.found {
        None => "missing",
        Some(Err(Unfit::Damaged)) => "damaged",
        Some(Err(Unfit::Otherwise)) => "unfinished",
        Some(Ok(_)) => "sound",
    };
    let frame = index.found.and_then(Result::ok).map(|standing| standing.position);
    json!({ "where": index.folder, "state": state, "frame": frame })
}

fn in_json(report: &VerifyReport, indexes: &[Looked], millis: u128) -> String {
    let indexes: Vec<_> = indexes.iter().map(index_in_json).collect();
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
        "tornEnd": report.opened.torn.as_ref().map(ToString::to_string),
        "stateMadeAgain": report.opened.rebuilt,
        "indexes": indexes,
        "findings": findings,
    })
    .to_string()
}
