//! Webhooks: one letter to one receiver, and what it answered.
//!
//! Invariants: nothing is followed, nothing is proxied, and nothing inside of the shop's own
//! network is spoken to unless that was allowed: names are judged by the addresses they resolve
//! to, at the moment of connecting. Knows nothing of when a letter is sent, or again.

pub mod address;

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use jiff::{Timestamp, fmt::rfc2822};
use reqwest::{
    Url,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{CONTENT_TYPE, DATE, HeaderMap, HeaderName, RETRY_AFTER},
    redirect::Policy,
};

use crate::traceparent::{self, TraceId};
use address::is_public;

/// Which receivers may be spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Those on the public internet, by TLS.
    Public,
    /// Also private and loopback addresses, and without TLS: for tests, and for receivers on the
    /// same machine.
    Anywhere,
}

/// Why an address cannot be a receiver's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnfitUrl {
    /// It is no http or https address with a host.
    #[error("is not an http or https address")]
    NotAnUrl,
    /// It holds a name or a password.
    #[error("must not hold a user name or a password")]
    HoldsCredentials,
    /// It is not encrypted.
    #[error("must begin with https")]
    NotEncrypted,
    /// It is in a private network or on this machine.
    #[error("must not be in a private network or on this machine")]
    Private,
}

impl UnfitUrl {
    /// The stable code of the API.
    pub fn code(self) -> &'static str {
        match self {
            UnfitUrl::NotAnUrl => "invalid_url",
            UnfitUrl::HoldsCredentials => "credentials_in_url",
            UnfitUrl::NotEncrypted => "https_required",
            UnfitUrl::Private => "private_address",
        }
    }
}

/// A letter.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Where to.
    pub url: String,
    /// Headers beside those of every letter.
    pub headers: Vec<(&'static str, String)>,
    /// What it says: JSON.
    pub body: String,
    /// The name of the work it belongs to: 32 hexadecimal digits.
    pub trace: String,
}

/// What became of a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Posted {
    /// There was an answer.
    Answered {
        /// Its status.
        status: u16,
        /// When it may be tried again, if it says so.
        retry_after: Option<Duration>,
        /// The beginning of its body.
        body: String,
    },
    /// There was none; in words for staff, without an address.
    NotAnswered(&'static str),
}

/// Sends letters. Cheap to clone.
#[derive(Clone)]
pub struct LetterPost {
    http: reqwest::Client,
    reach: Reach,
}

impl LetterPost {
    /// For receivers in this reach.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn new(reach: Reach) -> Result<LetterPost, reqwest::Error> {
        let http = reqwest::Client::builder()
            .user_agent(concat!("bodega/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_WITHIN)
            .timeout(ANSWER_WITHIN)
            .redirect(Policy::none())
            // A proxy would resolve the name by itself.
            .no_proxy()
            .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
            .pool_idle_timeout(IDLE_FOR)
            .dns_resolver(Judging { reach })
            .build()?;
        Ok(LetterPost { http, reach })
    }

    /// Whether letters may go there, as far as the address itself tells.
    ///
    /// # Errors
    /// Why not.
    pub fn judge(&self, url: &str) -> Result<(), UnfitUrl> {
        let url = Url::parse(url).map_err(|_| UnfitUrl::NotAnUrl)?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(UnfitUrl::NotAnUrl)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(UnfitUrl::NotAnUrl);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(UnfitUrl::HoldsCredentials);
        }
        match self.reach {
            Reach::Anywhere => Ok(()),
            Reach::Public if url.scheme() != "https" => Err(UnfitUrl::NotEncrypted),
            Reach::Public => {
                let bare = host.trim_start_matches('[').trim_end_matches(']');
                let is_inside = match bare.parse::<IpAddr>() {
                    Ok(address) => !is_public(address),
                    Err(_) => is_of_this_machine(host),
                };
                if is_inside { Err(UnfitUrl::Private) } else { Ok(()) }
            }
        }
    }

