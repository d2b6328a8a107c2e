//! A toy world for checkout: four owners, a bank, and everything that can go wrong between them.
//!
//! The bank keeps its own truth, which our books only learn by answers; answers get lost, requests
//! arrive late, and what is only remembered is forgotten by a crash.

use super::super::*;

/// What the bank knows of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Truth {
    Never,
    NeedsAction,
    Processing,
    Authorised,
    Captured,
    Declined,
    Voided,
}

/// What the bank knows of the refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PaidBack {
    Never,
    Done,
    Refused,
}

/// The state of every owner, of the bank, and of what is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct World {
    pub status: OrderStatus,
    pub settled: bool,
    pub placing: bool,
    pub authorised: bool,
    pub capturing: bool,
    /// How the order is to be paid; one by hand may be paid by card all the same.
    pub method: PayBy,
    /// Whether the payment was received by hand.
    pub by_hand: bool,
    /// Whether the settled order knows of the money.
    pub money_noted: bool,
    /// Whether money ever was set aside.
    pub was_set_aside: bool,
    pub expired: bool,
    pub charges: usize,
    pub charge_ended: usize,
    pub receipt: bool,
    pub claim: ClaimFact,
    pub hold: HoldFact,
    pub attempt: usize,
    pub books: PaymentFact,
    pub bank: [Truth; 2],
    pub in_transit: [bool; 2],
    pub paid_back: PaidBack,
    pub asked: Asked,
    pub obstacle: Option<Obstacle>,
}

/// What can happen when a step is made.
#[derive(Clone, Copy)]
pub struct Luck {
    /// How the bank may decide a charge.
    pub charge: &'static [Truth],
    /// How the bank may decide a refund.
    pub refund: &'static [PaidBack],
    /// Whether answers and requests may get lost.
    pub loses: bool,
    /// Whether carts and ledgers may refuse.
    pub refuses: bool,
}

/// Anything may happen.
pub const ANYTHING: Luck = Luck { loses: true, refuses: true, ..ANSWERED };

/// The bank may decide as it likes, but always answers; owners do not refuse.
pub const ANSWERED: Luck = Luck {
    charge: &[
        Truth::NeedsAction,
        Truth::Processing,
        Truth::Authorised,
        Truth::Captured,
        Truth::Declined,
    ],
    refund: &[PaidBack::Done, PaidBack::Refused],
    loses: false,
    refuses: false,
};

impl World {
    /// A world in which an order was just placed.
    pub fn placed(method: PayBy, claim: ClaimFact, charges: usize) -> World {
        World {
            status: OrderStatus::Pending,
            settled: false,
            placing: charges > 0,
            authorised: false,
            capturing: false,
            method,
            by_hand: false,
            money_noted: false,
            was_set_aside: false,
            expired: false,
            charges,
            charge_ended: 0,
            receipt: false,
            claim,
            hold: HoldFact::None,
            attempt: 0,
            books: PaymentFact::None,
            bank: [Truth::Never; 2],
            in_transit: [false; 2],
            paid_back: PaidBack::Never,
            asked: Asked::default(),
            obstacle: None,
        }
    }

    pub fn facts(&self) -> Facts {
        Facts {
            status: self.status,
            settled: self.settled && (self.money_noted || !self.has_money()),
            placing: self.placing,
            authorised: self.authorised,
            capturing: self.capturing,
            pay_by: self.pay_by(),
            charge_wanted: self.charges > self.attempt,
            decline_unnoted: self.attempt == self.charges && self.charges > self.charge_ended,
            receipt: self.receipt && !self.by_hand,
            expired: self.expired,
            claim: self.claim,
            hold: self.hold,
            payment: self.books,
            asked: self.asked,
            obstacle: self.obstacle,
        }
    }

    /// What is only remembered is forgotten.
    pub fn forget(self) -> World {
        World { asked: Asked::default(), obstacle: None, ..self }
    }

    /// How often the bank took money.
    pub fn captures(&self) -> usize {
        self.bank.iter().filter(|truth| **truth == Truth::Captured).count()
    }

    fn truth(&self) -> Truth {
        self.attempt.checked_sub(1).map_or(Truth::Never, |last| self.bank[last])
    }

    fn with_truth(mut self, truth: Truth) -> World {
        if let Some(last) = self.attempt.checked_sub(1) {
            self.bank[last] = truth;
        }
        self
    }

    fn pay_by(&self) -> PayBy {
        match self.method {
            PayBy::Hand if !self.by_hand && self.attempt > 0 => PayBy::Gateway,
            known @ (PayBy::Hand | PayBy::Gateway | PayBy::Nothing) => known,
        }
    }

    /// Whether our books have money, or had it.
    pub fn has_money(&self) -> bool {
        matches!(
            self.books,
            PaymentFact::Captured
                | PaymentFact::Refunding
                | PaymentFact::Refunded
                | PaymentFact::RefundFailed
        )
    }

