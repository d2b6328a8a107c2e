//! What comes in about orders: bodies and the parameters of the list.

use super::charge::ChargeBody;
use crate::{
    actors::purchases::WantedItem,
    domain::{
        carts::{LINE_UNITS_MAX, LINES_MAX},
        catalogue::CatalogueRefusal,
        ids::{AddressId, LineId, ProductId, VariantId},
        orders::{
            Order, OrderRefusal, OrderStatus, PaymentMethod, RefundWish, RefundedLine, Restock,
        },
        pricing::QuoteLine,
        quantity::{QUANTITY_UNITS_MAX, Quantity},
        time::Timestamp,
    },
    http::{
        cursor::Paging,
        fields::{
            Body, Digits, Fields, choice, id, list, moment, money, object, quantity, text,
            yes_or_no,
        },
        problem::Problem,
    },
};

/// What is bought, where it goes, and how it is paid.
pub(super) struct PlaceBody {
    pub(super) address: AddressId,
    pub(super) items: Option<Vec<WantedItem>>,
    pub(super) charge: Option<ChargeBody>,
    pub(super) method: PaymentMethod,
}

impl Body for PlaceBody {
    fn read(fields: &mut Fields<'_>) -> PlaceBody {
        let address = fields.required("shippingAddressId", id());
        let items = fields.optional("items", list(object::<ItemBody>(), 1, LINES_MAX));
        let charge: Option<ChargeBody> = fields.optional("charge", object());
        let named = fields.optional("paymentMethod", choice(METHODS));
        let pays_now = charge.as_ref().is_some_and(ChargeBody::has_means);
        if pays_now && named.is_some_and(PaymentMethod::is_by_hand) {
            fields.refuse("paymentMethod", "not_both", "a charge is paid by card");
        }
        let unnamed = if pays_now { PaymentMethod::Card } else { PaymentMethod::None };
        PlaceBody {
            address,
            items: items.map(|items| items.into_iter().map(|item| item.0).collect()),
            charge,
            method: named.unwrap_or(unnamed),
        }
    }
}

struct ItemBody(WantedItem);

impl Body for ItemBody {
    fn read(fields: &mut Fields<'_>) -> ItemBody {
        ItemBody(WantedItem {
            product: fields.required("productId", id()),
            variant: fields.optional("variantId", id()),
            quantity: fields.required("quantity", quantity(LINE_UNITS_MAX)),
        })
    }
}

/// With what an order is paid; nothing goes on with a payment that waits.
pub(super) struct PayBody {
    pub(super) charge: Option<ChargeBody>,
}

impl Body for PayBody {
    fn read(fields: &mut Fields<'_>) -> PayBody {
        PayBody { charge: fields.optional("charge", object()) }
    }
}

/// What an order is to become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Become {
    Paid,
    Shipped,
    Delivered,
    Cancelled,
}

/// A change of status by staff.
#[derive(Debug)]
pub(in crate::http) struct StatusBody {
    pub(in crate::http) to: Become,
    pub(in crate::http) tracking_number: Option<String>,
    pub(in crate::http) carrier: Option<String>,
    /// How to find again the money that came by hand or by bank.
    pub(in crate::http) reference: Option<String>,
}

impl Body for StatusBody {
    fn read(fields: &mut Fields<'_>) -> StatusBody {
        StatusBody {
            to: fields.required("status", choice(BECOME)),
            tracking_number: fields.optional("trackingNumber", text(1, PARCEL_LETTERS_MAX)),
            carrier: fields.optional("carrier", text(1, PARCEL_LETTERS_MAX)),
            reference: fields.optional("reference", text(1, REFERENCE_LETTERS_MAX)),
        }
    }
}

/// How to find again the money that staff gave back by hand or by bank.
pub(in crate::http) struct PayOutBody {
    pub(in crate::http) reference: Option<String>,
}

impl Body for PayOutBody {
    fn read(fields: &mut Fields<'_>) -> PayOutBody {
        PayOutBody { reference: fields.optional("reference", text(1, REFERENCE_LETTERS_MAX)) }
    }
}

/// What goes back; nothing said is all that is left.
pub(in crate::http) struct RefundBody {
    amount: Option<Digits>,
    items: Option<Vec<RefundItemBody>>,
    restock: bool,
    reason: Option<String>,
}

struct RefundItemBody {
    line: Option<LineId>,
    product: Option<ProductId>,
    variant: Option<VariantId>,
    quantity: Quantity,
}

impl Body for RefundBody {
    fn read(fields: &mut Fields<'_>) -> RefundBody {
        RefundBody {
            amount: fields.optional("amount", money()),
            items: fields.optional("items", list(object(), 1, LINES_MAX)),
            restock: fields.or("restock", yes_or_no(), false),
            reason: fields.optional("reason", text(1, REASON_LETTERS_MAX)),
        }
    }
}

