//! Couriers: who brings news to the world outside, how far each is, and what it could not bring.
//!
//! | Method | Path                             | Does                                  | Who   |
//! |--------|----------------------------------|---------------------------------------|-------|
//! | GET    | /v1/couriers                     | lists couriers, with how far behind   | admin |
//! | POST   | /v1/couriers/{id}/pause          | lets one rest                         | admin |
//! | POST   | /v1/couriers/{id}/resume         | lets one go on                        | admin |
//! | GET    | /v1/couriers/{id}/deliveries     | lists its deliveries, newest first    | admin |
//! | GET    | /v1/deliveries/{id}              | shows a delivery                      | admin |
//! | POST   | /v1/deliveries/{id}/resend       | has it made again, or sooner          | admin |

use actix_web::http::{Method, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    access::{Admin, Caller},
    answer::{Answer, Page},
    call::{Call, CallOn, NoBody},
    cursor::Paging,
    fields::{Body, Fields, choice},
    idempotency::{Made, RequestKey},
    limits::Class,
    listing::Rows,
    problem::Problem,
    table::{Operation, op},
    views::{Id, Time},
};
use crate::{
    actors::couriers::Direction,
    domain::{
        couriers::Courier,
        deliveries::{Delivery, DeliveryState},
        ids::{CourierId, DeliveryId},
    },
    shop::Shop,
    store::{Order, Versioned, keys},
};

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    use Class::{Reads, Writes};
    vec![
        op(Method::GET, "/v1/couriers", Reads, "List couriers", list_couriers),
        op(Method::POST, "/v1/couriers/{id}/pause", Writes, "Let a courier rest", pause)
            .answers(StatusCode::OK),
        op(Method::POST, "/v1/couriers/{id}/resume", Writes, "Let a courier go on", resume)
            .answers(StatusCode::OK),
        op(Method::GET, "/v1/couriers/{id}/deliveries", Reads, "List deliveries", list_deliveries),
        op(Method::GET, "/v1/deliveries/{id}", Reads, "Show a delivery", show_delivery),
        op(Method::POST, "/v1/deliveries/{id}/resend", Writes, "Deliver again", resend)
            .answers(StatusCode::OK)
            .again(shown_again),
    ]
}

async fn list_couriers(shop: Shop, _: Admin, _: Call) -> Answer<Page<CourierView>> {
    let rows = shop.reader.rows(&keys::couriers(), None, Order::Ascending, COURIERS_MAX)?;
    let ids = rows.iter().filter_map(|(key, _)| key.last_id());
    let views: Answer<Vec<CourierView>> = ids.map(|id| CourierView::of(&shop, id)).collect();
    Ok(Page::whole(views?))
}

pub(super) async fn pause(shop: Shop, who: Admin, call: CallOn<CourierId>) -> Answer<CourierView> {
    shop.runner.direct(call.path, Direction::Pause, who.as_cause()).await?;
    CourierView::of(&shop, call.path)
}

pub(super) async fn resume(shop: Shop, who: Admin, call: CallOn<CourierId>) -> Answer<CourierView> {
    shop.runner.direct(call.path, Direction::Resume, who.as_cause()).await?;
    CourierView::of(&shop, call.path)
}

async fn list_deliveries(
    shop: Shop,
    _: Admin,
    call: Call<NoBody, DeliveriesQuery, CourierId>,
) -> Answer<Page<DeliveryView>> {
    if !shop.reader.get::<Courier>(call.path)?.state.exists() {
        return Err(Problem::not_found());
    }
    page_of(&shop, call.path, &call.query)
}

/// A page of the deliveries of a courier.
pub(super) fn page_of(
    shop: &Shop,
    courier: CourierId,
    query: &DeliveriesQuery,
) -> Answer<Page<DeliveryView>> {
    let DeliveriesQuery { state, paging } = query;
    let (name, prefix) = match state {
        None => ("deliveries", keys::deliveries_of(courier)),
        Some(Sought::Waiting) => ("waiting", keys::waiting_deliveries(courier)),
        Some(Sought::Dead) => ("dead letters", keys::dead_letters(courier)),
    };
    let rows = Rows::all(format!("{name} of {courier}"), prefix, Order::Descending);
    rows.page(&shop.reader, &shop.cursors, paging, |key, _| {
        let id: DeliveryId = key.last_id().unwrap_or_default();
        let found = shop.reader.get::<Delivery>(id)?;
        Ok(found.state.exists().then(|| DeliveryView::of(id, &found.state)))
    })
}

