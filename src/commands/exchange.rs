//! `bodega import` and `bodega export`: products as CSV, of a running shop or a stopped one.
//!
//! The command reads the file and keeps all of it; the shop is asked a batch at a time, so that a
//! running one serves on meanwhile. What breaks off is taken up by the same command again.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::{
    actors::Rejection,
    cli::{Bar, ExportCommand, FileForm, ImportCommand, complain, is_read, say},
    config::Settings,
    control::{ControlAnswer, ControlFault, ControlRequest, call},
    domain::time::Who,
    exchange::{
        Batch, ExportPage, ExportStep, Form, Outcome, OutcomeKind, Sheet, Ware, export_page,
        header_row, sheet_of, take,
    },
    shop::Shop,
    store::Progress,
};

use super::{Ended, serve::in_runtime};

/// Takes products from a file, or only says what that would change.
pub fn import(settings: Settings, command: &ImportCommand) -> Result<(), Ended> {
    let ImportCommand::Products { file, dry_run, set_stock, skip_faulty, format } = command;
    let bytes = fs::read(file).map_err(|fault| cannot("read", file, &fault))?;
    let sheet = sheet_of(&bytes, format.map(form_of)).map_err(|faults| list_of(&faults))?;
    drop(bytes);
    let wishes = Wishes { dry_run: *dry_run, sets_stock: *set_stock, skips: *skip_faulty };
    in_runtime(|arbiter| async move {
        let peer = Peer::of(settings, &arbiter).await?;
        let ended = carry_in(&peer, sheet, wishes).await;
        peer.leave()?;
        ended
    })
}

/// Writes products into a file, or to standard output.
pub fn export(settings: Settings, command: &ExportCommand) -> Result<(), Ended> {
    let ExportCommand::Products { file, format } = command;
    let (file, form) = (file.clone(), format.map_or(Form::Bodega, form_of));
    in_runtime(|arbiter| async move {
        let peer = Peer::of(settings, &arbiter).await?;
        let ended = carry_out(&peer, file.as_deref(), form).await;
        peer.leave()?;
        ended
    })
}

/// What was asked for on the command line.
#[derive(Clone, Copy)]
struct Wishes {
    dry_run: bool,
    sets_stock: bool,
    skips: bool,
}

/// A shop to be asked.
enum Peer {
    Running(PathBuf),
    Stopped(Shop),
}

impl Peer {
    async fn of(settings: Settings, arbiter: &actix::ArbiterHandle) -> Result<Peer, Ended> {
        match call(&settings.data_dir, &ControlRequest::Status) {
            Ok(_) => Ok(Peer::Running(settings.data_dir)),
            Err(ControlFault::NotRunning(_)) => {
                let (shop, _) = Shop::open(settings, arbiter, &Bar::new()).await?;
                Ok(Peer::Stopped(shop))
            }
            Err(fault) => Err(Ended::plainly(fault)),
        }
    }

    async fn take(&self, batch: Batch) -> Result<Vec<Outcome>, Ended> {
        match self {
            Peer::Stopped(shop) => take(shop, &batch, Who::Shop).await.map_err(stopped),
            Peer::Running(dir) => {
                let asked = serde_json::to_value(batch).map_err(Ended::plainly)?;
                reported(call(dir, &ControlRequest::Import { asked }))
            }
        }
    }

    fn page(&self, step: &ExportStep) -> Result<ExportPage, Ended> {
        match self {
            Peer::Stopped(shop) => export_page(shop, step).map_err(Ended::from),
            Peer::Running(dir) => {
                let asked = serde_json::to_value(step).map_err(Ended::plainly)?;
                reported(call(dir, &ControlRequest::Export { asked }))
            }
        }
    }

    fn leave(self) -> Result<(), Ended> {
        match self {
            Peer::Stopped(shop) => shop.close().map_err(Ended::from),
            Peer::Running(_) => Ok(()),
        }
    }
}

