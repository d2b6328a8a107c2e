//! Killed: the real binary dies at each commit of what follows a charge: a capture, a void, a
//! payment page that was paid, a letter that was kept and not followed, a refund tried again.
//!
//! Wherever it died, the same requests under the same keys end the same way, and the double's
//! books are the shop's.

use std::{
    fs, io,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

use serde_json::{Value, json};

use crate::{
    binary::{
        files::copy,
        patience::until,
        process::{DEMO, Serving, verify},
        till::{Till, cancel, order_of},
        wire::{Client, Reply, Request},
    },
    double::{Delivery, SECRET_KEY, Stripe, Taken, WEBHOOK_SECRET},
};

#[test]
fn every_step_after_a_charge_ends_the_same_whichever_commit_was_never_written() {
    dies_at_each("before_write", 1);
}

#[test]
fn every_step_after_a_charge_ends_the_same_whichever_commit_was_never_answered() {
    dies_at_each("after_sync", 3);
}

/// Tells the story once for each commit, or each so many, in a shop that dies there, until it lives
/// through it.
fn dies_at_each(stop: &str, step: u64) {
    let room = tempfile::tempdir().expect("a temporary directory");
    let ready = room.path().join("ready");
    let till = Till::made_ready(&ready, 1, UNITS, 1);
    let (next, survived) = (AtomicU64::new(1), AtomicU64::new(u64::MAX));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let passage = next.fetch_add(step, Ordering::SeqCst);
                    if passage > survived.load(Ordering::SeqCst) {
                        return;
                    }
                    let dir = room.path().join(passage.to_string());
                    copy(&ready, &dir);
                    let story = Story::begun(&till, &dir, format!("{stop}:{passage}"));
                    if !story.is_told_in_spite_of_it() {
                        survived.fetch_min(passage, Ordering::SeqCst);
                    }
                    fs::remove_dir_all(&dir).expect("our own directory");
                }
            });
        }
    });
    let survived = survived.into_inner();
    eprintln!("died at commits up to {survived}, each {step} ({stop})");
    assert!(survived > COMMITS_MIN, "the fault was ordered and did not come: {survived}");
}

/// Four orders on money that is set aside, and what becomes of them.
struct Story<'t> {
    till: &'t Till,
    dir: &'t Path,
    stripe: Stripe,
    fault: String,
}

/// The four: sent, cancelled, paid on a page, and sent with a refund.
struct Orders([String; 4]);

