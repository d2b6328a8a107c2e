//! Found: a shop whose state was made wrong on purpose, one rule after the other, and what
//! `bodega verify` says of it.
//!
//! The events are written past the rules, as a fault of the program would write them.

use std::{fs, path::Path, sync::Arc};

use bodega::{
    clock::Clock,
    domain::{
        aggregate::Aggregate,
        carts::{Cart, CartEvent},
        couriers::{Courier, CourierEvent},
        deliveries::{Delivery, DeliveryEvent, Note},
        demo_charge::{DemoAsk, DemoCharge, DemoChargeEvent, DemoRefund, DemoState, charge_id},
        ids::{
            CartId, CourierId, DeliveryId, HoldId, Identity, OrderId, RefundId, UserId, VariantId,
        },
        inventory::{Balance, Hold, HoldEvent, HoldFor, Ledger, LedgerEvent},
        money::Money,
        orders::{CancelReason, Order, OrderEvent, Placed},
        payments::{Capture, Payment, PaymentEvent},
        quantity::Quantity,
        time::{Stamp, Timestamp, Who},
        users::{User, UserEvent},
    },
    invariants,
    store::{
        Change, Commit, Kept, Made, RequestKey, Silent, Store, StoreOptions, registry, verify,
    },
};

use super::support::{files::copy, house::House};

#[test]
fn verify_finds_whatever_is_not_as_it_must_be() {
    let room = tempfile::tempdir().expect("a temporary directory");
    let sound = room.path().join("sound");
    let scene = actix::System::new().block_on(Scene::set(&sound));
    let dir = room.path().join("wrong");
    let mut silent = Vec::new();
    for (must_say, wrong) in WRONGS {
        copy(&sound, &dir);
        let (store, _) = Store::open(&dir, registry(), options(), &Silent).expect("it is sound");
        wrong(&Hand { store: &store, scene: &scene });
        store.close().expect("the disk takes it");
        let said = said_of(&dir);
        if !said.iter().any(|said| said.contains(must_say)) {
            silent.push(format!("`{must_say}` is not among {said:?}"));
        }
        fs::remove_dir_all(&dir).expect("our own directory");
    }
    assert!(silent.is_empty(), "\n{}", silent.join("\n"));
    assert_eq!(said_of(&sound), [""; 0]);
}

#[test]
fn an_order_that_was_paid_and_nobody_was_told_of_is_found() {
    let room = tempfile::tempdir().expect("a temporary directory");
    let sound = room.path().join("sound");
    let scene = actix::System::new().block_on(Scene::set(&sound));
    for is_told in [true, false] {
        let dir = room.path().join(format!("told {is_told}"));
        copy(&sound, &dir);
        let (store, _) = Store::open(&dir, registry(), options(), &Silent).expect("it is sound");
        let (hand, mail) = (Hand { store: &store, scene: &scene }, fresh::<CourierId>());
        let opened = CourierEvent::CourierOpened { name: "mail".to_owned(), from: 1 };
        hand.writes::<Courier>(mail, &[opened]);
        hand.tells(mail, "welcome/owner", format!("user/{}", scene.user));
        hand.pays_a_minute_later(&scene.waiting);
        if is_told {
            hand.tells(mail, CONFIRMATION, format!("order/{}", scene.waiting.id));
        }
        let other = hand.places(|placed| placed.number = 9_999);
        let other = store.reader().get::<Order>(other).expect("readable").state;
        hand.pays_a_minute_later(&other);
        hand.tells(mail, CONFIRMATION, format!("order/{}", other.id));
        store.close().expect("the disk takes it");
        let said = said_of(&dir);
        let found: Vec<_> = said.iter().filter(|said| said.contains("nobody was told")).collect();
        let place = format!("(order {} ({}))", scene.waiting.number, scene.waiting.id);
        let wanted = format!("letter: paid, and nobody was told {place}");
        let wanted = if is_told { vec![] } else { vec![&wanted] };
        assert_eq!(found, wanted);
    }
}

/// Everything `bodega verify` finds.
fn said_of(dir: &Path) -> Vec<String> {
    let report = verify(dir, &registry(), options(), &invariants::all(), &Silent);
    let findings = report.expect("the journal can be read").findings;
    findings.into_iter().map(|found| format!("{} ({})", found.what, found.place)).collect()
}

fn options() -> StoreOptions {
    StoreOptions { low_water_bytes: 1 << 20, segment_bytes: 1 << 20, ..StoreOptions::default() }
}

