//! The ledger: intents, refunds, payment pages, disputes and events, as a bank would keep them.
//!
//! Invariant: an intent takes money once; what goes back never exceeds what was taken. It is what
//! a shop's books are compared with.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::faults::seed_of;

/// Everything the double knows.
#[derive(Default)]
pub struct Ledger {
    pub intents: BTreeMap<String, Intent>,
    pub refunds: BTreeMap<String, Refund>,
    pub sessions: BTreeMap<String, Session>,
    /// What shoppers do on payment pages over these amounts.
    pub shoppers: BTreeMap<i64, Shopper>,
    /// Events in their order, and whether each was delivered.
    pub events: Vec<(Value, bool)>,
    /// The first answer under each key: path and parameters, status, body.
    pub keys: BTreeMap<String, Kept>,
    pub calls: u64,
    /// The `traceparent` of the last call, if it had one.
    pub parent: Option<String>,
    count: u64,
}

#[derive(Clone, Debug)]
pub struct Kept {
    pub asked: String,
    /// Nothing while it is being worked on.
    pub answer: Option<(u16, Value)>,
}

#[derive(Clone, Debug)]
pub struct Intent {
    pub amount: i64,
    pub currency: String,
    pub method: Option<String>,
    pub is_manual: bool,
    pub metadata: Value,
    pub status: &'static str,
    pub received: i64,
    pub refunded: i64,
    /// How often money was taken: once at most, or the double is wrong.
    pub taken: u32,
    pub error: Value,
    pub created: i64,
}

#[derive(Clone, Debug)]
pub struct Refund {
    pub intent: String,
    pub amount: i64,
    pub status: &'static str,
    pub metadata: Value,
    pub created: i64,
}

#[derive(Clone, Debug)]
pub struct Session {
    pub intent: Option<String>,
    pub form: BTreeMap<String, String>,
    pub status: &'static str,
    pub created: i64,
    /// Whether the shop was told of it: before, nobody knows its address.
    pub told: bool,
    /// How often the shop has asked about it.
    pub asked: u32,
}

impl Session {
    fn price(&self, name: &str) -> Option<&String> {
        self.form.get(&format!("line_items[0][price_data][{name}]"))
    }

    fn amount(&self) -> i64 {
        self.price("unit_amount").and_then(|amount| amount.parse().ok()).unwrap_or(0)
    }
}

/// Somebody on a payment page, whose turns come between the calls of the shop.
#[derive(Clone, Debug, Default)]
pub struct Shopper {
    /// The schedule it belongs to.
    pub seed: u64,
    /// After how many calls about the page what is done there, in each tab.
    pub deeds: Vec<(u32, OnPage)>,
}

/// What is done on a payment page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnPage {
    /// A card is typed in; by what it does.
    Types(&'static str),
    /// Nobody comes any more, and its time is over.
    Expires,
}

/// What was taken for an order, and what went back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    pub charges: u32,
    pub taken: i64,
    pub set_aside: i64,
    pub refunded: i64,
}

/// An answer: a status and a body.
pub type Answer = (u16, Value);
pub type Form = BTreeMap<String, String>;

impl Ledger {
    /// What the books say of an order.
    pub fn of_order(&self, order: &str) -> Taken {
        let mut sum = Taken::default();
        for intent in self.intents.values().filter(|intent| intent.metadata["order_id"] == order) {
            sum.charges += intent.taken;
            sum.taken += intent.received;
            sum.refunded += intent.refunded;
            sum.set_aside += if intent.status == "requires_capture" { intent.amount } else { 0 };
        }
        sum
    }

    /// The seed of the schedule that a call belongs to.
    pub fn seed(&self, path: &str, form: &Form) -> Option<u64> {
        let named = form.get("payment_method").map(String::as_str);
        let intent = form.get("payment_intent").map(String::as_str);
        let page = path.split('/').find_map(|part| self.sessions.get(part));
        let amount = page.map(Session::amount).or_else(|| {
            form.get("line_items[0][price_data][unit_amount]").and_then(|text| text.parse().ok())
        });
        if let Some(amount) = amount {
            return self.shoppers.get(&amount).map(|shopper| shopper.seed);
        }
        let in_path = path.split('/').find(|part| part.starts_with("pi_"));
        let refund = path.split('/').find_map(|part| self.refunds.get(part));
        let intent = intent.or(in_path).or(refund.map(|refund| refund.intent.as_str()));
        let of_intent = || self.intents.get(intent?)?.method.as_deref();
        seed_of(named.or_else(of_intent)?)
    }