async fn carry_in(peer: &Peer, sheet: Sheet, wishes: Wishes) -> Result<(), Ended> {
    let Sheet { header, wares, lines, faulty, mut faults } = sheet;
    let faulty = u64::try_from(faulty).unwrap_or(u64::MAX);
    let mut tally = Tally { faulty, ..Tally::default() };
    let mut open = Vec::new();
    let bar = Bar::new();
    bar.begin("comparing", u64::try_from(wares.len()).unwrap_or(u64::MAX));
    for wares in batches(wares) {
        let batch = Batch { wares, takes: false, sets_stock: wishes.sets_stock };
        let outcomes = peer.take(batch.clone()).await?;
        bar.advance(u64::try_from(outcomes.len()).unwrap_or_default());
        for (outcome, ware) in outcomes.iter().zip(batch.wares) {
            tally.count(outcome);
            faults.extend(outcome.faults.iter().map(|fault| header.told(fault)));
            if wishes.dry_run {
                show(outcome)?;
            }
            if matches!(outcome.kind, OutcomeKind::New | OutcomeKind::Changed) {
                open.push(ware);
            }
        }
    }
    bar.end();
    let told = tally.told(lines);
    if wishes.dry_run {
        say(&format!("{told}; nothing was changed")).map_err(Ended::plainly)?;
        return if faults.is_empty() { Ok(()) } else { Err(list_of(&faults)) };
    }
    if !faults.is_empty() && !wishes.skips {
        let hint = "nothing was changed; mend the file, or pass them over with --skip-faulty";
        faults.push(hint.to_owned());
        return Err(list_of(&faults));
    }
    let mut late = take_all(peer, open, wishes, &header).await?;
    say(&told).map_err(Ended::plainly)?;
    faults.append(&mut late);
    if faults.is_empty() { Ok(()) } else { Err(list_of(&faults)) }
}

/// Takes what is new or changed; what was refused at the last moment.
async fn take_all(
    peer: &Peer,
    open: Vec<Ware>,
    wishes: Wishes,
    header: &crate::exchange::Header,
) -> Result<Vec<String>, Ended> {
    let bar = Bar::new();
    let (all, mut done, mut faults) = (open.len(), 0, Vec::new());
    bar.begin("importing", u64::try_from(all).unwrap_or(u64::MAX));
    for wares in batches(open) {
        let batch = Batch { wares, takes: true, sets_stock: wishes.sets_stock };
        let taken = peer.take(batch).await.map_err(|why| {
            let again = "run the same command again to go on";
            Ended::Plainly(format!("{why}; {done} of {all} products are in: {again}"))
        })?;
        done += taken.len();
        bar.advance(u64::try_from(taken.len()).unwrap_or_default());
        for outcome in &taken {
            faults.extend(outcome.faults.iter().map(|fault| header.told(fault)));
        }
    }
    bar.end();
    Ok(faults)
}

