//! System: how the shop's machinery is: neighbours, couriers, what they could not bring, the
//! disk, the books, and what staff did lately.

use actix_web::http::Method;
use serde::Serialize;

use super::{
    about::AboutView,
    deeds::{DeedView, staff_log},
    parts::{DoneQuery, MomentView, TagView, framed},
};
use crate::{
    domain::{
        couriers::Courier,
        deliveries::Delivery,
        ids::{CourierId, DeliveryId},
    },
    http::{
        access::Admin,
        answer::Answer,
        call::{CallAsking, CallOn, NoBody},
        couriers::{pause, resend, resume},
        health::Health,
        idempotency::Made,
        limits::Class,
        pages::{Filled, FormView, PageAnswer, words},
        storefront::sign_in::Nothing,
        table::{Operation, op},
    },
    shop::Shop,
    store::{Mode, Order, keys},
};

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    use Class::{Reads, Writes};
    let post = || Method::POST;
    vec![
        op(Method::GET, "/admin/system", Reads, "Show how the machinery is", show),
        op(post(), "/admin/couriers/{id}/pause", Writes, "Let a courier rest", let_rest),
        op(post(), "/admin/couriers/{id}/resume", Writes, "Let a courier go on", let_go_on),
        op(post(), "/admin/deliveries/{id}/resend", Writes, "Deliver again", send_again)
            .again(async |_, _, _: Made| Ok(PageAnswer::to("/admin/system"))),
    ]
}

async fn show(shop: Shop, who: Admin, call: CallAsking<DoneQuery>) -> Answer<PageAnswer> {
    let frame = framed(&shop, *who, &call.from, "System")?;
    let (health, figures) = (shop.store().health(), shop.store().figures());
    let neighbours = shop.health().neighbours.into_iter();
    let mode = match &health.mode {
        Mode::Writable => TagView { words: "Everything is kept", tone: "good" },
        Mode::DiskFull => TagView { words: "The disk is full", tone: "bad" },
        Mode::ReadOnly { .. } => TagView { words: "Read-only until it is restarted", tone: "bad" },
    };
    let (couriers, letters) = couriers(&shop)?;
    let view = SystemView {
        version: env!("CARGO_PKG_VERSION"),
        mode,
        journal: words::size(health.journal_bytes),
        free: words::size(figures.disk_free_bytes),
        commits: health.seq,
        neighbours: neighbours.map(|told| NeighbourView::of(&shop, told)).collect(),
        books: BooksView::of(&shop)?,
        couriers,
        letters,
        staff: staff_log(&shop).await?,
        form: frame.form(),
        done: call.query.done,
    };
    frame.show("admin/system.html", &view)
}

async fn let_rest(
    shop: Shop,
    who: Admin,
    call: CallOn<CourierId, Filled<Nothing>>,
) -> Answer<PageAnswer> {
    pause(shop, who, call.with(NoBody)).await?;
    Ok(PageAnswer::to("/admin/system?done=paused"))
}

async fn let_go_on(
    shop: Shop,
    who: Admin,
    call: CallOn<CourierId, Filled<Nothing>>,
) -> Answer<PageAnswer> {
    resume(shop, who, call.with(NoBody)).await?;
    Ok(PageAnswer::to("/admin/system?done=resumed"))
}

async fn send_again(
    shop: Shop,
    who: Admin,
    call: CallOn<DeliveryId, Filled<Nothing>>,
) -> Answer<PageAnswer> {
    resend(shop, who, call.with(NoBody)).await?;
    Ok(PageAnswer::to("/admin/system?done=resent"))
}

