//! The demo bank's page by itself; what it does to an order is tested with the orders.

use super::*;
use crate::domain::{
    ids::Identity,
    money::Currency,
    payments::{NextAction, PayState},
};

fn a_page(standing: Standing) -> String {
    let amount = Money::of(1358, Currency::USD).expect("an amount");
    written(&Asked { order: OrderId::default(), number: 1001, amount, standing })
}

#[test]
fn a_form_and_json_say_the_same() {
    let read = |text: &str| {
        read_result(text.as_bytes()).map_err(|no| (no.status().as_u16(), no.errors().len()))
    };
    assert_eq!(read("result=complete"), Ok(ActionResult::Succeeded));
    assert_eq!(read("result=fail"), Ok(ActionResult::Failed));
    assert_eq!(read(r#"{"result":"fail"}"#), Ok(ActionResult::Failed));
    for faulty in ["", "result=maybe", "{}", "\u{0}"] {
        assert!(read(faulty).is_err(), "{faulty}");
    }
    assert!(read_result(&[0xff]).is_err());
}

#[test]
fn a_charge_is_open_only_while_its_payment_waits_for_it() {
    let id = DemoChargeId::from_bytes([1; 16]);
    let next_action = NextAction { kind: String::new(), url: None, client_secret: None };
    let waiting = Payment {
        state: PayState::NeedsAction { next_action },
        gateway_id: Some(id.to_string()),
        ..Payment::default()
    };
    let other = Payment { gateway_id: Some("another".to_owned()), ..waiting.clone() };
    assert_eq!(standing(id, &DemoState::NeedsAction, &waiting), Standing::Open);
    assert_eq!(standing(id, &DemoState::NeedsAction, &other), Standing::Over);
    assert_eq!(standing(id, &DemoState::NeedsAction, &Payment::default()), Standing::Over);
    assert_eq!(standing(id, &DemoState::Captured, &waiting), Standing::Paid);
    let declined = DemoState::Declined { code: "fraudulent".to_owned() };
    assert_eq!(standing(id, &declined, &waiting), Standing::Declined);
}

#[test]
fn the_page_has_two_buttons_and_needs_nothing_from_elsewhere() {
    let open = a_page(Standing::Open);
    assert_eq!(open.matches("<form method=\"post\">").count(), 2);
    assert!(open.contains("<dd>1001</dd>") && open.contains("$13.58"));
    assert!(!open.contains("<script") && !open.contains("http://") && !open.contains("https://"));
    for over in [Standing::Paid, Standing::Declined, Standing::Over] {
        assert!(!a_page(over).contains("<form"));
    }
    let policy = POLICY.to_str().expect("text");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(policy.contains("form-action 'self'") && policy.contains("frame-ancestors 'none'"));
}
