//! Folder: letters as files that nobody gets, for trying a shop out.
//!
//! Invariant: a file is there whole or not at all, and only its owner can read it. The same
//! letter is the same file, so that sending it twice leaves one. Names sort by time.

use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use futures_util::future::BoxFuture;
use mail_parser::{MessageParser, MimeHeaders};

use super::{Letter, MailTransport, NotSent, message::message_of};
use crate::domain::time::Timestamp;

/// A folder of letters. Clones are the same folder.
#[derive(Clone, Debug)]
pub struct MailFolder {
    folder: PathBuf,
}

/// A letter as it lies in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filed {
    /// The file's name, without its ending.
    pub name: String,
    /// Whom it is from.
    pub from: String,
    /// Whom it is to.
    pub to: String,
    /// What it is about.
    pub subject: String,
    /// When it was written, in seconds since 1970.
    pub seconds: i64,
    /// Its `Message-ID`.
    pub id: String,
    /// Its text.
    pub text: String,
    /// Its page.
    pub html: String,
}

impl MailFolder {
    /// Letters in this folder; it is made when the first is written.
    pub fn at(folder: PathBuf) -> MailFolder {
        MailFolder { folder }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// The newest letters, at most so many; none if there is no folder yet.
    ///
    /// # Errors
    /// The disk.
    pub fn newest(&self, letters_max: usize) -> io::Result<Vec<Filed>> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(fault) => return Err(fault),
        };
        let mut names = Vec::new();
        for entry in entries {
            let name = entry?.file_name().to_string_lossy().into_owned();
            names.extend(name.strip_suffix(ENDING).filter(|name| is_name(name)).map(str::to_owned));
        }
        names.sort_unstable_by(|one, other| other.cmp(one));
        names.truncate(letters_max);
        let letters: io::Result<Vec<Option<Filed>>> =
            names.iter().map(|name| self.read(name)).collect();
        Ok(letters?.into_iter().flatten().collect())
    }

    /// The letter of this name, if it is there.
    ///
    /// # Errors
    /// The disk.
    pub fn read(&self, name: &str) -> io::Result<Option<Filed>> {
        if !is_name(name) {
            return Ok(None);
        }
        match fs::read(self.folder.join(format!("{name}{ENDING}"))) {
            Ok(bytes) => Ok(filed(name, &bytes)),
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// Lets go of what was written before a moment, and of all but so many of the newest letters;
    /// how many files went. What is not named as letters are stays. Safe to repeat.
    ///
    /// # Errors
    /// The disk.
    pub fn let_go(&self, before: Timestamp, letters_max: usize) -> io::Result<usize> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(0),
            Err(fault) => return Err(fault),
        };
        let mut letters = Vec::new();
        for entry in entries {
            let name = entry?.file_name().to_string_lossy().into_owned();
            letters.extend(written_at(&name).map(|at| (at, name)));
        }
        letters.sort_unstable_by(|one, other| other.cmp(one));
        let mut gone = 0;
        for (newer, (at, name)) in letters.into_iter().enumerate() {
            if newer >= letters_max || at < before {
                fs::remove_file(self.folder.join(name))?;
                gone += 1;
            }
        }
        Ok(gone)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        use io::Write;
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        let unfinished = self.folder.join(format!(".{name}{UNFINISHED}"));
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&unfinished)?;
        file.write_all(bytes)?;
        fs::rename(unfinished, self.folder.join(format!("{name}{ENDING}")))
    }
}

impl MailTransport for MailFolder {
    fn send<'a>(&'a self, letter: &'a Letter) -> BoxFuture<'a, Result<(), NotSent>> {
        Box::pin(async move {
            let message = message_of(letter).map_err(|why| NotSent::Never(why.to_string()))?;
            let name = format!("{:013}-{}", letter.written_at.millis(), letter.id);
            let written = self.write(&name, &message.formatted());
            written.map_err(|fault| NotSent::Down(format!("the folder cannot be written: {fault}")))
        })
    }

    fn at_once(&self) -> usize {
        1
    }

    fn condition(&self) -> String {
        "written to a folder".to_owned()
    }

    fn is_cut_off(&self) -> bool {
        false
    }
}

fn filed(name: &str, bytes: &[u8]) -> Option<Filed> {
    let message = MessageParser::default().parse(bytes)?;
    let mailbox = |of: Option<&mail_parser::Address<'_>>| {
        let first = of.and_then(|address| address.first());
        first.map_or_else(String::new, |mailbox| match (mailbox.name(), mailbox.address()) {
            (Some(name), Some(address)) => format!("{name} <{address}>"),
            (name, address) => name.or(address).unwrap_or_default().to_owned(),
        })
    };
    let page = message
        .html_part(0)
        .filter(|part| part.content_type().is_some_and(|kind| kind.subtype() == Some("html")));
    Some(Filed {
        name: name.to_owned(),
        from: mailbox(message.from()),
        to: mailbox(message.to()),
        subject: message.subject().unwrap_or_default().to_owned(),
        seconds: message.date().map_or(0, mail_parser::DateTime::to_timestamp),
        id: message.message_id().unwrap_or_default().to_owned(),
        text: message.body_text(0).unwrap_or_default().into_owned(),
        html: page.and_then(|part| part.text_contents()).unwrap_or_default().to_owned(),
    })
}

