//! Cart: what somebody wants to buy, at the prices and with the stock of now.
//!
//! `/cart/lines` is the same without what surrounds it, for the drawer and for a page that is kept
//! up to date while it is open.

use actix_web::http::Method;
use serde::Serialize;

use super::{product, product::StockView};
use crate::{
    actors::carts::RemoveFromCart,
    domain::{
        carts::LINE_UNITS_MAX,
        catalogue::Product,
        ids::{ProductId, UserId, VariantId},
    },
    http::{
        access::{Caller, Person, Public},
        answer::Answer,
        call::{Call, CallAsking},
        carts::{self, AddBody, ShownCart, ShownLine},
        fields::{Body, Fields, id, whole, yes_or_no},
        idempotency::{Made, RequestKey},
        limits::Class,
        pages::{Filled, FormView, Frame, PageAnswer, words},
        problem::Problem,
        table::{Operation, op},
    },
    shop::Shop,
};

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    use Class::{Reads, Writes};
    let (get, post) = (Method::GET, Method::POST);
    vec![
        op(get.clone(), "/cart", Reads, "Show the cart", show),
        op(get, "/cart/lines", Reads, "Show what is in the cart", show_lines),
        op(post.clone(), "/cart/add", Writes, "Put something in the cart", add).again(led_back),
        op(post.clone(), "/cart/set", Writes, "Set the units of a line", set).again(led_back),
        op(post, "/cart/remove", Writes, "Take something out of the cart", remove),
    ]
}

async fn show(shop: Shop, who: Public, call: CallAsking<CartQuery>) -> Answer<PageAnswer> {
    let missing = call.query.missing.then(|| MISSING.to_owned());
    page(&shop, who.0, Frame::of(&shop, who.0, &call.from)?, missing)
}

async fn show_lines(shop: Shop, who: Public, call: Call) -> Answer<PageAnswer> {
    let frame = Frame::of(&shop, who.0, &call.from)?.private();
    let view = CartPageView::of(&shop, who.0, &frame, None)?;
    frame.show("storefront/cart-lines.html", &view)
}

async fn add(shop: Shop, who: Person, call: Call<Filled<AddBody>>) -> Answer<PageAnswer> {
    let Filled { read, typed } = call.body;
    let frame = Frame::of(&shop, Some(who.caller), &call.from)?;
    let form = frame.form().with(typed.clone());
    let named = |name: &str| typed.get(name).map(String::as_str).unwrap_or_default();
    let product: ProductId = named("productId").parse().unwrap_or_default();
    let variant: Option<VariantId> = named("variantId").parse().ok();
    let put = match read {
        Ok(body) => carts::put(&shop, &who.caller, body, call.key).await,
        Err(faults) => Err(Problem::invalid(faults)),
    };
    match put {
        Ok(_) => Ok(PageAnswer::to("/cart")),
        Err(problem) if problem.status().is_client_error() => {
            let status = problem.status();
            let mut form = form.refused(&problem, &ABOUT_UNITS);
            let (_, cart) = carts::cart_of(&shop, who.user)?;
            let units = variant.map_or(0, |variant| cart.units_of(variant));
            if let Some(words) = form.errors.get_mut("quantity").filter(|_| units > 0) {
                words.push_str(&format!("; {units} of it in your cart already"));
            }
            product::again(&shop, frame.answered(status), product, variant, form)
        }
        Err(problem) => Err(problem),
    }
}

async fn set(shop: Shop, who: Person, call: Call<Filled<SetBody>>) -> Answer<PageAnswer> {
    let frame = Frame::of(&shop, Some(who.caller), &call.from)?;
    let set = match call.body.read {
        Ok(SetBody { product, variant, units }) => {
            let key = call.key.map(RequestKey::to_store);
            let intent = shop.intent(who.as_cause()).under(key);
            carts::set(&shop, who.user, product, Some(variant), units, intent).await
        }
        Err(faults) => Err(Problem::invalid(faults)),
    };
    match set {
        Ok(_) => Ok(PageAnswer::to("/cart")),
        Err(problem) if problem.status().is_client_error() => {
            let status = problem.status();
            page(&shop, Some(who.caller), frame.answered(status), Some(words_of(&problem)))
        }
        Err(problem) => Err(problem),
    }
}

async fn remove(shop: Shop, who: Person, call: Call<Filled<RemoveBody>>) -> Answer<PageAnswer> {
    if let Ok(RemoveBody { variant }) = call.body.read {
        let remove = RemoveFromCart { user: who.user, variants: vec![variant] };
        shop.desks.carts.ask(remove, shop.intent(who.as_cause())).await?;
    }
    Ok(PageAnswer::to("/cart"))
}

async fn led_back(_: Shop, _: Option<Caller>, _: Made) -> Answer<PageAnswer> {
    Ok(PageAnswer::to("/cart"))
}

