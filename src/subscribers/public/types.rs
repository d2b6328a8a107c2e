//! Types: every public event by name, with what its data holds, and patterns over them.
//!
//! Invariant: a name and its fields, once here, stay; fields may be added. `docs/events.md` shows
//! this table, and a test holds both to what translating real journal events gives.

/// A type of public event.
#[derive(Clone, Copy, Debug)]
pub struct Type {
    /// Its name, as `order.paid`.
    pub name: &'static str,
    /// When it happens, for whoever subscribes to it.
    pub when: &'static str,
    /// What its data holds; a `?` marks what is not always there.
    pub fields: &'static str,
    /// Who sees it besides staff.
    pub seen_by: SeenBy,
}

/// Who sees a type of event besides staff.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeenBy {
    /// Nobody.
    Staff,
    /// Whose order or cart it is.
    Owner,
    /// Whoever follows the product, in brief.
    Everybody,
}

/// All of them.
pub const TYPES: &[Type] = &[
    own(
        "order.placed",
        "An order was placed; it is not paid yet.",
        "orderId number userId total currency status items subtotal tax shippingFee \
         paymentMethod heldUntil",
    ),
    own(
        "order.payment_awaited",
        "The payment waits for the customer or for the gateway.",
        "orderId number userId total currency awaited",
    ),
    own(
        "order.payment_declined",
        "A charge was refused; the order waits for another.",
        "orderId number userId total currency code",
    ),
    own(
        "order.authorised",
        "The money is set aside; it is taken when the goods leave.",
        "orderId number userId total currency paymentId heldUntil",
    ),
    own(
        "order.paid",
        "The order is paid.",
        "orderId number userId total currency status paymentId amountCaptured",
    ),
    own(
        "order.cancelled",
        "The order was cancelled.",
        "orderId number userId total currency status cancelReason declineCode",
    ),
    own(
        "order.shipped",
        "The order left the house.",
        "orderId number userId total currency status trackingNumber carrier",
    ),
    own("order.delivered", "The order arrived.", "orderId number userId total currency status"),
    own(
        "order.settled",
        "All money of the order that was cancelled, or that left before it was paid, is where it \
         belongs: so much was taken, and so much of it has gone back.",
        "orderId number userId total currency amountCaptured amountRefunded",
    ),
    own(
        "order.refund_decided",
        "A refund was decided; the money is still to be moved.",
        "orderId number userId total currency refundId amount items restocked",
    ),
    own(
        "order.refunded",
        "A refund is on its way back.",
        "orderId number userId total currency refundId amount items restocked",
    ),
    staff(
        "order.refund_failed",
        "A refund was definitely refused, or came back: so much is owed again.",
        "orderId number userId total currency refundId amount code",
    ),
    staff(
        "order.disputed",
        "A cardholder disputes a charge, or their bank goes on with it.",
        "orderId number userId total currency state amountDisputed disputedCurrency reason \
         evidenceBy",
    ),
    staff(
        "order.customer_erased",
        "The person who ordered was forgotten.",
        "orderId number userId total currency",
    ),
    own(
        "cart.item_changed",
        "There are so many units of a variant in the cart now; 0: it was taken out.",
        "cartId userId productId variantId quantity",
    ),
    own("cart.cleared", "Everything was taken out of the cart.", "cartId userId"),
    own("cart.checkout_begun", "An order is buying the cart.", "cartId userId orderId"),
    own("cart.checkout_ended", "The order did not buy it after all.", "cartId userId orderId"),
    own("cart.bought", "The order bought what was in the cart.", "cartId userId orderId"),
    everybody(
        "stock.changed",
        "Another number of units can be bought.",
        "productId variantId sku available quantityOnHand reserved movement quantity orderId",
    ),
    everybody(
        "stock.settings_changed",
        "A variant can or cannot be bought now, or counts as low at another number.",
        "productId variantId sku isActive lowStockThreshold",
    ),
    staff(
        "stock.ran_low",
        "There are as few units of a variant as count as low.",
        "productId variantId sku available lowStockThreshold",
    ),
    staff(
        "product.added",
        "A product entered the catalogue.",
        "productId name slug price currency categoryIds brand variants",
    ),
    staff(
        "product.updated",
        "Something about a product changed; `changed` says what.",
        "productId changed name? slug? price? currency? categoryIds? images? variants?",
    ),
    staff("product.activated", "A product is for sale again.", "productId"),
    staff("product.deactivated", "A product is not for sale for now.", "productId"),
    staff("product.removed", "A product left the catalogue.", "productId"),
    staff("category.added", "A category was added.", "categoryId name slug parentId"),
    staff(
        "category.moved",
        "A category stands below another one, or at the top.",
        "categoryId parentId",
    ),
    staff("category.updated", "A category says something else.", "categoryId name slug"),
    staff("category.removed", "A category is gone.", "categoryId"),
    staff("customer.registered", "Somebody has an account now.", "userId role"),
    staff("customer.updated", "Name, email or phone of an account changed.", "userId"),
    staff("customer.role_changed", "An account may do other things now.", "userId role"),
    staff("customer.erased", "A person was forgotten.", "userId"),
    staff("api_key.made", "A key was made.", "apiKeyId name scopes"),
    staff("api_key.revoked", "A key was revoked.", "apiKeyId"),
    staff("webhook_endpoint.added", "A webhook endpoint was added.", "webhookEndpointId"),
    staff("webhook_endpoint.updated", "A webhook endpoint changed.", "webhookEndpointId"),
    staff(
        "webhook_endpoint.disabled",
        "Nothing is sent to a webhook endpoint any more; `why` says who decided so: `staff`, or it \
         was `gone` (410) or `failing` for days.",
        "webhookEndpointId why",
    ),
    staff("webhook_endpoint.enabled", "A webhook endpoint is told again.", "webhookEndpointId"),
    staff(
        "webhook_endpoint.secret_rotated",
        "A webhook endpoint has another secret.",
        "webhookEndpointId",
    ),
    staff("webhook_endpoint.removed", "A webhook endpoint is gone.", "webhookEndpointId"),
    staff("shop.opened", "The shop was opened for the first time.", ""),
    staff("shop.updated", "A setting of the shop changed; `changed` says which.", "changed"),
];