    pub fn books_are_open(&self) -> bool {
        matches!(
            self.books,
            PaymentFact::Unknown
                | PaymentFact::NeedsAction
                | PaymentFact::Processing
                | PaymentFact::Authorised
        )
    }

    /// Our books learn what the bank knows of the last attempt.
    fn learn(mut self) -> World {
        if !self.books_are_open() {
            return self;
        }
        let authorised = self.books == PaymentFact::Authorised;
        self.books = match self.truth() {
            Truth::Never => self.books,
            Truth::NeedsAction | Truth::Processing if authorised => self.books,
            Truth::NeedsAction => PaymentFact::NeedsAction,
            Truth::Processing => PaymentFact::Processing,
            Truth::Authorised => PaymentFact::Authorised,
            Truth::Captured => PaymentFact::Captured,
            Truth::Declined => PaymentFact::Declined,
            Truth::Voided => PaymentFact::Voided,
        };
        self.capturing &= self.books == PaymentFact::Authorised;
        self.was_set_aside |= self.books == PaymentFact::Authorised;
        self
    }

    /// The bank has decided `self`: the answer is recorded or, with bad luck, lost.
    fn answered(self, luck: &Luck) -> Vec<World> {
        let told = self.learn();
        let lost = self;
        if luck.loses { vec![told, lost] } else { vec![told] }
    }

    /// Every world that making `step` once can lead to.
    pub fn after(self, step: Step, luck: &Luck) -> Vec<World> {
        World { asked: self.asked.after(step), ..self }.made(step, luck)
    }

    fn made(self, step: Step, luck: &Luck) -> Vec<World> {
        let refused = |obstacle| luck.refuses.then_some(World { obstacle: Some(obstacle), ..self });
        match step {
            Step::ClaimCart => vec![World { claim: ClaimFact::Claimed, ..self }]
                .into_iter()
                .chain(refused(Obstacle::CartInCheckout))
                .collect(),
            Step::ReserveStock => vec![World { hold: HoldFact::Held, ..self }]
                .into_iter()
                .chain(refused(Obstacle::OutOfStock))
                .collect(),
            Step::TakePayment => {
                assert!(!self.books_are_open(), "a new attempt on doubt: {self:?}");
                let (attempt, books) = (self.charges, PaymentFact::Unknown);
                World { attempt, books, ..self }.charged(luck)
            }
            Step::AskGateway if self.truth() == Truth::Never => self.charged(luck),
            Step::AskGateway => self.answered(luck),
            Step::NoteDecline => {
                let (charge_ended, placing, authorised) = (self.attempt, false, false);
                vec![World { charge_ended, placing, authorised, ..self }]
            }
            Step::ReceivePayment => {
                vec![World { books: PaymentFact::Captured, by_hand: true, ..self }]
            }
            Step::AwaitPayment => vec![World { placing: false, ..self }],
            Step::MarkAuthorised => vec![World { authorised: true, placing: false, ..self }],
            Step::CapturePayment => self.captured(luck),
            Step::CommitStock => vec![World { hold: HoldFact::Committed, ..self }],
            Step::ConsumeCart => vec![World { claim: ClaimFact::Consumed, ..self }],
            Step::MarkPaid => {
                let (status, money_noted) = (OrderStatus::Paid, self.has_money());
                vec![World { status, settled: true, placing: false, money_noted, ..self }]
            }
            Step::CancelOrder(_) => vec![self.cancelled()],
            Step::ReleaseStock => vec![World { hold: HoldFact::Released, ..self }],
            Step::ReturnStock => vec![World { hold: HoldFact::Returned, ..self }],
            Step::ReleaseCart => vec![World { claim: ClaimFact::Unclaimed, ..self }],
            Step::VoidPayment => self.voided(luck),
            Step::RefundPayment => self.refunded(luck),
            Step::Settle => {
                vec![World { settled: true, money_noted: self.has_money(), ..self }]
            }
            Step::Wait(_) | Step::Finished => vec![],
        }
    }

    /// The charge is asked for under the key of the last attempt: there is one charge a key.
    fn charged(self, luck: &Luck) -> Vec<World> {
        let decided = if self.truth() == Truth::Never {
            luck.charge.iter().map(|truth| self.with_truth(*truth)).collect()
        } else {
            vec![self]
        };
        let mut worlds: Vec<World> =
            decided.into_iter().flat_map(|world: World| world.answered(luck)).collect();
        if let (true, Some(last)) = (luck.loses, self.attempt.checked_sub(1)) {
            worlds.push(self);
            let mut late = self;
            late.in_transit[last] = true;
            worlds.push(late);
        }
        worlds
    }

    fn captured(self, luck: &Luck) -> Vec<World> {
        let decided = if self.truth() == Truth::Authorised {
            vec![Truth::Captured, Truth::Declined]
        } else {
            vec![self.truth()]
        };
        let mut worlds: Vec<World> =
            decided.into_iter().flat_map(|truth| self.with_truth(truth).answered(luck)).collect();
        if luck.loses {
            worlds.push(self);
        }
        worlds
    }

