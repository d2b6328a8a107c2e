//! A double of Stripe: a real HTTP server on loopback, with a ledger that is the oracle.
//!
//! It keeps idempotency keys as Stripe does (the first answer, faults included), takes each intent
//! once, refuses over-refunds, tells what happened by signed letters, and makes on order all the
//! trouble a network and a bank can make. Nothing in it knows the shop.

mod faults;
pub mod ledger;
mod letters;
mod server;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    thread,
};

use tokio::sync::oneshot;

pub use faults::{Dice, Fault, Trouble};
use ledger::Ledger;
pub use ledger::Taken;
pub use letters::{Delivery, signature_of};

/// A running double; dropping it ends its server.
pub struct Stripe {
    pub address: SocketAddr,
    pub inner: Arc<Inner>,
    server: Option<(oneshot::Sender<()>, thread::JoinHandle<()>)>,
}

/// What the server's threads share.
pub struct Inner {
    pub ledger: Mutex<Ledger>,
    pub trouble: Mutex<Trouble>,
    pub delivery: Mutex<Delivery>,
}

impl Stripe {
    /// Opens a double that makes no trouble and tells nobody.
    pub fn open() -> Stripe {
        let inner = Arc::new(Inner {
            ledger: Mutex::default(),
            trouble: Mutex::default(),
            delivery: Mutex::default(),
        });
        let (address, stop, thread) = server::start(Arc::clone(&inner));
        Stripe { address, inner, server: Some((stop, thread)) }
    }

    /// Where it is, as a setting.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The books.
    pub fn ledger<T>(&self, read: impl FnOnce(&mut Ledger) -> T) -> T {
        read(&mut self.inner.ledger.lock().expect("a ledger"))
    }

    /// From now on it makes this trouble.
    pub fn makes(&self, trouble: Trouble) {
        *self.inner.trouble.lock().expect("trouble") = trouble;
    }

    /// From now on letters go there.
    pub fn tells(&self, delivery: Delivery) {
        *self.inner.delivery.lock().expect("a delivery") = delivery;
    }
}

impl Drop for Stripe {
    fn drop(&mut self) {
        let Some((stop, thread)) = self.server.take() else { return };
        let _already_gone = stop.send(());
        assert!(thread.join().is_ok() || thread::panicking(), "the double did not end well");
    }
}

/// The shop's secret key and what letters are signed with.
pub const SECRET_KEY: &str = "sk_test_51DoubleOfStripe";
pub const WEBHOOK_SECRET: &str = "whsec_DoubleOfStripe";
