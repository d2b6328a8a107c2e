//! Control: how commands speak to a shop that is running.
//!
//! One Unix socket in the data directory, for its owner only; one connection is one line of JSON
//! asked and one answered. Whoever opens the socket holds the directory's lock, so a socket that
//! is already there belongs to a dead process. Knows nothing of what the requests do.

use std::{
    convert::Infallible,
    fs::{self, File, Permissions},
    io::{self, BufRead, BufReader, Read, Write},
    os::{
        fd::AsRawFd,
        unix::{
            fs::{FileTypeExt, PermissionsExt},
            net,
        },
    },
    path::{Path, PathBuf},
    time::Duration,
};

use futures_util::{StreamExt, stream::FuturesUnordered};
use secrecy::{SecretString, zeroize::Zeroizing};
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
};

/// What a command asks of a running shop.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ControlRequest {
    /// Makes an admin.
    CreateAdmin {
        /// To sign in with.
        email: String,
        /// To be shown.
        username: String,
        /// Not hashed yet: the shop knows how.
        #[serde(with = "plain")]
        password: SecretString,
    },
    /// Gives an admin a new password and ends all their sessions.
    ResetPassword {
        /// Whose.
        email: String,
        /// Not hashed yet: the shop knows how.
        #[serde(with = "plain")]
        password: SecretString,
    },
    /// Asks how the shop is.
    Status,
    /// Compares the gateway's books with the shop's.
    Reconcile {
        /// So many days back.
        days: u32,
    },
    /// Asks how the comparison that was asked for last ended.
    Reconciled,
    /// Looks at products of a file, or takes them.
    Import {
        /// Which, and how.
        asked: serde_json::Value,
    },
    /// Asks for a page of all products as rows of a file.
    Export {
        /// Which page, in which form.
        asked: serde_json::Value,
    },
}

/// What a running shop answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ControlAnswer {
    /// It is done, and durable.
    Done,
    /// How the shop is.
    Status(ShopStatus),
    /// It takes longer; ask how it ended.
    Working,
    /// What was asked for, in a form that its command knows.
    Report(serde_json::Value),
    /// The rules say no.
    Refused {
        /// The refusal, by its stable name.
        code: String,
        /// The refusal, in words.
        detail: String,
    },
    /// The shop is busy, closing or broken; its log says more.
    Failed {
        /// What is the matter, in words.
        detail: String,
    },
}

/// How a running shop is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShopStatus {
    /// Its version.
    pub version: String,
    /// Where it listens.
    pub address: String,
    /// Whether it can write, in words.
    pub health: String,
    /// The last entry of its journal.
    pub journal_seq: u64,
}