async fn carry_out(peer: &Peer, file: Option<&Path>, form: Form) -> Result<(), Ended> {
    let unfinished = file.map(|file| file.with_extension("csv.part"));
    let mut to: Box<dyn Write> = match &unfinished {
        Some(path) => {
            let made = fs::File::create(path).map_err(|fault| cannot("write", path, &fault))?;
            Box::new(io::BufWriter::new(made))
        }
        None => Box::new(io::stdout().lock()),
    };
    let (mut after, mut products, mut text) = (None, 0, header_row(form));
    let bar = Bar::new();
    loop {
        let page = peer.page(&ExportStep { form, after })?;
        if let Some(all) = page.all {
            bar.begin("exporting", all);
        }
        text.push_str(&page.text);
        if !is_read(to.write_all(text.as_bytes())).map_err(Ended::plainly)? {
            return Ok(());
        }
        text.clear();
        bar.advance(page.products);
        products += page.products;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    bar.end();
    to.flush().map_err(Ended::plainly)?;
    drop(to);
    if let (Some(unfinished), Some(file)) = (unfinished, file) {
        fs::rename(&unfinished, file).map_err(|fault| cannot("write", file, &fault))?;
        complain(&format!("{products} products are in {}", file.display()));
    }
    Ok(())
}

/// Wares in batches the shop takes at once; one that is too large for any stands alone.
fn batches(wares: Vec<Ware>) -> Vec<Vec<Ware>> {
    let (mut batches, mut batch, mut bytes) = (Vec::new(), Vec::new(), 0);
    for ware in wares {
        let length = serde_json::to_string(&ware).map_or(0, |text| text.len());
        if !batch.is_empty() && (batch.len() == WARES_AT_ONCE || bytes + length > BATCH_BYTES) {
            batches.push(std::mem::take(&mut batch));
            bytes = 0;
        }
        bytes += length;
        batch.push(ware);
    }
    batches.extend(Some(batch).filter(|batch| !batch.is_empty()));
    batches
}

#[derive(Default)]
struct Tally {
    new: u64,
    changed: u64,
    same: u64,
    faulty: u64,
    left: u64,
}

impl Tally {
    fn count(&mut self, outcome: &Outcome) {
        match outcome.kind {
            OutcomeKind::New => self.new += 1,
            OutcomeKind::Changed => self.changed += 1,
            OutcomeKind::Same => self.same += 1,
            OutcomeKind::Faulty => self.faulty += 1,
        }
        self.left += u64::from(!outcome.left.is_empty());
    }

    fn told(&self, lines: usize) -> String {
        let Tally { new, changed, same, faulty, left } = self;
        let mut told = format!("{lines} lines: {new} new, {changed} changed, {same} as they are");
        if *faulty > 0 {
            told.push_str(&format!(", {faulty} faulty"));
        }
        if *left > 0 {
            let hint = "stock differs and stays; --set-stock counts it as the file says";
            told.push_str(&format!("; of {left} products {hint}"));
        }
        told
    }
}

fn show(outcome: &Outcome) -> Result<(), Ended> {
    let sign = match outcome.kind {
        OutcomeKind::New => "+",
        OutcomeKind::Changed => "~",
        OutcomeKind::Same if !outcome.left.is_empty() => "=",
        OutcomeKind::Same | OutcomeKind::Faulty => return Ok(()),
    };
    let all = outcome.told.iter().chain(&outcome.left);
    let told = all.map(String::as_str).collect::<Vec<_>>().join("; ");
    say(&format!("{sign} {}: {told}", outcome.name)).map_err(Ended::plainly)
}

fn reported<T: serde::de::DeserializeOwned>(
    answered: Result<ControlAnswer, ControlFault>,
) -> Result<T, Ended> {
    match answered.map_err(Ended::plainly)? {
        ControlAnswer::Report(report) => serde_json::from_value(report).map_err(Ended::plainly),
        ControlAnswer::Refused { detail, .. } | ControlAnswer::Failed { detail } => {
            Err(Ended::Plainly(detail))
        }
        ControlAnswer::Done | ControlAnswer::Status(_) | ControlAnswer::Working => {
            Err(Ended::plainly("the shop's answer is not understood"))
        }
    }
}

/// Answers a batch that came over the socket.
pub async fn answer_import(shop: &Shop, asked: serde_json::Value) -> ControlAnswer {
    let Ok(batch) = serde_json::from_value::<Batch>(asked) else { return not_understood() };
    match take(shop, &batch, Who::Shop).await {
        Ok(outcomes) => report_of(&outcomes),
        Err(rejection) => ControlAnswer::Failed { detail: rejection.to_string() },
    }
}

/// Answers a step of an export that came over the socket.
pub fn answer_export(shop: &Shop, asked: serde_json::Value) -> ControlAnswer {
    let Ok(step) = serde_json::from_value::<ExportStep>(asked) else { return not_understood() };
    match export_page(shop, &step) {
        Ok(page) => report_of(&page),
        Err(fault) => ControlAnswer::Failed { detail: fault.to_string() },
    }
}

fn report_of(report: &impl serde::Serialize) -> ControlAnswer {
    serde_json::to_value(report).map_or_else(
        |fault| ControlAnswer::Failed { detail: fault.to_string() },
        ControlAnswer::Report,
    )
}

fn not_understood() -> ControlAnswer {
    let detail = "the running shop does not understand this: is it another version?".to_owned();
    ControlAnswer::Refused { code: "unknown_request".to_owned(), detail }
}

fn stopped(rejection: Rejection) -> Ended {
    Ended::plainly(rejection)
}

fn form_of(form: FileForm) -> Form {
    match form {
        FileForm::Bodega => Form::Bodega,
        FileForm::Shopify => Form::Shopify,
    }
}

fn cannot(what: &str, path: &Path, fault: &io::Error) -> Ended {
    Ended::Plainly(format!("cannot {what} {}: {fault}", path.display()))
}

/// Faults as one message.
fn list_of(faults: &[String]) -> Ended {
    let mut list: Vec<&str> = faults.iter().map(String::as_str).take(FAULTS_SHOWN_MAX).collect();
    let more = faults.len().saturating_sub(FAULTS_SHOWN_MAX);
    let more = format!("and {more} more");
    if faults.len() > FAULTS_SHOWN_MAX {
        list.push(&more);
    }
    Ended::Plainly(list.join("\n"))
}

/// Products the shop is asked about at once; they are written together.
const WARES_AT_ONCE: usize = 256;
/// Well below what one request over the socket may hold.
const BATCH_BYTES: usize = 512 * 1024;
const FAULTS_SHOWN_MAX: usize = 100;
