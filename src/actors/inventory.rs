//! The inventory actor: owner of every stock ledger and every hold, asked by checkout and staff.
//!
//! Rules live in [`crate::domain::inventory`]. All lines of an order change in one commit, all or
//! none: one owner of all stock is what sells the last unit once.

use std::sync::Arc;

use crate::{
    domain::{
        ids::{HoldId, Identity, LineId, OrderId, ProductId, VariantId},
        inventory::{self, Decided, Hold, HoldFor, Ledger, LedgerEvent, StockRefusal},
        quantity::Quantity,
        time::Timestamp,
    },
    store::keys,
};

use super::{Answers, Owner, Rejection, Request, Work};

/// One ledger to be opened.
#[derive(Clone, Debug)]
pub struct NewLedger {
    /// The SKU's variant; its ledger has the same id.
    pub variant: VariantId,
    /// The SKU.
    pub sku: String,
    /// Units to begin with.
    pub on_hand: u32,
}

/// Opens the ledgers of a product and follows changed SKUs. Safe to send twice.
#[derive(Debug)]
pub struct OpenLedgers {
    /// The product.
    pub product: ProductId,
    /// Its variants.
    pub ledgers: Vec<NewLedger>,
}

/// Closes ledgers of what is no longer sold. Safe to send twice.
#[derive(Debug)]
pub struct CloseLedgers {
    /// Which.
    pub variants: Vec<VariantId>,
}

/// What staff asks of one ledger.
#[derive(Clone, Debug)]
pub enum Stocktaking {
    /// Sets the starting quantity, once.
    Begin {
        /// Units on hand.
        on_hand: u32,
    },
    /// Sets the quantity, as counted, and what is said about the ledger.
    Update {
        /// Units on hand, if they are counted.
        on_hand: Option<u32>,
        /// Whether it is sold from.
        is_active: Option<bool>,
        /// When stock is called low.
        low_stock_threshold: Option<u32>,
    },
    /// Adds what came in. Twice adds twice.
    Receive {
        /// Units.
        quantity: Quantity,
        /// Why.
        reason: Option<String>,
    },
    /// Takes out what was lost. Twice takes twice.
    Withdraw {
        /// Units.
        quantity: Quantity,
        /// Why.
        reason: Option<String>,
    },
    /// Sets units aside by hand.
    Hold {
        /// The hold to be.
        hold: HoldId,
        /// Units.
        quantity: Quantity,
        /// A free reference.
        reference: Option<String>,
    },
    /// Gives back units that were set aside by hand, the oldest first.
    Release {
        /// Units.
        quantity: Quantity,
        /// Only of this reference.
        reference: Option<String>,
    },
}

/// Asks one thing of one ledger.
#[derive(Debug)]
pub struct TakeStock {
    /// Which ledger.
    pub variant: VariantId,
    /// What.
    pub asked: Stocktaking,
}

/// One line of an order, as stock sees it.
#[derive(Clone, Copy, Debug)]
pub struct OrderedUnits {
    /// The line; its hold is named after it.
    pub line: LineId,
    /// The SKU's variant.
    pub variant: VariantId,
    /// How many.
    pub quantity: Quantity,
}

/// Reserves all lines of an order, or none. Safe to send twice.
#[derive(Debug)]
pub struct ReserveStock {
    /// The order.
    pub order: OrderId,
    /// Its lines.
    pub lines: Vec<OrderedUnits>,
    /// When the order lets go of them.
    pub expires_at: Option<Timestamp>,
}

/// What stock says to an order: its holds, or what is missing where.
#[derive(Debug)]
pub enum Reserved {
    /// Every line is held.
    All(Vec<Arc<Hold>>),
    /// Nothing is held: these variants have only so many units left.
    Short(Vec<(VariantId, u32)>),
}

/// Takes an order's units off the shelf for good. Safe to send twice.
#[derive(Debug)]
pub struct CommitStock {
    /// Its lines.
    pub lines: Vec<OrderedUnits>,
}

/// Lets go of an order's units, and of all it may still ask for. Safe to send twice.
#[derive(Debug)]
pub struct ReleaseStock {
    /// The order.
    pub order: OrderId,
    /// Its lines.
    pub lines: Vec<OrderedUnits>,
}

/// Puts units of an order back on the shelf; `quantity` counts all that ever came back, so that
/// it is safe to send twice.
#[derive(Debug)]
pub struct ReturnStock {
    /// Its lines, each with the units that came back in all.
    pub lines: Vec<OrderedUnits>,
}

