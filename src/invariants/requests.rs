//! Requests: what one is remembered to have made was made.

use super::finding;
use crate::{
    domain::{aggregate::Aggregate, catalogue::Product, orders::Order, users::User},
    store::{
        Reader, StoreFault, registry,
        verify::{Check, Finding},
    },
};

/// Everything that a remembered request made is there.
pub struct Requests;

impl Check for Requests {
    fn name(&self) -> &'static str {
        "request"
    }

    fn findings(&self, reader: &Reader) -> Result<Vec<Finding>, StoreFault> {
        let kinds = registry();
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = reader.requests(after.as_ref(), REQUESTS_AT_ONCE)?;
            for (_, kept) in &page {
                if let Some(made) = &kept.request.made
                    && STAYS.contains(&made.kind.as_str())
                    && !kinds.was_ever(reader, made)?
                {
                    let place = format!("{} {}", made.kind, made.id);
                    found.push(finding("remembered as made, and never there", place));
                }
            }
            match page.last() {
                Some((key, _)) if page.len() == REQUESTS_AT_ONCE => after = Some(key.clone()),
                Some(_) | None => return Ok(found),
            }
        }
    }
}

/// What never ends altogether; a hold or a cart may be let go of before its request is forgotten.
const STAYS: &[&str] = &[Order::KIND, Product::KIND, User::KIND];
const REQUESTS_AT_ONCE: usize = 1_000;
