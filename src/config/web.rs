//! `[web]`: how the pages look.

use std::path::PathBuf;

use super::reading::Reading;

/// What is chosen about the pages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebSettings {
    /// A folder whose templates, assets and texts take the place of ours.
    pub theme: Option<PathBuf>,
}

pub(super) fn web(read: &mut Reading<'_>) -> WebSettings {
    let path = |text: &str| (!text.is_empty()).then(|| PathBuf::from(text));
    WebSettings { theme: read.value_if_set("web.theme", "a folder", path) }
}
