//! Events: what happened in the shop, asked for page by page or told as it happens.
//!
//! | Method | Path              | Does                                      | Who               |
//! |--------|-------------------|-------------------------------------------|-------------------|
//! | GET    | /v1/events        | lists what happened, the oldest first     | admin             |
//! | GET    | /v1/events/stream | tells what happens, as server-sent events | by what they see  |
//!
//! A customer is told of their own cart and orders, anybody of the stock of products they name,
//! staff of everything. `docs/events.md` lists the types.

mod stream;

use actix_web::http::{Method, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;

use super::{
    access::{Access, Admin, Caller, Public},
    answer::{Answer, Page},
    call::CallAsking,
    cursor::{Cursors, Paging},
    fields::{Body, Fields, choice, id, list, whole},
    limits::Class,
    problem::Problem,
    table::{Operation, op},
    views::Time,
};
use crate::{
    accounts::Means,
    domain::ids::ProductId,
    shop::Shop,
    store::{Reader, Seq, Store, StoreFault},
    subscribers::{
        happened::Happened,
        live::Viewer,
        public::{
            self, PublicEvent,
            types::{PATTERNS, Pattern, Patterns},
        },
    },
};

pub use stream::{EventStream, Following};

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    use Class::Reads;
    vec![
        op(Method::GET, "/v1/events", Reads, "List what happened", list_events),
        op(Method::GET, "/v1/events/stream", Reads, "Be told what happens", follow_events)
            .with_cookie(),
    ]
}

async fn list_events(
    shop: Shop,
    _: Admin,
    call: CallAsking<EventsQuery>,
) -> Answer<Page<EventView>> {
    let EventsQuery { after, types, paging } = call.query;
    let start = Place::start(&shop.cursors, &paging, after)?;
    let limit = usize::try_from(paging.limit).unwrap_or(usize::MAX);
    let (store, reader) = (shop.store().clone(), shop.reader.clone());
    let reading = move || happened_after(&store, &reader, start, &types, limit);
    let read = tokio::task::spawn_blocking(reading).await.map_err(Problem::fault)??;
    let next_cursor = read.next.map(|place| place.sealed(&shop.cursors));
    let items = read.events.into_iter().map(EventView::of).collect();
    Ok(Page { items, limit: paging.limit, next_cursor })
}

async fn follow_events(
    shop: Shop,
    who: Public,
    call: CallAsking<StreamQuery>,
) -> Answer<EventStream> {
    let StreamQuery { products, types, after } = call.query;
    let after = match call.from.header("last-event-id").filter(|id| !id.is_empty()) {
        Some(id) => Some(id.parse::<Seq>().map_err(|_| {
            let detail = "Last-Event-ID is the id of an event of this stream";
            Problem::malformed("invalid_last_event_id", detail)
        })?),
        None => after,
    };
    let viewer = Viewer { types, ..viewer_of(who.0, products) };
    follow(&shop, who.0, viewer, after)
}

/// What a caller may see, or somebody who is not signed in: they follow these products.
pub fn viewer_of(caller: Option<Caller>, products: Vec<ProductId>) -> Viewer {
    let key = caller.and_then(|caller| match caller.means {
        Means::Key { id, .. } => Some(id),
        Means::Session(_) => None,
    });
    Viewer {
        is_staff: caller.is_some_and(|caller| Access::Staff.admits(caller.role)),
        user: caller.map(|caller| caller.user),
        key,
        products: products.into_iter().collect(),
        ..Viewer::default()
    }
}

/// A stream for them, behind a position or from now on.
///
/// # Errors
/// There is nothing they could be told, or there are too many streams.
pub fn follow(
    shop: &Shop,
    caller: Option<Caller>,
    viewer: Viewer,
    after: Option<Seq>,
) -> Answer<EventStream> {
    if caller.is_none() && viewer.products.is_empty() && viewer.cart.is_none() {
        let detail = "sign in, or name the products whose stock to follow";
        return Err(Problem::unauthenticated("authentication_required", detail));
    }
    let stream = shop.live.listen(viewer, after).map_err(|_| {
        Problem::refusal(
            StatusCode::SERVICE_UNAVAILABLE,
            "too_many_streams",
            "too many are following what happens; try again later",
        )
        .retry_after(RETRY_SECONDS)
    })?;
    Ok(EventStream::of(shop.clone(), caller, stream))
}

struct EventsQuery {
    after: Option<Seq>,
    types: Patterns,
    paging: Paging,
}

