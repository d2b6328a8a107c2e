//! Shapes: how ids, amounts and moments look to the outside, in answers and in events alike.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer, ser::Error as _};
use serde_json::value::RawValue;

use crate::domain::{ids::Identity, money::Money, time::Timestamp};

/// An id, as it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Id<T>(pub T);

impl<T: Identity> Serialize for Id<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(to)
    }
}

impl<T> JsonSchema for Id<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Id".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "uuid" })
    }
}

/// An amount in major units: a JSON number with exactly the currency's decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount(pub Money);

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.to_string()).map_err(S::Error::custom)?.serialize(to)
    }
}

impl JsonSchema for Amount {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Amount".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number" })
    }
}

/// A moment: RFC 3339, UTC, milliseconds, `Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time(pub Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let moment =
            jiff::Timestamp::from_millisecond(self.0.millis()).map_err(S::Error::custom)?;
        to.collect_str(&format_args!("{moment:.3}"))
    }
}

impl JsonSchema for Time {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Time".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ids::OrderId, money::Currency};

    fn shown(view: impl Serialize) -> String {
        serde_json::to_string(&view).expect("a view is JSON")
    }

    #[test]
    fn amounts_are_numbers_with_the_decimals_of_their_currency() {
        let amount = |minor, code: &str| {
            let currency: Currency = code.parse().expect("a currency");
            shown(Amount(Money::of(minor, currency).expect("an amount")))
        };
        assert_eq!(amount(1999, "USD"), "19.99");
        assert_eq!(amount(1500, "JPY"), "1500");
        assert_eq!(amount(1234, "KWD"), "1.234");
        assert_eq!(amount(-5, "USD"), "-0.05");
    }

    #[test]
    fn times_have_milliseconds_and_a_z() {
        assert_eq!(shown(Time(Timestamp::from_millis(0))), r#""1970-01-01T00:00:00.000Z""#);
        let later = Timestamp::from_millis(1_700_000_000_120);
        assert_eq!(shown(Time(later)), r#""2023-11-14T22:13:20.120Z""#);
    }

    #[test]
    fn ids_are_texts() {
        let id = OrderId::from_bytes([7; 16]);
        assert_eq!(shown(Id(id)), r#""07070707-0707-0707-0707-070707070707""#);
    }
}
