//! Words: why a card was refused, in words fit for a shopper.
//!
//! The bank's reason is told only where the shopper can do something about it; whoever presents a
//! stolen card learns nothing.

/// The words for a decline code.
pub(super) fn words_for(code: &str) -> &'static str {
    match code {
        "insufficient_funds" => "your card has insufficient funds",
        "expired_card" | "invalid_expiry_month" | "invalid_expiry_year" => "your card has expired",
        "incorrect_cvc" | "invalid_cvc" => "your card's security code is incorrect",
        "incorrect_number" | "invalid_number" => "your card number is incorrect",
        "incorrect_zip" | "incorrect_address" => "your address does not match your card",
        "processing_error" | "try_again_later" | "issuer_not_available" | "reenter_transaction" => {
            "the bank could not process this payment; please try again"
        }
        "authentication_required"
        | "payment_intent_authentication_failure"
        | "authentication_not_handled" => "the payment was not confirmed with your bank",
        "card_velocity_exceeded" | "withdrawal_count_limit_exceeded" => {
            "your card's limit is exceeded"
        }
        "card_not_supported" | "currency_not_supported" | "service_not_allowed" => {
            "your card does not support this purchase"
        }
        "resource_missing" | "payment_method_unactivated" | "payment_method_unexpected_state" => {
            "this payment method is not known or cannot be used"
        }
        "amount_too_small" => "this amount is too small to be paid by card",
        "amount_too_large" => "this amount is too large to be paid by card",
        _ => "your card was declined",
    }
}
