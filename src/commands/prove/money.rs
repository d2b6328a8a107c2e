//! Money: random carts, taxes, shipping and refunds, compared with an arithmetic of our own.
//!
//! First the rules alone, very often; then a running shop in each kind of currency, digit by digit.

mod ledger;
mod till;

use std::path::Path;

use fastrand::Rng;

use super::{Broken, Held};
use crate::{
    cli::{Bar, MoneyOptions},
    domain::money::Currency,
    store::Progress,
};

/// Calculates everything twice.
pub(super) async fn prove(room: &Path, options: MoneyOptions, seed: u64) -> Result<Held, Broken> {
    let mut dice = Rng::with_seed(seed);
    let currencies: Vec<Currency> =
        CURRENCIES.iter().filter_map(|code| code.parse().ok()).collect();
    let bar = Bar::new();
    bar.begin("pricing carts", u64::from(options.carts));
    let (mut lines, mut refunds) = (0, 0);
    for number in 0..options.carts {
        let currency = dice.choice(&currencies).copied().unwrap_or_default();
        let done = ledger::one_cart(currency, &mut dice)?;
        lines += done.lines;
        refunds += done.refunds;
        if number % CARTS_A_STEP == CARTS_A_STEP - 1 {
            bar.advance(CARTS_A_STEP.into());
            // Whoever waits for us to be stopped is heard.
            tokio::task::yield_now().await;
        }
    }
    bar.begin("buying and refunding", u64::from(options.orders) * 3);
    let mut verified = Vec::new();
    for currency in &currencies {
        let till = till::Till::opened(room, *currency, &mut dice).await?;
        let done = till.trades(options.orders, &mut dice, &bar).await?;
        lines += done.lines;
        refunds += done.refunds;
        verified.push(format!("\n         verify {currency}: {}", done.verified));
    }
    bar.end();
    Ok(Held {
        tried: format!(
            "{} carts by the rules alone, and {} orders in running shops, in {}",
            options.carts,
            u64::from(options.orders) * 3,
            CURRENCIES.join(", ")
        ),
        found: format!("{lines} lines and {refunds} refunds, 0 wrong cents{}", verified.concat()),
        holds: "lines, tax, shipping and refunds add up; all refunds of an order are its total",
    })
}

/// Without decimals, with two, and with three.
const CURRENCIES: &[&str] = &["JPY", "USD", "KWD"];
/// Carts between two looks at the bar.
const CARTS_A_STEP: u32 = 1_000;
