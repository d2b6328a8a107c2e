//! The world: two orders with their payments, holds and carts, one ledger, and the bank.
//!
//! Invariant of the model: an act writes at most one frame or makes at most one call, so that
//! everything may happen between any two of them. Frames are durable in their order; what a crash
//! takes is what is only remembered: what was asked, what stood in the way, and a call under way.

use std::{
    collections::hash_map::DefaultHasher,
    hash::{Hash, Hasher},
    ops::Deref,
    sync::Arc,
};

use bodega::domain::{
    aggregate::Aggregate,
    carts::{Cart, CartEvent},
    checkout::{Asked, ClaimFact, Facts, HoldFact, Obstacle, Step, next},
    demo_charge::{DemoCommand, DemoState},
    ids::{CartId, HoldId, Identity, LineId, OrderId, PaymentId, ProductId, RefundId, VariantId},
    inventory::{self, Decided, Hold, HoldFor, HoldState, Ledger, StockRefusal},
    money::{Currency, Money},
    orders::{
        Awaited, CancelReason, Cancellation, CustomerContact, Order, OrderEvent, OrderRefusal,
        OrderStatus, PaymentMethod, Placed, ShippingAddress,
    },
    payments::{Capture, Charge, GatewayOutcome, GatewayStep, PayState, Payment, RefundExtent},
    pricing::{PricedItem, Terms, quote},
    quantity::Quantity,
    time::{Stamp, Timestamp},
};

use super::bank::{Bank, charge_command};

/// What a check is about.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    pub units: u32,
    /// Both orders are of one cart, or each is of its own.
    pub one_cart: bool,
    pub tokens: [&'static str; 2],
    /// What may happen to each one's calls.
    pub lines: [&'static [Line]; 2],
    pub without: Option<Without>,
}

/// A precaution that is taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Without {
    Key,
    Reservation,
    Claim,
    WriteBeforeCall,
}

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Line {
    Answers,
    LosesAnswer,
    LosesRequest,
    /// The request of a charge arrives when nobody waits any more.
    Late,
}

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    /// The process of an order takes its next step, up to a call.
    Step(usize),
    /// The call of an order is made.
    Call(usize, Line),
    /// A late request arrives at the bank.
    Arrives(usize),
    /// The bank tells what it knows, as a webhook does.
    News(usize),
    /// The customer confirms at the bank, or does not.
    Confirms(usize),
    Refuses(usize),
    /// The customer cancels.
    Cancels(usize),
    /// A process that waits is begun anew, as every minute.
    Again(usize),
    /// Time to pay is over.
    Expires,
    /// The shop dies and starts again.
    Crash,
}

/// An aggregate: cheap to clone, and hashed once a change.
#[derive(Clone, Debug)]
pub struct Kept<A>(Arc<A>, u64);

impl<A: Aggregate> Kept<A> {
    fn of(state: A) -> Kept<A> {
        let mut hasher = DefaultHasher::new();
        serde_json::to_vec(&state).expect("JSON").hash(&mut hasher);
        Kept(Arc::new(state), hasher.finish())
    }

    /// Takes events in, as the keeper does.
    pub fn happen(&mut self, events: &[A::Event]) {
        if !events.is_empty() {
            let mut state = A::clone(&self.0);
            events.iter().for_each(|event| state.apply(event, &Stamp::default()));
            *self = Kept::of(state);
        }
    }
}

impl<A: Aggregate> Default for Kept<A> {
    fn default() -> Kept<A> {
        Kept::of(A::default())
    }
}

impl<A> Deref for Kept<A> {
    type Target = A;
    fn deref(&self) -> &A {
        &self.0
    }
}

impl<A> PartialEq for Kept<A> {
    fn eq(&self, other: &Kept<A>) -> bool {
        self.1 == other.1
    }
}

impl<A> Eq for Kept<A> {}

impl<A> Hash for Kept<A> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.1.hash(hasher);
    }
}

/// One order and all that belongs to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Purchase {
    order: Kept<Order>,
    payment: Kept<Payment>,
    hold: Kept<Hold>,
    bank: Bank,
    /// A request for the charge that is still on its way.
    late: bool,
    asked: Asked,
    obstacle: Option<Obstacle>,
    /// The call that is to be made; everything before it is durable.
    calling: Option<Step>,
    /// Without the write before the call: what would have been written.
    unwritten: Option<Kept<Payment>>,
    /// Without the claim: the cart was not asked.
    believes_in_claim: bool,
}

