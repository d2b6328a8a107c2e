//! A plain load generator, and a line of a table.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::{
        Arc, Barrier,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use crate::watch::now;

/// A client that keeps its connection and does little else.
pub struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// What came back.
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

impl Client {
    /// Connects.
    pub fn to(address: SocketAddr) -> Client {
        let stream = TcpStream::connect(address).expect("a listening server");
        stream.set_nodelay(true).expect("a socket");
        Client { stream, buffer: Vec::with_capacity(64 << 10) }
    }

    /// Sends prepared bytes and reads the answer.
    pub fn send(&mut self, request: &[u8]) -> io::Result<Reply> {
        self.write(request)?;
        self.read()
    }

    /// Sends prepared bytes; the answer is read later.
    pub fn write(&mut self, request: &[u8]) -> io::Result<()> {
        self.stream.write_all(request)
    }

    /// Reads the answer to what was sent.
    pub fn read(&mut self) -> io::Result<Reply> {
        self.buffer.clear();
        let mut chunk = [0; 16 << 10];
        loop {
            if let Some(reply) = parsed(&self.buffer) {
                return Ok(reply);
            }
            let read = self.stream.read(&mut chunk)?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.buffer.extend_from_slice(&chunk[..read]);
        }
    }
}

fn parsed(bytes: &[u8]) -> Option<Reply> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let status = head.get(9..12)?.parse().ok()?;
    let length: usize = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok())
        .unwrap_or(0);
    let body = bytes.get(end..end + length)?;
    Some(Reply { status, body: body.to_vec() })
}

/// The bytes of a request.
pub fn request(method: &str, path: &str, token: Option<&str>, body: Option<&str>) -> Vec<u8> {
    let body = body.unwrap_or("");
    let token = token.map_or(String::new(), |token| format!("authorization: Bearer {token}\r\n"));
    format!(
        "{method} {path} HTTP/1.1\r\nhost: bench\r\n{token}content-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// What one load came to.
pub struct Measured {
    /// Answers a second.
    pub per_second: u64,
    /// Microseconds, half the answers were quicker.
    pub p50: u128,
    /// Microseconds, all but one in a hundred were quicker.
    pub p99: u128,
}

/// So many clients, each sending what `ask` makes for it, one after the other, for so long. Every
/// answer must have one of the `wanted` statuses.
pub fn load(
    address: SocketAddr,
    clients: usize,
    time: Duration,
    wanted: &'static [u16],
    ask: impl Fn(usize, usize) -> Vec<u8> + Send + Sync + 'static,
) -> Measured {
    paced(address, clients, Duration::ZERO, time, wanted, ask)
}

/// As [`load`], but each client rests for `pause` before each request: how long an answer takes
/// where there is room to spare.
pub fn paced(
    address: SocketAddr,
    clients: usize,
    pause: Duration,
    time: Duration,
    wanted: &'static [u16],
    ask: impl Fn(usize, usize) -> Vec<u8> + Send + Sync + 'static,
) -> Measured {
    let (ask, over) = (Arc::new(ask), Arc::new(AtomicBool::new(false)));
    let start = Arc::new(Barrier::new(clients + 1));
    let running: Vec<_> = (0..clients)
        .map(|number| {
            let (ask, over, start) = (Arc::clone(&ask), Arc::clone(&over), Arc::clone(&start));
            thread::spawn(move || {
                let mut client = Client::to(address);
                let mut times = Vec::new();
                start.wait();
                while !over.load(Ordering::Relaxed) {
                    let request = ask(number, times.len());
                    if !pause.is_zero() {
                        thread::sleep(pause);
                    }
                    let asked = now();
                    let reply = client.send(&request).expect("an answer");
                    assert!(
                        wanted.contains(&reply.status),
                        "{} {}",
                        reply.status,
                        String::from_utf8_lossy(&reply.body)
                    );
                    times.push(asked.elapsed().as_micros());
                }
                times
            })
        })
        .collect();
    start.wait();
    let began = now();
    thread::sleep(time);
    over.store(true, Ordering::Relaxed);
    let mut times: Vec<u128> =
        running.into_iter().flat_map(|client| client.join().expect("a client")).collect();
    let millis = began.elapsed().as_millis().max(1);
    times.sort_unstable();
    let count = times.len();
    let per_second = u64::try_from(u128::try_from(count).expect("a count") * 1000 / millis);
    Measured {
        per_second: per_second.expect("a rate"),
        p50: times[count / 2],
        p99: times[count * 99 / 100],
    }
}

/// One line of a table on standard output.
pub fn line(what: &str, measured: &Measured, beside: Option<&Measured>) {
    let ratio = beside.map_or(String::new(), |beside| {
        let percent = measured.per_second * 100 / beside.per_second.max(1);
        format!("{}.{:02} of bare", percent / 100, percent % 100)
    });
    let Measured { per_second, p50, p99 } = measured;
    let out = format!("{what:<34} {per_second:>9}/s  p50 {p50:>7} µs  p99 {p99:>7} µs  {ratio}\n");
    io::stdout().write_all(out.as_bytes()).expect("standard output");
}
