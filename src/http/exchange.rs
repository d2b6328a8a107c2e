//! Products as CSV, in and out, for staff.
//!
//! | Method | Path                | Does                                     | Who   |
//! |--------|---------------------|------------------------------------------|-------|
//! | POST   | /v1/product/import  | takes products from a file, or looks only | staff |
//! | GET    | /v1/product/export  | writes all products into a file          | staff |
//!
//! A file is looked over as a whole before anything of it is done. Larger ones than this takes go
//! in by `bodega import`.

use actix_web::{
    HttpRequest, HttpResponse,
    error::ErrorInternalServerError,
    http::{
        Method, StatusCode,
        header::{self, HeaderValue},
    },
};
use bytes::Bytes;
use futures_util::stream;
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use serde_json::Value;

use super::{
    access::Staff,
    answer::{Answer, Show},
    call::{Call, CallAsking, NoPath, RawBody},
    fields::{Body, Fields, choice, yes_or_no},
    limits::Class,
    problem::Problem,
    table::{Operation, op},
};
use crate::{
    exchange::{
        Batch, ExportStep, Form, Outcome, OutcomeKind, export_page, header_row, sheet_of, take,
    },
    shop::Shop,
};

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    vec![
        op(
            Method::POST,
            "/v1/product/import",
            Class::Writes,
            "Take products from a CSV file",
            import_products,
        )
        .answers(StatusCode::OK)
        .takes_bytes(FILE_BYTES_MAX),
        op(
            Method::GET,
            "/v1/product/export",
            Class::Reads,
            "Write all products as CSV",
            export_products,
        ),
    ]
}

async fn import_products(
    shop: Shop,
    who: Staff,
    call: Call<RawBody, ImportQuery, NoPath>,
) -> Answer<ImportView> {
    let ImportQuery { dry_run, sets_stock, skips_faulty, form } = call.query;
    let RawBody(bytes) = call.body;
    let read = actix_web::web::block(move || sheet_of(&bytes, form));
    let sheet = match read.await.map_err(Problem::fault)? {
        Ok(sheet) => sheet,
        Err(faults) => return Ok(ImportView::refused(faults)),
    };
    if sheet.wares.len() > PRODUCTS_MAX {
        let detail = format!("a file has at most {PRODUCTS_MAX} products here");
        return Err(Problem::malformed("too_many_products", detail));
    }
    let gone_through = async |takes: bool| -> Answer<ImportView> {
        let mut view = ImportView {
            lines: sheet.lines,
            is_done: takes,
            faulty: u64::try_from(sheet.faulty).unwrap_or(u64::MAX),
            faults: sheet.faults.iter().take(SHOWN_MAX).cloned().collect(),
            ..ImportView::default()
        };
        for wares in sheet.wares.chunks(PRODUCTS_AT_ONCE) {
            let batch = Batch { wares: wares.to_vec(), takes, sets_stock };
            for outcome in take(&shop, &batch, who.as_cause()).await? {
                let faults = outcome.faults.iter().map(|fault| sheet.header.told(fault)).collect();
                view.add(outcome, faults);
            }
        }
        Ok(view)
    };
    let looked = gone_through(false).await?;
    if dry_run || (looked.faulty > 0 && !skips_faulty) {
        return Ok(looked);
    }
    // What it came to may be something else: others do not wait while a file is looked at.
    gone_through(true).await
}

async fn export_products(shop: Shop, _: Staff, call: CallAsking<ExportQuery>) -> Answer<Export> {
    Ok(Export { shop, form: call.query.form })
}

struct ImportQuery {
    dry_run: bool,
    sets_stock: bool,
    skips_faulty: bool,
    form: Option<Form>,
}

impl Body for ImportQuery {
    fn read(fields: &mut Fields<'_>) -> ImportQuery {
        ImportQuery {
            dry_run: fields.or("dryRun", yes_or_no(), false),
            sets_stock: fields.or("setStock", yes_or_no(), false),
            skips_faulty: fields.or("skipFaulty", yes_or_no(), false),
            form: fields.optional("format", choice(FORMS)),
        }
    }
}