/// Everything.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct World {
    purchases: [Purchase; 2],
    carts: [Kept<Cart>; 2],
    ledger: Kept<Ledger>,
    expired: bool,
    one_cart: bool,
}

impl World {
    /// Both orders are placed; nothing else has happened.
    pub fn placed(setting: &Setting) -> World {
        let mut ledger = Kept::<Ledger>::default();
        let opened = ledger.open(ProductId::default(), variant(), "TEA", setting.units);
        ledger.happen(&opened.expect("opened"));
        let mut cart = Kept::<Cart>::default();
        cart.happen(&cart.open(None).expect("a cart"));
        let put = cart.put(ProductId::default(), variant(), one(), setting.units);
        cart.happen(&put.expect("it is there"));
        let version = cart.version_of_lines;
        let purchase = |number: usize| {
            let from = if setting.one_cart { 0 } else { number };
            Purchase::placed(number, setting.tokens[number], (cart_id(from), version))
        };
        World {
            purchases: [purchase(0), purchase(1)],
            carts: [cart.clone(), cart],
            ledger,
            expired: false,
            one_cart: setting.one_cart,
        }
    }

    /// All that can happen now.
    pub fn acts(&self, setting: &Setting, acts: &mut Vec<Act>) {
        for (at, purchase) in self.purchases.iter().enumerate() {
            match purchase.calling {
                Some(step) => {
                    let charges = self.asks_for_charge(at, step);
                    let may = |line: &&Line| charges || **line != Line::Late;
                    acts.extend(
                        setting.lines[at].iter().filter(may).map(|line| Act::Call(at, *line)),
                    );
                }
                None if matches!(self.next(at), Step::Wait(_) | Step::Finished) => {
                    acts.push(Act::Again(at));
                }
                None => acts.push(Act::Step(at)),
            }
            if purchase.late {
                acts.push(Act::Arrives(at));
            }
            let key = purchase.payment.key(GatewayStep::Charge);
            match purchase.bank.state(&key) {
                DemoState::NeedsAction => {
                    acts.extend([Act::Confirms(at), Act::Refuses(at), Act::News(at)]);
                }
                DemoState::Unasked => {}
                DemoState::Processing
                | DemoState::Authorised
                | DemoState::Captured
                | DemoState::Declined { .. }
                | DemoState::Voided => acts.push(Act::News(at)),
            }
            if matches!(purchase.order.status, OrderStatus::Pending | OrderStatus::Paid) {
                acts.push(Act::Cancels(at));
            }
        }
        if !self.expired {
            acts.push(Act::Expires);
        }
        acts.push(Act::Crash);
    }

    /// The world after something happened.
    pub fn after(&self, act: Act, setting: &Setting) -> World {
        let mut world = self.clone();
        match act {
            Act::Step(at) => world.steps(at, setting),
            Act::Call(at, line) => world.calls(at, line, setting),
            Act::Arrives(at) => world.purchases[at].arrives(),
            Act::News(at) => world.purchases[at].hears_news(),
            Act::Confirms(at) => world.purchases[at].at_bank(&DemoCommand::Confirm),
            Act::Refuses(at) => world.purchases[at].at_bank(&DemoCommand::Fail),
            Act::Cancels(at) => world.purchases[at].cancelled(CancelReason::Customer),
            Act::Again(at) => world.purchases[at].forgets(),
            Act::Expires => world.expired = true,
            Act::Crash => world.purchases.iter_mut().for_each(Purchase::dies),
        }
        world
    }

    fn next(&self, at: usize) -> Step {
        next(&self.facts(at))
    }

    fn facts(&self, at: usize) -> Facts {
        let purchase = &self.purchases[at];
        let (order, cart) = (&purchase.order, &self.carts[self.cart_of(at)]);
        let mut claim = ClaimFact::of(cart, order.id);
        if claim == ClaimFact::Unclaimed && purchase.believes_in_claim {
            claim = ClaimFact::Claimed;
        }
        let back = (order.status == OrderStatus::Cancelled)
            .then(|| order.units_back(None).values().sum::<u32>());
        let hold = HoldFact::of(&purchase.hold, back);
        let now = if self.expired { HOLD_UNTIL } else { Timestamp::default() };
        let payment = purchase.unwritten.as_ref().unwrap_or(&purchase.payment);
        let facts = Facts::observe(order, payment, claim, hold, now);
        Facts { asked: purchase.asked, obstacle: purchase.obstacle, ..facts }
    }

