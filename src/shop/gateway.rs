//! Gateway: the payment gateway that was chosen, made from the settings.
//!
//! Nothing is asked of it here; whether it answers is seen when somebody pays.

use std::sync::Arc;

use secrecy::SecretString;

use crate::{
    actors::{
        Desk,
        declines::DeclineLimits,
        demo_bank::{BankBooks, DemoBank},
        purchases::PaymentTerms,
    },
    clock::Clock,
    config::{DeclineSettings, Gateway, LimitSettings, PaymentSettings, Secret, Settings},
    domain::{ids::ShopId, orders::PaymentMethod, settings::Shop},
    gateways::{
        PaymentGateway,
        breaker::Tripping,
        by_hand::ByHand,
        demo::DemoGateway,
        stripe::{Patience, StripeGateway, StripeSettings},
    },
    store::Reader,
};

/// The gateway that was chosen, if it is one of the shop's own.
pub(super) fn gateway_over(
    chosen: Gateway,
    bank: Desk<DemoBank>,
    books: Reader,
    clock: Clock,
) -> Arc<dyn PaymentGateway> {
    match chosen {
        Gateway::Demo => Arc::new(DemoGateway::new(Arc::new(BankBooks::new(bank, books, clock)))),
        Gateway::Manual | Gateway::Stripe => Arc::new(ByHand),
    }
}

/// On which terms the shop is paid.
pub(super) fn payment_terms(chosen: &PaymentSettings, limits: &LimitSettings) -> PaymentTerms {
    let DeclineSettings { by_address, by_account, by_card } = limits.declines;
    let declines = DeclineLimits { by_address, by_account, by_card };
    let offered = [
        (PaymentMethod::CashOnDelivery, chosen.cash_on_delivery),
        (PaymentMethod::BankTransfer, chosen.bank_transfer),
    ];
    PaymentTerms {
        hold_minutes: chosen.hold_minutes,
        manual_hold_days: chosen.manual_hold_days,
        capture: chosen.capture,
        by_hand: offered.into_iter().filter(|(_, on)| *on).map(|(method, _)| method).collect(),
        minimum_order: chosen.minimum_order,
        declines: limits.enabled.then_some(declines),
    }
}

/// Stripe, if it was chosen.
pub(super) fn stripe_over(
    settings: &Settings,
    reader: &Reader,
    clock: &Clock,
) -> Result<Option<Arc<dyn PaymentGateway>>, String> {
    let account = match (settings.payments.gateway, &settings.stripe) {
        (Gateway::Stripe, Some(account)) => account,
        (Gateway::Stripe, None) => return Err("there is no secret key".to_owned()),
        (Gateway::Demo | Gateway::Manual, _) => return Ok(None),
    };
    let secret = |secret: &Secret| SecretString::from(secret.expose());
    let patience = Patience {
        connect: account.timeout / 2,
        answer: account.timeout,
        repeat_first: account.repeat_after,
        ..Patience::default()
    };
    let chosen = StripeSettings {
        secret_key: secret(&account.secret_key),
        webhook_secrets: account.webhook_secrets.iter().map(secret).collect(),
        base_url: account.base_url.clone(),
        return_url: public_url(settings, reader)?,
        patience,
        tripping: Tripping::default(),
    };
    let gateway = StripeGateway::new(chosen, clock.clone()).map_err(|fault| fault.to_string())?;
    Ok(Some(Arc::new(gateway)))
}

/// Where customers find the shop, as it is when it opens: a payment page that was asked for twice
/// under one key is asked for in the same words.
fn public_url(settings: &Settings, reader: &Reader) -> Result<String, String> {
    let known = reader.get::<Shop>(ShopId::default()).map_err(|fault| fault.to_string())?.state;
    let is_chosen = settings.shop.public_url.is_some() || !known.exists();
    let url =
        if is_chosen { settings.public_url(settings.listen) } else { known.public_url.clone() };
    Ok(url.trim_end_matches('/').to_owned())
}
