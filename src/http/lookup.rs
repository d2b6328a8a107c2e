//! Lookup: orders, customers and products at once, for staff, by the beginning of any word.
//!
//! | Method | Path       | Does                                                | Who   |
//! |--------|------------|-----------------------------------------------------|-------|
//! | GET    | /v1/search | finds by number, email, name, SKU or bar code       | staff |
//!
//! What was acknowledged is found: a look-up waits for the register to know it. Orders and
//! customers are shown to admins only, as in their lists.

use std::time::Duration;

use actix_web::http::Method;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    access::Staff,
    answer::Answer,
    call::CallAsking,
    fields::{Body, Fields, loose, whole},
    limits::Class,
    problem::Problem,
    search::unreadable,
    table::{Operation, op},
    views::{Amount, Id, Time},
};
use crate::{
    domain::{
        catalogue::Product,
        ids::{Identity, OrderId, ProductId, UserId},
        orders::Order,
        users::{Role, User},
    },
    search::{Filed, Lookup, Progress, Spot},
    shop::Shop,
};

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    vec![op(
        Method::GET,
        "/v1/search",
        Class::Reads,
        "Look up orders, customers and products",
        look_up,
    )]
}

async fn look_up(shop: Shop, who: Staff, call: CallAsking<LookupQuery>) -> Answer<FoundView> {
    keep_up(&shop).await;
    let LookupQuery { text, limit } = call.query;
    let mut found = FoundView {
        is_complete: shop.register.progress() == Progress::Following,
        ..FoundView::default()
    };
    for spot in spots(&shop, Filed::Product, &text, limit)? {
        let product = shop.reader.get::<Product>(spot.id())?.state;
        if product.exists() {
            found.products.push(ProductFoundView::of(&product));
        }
    }
    if who.role != Role::Admin {
        return Ok(found);
    }
    for spot in spots(&shop, Filed::Order, &text, limit)? {
        let order = shop.reader.get::<Order>(spot.id())?.state;
        if order.exists() {
            found.orders.push(OrderFoundView::of(&order));
        }
    }
    for spot in spots(&shop, Filed::Customer, &text, limit)? {
        let user = shop.reader.get::<User>(spot.id())?.state;
        if user.exists() {
            found.customers.push(CustomerFoundView::of(&user));
        }
    }
    Ok(found)
}

fn spots(shop: &Shop, filed: Filed, text: &str, limit: usize) -> Answer<Vec<Spot>> {
    let lookup = Lookup { filed, text, from: None, to: None, after: None, limit };
    shop.register.look_up(&lookup).map_err(unreadable)
}

/// Waits until the register knows everything that was acknowledged, but not for ever.
pub(super) async fn keep_up(shop: &Shop) {
    let position = shop.store().health().seq;
    let known = shop.register.knows(position);
    let _may_be_too_slow = tokio::time::timeout(WAIT_MAX, known).await;
}

/// Goes through what is found from a place on, until there is enough of what `wanted` shows or
/// enough was looked at; where the next page begins, if there may be more.
pub(super) fn page_through<I: Identity, T>(
    shop: &Shop,
    lookup: Lookup<'_>,
    mut wanted: impl FnMut(I) -> Answer<Option<T>>,
) -> Answer<(Vec<T>, Option<Spot>)> {
    let (mut items, mut last_shown, mut after) = (Vec::new(), None, lookup.after);
    let mut left = LOOKED_AT_MAX;
    while left > 0 {
        let asked = Lookup { after, limit: AT_ONCE.min(left), ..lookup.clone() };
        let spots = shop.register.look_up(&asked).map_err(unreadable)?;
        let was_last = spots.len() < asked.limit;
        left -= spots.len();
        for spot in spots {
            if let Some(item) = wanted(spot.id())? {
                if items.len() == lookup.limit {
                    return Ok((items, last_shown));
                }
                items.push(item);
                last_shown = Some(spot);
            }
            after = Some(spot);
        }
        if was_last {
            return Ok((items, None));
        }
    }
    Ok((items, after))
}

/// The place a cursor stands for.
pub(super) fn spot_in(bytes: Option<Vec<u8>>) -> Result<Option<Spot>, Problem> {
    let invalid = || Problem::malformed("invalid_cursor", "this cursor is not one of ours");
    bytes.map(|bytes| Spot::from_bytes(&bytes).ok_or_else(invalid)).transpose()
}

struct LookupQuery {
    text: String,
    limit: usize,
}

impl Body for LookupQuery {
    fn read(fields: &mut Fields<'_>) -> LookupQuery {
        let limit: u32 = fields.or("limit", whole(1, FOUND_MAX), FOUND_USUAL);
        LookupQuery {
            text: fields.required("query", loose(TEXT_LETTERS_MAX)),
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
        }
    }
}

/// What was found, the newest of each kind first.
#[derive(Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct FoundView {
    orders: Vec<OrderFoundView>,
    customers: Vec<CustomerFoundView>,
    products: Vec<ProductFoundView>,
    /// Whether the register is whole; if not, more may be found soon.
    is_complete: bool,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct OrderFoundView {
    id: Id<OrderId>,
    number: u64,
    status: &'static str,
    email: String,
    name: String,
    total_price: Amount,
    currency: &'static str,
    created_at: Time,
}

impl OrderFoundView {
    fn of(order: &Order) -> OrderFoundView {
        OrderFoundView {
            id: Id(order.id),
            number: order.number,
            status: order.status.name(),
            email: order.customer.email.clone(),
            name: order.shipping_address.full_name.clone(),
            total_price: Amount(order.quote.total),
            currency: order.quote.currency.code(),
            created_at: Time(order.placed_at),
        }
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct CustomerFoundView {
    id: Id<UserId>,
    username: String,
    email: String,
    created_at: Time,
}

impl CustomerFoundView {
    fn of(user: &User) -> CustomerFoundView {
        CustomerFoundView {
            id: Id(user.id),
            username: user.username.clone(),
            email: user.email.clone(),
            created_at: Time(user.created_at),
        }
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ProductFoundView {
    id: Id<ProductId>,
    name: String,
    slug: String,
    skus: Vec<String>,
    price: Amount,
    is_active: bool,
}

impl ProductFoundView {
    fn of(product: &Product) -> ProductFoundView {
        let variants = product.variants_in_order();
        ProductFoundView {
            id: Id(product.id),
            name: product.name.clone(),
            slug: product.slug.clone(),
            skus: variants.iter().map(|variant| variant.sku.clone()).collect(),
            price: Amount(product.price),
            is_active: product.is_active,
        }
    }
}

/// How long a look-up waits for the register.
const WAIT_MAX: Duration = Duration::from_secs(5);
/// Entries of each kind.
const FOUND_MAX: u32 = 20;
const FOUND_USUAL: u32 = 5;
/// Text that is taken; only its beginning is read.
const TEXT_LETTERS_MAX: usize = 20_000;
/// Cards that one page of a list looks at.
const LOOKED_AT_MAX: usize = 2_000;
const AT_ONCE: usize = 256;
