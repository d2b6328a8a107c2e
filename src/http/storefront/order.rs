//! Orders: one order with what happened to it, and what its customer can still do.
//!
//! A payment that the customer has to confirm elsewhere leads there from `/orders/{id}/pay`, a
//! page of its own, because a form may lead to nobody else's page.

use std::time::Duration;

use actix_web::http::Method;
use secrecy::SecretString;
use serde::Serialize;

use super::{
    checkout::{self, HOSTED, QuotedLineView, TotalsView},
    sign_in::Nothing,
};
use crate::{
    config::Gateway,
    domain::{
        ids::OrderId,
        orders::{CancelReason, Order, OrderStatus, PaymentMethod, ShippingAddress},
        payments::{PayState, Payment},
    },
    http::{
        access::{Caller, Person},
        answer::Answer,
        call::{Call, NoBody},
        carts,
        fields::{Body, Fields, choice, secret, yes_or_no},
        idempotency::{Made, RequestKey},
        limits::Class,
        orders::{cause, charge::Counter, order_made, outcome, payment_of, views::Viewer, visible},
        pages::{Filled, FormView, Frame, PageAnswer, words},
        problem::Problem,
        table::{Operation, op},
    },
    shop::Shop,
};

use super::told::{Happened, all_told};

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    use Class::{Orders, Reads, Writes};
    let (get, post) = (Method::GET, Method::POST);
    vec![
        op(get.clone(), "/orders/{id}", Reads, "Show an order", show),
        op(get, "/orders/{id}/pay", Reads, "Lead to where a payment is confirmed", lead),
        op(post.clone(), "/orders/{id}/pay", Orders, "Pay an order", pay).again(shown_again),
        op(post.clone(), "/orders/{id}/cancel", Writes, "Cancel an order", cancel)
            .again(shown_again),
        op(post, "/orders/{id}/again", Writes, "Put it all in the cart again", again)
            .again(led_to_cart),
    ]
}

async fn show(
    shop: Shop,
    who: Person,
    call: Call<NoBody, PlacedQuery, OrderId>,
) -> Answer<PageAnswer> {
    let order = own(&shop, &who, call.path)?;
    let payment = payment_of(&shop, &order)?.state;
    if call.query.back == Some(ComesBack::Done) && payment.is_open() {
        return came_back(&shop, &who, &order).await;
    }
    if call.query.placed && address_to_confirm(&payment).is_some() {
        return Ok(PageAnswer::to(format!("/orders/{}/pay", order.id)));
    }
    let frame = Frame::of(&shop, Some(who.caller), &call.from)?;
    let form = frame.form();
    page(&shop, frame, &order, &payment, form, call.query.placed)
}

/// The customer has confirmed the payment elsewhere: how it ended is asked once. Whoever is too
/// slow is not waited for, because the page tells of it when it is known.
async fn came_back(shop: &Shop, who: &Person, order: &Order) -> Answer<PageAnswer> {
    let asked = shop.purchases.came_back(order.id, cause(&who.caller, order));
    if let Ok(Err(error)) = tokio::time::timeout(COMES_BACK_WITHIN, asked).await {
        tracing::warn!(order.id = %order.id, %error, "a payment goes on later");
    }
    Ok(PageAnswer::to(format!("/orders/{}", order.id)).private())
}

async fn lead(
    shop: Shop,
    who: Person,
    call: Call<NoBody, PlacedQuery, OrderId>,
) -> Answer<PageAnswer> {
    let order = own(&shop, &who, call.path)?;
    let payment = payment_of(&shop, &order)?.state;
    let Some(path) = address_to_confirm(&payment) else {
        return Ok(PageAnswer::to(format!("/orders/{}", order.id)));
    };
    let frame = Frame::of(&shop, Some(who.caller), &call.from)?.titled("Confirm your payment");
    let view = LeadView { path, back: format!("/orders/{}", order.id) };
    frame.private().show("storefront/confirm-payment.html", &view)
}

async fn pay(
    shop: Shop,
    who: Person,
    call: Call<Filled<CardFields>, PlacedQuery, OrderId>,
) -> Answer<PageAnswer> {
    let order = own(&shop, &who, call.path)?;
    let Filled { read, typed } = call.body;
    let purchases = shop.purchases.asked_from(call.from.address);
    let intent = shop.intent(cause(&who, &order)).under(call.key.map(RequestKey::to_store));
    let paid = async {
        let CardFields { number, expiry, code } = read.map_err(Problem::invalid)?;
        let token = match shop.settings.payments.gateway {
            Gateway::Stripe => HOSTED.to_owned(),
            Gateway::Demo | Gateway::Manual => {
                checkout::card(&number, &expiry, &code)?.into_token(Counter::of(&shop))?
            }
        };
        let driven = purchases.pay(order.id, token, intent).await?;
        outcome::of_paying(&shop, Viewer::Customer, &driven)
    };
    match paid.await {
        Ok(_) => Ok(PageAnswer::to(format!("/orders/{}?placed=true", order.id))),
        Err(problem) if problem.status().is_client_error() => {
            let order = own(&shop, &who, call.path)?;
            let payment = payment_of(&shop, &order)?.state;
            let frame = Frame::of(&shop, Some(who.caller), &call.from)?;
            let about = [("card_data_not_accepted", "cardNumber")];
            let form = frame.form().with(typed).refused(&problem, &about);
            let form = checkout::declined(form, &problem);
            page(&shop, frame.answered(problem.status()), &order, &payment, form, false)
        }
        Err(problem) => Err(problem),
    }
}

