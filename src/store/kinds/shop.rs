//! The shop's kinds: the tag and the index rows of every aggregate.
//!
//! Invariant: rows follow from state alone, so a rebuild makes the same ones. A new kind or row
//! is added here and in [`super::super::keys::shop`], and nowhere else in the store.

use crate::{
    domain::{
        api_keys::ApiKey,
        carts::Cart,
        catalogue::{Category, Product, fold_name},
        couriers::Courier,
        deliveries::{Delivery, DeliveryState},
        demo_charge::DemoCharge,
        ids::{
            ApiKeyId, CartId, CategoryId, CourierId, DeliveryId, DemoChargeId, HoldId, NewsId,
            OrderId, PaymentId, ProductId, ShopId, UserId, VariantId, WebhookEndpointId,
        },
        inventory::{Hold, Ledger, LedgerEvent, Movement},
        news::News,
        order_book::OrderBook,
        orders::{Order, OrderStatus},
        payments::{Payment, disputes::evidence_due},
        reconciliation::Reconciliation,
        settings::Shop,
        time::Stamp,
        users::{Role, User, fold_username},
        webhook_endpoints::WebhookEndpoint,
    },
    store::keys::{self, Key, holder},
};

use super::{Kept, Registry, Row};

/// Every kind of the shop.
pub fn registry() -> Registry {
    Registry::new()
        .with::<User>()
        .with::<Product>()
        .with::<Category>()
        .with::<Ledger>()
        .with::<Hold>()
        .with::<Cart>()
        .with::<Order>()
        .with::<OrderBook>()
        .with::<Payment>()
        .with::<Shop>()
        .with::<DemoCharge>()
        .with::<ApiKey>()
        .with::<News>()
        .with::<Reconciliation>()
        .with::<Courier>()
        .with::<Delivery>()
        .with::<WebhookEndpoint>()
}

impl Kept for ApiKey {
    const TAG: u8 = 0x10;

    fn rows(&self, id: ApiKeyId) -> Vec<Row> {
        let is_listed = self.made.is_some() && self.revoked_at.is_none();
        if is_listed { vec![listed(keys::api_key_listed(id))] } else { Vec::new() }
    }
}

impl Kept for User {
    const TAG: u8 = 0x01;

    fn rows(&self, id: UserId) -> Vec<Row> {
        if !self.exists() {
            return Vec::new();
        }
        let mut rows = vec![
            (keys::user_by_email(&self.email_folded), holder(id)),
            (keys::user_by_username(&fold_username(&self.username)), holder(id)),
            listed(keys::user_listed(self.created_at, id)),
        ];
        match self.role {
            Role::Admin => {
                rows.extend([listed(keys::admin(id)), listed(keys::staff_member(id))]);
            }
            Role::InventoryManager => rows.push(listed(keys::staff_member(id))),
            Role::Customer => {}
        }
        rows.extend(self.expires_next().map(|ends| listed(keys::expiring_user(ends, id))));
        rows
    }
}

impl Kept for Product {
    const TAG: u8 = 0x02;

    fn rows(&self, id: ProductId) -> Vec<Row> {
        if !self.exists() {
            return Vec::new();
        }
        let name = fold_name(&self.name);
        let mut rows = vec![
            (keys::product_by_name(&name), holder(id)),
            (keys::product_by_slug(&self.slug), holder(id)),
            listed(keys::product_listed(self.created_at, id)),
            listed(keys::product_priced(self.price_range().0.minor(), id)),
            listed(keys::product_named(&name, id)),
        ];
        rows.extend(self.old_slugs.iter().map(|slug| (keys::product_by_slug(slug), holder(id))));
        rows.extend(
            self.category_ids
                .iter()
                .map(|category| listed(keys::product_of(*category, self.created_at, id))),
        );
        for variant in self.variants.values() {
            let mut found = holder(id);
            found.extend(holder(variant.id));
            rows.push((keys::product_by_sku(&variant.sku), found));
            rows.push((keys::product_by_variant(variant.id), holder(id)));
        }
        rows
    }
}

impl Kept for Category {
    const TAG: u8 = 0x03;

    fn rows(&self, id: CategoryId) -> Vec<Row> {
        if !self.exists() {
            return Vec::new();
        }
        let name = fold_name(&self.name);
        let mut rows = vec![
            (keys::category_by_name(&name), holder(id)),
            (keys::category_by_slug(&self.slug), holder(id)),
            listed(keys::category_listed(&name, id)),
        ];
        let old = self.old_slugs.iter();
        rows.extend(old.map(|slug| (keys::category_by_old_slug(slug), holder(id))));
        rows.extend(self.parent.map(|parent| listed(keys::category_below(parent, id))));
        rows
    }
}

impl Kept for Ledger {
    const TAG: u8 = 0x04;

    fn rows(&self, id: VariantId) -> Vec<Row> {
        let mut rows = Vec::new();
        if self.exists() {
            rows.push(listed(keys::ledger_of(self.product, id)));
        }
        if self.is_low() {
            rows.push(listed(keys::low_stock_of(id)));
        }
        rows
    }