async fn show_delivery(shop: Shop, _: Admin, call: CallOn<DeliveryId>) -> Answer<DeliveryView> {
    shown(&shop, call.path)
}

pub(super) async fn resend(
    shop: Shop,
    who: Admin,
    call: CallOn<DeliveryId>,
) -> Answer<DeliveryView> {
    let intent = shop.intent(who.as_cause()).under(call.key.map(RequestKey::to_store));
    let delivery = shop.runner.ask_again(call.path, intent).await?;
    Ok(DeliveryView::of(call.path, &delivery))
}

async fn shown_again(shop: Shop, _: Option<Caller>, made: Made) -> Answer<DeliveryView> {
    shown(&shop, made.id.parse().map_err(|_| Problem::not_found())?)
}

fn shown(shop: &Shop, id: DeliveryId) -> Answer<DeliveryView> {
    let delivery = shop.reader.get::<Delivery>(id)?.state;
    if delivery.exists() { Ok(DeliveryView::of(id, &delivery)) } else { Err(Problem::not_found()) }
}

/// Which deliveries are wanted.
#[derive(Clone, Copy, Debug)]
enum Sought {
    Waiting,
    Dead,
}

/// Which deliveries, and which page of them.
pub(super) struct DeliveriesQuery {
    state: Option<Sought>,
    paging: Paging,
}

impl Body for DeliveriesQuery {
    fn read(fields: &mut Fields<'_>) -> DeliveriesQuery {
        DeliveriesQuery {
            state: fields.optional("state", choice(STATES)),
            paging: Paging::read(fields),
        }
    }
}

/// A courier, for staff.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CourierView {
    id: Id<CourierId>,
    name: String,
    is_paused: bool,
    /// The last position of the journal that is done with.
    position: u64,
    /// Positions of the journal that are not.
    lag: u64,
    /// When the oldest that is not done with happened, as far as it was looked at.
    behind_since: Option<Time>,
    /// Since when nobody takes anything, if that is so.
    down_since: Option<Time>,
    /// What was said then.
    down_because: Option<String>,
    delivered: u64,
    given_up: u64,
}

impl CourierView {
    fn of(shop: &Shop, id: CourierId) -> Answer<CourierView> {
        let Versioned { state, .. } = shop.reader.get::<Courier>(id)?;
        if !state.exists() {
            return Err(Problem::not_found());
        }
        let standing = shop.runner.standing(id).unwrap_or_default();
        let newest = shop.store().health().seq;
        let done = standing.done(state.cursor);
        let (down_since, down_because) = standing.down.unzip();
        Ok(CourierView {
            id: Id(id),
            name: state.name.clone(),
            is_paused: state.paused_since.is_some(),
            position: done,
            lag: newest.saturating_sub(done),
            behind_since: standing.behind_since.map(Time),
            down_since: down_since.map(Time),
            down_because,
            delivered: state.delivered,
            given_up: state.given_up,
        })
    }
}

/// A delivery, for staff. It holds no address and no content.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeliveryView {
    id: Id<DeliveryId>,
    courier_id: Id<CourierId>,
    /// What it is, in the courier's words.
    what: String,
    /// What it is about, as `order/…`.
    about: String,
    /// `WAITING`, `DELIVERED` or `DEAD`.
    state: &'static str,
    attempts: u32,
    /// When it is tried next.
    due_at: Option<Time>,
    error: Option<String>,
    created_at: Time,
    updated_at: Time,
}

impl DeliveryView {
    /// A delivery that was noted.
    pub(super) fn of(id: DeliveryId, delivery: &Delivery) -> DeliveryView {
        let (state, due_at) = match delivery.state {
            DeliveryState::Unknown => ("UNKNOWN", None),
            DeliveryState::Waiting { due } => ("WAITING", Some(Time(due))),
            DeliveryState::Delivered => ("DELIVERED", None),
            DeliveryState::GivenUp => ("DEAD", None),
        };
        DeliveryView {
            id: Id(id),
            courier_id: Id(delivery.note.courier),
            what: delivery.note.what.clone(),
            about: delivery.note.about.clone(),
            state,
            attempts: delivery.attempts,
            due_at,
            error: delivery.error.clone(),
            created_at: Time(delivery.noted_at),
            updated_at: Time(delivery.updated_at),
        }
    }
}

const STATES: &[(&str, Sought)] = &[("WAITING", Sought::Waiting), ("DEAD", Sought::Dead)];
/// Couriers that are shown.
const COURIERS_MAX: usize = 200;
