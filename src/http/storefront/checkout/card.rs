//! Cards as they are typed into a form: read here, and turned into a token at once.

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::http::{
    answer::Answer, fields::FieldFault, orders::charge::CardBody, pages::FormView, problem::Problem,
};

/// A card as it was typed.
///
/// # Errors
/// Every field of it that is missing or cannot be read.
pub(in crate::http::storefront) fn card(
    number: &Option<SecretString>,
    expiry: &Option<SecretString>,
    code: &Option<SecretString>,
) -> Answer<CardBody> {
    let mut faults = Vec::new();
    let until = expiry.as_ref().and_then(|expiry| month_and_year(expiry.expose_secret()));
    for (name, is_there, detail) in [
        ("/cardNumber", number.is_some(), "must be given"),
        ("/cardExpiry", until.is_some(), "give month and year, as 12/30"),
        ("/cardCode", code.is_some(), "must be given"),
    ] {
        if !is_there {
            faults.push(FieldFault::new(name, "required", detail));
        }
    }
    match (number, until, code) {
        (Some(number), Some(until), Some(code)) => {
            Ok(CardBody::typed(number.clone(), until, code.clone()))
        }
        _ => Err(Problem::invalid(faults)),
    }
}

/// What somebody is told whose card was declined: above the form, and at the field that was wrong.
pub(in crate::http::storefront) fn declined(mut form: FormView, problem: &Problem) -> FormView {
    if problem.code() != "payment_declined" {
        return form;
    }
    let code = problem.member("declineCode").and_then(Value::as_str).unwrap_or_default();
    let field = FIELDS.iter().find(|(codes, _)| codes.contains(&code)).map(|(_, field)| *field);
    if let Some(field) = field {
        form.errors.insert(field.to_owned(), problem.detail().to_owned());
    }
    form.refusal = Some(format!("{}. Nothing was charged", problem.detail()));
    form
}

/// (why a card was declined, the field that is about), in the words of the gateways.
const FIELDS: [(&[&str], &str); 3] = [
    (&["incorrect_number", "invalid_number"], "cardNumber"),
    (&["expired_card", "invalid_expiry_month", "invalid_expiry_year"], "cardExpiry"),
    (&["incorrect_cvc", "invalid_cvc"], "cardCode"),
];

/// `12/30`, `12 / 2030` or `1230`.
fn month_and_year(text: &str) -> Option<(u32, u32)> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let (month, year) = match text.split_once(['/', '-', ' ']) {
        Some((month, year)) => {
            let year: String = year.chars().filter(char::is_ascii_digit).collect();
            (month.trim().to_owned(), year)
        }
        None => digits.split_at_checked(2).map(|(a, b)| (a.to_owned(), b.to_owned()))?,
    };
    let month = month.parse().ok().filter(|month| (1..=12).contains(month))?;
    if !matches!(year.len(), 2 | 4) {
        return None;
    }
    Some((month, year.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_says_until_when_in_several_ways() {
        for text in ["12/30", "12 / 30", "1230", "12-30", "12/2030"] {
            let (month, year) = month_and_year(text).expect(text);
            assert_eq!((month, year % 100), (12, 30), "{text}");
        }
        for text in ["", "13/30", "0/30", "12/3", "12", "soon"] {
            assert_eq!(month_and_year(text), None, "{text}");
        }
    }
}
