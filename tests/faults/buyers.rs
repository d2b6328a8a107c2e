//! Buyers: a crowd that shops, remembers every answer, and says at the end whether all of it holds.
//!
//! Nobody is told yes for something that is not there afterwards, and whoever heard nothing, or
//! that something failed, asks again under the same key and gets one effect.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::Path,
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::Duration,
};

use serde_json::Value;

use super::support::{
    dice::Dice,
    process::{Serving, verify},
    till::{Customer, Till, cancel, order_of, order_of_cart, put_in_cart, units_in},
    wire::{Client, Reply, Request},
};

/// Everybody who buys in one shop.
pub struct Crowd {
    pub till: Till,
    buyers: Vec<Buyer>,
}

impl Crowd {
    /// Buyers before the shelves of a new shop in this directory.
    pub fn before(dir: &Path, units: u64, dice: &mut Dice) -> Crowd {
        let till = Till::made_ready(dir, PRODUCTS, units, BUYERS);
        let customers = till.customers.iter().enumerate();
        let buyers =
            customers.map(|(number, customer)| Buyer::new(number, customer, dice.fork())).collect();
        Crowd { till, buyers }
    }

    /// They buy until a moment drawn from the dice; then `end` makes an end of it.
    pub fn buy_until<T>(&mut self, at: SocketAddr, dice: &mut Dice, end: impl FnOnce() -> T) -> T {
        let moment = Moment::drawn(dice);
        let (hits, hit) = channel();
        let sent = Requests { sent: AtomicU64::new(0), fatal: moment.request, hits };
        thread::scope(|scope| {
            for buyer in &mut self.buyers {
                let (till, sent) = (&self.till, &sent);
                scope.spawn(move || buyer.buy(at, till, sent));
            }
            moment.wait(&hit);
            end()
        })
    }

    /// They buy until each of them hears of a failure.
    pub fn buy_until_it_fails(&mut self, at: SocketAddr) {
        let (hits, _heard) = channel();
        let sent = Requests { sent: AtomicU64::new(0), fatal: 0, hits };
        thread::scope(|scope| {
            for buyer in &mut self.buyers {
                let (till, sent) = (&self.till, &sent);
                scope.spawn(move || buyer.buy(at, till, sent));
            }
        });
    }

    /// Starts the shop once more: every answer anybody got still holds, and the books balance.
    pub fn must_find_all_they_were_told(&mut self, dir: &Path) {
        let serving = Serving::start(dir);
        self.must_agree_with(serving.address);
        serving.stop();
        verify(dir);
    }

    /// The same in a shop that is open.
    pub fn must_agree_with(&mut self, at: SocketAddr) {
        for buyer in &mut self.buyers {
            buyer.hear_the_rest(at);
        }
        let ledger = Ledger::read(&self.till, at);
        self.buyers.iter().for_each(|buyer| buyer.must_agree_with(&ledger, at));
        // Asking again has driven on what was in doubt. What the shop itself drives on after a
        // start still moves between two of our reads, and comes to rest: then all of it agrees.
        let mut why = String::new();
        let balances = (0..READS_MAX).any(|_| {
            let balance = Ledger::read(&self.till, at).balance(&self.till, at, &self.buyers);
            balance.map_err(|said| why = said).is_ok()
        });
        assert!(balances, "it never balances: {why}");
        let ledger = Ledger::read(&self.till, at);
        let paid = ledger.orders.values().filter(|order| was_paid(order)).count();
        eprintln!("{} orders, {paid} of them paid", ledger.orders.len());
    }

    /// How many orders were acknowledged.
    pub fn acknowledged(&self) -> usize {
        self.buyers.iter().map(|buyer| buyer.placed().count()).sum()
    }
}

/// When a round ends: so long after the shop was sent its so-manieth request.
struct Moment {
    request: u64,
    later: Duration,
}

impl Moment {
    fn drawn(dice: &mut Dice) -> Moment {
        let later = Duration::from_micros(dice.among(0..=8_000));
        Moment { request: dice.among(1..=40), later }
    }

