//! Stripe's books, as reconciliation reads them.

use bodega::{
    domain::time::Timestamp,
    gateways::{
        GatewayRecord, PaymentGateway, RecordKind, RecordState,
        breaker::Tripping,
        stripe::{Patience, StripeGateway, StripeSettings},
    },
};
use serde_json::json;

use crate::{double::SECRET_KEY, support::wares::id, world::World};

#[actix_web::test]
async fn every_charge_and_refund_is_listed_page_by_page() {
    let world = World::open().await;
    let mut paid = Vec::new();
    for _ in 0..101 {
        paid.push(world.places("pm_card_visa").await.expect("an order").order.id);
    }
    let declined = world.buys("pm_card_chargeDeclined").await;
    declined.refused(402, "payment_declined");
    let order = json!({ "id": paid[0].to_string() });
    let path = format!("/v1/orders/{}/refunds", id(&order));
    world.owner.post(&path, json!({ "amount": "2.00" })).await.data();
    let settings = StripeSettings {
        secret_key: SECRET_KEY.into(),
        webhook_secrets: vec![],
        base_url: world.stripe.base_url(),
        return_url: String::new(),
        patience: Patience::default(),
        tripping: Tripping::default(),
    };
    let clock = world.bodega.shop.clock.clone();
    let gateway = StripeGateway::new(settings, clock.clone()).expect("a gateway");
    let since = clock.now().plus_millis(-3_600_000);
    let records = all(&gateway, since).await;
    let charges: Vec<_> =
        records.iter().filter(|record| record.kind == RecordKind::Charge).collect();
    assert_eq!(charges.len(), 102);
    let ended = |state| charges.iter().filter(|record| record.state == state).count();
    assert_eq!((ended(RecordState::Succeeded), ended(RecordState::Failed)), (101, 1));
    for order in &paid {
        let charge = charges.iter().find(|record| record.order == Some(*order)).expect("a charge");
        let ours = world.ours(*order);
        assert_eq!(charge.amount, ours.payment.captured);
        assert_eq!(charge.payment, ours.order.payment);
        assert_eq!(Some(&charge.gateway_id), ours.payment.gateway_id.as_ref());
        assert_eq!(charge.refunded, ours.payment.refunded().expect("a sum"));
    }
    let refunds: Vec<_> =
        records.iter().filter(|record| record.kind != RecordKind::Charge).collect();
    assert_eq!(refunds.len(), 1);
    let RecordKind::Refund { charge, refund } = &refunds[0].kind else { panic!("no refund") };
    let ours = world.ours(paid[0]).payment;
    assert_eq!((charge, refund.as_ref()), (&ours.gateway_id, ours.refunds.keys().next()));
    assert_eq!(refunds[0].amount.minor(), 200);
    let later = all(&gateway, clock.now().plus_millis(3_600_000)).await;
    assert_eq!(later, []);
}

async fn all(gateway: &StripeGateway, since: Timestamp) -> Vec<GatewayRecord> {
    let (mut records, mut mark) = (Vec::new(), None);
    loop {
        let page = gateway.list_since(since, mark).await.expect("readable books");
        records.extend(page.records);
        mark = page.next;
        if mark.is_none() {
            return records;
        }
    }
}
