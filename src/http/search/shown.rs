//! How what was found is shown: products as everywhere, with what was marked in them.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{self, HeaderName, HeaderValue},
    },
};
use bytes::{Bytes, BytesMut};
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    domain::{
        catalogue::{Category, Product},
        ids::{CategoryId, ProductId, ShopId},
        money::Money,
        settings,
    },
    http::{
        answer::{Answer, JSON, Page, REVALIDATE, RenderedPage, Show, Writes, bytes_answer},
        pipeline::POSITION,
        problem::Problem,
        products::ProductView,
        views::{Amount, Id},
    },
    search::{FacetValue, Facets, Marker, SearchAnswer, SearchRequest, Suggestion},
    shop::Shop,
};

/// An answer that says how far its source knows the journal.
pub struct Positioned<A> {
    /// Everything up to this position is in it.
    pub position: u64,
    /// What is shown.
    pub answer: A,
}

impl<A: Show> Show for Positioned<A> {
    fn show(self, status: StatusCode, request: &HttpRequest) -> Result<HttpResponse, Problem> {
        let mut answer = self.answer.show(status, request)?;
        let position = HeaderName::from_static(POSITION);
        answer.headers_mut().insert(position, HeaderValue::from(self.position));
        Ok(answer)
    }

    fn describe(
        schemas: &mut SchemaGenerator,
        status: StatusCode,
    ) -> Option<(&'static str, Value)> {
        A::describe(schemas, status)
    }
}

/// A page of products that were found.
pub struct FoundProducts {
    products: Vec<Bytes>,
    limit: u32,
    next_cursor: Option<String>,
    search: SearchView,
}

impl FoundProducts {
    /// Shows what was found, with the stock there is now.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn of(
        shop: &Shop,
        found: &SearchAnswer,
        request: &SearchRequest,
        limit: u32,
    ) -> Answer<FoundProducts> {
        let mut products = Vec::with_capacity(found.hits.len());
        let mut marker = found.highlighter.marker();
        for hit in &found.hits {
            let product = shop.reader.get::<Product>(hit.product)?;
            // The index may not know yet that it is gone.
            if product.state.exists() && product.state.is_active {
                let json = shop.renderings.show(&shop.reader, &product)?.json();
                products.push(with_marks(&json, &product.state, &mut marker)?);
            }
        }
        let next = found.next.map(|place| shop.cursors.seal(&request.list_name(), &place.bytes()));
        let facets = found.facets.as_ref().map(|facets| FacetsView::of(shop, facets));
        Ok(FoundProducts {
            products,
            limit,
            next_cursor: next,
            search: SearchView {
                total: found.total,
                did_you_mean: found.did_you_mean.clone(),
                facets: facets.transpose()?,
                is_complete: shop.search.progress() == crate::search::Progress::Following,
            },
        })
    }
}

impl Show for FoundProducts {
    fn show(self, status: StatusCode, request: &HttpRequest) -> Result<HttpResponse, Problem> {
        let FoundProducts { products, limit, next_cursor, search } = self;
        let page =
            RenderedPage::<ProductView<'static>>::new(Page { items: products, limit, next_cursor });
        let page = page.body(status)?;
        let mut body = BytesMut::from(page.strip_suffix(b"}").unwrap_or(&page));
        body.extend_from_slice(b",\"search\":");
        body.extend_from_slice(&serde_json::to_vec(&search).map_err(Problem::fault)?);
        body.extend_from_slice(b"}");
        let _ = request;
        let mut answer = bytes_answer(status, JSON, body.freeze());
        answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(REVALIDATE));
        Ok(answer)
    }

    fn describe(
        schemas: &mut SchemaGenerator,
        status: StatusCode,
    ) -> Option<(&'static str, Value)> {
        let search = schemas.subschema_for::<SearchView>().to_value();
        let marks = schemas.subschema_for::<MarksView>().to_value();
        let (kind, mut schema) = RenderedPage::<ProductView<'static>>::describe(schemas, status)?;
        schema["properties"]["search"] = search;
        let product = schema["properties"]["data"]["items"].take();
        schema["properties"]["data"]["items"] =
            json!({ "allOf": [product, { "properties": { "highlight": marks } }] });
        Some((kind, schema))
    }
}

/// A product's JSON with what was marked in it.
fn with_marks(json: &Bytes, product: &Product, marker: &mut Marker<'_>) -> Answer<Bytes> {
    let marks = MarksView {
        name: marker.marked(&product.name),
        snippet: marker.snippet(&product.description, SNIPPET_BYTES_MAX),
    };
    let mut marked = BytesMut::from(json.strip_suffix(b"}").unwrap_or(json));
    marked.extend_from_slice(b",\"highlight\":");
    marked.extend_from_slice(&serde_json::to_vec(&marks).map_err(Problem::fault)?);
    marked.extend_from_slice(b"}");
    Ok(marked.freeze())
}