    fn cart_of(&self, at: usize) -> usize {
        if self.one_cart { 0 } else { at }
    }

    /// Takes the next step: one frame, after which a call may be due.
    fn steps(&mut self, at: usize, setting: &Setting) {
        let step = self.next(at);
        self.purchases[at].asked = self.purchases[at].asked.after(step);
        match step {
            Step::ClaimCart => self.claims(at, setting),
            Step::ConsumeCart => self.consumes(at),
            Step::ReleaseCart => {
                let (cart, order) = (self.cart_of(at), self.purchases[at].order.id);
                self.purchases[at].believes_in_claim = false;
                let events = self.carts[cart].release(order).expect("released");
                self.carts[cart].happen(&events);
            }
            Step::ReserveStock => self.reserves(at, setting),
            Step::CommitStock => self.moves(at, inventory::commit),
            Step::ReleaseStock => {
                let order = self.purchases[at].order.id;
                self.moves(at, |ledger, id, hold| inventory::release(ledger, id, hold, order));
            }
            Step::ReturnStock => {
                self.moves(at, |ledger, id, hold| inventory::restock(ledger, id, hold, one()));
            }
            Step::TakePayment
            | Step::AskGateway
            | Step::CapturePayment
            | Step::VoidPayment
            | Step::RefundPayment => self.purchases[at].prepares(step, setting),
            Step::AwaitPayment => {
                self.purchases[at].notes(|order, _| order.await_payment(Awaited::CustomerAction))
            }
            Step::MarkAuthorised => self.purchases[at]
                .notes(|order, _| order.mark_authorised(payment_of(order.id), HOLD_UNTIL)),
            Step::MarkPaid => self.purchases[at]
                .notes(|order, payment| order.mark_paid(payment_of(order.id), payment.captured)),
            Step::Settle => self.purchases[at].notes(|order, payment| {
                let refunded = payment.refunded().expect("a sum");
                order.settle(payment.captured, refunded)
            }),
            Step::CancelOrder(reason) => self.purchases[at].cancelled(reason),
            Step::NoteDecline => {
                self.purchases[at].notes(|order, payment| order.note_decline(payment.attempt, None))
            }
            Step::ReceivePayment => unreachable!("nobody pays by hand here"),
            Step::Wait(_) | Step::Finished => {}
        }
    }

    fn claims(&mut self, at: usize, setting: &Setting) {
        let (cart, purchase) = (self.cart_of(at), &mut self.purchases[at]);
        if setting.without == Some(Without::Claim) {
            purchase.believes_in_claim = true;
            return;
        }
        let (_, version) = purchase.order.from_cart.expect("a cart");
        match self.carts[cart].claim(purchase.order.id, version) {
            Ok(events) => self.carts[cart].happen(&events),
            Err(_) => purchase.obstacle = Some(Obstacle::CartInCheckout),
        }
    }

    fn consumes(&mut self, at: usize) {
        let (cart, purchase) = (self.cart_of(at), &mut self.purchases[at]);
        let order = purchase.order.id;
        let consumed = vec![CartEvent::CartConsumed { order }];
        let events = if purchase.believes_in_claim {
            consumed
        } else {
            self.carts[cart].consume(order).expect("it is claimed")
        };
        self.carts[cart].happen(&events);
    }

    fn reserves(&mut self, at: usize, setting: &Setting) {
        let purchase = &mut self.purchases[at];
        let held_for = HoldFor::Order(purchase.order.id);
        let asked = inventory::reserve(
            &self.ledger,
            hold_id(at),
            &purchase.hold,
            one(),
            held_for.clone(),
            Some(HOLD_UNTIL),
        );
        match asked {
            Ok((of_ledger, of_hold)) => {
                purchase.hold.happen(&of_hold);
                if setting.without != Some(Without::Reservation) {
                    self.ledger.happen(&of_ledger);
                }
            }
            Err(_) => purchase.obstacle = Some(Obstacle::OutOfStock),
        }
    }

