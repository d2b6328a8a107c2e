//! Judged: opens a damaged shop in this process and says how the damage was noticed.
//!
//! Whatever is read afterwards is what was there before, to the byte. Stored answers alone may be
//! missing: the journal does not know them, and they are made again from what was made.

use std::{collections::BTreeMap, fs, path::Path};

use bodega::{
    http::media,
    invariants,
    search::{
        self, Filed, Lookup, Progress, Register, Search, SearchFault, SearchRequest, SearchSort,
    },
    secret::signing_secret,
    store::{Key, Order, Reader, Silent, Store, StoreFault, registry, verify},
    subscribers::search::{Desk, Following, Goods},
};
use secrecy::ExposeSecret;

use super::{super::support::patience::until, Damage, options};

/// How a damage was noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The start is refused, with the file.
    Refused,
    /// An end that was not known to be durable was cut off and told.
    CutOff,
    /// It was made again when the shop was opened.
    MadeAgain,
    /// It was found when it was read, and made again then.
    FoundWhenRead,
    /// Nothing that was read had changed.
    Harmless,
}

/// What a sound shop holds.
pub struct Sound {
    entries: Entries,
    found: Vec<String>,
    secret: Vec<u8>,
}

/// Everything in a state, as it lies there.
type Entries = BTreeMap<Vec<u8>, Vec<u8>>;

impl Sound {
    pub fn read(dir: &Path) -> Sound {
        let store = opened(dir).expect("it is sound").0;
        let entries = entries(&store.reader()).expect("it is sound");
        assert!(entries.len() > 300, "there is something to be damaged: {}", entries.len());
        let found = found(dir, &store).expect("it is sound").1;
        assert!(found.len() > 3, "{found:?}");
        store.close().expect("it is sound");
        let secret = signing_secret(dir).expect("it is sound").expose_secret().to_vec();
        Sound { entries, found, secret }
    }
}

/// Opens the damaged shop; what it serves must be sound.
pub fn judged(dir: &Path, damage: &Damage, sound: &Sound) -> Outcome {
    let outcome = match damage.part() {
        "journal" => journal(dir, damage, sound),
        "journal/spare" => state(dir, damage, sound),
        "state" | "state/CHECKPOINT" => state(dir, damage, sound),
        "search" | "search/meta.json" | "register" | "register/meta.json" => {
            index(dir, damage, sound)
        }
        "media" => return picture(dir, damage),
        _ => return secret(dir, damage, sound),
    };
    if matches!(outcome, Outcome::MadeAgain | Outcome::FoundWhenRead) {
        let checks = invariants::all();
        let report = free(|| verify(dir, &registry(), options(), &checks, &Silent));
        let report = report.unwrap_or_else(|fault| panic!("{damage:?}: {fault}"));
        assert_eq!(report.findings, [], "{damage:?}");
    }
    outcome
}

/// Nothing of a journal is ever lost in silence.
fn journal(dir: &Path, damage: &Damage, sound: &Sound) -> Outcome {
    match opened(dir) {
        Err(StoreFault::Damaged { file, .. } | StoreFault::LaterFormat { file, .. }) => {
            // What is missing is noticed in the file before or behind as well.
            assert!(file.starts_with(dir.join("journal")), "{damage:?}: {}", file.display());
            Outcome::Refused
        }
        Err(other) => panic!("{damage:?}: {other}"),
        Ok((store, torn)) => {
            let held = entries(&store.reader()).expect("the state is sound");
            store.close().expect("the disk takes it");
            if torn { Outcome::CutOff } else { same(&held, damage, sound) }
        }
    }
}

/// A state never keeps a shop shut, and never serves what was not written.
fn state(dir: &Path, damage: &Damage, sound: &Sound) -> Outcome {
    let (store, _) = opened(dir).unwrap_or_else(|fault| panic!("{damage:?}: {fault}"));
    let was_made = fs::read_dir(dir).expect("readable").any(|entry| {
        let name = entry.expect("readable").file_name();
        name.to_string_lossy().starts_with("state.damaged-")
    });
    match entries(&store.reader()) {
        Ok(held) => {
            same(&held, damage, sound);
            store.close().unwrap_or_else(|fault| panic!("{damage:?}: {fault}"));
            if was_made { Outcome::MadeAgain } else { Outcome::Harmless }
        }
        Err(StoreFault::StateDamaged { .. }) => {
            assert!(store.must_be_reopened(), "{damage:?}");
            // It may well break again while it is closed.
            drop(store.close());
            let (store, _) = opened(dir).unwrap_or_else(|fault| panic!("{damage:?}: {fault}"));
            let held = entries(&store.reader());
            same(&held.unwrap_or_else(|fault| panic!("{damage:?}: {fault}")), damage, sound);
            store.close().expect("it was made again");
            Outcome::FoundWhenRead
        }
        Err(other) => panic!("{damage:?}: {other}"),
    }
}

/// What is found is what is there, at once or as soon as the index was made again.
fn index(dir: &Path, damage: &Damage, sound: &Sound) -> Outcome {
    let (store, _) = opened(dir).unwrap_or_else(|fault| panic!("{damage:?}: {fault}"));
    let (outcome, hits) = found(dir, &store).unwrap_or_else(|fault| panic!("{damage:?}: {fault}"));
    store.close().expect("the state is sound");
    assert_eq!(hits, sound.found, "{damage:?}: {outcome:?}");
    outcome
}