/// What types begin with, and the kinds of the journal they are made from.
pub(super) const GROUPS: &[(&str, &[&str])] = &[
    ("order", &["order"]),
    ("cart", &["cart"]),
    ("stock", &["ledger"]),
    ("product", &["product"]),
    ("category", &["category"]),
    ("customer", &["user"]),
    ("api_key", &["api_key"]),
    ("webhook_endpoint", &["webhook_endpoint"]),
    ("shop", &["shop"]),
];

/// Patterns by name: every type, every group as `order.*`, and `*`.
pub const PATTERNS: &[(&str, Pattern)] = &PATTERN_TABLE;

/// What is listened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pattern {
    /// One type.
    One(&'static str),
    /// All types of a group.
    Group(&'static str),
    /// Everything.
    All,
}

impl Pattern {
    /// The pattern that is written so.
    pub fn named(name: &str) -> Option<Pattern> {
        PATTERNS.iter().find(|(known, _)| *known == name).map(|(_, pattern)| *pattern)
    }

    /// How it is written.
    pub fn name(self) -> &'static str {
        let named = PATTERNS.iter().find(|(_, pattern)| *pattern == self);
        named.map_or("", |(name, _)| *name)
    }

    /// Whether an event of this type is listened to.
    pub fn takes(self, name: &str) -> bool {
        match self {
            Pattern::One(one) => one == name,
            Pattern::Group(group) => group_of(name) == group,
            Pattern::All => true,
        }
    }

    /// Whether what happens to this kind of the journal may be listened to.
    pub fn takes_kind(self, kind: &str) -> bool {
        let of = |group: &str| {
            GROUPS.iter().any(|(name, kinds)| *name == group && kinds.contains(&kind))
        };
        match self {
            Pattern::One(name) => of(group_of(name)),
            Pattern::Group(group) => of(group),
            Pattern::All => super::is_public(kind),
        }
    }
}

/// Several patterns; none at all take everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patterns(Vec<Pattern>);

impl Patterns {
    /// Whether an event of this type is listened to.
    pub fn take(&self, name: &str) -> bool {
        self.0.is_empty() || self.0.iter().any(|pattern| pattern.takes(name))
    }

    /// Whether what happens to this kind of the journal may be listened to.
    pub fn take_kind(&self, kind: &str) -> bool {
        let any = self.0.iter().any(|pattern| pattern.takes_kind(kind));
        any || (self.0.is_empty() && super::is_public(kind))
    }
}

impl FromIterator<Pattern> for Patterns {
    fn from_iter<I: IntoIterator<Item = Pattern>>(patterns: I) -> Patterns {
        Patterns(patterns.into_iter().collect())
    }
}

fn group_of(name: &str) -> &str {
    name.split_once('.').map_or(name, |(group, _)| group)
}

const fn own(name: &'static str, when: &'static str, fields: &'static str) -> Type {
    Type { name, when, fields, seen_by: SeenBy::Owner }
}

const fn staff(name: &'static str, when: &'static str, fields: &'static str) -> Type {
    Type { name, when, fields, seen_by: SeenBy::Staff }
}

const fn everybody(name: &'static str, when: &'static str, fields: &'static str) -> Type {
    Type { name, when, fields, seen_by: SeenBy::Everybody }
}

const PATTERN_TABLE: [(&str, Pattern); TYPES.len() + GROUPS.len() + 1] = {
    let mut table = [("*", Pattern::All); TYPES.len() + GROUPS.len() + 1];
    let mut place = 0;
    while place < TYPES.len() {
        let name = TYPES[place].name;
        table[1 + GROUPS.len() + place] = (name, Pattern::One(name));
        place += 1;
    }
    place = 0;
    while place < GROUPS.len() {
        table[1 + place] = (GROUP_PATTERNS[place], Pattern::Group(GROUPS[place].0));
        place += 1;
    }
    table
};

/// As [`GROUPS`], in its order; a test holds them together.
const GROUP_PATTERNS: [&str; GROUPS.len()] = [
    "order.*",
    "cart.*",
    "stock.*",
    "product.*",
    "category.*",
    "customer.*",
    "api_key.*",
    "webhook_endpoint.*",
    "shop.*",
];
