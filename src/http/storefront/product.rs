//! Product: one thing with its pictures, its options and what is left of it.
//!
//! Each choice of options is an address of its own: it works without a script, can be sent to a
//! friend, and what is sold out is shown as such instead of being hidden.

use std::collections::BTreeMap;

use actix_web::http::Method;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    cards::{CardView, cards_of},
    category,
    kept::kept,
};
use crate::{
    domain::{
        carts::LINE_UNITS_MAX,
        catalogue::{Product, Variant},
        ids::{ProductId, VariantId},
        inventory::Ledger,
    },
    http::{
        access::Public,
        answer::Answer,
        call::{CallAsking, Word},
        fields::{Body, Fields, id},
        limits::Class,
        pages::{FormView, Frame, PageAnswer, frame::LinkView, words},
        problem::Problem,
        products::on_sale,
        search::unreadable,
        table::{Operation, op},
    },
    search::{Filters, SearchRequest},
    shop::Shop,
    store::keys,
};

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    vec![op(Method::GET, "/product/{slug}", Class::Reads, "Show a product", show)]
}

async fn show(shop: Shop, who: Public, call: CallAsking<VariantQuery, Word>) -> Answer<PageAnswer> {
    kept(&shop, &who, &call.from, || of_slug(&shop, &who, &call))
}

fn of_slug(shop: &Shop, who: &Public, call: &CallAsking<VariantQuery, Word>) -> Answer<PageAnswer> {
    let Word(slug) = &call.path;
    let held_by = shop.reader.row(&keys::product_by_slug(slug))?;
    let id: ProductId =
        held_by.and_then(|value| keys::held_by(&value)).ok_or_else(Problem::not_found)?;
    let product = shop.reader.get::<Product>(id)?.state;
    if !product.exists() || !(product.is_active || who.is_staff()) {
        return Err(Problem::not_found());
    }
    if product.slug != *slug {
        return Ok(PageAnswer::moved(format!("/product/{}", product.slug)));
    }
    let mut frame = Frame::of(shop, who.0, &call.from)?;
    let view = ProductView::of(shop, &frame, &product, call.query.variant)?;
    if who.0.is_some() {
        // The back button asks anew: what was sent from the page may be sent once more.
        frame = frame.private();
    }
    frame
        .titled(&product.name)
        .described(&product.description)
        .pictured(product.images.first())
        .show("storefront/product.html", &view)
}

/// The page once more, with what was wrong with what was asked of it.
///
/// # Errors
/// 404, if there is no such product.
pub fn again(
    shop: &Shop,
    frame: Frame,
    product: ProductId,
    variant: Option<VariantId>,
    form: FormView,
) -> Answer<PageAnswer> {
    let product = shop.reader.get::<Product>(product)?.state;
    if !product.exists() {
        return Err(Problem::not_found());
    }
    let view = ProductView { form, ..ProductView::of(shop, &frame, &product, variant)? };
    frame.titled(&product.name).unlisted().show("storefront/product.html", &view)
}

struct VariantQuery {
    variant: Option<VariantId>,
}

impl Body for VariantQuery {
    fn read(fields: &mut Fields<'_>) -> VariantQuery {
        VariantQuery { variant: fields.optional("variant", id()) }
    }
}

#[derive(Serialize)]
struct ProductView {
    id: String,
    name: String,
    slug: String,
    brand: String,
    paragraphs: Vec<String>,
    price: String,
    images: Vec<String>,
    options: Vec<OptionView>,
    variant: String,
    sku: String,
    /// Whether shoppers see it; staff do in any case.
    is_on_sale: bool,
    stock: StockView,
    form: FormView,
    trail: Vec<LinkView>,
    /// What search engines read (schema.org).
    about: Value,
    related: Vec<CardView>,
}

#[derive(Serialize)]
struct OptionView {
    name: String,
    chosen: String,
    values: Vec<ValueView>,
}

#[derive(Serialize)]
struct ValueView {
    value: String,
    path: String,
    is_chosen: bool,
    is_sold_out: bool,
}

/// What is left of a variant.
#[derive(Serialize)]
pub struct StockView {
    /// Units that can be ordered now.
    pub units: u32,
    /// `many`, `few` or `none`.
    pub level: &'static str,
    /// The same in words.
    pub words: String,
    /// Units that one cart may hold of it.
    pub most: u32,
}

impl StockView {
    /// So many units.
    pub fn of(units: u32) -> StockView {
        let (level, words) = match units {
            0 => ("none", "Sold out".to_owned()),
            1..=FEW_UNITS_MAX => ("few", format!("Only {units} left")),
            _ => ("many", "In stock".to_owned()),
        };
        StockView { units, level, words, most: units.min(LINE_UNITS_MAX) }
    }
}

