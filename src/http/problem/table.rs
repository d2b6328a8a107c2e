//! The table: which status each refusal of the rules has.
//!
//! A refusal knows its code and its words; only this page knows its status. What is not a
//! refusal ends as 503 (try again) or 500 (opaque, logged).

use actix_web::http::StatusCode;

use super::Problem;
use crate::{
    actors::Rejection,
    domain::{
        api_keys::ApiKeyRefusal, carts::CartRefusal, catalogue::CatalogueRefusal,
        couriers::CourierRefusal, inventory::StockRefusal, orders::OrderRefusal,
        payments::PaymentRefusal, refusal::Refusal, settings::SettingsRefusal, users::UserRefusal,
        webhook_endpoints::EndpointRefusal,
    },
    http::{problem::TOO_SLOW, views::Amount},
    store::StoreFault,
};

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Problem {
        match rejection {
            Rejection::Refused(refusal) => Problem::from(refusal),
            Rejection::Busy => Problem::busy("the shop is busy; please try again"),
            Rejection::Late => Problem::busy(TOO_SLOW),
            Rejection::Unwritable => Problem::unwritable(),
            Rejection::GatewayDown { retry_seconds } => Problem::gateway_down(retry_seconds),
            Rejection::Fault => Problem::interrupted(),
        }
    }
}

impl From<StoreFault> for Problem {
    fn from(fault: StoreFault) -> Problem {
        Problem::from(Rejection::from(fault))
    }
}

impl<R: Into<Refusal>> From<R> for Problem {
    fn from(refusal: R) -> Problem {
        let refusal = refusal.into();
        let (status, code, words) = (status_of(&refusal), refusal.code(), refusal.to_string());
        if status == StatusCode::NOT_FOUND {
            // Somebody else's thing and a missing one are told apart by nobody.
            return Problem::not_found();
        }
        if status == StatusCode::PRECONDITION_FAILED {
            return Problem::precondition_failed();
        }
        if status == StatusCode::UNAUTHORIZED {
            return Problem::unauthenticated(code, words_of_unauthenticated(&refusal));
        }
        helped(Problem::refusal(status, code, words), &refusal)
    }
}

fn status_of(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::User(refusal) => of_user(refusal),
        Refusal::Catalogue(refusal) => of_catalogue(refusal),
        Refusal::Stock(refusal) => of_stock(refusal),
        Refusal::Cart(refusal) => of_cart(refusal),
        Refusal::Order(refusal) => of_order(refusal),
        Refusal::Payment(refusal) => of_payment(refusal),
        Refusal::Settings(refusal) => of_settings(refusal),
        Refusal::Courier(refusal) => of_courier(*refusal),
        Refusal::ApiKey(refusal) => of_api_key(refusal),
        Refusal::Endpoint(refusal) => of_endpoint(*refusal),
        Refusal::ChangedMeanwhile => StatusCode::PRECONDITION_FAILED,
        Refusal::Money(_) => StatusCode::BAD_REQUEST,
    }
}

fn of_api_key(refusal: &ApiKeyRefusal) -> StatusCode {
    match refusal {
        ApiKeyRefusal::UnknownKey => StatusCode::NOT_FOUND,
        ApiKeyRefusal::NoScope => StatusCode::BAD_REQUEST,
        ApiKeyRefusal::AlreadyMade | ApiKeyRefusal::TooManyKeys => StatusCode::CONFLICT,
    }
}

fn of_endpoint(refusal: EndpointRefusal) -> StatusCode {
    match refusal {
        EndpointRefusal::UnknownEndpoint => StatusCode::NOT_FOUND,
        EndpointRefusal::NoTypes | EndpointRefusal::NothingToReplay => StatusCode::BAD_REQUEST,
        EndpointRefusal::AlreadyAdded
        | EndpointRefusal::TooManyEndpoints
        | EndpointRefusal::ReplayUnderWay => StatusCode::CONFLICT,
    }
}

fn of_user(refusal: &UserRefusal) -> StatusCode {
    match refusal {
        UserRefusal::InvalidCredentials
        | UserRefusal::WrongPassword
        | UserRefusal::RefreshTokenReused
        | UserRefusal::SessionEnded => StatusCode::UNAUTHORIZED,
        UserRefusal::UnknownUser | UserRefusal::UnknownSession | UserRefusal::UnknownAddress => {
            StatusCode::NOT_FOUND
        }
        UserRefusal::InvalidResetToken | UserRefusal::SamePassword => StatusCode::BAD_REQUEST,
        UserRefusal::RoleNotAllowed => StatusCode::FORBIDDEN,
        UserRefusal::EmailTaken
        | UserRefusal::UsernameTaken
        | UserRefusal::AlreadyRegistered
        | UserRefusal::AddressExists
        | UserRefusal::LastAdmin
        | UserRefusal::OpenOrders
        | UserRefusal::TooManyAddresses => StatusCode::CONFLICT,
    }
}