/// Every courier, and the newest of what each has given up.
fn couriers(shop: &Shop) -> Answer<(Vec<CourierView>, Vec<LetterView>)> {
    let rows = shop.reader.rows(&keys::couriers(), None, Order::Ascending, COURIERS_MAX)?;
    let (mut couriers, mut letters) = (Vec::new(), Vec::new());
    for id in rows.iter().filter_map(|(key, _)| key.last_id::<CourierId>()) {
        let courier = shop.reader.get::<Courier>(id)?.state;
        let standing = shop.runner.standing(id).unwrap_or_default();
        let (down_since, because) = standing.down.unzip();
        let state = match (courier.paused_since, down_since) {
            (Some(_), _) => TagView { words: "Paused", tone: "warn" },
            (None, Some(_)) => TagView { words: "Nobody takes anything", tone: "bad" },
            (None, None) => TagView { words: "Goes", tone: "good" },
        };
        let name = name_of(shop, &courier)?;
        let dead = keys::dead_letters(id);
        let dead = shop.reader.rows(&dead, None, Order::Descending, LETTERS_MAX)?;
        couriers.push(CourierView {
            id: id.to_string(),
            name: name.clone(),
            state,
            because,
            behind_since: standing.behind_since.map(|since| MomentView::of(shop, since)),
            delivered: courier.delivered,
            given_up: courier.given_up,
            is_paused: courier.paused_since.is_some(),
        });
        for letter in dead.iter().filter_map(|(key, _)| key.last_id::<DeliveryId>()) {
            let delivery = shop.reader.get::<Delivery>(letter)?.state;
            letters.push(LetterView {
                id: letter.to_string(),
                courier: name.clone(),
                what: delivery.note.what.clone(),
                about: AboutView::of(shop, &delivery.note.about)?,
                error: delivery.error.clone().unwrap_or_default(),
                at: MomentView::of(shop, delivery.updated_at),
            });
        }
    }
    Ok((couriers, letters))
}

/// What a courier is called: one that tells a program has its address.
fn name_of(shop: &Shop, courier: &Courier) -> Answer<String> {
    Ok(match courier.name.split_once(' ') {
        Some(("webhook", told)) => {
            let (endpoint, is_replay) = match told.split_once(' ') {
                Some((endpoint, _)) => (endpoint, true),
                None => (told, false),
            };
            let words = AboutView::of(shop, &format!("webhook_endpoint/{endpoint}"))?.words;
            if is_replay { format!("{words}, sent again") } else { words }
        }
        Some(_) | None => courier.name.clone(),
    })
}

#[derive(Serialize)]
struct SystemView {
    version: &'static str,
    mode: TagView,
    journal: String,
    free: String,
    commits: u64,
    neighbours: Vec<NeighbourView>,
    books: BooksView,
    couriers: Vec<CourierView>,
    letters: Vec<LetterView>,
    staff: Vec<DeedView>,
    form: FormView,
    done: Option<&'static str>,
}

#[derive(Serialize)]
struct NeighbourView {
    name: String,
    words: String,
    is_well: bool,
}

impl NeighbourView {
    fn of(shop: &Shop, (name, words): (String, String)) -> NeighbourView {
        let is_read = words.starts_with("written") && !shop.letters.reach_nobody();
        let is_well =
            name == "gateway" || words == "ok" || words.starts_with("building") || is_read;
        NeighbourView { name, words, is_well }
    }
}

/// The last comparison of the gateway's books with the shop's.
#[derive(Serialize)]
struct BooksView {
    at: Option<MomentView>,
    words: String,
    differences: Vec<(String, String)>,
}

impl BooksView {
    fn of(shop: &Shop) -> Answer<BooksView> {
        let Some(last) = shop.reconciling.last()? else {
            let words = "They have not been compared yet.".to_owned();
            return Ok(BooksView { at: None, words, differences: Vec::new() });
        };
        let found = u64::try_from(last.differences.len()).unwrap_or(u64::MAX);
        let found = found.saturating_add(last.more);
        let differences = last.differences.iter().map(|difference| {
            let order =
                difference.number.map_or(String::new(), |number| format!("Order {number}: "));
            (format!("{order}{}", difference.kind.words()), difference.kind.proposal().to_owned())
        });
        let compared = format!(
            "{}, {} and {} were compared.",
            words::count(last.orders, "order", "orders"),
            words::count(last.charges, "charge", "charges"),
            words::count(last.refunds, "refund", "refunds"),
        );
        let words = match found {
            0 => format!("They agree: {compared}"),
            many => format!("{}: {compared}", words::count(many, "difference", "differences")),
        };
        Ok(BooksView {
            at: Some(MomentView::of(shop, last.made_at)),
            words,
            differences: differences.take(DIFFERENCES_MAX).collect(),
        })
    }
}

#[derive(Serialize)]
struct CourierView {
    id: String,
    name: String,
    state: TagView,
    because: Option<String>,
    behind_since: Option<MomentView>,
    delivered: u64,
    given_up: u64,
    is_paused: bool,
}

#[derive(Serialize)]
struct LetterView {
    id: String,
    courier: String,
    what: String,
    about: AboutView,
    error: String,
    at: MomentView,
}

const COURIERS_MAX: usize = 200;
const LETTERS_MAX: usize = 20;
const DIFFERENCES_MAX: usize = 50;