/// What was looked for in a product, as HTML whose only tag is `mark`.
#[derive(Serialize, JsonSchema)]
struct MarksView {
    name: String,
    snippet: Option<String>,
}

/// What there is to say about a search besides its hits.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct SearchView {
    total: u64,
    did_you_mean: Option<String>,
    facets: Option<FacetsView>,
    /// Whether the index is whole; if not, more may be found soon.
    is_complete: bool,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct FacetsView {
    categories: Vec<CategoryFacetView>,
    brands: Vec<FacetView>,
    options: Vec<OptionFacetView>,
    availability: AvailabilityView,
    price: Option<PricesView>,
}

#[derive(Serialize, JsonSchema)]
struct CategoryFacetView {
    id: Id<CategoryId>,
    slug: String,
    name: String,
    count: u64,
}

#[derive(Serialize, JsonSchema)]
struct FacetView {
    value: String,
    count: u64,
    selected: bool,
}

#[derive(Serialize, JsonSchema)]
struct OptionFacetView {
    name: String,
    values: Vec<FacetView>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct AvailabilityView {
    in_stock: u64,
    out_of_stock: u64,
}

#[derive(Serialize, JsonSchema)]
struct PricesView {
    min: Amount,
    max: Amount,
}

impl FacetsView {
    fn of(shop: &Shop, facets: &Facets) -> Answer<FacetsView> {
        let currency = shop.reader.get::<settings::Shop>(ShopId::default())?.state.currency;
        let tree = shop.shelves.tree()?;
        let categories = facets.categories.iter().filter_map(|(id, count)| {
            let node = tree.get(*id)?;
            let (slug, name) = (node.slug.clone(), node.name.clone());
            Some(CategoryFacetView { id: Id(*id), slug, name, count: *count })
        });
        let amount = |minor: i64| Money::of(minor, currency).map(Amount).map_err(Problem::fault);
        let prices = |(min, max)| -> Answer<PricesView> {
            Ok(PricesView { min: amount(min)?, max: amount(max)? })
        };
        let options = facets.options.iter().map(|option| OptionFacetView {
            name: option.name.clone(),
            values: option.values.iter().map(FacetView::of).collect(),
        });
        Ok(FacetsView {
            categories: categories.collect(),
            brands: facets.brands.iter().map(FacetView::of).collect(),
            options: options.collect(),
            availability: AvailabilityView {
                in_stock: facets.in_stock,
                out_of_stock: facets.out_of_stock,
            },
            price: facets.prices.map(prices).transpose()?,
        })
    }
}

impl FacetView {
    fn of(value: &FacetValue) -> FacetView {
        let FacetValue { value, count, is_chosen } = value;
        FacetView { value: value.clone(), count: *count, selected: *is_chosen }
    }
}

/// Something a half-typed text may become.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum SuggestionView {
    /// A product.
    Product {
        /// Which.
        id: Id<ProductId>,
        /// Its name.
        name: String,
        /// Its slug.
        slug: String,
        /// What it costs.
        price: Amount,
        /// Its first picture.
        image: Option<String>,
    },
    /// A category.
    Category {
        /// Which.
        id: Id<CategoryId>,
        /// Its name.
        name: String,
        /// Its slug.
        slug: String,
    },
    /// Words that others found something with.
    Query {
        /// The words.
        text: String,
    },
}

/// Suggestions as they are shown; what is gone is left out.
///
/// # Errors
/// A fault of the store.
pub fn suggestions(shop: &Shop, suggested: &[Suggestion]) -> Answer<Vec<SuggestionView>> {
    let mut shown = Vec::new();
    for suggestion in suggested {
        match suggestion {
            Suggestion::Product(id) => {
                let product = shop.reader.get::<Product>(*id)?.state;
                if product.exists() && product.is_active {
                    shown.push(SuggestionView::Product {
                        id: Id(*id),
                        name: product.name.clone(),
                        slug: product.slug.clone(),
                        price: Amount(product.price),
                        image: product.images.first().cloned(),
                    });
                }
            }
            Suggestion::Category(id) => {
                let category = shop.reader.get::<Category>(*id)?.state;
                if category.exists() {
                    let (name, slug) = (category.name.clone(), category.slug.clone());
                    shown.push(SuggestionView::Category { id: Id(*id), name, slug });
                }
            }
            Suggestion::Query(text) => shown.push(SuggestionView::Query { text: text.clone() }),
        }
    }
    Ok(shown)
}

const SNIPPET_BYTES_MAX: usize = 160;
