//! Damages: a bit flips or a tail is missing, in each file of the data directory.
//!
//! The journal and the secret are missed by nobody: then the start is refused, or an end that
//! was never known to be durable is cut off and told. Everything else is made again from the
//! journal, at the start or when it is read. What is served is always what was there before.

mod judged;
mod sample;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use bodega::{http::media, store::StoreOptions};
use judged::{Outcome, Sound, judged};

use super::support::{
    dice::{Dice, rounds},
    files::copy,
    house::{House, Shopper, Ware},
};

#[test]
fn no_damage_of_any_file_is_silent_or_served() {
    let mut dice = Dice::thrown_in("no_damage_of_any_file");
    let room = tempfile::tempdir().expect("a temporary directory");
    let references = references(room.path());
    let damages = rounds("BODEGA_FAULTS_DAMAGES", DAMAGES);
    let tally: Mutex<BTreeMap<(&str, Outcome), u64>> = Mutex::default();
    let (next, mut throws) = (AtomicU64::new(0), Vec::new());
    throws.resize_with(THREADS, || dice.fork());
    thread::scope(|scope| {
        for mut dice in throws {
            let (references, tally, next, room) = (&references, &tally, &next, room.path());
            scope.spawn(move || {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= damages {
                        return;
                    }
                    let dir = room.join(format!("damaged-{number}"));
                    let reference = &references[usize::from(dice.among(0..=2) == 0)];
                    let damage = Damage::drawn(&reference.files, &mut dice);
                    copy(&reference.dir, &dir);
                    damage.done_to(&dir);
                    let outcome = judged(&dir, &damage, &reference.sound);
                    let mut tally = tally.lock().expect("no panic before");
                    *tally.entry((damage.part(), outcome)).or_default() += 1;
                    // Who makes segments ahead may still be at it; the room goes as a whole.
                    drop(fs::remove_dir_all(&dir));
                }
            });
        }
    });
    eprintln!("{damages} damages");
    for ((part, outcome), times) in tally.into_inner().expect("no panic before") {
        eprintln!("{part:>10}: {outcome:?} {times}");
    }
}

/// A shop to be damaged.
struct Reference {
    dir: PathBuf,
    /// Its files, and how far each is written.
    files: Vec<(PathBuf, u64)>,
    sound: Sound,
}

/// One that was closed, and one as a kill leaves it.
fn references(room: &Path) -> [Reference; 2] {
    let (killed, closed) = (room.join("killed"), room.join("closed"));
    actix::System::new().block_on(async {
        let house = busy_house().await;
        media::keep(&media::folder(house.dir()), PICTURE, "svg").expect("room on the disk");
        copy(house.dir(), &killed);
        copy(house.closed().path(), &closed);
    });
    let mut number = 0;
    [closed, killed].map(|dir| {
        number += 1;
        let mut files = Vec::new();
        list(&dir, Path::new(""), &mut files);
        files.sort();
        let undamaged = room.join(format!("undamaged-{number}"));
        copy(&dir, &undamaged);
        let sound = Sound::read(&undamaged);
        Reference { dir, files, sound }
    })
}

/// A shop in which this and that has happened, in more than one segment.
async fn busy_house() -> House {
    let house = House::with(options()).await;
    let mut wares: Vec<Ware> = Vec::new();
    for name in WARES {
        wares.push(house.ware(name, 100).await);
    }
    let mut shoppers: Vec<Shopper> = Vec::new();
    for number in 0..3 {
        shoppers.push(house.shopper(number).await);
    }
    for turn in 0..ORDERS {
        let (shopper, ware) = (shoppers[turn % shoppers.len()], wares[turn % wares.len()]);
        let token = if turn % 5 == 4 { "pm_card_chargeDeclined" } else { "pm_card_visa" };
        let units = u32::try_from(turn % 3 + 1).expect("few");
        let placed = house.order(shopper, ware, units, Some(token)).await.expect("a shelf");
        if turn % 7 == 6 {
            house.cancel(shopper, placed.order.id).await.expect("a cancel");
        }
        house.put_in_cart(shopper, ware, 1).await.expect("a cart");
        if turn % 4 == 3 {
            house.order_cart(shopper, Some("pm_card_visa")).await.expect("a full cart");
        }
    }
    house
}