/// A picture is what its name was made of, or is not shown.
fn picture(dir: &Path, damage: &Damage) -> Outcome {
    let folder = media::folder(dir);
    let name = damage.file.file_name().expect("a file").to_string_lossy().into_owned();
    media::whole(&folder, &name).expect_err("it is damaged");
    let found = media::damaged(&folder).expect("readable");
    assert_eq!(found, std::slice::from_ref(&name), "{damage:?}");
    let again = media::keep(&folder, super::PICTURE, "svg").expect("room on the disk");
    assert_eq!(media::whole(&folder, &again).expect("whole again"), super::PICTURE);
    Outcome::FoundWhenRead
}

/// Another secret would end all sessions in silence.
fn secret(dir: &Path, damage: &Damage, sound: &Sound) -> Outcome {
    match signing_secret(dir) {
        Err(_) => Outcome::Refused,
        Ok(read) => {
            assert_eq!(read.expose_secret(), sound.secret, "{damage:?}");
            Outcome::Harmless
        }
    }
}

#[track_caller]
fn same(held: &Entries, damage: &Damage, sound: &Sound) -> Outcome {
    let keys = held.keys().chain(sound.entries.keys());
    for key in keys {
        let (is, was) = (held.get(key), sound.entries.get(key));
        assert_eq!(is, was, "{damage:?}: {}", key.escape_ascii());
    }
    Outcome::Harmless
}

/// The store, with everything folded, and whether an end was cut off.
fn opened(dir: &Path) -> Result<(Store, bool), StoreFault> {
    let (store, report) = free(|| Store::open(dir, registry(), options(), &Silent))?;
    if report.replayed == 0 {
        return Ok((store, report.torn.is_some()));
    }
    store.close()?;
    let (store, again) = free(|| Store::open(dir, registry(), options(), &Silent))?;
    assert_eq!(again.torn, None, "what was cut off is gone");
    Ok((store, report.torn.is_some()))
}

/// What comes of a directory that nobody holds. A process that another test starts beside this one
/// has all open files, and with them the lock, until it runs its own program.
fn free<T>(ask: impl Fn() -> Result<T, StoreFault>) -> Result<T, StoreFault> {
    until("a free directory", || match ask() {
        Err(StoreFault::Locked { .. }) => None,
        Err(other) => Some(Err(other)),
        Ok(done) => Some(Ok(done)),
    })
}

/// Everything but the store's own notes and stored answers.
fn entries(reader: &Reader) -> Result<Entries, StoreFault> {
    let mut entries = Entries::new();
    for tag in 0x01..=0xf0 {
        let rows = reader.rows(&Key::from_bytes(&[tag]), None, Order::Ascending, usize::MAX)?;
        entries.extend(rows.into_iter().map(|(key, value)| (key.as_bytes().to_vec(), value)));
    }
    Ok(entries)
}

/// What a few words find, once the index follows the journal, and how it got there.
fn found(dir: &Path, store: &Store) -> Result<(Outcome, Vec<String>), SearchFault> {
    let (place, desk) = (search::place_in(dir), search::register_in(dir));
    let (found, indexer, standing) = Search::open(&place, "en")?;
    let (register, filing, filed) = Register::open(&desk)?;
    let is_new = standing.is_none() || filed.is_none();
    let mut outcome = if is_new { Outcome::MadeAgain } else { Outcome::Harmless };
    let goods = Goods { search: found.clone(), indexer, standing, dir: place };
    let desk = Desk { register: register.clone(), filing, standing: filed, dir: desk };
    let following = Following::start(store.clone(), goods, desk).expect("a thread");
    let seq = store.health().seq;
    let hits = until("indexes that follow", || {
        let follows = found.progress() == Progress::Following && !found.is_damaged();
        let is_filed = register.progress() == Progress::Following && !register.is_damaged();
        if !(follows && is_filed) || found.position() < seq || register.position() < seq {
            return None;
        }
        let hits = hits(&found).and_then(|mut hits| {
            hits.extend(cards(&register)?);
            Ok(hits)
        });
        if hits.is_err() {
            outcome = Outcome::FoundWhenRead;
        }
        hits.ok()
    });
    following.stop();
    Ok((outcome, hits))
}

/// What staff find in the register.
fn cards(register: &Register) -> Result<Vec<String>, SearchFault> {
    let filed = [(Filed::Product, "lamp"), (Filed::Customer, "shopper1"), (Filed::Order, "tea")];
    let looked_up = filed.into_iter().map(|(filed, text)| {
        let lookup = Lookup { filed, text, from: None, to: None, after: None, limit: 20 };
        Ok(format!("{filed:?} {text}: {:?}", register.look_up(&lookup)?))
    });
    looked_up.collect()
}

fn hits(search: &Search) -> Result<Vec<String>, SearchFault> {
    let mut all = Vec::new();
    for (text, sort) in QUERIES {
        let request = SearchRequest {
            text: (*text).to_owned(),
            sort: *sort,
            limit: 20,
            facets: true,
            ..SearchRequest::default()
        };
        let answer = search.query(&request)?;
        let products = answer.hits.iter().map(|hit| hit.product).collect::<Vec<_>>();
        all.push(format!("{text}: {} {products:?} {:?}", answer.total, answer.facets));
    }
    Ok(all)
}

const QUERIES: &[(&str, SearchSort)] = &[
    ("", SearchSort::Newest),
    ("", SearchSort::Cheapest),
    ("lamp", SearchSort::Relevance),
    ("kettel", SearchSort::Relevance),
    ("blue", SearchSort::BestSelling),
];
