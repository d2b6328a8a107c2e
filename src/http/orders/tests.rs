//! Orders over a demo shop, from the cart to the refund; and the pure parts by themselves.

use actix_web::http::Method;
use serde_json::{Value, json};

use super::*;
use crate::{
    actors::purchases::WantedItem,
    config::Gateway,
    domain::{
        ids::{Identity, LineId, PaymentId, ProductId, UserId, VariantId},
        money::{Currency, Money},
        orders::{CustomerContact, Shortage},
        pricing::{PricedItem, Quote, Terms, quote},
        quantity::Quantity,
        time::Timestamp,
    },
    http::{
        fields::{Body, Faults, read_body},
        orders::{charge::ChargeBody, listing::Sought},
    },
};

pub(in crate::http) mod world;

use world::{World, with};

fn read<B: Body>(body: Value) -> Result<B, Vec<String>> {
    let mut faults = Faults::default();
    let read = read_body::<B>(body.to_string().as_bytes(), &mut faults).expect("an object");
    let told = |fault: crate::http::fields::FieldFault| format!("{} {}", fault.pointer, fault.code);
    let faults: Vec<String> = faults.into_vec().into_iter().map(told).collect();
    if faults.is_empty() { Ok(read) } else { Err(faults) }
}

fn faults_of<B: Body>(body: Value) -> Vec<String> {
    read::<B>(body).err().unwrap_or_default()
}

fn usd(digits: &str) -> Money {
    Money::read(digits, Currency::USD).expect("an amount")
}

/// Two lines: three teas at 3.33 and one pot at 20.00.
fn a_quote() -> Quote {
    let item = |number: u8, name: &str, price, units| PricedItem {
        product: ProductId::from_bytes([number; 16]),
        variant: VariantId::from_bytes([number; 16]),
        sku: format!("SKU-{number}"),
        name: name.to_owned(),
        options: vec![],
        unit_price: usd(price),
        quantity: Quantity::new(units).expect("a quantity"),
    };
    let terms = Terms {
        currency: Currency::USD,
        tax_rate: "0.075".parse().expect("a rate"),
        shipping_flat: usd("10.00"),
    };
    let items = [item(1, "Tea", "3.33", 3), item(2, "Pot", "20.00", 1)];
    let lines = [1, 2].map(|number| LineId::from_bytes([number; 16]));
    quote(&items, &lines, &terms).expect("a quote")
}

fn an_order() -> Order {
    Order {
        id: OrderId::from_bytes([9; 16]),
        number: 1042,
        customer: CustomerContact {
            user: Some(UserId::from_bytes([5; 16])),
            email: "Ada@Example.com".to_owned(),
        },
        quote: a_quote(),
        payment: Some(PaymentId::from_bytes([7; 16])),
        placed_at: Timestamp::from_millis(5_000),
        ..Order::default()
    }
}

fn shown_as(problem: Problem) -> Value {
    let answer = problem.into_response("/v1/orders", "t");
    let bytes = actix_web::body::MessageBody::try_into_bytes(answer.into_body());
    serde_json::from_slice(&bytes.unwrap_or_default()).expect("JSON")
}

fn pretty(view: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(view).expect("JSON")
}

