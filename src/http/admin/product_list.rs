//! Product list: everything in the catalogue, by what is searched for, with its stock.

use actix_web::http::Method;
use serde::Serialize;

use super::{
    parts::{
        DoneQuery, PagesView, TagView, address, asked_by, chosen_in, cursor_in, framed, paging,
        words_in,
    },
    said::Said,
};
use crate::{
    domain::{
        catalogue::{Product, fold_name},
        ids::{CategoryId, ProductId},
        inventory::Ledger,
    },
    http::{
        access::{Caller, Staff},
        answer::{Answer, Page},
        call::{CallAsking, Origin},
        cursor::Paging,
        fields::{Body, Fields},
        limits::Class,
        listing::Rows,
        pages::{FormView, PageAnswer, frame::ShelfView, words},
        products::on_sale,
        search::unreadable,
        table::{Operation, op},
    },
    search::SearchRequest,
    shop::Shop,
    store::{Order, keys},
};

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    vec![op(Method::GET, "/admin/products", Class::Reads, "List products to staff", list)]
}

async fn list(shop: Shop, who: Staff, call: CallAsking<ListQuery>) -> Answer<PageAnswer> {
    let said = Said::done(call.query.done.done);
    shown(&shop, *who, &call.from, call.query, said)
}

/// The list that this address asks for, with what was said to a form of it.
pub(super) fn again(
    shop: &Shop,
    who: Caller,
    from: &Origin,
    path: &str,
    said: Said,
) -> Answer<PageAnswer> {
    shown(shop, who, from, asked_by(path)?, said)
}

fn shown(
    shop: &Shop,
    who: Caller,
    from: &Origin,
    query: ListQuery,
    mut said: Said,
) -> Answer<PageAnswer> {
    let ListQuery { q, category, status, cursor, .. } = query;
    let (frame, form) = said.on(framed(shop, who, from, "Products")?);
    let paging = paging(cursor);
    let page = found(shop, &q, category_of(shop, &category)?, status, &paging)?;
    let status = status.map_or("", Status::name);
    let filters = [("q", q.as_str()), ("category", &category), ("status", status)];
    let here = address(LIST, &filters);
    let view = ListView {
        pages: PagesView::of(&here, &paging, &page),
        here: address(&here, &[("cursor", paging.cursor.as_deref().unwrap_or_default())]),
        rows: page.items,
        shelves: frame.shelves().to_vec(),
        form,
        q,
        category,
        status,
        done: said.done,
    };
    frame.show("admin/products.html", &view)
}

fn category_of(shop: &Shop, slug: &str) -> Answer<Option<CategoryId>> {
    if slug.is_empty() {
        return Ok(None);
    }
    // What is in a category that is not there: nothing.
    Ok(Some(crate::http::categories::id_of(shop, slug)?.unwrap_or_default()))
}

/// Products by these words; without words all, the newest first.
fn found(
    shop: &Shop,
    q: &str,
    category: Option<CategoryId>,
    status: Option<Status>,
    paging: &Paging,
) -> Answer<Page<RowView>> {
    let is_wanted = |product: &Product| {
        product.exists()
            && status.is_none_or(|status| product.is_active == (status == Status::Active))
            && category.is_none_or(|category| product.category_ids.contains(&category))
    };
    if !q.is_empty() {
        let mut rows = Vec::new();
        for id in named(shop, q)? {
            let product = shop.reader.get::<Product>(id)?.state;
            if is_wanted(&product) {
                rows.push(RowView::of(shop, &product)?);
            }
        }
        return Ok(Page::whole(rows));
    }
    let (name, prefix) = match category {
        Some(category) => (format!("staff products of {category}"), keys::products_of(category)),
        None => ("staff products".to_owned(), keys::products()),
    };
    let rows = Rows::all(name, prefix, Order::Descending);
    rows.page(&shop.reader, &shop.cursors, paging, |key, _| {
        let product = shop.reader.get::<Product>(key.last_id().unwrap_or_default())?.state;
        if is_wanted(&product) { RowView::of(shop, &product).map(Some) } else { Ok(None) }
    })
}

/// What has exactly this SKU or name, then what search finds; what is not for sale too.
pub(super) fn named(shop: &Shop, q: &str) -> Answer<Vec<ProductId>> {
    let exact = [keys::product_by_sku(q), keys::product_by_name(&fold_name(q))];
    let mut ids = Vec::new();
    for key in exact {
        let held = shop.reader.row(&key)?;
        ids.extend(held.and_then(|value| keys::held_by::<ProductId>(&value)));
    }
    let request = SearchRequest { text: q.to_owned(), limit: FOUND_MAX, ..Default::default() };
    let answer = shop.search.query(&request).map_err(unreadable)?;
    ids.extend(answer.hits.iter().map(|hit| hit.product));
    // What is not for sale is not in the index; its name begins with the words, or it is not found.
    let start = keys::products_starting(&fold_name(q));
    let rows = shop.reader.rows(&start, None, Order::Ascending, FOUND_MAX)?;
    ids.extend(rows.iter().filter_map(|(key, _)| key.last_id::<ProductId>()));
    let mut once = Vec::with_capacity(ids.len());
    for id in ids {
        if !once.contains(&id) {
            once.push(id);
        }
    }
    Ok(once)
}

/// Which products.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Active,
    Hidden,
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Status::Active => "active",
            Status::Hidden => "hidden",
        }
    }
}

struct ListQuery {
    q: String,
    category: String,
    status: Option<Status>,
    cursor: Option<String>,
    done: DoneQuery,
}

impl Body for ListQuery {
    fn read(fields: &mut Fields<'_>) -> ListQuery {
        ListQuery {
            q: words_in(fields, "q"),
            category: words_in(fields, "category"),
            status: chosen_in(fields, "status", STATUSES),
            cursor: cursor_in(fields),
            done: DoneQuery::read(fields),
        }
    }
}

#[derive(Serialize)]
struct ListView {
    rows: Vec<RowView>,
    shelves: Vec<ShelfView>,
    q: String,
    category: String,
    status: &'static str,
    /// This page of the list, to come back to.
    here: String,
    pages: PagesView,
    form: FormView,
    done: Option<&'static str>,
}

#[derive(Serialize)]
struct RowView {
    id: String,
    name: String,
    image: String,
    sku: String,
    variants: usize,
    price: String,
    stock: u32,
    status: TagView,
}

impl RowView {
    fn of(shop: &Shop, product: &Product) -> Answer<RowView> {
        let mut stock = 0_u32;
        for id in product.variants.keys() {
            stock = stock.saturating_add(on_sale(&shop.reader.get::<Ledger>(*id)?.state));
        }
        let first = product.variants_in_order().first().map(|variant| variant.sku.clone());
        Ok(RowView {
            id: product.id.to_string(),
            name: product.name.clone(),
            image: product.images.first().cloned().unwrap_or_default(),
            sku: first.unwrap_or_default(),
            variants: product.variants.len(),
            price: words::price(product.price),
            stock,
            status: match product.is_active {
                true => TagView { words: "For sale", tone: "good" },
                false => TagView { words: "Not for sale", tone: "" },
            },
        })
    }
}

/// Where the list is.
pub(super) const LIST: &str = "/admin/products";
const STATUSES: &[(&str, Status)] = &[("active", Status::Active), ("hidden", Status::Hidden)];
/// Products that are found by words.
const FOUND_MAX: usize = 50;