    fn moves(
        &mut self,
        at: usize,
        rule: impl Fn(&Ledger, HoldId, &Hold) -> Result<Decided, StockRefusal>,
    ) {
        let purchase = &mut self.purchases[at];
        let decided = rule(&self.ledger, hold_id(at), &purchase.hold);
        let (of_ledger, of_hold) = decided.expect("the hold is as the facts say");
        self.ledger.happen(&of_ledger);
        purchase.hold.happen(&of_hold);
    }

    /// Whether a call asks the bank for a charge.
    fn asks_for_charge(&self, at: usize, step: Step) -> bool {
        let purchase = &self.purchases[at];
        let payment = purchase.unwritten.as_ref().unwrap_or(&purchase.payment);
        match step {
            Step::TakePayment => true,
            Step::AskGateway => payment.state == PayState::Attempting && !payment.voiding,
            Step::ClaimCart
            | Step::ReserveStock
            | Step::AwaitPayment
            | Step::MarkAuthorised
            | Step::CapturePayment
            | Step::CommitStock
            | Step::ConsumeCart
            | Step::MarkPaid
            | Step::CancelOrder(_)
            | Step::ReleaseStock
            | Step::ReturnStock
            | Step::ReleaseCart
            | Step::VoidPayment
            | Step::RefundPayment
            | Step::Settle
            | Step::NoteDecline
            | Step::ReceivePayment
            | Step::Wait(_)
            | Step::Finished => false,
        }
    }

    fn calls(&mut self, at: usize, line: Line, setting: &Setting) {
        let Some(step) = self.purchases[at].calling else { return };
        let charges = self.asks_for_charge(at, step);
        let purchase = &mut self.purchases[at];
        purchase.calling = None;
        match line {
            Line::Late => {
                purchase.late = true;
                purchase.unwritten = None;
            }
            Line::LosesRequest => purchase.written(),
            Line::Answers | Line::LosesAnswer => purchase.asks_bank(step, charges, line, setting),
        }
    }
}

impl Purchase {
    fn placed(number: usize, token: &str, from_cart: (CartId, u64)) -> Purchase {
        let item = PricedItem {
            product: ProductId::default(),
            variant: variant(),
            sku: "TEA".to_owned(),
            name: "Tea".to_owned(),
            options: vec![],
            unit_price: usd(499),
            quantity: one(),
        };
        let tax_rate = "0.075".parse().expect("a rate");
        let terms = Terms { currency: Currency::USD, tax_rate, shipping_flat: usd(1_000) };
        let line = LineId::from_bytes(hold_id(number).bytes());
        let id = order_id(number);
        let mut order = Kept::<Order>::default();
        let placed = order.place(Placed {
            id,
            number: u64::try_from(number).expect("few") + 1,
            customer: CustomerContact::default(),
            quote: quote(&[item], &[line], &terms).expect("a quote"),
            shipping_address_id: Default::default(),
            shipping_address: ShippingAddress::default(),
            from_cart: Some(from_cart),
            payment: payment_of(id),
            method: PaymentMethod::Card,
            charge: Some(Charge {
                number: 1,
                token: token.to_owned(),
                capture: Capture::Automatic,
            }),
            hold_until: HOLD_UNTIL,
            request: None,
        });
        order.happen(&placed.expect("placed"));
        Purchase {
            order,
            payment: Kept::default(),
            hold: Kept::default(),
            bank: Bank::default(),
            late: false,
            asked: Asked::default(),
            obstacle: None,
            calling: None,
            unwritten: None,
            believes_in_claim: false,
        }
    }

    fn forgets(&mut self) {
        (self.asked, self.obstacle) = (Asked::default(), None);
    }

    fn dies(&mut self) {
        self.forgets();
        (self.calling, self.unwritten) = (None, None);
    }

    fn cancelled(&mut self, reason: CancelReason) {
        let why = Cancellation::because(reason);
        self.order.happen(&self.order.cancel(&why).unwrap_or_default());
    }

    /// A frame of the order alone.
    fn notes(
        &mut self,
        rule: impl FnOnce(&Order, &Payment) -> Result<Vec<OrderEvent>, OrderRefusal>,
    ) {
        let noted = rule(&self.order, &self.payment).expect("it is as the facts say");
        self.order.happen(&noted);
    }

