//! Order list: all orders by status, time, number or email; ships several; fills a spreadsheet.

use actix_web::http::Method;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::{
    order_view::status_tag,
    outcomes::{OutcomeView, OutcomesView},
    parts::{
        DoneQuery, MomentView, PagesView, TagView, address, asked_by, back_to, chosen_in,
        cursor_in, framed, paging, ticked, words_in,
    },
    said::Said,
};
use crate::{
    domain::{
        ids::OrderId,
        orders::{Order, OrderStatus},
        time::Timestamp,
    },
    http::{
        access::{Admin, Caller},
        answer::Answer,
        call::{Call, CallAsking, NoQuery, Origin},
        cursor::{PAGE_ENTRIES_MAX, Paging},
        fields::{Body, Fields},
        limits::Class,
        lookup,
        orders::{
            bodies::{AllQuery, Become, Disputed, StatusBody},
            change_status,
            listing::all_sought,
        },
        pages::{Filled, FormView, PageAnswer, words},
        problem::Problem,
        table::{Operation, op},
    },
    shop::Shop,
};

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    use Class::{Reads, Writes};
    vec![
        op(Method::GET, "/admin/orders", Reads, "List orders", list),
        op(Method::GET, "/admin/orders.csv", Reads, "List orders for a spreadsheet", spreadsheet),
        op(Method::POST, "/admin/orders/ship", Writes, "Ship several orders", ship),
    ]
}

async fn list(shop: Shop, who: Admin, call: CallAsking<ListQuery>) -> Answer<PageAnswer> {
    let said = Said::done(call.query.done.done);
    shown(&shop, *who, &call.from, call.query, said).await
}

async fn shown(
    shop: &Shop,
    who: Caller,
    from: &Origin,
    query: ListQuery,
    mut said: Said,
) -> Answer<PageAnswer> {
    let (frame, form) = said.on(framed(shop, who, from, "Orders")?);
    let ListQuery { filters, cursor, .. } = query;
    let mut here = filters.address(LIST);
    let paging = paging(cursor);
    let asked = filters.asked(&shop.zone, paging.clone());
    if asked.q.is_some() {
        lookup::keep_up(shop).await;
    }
    let page = all_sought(shop, &asked, |order| Ok(RowView::of(shop, order)))?;
    let pages = PagesView::of(&here, &paging, &page);
    if let Some(cursor) = &paging.cursor {
        here = address(&here, &[("cursor", cursor)]);
    }
    let view = ListView {
        statuses: statuses(),
        pages,
        here,
        csv: filters.address("/admin/orders.csv"),
        may_ship: page.items.iter().any(|row| row.may_ship),
        rows: page.items,
        form,
        done: said.done,
        filters,
    };
    frame.show("admin/orders.html", &view)
}

/// Every order that is sought, up to a limit: the page says so, and a shorter time says the rest.
async fn spreadsheet(shop: Shop, _: Admin, call: CallAsking<ListQuery>) -> Answer<PageAnswer> {
    let filters = call.query.filters;
    if !filters.q.is_empty() {
        lookup::keep_up(&shop).await;
    }
    let day = words::date(shop.clock.now(), &shop.zone);
    let sheet = actix_web::web::block(move || sheet(&shop, &filters)).await;
    let sheet = sheet.map_err(Problem::fault)??;
    let name = format!("orders-{day}.csv");
    Ok(PageAnswer::file("text/csv; charset=utf-8", name, sheet.into()))
}

