//! Money by hand after a card was begun: the books are sound, whatever became of the card.

use bodega::{
    actors::{
        orders::OrderChange,
        purchases::{Wanted, WantedItem},
    },
    domain::{
        orders::{Order, OrderStatus, PaymentMethod},
        quantity::Quantity,
        time::Who,
    },
};

use super::support::house::{House, Shopper, Ware};

async fn order_by(house: &House, shopper: Shopper, ware: Ware, method: PaymentMethod) -> Order {
    let quantity = Quantity::new(1).expect("one");
    let item = WantedItem { product: ware.product, variant: None, quantity };
    let wanted = Wanted {
        user: shopper.user,
        address: shopper.address,
        items: Some(vec![item]),
        amount: None,
        method,
        token: None,
        key: None,
    };
    let placed = house.shop.purchases.place(wanted).await.expect("an order");
    Order::clone(&placed.order)
}

#[actix::test]
async fn money_by_hand_after_a_card_that_did_not_pay_is_no_damage() {
    let house = House::new().await;
    let ware = house.ware("Lamp", 10).await;
    let (shopper, purchases) = (house.shopper(0).await, &house.shop.purchases);
    for token in ["pm_card_chargeDeclined", "pm_card_authenticationRequired"] {
        let order = order_by(&house, shopper, ware, PaymentMethod::BankTransfer).await;
        let intent = || house.shop.intent(Who::Customer(shopper.user));
        purchases.pay(order.id, token.to_owned(), intent()).await.expect("an answer");
        let noted = OrderChange::NoteReceipt { reference: None };
        let paid = purchases.change(order.id, noted, intent()).await.expect("it is noted");
        assert_eq!(paid.order.status, OrderStatus::Paid);
        assert!(paid.payment.by_hand);
        let total = order.quote.total;
        assert_eq!((paid.payment.captured, paid.order.captured), (total, total));
    }
    assert_eq!(house.shelf(ware), (8, 0));
    house.must_be_sound();
}
