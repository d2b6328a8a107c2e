//! Answers: what a handler gives back, and how it looks on the wire.
//!
//! A success is `{"statusCode": N, "data": …}`; a list adds `page`. A handler returns a view, a
//! [`Page`] of views, or [`Rendered`] bytes (a [`RenderedPage`] of them, or either [`Prepared`] as
//! a whole), each if need be in a [`Cached`]; the status is the operation's own.

mod prepared;

use std::marker::PhantomData;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
};
use bytes::{Bytes, BytesMut};
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use serde_json::{Value, json};

use super::{etag::ETag, problem::Problem};

pub use prepared::{Packable, Prepared, Writes};

/// What a handler comes to.
pub type Answer<A> = Result<A, Problem>;

/// Something that can be shown.
pub trait Show {
    /// The answer, with the operation's status.
    ///
    /// # Errors
    /// A fault, if it cannot be written.
    fn show(self, status: StatusCode, request: &HttpRequest) -> Result<HttpResponse, Problem>;
    /// The media type and schema of the body; nothing if there is none to describe.
    fn describe(schemas: &mut SchemaGenerator, status: StatusCode)
    -> Option<(&'static str, Value)>;
}

/// A view is shown as `data`.
impl<V: Serialize + JsonSchema> Show for V {
    fn show(self, status: StatusCode, _: &HttpRequest) -> Result<HttpResponse, Problem> {
        json_answer(status, &Envelope { status_code: status.as_u16(), data: self })
    }

    fn describe(
        schemas: &mut SchemaGenerator,
        status: StatusCode,
    ) -> Option<(&'static str, Value)> {
        let data = schemas.subschema_for::<V>().to_value();
        Some((JSON, envelope_schema(status, data, None)))
    }
}

/// A page of a list.
#[derive(Clone, Debug)]
pub struct Page<V> {
    /// What is on it.
    pub items: Vec<V>,
    /// How many there may be on a page.
    pub limit: u32,
    /// Where the next page starts, sealed; `None` on the last.
    pub next_cursor: Option<String>,
}

impl<V> Page<V> {
    /// All there is, on one page.
    pub fn whole(items: Vec<V>) -> Page<V> {
        let limit = u32::try_from(items.len()).unwrap_or(u32::MAX);
        Page { items, limit, next_cursor: None }
    }
}

impl<V: Serialize + JsonSchema> Show for Page<V> {
    fn show(self, status: StatusCode, _: &HttpRequest) -> Result<HttpResponse, Problem> {
        let page = PageView::of(self.limit, self.next_cursor);
        let list = ListEnvelope { status_code: status.as_u16(), data: self.items, page };
        json_answer(status, &list)
    }

    fn describe(
        schemas: &mut SchemaGenerator,
        status: StatusCode,
    ) -> Option<(&'static str, Value)> {
        Some((JSON, list_schema::<V>(schemas, status)))
    }
}

/// The JSON of a view `V` that is already written, in pieces: the fast path of cached things.
#[derive(Clone, Debug)]
pub struct Rendered<V> {
    pieces: Vec<Bytes>,
    view: PhantomData<V>,
}

impl<V> Rendered<V> {
    /// These pieces, one after the other, are the JSON of one `V`.
    pub fn new(pieces: Vec<Bytes>) -> Rendered<V> {
        Rendered { pieces, view: PhantomData }
    }
}

impl<V: JsonSchema> Show for Rendered<V> {
    fn show(self, status: StatusCode, _: &HttpRequest) -> Result<HttpResponse, Problem> {
        Ok(bytes_answer(status, JSON, self.body(status)?))
    }

    fn describe(
        schemas: &mut SchemaGenerator,
        status: StatusCode,
    ) -> Option<(&'static str, Value)> {
        let data = schemas.subschema_for::<V>().to_value();
        Some((JSON, envelope_schema(status, data, None)))
    }
}

impl<V> Writes for Rendered<V> {
    fn body(&self, status: StatusCode) -> Result<Bytes, Problem> {
        let length: usize = self.pieces.iter().map(Bytes::len).sum();
        let mut body = BytesMut::with_capacity(length + ENVELOPE_BYTES);
        body.extend_from_slice(b"{\"statusCode\":");
        body.extend_from_slice(status.as_str().as_bytes());
        body.extend_from_slice(b",\"data\":");
        self.pieces.iter().for_each(|piece| body.extend_from_slice(piece));
        body.extend_from_slice(b"}");
        Ok(body.freeze())
    }
}

/// A page of views `V` whose JSON is already written, each in a piece of its own.
#[derive(Clone, Debug)]
pub struct RenderedPage<V> {
    page: Page<Bytes>,
    view: PhantomData<V>,
}

impl<V> RenderedPage<V> {
    /// Each piece on this page is the JSON of one `V`.
    pub fn new(page: Page<Bytes>) -> RenderedPage<V> {
        RenderedPage { page, view: PhantomData }
    }
}

impl<V: JsonSchema> Show for RenderedPage<V> {
    fn show(self, status: StatusCode, _: &HttpRequest) -> Result<HttpResponse, Problem> {
        Ok(bytes_answer(status, JSON, self.body(status)?))
    }

