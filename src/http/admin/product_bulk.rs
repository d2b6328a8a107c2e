//! Bulk: the same change of several products. A change of prices is shown first.
//!
//! Each product is changed as its own page does it, in the version that the preview showed: a
//! form that comes twice changes nothing the second time.

use std::sync::Arc;

use actix_web::http::Method;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    order_list::{OutcomeView, OutcomesView},
    parts::{TICKED_MAX, body_of, framed, ids},
};
use crate::{
    domain::{
        catalogue::Product,
        ids::ProductId,
        money::{Money, MoneyRefusal, Rate, Rounding},
    },
    http::{
        access::Staff,
        answer::Answer,
        call::{Call, NoPath, NoQuery, Origin},
        fields::{Body, Fields, choice, text},
        limits::Class,
        pages::{Filled, FormView, PageAnswer, words},
        problem::Problem,
        products::{found, update_product},
        table::{Operation, op},
    },
    shop::Shop,
    store::Versioned,
};

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    let path = "/admin/products/bulk";
    vec![op(Method::POST, path, Class::Writes, "Change several products", change)]
}

async fn change(shop: Shop, who: Staff, call: Call<Filled<BulkBody>>) -> Answer<PageAnswer> {
    let frame = framed(&shop, *who, &call.from, "Change products")?;
    let form = frame.form();
    let body = match call.body.read {
        Ok(body) => body,
        Err(faults) => {
            let view = PricesView { form: form.faulty(&faults), ..PricesView::default() };
            let status = actix_web::http::StatusCode::BAD_REQUEST;
            return frame.answered(status).show("admin/prices.html", &view);
        }
    };
    let BulkBody { products, act, percent, versions } = body;
    if act == Act::Preview {
        let Some(percent) = percent else { return Err(no_percent()) };
        let mut rows = Vec::new();
        for id in &products {
            rows.push(PriceView::of(&found(&shop, *id)?, percent)?);
        }
        let view = PricesView { form, rows, percent: percent.said() };
        return frame.show("admin/prices.html", &view);
    }
    let mut view =
        OutcomesView { back: "/admin/products", back_words: "Back to products", outcomes: vec![] };
    for (place, id) in products.iter().enumerate() {
        let product = found(&shop, *id)?;
        let version = versions.get(place).copied();
        let (change, done) = match act {
            Act::Activate => (json!({ "isActive": true }), "For sale"),
            Act::Deactivate => (json!({ "isActive": false }), "Not for sale"),
            Act::Preview | Act::Reprice => match percent {
                Some(percent) => (repriced(&product.state, percent)?, "New price"),
                None => return Err(no_percent()),
            },
        };
        let seen = if act == Act::Reprice { version } else { None };
        let changed = edit(&shop, who, *id, change, call.from.clone().having_seen(seen)).await;
        view.outcomes.push(OutcomeView {
            what: product.state.name.clone(),
            path: format!("/admin/products/{id}"),
            refusal: changed.err().map(|problem| problem.detail().to_owned()),
            done,
        });
    }
    frame.show("admin/outcomes.html", &view)
}

async fn edit(
    shop: &Shop,
    who: Staff,
    id: ProductId,
    mut change: Value,
    from: Origin,
) -> Answer<()> {
    change["id"] = json!(id.to_string());
    let body = body_of(&change).map_err(Problem::invalid)?;
    let call = Call { path: NoPath, query: NoQuery, body, key: None, from };
    update_product(shop.clone(), who, call).await.map(drop)
}

fn no_percent() -> Problem {
    Problem::invalid_field("/percent", "required", "say by how many percent")
}

/// The body of a change of all its prices.
fn repriced(product: &Product, percent: Percent) -> Answer<Value> {
    let mut change = json!({ "price": percent.on(product.price)?.to_string() });
    if product.variants.values().any(|variant| variant.price.is_some()) {
        let mut variants = Vec::new();
        for variant in product.variants_in_order() {
            let mut said = json!({
                "sku": variant.sku, "options": variant.options, "images": variant.images,
                "barcode": variant.barcode,
            });
            if let Some(price) = variant.price {
                said["price"] = json!(percent.on(price)?.to_string());
            }
            variants.push(said);
        }
        change["variants"] = json!(variants);
    }
    Ok(change)
}

/// By how many hundredths of a percent prices change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Percent(i64);

