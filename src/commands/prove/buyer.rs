//! Buyer: somebody who buys by dice, and remembers what was asked and answered.

use fastrand::Rng;
use serde_json::{Value, json};

use super::{
    Violation,
    market::{Customer, Market},
};
use crate::commands::client::{Client, Reply, Request, Unheard};

/// A request, and what was heard of it.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub request: Request,
    pub reply: Option<Reply>,
}

/// Somebody who buys.
#[derive(Debug)]
pub(super) struct Buyer {
    number: usize,
    customer: Customer,
    dice: Rng,
    /// Everything that was asked, in order.
    pub asked: Vec<Asked>,
    /// How often something was asked again under the same key.
    pub repeated: u64,
    /// How often something had to be asked again, because no answer came.
    pub unanswered: u64,
}

/// Why a buyer stops.
#[derive(Debug)]
pub(super) enum Stops {
    /// No answer came: the shop is gone.
    Unheard(Unheard),
    /// The shop says that something in it failed.
    Fault(Violation),
    /// The shop did what it may not do.
    Violated(Violation),
}

impl Asked {
    /// The order that this request made, if it is known to have come to something: such a key is
    /// spent for good. What was refused for want of goods is free to be tried again.
    pub fn placed(&self) -> Option<(&Request, &Reply, &str)> {
        let reply = self.reply.as_ref().filter(|reply| is_effect(reply))?;
        let order = reply.order().filter(|_| self.request.path == ORDERS)?;
        Some((&self.request, reply, order))
    }
}

impl Buyer {
    /// Everybody at a market, each with dice of their own.
    pub fn all(market: &Market, dice: &mut Rng) -> Vec<Buyer> {
        let customers = market.customers.iter().cloned().enumerate();
        customers
            .map(|(number, customer)| {
                let dice = dice.fork();
                Buyer { number, customer, dice, asked: Vec::new(), repeated: 0, unanswered: 0 }
            })
            .collect()
    }

    /// Does one thing, and asks until it is answered.
    pub async fn does_something(
        &mut self,
        market: &Market,
        stranger: &Client,
    ) -> Result<(), Stops> {
        self.hears_of_what_was_lost(stranger).await?;
        let client = stranger.with_token(&self.customer.token);
        match self.dice.u32(0..10) {
            0 => self.asks_again(&client).await,
            1 => self.asks_twice_at_once(market, &client).await,
            _ => {
                self.wishes(market);
                self.hears_the_rest(&client).await
            }
        }
    }

    /// Asks again for what was never answered, by a shop that is gone.
    pub async fn hears_of_what_was_lost(&mut self, stranger: &Client) -> Result<(), Stops> {
        let lost = self.asked.iter().filter(|asked| asked.reply.is_none()).count();
        self.unanswered += u64::try_from(lost).unwrap_or(u64::MAX);
        let client = stranger.with_token(&self.customer.token);
        self.hears_the_rest(&client).await
    }

    /// Sends what was noted and has no answer yet.
    async fn hears_the_rest(&mut self, client: &Client) -> Result<(), Stops> {
        for asked in self.asked.iter_mut().filter(|asked| asked.reply.is_none()) {
            asked.reply = Some(heard(client, &asked.request).await?);
        }
        Ok(())
    }

    /// Sends something that came to an order again: it must be that order, once.
    async fn asks_again(&mut self, client: &Client) -> Result<(), Stops> {
        let placed: Vec<usize> =
            (0..self.asked.len()).filter(|at| self.asked[*at].placed().is_some()).collect();
        let Some(at) = self.dice.choice(placed) else { return Ok(()) };
        let Some((request, _, order)) = self.asked[at].placed() else { return Ok(()) };
        let again = heard(client, request).await?;
        same_order(order, &again)?;
        self.repeated += 1;
        Ok(())
    }

