//! Deeds: what staff did lately, in a shop's words.
//!
//! Invariant: what only follows from a deed (a number that is given, units that go with goods that
//! were put aside) is no line of its own. A busy shop, whose newest commits are all its customers',
//! hides nothing; no look goes back further than [`COMMITS_LOOKED_AT`].

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::{
    about::AboutView,
    parts::{MomentView, actor},
};
use crate::{
    domain::time::{Timestamp, Who},
    http::{answer::Answer, problem::Problem},
    shop::Shop,
    store::{Entry, Seq, Store},
};

/// Something that staff did.
#[derive(Serialize)]
pub struct DeedView {
    at: MomentView,
    who: String,
    what: &'static str,
    about: AboutView,
    count: usize,
}

/// What staff did last, the newest first.
///
/// # Errors
/// A fault of the store.
pub async fn staff_log(shop: &Shop) -> Answer<Vec<DeedView>> {
    let store = shop.store().clone();
    let read = actix_web::web::block(move || newest_of_staff(&store)).await;
    let mut deeds = Vec::new();
    for frame in read.map_err(Problem::fault)?? {
        // One line a thing that was changed, however many things of a kind there are.
        let mut told: BTreeMap<(&str, String), usize> = BTreeMap::new();
        for change in frame.changes {
            for event in change.events {
                let tagged = event.as_object().and_then(|fields| fields.keys().next());
                let name = tagged.map(String::as_str).or(event.as_str());
                let Some(words) = words_of(name.unwrap_or_default()) else { continue };
                let about = format!("{}/{}", change.kind, change.id);
                *told.entry((words, about)).or_default() += 1;
            }
        }
        let who = actor(shop, frame.who)?;
        for ((what, about), count) in told {
            let (at, who) = (MomentView::of(shop, frame.at), who.clone());
            deeds.push(DeedView { at, who, what, about: AboutView::of(shop, &about)?, count });
        }
        if deeds.len() >= DEEDS_MAX {
            break;
        }
    }
    Ok(deeds)
}

/// What an event of the journal is when staff caused it; nothing, if it follows from another.
fn words_of(event: &str) -> Option<&'static str> {
    DEEDS.iter().find(|(name, _)| *name == event).map(|(_, words)| *words)
}

/// The newest commits of staff, the newest first: looked for near the end of the journal, then in
/// ever longer pieces before it.
fn newest_of_staff(store: &Store) -> Answer<Vec<Frame>> {
    let newest = store.health().seq;
    let oldest = newest.saturating_sub(COMMITS_LOOKED_AT);
    let (mut frames, mut until, mut piece) = (Vec::new(), newest, COMMITS_AT_FIRST);
    while until > oldest && frames.len() < DEEDS_MAX {
        let after = until.saturating_sub(piece).max(oldest);
        frames.extend(last_of_staff(store, after, until)?.into_iter().rev());
        (until, piece) = (after, piece.saturating_mul(LONGER_EACH_TIME));
    }
    Ok(frames)
}

/// The last commits of staff in a piece of the journal, the oldest first.
fn last_of_staff(store: &Store, after: Seq, until: Seq) -> Answer<VecDeque<Frame>> {
    let (mut follower, mut frames) = (store.follow(after), VecDeque::new());
    while follower.position() < until {
        let entries = follower.read(COMMITS_AT_ONCE)?;
        if entries.is_empty() {
            break;
        }
        for entry in entries.iter().filter(|entry| entry.seq <= until) {
            frames.extend(of_staff(entry)?);
            if frames.len() > DEEDS_MAX {
                frames.pop_front();
            }
        }
    }
    Ok(frames)
}

fn of_staff(entry: &Entry) -> Answer<Option<Frame>> {
    let Asked { who } = serde_json::from_slice(&entry.payload).map_err(Problem::fault)?;
    if !matches!(who, Who::Staff(_)) {
        return Ok(None);
    }
    serde_json::from_slice(&entry.payload).map(Some).map_err(Problem::fault)
}

/// Who a frame of the journal is from: all that most of them are asked for.
#[derive(Deserialize)]
struct Asked {
    who: Who,
}

/// A frame of the journal, as far as this page tells it.
#[derive(Deserialize)]
struct Frame {
    at: Timestamp,
    who: Who,
    changes: Vec<Change>,
}

#[derive(Deserialize)]
struct Change {
    kind: String,
    id: String,
    events: Vec<serde_json::Value>,
}

