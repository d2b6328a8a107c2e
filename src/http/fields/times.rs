//! Kinds of times: a moment, as RFC 3339 writes it.

use serde_json::{Value, json};

use super::{Faults, Kind, Place, Raw};
use crate::domain::time::Timestamp;

/// A moment as RFC 3339 writes it, with its offset.
pub fn moment() -> Moment {
    Moment
}

/// See [`moment`].
#[derive(Clone, Copy, Debug)]
pub struct Moment;

impl Kind for Moment {
    type Value = Timestamp;

    fn read(&self, raw: Raw<'_>, at: &Place<'_>, faults: &mut Faults) -> Option<Timestamp> {
        let read = raw.text().ok().and_then(|text| text.parse::<jiff::Timestamp>().ok());
        if read.is_none() {
            faults.note(at, "not_a_time", "must be a moment as 2026-01-31T12:00:00Z");
        }
        read.map(|moment| Timestamp::from_millis(moment.as_millisecond()))
    }

    fn blank(&self) -> Timestamp {
        Timestamp::default()
    }

    fn schema(&self) -> Value {
        json!({ "type": "string", "format": "date-time" })
    }
}
