//! Hearer: a program that is told by webhook and does not behave, in threads of this process.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use super::support::patience::thinks;

/// How one letter is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Met {
    /// It is taken.
    Taken,
    /// It is taken by a program that thinks about it first.
    TakenSlowly,
    /// It is refused, as by a program with a fault.
    Refused,
    /// It is sent elsewhere, to this very program.
    SentOn,
    /// The line goes dead before an answer.
    HungUp,
    /// It is taken, but the answer comes only when nobody listens any more.
    TooLate,
}

/// A letter as it came, and how it was met.
#[derive(Clone, Debug)]
pub struct Heard {
    pub path: String,
    pub headers: BTreeMap<String, String>,
    pub body: String,
    pub met: Met,
}

impl Heard {
    pub fn id(&self) -> &str {
        self.headers.get("webhook-id").map(String::as_str).unwrap_or_default()
    }
}

/// How a letter is met, by its id and how often it has come before.
type Manners = fn(&str, usize) -> Met;

/// A program on a loopback port.
#[derive(Clone)]
pub struct Hearer {
    pub url: String,
    manners: Manners,
    is_mended: Arc<AtomicBool>,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Hearer {
    /// Listens until the process ends.
    pub fn open(manners: Manners) -> Hearer {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}/hook", listener.local_addr().expect("bound"));
        let hearer = Hearer { url, manners, is_mended: Arc::default(), heard: Arc::default() };
        let hearing = hearer.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let hearing = hearing.clone();
                thread::spawn(move || hearing.hear(stream));
            }
        });
        hearer
    }

    /// From now on it takes every letter.
    pub fn is_mended(&self) {
        self.is_mended.store(true, Ordering::SeqCst);
    }

    /// All letters so far.
    pub fn heard(&self) -> Vec<Heard> {
        self.letters().clone()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.letters().len()
    }

    fn letters(&self) -> MutexGuard<'_, Vec<Heard>> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hear(&self, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        while let Some(mut letter) = read_letter(&mut stream) {
            let met = {
                let mut letters = self.letters();
                let before = letters.iter().filter(|known| known.id() == letter.id()).count();
                letter.met = match self.is_mended.load(Ordering::SeqCst) {
                    true => Met::Taken,
                    false => (self.manners)(letter.id(), before),
                };
                letters.push(letter.clone());
                letter.met
            };
            let answer = match met {
                Met::Taken => "HTTP/1.1 204 No Content\r\n\r\n".to_owned(),
                Met::TakenSlowly => {
                    (0..THOUGHTS).for_each(|_| thinks());
                    "HTTP/1.1 204 No Content\r\n\r\n".to_owned()
                }
                Met::Refused => "HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n".to_owned(),
                Met::SentOn => {
                    let to = self.url.replace("/hook", ELSEWHERE);
                    format!("HTTP/1.1 307 There\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n")
                }
                Met::HungUp => return,
                Met::TooLate => {
                    // Whoever waits for the answer hangs up first.
                    let _ = stream.read_to_end(&mut Vec::new());
                    "HTTP/1.1 200 Late\r\ncontent-length: 0\r\n\r\n".to_owned()
                }
            };
            if stream.get_mut().write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    }
}

fn read_letter(stream: &mut BufReader<TcpStream>) -> Option<Heard> {
    let first = line(stream)?;
    let path = first.split(' ').nth(1)?.to_owned();
    let mut headers = BTreeMap::new();
    loop {
        let header = line(stream)?;
        let Some((name, value)) = header.split_once(": ") else { break };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length")?.parse().ok()?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    let body = String::from_utf8(body).ok()?;
    Some(Heard { path, headers, body, met: Met::HungUp })
}

fn line(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    stream.read_line(&mut line).ok().filter(|length| *length > 0)?;
    Some(line.trim_end().to_owned())
}

/// So long that whatever else is closed at a stop is closed first, and so short that it is waited
/// for.
const THOUGHTS: usize = 25;
/// Where a redirect leads.
pub const ELSEWHERE: &str = "/elsewhere";
