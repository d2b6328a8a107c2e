//! Finding: the index of products and the staff's register, opened and following the journal.
//!
//! Their files are read from end to end when they are opened: by a thread of its own, while
//! everything else gets ready.

use std::{path::Path, thread::JoinHandle};

use super::CannotOpen;
use crate::{
    config::Settings,
    meters::Meters,
    search::{Register, Search, SearchFault, place_in, register_in},
    store::Store,
    subscribers::search::{Desk, Following, Goods},
};

/// What finds things, while it is being opened.
pub(super) struct Finding(JoinHandle<Result<(Goods, Desk), SearchFault>>);

impl Finding {
    /// Begins to open it.
    pub(super) fn begin(settings: &Settings, meters: Meters) -> Result<Finding, CannotOpen> {
        let (data_dir, language) = (settings.data_dir.clone(), settings.shop.language.clone());
        let thread = std::thread::Builder::new().name("finding-opens".to_owned());
        let opening = move || meters.while_making(|| opened(&data_dir, &language));
        let thread = thread.spawn(opening);
        thread.map(Finding).map_err(CannotOpen::Following)
    }

    /// What finds things in this store, and what lets it follow.
    pub(super) fn over(self, store: &Store) -> Result<(Search, Register, Following), CannotOpen> {
        let broke = |_| SearchFault::Damaged("opening it broke".to_owned());
        let (goods, desk) = self.0.join().map_err(broke)??;
        let (search, register) = (goods.search.clone(), desk.register.clone());
        let following = Following::start(store.clone(), goods, desk);
        Ok((search, register, following.map_err(CannotOpen::Following)?))
    }
}

fn opened(data_dir: &Path, language: &str) -> Result<(Goods, Desk), SearchFault> {
    let dir = place_in(data_dir);
    let (search, indexer, standing) = Search::open(&dir, language)?;
    let goods = Goods { search, indexer, standing, dir };
    let dir = register_in(data_dir);
    let (register, filing, standing) = Register::open(&dir)?;
    Ok((goods, Desk { register, filing, standing, dir }))
}
