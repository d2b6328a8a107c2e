//! Media: the shop's own pictures, as files named after their content.
//!
//! | Method | Path          | Does            | Who    |
//! |--------|---------------|-----------------|--------|
//! | GET    | /media/{name} | shows a picture | public |
//!
//! Invariant: a name stands for the same bytes for ever, so that nobody has to ask twice. A file
//! is there whole or not at all. Names are letters, digits, dots and dashes: no name leads out of
//! the folder, and what is hidden is not served.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use actix_web::http::{Method, header::HeaderValue};
use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::{
    access::Public,
    answer::{Answer, Cached, Document},
    call::{CallOn, Word},
    etag::ETag,
    limits::Class,
    problem::Problem,
    table::{Operation, op},
};
use crate::shop::Shop;

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    vec![op(Method::GET, "/media/{name}", Class::Reads, "Show a picture of the shop", show_media)]
}

async fn show_media(shop: Shop, _: Public, call: CallOn<Word>) -> Answer<Cached<Document>> {
    let Word(name) = call.path;
    let media_type = media_type_of(&name).ok_or_else(Problem::not_found)?;
    let (folder, wanted) = (folder(&shop.settings.data_dir), name.clone());
    let read = actix_web::web::block(move || whole(&folder, &wanted)).await;
    let read = read.map_err(Problem::fault)?;
    let body = match read {
        Ok(bytes) => Bytes::from(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Problem::not_found()),
        Err(error) => return Err(Problem::fault(error)),
    };
    let policy = (media_type == SVG).then(|| HeaderValue::from_static(SVG_POLICY));
    Ok(Cached {
        etag: ETag::of_bytes(name.as_bytes()),
        control: FOR_EVER,
        answer: Document { media_type, body, policy },
    })
}

/// Where the pictures of a shop lie.
pub fn folder(data_dir: &Path) -> PathBuf {
    data_dir.join("media")
}

/// Whether this is the path of one of the shop's own pictures: `/media/…`.
pub fn is_own(path: &str) -> bool {
    path.strip_prefix("/media/").is_some_and(|name| media_type_of(name).is_some())
}

/// The bytes under a name, if they are still the ones it was made of.
///
/// # Errors
/// There is no such file, or it cannot be read, or it is damaged.
pub fn whole(folder: &Path, name: &str) -> io::Result<Vec<u8>> {
    let bytes = fs::read(folder.join(name))?;
    if is_of(name, &bytes) { Ok(bytes) } else { Err(io::Error::other(DAMAGED)) }
}

/// The names of all pictures in a folder that are not what they were.
///
/// # Errors
/// The folder cannot be read.
pub fn damaged(folder: &Path) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in folder.is_dir().then(|| fs::read_dir(folder)).transpose()?.into_iter().flatten() {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if media_type_of(&name).is_some() && whole(folder, &name).is_err() {
            found.push(name);
        }
    }
    found.sort();
    Ok(found)
}

/// Whether these bytes are what a name was made of; a file that somebody put there by hand is what
/// it is.
fn is_of(name: &str, bytes: &[u8]) -> bool {
    let stem = name.split('.').next().unwrap_or_default();
    let is_ours = stem.len() == 64 && stem.bytes().all(|byte| byte.is_ascii_hexdigit());
    !is_ours || stem == hash_of(bytes)
}

fn hash_of(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Keeps these bytes in a folder, under the name made of their content; `extension` says what
/// they are. Answers the name. Safe to repeat.
///
/// # Errors
/// The disk; an extension that is no picture's; too many bytes.
pub fn keep(folder: &Path, bytes: &[u8], extension: &str) -> io::Result<String> {
    let hash = hash_of(bytes);
    let name = format!("{hash}.{extension}");
    if media_type_of(&name).is_none() || bytes.len() > MEDIA_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a picture the shop keeps"));
    }
    fs::create_dir_all(folder)?;
    let path = folder.join(&name);
    // One that is damaged is replaced.
    if whole(folder, &name).is_ok() {
        return Ok(name);
    }
    let number = WRITTEN.fetch_add(1, Ordering::Relaxed);
    let unfinished = folder.join(format!(".{hash}.{}.{number}", std::process::id()));
    let written = write_whole(&unfinished, bytes).and_then(|()| fs::rename(&unfinished, &path));
    if let Err(error) = written {
        // It may not even be there; what matters is why it could not be written.
        let _ = fs::remove_file(&unfinished);
        return Err(error);
    }
    File::open(folder)?.sync_all()?;
    Ok(name)
}

fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// The media type of a picture with this name, if it is a name of ours.
fn media_type_of(name: &str) -> Option<&'static str> {
    let fits =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
    if name.starts_with('.') || name.len() > NAME_LETTERS_MAX || !name.bytes().all(fits) {
        return None;
    }
    let (_, extension) = name.rsplit_once('.')?;
    MEDIA_TYPES.iter().find(|(known, _)| *known == extension).map(|(_, media_type)| *media_type)
}

/// Numbers the files that are being written.
static WRITTEN: AtomicU64 = AtomicU64::new(0);
/// What [`is_own`] takes, as a JSON schema says it.
pub const OWN: &str = r"^/media/[a-z0-9-][a-z0-9-]{0,59}\.(avif|gif|jpeg|jpg|png|svg|webp)$";
const MEDIA_TYPES: [(&str, &str); 7] = [
    ("avif", "image/avif"),
    ("gif", "image/gif"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("png", "image/png"),
    ("svg", SVG),
    ("webp", "image/webp"),
];
const SVG: &str = "image/svg+xml";
/// A drawing may have colours, and nothing else: no script, nothing from elsewhere.
const SVG_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";
const FOR_EVER: &str = "public, max-age=31536000, immutable";
const DAMAGED: &str = "the picture is damaged: bring media/ back from a backup";
const NAME_LETTERS_MAX: usize = 100;
const MEDIA_BYTES_MAX: usize = 8 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_kept_once_under_the_name_of_its_content() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let kept = || keep(folder.path(), b"<svg/>", "svg").expect("it is kept");
        let name = kept();
        assert_eq!(kept(), name);
        assert_eq!(fs::read(folder.path().join(&name)).expect("a file"), b"<svg/>");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing is left");
        assert!(is_own(&format!("/media/{name}")));
    }

    #[test]
    fn only_pictures_are_kept() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for extension in ["html", "js", "", "svg/../x.svg", "SVG"] {
            assert!(keep(folder.path(), b"x", extension).is_err(), "{extension}");
        }
    }

    #[test]
    fn no_name_leads_elsewhere() {
        let elsewhere =
            ["..", "../x.png", "a/b.png", ".hidden.png", "x.html", "x", "%2e.png", "a\\b.png", ""];
        for name in elsewhere {
            assert_eq!(media_type_of(name), None, "{name}");
        }
        assert_eq!(media_type_of("0a-b.png"), Some("image/png"));
    }
}
