//! Letters: who has paid was told so, as far as the data shows.
//!
//! A courier tells no old news, its records are let go of in time, and what lies behind its place
//! was not told yet. So only orders are looked at that were paid after it was taken on, after the
//! oldest record that is left, and before an order that was told of: frames are in the order of
//! time, give or take what a commit waits.

use std::collections::BTreeSet;

use super::finding;
use crate::{
    domain::{
        couriers::Courier,
        deliveries::{Delivery, DeliveryState},
        ids::CourierId,
        orders::{Order, TimelineKind},
        time::Timestamp,
    },
    store::{
        Reader, StoreFault,
        verify::{Check, Finding},
    },
};

/// Each order that was paid has its confirmation: made, waiting or given up.
pub struct Letters;

impl Check for Letters {
    fn name(&self) -> &'static str {
        "letter"
    }

    fn findings(&self, reader: &Reader) -> Result<Vec<Finding>, StoreFault> {
        let mut found = Vec::new();
        for entry in reader.all::<Courier>() {
            let (id, courier) = entry?;
            if courier.state.name == MAIL && !courier.state.closed {
                found.extend(untold(reader, id, &courier.state)?);
            }
        }
        Ok(found)
    }
}

fn untold(reader: &Reader, id: CourierId, courier: &Courier) -> Result<Vec<Finding>, StoreFault> {
    let (mut confirmed, mut oldest) = (BTreeSet::new(), Timestamp::from_millis(i64::MAX));
    for entry in reader.all::<Delivery>() {
        let delivery = entry?.1.state;
        if delivery.note.courier != id {
            continue;
        }
        let ended = matches!(delivery.state, DeliveryState::Delivered | DeliveryState::GivenUp);
        if ended {
            oldest = oldest.min(delivery.updated_at);
        }
        if delivery.note.what == CONFIRMATION && delivery.note.frame <= courier.cursor {
            confirmed.insert(delivery.note.about.clone());
        }
    }
    let from = courier.opened_at.max(oldest).plus_millis(SLACK_MILLIS);
    let (mut paid, mut through) = (Vec::new(), Timestamp::default());
    for entry in reader.all::<Order>() {
        let (id, order) = entry?;
        let Some(paid_at) = paid_at(&order.state) else { continue };
        if confirmed.contains(&format!("order/{id}")) {
            through = through.max(paid_at);
        } else if paid_at > from {
            paid.push((paid_at, format!("order {} ({id})", order.state.number)));
        }
    }
    let through = through.plus_millis(-SLACK_MILLIS);
    let untold = paid.into_iter().filter(|(at, _)| *at < through);
    Ok(untold.map(|(_, order)| finding("paid, and nobody was told", order)).collect())
}

fn paid_at(order: &Order) -> Option<Timestamp> {
    let paid = |kind: &TimelineKind| matches!(kind, TimelineKind::Paid { .. });
    order.timeline.iter().find(|entry| paid(&entry.what)).map(|entry| entry.at)
}

/// The name of the courier of letters.
const MAIL: &str = "mail";
/// What it calls the letter.
const CONFIRMATION: &str = "order_confirmation/customer";
/// Commits wait a moment between their decision and their frame.
const SLACK_MILLIS: i64 = 10_000;
