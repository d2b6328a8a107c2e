//! Checkout: where to, how it is paid, and what it costs to the cent, on one page.
//!
//! The order is placed under the form's own key: however often it is sent, there is one order and
//! one charge. A card number ends where its token is made, and is never shown again.

mod card;

use std::{collections::BTreeMap, sync::Arc};

use actix_web::http::Method;
use secrecy::SecretString;
use serde::Serialize;

pub(super) use self::card::{card, declined};
use super::cart::order_under_way;
use crate::{
    actors::{addresses::AddAddress, purchases::Wanted},
    config::Gateway,
    domain::{
        ids::{AddressId, ShopId},
        money::Money,
        orders::PaymentMethod,
        pricing::Quote,
        settings,
        users::{Address, AddressFields, Standing, User},
    },
    http::{
        access::{Caller, Person},
        addresses::CreateBody,
        answer::Answer,
        call::Call,
        fields::{Body, Fields, choice, secret, text, whole},
        idempotency::{Answers, Made, RequestKey},
        limits::Class,
        orders::{charge::Counter, order_made, outcome, who_asks},
        pages::{Filled, FormView, Frame, PageAnswer, words},
        problem::Problem,
        table::{Operation, op},
        users::account,
    },
    shop::Shop,
};

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    vec![
        op(Method::GET, "/checkout", Class::Reads, "Show the checkout", show),
        op(Method::POST, "/checkout", Class::Orders, "Place an order", place).again(placed_again),
    ]
}

async fn show(shop: Shop, who: Person, call: Call) -> Answer<PageAnswer> {
    let frame = Frame::of(&shop, Some(who.caller), &call.from)?;
    let Ok(quote) = shop.purchases.quoted(who.user) else { return Ok(PageAnswer::to("/cart")) };
    let form = frame.form();
    page(&shop, &who, frame, &quote, form)
}

async fn place(shop: Shop, who: Person, call: Call<Filled<CheckoutBody>>) -> Answer<PageAnswer> {
    let Filled { read, mut typed } = call.body;
    let key = call.key;
    let purchases = shop.purchases.asked_from(call.from.address);
    let placed = async {
        let body = read.map_err(Problem::invalid)?;
        let total = Money::of(body.total, currency(&shop)?)?;
        let (method, token) = body.payment(&shop)?;
        let address = address(&shop, &who, body.address).await?;
        // From here on the address is in the book, whatever becomes of the order.
        typed.insert("address".to_owned(), address.to_string());
        let wanted = Wanted {
            user: who.user,
            address,
            items: None,
            amount: Some(total),
            method,
            token,
            key: key.map(RequestKey::to_store),
        };
        let driven = purchases.place(wanted).await?;
        outcome::of_placing(&shop, &driven, None)?;
        Ok::<_, Problem>(driven.order.id)
    };
    match placed.await {
        Ok(order) => Ok(PageAnswer::to(format!("/orders/{order}?placed=true")).private()),
        Err(problem) if problem.status().is_client_error() => {
            refused(&shop, &who, &call.from, typed, &problem)
        }
        Err(problem) => placed_all_the_same(&shop, key, problem),
    }
}

/// What failed on its way may have begun: then there is an order, whose page tells how it stands.
fn placed_all_the_same(
    shop: &Shop,
    key: Option<RequestKey>,
    problem: Problem,
) -> Answer<PageAnswer> {
    let seen = key.and_then(|key| shop.request(&key.scope).ok().flatten());
    match seen.and_then(|seen| seen.made) {
        Some(made) => Ok(PageAnswer::to(format!("/orders/{}", order_made(&made)?)).private()),
        None => Err(problem),
    }
}

async fn placed_again(shop: Shop, caller: Option<Caller>, made: Made) -> Answer<PageAnswer> {
    let driven = shop.purchases.drive(order_made(&made)?, who_asks(caller)).await?;
    Ok(PageAnswer::to(format!("/orders/{}?placed=true", driven.order.id)).private())
}

/// The page once more, with what the shop said, and everything as it was typed.
fn refused(
    shop: &Shop,
    who: &Person,
    from: &crate::http::call::Origin,
    typed: BTreeMap<String, String>,
    problem: &Problem,
) -> Answer<PageAnswer> {
    let frame = Frame::of(shop, Some(who.caller), from)?;
    let Ok(quote) = shop.purchases.quoted(who.user) else { return Ok(PageAnswer::to("/cart")) };
    let mut form = declined(frame.form().with(typed).refused(problem, &REFUSED_AT), problem);
    if problem.code() == "insufficient_stock" {
        // It is about goods and no field of this page: the cart says which.
        form.errors.clear();
        form.refusal = Some(problem.detail().to_owned());
    }
    match problem.code() {
        "amount_mismatch" => form.refusal = Some(other_price(&quote, problem)),
        // The book is this person's own: what is not in it is there for nobody.
        "not_found" => {
            form.errors.insert("address".to_owned(), ADDRESS_GONE.to_owned());
            form.refusal = None;
        }
        "too_many_addresses" => {
            form.errors.insert("address".to_owned(), BOOK_FULL.to_owned());
            form.refusal = None;
        }
        _ => {}
    }
    page(shop, who, frame.answered(problem.status()), &quote, form)
}

