//! The table: which status each refusal of the rules has.
//!
//! A refusal knows its code and its words; only this page knows its status. What is not a
//! refusal ends as [`Problem::busy`] (503) or [`Problem::fault`] (500).

use actix_web::http::StatusCode;

use super::Problem;
use crate::domain::money::MoneyRefusal;

impl From<MoneyRefusal> for Problem {
    fn from(refusal: MoneyRefusal) -> Problem {
        let code = match refusal {
            MoneyRefusal::TooLarge => "amount_too_large",
            MoneyRefusal::MixedCurrencies => "mixed_currencies",
            MoneyRefusal::NotAnAmount => "not_an_amount",
            MoneyRefusal::TooManyDecimals => "too_many_decimals",
            MoneyRefusal::UnknownCurrency => "unknown_currency",
        };
        Problem::refusal(StatusCode::BAD_REQUEST, code, refusal.to_string())
    }
}
