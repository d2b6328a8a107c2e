//! How an order goes from status to status, by its customer, by staff and by the clock.

use serde_json::{Value, json};

use crate::support::{
    Bodega, Person,
    wares::{id, text},
    wire::NOBODYS,
};

/// An order of this product, paid by hand.
async fn by_hand(who: &Person, product: &Value, method: &str) -> Value {
    let body = json!({
        "shippingAddressId": who.has_address().await, "paymentMethod": method,
        "items": [{ "productId": id(product), "quantity": 1 }],
    });
    who.post("/v1/orders", body).await.data()
}

/// An order that waits for its payment.
async fn unpaid(who: &Person, product: &Value) -> Value {
    let to = who.has_address().await;
    let body = json!({
        "shippingAddressId": to, "items": [{ "productId": id(product), "quantity": 1 }],
    });
    who.post("/v1/orders", body).await.data()
}

/// Brings a fresh order of ada's to this status.
async fn order_in(status: &str, ada: &Person, owner: &Person, tea: &Value) -> Value {
    match status {
        "PENDING" => unpaid(ada, tea).await,
        "COD" => by_hand(ada, tea, "cash_on_delivery").await,
        "TRANSFER" => by_hand(ada, tea, "bank_transfer").await,
        "CANCELLED" => {
            let order = unpaid(ada, tea).await;
            ada.cancels(&order).await.data()
        }
        later => {
            let order = ada.buys(tea, 1).await;
            for step in ["SHIPPED", "DELIVERED"] {
                if matches!((later, step), ("SHIPPED", "SHIPPED") | ("DELIVERED", _)) {
                    owner.makes(&order, step).await.data();
                }
            }
            order
        }
    }
}

