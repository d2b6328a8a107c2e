//! Telemetry: log lines on standard error, as text or JSON.
//!
//! Invariant: logging never stops the shop. A standard error that is closed or full loses lines
//! and nothing else.

use std::io::{self, IsTerminal};

use tracing::Level;
use tracing_subscriber::{EnvFilter, util::SubscriberInitExt};

use crate::config::{LogFormat, LogSettings};

/// Starts writing logs. Whoever comes first decides; `false` means somebody was first.
pub fn start(settings: &LogSettings) -> bool {
    let plain = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter(settings.level)))
        .with_writer(io::stderr)
        // Its own faults would go to standard error by a macro that panics when that is closed.
        .log_internal_errors(false);
    match settings.format {
        LogFormat::Text => {
            let colours = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            plain.with_ansi(colours).finish().try_init().is_ok()
        }
        LogFormat::Json => plain.json().flatten_event(true).finish().try_init().is_ok(),
    }
}

/// Ours from the level chosen; libraries only from `warn`, because what they trace may hold
/// what must not be written. What reads requests is silent: it calls it an error when a stranger
/// sends what is no HTTP, and strangers shall not fill the log. Our answers log their own faults.
fn filter(level: Level) -> String {
    format!("{},actix_http::h1=off,bodega={level}", level.min(Level::WARN))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::LogRequests;

    #[test]
    fn starting_twice_keeps_the_first() {
        let settings = LogSettings {
            format: LogFormat::Json,
            level: Level::ERROR,
            requests: LogRequests::None,
        };
        start(&settings);
        assert!(!start(&settings), "the second start is told that it came second");
    }

    #[test]
    fn libraries_are_never_louder_than_warnings_and_strangers_say_nothing() {
        assert_eq!(filter(Level::TRACE), "WARN,actix_http::h1=off,bodega=TRACE");
        assert_eq!(filter(Level::INFO), "WARN,actix_http::h1=off,bodega=INFO");
        assert_eq!(filter(Level::ERROR), "ERROR,actix_http::h1=off,bodega=ERROR");
    }
}
