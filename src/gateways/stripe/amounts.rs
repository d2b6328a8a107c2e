//! Amounts: our minor units as Stripe counts them, and back.
//!
//! For most currencies both count alike. Some that have no decimals (any more) Stripe still takes
//! with two, always `00`; one that has two on paper it takes without; and of a currency with
//! three decimals the last digit must be zero. What cannot be said to Stripe exactly is not said.

use crate::domain::money::{Currency, Money};

/// An amount that Stripe cannot take exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this amount cannot be paid by card: it must be a multiple of ten of the smallest unit")]
pub(super) struct NotChargeable;

/// The amount in Stripe's units.
pub(super) fn to_stripe(amount: Money) -> Result<i64, NotChargeable> {
    let (minor, currency) = (amount.minor(), amount.currency());
    match unit_of(currency) {
        Unit::Ours => Ok(minor),
        Unit::Hundredth => minor.checked_mul(HUNDRED).ok_or(NotChargeable),
        Unit::Hundredfold if minor % HUNDRED == 0 => Ok(minor / HUNDRED),
        Unit::OursInTens if minor % TEN == 0 => Ok(minor),
        Unit::Hundredfold | Unit::OursInTens => Err(NotChargeable),
    }
}

/// The amount that so many of Stripe's units of this currency (in lower case) are; nothing if no
/// shop can have it.
pub(super) fn from_stripe(amount: i64, currency: &str) -> Option<Money> {
    let currency: Currency = currency.to_ascii_uppercase().parse().ok()?;
    let minor = match unit_of(currency) {
        Unit::Ours | Unit::OursInTens => amount,
        Unit::Hundredth if amount % HUNDRED == 0 => amount / HUNDRED,
        Unit::Hundredth => return None,
        Unit::Hundredfold => amount.checked_mul(HUNDRED)?,
    };
    Money::of(minor, currency).ok()
}

/// The currency as Stripe writes it.
pub(super) fn code_of(currency: Currency) -> String {
    currency.code().to_ascii_lowercase()
}

/// What Stripe counts in, against our minor unit.
enum Unit {
    /// The same.
    Ours,
    /// The same, but only full tens.
    OursInTens,
    /// A hundredth of ours.
    Hundredth,
    /// A hundred of ours.
    Hundredfold,
}

fn unit_of(currency: Currency) -> Unit {
    match (currency.code(), currency.exponent()) {
        ("ISK" | "UGX", 0) => Unit::Hundredth,
        ("MGA", 2) => Unit::Hundredfold,
        (_, 3) => Unit::OursInTens,
        _ => Unit::Ours,
    }
}

const TEN: i64 = 10;
const HUNDRED: i64 = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_said_as_stripe_counts() {
        // (our minor units, currency, Stripe's units; none if it cannot be said)
        let cases = [
            (1999, "USD", Some(1999)),
            (500, "JPY", Some(500)),
            (500, "KRW", Some(500)),
            (5, "ISK", Some(500)),
            (5, "UGX", Some(500)),
            (5120, "KWD", Some(5120)),
            (5124, "KWD", None),
            (1230, "BHD", Some(1230)),
            (1231, "TND", None),
            (500, "MGA", Some(5)),
            (501, "MGA", None),
            (80045, "HUF", Some(80045)),
            (80000, "TWD", Some(80000)),
        ];
        for (minor, code, said) in cases {
            let currency: Currency = code.parse().expect("a currency");
            let amount = Money::of(minor, currency).expect("an amount");
            assert_eq!(to_stripe(amount).ok(), said, "{amount} {code}");
            if let Some(said) = said {
                assert_eq!(from_stripe(said, &code_of(currency)), Some(amount), "{said} {code}");
            }
        }
    }

    #[test]
    fn what_no_shop_can_have_is_no_amount() {
        assert_eq!(from_stripe(5, "zzz"), None);
        assert_eq!(from_stripe(550, "isk"), None, "half a krona");
        assert_eq!(from_stripe(i64::MAX, "usd"), None);
    }
}