/// Shows an order's holds, for a process that goes on.
#[derive(Debug)]
pub struct GetHolds {
    /// Its lines.
    pub lines: Vec<OrderedUnits>,
}

impl Request for OpenLedgers {
    type Value = ();
}
impl Request for CloseLedgers {
    type Value = ();
}
impl Request for TakeStock {
    type Value = Arc<Ledger>;
}
impl Request for ReserveStock {
    type Value = Reserved;
}
impl Request for CommitStock {
    type Value = Vec<Arc<Hold>>;
}
impl Request for ReleaseStock {
    type Value = Vec<Arc<Hold>>;
}
impl Request for ReturnStock {
    type Value = Vec<Arc<Hold>>;
}
impl Request for GetHolds {
    type Value = Vec<Arc<Hold>>;
}

/// The only writer of ledgers and holds.
pub struct Inventory;

impl Owner for Inventory {
    const NAME: &'static str = "inventory";
}

impl Answers<OpenLedgers> for Inventory {
    fn answer(&mut self, msg: OpenLedgers, work: &mut Work<'_>) -> Result<(), Rejection> {
        for NewLedger { variant, sku, on_hand } in msg.ledgers {
            let ledger = work.get::<Ledger>(variant)?;
            let events = if ledger.exists() {
                ledger.change_sku(&sku)?
            } else {
                ledger.open(msg.product, variant, &sku, on_hand)?
            };
            work.change::<Ledger>(variant, events)?;
        }
        Ok(())
    }
}

impl Answers<CloseLedgers> for Inventory {
    fn answer(&mut self, msg: CloseLedgers, work: &mut Work<'_>) -> Result<(), Rejection> {
        for variant in msg.variants {
            let events = work.get::<Ledger>(variant)?.close()?;
            work.change::<Ledger>(variant, events)?;
        }
        Ok(())
    }
}

impl Answers<TakeStock> for Inventory {
    fn answer(&mut self, msg: TakeStock, work: &mut Work<'_>) -> Result<Arc<Ledger>, Rejection> {
        let id = msg.variant;
        let ledger = work.get::<Ledger>(id)?;
        work.must_be_seen(ledger.edits)?;
        work.made(<Ledger as crate::domain::aggregate::Aggregate>::KIND, &id);
        let events = match msg.asked {
            Stocktaking::Begin { on_hand } => ledger.set_starting_stock(on_hand)?,
            Stocktaking::Update { on_hand, is_active, low_stock_threshold } => {
                update(&ledger, on_hand, is_active, low_stock_threshold)?
            }
            Stocktaking::Receive { quantity, reason } => ledger.receive(quantity, reason)?,
            Stocktaking::Withdraw { quantity, reason } => ledger.withdraw(quantity, reason)?,
            Stocktaking::Hold { hold, quantity, reference } => {
                let held_for = HoldFor::manual(reference.as_deref());
                let there = work.get::<Hold>(hold)?;
                let decided = inventory::reserve(&ledger, hold, &there, quantity, held_for, None)?;
                return take(work, id, hold, decided).and_then(|_| work.get::<Ledger>(id));
            }
            Stocktaking::Release { quantity, reference } => {
                return release_by_hand(work, &ledger, quantity, reference);
            }
        };
        change(work, id, events)
    }
}

impl Answers<ReserveStock> for Inventory {
    fn answer(&mut self, msg: ReserveStock, work: &mut Work<'_>) -> Result<Reserved, Rejection> {
        let mut decided = Vec::with_capacity(msg.lines.len());
        let mut short = Vec::new();
        for line in &msg.lines {
            let (ledger, id, hold) = pair(work, line)?;
            let held_for = HoldFor::Order(msg.order);
            match inventory::reserve(&ledger, id, &hold, line.quantity, held_for, msg.expires_at) {
                Ok(events) => decided.push((line.variant, id, events)),
                Err(StockRefusal::InsufficientStock { available, variant }) => {
                    short.push((variant, available));
                }
                Err(StockRefusal::UnknownLedger | StockRefusal::InactiveLedger) => {
                    short.push((line.variant, 0));
                }
                Err(refusal) => return Err(refusal.into()),
            }
        }
        if !short.is_empty() {
            return Ok(Reserved::Short(short));
        }
        let taken = decided.into_iter().map(|(of, id, events)| take(work, of, id, events));
        taken.collect::<Result<_, _>>().map(Reserved::All)
    }
}

