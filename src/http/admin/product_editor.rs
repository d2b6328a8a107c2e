//! Product editor: a new product, a copy of one, and changes of one, with options and variants.

use actix_web::http::{Method, StatusCode};
use serde::Serialize;

use super::{
    overtaken::{Overtaken, version_in},
    parts::{DoneQuery, body_of, framed, refusal},
    product_form::{OptionForm, ProductForm, RowForm},
    stock_list::choice_of,
};
use crate::{
    domain::{
        catalogue::{Category, OPTIONS_MAX, Product, slug_of},
        ids::{CategoryId, ProductId, VariantId},
        inventory::Ledger,
    },
    http::{
        access::{Caller, Staff},
        answer::Answer,
        call::{Call, CallAsking, CallOn, NoBody, Origin},
        fields::{Body, Fields, id},
        idempotency::Made,
        limits::Class,
        pages::{Filled, FormView, PageAnswer},
        problem::Problem,
        products::{
            added, body::UpdateProductBody, currency_of, delete_product, found, update_product,
        },
        storefront::sign_in::Nothing,
        table::{Operation, op},
    },
    shop::Shop,
    store::{Order, Versioned, keys},
};

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    use Class::{Reads, Writes};
    let (new, one) = ("/admin/products/new", "/admin/products/{id}");
    vec![
        op(Method::GET, new, Reads, "Ask for a new product", begin),
        op(Method::POST, new, Writes, "Add a product from a form", add)
            .takes_bytes(BODY_BYTES_MAX)
            .again(led_back),
        op(Method::GET, one, Reads, "Show a product to be changed", show),
        op(Method::POST, one, Writes, "Change a product from a form", change)
            .takes_bytes(BODY_BYTES_MAX)
            .again(led_back),
        op(Method::POST, "/admin/products/{id}/remove", Writes, "Remove a product", remove),
    ]
}

async fn begin(shop: Shop, who: Staff, call: CallAsking<CopyQuery>) -> Answer<PageAnswer> {
    let form = match call.query.from {
        Some(other) => ProductForm::of(&found(&shop, other)?.state).duplicated(),
        None => ProductForm::default(),
    };
    shown(&shop, *who, &call.from, Shown::of(form, None))
}

async fn add(shop: Shop, who: Staff, mut call: Call<Filled<Nothing>>) -> Answer<PageAnswer> {
    let typed = std::mem::take(&mut call.body.typed);
    let (mut form, from) = (ProductForm::typed(&typed), call.from.clone());
    if typed.get("act").is_some_and(|act| act == "combine") {
        form.combine(&Product::default());
        return shown(&shop, *who, &from, Shown::of(form, None));
    }
    let body = match body_of(&form.to_create()) {
        Ok(body) => body,
        Err(faults) => {
            let faults = Problem::invalid(faults);
            return shown(&shop, *who, &from, Shown::of(form, None).refused(faults));
        }
    };
    let key = call.key.take();
    let call = Call {
        path: crate::http::call::NoPath,
        query: crate::http::call::NoQuery,
        body,
        key,
        from,
    };
    let from = call.from.clone();
    match added(&shop, who, call).await {
        Ok(id) => Ok(PageAnswer::to(format!("/admin/products/{id}?done=added"))),
        Err(problem) => {
            let problem = refusal(problem)?;
            shown(&shop, *who, &from, Shown::of(form, None).refused(problem))
        }
    }
}

async fn show(
    shop: Shop,
    who: Staff,
    call: CallAsking<DoneQuery, ProductId>,
) -> Answer<PageAnswer> {
    let product = found(&shop, call.path)?;
    let mut view = Shown::of(ProductForm::of(&product.state), Some(call.path));
    view.done = call.query.done;
    shown(&shop, *who, &call.from, view)
}

