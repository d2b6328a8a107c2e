//! The rows of webhook endpoints.

use crate::domain::ids::WebhookEndpointId;

use super::Key;

/// List: the webhook endpoints that are there, by the time they were added.
pub fn webhook_endpoints() -> Key {
    Key::row(0xe0).done()
}

/// A row of [`webhook_endpoints`].
pub fn webhook_endpoint_listed(endpoint: WebhookEndpointId) -> Key {
    Key::row(0xe0).id(&endpoint).done()
}
