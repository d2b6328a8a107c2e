//! Checkout, when placing fails on its way: whoever asked hears the truth.

use actix_web::{http::header, test::TestRequest};

use super::placed_all_the_same;
use crate::{
    actors::purchases::{Wanted, WantedItem},
    domain::{orders::PaymentMethod, quantity::Quantity},
    http::{idempotency::RequestKey, orders::tests::world::World, problem::Problem},
};

#[actix_web::test]
async fn an_order_that_began_is_led_to_and_one_that_did_not_is_refused_as_it_was() {
    let world = World::new().await;
    let product = world.sells("Tea", 300, 5, &[]).await;
    let request = |scope| RequestKey { scope: [scope; 32], body: [0; 32] };
    let ends =
        |scope| placed_all_the_same(&world.shop, Some(request(scope)), Problem::interrupted());
    assert_eq!(ends(1).expect_err("nothing began").code(), "interrupted");

    let ada = world.shop.accounts.identify(&world.ada.token).expect("a customer");
    let quantity = Quantity::new(1).expect("a quantity");
    let wanted = Wanted {
        user: ada.user,
        address: world.ada.address.parse().expect("an id"),
        items: Some(vec![WantedItem { product, variant: None, quantity }]),
        amount: None,
        method: PaymentMethod::Card,
        token: Some("pm_card_visa".to_owned()),
        key: Some(request(1).to_store()),
    };
    let order = world.shop.purchases.place(wanted).await.expect("an order").order.id;
    let led =
        ends(1).expect("the way to it").into_response(&TestRequest::default().to_http_request());
    let to = led.headers().get(header::LOCATION).and_then(|to| to.to_str().ok());
    assert_eq!(to, Some(format!("/orders/{order}").as_str()));
    assert_eq!(ends(2).expect_err("nothing began").code(), "interrupted");
}