    fn describe(
        schemas: &mut SchemaGenerator,
        status: StatusCode,
    ) -> Option<(&'static str, Value)> {
        Some((JSON, list_schema::<V>(schemas, status)))
    }
}

impl<V> Writes for RenderedPage<V> {
    fn body(&self, status: StatusCode) -> Result<Bytes, Problem> {
        let Page { items, limit, next_cursor } = &self.page;
        let page = PageView::of(*limit, next_cursor.clone());
        let page = serde_json::to_vec(&page).map_err(Problem::fault)?;
        let length: usize = items.iter().map(|item| item.len() + 1).sum();
        let mut body = BytesMut::with_capacity(length + page.len() + ENVELOPE_BYTES);
        body.extend_from_slice(b"{\"statusCode\":");
        body.extend_from_slice(status.as_str().as_bytes());
        body.extend_from_slice(b",\"data\":[");
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                body.extend_from_slice(b",");
            }
            body.extend_from_slice(item);
        }
        body.extend_from_slice(b"],\"page\":");
        body.extend_from_slice(&page);
        body.extend_from_slice(b"}");
        Ok(body.freeze())
    }
}

/// An answer with an entity tag: 304 and nothing else if the client has it already.
#[derive(Clone, Debug)]
pub struct Cached<A> {
    /// The version shown.
    pub etag: ETag,
    /// The `Cache-Control` header, as [`REVALIDATE`].
    pub control: &'static str,
    /// What is shown if the client has another version.
    pub answer: A,
}

impl<A: Show> Show for Cached<A> {
    fn show(self, status: StatusCode, request: &HttpRequest) -> Result<HttpResponse, Problem> {
        let mut answer = if self.etag.is_known_to(request.headers()) {
            HttpResponse::new(StatusCode::NOT_MODIFIED)
        } else {
            self.answer.show(status, request)?
        };
        let headers = answer.headers_mut();
        headers.insert(header::ETAG, self.etag.as_header());
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(self.control));
        Ok(answer)
    }

    fn describe(
        schemas: &mut SchemaGenerator,
        status: StatusCode,
    ) -> Option<(&'static str, Value)> {
        A::describe(schemas, status)
    }
}

/// An answer, or another place where it is now (301).
#[derive(Clone, Debug)]
pub enum HereOr<A> {
    /// It is here.
    Here(A),
    /// It has moved to this path for good.
    Moved(String),
}

impl<A: Show> Show for HereOr<A> {
    fn show(self, status: StatusCode, request: &HttpRequest) -> Result<HttpResponse, Problem> {
        match self {
            HereOr::Here(answer) => answer.show(status, request),
            HereOr::Moved(path) => Ok(HttpResponse::MovedPermanently()
                .insert_header((header::LOCATION, path))
                .finish()),
        }
    }

    fn describe(
        schemas: &mut SchemaGenerator,
        status: StatusCode,
    ) -> Option<(&'static str, Value)> {
        A::describe(schemas, status)
    }
}

/// Bytes of another media type: a page, a picture, a document.
#[derive(Clone, Debug)]
pub struct Document {
    /// The media type.
    pub media_type: &'static str,
    /// The content.
    pub body: Bytes,
    /// The `Content-Security-Policy`, if the strict one of the API does not fit.
    pub policy: Option<HeaderValue>,
}

impl Show for Document {
    fn show(self, status: StatusCode, _: &HttpRequest) -> Result<HttpResponse, Problem> {
        let mut answer = bytes_answer(status, self.media_type, self.body);
        if let Some(policy) = self.policy {
            answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        Ok(answer)
    }

    fn describe(_: &mut SchemaGenerator, _: StatusCode) -> Option<(&'static str, Value)> {
        None
    }
}

/// An answer of these bytes.
pub fn bytes_answer(status: StatusCode, media_type: &'static str, body: Bytes) -> HttpResponse {
    let mut answer = HttpResponse::with_body(status, actix_web::body::BoxBody::new(body));
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    answer
}

fn json_answer<T: Serialize>(status: StatusCode, body: &T) -> Result<HttpResponse, Problem> {
    let bytes = serde_json::to_vec(body).map_err(Problem::fault)?;
    Ok(bytes_answer(status, JSON, Bytes::from(bytes)))
}

fn list_schema<V: JsonSchema>(schemas: &mut SchemaGenerator, status: StatusCode) -> Value {
    let data = schemas.subschema_for::<Vec<V>>().to_value();
    let page = schemas.subschema_for::<PageView>().to_value();
    envelope_schema(status, data, Some(page))
}

fn envelope_schema(status: StatusCode, data: Value, page: Option<Value>) -> Value {
    let mut required = vec!["statusCode", "data"];
    let mut properties = json!({ "statusCode": { "const": status.as_u16() }, "data": data });
    if let Some(page) = page {
        required.push("page");
        properties["page"] = page;
    }
    json!({ "type": "object", "properties": properties, "required": required })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<V> {
    status_code: u16,
    data: V,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ListEnvelope<V> {
    status_code: u16,
    data: Vec<V>,
    page: PageView,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct PageView {
    limit: u32,
    next_cursor: Option<String>,
    has_more: bool,
}

impl PageView {
    fn of(limit: u32, next_cursor: Option<String>) -> PageView {
        PageView { limit, has_more: next_cursor.is_some(), next_cursor }
    }
}

/// May be kept, but must be asked about each time: what shows stock.
pub const REVALIDATE: &str = "no-cache";
/// The media type of every success.
pub const JSON: &str = "application/json";
const ENVELOPE_BYTES: usize = 48;