impl Body for RefundItemBody {
    fn read(fields: &mut Fields<'_>) -> RefundItemBody {
        let item = RefundItemBody {
            line: fields.optional("id", id()),
            product: fields.optional("productId", id()),
            variant: fields.optional("variantId", id()),
            quantity: fields.required("quantity", quantity(QUANTITY_UNITS_MAX)),
        };
        match (item.line, item.product) {
            (None, None) => fields.refuse("id", "required", "name the line or its product"),
            (Some(_), Some(_)) => {
                fields.refuse("productId", "not_both", "name the line or its product");
            }
            (Some(_), None) | (None, Some(_)) => {}
        }
        item
    }
}

impl RefundBody {
    /// What is wished of this order.
    pub(in crate::http) fn into_wish(self, order: &Order) -> Result<RefundWish, Problem> {
        let amount = self.amount.map(|digits| digits.some_in(order.quote.currency));
        let items = self.items.unwrap_or_default();
        let lines: Result<_, Problem> = items.iter().map(|item| item.line_of(order)).collect();
        Ok(RefundWish {
            amount: amount.transpose()?,
            lines: lines?,
            restock: if self.restock { Restock::Yes } else { Restock::No },
            reason: self.reason,
        })
    }
}

impl RefundItemBody {
    /// The one line that is meant.
    fn line_of(&self, order: &Order) -> Result<RefundedLine, Problem> {
        let is_meant = |line: &&QuoteLine| match (self.line, self.product) {
            (Some(id), _) => line.id == id,
            (None, product) => {
                Some(line.product) == product
                    && self.variant.is_none_or(|variant| line.variant == variant)
            }
        };
        let mut meant = order.quote.lines.iter().filter(is_meant);
        match (meant.next(), meant.next()) {
            (Some(line), None) => Ok(RefundedLine { line: line.id, units: self.quantity.units() }),
            (Some(_), Some(_)) => Err(CatalogueRefusal::VariantRequired.into()),
            (None, _) => Err(OrderRefusal::UnknownLine.into()),
        }
    }
}

/// Which orders of all.
pub(in crate::http) struct AllQuery {
    pub(in crate::http) paging: Paging,
    pub(in crate::http) status: Option<OrderStatus>,
    /// Only what is to be shipped. For pages: the API has no name for it.
    pub(in crate::http) is_to_ship: bool,
    pub(in crate::http) dispute: Option<Disputed>,
    pub(in crate::http) from: Option<Timestamp>,
    pub(in crate::http) to: Option<Timestamp>,
    pub(in crate::http) q: Option<String>,
}

impl Body for AllQuery {
    fn read(fields: &mut Fields<'_>) -> AllQuery {
        AllQuery {
            paging: Paging::read(fields),
            status: fields.optional("status", choice(STATUSES)),
            is_to_ship: false,
            dispute: fields.optional("dispute", choice(DISPUTED)),
            from: fields.optional("from", moment()),
            to: fields.optional("to", moment()),
            q: fields.optional("q", text(1, SOUGHT_LETTERS_MAX)),
        }
    }
}

/// Which disputed orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Disputed {
    /// Those with a dispute that is not decided yet.
    Open,
    /// Those that were ever disputed.
    Ever,
}

impl Disputed {
    pub(in crate::http) fn is_met_by(self, order: &Order) -> bool {
        match self {
            Disputed::Open => order.disputes.values().any(|dispute| dispute.state.is_open()),
            Disputed::Ever => !order.disputes.is_empty(),
        }
    }
}

const DISPUTED: &[(&str, Disputed)] = &[("open", Disputed::Open), ("any", Disputed::Ever)];
const METHODS: &[(&str, PaymentMethod)] = &[
    ("card", PaymentMethod::Card),
    ("cash_on_delivery", PaymentMethod::CashOnDelivery),
    ("bank_transfer", PaymentMethod::BankTransfer),
];
const BECOME: &[(&str, Become)] = &[
    ("PAID", Become::Paid),
    ("SHIPPED", Become::Shipped),
    ("DELIVERED", Become::Delivered),
    ("CANCELLED", Become::Cancelled),
];
const STATUSES: &[(&str, OrderStatus)] = &[
    ("PENDING", OrderStatus::Pending),
    ("PAID", OrderStatus::Paid),
    ("SHIPPED", OrderStatus::Shipped),
    ("DELIVERED", OrderStatus::Delivered),
    ("CANCELLED", OrderStatus::Cancelled),
];
const PARCEL_LETTERS_MAX: usize = 100;
const REFERENCE_LETTERS_MAX: usize = 140;
const REASON_LETTERS_MAX: usize = 200;
const SOUGHT_LETTERS_MAX: usize = 254;