    fn trail(
        &self,
        id: VariantId,
        event: &LedgerEvent,
        stamp: &Stamp,
        version: u64,
        index: u32,
    ) -> Option<Row> {
        let movement = Movement::of(event, stamp)?;
        let value = serde_json::to_vec(&movement).expect("a movement is plain data");
        Some((keys::movement(id, version, index), value))
    }
}

impl Kept for Hold {
    const TAG: u8 = 0x05;

    fn rows(&self, id: HoldId) -> Vec<Row> {
        if self.is_manual_of(self.variant) {
            return vec![listed(keys::manual_hold(self.variant, self.held_at, id))];
        }
        if self.is_spent_by_hand() {
            return vec![listed(keys::spent_hold(self.changed_at, id))];
        }
        Vec::new()
    }
}

impl Kept for Cart {
    const TAG: u8 = 0x06;

    fn rows(&self, id: CartId) -> Vec<Row> {
        let owned = self.owner.map(|owner| (keys::cart_of(owner), holder(id)));
        let idle = self.opened.then(|| listed(keys::idle_cart(self.updated_at, id)));
        owned.into_iter().chain(idle).collect()
    }
}

impl Kept for Order {
    const TAG: u8 = 0x07;

    fn rows(&self, id: OrderId) -> Vec<Row> {
        if !self.exists() {
            return Vec::new();
        }
        let placed = self.placed_at;
        let mut rows = vec![
            listed(keys::order_listed(placed, id)),
            listed(keys::order_in(self.status, placed, id)),
            (keys::order_by_number(self.number), holder(id)),
        ];
        if let Some(user) = self.customer.user {
            rows.push(listed(keys::order_of(user, placed, id)));
            if self.status == OrderStatus::Paid {
                rows.push(listed(keys::open_order_of(user, id)));
            }
        }
        if self.is_unfinished() {
            rows.push(listed(keys::unfinished_order(self.due_at(), id)));
        }
        if self.awaits_filing() {
            rows.push(listed(keys::order_to_file(self.updated_at, id)));
        }
        if let Some(due) = evidence_due(&self.disputes) {
            rows.push(listed(keys::disputed_order(due, id)));
        }
        rows
    }
}

impl Kept for OrderBook {
    const TAG: u8 = 0x08;

    fn rows(&self, _: ShopId) -> Vec<Row> {
        Vec::new()
    }
}

impl Kept for Payment {
    const TAG: u8 = 0x09;

    fn rows(&self, id: PaymentId) -> Vec<Row> {
        let mut rows = Vec::new();
        if self.is_unfinished() {
            rows.push(listed(keys::unfinished_payment(id, self.order)));
        }
        if let Some(charge) = &self.gateway_id {
            rows.push((keys::order_by_charge(charge), holder(self.order)));
        }
        rows
    }
}

impl Kept for Shop {
    const TAG: u8 = 0x0a;

    fn rows(&self, _: ShopId) -> Vec<Row> {
        Vec::new()
    }
}

impl Kept for DemoCharge {
    const TAG: u8 = 0x0b;

    fn rows(&self, _: DemoChargeId) -> Vec<Row> {
        Vec::new()
    }
}

impl Kept for News {
    const TAG: u8 = 0x0c;

    fn rows(&self, id: NewsId) -> Vec<Row> {
        if self.open.is_some() {
            return vec![listed(keys::open_news_of(self.heard_at, id))];
        }
        if self.applied { vec![listed(keys::applied_news_of(self.heard_at, id))] } else { vec![] }
    }
}

impl Kept for Reconciliation {
    const TAG: u8 = 0x0d;

    fn rows(&self, _: ShopId) -> Vec<Row> {
        Vec::new()
    }
}

impl Kept for Courier {
    const TAG: u8 = 0x30;

    fn rows(&self, id: CourierId) -> Vec<Row> {
        if self.exists() && !self.closed { vec![listed(keys::courier_listed(id))] } else { vec![] }
    }
}

impl Kept for Delivery {
    const TAG: u8 = 0x31;

    fn rows(&self, id: DeliveryId) -> Vec<Row> {
        let (courier, about) = (self.note.courier, self.note.about.as_str());
        let mut rows = match self.state {
            DeliveryState::Unknown => return vec![],
            DeliveryState::Waiting { due } => {
                vec![listed(keys::waiting_delivery(courier, due, id))]
            }
            DeliveryState::Delivered => vec![],
            DeliveryState::GivenUp => {
                vec![listed(keys::dead_letter(courier, self.updated_at, id))]
            }
        };
        rows.push(listed(keys::delivery_of(courier, self.noted_at, id)));
        if self.note.is_about_a_purchase() {
            rows.push(listed(keys::delivery_about(courier, about, self.noted_at, id)));
        }
        rows
    }
}

impl Kept for WebhookEndpoint {
    const TAG: u8 = 0x38;

    fn rows(&self, id: WebhookEndpointId) -> Vec<Row> {
        let is_listed = self.live().is_some();
        if is_listed { vec![listed(keys::webhook_endpoint_listed(id))] } else { Vec::new() }
    }
}

fn listed(key: Key) -> Row {
    (key, Vec::new())
}
