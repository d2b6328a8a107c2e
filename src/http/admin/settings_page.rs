//! Settings: what the shop is called, where it is, its tax and shipping, and which words mean
//! the same.

use std::collections::BTreeMap;

use actix_web::http::Method;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    overtaken::{Overtaken, amount, version_in},
    parts::{DoneQuery, body_of, framed},
    said::Said,
};
use crate::{
    http::{
        access::{Admin, Caller},
        answer::Answer,
        call::{Call, CallAsking, NoPath, NoQuery, Origin},
        fields::FieldFault,
        idempotency::Made,
        limits::Class,
        pages::{Filled, FormView, PageAnswer, words},
        problem::Problem,
        settings::{change_settings, now},
        storefront::sign_in::Nothing,
        table::{Operation, op},
    },
    shop::Shop,
};

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    let path = "/admin/settings";
    vec![
        op(Method::GET, path, Class::Reads, "Show the settings to staff", show),
        op(Method::POST, path, Class::Writes, "Change the settings from a form", change)
            .takes_bytes(BODY_BYTES_MAX)
            .again(async |_, _, _: Made| Ok(PageAnswer::to("/admin/settings"))),
    ]
}

async fn show(shop: Shop, who: Admin, call: CallAsking<DoneQuery>) -> Answer<PageAnswer> {
    shown(&shop, *who, &call.from, Said::done(call.query.done))
}

async fn change(shop: Shop, who: Admin, call: Call<Filled<Nothing>>) -> Answer<PageAnswer> {
    let (typed, from) = (call.body.typed, call.from.clone());
    let version = version_in(&typed);
    let done = async {
        let body = body_of(&json_of(&typed)).map_err(|faults| Problem::invalid(placed(faults)))?;
        let from = call.from.having_seen(version);
        let call = Call { path: NoPath, query: NoQuery, body, key: call.key, from };
        change_settings(shop.clone(), who, call).await
    };
    match done.await {
        Ok(_) => Ok(PageAnswer::to("/admin/settings?done=saved")),
        Err(problem) => shown(&shop, *who, &from, Said::refused(typed, problem, &REFUSED_AT)?),
    }
}

/// The body that the form stands for: the tax in percent there, as a share here; a line a group
/// of words.
fn json_of(typed: &BTreeMap<String, String>) -> Value {
    let text = |name: &str| typed.get(name).map_or("", |text| text.trim());
    let groups = text("synonyms").lines().map(|line| {
        let words = line.split(',').map(str::trim).filter(|word| !word.is_empty());
        words.map(str::to_owned).collect::<Vec<String>>()
    });
    let mut json =
        json!({ "synonyms": groups.filter(|group| !group.is_empty()).collect::<Vec<_>>() });
    for name in ["name", "publicUrl"].iter().filter(|name| typed.contains_key(**name)) {
        json[name] = json!(text(name));
    }
    if typed.contains_key("shippingFlat") {
        json["shippingFlat"] = json!(words::plain_amount(text("shippingFlat")));
    }
    if typed.contains_key("taxPercent") {
        let percent = text("taxPercent").trim_end_matches('%').trim();
        // What is no percentage is for the body to refuse.
        json["taxRate"] = json!(share_of(percent).unwrap_or_default());
    }
    if typed.contains_key("lowStockThreshold") {
        let low_at = text("lowStockThreshold");
        let units = low_at.parse::<u32>();
        json["lowStockThreshold"] = units.map_or_else(|_| json!(low_at), |units| json!(units));
    }
    json
}

