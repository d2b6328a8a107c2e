//! Checkout: drives an order over its owners, step by step, forward or back.
//!
//! What comes next is a pure rule ([`crate::domain::checkout::next`]); here each step is sent to
//! the owner it belongs to. Steps do not wait for one another's durability, they carry the ticket
//! of the step before; the answer and every call that leaves the house do wait. One driver an
//! order at a time; it runs on its own, so that a client that hangs up stops nothing. After a crash
//! the facts are observed anew and every step may come again.

use std::sync::Arc;

use crate::{
    domain::{
        carts::{Cart, CartRefusal},
        checkout::{Asked, ClaimFact, Facts, HoldFact, Obstacle, Step, Waiting, next},
        ids::{OrderId, PaymentId},
        inventory::Hold,
        orders::{Order, OrderStatus, Shortage},
        payments::Payment,
        time::{Stamp, Timestamp, Who},
    },
    store::Ticket,
};

mod facts;
mod sayings;

pub(super) use facts::{units, units_back};

use super::{
    Intent, Rejection,
    carts::{ClaimCart, ConsumeCart, GetCart, ReleaseCart},
    charging::Decided,
    desks::Desks,
    inventory::{CommitStock, GetHolds, ReleaseStock, ReserveStock, Reserved, ReturnStock},
    orders::{ChangeOrder, GetOrder, OrderChange},
};

/// How far a drive came.
#[derive(Clone, Debug)]
pub struct Driven {
    /// The order, as it is now and durable.
    pub order: Arc<Order>,
    /// Its payment.
    pub payment: Arc<Payment>,
    /// What it waits for, if it is not finished.
    pub waiting: Option<Waiting>,
    /// Who was first to claim the cart, if somebody else was.
    pub cart_taken_by: Option<OrderId>,
    /// Whether the cart changed between pricing and claiming.
    pub cart_changed: bool,
}

/// What a step came to, and the ticket to carry on.
type Stepped<T> = (Result<T, Rejection>, Option<Ticket>);

/// One drive of one order: what is known, and the ticket of the last step.
pub(super) struct Drive<'d> {
    desks: &'d Desks,
    who: Who,
    order: Arc<Order>,
    payment: Arc<Payment>,
    cart: Option<Arc<Cart>>,
    holds: Vec<Arc<Hold>>,
    asked: Asked,
    obstacle: Option<Obstacle>,
    shortages: Vec<Shortage>,
    cart_taken_by: Option<OrderId>,
    cart_changed: bool,
    ticket: Option<Ticket>,
}

