//! Hearing: what the payment gateway tells by itself is kept, acknowledged, and followed.
//!
//! Invariant: a piece of news is durable before it is acknowledged, and is followed until that has
//! been done once, also across a crash. News says where to look; what is true is asked for, so
//! that it may come twice, late and in any order.

use std::sync::{Arc, Mutex, PoisonError};

use actix::ArbiterHandle;
use metrics::Counter;

use crate::{
    domain::{
        ids::{NewsId, OrderId, PaymentId},
        news::{ChargeChanged, GatewayNews, News, RefundChanged, Subject, news_id},
        payments::{DisputeNews, Payment},
        refusal::Refusal,
        time::{Timestamp, Who},
    },
    gateways::Letter,
    meters::GATEWAY_NEWS,
    store::{self, StoreFault, keys},
};

pub use crate::gateways::NotGenuine;

use super::{
    Rejection,
    desks::Desks,
    news::{HearNews, NoteApplied},
    purchases::{Inner, Purchases},
};

/// Where letters of the payment gateway are handed in. Clones share it.
#[derive(Clone)]
pub struct Hearing {
    desks: Arc<Desks>,
    purchases: Purchases,
    arbiter: ArbiterHandle,
    counts: Counts,
    fetched: Arc<Mutex<Fetched>>,
}

/// How far what could not be delivered has been read.
#[derive(Clone, Debug, Default)]
struct Fetched {
    /// When a reading was begun that came to its end.
    to_end: Option<Timestamp>,
    /// When one was begun that was too long for one time, and the mark to go on from.
    begun: Option<(Timestamp, String)>,
}

/// How a reading of what could not be delivered ended.
enum ReadingEnd {
    /// That is all.
    All,
    /// There is more, from this mark on.
    More(String),
    /// The gateway does not answer.
    BrokenOff,
}

/// How often what happened to letters and news.
#[derive(Clone)]
struct Counts {
    forged: Counter,
    ignored: Counter,
    repeated: Counter,
    heard: Counter,
    refused: Counter,
}

/// Why a letter is not acknowledged.
#[derive(Debug)]
pub enum NotHeard {
    /// The gateway did not send it.
    NotGenuine,
    /// It could not be kept; the gateway will send it again.
    NotKept(Rejection),
}

/// Why a piece of news was not followed.
enum NotFollowed {
    /// Try again later.
    Later(Rejection),
    /// It never will be: it is about nothing of ours, or the rules refuse it.
    Never(String),
}

impl Hearing {
    /// Hearing for these purchases; what follows is done on this arbiter.
    pub fn new(desks: Arc<Desks>, purchases: Purchases, arbiter: ArbiterHandle) -> Hearing {
        let (counts, fetched) = (Counts::new(), Arc::default());
        Hearing { desks, purchases, arbiter, counts, fetched }
    }

    /// Takes a letter: keeps what it tells, and follows it after this has been answered.
    ///
    /// # Errors
    /// It is not genuine, or cannot be kept now.
    pub async fn receive(&self, signature: &str, body: &[u8]) -> Result<(), NotHeard> {
        let now = self.desks.clock.now();
        let heard = self.desks.charging.hear(Letter { signature, body, now });
        let Ok(news) = heard else {
            self.counts.forged.increment(1);
            return Err(NotHeard::NotGenuine);
        };
        let kept = self.keep(news).await.map_err(NotHeard::NotKept)?;
        if let Some(id) = kept {
            let hearing = self.clone();
            self.arbiter.spawn(async move { hearing.follow(id).await });
        }
        Ok(())
    }