/// A sound shop: orders that were paid, cancelled, and wait.
struct Scene {
    paid: Arc<Order>,
    waiting: Arc<Order>,
    user: UserId,
    cart: CartId,
    others_cart: CartId,
}

impl Scene {
    async fn set(dir: &Path) -> Scene {
        let house = House::with(options()).await;
        let (ada, bob) = (house.shopper(0).await, house.shopper(1).await);
        let ware = house.ware("Tea", 20).await;
        let visa = Some("pm_card_visa");
        house.put_in_cart(ada, ware, 2).await.expect("on the shelf");
        house.put_in_cart(bob, ware, 1).await.expect("on the shelf");
        let paid = house.order_cart(ada, visa).await.expect("an order").order;
        let undone = house.order(bob, ware, 1, visa).await.expect("an order").order;
        house.cancel(bob, undone.id).await.expect("a cancel");
        let confirm = Some("pm_card_authenticationRequired");
        let waiting = house.order(ada, ware, 2, confirm).await.expect("an order").order;
        house.put_in_cart(ada, ware, 1).await.expect("on the shelf");
        let cart_of = |user: UserId| {
            let mut carts = house.shop.reader.all::<Cart>().map(|entry| entry.expect("readable"));
            carts.find(|(_, cart)| cart.state.owner == Some(user)).expect("a cart").0
        };
        let (cart, others_cart) = (cart_of(ada.user), cart_of(bob.user));
        let scene = Scene {
            paid: house.order_now(paid.id),
            waiting: house.order_now(waiting.id),
            user: ada.user,
            cart,
            others_cart,
        };
        copy(house.closed().path(), dir);
        scene
    }
}

/// Writes events into a shop, whatever its rules say.
struct Hand<'a> {
    store: &'a Store,
    scene: &'a Scene,
}

impl Hand<'_> {
    fn writes<A: Kept>(&self, id: A::Id, events: &[A::Event]) {
        self.writes_under::<A>(None, id, events);
    }

    fn writes_under<A: Kept>(&self, key: Option<RequestKey>, id: A::Id, events: &[A::Event]) {
        self.writes_at::<A>(self.store.now_floor(), key, id, events);
    }

    fn writes_at<A: Kept>(
        &self,
        at: Timestamp,
        key: Option<RequestKey>,
        id: A::Id,
        events: &[A::Event],
    ) {
        let stamp = Stamp { at, who: Who::Shop };
        let before = self.store.reader().get::<A>(id).expect("readable");
        let mut state = A::clone(&before.state);
        events.iter().for_each(|event| state.apply(event, &stamp));
        let change = Change::new(id, &before, Arc::new(state), events, &stamp);
        let epoch = self.store.epoch();
        let commit =
            Commit { epoch, after: None, stamp, key, forget_keys: vec![], changes: vec![change] };
        self.store.submit(commit).1.wait().expect("the disk takes it");
    }

    fn ledger(&self) -> (VariantId, Balance) {
        let variant = self.scene.paid.quote.lines[0].variant;
        let ledger = self.store.reader().get::<Ledger>(variant).expect("readable").state;
        (variant, ledger.balance())
    }

    /// Units of something are held for somebody, as far as the hold says.
    fn holds(&self, variant: VariantId, held_for: HoldFor) {
        let placed = HoldEvent::HoldPlaced {
            variant,
            quantity: units(1),
            held_for,
            expires_at: Some(Timestamp::from_millis(i64::MAX)),
        };
        self.writes::<Hold>(fresh(), &[placed]);
    }

    /// The hold of the waiting order.
    fn hold(&self) -> HoldId {
        HoldId::from_bytes(self.scene.waiting.quote.lines[0].id.bytes())
    }

    /// The whole of an order is paid, a minute after whatever happened last.
    fn pays_a_minute_later(&self, order: &Order) {
        let payment = order.payment.expect("each order names its payment");
        let paid = OrderEvent::OrderPaid { payment, captured: order.quote.total };
        self.writes_at::<Order>(self.store.now_floor().plus_minutes(1), None, order.id, &[paid]);
    }

    /// A courier has told somebody of something.
    fn tells(&self, courier: CourierId, what: &str, about: String) {
        let note = Note { courier, what: what.to_owned(), frame: 1, about, ..Note::default() };
        let told = [DeliveryEvent::DeliveryNoted(note), DeliveryEvent::DeliveryMade];
        self.writes::<Delivery>(fresh::<DeliveryId>(), &told);
    }

    /// Another order like the paid one, but for this change.
    fn places(&self, change: impl FnOnce(&mut Placed)) -> OrderId {
        let order = &self.scene.paid;
        let mut placed = Placed {
            id: fresh(),
            number: order.number,
            customer: order.customer.clone(),
            quote: order.quote.clone(),
            shipping_address_id: order.shipping_address_id,
            shipping_address: order.shipping_address.clone(),
            from_cart: None,
            payment: fresh(),
            method: order.method,
            charge: None,
            hold_until: order.hold_until,
            request: None,
        };
        change(&mut placed);
        let id = placed.id;
        self.writes::<Order>(id, &[OrderEvent::OrderPlaced(Box::new(placed))]);
        id
    }

    /// The gateway charges somebody for an order.
    fn charges(&self, order: OrderId) {
        let key = "a key of nobody";
        let asked = DemoAsk {
            key: key.to_owned(),
            order,
            payment: fresh(),
            amount: self.scene.paid.quote.total,
            token: "pm_card_visa".to_owned(),
            capture: Capture::Automatic,
        };
        let (asked, state) = (Box::new(asked), DemoState::Captured);
        let booked = DemoChargeEvent::ChargeBooked { asked, state, silent: false };
        self.writes::<DemoCharge>(charge_id(key), &[booked]);
    }

    fn total(&self) -> Money {
        self.scene.paid.quote.total
    }
}