    fn voided(self, luck: &Luck) -> Vec<World> {
        let truths = match self.truth() {
            Truth::Never | Truth::NeedsAction | Truth::Authorised => vec![Truth::Voided],
            Truth::Processing => vec![Truth::Voided, Truth::Processing],
            known @ (Truth::Captured | Truth::Declined | Truth::Voided) => vec![known],
        };
        let mut worlds: Vec<World> =
            truths.into_iter().flat_map(|truth| self.with_truth(truth).answered(luck)).collect();
        if luck.loses {
            worlds.push(self);
        }
        worlds
    }

    fn refunded(self, luck: &Luck) -> Vec<World> {
        let begun = World { books: PaymentFact::Refunding, ..self };
        if self.by_hand {
            return vec![begun];
        }
        let decided: Vec<PaidBack> = match self.paid_back {
            PaidBack::Never => luck.refund.to_vec(),
            known @ (PaidBack::Done | PaidBack::Refused) => vec![known],
        };
        let mut worlds = Vec::new();
        for paid_back in decided {
            let books = match paid_back {
                PaidBack::Refused => PaymentFact::RefundFailed,
                PaidBack::Never | PaidBack::Done => PaymentFact::Refunded,
            };
            worlds.push(World { paid_back, books, ..self });
            if luck.loses {
                worlds.push(World { paid_back, ..begun });
            }
        }
        if luck.loses {
            worlds.push(World { ..begun });
        }
        worlds
    }

    /// The order is cancelled, if it may be.
    pub fn cancelled(self) -> World {
        match self.status {
            OrderStatus::Pending | OrderStatus::Paid => {
                World { status: OrderStatus::Cancelled, settled: false, placing: false, ..self }
            }
            OrderStatus::Shipped | OrderStatus::Delivered | OrderStatus::Cancelled => self,
        }
    }

    /// Everything that can happen without the process: people, time, the bank, a crash.
    pub fn happenings(self) -> Vec<World> {
        let mut worlds = vec![self.forget(), self.cancelled(), self.learn()];
        let pending = self.status == OrderStatus::Pending;
        if pending {
            worlds.push(World { expired: true, ..self });
        }
        let may_choose = !self.books_are_open() || self.books == PaymentFact::NeedsAction;
        let by_card = self.method != PayBy::Nothing && !self.authorised && !self.receipt;
        if pending && by_card && may_choose && self.charges < self.bank.len() {
            worlds.push(World { charges: self.charges + 1, placing: false, ..self });
        }
        if self.method == PayBy::Hand {
            worlds.extend(self.noted_by_staff());
        }
        if self.claim == ClaimFact::Consumed {
            // A cart remembers so many orders, and may be given up itself.
            worlds.push(World { claim: ClaimFact::Unclaimed, ..self });
        }
        if pending && (self.authorised || self.method == PayBy::Hand) {
            worlds.push(World { status: OrderStatus::Shipped, placing: false, ..self });
        }
        if pending && self.authorised && self.books == PaymentFact::Authorised {
            worlds.push(World { capturing: true, ..self });
        }
        if self.status == OrderStatus::Shipped {
            worlds.push(World { status: OrderStatus::Delivered, ..self });
        }
        if self.books == PaymentFact::RefundFailed {
            let paid_back = PaidBack::Never;
            worlds.push(World { books: PaymentFact::Refunding, paid_back, ..self });
        }
        for at in 0..self.bank.len() {
            worlds.extend(self.bank_moves(at));
        }
        worlds
    }

    /// What staff note: the money at the counter, the cash where the goods are handed over, and
    /// what they gave back by hand.
    fn noted_by_staff(self) -> Option<World> {
        let noted = World { receipt: true, settled: false, ..self };
        match self.status {
            OrderStatus::Pending if !self.authorised && !self.receipt => Some(noted),
            OrderStatus::Shipped if !self.authorised && !self.receipt && !self.has_money() => {
                Some(World { status: OrderStatus::Delivered, ..noted })
            }
            _ if self.by_hand && self.books == PaymentFact::Refunding => {
                Some(World { books: PaymentFact::Refunded, ..self })
            }
            OrderStatus::Pending
            | OrderStatus::Paid
            | OrderStatus::Shipped
            | OrderStatus::Delivered
            | OrderStatus::Cancelled => None,
        }
    }

    /// What the bank does by itself with attempt `at`.
    fn bank_moves(self, at: usize) -> Vec<World> {
        let to = |truth| {
            let mut moved = self;
            (moved.bank[at], moved.in_transit[at]) = (truth, false);
            moved
        };
        match self.bank[at] {
            Truth::Never if self.in_transit[at] => {
                ANYTHING.charge.iter().map(|truth| to(*truth)).collect()
            }
            Truth::NeedsAction | Truth::Processing => {
                vec![to(Truth::Captured), to(Truth::Authorised), to(Truth::Declined)]
            }
            Truth::Authorised => vec![to(Truth::Voided)],
            Truth::Never | Truth::Captured | Truth::Declined | Truth::Voided => vec![],
        }
    }
}
