//! The demo bank: owner of the demo gateway's books, kept in the same journal.
//!
//! Rules live in [`crate::domain::demo_charge`]. To the rest of the shop this is the outside
//! world: it is asked through the payment gateway only, and its answers count when its books are
//! durable.

use crate::{
    clock::Clock,
    domain::{
        demo_charge::{DemoCharge, DemoCommand, DemoRefusal},
        ids::DemoChargeId,
        time::{Stamp, Timestamp, Who},
    },
    gateways::{
        Basis, BoxFuture,
        demo::{DemoBooks, DemoPage, NotBooked},
    },
    store::{Reader, Ticket},
};

use super::{Answers, Desk, Intent, Owner, Rejection, Request, Work};

/// Asks one thing of one charge. Safe to send twice.
#[derive(Debug)]
pub struct CarryOut {
    /// Which charge.
    pub charge: DemoChargeId,
    /// What.
    pub command: DemoCommand,
}

impl Request for CarryOut {
    type Value = Result<DemoCharge, DemoRefusal>;
}

/// The only writer of the demo gateway's books.
pub struct DemoBank;

impl Owner for DemoBank {
    const NAME: &'static str = "demo_bank";
}

impl Answers<CarryOut> for DemoBank {
    fn answer(
        &mut self,
        msg: CarryOut,
        work: &mut Work<'_>,
    ) -> Result<Result<DemoCharge, DemoRefusal>, Rejection> {
        let booked = work.get::<DemoCharge>(msg.charge)?;
        match booked.decide(&msg.command) {
            Ok(events) => {
                work.change::<DemoCharge>(msg.charge, events).map(|charge| Ok((*charge).clone()))
            }
            Err(refusal) => Ok(Err(refusal)),
        }
    }
}

/// The books, as the gateway sees them.
pub struct BankBooks {
    bank: Desk<DemoBank>,
    reader: Reader,
    clock: Clock,
}

impl BankBooks {
    /// The books kept by this desk.
    pub fn new(bank: Desk<DemoBank>, reader: Reader, clock: Clock) -> BankBooks {
        BankBooks { bank, reader, clock }
    }
}

impl DemoBooks for BankBooks {
    fn carry_out(
        &self,
        charge: DemoChargeId,
        command: DemoCommand,
    ) -> BoxFuture<Result<DemoCharge, NotBooked>> {
        let bank = self.bank.clone();
        let intent = Intent::of(Stamp { at: self.clock.now(), who: Who::Shop });
        Box::pin(async move {
            let booked = bank.ask(CarryOut { charge, command }, intent).await;
            booked.map_err(|_| NotBooked::Unrecorded)?.map_err(NotBooked::Refused)
        })
    }

    fn carry_out_after(
        &self,
        charge: DemoChargeId,
        command: DemoCommand,
        after: Option<Basis>,
    ) -> BoxFuture<Result<(DemoCharge, Option<Basis>), NotBooked>> {
        let bank = self.bank.clone();
        let intent = Intent::of(Stamp { at: self.clock.now(), who: Who::Shop })
            .after(after.map(|basis| Ticket::from_bits(basis.0)));
        Box::pin(async move {
            let (booked, ticket) = bank.step(CarryOut { charge, command }, intent).await;
            let charge = booked.map_err(|_| NotBooked::Unrecorded)?.map_err(NotBooked::Refused)?;
            Ok((charge, ticket.map(|ticket| Basis(ticket.to_bits()))))
        })
    }

    fn list(
        &self,
        since: Timestamp,
        after: Option<DemoChargeId>,
    ) -> BoxFuture<Result<DemoPage, NotBooked>> {
        let reader = self.reader.clone();
        Box::pin(async move {
            let mut page = DemoPage::default();
            for (index, entry) in reader.all_after::<DemoCharge>(after).enumerate() {
                let (id, charge) = entry.map_err(|_| NotBooked::Unrecorded)?;
                if charge.state.changed_at >= since {
                    page.charges.push((id, (*charge.state).clone()));
                }
                if index + 1 >= LISTED_CHARGES_MAX {
                    page.next = Some(id);
                    break;
                }
            }
            Ok(page)
        })
    }
}

/// Charges looked at for one page.
const LISTED_CHARGES_MAX: usize = 500;