    /// A call about a payment page comes in, and perhaps it is a shopper's turn just now.
    pub fn notices(&mut self, path: &str) {
        let named = path.split('/').find_map(|part| self.sessions.get_key_value(part));
        let Some((id, _)) = named.filter(|(_, session)| session.told) else { return };
        let id = id.clone();
        let session = self.sessions.get_mut(&id).expect("a session");
        session.asked += 1;
        let asked = session.asked;
        self.shoppers_turn(&id, asked);
    }

    /// An answer about a payment page goes out whole: from here on its address is known.
    pub fn tells_of(&mut self, answer: &Value) {
        let Some(session) = answer["id"].as_str().and_then(|id| self.sessions.get_mut(id)) else {
            return;
        };
        let is_first = !std::mem::replace(&mut session.told, true);
        if let (true, Some(id)) = (is_first, answer["id"].as_str()) {
            self.shoppers_turn(id, 0);
        }
    }

    fn shoppers_turn(&mut self, id: &str, asked: u32) {
        let Some(shopper) = self.shoppers.get(&self.sessions[id].amount()).cloned() else { return };
        for (_, deed) in shopper.deeds.iter().filter(|(after, _)| *after == asked) {
            match deed {
                OnPage::Types(card) => {
                    self.pay_session(id, &format!("pm_s{}_{card}", shopper.seed));
                }
                OnPage::Expires => drop(self.expire_session(id)),
            }
        }
    }

    pub fn post(&mut self, path: &str, form: &Form) -> Answer {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        match parts[..] {
            ["v1", "payment_intents"] => self.create(form),
            ["v1", "payment_intents", id, "confirm"] => self.confirm(id),
            ["v1", "payment_intents", id, "capture"] => self.capture(id, form),
            ["v1", "payment_intents", id, "cancel"] => self.cancel(id),
            ["v1", "refunds"] => self.refund(form),
            ["v1", "checkout", "sessions"] => self.open_session(form),
            ["v1", "checkout", "sessions", id, "expire"] => self.expire_session(id),
            _ => missing("url"),
        }
    }

    pub fn get(&self, path: &str, query: &Form) -> Answer {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        match parts[..] {
            ["v1", "payment_intents"] => {
                let all = self.intents.iter().map(|(id, i)| (id.as_str(), i.created));
                listed(path, query, all, |id| self.intent(id))
            }
            ["v1", "payment_intents", id] if self.intents.contains_key(id) => {
                (200, self.intent(id))
            }
            ["v1", "refunds"] => {
                let of = query.get("payment_intent");
                let all = self.refunds.iter().filter(|(_, r)| of.is_none_or(|of| *of == r.intent));
                let all = all.map(|(id, r)| (id.as_str(), r.created));
                listed(path, query, all, |id| self.refund_view(id))
            }
            ["v1", "payment_methods", id] => match behaviour(id) {
                // All methods that behave alike are made of one card.
                Some(card) => {
                    let card = json!({ "brand": "visa", "fingerprint": format!("fp_{card}") });
                    let kind = "payment_method";
                    (200, json!({ "id": id, "object": kind, "type": "card", "card": card }))
                }
                None => missing("payment_method"),
            },
            ["v1", "refunds", id] if self.refunds.contains_key(id) => (200, self.refund_view(id)),
            ["v1", "checkout", "sessions", id] if self.sessions.contains_key(id) => {
                (200, self.session(id))
            }
            ["v1", "events"] => {
                let undelivered = query.get("delivery_success").is_some_and(|is| is == "false");
                let all = self.events.iter().filter(|(_, done)| !undelivered || !done);
                let text = |event: &Value| event["id"].as_str().expect("an id").to_owned();
                let known: BTreeMap<_, _> = all.map(|(event, _)| (text(event), event)).collect();
                let at = |event: &Value| event["created"].as_i64().expect("a time");
                let all = known.iter().map(|(id, event)| (id.as_str(), at(event)));
                listed(path, query, all, |id| known[id].clone())
            }
            _ => missing("id"),
        }
    }

