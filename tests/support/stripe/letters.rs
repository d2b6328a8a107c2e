//! Letters: what the double tells the shop, and what a network makes of it.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

use super::{Inner, WEBHOOK_SECRET, faults::Dice, ledger::now};

/// Where letters go, and how badly.
#[derive(Clone, Debug, Default)]
pub struct Delivery {
    /// The shop; nobody is told without one.
    pub to: Option<SocketAddr>,
    /// What of a hundred letters is lost, comes late, comes twice, or comes with a forged one
    /// before it.
    pub lost: u64,
    pub late: u64,
    pub twice: u64,
    pub forged: u64,
    /// Whether letters come in another order than they were written in.
    pub shuffled: bool,
    /// What the trouble is drawn from.
    pub seed: u64,
}

/// Delivers what was written, as long as the double lives.
pub async fn deliver(inner: Arc<Inner>) {
    let client = reqwest::Client::builder().timeout(PATIENCE).build().expect("a client");
    let (mut seen, mut dice, mut late) = (0, Dice::of(0), Vec::new());
    loop {
        tokio::time::sleep(EVERY).await;
        let delivery = inner.delivery.lock().expect("a delivery").clone();
        let fresh: Vec<(usize, Value)> = {
            let ledger = inner.ledger.lock().expect("a ledger");
            let written = ledger.events.iter().enumerate().skip(seen);
            written.map(|(index, (event, _))| (index, event.clone())).collect()
        };
        seen += fresh.len();
        let Some(to) = delivery.to else { continue };
        dice = Dice::of(delivery.seed ^ dice.next());
        // What is late comes some rounds later, whatever was written meanwhile.
        late.iter_mut().for_each(|(rounds, _)| *rounds -= 1);
        let due = late.extract_if(.., |(rounds, _): &mut (u64, _)| *rounds == 0);
        let due: Vec<_> = due.map(|(_, letter)| letter).collect();
        let (later, mut fresh): (Vec<_>, Vec<_>) =
            fresh.into_iter().partition(|_| dice.below(100) < delivery.late);
        late.extend(later.into_iter().map(|letter| (1 + dice.below(LATE_ROUNDS), letter)));
        fresh.extend(due);
        if delivery.shuffled {
            fresh.sort_by_cached_key(|_| dice.next());
        }
        for (index, event) in fresh {
            if dice.below(100) < delivery.lost {
                continue;
            }
            let body = event.to_string();
            if dice.below(100) < delivery.forged {
                let forged = format!("t={},v1={}", now(), "0".repeat(64));
                assert_eq!(send(&client, to, forged, body.clone()).await, Some(400));
            }
            let times = if dice.below(100) < delivery.twice { 2 } else { 1 };
            for _ in 0..times {
                if send(&client, to, signature_of(&body, now()), body.clone()).await == Some(200) {
                    inner.ledger.lock().expect("a ledger").events[index].1 = true;
                }
            }
        }
    }
}

async fn send(
    client: &reqwest::Client,
    to: SocketAddr,
    signature: String,
    body: String,
) -> Option<u16> {
    let url = format!("http://{to}/v1/webhooks/stripe");
    let sent = client.post(url).header("stripe-signature", signature).body(body).send().await;
    sent.ok().map(|answer| answer.status().as_u16())
}

/// The header of a letter with this body.
pub fn signature_of(body: &str, at: i64) -> String {
    let mut hash = Hmac::<Sha256>::new_from_slice(WEBHOOK_SECRET.as_bytes()).expect("any length");
    hash.update(format!("{at}.{body}").as_bytes());
    format!("t={at},v1={}", hex::encode(hash.finalize().into_bytes()))
}

/// A late letter comes so many rounds late at most: a second.
const LATE_ROUNDS: u64 = 500;
const EVERY: Duration = Duration::from_millis(2);
const PATIENCE: Duration = Duration::from_secs(20);
