//! Ids: one newtype for each kind of thing, so that they cannot be mixed up.
//!
//! An id is a UUID (version 7 when Bodega makes one, any version when a client sends one).
//! Nothing here makes a new id: that needs a clock and dice, and lives in [`crate::clock`].

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::Uuid;

/// The text is not a UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id")]
pub struct NotAnId;

/// What every id can do: be a key, be read from text, be written as 16 bytes.
pub trait Identity:
    Copy
    + Ord
    + std::hash::Hash
    + fmt::Debug
    + fmt::Display
    + FromStr<Err = NotAnId>
    + Serialize
    + for<'de> Deserialize<'de>
    + Send
    + Sync
    + 'static
{
    /// The id over these 16 bytes.
    fn from_bytes(bytes: [u8; 16]) -> Self;
    /// The 16 bytes of the id, in the order that sorts like its text.
    fn bytes(&self) -> [u8; 16];
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name([u8; 16]);

        impl Identity for $name {
            fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }
            fn bytes(&self) -> [u8; 16] {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                Uuid::from_bytes(self.0).fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                // Only the hyphenated form: other spellings would be other ids to a client.
                if text.len() != 36 {
                    return Err(NotAnId);
                }
                Uuid::try_parse(text).map(|id| Self(id.into_bytes())).map_err(|_| NotAnId)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                if to.is_human_readable() { to.collect_str(self) } else { self.0.serialize(to) }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                if from.is_human_readable() {
                    let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
                    text.parse().map_err(de::Error::custom)
                } else {
                    <[u8; 16]>::deserialize(from).map(Self)
                }
            }
        }
    )+};
}

ids! {
    /// A person with an account.
    UserId,
    /// One sign-in of a user on one device: a refresh-token family.
    SessionId,
    /// An entry of a user's address book.
    AddressId,
    /// A product, with one variant or more.
    ProductId,
    /// A variant of a product: the stock-keeping unit. Its ledger has the same id.
    VariantId,
    /// A category of products.
    CategoryId,
    /// A cart, of a user or of a guest.
    CartId,
    /// An order.
    OrderId,
    /// A line of an order.
    LineId,
    /// A payment of an order. One payment has one attempt or more.
    PaymentId,
    /// A refund of a captured payment.
    RefundId,
    /// Who a stock hold belongs to: an order's id, or one made from a manual hold's reference.
    HoldId,
    /// A charge in the books of the demo gateway.
    DemoChargeId,
    /// Something a payment gateway told, by the gateway's name for it.
    NewsId,
    /// One who brings news to the world outside: mail, a webhook endpoint.
    CourierId,
    /// What one courier brings to one place because of one event.
    DeliveryId,
    /// A key that lets a program in.
    ApiKeyId,
    /// A place that is told by webhook; its courier has the same bytes.
    WebhookEndpointId,
    /// The shop itself; there is one.
    ShopId,
}

/// Sixteen bytes for a name that somebody else gave: the same name always gives the same.
pub fn bytes_of_name(name: &str) -> [u8; 16] {
    let mix = |hash: u128, byte: &u8| (hash ^ u128::from(*byte)).wrapping_mul(FNV_PRIME);
    name.as_bytes().iter().fold(FNV_BASIS, mix).to_be_bytes()
}

/// The offset basis of the 128-bit Fowler–Noll–Vo hash.
const FNV_BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
/// The prime of the 128-bit Fowler–Noll–Vo hash.
const FNV_PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