/// When a letter was written whose file has this name, be it finished or left by a crash.
fn written_at(file: &str) -> Option<Timestamp> {
    let unfinished = file.strip_prefix('.').and_then(|name| name.strip_suffix(UNFINISHED));
    let name = file.strip_suffix(ENDING).or(unfinished)?;
    let (millis, _) = name.split_once('-')?;
    let is_time = millis.len() == 13 && millis.bytes().all(|byte| byte.is_ascii_digit());
    is_time.then(|| millis.parse().ok().map(Timestamp::from_millis))?
}

/// Names of ours lead out of no folder.
fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
    !name.is_empty() && !name.starts_with('.') && name.len() <= 100 && name.bytes().all(plain)
}

const ENDING: &str = ".eml";
const UNFINISHED: &str = ".tmp";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateways::mail::Mailbox;

    fn letter(id: &str, millis: i64, subject: &str) -> Letter {
        let mailbox = |address: &str| Mailbox { name: None, address: address.to_owned() };
        Letter {
            id: id.to_owned(),
            from: mailbox("shop@shop.example"),
            to: mailbox("ada@example.com"),
            written_at: Timestamp::from_millis(millis),
            subject: subject.to_owned(),
            text: "Grüße & <b>\n\nfrom far away\n".to_owned(),
            html: "<p>Grüße &amp; &lt;b&gt;</p>".to_owned(),
        }
    }

    #[tokio::test]
    async fn letters_are_read_back_as_they_were_written_the_newest_first() {
        let room = tempfile::tempdir().expect("a folder");
        let folder = MailFolder::at(room.path().join("letters"));
        assert_eq!(folder.newest(9).expect("no folder is no letter"), []);
        for (id, millis, subject) in
            [("a", 1_000, "One"), ("b", 2_000, "Zwei: ä"), ("a", 1_000, "One")]
        {
            folder.send(&letter(id, millis, subject)).await.expect("room on the disk");
        }
        let letters = folder.newest(9).expect("a folder");
        let subjects: Vec<&str> = letters.iter().map(|letter| letter.subject.as_str()).collect();
        assert_eq!(subjects, ["Zwei: ä", "One"]);
        assert_eq!(letters[0].id, "b@shop.example");
        assert_eq!(letters[0].to, "ada@example.com");
        assert_eq!(letters[0].seconds, 2);
        assert_eq!(letters[0].text.trim(), "Grüße & <b>\r\n\r\nfrom far away");
        assert_eq!(letters[0].html.trim(), "<p>Grüße &amp; &lt;b&gt;</p>");
        assert_eq!(folder.newest(1).expect("a folder").len(), 1);
        assert_eq!(folder.read(&letters[1].name).expect("a folder"), Some(letters[1].clone()));
    }

    #[tokio::test]
    async fn old_letters_and_too_many_are_let_go_of_and_nothing_else() {
        let room = tempfile::tempdir().expect("a folder");
        let folder = MailFolder::at(room.path().join("letters"));
        let moment = Timestamp::from_millis;
        assert_eq!(folder.let_go(moment(9), 1).expect("no folder is no letter"), 0);
        for number in 0..6 {
            let id = format!("letter{number}");
            folder.send(&letter(&id, number * 1_000, "Hello")).await.expect("room on the disk");
        }
        let unfinished = folder.path().join(".0000000000000-crashed.tmp");
        let others = ["notes.eml", "12-notes.eml", "0000000000000-notes.txt"];
        let others = others.map(|name| folder.path().join(name));
        for path in others.iter().chain([&unfinished]) {
            fs::write(path, "?").expect("room on the disk");
        }
        assert_eq!(folder.let_go(moment(2_000), 9).expect("a folder"), 3);
        assert!(!unfinished.exists());
        assert_eq!(folder.let_go(moment(0), 3).expect("a folder"), 1);
        assert_eq!(folder.let_go(moment(0), 3).expect("a folder"), 0);
        let left = folder.newest(9).expect("a folder").into_iter().map(|letter| letter.seconds);
        let left: Vec<i64> = left.filter(|seconds| *seconds > 0).collect();
        assert_eq!(left, [5, 4, 3]);
        assert!(others.iter().all(|path| path.exists()), "what is not ours stays");
    }

    #[test]
    fn no_name_leads_out_of_the_folder() {
        let folder = MailFolder::at(PathBuf::from("."));
        for name in ["", "../Cargo", "a/b", ".hidden", "a\0b"] {
            assert_eq!(folder.read(name).expect("not looked at"), None, "{name:?}");
        }
    }
}