#[actix_web::test]
async fn an_order_goes_from_status_to_status_as_the_table_says() {
    let bodega = Bodega::open();
    let (manager, owner, ada) =
        (bodega.manager().await, bodega.owner().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.99", 1000).await;
    let no = "409 illegal_transition";
    for (from, [paid, shipped, delivered, cancelled]) in [
        ("PENDING", [no, no, no, "200"]),
        ("COD", ["200", "200", no, "200"]),
        ("TRANSFER", ["200", no, no, "200"]),
        ("PAID", ["200", "200", no, "200"]),
        ("SHIPPED", [no, "200", "200", no]),
        ("DELIVERED", [no, no, "200", no]),
        ("CANCELLED", [no, no, no, "200"]),
    ] {
        let row = [
            ("PAID", paid),
            ("SHIPPED", shipped),
            ("DELIVERED", delivered),
            ("CANCELLED", cancelled),
        ];
        for (to, wanted) in row {
            let order = order_in(from, &ada, &owner, &tea).await;
            let before = ada.sees_order(&order).await;
            let answer = owner.makes(&order, to).await;
            assert_eq!(answer.outcome(), wanted, "{from} to {to}: {}", answer.text());
            let after = ada.sees_order(&order).await;
            if wanted == "200" {
                assert_eq!(text(&after["status"]), to, "from {from}");
            } else {
                assert_eq!(after, before, "{from} to {to}");
                let refusal = answer.json();
                assert_eq!((&refusal["from"], text(&refusal["to"])), (&before["status"], to));
            }
        }
    }
}

#[actix_web::test]
async fn a_repeated_step_changes_nothing() {
    let bodega = Bodega::open();
    let (manager, owner, ada) =
        (bodega.manager().await, bodega.owner().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.99", 10).await;
    let order = ada.buys(&tea, 1).await;
    assert_eq!(owner.makes(&order, "PAID").await.data(), order);
    let path = format!("/v1/orders/{}/status", id(&order));
    let ship = json!({ "status": "SHIPPED", "trackingNumber": "T-1", "carrier": "Parcel Post" });
    let shipped = owner.patch(&path, ship).await.data();
    assert_eq!(
        (text(&shipped["trackingNumber"]), text(&shipped["carrier"])),
        ("T-1", "Parcel Post")
    );
    assert_eq!(owner.makes(&order, "SHIPPED").await.data(), shipped);
    let delivered = owner.makes(&order, "DELIVERED").await.data();
    assert_eq!(owner.makes(&order, "DELIVERED").await.data(), delivered);
    for status in ["PENDING", "paid", ""] {
        let answer = owner.makes(&order, status).await;
        assert_eq!(answer.faults(), [("/status".to_owned(), "not_a_choice".to_owned())]);
    }
    let unknown = json!({ "id": NOBODYS });
    owner.makes(&unknown, "SHIPPED").await.refused(404, "not_found");
}

#[actix_web::test]
async fn cancelling_twice_refunds_once() {
    let bodega = Bodega::open();
    let (manager, owner, ada) =
        (bodega.manager().await, bodega.owner().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.99", 10).await;
    let order = ada.buys(&tea, 4).await;
    let cancelled = ada.cancels(&order).await;
    assert_eq!(cancelled.status, 200);
    let cancelled = cancelled.data();
    assert_eq!(text(&cancelled["cancelReason"]), "customer");
    assert_eq!(cancelled["payment"]["amountRefunded"], order["totalPrice"]);
    assert_eq!(manager.stock_of(&tea).await, (10, 0, 10));
    assert_eq!(ada.cancels(&order).await.data(), cancelled);
    assert_eq!(owner.cancels(&order).await.data(), cancelled);
    assert_eq!(manager.stock_of(&tea).await, (10, 0, 10));

    let other = ada.buys(&tea, 1).await;
    assert_eq!(text(&owner.cancels(&other).await.data()["cancelReason"]), "staff");
    let shipped = ada.buys(&tea, 1).await;
    owner.makes(&shipped, "SHIPPED").await.data();
    ada.cancels(&shipped).await.refused(409, "illegal_transition");
    let waiting = unpaid(&ada, &tea).await;
    assert_eq!(manager.stock_of(&tea).await, (9, 1, 8));
    ada.cancels(&waiting).await.data();
    assert_eq!(manager.stock_of(&tea).await, (9, 0, 9));
}

#[actix_web::test]
async fn an_order_that_is_not_paid_in_time_expires() {
    let bodega = Bodega::with_stopped_clock();
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.99", 10).await;
    let waiting = unpaid(&ada, &tea).await;
    let transfer = by_hand(&ada, &tea, "bank_transfer").await;
    bodega.shop.clock.advance(std::time::Duration::from_secs(14 * 60));
    bodega.drives_on().await;
    assert_eq!(text(&ada.sees_order(&waiting).await["status"]), "PENDING");
    bodega.shop.clock.advance(std::time::Duration::from_secs(2 * 60));
    bodega.drives_on().await;
    let ada = ada.signed_in_again(&bodega);
    let expired = ada.sees_order(&waiting).await;
    assert_eq!(
        (text(&expired["status"]), text(&expired["cancelReason"])),
        ("CANCELLED", "expired")
    );
    assert_eq!(text(&ada.sees_order(&transfer).await["status"]), "PENDING");
    assert_eq!(ada.stock_of(&tea).await, (10, 1, 9));
}

#[actix_web::test]
async fn an_order_is_not_cancelled_behind_somebodys_back() {
    let bodega = Bodega::open();
    let (manager, owner, ada) =
        (bodega.manager().await, bodega.owner().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.99", 10).await;
    let order = by_hand(&ada, &tea, "bank_transfer").await;
    let seen = ada.get(&format!("/v1/orders/{}", id(&order))).await;
    let etag = seen.header("etag");
    let again = ada.get(&format!("/v1/orders/{}", id(&order))).header("if-none-match", etag).await;
    assert_eq!(again.status, 304);
    owner.makes(&order, "PAID").await.data();
    let late = ada.cancels(&order).header("if-match", etag).await;
    late.refused(412, "precondition_failed");
    assert_eq!(text(&ada.sees_order(&order).await["status"]), "PAID");
}
