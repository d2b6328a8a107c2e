//! Contracts: every event that was ever written can still be read.
//!
//! `tests/contracts/events` holds one example a kind, event and version, as it lies in journals.
//! Files are only ever added: a change of an event's form is a new version beside the old one.

use std::{collections::BTreeMap, fmt::Debug, fs, path::PathBuf};

use bodega::domain::{
    aggregate::Aggregate,
    api_keys::{ApiKey, ApiKeyEvent},
    carts::{Cart, CartEvent},
    catalogue::{Category, CategoryEvent, Product, ProductEvent},
    couriers::{Courier, CourierEvent},
    deliveries::{Delivery, DeliveryEvent},
    demo_charge::{DemoCharge, DemoChargeEvent},
    ids::UserId,
    inventory::{Hold, HoldEvent, Ledger, LedgerEvent},
    news::{News, NewsEvent},
    order_book::{OrderBook, OrderBookEvent},
    orders::{Order, OrderEvent},
    payments::{Payment, PaymentEvent},
    reconciliation::{Reconciliation, ReconciliationEvent},
    settings::{Shop, ShopEvent},
    time::{Stamp, Timestamp, Who},
    users::{User, UserEvent},
    webhook_endpoints::{EndpointEvent, WebhookEndpoint},
};
use serde_json::Value;

/// The names of all variants of an event, and which of them one is. The match knows every variant:
/// a new one does not compile before it is named here, and then wants its example.
macro_rules! events {
    ($($event:ident of $aggregate:ty { $($variant:ident = $name:literal),+ $(,)? })+) => {
        $(impl Told for $aggregate {
            const NAMES: &'static [&'static str] = &[$($name),+];

            fn name(event: &$event) -> &'static str {
                match event { $($event::$variant { .. } => $name),+ }
            }
        })+

        fn all_kinds() -> Vec<Kind> {
            vec![$(Kind::of::<$aggregate>()),+]
        }
    };
}

