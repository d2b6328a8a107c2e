//! The shop's own rows: one builder function a row, its tag beside it, never reused.
//!
//! A *look-up* (`…_by_…`) is unique and names its holder in its value, 16 bytes of id. A *list*
//! ends with the id of what it lists; its value is empty unless said otherwise. A builder
//! without an id gives the prefix of the whole list. What couriers bring has its rows in
//! [`super::deliveries`], what is let go of one day has further rows in [`super::housekeeping`].

use crate::domain::{
    ids::{
        ApiKeyId, CategoryId, HoldId, Identity, NewsId, OrderId, PaymentId, ProductId, UserId,
        VariantId,
    },
    orders::OrderStatus,
    time::Timestamp,
};

use super::{Key, KeyBuilder};

/// Look-up: who has this email, folded.
pub fn user_by_email(folded: &str) -> Key {
    Key::row(0x80).text(folded).done()
}

/// Look-up: who has this username, folded.
pub fn user_by_username(folded: &str) -> Key {
    Key::row(0x81).text(folded).done()
}

/// List: all users by the time they registered.
pub fn users() -> Key {
    Key::row(0x82).done()
}

/// A row of [`users`].
pub fn user_listed(created: Timestamp, user: UserId) -> Key {
    Key::row(0x82).time(created).id(&user).done()
}

/// List: the admins.
pub fn admins() -> Key {
    Key::row(0x83).done()
}

/// A row of [`admins`].
pub fn admin(user: UserId) -> Key {
    Key::row(0x83).id(&user).done()
}

/// Look-up: which product has this name, lower-cased.
pub fn product_by_name(folded: &str) -> Key {
    Key::row(0x88).text(folded).done()
}

/// Look-up: which product has or had this slug.
pub fn product_by_slug(slug: &str) -> Key {
    Key::row(0x89).text(slug).done()
}

/// Look-up: which product has a variant with this SKU. The value is product, then variant.
pub fn product_by_sku(sku: &str) -> Key {
    Key::row(0x8a).text(sku).done()
}

/// Look-up: whose variant this is.
pub fn product_by_variant(variant: VariantId) -> Key {
    Key::row(0x8b).id(&variant).done()
}

/// List: all products by the time they were added.
pub fn products() -> Key {
    Key::row(0x8c).done()
}

/// A row of [`products`].
pub fn product_listed(created: Timestamp, product: ProductId) -> Key {
    Key::row(0x8c).time(created).id(&product).done()
}

/// List: all products by the price of their cheapest variant, cheapest first.
pub fn products_priced() -> Key {
    Key::row(0x8d).done()
}

/// A row of [`products_priced`].
pub fn product_priced(minor: i64, product: ProductId) -> Key {
    // A price has the order of a moment: a signed 64-bit number.
    Key::row(0x8d).time(Timestamp::from_millis(minor)).id(&product).done()
}

/// List: all products by name.
pub fn products_named() -> Key {
    Key::row(0x8e).done()
}

/// The part of [`products_named`] whose names begin like this.
pub fn products_starting(folded: &str) -> Key {
    Key::row(0x8e).text_start(folded).done()
}

/// A row of [`products_named`].
pub fn product_named(folded: &str, product: ProductId) -> Key {
    Key::row(0x8e).text(folded).id(&product).done()
}

/// List: the products of a category by the time they were added.
pub fn products_of(category: CategoryId) -> Key {
    of_category(category).done()
}

/// A row of [`products_of`].
pub fn product_of(category: CategoryId, created: Timestamp, product: ProductId) -> Key {
    of_category(category).time(created).id(&product).done()
}

/// Look-up: which category has this name, lower-cased.
pub fn category_by_name(folded: &str) -> Key {
    Key::row(0x90).text(folded).done()
}

/// Look-up: which category has this slug.
pub fn category_by_slug(slug: &str) -> Key {
    Key::row(0x91).text(slug).done()
}