    fn create(&mut self, form: &Form) -> Answer {
        let word = |name: &str| form.get(name).cloned().unwrap_or_default();
        let Some(amount) = word("amount").parse::<i64>().ok().filter(|amount| *amount > 0) else {
            return invalid("parameter_invalid_integer", "amount");
        };
        let method = word("payment_method");
        if !method.is_empty() && behaviour(&method).is_none() {
            return invalid("resource_missing", "payment_method");
        }
        let id = self.name("pi");
        let status = if method.is_empty() { NO_METHOD } else { "requires_confirmation" };
        let intent = Intent {
            amount,
            currency: word("currency"),
            method: Some(method).filter(|method| !method.is_empty()),
            is_manual: word("capture_method") == "manual",
            metadata: metadata_of(form, "metadata["),
            status,
            received: 0,
            refunded: 0,
            taken: 0,
            error: Value::Null,
            created: now(),
        };
        self.intents.insert(id.clone(), intent);
        self.tell("payment_intent.created", self.intent(&id));
        (200, self.intent(&id))
    }

    fn confirm(&mut self, id: &str) -> Answer {
        let Some(intent) = self.intents.get(id) else { return missing("intent") };
        if intent.status != "requires_confirmation" {
            return unexpected(self.intent(id));
        }
        let behaviour = behaviour(intent.method.as_deref().unwrap_or_default()).unwrap_or("visa");
        match behaviour {
            "3ds" | "3dsThenDeclined" => self.become_status(id, "requires_action"),
            "later" => self.become_status(id, "processing"),
            "visa" | "createDispute" | "refundFail" => self.take(id),
            code => return self.decline(id, code),
        }
        (200, self.intent(id))
    }

    /// The customer answers the bank's question, or what was at work ends.
    pub fn finish(&mut self, id: &str, is_well: bool) {
        let Some(intent) = self.intents.get(id) else { return };
        if !matches!(intent.status, "requires_action" | "processing") {
            return;
        }
        let declines = intent.method.as_deref().and_then(behaviour) == Some("3dsThenDeclined");
        if is_well && !declines {
            self.take(id);
        } else {
            let code = if declines { "insufficient_funds" } else { NOT_AUTHENTICATED };
            self.decline(id, code);
        }
    }

    fn take(&mut self, id: &str) {
        let intent = self.intents.get_mut(id).expect("an intent");
        if intent.is_manual {
            self.become_status(id, "requires_capture");
            return;
        }
        let amount = intent.amount;
        self.receive(id, amount);
        let disputes =
            self.intents[id].method.as_deref().and_then(behaviour) == Some("createDispute");
        if disputes {
            self.dispute(id, "needs_response");
        }
    }

    fn receive(&mut self, id: &str, amount: i64) {
        let intent = self.intents.get_mut(id).expect("an intent");
        intent.taken += 1;
        intent.received += amount;
        assert_eq!(intent.taken, 1, "the double took an intent twice");
        self.become_status(id, "succeeded");
    }

    /// A cardholder disputes a charge, or the bank goes on with it.
    pub fn dispute(&mut self, id: &str, status: &str) {
        let intent = &self.intents[id];
        let object = json!({
            "id": format!("dp_of_{id}"), "object": "dispute", "amount": intent.amount,
            "currency": intent.currency, "payment_intent": id, "charge": format!("ch_of_{id}"),
            "reason": "fraudulent", "status": status,
            "evidence_details": { "due_by": now() + 700_000, "has_evidence": false },
        });
        let kind = if status == "needs_response" { "created" } else { "closed" };
        self.tell(&format!("charge.dispute.{kind}"), object);
    }

    fn decline(&mut self, id: &str, code: &str) -> Answer {
        let code = code.to_owned();
        let intent = self.intents.get_mut(id).expect("an intent");
        intent.status = NO_METHOD;
        let own = ["expired_card", "incorrect_cvc", "processing_error", NOT_AUTHENTICATED];
        intent.error = match own.contains(&code.as_str()) {
            true => json!({ "type": "card_error", "code": code, "message": "No." }),
            false => json!({
                "type": "card_error", "code": "card_declined", "decline_code": code,
                "message": "Your card was declined.",
            }),
        };
        let error = intent.error.clone();
        self.tell("payment_intent.payment_failed", self.intent(id));
        (402, json!({ "error": error }))
    }

    fn capture(&mut self, id: &str, form: &Form) -> Answer {
        let Some(intent) = self.intents.get(id) else { return missing("intent") };
        if intent.status != "requires_capture" {
            return unexpected(self.intent(id));
        }
        let asked = form.get("amount_to_capture").and_then(|amount| amount.parse().ok());
        let amount: i64 = asked.unwrap_or(intent.amount);
        if amount > intent.amount || amount <= 0 {
            return invalid("amount_too_large", "amount_to_capture");
        }
        self.receive(id, amount);
        (200, self.intent(id))
    }

