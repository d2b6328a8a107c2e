//! Order list: all orders by status, time, number or email; ships several; fills a spreadsheet.

use actix_web::http::Method;
use serde::Serialize;

use super::{
    order_view::{self, status_tag},
    parts::{
        DoneQuery, MomentView, PagesView, TICKED_MAX, TagView, address, chosen_in, cursor_in,
        framed, ids, paging, words_in,
    },
};
use crate::{
    domain::{
        ids::OrderId,
        orders::{Order, OrderStatus},
        time::Timestamp,
    },
    http::{
        access::Admin,
        answer::Answer,
        call::{Call, CallAsking},
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
    let frame = framed(&shop, *who, &call.from, "Orders")?;
    let ListQuery { filters, cursor, done } = call.query;
    let paging = paging(cursor);
    let asked = filters.asked(paging.clone());
    if asked.q.is_some() {
        lookup::keep_up(&shop).await;
    }
    let page = all_sought(&shop, &asked, |order| Ok(RowView::of(order)))?;
    let view = ListView {
        statuses: order_view::statuses(),
        pages: PagesView::of(&filters.address("/admin/orders"), &paging, &page),
        csv: filters.address("/admin/orders.csv"),
        may_ship: page.items.iter().any(|row| row.may_ship),
        rows: page.items,
        form: frame.form(),
        done: done.done,
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
    let now = shop.clock.now();
    let sheet = actix_web::web::block(move || sheet(&shop, &filters)).await;
    let sheet = sheet.map_err(Problem::fault)??;
    let name = format!("orders-{}.csv", words::date(now));
    Ok(PageAnswer::file("text/csv; charset=utf-8", name, sheet.into()))
}

fn sheet(shop: &Shop, filters: &Filters) -> Answer<Vec<u8>> {
    let mut sheet = csv::Writer::from_writer(Vec::new());
    sheet.write_record(COLUMNS).map_err(Problem::fault)?;
    let (mut cursor, mut rows) = (None, 0);
    while rows < SHEET_ROWS_MAX {
        let paging = Paging { limit: PAGE_ENTRIES_MAX, cursor };
        let page = all_sought(shop, &filters.asked(paging), |order| Ok(cells(order)))?;
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

fn cells(order: &Order) -> [String; COLUMNS.len()] {
    let units: u64 = order.quote.lines.iter().map(|line| u64::from(line.quantity.units())).sum();
    [
        order.number.to_string(),
        words::machine(order.placed_at),
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
    let frame = framed(&shop, *who, &call.from, "Ship orders")?;
    let mut view =
        OutcomesView { back: "/admin/orders?status=PAID", back_words: BACK, outcomes: vec![] };
    let body = match call.body.read {
        Ok(body) => body,
        Err(_) => return Ok(PageAnswer::to("/admin/orders?status=PAID")),
    };
    for id in body.orders {
        let order = shop.reader.get::<Order>(id)?.state;
        let status = StatusBody {
            to: Become::Shipped,
            tracking_number: None,
            carrier: body.carrier.clone(),
            reference: None,
        };
        let one = Call {
            path: id,
            query: crate::http::call::NoQuery,
            body: status,
            key: None,
            from: call.from.clone(),
        };
        let shipped = change_status(shop.clone(), who, one).await;
        view.outcomes.push(OutcomeView {
            what: format!("Order {}", order.number),
            path: format!("/admin/orders/{id}"),
            refusal: shipped.as_ref().err().map(|problem| problem.detail().to_owned()),
            done: "Shipped",
        });
    }
    frame.show("admin/outcomes.html", &view)
}

/// What is filtered by, as it was chosen.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Filters {
    q: String,
    status: String,
    dispute: String,
    from: String,
    to: String,
    #[serde(skip)]
    days: (Option<Timestamp>, Option<Timestamp>),
}

impl Body for Filters {
    fn read(fields: &mut Fields<'_>) -> Filters {
        let status = chosen_in(fields, "status", STATUSES).map(OrderStatus::name);
        let dispute = chosen_in(fields, "dispute", DISPUTES).unwrap_or_default();
        let (from, to) = (words_in(fields, "from"), words_in(fields, "to"));
        Filters {
            q: words_in(fields, "q"),
            status: status.unwrap_or_default().to_owned(),
            dispute: dispute.to_owned(),
            days: (begin_of_day(&from), begin_of_day(&to)),
            from,
            to,
        }
    }
}

impl Filters {
    /// What the list of the API is asked; both days are included.
    fn asked(&self, paging: Paging) -> AllQuery {
        AllQuery {
            paging,
            status: OrderStatus::named(&self.status),
            dispute: match self.dispute.as_str() {
                "open" => Some(Disputed::Open),
                "any" => Some(Disputed::Ever),
                _ => None,
            },
            from: self.days.0,
            to: self.days.1.map(|day| day.plus_millis(MILLIS_A_DAY - 1)),
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

/// The first moment of a day, as `2026-11-29`; what is no day is none.
fn begin_of_day(day: &str) -> Option<Timestamp> {
    let day: jiff::civil::Date = day.parse().ok()?;
    let begin = day.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(Timestamp::from_millis(begin.timestamp().as_millisecond()))
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
            orders: fields.required("orders", ids(TICKED_MAX)),
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
    pub(super) fn of(order: &Order) -> RowView {
        let units = order.quote.lines.iter().map(|line| u64::from(line.quantity.units())).sum();
        RowView {
            id: order.id.to_string(),
            number: order.number,
            placed: MomentView::of(order.placed_at),
            email: order.customer.email.clone(),
            to: order.shipping_address.full_name.clone(),
            units: words::count(units, "item", "items"),
            total: words::price(order.quote.total),
            status: status_tag(order),
            may_ship: order.status == OrderStatus::Paid,
        }
    }
}

/// What became of each of several things.
#[derive(Serialize)]
pub(super) struct OutcomesView {
    pub(super) back: &'static str,
    pub(super) back_words: &'static str,
    pub(super) outcomes: Vec<OutcomeView>,
}

/// What became of one of them.
#[derive(Serialize)]
pub(super) struct OutcomeView {
    pub(super) what: String,
    pub(super) path: String,
    pub(super) refusal: Option<String>,
    pub(super) done: &'static str,
}

const STATUSES: &[(&str, OrderStatus)] = &[
    ("PENDING", OrderStatus::Pending),
    ("PAID", OrderStatus::Paid),
    ("SHIPPED", OrderStatus::Shipped),
    ("DELIVERED", OrderStatus::Delivered),
    ("CANCELLED", OrderStatus::Cancelled),
];
const DISPUTES: &[(&str, &str)] = &[("open", "open"), ("any", "any")];
const BACK: &str = "Back to what is to be shipped";
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
const MILLIS_A_DAY: i64 = 24 * 60 * 60 * 1000;
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
    fn a_day_begins_at_midnight_and_nonsense_is_no_day() {
        assert_eq!(begin_of_day("1970-01-02").map(Timestamp::millis), Some(MILLIS_A_DAY));
        assert_eq!(begin_of_day("yesterday"), None);
    }
}
