//! Money: whole minor units of one ISO 4217 currency.
//!
//! Invariant: no float, no operator, no silent wrap. Every calculation is a named method that
//! can refuse, and two currencies never meet in one sum.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Why an amount cannot be calculated or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyRefusal {
    /// The result is outside of what a shop can hold.
    #[error("the amount is too large")]
    TooLarge,
    /// Two currencies in one calculation.
    #[error("amounts are in different currencies")]
    MixedCurrencies,
    /// The text is not a decimal number.
    #[error("not an amount")]
    NotAnAmount,
    /// More decimals than the currency has.
    #[error("more decimals than the currency has")]
    TooManyDecimals,
    /// Not an ISO 4217 code this shop can use.
    #[error("not a currency this shop can use")]
    UnknownCurrency,
}

/// An ISO 4217 currency whose minor unit has 0, 2 or 3 decimals.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency(iso_currency::Currency);

impl Currency {
    /// The US dollar, the currency of a new shop.
    pub const USD: Currency = Currency(iso_currency::Currency::USD);

    /// The three-letter code, as `USD`.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// How many decimals the minor unit has (ISO 4217): 0, 2 or 3.
    pub fn exponent(self) -> u32 {
        self.0.exponent().map_or(0, u32::from)
    }

    /// Minor units in one major unit: 1, 100 or 1000.
    pub fn minor_per_major(self) -> i64 {
        10_i64.pow(self.exponent())
    }
}

impl FromStr for Currency {
    type Err = MoneyRefusal;
    fn from_str(text: &str) -> Result<Self, MoneyRefusal> {
        let known = iso_currency::Currency::from_code(text).ok_or(MoneyRefusal::UnknownCurrency)?;
        match known.exponent() {
            Some(0 | 2 | 3) => Ok(Currency(known)),
            _ => Err(MoneyRefusal::UnknownCurrency),
        }
    }
}

impl Default for Currency {
    fn default() -> Self {
        Currency::USD
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let code = std::borrow::Cow::<'de, str>::deserialize(from)?;
        code.parse().map_err(de::Error::custom)
    }
}

/// How a fraction of a minor unit is settled; named at every call that can make one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Halves go away from zero: commercial rounding.
    HalfUp,
    /// The fraction is dropped.
    Down,
}

/// A rate in parts per million: 7.5 % is 75,000.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rate {
    parts_per_million: u32,
}

impl Rate {
    /// A rate of so many millionths; at most 100 %.
    pub fn from_parts_per_million(parts_per_million: u32) -> Result<Rate, MoneyRefusal> {
        if parts_per_million > PARTS_MAX {
            return Err(MoneyRefusal::TooLarge);
        }
        Ok(Rate { parts_per_million })
    }

    /// The rate in millionths.
    pub fn parts_per_million(self) -> u32 {
        self.parts_per_million
    }

    /// This share of an amount, settled to a whole minor unit.
    pub fn of(self, amount: Money, rounding: Rounding) -> Result<Money, MoneyRefusal> {
        let exact = i128::from(amount.minor) * i128::from(self.parts_per_million);
        let whole = i128::from(PARTS_MAX);
        let (quotient, rest) = (exact / whole, exact % whole);
        let away = match rounding {
            Rounding::HalfUp if rest.abs() * 2 >= whole => exact.signum(),
            Rounding::HalfUp | Rounding::Down => 0,
        };
        Money::checked(quotient + away, amount.currency)
    }
}

impl FromStr for Rate {
    type Err = MoneyRefusal;
    /// Reads a fraction with at most six decimals, as `"0.075"`.
    fn from_str(text: &str) -> Result<Self, MoneyRefusal> {
        let parts = digits_to_minor(text, 6)?;
        u32::try_from(parts)
            .map_err(|_| MoneyRefusal::TooLarge)
            .and_then(Rate::from_parts_per_million)
    }
}

/// An amount of one currency in whole minor units; may be negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

impl Money {
    /// So many minor units (cents, yen, fils).
    ///
    /// # Errors
    /// [`MoneyRefusal::TooLarge`] beyond ±10^15 minor units, so that sums of carts stay exact.
    pub fn of(minor: i64, currency: Currency) -> Result<Money, MoneyRefusal> {
        Money::checked(i128::from(minor), currency)
    }

    /// Nothing, in this currency.
    pub fn zero(currency: Currency) -> Money {
        Money { minor: 0, currency }
    }

    /// The most that an amount of this currency can be.
    pub fn most(currency: Currency) -> Money {
        Money { minor: MINOR_UNITS_MAX, currency }
    }