/// Small segments, so that there are several.
fn options() -> StoreOptions {
    StoreOptions { segment_bytes: 128 << 10, low_water_bytes: 1 << 20, ..StoreOptions::default() }
}

/// Every file with something in it that is not locked or listened at. A letter that was delivered
/// as a file is its reader's.
fn list(dir: &Path, below: &Path, files: &mut Vec<(PathBuf, u64)>) {
    for entry in fs::read_dir(dir.join(below)).expect("readable") {
        let entry = entry.expect("readable");
        let (kind, path) = (entry.file_type().expect("readable"), below.join(entry.file_name()));
        if kind.is_dir() && path != Path::new("letters") {
            list(dir, &path, files);
        } else if kind.is_file() {
            let bytes = fs::read(dir.join(&path)).expect("readable");
            let written = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            let written = if written == 0 { bytes.len() } else { written };
            if written > 0 {
                files.push((path, u64::try_from(written).expect("small")));
            }
        }
    }
}

/// What is done to a file.
#[derive(Debug)]
pub struct Damage {
    pub file: PathBuf,
    pub at: u64,
    /// The bit that flips; none if the file ends there instead.
    bit: Option<u32>,
}

impl Damage {
    fn drawn(files: &[(PathBuf, u64)], dice: &mut Dice) -> Damage {
        // Every part of the directory as often as every other, however many files it has.
        let parts: Vec<&str> = PARTS.iter().copied().filter(|part| has(files, part)).collect();
        let part = dice.one_of(&parts);
        let of_part: Vec<&(PathBuf, u64)> =
            files.iter().filter(|(file, _)| part_of(file) == part).collect();
        let (file, written) = dice.one_of(&of_part);
        let at = dice.among(0..=written - 1);
        let bit = (dice.among(0..=3) > 0).then(|| u32::try_from(dice.among(0..=7)).expect("small"));
        Damage { file: file.clone(), at, bit }
    }

    fn done_to(&self, dir: &Path) {
        let path = dir.join(&self.file);
        let mut bytes = fs::read(&path).expect("readable");
        let at = usize::try_from(self.at).expect("small");
        match self.bit {
            Some(bit) => bytes[at] ^= 1 << bit,
            None => bytes.truncate(at),
        }
        fs::write(&path, &bytes).expect("room on the disk");
    }

    /// The part of the directory it strikes.
    pub fn part(&self) -> &'static str {
        part_of(&self.file)
    }
}

fn has(files: &[(PathBuf, u64)], part: &str) -> bool {
    files.iter().any(|(file, _)| part_of(file) == part)
}

fn part_of(file: &Path) -> &'static str {
    let name = file.to_string_lossy();
    let known = PARTS.iter().find(|part| name.starts_with(**part));
    let spare = name == "journal/spare";
    if spare { "journal/spare" } else { known.unwrap_or_else(|| panic!("{name} is of no part")) }
}

/// The parts of a data directory; where one name begins another, the longer one comes first.
const PARTS: &[&str] = &[
    "journal/spare",
    "journal",
    "state/CHECKPOINT",
    "state",
    "media",
    "register/meta.json",
    "register",
    "search/meta.json",
    "search",
    "secret.sum",
    "secret",
];
const PICTURE: &[u8] = b"<svg xmlns='http://www.w3.org/2000/svg'><path d='M0 0h9v9z'/></svg>";
const DAMAGES: u64 = 320;
const THREADS: usize = 2;
const ORDERS: usize = 24;
const WARES: &[&str] = &["Lamp", "Chair", "Desk lamp", "Blue table", "Kettle"];
