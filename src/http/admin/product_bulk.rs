//! Bulk: the same change of several products. A change of prices is shown first.
//!
//! Each product is changed as its own page does it, in the version that the preview showed: a
//! form that comes twice changes nothing the second time.

use actix_web::http::Method;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    outcomes::{OutcomeView, OutcomesView},
    parts::{back_to, body_of, framed, ticked},
    product_list::{LIST, again},
    said::Said,
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
        pages::{Filled, FormView, Frame, PageAnswer, words},
        problem::Problem,
        products::update_product,
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
    let Filled { read, typed } = call.body;
    let back = back_to(&typed, LIST);
    let body = match read {
        Ok(body) => body,
        Err(faults) => {
            let said = Said::refused(typed, Problem::invalid(faults), &[])?;
            return again(&shop, *who, &call.from, &back, said);
        }
    };
    let frame = framed(&shop, *who, &call.from, "Change products")?;
    if body.act == Act::Preview {
        return preview(&shop, frame, &body, back);
    }
    let mut view = OutcomesView { back, back_words: "Back to products", outcomes: vec![] };
    for (place, id) in body.products.iter().enumerate() {
        let product = shop.reader.get::<Product>(*id)?.state;
        if product.id != *id {
            continue;
        }
        let seen = body.versions.get(place).copied().filter(|_| body.act == Act::Reprice);
        let from = call.from.clone().having_seen(seen);
        let changed = match body.change_of(&product) {
            Ok(change) => edit(&shop, who, *id, change, from).await,
            Err(problem) => Err(problem),
        };
        view.outcomes.push(OutcomeView {
            what: product.name.clone(),
            path: format!("/admin/products/{id}"),
            refusal: changed.err().map(|problem| in_words(&problem, product.exists())),
            done: body.act.done(),
        });
    }
    view.show(frame, "changed")
}

fn preview(shop: &Shop, frame: Frame, body: &BulkBody, back: String) -> Answer<PageAnswer> {
    let percent = body.percent.ok_or_else(no_percent)?;
    let mut rows = Vec::new();
    for id in &body.products {
        let product = shop.reader.get::<Product>(*id)?;
        if product.state.exists() {
            rows.push(PriceView::of(&product, percent));
        }
    }
    let may_set = rows.iter().any(|row| row.refusal.is_none());
    let view = PricesView { form: frame.form(), rows, percent: percent.said(), back, may_set };
    frame.show("admin/prices.html", &view)
}

/// Why it was not done, the field's words first.
fn in_words(problem: &Problem, exists: bool) -> String {
    if !exists {
        return "it is not there any more".to_owned();
    }
    let fault = problem.errors().first().map(|fault| fault.detail.clone());
    fault.unwrap_or_else(|| problem.detail().to_owned())
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

    /// The price after it; what is sold for money stays so.
    fn on(self, price: Money) -> Result<Money, Problem> {
        let refused = |why: &str| Problem::invalid_field("/percent", "invalid_amount", why);
        let after = self.counted(price).map_err(|refusal| refused(&refusal.to_string()))?;
        let is_free = after.is_zero() && !price.is_zero();
        if is_free { Err(refused("it would cost nothing")) } else { Ok(after) }
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

impl Act {
    /// What was done, in words.
    fn done(self) -> &'static str {
        match self {
            Act::Activate => "For sale",
            Act::Deactivate => "Not for sale",
            Act::Preview | Act::Reprice => "New price",
        }
    }
}

struct BulkBody {
    products: Vec<ProductId>,
    act: Act,
    percent: Option<Percent>,
    versions: Vec<u64>,
}

impl BulkBody {
    /// What the API is asked to change of a product.
    fn change_of(&self, product: &Product) -> Answer<Value> {
        match self.act {
            Act::Activate => Ok(json!({ "isActive": true })),
            Act::Deactivate => Ok(json!({ "isActive": false })),
            Act::Preview | Act::Reprice => repriced(product, self.percent.ok_or_else(no_percent)?),
        }
    }
}

impl Body for BulkBody {
    fn read(fields: &mut Fields<'_>) -> BulkBody {
        let products = ticked(fields, "products", "tick the products that are to be changed");
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

#[derive(Serialize)]
struct PricesView {
    rows: Vec<PriceView>,
    percent: String,
    /// The list it came from.
    back: String,
    /// Whether any of them can have its new price.
    may_set: bool,
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
    /// Why it keeps its price.
    refusal: Option<String>,
    /// How many variants have a price of their own, which changes too.
    own_prices: usize,
}

impl PriceView {
    fn of(product: &Versioned<Product>, percent: Percent) -> PriceView {
        let Versioned { version, state } = product;
        let after = repriced(state, percent).and_then(|_| percent.on(state.price));
        PriceView {
            id: state.id.to_string(),
            version: *version,
            name: state.name.clone(),
            before: words::price(state.price),
            after: after.as_ref().map(|after| words::price(*after)).unwrap_or_default(),
            refusal: after.err().map(|problem| in_words(&problem, true)),
            own_prices: state.variants.values().filter(|variant| variant.price.is_some()).count(),
        }
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