/// What is written, and what must be said of it.
type Wrong = (&'static str, fn(&Hand<'_>));

const WRONGS: &[Wrong] = &[
    ("stock: 3 reserved, 2 held (SKU ", |hand| {
        let (variant, balance) = hand.ledger();
        let reserved = LedgerEvent::StockReserved {
            hold: fresh(),
            quantity: units(1),
            held_for: HoldFor::Manual { reference: None },
            expires_at: None,
            after: Balance { reserved: balance.reserved + 1, ..balance },
        };
        hand.writes::<Ledger>(variant, &[reserved]);
    }),
    ("(received 2) does not follow (SKU ", |hand| {
        let (variant, balance) = hand.ledger();
        let after = Balance { on_hand: balance.on_hand + 1, ..balance };
        let received = LedgerEvent::StockReceived { quantity: units(2), reason: None, after };
        hand.writes::<Ledger>(variant, &[received]);
    }),
    ("own invariant: on hand is received, less sold, plus returned, and adjusted", |hand| {
        let (variant, balance) = hand.ledger();
        let after = Balance { on_hand: balance.on_hand + 1, ..balance };
        let received = LedgerEvent::StockReceived { quantity: units(2), reason: None, after };
        hand.writes::<Ledger>(variant, &[received]);
    }),
    ("stock: a hold of an order that has ended (hold ", |hand| {
        hand.holds(hand.ledger().0, HoldFor::Order(hand.scene.paid.id));
    }),
    ("stock: other units are held than were ordered (hold ", |hand| {
        hand.holds(hand.ledger().0, HoldFor::Order(hand.scene.waiting.id));
    }),
    ("stock: 1 held of something that is not kept (variant ", |hand| {
        hand.holds(fresh(), HoldFor::Manual { reference: None });
    }),
    ("stock: held for an order without an end (hold ", |hand| {
        let endless = HoldEvent::HoldExtended { expires_at: None };
        hand.writes::<Hold>(hand.hold(), &[endless]);
    }),
    ("never left the shelf (order ", |hand| hand.pays_for_nothing()),
    ("money: paid, but nothing was captured (order ", |hand| hand.pays_for_nothing()),
    ("money: captured is not the total (order ", |hand| {
        let captured = PaymentEvent::PaymentCaptured {
            gateway_id: "somewhere".to_owned(),
            amount: hand.total().share(1, 2).expect("a half"),
            late: false,
        };
        let payment = hand.scene.waiting.payment.expect("each order names its payment");
        hand.writes::<Payment>(payment, &[captured]);
    }),
    ("money: order and payment say different sums (order ", |hand| {
        let captured = hand.total().share(1, 2).expect("a half");
        let refunded = Money::zero(captured.currency());
        let settled = OrderEvent::OrderSettled { captured, refunded };
        hand.writes::<Order>(hand.scene.paid.id, &[settled]);
    }),
    ("money: cancelled, but its money was kept (order ", |hand| {
        let reason = CancelReason::Customer;
        let cancelled =
            OrderEvent::OrderCancelled { reason, decline_code: None, shortages: vec![] };
        let refunded = Money::zero(hand.total().currency());
        let settled = OrderEvent::OrderSettled { captured: hand.total(), refunded };
        hand.writes::<Order>(hand.scene.paid.id, &[cancelled, settled]);
    }),
    ("money: captured for an order that is not there (payment ", |hand| {
        let (order, amount) = (fresh(), hand.total());
        hand.writes::<Payment>(fresh(), &[PaymentEvent::PaymentReceived { order, amount }]);
    }),
    ("books: charged for an order that is not there (order ", |hand| hand.charges(fresh())),
    ("books: charged more than once (order ", |hand| hand.charges(hand.scene.paid.id)),
    ("books: the gateway's books say something else (order ", |hand| {
        let reader = hand.store.reader();
        let mut charges = reader.all::<DemoCharge>().map(|entry| entry.expect("readable"));
        let of_paid = |(_, charge): &(_, bodega::store::Versioned<DemoCharge>)| {
            charge.state.asked.as_ref().is_some_and(|asked| asked.order == hand.scene.paid.id)
        };
        let (id, _) = charges.find(of_paid).expect("it was charged");
        let refund = fresh::<RefundId>();
        let refund = DemoRefund { refund, amount: hand.total(), refused: None };
        let back = DemoChargeEvent::ChargeRefunded { key: "a key of nobody".to_owned(), refund };
        hand.writes::<DemoCharge>(id, &[back]);
    }),
    ("order: its number was never given; the last one is ", |hand| {
        hand.places(|placed| placed.number = 9_999);
    }),
    ("own invariant: its row ", |hand| {
        hand.places(|_| {});
    }),
    ("order: it waits without an end (order ", |hand| {
        hand.places(|placed| placed.hold_until = Timestamp::default());
    }),
    ("order: its customer was never there (order ", |hand| {
        hand.places(|placed| placed.customer.user = Some(fresh()));
    }),
    ("order: its request had made order ", |hand| {
        for number in [9_998, 9_999] {
            hand.places(|placed| {
                placed.number = number;
                placed.request = Some([7; 32]);
            });
        }
    }),
    ("cart: claimed by an order that has ended (cart ", |hand| {
        hand.writes::<Cart>(hand.scene.cart, &[claimed_by(hand.scene.paid.id)]);
    }),
    ("cart: claimed by an order that was not made from it (cart ", |hand| {
        hand.writes::<Cart>(hand.scene.cart, &[claimed_by(hand.scene.waiting.id)]);
    }),
    ("cart: consumed by an order that was not made from it (cart ", |hand| {
        let order = hand.scene.paid.id;
        let consumed = CartEvent::CartConsumed { order };
        hand.writes::<Cart>(hand.scene.others_cart, &[claimed_by(order), consumed]);
    }),
    ("request: remembered as made, and never there (order ", |hand| {
        let made = Made { kind: Order::KIND.to_owned(), id: fresh::<OrderId>().to_string() };
        let key = RequestKey { scope: [1; 32], body: [2; 32], made: Some(made) };
        hand.writes_under::<Cart>(Some(key), hand.scene.cart, &[CartEvent::CartCleared {}]);
    }),
    ("own invariant: its row ", |hand| {
        let user = hand.store.reader().get::<User>(hand.scene.user).expect("readable").state;
        let id = fresh();
        let registration = bodega::domain::users::Registration {
            user: id,
            username: "somebody else".to_owned(),
            email: user.email.clone(),
            phone: None,
            password: user.password.clone(),
            role: user.role,
        };
        hand.writes::<User>(id, &[UserEvent::UserRegistered(registration)]);
    }),
];

impl Hand<'_> {
    /// The waiting order is paid, as far as the order says.
    fn pays_for_nothing(&self) {
        let order = &self.scene.waiting;
        let payment = order.payment.expect("each order names its payment");
        let paid = OrderEvent::OrderPaid { payment, captured: order.quote.total };
        self.writes::<Order>(order.id, &[paid]);
    }
}

fn claimed_by(order: OrderId) -> CartEvent {
    CartEvent::CartClaimed { order, version: 1, lines: std::collections::BTreeMap::new() }
}

fn units(units: u32) -> Quantity {
    Quantity::new(units).expect("at least one")
}

fn fresh<I: Identity>() -> I {
    Clock::of_machine(Timestamp::default()).new_id()
}

/// What the courier of letters calls the one about a paid order.
const CONFIRMATION: &str = "order_confirmation/customer";
