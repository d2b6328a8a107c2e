//! Payments: which ways to pay there are, and on which terms.

use super::{Gateway, parsed, reading::Reading};
use crate::domain::{
    money::{Currency, Money},
    payments::Capture,
};

/// `[payments]`.
#[derive(Clone, Debug, PartialEq)]
pub struct PaymentSettings {
    /// Who takes the money.
    pub gateway: Gateway,
    /// How long stock is held for an order that waits for its payment.
    pub hold_minutes: u32,
    /// How many days stock is held for an order that is paid by hand or by bank.
    pub manual_hold_days: u32,
    /// Whether cards are charged at once, or when the goods leave.
    pub capture: Capture,
    /// Whether customers may pay in cash when the goods are handed over; unless chosen, where no
    /// real cards are taken.
    pub cash_on_delivery: bool,
    /// Whether customers may pay by bank transfer; unless chosen, where no real cards are taken.
    pub bank_transfer: bool,
    /// What a customer needs to know to pay by bank: the account, line by line.
    pub bank_transfer_details: Option<String>,
    /// What the goods of an order must cost at least, in the shop's currency.
    pub minimum_order: Option<Money>,
}

impl PaymentSettings {
    /// Whether the pages offer to pay by bank: only if they can say to which account.
    pub fn shows_bank_transfer(&self) -> bool {
        self.bank_transfer && self.bank_transfer_details.is_some()
    }
}

/// Reads them; amounts are in the shop's currency.
pub(super) fn payments(read: &mut Reading<'_>, currency: Currency) -> PaymentSettings {
    let gateway = read.choice("payments.gateway", "`stripe`, `manual` or `demo`", &GATEWAYS);
    let by_hand = match gateway {
        Gateway::Manual | Gateway::Demo => true,
        // Who takes real cards says what else is offered.
        Gateway::Stripe => false,
    };
    PaymentSettings {
        gateway,
        hold_minutes: read.number("payments.hold_minutes", 1..=HOLD_MINUTES_MAX),
        manual_hold_days: read.number("payments.manual_hold_days", 1..=MANUAL_HOLD_DAYS_MAX),
        capture: read.choice(
            "payments.capture",
            "`automatic` or `manual`",
            &[("automatic", Capture::Automatic), ("manual", Capture::Manual)],
        ),
        cash_on_delivery: read
            .value_if_set("payments.cash_on_delivery", YES_OR_NO, parsed)
            .unwrap_or(by_hand),
        bank_transfer: read
            .value_if_set("payments.bank_transfer", YES_OR_NO, parsed)
            .unwrap_or(by_hand),
        bank_transfer_details: read.value_if_set(
            "payments.bank_transfer_details",
            "up to 1,000 characters, in lines",
            account_lines,
        ),
        minimum_order: read.value_if_set(
            "payments.minimum_order",
            &format!("an amount of {currency}, not negative, with at most its decimals"),
            |text| Money::read(text, currency).ok().filter(|amount| !amount.is_negative()),
        ),
    }
}

/// What is shown to a customer who pays by bank: printable lines, trimmed.
fn account_lines(text: &str) -> Option<String> {
    let text = text.trim();
    let printable = text.chars().all(|letter| letter == '\n' || !letter.is_control());
    let fits = !text.is_empty() && text.chars().count() <= ACCOUNT_LETTERS_MAX;
    (printable && fits).then(|| text.to_owned())
}

const YES_OR_NO: &str = "`true` or `false`";
const GATEWAYS: [(&str, Gateway); 3] =
    [("stripe", Gateway::Stripe), ("manual", Gateway::Manual), ("demo", Gateway::Demo)];
/// A week: stock that is held longer is stock that is not sold.
const HOLD_MINUTES_MAX: u32 = 7 * 24 * 60;
/// Two months: an account that is paid later than that is not paid.
const MANUAL_HOLD_DAYS_MAX: u32 = 60;
const ACCOUNT_LETTERS_MAX: usize = 1000;
