//! News: heard once, open until applied, applied once.

use super::*;

fn told(event_id: &str) -> GatewayNews {
    let about = Subject::Other { kind: "customer.created".to_owned() };
    GatewayNews { event_id: event_id.to_owned(), happened_at: Timestamp::from_millis(1), about }
}

fn after(news: &News, events: &[NewsEvent]) -> News {
    let mut news = news.clone();
    events.iter().for_each(|event| news.apply(event, &Stamp::default()));
    assert_eq!(news.check(), Ok(()));
    news
}

#[test]
fn news_is_heard_once_and_applied_once() {
    let heard = after(&News::default(), &News::default().hear(told("evt_1")));
    assert_eq!(heard.open, Some(told("evt_1")));
    assert_eq!(heard.hear(told("evt_1")), vec![]);
    let applied = after(&heard, &heard.apply_once());
    assert!(applied.applied && applied.open.is_none());
    assert_eq!(applied.apply_once(), vec![]);
    assert_eq!(applied.hear(told("evt_1")), vec![], "it stays applied when it comes again");
}

#[test]
fn what_was_never_heard_is_not_applied() {
    assert_eq!(News::default().apply_once(), vec![]);
}

#[test]
fn the_same_name_is_the_same_news() {
    assert_eq!(news_id("evt_1"), news_id("evt_1"));
    assert_ne!(news_id("evt_1"), news_id("evt_2"));
}
