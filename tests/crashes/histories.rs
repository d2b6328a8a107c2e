//! Histories: whatever happens to a shop, in whatever order, its stock, money and carts add up.
//!
//! Random sequences of what people do, the shop closed and opened in between, against a model that
//! knows only who wanted what. In the end nothing is unfinished and the journal tells the same.

mod model;

use proptest::{collection::vec, prelude::*};

use self::model::{Card, History};

/// Something that happens. Figures choose among what there is.
#[derive(Clone, Debug)]
pub enum Event {
    /// Units come in.
    Received { ware: usize, units: u32 },
    /// Somebody puts something into the cart.
    PutInCart { shopper: usize, ware: usize, units: u32 },
    /// Somebody orders one thing.
    Ordered { shopper: usize, ware: usize, units: u32, card: Card },
    /// Somebody orders what is in the cart.
    CartOrdered { shopper: usize, card: Card },
    /// A pending order is paid with another card.
    PaidAgain { order: usize, card: Card },
    /// The customer cancels.
    Cancelled { order: usize },
    /// Some money goes back.
    Refunded { order: usize, minor: i64 },
    /// Some goods come back, with their money.
    BroughtBack { order: usize, units: u32 },
    /// It leaves the house.
    Shipped { order: usize },
    /// Time passes, and the shop looks after what waits.
    Later { minutes: u64 },
    /// The shop is closed and opened again.
    Reopened,
}

fn event() -> impl Strategy<Value = Event> {
    let (shopper, ware, units, order) = (0..2_usize, 0..2_usize, 1..4_u32, 0..32_usize);
    prop_oneof![
        1 => (ware.clone(), units.clone())
            .prop_map(|(ware, units)| Event::Received { ware, units }),
        4 => (shopper.clone(), ware.clone(), units.clone())
            .prop_map(|(shopper, ware, units)| Event::PutInCart { shopper, ware, units }),
        4 => (shopper.clone(), ware, units.clone(), card())
            .prop_map(|(shopper, ware, units, card)| Event::Ordered {
                shopper, ware, units, card
            }),
        4 => (shopper, card()).prop_map(|(shopper, card)| Event::CartOrdered { shopper, card }),
        2 => (order.clone(), card()).prop_map(|(order, card)| Event::PaidAgain { order, card }),
        3 => order.clone().prop_map(|order| Event::Cancelled { order }),
        2 => (order.clone(), 1..2000_i64)
            .prop_map(|(order, minor)| Event::Refunded { order, minor }),
        2 => (order.clone(), units)
            .prop_map(|(order, units)| Event::BroughtBack { order, units }),
        1 => order.prop_map(|order| Event::Shipped { order }),
        2 => (1..20_u64).prop_map(|minutes| Event::Later { minutes }),
        1 => Just(Event::Reopened),
    ]
}

fn card() -> impl Strategy<Value = Card> {
    prop_oneof![
        4 => Just(Card::Good),
        1 => Just(Card::Empty),
        1 => Just(Card::Silent),
        1 => Just(Card::SilentlyDeclined),
        1 => Just(Card::Slow),
        1 => Just(Card::Asking),
        1 => Just(Card::None),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 32,
        max_shrink_iters: 200,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn stock_money_and_carts_add_up_whatever_happens(events in vec(event(), 8..32)) {
        actix::System::new().block_on(async {
            let mut history = History::begun().await;
            for event in events {
                history.goes_on(event).await;
                history.must_add_up();
            }
            history.ends_well().await;
        });
    }
}