/// List: all categories by name.
pub fn categories() -> Key {
    Key::row(0x92).done()
}

/// A row of [`categories`].
pub fn category_listed(folded: &str, category: CategoryId) -> Key {
    Key::row(0x92).text(folded).id(&category).done()
}

/// Look-up: which category had this slug before. Apart from [`category_by_slug`], so that one who
/// has the slug now and one who had it then do not meet.
pub fn category_by_old_slug(slug: &str) -> Key {
    Key::row(0x93).text(slug).done()
}

/// List: the categories right below one.
pub fn categories_below(parent: CategoryId) -> Key {
    Key::row(0x94).id(&parent).done()
}

/// A row of [`categories_below`].
pub fn category_below(parent: CategoryId, category: CategoryId) -> Key {
    Key::row(0x94).id(&parent).id(&category).done()
}

/// List: every ledger, by product.
pub fn ledgers() -> Key {
    Key::row(0x98).done()
}

/// The part of [`ledgers`] that is of one product.
pub fn ledgers_of(product: ProductId) -> Key {
    Key::row(0x98).id(&product).done()
}

/// A row of [`ledgers_of`].
pub fn ledger_of(product: ProductId, variant: VariantId) -> Key {
    Key::row(0x98).id(&product).id(&variant).done()
}

/// List: the manual holds of a ledger that still hold something, oldest first.
pub fn manual_holds(variant: VariantId) -> Key {
    Key::row(0x99).id(&variant).done()
}

/// A row of [`manual_holds`].
pub fn manual_hold(variant: VariantId, held: Timestamp, hold: HoldId) -> Key {
    Key::row(0x99).id(&variant).time(held).id(&hold).done()
}

/// List: the movements of a ledger, in order. The value is the movement.
pub fn movements(variant: VariantId) -> Key {
    Key::row(MOVEMENT_TAG).id(&variant).done()
}

/// A row of [`movements`].
pub fn movement(variant: VariantId, version: u64, index: u32) -> Key {
    Key::row(MOVEMENT_TAG).id(&variant).number(version).number(u64::from(index)).done()
}

/// List: the API keys that are not revoked, oldest first.
pub fn api_keys() -> Key {
    Key::row(0xa2).done()
}

/// A row of [`api_keys`].
pub fn api_key_listed(key: ApiKeyId) -> Key {
    Key::row(0xa2).id(&key).done()
}

/// Look-up: the cart of a user.
pub fn cart_of(user: UserId) -> Key {
    Key::row(0xa0).id(&user).done()
}

/// List: the orders of a user by the time they were placed.
pub fn orders_of(user: UserId) -> Key {
    Key::row(0xa8).id(&user).done()
}

/// A row of [`orders_of`].
pub fn order_of(user: UserId, placed: Timestamp, order: OrderId) -> Key {
    Key::row(0xa8).id(&user).time(placed).id(&order).done()
}

/// List: all orders by the time they were placed.
pub fn orders() -> Key {
    Key::row(0xa9).done()
}

/// A row of [`orders`].
pub fn order_listed(placed: Timestamp, order: OrderId) -> Key {
    Key::row(0xa9).time(placed).id(&order).done()
}

/// List: the orders in one status by the time they were placed.
pub fn orders_in(status: OrderStatus) -> Key {
    Key::row(0xaa).byte(status_byte(status)).done()
}

/// A row of [`orders_in`].
pub fn order_in(status: OrderStatus, placed: Timestamp, order: OrderId) -> Key {
    Key::row(0xaa).byte(status_byte(status)).time(placed).id(&order).done()
}

/// List: orders whose process has not ended, by the moment they are to be looked at again.
pub fn unfinished_orders() -> Key {
    Key::row(0xab).done()
}

/// A row of [`unfinished_orders`].
pub fn unfinished_order(due: Timestamp, order: OrderId) -> Key {
    Key::row(0xab).time(due).id(&order).done()
}