struct ExportQuery {
    form: Form,
}

impl Body for ExportQuery {
    fn read(fields: &mut Fields<'_>) -> ExportQuery {
        ExportQuery { form: fields.or("format", choice(FORMS), Form::Bodega) }
    }
}

/// What a file came to, or would come to.
#[derive(Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ImportView {
    /// Whether anything was done: not in a dry run, and not if something is faulty.
    #[serde(rename = "done")]
    is_done: bool,
    lines: usize,
    new: u64,
    changed: u64,
    same: u64,
    faulty: u64,
    /// What is wrong, each with its line and column.
    faults: Vec<String>,
    /// What is new or changes, up to a limit.
    products: Vec<OutcomeView>,
}

#[derive(Serialize, JsonSchema)]
struct OutcomeView {
    line: u64,
    name: String,
    kind: &'static str,
    changes: Vec<String>,
    left: Vec<String>,
}

impl ImportView {
    fn refused(mut faults: Vec<String>) -> ImportView {
        let faulty = u64::try_from(faults.len()).unwrap_or(u64::MAX);
        faults.truncate(SHOWN_MAX);
        ImportView { faulty, faults, ..ImportView::default() }
    }

    fn add(&mut self, outcome: Outcome, faults: Vec<String>) {
        let kind = match outcome.kind {
            OutcomeKind::New => {
                self.new += 1;
                "new"
            }
            OutcomeKind::Changed => {
                self.changed += 1;
                "changed"
            }
            OutcomeKind::Same => {
                self.same += 1;
                "same"
            }
            OutcomeKind::Faulty => {
                self.faulty += 1;
                "faulty"
            }
        };
        let room = SHOWN_MAX.saturating_sub(self.faults.len());
        self.faults.extend(faults.into_iter().take(room));
        let Outcome { line, name, told: changes, left, .. } = outcome;
        let says_something = !changes.is_empty() || !left.is_empty();
        if says_something && self.products.len() < SHOWN_MAX {
            self.products.push(OutcomeView { line, name, kind, changes, left });
        }
    }
}

/// All products as a file, written while it is sent.
struct Export {
    shop: Shop,
    form: Form,
}

impl Show for Export {
    fn show(self, status: StatusCode, _: &HttpRequest) -> Result<HttpResponse, Problem> {
        let Export { shop, form } = self;
        let header = Bytes::from(header_row(form));
        let begin = Some((Some(header), Some(ExportStep { form, after: None })));
        let pages = stream::unfold(begin, move |left| {
            let shop = shop.clone();
            async move {
                let (header, step) = left?;
                if let Some(header) = header {
                    return Some((Ok(header), Some((None, step))));
                }
                let step = step?;
                // A fault cuts the answer off: the client sees that it is not whole.
                let page = match export_page(&shop, &step) {
                    Ok(page) => page,
                    Err(fault) => {
                        tracing::error!(%fault, "an export broke off");
                        return Some((Err(ErrorInternalServerError(fault.to_string())), None));
                    }
                };
                let next = page.next.map(|next| ExportStep { form, after: Some(next) });
                Some((Ok::<_, actix_web::Error>(Bytes::from(page.text)), Some((None, next))))
            }
        });
        let mut answer = HttpResponse::build(status).streaming(pages);
        let headers = answer.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
        let name = HeaderValue::from_static("attachment; filename=\"products.csv\"");
        headers.insert(header::CONTENT_DISPOSITION, name);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok(answer)
    }

    fn describe(_: &mut SchemaGenerator, _: StatusCode) -> Option<(&'static str, Value)> {
        Some(("text/csv", serde_json::json!({ "type": "string" })))
    }
}

const FORMS: &[(&str, Form)] = &[("bodega", Form::Bodega), ("shopify", Form::Shopify)];
/// Largest file; larger ones go in by the command line.
const FILE_BYTES_MAX: usize = 8 << 20;
const PRODUCTS_MAX: usize = 10_000;
const PRODUCTS_AT_ONCE: usize = 128;
/// Faults and products that are listed.
const SHOWN_MAX: usize = 500;
