//! Signing: what a receiver recognises the shop by (Standard Webhooks 1.0, symmetric).
//!
//! Invariant: a secret follows from the shop's own one, the endpoint and the generation; it is
//! made when it is needed, kept nowhere, and never printed.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::SecretString;
use sha2::Sha256;

use crate::domain::ids::{Identity, WebhookEndpointId};

/// What the secrets of all endpoints are made from.
pub struct SigningSecret([u8; 32]);

impl SigningSecret {
    /// From the shop's secret for this purpose.
    pub fn new(secret: [u8; 32]) -> SigningSecret {
        SigningSecret(secret)
    }

    /// The secret as a receiver is given it.
    pub fn text(&self, endpoint: WebhookEndpointId, generation: u32) -> SecretString {
        SecretString::from(format!("whsec_{}", STANDARD.encode(self.of(endpoint, generation))))
    }

    /// The signature of a letter, as `v1,…`.
    pub fn signature(
        &self,
        endpoint: WebhookEndpointId,
        generation: u32,
        id: &str,
        seconds: i64,
        body: &str,
    ) -> String {
        let signed = format!("{id}.{seconds}.{body}");
        let mac = mac(&self.of(endpoint, generation), &[signed.as_bytes()]);
        format!("v1,{}", STANDARD.encode(mac))
    }

    fn of(&self, endpoint: WebhookEndpointId, generation: u32) -> [u8; 32] {
        mac(&self.0, &[b"webhook\n", &endpoint.bytes(), &generation.to_be_bytes()])
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret(…)")
    }
}

fn mac(secret: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret).expect("an HMAC takes a secret of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn endpoint(byte: u8) -> WebhookEndpointId {
        WebhookEndpointId::from_bytes([byte; 16])
    }

    #[test]
    fn every_endpoint_and_generation_of_every_shop_has_a_secret_of_its_own() {
        let (one, other) = (SigningSecret::new([1; 32]), SigningSecret::new([2; 32]));
        let mut all = std::collections::BTreeSet::new();
        for shop in [&one, &other] {
            for (id, generation) in [(1, 1), (1, 2), (2, 1)] {
                let text = shop.text(endpoint(id), generation);
                assert!(text.expose_secret().starts_with("whsec_"));
                all.insert(text.expose_secret().to_owned());
                assert_eq!(
                    text.expose_secret(),
                    shop.text(endpoint(id), generation).expose_secret()
                );
            }
        }
        assert_eq!(all.len(), 6);
    }

    #[test]
    fn a_letter_is_signed_over_its_id_its_time_and_its_body() {
        let secret = SigningSecret::new([1; 32]);
        let signed =
            |id: &str, seconds, body: &str| secret.signature(endpoint(1), 1, id, seconds, body);
        let right = signed("an-id", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert!(right.starts_with("v1,") && right.len() == 47, "{right}");
        assert_ne!(right, signed("another", 1_614_265_330, r#"{"test": 2432232314}"#));
        assert_ne!(right, signed("an-id", 1_614_265_331, r#"{"test": 2432232314}"#));
        assert_ne!(right, signed("an-id", 1_614_265_330, r#"{"test": 2432232315}"#));
    }
}
