//! Occasions: which letters are due because of what happened, and to whom.
//!
//! A letter is named by its kind and its reader: `order_confirmation/customer`,
//! `staff_low_stock/<user>`. Invariant: one event names each letter once, and every paid order
//! has its confirmation. What nobody gets a letter for is told apart by its name alone.

use std::sync::Arc;

use crate::{
    domain::{
        aggregate::Aggregate,
        couriers::Courier,
        deliveries::Delivery,
        ids::{CourierId, DeliveryId, HoldId, Identity, OrderId, UserId},
        inventory::{Hold, HoldEvent, HoldFor, Ledger},
        orders::{Awaited, CancelReason, Order, OrderEvent, OrderStatus, TimelineKind},
        payments::DisputeState,
        time::Timestamp,
        users::{Role, User, UserEvent},
        webhook_endpoints::{Disabling, EndpointEvent, WebhookEndpoint},
    },
    store::{Order as Sorted, StoreFault, keys},
    subscribers::{happened::Happened, webhooks::endpoint_told_by},
};

use super::{
    facts::{Clerk, NoDraft},
    templates::Template,
};

/// The kinds of aggregate about which letters are written.
pub fn is_told(kind: &str) -> bool {
    let kinds = [User::KIND, Order::KIND, Hold::KIND, Ledger::KIND, Delivery::KIND];
    kinds.contains(&kind) || kind == WebhookEndpoint::KIND
}

impl Clerk {
    /// The letters that are due because of an event.
    ///
    /// # Errors
    /// The store.
    pub fn letters_about(&self, event: &Happened) -> Result<Vec<String>, StoreFault> {
        match (event.kind.as_str(), name_of(event.json.get())) {
            (User::KIND, name) if ABOUT_USERS.contains(&name) => Ok(self.about_user(event)),
            (Order::KIND, name) if ABOUT_ORDERS.contains(&name) => self.about_purchase(event),
            (Hold::KIND, "hold_placed") => self.about_hold(event),
            (Ledger::KIND, "stock_ran_low") => self.to_staff(Template::StaffLowStock, |_| true),
            (Delivery::KIND, "delivery_given_up") => self.about_dead_letter(event),
            (WebhookEndpoint::KIND, "endpoint_disabled") => self.about_endpoint(event),
            _ => Ok(Vec::new()),
        }
    }

    fn about_user(&self, event: &Happened) -> Vec<String> {
        let Some((_, happened)) = event.read::<User>() else { return Vec::new() };
        match to_owner(&happened) {
            Some(Template::EmailChanged) => {
                let name = Template::EmailChanged.name();
                vec![format!("{name}/old"), format!("{name}/new")]
            }
            Some(template) => vec![format!("{}/owner", template.name())],
            None => Vec::new(),
        }
    }

    fn about_purchase(&self, event: &Happened) -> Result<Vec<String>, StoreFault> {
        let Some((id, happened)) = event.read::<Order>() else { return Ok(Vec::new()) };
        let mut letters = Vec::new();
        letters.extend(to_customer(&happened).map(for_customer));
        if matches!(happened, OrderEvent::OrderSettled { .. })
            && self.is_paid_by_settling(id, event.stamp.at)?
        {
            letters.push(for_customer(Template::OrderConfirmation));
        }
        let is_paid = matches!(happened, OrderEvent::OrderPaid { .. });
        let is_set_aside = matches!(happened, OrderEvent::OrderAuthorised { .. });
        if is_set_aside || (is_paid && !self.is_known_to_admins(id)?) {
            letters.extend(self.to_admins_of_new_order()?);
        }
        if let OrderEvent::DisputeNoted(news) = &happened
            && news.known.state != DisputeState::UnderReview
        {
            letters.extend(self.to_staff(Template::StaffDispute, is_admin)?);
        }
        Ok(letters)
    }

    /// An order that is paid by hand has nothing more to wait for in the shop once its goods are
    /// held: the hold of its first line says so, once an order.
    fn about_hold(&self, event: &Happened) -> Result<Vec<String>, StoreFault> {
        let Some((hold, happened)) = event.read::<Hold>() else { return Ok(Vec::new()) };
        let HoldEvent::HoldPlaced { held_for: HoldFor::Order(order), .. } = happened else {
            return Ok(Vec::new());
        };
        let order = self.reader.get::<Order>(order)?.state;
        let is_first = order
            .quote
            .lines
            .first()
            .is_some_and(|line| hold == HoldId::from_bytes(line.id.bytes()));
        if !is_first || !order.method.is_by_hand() || order.charge.is_some() {
            return Ok(Vec::new());
        }
        let mut letters = vec![for_customer(Template::OrderReceived)];
        letters.extend(self.to_admins_of_new_order()?);
        Ok(letters)
    }

