//! Listeners: clients of an event stream, which read it as a browser does (HTML, section 9.2).

use std::time::Duration;

use serde_json::Value;

use super::Person;

/// Somebody who follows what happens.
pub struct Listener {
    answer: reqwest::Response,
    text: String,
    /// The last id that was sent.
    pub last_id: String,
}

/// One event, as a page gets it.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    pub event: String,
    /// What a browser would return with.
    pub last_id: String,
    pub data: Value,
}

impl Person {
    /// Follows what happens, from now on.
    pub async fn listens(&self, query: &str) -> Listener {
        self.listens_after(query, None).await
    }

    /// Follows what happens behind an id.
    pub async fn listens_after(&self, query: &str, last_id: Option<&str>) -> Listener {
        let client = reqwest::Client::builder().build().expect("a client");
        self.listens_with(&client, query, last_id).await
    }

    /// The same, with a client that many share.
    pub async fn listens_with(
        &self,
        client: &reqwest::Client,
        query: &str,
        last_id: Option<&str>,
    ) -> Listener {
        let url = format!("http://{}/v1/events/stream{query}", self.address);
        let mut request = client.get(url).header("accept", "text/event-stream");
        if let Some(token) = &self.access {
            request = request.bearer_auth(token);
        }
        if let Some(id) = last_id {
            request = request.header("last-event-id", id);
        }
        let answer = request.send().await.expect("an answer");
        let text = |name: &str| answer.headers().get(name).and_then(|text| text.to_str().ok());
        assert_eq!(answer.status().as_u16(), 200);
        assert_eq!(text("content-type"), Some("text/event-stream"));
        assert_eq!(text("cache-control"), Some("no-store"));
        assert_eq!(text("content-encoding"), None);
        let mut listener = Listener { answer, text: String::new(), last_id: String::new() };
        // The first piece says where the stream begins; from then on nothing is missed.
        while listener.last_id.is_empty() {
            assert!(listener.reads_on().await, "a stream that begins");
            while listener.block().is_some() {}
        }
        listener
    }
}

impl Listener {
    /// The next event.
    pub async fn hears(&mut self) -> Heard {
        self.hears_or_ends().await.expect("an event, and no end")
    }

    /// The next event; nothing, if the stream ends.
    pub async fn hears_or_ends(&mut self) -> Option<Heard> {
        // That nothing happens is said again and again, and is no event.
        let next = tokio::time::timeout(PATIENCE, self.next()).await;
        next.expect("an event or an end in time")
    }

    async fn next(&mut self) -> Option<Heard> {
        loop {
            while let Some(block) = self.block() {
                if let Some(heard) = block {
                    return Some(heard);
                }
            }
            if !self.reads_on().await {
                return None;
            }
        }
    }

    /// The next events up to one of this type, that one included.
    pub async fn hears_until(&mut self, event: &str) -> Vec<Heard> {
        let mut heard = Vec::new();
        while heard.last().is_none_or(|last: &Heard| last.event != event) {
            heard.push(self.hears().await);
        }
        heard
    }

    async fn reads_on(&mut self) -> bool {
        let chunk = tokio::time::timeout(PATIENCE, self.answer.chunk()).await;
        match chunk.expect("a piece in time").ok().flatten() {
            Some(bytes) => {
                self.text.push_str(str::from_utf8(&bytes).expect("whole events"));
                true
            }
            None => false,
        }
    }

    /// Takes the next block of lines; the event in it, if there is one.
    fn block(&mut self) -> Option<Option<Heard>> {
        let (block, rest) = self.text.split_once("\n\n")?;
        let (mut event, mut data) = (String::new(), String::new());
        for line in block.lines() {
            match line.split_once(": ") {
                Some(("id", id)) => self.last_id = id.to_owned(),
                Some(("event", name)) => event = name.to_owned(),
                Some(("data", json)) => data.push_str(json),
                Some(("retry", millis)) => assert!(millis.parse::<u32>().is_ok(), "{line}"),
                _ => assert!(line.starts_with(':'), "{line}"),
            }
        }
        let heard = (!data.is_empty()).then(|| Heard {
            event,
            last_id: self.last_id.clone(),
            data: serde_json::from_str(&data).expect("JSON"),
        });
        self.text = rest.to_owned();
        Some(heard)
    }
}

/// A test that waits for longer has failed.
const PATIENCE: Duration = Duration::from_secs(30);