events! {
    UserEvent of User {
        UserRegistered = "user_registered",
        SessionOpened = "session_opened",
        SessionRefreshed = "session_refreshed",
        SessionClosed = "session_closed",
        SessionsClosed = "sessions_closed",
        PasswordChanged = "password_changed",
        ResetRequested = "reset_requested",
        PasswordReset = "password_reset",
        ProfileChanged = "profile_changed",
        RoleChanged = "role_changed",
        AddressAdded = "address_added",
        AddressChanged = "address_changed",
        AddressMadeDefault = "address_made_default",
        AddressRemoved = "address_removed",
        ExpiredForgotten = "expired_forgotten",
        UserErased = "user_erased",
    }
    ProductEvent of Product {
        ProductAdded = "product_added",
        ProductRenamed = "product_renamed",
        ProductRepriced = "product_repriced",
        ProductDescribed = "product_described",
        ProductRecategorised = "product_recategorised",
        ProductPictured = "product_pictured",
        VariantsChanged = "variants_changed",
        ProductActivated = "product_activated",
        ProductDeactivated = "product_deactivated",
        ProductRemoved = "product_removed",
    }
    CategoryEvent of Category {
        CategoryAdded = "category_added",
        CategoryChanged = "category_changed",
        CategoryMoved = "category_moved",
        CategoryRemoved = "category_removed",
    }
    LedgerEvent of Ledger {
        LedgerOpened = "ledger_opened",
        StartingStockSet = "starting_stock_set",
        StockReceived = "stock_received",
        StockWithdrawn = "stock_withdrawn",
        StockCounted = "stock_counted",
        StockReserved = "stock_reserved",
        StockReleased = "stock_released",
        StockCommitted = "stock_committed",
        StockReturned = "stock_returned",
        StockRanLow = "stock_ran_low",
        SkuChanged = "sku_changed",
        LedgerSettingsChanged = "ledger_settings_changed",
        LedgerClosed = "ledger_closed",
    }
    HoldEvent of Hold {
        HoldPlaced = "hold_placed",
        HoldBarred = "hold_barred",
        HoldExtended = "hold_extended",
        HoldCommitted = "hold_committed",
        HoldReleased = "hold_released",
        HoldReturned = "hold_returned",
        HoldForgotten = "hold_forgotten",
    }
    CartEvent of Cart {
        CartOpened = "cart_opened",
        LineAdded = "line_added",
        LineChanged = "line_changed",
        LineRemoved = "line_removed",
        CartCleared = "cart_cleared",
        CartClaimed = "cart_claimed",
        CartReleased = "cart_released",
        CartConsumed = "cart_consumed",
        CartAbandoned = "cart_abandoned",
    }
    OrderEvent of Order {
        OrderPlaced = "order_placed",
        PaymentChosen = "payment_chosen",
        PaymentAwaited = "payment_awaited",
        OrderAuthorised = "order_authorised",
        OrderPaid = "order_paid",
        OrderCancelled = "order_cancelled",
        OrderSettled = "order_settled",
        OrderShipped = "order_shipped",
        OrderDelivered = "order_delivered",
        RefundDecided = "refund_decided",
        OrderRefunded = "order_refunded",
        RefundRefused = "refund_refused",
        ChargeDeclined = "charge_declined",
        ReceiptNoted = "receipt_noted",
        ReceiptReturned = "receipt_returned",
        RefundRevived = "refund_revived",
        ReturnFailed = "return_failed",
        DisputeNoted = "dispute_noted",
        CustomerErased = "customer_erased",
        ReturnsEnded = "returns_ended",
        OrderFiled = "order_filed",
    }
    OrderBookEvent of OrderBook {
        NumberGiven = "number_given",
    }
    PaymentEvent of Payment {
        AttemptBegun = "attempt_begun",
        ChargeNamed = "charge_named",
        ActionNeeded = "action_needed",
        PaymentDelayed = "payment_delayed",
        PaymentAuthorised = "payment_authorised",
        CaptureBegun = "capture_begun",
        PaymentCaptured = "payment_captured",
        PaymentReceived = "payment_received",
        PaymentDeclined = "payment_declined",
        VoidBegun = "void_begun",
        PaymentVoided = "payment_voided",
        RefundBegun = "refund_begun",
        RefundSucceeded = "refund_succeeded",
        RefundFailed = "refund_failed",
        RefundPaidOut = "refund_paid_out",
        DisputeRecorded = "dispute_recorded",
    }
    ApiKeyEvent of ApiKey {
        KeyMade = "key_made",
        KeyUsed = "key_used",
        KeyRevoked = "key_revoked",
    }
    ShopEvent of Shop {
        ShopOpened = "shop_opened",
        ShopRenamed = "shop_renamed",
        ShopMoved = "shop_moved",
        TaxRateChanged = "tax_rate_changed",
        ShippingChanged = "shipping_changed",
        CurrencyChanged = "currency_changed",
        SynonymsChanged = "synonyms_changed",
        LowStockThresholdChanged = "low_stock_threshold_changed",
    }
    CourierEvent of Courier {
        CourierOpened = "courier_opened",
        DeliveriesRecorded = "deliveries_recorded",
        CourierPaused = "courier_paused",
        CourierResumed = "courier_resumed",
        CourierClosed = "courier_closed",
    }
    DeliveryEvent of Delivery {
        DeliveryNoted = "delivery_noted",
        DeliveryMade = "delivery_made",
        DeliveryFailed = "delivery_failed",
        DeliveryGivenUp = "delivery_given_up",
        DeliveryAskedAgain = "delivery_asked_again",
        DeliveryForgotten = "delivery_forgotten",
        DeliveryAnswered = "delivery_answered",
    }
    EndpointEvent of WebhookEndpoint {
        EndpointAdded = "endpoint_added",
        EndpointChanged = "endpoint_changed",
        EndpointDisabled = "endpoint_disabled",
        EndpointEnabled = "endpoint_enabled",
        EndpointFailing = "endpoint_failing",
        EndpointRecovered = "endpoint_recovered",
        SecretRotated = "secret_rotated",
        ReplayAsked = "replay_asked",
        ReplayEnded = "replay_ended",
        EndpointRemoved = "endpoint_removed",
    }
    DemoChargeEvent of DemoCharge {
        ChargeBooked = "charge_booked",
        AnswerFound = "answer_found",
        ChargeLookedAt = "charge_looked_at",
        ChargeMoved = "charge_moved",
        ChargeCaptured = "charge_captured",
        ChargeRefunded = "charge_refunded",
    }
    NewsEvent of News {
        NewsHeard = "news_heard",
        NewsApplied = "news_applied",
        NewsForgotten = "news_forgotten",
    }
    ReconciliationEvent of Reconciliation {
        BooksCompared = "books_compared",
    }
}

/// An aggregate whose events are all named.
trait Told: Aggregate {
    const NAMES: &'static [&'static str];
    fn name(event: &Self::Event) -> &'static str;
}

/// What is asked of a kind's examples.
struct Kind {
    name: &'static str,
    events: &'static [&'static str],
    read_and_written: fn(&str) -> Result<(&'static str, Value), String>,
    ends_whatever_it_was: fn(&[String]) -> Vec<String>,
}

impl Kind {
    fn of<A: Told>() -> Kind {
        Kind {
            name: A::KIND,
            events: A::NAMES,
            read_and_written: read_and_written::<A>,
            ends_whatever_it_was: ends_whatever_it_was::<A>,
        }
    }
}

