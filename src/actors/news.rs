//! The news actor: owner of what the payment gateway told by itself, each piece once.
//!
//! Rules live in [`crate::domain::news`]; what follows from a piece is done by
//! [`super::hearing`].

use std::sync::Arc;

use crate::domain::{
    ids::NewsId,
    news::{GatewayNews, News, news_id},
};

use super::{Answers, Owner, Rejection, Request, Work};

/// Keeps a piece of news. Safe to send twice.
#[derive(Debug)]
pub struct HearNews {
    /// What was told.
    pub news: GatewayNews,
}

/// Notes that what had to follow has followed. Safe to send twice.
#[derive(Debug)]
pub struct NoteApplied {
    /// Of which piece.
    pub news: NewsId,
}

impl Request for HearNews {
    type Value = Arc<News>;
}
impl Request for NoteApplied {
    type Value = Arc<News>;
}

/// The only writer of news.
pub struct NewsRoom;

impl Owner for NewsRoom {
    const NAME: &'static str = "news";
}

impl Answers<HearNews> for NewsRoom {
    fn answer(&mut self, msg: HearNews, work: &mut Work<'_>) -> Result<Arc<News>, Rejection> {
        let id = news_id(&msg.news.event_id);
        let events = work.get::<News>(id)?.hear(msg.news);
        work.change::<News>(id, events)
    }
}

impl Answers<NoteApplied> for NewsRoom {
    fn answer(&mut self, msg: NoteApplied, work: &mut Work<'_>) -> Result<Arc<News>, Rejection> {
        let events = work.get::<News>(msg.news)?.apply_once();
        work.change::<News>(msg.news, events)
    }
}
