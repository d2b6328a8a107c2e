//! Finding: the index of products and the staff's register, opened and following the journal.

use super::CannotOpen;
use crate::{
    config::Settings,
    search::{Register, Search, place_in, register_in},
    store::Store,
    subscribers::search::{Desk, Following, Goods},
};

/// What finds things in this store, and what lets it follow.
pub(super) fn finding_over(
    store: &Store,
    settings: &Settings,
) -> Result<(Search, Register, Following), CannotOpen> {
    let dir = place_in(&settings.data_dir);
    let (search, indexer, standing) = Search::open(&dir, &settings.shop.language)?;
    let goods = Goods { search: search.clone(), indexer, standing, dir };
    let dir = register_in(&settings.data_dir);
    let (register, filing, standing) = Register::open(&dir)?;
    let desk = Desk { register: register.clone(), filing, standing, dir };
    let following = Following::start(store.clone(), goods, desk).map_err(CannotOpen::Following)?;
    Ok((search, register, following))
}
