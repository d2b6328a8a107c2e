//! News: what a payment gateway tells by itself, each told once however often it comes.
//!
//! Invariant: news is kept before it is acknowledged, and stays in the list of open news until it
//! has been applied. It says that something happened, not what is true now: whoever applies it
//! asks the gateway. Knows no gateway's wire.

use serde::{Deserialize, Serialize};

use super::{
    aggregate::Aggregate,
    ids::{Identity, NewsId, OrderId, PaymentId, RefundId, bytes_of_name},
    money::Money,
    payments::DisputeNews,
    time::{Stamp, Timestamp},
};

/// Something a gateway told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayNews {
    /// The gateway's name for the event: the same event has it however often it comes.
    pub event_id: String,
    /// When it happened, by the gateway's clock.
    pub happened_at: Timestamp,
    /// What it is about.
    pub about: Subject,
}

/// What a piece of news is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// Something happened to a charge.
    ChargeChanged(ChargeChanged),
    /// Something happened to a refund.
    RefundChanged(RefundChanged),
    /// A customer disputes a charge, or their bank goes on with it.
    Disputed {
        /// The gateway's name for the charge.
        charge: String,
        /// What was told.
        news: DisputeNews,
    },
    /// Nothing this shop cares about.
    Other {
        /// The gateway's word for it.
        kind: String,
    },
}

/// Something happened to a charge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChargeChanged {
    /// The gateway's name for the charge.
    pub gateway_id: String,
    /// The order it is for, if the news says so.
    pub order: Option<OrderId>,
    /// The payment it is for, if the news says so.
    pub payment: Option<PaymentId>,
    /// The key it was asked for with, if the news says so.
    pub key: Option<String>,
    /// What was asked for; nothing if it is in a currency no shop can have.
    pub amount: Option<Money>,
}

/// Something happened to a refund.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundChanged {
    /// The gateway's name for the refund, if the news is about one alone.
    pub gateway_ref: Option<String>,
    /// The gateway's name for the charge it goes back from.
    pub charge: Option<String>,
    /// The order it is for, if the news says so.
    pub order: Option<OrderId>,
    /// The payment it is for, if the news says so.
    pub payment: Option<PaymentId>,
    /// The shop's name for the refund, if the news says so.
    pub refund: Option<RefundId>,
    /// Why it definitely failed, if it did.
    pub failed: Option<String>,
}

/// A piece of news as the shop keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct News {
    /// What was told; nothing before it was heard, and nothing after it was applied.
    pub open: Option<GatewayNews>,
    /// When it was first heard.
    pub heard_at: Timestamp,
    /// Whether it was applied.
    pub applied: bool,
    /// Whether it is too long ago to come again.
    pub forgotten: bool,
}

/// What can have happened to a piece of news.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NewsEvent {
    /// It came for the first time.
    NewsHeard {
        /// What was told.
        news: GatewayNews,
    },
    /// What had to follow from it has followed.
    NewsApplied,
    /// It cannot come again: the record is needed no more.
    NewsForgotten,
}

impl News {
    /// Whether it was ever heard.
    pub fn exists(&self) -> bool {
        self.open.is_some() || self.applied
    }

    /// Hears it; the second time changes nothing.
    pub fn hear(&self, news: GatewayNews) -> Vec<NewsEvent> {
        if self.exists() { vec![] } else { vec![NewsEvent::NewsHeard { news }] }
    }

    /// Notes that it was applied; the second time changes nothing.
    pub fn apply_once(&self) -> Vec<NewsEvent> {
        if self.open.is_some() { vec![NewsEvent::NewsApplied] } else { vec![] }
    }

    /// Drops the record of news that was heard before `before` and applied.
    pub fn forget(&self, before: Timestamp) -> Vec<NewsEvent> {
        let is_due = self.applied && self.heard_at < before;
        if is_due { vec![NewsEvent::NewsForgotten] } else { vec![] }
    }
}

impl Aggregate for News {
    const KIND: &'static str = "news";
    type Id = NewsId;
    type Event = NewsEvent;

    fn apply(&mut self, event: &NewsEvent, stamp: &Stamp) {
        match event {
            NewsEvent::NewsHeard { news } => {
                self.open = Some(news.clone());
                self.heard_at = stamp.at;
            }
            NewsEvent::NewsApplied => {
                self.open = None;
                self.applied = true;
            }
            NewsEvent::NewsForgotten => self.forgotten = true,
        }
    }

    fn check(&self) -> Result<(), &'static str> {
        match self.open.is_some() && self.applied {
            true => Err("news that was applied is not open"),
            false => Ok(()),
        }
    }

    fn is_gone(&self) -> bool {
        self.forgotten
    }
}

/// The id of the event with this name: the same name always gives the same id.
pub fn news_id(event_id: &str) -> NewsId {
    NewsId::from_bytes(bytes_of_name(event_id))
}

#[cfg(test)]
mod tests;
