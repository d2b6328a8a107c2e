//! Demo: fills a fresh shop from the data in the binary, through the same owners as any client.
//!
//! Everything is made by messages and purchases, so that the demo shows only what the shop can
//! do; filling a filled shop changes nothing.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::future::try_join_all;
use rust_embed::RustEmbed;
use secrecy::SecretString;
use serde::Deserialize;

use crate::{
    accounts::passwords,
    actors::{
        Rejection,
        addresses::AddAddress,
        assortment::{StockedVariant, WantedProduct},
        catalogue::AddCategory,
        orders::OrderChange,
        purchases::{Wanted, WantedItem},
        users::RegisterUser,
    },
    domain::{
        catalogue::{Product, ProductOption, WantedVariant},
        ids::{AddressId, CategoryId, OrderId, ProductId, UserId},
        money::{Currency, Money},
        orders::{CancelReason, PaymentMethod, RefundWish, Restock},
        payments::Capture,
        quantity::Quantity,
        time::Who,
        users::{AddressFields, PasswordHash, Registration, Role, Standing},
    },
    http::media,
    shop::Shop,
    store::{StoreFault, keys},
};

/// Why the demo could not be filled.
#[derive(Debug, thiserror::Error)]
pub enum CannotFill {
    /// The shop said no.
    #[error("the demo's data was refused: {0}")]
    Refused(#[from] Rejection),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreFault),
    /// A picture could not be written.
    #[error("a picture could not be written: {0}")]
    Picture(#[from] std::io::Error),
    /// The data in the binary cannot be read.
    #[error("the demo's data cannot be read: {0}")]
    Data(String),
}

#[derive(RustEmbed)]
#[folder = "data/demo"]
struct Data;

#[derive(Deserialize)]
struct Catalogue {
    categories: Vec<Shelf>,
    products: Vec<Ware>,
}

#[derive(Deserialize)]
struct Shelf {
    name: String,
    description: String,
    /// The category it stands below, which comes before it.
    parent: Option<String>,
}

#[derive(Clone, Deserialize)]
struct Ware {
    name: String,
    brand: Option<String>,
    description: String,
    category: Vec<String>,
    price: String,
    stock: Option<u32>,
    sku: Option<String>,
    images: Vec<String>,
    #[serde(default)]
    options: Vec<ProductOption>,
    #[serde(default)]
    variants: Vec<WareVariant>,
}

#[derive(Clone, Deserialize)]
struct WareVariant {
    sku: String,
    options: BTreeMap<String, String>,
    price: Option<String>,
    stock: u32,
}

#[derive(Deserialize)]
struct People {
    customers: Vec<Person>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Person {
    username: String,
    email: String,
    phone: String,
    address: PersonAddress,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PersonAddress {
    full_name: String,
    phone: String,
    street: String,
    city: String,
    state: String,
    country: String,
    postal_code: String,
}

/// Fills the shop, unless it has a product already.
///
/// # Errors
/// The disk, or data that the shop refuses.
pub async fn fill(shop: &Shop) -> Result<(), CannotFill> {
    let any = shop.reader.rows(&keys::products(), None, crate::store::Order::Ascending, 1)?;
    if !any.is_empty() {
        return Ok(());
    }
    let password = passwords::hash(&SecretString::from(PASSWORD))
        .map_err(|fault| CannotFill::Data(fault.to_string()))?;
    let staff = ACCOUNTS.iter().take(2).zip([Role::Admin, Role::InventoryManager]);
    for ((email, _), role) in staff {
        let name = email.split('@').next().unwrap_or_default();
        register(shop, name, email, None, password.clone(), role).await?;
    }
    let people: People = read("people.json")?;
    let customers = people.customers.into_iter().map(|who| customer(shop, who, password.clone()));
    let customers = try_join_all(customers).await?;
    let products = stock_the_shelves(shop).await?;
    have_orders(shop, &customers, &products).await
}

async fn register(
    shop: &Shop,
    username: &str,
    email: &str,
    phone: Option<String>,
    password: PasswordHash,
    role: Role,
) -> Result<UserId, CannotFill> {
    let registration = Registration {
        user: shop.clock.new_id(),
        username: username.to_owned(),
        email: email.to_owned(),
        phone,
        password,
        role,
    };
    let register = RegisterUser { registration, session: None };
    Ok(shop.desks.users.ask(register, shop.intent(Who::Shop)).await?.id)
}

async fn customer(
    shop: &Shop,
    person: Person,
    password: PasswordHash,
) -> Result<(UserId, AddressId), CannotFill> {
    let Person { username, email, phone, address } = person;
    let user = register(shop, &username, &email, Some(phone), password, Role::Customer).await?;
    let fields = AddressFields {
        full_name: address.full_name,
        phone: address.phone,
        street: address.street,
        city: address.city,
        state: address.state,
        country: address.country,
        postal_code: address.postal_code,
    };
    let id: AddressId = shop.clock.new_id();
    let add = AddAddress { user, address: id, fields, standing: Standing::Default };
    shop.desks.users.ask(add, shop.intent(Who::Customer(user))).await?;
    Ok((user, id))
}

async fn stock_the_shelves(shop: &Shop) -> Result<Vec<Arc<Product>>, CannotFill> {
    let catalogue: Catalogue = read("catalogue.json")?;
    let mut shelves: BTreeMap<String, CategoryId> = BTreeMap::new();
    for Shelf { name, description, parent } in catalogue.categories {
        let category: CategoryId = shop.clock.new_id();
        let above = |parent: &String| {
            let unknown = || CannotFill::Data(format!("{name} stands below {parent}, unknown yet"));
            shelves.get(parent).copied().ok_or_else(unknown)
        };
        let parent = parent.as_ref().map(above).transpose()?;
        let add = AddCategory { category, name: name.clone(), description, parent };
        shop.desks.catalogue.ask(add, shop.intent(Who::Shop)).await?;
        shelves.insert(name, category);
    }
    let pictures = pictures(shop)?;
    let mut products = Vec::new();
    // A few at a time: each waits for the disk, all wait together.
    for wares in catalogue.products.chunks(WARES_AT_ONCE) {
        let added = wares.iter().map(|ware| add(shop, ware.clone(), &shelves, &pictures));
        products.extend(try_join_all(added).await?);
    }
    Ok(products)
}

/// Writes every picture; the media address of each.
fn pictures(shop: &Shop) -> Result<BTreeMap<String, String>, CannotFill> {
    let folder = media::folder(&shop.settings.data_dir);
    let mut addresses = BTreeMap::new();
    for path in Data::iter().filter(|path| path.ends_with(".svg")) {
        let Some(file) = Data::get(&path) else { continue };
        let name = media::keep(&folder, &file.data, "svg")?;
        addresses.insert(path.into_owned(), format!("/media/{name}"));
    }
    Ok(addresses)
}

async fn add(
    shop: &Shop,
    ware: Ware,
    shelves: &BTreeMap<String, CategoryId>,
    pictures: &BTreeMap<String, String>,
) -> Result<Arc<Product>, CannotFill> {
    let currency = shop.settings.shop.currency;
    let mut variants = Vec::new();
    for WareVariant { sku, options, price, stock } in ware.variants {
        let price = price.map(|price| priced(&price, currency)).transpose()?;
        let images = vec![];
        let sku = Some(sku);
        let wanted = WantedVariant { sku, options, price, images, ..WantedVariant::default() };
        variants.push(StockedVariant { wanted, on_hand: Some(stock) });
    }
    if variants.is_empty() {
        let wanted = WantedVariant { sku: ware.sku, ..WantedVariant::default() };
        variants.push(StockedVariant { wanted, on_hand: ware.stock });
    }
    let wanted = WantedProduct {
        name: ware.name,
        description: ware.description,
        price: priced(&ware.price, currency)?,
        category_ids: ware.category.iter().filter_map(|name| shelves.get(name).copied()).collect(),
        images: ware.images.iter().filter_map(|path| pictures.get(path).cloned()).collect(),
        brand: ware.brand,
        options: ware.options,
        variants,
        handle: None,
        is_active: true,
    };
    Ok(shop.assortment.add(wanted, shop.intent(Who::Shop)).await?)
}

/// Some orders in every status an order can have.
async fn have_orders(
    shop: &Shop,
    customers: &[(UserId, AddressId)],
    products: &[Arc<Product>],
) -> Result<(), CannotFill> {
    let sold = |product: &&Arc<Product>| {
        product.only_variant().is_some_and(|variant| {
            let ledger = shop.reader.get::<crate::domain::inventory::Ledger>(variant);
            ledger.is_ok_and(|ledger| ledger.state.available() >= 10)
        })
    };
    let mut sellers = products.iter().filter(sold).map(|product| product.id).cycle();
    for (number, (story, token)) in STORIES.iter().cycle().take(ORDERS).enumerate() {
        let Some((user, address)) = customers.get(number % customers.len().max(1)) else { break };
        let items: Vec<ProductId> = sellers.by_ref().take(1 + number % 3).collect();
        let order = order(shop, *user, *address, &items, *token).await?;
        go_on(shop, order, *user, *story).await?;
    }
    Ok(())
}

async fn order(
    shop: &Shop,
    user: UserId,
    address: AddressId,
    items: &[ProductId],
    token: Option<&str>,
) -> Result<OrderId, CannotFill> {
    let one = |product: &ProductId| {
        let quantity = Quantity::new(1).expect("one is a quantity");
        WantedItem { product: *product, variant: None, quantity }
    };
    let method = if token.is_some() { PaymentMethod::Card } else { PaymentMethod::BankTransfer };
    let wanted = Wanted {
        user,
        address,
        items: Some(items.iter().map(one).collect()),
        amount: None,
        method,
        token: token.map(str::to_owned),
        key: None,
    };
    Ok(shop.purchases.place(wanted).await?.order.id)
}

async fn go_on(shop: &Shop, order: OrderId, user: UserId, story: Story) -> Result<(), CannotFill> {
    let by_staff = || shop.intent(Who::Shop);
    let ship = || OrderChange::Ship {
        tracking_number: Some(order.to_string().to_uppercase()[24..].to_owned()),
        carrier: Some("Parcel Post".to_owned()),
    };
    match story {
        Story::AsPlaced => {}
        Story::Shipped => {
            shop.purchases.change(order, ship(), by_staff()).await?;
        }
        Story::Delivered => {
            shop.purchases.change(order, ship(), by_staff()).await?;
            shop.purchases.deliver(order, by_staff()).await?;
        }
        Story::Cancelled => {
            let intent = shop.intent(Who::Customer(user));
            shop.purchases.cancel(order, CancelReason::Customer, intent).await?;
        }
        Story::Refunded => {
            if shop.settings.payments.capture == Capture::Manual {
                shop.purchases.capture(order, by_staff()).await?;
            }
            let amount = Money::of(REFUND_MINOR, shop.settings.shop.currency)
                .map_err(|refusal| CannotFill::Data(refusal.to_string()))?;
            let wish = RefundWish {
                amount: Some(amount),
                lines: vec![],
                restock: Restock::No,
                reason: Some("arrived with a dent".to_owned()),
            };
            shop.purchases.refund(order, shop.clock.new_id(), wish, by_staff()).await?;
        }
    }
    Ok(())
}

fn priced(digits: &str, currency: Currency) -> Result<Money, CannotFill> {
    // The demo's prices have two decimals; a currency without them has whole ones.
    let whole = digits.split('.').next().unwrap_or(digits);
    let digits = if currency.exponent() == 0 { whole } else { digits };
    Money::read(digits, currency).map_err(|refusal| CannotFill::Data(refusal.to_string()))
}

fn read<T: serde::de::DeserializeOwned>(name: &str) -> Result<T, CannotFill> {
    let file = Data::get(name).ok_or_else(|| CannotFill::Data(format!("{name} is missing")))?;
    serde_json::from_slice(&file.data).map_err(|fault| CannotFill::Data(format!("{name}: {fault}")))
}

/// How an order of the demo went on.
#[derive(Clone, Copy)]
enum Story {
    AsPlaced,
    Shipped,
    Delivered,
    Cancelled,
    Refunded,
}

/// How the demo's orders were paid, and what became of them.
const STORIES: [(Story, Option<&str>); 9] = [
    (Story::AsPlaced, Some("pm_card_visa")),
    (Story::Delivered, Some("pm_card_visa")),
    (Story::Shipped, Some("pm_card_mastercard")),
    (Story::AsPlaced, Some("pm_card_chargeDeclined")),
    (Story::Cancelled, Some("pm_card_visa")),
    (Story::AsPlaced, None),
    (Story::Refunded, Some("pm_card_visa")),
    (Story::AsPlaced, Some("pm_card_authenticationRequired")),
    (Story::Delivered, Some("pm_card_visa")),
];

/// The demo's accounts, each with its role; the last is one of its customers.
pub const ACCOUNTS: [(&str, &str); 3] = [
    ("admin@example.com", "admin"),
    ("stock@example.com", "inventory manager"),
    (DEMO_CUSTOMER, "customer"),
];

const DEMO_CUSTOMER: &str = "clementine.demo@example.com";
/// Everybody's password in the demo.
pub const PASSWORD: &str = "the corner shop of marisol";
const ORDERS: usize = 27;
const WARES_AT_ONCE: usize = 64;
const REFUND_MINOR: i64 = 500;