    fn wait(&self, hit: &Receiver<()>) {
        hit.recv_timeout(STUCK_AFTER).expect("the buyers buy");
        // Nobody sends anything more: this only lets the moment pass.
        assert!(hit.recv_timeout(self.later).is_err());
    }
}

/// How many requests were sent in a round, and who is told of the fatal one.
struct Requests {
    sent: AtomicU64,
    fatal: u64,
    hits: Sender<()>,
}

impl Requests {
    fn one_more(&self) {
        if self.sent.fetch_add(1, Ordering::SeqCst) + 1 == self.fatal {
            self.hits.send(()).expect("the round is waiting");
        }
    }
}

/// Somebody who buys, and remembers what was asked and answered.
struct Buyer {
    customer: Customer,
    name: usize,
    dice: Dice,
    asked: Vec<(Request, Option<Reply>)>,
}

impl Buyer {
    fn new(name: usize, customer: &Customer, dice: Dice) -> Buyer {
        Buyer { customer: customer.clone(), name, dice, asked: Vec::new() }
    }

    /// Buys until the shop is gone; what was not answered before is asked again first.
    fn buy(&mut self, at: SocketAddr, till: &Till, sent: &Requests) {
        let mut client = Client::with_token(at, &self.customer.token);
        loop {
            if self.asked.last().is_none_or(|(_, reply)| reply.is_some()) {
                let request = self.next_wish(till);
                self.asked.push((request, None));
            }
            let (request, reply) = self.asked.last_mut().expect("just asked");
            sent.one_more();
            match client.send(request) {
                Ok(answer) if answer.status < 500 => *reply = Some(answer),
                // A failure is no answer: nobody knows, so it is asked again.
                Ok(_) | Err(_) => return,
            }
        }
    }

    fn next_wish(&mut self, till: &Till) -> Request {
        let products: Vec<&str> = till.products.iter().map(String::as_str).collect();
        let (product, units) = (self.dice.one_of(&products), self.dice.among(1..=3));
        let token = self.dice.one_of(TOKENS);
        let wish = match self.dice.among(0..=9) {
            0..=2 => put_in_cart(product, units),
            3..=4 => order_of_cart(&self.customer, token),
            5..=7 => order_of(&self.customer, product, units, token),
            _ => match self.own_order() {
                Some(order) => cancel(&order),
                None => order_of(&self.customer, product, units, token),
            },
        };
        wish.under(format!("buyer {} wish {}", self.name, self.asked.len()))
    }

    fn own_order(&mut self) -> Option<String> {
        let orders: Vec<String> = self.placed().filter_map(|(_, reply)| reply.order()).collect();
        let orders: Vec<&str> = orders.iter().map(String::as_str).collect();
        (!orders.is_empty()).then(|| self.dice.one_of(&orders).to_owned())
    }

    /// Orders that came to something, if only to a declined card: their keys are theirs for good.
    fn placed(&self) -> impl Iterator<Item = (&Request, &Reply)> {
        let answered = self.asked.iter().filter_map(|(request, reply)| {
            Some((request, reply.as_ref()?)).filter(|_| request.path == "/v1/orders")
        });
        answered.filter(|(_, reply)| matches!(reply.status, 201 | 402))
    }

    /// Asks again for what the last kill left without an answer.
    fn hear_the_rest(&mut self, at: SocketAddr) {
        let mut client = Client::with_token(at, &self.customer.token);
        for (request, reply) in self.asked.iter_mut().filter(|(_, reply)| reply.is_none()) {
            *reply = Some(client.ask(request));
        }
    }