impl Percent {
    /// Reads `-12.5` or `10`; at most twice as dear, and never for nothing.
    fn read(said: &str) -> Option<Percent> {
        let said = said.trim().replace('−', "-").replace('%', "");
        let (sign, digits) = match said.trim().strip_prefix('-') {
            Some(digits) => (-1, digits.to_owned()),
            None => (1, said.trim().trim_start_matches('+').to_owned()),
        };
        let (whole, part) = digits.split_once('.').unwrap_or((&digits, ""));
        let is_sound = part.len() <= 2 && whole.len() <= 3 && !whole.is_empty();
        let all = format!("{whole}{part:0<2}");
        let is_number = is_sound && all.bytes().all(|byte| byte.is_ascii_digit());
        let hundredths: i64 = all.parse().ok().filter(|_| is_number)?;
        let percent = Percent(sign * hundredths);
        (-HUNDRED < percent.0 && percent.0 <= HUNDRED && percent.0 != 0).then_some(percent)
    }

    fn on(self, price: Money) -> Result<Money, Problem> {
        self.counted(price).map_err(|refusal| {
            Problem::invalid_field("/percent", "invalid_amount", &refusal.to_string())
        })
    }

    fn counted(self, price: Money) -> Result<Money, MoneyRefusal> {
        let millionths = u32::try_from(self.0.abs() * 100).unwrap_or(u32::MAX);
        let part = Rate::from_parts_per_million(millionths)?.of(price, Rounding::HalfUp)?;
        if self.0 < 0 { price.minus(part) } else { price.plus(part) }
    }

    fn said(self) -> String {
        let (whole, part) = (self.0.abs() / 100, self.0.abs() % 100);
        let sign = if self.0 < 0 { "-" } else { "" };
        if part == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{part:02}") }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Activate,
    Deactivate,
    Preview,
    Reprice,
}

struct BulkBody {
    products: Vec<ProductId>,
    act: Act,
    percent: Option<Percent>,
    versions: Vec<u64>,
}

impl Body for BulkBody {
    fn read(fields: &mut Fields<'_>) -> BulkBody {
        let products = fields.required("products", ids(TICKED_MAX));
        let act = fields.required("act", choice(ACTS));
        let said = fields.optional("percent", text(1, PERCENT_LETTERS_MAX));
        let percent = said.as_deref().and_then(Percent::read);
        if percent.is_none() && matches!(act, Act::Preview | Act::Reprice) {
            let words = "say a percentage from -99.99 to 100, but not 0";
            fields.refuse("percent", "not_a_percentage", words);
        }
        let versions = fields.or("versions", text(0, VERSIONS_LETTERS_MAX), String::new());
        let versions = versions.split(',').filter_map(|version| version.parse().ok()).collect();
        BulkBody { products, act, percent, versions }
    }
}

#[derive(Default, Serialize)]
struct PricesView {
    rows: Vec<PriceView>,
    percent: String,
    form: FormView,
}

/// A price before and after.
#[derive(Serialize)]
struct PriceView {
    id: String,
    version: u64,
    name: String,
    before: String,
    after: String,
    /// How many variants have a price of their own, which changes too.
    own_prices: usize,
}

impl PriceView {
    fn of(product: &Versioned<Product>, percent: Percent) -> Answer<PriceView> {
        let Versioned { version, state } = product;
        let state: &Arc<Product> = state;
        Ok(PriceView {
            id: state.id.to_string(),
            version: *version,
            name: state.name.clone(),
            before: words::price(state.price),
            after: words::price(percent.on(state.price)?),
            own_prices: state.variants.values().filter(|variant| variant.price.is_some()).count(),
        })
    }
}

const ACTS: &[(&str, Act)] = &[
    ("activate", Act::Activate),
    ("deactivate", Act::Deactivate),
    ("preview", Act::Preview),
    ("reprice", Act::Reprice),
];
/// A hundred percent.
const HUNDRED: i64 = 10_000;
const PERCENT_LETTERS_MAX: usize = 10;

const VERSIONS_LETTERS_MAX: usize = 4_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::Currency;

    #[test]
    fn a_percentage_changes_a_price_to_the_cent() {
        let price = Money::of(1_999, Currency::default()).expect("an amount");
        for (said, after) in
            [("10", "21.99"), ("-12.5%", "17.49"), ("−50", "9.99"), ("+0.05", "20.00")]
        {
            let percent = Percent::read(said).expect("a percentage");
            assert_eq!(percent.on(price).expect("a price").to_string(), after, "{said}");
        }
        for nonsense in ["", "0", "-100", "101", "1.234", "x", "1e2", "--5", "."] {
            assert_eq!(Percent::read(nonsense), None, "{nonsense}");
        }
        assert_eq!(Percent::read("-12.5").expect("a percentage").said(), "-12.50");
    }
}
