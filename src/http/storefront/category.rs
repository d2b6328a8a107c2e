//! Category and search: what there is of something, narrowed down as one likes.
//!
//! Every state of a list is an address of its own, made of links and a form without a script.

mod asked;
mod links;

use std::collections::BTreeMap;

use actix_web::http::Method;
use serde::Serialize;
use serde_json::{Value, json};

pub(super) use self::links::encoded;
use self::{
    asked::{FaultView, ListQuery, Typed},
    links::{parts, toggled, with_option},
};
use super::{
    cards::{CardView, cards_of},
    kept::kept,
};
use crate::{
    domain::{
        catalogue::{Category, CategoryTree},
        ids::{CategoryId, ShopId},
        money::Money,
        settings,
    },
    http::{
        access::Public,
        answer::Answer,
        call::{Call, CallAsking, Origin, Word},
        categories::{Named, by_slug},
        limits::Class,
        pages::{Frame, PageAnswer, frame::LinkView, words},
        problem::Problem,
        search::find,
        table::{Operation, op},
    },
    search::{FacetValue, Facets, SearchAnswer},
    shop::Shop,
};

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    vec![
        op(Method::GET, "/category/{slug}", Class::Reads, "Show a category", show),
        op(Method::GET, "/search", Class::Reads, "Show what was found", search),
    ]
}

async fn show(shop: Shop, who: Public, call: CallAsking<ListQuery, Word>) -> Answer<PageAnswer> {
    let Call { path: Word(slug), query, from, .. } = call;
    kept(&shop, &who, &from, || of_category(&shop, &who, &from, slug, query))
}

fn of_category(
    shop: &Shop,
    who: &Public,
    from: &Origin,
    slug: String,
    mut query: ListQuery,
) -> Answer<PageAnswer> {
    let id = match by_slug(shop, &slug)? {
        Named::Now(id) => id,
        Named::Before(slug) => {
            return Ok(PageAnswer::moved(from.with_query(format!("/category/{slug}"))));
        }
        Named::Nothing => return Err(Problem::not_found()),
    };
    let category = shop.reader.get::<Category>(id)?.state;
    let tree = shop.shelves.tree()?;
    let path = format!("/category/{slug}");
    query.fields.category = Some(id.to_string());
    let frame = Frame::of(shop, who.0, from)?;
    let mut trail = way_to(&tree, id);
    trail.pop();
    trail.insert(0, LinkView { name: "Home".to_owned(), path: "/".to_owned() });
    let view = ListView {
        title: category.name.clone(),
        intro: category.description.clone(),
        about: crumbs(&frame, &trail, &category.name, &path),
        trail,
        shelves: below(&tree, id),
        ..ListView::of(shop, &mut query, &path)?
    };
    let description = match category.description.trim() {
        "" => format!("{}: everything on this shelf, with prices and stock.", category.name),
        said => said.to_owned(),
    };
    let frame = frame.titled(&category.name).described(&description).canonical(&path);
    let frame = if query.chosen().is_empty() { frame } else { frame.unlisted() };
    frame.show("storefront/list.html", &view)
}

async fn search(shop: Shop, who: Public, call: CallAsking<ListQuery>) -> Answer<PageAnswer> {
    let Call { mut query, from, .. } = call;
    kept(&shop, &who, &from, || {
        let title = match query.text.trim() {
            "" => "Everything".to_owned(),
            text => format!("“{text}”"),
        };
        let view = ListView { title: title.clone(), ..ListView::of(&shop, &mut query, "/search")? };
        let frame = Frame::of(&shop, who.0, &from)?.searched(&query.text).titled(title).unlisted();
        // What is looked for in vain is noted each time, so this page is made each time.
        let frame = if view.total == 0 { frame.private() } else { frame };
        frame.show("storefront/list.html", &view)
    })
}

