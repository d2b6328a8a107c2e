//! Kinds of numbers: whole ones, quantities, and amounts of money. Never through a float.

use std::marker::PhantomData;

use serde_json::{Value, json};

use super::{Faults, Kind, Place, Raw};
use crate::{
    domain::{
        money::{self, Currency, MoneyRefusal},
        quantity::Quantity,
    },
    http::problem::Problem,
};

/// A whole number in this range, without fraction or exponent.
pub fn whole<T: Copy + Into<i64> + TryFrom<i64>>(min: T, max: T) -> Whole<T> {
    Whole { min: min.into(), max: max.into(), blank: min, kind: PhantomData }
}

/// See [`whole`].
#[derive(Clone, Copy, Debug)]
pub struct Whole<T> {
    min: i64,
    max: i64,
    blank: T,
    kind: PhantomData<T>,
}

impl<T: Copy + TryFrom<i64>> Kind for Whole<T> {
    type Value = T;

    fn read(&self, raw: Raw<'_>, at: &Place<'_>, faults: &mut Faults) -> Option<T> {
        let number = whole_number(raw, at, faults)?;
        if number < i128::from(self.min) {
            faults.note(at, "too_small", format!("must be at least {}", self.min));
        } else if number > i128::from(self.max) {
            faults.note(at, "too_large", format!("must be at most {}", self.max));
        } else {
            return i64::try_from(number).ok().and_then(|number| T::try_from(number).ok());
        }
        None
    }

    fn blank(&self) -> T {
        self.blank
    }

    fn schema(&self) -> Value {
        json!({ "type": "integer", "minimum": self.min, "maximum": self.max })
    }
}

/// A quantity: at least one unit, at most so many.
pub fn quantity(max: u32) -> Units {
    Units { max }
}

/// See [`quantity`].
#[derive(Clone, Copy, Debug)]
pub struct Units {
    max: u32,
}

impl Kind for Units {
    type Value = Quantity;

    fn read(&self, raw: Raw<'_>, at: &Place<'_>, faults: &mut Faults) -> Option<Quantity> {
        let units = whole(1, self.max).read(raw, at, faults)?;
        Quantity::new(units).ok()
    }

    fn blank(&self) -> Quantity {
        Quantity::new(1).expect("one is a quantity")
    }

    fn schema(&self) -> Value {
        whole(1, self.max).schema()
    }
}

/// An amount in major units, zero or more: a number, or a text with the same digits.
pub fn money() -> Money {
    Money
}

/// See [`money()`].
#[derive(Clone, Copy, Debug)]
pub struct Money;

/// The digits of an amount, before anybody has said in which currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digits {
    digits: String,
    pointer: String,
}

impl Digits {
    /// The amount, in this currency.
    ///
    /// # Errors
    /// 400 at the field's pointer: more decimals than the currency has, or too large.
    pub fn in_currency(&self, currency: Currency) -> Result<money::Money, Problem> {
        money::Money::read(&self.digits, currency).map_err(|refusal| {
            let code = match refusal {
                MoneyRefusal::TooLarge => "too_large",
                MoneyRefusal::TooManyDecimals => "too_many_decimals",
                MoneyRefusal::NotAnAmount
                | MoneyRefusal::MixedCurrencies
                | MoneyRefusal::UnknownCurrency => "not_an_amount",
            };
            Problem::invalid_field(&self.pointer, code, &refusal.to_string())
        })
    }

    /// The amount, in this currency, if it is more than nothing.
    ///
    /// # Errors
    /// As [`Digits::in_currency`], and 400 at the same pointer for nothing.
    pub fn some_in(&self, currency: Currency) -> Result<money::Money, Problem> {
        let amount = self.in_currency(currency)?;
        if amount.is_zero() {
            let detail = "must be more than zero";
            return Err(Problem::invalid_field(&self.pointer, "too_small", detail));
        }
        Ok(amount)
    }
}

impl Kind for Money {
    type Value = Digits;

    fn read(&self, raw: Raw<'_>, at: &Place<'_>, faults: &mut Faults) -> Option<Digits> {
        let text;
        let digits = match (raw.digits(), raw.text()) {
            (Some(digits), _) => digits,
            (None, Ok(words)) => {
                text = words;
                text.as_ref()
            }
            (None, Err(_)) => {
                faults.note(at, "wrong_type", "must be a number");
                return None;
            }
        };
        let unsigned = digits.strip_prefix('-').unwrap_or(digits);
        let (units, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
        let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !plain(units) || !plain(fraction) {
            faults.note(at, "not_an_amount", "must be a plain number, as 1999 or 19.99");
            return None;
        }
        if digits.len() > DIGITS_MAX {
            faults.note(at, "too_large", "has too many digits");
            return None;
        }
        if unsigned.len() < digits.len()
            && unsigned.bytes().any(|byte| (b'1'..=b'9').contains(&byte))
        {
            faults.note(at, "too_small", "must not be negative");
            return None;
        }
        Some(Digits { digits: unsigned.to_owned(), pointer: at.pointer() })
    }

    fn blank(&self) -> Digits {
        Digits { digits: "0".to_owned(), pointer: String::new() }
    }

    fn schema(&self) -> Value {
        json!({
            "description": "Major units, with at most the currency's number of decimals.",
            "anyOf": [
                { "type": "number", "minimum": 0 },
                { "type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$", "maxLength": DIGITS_MAX },
            ],
        })
    }
}

/// The whole number a value is, however large, or a fault.
fn whole_number(raw: Raw<'_>, at: &Place<'_>, faults: &mut Faults) -> Option<i128> {
    let digits = raw.digits();
    let plain = |digits: &str| {
        let unsigned = digits.strip_prefix('-').unwrap_or(digits);
        !unsigned.is_empty() && unsigned.bytes().all(|byte| byte.is_ascii_digit())
    };
    match digits {
        None => faults.note(at, "wrong_type", "must be a whole number"),
        Some(digits) if !plain(digits) => {
            faults.note(at, "not_a_whole_number", "must be a whole number, written plainly");
        }
        Some(digits) => {
            let beyond = if digits.starts_with('-') { i128::MIN } else { i128::MAX };
            return Some(digits.parse().unwrap_or(beyond));
        }
    }
    None
}

const DIGITS_MAX: usize = 30;