    /// Sends a letter, once.
    pub async fn post(&self, letter: &Letter) -> Posted {
        // An address that is a number is never resolved: it is judged here, each time.
        if let Err(unfit) = self.judge(&letter.url) {
            return Posted::NotAnswered(match unfit {
                UnfitUrl::Private => PRIVATE,
                UnfitUrl::NotEncrypted => "it is not encrypted, which is not allowed",
                UnfitUrl::NotAnUrl | UnfitUrl::HoldsCredentials => "its address is not valid",
            });
        }
        traceparent::within(TraceId::new(&letter.trace), self.post_within(letter)).await
    }

    async fn post_within(&self, letter: &Letter) -> Posted {
        let mut request = self.http.post(&letter.url).header(CONTENT_TYPE, "application/json");
        for (name, value) in &letter.headers {
            request = request.header(*name, value);
        }
        if let Some(traceparent) = traceparent::header() {
            request = request.header("traceparent", traceparent);
        }
        let mut answer = match request.body(letter.body.clone()).send().await {
            Ok(answer) => answer,
            Err(error) => return Posted::NotAnswered(words_of(&error)),
        };
        let (status, retry_after) = (answer.status().as_u16(), retry_after(answer.headers()));
        let mut body = Vec::new();
        // What it says does not matter as much as that it answered: a body that breaks off is
        // kept as far as it came.
        while body.len() < BODY_BYTES_MAX {
            let Ok(Some(piece)) = answer.chunk().await else { break };
            body.extend_from_slice(&piece);
        }
        body.truncate(BODY_BYTES_MAX);
        Posted::Answered { status, retry_after, body: printable(&body) }
    }
}

impl fmt::Debug for LetterPost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LetterPost").field("reach", &self.reach).finish_non_exhaustive()
    }
}

/// Resolves names, and keeps only the addresses that may be spoken to.
struct Judging {
    reach: Reach,
}

/// A name stands for nothing but addresses that may not be spoken to.
#[derive(Debug, thiserror::Error)]
#[error("{PRIVATE}")]
struct AllPrivate;

impl Resolve for Judging {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.reach;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found
                .filter(|address| reach == Reach::Anywhere || is_public(address.ip()))
                .collect();
            if allowed.is_empty() {
                return Err(AllPrivate.into());
            }
            let addresses: Addrs = Box::new(allowed.into_iter());
            Ok(addresses)
        })
    }
}

/// Names that stand for this machine wherever they are asked for (RFC 6761).
fn is_of_this_machine(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost")
}

fn words_of(error: &reqwest::Error) -> &'static str {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(inner) = cause {
        if inner.is::<AllPrivate>() {
            return PRIVATE;
        }
        cause = inner.source();
    }
    if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "no connection"
    } else {
        "the connection broke off"
    }
}

/// `Retry-After` in seconds, or as a date, which is read by the clock that wrote it: the answer has
/// a `Date` too.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok();
    let until_date = || {
        let wait = moment(headers, RETRY_AFTER)?.duration_since(moment(headers, DATE)?);
        Duration::try_from(wait).ok()
    };
    let wait = seconds.map(Duration::from_secs).or_else(until_date)?;
    Some(wait.min(RETRY_AFTER_MAX))
}

/// A date as HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT`.
fn moment(headers: &HeaderMap, name: HeaderName) -> Option<Timestamp> {
    rfc2822::DateTimeParser::new().parse_timestamp(headers.get(name)?.as_bytes()).ok()
}

fn printable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

const PRIVATE: &str = "it is in a private network or on this machine, which is not allowed";
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// Connection, letter and answer together.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);
/// As many as one receiver is sent letters at once: the next letter finds a connection.
const IDLE_CONNECTIONS_MAX: usize = 4;
const IDLE_FOR: Duration = Duration::from_secs(30);
/// What is kept of an answer.
const BODY_BYTES_MAX: usize = 500;
/// Whoever wants to be left alone for longer is asked nevertheless.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 60 * 60);

#[cfg(test)]
mod tests;