fn of_courier(refusal: CourierRefusal) -> StatusCode {
    match refusal {
        CourierRefusal::UnknownCourier | CourierRefusal::UnknownDelivery => StatusCode::NOT_FOUND,
        CourierRefusal::OpenedOtherwise
        | CourierRefusal::CourierClosed
        | CourierRefusal::NotedOtherwise => StatusCode::CONFLICT,
    }
}

fn of_catalogue(refusal: &CatalogueRefusal) -> StatusCode {
    match refusal {
        CatalogueRefusal::UnknownProduct
        | CatalogueRefusal::UnknownVariant
        | CatalogueRefusal::UnknownCategory => StatusCode::NOT_FOUND,
        CatalogueRefusal::AlreadyAdded
        | CatalogueRefusal::NameTaken
        | CatalogueRefusal::SkuTaken
        | CatalogueRefusal::CategoryNameTaken
        | CatalogueRefusal::CategoryInUse
        | CatalogueRefusal::CategoryHasSubcategories
        | CatalogueRefusal::CategoryCycle
        | CatalogueRefusal::CategoryTooDeep
        | CatalogueRefusal::CategoryLimitReached
        | CatalogueRefusal::ProductInactive => StatusCode::CONFLICT,
        CatalogueRefusal::VariantRequired
        | CatalogueRefusal::CurrencyMismatch
        | CatalogueRefusal::NegativePrice
        | CatalogueRefusal::InvalidVariants(_)
        | CatalogueRefusal::TooManyImages
        | CatalogueRefusal::TooManyCategories => StatusCode::BAD_REQUEST,
    }
}

fn of_stock(refusal: &StockRefusal) -> StatusCode {
    match refusal {
        StockRefusal::UnknownLedger => StatusCode::NOT_FOUND,
        StockRefusal::TooMuchStock => StatusCode::BAD_REQUEST,
        StockRefusal::InsufficientStock { .. }
        | StockRefusal::AlreadyCounted
        | StockRefusal::AlreadyOpened
        | StockRefusal::BelowReserved { .. }
        | StockRefusal::HoldEnded
        | StockRefusal::ReservedOtherwise
        | StockRefusal::NothingReserved
        | StockRefusal::LessReserved { .. }
        | StockRefusal::MoreThanSold { .. }
        | StockRefusal::InactiveLedger => StatusCode::CONFLICT,
    }
}

fn of_cart(refusal: &CartRefusal) -> StatusCode {
    match refusal {
        CartRefusal::UnknownCart | CartRefusal::NotInCart => StatusCode::NOT_FOUND,
        CartRefusal::Empty => StatusCode::BAD_REQUEST,
        CartRefusal::TooManyLines
        | CartRefusal::TooManyUnits
        | CartRefusal::InsufficientStock { .. }
        | CartRefusal::InCheckout { .. }
        | CartRefusal::Changed
        | CartRefusal::NotClaimed => StatusCode::CONFLICT,
    }
}

fn of_order(refusal: &OrderRefusal) -> StatusCode {
    match refusal {
        OrderRefusal::UnknownOrder
        | OrderRefusal::UnknownAddress
        | OrderRefusal::UnknownLine
        | OrderRefusal::UnknownRefund => StatusCode::NOT_FOUND,
        OrderRefusal::EmptyOrder
        | OrderRefusal::TooManyLines
        | OrderRefusal::RestockWithoutItems
        | OrderRefusal::Money(_) => StatusCode::BAD_REQUEST,
        OrderRefusal::IllegalTransition { .. }
        | OrderRefusal::PlacedOtherwise
        | OrderRefusal::AmountMismatch { .. }
        | OrderRefusal::NotPending
        | OrderRefusal::OtherPayment
        | OrderRefusal::TooManyAttempts
        | OrderRefusal::NothingToRefund
        | OrderRefusal::OverRefund { .. }
        | OrderRefusal::TooManyUnits { .. }
        | OrderRefusal::RefundedOtherwise
        | OrderRefusal::RefundedAlready
        | OrderRefusal::NothingToShip
        | OrderRefusal::BelowMinimum { .. }
        | OrderRefusal::TooManyRefunds
        | OrderRefusal::ReturnsEnded
        | OrderRefusal::TooManyDisputes => StatusCode::CONFLICT,
    }
}