impl<'t> Story<'t> {
    fn begun(till: &'t Till, dir: &'t Path, fault: String) -> Story<'t> {
        Story { till, dir, stripe: Stripe::open(), fault }
    }

    /// Whether the shop died on the way; in any case all ends well.
    fn is_told_in_spite_of_it(&self) -> bool {
        let died = match Serving::try_start(self.dir, &self.environment(Some(&self.fault))) {
            Err(ended) => {
                assert_eq!(ended.code, None, "it dies on order, it does not refuse: {ended:?}");
                true
            }
            Ok(serving) => {
                let told = self.tell(&serving);
                match &told {
                    Ok(_) => serving.kill(),
                    Err(_) => assert_eq!(serving.end().code, None, "it dies on order"),
                }
                told.is_err()
            }
        };
        let serving = Serving::start_with(self.dir, &self.environment(None));
        let orders = self.tell(&serving).unwrap_or_else(|why| panic!("{}: {why}", self.fault));
        self.must_end_well(&serving, &orders);
        serving.stop();
        verify(self.dir);
        died
    }

    fn environment<'a>(&'a self, fault: Option<&'a String>) -> Vec<(&'a str, &'a str)> {
        // Settings of a test live as long as the test.
        let base: &'static str = Box::leak(self.stripe.base_url().into_boxed_str());
        let secrets: &'static str = Box::leak(format!("[\"{WEBHOOK_SECRET}\"]").into_boxed_str());
        let mut environment: Vec<(&str, &str)> =
            DEMO.iter().copied().filter(|(name, _)| !name.ends_with("GATEWAY")).collect();
        environment.extend([
            ("BODEGA_PAYMENTS__GATEWAY", "stripe"),
            ("BODEGA_PAYMENTS__CAPTURE", "manual"),
            ("BODEGA_PAYMENTS__STRIPE__SECRET_KEY", SECRET_KEY),
            ("BODEGA_PAYMENTS__STRIPE__WEBHOOK_SECRETS", secrets),
            ("BODEGA_PAYMENTS__STRIPE__BASE_URL", base),
        ]);
        environment.extend(fault.map(|fault| ("BODEGA_FAULT", fault.as_str())));
        environment
    }

    /// Tells it from the beginning, under the same keys.
    fn tell(&self, serving: &Serving) -> io::Result<Orders> {
        self.stripe.tells(Delivery { to: Some(serving.address), ..Delivery::default() });
        let (sent, cancelled) =
            (self.buys(serving, "pm_card_visa", "a")?, self.buys(serving, "pm_card_visa", "b")?);
        self.asks(serving, &ship(&sent), "ship a")?;
        let customer = &self.till.customers[0];
        let mut ada = Client::with_token(serving.address, &customer.token);
        granted(ada.send(&cancel(&cancelled).under("cancel b"))?, "cancel b");
        let on_a_page = self.buys(serving, "checkout", "c")?;
        self.stripe.ledger(|ledger| {
            let is_it = |form: &std::collections::BTreeMap<String, String>| {
                form.get("metadata[order_id]") == Some(&on_a_page)
            };
            let open = ledger.sessions.iter().filter(|(_, session)| session.status == "open");
            let page =
                open.filter(|(_, page)| is_it(&page.form)).map(|(id, _)| id.clone()).next_back();
            if let Some(page) = page {
                ledger.pay_session(&page, "pm_card_visa");
            }
        });
        self.sees(serving, &on_a_page, |order| order["waitingFor"] == "shipment")?;
        let refunded = self.buys(serving, "pm_card_refundFail", "d")?;
        self.asks(serving, &ship(&refunded), "ship d")?;
        let refund = format!("/v1/orders/{refunded}/refunds");
        // Refused at once, or sent back a moment later: which of both the bank decides.
        self.asks(serving, &Request::post(&refund, json!({ "amount": "1.00" })), "refund d")?;
        let has_ended = |order: &Value| {
            let refund = &order["refunds"][0]["status"];
            refund == "failed" || (refund == "succeeded" && self.is_well_again(&refunded))
        };
        let order = self.sees(serving, &refunded, has_ended)?;
        self.becomes_well_again(&refunded);
        let id = order["refunds"][0]["id"].as_str().expect("an id");
        self.asks(serving, &Request::post(&format!("{refund}/{id}/retry"), json!({})), "again d")?;
        Ok(Orders([sent, cancelled, on_a_page, refunded]))
    }

    fn buys(&self, serving: &Serving, token: &str, key: &str) -> io::Result<String> {
        let customer = &self.till.customers[0];
        let mut ada = Client::with_token(serving.address, &customer.token);
        let wish = order_of(customer, &self.till.products[0], 1, token).under(key);
        let reply = granted(ada.send(&wish)?, key);
        Ok(reply.order().expect("an order"))
    }

    /// Staff ask for something, and look at what became of it later.
    fn asks(&self, serving: &Serving, request: &Request, key: &str) -> io::Result<()> {
        let mut staff = Client::with_token(serving.address, &self.till.admin);
        let reply = staff.send(&request.clone().under(key))?;
        // A refund that the bank refuses is told as one.
        assert!(reply.status < 300 || reply.status == 402, "{}: {key}: {}", self.fault, reply.body);
        Ok(())
    }

    /// Waits until the order is as wanted.
    fn sees(
        &self,
        serving: &Serving,
        order: &str,
        is_so: impl Fn(&Value) -> bool,
    ) -> io::Result<Value> {
        let mut staff = Client::with_token(serving.address, &self.till.admin);
        let path = format!("/v1/orders/{order}");
        until(&self.fault, || match staff.send(&Request::get(&path)) {
            Ok(reply) => {
                let seen = granted(reply, order).data().clone();
                is_so(&seen).then_some(Ok(seen))
            }
            Err(died) => Some(Err(died)),
        })
    }

    fn must_end_well(&self, serving: &Serving, Orders(orders): &Orders) {
        let ends = [
            ("SHIPPED captured", "nothing"),
            ("CANCELLED voided", "nothing"),
            ("PENDING authorised", "shipment"),
            ("SHIPPED captured", "nothing"),
        ];
        for (order, (end, waits)) in orders.iter().zip(ends) {
            let told = |order: &Value| {
                let word = |value: &Value| value.as_str().unwrap_or("nothing").to_owned();
                let (status, paid) = (word(&order["status"]), word(&order["payment"]["status"]));
                (format!("{status} {paid}"), word(&order["waitingFor"]))
            };
            let is_so = |order: &Value| told(order) == (end.to_owned(), waits.to_owned());
            self.sees(serving, order, is_so).expect("it lives");
        }
        let gone = |order: &Value| order["payment"]["amountRefunded"] == 1.0;
        let shown = self.sees(serving, &orders[3], gone).expect("it lives");
        let total = shown["totalPrice"].to_string().replace('.', "").parse().expect("an amount");
        let nothing = Taken::default();
        let taken = Taken { charges: 1, taken: total, ..nothing };
        let theirs = |order: &String| self.stripe.ledger(|ledger| ledger.of_order(order));
        assert_eq!(theirs(&orders[0]), taken, "{}", self.fault);
        assert_eq!(theirs(&orders[1]), nothing, "{}", self.fault);
        assert_eq!(theirs(&orders[2]), Taken { set_aside: total, ..nothing }, "{}", self.fault);
        assert_eq!(theirs(&orders[3]), Taken { refunded: 100, ..taken }, "{}", self.fault);
    }

    /// The bank takes refunds of this order from now on.
    fn becomes_well_again(&self, order: &str) {
        self.stripe.ledger(|ledger| {
            let mut all = ledger.intents.values_mut();
            let intent = all.find(|i| i.metadata["order_id"] == order && i.received > 0);
            intent.expect("an intent").method = Some("pm_card_visa".to_owned());
        });
    }

    fn is_well_again(&self, order: &str) -> bool {
        self.stripe.ledger(|ledger| {
            let mut all = ledger.intents.values();
            let is_visa = |method: &Option<String>| method.as_deref() == Some("pm_card_visa");
            all.any(|i| i.metadata["order_id"] == order && i.received > 0 && is_visa(&i.method))
        })
    }
}

#[track_caller]
fn granted(reply: Reply, what: &str) -> Reply {
    assert!(reply.status < 300, "{what}: {}", reply.body);
    reply
}

fn ship(order: &str) -> Request {
    let path = format!("/v1/orders/{order}/status");
    let body = Some(json!({ "status": "SHIPPED" }));
    Request { body, ..Request::patch(&path) }
}

const UNITS: u64 = 40;
const THREADS: usize = 2;
/// The story has more commits than this, however well they are batched.
const COMMITS_MIN: u64 = 20;
