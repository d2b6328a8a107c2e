//! Web: templates and assets of the shop's pages, in the binary; a theme folder overrides them.
//!
//! Invariant: a template is given what it shows and can ask for nothing. All of them are compiled
//! once, when the shop opens: a faulty one stops the start, with its name and line. No page loads
//! anything from elsewhere.

pub mod assets;
pub mod markdown;
mod sources;
#[cfg(test)]
mod tests;

use std::{
    path::Path,
    sync::{Arc, OnceLock},
};

use minijinja::{
    AutoEscape, Environment, Error, Output, State, UndefinedBehavior, Value, syntax::SyntaxConfig,
    value::Serde,
};
use serde::Serialize;

use assets::Assets;
use sources::Sources;

/// Why a theme cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ThemeFault {
    /// Its folder cannot be read.
    #[error("the theme folder {folder} cannot be read: {source}")]
    Folder {
        /// Which.
        folder: String,
        /// Why.
        source: std::io::Error,
    },
    /// It holds too much.
    #[error("{0}")]
    TooMuch(String),
    /// A template is faulty.
    #[error("a template cannot be used: {0:#}")]
    Template(minijinja::Error),
    /// A file that must be text is none.
    #[error("{0} is not UTF-8")]
    NotText(String),
}

/// A page could not be written.
#[derive(Debug, thiserror::Error)]
#[error("{template} cannot be written: {source:#}")]
pub struct RenderFault {
    template: String,
    source: minijinja::Error,
}

/// Templates, assets and texts, ready to be used by everybody.
pub struct Web {
    templates: Environment<'static>,
    assets: Assets,
    texts: Vec<(String, markdown::Text)>,
}

impl Web {
    /// Those of the binary, with those of the theme folder in their place, if there is one.
    ///
    /// # Errors
    /// The folder cannot be read, or a template in it is faulty.
    pub fn open(theme: Option<&Path>) -> Result<Arc<Web>, ThemeFault> {
        match theme {
            Some(folder) => Web::of(Sources::with_theme(folder)?).map(Arc::new),
            // The same for every shop of this process.
            None => match EMBEDDED.get() {
                Some(web) => Ok(Arc::clone(web)),
                None => {
                    let web = Web::of(Sources::embedded()).map(Arc::new)?;
                    Ok(Arc::clone(EMBEDDED.get_or_init(|| web)))
                }
            },
        }
    }

    fn of(sources: Sources) -> Result<Web, ThemeFault> {
        let assets = Assets::of(&sources);
        let mut templates = Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        // Everything is HTML, whatever a theme calls its files.
        templates.set_auto_escape_callback(|_| AutoEscape::Html);
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        templates.set_formatter(formatted);
        templates.set_syntax(syntax.map_err(ThemeFault::Template)?);
        let version = assets.version().to_owned();
        templates.add_function("asset", move |name: &str| format!("/assets/{version}/{name}"));
        templates.add_filter("sentence", sentence);
        for (name, text) in sources.templates()? {
            templates.add_template_owned(name, text).map_err(ThemeFault::Template)?;
        }
        let texts = sources.texts()?;
        let texts = texts.into_iter().map(|(name, text)| (name, markdown::Text::of(&text)));
        Ok(Web { templates, assets, texts: texts.collect() })
    }

    /// The page that this template makes of `page` (what surrounds it) and `it` (what it is about).
    ///
    /// # Errors
    /// No such template, or one that asks for what it was not given: a mistake of ours.
    pub fn render(
        &self,
        template: &str,
        page: impl Serialize,
        it: impl Serialize,
    ) -> Result<String, RenderFault> {
        let fault = |source| RenderFault { template: template.to_owned(), source };
        let compiled = self.templates.get_template(template).map_err(fault)?;
        let given = minijinja::context! { page => Serde(page), it => Serde(it) };
        compiled.render(given).map_err(fault)
    }

    /// The assets.
    pub fn assets(&self) -> &Assets {
        &self.assets
    }

    /// The text of this name, as `terms`.
    pub fn text(&self, name: &str) -> Option<&markdown::Text> {
        self.texts.iter().find(|(known, _)| known == name).map(|(_, text)| text)
    }

    /// The names and titles of all texts, in the order of their names.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts.iter().map(|(name, text)| (name.as_str(), text.title.as_str()))
    }
}

/// Writes a value: text with the five letters escaped that mean something in HTML, and no others.
fn formatted(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    let escapes = matches!(state.auto_escape(), AutoEscape::Html) && !value.is_safe();
    let Some(text) = value.as_str().filter(|_| escapes) else {
        return minijinja::escape_formatter(out, state, value);
    };
    let mut plain = 0;
    for (at, letter) in text.bytes().enumerate() {
        let escaped = match letter {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            b'\'' => "&#39;",
            _ => continue,
        };
        out.write_str(text.get(plain..at).unwrap_or_default())?;
        out.write_str(escaped)?;
        plain = at + 1;
    }
    Ok(out.write_str(text.get(plain..).unwrap_or_default())?)
}

/// Words as a sentence: a capital first, a full stop last.
fn sentence(words: &str) -> String {
    let words = words.trim();
    let mut letters = words.chars();
    let Some(first) = letters.next() else { return String::new() };
    let ends = words.ends_with(['.', '!', '?', '…']);
    let end = if ends { "" } else { "." };
    first.to_uppercase().chain(letters).chain(end.chars()).collect()
}

static EMBEDDED: OnceLock<Arc<Web>> = OnceLock::new();