    /// Follows what was kept and not followed yet, after a crash or a doubt; answers how many
    /// pieces were looked at.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn sweep(&self) -> Result<usize, StoreFault> {
        let (prefix, oldest_first) = (keys::open_news(), store::Order::Ascending);
        let open = self.desks.reader.rows(&prefix, None, oldest_first, SWEPT_NEWS_MAX)?;
        for (key, _) in &open {
            if let Some(id) = key.last_id::<NewsId>() {
                self.follow(id).await;
            }
        }
        Ok(open.len())
    }

    /// Fetches what the gateway could not deliver, and follows it; answers how much of it was new.
    /// The first time as far back as the gateway remembers, then what is younger than a day; what
    /// is too much for one time is gone on with the next time.
    ///
    /// # Errors
    /// News cannot be kept now.
    pub async fn fetch(&self) -> Result<usize, Rejection> {
        let fetched = || self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
        let Fetched { to_end, begun } = fetched().clone();
        let since =
            to_end.map_or_else(Timestamp::default, |at| at.plus_millis(-FETCHED_AGAIN_MILLIS));
        let (begun, mark) = begun
            .map_or_else(|| (self.desks.clock.now(), None), |(begun, mark)| (begun, Some(mark)));
        let (told, end) = self.told_since(since, mark).await;
        let mut fresh = 0;
        // Nothing that is known lets the rest be skipped: it may have come by another way.
        for news in told.into_iter().rev() {
            if let Some(id) = self.keep(news).await? {
                fresh += 1;
                self.follow(id).await;
            }
        }
        *fetched() = match end {
            ReadingEnd::All => Fetched { to_end: Some(begun), begun: None },
            ReadingEnd::More(mark) => Fetched { to_end, begun: Some((begun, mark)) },
            // A mark may be too old to go on from.
            ReadingEnd::BrokenOff => Fetched { to_end, begun: None },
        };
        Ok(fresh)
    }

    /// What could not be delivered since then, newest first, from a mark on.
    async fn told_since(
        &self,
        since: Timestamp,
        mut mark: Option<String>,
    ) -> (Vec<GatewayNews>, ReadingEnd) {
        let mut told = Vec::new();
        for _ in 0..FETCHED_PAGES_MAX {
            let page = match self.desks.charging.undelivered(since, mark.take()).await {
                Ok(page) => page,
                Err(error) => {
                    tracing::warn!(%error, "undelivered news cannot be fetched");
                    return (told, ReadingEnd::BrokenOff);
                }
            };
            told.extend(page.news.into_iter().filter(|news| self.is_wanted(news)));
            mark = page.next;
            if mark.is_none() {
                return (told, ReadingEnd::All);
            }
        }
        tracing::warn!(
            pages = FETCHED_PAGES_MAX,
            "there is more undelivered news than is fetched at once"
        );
        (told, mark.map_or(ReadingEnd::All, ReadingEnd::More))
    }

    /// Whether the shop follows it, and has not done so yet.
    fn is_wanted(&self, news: &GatewayNews) -> bool {
        let is_applied = || {
            let found = self.desks.reader.get::<News>(news_id(&news.event_id));
            found.is_ok_and(|found| found.state.applied)
        };
        !matches!(news.about, Subject::Other { .. }) && !is_applied()
    }

    /// Keeps a piece of news, unless it is about nothing the shop cares for; its id if it is open.
    async fn keep(&self, news: GatewayNews) -> Result<Option<NewsId>, Rejection> {
        if let Subject::Other { kind } = &news.about {
            tracing::debug!(kind, "news that nobody follows");
            self.counts.ignored.increment(1);
            return Ok(None);
        }
        let id = news_id(&news.event_id);
        if self.desks.reader.get::<News>(id)?.state.applied {
            self.counts.repeated.increment(1);
            return Ok(None);
        }
        let kept = self.desks.news.ask(HearNews { news }, self.desks.intent(Who::Shop, None));
        let open = kept.await?.open.is_some();
        let counted = if open { &self.counts.heard } else { &self.counts.repeated };
        counted.increment(1);
        Ok(open.then_some(id))
    }

    /// Does what follows from a piece of news, and notes that; in doubt it stays open.
    async fn follow(&self, id: NewsId) {
        let found = match self.desks.reader.get::<News>(id) {
            Ok(found) => found.state,
            Err(error) => return tracing::error!(%error, "news cannot be read"),
        };
        let Some(news) = &found.open else { return };
        match self.follow_up(&news.about).await {
            Ok(()) => {}
            Err(NotFollowed::Later(why)) => {
                return tracing::warn!(news = news.event_id, %why, "news will be followed later");
            }
            Err(NotFollowed::Never(why)) => {
                tracing::error!(news = news.event_id, why, "news cannot be followed");
                self.counts.refused.increment(1);
            }
        }
        let noted = NoteApplied { news: id };
        if let Err(error) = self.desks.news.ask(noted, self.desks.intent(Who::Shop, None)).await {
            tracing::warn!(%error, "followed news will be followed again");
        }
    }

    async fn follow_up(&self, about: &Subject) -> Result<(), NotFollowed> {
        match about {
            Subject::ChargeChanged(changed) => self.follow_charge(changed).await,
            Subject::RefundChanged(changed) => self.follow_refund(changed).await,
            Subject::Disputed { charge, news } => self.follow_dispute(charge, news).await,
            Subject::Other { .. } => Ok(()),
        }
    }

    async fn follow_charge(&self, changed: &ChargeChanged) -> Result<(), NotFollowed> {
        let told = changed.order.zip(changed.payment);
        let (order, payment) = self.owner(told, &changed.gateway_id).await?;
        let known = self.desks.charging.look_up(payment).await?;
        if known.order != order || changed.amount != Some(known.amount) {
            let why = format!("not what was asked for: {:?} for order {order}", changed.amount);
            return Err(NotFollowed::Never(why));
        }
        let Some(attempt) = attempt_of(&known, changed) else {
            return Err(NotFollowed::Never("a charge of no attempt of ours".to_owned()));
        };
        let gateway_id = changed.gateway_id.clone();
        let look = move |inner: Arc<Inner>| async move {
            let turn = inner.turn(order).await;
            inner.desks.charging.look_into(payment, attempt, gateway_id).await?;
            inner.drive_in(turn, order, Who::Shop).await
        };
        self.purchases.on_its_own(look).await?;
        Ok(())
    }

    async fn follow_refund(&self, changed: &RefundChanged) -> Result<(), NotFollowed> {
        let Some(charge) = &changed.charge else {
            return Err(NotFollowed::Never("a refund of no charge of ours".to_owned()));
        };
        let by_payment = changed.order.zip(changed.payment);
        let (order, payment) = self.owner(by_payment, charge).await?;
        let told = (changed.refund, changed.gateway_ref.clone(), changed.failed.clone());
        // Not before whoever asks for a refund of it just now has heard the answer, which may say
        // less than this.
        let look = move |inner: Arc<Inner>| async move {
            let turn = inner.turn(order).await;
            if let (Some(refund), Some(gateway_ref), Some(code)) = told {
                let charging = &inner.desks.charging;
                charging.note_refund_came_back(payment, refund, gateway_ref, code).await?;
            }
            inner.drive_in(turn, order, Who::Shop).await
        };
        self.purchases.on_its_own(look).await?;
        Ok(())
    }

    async fn follow_dispute(&self, charge: &str, news: &DisputeNews) -> Result<(), NotFollowed> {
        let (order, _) = self.owner(None, charge).await?;
        self.purchases.record_dispute(order, news.clone()).await?;
        Ok(())
    }

    /// Whose charge it is: as the news says, else as the gateway was told.
    async fn owner(
        &self,
        told: Option<(OrderId, PaymentId)>,
        charge: &str,
    ) -> Result<(OrderId, PaymentId), NotFollowed> {
        if let Some(owner) = told {
            return Ok(owner);
        }
        match self.desks.charging.made_for(charge.to_owned()).await {
            Ok(Some(owner)) => Ok(owner),
            Ok(None) => Err(NotFollowed::Never("a charge of no order of ours".to_owned())),
            Err(error) => {
                tracing::warn!(%error, "nobody knows yet whose charge this is");
                Err(NotFollowed::Later(Rejection::Busy))
            }
        }
    }
}