/// Behind every row of [`unfinished_orders`] that is due at this moment.
pub fn unfinished_until(now: Timestamp) -> Key {
    Key::row(0xab).time(now.plus_millis(1)).done()
}

/// List: orders whose payment is open, in doubt or has a refund on its way. Ends with the order.
pub fn unfinished_payments() -> Key {
    Key::row(0xae).done()
}

/// A row of [`unfinished_payments`].
pub fn unfinished_payment(payment: PaymentId, order: OrderId) -> Key {
    Key::row(0xae).id(&payment).id(&order).done()
}

/// List: admins and inventory managers.
pub fn staff() -> Key {
    Key::row(0xd5).done()
}

/// A row of [`staff`].
pub fn staff_member(user: UserId) -> Key {
    Key::row(0xd5).id(&user).done()
}

/// List: the ledgers of which it is time to order more.
pub fn low_stock() -> Key {
    Key::row(0xd6).done()
}

/// A row of [`low_stock`].
pub fn low_stock_of(variant: VariantId) -> Key {
    Key::row(0xd6).id(&variant).done()
}

/// List: the orders with an open dispute, by the nearest deadline for evidence.
pub fn disputed_orders() -> Key {
    Key::row(0xaf).done()
}

/// A row of [`disputed_orders`].
pub fn disputed_order(due: Timestamp, order: OrderId) -> Key {
    Key::row(0xaf).time(due).id(&order).done()
}

/// Look-up: the order whose payment's last attempt is this charge, by the gateway's name for it.
pub fn order_by_charge(gateway_id: &str) -> Key {
    Key::row(0xb8).text(gateway_id).done()
}

/// Look-up: the order with this number.
pub fn order_by_number(number: u64) -> Key {
    Key::row(0xac).number(number).done()
}

/// List: a user's orders that are paid and not yet shipped.
pub fn open_orders_of(user: UserId) -> Key {
    Key::row(0xad).id(&user).done()
}

/// A row of [`open_orders_of`].
pub fn open_order_of(user: UserId, order: OrderId) -> Key {
    Key::row(0xad).id(&user).id(&order).done()
}

/// List: what a payment gateway told and nobody has applied yet, by the time it was heard.
pub fn open_news() -> Key {
    Key::row(0xb9).done()
}

/// A row of [`open_news`].
pub fn open_news_of(heard: Timestamp, news: NewsId) -> Key {
    Key::row(0xb9).time(heard).id(&news).done()
}

/// Whether a key is one an owner must know as decided, before it is published: a look-up, or a
/// list that is counted. What only pages read is not.
pub fn is_claim(key: &Key) -> bool {
    let tag = key.as_bytes().first();
    tag.is_some_and(|tag| CLAIM_TAGS.contains(tag) && *tag != MOVEMENT_TAG)
}

/// A status in the order of an order's life; never changes.
fn status_byte(status: OrderStatus) -> u8 {
    match status {
        OrderStatus::Pending => 0,
        OrderStatus::Paid => 1,
        OrderStatus::Shipped => 2,
        OrderStatus::Delivered => 3,
        OrderStatus::Cancelled => 4,
    }
}

fn of_category(category: CategoryId) -> KeyBuilder {
    Key::row(0x8f).id(&category)
}

/// The value of a look-up: the holder's id.
pub fn holder(id: impl Identity) -> Vec<u8> {
    id.bytes().to_vec()
}

/// The id a look-up's value names.
pub fn held_by<I: Identity>(value: &[u8]) -> Option<I> {
    value.first_chunk::<16>().map(|bytes| I::from_bytes(*bytes))
}

/// Rows of users, catalogue, stock, carts and API keys; orders and payments are found by id.
const CLAIM_TAGS: std::ops::RangeInclusive<u8> = 0x80..=0xa7;
const MOVEMENT_TAG: u8 = 0x9a;