async fn cancel(
    shop: Shop,
    who: Person,
    call: Call<Filled<Nothing>, PlacedQuery, OrderId>,
) -> Answer<PageAnswer> {
    let order = own(&shop, &who, call.path)?;
    let intent = shop.intent(cause(&who, &order)).under(call.key.map(RequestKey::to_store));
    match shop.purchases.cancel(order.id, CancelReason::Customer, intent).await {
        Ok(_) => Ok(PageAnswer::to(format!("/orders/{}", order.id))),
        Err(rejection) => {
            let problem = Problem::from(rejection);
            if !problem.status().is_client_error() {
                return Err(problem);
            }
            let order = own(&shop, &who, call.path)?;
            let payment = payment_of(&shop, &order)?.state;
            let frame = Frame::of(&shop, Some(who.caller), &call.from)?;
            let form = frame.form().refused(&problem, &[]);
            page(&shop, frame.answered(problem.status()), &order, &payment, form, false)
        }
    }
}

/// What of it is still there goes into the cart, as far as it goes; the cart page says the rest.
async fn again(
    shop: Shop,
    who: Person,
    call: Call<Filled<Nothing>, PlacedQuery, OrderId>,
) -> Answer<PageAnswer> {
    let order = own(&shop, &who, call.path)?;
    let has_all = carts::put_again(&shop, &who, &order, call.key).await?;
    Ok(PageAnswer::to(if has_all { "/cart" } else { "/cart?missing=true" }))
}

async fn led_to_cart(_: Shop, _: Option<Caller>, _: Made) -> Answer<PageAnswer> {
    Ok(PageAnswer::to("/cart"))
}

async fn shown_again(_: Shop, _: Option<Caller>, made: Made) -> Answer<PageAnswer> {
    Ok(PageAnswer::to(format!("/orders/{}", order_made(&made)?)))
}

/// The caller's own order; on these pages staff see no others either.
fn own(shop: &Shop, who: &Person, id: OrderId) -> Answer<std::sync::Arc<Order>> {
    let order = visible(shop, &who.caller, id)?.state;
    if order.customer.user == Some(who.user) { Ok(order) } else { Err(Problem::not_found()) }
}

/// Where the customer confirms the payment, if they have to.
fn address_to_confirm(payment: &Payment) -> Option<String> {
    let PayState::NeedsAction { next_action } = &payment.state else { return None };
    next_action.url.clone()
}

struct PlacedQuery {
    placed: bool,
    back: Option<ComesBack>,
}

/// How somebody comes back from where a payment is confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ComesBack {
    /// They confirmed it, or say so.
    Done,
    /// They left it open.
    Open,
}

impl Body for PlacedQuery {
    fn read(fields: &mut Fields<'_>) -> PlacedQuery {
        PlacedQuery {
            placed: fields.or("placed", yes_or_no(), false),
            back: fields.optional("payment", choice(COMES_BACK)),
        }
    }
}

/// A card to pay with; none where it is typed elsewhere.
struct CardFields {
    number: Option<SecretString>,
    expiry: Option<SecretString>,
    code: Option<SecretString>,
}

impl Body for CardFields {
    fn read(fields: &mut Fields<'_>) -> CardFields {
        CardFields {
            number: fields.optional("cardNumber", secret(1, CARD_LETTERS_MAX)),
            expiry: fields.optional("cardExpiry", secret(1, CARD_LETTERS_MAX)),
            code: fields.optional("cardCode", secret(1, CARD_LETTERS_MAX)),
        }
    }
}

#[derive(Serialize)]
struct LeadView {
    path: String,
    back: String,
}

fn page(
    shop: &Shop,
    frame: Frame,
    order: &Order,
    payment: &Payment,
    form: FormView,
    is_new: bool,
) -> Answer<PageAnswer> {
    let title = format!("Order {}", order.number);
    let view = OrderView::of(shop, order, payment, form, is_new);
    frame.titled(title).private().show("storefront/order.html", &view)
}

#[derive(Serialize)]
struct OrderView {
    id: String,
    number: u64,
    status: StatusView,
    placed_at: String,
    /// Whether it was placed a moment ago, so that there is something to thank for.
    is_new: bool,
    /// Whether a letter about it reaches anybody.
    is_written: bool,
    lines: Vec<QuotedLineView>,
    totals: TotalsView,
    address: Vec<String>,
    method: &'static str,
    /// How to pay by hand or by bank, line by line.
    instructions: Vec<String>,
    /// Whether the payment is to be confirmed elsewhere.
    confirms: bool,
    /// Whether it is still being found out how its payment ended.
    is_settling: bool,
    /// Whether another card may be tried.
    can_pay: bool,
    takes_numbers: bool,
    can_cancel: bool,
    /// Who brings it, and under which number.
    parcel: Option<String>,
    /// What has gone back so far, if anything has.
    refunded: Option<String>,
    timeline: Vec<Happened>,
    form: FormView,
}