    /// One letter an hour and courier, and none about such a letter itself, or about what ended
    /// with its endpoint: that has a letter of its own.
    fn about_dead_letter(&self, event: &Happened) -> Result<Vec<String>, StoreFault> {
        let Some((id, _)) = event.read::<Delivery>() else { return Ok(Vec::new()) };
        let delivery = self.reader.get::<Delivery>(id)?.state;
        if delivery.note.what.starts_with(Template::StaffDeadLetter.name()) {
            return Ok(Vec::new());
        }
        let (courier, at) = (delivery.note.courier, event.stamp.at);
        if self.has_no_endpoint(courier)? {
            return Ok(Vec::new());
        }
        let hour_before = keys::dead_letter(courier, at.plus_millis(-QUIET_MILLIS), id);
        let prefix = keys::dead_letters(courier);
        let rows = self.reader.rows(&prefix, Some(&hour_before), Sorted::Ascending, 1)?;
        let first = rows.first().and_then(|(key, _)| key.last_id::<DeliveryId>());
        if first.is_some_and(|first| first != id) {
            return Ok(Vec::new());
        }
        self.to_staff(Template::StaffDeadLetter, is_admin)
    }

    /// Whether a courier tells an endpoint that staff has removed, or that the shop has switched
    /// off by itself.
    fn has_no_endpoint(&self, courier: CourierId) -> Result<bool, StoreFault> {
        let courier = self.reader.get::<Courier>(courier)?.state;
        let Some(endpoint) = endpoint_told_by(&courier.name) else { return Ok(false) };
        let endpoint = self.reader.get::<WebhookEndpoint>(endpoint)?.state;
        let is_off = matches!(endpoint.disabled, Some((Disabling::Gone | Disabling::Failing, _)));
        Ok(endpoint.removed || is_off)
    }

    /// What staff has switched off, staff knows.
    fn about_endpoint(&self, event: &Happened) -> Result<Vec<String>, StoreFault> {
        match event.read::<WebhookEndpoint>() {
            Some((
                _,
                EndpointEvent::EndpointDisabled { why: Disabling::Gone | Disabling::Failing },
            )) => self.to_staff(Template::StaffWebhookOff, is_admin),
            Some(_) | None => Ok(Vec::new()),
        }
    }

    /// Whether an order that left before it was paid was paid at this moment: in cash at the door,
    /// or by what was set aside.
    fn is_paid_by_settling(&self, id: OrderId, at: Timestamp) -> Result<bool, StoreFault> {
        let order = self.reader.get::<Order>(id)?.state;
        let has_left = matches!(order.status, OrderStatus::Shipped | OrderStatus::Delivered);
        let paid = |kind: &TimelineKind| matches!(kind, TimelineKind::Paid { .. });
        let first = order.timeline.iter().find(|entry| paid(&entry.what));
        Ok(has_left && first.is_some_and(|entry| entry.at == at))
    }

    /// Whether an order came to the admins' notice before it was paid.
    fn is_known_to_admins(&self, id: OrderId) -> Result<bool, StoreFault> {
        let order = self.reader.get::<Order>(id)?.state;
        let was_set_aside =
            order.timeline.iter().any(|entry| entry.what == TimelineKind::Authorised);
        Ok(was_set_aside || (order.method.is_by_hand() && order.receipt.is_some()))
    }

    fn to_admins_of_new_order(&self) -> Result<Vec<String>, StoreFault> {
        if self.choice.new_orders {
            self.to_staff(Template::StaffNewOrder, is_admin)
        } else {
            Ok(Vec::new())
        }
    }

    /// One letter for each of the staff that it concerns.
    fn to_staff(
        &self,
        template: Template,
        concerns: fn(&User) -> bool,
    ) -> Result<Vec<String>, StoreFault> {
        let rows = self.reader.rows(&keys::staff(), None, Sorted::Ascending, STAFF_MAX)?;
        let mut letters = Vec::new();
        for id in rows.iter().filter_map(|(key, _)| key.last_id::<UserId>()) {
            if concerns(&self.reader.get::<User>(id)?.state) {
                letters.push(format!("{}/{id}", template.name()));
            }
        }
        Ok(letters)
    }

    /// The order that an event is about.
    pub(super) fn order_of(&self, event: &Happened) -> Result<Arc<Order>, NoDraft> {
        let order = match event.kind.as_str() {
            Hold::KIND => match event.read::<Hold>() {
                Some((_, HoldEvent::HoldPlaced { held_for: HoldFor::Order(order), .. })) => order,
                _ => return Err(NoDraft::Never("what happened cannot be read")),
            },
            _ => event.aggregate.parse().map_err(|_| NoDraft::Never("this is about no order"))?,
        };
        let order = self.reader.get::<Order>(order)?.state;
        if order.exists() { Ok(order) } else { Err(NoDraft::Never("there is no such order")) }
    }
}