    fn cancel(&mut self, id: &str) -> Answer {
        let Some(intent) = self.intents.get(id) else { return missing("intent") };
        if matches!(intent.status, "succeeded" | "canceled" | "processing") {
            return unexpected(self.intent(id));
        }
        self.become_status(id, "canceled");
        (200, self.intent(id))
    }

    /// What was set aside is not any more: its days are over, or the bank took it back.
    pub fn lapse(&mut self, id: &str) {
        if self.intents.get(id).is_some_and(|intent| intent.status == "requires_capture") {
            self.become_status(id, "canceled");
        }
    }

    fn refund(&mut self, form: &Form) -> Answer {
        let id = form.get("payment_intent").cloned().unwrap_or_default();
        let Some(intent) = self.intents.get_mut(&id) else { return missing("payment_intent") };
        let left = intent.received - intent.refunded;
        let amount = form.get("amount").and_then(|amount| amount.parse().ok()).unwrap_or(left);
        if left == 0 && intent.received > 0 {
            return invalid("charge_already_refunded", "payment_intent");
        }
        if amount <= 0 || amount > left {
            return invalid("amount_too_large", "amount");
        }
        let fails = intent.method.as_deref().and_then(behaviour) == Some("refundFail");
        intent.refunded += amount;
        let name = self.name("re");
        let refund = Refund {
            intent: id.clone(),
            amount,
            status: if fails { "pending" } else { "succeeded" },
            metadata: metadata_of(form, "metadata["),
            created: now(),
        };
        self.refunds.insert(name.clone(), refund);
        let answer = (200, self.refund_view(&name));
        self.tell("charge.refunded", self.charge_view(&id));
        if fails {
            self.fail_refund(&name);
        }
        answer
    }

    /// The bank sends a refund back.
    pub fn fail_refund(&mut self, name: &str) {
        let refund = self.refunds.get_mut(name).expect("a refund");
        refund.status = "failed";
        let (intent, amount) = (refund.intent.clone(), refund.amount);
        self.intents.get_mut(&intent).expect("an intent").refunded -= amount;
        self.tell("refund.failed", self.refund_view(name));
    }

    fn open_session(&mut self, form: &Form) -> Answer {
        let id = self.name("cs_test");
        let (form, created) = (form.clone(), now());
        let session =
            Session { intent: None, form, status: "open", created, told: false, asked: 0 };
        self.sessions.insert(id.clone(), session);
        (200, self.session(&id))
    }

    fn expire_session(&mut self, id: &str) -> Answer {
        let Some(session) = self.sessions.get_mut(id) else { return missing("session") };
        if session.status != "open" {
            return invalid("resource_missing", "session");
        }
        session.status = "expired";
        if let Some(intent) = session.intent.clone() {
            self.become_status(&intent, "canceled");
        }
        let view = self.session(id);
        self.tell("checkout.session.expired", view.clone());
        (200, view)
    }

    /// The customer types a card into a payment page; whether money may be on its way. A page
    /// that is paid or over takes none.
    pub fn pay_session(&mut self, id: &str, method: &str) -> bool {
        if self.sessions[id].status != "open" {
            return false;
        }
        let intent = self.intent_of_session(id, method);
        let _declined = self.confirm(&intent);
        // What the bank asks is asked on the page, and nothing is over before it is answered.
        self.finish_asked(&intent);
        let status = self.intents[&intent].status;
        let is_well = matches!(status, "succeeded" | "requires_capture" | "processing");
        if is_well {
            self.sessions.get_mut(id).expect("a session").status = "complete";
            self.tell("checkout.session.completed", self.session(id));
        }
        is_well
    }

