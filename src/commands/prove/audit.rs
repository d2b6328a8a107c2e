//! Audit: what buyers were told, against what the shop says in the end.
//!
//! Pure: reads answers and says what does not agree. Knows nothing of how either came about.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Violation, buyer::Asked};

/// What the shop says itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Books {
    pub orders: Vec<Value>,
    pub shelves: Vec<Shelf>,
    /// Each buyer's cart.
    pub carts: Vec<Value>,
}

/// Where the units of a product are.
#[derive(Clone, Debug)]
pub(super) struct Shelf {
    pub product: String,
    /// Units that were put there.
    pub received: u64,
    pub on_hand: u64,
    pub reserved: u64,
}

/// How often what happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub requests: u64,
    pub paid: u64,
    pub waiting: u64,
    pub declined: u64,
    pub cancelled: u64,
    pub without_goods: u64,
    pub units_received: u64,
    pub units_gone: u64,
}

/// Compares everything once the shop is at rest, and counts.
///
/// # Errors
/// The first thing that does not agree.
pub(super) fn audit(books: &Books, buyers: &[&[Asked]]) -> Result<Tally, Violation> {
    nothing_is_lost(&books.orders, buyers)?;
    each_key_made_one_order(&books.orders, buyers)?;
    books.shelves.iter().try_for_each(|shelf| every_unit_is_somewhere(shelf, &books.orders))?;
    books.orders.iter().try_for_each(money_moved_once)?;
    for (cart, asked) in books.carts.iter().zip(buyers) {
        for shelf in &books.shelves {
            a_cart_is_consumed_once(&shelf.product, cart, asked, &books.orders)?;
        }
    }
    Ok(tally(books, buyers))
}

/// Every order that a buyer was told of is there, as it was told; what was cancelled stays so.
pub(super) fn nothing_is_lost(orders: &[Value], buyers: &[&[Asked]]) -> Result<(), Violation> {
    let by_id = by_id(orders);
    for asked in buyers.iter().flat_map(|buyer| buyer.iter()) {
        if let Some((_, reply, id)) = asked.placed() {
            let kept = by_id.get(id).ok_or_else(|| lost(id, "is not there"))?;
            let told = reply.data();
            let same = |name: &str| kept[name] == told[name];
            if reply.status == 402 && kept["status"] != "CANCELLED" {
                return Err(lost(id, "was declined, and is not cancelled"));
            }
            if reply.status == 201 && !["number", "items", "totalPrice"].into_iter().all(same) {
                return Err(lost(id, "is not what the buyer was told"));
            }
            if reply.status == 201 && !is_as_far(&told["status"], &kept["status"]) {
                return Err(lost(id, "was further when the buyer was told"));
            }
        }
        let Some(reply) = asked.reply.as_ref().filter(|reply| reply.status < 300) else { continue };
        if asked.request.path.ends_with("/cancel") {
            let id = reply.order().unwrap_or_default();
            let kept = by_id.get(id).ok_or_else(|| lost(id, "is not there"))?;
            if kept["status"] != "CANCELLED" {
                return Err(lost(id, "was cancelled, and is not"));
            }
        }
    }
    Ok(())
}

/// Two keys never share an order, and no order is there for which nobody asked.
fn each_key_made_one_order(orders: &[Value], buyers: &[&[Asked]]) -> Result<(), Violation> {
    let mut told = BTreeSet::new();
    for (request, _, order) in
        buyers.iter().flat_map(|buyer| buyer.iter()).filter_map(Asked::placed)
    {
        if !told.insert(order) {
            let key = request.key.as_deref().unwrap_or_default();
            return Err(Violation(format!("order {order} answers `{key}` and another key too")));
        }
    }
    for (id, order) in by_id(orders) {
        if !came_to_nothing(order) && !told.contains(id) {
            return Err(Violation(format!("order {id} is there, and no buyer was told of it")));
        }
    }
    Ok(())
}

/// On the shelf, in a parcel, or waiting for its money: nowhere twice, and nowhere else.
fn every_unit_is_somewhere(shelf: &Shelf, orders: &[Value]) -> Result<(), Violation> {
    let Shelf { product, received, on_hand, reserved } = shelf;
    let sold = units_in(orders, product, &["PAID", "SHIPPED", "DELIVERED"]);
    let waiting = units_in(orders, product, &["PENDING"]);
    if sold + waiting > *received {
        return Err(Violation(format!(
            "OVERSOLD: {sold} units of product {product} are sold and {waiting} promised, of \
             {received} that there were"
        )));
    }
    if on_hand + sold != *received {
        return Err(Violation(format!(
            "of {received} units of product {product}, {sold} are sold and {on_hand} on hand"
        )));
    }
    if *reserved != waiting {
        return Err(Violation(format!(
            "{reserved} units of product {product} are reserved, and orders wait for {waiting}"
        )));
    }
    Ok(())
}

