//! Desks: every owner's desk in one place, started on one arbiter.
//!
//! One thread for all owners: their messages to one another cost no wake-up, and what they do is
//! microseconds. Hashing, the disk and the network are on other threads.

use std::sync::Arc;

use actix::ArbiterHandle;

use crate::{
    clock::Clock,
    gateways::PaymentGateway,
    store::{Reader, Store},
};

use super::{
    Desk, Owner, api_keys::ApiKeys, books::Books, carts::Carts, catalogue::Catalogue,
    charging::Charging, couriers::Couriers, demo_bank::DemoBank, inventory::Inventory,
    news::NewsRoom, orders::Orders, payments::Payments, purging::Requests, settings::Settings,
    users::Users, webhook_endpoints::WebhookEndpoints,
};

/// Where each owner is asked.
pub struct Desks {
    /// The store under them, for what is settled.
    pub store: Store,
    /// Committed state, for lists and pages.
    pub reader: Reader,
    /// The shop's clock.
    pub clock: Clock,
    /// Accounts.
    pub users: Desk<Users>,
    /// Products and categories.
    pub catalogue: Desk<Catalogue>,
    /// Ledgers and holds.
    pub inventory: Desk<Inventory>,
    /// Carts.
    pub carts: Desk<Carts>,
    /// Orders.
    pub orders: Desk<Orders>,
    /// Keys that let programs in.
    pub api_keys: Desk<ApiKeys>,
    /// The shop's own settings.
    pub settings: Desk<Settings>,
    /// Couriers and their deliveries.
    pub couriers: Desk<Couriers>,
    /// What comparing the gateway's books with ours came to.
    pub books: Desk<Books>,
    /// Places that are told by webhook.
    pub webhook_endpoints: Desk<WebhookEndpoints>,
    /// What the payment gateway told.
    pub news: Desk<NewsRoom>,
    /// Request keys that are too old.
    pub requests: Desk<Requests>,
    /// Payments, and the gateway behind them.
    pub charging: Charging,
    /// The books of the demo gateway.
    pub demo_bank: Desk<DemoBank>,
}

impl Desks {
    /// How many messages wait at each owner's desk.
    pub fn waiting(&self) -> [(&'static str, usize); 14] {
        [
            (Users::NAME, self.users.waiting()),
            (Catalogue::NAME, self.catalogue.waiting()),
            (Inventory::NAME, self.inventory.waiting()),
            (Carts::NAME, self.carts.waiting()),
            (Orders::NAME, self.orders.waiting()),
            (ApiKeys::NAME, self.api_keys.waiting()),
            (Settings::NAME, self.settings.waiting()),
            (Couriers::NAME, self.couriers.waiting()),
            (Books::NAME, self.books.waiting()),
            (WebhookEndpoints::NAME, self.webhook_endpoints.waiting()),
            (NewsRoom::NAME, self.news.waiting()),
            (Requests::NAME, self.requests.waiting()),
            (Payments::NAME, self.charging.waiting()),
            (DemoBank::NAME, self.demo_bank.waiting()),
        ]
    }

    /// Starts every owner. `gateway` is made over the demo bank's desk, which only the demo
    /// gateway asks.
    pub fn open(
        store: Store,
        clock: Clock,
        arbiter: &ArbiterHandle,
        gateway: impl FnOnce(Desk<DemoBank>) -> Arc<dyn PaymentGateway>,
    ) -> Desks {
        let demo_bank = Desk::open(DemoBank, &store, &clock, arbiter);
        let payments = Desk::open(Payments, &store, &clock, arbiter);
        Desks {
            reader: store.reader(),
            users: Desk::open(Users, &store, &clock, arbiter),
            catalogue: Desk::open(Catalogue, &store, &clock, arbiter),
            inventory: Desk::open(Inventory, &store, &clock, arbiter),
            carts: Desk::open(Carts, &store, &clock, arbiter),
            orders: Desk::open(Orders, &store, &clock, arbiter),
            api_keys: Desk::open(ApiKeys, &store, &clock, arbiter),
            settings: Desk::open(Settings, &store, &clock, arbiter),
            couriers: Desk::open(Couriers, &store, &clock, arbiter),
            books: Desk::open(Books, &store, &clock, arbiter),
            webhook_endpoints: Desk::open(WebhookEndpoints, &store, &clock, arbiter),
            news: Desk::open(NewsRoom, &store, &clock, arbiter),
            requests: Desk::open(Requests, &store, &clock, arbiter),
            charging: Charging::new(payments, gateway(demo_bank.clone()), clock.clone()),
            demo_bank,
            store,
            clock,
        }
    }
}
