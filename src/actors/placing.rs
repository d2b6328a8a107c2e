//! Placing: what somebody wants to buy, priced from the catalogue and the shop's own terms.
//!
//! Reads committed state only, on the thread of whoever asks; the client's prices are never used.
//! Whether stock and cart are still there is for their owners to say.

use crate::{
    domain::{
        carts::Cart,
        catalogue::{CatalogueRefusal, Product},
        ids::{AddressId, CartId, LineId, PaymentId, ProductId, ShopId, UserId, VariantId},
        money::Money,
        orders::{
            CustomerContact, OrderRefusal, PaymentMethod, Placed, ShippingAddress, agree_on_amount,
        },
        payments::{Capture, Charge, PaymentRefusal},
        pricing::{PricedItem, Quote, Terms, quote},
        quantity::Quantity,
        settings::Shop,
        users::{User, UserRefusal},
    },
    store::{RequestKey, keys},
};

use super::{Rejection, declines::DeclineLimits, desks::Desks};

/// What somebody wants to buy.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Who.
    pub user: UserId,
    /// Where to; one of the user's own addresses.
    pub address: AddressId,
    /// What; `None` is what is in the cart.
    pub items: Option<Vec<WantedItem>>,
    /// What the client believes it costs, if it says so.
    pub amount: Option<Money>,
    /// How it is to be paid.
    pub method: PaymentMethod,
    /// With what, if it is to be paid at once.
    pub token: Option<String>,
    /// Under which idempotency key.
    pub key: Option<RequestKey>,
}

/// One thing somebody wants.
#[derive(Clone, Copy, Debug)]
pub struct WantedItem {
    /// Which product.
    pub product: ProductId,
    /// In which variant; needed only if there are several.
    pub variant: Option<VariantId>,
    /// How many.
    pub quantity: Quantity,
}

/// On what terms orders are paid.
#[derive(Clone, Debug)]
pub struct PaymentTerms {
    /// How long goods are held for an order that waits for its payment.
    pub hold_minutes: u32,
    /// How long they are held for one that is paid by hand or by bank.
    pub manual_hold_days: u32,
    /// Whether cards are charged at once, or when the goods leave.
    pub capture: Capture,
    /// The ways without a gateway that are offered.
    pub by_hand: Vec<PaymentMethod>,
    /// What the goods of an order must cost at least.
    pub minimum_order: Option<Money>,
    /// How many refused charges are let pass, if they are counted.
    pub declines: Option<DeclineLimits>,
}

impl PaymentTerms {
    fn must_offer(&self, method: PaymentMethod) -> Result<(), PaymentRefusal> {
        if method.is_by_hand() && !self.by_hand.contains(&method) {
            return Err(PaymentRefusal::MethodNotOffered { method });
        }
        Ok(())
    }

    fn must_be_enough(&self, goods: Money) -> Result<(), OrderRefusal> {
        match self.minimum_order {
            // A minimum in a currency the shop had before says nothing any more.
            Some(minimum)
                if minimum.currency() == goods.currency() && minimum.exceeds(goods)? =>
            {
                Err(OrderRefusal::BelowMinimum { minimum })
            }
            Some(_) | None => Ok(()),
        }
    }

    fn hold_minutes_for(&self, method: PaymentMethod) -> u32 {
        if method.is_by_hand() {
            self.manual_hold_days.saturating_mul(MINUTES_A_DAY)
        } else {
            self.hold_minutes
        }
    }
}

/// What the things in somebody's cart cost now, to the cent, if they were ordered.
pub(super) fn quoted(desks: &Desks, user: UserId) -> Result<Quote, Rejection> {
    let (items, _) = in_the_cart_of(desks, user)?;
    quote_of(desks, items)
}

fn quote_of(desks: &Desks, items: Vec<WantedItem>) -> Result<Quote, Rejection> {
    let Desks { reader, clock, .. } = desks;
    let items = priced_items(desks, items)?;
    let lines: Vec<LineId> = items.iter().map(|_| clock.new_id()).collect();
    let shop = reader.get::<Shop>(ShopId::default())?.state;
    let terms = Terms {
        currency: shop.currency,
        tax_rate: shop.tax_rate,
        shipping_flat: shop.shipping_flat,
    };
    Ok(quote(&items, &lines, &terms)?)
}

