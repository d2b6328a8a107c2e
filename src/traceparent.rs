//! Trace context: the name of the request that work is done for, carried along with the work.
//!
//! [`within`] gives a task its name, and whoever calls another machine asks for [`header`] and
//! sends it as `traceparent` (W3C Trace Context), so that both logs can be laid side by side.

use std::{fmt, future::Future};

tokio::task_local! {
    static NAME: Option<TraceId>;
}

/// The 32 hexadecimal digits of a trace id.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TraceId([u8; 32]);

impl TraceId {
    /// The id with these digits; nothing if they are none.
    pub fn new(digits: &str) -> Option<TraceId> {
        let digits: [u8; 32] = digits.as_bytes().try_into().ok()?;
        let is_hex = digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
        is_hex.then_some(TraceId(digits))
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Does this work under this name. A task that is spawned inside has no name of its own: carry it
/// over with [`current`].
pub fn within<F: Future>(name: Option<TraceId>, work: F) -> impl Future<Output = F::Output> {
    NAME.scope(name, work)
}

/// The name of the request this is done for, if it is done for one.
pub fn current() -> Option<TraceId> {
    NAME.try_with(|name| *name).ok().flatten()
}

/// The value of `traceparent` for a call to another machine, each with a span of its own; none
/// outside of any request.
pub fn header() -> Option<String> {
    let name = current()?;
    let span = fastrand::u64(1..);
    Some(format!("00-{}-{span:016x}-01", name.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_for_a_request_passes_its_name_on_and_other_work_has_none() {
        assert_eq!(header(), None);
        let name = TraceId::new("4bf92f3577b34da6a3ce929d0e0e4736");
        let (one, two) = within(name, async { (header(), header()) }).await;
        let (one, two) = (one.expect("a name"), two.expect("a name"));
        assert!(one.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-"), "{one}");
        assert!(one.ends_with("-01") && one.len() == 55, "{one}");
        assert_ne!(one, two, "each call is a span of its own");
    }

    #[test]
    fn what_is_no_name_is_not_passed_on() {
        for wrong in ["", "4bf92f35", "4BF92F3577B34DA6A3CE929D0E0E4736"] {
            assert_eq!(TraceId::new(wrong), None, "{wrong}");
        }
    }
}
