//! Home: what the shop is, what is new, and where everything stands.

use actix_web::http::Method;
use serde::Serialize;

use super::{
    cards::{CardView, cards_of},
    kept::kept,
};
use crate::{
    http::{
        access::Public,
        answer::Answer,
        call::Call,
        limits::Class,
        pages::{Frame, PageAnswer, frame::ShelfView},
        search::unreadable,
        table::{Operation, op},
    },
    search::{Filters, SearchRequest, SearchSort},
    shop::Shop,
};

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    vec![op(Method::GET, "/", Class::Reads, "Show the home page", show)]
}

async fn show(shop: Shop, who: Public, call: Call) -> Answer<PageAnswer> {
    kept(&shop, &who, &call.from, || {
        let frame = Frame::of(&shop, who.0, &call.from)?;
        let popular = found(&shop, SearchSort::BestSelling)?;
        let newest = found(&shop, SearchSort::Newest)?;
        let view = HomeView {
            pictures: pictures(newest.iter().chain(&popular)),
            popular,
            newest,
            shelves: frame.shelves().to_vec(),
        };
        frame.described(DESCRIPTION).show("storefront/home.html", &view)
    })
}

/// What can be ordered now, in this order.
fn found(shop: &Shop, sort: SearchSort) -> Answer<Vec<CardView>> {
    let filters = Filters { in_stock: Some(true), ..Filters::default() };
    let request = SearchRequest { filters, sort, limit: CARDS_MAX, ..SearchRequest::default() };
    let found = shop.search.query(&request).map_err(unreadable)?;
    cards_of(shop, found.hits.iter().map(|hit| hit.product))
}

/// The first different pictures of these.
fn pictures<'a>(cards: impl Iterator<Item = &'a CardView>) -> Vec<String> {
    let mut pictures: Vec<String> = Vec::new();
    for card in cards.filter(|card| !card.image.is_empty()) {
        if pictures.len() < PICTURES_MAX && !pictures.contains(&card.image) {
            pictures.push(card.image.clone());
        }
    }
    pictures
}

#[derive(Serialize)]
struct HomeView {
    /// What the page opens with.
    pictures: Vec<String>,
    popular: Vec<CardView>,
    newest: Vec<CardView>,
    shelves: Vec<ShelfView>,
}

const CARDS_MAX: usize = 8;
const PICTURES_MAX: usize = 3;
const DESCRIPTION: &str = "Everything we sell, what is new and what people like.";