    /// The amount in minor units.
    pub fn minor(self) -> i64 {
        self.minor
    }

    /// The currency.
    pub fn currency(self) -> Currency {
        self.currency
    }

    /// Whether the amount is below zero.
    pub fn is_negative(self) -> bool {
        self.minor < 0
    }

    /// Whether the amount is zero.
    pub fn is_zero(self) -> bool {
        self.minor == 0
    }

    /// The sum.
    pub fn plus(self, other: Money) -> Result<Money, MoneyRefusal> {
        self.same_currency(other)?;
        Money::checked(i128::from(self.minor) + i128::from(other.minor), self.currency)
    }

    /// The difference; may be negative.
    pub fn minus(self, other: Money) -> Result<Money, MoneyRefusal> {
        self.same_currency(other)?;
        Money::checked(i128::from(self.minor) - i128::from(other.minor), self.currency)
    }

    /// So many times the amount.
    pub fn times(self, count: u32) -> Result<Money, MoneyRefusal> {
        Money::checked(i128::from(self.minor) * i128::from(count), self.currency)
    }

    /// `part` of `whole` equal shares, cumulative and rounded down: the shares of 1..=whole add up
    /// to the amount exactly.
    pub fn share(self, part: u32, whole: u32) -> Result<Money, MoneyRefusal> {
        if whole == 0 || part > whole {
            return Err(MoneyRefusal::NotAnAmount);
        }
        let minor = i128::from(self.minor) * i128::from(part) / i128::from(whole);
        Money::checked(minor, self.currency)
    }

    /// Whether this is more than the other.
    pub fn exceeds(self, other: Money) -> Result<bool, MoneyRefusal> {
        self.same_currency(other)?;
        Ok(self.minor > other.minor)
    }

    /// Reads major units from digits, as `"19.99"`, `"1500"` (JPY) or `"1.234"` (KWD).
    ///
    /// # Errors
    /// Text that is no plain decimal, more decimals than the currency has, or too large.
    pub fn read(digits: &str, currency: Currency) -> Result<Money, MoneyRefusal> {
        Money::of(digits_to_minor(digits, currency.exponent())?, currency)
    }

    fn same_currency(self, other: Money) -> Result<(), MoneyRefusal> {
        if self.currency == other.currency { Ok(()) } else { Err(MoneyRefusal::MixedCurrencies) }
    }

    fn checked(minor: i128, currency: Currency) -> Result<Money, MoneyRefusal> {
        match i64::try_from(minor) {
            Ok(minor) if minor.abs() <= MINOR_UNITS_MAX => Ok(Money { minor, currency }),
            _ => Err(MoneyRefusal::TooLarge),
        }
    }
}

/// Major units with exactly the currency's decimals, as `19.99`, `1500` or `1.234`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, minor) = (if self.minor < 0 { "-" } else { "" }, self.minor.unsigned_abs());
        let unit = self.currency.minor_per_major().unsigned_abs();
        let decimals = self.currency.exponent();
        match usize::try_from(decimals) {
            Ok(width) if width > 0 => {
                write!(f, "{sign}{}.{:0width$}", minor / unit, minor % unit)
            }
            _ => write!(f, "{sign}{minor}"),
        }
    }
}

/// Reads `-?[0-9]+(\.[0-9]+)?` as a whole number of `10^-decimals`. Exponents are refused.
fn digits_to_minor(text: &str, decimals: u32) -> Result<i64, MoneyRefusal> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if text.len() > DIGITS_MAX || !plain(whole) || !plain(fraction) {
        return Err(MoneyRefusal::NotAnAmount);
    }
    let kept = fraction.trim_end_matches('0');
    let missing = usize::try_from(decimals)
        .ok()
        .and_then(|decimals| decimals.checked_sub(kept.len()))
        .ok_or(MoneyRefusal::TooManyDecimals)?;
    let all = format!("{whole}{kept}{}", "0".repeat(missing));
    let minor: i64 = all.parse().map_err(|_| MoneyRefusal::TooLarge)?;
    Ok(if negative { -minor } else { minor })
}

/// Beyond this an amount is refused: sums of 200 lines of 999 units still fit 64 bits.
const MINOR_UNITS_MAX: i64 = 1_000_000_000_000_000;
/// Longest text read as a number.
const DIGITS_MAX: usize = 40;
/// Millionths in a whole.
const PARTS_MAX: u32 = 1_000_000;

#[cfg(test)]
mod tests;