const DEEDS: &[(&str, &str)] = &[
    ("key_made", "API key made"),
    ("key_revoked", "API key revoked"),
    ("category_added", "Category added"),
    ("category_changed", "Category changed"),
    ("category_moved", "Category moved"),
    ("category_removed", "Category removed"),
    ("courier_paused", "Deliveries paused"),
    ("courier_resumed", "Deliveries go on"),
    ("delivery_asked_again", "Delivery asked for again"),
    ("hold_placed", "Goods put aside"),
    ("hold_extended", "Goods put aside for longer"),
    ("hold_released", "Goods put back on sale"),
    ("hold_returned", "Goods taken back"),
    ("ledger_opened", "Article put on the stock list"),
    ("ledger_closed", "Article taken off the stock list"),
    ("ledger_settings_changed", "Stock settings changed"),
    ("sku_changed", "SKU changed"),
    ("starting_stock_set", "First stock entered"),
    ("stock_counted", "Stock counted"),
    ("stock_received", "Goods received"),
    ("stock_withdrawn", "Goods taken out of stock"),
    ("order_placed", "Order placed"),
    ("order_paid", "Order paid"),
    ("order_cancelled", "Order cancelled"),
    ("order_shipped", "Order shipped"),
    ("order_delivered", "Order delivered"),
    ("payment_chosen", "Way to pay chosen"),
    ("receipt_noted", "Payment noted by hand"),
    ("receipt_returned", "Payment by hand given back"),
    ("capture_begun", "Money taken that was set aside"),
    ("refund_decided", "Refund decided"),
    ("order_refunded", "Refund made"),
    ("refund_refused", "Refund refused by the bank"),
    ("refund_revived", "Refund tried again"),
    ("refund_paid_out", "Refund paid out by hand"),
    ("return_failed", "Goods could not be taken back"),
    ("product_added", "Product added"),
    ("product_activated", "Product put on sale"),
    ("product_deactivated", "Product taken off sale"),
    ("product_described", "Description changed"),
    ("product_pictured", "Pictures changed"),
    ("product_recategorised", "Categories of a product changed"),
    ("product_removed", "Product removed"),
    ("product_renamed", "Product renamed"),
    ("product_repriced", "Price changed"),
    ("variants_changed", "Variants changed"),
    ("currency_changed", "Currency changed"),
    ("low_stock_threshold_changed", "Number that counts as low changed"),
    ("shipping_changed", "Shipping fee changed"),
    ("shop_moved", "Web address changed"),
    ("shop_renamed", "Shop renamed"),
    ("synonyms_changed", "Words that mean the same changed"),
    ("tax_rate_changed", "Tax rate changed"),
    ("address_added", "Address added"),
    ("address_changed", "Address changed"),
    ("address_made_default", "Usual address chosen"),
    ("address_removed", "Address removed"),
    ("password_changed", "Password changed"),
    ("password_reset", "Password reset"),
    ("profile_changed", "Account changed"),
    ("reset_requested", "New password asked for"),
    ("role_changed", "Role changed"),
    ("session_opened", "Signed in"),
    ("session_closed", "Signed out"),
    ("sessions_closed", "Signed out everywhere"),
    ("user_erased", "Account erased"),
    ("user_registered", "Account made"),
    ("endpoint_added", "Webhook added"),
    ("endpoint_changed", "Webhook changed"),
    ("endpoint_disabled", "Webhook switched off"),
    ("endpoint_enabled", "Webhook switched on"),
    ("endpoint_removed", "Webhook removed"),
    ("secret_rotated", "Webhook secret renewed"),
    ("replay_asked", "Old events told again"),
];
const DEEDS_MAX: usize = 60;
/// The newest commits that are looked through for what staff did.
const COMMITS_LOOKED_AT: u64 = 100_000;
/// The piece of the journal that is looked at first; each one before it is so many times longer.
const COMMITS_AT_FIRST: u64 = 2_000;
const LONGER_EACH_TIME: u64 = 4;
/// Commits that are held in memory at once.
const COMMITS_AT_ONCE: usize = 1_000;

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    /// What nobody does, or what follows from something that is told.
    const FOLLOWS: &[&str] = &[
        "action_needed",
        "answer_found",
        "attempt_begun",
        "books_compared",
        "cart_abandoned",
        "cart_claimed",
        "cart_cleared",
        "cart_consumed",
        "cart_opened",
        "cart_released",
        "charge_booked",
        "charge_captured",
        "charge_declined",
        "charge_looked_at",
        "charge_moved",
        "charge_named",
        "charge_refunded",
        "courier_closed",
        "courier_opened",
        "customer_erased",
        "deliveries_recorded",
        "delivery_answered",
        "delivery_failed",
        "delivery_forgotten",
        "delivery_given_up",
        "delivery_made",
        "delivery_noted",
        "dispute_noted",
        "dispute_recorded",
        "endpoint_failing",
        "endpoint_recovered",
        "expired_forgotten",
        "hold_barred",
        "hold_committed",
        "hold_forgotten",
        "key_used",
        "line_added",
        "line_changed",
        "line_removed",
        "news_applied",
        "news_forgotten",
        "news_heard",
        "number_given",
        "order_authorised",
        "order_filed",
        "order_settled",
        "payment_authorised",
        "payment_awaited",
        "payment_captured",
        "payment_declined",
        "payment_delayed",
        "payment_received",
        "payment_voided",
        "refund_begun",
        "refund_failed",
        "refund_succeeded",
        "replay_ended",
        "returns_ended",
        "session_refreshed",
        "shop_opened",
        "stock_committed",
        "stock_ran_low",
        "stock_released",
        "stock_reserved",
        "stock_returned",
        "void_begun",
    ];

    #[test]
    fn every_event_has_words_or_follows_from_another() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contracts/events");
        let files = fs::read_dir(folder).expect("examples").map_while(Result::ok);
        for file in files {
            let file = file.file_name().into_string().expect("a name");
            let event = file.split('.').nth(1).expect("kind, event, version");
            let is_told = words_of(event).is_some();
            assert_ne!(is_told, FOLLOWS.contains(&event), "{event}: told {is_told}");
        }
    }
}
