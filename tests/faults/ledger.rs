//! Ledger: what the shop knows at the end, and whether orders, shelves and carts agree.
//!
//! A cart is emptied before its order is paid. Who cancels in the moment between, or while the disk
//! is full there, has cancelled a purchase that was made: money and goods go back as after a
//! payment, and the cart stays empty. So the shop is asked which orders emptied one.

use std::{collections::BTreeMap, net::SocketAddr};

use serde_json::Value;

use super::{
    buyers::Buyer,
    support::{
        till::{Till, units_in},
        wire::{Client, Request},
    },
};

/// Every order of the shop, by id, and every event of its carts.
pub struct Ledger {
    pub orders: BTreeMap<String, Value>,
    carts: Vec<Value>,
}

impl Ledger {
    pub fn read(till: &Till, at: SocketAddr) -> Ledger {
        let orders = till.orders(at).into_iter();
        let by_id = orders.map(|order| (order["id"].as_str().expect("an id").to_owned(), order));
        let orders = by_id.collect();
        let mut staff = Client::with_token(at, &till.admin);
        let (mut carts, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/v1/events?types=cart.*&limit=100{cursor}");
            let page = staff.ask(&Request::get(&path)).expect(200).body;
            carts.extend(page["data"].as_array().expect("a list").iter().cloned());
            let Some(next) = page["page"]["nextCursor"].as_str() else {
                return Ledger { orders, carts };
            };
            cursor = format!("&cursor={next}");
        }
    }

    /// One order a key, every unit where it belongs, every cart emptied once; or what is not so.
    pub fn balance(&self, till: &Till, at: SocketAddr, buyers: &[Buyer]) -> Result<(), String> {
        let wishes = buyers.iter().flat_map(Buyer::placed);
        let known = wishes.filter_map(|(_, reply)| reply.order());
        let there = self.orders.iter().filter(|(_, order)| !came_to_nothing(order));
        let (mut known, there): (Vec<String>, Vec<String>) =
            (known.collect(), there.map(|(id, _)| id.clone()).collect());
        known.sort_unstable();
        same("orders by key", &known, &there)?;
        for order in buyers.iter().flat_map(|buyer| buyer.made_of_cart(self)) {
            self.must_empty_a_cart_once(order)?;
        }
        for product in &till.products {
            let units = |status: &[&str]| -> u64 {
                let orders = self.orders.values();
                let in_it = orders.filter(|order| status.iter().any(|is| order["status"] == *is));
                in_it.map(|order| units_in(order, product)).sum()
            };
            let (on_hand, reserved) = till.shelf(at, product);
            let sold = units(&["PAID", "SHIPPED", "DELIVERED"]);
            same("units on the shelf and sold", &(on_hand + sold), &till.units)?;
            same("units reserved", &reserved, &units(&["PENDING"]))?;
            for buyer in buyers {
                let emptied = buyer.made_of_cart(self).filter(|order| self.emptied_by(order) > 0);
                let gone: u64 = emptied.map(|order| units_in(order, product)).sum();
                let left = buyer.left_in_cart(product, at);
                same("units put in a cart", &buyer.put_in(product), &(gone + left))?;
            }
        }
        Ok(())
    }

    /// A paid order emptied its cart; so did one that was cancelled on the last step to that, and
    /// all of its money went back. No other order did.
    fn must_empty_a_cart_once(&self, order: &Value) -> Result<(), String> {
        let payment = &order["payment"];
        let gave_all_back = order["status"] == "CANCELLED"
            && payment["amountCaptured"] == order["totalPrice"]
            && payment["amountRefunded"] == order["totalPrice"];
        match self.emptied_by(order) {
            0 if was_paid(order) => Err(format!("paid, and the cart is not emptied: {order}")),
            0 => Ok(()),
            1 if was_paid(order) || gave_all_back => Ok(()),
            times => Err(format!("the cart was emptied {times} times by {order}")),
        }
    }

    /// Whether an order was cancelled when its cart was emptied and it was not paid.
    pub fn was_made_unpaid(&self, order: &Value) -> bool {
        !was_paid(order) && self.emptied_by(order) > 0
    }

    /// How often an order emptied a cart.
    fn emptied_by(&self, order: &Value) -> usize {
        let bought = self.carts.iter().filter(|event| event["type"] == "cart.bought");
        bought.filter(|event| event["data"]["orderId"] == order["id"]).count()
    }

    /// Everything that is known, for whoever has to find out why it does not add up.
    pub fn tell(&self) {
        self.orders.values().for_each(|order| eprintln!("order {order}"));
        self.carts.iter().for_each(|event| eprintln!("cart {event}"));
    }
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, is: &T, must_be: &T) -> Result<(), String> {
    if is == must_be { Ok(()) } else { Err(format!("{what}: {is:?}, not {must_be:?}")) }
}

/// Goods or cart were gone: the key is free again, and such an order is only a trace.
fn came_to_nothing(order: &Value) -> bool {
    let reasons = ["out_of_stock", "cart_in_checkout"];
    reasons.iter().any(|reason| order["cancelReason"] == *reason)
}

/// Whether an order was ever paid.
pub fn was_paid(order: &Value) -> bool {
    order["timeline"].as_array().expect("a timeline").iter().any(|entry| entry["what"] == "paid")
}

/// Whether an order that was told to be here may be there now.
pub fn is_as_far(told: &Value, now: &Value) -> bool {
    match told.as_str() {
        Some("PENDING") => true,
        Some("PAID") => now == "PAID" || now == "CANCELLED",
        _ => told == now,
    }
}
