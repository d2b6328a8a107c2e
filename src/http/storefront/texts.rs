//! Texts of the shop, and what search engines ask for: the site map, and where not to look.

use std::fmt::Write;

use actix_web::http::{
    Method, StatusCode,
    header::{self, HeaderValue},
};
use schemars::SchemaGenerator;
use serde::Serialize;
use serde_json::Value;

use crate::{
    domain::{catalogue::Product, ids::ShopId, settings},
    http::{
        access::Public,
        answer::{Answer, Show, bytes_answer},
        call::{Call, CallOn, Word},
        limits::Class,
        pages::{Frame, PageAnswer},
        problem::Problem,
        search::unreadable,
        table::{Operation, op},
    },
    search::{SearchRequest, SearchSort},
    shop::Shop,
};

/// The texts.
pub fn operations() -> Vec<Operation<Shop>> {
    vec![op(Method::GET, "/pages/{name}", Class::Reads, "Show a text of the shop", show)]
}

/// What is for search engines.
pub fn operations_for_engines() -> Vec<Operation<Shop>> {
    let get = Method::GET;
    vec![
        op(get.clone(), "/sitemap.xml", Class::Reads, "List the pages", show_map).hidden(),
        op(get, "/robots.txt", Class::Reads, "Say where not to look", show_robots).hidden(),
    ]
}

async fn show(shop: Shop, who: Public, call: CallOn<Word>) -> Answer<PageAnswer> {
    let Word(name) = call.path;
    let text = shop.web.text(&name).ok_or_else(Problem::not_found)?;
    let frame = Frame::of(&shop, who.0, &call.from)?.titled(&text.title);
    let view = TextView { title: text.title.clone(), html: text.html.clone() };
    frame.show("storefront/text.html", &view)
}

async fn show_map(shop: Shop, _: Public, _: Call) -> Answer<Plain> {
    let base = shop.reader.get::<settings::Shop>(ShopId::default())?.state.public_url.clone();
    let base = base.trim_end_matches('/').to_owned();
    let mut map = String::from(MAP_BEGINS);
    let mut note = |path: &str| {
        let path = path.replace('&', "&amp;");
        writeln!(map, "<url><loc>{base}{path}</loc></url>").expect("a String takes everything");
    };
    note("/");
    for node in shop.shelves.tree()?.top() {
        note(&format!("/category/{}", node.slug));
    }
    for (name, _) in shop.web.texts() {
        note(&format!("/pages/{name}"));
    }
    // The newest first: what is not in here is found from the categories.
    let sort = SearchSort::Newest;
    let mut request = SearchRequest { sort, limit: AT_ONCE, ..SearchRequest::default() };
    let mut left = PRODUCTS_MAX;
    while left > 0 {
        let found = shop.search.query(&request).map_err(unreadable)?;
        for hit in &found.hits {
            let product = shop.reader.get::<Product>(hit.product)?.state;
            if product.exists() && product.is_active {
                note(&format!("/product/{}", product.slug));
            }
        }
        left = left.saturating_sub(found.hits.len());
        request.after = found.next;
        if request.after.is_none() {
            break;
        }
    }
    map.push_str("</urlset>\n");
    Ok(Plain { media_type: "application/xml; charset=utf-8", text: map })
}

async fn show_robots(shop: Shop, _: Public, _: Call) -> Answer<Plain> {
    let base = shop.reader.get::<settings::Shop>(ShopId::default())?.state.public_url.clone();
    let text = format!("{ROBOTS}Sitemap: {}/sitemap.xml\n", base.trim_end_matches('/'));
    Ok(Plain { media_type: "text/plain; charset=utf-8", text })
}

#[derive(Serialize)]
struct TextView {
    title: String,
    /// Made of Markdown; see [`crate::web::markdown`].
    html: String,
}

/// A text of another kind.
struct Plain {
    media_type: &'static str,
    text: String,
}

impl Show for Plain {
    fn show(
        self,
        status: StatusCode,
        _: &actix_web::HttpRequest,
    ) -> Result<actix_web::HttpResponse, Problem> {
        let mut answer = bytes_answer(status, self.media_type, self.text.into());
        let control = HeaderValue::from_static("public, max-age=3600");
        answer.headers_mut().insert(header::CACHE_CONTROL, control);
        Ok(answer)
    }

    fn describe(_: &mut SchemaGenerator, _: StatusCode) -> Option<(&'static str, Value)> {
        None
    }
}

const MAP_BEGINS: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
    <urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n";
const ROBOTS: &str = "User-agent: *\nDisallow: /account\nDisallow: /admin\nDisallow: /cart\n\
    Disallow: /checkout\nDisallow: /orders\nDisallow: /search\nDisallow: /v1\n";
const AT_ONCE: usize = 100;
/// Products in the site map.
const PRODUCTS_MAX: usize = 2_000;
