//! Assets: styles, scripts and drawings of the pages, kept by browsers for ever.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method, StatusCode,
        header::{self, AcceptEncoding, Encoding, Header, HeaderValue},
    },
};
use schemars::SchemaGenerator;
use serde_json::Value;

use crate::{
    http::{
        access::Public,
        answer::{Answer, Show, bytes_answer},
        call::{CallOn, Word},
        limits::Class,
        problem::Problem,
        table::{Operation, op},
    },
    shop::Shop,
    web::assets::{Asset, Packing},
};
use std::sync::Arc;

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    let path = "/assets/{version}/{name}";
    vec![op(Method::GET, path, Class::Free, "Give a style or a script", show).hidden()]
}

async fn show(shop: Shop, _: Public, call: CallOn<(Word, Word)>) -> Answer<AssetAnswer> {
    let (Word(version), Word(name)) = call.path;
    let asset = shop.web.assets().get(&name).ok_or_else(Problem::not_found)?;
    // A page from before an upgrade gets what there is now, and asks again next time.
    let is_current = version == shop.web.assets().version();
    Ok(AssetAnswer { asset, is_current })
}

struct AssetAnswer {
    asset: Arc<Asset>,
    is_current: bool,
}

impl Show for AssetAnswer {
    fn show(self, status: StatusCode, request: &HttpRequest) -> Result<HttpResponse, Problem> {
        let (packing, coding) = packing_for(request);
        let mut answer = bytes_answer(status, self.asset.media_type, self.asset.bytes(packing));
        let headers = answer.headers_mut();
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        let control = if self.is_current { FOR_EVER } else { "no-cache" };
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(control));
        Ok(answer)
    }

    fn describe(_: &mut SchemaGenerator, _: StatusCode) -> Option<(&'static str, Value)> {
        None
    }
}

/// What the client takes, and its name; `identity` is taken off at the edge.
fn packing_for(request: &HttpRequest) -> (Packing, &'static str) {
    if !request.headers().contains_key(header::ACCEPT_ENCODING) {
        return (Packing::Plain, "identity");
    }
    let ours = [Encoding::brotli(), Encoding::gzip(), Encoding::identity()];
    let accepted = AcceptEncoding::parse(request).ok();
    match accepted.and_then(|accepted| accepted.negotiate(ours.iter())) {
        Some(coding) if coding == Encoding::brotli() => (Packing::Brotli, "br"),
        Some(coding) if coding == Encoding::gzip() => (Packing::Gzip, "gzip"),
        Some(_) | None => (Packing::Plain, "identity"),
    }
}

const FOR_EVER: &str = "public, max-age=31536000, immutable";
