//! Checkout: drives an order over its owners, step by step, forward or back.
//!
//! What comes next is a pure rule ([`crate::domain::checkout::next`]); here each step is sent to
//! the owner it belongs to. Steps do not wait for one another's durability, they carry the ticket
//! of the step before; the answer and every call to the gateway do wait. One driver an order at a
//! time; it runs on its own, so that a client that hangs up stops nothing. After a crash the
//! facts are observed anew and every step may come again.

use std::sync::Arc;

use crate::{
    domain::{
        carts::{Cart, CartRefusal},
        checkout::{Asked, ClaimFact, Facts, HoldFact, Obstacle, Step, Waiting, next},
        ids::{OrderId, PaymentId, RefundId},
        inventory::{Hold, HoldState},
        orders::{Awaited, CancelReason, Cancellation, Order, Shortage},
        payments::{PayState, Payment},
        quantity::Quantity,
        time::{Stamp, Timestamp, Who},
    },
    store::Ticket,
};

use super::{
    Intent, Rejection,
    carts::{ClaimCart, ConsumeCart, GetCart, ReleaseCart},
    charging::Decided,
    desks::Desks,
    inventory::{
        CommitStock, GetHolds, OrderedUnits, ReleaseStock, ReserveStock, Reserved, ReturnStock,
    },
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
        let (found, ticket) = desks.orders.step(GetOrder { order }, desks.intent(who, None)).await;
        let mut drive = Drive::begun(desks, who, found?, ticket);
        drive.observe().await?;
        Ok(drive)
    }

    /// Drives on until nothing is left to do now, and waits until all of it is durable.
    pub(super) async fn to_the_end(mut self) -> Result<Driven, Rejection> {
        let mut waiting = None;
        let mut refused = 0;
        for _ in 0..STEPS_MAX {
            let step = next(&self.facts());
            match step {
                Step::Finished => break,
                Step::Wait(what) => {
                    waiting = Some(what);
                    break;
                }
                step => match self.take(step).await {
                    Err(Rejection::Refused(why)) if refused < REFUSED_STEPS_MAX => {
                        // Something moved on meanwhile, a cancel perhaps: look again.
                        tracing::debug!(order.id = %self.order.id, ?step, %why, "looks again");
                        refused += 1;
                        self.observe().await?;
                    }
                    taken => taken?,
                },
            }
        }
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
        let claim =
            self.cart.as_ref().map_or(ClaimFact::Unclaimed, |cart| claim_of(cart, self.order.id));
        let back = self.order.units_back(None);
        let lines = self.order.quote.lines.iter().zip(&self.holds);
        let hold =
            HoldFact::of_lines(lines.map(|(line, hold)| {
                hold_fact(hold, back.get(&line.id).copied().unwrap_or_default())
            }));
        let observed = Facts::observe(&self.order, &self.payment, claim, hold, self.now());
        Facts { asked: self.asked, obstacle: self.obstacle, ..observed }
    }

    /// Asks every owner. What was seen may not be durable yet: the end of the drive waits for it.
    async fn observe(&mut self) -> Result<(), Rejection> {
        let desks = self.desks;
        let order = self.order.id;
        let intent = || desks.intent(self.who, None);
        let (found, order_ticket) = desks.orders.step(GetOrder { order }, intent()).await;
        let order = found?;
        let lines = units(&order);
        let (holds, holds_ticket) = desks.inventory.step(GetHolds { lines }, intent()).await;
        let (cart, cart_ticket) = match order.from_cart {
            None => (None, None),
            Some((cart, _)) => {
                let (cart, ticket) = desks.carts.step(GetCart { cart }, intent()).await;
                (Some(cart?), ticket)
            }
        };
        let (payment, payment_ticket) = match order.payment {
            None => (Arc::default(), None),
            Some(payment) => desks.charging.see(payment).await?,
        };
        self.holds = holds?;
        (self.order, self.cart, self.payment) = (order, cart, payment);
        for ticket in [order_ticket, holds_ticket, cart_ticket, payment_ticket] {
            self.follow(ticket);
        }
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
            Step::AwaitPayment
            | Step::MarkAuthorised
            | Step::MarkPaid
            | Step::CancelOrder(_)
            | Step::Settle => {
                let change = self.order_change(step)?;
                self.change_order(change).await
            }
            Step::CommitStock | Step::ReleaseStock | Step::ReturnStock => {
                self.move_stock(step).await
            }
            Step::ConsumeCart | Step::ReleaseCart => self.settle_cart(step).await,
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
                match why {
                    CartRefusal::InCheckout { order } => self.cart_taken_by = Some(order),
                    CartRefusal::Changed | CartRefusal::Empty => self.cart_changed = true,
                    other => return Err(other.into()),
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

    fn order_change(&self, step: Step) -> Result<OrderChange, Rejection> {
        let payment = self.payment_id();
        Ok(match step {
            Step::AwaitPayment => OrderChange::AwaitPayment(match self.payment.state {
                PayState::NeedsAction { .. } => Awaited::CustomerAction,
                _ => Awaited::Gateway,
            }),
            Step::MarkAuthorised => OrderChange::MarkAuthorised {
                payment,
                hold_until: self
                    .payment
                    .authorised_until
                    .unwrap_or(self.now().plus_minutes(AUTHORISED_MINUTES)),
            },
            Step::MarkPaid => {
                OrderChange::MarkPaid { payment, captured: self.captured_or_nothing() }
            }
            Step::CancelOrder(reason) => OrderChange::Cancel(self.cancellation(reason)),
            _ => OrderChange::Settle {
                captured: self.captured_or_nothing(),
                refunded: match self.payment.exists() {
                    true => self.payment.refunded()?,
                    false => self.nothing(),
                },
            },
        })
    }

    fn cancellation(&self, reason: CancelReason) -> Cancellation {
        let decline_code = match (&self.payment.state, reason) {
            (PayState::Declined { code, .. }, CancelReason::PaymentDeclined) => Some(code.clone()),
            _ => None,
        };
        Cancellation { reason, decline_code, shortages: self.shortages.clone() }
    }

    async fn change_order(&mut self, change: OrderChange) -> Result<(), Rejection> {
        let change = ChangeOrder { order: self.order.id, change };
        let (changed, ticket) = self.desks.orders.step(change, self.intent()).await;
        self.order = changed?;
        self.follow(ticket);
        Ok(())
    }

    async fn move_stock(&mut self, step: Step) -> Result<(), Rejection> {
        let (lines, intent) = (units(&self.order), self.intent());
        let stock = &self.desks.inventory;
        let (holds, ticket) = match step {
            Step::CommitStock => stock.step(CommitStock { lines }, intent).await,
            Step::ReleaseStock => {
                stock.step(ReleaseStock { order: self.order.id, lines }, intent).await
            }
            _ => {
                let back = units_back(&self.order, None);
                let (returned, ticket) = stock.step(ReturnStock { lines: back }, intent).await;
                self.follow(ticket);
                returned?;
                stock.step(GetHolds { lines }, self.intent()).await
            }
        };
        self.holds = holds?;
        self.follow(ticket);
        Ok(())
    }

    async fn settle_cart(&mut self, step: Step) -> Result<(), Rejection> {
        let Some((cart, _)) = self.order.from_cart else { return Ok(()) };
        let (order, intent) = (self.order.id, self.intent());
        let (settled, ticket) = match step {
            Step::ConsumeCart => self.desks.carts.step(ConsumeCart { cart, order }, intent).await,
            _ => self.desks.carts.step(ReleaseCart { cart, order }, intent).await,
        };
        self.cart = Some(settled?);
        self.follow(ticket);
        Ok(())
    }

    fn captured_or_nothing(&self) -> crate::domain::money::Money {
        if self.payment.exists() { self.payment.captured } else { self.nothing() }
    }

    fn nothing(&self) -> crate::domain::money::Money {
        crate::domain::money::Money::zero(self.order.quote.currency)
    }

    fn payment_id(&self) -> PaymentId {
        self.order.payment.unwrap_or_default()
    }

    fn follow(&mut self, ticket: Option<Ticket>) {
        self.ticket = self.ticket.max(ticket);
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

/// An order's lines as stock sees them.
pub(super) fn units(order: &Order) -> Vec<OrderedUnits> {
    let lines = order.quote.lines.iter();
    lines
        .map(|line| OrderedUnits { line: line.id, variant: line.variant, quantity: line.quantity })
        .collect()
}

fn claim_of(cart: &Cart, order: OrderId) -> ClaimFact {
    if cart.consumed_by.contains(&order) {
        ClaimFact::Consumed
    } else if cart.claimed_by() == Some(order) {
        ClaimFact::Claimed
    } else {
        ClaimFact::Unclaimed
    }
}

/// All units of an order that are to be back on the shelf once this refund is done, or once the
/// order is cancelled.
pub(super) fn units_back(order: &Order, refund: Option<RefundId>) -> Vec<OrderedUnits> {
    let back = order.units_back(refund);
    let lines = units(order).into_iter();
    lines
        .filter_map(|line| {
            let quantity = Quantity::new(back.get(&line.line).copied()?).ok()?;
            Some(OrderedUnits { quantity, ..line })
        })
        .collect()
}

/// Sold goods that all came back are returned; some may have been refunded without coming back.
fn hold_fact(hold: &Hold, to_come_back: u32) -> HoldFact {
    match hold.state {
        HoldState::Committed if hold.returned >= to_come_back && to_come_back > 0 => {
            HoldFact::Returned
        }
        HoldState::Unplaced => HoldFact::None,
        HoldState::Held => HoldFact::Held,
        HoldState::Committed => HoldFact::Committed,
        HoldState::Released => HoldFact::Released,
        HoldState::Returned => HoldFact::Returned,
    }
}

/// Steps of one drive; the longest road there and back has twelve.
const STEPS_MAX: usize = 32;
/// So many refused steps of one drive are looked at again.
const REFUSED_STEPS_MAX: usize = 4;
/// How long money stays set aside when the gateway does not say.
const AUTHORISED_MINUTES: u32 = 7 * 24 * 60;
