//! Trace: the id that ties a request, its answer and the log together.
//!
//! An incoming W3C `traceparent` is honoured; otherwise an id is made, cheaply: it must be
//! unlike the others, not unguessable.

use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::http::header::{HeaderMap, HeaderValue};
use bytes::Bytes;

use crate::clock::Clock;

/// The 32 hexadecimal digits of a trace id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace(Bytes);

impl Trace {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The id as a header's value, sharing its bytes.
    pub fn as_header(&self) -> HeaderValue {
        HeaderValue::from_maybe_shared(self.0.clone()).unwrap_or(HeaderValue::from_static("-"))
    }

    /// The id a `traceparent` header brings, if it is well formed.
    fn brought(headers: &HeaderMap) -> Option<Trace> {
        let parent = headers.get("traceparent")?.as_bytes();
        let lower_hex =
            |digits: &[u8]| digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
        let zero = |digits: &[u8]| digits.iter().all(|digit| *digit == b'0');
        let shaped = parent.len() >= PARENT_BYTES
            && parent[2] == b'-'
            && parent[35] == b'-'
            && parent[52] == b'-';
        let (version, trace, span) = (parent.get(..2)?, parent.get(3..35)?, parent.get(36..52)?);
        let known = version != b"ff" && (version != b"00" || parent.len() == PARENT_BYTES);
        let hex = [version, trace, span].iter().all(|part| lower_hex(part));
        (shaped && known && hex && !zero(trace) && !zero(span))
            .then(|| Trace(Bytes::copy_from_slice(trace)))
    }
}

/// Makes trace ids.
#[derive(Debug)]
pub struct Traces {
    seed: u64,
    count: AtomicU64,
}

impl Traces {
    /// A source unlike that of any other process.
    pub fn new(clock: &Clock) -> Traces {
        Traces { seed: u64::from_ne_bytes(clock.random()), count: AtomicU64::new(0) }
    }

    /// The trace of a request with these headers.
    pub fn of(&self, headers: &HeaderMap) -> Trace {
        Trace::brought(headers).unwrap_or_else(|| self.fresh())
    }

    fn fresh(&self) -> Trace {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let halves = [mixed(self.seed ^ mixed(count)), mixed(self.seed.wrapping_add(count))];
        let digits = halves
            .iter()
            .flat_map(|half| half.to_be_bytes())
            .flat_map(|byte| [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        let mut text = Vec::with_capacity(32);
        text.extend(digits);
        Trace(Bytes::from(text))
    }
}

/// Spreads a count over all bits (SplitMix64).
fn mixed(count: u64) -> u64 {
    let z = count.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

const HEX: &[u8; 16] = b"0123456789abcdef";
const PARENT_BYTES: usize = 55;

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderName;

    use super::*;
    use crate::domain::time::Timestamp;

    fn brought(parent: &'static str) -> Option<String> {
        let mut headers = HeaderMap::new();
        let name = HeaderName::from_static("traceparent");
        headers.insert(name, HeaderValue::from_static(parent));
        Trace::brought(&headers).map(|trace| trace.as_str().to_owned())
    }

    #[test]
    fn a_trace_that_is_brought_is_kept_and_a_broken_one_is_not() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(brought(good).as_deref(), Some("4bf92f3577b34da6a3ce929d0e0e4736"));
        for bad in [
            "",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
            "00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01",
        ] {
            assert_eq!(brought(bad), None, "{bad}");
        }
    }

    #[test]
    fn traces_are_unlike_each_other() {
        let traces = Traces::new(&Clock::stopped_at(Timestamp::default()));
        let none = HeaderMap::new();
        let many: std::collections::HashSet<String> =
            (0..1000).map(|_| traces.of(&none).as_str().to_owned()).collect();
        assert_eq!(many.len(), 1000);
        assert!(many.iter().all(|trace| trace.len() == 32));
    }
}
