//! World: a shop that takes its money by Stripe, somebody who buys, and the double it asks.

use std::{net::SocketAddr, time::Duration};

use bodega::{
    actors::{
        Rejection,
        checkout::Driven,
        purchases::{Wanted, WantedItem},
    },
    domain::{
        ids::OrderId,
        orders::{Order, PaymentMethod},
        payments::Payment,
        quantity::Quantity,
    },
    invariants,
};
use serde_json::{Value, json};

use crate::{
    double::{Delivery, SECRET_KEY, Stripe, Taken, WEBHOOK_SECRET},
    support::{Bodega, Person, Reply, wares::id},
};

pub struct World {
    pub stripe: Stripe,
    pub bodega: Bodega,
    pub owner: Person,
    pub ada: Person,
    pub tea: Value,
    pub address: String,
}

/// What the shop's books say of an order.
#[derive(Clone, Debug)]
pub struct Ours {
    pub order: Order,
    pub payment: Payment,
}

impl World {
    /// A shop that waits for Stripe as long as shops usually do.
    pub async fn open() -> World {
        World::with("8000").await
    }

    /// A shop that waits so many milliseconds for an answer.
    pub async fn with(timeout_ms: &'static str) -> World {
        World::at(Stripe::open(), None, timeout_ms).await
    }

    /// A shop that waits so long, and sets money aside until the goods leave.
    pub async fn that_sets_aside(timeout_ms: &'static str) -> World {
        let manual = [("payments.capture", "manual")];
        World::chosen(Stripe::open(), None, timeout_ms, &manual).await
    }

    /// A shop that asks Stripe at this address.
    pub async fn at(stripe: Stripe, base: Option<SocketAddr>, timeout_ms: &'static str) -> World {
        World::chosen(stripe, base, timeout_ms, &[]).await
    }

    /// A shop with these settings beside the usual ones.
    pub async fn with_settings(more: &[(&'static str, &'static str)]) -> World {
        World::chosen(Stripe::open(), None, "8000", more).await
    }

    /// A shop that waits so long, and whose time passes only when the test says so.
    pub async fn with_stopped_clock(timeout_ms: &'static str) -> World {
        let stripe = Stripe::open();
        let settings = settings_for(stripe.address, timeout_ms, &[]);
        World::of(stripe, Bodega::with_stopped_clock_and(&settings)).await
    }

    async fn chosen(
        stripe: Stripe,
        base: Option<SocketAddr>,
        timeout_ms: &'static str,
        more: &[(&'static str, &'static str)],
    ) -> World {
        let settings = settings_for(base.unwrap_or(stripe.address), timeout_ms, more);
        World::of(stripe, Bodega::with(&settings)).await
    }

    async fn of(stripe: Stripe, bodega: Bodega) -> World {
        let owner = bodega.owner().await;
        let tea = owner.adds_product("Tea", "3.33", 1_000_000).await;
        let ada = bodega.customer("ada").await;
        let address = ada.has_address().await;
        World { stripe, bodega, owner, ada, tea, address }
    }

    /// Letters reach the shop, at once and whole.
    pub fn listens(&self) {
        self.stripe.tells(Delivery { to: Some(self.bodega.address), ..Delivery::default() });
    }

    /// Orders one tea over HTTP, paid with this payment method.
    pub async fn buys(&self, method: &str) -> Reply {
        self.ada.orders(&self.address, &self.tea, 1, method).await
    }

    /// Orders one tea in the process, for tests of thousands.
    pub async fn places(&self, method: &str) -> Result<Driven, Rejection> {
        self.places_some(1, method).await
    }

    /// Orders so many teas in the process.
    pub async fn places_some(&self, teas: u32, method: &str) -> Result<Driven, Rejection> {
        let wanted = Wanted {
            user: self.ada.id.parse().expect("an id"),
            address: self.address.parse().expect("an id"),
            items: Some(vec![WantedItem {
                product: id(&self.tea).parse().expect("an id"),
                variant: None,
                quantity: Quantity::new(teas).expect("some"),
            }]),
            amount: None,
            method: PaymentMethod::Card,
            token: Some(method.to_owned()),
            key: None,
        };
        self.bodega.shop.purchases.place(wanted).await
    }

    pub fn ours(&self, order: OrderId) -> Ours {
        let reader = &self.bodega.shop.reader;
        let order = reader.get::<Order>(order).expect("readable").state;
        let payment = order.payment.unwrap_or_default();
        let payment = reader.get::<Payment>(payment).expect("readable").state;
        Ours { order: (*order).clone(), payment: (*payment).clone() }
    }

    pub fn theirs(&self, order: OrderId) -> Taken {
        self.stripe.ledger(|ledger| ledger.of_order(&order.to_string()))
    }

    /// The intent of an order that was shown.
    pub fn intent_of(&self, order: &Value) -> String {
        let order = id(order);
        self.stripe.ledger(|ledger| {
            let mut all = ledger.intents.iter();
            let found = all.find(|(_, intent)| intent.metadata["order_id"] == order);
            found.expect("an intent").0.clone()
        })
    }

    /// Nothing is wrong between the shop's own books.
    pub fn is_sound(&self) {
        for check in invariants::all() {
            // The shop is open: what is written while it is read may look wrong, but not for long.
            let find = || check.findings(&self.bodega.shop.reader).expect("readable");
            let found = (1..READS_MAX).map(|_| find()).find(Vec::is_empty).unwrap_or_else(find);
            assert!(found.is_empty(), "{}: {found:?}", check.name());
        }
    }

    /// Waits until the order is shown as wanted.
    pub async fn sees(&self, order: &Value, is_so: impl Fn(&Value) -> bool) -> Value {
        let mut every = tokio::time::interval(Duration::from_millis(5));
        for _ in 0..LOOKS_MAX {
            let seen = self.ada.sees_order(order).await;
            if is_so(&seen) {
                return seen;
            }
            every.tick().await;
        }
        panic!("never so: {}", self.ada.sees_order(order).await);
    }
}

/// The settings of a shop that asks Stripe there, and these.
fn settings_for(
    stripe: SocketAddr,
    timeout_ms: &'static str,
    more: &[(&'static str, &'static str)],
) -> Vec<(&'static str, &'static str)> {
    // Settings of a test live as long as the test.
    let base_url: &'static str = Box::leak(format!("http://{stripe}").into_boxed_str());
    let secrets: &'static str = Box::leak(format!("[\"{WEBHOOK_SECRET}\"]").into_boxed_str());
    let chosen = [
        ("payments.gateway", "stripe"),
        ("payments.stripe.secret_key", SECRET_KEY),
        ("payments.stripe.webhook_secrets", secrets),
        ("payments.stripe.base_url", base_url),
        ("payments.cash_on_delivery", "true"),
        ("payments.bank_transfer", "true"),
        ("payments.stripe.timeout_ms", timeout_ms),
        ("payments.stripe.repeat_ms", "5"),
    ];
    [&chosen, more].concat()
}

/// One thing paid with this payment method, as a body.
pub fn with(method: &str) -> Value {
    json!({ "charge": { "paymentMethodId": method } })
}

/// So many looks at all rows of a small shop take longer than any write.
const READS_MAX: u32 = 20;
/// Half a minute of looking each 5 ms.
const LOOKS_MAX: u32 = 6000;
