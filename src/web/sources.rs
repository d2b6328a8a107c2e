//! Sources: the files that pages are made of, from the binary and from a theme folder.
//!
//! A theme folder has the same three folders: `templates`, `assets` and `texts`. A file in it
//! takes the place of ours of the same name, or stands beside them.

use std::{collections::BTreeMap, fs, io, path::Path};

use rust_embed::RustEmbed;

use super::ThemeFault;

#[derive(RustEmbed)]
#[folder = "src/web/templates"]
struct Templates;

#[derive(RustEmbed)]
#[folder = "src/web/assets"]
struct AssetFiles;

#[derive(RustEmbed)]
#[folder = "src/web/texts"]
struct Texts;

/// All files by their path, as `templates/storefront/home.html`.
pub(super) struct Sources(BTreeMap<String, Vec<u8>>);

impl Sources {
    /// Those in the binary.
    pub fn embedded() -> Sources {
        let mut files = BTreeMap::new();
        take::<Templates>(TEMPLATES, &mut files);
        take::<AssetFiles>(ASSETS, &mut files);
        take::<Texts>(TEXTS, &mut files);
        Sources(files)
    }

    /// Those in the binary, with those in a folder in their place.
    pub fn with_theme(folder: &Path) -> Result<Sources, ThemeFault> {
        let mut sources = Sources::embedded();
        let unreadable =
            |source| ThemeFault::Folder { folder: folder.display().to_string(), source };
        fs::read_dir(folder).map_err(unreadable)?;
        let mut count = 0;
        for kind in [TEMPLATES, ASSETS, TEXTS] {
            let mut waiting = vec![(folder.join(kind), kind.to_owned())];
            while let Some((at, name)) = waiting.pop() {
                for found in entries(&at).map_err(unreadable)? {
                    count += 1;
                    if count > FILES_MAX {
                        let words = format!("a theme has at most {FILES_MAX} files and folders");
                        return Err(ThemeFault::TooMuch(words));
                    }
                    let name = format!("{name}/{}", found.file_name().to_string_lossy());
                    let about = fs::metadata(found.path()).map_err(unreadable)?;
                    if about.is_dir() {
                        waiting.push((found.path(), name));
                    } else if about.len() > FILE_BYTES_MAX {
                        let words = format!("{name} of the theme is larger than a mebibyte");
                        return Err(ThemeFault::TooMuch(words));
                    } else if !name.split('/').any(|part| part.starts_with('.')) {
                        let bytes = fs::read(found.path()).map_err(unreadable)?;
                        sources.0.insert(name, bytes);
                    }
                }
            }
        }
        Ok(sources)
    }

    /// Names and texts of the templates, as `storefront/home.html`.
    pub fn templates(&self) -> Result<Vec<(String, String)>, ThemeFault> {
        self.texts_in(TEMPLATES)
    }

    /// Names and Markdown of the texts, as `terms`.
    pub fn texts(&self) -> Result<Vec<(String, String)>, ThemeFault> {
        let all = self.texts_in(TEXTS)?.into_iter();
        let named = |(file, text): (String, String)| Some((file.strip_suffix(".md")?.into(), text));
        Ok(all.filter_map(named).collect())
    }

    /// Paths within `assets` and bytes.
    pub fn assets(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.within(ASSETS)
    }

    fn texts_in(&self, kind: &str) -> Result<Vec<(String, String)>, ThemeFault> {
        let text = |(name, bytes): (&str, &[u8])| match str::from_utf8(bytes) {
            Ok(text) => Ok((name.to_owned(), text.to_owned())),
            Err(_) => Err(ThemeFault::NotText(name.to_owned())),
        };
        self.within(kind).map(text).collect()
    }

    fn within(&self, kind: &str) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().filter_map(move |(path, bytes)| {
            Some((path.strip_prefix(kind)?.strip_prefix('/')?, bytes.as_slice()))
        })
    }
}

fn take<E: RustEmbed>(kind: &str, files: &mut BTreeMap<String, Vec<u8>>) {
    for name in E::iter() {
        if let Some(file) = E::get(&name) {
            files.insert(format!("{kind}/{name}"), file.data.into_owned());
        }
    }
}

/// What is in a folder; nothing, if it is not there.
fn entries(folder: &Path) -> io::Result<Vec<fs::DirEntry>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

const TEMPLATES: &str = "templates";
const ASSETS: &str = "assets";
const TEXTS: &str = "texts";
/// Files and folders of a theme.
const FILES_MAX: usize = 1_000;
/// The largest file of a theme.
const FILE_BYTES_MAX: u64 = 1 << 20;
