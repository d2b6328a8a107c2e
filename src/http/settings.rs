//! Settings: the shop itself, and what an admin changes while it runs.
//!
//! | Method | Path         | Does                          | Who   |
//! |--------|--------------|-------------------------------|-------|
//! | GET    | /v1/settings | shows the shop's settings     | admin |
//! | PATCH  | /v1/settings | changes some of them          | admin |
//!
//! What was ordered keeps the tax and the shipping of its moment.

use actix_web::http::Method;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    access::{Admin, Caller},
    answer::{Answer, Cached},
    call::Call,
    etag::ETag,
    fields::{Body, Digits, Fields, Kind, list, money, text, url, whole},
    idempotency::{Made, RequestKey},
    limits::Class,
    table::{Operation, op},
    users::PRIVATE,
    views::{Amount, Time},
};
use crate::{
    actors::settings::EditShop,
    config,
    domain::{
        ids::ShopId,
        money::Rate,
        quantity::QUANTITY_UNITS_MAX,
        settings::{
            self, SYNONYM_GROUPS_MAX, SYNONYM_LETTERS_MAX, SYNONYMS_MAX, SettingsRefusal, ShopEdit,
        },
    },
    shop::Shop,
    store::Versioned,
};

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    use Class::{Reads, Writes};
    let path = "/v1/settings";
    vec![
        op(Method::GET, path, Reads, "Show the shop's settings", show_settings),
        op(Method::PATCH, path, Writes, "Change the shop's settings", change_settings)
            .takes_bytes(BODY_BYTES_MAX)
            .again(shown_again),
    ]
}

async fn show_settings(shop: Shop, _: Admin, _: Call) -> Answer<Cached<SettingsView>> {
    let Versioned { version, state } = now(&shop)?;
    let answer = SettingsView::of(&shop, &state);
    Ok(Cached { etag: ETag::of_version(version), control: PRIVATE, answer })
}

/// Changes what the body names.
pub(super) async fn change_settings(
    shop: Shop,
    who: Admin,
    call: Call<SettingsBody>,
) -> Answer<SettingsView> {
    let Versioned { version, state } = now(&shop)?;
    let seen = call.from.if_match().seen(version)?;
    let SettingsBody { edit, shipping_flat } = call.body;
    let is_elsewhere = edit.public_url.as_ref().is_some_and(|url| *url != state.public_url);
    if is_elsewhere && shop.settings.shop.public_url.is_some() {
        return Err(SettingsRefusal::PublicUrlConfigured.into());
    }
    let shipping_flat = shipping_flat.map(|it| it.in_currency(state.currency)).transpose()?;
    let edit = ShopEdit { shipping_flat, ..edit };
    let intent = shop.intent(who.as_cause()).under(call.key.map(RequestKey::to_store)).seeing(seen);
    let low_at = state.low_stock_threshold;
    let changed = shop.desks.settings.ask(EditShop { edit }, intent).await?;
    if changed.low_stock_threshold != low_at {
        // There may be very many SKUs: nobody waits for them.
        let shop = shop.clone();
        actix_web::rt::spawn(async move { shop.watch_stock().await });
    }
    Ok(SettingsView::of(&shop, &changed))
}

async fn shown_again(shop: Shop, _: Option<Caller>, _: Made) -> Answer<SettingsView> {
    Ok(SettingsView::of(&shop, &now(&shop)?.state))
}

/// The settings as they are.
pub(super) fn now(shop: &Shop) -> Answer<Versioned<settings::Shop>> {
    Ok(shop.reader.get::<settings::Shop>(ShopId::default())?)
}

/// What shall change; what is left out stays.
pub(super) struct SettingsBody {
    /// All but the price of shipping, whose currency is the shop's.
    edit: ShopEdit,
    shipping_flat: Option<Digits>,
}

impl Body for SettingsBody {
    fn read(fields: &mut Fields<'_>) -> SettingsBody {
        let is_rate = |said: &String| match said.parse::<Rate>() {
            Ok(_) => Ok(()),
            Err(_) => Err(("not_a_rate", "is no share such as 0.075, from 0 to 1")),
        };
        let is_origin = |said: &String| match config::origin(said) {
            Some(_) => Ok(()),
            None => Err(("not_an_origin", "must be without a path, as https://shop.example")),
        };
        let public_url = fields.optional("publicUrl", url(URL_LETTERS_MAX).such_that(is_origin));
        let entry = || text(1, SYNONYM_LETTERS_MAX);
        let tax_rate = fields.optional("taxRate", text(1, RATE_LETTERS_MAX).such_that(is_rate));
        let edit = ShopEdit {
            name: fields.optional("name", text(1, NAME_LETTERS_MAX)),
            public_url: public_url.and_then(|said| config::origin(&said)),
            tax_rate: tax_rate.and_then(|said| said.parse().ok()),
            shipping_flat: None,
            synonyms: fields
                .optional("synonyms", list(list(entry(), 2, SYNONYMS_MAX), 0, SYNONYM_GROUPS_MAX)),
            low_stock_threshold: fields.optional("lowStockThreshold", whole(0, QUANTITY_UNITS_MAX)),
        };
        SettingsBody { edit, shipping_flat: fields.optional("shippingFlat", money()) }
    }
}

/// The shop's settings, for admins.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SettingsView {
    name: String,
    currency: &'static str,
    /// The share of tax on what is sold, as `0.075`.
    tax_rate: String,
    shipping_flat: Amount,
    public_url: String,
    /// Whether the settings file says so, and only the file changes it.
    public_url_is_configured: bool,
    /// At how many available units a SKU counts as low that has no number of its own.
    low_stock_threshold: u32,
    /// Groups of words that mean the same to those who search.
    synonyms: Vec<Vec<String>>,
    opened_at: Option<Time>,
}

impl SettingsView {
    fn of(shop: &Shop, terms: &settings::Shop) -> SettingsView {
        SettingsView {
            name: terms.name.clone(),
            currency: terms.currency.code(),
            tax_rate: share(terms.tax_rate),
            shipping_flat: Amount(terms.shipping_flat),
            public_url: terms.public_url.clone(),
            public_url_is_configured: shop.settings.shop.public_url.is_some(),
            low_stock_threshold: terms.low_stock_threshold,
            synonyms: terms.synonyms.clone(),
            opened_at: terms.opened_at.map(Time),
        }
    }
}

/// A rate as a share of one: `0.075`.
fn share(rate: Rate) -> String {
    let parts = rate.parts_per_million();
    let text = format!("{}.{:06}", parts / 1_000_000, parts % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

const NAME_LETTERS_MAX: usize = 100;
const URL_LETTERS_MAX: usize = 2_000;
const RATE_LETTERS_MAX: usize = 10;
/// All synonyms, each letter written as `\uXXXX`.
const BODY_BYTES_MAX: usize = 2 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_shown_as_it_is_read() {
        for said in ["0", "0.075", "0.19", "1", "0.000001"] {
            assert_eq!(share(said.parse().expect("a rate")), said);
        }
    }
}
