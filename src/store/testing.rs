//! Testing: a small kind of thing to keep, and a store on a temporary folder to keep it in.

use std::{path::Path, sync::Arc};

use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use crate::domain::{
    aggregate::Aggregate,
    ids::{CartId, Identity},
    time::{Stamp, Timestamp, Who},
};

use super::{
    Change, Commit, Durable, Kept, Key, OpenReport, Reader, Registry, Silent, Store, StoreFault,
    StoreOptions, Ticket, Versioned,
};

/// A jar: it has a label nobody else's has, and a number of coins.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Jar {
    pub label: String,
    pub coins: u64,
    pub broken: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JarEvent {
    Labelled { label: String },
    CoinsAdded { coins: u64 },
    Broken,
}

impl Aggregate for Jar {
    const KIND: &'static str = "jar";
    type Id = CartId;
    type Event = JarEvent;

    fn apply(&mut self, event: &JarEvent, _stamp: &Stamp) {
        match event {
            JarEvent::Labelled { label } => self.label.clone_from(label),
            JarEvent::CoinsAdded { coins } => self.coins += coins,
            JarEvent::Broken => *self = Jar { broken: true, ..Jar::default() },
        }
    }

    fn check(&self) -> Result<(), &'static str> {
        Ok(())
    }

    fn is_gone(&self) -> bool {
        self.broken
    }
}

impl Kept for Jar {
    const TAG: u8 = 0x7e;

    fn rows(&self, id: CartId) -> Vec<(Key, Vec<u8>)> {
        let by_coins = (jars_by_coins(self.coins, id), Vec::new());
        let by_label = (jar_by_label(&self.label), id.bytes().to_vec());
        if self.label.is_empty() { vec![by_coins] } else { vec![by_coins, by_label] }
    }

    fn trail(
        &self,
        id: CartId,
        event: &JarEvent,
        stamp: &Stamp,
        version: u64,
        index: u32,
    ) -> Option<(Key, Vec<u8>)> {
        let JarEvent::CoinsAdded { coins } = event else { return None };
        let key = Key::row(0xec).id(&id).number(version).number(index.into()).time(stamp.at);
        Some((key.done(), coins.to_string().into_bytes()))
    }
}

pub fn jar_by_label(label: &str) -> Key {
    Key::row(0xee).text(label).done()
}

pub fn jars_by_coins(coins: u64, id: CartId) -> Key {
    Key::row(0xed).number(coins).id(&id).done()
}

pub fn jar(number: u8) -> CartId {
    CartId::from_bytes([number; 16])
}

pub fn jars() -> Registry {
    Registry::new().with::<Jar>()
}

/// Options that leave the disk of the test machine out of it.
pub fn options() -> StoreOptions {
    StoreOptions { low_water_bytes: 0, segment_bytes: 4 << 20, ..StoreOptions::default() }
}

pub fn open(dir: &Path) -> Result<(Store, OpenReport), StoreFault> {
    Store::open(dir, jars(), options(), &Silent)
}

pub fn stamp(millis: i64) -> Stamp {
    Stamp { at: Timestamp::from_millis(millis), who: Who::Shop }
}

/// A commit of these events, decided on top of what is committed.
pub fn commit_on(reader: &Reader, epoch: u64, id: CartId, events: &[JarEvent]) -> Commit {
    let before = reader.get::<Jar>(id).expect("a readable jar");
    commit_from(&before, epoch, id, events)
}

pub fn commit_from(before: &Versioned<Jar>, epoch: u64, id: CartId, events: &[JarEvent]) -> Commit {
    let stamp = stamp(1_000);
    let mut state = Jar::clone(&before.state);
    events.iter().for_each(|event| state.apply(event, &stamp));
    let change = Change::new(id, before, Arc::new(state), events, &stamp);
    Commit { epoch, after: None, stamp, key: None, forget_keys: vec![], changes: vec![change] }
}

/// A store on a folder of its own.
pub struct Shop {
    pub store: Store,
    pub reader: Reader,
    pub folder: TempDir,
}

impl Shop {
    pub fn new() -> Shop {
        Shop::with(options())
    }

    pub fn with(options: StoreOptions) -> Shop {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (store, _) =
            Store::open(folder.path(), jars(), options, &Silent).expect("a store that opens");
        let reader = store.reader();
        Shop { store, reader, folder }
    }

    /// Decides and waits.
    pub fn does(&self, number: u8, events: &[JarEvent]) -> Result<u64, StoreFault> {
        self.begins(number, events).1.wait()
    }

    /// Decides on top of what is committed, and does not wait.
    pub fn begins(&self, number: u8, events: &[JarEvent]) -> (Ticket, Durable) {
        let epoch = self.store.epoch();
        self.store.submit(commit_on(&self.reader, epoch, jar(number), events))
    }

    pub fn adds(&self, number: u8, coins: u64) -> Result<u64, StoreFault> {
        self.does(number, &[JarEvent::CoinsAdded { coins }])
    }

    pub fn labels(&self, number: u8, label: &str) -> Result<u64, StoreFault> {
        self.does(number, &[JarEvent::Labelled { label: label.to_owned() }])
    }

    pub fn coins(&self, number: u8) -> u64 {
        self.reader.get::<Jar>(jar(number)).expect("a readable jar").state.coins
    }

    /// Ends in good order and opens again.
    pub fn reopened(self) -> (Shop, OpenReport) {
        let folder = self.closed();
        let (store, report) = open(folder.path()).expect("a store that opens");
        let reader = store.reader();
        (Shop { store, reader, folder }, report)
    }

    /// Ends in good order; the folder stays.
    pub fn closed(self) -> TempDir {
        let Shop { store, reader, folder } = self;
        drop(reader);
        store.close().expect("a store that closes");
        folder
    }
}