/// The way to a category from the top, itself last.
pub fn way_to(tree: &CategoryTree, id: CategoryId) -> Vec<LinkView> {
    let link = |node: &crate::domain::catalogue::CategoryNode| LinkView {
        name: node.name.clone(),
        path: format!("/category/{}", node.slug),
    };
    tree.path_to(id).into_iter().map(link).collect()
}

fn below(tree: &CategoryTree, id: CategoryId) -> Vec<LinkView> {
    let Some(node) = tree.get(id) else { return Vec::new() };
    let link = |node: &crate::domain::catalogue::CategoryNode| LinkView {
        name: node.name.clone(),
        path: format!("/category/{}", node.slug),
    };
    tree.right_below(node).map(link).collect()
}

/// The way here, as search engines read it (schema.org).
pub fn crumbs(frame: &Frame, trail: &[LinkView], here: &str, path: &str) -> Value {
    let last = LinkView { name: here.to_owned(), path: path.to_owned() };
    let items = trail.iter().chain([&last]).enumerate().map(|(place, link)| {
        json!({
            "@type": "ListItem",
            "position": place + 1,
            "name": link.name,
            "item": frame.public(&link.path),
        })
    });
    json!({
        "@context": "https://schema.org",
        "@type": "BreadcrumbList",
        "itemListElement": items.collect::<Vec<_>>(),
    })
}

#[derive(Serialize)]
struct ListView {
    title: String,
    intro: String,
    path: String,
    trail: Vec<LinkView>,
    shelves: Vec<LinkView>,
    about: Value,
    typed: Typed,
    faults: BTreeMap<String, FaultView>,
    products: Vec<CardView>,
    total: u64,
    did_you_mean: Option<LinkView>,
    sorts: Vec<ChoiceView>,
    facets: Vec<FacetView>,
    price_hint: Option<(String, String)>,
    stock_path: String,
    stock_count: u64,
    /// Chosen so far, each with the address without it.
    chosen: Vec<LinkView>,
    all_path: String,
    next_path: Option<String>,
    is_complete: bool,
}

#[derive(Serialize)]
struct FacetView {
    name: String,
    values: Vec<ChoiceView>,
}

#[derive(Serialize)]
struct ChoiceView {
    name: String,
    path: String,
    count: u64,
    is_chosen: bool,
}

impl ListView {
    fn of(shop: &Shop, query: &mut ListQuery, path: &str) -> Answer<ListView> {
        let request = query.request(shop)?;
        let found = find(shop, &request)?;
        let next = found.next.map(|place| {
            let cursor = shop.cursors.seal(&request.list_name(), &place.bytes());
            query.with(path, "cursor", &cursor)
        });
        let facets = found.facets.clone().unwrap_or_default();
        let is_complete = shop.search.progress() == crate::search::Progress::Following;
        Ok(ListView {
            title: String::new(),
            intro: String::new(),
            path: path.to_owned(),
            trail: Vec::new(),
            shelves: if path == "/search" { found_on(shop, query, &facets)? } else { Vec::new() },
            about: Value::Null,
            typed: query.typed.clone(),
            faults: query.faults.clone(),
            products: cards_of(shop, found.hits.iter().map(|hit| hit.product))?,
            total: found.total,
            did_you_mean: meant(&found),
            sorts: sorts(query, path),
            facets: facets_of(query, path, &facets),
            price_hint: price_hint(shop, &facets)?,
            stock_path: query.with(path, "inStock", if query.typed.in_stock { "" } else { "true" }),
            stock_count: facets.in_stock,
            chosen: taken_back(query, path),
            all_path: match query.text.as_str() {
                "" => path.to_owned(),
                text => format!("{path}?q={}", encoded(text)),
            },
            next_path: next,
            is_complete,
        })
    }
}

/// Where the hits of a search stand, as a way to see only those.
fn found_on(shop: &Shop, query: &ListQuery, facets: &Facets) -> Answer<Vec<LinkView>> {
    let tree = shop.shelves.tree()?;
    let link = |(id, count): &(CategoryId, u64)| {
        let node = tree.get(*id)?;
        let path = query.with(&format!("/category/{}", node.slug), "cursor", "");
        Some(LinkView { name: format!("{} ({count})", node.name), path })
    };
    Ok(facets.categories.iter().filter_map(link).take(SHELVES_MAX).collect())
}