impl Body for EventsQuery {
    fn read(fields: &mut Fields<'_>) -> EventsQuery {
        EventsQuery {
            after: position(fields, "after"),
            types: patterns(fields),
            paging: Paging::read(fields),
        }
    }
}

struct StreamQuery {
    products: Vec<ProductId>,
    types: Patterns,
    after: Option<Seq>,
}

impl Body for StreamQuery {
    fn read(fields: &mut Fields<'_>) -> StreamQuery {
        let products = list(id(), 1, PRODUCTS_MAX);
        StreamQuery {
            products: fields.optional("products", products).unwrap_or_default(),
            types: patterns(fields),
            after: position(fields, "after"),
        }
    }
}

fn position(fields: &mut Fields<'_>, name: &'static str) -> Option<Seq> {
    let number = fields.optional(name, whole::<i64>(0, i64::MAX))?;
    u64::try_from(number).ok()
}

fn patterns(fields: &mut Fields<'_>) -> Patterns {
    let wanted = fields.optional("types", list(choice::<Pattern>(PATTERNS), 1, PATTERNS.len()));
    wanted.unwrap_or_default().into_iter().collect()
}

/// Something that happened.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct EventView {
    /// The same wherever it is told: here, in streams and in webhooks.
    id: String,
    /// One of the types of `docs/events.md`, as `order.paid`.
    r#type: &'static str,
    /// The position in the journal; events of one commit share it.
    position: Seq,
    occurred_at: Time,
    /// What it says depends on the type.
    #[schemars(with = "std::collections::BTreeMap<String, serde_json::Value>")]
    data: Box<RawValue>,
}

impl EventView {
    fn of(event: PublicEvent) -> EventView {
        EventView {
            id: event.id.to_string(),
            r#type: event.name,
            position: event.position,
            occurred_at: Time(event.occurred_at),
            data: event.data,
        }
    }
}

/// Behind an event of a frame, or behind all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    frame: Seq,
    /// Events of the next frame that were shown.
    shown: u32,
}

impl Place {
    fn start(cursors: &Cursors, paging: &Paging, after: Option<Seq>) -> Answer<Place> {
        let Some(key) = cursors.start(LIST, paging)? else {
            return Ok(Place { frame: after.unwrap_or(0), shown: 0 });
        };
        let (frame, shown) = key.split_at_checked(8).unwrap_or_default();
        let frame = frame.try_into().map_or(0, u64::from_be_bytes);
        Ok(Place { frame, shown: shown.try_into().map_or(0, u32::from_be_bytes) })
    }

    fn sealed(self, cursors: &Cursors) -> String {
        let mut key = self.frame.to_be_bytes().to_vec();
        key.extend(self.shown.to_be_bytes());
        cursors.seal(LIST, &key)
    }
}

/// A page, and where the next begins.
struct Read {
    events: Vec<PublicEvent>,
    next: Option<Place>,
}

/// Up to so many events behind a place. It looks at a limited number of commits, however few of
/// them are wanted.
fn happened_after(
    store: &Store,
    reader: &Reader,
    start: Place,
    types: &Patterns,
    limit: usize,
) -> Result<Read, StoreFault> {
    let mut follower = store.follow(start.frame);
    let (mut events, mut looked_at) = (Vec::new(), 0);
    let mut shown_before = start.shown;
    let mut last = start.frame;
    while looked_at < FRAMES_MAX {
        let entries = follower.read(FRAMES_AT_ONCE)?;
        if entries.is_empty() {
            return Ok(Read { events, next: None });
        }
        for entry in &entries {
            let happened = Happened::in_frame(entry, |kind| types.take_kind(kind))?;
            for (shown, happened) in (0..).zip(&happened).skip(as_count(shown_before)) {
                let told = public::told(happened, reader)?;
                let Some(event) = told.filter(|event| types.take(event.name)) else { continue };
                if events.len() == limit {
                    return Ok(Read { events, next: Some(Place { frame: last, shown }) });
                }
                events.push(event);
            }
            (shown_before, last) = (0, entry.seq);
        }
        looked_at += entries.len();
    }
    Ok(Read { events, next: Some(Place { frame: last, shown: 0 }) })
}

fn as_count(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

const LIST: &str = "events";
/// Commits that one page looks at.
const FRAMES_MAX: usize = 20_000;
const FRAMES_AT_ONCE: usize = 256;
/// Products whose stock one stream follows.
const PRODUCTS_MAX: usize = 100;
const RETRY_SECONDS: u64 = 10;