/// What the owner of an account is told of what happened to it.
fn to_owner(happened: &UserEvent) -> Option<Template> {
    match happened {
        UserEvent::UserRegistered(_) => Some(Template::Welcome),
        UserEvent::SessionOpened { unknown_device, .. } => {
            unknown_device.then_some(Template::NewLogin)
        }
        UserEvent::ResetRequested { .. } => Some(Template::PasswordForgotten),
        UserEvent::PasswordReset { .. } => Some(Template::PasswordReset),
        UserEvent::PasswordChanged { .. } => Some(Template::PasswordChanged),
        UserEvent::ProfileChanged { email_before, .. } => {
            email_before.as_ref().map(|_| Template::EmailChanged)
        }
        UserEvent::UserErased { email_before } => {
            email_before.as_ref().map(|_| Template::AccountDeleted)
        }
        UserEvent::SessionRefreshed { .. }
        | UserEvent::SessionClosed { .. }
        | UserEvent::SessionsClosed { .. }
        | UserEvent::ExpiredForgotten { .. }
        | UserEvent::RoleChanged { .. }
        | UserEvent::AddressAdded { .. }
        | UserEvent::AddressChanged { .. }
        | UserEvent::AddressMadeDefault { .. }
        | UserEvent::AddressRemoved { .. } => None,
    }
}

/// What a customer is told of what happened to their order.
fn to_customer(happened: &OrderEvent) -> Option<Template> {
    match happened {
        OrderEvent::PaymentAwaited { awaited: Awaited::CustomerAction } => {
            Some(Template::PaymentNeedsAction)
        }
        OrderEvent::OrderAuthorised { .. } => Some(Template::OrderReceived),
        OrderEvent::OrderPaid { .. } => Some(Template::OrderConfirmation),
        OrderEvent::ChargeDeclined { .. } => Some(Template::PaymentFailed),
        OrderEvent::OrderCancelled { reason, .. } => match reason {
            CancelReason::Customer | CancelReason::Staff | CancelReason::Expired => {
                Some(Template::OrderCancelled)
            }
            CancelReason::PaymentDeclined => Some(Template::PaymentFailed),
            // Said at once to who ordered; nothing was taken and nothing is held.
            CancelReason::OutOfStock | CancelReason::CartInCheckout => None,
        },
        OrderEvent::OrderShipped { .. } => Some(Template::OrderShipped),
        OrderEvent::OrderDelivered => Some(Template::OrderDelivered),
        OrderEvent::OrderRefunded { .. } => Some(Template::OrderRefunded),
        OrderEvent::OrderPlaced(_)
        | OrderEvent::PaymentChosen { .. }
        | OrderEvent::PaymentAwaited { .. }
        | OrderEvent::ReceiptNoted { .. }
        | OrderEvent::ReceiptReturned { .. }
        | OrderEvent::OrderSettled { .. }
        | OrderEvent::RefundDecided { .. }
        | OrderEvent::RefundRefused { .. }
        | OrderEvent::RefundRevived { .. }
        | OrderEvent::ReturnFailed { .. }
        | OrderEvent::DisputeNoted(_)
        | OrderEvent::ReturnsEnded
        | OrderEvent::OrderFiled
        | OrderEvent::CustomerErased => None,
    }
}

fn for_customer(template: Template) -> String {
    format!("{}/customer", template.name())
}

fn is_admin(user: &User) -> bool {
    user.role == Role::Admin
}

/// The name of an event as the journal writes it: `"order_delivered"` or `{"order_paid":…}`.
fn name_of(json: &str) -> &str {
    json.split('"').nth(1).unwrap_or_default()
}

const ABOUT_USERS: [&str; 7] = [
    "user_registered",
    "session_opened",
    "reset_requested",
    "password_reset",
    "password_changed",
    "profile_changed",
    "user_erased",
];
const ABOUT_ORDERS: [&str; 10] = [
    "payment_awaited",
    "order_authorised",
    "order_paid",
    "order_cancelled",
    "order_shipped",
    "order_delivered",
    "order_refunded",
    "order_settled",
    "charge_declined",
    "dispute_noted",
];
/// Admins and inventory managers who get letters.
const STAFF_MAX: usize = 100;
/// So long after one letter about dead letters there is no other.
const QUIET_MILLIS: i64 = 3_600_000;