impl Counts {
    fn new() -> Counts {
        let of = |what: &'static str| metrics::counter!(GATEWAY_NEWS, "what" => what);
        Counts {
            forged: of("forged"),
            ignored: of("ignored"),
            repeated: of("repeated"),
            heard: of("heard"),
            refused: of("refused"),
        }
    }
}

impl<R: Into<Rejection>> From<R> for NotFollowed {
    fn from(rejection: R) -> NotFollowed {
        match rejection.into() {
            Rejection::Refused(refusal) => NotFollowed::Never(words_of(&refusal)),
            later @ (Rejection::Busy
            | Rejection::Late
            | Rejection::GatewayDown { .. }
            | Rejection::Unwritable
            | Rejection::Fault) => NotFollowed::Later(later),
        }
    }
}

fn words_of(refusal: &Refusal) -> String {
    format!("{}: {refusal}", refusal.code())
}

/// Which attempt of a payment a charge belongs to.
fn attempt_of(payment: &Payment, changed: &ChargeChanged) -> Option<u32> {
    if payment.gateway_id.as_ref() == Some(&changed.gateway_id) {
        return Some(payment.attempt);
    }
    let key = changed.key.as_deref()?;
    payment.charge_keys().find(|(_, known)| known == key).map(|(attempt, _)| attempt)
}

/// Open pieces looked at in one sweep; the rest waits for the next.
const SWEPT_NEWS_MAX: usize = 1000;
/// Pages of undelivered news fetched at once.
const FETCHED_PAGES_MAX: usize = 100;
/// What could not be delivered stays so for days: this much is fetched again.
const FETCHED_AGAIN_MILLIS: i64 = 24 * 60 * 60 * 1000;
