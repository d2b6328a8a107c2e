//! Stream: events as server-sent events (HTML, section 9.2).
//!
//! `id` is the position in the journal, on the last event of each commit: whoever returns with it
//! as `Last-Event-ID` misses nothing, and is told once more only of a commit that they had in
//! part. A comment at least every 15 seconds keeps the connection open and moves the id on.

use std::{fmt::Write, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{self, HeaderName, HeaderValue},
    },
};
use bytes::Bytes;
use futures_util::stream;
use schemars::SchemaGenerator;
use serde_json::{Value, json};

use crate::{
    accounts::Means,
    domain::{api_keys::ApiKey, users::User},
    http::{
        access::{Access, Caller},
        answer::Show,
        problem::Problem,
    },
    shop::Shop,
    store::Seq,
    subscribers::live::{LiveStream, News, Sent},
};

/// An answer that goes on for as long as somebody listens.
pub struct EventStream {
    following: Following,
}

/// Somebody who follows what happens, and may do so until now.
pub struct Following {
    shop: Shop,
    caller: Option<Caller>,
    stream: LiveStream,
    begun: bool,
    /// When it was last looked whether they may stay, by the clock's running time.
    judged: Duration,
}

impl EventStream {
    /// Of one who may see what this stream gives.
    pub fn of(shop: Shop, caller: Option<Caller>, stream: LiveStream) -> EventStream {
        let judged = shop.clock.running();
        EventStream { following: Following { shop, caller, stream, begun: false, judged } }
    }
}

impl Following {
    /// The next piece of the answer; nothing more, if they are let go.
    async fn next(&mut self) -> Option<Bytes> {
        if !self.begun {
            self.begun = true;
            let position = self.stream.position();
            return Some(Bytes::from(format!("retry: {RETRY_MILLIS}\nid: {position}\n\n")));
        }
        let before = self.stream.position();
        let news = self.stream.next().await?;
        // Also where something always happens.
        let now = self.shop.clock.running();
        let is_told = matches!(news, News::Events(_));
        if !is_told || now.saturating_sub(self.judged) > JUDGED_EVERY {
            self.judged = now;
            if !self.may_stay() {
                return None;
            }
        }
        Some(match news {
            News::Events(events) => written(&events),
            News::Quiet(position) => quiet(before, position),
        })
    }

    /// Whether the session or the key they came with is good by now: what time ends, no event
    /// tells of.
    fn may_stay(&self) -> bool {
        let Some(Caller { user, role, means }) = self.caller else { return true };
        let (reader, now) = (&self.shop.reader, self.shop.clock.now());
        let Ok(account) = reader.get::<User>(user) else { return false };
        let is_good = match means {
            Means::Session(session) => account.state.live_session(session, now).is_some(),
            Means::Key { id, .. } => {
                reader.get::<ApiKey>(id).is_ok_and(|key| key.state.live(now).is_some())
            }
        };
        let was_staff = Access::Staff.admits(role);
        is_good && account.state.exists() && Access::Staff.admits(account.state.role) == was_staff
    }
}

impl Show for EventStream {
    fn show(self, status: StatusCode, _: &HttpRequest) -> Result<HttpResponse, Problem> {
        let pieces = stream::unfold(self.following, |mut following| async move {
            let piece = following.next().await?;
            Some((Ok::<_, std::io::Error>(piece), following))
        });
        let mut answer = HttpResponse::build(status);
        answer.insert_header((header::CONTENT_TYPE, HeaderValue::from_static(EVENT_STREAM)));
        // Compressed pieces would wait for more; a proxy shall not gather them either.
        answer.insert_header((header::CONTENT_ENCODING, HeaderValue::from_static("identity")));
        let buffering = HeaderName::from_static("x-accel-buffering");
        answer.insert_header((buffering, HeaderValue::from_static("no")));
        Ok(answer.streaming(Box::pin(pieces)))
    }

    fn describe(_: &mut SchemaGenerator, _: StatusCode) -> Option<(&'static str, Value)> {
        Some((EVENT_STREAM, json!({ "type": "string" })))
    }
}

/// Some events, in order.
fn written(events: &[Sent]) -> Bytes {
    let bytes = events.iter().map(|event| event.bytes.len() + AROUND_BYTES).sum();
    let mut text = Vec::with_capacity(bytes);
    for (place, event) in events.iter().enumerate() {
        let next = events.get(place + 1).map(|next| next.position);
        if next != Some(event.position) {
            text.extend_from_slice(format!("id: {}\n", event.position).as_bytes());
        }
        text.extend_from_slice(b"event: ");
        text.extend_from_slice(event.name.as_bytes());
        text.extend_from_slice(b"\ndata: ");
        text.extend_from_slice(&event.bytes);
        text.extend_from_slice(b"\n\n");
    }
    Bytes::from(text)
}

/// That nothing happened.
fn quiet(before: Seq, position: Seq) -> Bytes {
    let mut text = String::from(":\n");
    if position > before {
        writeln!(text, "id: {position}").expect("a String takes all");
    }
    text.push('\n');
    Bytes::from(text)
}

/// The media type of server-sent events.
const EVENT_STREAM: &str = "text/event-stream";
/// After which a client comes back.
const RETRY_MILLIS: u32 = 2_000;
/// How often it is looked whether one who is always told something may stay.
const JUDGED_EVERY: Duration = Duration::from_secs(15);
const AROUND_BYTES: usize = 64;