/// Paid is paid once and whole; what came to nothing has all its money back.
fn money_moved_once(order: &Value) -> Result<(), Violation> {
    let payment = &order["payment"];
    let (total, captured) = (&order["totalPrice"], &payment["amountCaptured"]);
    let refunded = &payment["amountRefunded"];
    let is_nothing = |amount: &Value| amount.is_null() || amount.as_f64() == Some(0.0);
    let wrong = match order["status"].as_str() {
        Some("PAID" | "SHIPPED" | "DELIVERED") if captured != total => "is paid, but not its total",
        Some("PAID" | "SHIPPED" | "DELIVERED") if !is_nothing(refunded) => {
            "was refunded, and nobody asked for it"
        }
        Some("CANCELLED") if !is_nothing(captured) && captured != refunded => {
            "is cancelled, and its money was kept"
        }
        Some("PENDING") if !is_nothing(captured) => "waits for money that was taken",
        Some(_) => return Ok(()),
        None => "has no status",
    };
    Err(Violation(format!("order {} {wrong}: total {total}, payment {payment}", order["id"])))
}

/// What was put into a cart is in it still, or in one order that was paid.
fn a_cart_is_consumed_once(
    product: &str,
    cart: &Value,
    asked: &[Asked],
    orders: &[Value],
) -> Result<(), Violation> {
    let by_id = by_id(orders);
    let body_of = |asked: &Asked| asked.request.body.clone().unwrap_or_default();
    let done = |asked: &&Asked| asked.reply.as_ref().is_some_and(|reply| reply.status < 300);
    let put: u64 = asked
        .iter()
        .filter(done)
        .filter(|asked| asked.request.path == "/v1/cart/addtocart")
        .map(body_of)
        .filter(|body| body["productId"] == product)
        .filter_map(|body| body["quantity"].as_u64())
        .sum();
    let of_cart = asked.iter().filter(|asked| body_of(asked).get("items").is_none());
    let bought: u64 = of_cart
        .filter_map(Asked::placed)
        .filter_map(|(_, _, id)| by_id.get(id))
        .filter(|order| was_paid(order))
        .map(|order| units_of(order, product))
        .sum();
    let left = units_of(cart, product);
    if put == bought + left {
        return Ok(());
    }
    Err(Violation(format!(
        "of {put} units of product {product} put into a cart, {bought} were bought from it and \
         {left} are left in it"
    )))
}

fn tally(books: &Books, buyers: &[&[Asked]]) -> Tally {
    let orders = |so: &dyn Fn(&Value) -> bool| {
        u64::try_from(books.orders.iter().filter(|order| so(order)).count()).unwrap_or(u64::MAX)
    };
    let because = |why: &'static str| move |order: &Value| order["cancelReason"] == why;
    let all = buyers.iter().map(|asked| u64::try_from(asked.len()).unwrap_or(u64::MAX)).sum();
    Tally {
        requests: all,
        paid: orders(&|order| order["status"] == "PAID"),
        waiting: orders(&|order| order["status"] == "PENDING"),
        declined: orders(&because("payment_declined")),
        cancelled: orders(&because("customer")),
        without_goods: orders(&came_to_nothing),
        units_received: books.shelves.iter().map(|shelf| shelf.received).sum(),
        units_gone: books
            .shelves
            .iter()
            .map(|shelf| (shelf.received + shelf.reserved).saturating_sub(shelf.on_hand))
            .sum(),
    }
}

fn by_id(orders: &[Value]) -> BTreeMap<&str, &Value> {
    orders.iter().filter_map(|order| Some((order["id"].as_str()?, order))).collect()
}

fn units_in(orders: &[Value], product: &str, status: &[&str]) -> u64 {
    let of_it = orders.iter().filter(|order| status.iter().any(|is| order["status"] == *is));
    of_it.map(|order| units_of(order, product)).sum()
}

/// Units of a product in an order or a cart.
fn units_of(order: &Value, product: &str) -> u64 {
    let items = order["items"].as_array().into_iter().flatten();
    let of_it = items.filter(|item| item["productId"] == product);
    of_it.filter_map(|item| item["quantity"].as_u64()).sum()
}

/// Goods or cart were gone: the key is free again, and such an order is only a trace.
fn came_to_nothing(order: &Value) -> bool {
    ["out_of_stock", "cart_in_checkout"].iter().any(|reason| order["cancelReason"] == *reason)
}

fn was_paid(order: &Value) -> bool {
    let timeline = order["timeline"].as_array();
    timeline.into_iter().flatten().any(|entry| entry["what"] == "paid")
}

/// Whether an order that was told to be here may be there now.
fn is_as_far(told: &Value, now: &Value) -> bool {
    match told.as_str() {
        Some("PENDING") => true,
        Some("PAID") => now == "PAID" || now == "CANCELLED",
        _ => told == now,
    }
}

fn lost(order: &str, what: &str) -> Violation {
    Violation(format!("order {order} {what}"))
}

#[cfg(test)]
mod tests;