    /// The one intent of a payment page, to be paid by this card.
    fn intent_of_session(&mut self, id: &str, method: &str) -> String {
        if let Some(known) = self.sessions[id].intent.clone() {
            let intent = self.intents.get_mut(&known).expect("an intent");
            intent.method = Some(method.to_owned());
            (intent.status, intent.error) = ("requires_confirmation", Value::Null);
            return known;
        }
        let session = &self.sessions[id];
        let rest_of = |name: &str| {
            name.strip_prefix("payment_intent_data[metadata]").map(|rest| format!("metadata{rest}"))
        };
        let named = session.form.iter();
        let named = named.filter_map(|(name, value)| Some((rest_of(name)?, value.clone())));
        let mut asked: Form = named.collect();
        let word = |name: &str| session.form.get(name).cloned().unwrap_or_default();
        let price = |name: &str| session.price(name).cloned().unwrap_or_default();
        asked.insert("amount".to_owned(), price("unit_amount"));
        asked.insert("currency".to_owned(), price("currency"));
        asked.insert("payment_method".to_owned(), method.to_owned());
        asked.insert("capture_method".to_owned(), word("payment_intent_data[capture_method]"));
        let (_, made) = self.create(&asked);
        let intent = made["id"].as_str().expect("an intent").to_owned();
        self.sessions.get_mut(id).expect("a session").intent = Some(intent.clone());
        intent
    }

    fn finish_asked(&mut self, intent: &str) {
        if self.intents[intent].status == "requires_action" {
            self.finish(intent, true);
        }
    }

    fn become_status(&mut self, id: &str, status: &'static str) {
        self.intents.get_mut(id).expect("an intent").status = status;
        let kind = match status {
            "succeeded" => "succeeded",
            "canceled" => "canceled",
            "processing" => "processing",
            "requires_capture" => "amount_capturable_updated",
            _ => "requires_action",
        };
        self.tell(&format!("payment_intent.{kind}"), self.intent(id));
    }

    /// Writes an event, to be delivered.
    pub fn tell(&mut self, kind: &str, object: Value) {
        let id = self.name("evt");
        let event = json!({
            "id": id, "object": "event", "api_version": "2026-10-28.endive", "type": kind,
            "created": now(), "livemode": false, "pending_webhooks": 1,
            "request": { "id": null, "idempotency_key": null },
            "data": { "object": object },
        });
        self.events.push((event, false));
    }

    fn intent(&self, id: &str) -> Value {
        let intent = &self.intents[id];
        let action = json!({
            "type": "use_stripe_sdk", "use_stripe_sdk": { "type": "three_d_secure_redirect" },
        });
        let is_held = intent.status == "requires_capture";
        let capturable = if is_held { intent.amount } else { 0 };
        let was_charged = intent.received > 0 || is_held;
        json!({
            "id": id, "object": "payment_intent", "amount": intent.amount,
            "amount_capturable": capturable,
            "amount_received": intent.received, "currency": intent.currency,
            "capture_method": if intent.is_manual { "manual" } else { "automatic" },
            "client_secret": format!("{id}_secret_x"), "confirmation_method": "automatic",
            "created": intent.created, "livemode": false, "metadata": intent.metadata,
            "payment_method": intent.method, "payment_method_types": ["card"],
            "status": intent.status, "last_payment_error": intent.error,
            "next_action": if intent.status == "requires_action" { action } else { Value::Null },
            "latest_charge": if was_charged { self.charge_view(id) } else { Value::Null },
            "a_field_of_next_year": { "x": [1] },
        })
    }

    fn charge_view(&self, intent: &str) -> Value {
        let known = &self.intents[intent];
        json!({
            "id": format!("ch_of_{intent}"), "object": "charge", "amount": known.amount,
            "amount_captured": known.received, "amount_refunded": known.refunded,
            "captured": known.received > 0, "currency": known.currency,
            "payment_intent": intent, "metadata": known.metadata, "status": "succeeded",
            "refunded": known.refunded > 0 && known.refunded == known.received,
            "payment_method_details": {
                "type": "card", "card": { "capture_before": known.created + 604_800 },
            },
        })
    }

    fn refund_view(&self, id: &str) -> Value {
        let refund = &self.refunds[id];
        let reason = (refund.status == "failed").then_some("expired_or_canceled_card");
        json!({
            "id": id, "object": "refund", "amount": refund.amount,
            "charge": format!("ch_of_{}", refund.intent), "payment_intent": refund.intent,
            "currency": self.intents[&refund.intent].currency, "created": refund.created,
            "metadata": refund.metadata, "status": refund.status, "failure_reason": reason,
        })
    }

