//! Sink: an independent mail server in a process of its own, which fails as it is told to.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use mail_parser::MessageParser;
use tempfile::TempDir;

use super::python::{file, program};

/// A mail server that can be started and stopped; gone when dropped.
pub struct Sink {
    python: PathBuf,
    /// What the shop calls its way of encrypting.
    tls: &'static str,
    folder: TempDir,
    port: u16,
    child: Option<Child>,
}

/// A letter it has taken over.
#[derive(Clone, Debug)]
pub struct Taken {
    /// The so-manieth it took since it was started.
    pub turn: u64,
    pub id: String,
    pub to: String,
    pub subject: String,
    pub text: String,
}

impl Sink {
    /// A server that is not started; nothing, and a word why, where its program is not there.
    pub fn find() -> Option<Sink> {
        let python = program("python")?;
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let folder = tempfile::tempdir().expect("a folder");
        let port = free.expect("a port").port();
        Some(Sink { python, tls: "required", folder, port, child: None })
    }

    /// A server that takes letters.
    pub fn open() -> Option<Sink> {
        let mut sink = Sink::find()?;
        sink.start();
        Some(sink)
    }

    /// A server that takes letters and is encrypted from the first byte.
    pub fn open_encrypted() -> Option<Sink> {
        let mut sink = Sink::find()?;
        sink.tls = "implicit";
        sink.start();
        Some(sink)
    }

    /// Starts it, and waits until it listens.
    pub fn start(&mut self) {
        let mut child = Command::new(&self.python)
            .args([file("mail/sink.py"), self.port.to_string()])
            .arg(self.folder.path())
            .arg(self.tls)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a program that starts");
        let out = child.stdout.take().expect("piped");
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line).expect("a pipe");
        assert_eq!(line.trim(), "ready");
        self.child = Some(child);
    }

    /// Ends it where it stands.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _already_gone = child.kill();
            let _already_waited = child.wait();
        }
    }

    /// From now on it behaves like this: `421`, `451 ada@example.com`, `sender`, `slow`, `six`,
    /// `hang`, `lost`, or well.
    pub fn behaves(&self, mode: &str) {
        let unfinished = self.folder.path().join("mode.tmp");
        fs::write(&unfinished, mode).expect("room on the disk");
        fs::rename(unfinished, self.folder.path().join("mode")).expect("room on the disk");
    }

    /// Every letter it has taken over, the first first.
    pub fn taken(&self) -> Vec<Taken> {
        let mut letters: Vec<Taken> = self.files().iter().map(|path| read(path)).collect();
        letters.sort_by_key(|letter| letter.turn);
        letters
    }

    /// How many it has taken over.
    pub fn count(&self) -> usize {
        self.files().len()
    }

    fn files(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.folder.path()).expect("a folder");
        let paths = entries.map(|entry| entry.expect("readable").path());
        paths.filter(|path| path.extension().is_some_and(|it| it == "eml")).collect()
    }

    /// What makes a shop hand its letters in here.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let settings = [
            ("mail.transport", "smtp".to_owned()),
            ("mail.from", "Corner shop <orders@shop.example>".to_owned()),
            ("mail.smtp.host", "localhost".to_owned()),
            ("mail.smtp.port", self.port.to_string()),
            ("mail.smtp.tls", self.tls.to_owned()),
            ("mail.smtp.username", "shop".to_owned()),
            ("mail.smtp.password", "sesame".to_owned()),
            ("mail.smtp.ca_file", file("mail/authority.certificate.pem")),
        ];
        settings.to_vec()
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.stop();
    }
}

fn read(path: &Path) -> Taken {
    let turn = path.file_stem().and_then(|name| name.to_str()?.rsplit('-').next()?.parse().ok());
    let bytes = fs::read(path).expect("readable");
    let message = MessageParser::default().parse(&bytes).expect("a message");
    let to = message.to().and_then(|to| to.first()).and_then(|to| to.address());
    Taken {
        turn: turn.expect("a number at the end of its name"),
        id: message.message_id().expect("an id").to_owned(),
        to: to.expect("a reader").to_owned(),
        subject: message.subject().expect("a subject").to_owned(),
        text: message.body_text(0).expect("a text").into_owned(),
    }
}
