//! Receivers: a program that is told by webhook, and answers as the test says.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// How it answers one letter.
#[derive(Clone, Copy, Debug)]
pub enum Reaction {
    /// With this status, and these further header lines.
    Answer(u16, &'static str),
    /// It hangs up without a word.
    HangUp,
}

/// One letter, as it came.
#[derive(Clone, Debug)]
pub struct Letter {
    pub path: String,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

/// A receiver on a loopback port. What is not scripted is taken (204).
#[derive(Clone)]
pub struct Receiver {
    pub url: String,
    script: Arc<Mutex<VecDeque<Reaction>>>,
    letters: watch::Sender<Vec<Letter>>,
}

impl Letter {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(String::as_str).unwrap_or_default()
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }
}

impl Receiver {
    pub async fn open() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let url = format!("http://{address}/hook");
        let receiver =
            Receiver { url, script: Arc::default(), letters: watch::Sender::new(Vec::new()) };
        let hearing = receiver.clone();
        tokio::task::spawn_local(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::task::spawn_local(hearing.clone().hears(stream));
            }
        });
        receiver
    }

    /// Answers the next letters so, in turn.
    pub fn answers(&self, reactions: impl IntoIterator<Item = Reaction>) {
        self.script.lock().unwrap_or_else(PoisonError::into_inner).extend(reactions);
    }

    /// Answers so, from now on.
    pub fn always_answers(&self, reaction: Reaction) {
        self.answers(std::iter::repeat_n(reaction, 10_000));
    }

    /// Answers as usual again.
    pub fn recovers(&self) {
        self.script.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Waits until so many letters came.
    pub async fn has(&self, count: usize) -> Vec<Letter> {
        let mut letters = self.letters.subscribe();
        let there = letters.wait_for(|letters| letters.len() >= count);
        let there = tokio::time::timeout(PATIENT, there).await;
        there.expect("letters in time").expect("a receiver").clone()
    }

    /// What came so far.
    pub fn so_far(&self) -> Vec<Letter> {
        self.letters.borrow().clone()
    }

    async fn hears(self, mut stream: TcpStream) {
        let mut text = Vec::new();
        let mut piece = [0; 4096];
        loop {
            if let Some((letter, length)) = letter_in(&text) {
                text.drain(..length);
                self.letters.send_modify(|letters| letters.push(letter));
                let reaction =
                    self.script.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                let (status, headers) = match reaction {
                    Some(Reaction::HangUp) => return,
                    Some(Reaction::Answer(status, headers)) => (status, headers),
                    None => (204, ""),
                };
                let length = if status == 204 { "" } else { "content-length: 4\r\n" };
                let body = if status == 204 { "" } else { "told" };
                let answer = format!("HTTP/1.1 {status} Yes\r\n{length}{headers}\r\n{body}");
                if stream.write_all(answer.as_bytes()).await.is_err() {
                    return;
                }
                continue;
            }
            match stream.read(&mut piece).await {
                Ok(0) | Err(_) => return,
                Ok(read) => text.extend_from_slice(&piece[..read]),
            }
        }
    }
}

/// The first whole letter in a text, and how long it is.
fn letter_in(text: &[u8]) -> Option<(Letter, usize)> {
    let whole = String::from_utf8_lossy(text).into_owned();
    let (head, rest) = whole.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length: usize = headers.get("content-length")?.parse().ok()?;
    let body = rest.get(..length)?.to_owned();
    Some((Letter { path, headers, body }, head.len() + 4 + length))
}

/// A test that waits for longer has failed.
const PATIENT: Duration = Duration::from_secs(30);