/// The events that leave nothing of a thing, if each of them does so behind any two others: a
/// replay may meet the end of one life when the state holds some of the next.
fn ends_whatever_it_was<A: Told>(examples: &[String]) -> Vec<String> {
    let stamp = Stamp { at: Timestamp::from_millis(1), who: Who::Customer(UserId::default()) };
    let read = |example: &String| serde_json::from_str(example).expect("an example is an event");
    let events: Vec<A::Event> = examples.iter().map(read).collect();
    let is_gone_after = |events: &[&A::Event]| {
        let mut state = A::default();
        events.iter().for_each(|event| state.apply(event, &stamp));
        state.is_gone()
    };
    let ends: Vec<&A::Event> = events.iter().filter(|event| is_gone_after(&[event])).collect();
    for end in &ends {
        let others = || events.iter().filter(|event| !ends.contains(event));
        for (one, other) in others().flat_map(|one| others().map(move |other| (one, other))) {
            assert!(is_gone_after(&[one, other, end]), "{one:?}, {other:?}, {end:?}");
            assert!(!is_gone_after(&[one, other]), "{one:?}, {other:?}");
        }
    }
    ends.into_iter().map(|end| A::name(end).to_owned()).collect()
}

/// Reads an example, takes it into a fresh state, and writes it again; which event it was.
fn read_and_written<A: Told>(example: &str) -> Result<(&'static str, Value), String> {
    let event: A::Event = serde_json::from_str(example).map_err(said)?;
    let stamp = Stamp { at: Timestamp::from_millis(1), who: Who::Customer(UserId::default()) };
    let mut state = A::default();
    state.apply(&event, &stamp);
    let written = serde_json::to_string(&state).map_err(said)?;
    let again: A = serde_json::from_str(&written).map_err(said)?;
    if again != state {
        return Err(format!("{again:?} is not {state:?}"));
    }
    Ok((A::name(&event), serde_json::to_value(&event).map_err(said)?))
}

#[test]
fn every_event_that_was_ever_written_can_be_read() {
    let mut examples = examples();
    let mut broken = Vec::new();
    for kind in all_kinds() {
        for event in kind.events {
            let name = format!("{}.{event}", kind.name);
            let Some(versions) = examples.remove(&name) else {
                broken.push(format!("{name}: has no example"));
                continue;
            };
            let newest = versions.keys().next_back().copied();
            for (version, example) in versions {
                let must_be: Value = serde_json::from_str(&example).expect("an example is JSON");
                match (kind.read_and_written)(&example) {
                    Err(why) => broken.push(format!("{name} v{version}: cannot be read: {why}")),
                    Ok((read, _)) if read != *event => {
                        broken.push(format!("{name} v{version}: was read as {read}"));
                    }
                    Ok((_, written)) if Some(version) == newest && written != must_be => {
                        broken.push(format!("{name} v{version}: is written now as {written}"));
                    }
                    Ok(_) => {}
                }
            }
        }
    }
    broken.extend(examples.into_keys().map(|name| format!("{name}: there is no such event")));
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn what_ends_a_thing_ends_it_whatever_it_was_and_in_whichever_life() {
    let examples = examples();
    let mut ends = Vec::new();
    for kind in all_kinds() {
        let of_kind = examples
            .iter()
            .filter(|(name, _)| name.split_once('.').is_some_and(|(of, _)| of == kind.name));
        let of_kind: Vec<String> =
            of_kind.flat_map(|(_, versions)| versions.values().cloned()).collect();
        ends.extend((kind.ends_whatever_it_was)(&of_kind));
    }
    ends.sort();
    assert_eq!(ends, ["cart_abandoned", "delivery_forgotten", "hold_forgotten", "news_forgotten"]);
}

#[test]
fn every_kind_that_is_kept_has_its_events_told_here() {
    let registry = fs::read_to_string(root().join("src/store/kinds/shop.rs")).expect("readable");
    let kept = registry.matches(".with::<").count();
    assert_eq!(kept, all_kinds().len());
}

/// The examples by kind and event, each with its versions.
fn examples() -> BTreeMap<String, BTreeMap<u32, String>> {
    let mut examples: BTreeMap<String, BTreeMap<u32, String>> = BTreeMap::new();
    let folder = root().join("tests/contracts/events");
    for entry in fs::read_dir(folder).expect("the folder of examples") {
        let path = entry.expect("readable").path();
        let name = path.file_name().and_then(|name| name.to_str()).expect("a plain name");
        let parts: Vec<&str> = name.split('.').collect();
        let [kind, event, version, "json"] = parts[..] else {
            panic!("{name} is not `<kind>.<event>.v<n>.json`");
        };
        let version = version.strip_prefix('v').and_then(|version| version.parse().ok());
        let text = fs::read_to_string(&path).expect("readable");
        let versions = examples.entry(format!("{kind}.{event}")).or_default();
        versions.insert(version.expect("a version is a number"), text);
    }
    examples
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn said(fault: impl Debug) -> String {
    format!("{fault:?}")
}