impl<'d> Drive<'d> {
    /// Takes up an order that was placed just now: nothing else has happened to it yet.
    pub(super) fn begun(
        desks: &'d Desks,
        who: Who,
        order: Arc<Order>,
        ticket: Option<Ticket>,
    ) -> Drive<'d> {
        Drive {
            desks,
            who,
            order,
            payment: Arc::default(),
            cart: None,
            holds: Vec::new(),
            asked: Asked::default(),
            obstacle: None,
            shortages: Vec::new(),
            cart_taken_by: None,
            cart_changed: false,
            ticket,
        }
    }

    /// Takes up an order wherever it stands, by asking its owners.
    pub(super) async fn observed(
        desks: &'d Desks,
        who: Who,
        order: OrderId,
    ) -> Result<Drive<'d>, Rejection> {
        let found = desks.orders.ask(GetOrder { order }, desks.intent(who, None)).await?;
        let mut drive = Drive::begun(desks, who, found, None);
        drive.observe().await?;
        Ok(drive)
    }

    /// Drives on until nothing is left to do now, and waits until all of it is durable.
    pub(super) async fn through(mut self) -> Result<Driven, Rejection> {
        let mut refused = 0;
        let mut steps = 0;
        let waiting = loop {
            let step = next(&self.facts());
            steps += 1;
            if steps > STEPS_MAX {
                tracing::error!(order.id = %self.order.id, ?step, "an order goes in circles");
                return Err(Rejection::Fault);
            }
            if let Step::Wait(what) = step {
                break Some(what);
            }
            if step == Step::Finished {
                break None;
            }
            match self.take(step).await {
                Err(Rejection::Refused(why)) if refused < REFUSED_STEPS_MAX => {
                    // Something moved on meanwhile, a cancel perhaps: look again.
                    tracing::debug!(order.id = %self.order.id, ?step, %why, "looks again");
                    refused += 1;
                    self.observe().await?;
                }
                taken => taken?,
            }
        };
        if let Some(ticket) = self.ticket {
            self.desks.store.settled(ticket).await?;
        }
        Ok(Driven {
            order: self.order,
            payment: self.payment,
            waiting,
            cart_taken_by: self.cart_taken_by,
            cart_changed: self.cart_changed,
        })
    }

    fn facts(&self) -> Facts {
        let order = self.order.id;
        let claim =
            self.cart.as_ref().map_or(ClaimFact::Unclaimed, |cart| ClaimFact::of(cart, order));
        let back =
            (self.order.status == OrderStatus::Cancelled).then(|| self.order.units_back(None));
        let lines = self.order.quote.lines.iter().zip(&self.holds);
        let hold = HoldFact::of_lines(lines.map(|(line, hold)| {
            let back = back.as_ref().map(|back| back.get(&line.id).copied().unwrap_or_default());
            HoldFact::of(hold, back)
        }));
        let observed = Facts::observe(&self.order, &self.payment, claim, hold, self.now());
        Facts { asked: self.asked, obstacle: self.obstacle, ..observed }
    }

    async fn observe(&mut self) -> Result<(), Rejection> {
        let desks = self.desks;
        let order = self.order.id;
        let intent = || desks.intent(self.who, None);
        let order = desks.orders.ask(GetOrder { order }, intent()).await?;
        let holds = desks.inventory.ask(GetHolds { lines: units(&order) }, intent()).await?;
        let cart = match order.from_cart {
            None => None,
            Some((cart, _)) => Some(desks.carts.ask(GetCart { cart }, intent()).await?),
        };
        let payment = match order.payment {
            None => Arc::default(),
            Some(payment) => desks.charging.look_up(payment).await?,
        };
        self.holds = holds;
        (self.order, self.cart, self.payment) = (order, cart, payment);
        Ok(())
    }

    async fn take(&mut self, step: Step) -> Result<(), Rejection> {
        self.asked = self.asked.after(step);
        match step {
            Step::ClaimCart => self.claim_cart().await,
            Step::ReserveStock => self.reserve_stock().await,
            Step::TakePayment => self.take_payment().await,
            Step::AskGateway => {
                let decided = self.desks.charging.ask(self.payment_id()).await;
                self.heard(decided).await
            }
            Step::CapturePayment => {
                let decided = self.desks.charging.capture(self.payment_id(), self.ticket).await;
                self.heard(decided).await
            }
            Step::VoidPayment => {
                let decided = self.desks.charging.void(self.payment_id(), self.ticket).await;
                self.heard(decided).await
            }
            Step::RefundPayment => {
                let decided = self.desks.charging.refund_rest(self.payment_id(), self.ticket).await;
                self.heard(decided).await
            }
            Step::ReceivePayment => {
                let (order, total) = (self.order.id, self.order.quote.total);
                let charging = &self.desks.charging;
                let decided = charging.receive(self.payment_id(), order, total, self.ticket).await;
                self.heard(decided).await
            }
            Step::NoteDecline => self.change_order(self.decline()).await,
            Step::AwaitPayment => self.change_order(self.awaiting()).await,
            Step::MarkAuthorised => self.change_order(self.authorised()).await,
            Step::MarkPaid => {
                let (payment, captured) = (self.payment_id(), self.captured_or_nothing());
                self.change_order(OrderChange::MarkPaid { payment, captured }).await
            }
            Step::CancelOrder(reason) => {
                self.change_order(OrderChange::Cancel(self.cancellation(reason))).await
            }
            Step::Settle => {
                let settle = self.settling()?;
                self.change_order(settle).await
            }
            Step::CommitStock => {
                let commit = CommitStock { lines: units(&self.order) };
                let moved = self.desks.inventory.step(commit, self.intent()).await;
                self.held(moved)
            }
            Step::ReleaseStock => {
                let (order, lines) = (self.order.id, units(&self.order));
                let release = ReleaseStock { order, lines };
                let moved = self.desks.inventory.step(release, self.intent()).await;
                self.held(moved)
            }
            Step::ReturnStock => self.return_stock().await,
            Step::ConsumeCart => {
                let Some((cart, _)) = self.order.from_cart else { return Ok(()) };
                let consume = ConsumeCart { cart, order: self.order.id };
                let settled = self.desks.carts.step(consume, self.intent()).await;
                self.carted(settled)
            }
            Step::ReleaseCart => {
                let Some((cart, _)) = self.order.from_cart else { return Ok(()) };
                let release = ReleaseCart { cart, order: self.order.id };
                let settled = self.desks.carts.step(release, self.intent()).await;
                self.carted(settled)
            }
            Step::Wait(_) | Step::Finished => Ok(()),
        }
    }

    async fn claim_cart(&mut self) -> Result<(), Rejection> {
        let Some((cart, version)) = self.order.from_cart else { return Ok(()) };
        let claim = ClaimCart { cart, order: self.order.id, version };
        let (claimed, ticket) = self.desks.carts.step(claim, self.intent()).await;
        self.follow(ticket);
        match claimed {
            Ok(cart) => self.cart = Some(cart),
            Err(Rejection::Refused(crate::domain::refusal::Refusal::Cart(why))) => {
                self.obstacle = Some(Obstacle::CartInCheckout);
                if let CartRefusal::InCheckout { order } = why {
                    self.cart_taken_by = Some(order);
                } else {
                    self.cart_changed = true;
                }
            }
            Err(other) => return Err(other),
        }
        Ok(())
    }

    async fn reserve_stock(&mut self) -> Result<(), Rejection> {
        let reserve = ReserveStock {
            order: self.order.id,
            lines: units(&self.order),
            expires_at: Some(self.order.hold_until),
        };
        let (reserved, ticket) = self.desks.inventory.step(reserve, self.intent()).await;
        self.follow(ticket);
        match reserved? {
            Reserved::All(holds) => self.holds = holds,
            Reserved::Short(short) => {
                self.obstacle = Some(Obstacle::OutOfStock);
                self.shortages = short
                    .into_iter()
                    .map(|(variant, available)| Shortage { variant, available })
                    .collect();
            }
        }
        Ok(())
    }

    async fn take_payment(&mut self) -> Result<(), Rejection> {
        let Some(charge) = self.order.charge.clone() else { return Ok(()) };
        let (order, total) = (self.order.id, self.order.quote.total);
        let charging = &self.desks.charging;
        let decided = charging.charge(self.payment_id(), order, total, &charge, self.ticket).await;
        self.heard(decided).await
    }

    /// Takes in what came of a call to the gateway. Much may have happened meanwhile.
    async fn heard(&mut self, decided: Result<Decided, Rejection>) -> Result<(), Rejection> {
        let (payment, ticket) = decided?;
        self.payment = payment;
        self.follow(ticket);
        let order = GetOrder { order: self.order.id };
        let (found, ticket) = self.desks.orders.step(order, self.intent()).await;
        self.order = found?;
        self.follow(ticket);
        Ok(())
    }

    async fn change_order(&mut self, change: OrderChange) -> Result<(), Rejection> {
        let change = ChangeOrder { order: self.order.id, change };
        let (changed, ticket) = self.desks.orders.step(change, self.intent()).await;
        self.order = changed?;
        self.follow(ticket);
        Ok(())
    }

    async fn return_stock(&mut self) -> Result<(), Rejection> {
        let stock = &self.desks.inventory;
        let lines = units_back(&self.order, None);
        let (returned, ticket) = stock.step(ReturnStock { lines }, self.intent()).await;
        self.follow(ticket);
        returned?;
        let lines = units(&self.order);
        let shown = stock.step(GetHolds { lines }, self.intent()).await;
        self.held(shown)
    }

    fn held(&mut self, moved: Stepped<Vec<Arc<Hold>>>) -> Result<(), Rejection> {
        self.holds = moved.0?;
        self.follow(moved.1);
        Ok(())
    }

    fn carted(&mut self, settled: Stepped<Arc<Cart>>) -> Result<(), Rejection> {
        self.cart = Some(settled.0?);
        self.follow(settled.1);
        Ok(())
    }

    fn payment_id(&self) -> PaymentId {
        self.order.payment.unwrap_or_default()
    }

    /// Carries the latest ticket on; one that has failed is kept, and stops the next step.
    fn follow(&mut self, ticket: Option<Ticket>) {
        if !self.ticket.is_some_and(|known| self.desks.store.has_failed(known)) {
            self.ticket = self.ticket.max(ticket);
        }
    }

    fn intent(&self) -> Intent {
        self.desks.intent(self.who, self.ticket)
    }

    fn now(&self) -> Timestamp {
        self.desks.clock.now()
    }
}

impl Desks {
    /// An intent of somebody now, as a step after another.
    pub(super) fn intent(&self, who: Who, after: Option<Ticket>) -> Intent {
        Intent::of(Stamp { at: self.clock.now(), who }).after(after)
    }
}

/// Steps of one drive; the longest road there and back has twelve.
const STEPS_MAX: usize = 32;
/// So many refused steps of one drive are looked at again.
const REFUSED_STEPS_MAX: usize = 4;