/// Prices what is wanted, from the catalogue and the shop's own terms.
pub(super) fn priced(
    desks: &Desks,
    on: &PaymentTerms,
    wanted: Wanted,
) -> Result<Placed, Rejection> {
    let Desks { reader, clock, charging, .. } = desks;
    on.must_offer(wanted.method)?;
    let user = reader.get::<User>(wanted.user)?.state;
    let address = user.addresses.get(&wanted.address).ok_or(UserRefusal::UnknownAddress)?;
    let (items, from_cart) = match wanted.items {
        Some(items) => (items, None),
        None => in_the_cart_of(desks, wanted.user)?,
    };
    let quote = quote_of(desks, items)?;
    agree_on_amount(quote.total, wanted.amount)?;
    on.must_be_enough(quote.subtotal)?;
    if wanted.token.as_ref().is_some_and(|token| !charging.knows(token)) {
        return Err(PaymentRefusal::UnknownMethod.into());
    }
    let capture = on.capture;
    Ok(Placed {
        id: clock.new_id(),
        number: NUMBER_TO_BE_GIVEN,
        customer: CustomerContact { user: Some(user.id), email: user.email.clone() },
        quote,
        shipping_address_id: address.id,
        shipping_address: copied(&address.fields),
        from_cart,
        payment: clock.new_id::<PaymentId>(),
        method: wanted.method,
        charge: wanted.token.map(|token| Charge { number: 1, token, capture }),
        hold_until: clock.now().plus_minutes(on.hold_minutes_for(wanted.method)),
        request: wanted.key.map(|key| key.scope),
    })
}

/// The cart an order comes from, at the version that is priced; none if the items were named.
type Source = Option<(CartId, u64)>;

/// What is in a cart and still in the catalogue, with the cart's version.
fn in_the_cart_of(desks: &Desks, user: UserId) -> Result<(Vec<WantedItem>, Source), Rejection> {
    let reader = &desks.reader;
    let id = reader.row(&keys::cart_of(user))?.and_then(|value| keys::held_by(&value));
    let Some(id) = id else { return Err(OrderRefusal::EmptyOrder.into()) };
    let cart = reader.get::<Cart>(id)?.state;
    let mut items = Vec::with_capacity(cart.lines.len());
    for line in cart.lines.values() {
        let product = reader.get::<Product>(line.product)?.state;
        let gone = !product.exists() || !product.variants.contains_key(&line.variant);
        let Some(quantity) = Quantity::new(line.quantity).ok().filter(|_| !gone) else {
            continue;
        };
        let (product, variant) = (line.product, Some(line.variant));
        items.push(WantedItem { product, variant, quantity });
    }
    Ok((items, Some((id, cart.version_of_lines))))
}

/// Finds name, SKU and price of each item; the same variant named twice is one line.
fn priced_items(desks: &Desks, wanted: Vec<WantedItem>) -> Result<Vec<PricedItem>, Rejection> {
    let mut items: Vec<PricedItem> = Vec::with_capacity(wanted.len());
    for item in wanted {
        let product = desks.reader.get::<Product>(item.product)?.state;
        let variant = product.pick_variant(item.variant)?;
        if !product.is_active {
            return Err(CatalogueRefusal::ProductInactive.into());
        }
        if let Some(same) = items.iter_mut().find(|other| other.variant == variant) {
            let units = same.quantity.units().saturating_add(item.quantity.units());
            same.quantity = Quantity::new(units).map_err(|_| OrderRefusal::TooManyLines)?;
            continue;
        }
        items.push(PricedItem {
            product: product.id,
            variant,
            sku: product.variants.get(&variant).map(|v| v.sku.clone()).unwrap_or_default(),
            name: product.name.clone(),
            options: product.chosen(variant),
            unit_price: product.unit_price(variant),
            quantity: item.quantity,
        });
    }
    if items.is_empty() { Err(OrderRefusal::EmptyOrder.into()) } else { Ok(items) }
}

fn copied(address: &crate::domain::users::AddressFields) -> ShippingAddress {
    let address = address.clone();
    ShippingAddress {
        full_name: address.full_name,
        phone: address.phone,
        street: address.street,
        city: address.city,
        state: address.state,
        country: address.country,
        postal_code: address.postal_code,
    }
}

/// The orders actor gives the number.
const NUMBER_TO_BE_GIVEN: u64 = u64::MAX;
const MINUTES_A_DAY: u32 = 24 * 60;