async fn change(
    shop: Shop,
    who: Staff,
    mut call: CallOn<ProductId, Filled<Nothing>>,
) -> Answer<PageAnswer> {
    let id = call.path;
    let Versioned { version: newest, state: before } = found(&shop, id)?;
    let typed = std::mem::take(&mut call.body.typed);
    let (mut form, from) = (ProductForm::typed(&typed), call.from.clone());
    let version = version_in(&typed);
    let again = |form: ProductForm| Shown::of(form, Some(id)).made_for(version);
    if typed.get("act").is_some_and(|act| act == "combine") {
        form.combine(&before);
        return shown(&shop, *who, &from, again(form));
    }
    if version.is_some_and(|seen| seen != newest) {
        let problem = Problem::precondition_failed();
        return shown(&shop, *who, &from, again(form).refused(problem));
    }
    let body = match body_of::<UpdateProductBody>(&form.to_update(&before)) {
        Ok(body) => body.knowing(&form.known()),
        Err(faults) => {
            return shown(&shop, *who, &from, again(form).refused(Problem::invalid(faults)));
        }
    };
    let agreed = typed.get("without").map_or("", String::as_str);
    let going = form.going(&before);
    if going.iter().any(|id| !agreed.split(',').any(|agreed| agreed == id.to_string())) {
        return shown(&shop, *who, &from, Shown { going, ..again(form) });
    }
    let call = Call {
        path: crate::http::call::NoPath,
        query: crate::http::call::NoQuery,
        body,
        key: call.key.take(),
        from: from.clone().having_seen(version),
    };
    match update_product(shop.clone(), who, call).await {
        Ok(_) => Ok(PageAnswer::to(format!("/admin/products/{id}?done=saved"))),
        Err(problem) => {
            let problem = refusal(problem)?;
            shown(&shop, *who, &from, again(form).refused(problem))
        }
    }
}

async fn remove(
    shop: Shop,
    who: Staff,
    call: CallOn<ProductId, Filled<Nothing>>,
) -> Answer<PageAnswer> {
    delete_product(shop, who, call.with(NoBody)).await?;
    Ok(PageAnswer::to("/admin/products?done=removed"))
}

async fn led_back(_: Shop, _: Option<Caller>, made: Made) -> Answer<PageAnswer> {
    let product: ProductId = made.id.parse().map_err(|_| Problem::not_found())?;
    Ok(PageAnswer::to(format!("/admin/products/{product}")))
}

/// What the editor shows.
struct Shown {
    fields: ProductForm,
    product: Option<ProductId>,
    version: Option<u64>,
    problem: Option<Problem>,
    /// The variants that saving takes out of the shop, to be asked about.
    going: Vec<VariantId>,
    done: Option<&'static str>,
}

impl Shown {
    fn of(fields: ProductForm, product: Option<ProductId>) -> Shown {
        Shown { fields, product, version: None, problem: None, going: vec![], done: None }
    }

    /// It was made when the product had this version.
    fn made_for(mut self, version: Option<u64>) -> Shown {
        self.version = version;
        self
    }

    fn refused(mut self, problem: Problem) -> Shown {
        self.problem = Some(problem);
        self
    }
}

fn shown(shop: &Shop, who: Caller, from: &Origin, said: Shown) -> Answer<PageAnswer> {
    let Shown { mut fields, product, version, problem, going, done } = said;
    let known = product.map(|id| found(shop, id)).transpose()?;
    let title = known.as_ref().map_or("New product", |known| &known.state.name).to_owned();
    let mut frame = framed(shop, who, from, &title)?;
    let mut form = frame.form();
    let is_overtaken =
        problem.as_ref().is_some_and(|it| it.status() == StatusCode::PRECONDITION_FAILED);
    if let Some(problem) = problem {
        frame = frame.answered(match problem.status() {
            status if status.is_client_error() => status,
            _ => StatusCode::BAD_REQUEST,
        });
        let faults = fields.placed(problem.errors().to_vec());
        form = form.refused(&Problem::invalid(faults), &[]);
        if form.errors.is_empty() {
            form = form.refused(&problem, &[("name_taken", "name")]);
        }
    }
    let slug = slug_of(&fields.name);
    let categories = categories(shop, &fields)?;
    let newer = known.as_ref().filter(|_| is_overtaken);
    let view = EditorView {
        overtaken: newer.map(|newer| overtaken(&fields, newer, &categories)),
        going: known.as_ref().map_or(Ok(vec![]), |known| leaving(shop, &known.state, &going))?,
        id: product.map(|id| id.to_string()),
        version: version.or(known.as_ref().map(|known| known.version)),
        slug: known.as_ref().map(|known| known.state.slug.clone()),
        currency: currency_of(shop)?.code(),
        categories,
        stock: stock(shop, known.as_ref().map(|known| &*known.state), &fields.rows)?,
        preview: PreviewView {
            title: fields.name.clone(),
            address: frame.public(&format!("/product/{slug}")),
            text: fields.description.chars().take(PREVIEW_LETTERS_MAX).collect(),
        },
        is_plain: fields.options.is_empty(),
        done,
        form,
        fields: {
            fields.options.resize(OPTIONS_MAX, OptionForm::default());
            // There is always a row to write in.
            if fields.rows.is_empty() {
                fields.rows.push(RowForm::default());
            }
            fields
        },
    };
    frame.show("admin/product.html", &view)
}