    /// Every answer still holds, and asking again under the same key has no second effect.
    fn must_agree_with(&self, ledger: &Ledger, at: SocketAddr) {
        let mut client = Client::with_token(at, &self.customer.token);
        for (request, reply) in self.placed() {
            let id = reply.order().expect("an order");
            let kept = ledger.orders.get(&id).unwrap_or_else(|| panic!("{id} is lost"));
            if reply.status == 201 {
                assert_eq!(kept["totalPrice"], reply.data()["totalPrice"]);
                assert_eq!(kept["number"], reply.data()["number"]);
                assert_eq!(kept["items"], reply.data()["items"]);
                assert!(is_as_far(&reply.data()["status"], &kept["status"]), "{id}: {kept}");
            } else {
                assert_eq!(kept["status"], "CANCELLED", "{}", reply.body);
            }
            let again = client.ask(request);
            assert_eq!(again.order().as_deref(), Some(id.as_str()), "{}", again.body);
        }
        for (request, reply) in &self.asked {
            let reply = reply.as_ref().expect("everything was answered");
            assert!(reply.status < 500, "{request:?}: {}", reply.body);
            if reply.status < 300 && request.path.ends_with("/cancel") {
                let id = reply.order().expect("an order");
                assert_eq!(ledger.orders[&id]["status"], "CANCELLED");
            }
        }
    }

    /// Units of a product that this buyer ever put into the cart.
    fn put_in(&self, product: &str) -> u64 {
        let put = self.asked.iter().filter(|(request, reply)| {
            let done = reply.as_ref().is_some_and(|reply| reply.status < 300);
            done && request.path == "/v1/cart/addtocart"
        });
        let bodies = put.filter_map(|(request, _)| request.body.as_ref());
        let of_it = bodies.filter(|body| body["productId"] == product);
        of_it.filter_map(|body| body["quantity"].as_u64()).sum()
    }

    /// Units of a product in the orders this buyer made of the cart and paid.
    fn bought_from_cart(&self, product: &str, ledger: &Ledger) -> u64 {
        let of_cart = self.placed().filter(|(request, _)| {
            request.body.as_ref().is_some_and(|body| body.get("items").is_none())
        });
        let orders = of_cart.filter_map(|(_, reply)| ledger.orders.get(&reply.order()?));
        orders.filter(|order| was_paid(order)).map(|order| units_in(order, product)).sum()
    }

    fn left_in_cart(&self, product: &str, at: SocketAddr) -> u64 {
        let cart = Client::with_token(at, &self.customer.token)
            .ask(&Request::get("/v1/cart/getcart"))
            .expect(200);
        units_in(cart.data(), product)
    }
}

/// Every order of the shop, by id.
struct Ledger {
    orders: BTreeMap<String, Value>,
}

impl Ledger {
    fn read(till: &Till, at: SocketAddr) -> Ledger {
        let orders = till.orders(at).into_iter();
        let by_id = orders.map(|order| (order["id"].as_str().expect("an id").to_owned(), order));
        Ledger { orders: by_id.collect() }
    }

    /// One order a key, every unit where it belongs, every cart consumed once; or what is not so.
    fn balance(&self, till: &Till, at: SocketAddr, buyers: &[Buyer]) -> Result<(), String> {
        let wishes = buyers.iter().flat_map(Buyer::placed);
        let known = wishes.filter_map(|(_, reply)| reply.order());
        let there = self.orders.iter().filter(|(_, order)| !came_to_nothing(order));
        let (mut known, there): (Vec<String>, Vec<String>) =
            (known.collect(), there.map(|(id, _)| id.clone()).collect());
        known.sort_unstable();
        same("orders by key", &known, &there)?;
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
                let gone = buyer.bought_from_cart(product, self);
                let left = buyer.left_in_cart(product, at);
                same("units put in a cart", &buyer.put_in(product), &(gone + left))?;
            }
        }
        Ok(())
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
fn is_as_far(told: &Value, now: &Value) -> bool {
    match told.as_str() {
        Some("PENDING") => true,
        Some("PAID") => now == "PAID" || now == "CANCELLED",
        _ => told == now,
    }
}

/// What is paid with: mostly money, sometimes not.
const TOKENS: &[&str] = &[
    "pm_card_visa",
    "pm_card_visa",
    "pm_card_visa",
    "pm_card_visa_chargeDeclinedInsufficientFunds",
    "pm_demo_unknown",
    "pm_card_authenticationRequired",
];
const BUYERS: usize = 4;
const PRODUCTS: usize = 3;
const STUCK_AFTER: Duration = Duration::from_secs(60);
/// A shop that has not come to rest by then never does.
const READS_MAX: usize = 50;
