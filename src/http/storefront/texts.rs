//! Texts of the shop, and where search engines shall not look.

use actix_web::http::Method;
use serde::Serialize;

use super::sitemap::{Plain, base_of};
use crate::{
    http::{
        access::Public,
        answer::Answer,
        call::{Call, CallOn, Word},
        limits::Class,
        pages::{Frame, PageAnswer},
        problem::Problem,
        table::{Operation, op},
    },
    shop::Shop,
};

/// The texts.
pub fn operations() -> Vec<Operation<Shop>> {
    vec![op(Method::GET, "/pages/{name}", Class::Reads, "Show a text of the shop", show)]
}

/// What is for search engines.
pub fn operations_for_engines() -> Vec<Operation<Shop>> {
    let path = "/robots.txt";
    vec![op(Method::GET, path, Class::Reads, "Say where not to look", show_robots).hidden()]
}

async fn show(shop: Shop, who: Public, call: CallOn<Word>) -> Answer<PageAnswer> {
    let Word(name) = call.path;
    let text = shop.web.text(&name).ok_or_else(Problem::not_found)?;
    let frame = Frame::of(&shop, who.0, &call.from)?.titled(&text.title);
    let view = TextView { title: text.title.clone(), html: text.html.clone() };
    frame.show("storefront/text.html", &view)
}

async fn show_robots(shop: Shop, _: Public, _: Call) -> Answer<Plain> {
    let base = base_of(&shop)?;
    Ok(Plain::text(format!("{ROBOTS}Sitemap: {base}/sitemap.xml\n")))
}

#[derive(Serialize)]
struct TextView {
    title: String,
    /// Made of Markdown; see [`crate::web::markdown`].
    html: String,
}

const ROBOTS: &str = "User-agent: *\nDisallow: /account\nDisallow: /admin\nDisallow: /cart\n\
    Disallow: /checkout\nDisallow: /orders\nDisallow: /search\nDisallow: /v1\n";