#[test]
fn an_order_that_nobody_has_paid_shows_a_payment_that_waits() {
    let how = Showing { to: Viewer::Customer, now: Timestamp::from_millis(1), bank_details: None };
    insta::assert_snapshot!(pretty(&OrderView::of(&how, &an_order(), &Payment::default())), @r#"
    {
      "id": "09090909-0909-0909-0909-090909090909",
      "number": 1042,
      "userId": "05050505-0505-0505-0505-050505050505",
      "status": "PENDING",
      "items": [
        {
          "id": "01010101-0101-0101-0101-010101010101",
          "productId": "01010101-0101-0101-0101-010101010101",
          "variantId": "01010101-0101-0101-0101-010101010101",
          "sku": "SKU-1",
          "name": "Tea",
          "options": {},
          "price": 3.33,
          "quantity": 3,
          "subtotal": 9.99
        },
        {
          "id": "02020202-0202-0202-0202-020202020202",
          "productId": "02020202-0202-0202-0202-020202020202",
          "variantId": "02020202-0202-0202-0202-020202020202",
          "sku": "SKU-2",
          "name": "Pot",
          "options": {},
          "price": 20.00,
          "quantity": 1,
          "subtotal": 20.00
        }
      ],
      "subtotal": 29.99,
      "tax": 2.25,
      "shippingFee": 10.00,
      "totalPrice": 42.24,
      "totalAmount": 42.24,
      "currency": "USD",
      "shippingAddressId": "00000000-0000-0000-0000-000000000000",
      "shippingAddress": {
        "fullName": "",
        "phone": "",
        "street": "",
        "city": "",
        "state": "",
        "country": "",
        "postalCode": ""
      },
      "paymentMethod": "none",
      "paymentId": "07070707-0707-0707-0707-070707070707",
      "payment": {
        "id": "07070707-0707-0707-0707-070707070707",
        "status": "waiting",
        "declineCode": null,
        "nextAction": null,
        "instructions": null,
        "authorisedUntil": null,
        "amountCaptured": 0.00,
        "amountRefunded": 0.00
      },
      "refunds": [],
      "waitingFor": null,
      "heldUntil": "1970-01-01T00:00:00.000Z",
      "cancelReason": null,
      "trackingNumber": null,
      "carrier": null,
      "timeline": [],
      "createdAt": "1970-01-01T00:00:05.000Z",
      "updatedAt": "1970-01-01T00:00:00.000Z"
    }
    "#);
}

#[test]
fn every_fault_of_an_order_is_named_at_once() {
    let script = [
        (json!({}), "/shippingAddressId required"),
        (json!({ "shippingAddressId": "x", "items": [] }), "/items too_short"),
        (
            json!({ "shippingAddressId": "x", "items": [{ "productId": "y", "quantity": 0 }] }),
            "/items/0/quantity too_small",
        ),
        (
            json!({ "shippingAddressId": "x", "charge": { "amount": 10.5, "tip": 1 } }),
            "/charge/amount not_a_whole_number, /charge/tip unknown_field",
        ),
        (
            json!({ "shippingAddressId": "x", "paymentMethod": "gold" }),
            "/paymentMethod not_a_choice",
        ),
        (
            json!({
                "shippingAddressId": "x",
                "charge": { "paymentMethodId": "pm_card_visa" },
                "paymentMethod": "bank_transfer",
            }),
            "/paymentMethod not_both",
        ),
        (
            json!({
                "shippingAddressId": "x",
                "charge": { "paymentMethodId": "pm_card_visa", "card": { "token": "tok_visa" } },
            }),
            "/charge/card not_both",
        ),
        (
            json!({ "shippingAddressId": "x", "charge": { "card": { "number": "42", "cvc": 1 } } }),
            "/charge/card/cvc wrong_type, /charge/card/exp_month required, \
             /charge/card/exp_year required",
        ),
    ];
    for (body, expected) in script {
        assert_eq!(faults_of::<PlaceBody>(body.clone()).join(", "), expected, "{body}");
    }
    assert_eq!(faults_of::<StatusBody>(json!({ "status": "PENDING" })), ["/status not_a_choice"]);
    assert_eq!(
        faults_of::<RefundBody>(json!({ "items": [{ "quantity": 1 }], "reason": "" })),
        ["/items/0/id required", "/reason too_short"]
    );
}

#[test]
fn only_published_test_cards_are_taken_and_only_by_the_demo_gateway() {
    let paid_with = |number: &str, gateway| {
        let card = json!({ "number": number, "exp_month": 12, "exp_year": 2030, "cvc": "123" });
        let charge = read::<ChargeBody>(json!({ "card": card })).unwrap_or_default();
        let paid = charge.into_token(Counter { gateway, year_month: (2026, 1) });
        paid.map_err(|refused| {
            let text = shown_as(refused).to_string();
            assert!(!text.contains(number), "{text}");
            text.contains("card_data_not_accepted")
        })
    };
    let (demo, by_hand) = (Gateway::Demo, Gateway::Manual);
    assert_eq!(paid_with("4242 4242 4242 4242", demo), Ok(Some("pm_card_visa".to_owned())));
    assert_eq!(paid_with("4242424242424242", by_hand), Err(true));
    assert_eq!(paid_with("4111111111111111", demo), Err(true));
    let token = read::<ChargeBody>(json!({ "card": { "token": "tok_visa" } })).unwrap_or_default();
    let counter = Counter { gateway: by_hand, year_month: (2026, 1) };
    assert_eq!(token.into_token(counter).ok().flatten(), Some("tok_visa".to_owned()));
    for number in ["4111111111111111", "4242 4242 4242 4242", "6759-6498-2643"] {
        for charge in [json!({ "paymentMethodId": number }), json!({ "card": { "token": number } })]
        {
            let charge = read::<ChargeBody>(charge).unwrap_or_default();
            let refused = charge.into_token(Counter { gateway: demo, ..counter }).expect_err("no");
            let said = shown_as(refused).to_string();
            assert!(said.contains("card_data_not_accepted") && !said.contains(number), "{said}");
        }
    }
}

#[test]
fn a_shortage_points_to_where_the_body_asked() {
    let short = |number: u8, available| Shortage {
        variant: VariantId::from_bytes([number; 16]),
        available,
    };
    let asked = |number: u8| WantedItem {
        product: ProductId::from_bytes([number; 16]),
        variant: None,
        quantity: Quantity::new(1).expect("a quantity"),
    };
    let told = |shortages, asked: Option<&[WantedItem]>| {
        let order = Order { shortages, ..an_order() };
        let told = shown_as(outcome::out_of_stock(&order, asked));
        let error = |error: &Value| format!("{} {}", error["pointer"], error["available"]);
        let errors: Vec<_> = told["errors"].as_array().expect("a list").iter().map(error).collect();
        (told["available"].clone(), errors.join(", "), told["orderId"].clone())
    };
    let id = json!(OrderId::from_bytes([9; 16]));
    assert_eq!(
        told(vec![short(2, 4)], Some(&[asked(1), asked(1), asked(2)])),
        (json!(4), "\"/items/2/quantity\" 4".to_owned(), id.clone())
    );
    assert_eq!(
        told(vec![short(1, 0), short(2, 4)], None),
        (Value::Null, "\"/items/0/quantity\" 0, \"/items/1/quantity\" 4".to_owned(), id)
    );
}

#[test]
fn a_refund_names_lines_or_products() {
    let wish = |body| read::<RefundBody>(body).expect("a body").into_wish(&an_order());
    let line = LineId::from_bytes([2; 16]);
    let by_line = wish(json!({ "items": [{ "id": line.to_string(), "quantity": 1 }] }));
    let product = ProductId::from_bytes([2; 16]).to_string();
    let by_product = wish(json!({ "items": [{ "productId": product, "quantity": 1 }] }));
    let by_line = by_line.expect("a wish");
    assert_eq!(by_line.lines.first().map(|known| known.line), Some(line));
    assert_eq!(by_line, by_product.expect("a wish"));
    let unknown = wish(json!({ "items": [{ "id": "no id", "quantity": 1 }] }));
    assert_eq!(unknown.map_err(|no| no.status().as_u16()), Err(404));
    let amount = wish(json!({ "amount": "1.5", "restock": false })).expect("a wish").amount;
    assert_eq!(amount, Some(usd("1.50")));
}

#[test]
fn both_ends_of_a_time_are_included() {
    let between = |from, to| {
        let (from, to) = (Timestamp::from_millis(from), Timestamp::from_millis(to));
        Sought { from: Some(from), to: Some(to), ..Sought::default() }.is_met_by(&an_order())
    };
    assert!(between(5_000, 5_000) && between(0, 6_000));
    assert!(!between(5_001, 6_000) && !between(0, 4_999));
}

#[actix_web::test]
async fn a_purchase_is_made_once_under_its_key() {
    let world = World::new().await;
    let (ada, tea) = (&world.ada, world.sells("Tea", 333, 5, &[]).await);
    let body = |units: u32| {
        let card = json!({
            "number": "4242424242424242", "exp_month": 12, "exp_year": 2030, "cvc": "123",
        });
        json!({
            "shippingAddressId": ada.address,
            "items": [{ "productId": tea.to_string(), "quantity": units }],
            "charge": { "amount": 2074, "currency": "usd", "card": card },
        })
    };
    let place = |units| world.asks(Method::POST, "/v1/orders", &ada.token, Some(body(units)), "k");
    let said = place(3).await;
    let order = said.data();
    assert_eq!((said.status, &order["status"], said.replayed), (201, &json!("PAID"), false));
    assert_eq!(order["totalAmount"].to_string(), "20.74");
    assert_eq!(order["payment"]["amountCaptured"].to_string(), "20.74");
    let again = place(3).await;
    assert_eq!((again.data(), again.replayed), (order.clone(), true));
    assert_eq!(place(2).await.no(), (422, "idempotency_key_reused".to_owned()));
    let path = format!("/v1/orders/{}", order["id"].as_str().expect("an id"));
    assert_eq!(world.gets(ada, &path).await.data(), order);
    assert_eq!(world.gets(&world.admin, &path).await.data(), order);
    assert_eq!(world.gets(&world.bob, &path).await.no(), (404, "not_found".to_owned()));
    assert_eq!(world.gets(ada, "/v1/orders").await.data(), json!([order]));
    assert_eq!(world.gets(&world.bob, "/v1/orders").await.data(), json!([]));
}

#[actix_web::test]
async fn what_turns_a_purchase_back_says_why() {
    let world = World::new().await;
    let (ada, tea) = (&world.ada, world.sells("Tea", 333, 1, &[]).await);
    let declined = world.buys(ada, tea, with("visa_chargeDeclinedInsufficientFunds")).await;
    assert_eq!(declined.no(), (402, "payment_declined".to_owned()));
    let told = declined.json();
    assert_eq!(told["declineCode"], "insufficient_funds");
    assert_eq!(told["detail"], "your card has insufficient funds");
    let path = format!("/v1/orders/{}", told["orderId"].as_str().expect("an id"));
    let order = world.gets(ada, &path).await.data();
    assert_eq!(order["cancelReason"], "payment_declined");

    let mismatch = world.buys(ada, tea, json!({ "charge": { "amount": 1 } })).await;
    assert_eq!(mismatch.no(), (409, "amount_mismatch".to_owned()));
    assert_eq!(
        (&mismatch.json()["expected"], &mismatch.json()["given"]),
        (&json!(1358), &json!(1))
    );
    let foreign = world.buys(ada, tea, json!({ "charge": { "currency": "EUR" } })).await;
    assert_eq!(foreign.faults(), ["/charge/currency currency_mismatch"]);
    let unknown = world.buys(ada, tea, with("gold")).await;
    assert_eq!(unknown.no(), (400, "unknown_payment_method".to_owned()));

    let paid = world.buys(ada, tea, with("visa")).await;
    assert_eq!(paid.data()["status"], "PAID");
    let short = world.buys(ada, tea, with("visa")).await;
    assert_eq!(short.no(), (409, "insufficient_stock".to_owned()));
    assert_eq!(short.json()["available"], 0);
    assert_eq!(short.faults(), ["/items/0/quantity insufficient_stock"]);
    let nobody = world.buys(&world.bob, ProductId::default(), with("visa")).await;
    assert_eq!(nobody.status, 404);
    let strange = json!({ "shippingAddressId": world.bob.address });
    assert_eq!(world.posts(ada, "/v1/orders", strange).await.status, 404);
    let nothing = json!({ "shippingAddressId": ada.address });
    assert_eq!(world.posts(ada, "/v1/orders", nothing).await.no().0, 400);
}

#[actix_web::test]
async fn an_order_that_waits_is_paid_at_the_bank_or_with_another_card() {
    let world = World::new().await;
    let (ada, tea) = (&world.ada, world.sells("Tea", 333, 9, &[]).await);
    let asked = world.buys(ada, tea, with("authenticationRequired")).await.data();
    assert_eq!(
        (&asked["status"], asked["payment"]["status"].as_str()),
        (&json!("PENDING"), Some("requires_action"))
    );
    let bank = asked["payment"]["nextAction"]["url"].as_str().expect("an address").to_owned();
    let page = world.asks(Method::GET, &bank, "", None, "").await;
    assert!(page.status == 200 && page.text.contains("$13.58"), "{page:?}");
    assert!(page.policy.contains("style-src 'sha256-"), "{page:?}");
    let failed = world.asks(Method::POST, &bank, "", Some(json!("result=fail")), "").await;
    assert!(failed.status == 200 && failed.text.contains("declined"), "{failed:?}");

    let path = format!("/v1/orders/{}/payment", asked["id"].as_str().expect("an id"));
    let go_on = world.asks(Method::POST, &path, &ada.token, None, "").await;
    assert_eq!(go_on.no(), (402, "payment_declined".to_owned()));
    let stranger = world.asks(Method::POST, &path, &world.bob.token, None, "").await;
    assert_eq!(stranger.status, 404);
    let declined = world.posts(ada, &path, with("visa_chargeDeclined")).await;
    assert_eq!(declined.json()["declineCode"], "generic_decline");
    let pay = || world.asks(Method::POST, &path, &ada.token, Some(with("visa")), "k");
    assert_eq!(pay().await.data()["status"], "PAID");
    assert!(pay().await.replayed);
    let twice = world.posts(ada, &path, with("visa")).await;
    assert_eq!(twice.no(), (409, "already_paid".to_owned()));

    let asked = world.buys(ada, tea, with("authenticationRequired")).await.data();
    let bank = asked["payment"]["nextAction"]["url"].as_str().expect("an address").to_owned();
    world.asks(Method::POST, &bank, "", Some(json!("result=complete")), "").await;
    let path = format!("/v1/orders/{}/payment", asked["id"].as_str().expect("an id"));
    let go_on = world.posts(ada, &path, json!({})).await;
    assert_eq!((go_on.status, go_on.data()["status"].clone()), (201, json!("PAID")));
}

#[actix_web::test]
async fn an_order_is_received_shipped_delivered_and_not_cancelled_then() {
    let world = World::new().await;
    let (ada, admin) = (&world.ada, &world.admin);
    let tea = world.sells("Tea", 333, 9, &[]).await;
    let by_cash = json!({ "paymentMethod": "cash_on_delivery" });
    let order = world.buys(ada, tea, by_cash).await.data();
    assert_eq!(
        (&order["status"], order["payment"]["status"].as_str()),
        (&json!("PENDING"), Some("waiting"))
    );
    let base = format!("/v1/orders/{}", order["id"].as_str().expect("an id"));
    let (status, cancel) = (format!("{base}/status"), format!("{base}/cancel"));
    let to = |status: &str| json!({ "status": status, "trackingNumber": "T1", "carrier": "Post" });
    assert_eq!(world.patches(ada, &status, to("PAID")).await.status, 403);
    assert_eq!(world.patches(admin, &status, to("DELIVERED")).await.no().0, 409);
    for (word, becomes) in
        [("PAID", "PAID"), ("PAID", "PAID"), ("SHIPPED", "SHIPPED"), ("DELIVERED", "DELIVERED")]
    {
        let said = world.patches(admin, &status, to(word)).await;
        assert_eq!((said.status, &said.data()["status"]), (200, &json!(becomes)), "{word}");
    }
    let said = world.asks(Method::PATCH, &cancel, &ada.token, None, "").await;
    assert_eq!(said.no(), (409, "illegal_transition".to_owned()));
    let timeline = world.gets(ada, &format!("{base}/timeline")).await.data();
    let told = |line: &Value| format!("{} {}", line["who"], line["what"]).replace('"', "");
    let told: Vec<_> = timeline.as_array().expect("a list").iter().map(told).collect();
    let noted = "staff receipt_noted";
    let paid = ["customer placed", noted, "staff paid", "staff shipped", "staff delivered"];
    assert_eq!(told, paid);
    assert_eq!(timeline[3]["trackingNumber"], "T1");

    let by_card = world.buys(ada, tea, json!({ "paymentMethod": "card" })).await.data();
    let status = format!("/v1/orders/{}/status", by_card["id"].as_str().expect("an id"));
    let said = world.patches(admin, &status, to("PAID")).await;
    assert_eq!(said.no(), (409, "illegal_transition".to_owned()));
}

#[actix_web::test]
async fn a_cancelled_order_gives_money_and_goods_back_once() {
    let world = World::new().await;
    let (ada, admin) = (&world.ada, &world.admin);
    let tea = world.sells("Tea", 333, 1, &[]).await;
    let order = world.buys(ada, tea, with("visa")).await.data();
    let base = format!("/v1/orders/{}", order["id"].as_str().expect("an id"));
    let cancel = format!("{base}/cancel");
    assert_eq!(world.asks(Method::PATCH, &cancel, &world.bob.token, None, "").await.status, 404);
    for _ in 0..2 {
        let said = world.asks(Method::PATCH, &cancel, &ada.token, None, "k").await.data();
        assert_eq!(
            (&said["status"], &said["cancelReason"]),
            (&json!("CANCELLED"), &json!("customer"))
        );
        assert_eq!(said["payment"]["amountRefunded"].to_string(), "13.58");
    }
    let said = world.asks(Method::PATCH, &cancel, &admin.token, None, "").await;
    assert_eq!(said.data()["cancelReason"], "customer");
    let bought = world.buys(ada, tea, with("visa")).await;
    assert_eq!(bought.data()["status"], "PAID", "the tea is on the shelf again");
}

#[actix_web::test]
async fn refunds_go_back_by_line_and_never_beyond_what_was_paid() {
    let world = World::new().await;
    let (ada, admin) = (&world.ada, &world.admin);
    let tea = world.sells("Tea", 333, 2, &[]).await;
    let order = world.buys(ada, tea, with("visa")).await.data();
    let refunds = format!("/v1/orders/{}/refunds", order["id"].as_str().expect("an id"));
    assert_eq!(world.posts(ada, &refunds, json!({})).await.status, 403);
    let said = world.posts(admin, &refunds, json!({ "amount": 1.5, "reason": "late" })).await;
    assert_eq!(said.status, 201);
    assert_eq!(said.data()["payment"]["amountRefunded"].to_string(), "1.5");
    let over = world.posts(admin, &refunds, json!({ "amount": 13 })).await;
    assert_eq!(
        (over.no().1, over.json()["left"].to_string()),
        ("over_refund".to_owned(), "12.08".to_owned())
    );
    let rest = world.asks(Method::POST, &refunds, &admin.token, None, "k").await.data();
    assert_eq!(rest["payment"]["amountRefunded"].to_string(), "13.58");
    assert_eq!(rest["status"], "PAID");
    let again = world.asks(Method::POST, &refunds, &admin.token, None, "k").await;
    assert!(again.replayed);
    let nothing = world.posts(admin, &refunds, json!({})).await;
    assert_eq!(nothing.no(), (409, "nothing_to_refund".to_owned()));
    let unknown = format!("/v1/orders/{}/refunds", OrderId::default());
    assert_eq!(world.posts(admin, &unknown, json!({})).await.status, 404);

    let order = world.buys(ada, tea, with("refundFail")).await.data();
    let refunds = format!("/v1/orders/{}/refunds", order["id"].as_str().expect("an id"));
    let refused = world.posts(admin, &refunds, json!({})).await;
    assert_eq!(refused.no(), (402, "refund_refused".to_owned()));
    assert_eq!(refused.json()["declineCode"], "expired_or_canceled_card");
}

#[actix_web::test]
async fn admins_find_orders_by_status_time_number_and_email() {
    let world = World::new().await;
    let (ada, bob, admin) = (&world.ada, &world.bob, &world.admin);
    let tea = world.sells("Tea", 333, 9, &[]).await;
    for (who, pays) in [(ada, with("visa")), (bob, with("visa")), (ada, json!({}))] {
        world.shop.clock.advance(std::time::Duration::from_secs(60));
        assert_eq!(world.buys(who, tea, pays).await.status, 201);
    }
    let found = async |query: &str| {
        let said = world.gets(admin, &format!("/v1/orders/all?{query}")).await;
        let list = said.data();
        let number = |order: &Value| order["number"].to_string();
        list.as_array().expect("a list").iter().map(number).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(found("").await, "1003 1002 1001");
    assert_eq!(found("status=PAID").await, "1002 1001");
    assert_eq!(found("q=1002").await, "1002");
    assert_eq!(found("q=%231002&status=PENDING").await, "");
    assert_eq!(found("q=100").await, "1003 1002 1001");
    assert_eq!(found("q=ADA@example.com").await, "1003 1001");
    assert_eq!(found("q=bo").await, "1002");
    let (first, second) = ("2023-11-14T22:14:20Z", "2023-11-14T22:15:20Z");
    assert_eq!(found(&format!("from={first}&to={second}")).await, "1002 1001");
    assert_eq!(found(&format!("to={first}")).await, "1001");
    assert_eq!(found(&format!("from={second}&status=PENDING")).await, "1003");
    let page = world.gets(admin, "/v1/orders/all?limit=2").await.json();
    let next = page["page"]["nextCursor"].as_str().expect("a cursor").to_owned();
    assert_eq!(found(&format!("limit=2&cursor={next}")).await, "1001");
    assert_eq!(world.gets(ada, "/v1/orders/all").await.status, 403);
    assert_eq!(world.gets(admin, "/v1/orders/all?from=now").await.faults(), ["/from not_a_time"]);
}

#[actix_web::test]
async fn a_shop_without_a_gateway_takes_no_card_and_has_no_bank() {
    let world = World::taking("manual").await;
    let tea = world.sells("Tea", 333, 9, &[]).await;
    let card = json!({
        "number": "4242424242424242", "exp_month": 12, "exp_year": 2030, "cvc": "123",
    });
    let said = world.buys(&world.ada, tea, json!({ "charge": { "card": card } })).await;
    assert_eq!(said.no(), (400, "card_data_not_accepted".to_owned()));
    let bank = format!("/demo/3ds/{}", OrderId::default());
    assert_eq!(world.asks(Method::GET, &bank, "", None, "").await.status, 404);
    let by_bank = world.buys(&world.ada, tea, json!({ "paymentMethod": "bank_transfer" })).await;
    assert_eq!(by_bank.data()["status"], "PENDING");
}

#[actix_web::test]
async fn an_order_is_changed_only_in_the_version_that_was_seen() {
    let world = World::new().await;
    let tea = world.sells("Tea", 333, 9, &[]).await;
    let order = world.buys(&world.ada, tea, with("visa")).await.data();
    let path = format!("/v1/orders/{}", order["id"].as_str().expect("an id"));
    let seen = world.gets(&world.ada, &path).await.etag;
    let token = &world.ada.token;
    let known = [("if-none-match", seen.as_str())];
    assert_eq!(world.asks_with(Method::GET, &path, token, None, &known).await.status, 304);
    let cancel = format!("{path}/cancel");
    let other = [("if-match", r#""1-1""#)];
    let refused = world.asks_with(Method::PATCH, &cancel, token, None, &other).await;
    assert_eq!(refused.no(), (412, "precondition_failed".to_owned()));
    let wanted = [("if-match", seen.as_str())];
    let cancelled = world.asks_with(Method::PATCH, &cancel, token, None, &wanted).await;
    assert_eq!(cancelled.data()["status"], "CANCELLED");
}

#[actix_web::test]
async fn a_lost_answer_is_made_again_from_the_order() {
    let world = World::new().await;
    let tea = world.sells("Tea", 333, 9, &[]).await;
    let caller = None;
    let made = |said: &Value| {
        let id = said["id"].as_str().or(said["orderId"].as_str()).expect("an order");
        Made { kind: "order".to_owned(), id: id.to_owned() }
    };
    let shown = |answer: Answer<OrderView>| {
        answer.map(|view| serde_json::to_value(view).expect("JSON")).map_err(shown_as)
    };
    let paid = world.buys(&world.ada, tea, with("visa")).await.data();
    let again = shown(placed_again(world.shop.clone(), caller, made(&paid)).await);
    assert_eq!(again, Ok(paid.clone()));
    let declined = world.buys(&world.ada, tea, with("visa_chargeDeclined")).await.json();
    let again = shown(placed_again(world.shop.clone(), caller, made(&declined)).await);
    let again = again.expect_err("it was declined");
    for name in ["status", "code", "detail", "declineCode", "orderId"] {
        assert_eq!(again[name], declined[name]);
    }
    let again = shown(shown_again(world.shop.clone(), caller, made(&paid)).await);
    assert_eq!(again, Ok(paid.clone()));
    let again = shown(paid_again(world.shop.clone(), caller, made(&paid)).await);
    assert_eq!(again, Ok(paid.clone()));
    let again = shown(refunded_again(world.shop.clone(), caller, made(&paid)).await);
    assert_eq!(again, Ok(paid));
}

#[actix_web::test]
async fn a_refund_that_is_asked_for_again_is_answered_by_how_this_one_ended() {
    let world = World::new().await;
    let tea = world.sells("Tea", 333, 9, &[]).await;
    let order = world.buys(&world.ada, tea, with("refundFail")).await.data();
    let order = order["id"].as_str().expect("an id");
    let (refunds, token) = (format!("/v1/orders/{order}/refunds"), &world.admin.token);
    for (key, amount) in [("one", 1), ("two", 2)] {
        let wish = Some(json!({ "amount": amount }));
        let refused = world.asks(Method::POST, &refunds, token, wish, key).await;
        assert_eq!(refused.no(), (402, "refund_refused".to_owned()));
    }
    let order: OrderId = order.parse().expect("an id");
    let kept = world.shop.reader.get::<Order>(order).expect("readable").state;
    let [one, two] = kept.refunds.keys().copied().collect::<Vec<_>>()[..] else {
        panic!("two refunds");
    };
    let payout = format!("{refunds}/{one}/payout");
    world.posts(&world.admin, &payout, json!({})).await.data();
    let remembered = world.shop.reader.requests(None, 100).expect("readable");
    for (refund, is_refused) in [(one, false), (two, true)] {
        let named = format!("{order}/{refund}");
        let made = remembered.iter().filter_map(|(_, kept)| kept.request.made.clone());
        let made = made.into_iter().find(|made| made.id == named).expect("what it made");
        let made = Made { kind: made.kind, id: made.id };
        let again = refunded_again(world.shop.clone(), None, made).await;
        assert_eq!(again.is_err(), is_refused, "{named}");
    }
}