    /// Sends one request twice at the same moment: one effect, and nobody hears of two.
    async fn asks_twice_at_once(&mut self, market: &Market, client: &Client) -> Result<(), Stops> {
        self.wishes(market);
        let Some(asked) = self.asked.last_mut() else { return Ok(()) };
        let (first, second) =
            futures_util::future::join(client.send(&asked.request), client.send(&asked.request))
                .await;
        let mut answers = vec![first.map_err(Stops::Unheard)?, second.map_err(Stops::Unheard)?];
        self.repeated += 1;
        answers.retain(|reply| !is_busy(reply) && !in_flight(reply));
        // What was refused had no effect, and its key was free for the other.
        answers.sort_by_key(|reply| !is_effect(reply));
        let mut answers = answers.into_iter();
        asked.reply = answers.next();
        self.hears_the_rest(client).await?;
        match (self.asked.last().and_then(Asked::placed), answers.next()) {
            (Some((_, _, order)), Some(other)) if is_effect(&other) => same_order(order, &other),
            (Some(_) | None, _) => Ok(()),
        }
    }

    /// Decides what to do next, and notes it before it is sent.
    fn wishes(&mut self, market: &Market) {
        let product = self.dice.choice(&market.products).map_or("", String::as_str);
        let (units, card) = (self.dice.u32(1..=3), self.dice.choice(CARDS).copied());
        let items = json!([{ "productId": product, "quantity": units }]);
        let request = match (self.dice.u32(0..10), self.own_order()) {
            (0..=1, _) => {
                let body = json!({ "productId": product, "quantity": units });
                Request::post("/v1/cart/addtocart", body)
            }
            (2..=3, _) => self.order(None, card),
            (4..=5, Some(order)) => Request::patch(format!("{ORDERS}/{order}/cancel")),
            (4..=5, None) | (6.., _) => self.order(Some(items), card),
        };
        let key = format!("buyer {} wish {}", self.number, self.asked.len());
        self.asked.push(Asked { request: request.under(key), reply: None });
    }

    fn order(&self, items: Option<Value>, card: Option<&str>) -> Request {
        let mut body = json!({
            "shippingAddressId": self.customer.address, "charge": { "paymentMethodId": card },
        });
        if let Some(items) = items {
            body["items"] = items;
        }
        Request::post(ORDERS, body)
    }

    fn own_order(&mut self) -> Option<String> {
        let orders: Vec<&str> =
            self.asked.iter().filter_map(Asked::placed).map(|(_, _, order)| order).collect();
        self.dice.choice(orders).map(str::to_owned)
    }
}

/// Sends a request until it is neither busy nor under way; a fault is a violation.
async fn heard(client: &Client, request: &Request) -> Result<Reply, Stops> {
    for _ in 0..TRIES_MAX {
        let reply = client.send(request).await.map_err(Stops::Unheard)?;
        if is_busy(&reply) || in_flight(&reply) {
            tokio::time::sleep(PATIENCE).await;
            continue;
        }
        if reply.status >= 500 {
            return Err(Stops::Fault(Violation(format!(
                "{} was answered with a fault: {} {}",
                request.path, reply.status, reply.text
            ))));
        }
        return Ok(reply);
    }
    Err(Stops::Violated(Violation(format!("{} is busy for ever", request.path))))
}

fn same_order(order: &str, again: &Reply) -> Result<(), Stops> {
    if again.order() == Some(order) {
        return Ok(());
    }
    Err(Stops::Violated(Violation(format!(
        "asking again under the key of order {order} gave {} {}",
        again.status, again.text
    ))))
}

/// Something was done, or a card was declined: the key is spent.
fn is_effect(reply: &Reply) -> bool {
    reply.status < 300 || reply.status == 402
}

fn is_busy(reply: &Reply) -> bool {
    reply.status == 503
}

fn in_flight(reply: &Reply) -> bool {
    reply.body["code"] == "idempotency_key_in_flight"
}

/// What is paid with: mostly money, sometimes not; some answers are lost on the way.
const CARDS: &[&str] = &[
    "pm_card_visa",
    "pm_card_visa",
    "pm_card_visa",
    "pm_card_visa",
    "pm_card_visa_chargeDeclinedInsufficientFunds",
    "pm_demo_unknown",
    "pm_demo_unknown_declined",
    "pm_card_authenticationRequired",
];
/// Where orders are placed.
pub(super) const ORDERS: &str = "/v1/orders";
/// Tries of a request that finds the shop busy, with a moment in between.
const TRIES_MAX: u32 = 600;
const PATIENCE: std::time::Duration = std::time::Duration::from_millis(50);
