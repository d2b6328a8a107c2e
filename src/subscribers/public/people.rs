//! What the outside is told of accounts, keys, endpoints and the shop itself: ids, never names or
//! addresses.

use serde::Serialize;

use super::Told;
use crate::{
    domain::{
        api_keys::ApiKeyEvent,
        ids::{ApiKeyId, UserId, WebhookEndpointId},
        settings::ShopEvent,
        users::{Role, UserEvent},
        webhook_endpoints::{Disabling, EndpointEvent},
    },
    shapes::Id,
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UserData {
    user_id: Id<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KeyData<'a> {
    api_key_id: Id<ApiKeyId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scopes: Option<Vec<&'static str>>,
}

#[derive(Serialize)]
struct ShopData {
    changed: &'static str,
}

/// What an event of an account is called, and what is said of it.
pub(super) fn user_told((id, event): &(UserId, UserEvent)) -> Option<Told> {
    let told = |name, role: Option<Role>| {
        let data = UserData { user_id: Id(*id), role: role.map(Role::name) };
        Some(Told::staff(name, data))
    };
    match event {
        UserEvent::UserRegistered(registration) => {
            told("customer.registered", Some(registration.role))
        }
        UserEvent::ProfileChanged { .. } => told("customer.updated", None),
        UserEvent::RoleChanged { role } => told("customer.role_changed", Some(*role)),
        UserEvent::UserErased { .. } => told("customer.erased", None),
        // Sessions, passwords and addresses are between a person and the shop.
        UserEvent::SessionOpened { .. }
        | UserEvent::SessionRefreshed { .. }
        | UserEvent::SessionClosed { .. }
        | UserEvent::SessionsClosed { .. }
        | UserEvent::PasswordChanged { .. }
        | UserEvent::ResetRequested { .. }
        | UserEvent::PasswordReset { .. }
        | UserEvent::AddressAdded { .. }
        | UserEvent::AddressChanged { .. }
        | UserEvent::AddressMadeDefault { .. }
        | UserEvent::AddressRemoved { .. }
        | UserEvent::ExpiredForgotten { .. } => None,
    }
}

/// What an event of an API key is called, and what is said of it.
pub(super) fn key_told((id, event): &(ApiKeyId, ApiKeyEvent)) -> Option<Told> {
    let api_key_id = Id(*id);
    match event {
        ApiKeyEvent::KeyMade(made) => {
            let scopes = Some(made.scopes.iter().map(|scope| scope.name()).collect());
            let data = KeyData { api_key_id, name: Some(&made.name), scopes };
            Some(Told::staff("api_key.made", data))
        }
        ApiKeyEvent::KeyRevoked { .. } => {
            let data = KeyData { api_key_id, name: None, scopes: None };
            Some(Told::staff("api_key.revoked", data))
        }
        ApiKeyEvent::KeyUsed { .. } => None,
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EndpointData {
    webhook_endpoint_id: Id<WebhookEndpointId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'static str>,
}

/// What an event of a webhook endpoint is called, and what is said of it.
pub(super) fn endpoint_told((id, event): &(WebhookEndpointId, EndpointEvent)) -> Option<Told> {
    let told = |name, why: Option<Disabling>| {
        let why = why.map(Disabling::name);
        Some(Told::staff(name, EndpointData { webhook_endpoint_id: Id(*id), why }))
    };
    match event {
        EndpointEvent::EndpointAdded(_) => told("webhook_endpoint.added", None),
        EndpointEvent::EndpointChanged(_) => told("webhook_endpoint.updated", None),
        EndpointEvent::EndpointDisabled { why } => told("webhook_endpoint.disabled", Some(*why)),
        EndpointEvent::EndpointEnabled {} => told("webhook_endpoint.enabled", None),
        EndpointEvent::SecretRotated { .. } => told("webhook_endpoint.secret_rotated", None),
        EndpointEvent::EndpointRemoved {} => told("webhook_endpoint.removed", None),
        // How a receiver does from one delivery to the next would be told to that receiver too.
        EndpointEvent::EndpointFailing {}
        | EndpointEvent::EndpointRecovered {}
        | EndpointEvent::ReplayAsked { .. }
        | EndpointEvent::ReplayEnded { .. } => None,
    }
}

/// What an event of the shop is called, and what is said of it.
pub(super) fn shop_told(event: &ShopEvent) -> Option<Told> {
    let changed = match event {
        ShopEvent::ShopOpened(_) => return Some(Told::staff("shop.opened", Nothing {})),
        ShopEvent::ShopRenamed { .. } => "name",
        ShopEvent::ShopMoved { .. } => "publicUrl",
        ShopEvent::TaxRateChanged { .. } => "taxRate",
        ShopEvent::ShippingChanged { .. } => "shippingFee",
        ShopEvent::CurrencyChanged { .. } => "currency",
        ShopEvent::SynonymsChanged { .. } => "synonyms",
        ShopEvent::LowStockThresholdChanged { .. } => "lowStockThreshold",
    };
    Some(Told::staff("shop.updated", ShopData { changed }))
}

#[derive(Serialize)]
struct Nothing {}