fn sheet(shop: &Shop, filters: &Filters) -> Answer<Vec<u8>> {
    // Spreadsheets take a file for UTF-8 only if it begins with this mark.
    let begun = "\u{feff}".as_bytes().to_vec();
    let mut sheet = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(begun);
    sheet.write_record(COLUMNS).map_err(Problem::fault)?;
    let (mut cursor, mut rows) = (None, 0);
    while rows < SHEET_ROWS_MAX {
        let paging = Paging { limit: PAGE_ENTRIES_MAX, cursor };
        let page = all_sought(shop, &filters.asked(&shop.zone, paging), |order| {
            Ok(cells(order, &shop.zone))
        })?;
        rows += page.items.len();
        for cells in &page.items {
            sheet.write_record(cells.iter().map(|text| cell(text))).map_err(Problem::fault)?;
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    sheet.into_inner().map_err(Problem::fault)
}

fn cells(order: &Order, zone: &TimeZone) -> [String; COLUMNS.len()] {
    let units: u64 = order.quote.lines.iter().map(|line| u64::from(line.quantity.units())).sum();
    [
        order.number.to_string(),
        words::machine_there(order.placed_at, zone),
        order.status.name().to_owned(),
        order.method.name().to_owned(),
        order.customer.email.clone(),
        order.shipping_address.full_name.clone(),
        order.shipping_address.country.clone(),
        units.to_string(),
        order.quote.subtotal.to_string(),
        order.quote.tax.to_string(),
        order.quote.shipping.to_string(),
        order.quote.total.to_string(),
        order.refunded.to_string(),
        order.quote.currency.code().to_owned(),
        order.carrier.clone().unwrap_or_default(),
        order.tracking_number.clone().unwrap_or_default(),
    ]
}

/// A cell that no spreadsheet takes for a formula.
fn cell(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if is_formula { format!("'{text}") } else { text.to_owned() }
}

/// Ships each of them as the page of an order does. Shipping what is shipped changes nothing, so
/// that the same form may come again.
async fn ship(shop: Shop, who: Admin, call: Call<Filled<ShipBody>>) -> Answer<PageAnswer> {
    let Filled { read, typed } = call.body;
    let back = back_to(&typed, LIST);
    let body = match read {
        Ok(body) => body,
        Err(faults) => {
            let query = asked_by(&back)?;
            let said = Said::refused(typed, Problem::invalid(faults), &[])?;
            return shown(&shop, *who, &call.from, query, said).await;
        }
    };
    let mut view = OutcomesView { back, back_words: "Back to the orders", outcomes: vec![] };
    for id in body.orders {
        let order = shop.reader.get::<Order>(id)?.state;
        if !order.exists() {
            continue;
        }
        let status = StatusBody {
            to: Become::Shipped,
            tracking_number: None,
            carrier: body.carrier.clone(),
            reference: None,
        };
        let from = call.from.clone();
        let one = Call { path: id, query: NoQuery, body: status, key: None, from };
        let shipped = change_status(shop.clone(), who, one).await;
        view.outcomes.push(OutcomeView {
            what: format!("Order {}", order.number),
            path: format!("/admin/orders/{id}"),
            refusal: shipped.as_ref().err().map(|problem| problem.detail().to_owned()),
            done: "Shipped",
        });
    }
    view.show(framed(&shop, *who, &call.from, "Ship orders")?, "all-shipped")
}

/// What is filtered by, as it was chosen.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Filters {
    q: String,
    status: String,
    dispute: String,
    from: String,
    to: String,
}

impl Body for Filters {
    fn read(fields: &mut Fields<'_>) -> Filters {
        let said = words_in(fields, "status");
        let status = statuses().into_iter().find(|(name, _)| *name == said).map(|(name, _)| name);
        let dispute = chosen_in(fields, "dispute", DISPUTES).unwrap_or_default();
        let (from, to) = (words_in(fields, "from"), words_in(fields, "to"));
        Filters {
            q: words_in(fields, "q"),
            status: status.unwrap_or_default().to_owned(),
            dispute: dispute.to_owned(),
            from,
            to,
        }
    }
}

impl Filters {
    /// What the list of the API is asked; both days are included.
    fn asked(&self, zone: &TimeZone, paging: Paging) -> AllQuery {
        AllQuery {
            paging,
            status: OrderStatus::named(&self.status),
            is_to_ship: self.status == IS_TO_SHIP,
            dispute: match self.dispute.as_str() {
                "open" => Some(Disputed::Open),
                "any" => Some(Disputed::Ever),
                _ => None,
            },
            from: day_in(&self.from, zone).map(|(begin, _)| begin),
            to: day_in(&self.to, zone).map(|(_, end)| end),
            q: Some(self.q.clone()).filter(|q| !q.is_empty()),
        }
    }

    fn address(&self, path: &str) -> String {
        let filters = [
            ("q", self.q.as_str()),
            ("status", &self.status),
            ("dispute", &self.dispute),
            ("from", &self.from),
            ("to", &self.to),
        ];
        address(path, &filters)
    }
}

/// The first and the last moment of a day, as `2026-11-29`, where the shop is; what is no day is
/// none.
fn day_in(day: &str, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
    let day: jiff::civil::Date = day.parse().ok()?;
    let begin_of = |day: jiff::civil::Date| {
        let begin = day.to_zoned(zone.clone()).ok()?;
        Some(Timestamp::from_millis(begin.timestamp().as_millisecond()))
    };
    Some((begin_of(day)?, begin_of(day.tomorrow().ok()?)?.plus_millis(-1)))
}

struct ListQuery {
    filters: Filters,
    cursor: Option<String>,
    done: DoneQuery,
}

impl Body for ListQuery {
    fn read(fields: &mut Fields<'_>) -> ListQuery {
        ListQuery {
            filters: Filters::read(fields),
            cursor: cursor_in(fields),
            done: DoneQuery::read(fields),
        }
    }
}

struct ShipBody {
    orders: Vec<OrderId>,
    carrier: Option<String>,
}

impl Body for ShipBody {
    fn read(fields: &mut Fields<'_>) -> ShipBody {
        ShipBody {
            orders: ticked(fields, "orders", "tick the orders that are to be shipped"),
            carrier: fields.optional("carrier", crate::http::fields::text(1, CARRIER_LETTERS_MAX)),
        }
    }
}

#[derive(Serialize)]
struct ListView {
    rows: Vec<RowView>,
    filters: Filters,
    statuses: Vec<(&'static str, &'static str)>,
    pages: PagesView,
    /// This page of the list, to come back to.
    here: String,
    csv: String,
    may_ship: bool,
    form: FormView,
    done: Option<&'static str>,
}

/// An order in a list.
#[derive(Serialize)]
pub(super) struct RowView {
    id: String,
    number: u64,
    placed: MomentView,
    email: String,
    to: String,
    units: String,
    total: String,
    status: TagView,
    may_ship: bool,
}

impl RowView {
    pub(super) fn of(shop: &Shop, order: &Order) -> RowView {
        let units = order.quote.lines.iter().map(|line| u64::from(line.quantity.units())).sum();
        RowView {
            id: order.id.to_string(),
            number: order.number,
            placed: MomentView::of(shop, order.placed_at),
            email: order.customer.email.clone(),
            to: order.shipping_address.full_name.clone(),
            units: words::count(units, "item", "items"),
            total: words::price(order.quote.total),
            status: status_tag(order),
            may_ship: order.status != OrderStatus::Shipped && order.ship(None, None).is_ok(),
        }
    }
}

/// What can be chosen to filter by: what is to be shipped, and each status.
fn statuses() -> Vec<(&'static str, &'static str)> {
    let words = |status| match status {
        OrderStatus::Pending => "Pending",
        OrderStatus::Paid => "Paid",
        OrderStatus::Shipped => "Shipped",
        OrderStatus::Delivered => "Delivered",
        OrderStatus::Cancelled => "Cancelled",
    };
    let each = OrderStatus::ALL.into_iter().map(|status| (status.name(), words(status)));
    std::iter::once((IS_TO_SHIP, "To ship")).chain(each).collect()
}

/// The list of what is to be shipped, and what stands in it in place of a status.
pub(super) const TO_SHIP: &str = "/admin/orders?status=TO_SHIP";
const IS_TO_SHIP: &str = "TO_SHIP";
const DISPUTES: &[(&str, &str)] = &[("open", "open"), ("any", "any")];
const LIST: &str = "/admin/orders";
const COLUMNS: [&str; 16] = [
    "number",
    "placed_at",
    "status",
    "method",
    "email",
    "name",
    "country",
    "units",
    "subtotal",
    "tax",
    "shipping",
    "total",
    "refunded",
    "currency",
    "carrier",
    "tracking_number",
];
const CARRIER_LETTERS_MAX: usize = 100;
/// Rows of a spreadsheet, but for the last page.
const SHEET_ROWS_MAX: usize = 20_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_never_a_formula() {
        assert_eq!(cell("Ada"), "Ada");
        assert_eq!(cell("=HYPERLINK(1)"), "'=HYPERLINK(1)");
        assert_eq!(cell("+1"), "'+1");
    }

    #[test]
    fn a_day_is_one_of_where_the_shop_is_and_nonsense_is_no_day() {
        const HOUR: i64 = 60 * 60 * 1000;
        let zone = |name| TimeZone::get(name).expect("a zone");
        let hours = |day, zone: &TimeZone| {
            let (begin, end) = day_in(day, zone)?;
            Some((begin.millis() / HOUR, (end.millis() + 1) / HOUR))
        };
        assert_eq!(hours("1970-01-02", &TimeZone::UTC), Some((24, 48)));
        assert_eq!(hours("1970-01-02", &zone("America/New_York")), Some((29, 53)));
        let spring = hours("2026-03-29", &zone("Europe/Berlin")).expect("a day");
        assert_eq!(spring.1 - spring.0, 23, "an hour is missing there");
        assert_eq!(hours("yesterday", &TimeZone::UTC), None);
    }
}