impl Answers<CommitStock> for Inventory {
    fn answer(
        &mut self,
        msg: CommitStock,
        work: &mut Work<'_>,
    ) -> Result<Vec<Arc<Hold>>, Rejection> {
        each(work, &msg.lines, |ledger, id, hold, _| inventory::commit(ledger, id, hold))
    }
}

impl Answers<ReleaseStock> for Inventory {
    fn answer(
        &mut self,
        msg: ReleaseStock,
        work: &mut Work<'_>,
    ) -> Result<Vec<Arc<Hold>>, Rejection> {
        let order = msg.order;
        each(work, &msg.lines, |ledger, id, hold, _| inventory::release(ledger, id, hold, order))
    }
}

impl Answers<ReturnStock> for Inventory {
    fn answer(
        &mut self,
        msg: ReturnStock,
        work: &mut Work<'_>,
    ) -> Result<Vec<Arc<Hold>>, Rejection> {
        each(work, &msg.lines, |ledger, id, hold, in_all| {
            inventory::restock(ledger, id, hold, in_all)
        })
    }
}

impl Answers<GetHolds> for Inventory {
    fn answer(&mut self, msg: GetHolds, work: &mut Work<'_>) -> Result<Vec<Arc<Hold>>, Rejection> {
        msg.lines.iter().map(|line| work.get::<Hold>(hold_of(line.line))).collect()
    }
}

/// Takes in what was decided of a ledger, and whether stock runs low by it.
fn change(
    work: &mut Work<'_>,
    variant: VariantId,
    events: Vec<LedgerEvent>,
) -> Result<Arc<Ledger>, Rejection> {
    let events = work.get::<Ledger>(variant)?.noticing_low(events);
    work.change::<Ledger>(variant, events)
}

/// The hold of an order's line: the line's own id, because each line is one SKU.
pub fn hold_of(line: LineId) -> HoldId {
    HoldId::from_bytes(line.bytes())
}

fn pair(
    work: &mut Work<'_>,
    line: &OrderedUnits,
) -> Result<(Arc<Ledger>, HoldId, Arc<Hold>), Rejection> {
    let id = hold_of(line.line);
    Ok((work.get::<Ledger>(line.variant)?, id, work.get::<Hold>(id)?))
}

/// Asks the rule for every line and takes in what it decides.
fn each(
    work: &mut Work<'_>,
    lines: &[OrderedUnits],
    rule: impl Fn(&Ledger, HoldId, &Hold, Quantity) -> Result<Decided, StockRefusal>,
) -> Result<Vec<Arc<Hold>>, Rejection> {
    let mut holds = Vec::with_capacity(lines.len());
    for line in lines {
        let (ledger, id, hold) = pair(work, line)?;
        let decided = rule(&ledger, id, &hold, line.quantity)?;
        holds.push(take(work, line.variant, id, decided)?);
    }
    Ok(holds)
}

fn take(
    work: &mut Work<'_>,
    variant: VariantId,
    hold: HoldId,
    (of_ledger, of_hold): Decided,
) -> Result<Arc<Hold>, Rejection> {
    change(work, variant, of_ledger)?;
    work.change::<Hold>(hold, of_hold)
}

fn update(
    ledger: &Ledger,
    on_hand: Option<u32>,
    is_active: Option<bool>,
    low_stock_threshold: Option<u32>,
) -> Result<Vec<LedgerEvent>, StockRefusal> {
    let mut events = ledger.configure(is_active, low_stock_threshold)?;
    if let Some(on_hand) = on_hand {
        events.extend(ledger.count(on_hand, None)?);
    }
    Ok(events)
}

fn release_by_hand(
    work: &mut Work<'_>,
    ledger: &Ledger,
    quantity: Quantity,
    reference: Option<String>,
) -> Result<Arc<Ledger>, Rejection> {
    let ids = work.listed::<HoldId>(&keys::manual_holds(ledger.variant), MANUAL_HOLDS_MAX)?;
    let mut holds = Vec::with_capacity(ids.len());
    for id in ids {
        let hold = work.get::<Hold>(id)?;
        let wanted = reference.is_none() || hold.held_for == HoldFor::manual(reference.as_deref());
        if wanted {
            holds.push((id, Hold::clone(&hold)));
        }
    }
    let (of_ledger, of_holds) = inventory::release_manual(ledger, &holds, quantity)?;
    for (id, events) in of_holds {
        work.change::<Hold>(id, events)?;
    }
    change(work, ledger.variant, of_ledger)
}

/// Manual holds of one SKU that are looked at to release some.
const MANUAL_HOLDS_MAX: usize = 1000;