fn of_payment(refusal: &PaymentRefusal) -> StatusCode {
    match refusal {
        PaymentRefusal::UnknownMethod
        | PaymentRefusal::MethodNotOffered { .. }
        | PaymentRefusal::Money(_) => StatusCode::BAD_REQUEST,
        PaymentRefusal::TooManyDeclines { .. } => StatusCode::TOO_MANY_REQUESTS,
        PaymentRefusal::UnknownPayment | PaymentRefusal::UnknownRefund => StatusCode::NOT_FOUND,
        PaymentRefusal::PaymentInProgress
        | PaymentRefusal::AlreadyPaid
        | PaymentRefusal::AttemptedOtherwise
        | PaymentRefusal::TooManyAttempts
        | PaymentRefusal::AmountMismatch { .. }
        | PaymentRefusal::CapturedTwice
        | PaymentRefusal::NotAuthorised
        | PaymentRefusal::NothingCaptured
        | PaymentRefusal::OverRefund { .. }
        | PaymentRefusal::RefundInDoubt
        | PaymentRefusal::RefundedAlready
        | PaymentRefusal::RefundedOtherwise
        | PaymentRefusal::TooManyRefunds
        | PaymentRefusal::TooManyDisputes => StatusCode::CONFLICT,
    }
}

fn of_settings(refusal: &SettingsRefusal) -> StatusCode {
    match refusal {
        SettingsRefusal::NegativeShipping | SettingsRefusal::InvalidSynonyms => {
            StatusCode::BAD_REQUEST
        }
        SettingsRefusal::NotOpen
        | SettingsRefusal::AlreadyOpen
        | SettingsRefusal::CurrencyInUse
        | SettingsRefusal::CurrencyMismatch
        | SettingsRefusal::PublicUrlConfigured => StatusCode::CONFLICT,
    }
}

/// Adds what helps the client on.
fn helped(problem: Problem, refusal: &Refusal) -> Problem {
    let amount = |money| serde_json::to_value(Amount(money)).unwrap_or_default();
    match refusal {
        Refusal::Stock(StockRefusal::InsufficientStock { available, .. })
        | Refusal::Cart(CartRefusal::InsufficientStock { available, .. }) => {
            problem.with("available", *available)
        }
        Refusal::Stock(StockRefusal::BelowReserved { reserved }) => {
            problem.with("reserved", *reserved)
        }
        Refusal::Cart(CartRefusal::InCheckout { order }) => {
            problem.with("orderId", order.to_string())
        }
        Refusal::Order(OrderRefusal::AmountMismatch { expected, given })
        | Refusal::Payment(PaymentRefusal::AmountMismatch { expected, given }) => problem
            .with("expected", expected.minor())
            .with("given", given.minor())
            .with("currency", expected.currency().code()),
        Refusal::Order(OrderRefusal::OverRefund { left })
        | Refusal::Payment(PaymentRefusal::OverRefund { left }) => {
            problem.with("left", amount(*left))
        }
        Refusal::Payment(PaymentRefusal::TooManyDeclines { wait_seconds }) => {
            problem.retry_after(*wait_seconds)
        }
        Refusal::Order(OrderRefusal::BelowMinimum { minimum }) => {
            problem.with("minimum", amount(*minimum))
        }
        Refusal::Order(OrderRefusal::IllegalTransition { from, to }) => {
            problem.with("from", from.name()).with("to", to.name())
        }
        Refusal::ApiKey(_)
        | Refusal::Endpoint(_)
        | Refusal::User(_)
        | Refusal::Catalogue(_)
        | Refusal::Stock(_)
        | Refusal::Cart(_)
        | Refusal::Order(_)
        | Refusal::Payment(_)
        | Refusal::Settings(_)
        | Refusal::Courier(_)
        | Refusal::ChangedMeanwhile
        | Refusal::Money(_) => problem,
    }
}

fn words_of_unauthenticated(refusal: &Refusal) -> &'static str {
    let is = |user: UserRefusal| *refusal == Refusal::User(user);
    if is(UserRefusal::InvalidCredentials) {
        "email or password is wrong"
    } else if is(UserRefusal::WrongPassword) {
        "the password is wrong"
    } else if is(UserRefusal::RefreshTokenReused) {
        "this sign-in was used twice and has been ended"
    } else {
        "this sign-in has ended; sign in again"
    }
}
