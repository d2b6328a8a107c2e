//! Letters: what a shop tells people by mail, as it lies in the folder of a test.

use std::time::Duration;

use bodega::shop::Filed;

use super::{Bodega, Person, Reply};

impl Bodega {
    /// Sends the couriers out: what happens from here on is told by letter.
    pub async fn sends_letters(&self) {
        self.shop.send_couriers_out().await.expect("couriers that go");
    }

    /// Every letter so far, the oldest first.
    pub fn letters(&self) -> Vec<Filed> {
        let inbox = self.shop.letters.inbox.as_ref().expect("a shop that writes to a folder");
        let mut letters = inbox.newest(usize::MAX).expect("a folder");
        letters.reverse();
        letters
    }

    /// Waits until so many letters to somebody are there, and gives them, the oldest first.
    pub async fn letters_to(&self, address: &str, count: usize) -> Vec<Filed> {
        let mut follower = self.shop.store().follow(0);
        let mut letters = Vec::new();
        let waited = async {
            loop {
                letters = self.letters();
                letters.retain(|letter| letter.to.contains(address));
                if letters.len() >= count {
                    break;
                }
                assert!(follower.news().await, "the shop has closed");
            }
        };
        let is_there = tokio::time::timeout(PATIENT, waited).await.is_ok();
        let subjects: Vec<&str> = letters.iter().map(|letter| letter.subject.as_str()).collect();
        assert!(is_there, "{address} has only {subjects:?}");
        letters
    }

    /// Waits until everything that happened so far was told to whom it concerns.
    pub async fn has_told_everything(&self) {
        let mail = bodega::subscribers::mail::courier();
        let mut follower = self.shop.store().follow(0);
        let waited = async {
            loop {
                let seq = self.shop.store().health().seq;
                let standing = self.shop.runner.standing(mail).unwrap_or_default();
                if standing.read >= seq && standing.behind_since.is_none() {
                    break;
                }
                let news = tokio::time::timeout(LOOK_EVERY, follower.news()).await;
                assert!(news.unwrap_or(true), "the shop has closed");
            }
        };
        assert!(tokio::time::timeout(PATIENT, waited).await.is_ok(), "not told in time");
    }

    /// A page as somebody sees it once it says so: what was delivered is noted a little later.
    pub async fn says(&self, who: &Person, path: &str, wanted: &str) -> Reply {
        let mut follower = self.shop.store().follow(0);
        let waited = async {
            loop {
                let page = who.opens(path).await;
                if page.text().contains(wanted) {
                    return page;
                }
                let news = tokio::time::timeout(LOOK_EVERY, follower.news()).await;
                assert!(news.unwrap_or(true), "the shop has closed");
            }
        };
        let page = tokio::time::timeout(PATIENT, waited).await;
        page.unwrap_or_else(|_| panic!("{path} never says {wanted}"))
    }
}

impl Person {
    /// The subjects of the letters to them, once there are so many.
    pub async fn is_told(&self, bodega: &Bodega, count: usize) -> Vec<String> {
        let letters = bodega.letters_to(&self.email, count).await;
        letters.into_iter().map(|letter| letter.subject).collect()
    }
}

/// A machine may be busy; the shop is not that slow.
const PATIENT: Duration = Duration::from_secs(120);
/// A standing changes without a commit.
const LOOK_EVERY: Duration = Duration::from_millis(20);
