//! Fills a shop with products and paid orders, as a real one would be filled, through its owners.

#[path = "adding.rs"]
mod adding;

use bodega::{
    actors::{
        assortment::{StockedVariant, WantedProduct},
        purchases::{Wanted, WantedItem},
    },
    domain::{
        catalogue::WantedVariant,
        ids::{AddressId, CategoryId, ProductId, UserId},
        money::{Currency, Money},
        orders::PaymentMethod,
        quantity::Quantity,
        users::User,
    },
    shop::Shop,
};
use futures_util::future::join_all;

/// Fills the demo, adds so many products to its categories in turn, then places so many orders.
/// The products' slugs are `scale-product-0` and so on.
pub async fn fill(shop: &Shop, products: usize, orders: usize) {
    bodega::demo::fill(shop).await.expect("a filled shop");
    let tree = shop.shelves.tree().expect("a tree of categories");
    let shelves: Vec<CategoryId> = tree.top().map(|node| node.id).collect();
    let mut ids = Vec::with_capacity(products);
    for chunk in (0..products).collect::<Vec<_>>().chunks(AT_ONCE) {
        let added = chunk.iter().map(|number| add(shop, *number, shelves[number % shelves.len()]));
        ids.extend(join_all(added).await);
    }
    let (user, address) = somebody(shop);
    for chunk in (0..orders).collect::<Vec<_>>().chunks(AT_ONCE) {
        let placed = chunk.iter().map(|n| order(shop, user, address, ids[n % ids.len()]));
        join_all(placed).await;
    }
}

async fn add(shop: &Shop, number: usize, shelf: CategoryId) -> ProductId {
    let wanted = WantedProduct {
        handle: None,
        is_active: true,
        name: format!("Scale product {number}"),
        description: "One of very many, with a description of about the usual length.".to_owned(),
        price: Money::of(999, Currency::USD).expect("a price"),
        category_ids: vec![shelf],
        images: vec![],
        brand: Some("Scale".to_owned()),
        options: vec![],
        variants: vec![StockedVariant { wanted: WantedVariant::default(), on_hand: Some(1000) }],
    };
    adding::added(shop, wanted).await
}

fn somebody(shop: &Shop) -> (UserId, AddressId) {
    let customers = shop.reader.all::<User>();
    let with_address =
        customers.flatten().find_map(|(id, user)| Some((id, *user.state.addresses.keys().next()?)));
    with_address.expect("a customer of the demo")
}

async fn order(shop: &Shop, user: UserId, address: AddressId, product: ProductId) {
    let quantity = Quantity::new(1).expect("one");
    let wanted = Wanted {
        user,
        address,
        items: Some(vec![WantedItem { product, variant: None, quantity }]),
        amount: None,
        method: PaymentMethod::Card,
        token: Some("pm_card_visa".to_owned()),
        key: None,
    };
    shop.purchases.place(wanted).await.expect("a paid order");
}

const AT_ONCE: usize = 256;