fn page(
    shop: &Shop,
    caller: Option<Caller>,
    frame: Frame,
    refusal: Option<String>,
) -> Answer<PageAnswer> {
    let view = CartPageView::of(shop, caller, &frame, refusal)?;
    let frame = frame.titled("Cart").described(DESCRIPTION).private();
    frame.show("storefront/cart.html", &view)
}

/// What a refusal says, that of the field first.
fn words_of(problem: &Problem) -> String {
    let field = problem.errors().first().map(|fault| fault.detail.clone());
    field.unwrap_or_else(|| problem.detail().to_owned())
}

struct CartQuery {
    /// Whether not all that was to be bought again could be put in.
    missing: bool,
}

impl Body for CartQuery {
    fn read(fields: &mut Fields<'_>) -> CartQuery {
        CartQuery { missing: fields.or("missing", yes_or_no(), false) }
    }
}

/// How many there are to be.
struct SetBody {
    product: ProductId,
    variant: VariantId,
    units: u32,
}

impl Body for SetBody {
    fn read(fields: &mut Fields<'_>) -> SetBody {
        SetBody {
            product: fields.required("productId", id()),
            variant: fields.required("variantId", id()),
            units: fields.required("quantity", whole(0, LINE_UNITS_MAX)),
        }
    }
}

/// What is taken out.
struct RemoveBody {
    variant: VariantId,
}

impl Body for RemoveBody {
    fn read(fields: &mut Fields<'_>) -> RemoveBody {
        RemoveBody { variant: fields.required("variantId", id()) }
    }
}

/// The page of the order that is buying somebody's cart, as long as one is.
pub(super) fn order_under_way(shop: &Shop, user: UserId) -> Answer<Option<String>> {
    let (_, cart) = carts::cart_of(shop, user)?;
    Ok(cart.claimed_by().map(|order| format!("/orders/{order}")))
}

#[derive(Serialize)]
struct CartPageView {
    lines: Vec<LineView>,
    subtotal: String,
    units: u32,
    /// Whether everything in it can be bought as it is.
    is_sound: bool,
    /// Whether it is more than one order can be.
    is_too_dear: bool,
    /// The page of the order that is buying it already.
    under_way: Option<String>,
    form: FormView,
}

/// A line of a cart.
#[derive(Serialize)]
pub struct LineView {
    product: String,
    variant: String,
    name: String,
    slug: String,
    image: String,
    /// Which variant, in words.
    choice: String,
    price: String,
    units: u32,
    subtotal: String,
    stock: StockView,
    /// Whether more is wanted than there is.
    is_short: bool,
}

impl CartPageView {
    fn of(
        shop: &Shop,
        caller: Option<Caller>,
        frame: &Frame,
        refusal: Option<String>,
    ) -> Answer<CartPageView> {
        let user = caller.map(|caller| caller.user);
        let shown = ShownCart::of_user(shop, user)?;
        let under_way = user.map(|user| order_under_way(shop, user)).transpose()?.flatten();
        let lines: Vec<LineView> = shown.lines.iter().map(LineView::of).collect();
        Ok(CartPageView {
            units: lines.iter().fold(0, |sum, line| sum.saturating_add(line.units)),
            is_sound: !shown.is_too_dear && !lines.iter().any(|line| line.is_short),
            is_too_dear: shown.is_too_dear,
            lines,
            subtotal: words::price(shown.subtotal),
            under_way,
            form: FormView { refusal, ..frame.form() },
        })
    }
}

impl LineView {
    /// A line with what there is of it now.
    pub fn of(line: &ShownLine) -> LineView {
        let product = &line.product;
        let variant = product.variants.get(&line.variant);
        let own = variant.and_then(|variant| variant.images.first());
        LineView {
            product: product.id.to_string(),
            variant: line.variant.to_string(),
            name: product.name.clone(),
            slug: product.slug.clone(),
            image: own.or(product.images.first()).cloned().unwrap_or_default(),
            choice: choice_of(product, line.variant),
            price: words::price(line.price),
            units: line.units,
            subtotal: words::price(line.subtotal),
            stock: StockView::of(if product.is_active { line.available } else { 0 }),
            is_short: line.units > line.available || !product.is_active,
        }
    }
}

/// The values that make a variant, in the order of the options; nothing if there is but one.
pub fn choice_of(product: &Product, variant: VariantId) -> String {
    let Some(variant) = product.variants.get(&variant) else { return String::new() };
    let values = product.options.iter().filter_map(|option| variant.options.get(&option.name));
    values.map(String::as_str).collect::<Vec<_>>().join(", ")
}

const DESCRIPTION: &str = "What you have chosen, what it costs and how much of it is there.";
const MISSING: &str = "Not all of it can be had any more; the rest is in your cart.";
const ABOUT_UNITS: [(&str, &str); 2] =
    [("insufficient_stock", "quantity"), ("too_many_units", "quantity")];
