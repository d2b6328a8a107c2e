//! Webhooks: those who are told, as the settings allow.

use secrecy::SecretSlice;

use super::{CannotOpen, derived};
use crate::{
    actors::desks::Desks,
    clock::Clock,
    config::Settings,
    gateways::webhooks::{LetterPost, Reach},
    store::Store,
    subscribers::{
        runner::Runner,
        webhooks::{SigningSecret, Webhooks},
    },
};

/// Those who are told by webhook; nobody is sent out yet.
pub(super) fn webhooks_over(
    settings: &Settings,
    runner: &Runner,
    desks: &Desks,
    store: &Store,
    clock: &Clock,
    secret: &SecretSlice<u8>,
) -> Result<Webhooks, CannotOpen> {
    let reach = if settings.webhooks.allow_private { Reach::Anywhere } else { Reach::Public };
    let post = LetterPost::new(reach).map_err(|error| CannotOpen::Webhooks(error.to_string()))?;
    Ok(Webhooks::new(
        runner.clone(),
        desks.webhook_endpoints.clone(),
        store.clone(),
        clock.clone(),
        post,
        SigningSecret::new(derived(secret, b"webhooks")),
    ))
}
