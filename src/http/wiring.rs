//! Wiring: what the pipeline asks the shop for, and the one page of all operations.

use std::{collections::BTreeMap, num::NonZeroU32, sync::Arc};

use super::{
    addresses, admin, api_keys, auth, card_testing, carts, categories, couriers, demo, docs,
    events, exchange, gateway, health,
    health::{Health, Report},
    idempotency::{Answers, Made, Seen, StoredAnswer},
    inbox, inventory,
    limits::{Allowance, Class, LimitSettings},
    lookup, mail, media, metrics,
    openapi::Examples,
    orders,
    pages::cookies::is_all_by_tls,
    pipeline::{Pipeline, Wiring},
    problem::Problem,
    products, reconciliation, search, settings, storefront,
    table::Operation,
    users, webhook_endpoints,
};
use crate::{
    config::{self, Gateway},
    search::Progress,
    shop::Shop,
    store::{self, Mode},
};

/// Every operation of the shop, in the order of the documentation.
pub fn operations(chosen: Gateway) -> Vec<Operation<Shop>> {
    let mut all = auth::operations();
    all.extend(users::operations());
    all.extend(api_keys::operations());
    all.extend(addresses::operations());
    all.extend(products::operations());
    all.extend(categories::operations());
    all.extend(search::operations());
    all.extend(exchange::operations());
    all.extend(lookup::operations());
    all.extend(inventory::operations());
    all.extend(carts::operations());
    all.extend(orders::operations());
    all.extend(reconciliation::operations());
    all.extend(card_testing::operations());
    all.extend(couriers::operations());
    all.extend(events::operations());
    all.extend(mail::operations());
    all.extend(webhook_endpoints::operations());
    all.extend(gateway::operations());
    all.extend(media::operations());
    all.extend(health::operations());
    all.extend(metrics::operations());
    all.extend(storefront::operations());
    all.extend(settings::operations());
    all.extend(admin::operations());
    if chosen == Gateway::Demo {
        all.extend(demo::operations());
        all.extend(inbox::operations());
    }
    docs::with_docs(all, "Bodega", env!("CARGO_PKG_VERSION"), &Examples::recorded())
}

/// The way of every request into this shop.
pub fn pipeline(shop: Shop) -> Arc<Pipeline<Shop>> {
    let settings = &shop.settings;
    let wiring = Wiring {
        identify: Arc::new(shop.clone()),
        pages: Some(Arc::new(shop.clone())),
        answers: Arc::new(shop.clone()),
        clock: shop.clock.clone(),
        limits: allowances(&settings.limits),
        key_secret: shop.key_secret,
        trusted_hops: usize::from(settings.http.trusted_hops),
        is_secure: is_all_by_tls(settings),
        meters: shop.meters.clone(),
        logged: settings.log.requests,
    };
    let operations = operations(settings.payments.gateway);
    Arc::new(Pipeline::new(shop, operations, wiring))
}

fn allowances(chosen: &config::LimitSettings) -> LimitSettings {
    let a_minute = |requests: NonZeroU32| Allowance {
        requests: requests.get(),
        seconds: 60,
        burst: requests.get(),
    };
    let reads = Allowance {
        requests: chosen.reads_per_second.get(),
        seconds: 1,
        burst: chosen.reads_burst.get(),
    };
    LimitSettings {
        enabled: chosen.enabled,
        allowances: vec![
            (Class::Credentials, a_minute(chosen.credentials_per_minute)),
            (Class::Orders, a_minute(chosen.orders_per_minute)),
            (Class::Writes, a_minute(chosen.writes_per_minute)),
            (Class::Reads, reads),
        ],
    }
}

impl Answers for Shop {
    fn request(&self, scope: &[u8; 32]) -> Result<Option<Seen>, Problem> {
        let Some(kept) = self.reader.request(scope)? else { return Ok(None) };
        // An old one counts until housekeeping has forgotten it, so that nobody uses the key anew
        // in the moment in which it goes.
        let made = kept.request.made.map(|made| Made { kind: made.kind, id: made.id });
        Ok(Some(Seen { body: kept.request.body, made }))
    }

    fn answer(&self, scope: &[u8; 32]) -> Result<Option<StoredAnswer>, Problem> {
        let kept = self.reader.answer(scope)?;
        Ok(kept.map(|kept| StoredAnswer {
            status: kept.status,
            headers: kept.headers,
            body: kept.body,
        }))
    }

    fn keep(&self, scope: [u8; 32], answer: StoredAnswer) {
        if !self.reader.request(&scope).is_ok_and(|kept| kept.is_some()) {
            // Nothing was done under this key; the next request is decided afresh.
            return;
        }
        let StoredAnswer { status, headers, body } = answer;
        self.store().keep_answer(scope, &store::StoredAnswer { status, headers, body });
    }

    fn position(&self) -> u64 {
        self.store().health().seq
    }
}

impl Health for Shop {
    fn health(&self) -> Report {
        let not_ready = match self.store().health().mode {
            _ if self.is_closing() => Some("the shop is closing"),
            Mode::ReadOnly { .. } => Some("the shop is read-only until it is started again"),
            Mode::Writable | Mode::DiskFull => None,
        };
        let disk = match self.store().health().mode {
            Mode::DiskFull => "full",
            Mode::Writable | Mode::ReadOnly { .. } => "ok",
        };
        let state = if self.store().must_be_reopened() { "damaged" } else { "ok" };
        let gateway = self.desks.charging.gateway();
        let search = match self.search.progress() {
            Progress::Building { done, all } => format!("building: {done} of {all} products"),
            Progress::Following => "ok".to_owned(),
        };
        let register = match self.register.progress() {
            Progress::Building { done, .. } => format!("building: {done} cards"),
            Progress::Following => "ok".to_owned(),
        };
        let mut neighbours = BTreeMap::from([
            ("disk".to_owned(), disk.to_owned()),
            ("gateway".to_owned(), gateway.to_owned()),
            ("search".to_owned(), search),
            ("register".to_owned(), register),
            ("payments".to_owned(), self.desks.charging.condition()),
            ("mail".to_owned(), self.letters.condition()),
            ("couriers".to_owned(), couriers_of(self)),
            ("journal".to_owned(), "ok".to_owned()),
            ("state".to_owned(), state.to_owned()),
        ]);
        if self.store().health().damage.is_some() {
            neighbours.insert("journal".to_owned(), "damaged".to_owned());
        }
        Report { not_ready, neighbours }
    }
}

/// How those do who bring news to the world outside: how many of them find nobody there.
fn couriers_of(shop: &Shop) -> String {
    let standings = shop.runner.standings();
    let down = standings.values().filter(|standing| standing.down.is_some()).count();
    if down == 0 { "ok".to_owned() } else { format!("{down} of {} down", standings.len()) }
}