fn page(
    shop: &Shop,
    who: &Person,
    frame: Frame,
    quote: &Quote,
    form: FormView,
) -> Answer<PageAnswer> {
    let user = account(shop, who.user)?;
    let under_way = order_under_way(shop, who.user)?;
    let view = CheckoutView { under_way, ..CheckoutView::of(shop, &user, quote, form) };
    frame.titled("Checkout").private().show("storefront/checkout.html", &view)
}

/// What somebody is told who saw another price than the one of now.
fn other_price(quote: &Quote, problem: &Problem) -> String {
    let seen = problem.member("given").and_then(serde_json::Value::as_i64);
    let seen = seen.and_then(|minor| Money::of(minor, quote.currency).ok());
    let not = seen.map(|seen| format!(", not {}", words::price(seen))).unwrap_or_default();
    format!(
        "Since you opened this page the price has changed: it is {} now{not}. Nothing was ordered; \
         send it once more if that is all right",
        words::price(quote.total)
    )
}

fn currency(shop: &Shop) -> Answer<crate::domain::money::Currency> {
    Ok(shop.reader.get::<settings::Shop>(ShopId::default())?.state.currency)
}

/// The address that is meant; a new one is put into the address book, once.
async fn address(shop: &Shop, who: &Person, wanted: WantedAddress) -> Answer<AddressId> {
    let fields = match wanted {
        WantedAddress::Known(id) => return Ok(id),
        WantedAddress::New(fields) => fields,
    };
    let user = account(shop, who.user)?;
    if let Some(same) = user.addresses.values().find(|address| address.fields == *fields) {
        return Ok(same.id);
    }
    let address = shop.clock.new_id();
    let add = AddAddress { user: who.user, address, fields: *fields, standing: Standing::Ordinary };
    let _user: Arc<User> = shop.desks.users.ask(add, shop.intent(who.as_cause())).await?;
    Ok(address)
}

/// Where to, how it is paid, and how much it was said to be.
struct CheckoutBody {
    address: WantedAddress,
    method: Way,
    number: Option<SecretString>,
    expiry: Option<SecretString>,
    code: Option<SecretString>,
    total: i64,
}

enum WantedAddress {
    Known(AddressId),
    New(Box<AddressFields>),
}

/// A way to pay, as it is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Card,
    ByHand(PaymentMethod),
}

impl Body for CheckoutBody {
    fn read(fields: &mut Fields<'_>) -> CheckoutBody {
        let named = fields.required("address", text(1, CHOICE_LETTERS_MAX));
        let address = match named.as_str() {
            NEW => WantedAddress::New(Box::new(CreateBody::typed(fields).fields)),
            id => WantedAddress::Known(id.parse().unwrap_or_default()),
        };
        CheckoutBody {
            address,
            method: fields.required("method", choice(METHODS)),
            number: fields.optional("cardNumber", secret(1, CARD_LETTERS_MAX)),
            expiry: fields.optional("cardExpiry", secret(1, CARD_LETTERS_MAX)),
            code: fields.optional("cardCode", secret(1, CARD_LETTERS_MAX)),
            total: fields.required("total", whole(0, AMOUNT_MAX)),
        }
    }
}

impl CheckoutBody {
    /// How it is paid, and with what: a card number becomes a token here.
    fn payment(&self, shop: &Shop) -> Answer<(PaymentMethod, Option<String>)> {
        let settings = &shop.settings.payments;
        match (self.method, settings.gateway) {
            (Way::ByHand(PaymentMethod::BankTransfer), _) if !settings.shows_bank_transfer() => {
                let detail = "this shop does not offer it; choose another way to pay";
                Err(Problem::invalid_field("/method", "payment_method_not_offered", detail))
            }
            (Way::ByHand(method), _) => Ok((method, None)),
            (Way::Card, Gateway::Stripe) => Ok((PaymentMethod::Card, Some(HOSTED.to_owned()))),
            (Way::Card, Gateway::Demo | Gateway::Manual) => {
                let card = card(&self.number, &self.expiry, &self.code)?;
                Ok((PaymentMethod::Card, Some(card.into_token(Counter::of(shop))?)))
            }
        }
    }
}

#[derive(Serialize)]
struct CheckoutView {
    form: FormView,
    /// The page of the order that is buying this cart already.
    under_way: Option<String>,
    addresses: Vec<AddressChoiceView>,
    /// The one that is chosen: an id, or `new`.
    address: String,
    methods: Vec<MethodView>,
    method: String,
    /// Whether a card's number is typed here: with the demo's test cards alone.
    takes_numbers: bool,
    lines: Vec<QuotedLineView>,
    totals: TotalsView,
    total_minor: i64,
}