    /// Writes that a call is to be made, and remembers to make it.
    fn prepares(&mut self, step: Step, setting: &Setting) {
        let total = self.order.quote.total;
        let events = if step == Step::TakePayment {
            let charge = self.order.charge.clone().expect("a charge");
            self.payment.begin(self.order.id, total, &charge).expect("an attempt")
        } else if step == Step::VoidPayment {
            self.payment.begin_void().unwrap_or_default()
        } else if step == Step::CapturePayment {
            self.payment.begin_capture().unwrap_or_default()
        } else if step == Step::RefundPayment && self.payment.refund_in_flight().is_none() {
            let (refund, left) = (rest_of(self.order.id), self.payment.left_to_refund());
            let left = left.expect("a sum");
            self.payment.begin_refund(refund, left, RefundExtent::Rest, None).expect("begun")
        } else {
            vec![]
        };
        if step == Step::TakePayment && setting.without == Some(Without::WriteBeforeCall) {
            let mut unwritten = self.payment.clone();
            unwritten.happen(&events);
            self.unwritten = Some(unwritten);
        } else {
            self.payment.happen(&events);
        }
        self.calling = Some(step);
    }

    /// What should have been written before is written after.
    fn written(&mut self) {
        if let Some(payment) = self.unwritten.take() {
            self.payment = payment;
        }
    }

    fn asks_bank(&mut self, step: Step, charges: bool, line: Line, setting: &Setting) {
        let payment = self.unwritten.clone().unwrap_or_else(|| self.payment.clone());
        let answered = line == Line::Answers;
        if step == Step::RefundPayment {
            let Some(refund) = payment.refund_in_flight() else { return };
            let outcome = self.bank.refunds(&payment, refund);
            if answered {
                let events = self.payment.record_refund(refund, &outcome).expect("recorded");
                self.payment.happen(&events);
            }
            return;
        }
        let key = payment.key(GatewayStep::Charge);
        let command = if step == Step::VoidPayment && !payment.is_open() {
            return;
        } else if step == Step::VoidPayment {
            DemoCommand::Void
        } else if step == Step::CapturePayment {
            DemoCommand::Capture { amount: payment.amount }
        } else if charges {
            charge_command(&payment, &key)
        } else {
            DemoCommand::Look
        };
        let keyless = charges && setting.without == Some(Without::Key);
        let key = if keyless { format!("{key}#{}", self.bank.charges()) } else { key };
        let outcome = self.bank.does(&key, &command);
        self.written();
        if answered {
            self.records(&outcome);
        }
    }

    fn records(&mut self, outcome: &GatewayOutcome) {
        let attempt = self.payment.attempt;
        let events = self.payment.record(attempt, outcome).expect("recorded");
        self.payment.happen(&events);
    }

    fn arrives(&mut self) {
        self.late = false;
        let order = self.order.id;
        let asked = if self.payment.exists() {
            Payment::clone(&self.payment)
        } else {
            // It was never written: the bank gets what was sent.
            let mut sent = Kept::<Payment>::default();
            let charge = self.order.charge.clone().expect("a charge");
            sent.happen(&sent.begin(order, self.order.quote.total, &charge).expect("begun"));
            Payment::clone(&sent)
        };
        let key = asked.key(GatewayStep::Charge);
        self.bank.does(&key, &charge_command(&asked, &key));
    }

    fn hears_news(&mut self) {
        let key = self.payment.key(GatewayStep::Charge);
        if let Some(outcome) = self.bank.news(&key).filter(|_| self.payment.exists()) {
            self.records(&outcome);
        }
    }

    fn at_bank(&mut self, command: &DemoCommand) {
        let key = self.payment.key(GatewayStep::Charge);
        self.bank.does(&key, command);
    }

    fn is_sold(&self) -> bool {
        self.hold.state == HoldState::Committed
    }
}

/// What must hold.
impl World {
    pub fn stock_adds_up(&self) -> bool {
        let held = self.purchases.iter().filter(|purchase| purchase.hold.is_held()).count();
        self.ledger.check().is_ok() && usize::try_from(self.ledger.reserved) == Ok(held)
    }

    pub fn sells_what_there_is(&self) -> bool {
        let sold = self.purchases.iter().filter(|purchase| purchase.is_sold()).count();
        u64::try_from(sold).is_ok_and(|sold| sold <= self.ledger.received)
    }

    pub fn holds_for_the_living(&self) -> bool {
        let live = |purchase: &Purchase| !purchase.hold.is_held() || purchase.order.is_unfinished();
        self.purchases.iter().all(live)
    }

