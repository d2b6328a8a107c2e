//! Signals: hears that the process is told to stop, and leaves it to the shop to do so in order.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGTERM and SIGINT, listened to. What comes before it is awaited counts too.
pub struct Signals(std::io::Result<(Signal, Signal)>);

impl Signals {
    /// Listens from now on.
    pub fn listen() -> Signals {
        let listening = || Ok((signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?));
        Signals(listening().inspect_err(|source| {
            tracing::warn!(%source, "signals cannot be listened to");
        }))
    }

    /// Comes with either of them; never, where signals cannot be listened to.
    pub async fn told_to_stop(&mut self) {
        match &mut self.0 {
            Ok((terminate, interrupt)) => {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
            }
            Err(_) => std::future::pending().await,
        }
    }
}