/// `7.5` of a hundred as a share of one, `0.075`; nothing, if it is no percentage.
fn share_of(percent: &str) -> Option<String> {
    let (whole, part) = percent.split_once('.').unwrap_or((percent, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_percentage = !whole.is_empty() && whole.len() <= 3 && part.len() <= 4;
    if !is_percentage || !digits(whole) || !digits(part) {
        return None;
    }
    let padded = format!("{whole:0>3}");
    let (ones, hundredths) = padded.split_at(1);
    Some(format!("{ones}.{hundredths}{part}"))
}

/// A share of one as percent: `7.5`.
fn percent_of(parts_per_million: u32) -> String {
    let text = format!("{}.{:04}", parts_per_million / 10_000, parts_per_million % 10_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn placed(faults: Vec<FieldFault>) -> Vec<FieldFault> {
    let place = |fault: FieldFault| match fault.pointer.split('/').nth(1).unwrap_or_default() {
        "taxRate" => {
            let pointer = "/taxPercent".to_owned();
            FieldFault { pointer, detail: NO_PERCENTAGE.to_owned(), ..fault }
        }
        field => FieldFault { pointer: format!("/{field}"), ..fault },
    };
    faults.into_iter().map(place).collect()
}

fn shown(shop: &Shop, who: Caller, from: &Origin, mut said: Said) -> Answer<PageAnswer> {
    let known = now(shop)?;
    let is_overtaken = said.is_overtaken();
    let (frame, form) = said.on(framed(shop, who, from, "Settings")?);
    let (terms, chosen) = (&known.state, &shop.settings);
    let groups = terms.synonyms.iter().map(|group| group.join(", "));
    let mut view = SettingsPageView {
        version: known.version,
        overtaken: None,
        name: terms.name.clone(),
        public_url: terms.public_url.clone(),
        url_is_configured: chosen.shop.public_url.is_some(),
        low_at: terms.low_stock_threshold,
        currency: terms.currency.code(),
        tax_percent: percent_of(terms.tax_rate.parts_per_million()),
        shipping: terms.shipping_flat.to_string(),
        synonyms: groups.collect::<Vec<_>>().join("\n"),
        gateway: format!("{:?}", chosen.payments.gateway),
        language: chosen.shop.language.clone(),
        data: chosen.data_dir.display().to_string(),
        misses: misses(shop),
        form,
        done: said.done,
    };
    if is_overtaken {
        view.version = version_in(&view.form.typed).unwrap_or(known.version);
        view.overtaken = Some(view.overtaken_by(known.version));
    }
    frame.show("admin/settings.html", &view)
}

impl SettingsPageView {
    /// Where what was typed differs from what the shop has by now.
    fn overtaken_by(&self, version: u64) -> Overtaken {
        let typed = |name: &str, now: &str| {
            self.form.typed.get(name).map_or_else(|| now.to_owned(), Clone::clone)
        };
        let beside =
            |what: &'static str, name: &str, now: &str| (what, now.to_owned(), typed(name, now));
        let (what, now, said) = beside("Shipping", "shippingFlat", &self.shipping);
        let all = [
            beside("Name of the shop", "name", &self.name),
            beside("Where customers find it", "publicUrl", &self.public_url),
            beside("Tax in %", "taxPercent", &self.tax_percent),
            (what, amount(&now), amount(&said)),
            beside("Stock is low at", "lowStockThreshold", &self.low_at.to_string()),
            beside("Words that mean the same", "synonyms", &self.synonyms),
        ];
        Overtaken::by(version, all)
    }
}

fn misses(shop: &Shop) -> Vec<(String, u64)> {
    let most = shop.misses.list().into_iter().take(MISSES_MAX);
    most.map(|miss| (miss.text, miss.times)).collect()
}

#[derive(Serialize)]
struct SettingsPageView {
    version: u64,
    overtaken: Option<Overtaken>,
    name: String,
    public_url: String,
    /// Whether the settings file says where, and no form may.
    url_is_configured: bool,
    low_at: u32,
    currency: &'static str,
    tax_percent: String,
    shipping: String,
    synonyms: String,
    gateway: String,
    language: String,
    data: String,
    /// What was looked for in vain, and how often.
    misses: Vec<(String, u64)>,
    form: FormView,
    done: Option<&'static str>,
}

const REFUSED_AT: [(&str, &str); 3] = [
    ("invalid_synonyms", "synonyms"),
    ("negative_shipping", "shippingFlat"),
    ("public_url_configured", "publicUrl"),
];
const NO_PERCENTAGE: &str = "must be a percentage such as 7.5, from 0 to 100";
/// Searches without results that are shown.
const MISSES_MAX: usize = 15;
/// All synonyms, percent-encoded.
const BODY_BYTES_MAX: usize = 2 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_is_a_share_and_back() {
        for (percent, share, parts) in
            [("7.5", "0.075", 75_000), ("19", "0.19", 190_000), ("100", "1.00", 1_000_000)]
        {
            assert_eq!(share_of(percent).as_deref(), Some(share));
            assert_eq!(percent_of(parts), percent);
        }
        for nonsense in ["-1", "7,5", "1e1", "", "."] {
            assert_eq!(share_of(nonsense), None, "{nonsense}");
        }
    }
}