/// Why a running shop could not be spoken to.
#[derive(Debug, thiserror::Error)]
pub enum ControlFault {
    /// Nobody listens: no shop runs on this directory.
    #[error("no shop is running on {}", .0.display())]
    NotRunning(PathBuf),
    /// It did not answer in time. What was asked may be done all the same.
    #[error("the shop did not answer; what was asked may be done all the same")]
    NoAnswer,
    /// It answered something else: probably another version.
    #[error("the shop's answer is not understood: is it another version?")]
    NotUnderstood,
    /// More than one request may hold.
    #[error("the request is longer than {REQUEST_BYTES_MAX} bytes")]
    TooLarge,
    /// Something else has the socket's name.
    #[error("{} is not a socket: move it away", .0.display())]
    NotASocket(PathBuf),
    /// The socket cannot be used.
    #[error("the socket in {} cannot be used: {source}", .dir.display())]
    Io {
        /// The data directory.
        dir: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// The listening end, in the shop. Dropping it takes the socket away.
#[derive(Debug)]
pub struct ControlSocket {
    listener: UnixListener,
    place: Place,
}

impl ControlSocket {
    /// Listens in this data directory, whose lock the caller holds. Needs a tokio runtime.
    ///
    /// # Errors
    /// The socket cannot be made, or its name is taken by something else.
    pub fn open(dir: &Path) -> Result<ControlSocket, ControlFault> {
        let io_fault = |source| ControlFault::Io { dir: dir.to_owned(), source };
        let place = Place::of(dir).map_err(io_fault)?;
        match fs::symlink_metadata(place.socket()) {
            Ok(about) if !about.file_type().is_socket() => {
                return Err(ControlFault::NotASocket(dir.join(SOCKET)));
            }
            Ok(_) | Err(_) => {}
        }
        let listener = place.listen().map_err(io_fault)?;
        Ok(ControlSocket { listener, place })
    }

    /// Answers until it is dropped; with it, requests under way are given up.
    pub async fn serve<H, F>(&self, handler: H) -> Infallible
    where
        H: Fn(ControlRequest) -> F,
        F: Future<Output = ControlAnswer>,
    {
        let mut open = FuturesUnordered::new();
        loop {
            tokio::select! {
                Some(()) = open.next(), if !open.is_empty() => {}
                accepted = self.listener.accept(), if open.len() < CONNECTIONS_MAX => {
                    match accepted {
                        Ok((stream, _)) => open.push(converse(stream, &handler, TIME_MAX)),
                        Err(fault) => {
                            tracing::warn!(%fault, "a command could not connect");
                            tokio::time::sleep(PAUSE).await;
                        }
                    }
                }
            }
        }
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        // If it cannot be removed, the next start replaces it.
        drop(fs::remove_file(self.place.socket()));
    }
}

/// Asks the shop that runs on this data directory. Blocks for ten seconds a step at most.
///
/// # Errors
/// No shop runs there, or it cannot be asked, or it does not answer.
pub fn call(dir: &Path, request: &ControlRequest) -> Result<ControlAnswer, ControlFault> {
    let mut line = Zeroizing::new(Vec::with_capacity(REQUEST_BYTES_MAX));
    serde_json::to_writer(&mut *line, request).map_err(|_| ControlFault::NotUnderstood)?;
    line.push(b'\n');
    if line.len() > REQUEST_BYTES_MAX {
        return Err(ControlFault::TooLarge);
    }
    let asked = Place::of(dir).and_then(|place| ask(&place, &line));
    let answer = asked.map_err(|source| fault_of(source, dir))?;
    if answer.is_empty() {
        return Err(ControlFault::NoAnswer);
    }
    serde_json::from_slice(&answer).map_err(|_| ControlFault::NotUnderstood)
}

fn ask(place: &Place, line: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = net::UnixStream::connect(place.socket())?;
    stream.set_write_timeout(Some(TIME_MAX))?;
    stream.set_read_timeout(Some(TIME_MAX))?;
    stream.write_all(line)?;
    let mut answer = Vec::new();
    BufReader::new(stream).take(ANSWER_BYTES_MAX).read_until(b'\n', &mut answer)?;
    Ok(answer)
}

fn fault_of(source: io::Error, dir: &Path) -> ControlFault {
    use io::ErrorKind::{
        BrokenPipe, ConnectionRefused, ConnectionReset, NotFound, TimedOut, WouldBlock,
    };
    let kind = source.kind();
    if [NotFound, ConnectionRefused].contains(&kind) {
        ControlFault::NotRunning(dir.to_owned())
    } else if [WouldBlock, TimedOut, BrokenPipe, ConnectionReset].contains(&kind) {
        ControlFault::NoAnswer
    } else {
        ControlFault::Io { dir: dir.to_owned(), source }
    }
}

/// One connection: one request, one answer, within the time given.
async fn converse<H, F>(stream: UnixStream, handler: &H, time: Duration)
where
    H: Fn(ControlRequest) -> F,
    F: Future<Output = ControlAnswer>,
{
    match tokio::time::timeout(time, exchange(stream, handler)).await {
        Ok(Ok(())) => {}
        Ok(Err(fault)) => tracing::debug!(%fault, "a command went away"),
        Err(_) => tracing::warn!("a command took too long and was given up"),
    }
}

async fn exchange<H, F>(mut stream: UnixStream, handler: &H) -> io::Result<()>
where
    H: Fn(ControlRequest) -> F,
    F: Future<Output = ControlAnswer>,
{
    // Reserved at once: a buffer that grows leaves copies of a password behind.
    let mut line = Zeroizing::new(Vec::with_capacity(REQUEST_BYTES_MAX + 1));
    while line.len() <= REQUEST_BYTES_MAX && !line.ends_with(b"\n") {
        if stream.read_buf(&mut *line).await? == 0 {
            break;
        }
    }
    let answer = if line.is_empty() {
        return Ok(());
    } else if line.len() > REQUEST_BYTES_MAX {
        refused("request_too_large", "the request is too long")
    } else {
        match serde_json::from_slice(&line) {
            Ok(request) => handler(request).await,
            Err(_) => refused("unknown_request", "the running shop does not know this request"),
        }
    };
    let mut text = serde_json::to_vec(&answer)?;
    text.push(b'\n');
    stream.write_all(&text).await?;
    stream.shutdown().await
}

fn refused(code: &str, detail: &str) -> ControlAnswer {
    ControlAnswer::Refused { code: code.to_owned(), detail: detail.to_owned() }
}

/// The data directory under a name that is short enough for the address of a socket.
#[derive(Debug)]
struct Place {
    base: PathBuf,
    /// Keeps `base` good when it goes by way of the open directory.
    _dir: Option<File>,
}

impl Place {
    fn of(dir: &Path) -> io::Result<Place> {
        if dir.join(UNFINISHED).as_os_str().len() <= ADDRESS_BYTES_MAX {
            return Ok(Place { base: dir.to_owned(), _dir: None });
        }
        let open = File::open(dir)?;
        let base = PathBuf::from(format!("/proc/self/fd/{}", open.as_raw_fd()));
        if !base.exists() {
            let why = "its path is too long for a socket, and /proc is not mounted";
            return Err(io::Error::new(io::ErrorKind::InvalidFilename, why));
        }
        Ok(Place { base, _dir: Some(open) })
    }

    fn socket(&self) -> PathBuf {
        self.base.join(SOCKET)
    }

    /// Bound under another name, closed to others, then renamed: nobody ever meets a socket that
    /// is open to all or does not listen, and that of a dead process is replaced.
    fn listen(&self) -> io::Result<UnixListener> {
        let unfinished = self.base.join(UNFINISHED);
        match fs::remove_file(&unfinished) {
            Err(fault) if fault.kind() != io::ErrorKind::NotFound => return Err(fault),
            Ok(()) | Err(_) => {}
        }
        let listener = net::UnixListener::bind(&unfinished)?;
        fs::set_permissions(&unfinished, Permissions::from_mode(0o600))?;
        fs::rename(&unfinished, self.socket())?;
        listener.set_nonblocking(true)?;
        UnixListener::from_std(listener)
    }
}

/// A secret on the wire: the one place where it is written in plain.
mod plain {
    use secrecy::{ExposeSecret, SecretString};
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(secret: &SecretString, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(secret.expose_secret())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<SecretString, D::Error> {
        String::deserialize(from).map(SecretString::from)
    }
}

const SOCKET: &str = "control.sock";
const UNFINISHED: &str = "control.sock.new";
/// Longest path in the address of a Unix socket on Linux, without its closing zero.
const ADDRESS_BYTES_MAX: usize = 107;
const REQUEST_BYTES_MAX: usize = 2 << 20;
const ANSWER_BYTES_MAX: u64 = 16 << 20;
/// Further commands wait in the kernel's queue.
const CONNECTIONS_MAX: usize = 8;
/// For a whole conversation in the shop; for each step in the command.
const TIME_MAX: Duration = Duration::from_secs(10);
/// After a connection that could not be taken (too many open files), before the next.
const PAUSE: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests;
