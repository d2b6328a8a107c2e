//! Look: what can be said of the indexes of a shop that is closed. Changes nothing.

use std::path::Path;

use super::{
    ground::{self, Standing, Unfit},
    index, register,
};

/// What lies where an index belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Looked {
    /// The name of its folder in the data directory.
    pub folder: &'static str,
    /// Where it stands, or why it cannot be used; nothing, if there is none.
    pub found: Option<Result<Standing, Unfit>>,
}

/// Reads every file of both indexes of a shop of this language.
pub fn look(data_dir: &Path, language: &str) -> [Looked; 2] {
    let goods = ground::look(&index::place_in(data_dir), &index::making(language).0);
    let cards = register::look(&index::register_in(data_dir));
    [Looked { folder: "search", found: goods }, Looked { folder: "register", found: cards }]
}
