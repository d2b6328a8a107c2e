//! Prepared: answers whose whole body was written before, and is sent as it is.
//!
//! Compressed once, when the first client asks for that; everybody shares the bytes.

use std::{
    io::Write,
    marker::PhantomData,
    sync::{Arc, OnceLock},
};

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{self, AcceptEncoding, Encoding, Header, HeaderValue},
    },
};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use schemars::SchemaGenerator;
use serde_json::Value;

use super::{JSON, Show, bytes_answer};
use crate::http::{edge::COMPRESSED_BYTES_MIN, problem::Problem};

/// An answer that can be written without knowing who asks.
pub trait Writes {
    /// Its JSON, envelope and all.
    ///
    /// # Errors
    /// A fault, if it cannot be written.
    fn body(&self, status: StatusCode) -> Result<Bytes, Problem>;
}

/// An answer like `A`, of a read, written before. Cheap to clone.
#[derive(Debug)]
pub struct Prepared<A> {
    body: Arc<Packable>,
    like: PhantomData<A>,
}

/// A body as it is, and compressed once somebody wants it so.
#[derive(Debug)]
pub struct Packable {
    plain: Bytes,
    gzipped: OnceLock<Bytes>,
}

impl<A> Clone for Prepared<A> {
    fn clone(&self) -> Prepared<A> {
        Prepared { body: Arc::clone(&self.body), like: PhantomData }
    }
}

impl<A: Writes> Prepared<A> {
    /// Writes it.
    ///
    /// # Errors
    /// A fault, if it cannot be written.
    pub fn of(answer: &A) -> Result<Prepared<A>, Problem> {
        let body = Packable::of(answer.body(StatusCode::OK)?);
        Ok(Prepared { body: Arc::new(body), like: PhantomData })
    }
}

impl<A> Prepared<A> {
    /// About how much memory it takes.
    pub fn weight(&self) -> usize {
        self.body.weight()
    }
}

impl Packable {
    /// This body, not compressed yet.
    pub fn of(plain: Bytes) -> Packable {
        Packable { plain, gzipped: OnceLock::new() }
    }

    /// About how much memory it takes, compressed bytes included.
    pub fn weight(&self) -> usize {
        let plain = self.plain.len();
        plain + plain / COMPRESSED_SHARE + PREPARED_BYTES_BESIDE
    }

    /// The answer of this body, compressed if the client takes that and it is worth it.
    pub fn answer(
        &self,
        status: StatusCode,
        media_type: &'static str,
        request: &HttpRequest,
    ) -> HttpResponse {
        if self.is_small() || !takes_gzip(request) {
            return bytes_answer(status, media_type, self.plain.clone());
        }
        let mut answer = bytes_answer(status, media_type, self.gzipped());
        let headers = answer.headers_mut();
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        answer
    }

    fn gzipped(&self) -> Bytes {
        let made = self.gzipped.get_or_init(|| {
            let room = Vec::with_capacity(self.plain.len() / COMPRESSED_SHARE);
            let mut to = GzEncoder::new(room, Compression::default());
            // A Vec takes everything; if not, nothing is the compressed form of nothing.
            to.write_all(&self.plain)
                .and_then(|()| to.finish())
                .map(Bytes::from)
                .unwrap_or_default()
        });
        made.clone()
    }

    fn is_small(&self) -> bool {
        u64::try_from(self.plain.len()).is_ok_and(|length| length < COMPRESSED_BYTES_MIN)
    }
}

impl<A: Show> Show for Prepared<A> {
    fn show(self, status: StatusCode, request: &HttpRequest) -> Result<HttpResponse, Problem> {
        Ok(self.body.answer(status, JSON, request))
    }

    fn describe(
        schemas: &mut SchemaGenerator,
        status: StatusCode,
    ) -> Option<(&'static str, Value)> {
        A::describe(schemas, status)
    }
}

/// Whether the client wants it compressed that way, or nothing else.
fn takes_gzip(request: &HttpRequest) -> bool {
    if !request.headers().contains_key(header::ACCEPT_ENCODING) {
        return false;
    }
    let ours = [Encoding::gzip(), Encoding::identity()];
    let accepted = AcceptEncoding::parse(request);
    accepted.is_ok_and(|accepted| accepted.negotiate(ours.iter()) == Some(Encoding::gzip()))
}

/// The compressed bytes are about this share of the plain ones.
const COMPRESSED_SHARE: usize = 3;
const PREPARED_BYTES_BESIDE: usize = 120;

#[cfg(test)]
mod tests {
    use std::io::Read;

    use actix_web::{body::MessageBody, test::TestRequest};
    use flate2::read::GzDecoder;

    use super::*;
    use crate::http::answer::Rendered;

    fn sent(text: &str, accepts: Option<&'static str>) -> (Option<String>, Bytes) {
        let json = Bytes::from(serde_json::to_vec(text).expect("JSON"));
        let prepared = Prepared::of(&Rendered::<String>::new(vec![json])).expect("a body");
        let request = TestRequest::get();
        let request = match accepts {
            Some(codings) => request.insert_header((header::ACCEPT_ENCODING, codings)),
            None => request,
        };
        let answer = prepared.show(StatusCode::OK, &request.to_http_request()).expect("an answer");
        let coding = answer.headers().get(header::CONTENT_ENCODING);
        let coding = coding.and_then(|coding| coding.to_str().ok()).map(str::to_owned);
        (coding, answer.into_body().try_into_bytes().expect("bytes"))
    }

    #[test]
    fn a_long_answer_is_compressed_for_those_who_want_it() {
        let long = "tea ".repeat(1000);
        let (coding, plain) = sent(&long, None);
        assert_eq!(coding, None);
        for accepts in ["gzip", "br;q=0.5, gzip", "deflate, gzip, br"] {
            let (coding, packed) = sent(&long, Some(accepts));
            assert_eq!(coding.as_deref(), Some("gzip"), "{accepts}");
            let mut unpacked = Vec::new();
            GzDecoder::new(&packed[..]).read_to_end(&mut unpacked).expect("gzip");
            assert_eq!(unpacked, plain);
        }
        for refuses in ["identity", "gzip;q=0", "br", "*"] {
            assert_eq!(sent(&long, Some(refuses)), (None, plain.clone()), "{refuses}");
        }
        assert_eq!(sent("tea", Some("gzip")).0, None, "too small to be worth it");
    }
}
