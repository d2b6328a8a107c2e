//! Buyers: a crowd that shops, remembers every answer, and says at the end whether all of it holds.
//!
//! Nobody is told yes for something that is not there afterwards, and whoever heard nothing, or
//! that something failed, asks again under the same key and gets one effect.

use std::{
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

use super::{
    ledger::{Ledger, is_as_far, was_paid},
    support::{
        dice::Dice,
        patience::thinks,
        process::{Serving, verify},
        till::{Customer, Till, cancel, order_of, order_of_cart, put_in_cart, units_in},
        wire::{Client, Reply, Request},
    },
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
        let ledger = self.come_to_rest(at);
        let paid = ledger.orders.values().filter(|order| was_paid(order)).count();
        let between = ledger.orders.values().filter(|order| ledger.was_made_unpaid(order)).count();
        let orders = ledger.orders.len();
        eprintln!("{orders} orders, {paid} paid, {between} cancelled just before");
    }

    /// Asking again has driven on what was in doubt. What the shop itself drives on after a start
    /// still moves between two of our reads, and comes to rest: then all of it agrees.
    fn come_to_rest(&self, at: SocketAddr) -> Ledger {
        let mut why = String::new();
        for _ in 0..LOOKS_MAX {
            let ledger = Ledger::read(&self.till, at);
            match ledger.balance(&self.till, at, &self.buyers) {
                Ok(()) => return ledger,
                Err(said) => why = said,
            }
            thinks();
        }
        let ledger = Ledger::read(&self.till, at);
        self.buyers.iter().for_each(|buyer| buyer.tell(at));
        ledger.tell();
        panic!("it never balances: {why}");
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
pub struct Buyer {
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
    pub fn placed(&self) -> impl Iterator<Item = (&Request, &Reply)> {
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
    pub fn put_in(&self, product: &str) -> u64 {
        let put = self.asked.iter().filter(|(request, reply)| {
            let done = reply.as_ref().is_some_and(|reply| reply.status < 300);
            done && request.path == "/v1/cart/addtocart"
        });
        let bodies = put.filter_map(|(request, _)| request.body.as_ref());
        let of_it = bodies.filter(|body| body["productId"] == product);
        of_it.filter_map(|body| body["quantity"].as_u64()).sum()
    }

    /// The orders this buyer made of the cart, as they are now.
    pub fn made_of_cart<'l>(&'l self, ledger: &'l Ledger) -> impl Iterator<Item = &'l Value> {
        let of_cart = self.placed().filter(|(request, _)| {
            request.body.as_ref().is_some_and(|body| body.get("items").is_none())
        });
        of_cart.filter_map(|(_, reply)| ledger.orders.get(&reply.order()?))
    }

    pub fn left_in_cart(&self, product: &str, at: SocketAddr) -> u64 {
        units_in(self.cart(at).data(), product)
    }

    fn cart(&self, at: SocketAddr) -> Reply {
        let mut client = Client::with_token(at, &self.customer.token);
        client.ask(&Request::get("/v1/cart/getcart")).expect(200)
    }

    /// Everything this buyer asked and heard, and what is in the cart: for whoever has to find out
    /// why it does not add up.
    fn tell(&self, at: SocketAddr) {
        eprintln!("buyer {}", self.name);
        for (Request { method, path, key, body }, reply) in &self.asked {
            let asked = body.as_ref().map(Value::to_string).unwrap_or_default();
            let heard = reply.as_ref().map(|reply| {
                let data = if reply.data().is_null() { &reply.body } else { reply.data() };
                let parts = ["id", "status", "code", "detail", "orderId", "cancelReason"];
                let parts = parts.map(|part| (part, &data[part]));
                let told: Vec<_> = parts.iter().filter(|(_, value)| !value.is_null()).collect();
                format!("{} {told:?} replayed: {}", reply.status, reply.replayed)
            });
            eprintln!("  {key:?}: {method} {path} {asked}\n    {}", heard.unwrap_or_default());
        }
        eprintln!("  the cart: {}", self.cart(at).body);
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
/// A shop that has not come to rest by then never does: it looks at what is unfinished twice a
/// minute, and these looks take more than one.
const LOOKS_MAX: usize = 3_000;
