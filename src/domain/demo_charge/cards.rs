//! The published test cards, and what the demo gateway does with each.
//!
//! Invariant: a number that is not published for testing is refused, never kept and never shown.
//! Numbers become tokens at the edge; behind it there are only tokens.

/// The number is not one published for testing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("card numbers are not accepted here, except those published for testing")]
pub struct NotATestCard;

impl NotATestCard {
    /// The stable code of the wire contract.
    pub fn code(&self) -> &'static str {
        "card_data_not_accepted"
    }
}

/// What the demo gateway does with a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Pays.
    Pays,
    /// Pays, but a later refund is refused.
    PaysOnce,
    /// Is refused with this code.
    Declines(&'static str),
    /// Asks the customer first, then pays.
    Asks,
    /// Asks the customer first, then is refused with this code.
    AsksThenDeclines(&'static str),
    /// Pays, but the first answer is lost.
    PaysSilently,
    /// Is refused, but the first answer is lost.
    DeclinesSilently(&'static str),
    /// Is at work until it has been asked about twice, then pays.
    PaysLater,
    /// Is at work until it has been asked about twice, then is refused with this code.
    DeclinesLater(&'static str),
}

/// Makes a token of a published test card. A card that has expired at `now` gets the token of an
/// expired one; a code that is not three or four digits that of a wrong one.
///
/// # Errors
/// Any other number: it is not kept, and not in the refusal.
pub fn token_of_card(
    number: &str,
    exp_month: u32,
    exp_year: u32,
    cvc: &str,
    now_year_month: (u32, u32),
) -> Result<String, NotATestCard> {
    if number.len() > CARD_TEXT_MAX {
        return Err(NotATestCard);
    }
    let digits: String = number.chars().filter(|sign| !matches!(sign, ' ' | '-')).collect();
    let named = |(card, _): &&(&str, &str)| *card == digits;
    let (_, token) = NUMBERS.iter().find(named).ok_or(NotATestCard)?;
    let year = if exp_year < 100 { exp_year.saturating_add(2000) } else { exp_year };
    let plain = cvc.bytes().all(|byte| byte.is_ascii_digit()) && matches!(cvc.len(), 3 | 4);
    Ok(if !(1..=12).contains(&exp_month) || (year, exp_month) < now_year_month {
        EXPIRED_TOKEN.to_owned()
    } else if plain {
        (*token).to_owned()
    } else {
        WRONG_CVC_TOKEN.to_owned()
    })
}

/// What the demo gateway does with a payment method, by its `pm_card_…`, `tok_…`,
/// `tok_demo_…` or `pm_demo_…` name; nothing for a name it does not know.
pub fn behaviour_of(token: &str) -> Option<Behaviour> {
    let named = |table: &[(&str, Behaviour)], name: &str| {
        table.iter().find(|(known, _)| *known == name).map(|(_, behaviour)| *behaviour)
    };
    if let Some(name) = token.strip_prefix("pm_demo_") {
        return named(OWN_NAMES, name);
    }
    ["pm_card_", "tok_demo_", "tok_"]
        .iter()
        .find_map(|prefix| token.strip_prefix(prefix))
        .and_then(|name| named(CARD_NAMES, name))
}

/// What a decline code says to a shopper.
pub fn words_for(code: &str) -> &'static str {
    match code {
        "insufficient_funds" => "your card has insufficient funds",
        "lost_card" | "stolen_card" | "fraudulent" => "your card was declined",
        "expired_card" => "your card has expired",
        "incorrect_cvc" => "your card's security code is incorrect",
        "incorrect_number" => "your card number is incorrect",
        "processing_error" => "an error occurred while processing your card, try again",
        "card_velocity_exceeded" => "your card was used too often in a short time",
        "authentication_required" => "your card was declined: it was not authenticated",
        "unknown_payment_method" => "there is no such payment method",
        _ => "your card was declined",
    }
}

/// The published numbers, and the published name of a payment method that behaves like each.
pub const NUMBERS: &[(&str, &str)] = &[
    ("4242424242424242", "pm_card_visa"),
    ("4000056655665556", "pm_card_visa_debit"),
    ("5555555555554444", "pm_card_mastercard"),
    ("2223003122003222", "pm_card_mastercard"),
    ("5200828282828210", "pm_card_mastercard_debit"),
    ("5105105105105100", "pm_card_mastercard_prepaid"),
    ("378282246310005", "pm_card_amex"),
    ("371449635398431", "pm_card_amex"),
    ("6011111111111117", "pm_card_discover"),
    ("6011000990139424", "pm_card_discover"),
    ("6011981111111113", "pm_card_discover"),
    ("3056930009020004", "pm_card_diners"),
    ("36227206271667", "pm_card_diners"),
    ("3566002020360505", "pm_card_jcb"),
    ("6200000000000005", "pm_card_unionpay"),
    ("4000000000000077", "pm_card_bypassPending"),
    ("4000000000000259", "pm_card_createDispute"),
    ("4000000000005126", "pm_card_refundFail"),
    ("4000000000000002", "pm_card_visa_chargeDeclined"),
    ("4000000000000341", "pm_card_chargeCustomerFail"),
    ("4000000000009995", "pm_card_visa_chargeDeclinedInsufficientFunds"),
    ("4000000000009987", "pm_card_visa_chargeDeclinedLostCard"),
    ("4000000000009979", "pm_card_visa_chargeDeclinedStolenCard"),
    ("4000000000006975", "pm_card_visa_chargeDeclinedVelocityLimitExceeded"),
    ("4100000000000019", "pm_card_chargeDeclinedFraudulent"),
    ("4000000000000069", EXPIRED_TOKEN),
    ("4000000000000127", WRONG_CVC_TOKEN),
    ("4000000000000101", WRONG_CVC_TOKEN),
    ("4000000000000119", "pm_card_chargeDeclinedProcessingError"),
    ("4242424242424241", "pm_card_chargeDeclinedIncorrectNumber"),
    ("4000002500003155", "pm_card_authenticationRequiredOnSetup"),
    ("4000002760003184", "pm_card_authenticationRequired"),
    ("4000000000003220", "pm_card_threeDSecure2Required"),
    ("4000000000003063", "pm_card_threeDSecureRequired"),
    ("4000008260003178", "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds"),
];

/// Names after `pm_card_`, `tok_` or `tok_demo_`.
const CARD_NAMES: &[(&str, Behaviour)] = &[
    ("visa", Behaviour::Pays),
    ("visa_debit", Behaviour::Pays),
    ("mastercard", Behaviour::Pays),
    ("mastercard_debit", Behaviour::Pays),
    ("mastercard_prepaid", Behaviour::Pays),
    ("amex", Behaviour::Pays),
    ("discover", Behaviour::Pays),
    ("diners", Behaviour::Pays),
    ("jcb", Behaviour::Pays),
    ("unionpay", Behaviour::Pays),
    ("us", Behaviour::Pays),
    ("bypassPending", Behaviour::Pays),
    ("createDispute", Behaviour::Pays),
    ("refundFail", Behaviour::PaysOnce),
    ("chargeDeclined", Behaviour::Declines("generic_decline")),
    ("visa_chargeDeclined", Behaviour::Declines("generic_decline")),
    ("chargeCustomerFail", Behaviour::Declines("generic_decline")),
    ("chargeDeclinedInsufficientFunds", Behaviour::Declines("insufficient_funds")),
    ("visa_chargeDeclinedInsufficientFunds", Behaviour::Declines("insufficient_funds")),
    ("chargeDeclinedLostCard", Behaviour::Declines("lost_card")),
    ("visa_chargeDeclinedLostCard", Behaviour::Declines("lost_card")),
    ("chargeDeclinedStolenCard", Behaviour::Declines("stolen_card")),
    ("visa_chargeDeclinedStolenCard", Behaviour::Declines("stolen_card")),
    ("chargeDeclinedVelocityLimitExceeded", Behaviour::Declines("card_velocity_exceeded")),
    ("visa_chargeDeclinedVelocityLimitExceeded", Behaviour::Declines("card_velocity_exceeded")),
    ("chargeDeclinedFraudulent", Behaviour::Declines("fraudulent")),
    ("radarBlock", Behaviour::Declines("fraudulent")),
    ("chargeDeclinedExpiredCard", Behaviour::Declines("expired_card")),
    ("chargeDeclinedIncorrectCvc", Behaviour::Declines("incorrect_cvc")),
    ("chargeDeclinedProcessingError", Behaviour::Declines("processing_error")),
    ("chargeDeclinedIncorrectNumber", Behaviour::Declines("incorrect_number")),
    ("authenticationRequired", Behaviour::Asks),
    ("authenticationRequiredOnSetup", Behaviour::Asks),
    ("threeDSecureRequired", Behaviour::Asks),
    ("threeDSecure2Required", Behaviour::Asks),
    (
        "authenticationRequiredChargeDeclinedInsufficientFunds",
        Behaviour::AsksThenDeclines("insufficient_funds"),
    ),
];

/// Names after `pm_demo_`: what no published card does.
const OWN_NAMES: &[(&str, Behaviour)] = &[
    ("unknown", Behaviour::PaysSilently),
    ("unknown_declined", Behaviour::DeclinesSilently("generic_decline")),
    ("processing", Behaviour::PaysLater),
    ("processing_declined", Behaviour::DeclinesLater("generic_decline")),
];

/// The token of every card that has expired.
const EXPIRED_TOKEN: &str = "pm_card_chargeDeclinedExpiredCard";
/// The token of every card whose security code is wrong.
const WRONG_CVC_TOKEN: &str = "pm_card_chargeDeclinedIncorrectCvc";
/// Longest text that is looked at as a card number, in bytes.
const CARD_TEXT_MAX: usize = 40;