#[derive(Serialize)]
struct AddressChoiceView {
    id: String,
    name: String,
    text: String,
}

#[derive(Serialize)]
struct MethodView {
    name: &'static str,
    label: &'static str,
    hint: &'static str,
}

/// A line of what is bought.
#[derive(Serialize)]
pub struct QuotedLineView {
    name: String,
    sku: String,
    units: u32,
    price: String,
    subtotal: String,
}

/// What it costs in all.
#[derive(Serialize)]
pub struct TotalsView {
    subtotal: String,
    tax: String,
    shipping: String,
    total: String,
}

impl CheckoutView {
    fn of(shop: &Shop, user: &User, quote: &Quote, form: FormView) -> CheckoutView {
        let book = user.address_book();
        let first = book.first().map_or(NEW.to_owned(), |address| address.id.to_string());
        let methods = methods(shop);
        let method = methods.first().map_or("", |method| method.name).to_owned();
        let is_known = |named: &&String| {
            *named == NEW || book.iter().any(|address| address.id.to_string() == **named)
        };
        CheckoutView {
            address: form.typed.get("address").filter(is_known).cloned().unwrap_or(first),
            addresses: book.into_iter().map(AddressChoiceView::of).collect(),
            method: form.typed.get("method").cloned().unwrap_or(method),
            methods,
            takes_numbers: shop.settings.payments.gateway == Gateway::Demo,
            lines: QuotedLineView::all_of(quote),
            totals: TotalsView::of(quote),
            total_minor: quote.total.minor(),
            under_way: None,
            form,
        }
    }
}

impl AddressChoiceView {
    fn of(address: &Address) -> AddressChoiceView {
        let AddressFields { full_name, street, city, state, country, postal_code, .. } =
            &address.fields;
        AddressChoiceView {
            id: address.id.to_string(),
            name: full_name.clone(),
            text: words::listed(&[street, &format!("{city} {postal_code}"), state, country]),
        }
    }
}

impl QuotedLineView {
    /// All lines of a quote.
    pub fn all_of(quote: &Quote) -> Vec<QuotedLineView> {
        let view = |line: &crate::domain::pricing::QuoteLine| QuotedLineView {
            name: line.in_words(),
            sku: line.sku.clone(),
            units: line.quantity.units(),
            price: words::price(line.unit_price),
            subtotal: words::price(line.subtotal),
        };
        quote.lines.iter().map(view).collect()
    }
}

impl TotalsView {
    /// The totals of a quote.
    pub fn of(quote: &Quote) -> TotalsView {
        TotalsView {
            subtotal: words::price(quote.subtotal),
            tax: words::price(quote.tax),
            shipping: words::price(quote.shipping),
            total: words::price(quote.total),
        }
    }
}

/// The ways to pay that this shop offers.
fn methods(shop: &Shop) -> Vec<MethodView> {
    let settings = &shop.settings.payments;
    let card = match settings.gateway {
        Gateway::Demo => Some("A test card of the demo; no money moves"),
        Gateway::Stripe => Some("On the payment page of Stripe, to which you are led"),
        Gateway::Manual => None,
    };
    let card = card.map(|hint| MethodView { name: "card", label: "Card", hint });
    let cash = settings.cash_on_delivery.then_some(MethodView {
        name: "cash_on_delivery",
        label: "Cash on delivery",
        hint: "You pay when the goods are handed over",
    });
    let bank = settings.shows_bank_transfer().then_some(MethodView {
        name: "bank_transfer",
        label: "Bank transfer",
        hint: "You are told the account, and the goods are held for you meanwhile",
    });
    [card, cash, bank].into_iter().flatten().collect()
}

const METHODS: &[(&str, Way)] = &[
    ("card", Way::Card),
    ("cash_on_delivery", Way::ByHand(PaymentMethod::CashOnDelivery)),
    ("bank_transfer", Way::ByHand(PaymentMethod::BankTransfer)),
];
/// The address that is written on this very page.
const NEW: &str = "new";
/// The token that stands for a payment page at Stripe.
pub(super) const HOSTED: &str = "checkout";
const CHOICE_LETTERS_MAX: usize = 60;
const CARD_LETTERS_MAX: usize = 40;
/// Largest amount a shop can hold, in minor units.
const AMOUNT_MAX: i64 = 1_000_000_000_000_000;

#[cfg(test)]
mod tests;
const REFUSED_AT: [(&str, &str); 2] =
    [("card_data_not_accepted", "cardNumber"), ("unknown_payment_method", "cardNumber")];
const ADDRESS_GONE: &str = "is not in your address book any more: choose another one";
const BOOK_FULL: &str = "your address book is full: remove an address there, or choose one of it";
