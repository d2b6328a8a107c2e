//! Charges: with what an order is to be paid, and the rule about card numbers.
//!
//! Invariant: a card number is read only to be exchanged for a token of a published test card,
//! with the demo gateway alone. It is never printed, kept, or named in a refusal.

use secrecy::{ExposeSecret, SecretString};

use crate::{
    config::Gateway,
    domain::{
        demo_charge::token_of_card,
        money::{Currency, Money},
        time::Timestamp,
    },
    http::{
        fields::{Body, Fields, object, secret, text, whole},
        problem::Problem,
    },
    shop::Shop,
};

/// How much the client expects to pay, and with what.
#[derive(Default)]
pub(super) struct ChargeBody {
    amount: Option<i64>,
    currency: Option<String>,
    payment_method_id: Option<String>,
    card: Option<CardBody>,
}

/// A card: by its token, or by its number.
pub(in crate::http) struct CardBody {
    token: Option<String>,
    number: Option<SecretString>,
    exp_month: Option<u32>,
    exp_year: Option<u32>,
    cvc: Option<SecretString>,
}

/// Where cards are taken: by which gateway, and in which year and month.
#[derive(Clone, Copy, Debug)]
pub(in crate::http) struct Counter {
    pub(in crate::http) gateway: Gateway,
    pub(in crate::http) year_month: (u32, u32),
}

impl Body for ChargeBody {
    fn read(fields: &mut Fields<'_>) -> ChargeBody {
        let charge = ChargeBody {
            amount: fields.optional("amount", whole(0, AMOUNT_MAX)),
            currency: fields.optional("currency", text(3, 3)),
            payment_method_id: fields.optional("paymentMethodId", text(1, TOKEN_LETTERS_MAX)),
            card: fields.optional("card", object()),
        };
        if charge.payment_method_id.is_some() && charge.card.is_some() {
            fields.refuse("card", "not_both", "give a paymentMethodId or a card");
        }
        charge
    }
}

impl Body for CardBody {
    fn read(fields: &mut Fields<'_>) -> CardBody {
        let card = CardBody {
            token: fields.optional("token", text(1, TOKEN_LETTERS_MAX)),
            number: fields.optional("number", secret(1, NUMBER_LETTERS_MAX)),
            exp_month: fields.optional("exp_month", whole(1, 12)),
            exp_year: fields.optional("exp_year", whole(0, YEAR_MAX)),
            cvc: fields.optional("cvc", secret(1, CVC_LETTERS_MAX)),
        };
        let given = [
            ("number", card.number.is_some()),
            ("exp_month", card.exp_month.is_some()),
            ("exp_year", card.exp_year.is_some()),
            ("cvc", card.cvc.is_some()),
        ];
        for (name, is_given) in given {
            match (card.token.is_some(), is_given) {
                (true, true) => fields.refuse(name, "not_both", "give a token or a number"),
                (false, false) => fields.refuse(name, "required", "must be given without a token"),
                (true, false) | (false, true) => {}
            }
        }
        card
    }
}

impl ChargeBody {
    /// Whether it says with what to pay.
    pub(super) fn has_means(&self) -> bool {
        self.payment_method_id.is_some() || self.card.is_some()
    }

    /// How much the client expects to pay, if it says so, in the currency of the shop.
    pub(super) fn amount_in(&self, currency: Currency) -> Result<Option<Money>, Problem> {
        let named = self.currency.as_deref();
        if named.is_some_and(|named| !named.eq_ignore_ascii_case(currency.code())) {
            let detail = format!("must be {currency}, the currency of this shop");
            return Err(Problem::invalid_field("/charge/currency", "currency_mismatch", &detail));
        }
        Ok(self.amount.map(|minor| Money::of(minor, currency)).transpose()?)
    }

    /// The token of what is to be paid with; the card number ends here.
    pub(super) fn into_token(self, counter: Counter) -> Result<Option<String>, Problem> {
        match (self.payment_method_id, self.card) {
            (Some(token), _) => no_number(token).map(Some),
            (None, Some(card)) => card.into_token(counter).map(Some),
            (None, None) => Ok(None),
        }
    }
}

impl CardBody {
    /// A card as somebody typed it into a form.
    pub(in crate::http) fn typed(
        number: SecretString,
        (exp_month, exp_year): (u32, u32),
        cvc: SecretString,
    ) -> CardBody {
        CardBody {
            token: None,
            number: Some(number),
            exp_month: Some(exp_month),
            exp_year: Some(exp_year),
            cvc: Some(cvc),
        }
    }

    /// The token of the card; its number ends here.
    pub(in crate::http) fn into_token(self, counter: Counter) -> Result<String, Problem> {
        if let Some(token) = self.token {
            return no_number(token);
        }
        match (counter.gateway, self.number, self.exp_month, self.exp_year, self.cvc) {
            (Gateway::Demo, Some(number), Some(month), Some(year), Some(cvc)) => token_of_card(
                number.expose_secret(),
                month,
                year,
                cvc.expose_secret(),
                counter.year_month,
            )
            .map_err(|refusal| Problem::malformed(refusal.code(), refusal.to_string())),
            (Gateway::Demo | Gateway::Manual | Gateway::Stripe, ..) => Err(card_refused()),
        }
    }
}

/// The token, unless it is a card number in its place: that would be kept and passed on.
fn no_number(token: String) -> Result<String, Problem> {
    let is_number = token.chars().all(|sign| matches!(sign, '0'..='9' | ' ' | '-'))
        && CARD_DIGITS.contains(&token.chars().filter(char::is_ascii_digit).count());
    if is_number { Err(card_refused()) } else { Ok(token) }
}

fn card_refused() -> Problem {
    let words = "card numbers are not accepted here; pay with a token of the gateway";
    Problem::malformed(CARD_REFUSED, words)
}

impl Counter {
    /// The counter of this shop, now.
    pub(in crate::http) fn of(shop: &Shop) -> Counter {
        let gateway = shop.settings.payments.gateway;
        Counter { gateway, year_month: year_and_month(shop.clock.now()) }
    }
}

/// Year and month of a moment, in UTC; of no moment the first of all.
fn year_and_month(now: Timestamp) -> (u32, u32) {
    let Ok(moment) = jiff::Timestamp::from_millisecond(now.millis()) else { return (0, 1) };
    let date = moment.to_zoned(jiff::tz::TimeZone::UTC).date();
    (u32::try_from(date.year()).unwrap_or(0), u32::try_from(date.month()).unwrap_or(1))
}

/// The stable code of a card number that is not taken.
const CARD_REFUSED: &str = "card_data_not_accepted";
/// Digits of a card number: the longest that ISO/IEC 7812-1 knows, the shortest ever given out.
const CARD_DIGITS: std::ops::RangeInclusive<usize> = 12..=19;
/// Largest amount a shop can hold, in minor units.
const AMOUNT_MAX: i64 = 1_000_000_000_000_000;
const TOKEN_LETTERS_MAX: usize = 255;
const NUMBER_LETTERS_MAX: usize = 40;
const CVC_LETTERS_MAX: usize = 10;
const YEAR_MAX: u32 = 9999;