/// Where the form differs from a newer version of the product.
fn overtaken(form: &ProductForm, newer: &Versioned<Product>, all: &[CategoryView]) -> Overtaken {
    let name = |id: &str| {
        let category = all.iter().find(|category| category.id == id);
        category.map_or_else(|| id.to_owned(), |category| category.name.clone())
    };
    Overtaken::by(newer.version, form.beside(&ProductForm::of(&newer.state), name))
}

/// All categories, ticked where the product stands.
fn categories(shop: &Shop, fields: &ProductForm) -> Answer<Vec<CategoryView>> {
    let rows = shop.reader.rows(&keys::categories(), None, Order::Ascending, CATEGORIES_MAX)?;
    let mut views = Vec::new();
    for id in rows.iter().filter_map(|(key, _)| key.last_id::<CategoryId>()) {
        let category = shop.reader.get::<Category>(id)?.state;
        if category.exists() {
            let is_chosen = fields.category_ids.contains(&id.to_string());
            views.push(CategoryView { id: id.to_string(), name: category.name.clone(), is_chosen });
        }
    }
    Ok(views)
}

/// What there is of each row's variant; nothing of a new one.
fn stock(
    shop: &Shop,
    product: Option<&Product>,
    rows: &[RowForm],
) -> Answer<Vec<Option<StockView>>> {
    let view = |row: &RowForm| {
        let id: Option<VariantId> = row.known.parse().ok();
        let is_own = |id: &VariantId| product.is_some_and(|known| known.variants.contains_key(id));
        let Some(id) = id.filter(is_own) else { return Ok(None) };
        let ledger = shop.reader.get::<Ledger>(id)?.state;
        Ok(Some(StockView { id: id.to_string(), available: ledger.available() }))
    };
    let mut views: Vec<Option<StockView>> = rows.iter().map(view).collect::<Answer<_>>()?;
    if views.is_empty() {
        views.push(None);
    }
    Ok(views)
}

/// The variants that would go, and how many units with them.
fn leaving(shop: &Shop, product: &Product, going: &[VariantId]) -> Answer<Vec<GoingView>> {
    let mut views = Vec::new();
    for variant in going.iter().filter_map(|id| product.variants.get(id)) {
        views.push(GoingView {
            id: variant.id.to_string(),
            choice: choice_of(product, variant.id),
            sku: variant.sku.clone(),
            units: shop.reader.get::<Ledger>(variant.id)?.state.on_hand,
        });
    }
    Ok(views)
}

struct CopyQuery {
    from: Option<ProductId>,
}

impl Body for CopyQuery {
    fn read(fields: &mut Fields<'_>) -> CopyQuery {
        CopyQuery { from: fields.optional("from", id()) }
    }
}

#[derive(Serialize)]
struct EditorView {
    /// Nothing, for a new one.
    id: Option<String>,
    version: Option<u64>,
    overtaken: Option<Overtaken>,
    going: Vec<GoingView>,
    slug: Option<String>,
    currency: &'static str,
    fields: ProductForm,
    categories: Vec<CategoryView>,
    stock: Vec<Option<StockView>>,
    preview: PreviewView,
    is_plain: bool,
    form: FormView,
    done: Option<&'static str>,
}

#[derive(Serialize)]
struct CategoryView {
    id: String,
    name: String,
    is_chosen: bool,
}

#[derive(Serialize)]
struct StockView {
    id: String,
    available: u32,
}

/// A variant that leaves the shop, with its units.
#[derive(Serialize)]
struct GoingView {
    id: String,
    /// What a shopper chooses to get it.
    choice: String,
    sku: String,
    units: u32,
}

/// How a search engine may show it.
#[derive(Serialize)]
struct PreviewView {
    title: String,
    address: String,
    text: String,
}

/// As the API's, with all of it percent-encoded.
const BODY_BYTES_MAX: usize = 512 * 1024;
const CATEGORIES_MAX: usize = 500;
const PREVIEW_LETTERS_MAX: usize = 155;
