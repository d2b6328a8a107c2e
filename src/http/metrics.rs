//! Metrics: numbers about the running shop, for Prometheus.
//!
//! | Method | Path     | Does             | Who                                                 |
//! |--------|----------|------------------|-----------------------------------------------------|
//! | GET    | /metrics | shows all numbers | staff, keys with `metrics:read`, configured networks |
//!
//! What changes by the second is asked of the parts when the page is made; everything else has
//! been counted where it happened.

use actix_web::http::Method;
use bytes::Bytes;

use super::{
    access::{Access, Public},
    answer::{Answer, Document},
    call::Call,
    limits::Class,
    problem::Problem,
    table::{Operation, op},
};
use crate::{
    accounts::Means,
    domain::couriers::Courier,
    meters::{
        BREAKER_OPEN, CACHE_HITS, CACHE_MISSES, COMMITS_WAITING, COURIER_LAG, COURIER_WAITING,
        DISK_FREE_BYTES, JOURNAL_BYTES, JOURNAL_POSITION, OWNER_WAITING, PASSWORDS_WAITING,
        TABLE_BYTES, WRITABLE,
    },
    shop::Shop,
    store::Mode,
};

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    vec![op(Method::GET, "/metrics", Class::Free, "Show numbers about the running shop", show)]
}

async fn show(shop: Shop, who: Public, call: Call) -> Answer<Document> {
    let networks = &shop.settings.metrics.allowed_addresses;
    let is_near = networks.iter().any(|network| network.holds(call.from.address));
    match who.0 {
        _ if is_near => {}
        Some(caller) => match caller.means {
            // Without the scope a key would be a stranger here.
            Means::Key { .. } => {}
            Means::Session(_) if Access::Staff.admits(caller.role) => {}
            Means::Session(_) => return Err(Problem::forbidden()),
        },
        None => {
            let detail = "numbers are for staff, for keys with the scope, and for known networks";
            return Err(Problem::unauthenticated("authentication_required", detail));
        }
    }
    look_around(&shop);
    let body = Bytes::from(shop.meters.rendered());
    Ok(Document { media_type: MEDIA_TYPE, body, policy: None })
}

/// Asks every part for what it only knows when it is asked.
fn look_around(shop: &Shop) {
    let (health, figures) = (shop.store().health(), shop.store().figures());
    let is_writable = health.mode == Mode::Writable;
    let standings = shop.runner.standings();
    shop.meters.while_making(|| {
        for (courier, standing) in &standings {
            let Ok(state) = shop.reader.get::<Courier>(*courier) else { continue };
            let (name, done) = (state.state.name.clone(), standing.done(state.state.cursor));
            let lag = as_gauge(health.seq.saturating_sub(done));
            metrics::gauge!(COURIER_LAG, "courier" => name.clone()).set(lag);
            let waiting = as_gauge(counted(standing.waiting));
            metrics::gauge!(COURIER_WAITING, "courier" => name).set(waiting);
        }
        for (name, behind) in [
            ("search", health.seq.saturating_sub(shop.search.position())),
            ("register", health.seq.saturating_sub(shop.register.position())),
            ("streams", shop.live.behind()),
        ] {
            metrics::gauge!(COURIER_LAG, "courier" => name).set(as_gauge(behind));
        }
        for (name, number) in [
            (TABLE_BYTES, counted(health.table_bytes)),
            (JOURNAL_BYTES, health.journal_bytes),
            (JOURNAL_POSITION, health.seq),
            (DISK_FREE_BYTES, figures.disk_free_bytes),
            (WRITABLE, u64::from(is_writable)),
            (COMMITS_WAITING, counted(figures.waiting)),
            (PASSWORDS_WAITING, counted(shop.accounts.passwords_waiting())),
        ] {
            metrics::gauge!(name).set(as_gauge(number));
        }
        for (neighbour, is_down) in
            [("payments", shop.desks.charging.is_down()), ("mail", shop.letters.is_cut_off())]
        {
            let is_down = as_gauge(u64::from(is_down));
            metrics::gauge!(BREAKER_OPEN, "neighbour" => neighbour).set(is_down);
        }
        // The other caches count where they are asked.
        metrics::counter!(CACHE_HITS, "cache" => "records").absolute(figures.cache_hits);
        metrics::counter!(CACHE_MISSES, "cache" => "records").absolute(figures.cache_misses);
        for (owner, waiting) in shop.desks.waiting() {
            metrics::gauge!(OWNER_WAITING, "owner" => owner).set(as_gauge(counted(waiting)));
        }
    });
}

fn counted(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// Gauges are floats; beyond 2^53 the last digits do not matter to anybody who looks at one.
fn as_gauge(number: u64) -> f64 {
    let (high, low) = (number >> 32, number & u64::from(u32::MAX));
    let part = |bits: u64| f64::from(u32::try_from(bits).unwrap_or(u32::MAX));
    part(high).mul_add(4_294_967_296.0, part(low))
}

const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";