impl ProductView {
    fn of(
        shop: &Shop,
        frame: &Frame,
        product: &Product,
        named: Option<VariantId>,
    ) -> Answer<ProductView> {
        let mut stock = BTreeMap::new();
        for id in product.variants.keys() {
            stock.insert(*id, on_sale(&shop.reader.get::<Ledger>(*id)?.state));
        }
        let variants = product.variants_in_order();
        let in_stock = |variant: &&&Variant| stock.get(&variant.id).is_some_and(|units| *units > 0);
        let chosen = variants
            .iter()
            .find(|variant| Some(variant.id) == named)
            .or_else(|| variants.iter().find(in_stock))
            .or_else(|| variants.first())
            .ok_or_else(Problem::not_found)?;
        let mut images = chosen.images.clone();
        images
            .extend(product.images.iter().filter(|image| !chosen.images.contains(image)).cloned());
        let units = stock.get(&chosen.id).copied().unwrap_or(0);
        let trail = trail(shop, product)?;
        let path = format!("/product/{}", product.slug);
        let crumbs = category::crumbs(frame, &trail, &product.name, &path);
        Ok(ProductView {
            id: product.id.to_string(),
            name: product.name.clone(),
            slug: product.slug.clone(),
            brand: product.brand.clone().unwrap_or_default(),
            paragraphs: product.description.lines().map(str::trim).map(str::to_owned).collect(),
            price: words::price(product.unit_price(chosen.id)),
            options: options_of(product, &variants, chosen, &stock),
            variant: chosen.id.to_string(),
            sku: chosen.sku.clone(),
            is_on_sale: product.is_active,
            stock: StockView::of(if product.is_active { units } else { 0 }),
            form: frame.form(),
            trail,
            about: json!([about(frame, product, chosen, &images, units), crumbs]),
            related: related(shop, product)?,
            images,
        })
    }
}

/// Every value of every option, each with the address of the variant it leads to from here.
fn options_of(
    product: &Product,
    variants: &[&Variant],
    chosen: &Variant,
    stock: &BTreeMap<VariantId, u32>,
) -> Vec<OptionView> {
    let units = |variant: &Variant| stock.get(&variant.id).copied().unwrap_or(0);
    let view = |option: &crate::domain::catalogue::ProductOption| {
        let now = chosen.options.get(&option.name).cloned().unwrap_or_default();
        let values = option.values.iter().filter_map(|value| {
            let mut wanted = chosen.options.clone();
            wanted.insert(option.name.clone(), value.clone());
            let has_it = |variant: &&&Variant| variant.options.get(&option.name) == Some(value);
            // The same in all else, if there is such a thing; otherwise the nearest there is.
            let exact = variants.iter().find(|variant| variant.options == wanted);
            let nearest = || {
                let mut with = variants.iter().filter(has_it);
                with.clone().find(|variant| units(variant) > 0).or_else(|| with.next())
            };
            let leads_to = exact.or_else(nearest)?;
            Some(ValueView {
                value: value.clone(),
                path: format!("/product/{}?variant={}", product.slug, leads_to.id),
                is_chosen: *value == now,
                is_sold_out: units(leads_to) == 0,
            })
        });
        OptionView { name: option.name.clone(), values: values.collect(), chosen: now.clone() }
    };
    product.options.iter().map(view).collect()
}

/// The way here from the home page.
fn trail(shop: &Shop, product: &Product) -> Answer<Vec<LinkView>> {
    let mut trail = vec![LinkView { name: "Home".to_owned(), path: "/".to_owned() }];
    if let Some(id) = product.category_ids.first() {
        trail.extend(category::way_to(&*shop.shelves.tree()?, *id));
    }
    Ok(trail)
}

/// What else stands on the same shelf.
fn related(shop: &Shop, product: &Product) -> Answer<Vec<CardView>> {
    let Some(shelf) = product.category_ids.first() else { return Ok(Vec::new()) };
    let filters = Filters { categories: vec![*shelf], in_stock: Some(true), ..Filters::default() };
    let request = SearchRequest { filters, limit: RELATED_MAX + 1, ..SearchRequest::default() };
    let found = shop.search.query(&request).map_err(unreadable)?;
    let others = found.hits.iter().map(|hit| hit.product).filter(|other| *other != product.id);
    cards_of(shop, others.take(RELATED_MAX))
}

fn about(
    frame: &Frame,
    product: &Product,
    chosen: &Variant,
    images: &[String],
    units: u32,
) -> Value {
    let price = product.unit_price(chosen.id);
    let availability = if units > 0 { "InStock" } else { "OutOfStock" };
    let absolute = |path: &String| {
        if path.starts_with('/') { frame.public(path) } else { path.clone() }
    };
    let mut about = json!({
        "@context": "https://schema.org",
        "@type": "Product",
        "name": product.name,
        "description": product.description,
        "sku": chosen.sku,
        "image": images.iter().map(absolute).collect::<Vec<_>>(),
        "offers": {
            "@type": "Offer",
            "url": frame.public(&format!("/product/{}", product.slug)),
            "price": price.to_string(),
            "priceCurrency": price.currency().code(),
            "availability": format!("https://schema.org/{availability}"),
        },
    });
    if let Some(brand) = &product.brand {
        about["brand"] = json!({ "@type": "Brand", "name": brand });
    }
    about
}

/// With so many units left, the number is said.
const FEW_UNITS_MAX: u32 = 5;
const RELATED_MAX: usize = 4;