/// How far an order is, in words and in a colour.
#[derive(Serialize)]
pub struct StatusView {
    word: &'static str,
    tone: &'static str,
}

impl StatusView {
    /// How far this order is.
    pub fn of(order: &Order) -> StatusView {
        let (word, tone) = match order.status {
            OrderStatus::Pending if order.is_to_ship() => ("Being packed", "good"),
            OrderStatus::Pending => ("Waiting for payment", "warn"),
            OrderStatus::Paid => ("Paid", "good"),
            OrderStatus::Shipped => ("On its way", "good"),
            OrderStatus::Delivered => ("Delivered", "good"),
            OrderStatus::Cancelled
                if order.cancel_reason == Some(CancelReason::PaymentDeclined) =>
            {
                ("Payment declined", "")
            }
            OrderStatus::Cancelled => ("Cancelled", "bad"),
        };
        StatusView { word, tone }
    }
}

impl OrderView {
    fn of(
        shop: &Shop,
        order: &Order,
        payment: &Payment,
        form: FormView,
        is_new: bool,
    ) -> OrderView {
        let is_pending = order.status == OrderStatus::Pending && !order.authorised;
        let by_card = !order.method.is_by_hand();
        let is_settling = is_pending && order.awaits_charge() && !payment.state.waits_for_them();
        let gateway = shop.settings.payments.gateway;
        OrderView {
            id: order.id.to_string(),
            number: order.number,
            status: StatusView::of(order),
            placed_at: words::day(order.placed_at, &shop.zone),
            is_new: is_new && order.status != OrderStatus::Cancelled,
            is_written: !shop.letters.reach_nobody(),
            lines: QuotedLineView::all_of(&order.quote),
            totals: TotalsView::of(&order.quote),
            address: if order.erased { Vec::new() } else { lines_of(&order.shipping_address) },
            method: method_of(order.method),
            instructions: instructions(shop, order, is_pending),
            confirms: is_pending && address_to_confirm(payment).is_some(),
            is_settling,
            can_pay: is_pending
                && by_card
                && !is_settling
                && payment.may_turn_to_another().is_ok()
                && gateway != Gateway::Manual,
            takes_numbers: gateway == Gateway::Demo,
            can_cancel: matches!(order.status, OrderStatus::Pending | OrderStatus::Paid),
            parcel: words::parcel(order.carrier.as_deref(), order.tracking_number.as_deref()),
            refunded: (!order.refunded.is_zero()).then(|| words::price(order.refunded)),
            timeline: all_told(shop, order),
            form,
        }
    }
}

fn lines_of(address: &ShippingAddress) -> Vec<String> {
    let ShippingAddress { full_name, phone, street, city, state, country, postal_code } = address;
    vec![
        full_name.clone(),
        street.clone(),
        format!("{postal_code} {city}"),
        words::listed(&[state, country]),
        phone.clone(),
    ]
}

/// A way to pay, in words.
fn method_of(method: PaymentMethod) -> &'static str {
    match method {
        PaymentMethod::None => "Not chosen yet",
        PaymentMethod::Card => "Card",
        PaymentMethod::CashOnDelivery => "Cash on delivery",
        PaymentMethod::BankTransfer => "Bank transfer",
    }
}

fn instructions(shop: &Shop, order: &Order, is_pending: bool) -> Vec<String> {
    let total = words::price(order.quote.total);
    let is_due = order.receipt.is_none() && !order.authorised && order.captured.is_zero();
    let is_on_its_way = is_pending || order.status == OrderStatus::Shipped;
    match order.method {
        PaymentMethod::BankTransfer if is_due && is_pending => {
            let account = shop.settings.payments.bank_transfer_details.as_deref();
            let account = account.unwrap_or("Transfer the amount to the shop's account.");
            let mut lines: Vec<String> = account.lines().map(str::to_owned).collect();
            lines.push(format!("Amount: {total}"));
            lines.push(format!("Reference: {}", order.number));
            lines.push(format!("Until: {}", words::day(order.hold_until, &shop.zone)));
            lines
        }
        PaymentMethod::CashOnDelivery if is_due && is_on_its_way => {
            vec![format!("Pay {total} in cash when the goods are handed over.")]
        }
        PaymentMethod::BankTransfer
        | PaymentMethod::CashOnDelivery
        | PaymentMethod::Card
        | PaymentMethod::None => Vec::new(),
    }
}

const COMES_BACK: &[(&str, ComesBack)] = &[("done", ComesBack::Done), ("open", ComesBack::Open)];
/// A page waits so long for a bank.
const COMES_BACK_WITHIN: Duration = Duration::from_secs(5);
const CARD_LETTERS_MAX: usize = 40;