fn meant(found: &SearchAnswer) -> Option<LinkView> {
    let text = found.did_you_mean.as_ref()?;
    Some(LinkView { name: text.clone(), path: format!("/search?q={}", encoded(text)) })
}

fn sorts(query: &ListQuery, path: &str) -> Vec<ChoiceView> {
    let view = |(value, name): &(&str, &str)| ChoiceView {
        name: (*name).to_owned(),
        path: query.with(path, "sort", value),
        count: 0,
        is_chosen: query.typed.sort == *value,
    };
    SORTS.iter().map(view).collect()
}

/// Brands and options, each value with the address that chooses it or takes it back.
fn facets_of(query: &ListQuery, path: &str, facets: &Facets) -> Vec<FacetView> {
    let mut views = Vec::new();
    let choice = |value: &FacetValue, path: String| ChoiceView {
        name: value.value.clone(),
        path,
        count: value.count,
        is_chosen: value.is_chosen,
    };
    let brands = facets.brands.iter().take(VALUES_MAX).map(|brand| {
        let brands = toggled(&query.typed.brand, &brand.value, '|');
        choice(brand, query.with(path, "brand", &brands))
    });
    views.push(FacetView { name: "Brand".to_owned(), values: brands.collect() });
    for option in &facets.options {
        let values = option.values.iter().take(VALUES_MAX).map(|value| {
            let options = with_option(&query.typed.options, &option.name, &value.value);
            choice(value, query.with(path, "options", &options))
        });
        views.push(FacetView { name: option.name.clone(), values: values.collect() });
    }
    views
        .retain(|facet| facet.values.len() > 1 || facet.values.iter().any(|value| value.is_chosen));
    views.truncate(FACETS_MAX);
    views
}

fn price_hint(shop: &Shop, facets: &Facets) -> Answer<Option<(String, String)>> {
    let currency = shop.reader.get::<settings::Shop>(ShopId::default())?.state.currency;
    let Some((low, high)) = facets.prices else { return Ok(None) };
    let words = |minor| Money::of(minor, currency).map(words::price).map_err(Problem::fault);
    Ok(Some((words(low)?, words(high)?)))
}

/// What was chosen, each to be clicked away.
fn taken_back(query: &ListQuery, path: &str) -> Vec<LinkView> {
    let Typed { brand, min_price, max_price, in_stock, options, .. } = &query.typed;
    let mut links = Vec::new();
    for one in parts(brand, '|') {
        let path = query.with(path, "brand", &toggled(brand, one, '|'));
        links.push(LinkView { name: one.to_owned(), path });
    }
    for option in parts(options, ';') {
        let (name, values) = option.split_once(':').unwrap_or((option, ""));
        for value in parts(values, '|') {
            let path = query.with(path, "options", &with_option(options, name, value));
            links.push(LinkView { name: format!("{name}: {value}"), path });
        }
    }
    for (name, value, words) in [("minPrice", min_price, "From"), ("maxPrice", max_price, "Up to")]
    {
        if !value.is_empty() {
            let path = query.with(path, name, "");
            links.push(LinkView { name: format!("{words} {value}"), path });
        }
    }
    if *in_stock {
        let path = query.with(path, "inStock", "");
        links.push(LinkView { name: "In stock".to_owned(), path });
    }
    links
}

const SORTS: [(&str, &str); 6] = [
    ("", "Best match"),
    ("best_selling", "Best selling"),
    ("newest", "Newest"),
    ("price_asc", "Price, low to high"),
    ("price_desc", "Price, high to low"),
    ("name", "Name"),
];
const SHELVES_MAX: usize = 12;
const VALUES_MAX: usize = 12;
const FACETS_MAX: usize = 8;
