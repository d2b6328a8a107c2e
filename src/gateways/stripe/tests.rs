//! What the gateway can tell without asking Stripe.

use std::time::Duration;

use super::*;

fn a_gateway() -> StripeGateway {
    let settings = StripeSettings {
        secret_key: SecretString::from("sk_test_hunter2"),
        webhook_secrets: vec![],
        base_url: "http://127.0.0.1:1".to_owned(),
        return_url: "http://127.0.0.1:2".to_owned(),
        patience: Patience { connect: Duration::from_millis(1), ..Patience::default() },
        tripping: Tripping::default(),
    };
    let clock = Clock::stopped_at(Timestamp::from_millis(0));
    StripeGateway::new(settings, clock).expect("a gateway")
}

#[test]
fn only_names_of_payment_methods_are_taken() {
    let gateway = a_gateway();
    for good in ["pm_card_visa", "pm_1SYq2eLkdIwHu7ix", "checkout"] {
        assert_eq!(gateway.check_method(good), Ok(()), "{good}");
    }
    for bad in ["", "pm_", "visa", "tok_visa", "pm_x/../../charges", "pm_x?a=b", "4242424242424242"]
    {
        assert_eq!(gateway.check_method(bad), Err(UnknownMethod), "{bad}");
    }
}
