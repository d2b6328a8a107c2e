//! Fills a shop with products and paid orders, as a real one would be filled, through its owners.

use bodega::{
    actors::{
        Rejection,
        assortment::{StockedVariant, WantedProduct},
        purchases::{Wanted, WantedItem},
    },
    domain::{
        catalogue::WantedVariant,
        ids::{AddressId, ProductId, UserId},
        money::{Currency, Money},
        orders::PaymentMethod,
        quantity::Quantity,
        time::Who,
        users::User,
    },
    shop::Shop,
};
use futures_util::future::join_all;

/// Adds so many products, then places so many orders.
pub async fn fill(shop: &Shop, products: usize, orders: usize) {
    bodega::demo::fill(shop).await.expect("a filled shop");
    let mut ids = Vec::with_capacity(products);
    for chunk in (0..products).collect::<Vec<_>>().chunks(AT_ONCE) {
        ids.extend(join_all(chunk.iter().map(|number| add(shop, *number))).await);
    }
    let (user, address) = somebody(shop);
    for chunk in (0..orders).collect::<Vec<_>>().chunks(AT_ONCE) {
        let placed = chunk.iter().map(|n| order(shop, user, address, ids[n % ids.len()]));
        join_all(placed).await;
    }
}

async fn add(shop: &Shop, number: usize) -> ProductId {
    let wanted = WantedProduct {
        handle: None,
        is_active: true,
        name: format!("Scale product {number}"),
        description: "One of very many, with a description of about the usual length.".to_owned(),
        price: Money::of(999, Currency::USD).expect("a price"),
        category_ids: vec![],
        images: vec![],
        brand: Some("Scale".to_owned()),
        options: vec![],
        variants: vec![StockedVariant { wanted: WantedVariant::default(), on_hand: Some(1000) }],
    };
    loop {
        // A busy disk is asked again, as a client would.
        match shop.assortment.add(wanted.clone(), shop.intent(Who::Shop)).await {
            Ok(product) => return product.id,
            Err(Rejection::Busy) => {}
            Err(other) => panic!("{other}"),
        }
    }
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