    pub fn charges_once(&self) -> bool {
        self.purchases.iter().all(|purchase| {
            let (captures, captured, back) = purchase.bank.sums();
            captures <= 1 && captured <= purchase.order.quote.total.minor() && back <= captured
        })
    }

    pub fn keeps_no_money(&self) -> bool {
        self.purchases.iter().all(|purchase| {
            let (_, captured, back) = purchase.bank.sums();
            let over = purchase.order.status == OrderStatus::Cancelled && purchase.order.settled;
            !over || captured == back
        })
    }

    pub fn paid_means_paid(&self) -> bool {
        self.purchases.iter().all(|purchase| {
            let (_, captured, back) = purchase.bank.sums();
            let paid = purchase.order.status == OrderStatus::Paid;
            let total = purchase.order.quote.total.minor();
            !paid || (captured == total && back == 0 && purchase.is_sold())
        })
    }

    pub fn consumes_a_cart_once(&self) -> bool {
        let paid = |at: &usize| self.purchases[*at].order.status == OrderStatus::Paid;
        !self.one_cart || (0..2).filter(paid).count() <= 1
    }

    /// If from now on the bank answers, the customers stay away and time runs out, both orders come
    /// to their end, and all books agree.
    pub fn ends_well(&self, setting: &Setting) -> bool {
        let begun_anew = |purchase: &Purchase| {
            purchase.calling.is_none() && purchase.asked == Asked::default() && !purchase.late
        };
        if setting.without.is_some() || !self.purchases.iter().all(begun_anew) {
            // Any other world becomes one of these by a crash and the arrival of what is late.
            return true;
        }
        let mut world = self.clone();
        world.expired = true;
        for _ in 0..ROUNDS_MAX {
            for at in 0..2 {
                world.purchases[at].forgets();
                if !world.drives(at, setting) {
                    return false;
                }
            }
        }
        world.purchases.iter().all(|purchase| {
            let (_, captured, back) = purchase.bank.sums();
            let refunded = purchase.payment.refunded().map_or(-1, |sum| sum.minor());
            !purchase.order.is_unfinished()
                && purchase.payment.captured.minor() == captured
                && refunded == back
        })
    }

    /// Drives one order until it waits or has ended; whether it came to that.
    fn drives(&mut self, at: usize, setting: &Setting) -> bool {
        for _ in 0..STEPS_MAX {
            if self.purchases[at].calling.is_some() {
                self.calls(at, Line::Answers, setting);
            } else if matches!(self.next(at), Step::Wait(_) | Step::Finished) {
                return true;
            } else {
                self.steps(at, setting);
            }
        }
        false
    }

    pub fn somebody_has_it(&self) -> bool {
        let is = |at: usize, status| self.purchases[at].order.status == status;
        let one_and_not =
            |one, other| is(one, OrderStatus::Paid) && is(other, OrderStatus::Cancelled);
        one_and_not(0, 1) || one_and_not(1, 0)
    }

    pub fn somebody_was_paid_back(&self) -> bool {
        self.purchases.iter().any(|purchase| purchase.bank.sums().2 > 0)
    }
}

fn order_id(number: usize) -> OrderId {
    OrderId::from_bytes([u8::try_from(number).expect("few") + 1; 16])
}

/// The payment of an order.
pub fn payment_of(order: OrderId) -> PaymentId {
    PaymentId::from_bytes(order.bytes())
}

fn rest_of(order: OrderId) -> RefundId {
    RefundId::from_bytes(order.bytes())
}

fn cart_id(number: usize) -> CartId {
    CartId::from_bytes(order_id(number).bytes())
}

fn hold_id(number: usize) -> HoldId {
    HoldId::from_bytes(order_id(number).bytes())
}

fn variant() -> VariantId {
    VariantId::from_bytes([7; 16])
}

fn one() -> Quantity {
    Quantity::new(1).expect("one")
}

fn usd(minor: i64) -> Money {
    Money::of(minor, Currency::USD).expect("an amount")
}

const HOLD_UNTIL: Timestamp = Timestamp::from_millis(900_000);
/// Runs of each process until nothing is left to do: a slow card is asked about twice.
const ROUNDS_MAX: usize = 5;
/// Steps and calls of one run.
const STEPS_MAX: usize = 40;
