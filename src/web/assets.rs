//! Assets: styles, scripts and drawings, under an address that is made of all their content.
//!
//! `base/*.css` and then `shop/*.css` are one style sheet, `shop.css`, in the order of their
//! names; with `admin/*.css` likewise. Everything else is served under its file's name. Whatever
//! changes, the version in all addresses does, so that a browser may keep them for ever.

use std::{
    collections::BTreeMap,
    io::Write,
    sync::{Arc, OnceLock},
};

use brotli::enc::BrotliEncoderParams;
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};

use super::sources::Sources;

/// All assets, by name.
pub struct Assets {
    version: String,
    files: BTreeMap<String, Arc<Asset>>,
}

/// One of them. Compressed once, when somebody wants it so.
pub struct Asset {
    /// The media type.
    pub media_type: &'static str,
    plain: Bytes,
    brotli: OnceLock<Bytes>,
    gzip: OnceLock<Bytes>,
}

/// How a body is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// Not at all.
    Plain,
    /// For every browser of today.
    Brotli,
    /// For all others.
    Gzip,
}

impl Assets {
    pub(super) fn of(sources: &Sources) -> Assets {
        let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for (sheet, folder) in [("shop.css", "shop/"), ("admin.css", "admin/")] {
            let styles = |folder: &'static str| {
                let is_style = move |path: &str| path.starts_with(folder) && path.ends_with(".css");
                sources.assets().filter(move |(path, _)| is_style(path))
            };
            let parts = styles("base/").chain(styles(folder)).map(|(_, bytes)| bytes);
            files.insert(sheet.to_owned(), parts.collect::<Vec<_>>().join(&b'\n'));
        }
        for (path, bytes) in sources.assets().filter(|(path, _)| !path.ends_with(".css")) {
            let name = path.rsplit('/').next().unwrap_or(path);
            files.insert(name.to_owned(), bytes.to_vec());
        }
        let mut hash = Sha256::new();
        for (name, bytes) in &files {
            hash.update(name);
            hash.update(bytes.len().to_le_bytes());
            hash.update(bytes);
        }
        let digest = hash.finalize();
        let version = digest.iter().take(VERSION_BYTES).map(|byte| format!("{byte:02x}")).collect();
        let typed = files.into_iter().filter_map(|(name, bytes)| {
            let media_type = media_type_of(&name)?;
            Some((name, Arc::new(Asset::of(media_type, bytes))))
        });
        Assets { version, files: typed.collect() }
    }

    /// What all addresses of assets begin with, behind `/assets/`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The names of all of them.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// The asset of this name.
    pub fn get(&self, name: &str) -> Option<Arc<Asset>> {
        self.files.get(name).cloned()
    }
}

impl Asset {
    fn of(media_type: &'static str, bytes: Vec<u8>) -> Asset {
        let plain = Bytes::from(bytes);
        Asset { media_type, plain, brotli: OnceLock::new(), gzip: OnceLock::new() }
    }

    /// Its bytes, packed like that.
    pub fn bytes(&self, packing: Packing) -> Bytes {
        match packing {
            Packing::Plain => self.plain.clone(),
            Packing::Brotli => self.brotli.get_or_init(|| brotli(&self.plain)).clone(),
            Packing::Gzip => self.gzip.get_or_init(|| gzip(&self.plain)).clone(),
        }
    }
}

fn brotli(plain: &[u8]) -> Bytes {
    let settings = BrotliEncoderParams { quality: BROTLI_QUALITY, ..Default::default() };
    let (mut from, mut packed) = (plain, Vec::new());
    brotli::BrotliCompress(&mut from, &mut packed, &settings).expect("a Vec takes everything");
    Bytes::from(packed)
}

fn gzip(plain: &[u8]) -> Bytes {
    let mut to = GzEncoder::new(Vec::new(), Compression::best());
    to.write_all(plain).and_then(|()| to.finish()).expect("a Vec takes everything").into()
}

fn media_type_of(name: &str) -> Option<&'static str> {
    let (_, extension) = name.rsplit_once('.')?;
    MEDIA_TYPES.iter().find(|(known, _)| *known == extension).map(|(_, media_type)| *media_type)
}

const MEDIA_TYPES: [(&str, &str); 9] = [
    ("css", "text/css; charset=utf-8"),
    ("js", "text/javascript; charset=utf-8"),
    ("svg", "image/svg+xml"),
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("webp", "image/webp"),
    ("ico", "image/x-icon"),
    ("woff2", "font/woff2"),
    ("txt", "text/plain; charset=utf-8"),
];
const VERSION_BYTES: usize = 8;
/// Nearly the smallest, in a few milliseconds.
const BROTLI_QUALITY: i32 = 9;