    fn session(&self, id: &str) -> Value {
        let session = &self.sessions[id];
        let is_open = session.status == "open";
        let paid = session.intent.as_ref().is_some_and(|intent| self.intents[intent].received > 0);
        json!({
            "id": id, "object": "checkout.session", "mode": "payment", "status": session.status,
            "amount_total": session.amount(), "currency": session.price("currency"),
            "created": session.created, "payment_status": if paid { "paid" } else { "unpaid" },
            "payment_intent": session.intent.as_ref().map(|intent| self.intent(intent)),
            "metadata": metadata_of(&session.form, "metadata["), "livemode": false,
            "url": is_open.then(|| format!("https://checkout.stripe.com/c/pay/{id}")),
        })
    }

    fn name(&mut self, prefix: &str) -> String {
        self.count += 1;
        format!("{prefix}_{:010}", self.count)
    }
}

/// What a payment method does, by its name: Stripe's published ones, and `pm_s<seed>_…`.
pub fn behaviour(method: &str) -> Option<&'static str> {
    let own = method.strip_prefix("pm_s").and_then(|rest| rest.split_once('_'));
    let name = own.map(|(_, name)| name).or_else(|| method.strip_prefix("pm_card_"))?;
    let known = [
        ("visa", "visa"),
        ("visa_debit", "visa"),
        ("mastercard", "visa"),
        ("amex", "visa"),
        ("bypassPending", "visa"),
        ("createDispute", "createDispute"),
        ("refundFail", "refundFail"),
        ("visa_chargeDeclined", "generic_decline"),
        ("chargeDeclined", "generic_decline"),
        ("chargeCustomerFail", "generic_decline"),
        ("visa_chargeDeclinedInsufficientFunds", "insufficient_funds"),
        ("visa_chargeDeclinedLostCard", "lost_card"),
        ("visa_chargeDeclinedStolenCard", "stolen_card"),
        ("chargeDeclinedExpiredCard", "expired_card"),
        ("chargeDeclinedIncorrectCvc", "incorrect_cvc"),
        ("chargeDeclinedProcessingError", "processing_error"),
        ("authenticationRequired", "3ds"),
        ("authenticationRequiredOnSetup", "3ds"),
        ("threeDSecure2Required", "3ds"),
        ("authenticationRequiredChargeDeclinedInsufficientFunds", "3dsThenDeclined"),
        ("later", "later"),
    ];
    known.iter().find(|(known, _)| *known == name).map(|(_, does)| *does)
}

fn listed<'a>(
    path: &str,
    query: &Form,
    all: impl Iterator<Item = (&'a str, i64)>,
    show: impl Fn(&str) -> Value,
) -> Answer {
    let limit = query.get("limit").and_then(|limit| limit.parse().ok()).unwrap_or(10_usize);
    let since = query.get("created[gte]").and_then(|since| since.parse().ok());
    let mut ids: Vec<&str> = all
        .filter(|(_, at)| since.is_none_or(|since: i64| *at >= since))
        .map(|(id, _)| id)
        .collect();
    ids.sort_unstable();
    ids.reverse();
    let after = query.get("starting_after");
    let begin =
        after.map_or(0, |after| ids.iter().position(|id| id == after).map_or(0, |at| at + 1));
    let page: Vec<Value> = ids.iter().skip(begin).take(limit).map(|id| show(id)).collect();
    let has_more = ids.len() > begin + page.len();
    (200, json!({ "object": "list", "url": path, "has_more": has_more, "data": page }))
}

fn metadata_of(form: &Form, prefix: &str) -> Value {
    let entry = |(name, value): (&String, &String)| {
        let name = name.strip_prefix(prefix)?.strip_suffix(']')?;
        Some((name.to_owned(), json!(value)))
    };
    Value::Object(form.iter().filter_map(entry).collect())
}

fn invalid(code: &str, param: &str) -> Answer {
    let message = format!("Invalid {param}.");
    let kind = "invalid_request_error";
    (400, json!({ "error": { "type": kind, "code": code, "param": param, "message": message } }))
}

fn missing(param: &str) -> Answer {
    (404, invalid("resource_missing", param).1)
}

fn unexpected(intent: Value) -> Answer {
    let mut body = invalid("payment_intent_unexpected_state", "intent").1;
    body["error"]["payment_intent"] = intent;
    (400, body)
}

/// Seconds since 1970.
#[expect(clippy::disallowed_methods, reason = "the double is the outside world")]
pub fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(since.expect("after 1970").as_secs()).expect("a time")
}

const NO_METHOD: &str = "requires_payment_method";
const NOT_AUTHENTICATED: &str = "payment_intent_authentication_failure";
