//! Meters: numbers about the running shop, in the text format of Prometheus.
//!
//! Every part registers its meters once, when it is made, inside [`Meters::while_making`], and
//! then only touches its own handles: no look-up, no label and no lock on a request's way. A part
//! that is made outside of it counts nothing. Knows nothing of what is counted but the names.

mod histograms;

use std::{fmt, sync::Arc};

use metrics::{
    Counter, Gauge, Histogram, Key, KeyName, Metadata, NoopRecorder, SharedString, Unit,
};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use histograms::Histograms;

/// The numbers of one shop. Cheap to clone.
#[derive(Clone)]
pub struct Meters {
    /// Nothing, if nothing is counted.
    recorder: Option<Arc<Recorder>>,
    handle: PrometheusHandle,
    histograms: Arc<Histograms>,
}

/// Whoever registers a meter gets it here. Histograms are ours: those of the library keep each
/// measurement until somebody looks.
struct Recorder {
    others: PrometheusRecorder,
    histograms: Arc<Histograms>,
}

impl Default for Meters {
    fn default() -> Meters {
        Meters::new()
    }
}

impl Meters {
    /// No numbers yet.
    pub fn new() -> Meters {
        let others = PrometheusBuilder::new().build_recorder();
        let (handle, histograms) = (others.handle(), Arc::<Histograms>::default());
        let recorder = Recorder { others, histograms: Arc::clone(&histograms) };
        metrics::with_local_recorder(&recorder, describe);
        Meters { recorder: Some(Arc::new(recorder)), handle, histograms }
    }

    /// Numbers that nobody counts: what counting costs shows beside these.
    pub fn silent() -> Meters {
        let handle = PrometheusBuilder::new().build_recorder().handle();
        Meters { recorder: None, handle, histograms: Arc::default() }
    }

    /// What is made in here registers its meters with this shop.
    pub fn while_making<T>(&self, make: impl FnOnce() -> T) -> T {
        match &self.recorder {
            Some(recorder) => metrics::with_local_recorder(&**recorder, make),
            None => metrics::with_local_recorder(&NoopRecorder, make),
        }
    }

    /// All numbers as they are now.
    pub fn rendered(&self) -> String {
        self.handle.render() + &self.histograms.rendered()
    }
}

impl metrics::Recorder for Recorder {
    fn describe_counter(&self, name: KeyName, unit: Option<Unit>, about: SharedString) {
        self.others.describe_counter(name, unit, about);
    }

    fn describe_gauge(&self, name: KeyName, unit: Option<Unit>, about: SharedString) {
        self.others.describe_gauge(name, unit, about);
    }

    fn describe_histogram(&self, name: KeyName, _: Option<Unit>, about: SharedString) {
        self.histograms.describe(name.as_str(), &about);
    }

    fn register_counter(&self, key: &Key, metadata: &Metadata<'_>) -> Counter {
        self.others.register_counter(key, metadata)
    }

    fn register_gauge(&self, key: &Key, metadata: &Metadata<'_>) -> Gauge {
        self.others.register_gauge(key, metadata)
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        let limits = match key.name() {
            REQUEST_SECONDS => REQUEST_SECONDS_BUCKETS,
            BATCH_COMMITS => BATCH_BUCKETS,
            _ => WAIT_SECONDS_BUCKETS,
        };
        Histogram::from_arc(self.histograms.get(key, limits))
    }
}

/// Counts how often a cache was of use. Cheap to clone.
#[derive(Clone)]
pub struct CacheMeter {
    hits: Counter,
    misses: Counter,
}

impl CacheMeter {
    /// The meter of the cache of this name; to be made inside [`Meters::while_making`].
    pub fn of(cache: &'static str) -> CacheMeter {
        CacheMeter {
            hits: metrics::counter!(CACHE_HITS, "cache" => cache),
            misses: metrics::counter!(CACHE_MISSES, "cache" => cache),
        }
    }

    /// Counts what was found, or that nothing was, and passes it on.
    pub fn noted<T>(&self, found: Option<T>) -> Option<T> {
        let counter = if found.is_some() { &self.hits } else { &self.misses };
        counter.increment(1);
        found
    }
}

impl fmt::Debug for CacheMeter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CacheMeter")
    }
}

/// What each number means, for whoever reads them.
fn describe() {
    use metrics::{describe_counter, describe_gauge, describe_histogram};
    describe_counter!(REQUESTS, "Requests, by route and status");
    describe_histogram!(REQUEST_SECONDS, Unit::Seconds, "From the request to its answer, by route");
    describe_histogram!(BATCH_COMMITS, "Commits made durable by one sync");
    describe_histogram!(SYNC_SECONDS, Unit::Seconds, "Writing a batch and waiting for the disk");
    describe_gauge!(TABLE_BYTES, Unit::Bytes, "Memory of state that is not folded yet");
    describe_gauge!(JOURNAL_BYTES, Unit::Bytes, "Size of the journal");
    describe_gauge!(JOURNAL_POSITION, "The last durable commit");
    describe_gauge!(DISK_FREE_BYTES, Unit::Bytes, "Room left on the disk of the data directory");
    describe_gauge!(WRITABLE, "1 if commits are taken, 0 if the disk is full or broken");
    describe_gauge!(COMMITS_WAITING, "Commits that wait for the commit thread");
    describe_gauge!(PASSWORDS_WAITING, "Passwords that wait to be hashed or checked");
    describe_counter!(CACHE_HITS, "What was asked of a cache and was there, by cache");
    describe_counter!(CACHE_MISSES, "What was asked of a cache and had to be made, by cache");
    describe_gauge!(OWNER_WAITING, "Messages that wait to be taken up, by owner");
    describe_histogram!(OWNER_WAIT_SECONDS, Unit::Seconds, "How long messages waited, by owner");
    describe_counter!(OWNER_RESTARTS, "Owners that panicked and came back, by owner");
    describe_gauge!(COURIER_LAG, "Commits a follower of the journal is behind, by courier");
    describe_counter!(MAIL_LETTERS, "Letters by mail, by what became of them");
    describe_gauge!(COURIER_WAITING, "Deliveries that failed and are tried again, by courier");
    describe_counter!(GATEWAY_NEWS, "Letters of the payment gateway, by what became of them");
    describe_gauge!(BREAKER_OPEN, "1 while a neighbour is not called because it failed, by name");
    describe_gauge!(STREAM_CLIENTS, "Open event streams");
    describe_counter!(STREAM_DROPPED, "Event streams ended because their client was too slow");
}

/// Counter: requests by `route`, `method` and `status`.
pub const REQUESTS: &str = "bodega_http_requests_total";
/// Histogram: seconds from a request to its answer, by `route` and `method`.
pub const REQUEST_SECONDS: &str = "bodega_http_request_seconds";
/// Histogram: commits made durable by one sync.
pub const BATCH_COMMITS: &str = "bodega_store_batch_commits";
/// Histogram: seconds of writing and syncing a batch.
pub const SYNC_SECONDS: &str = "bodega_store_sync_seconds";
/// Gauge: memory of what is not folded yet.
pub const TABLE_BYTES: &str = "bodega_store_table_bytes";
/// Gauge: size of the journal.
pub const JOURNAL_BYTES: &str = "bodega_store_journal_bytes";
/// Gauge: number of the last durable commit.
pub const JOURNAL_POSITION: &str = "bodega_store_position";
/// Gauge: room left on the disk.
pub const DISK_FREE_BYTES: &str = "bodega_disk_free_bytes";
/// Gauge: whether commits are taken.
pub const WRITABLE: &str = "bodega_store_writable";
/// Gauge: commits in the queue.
pub const COMMITS_WAITING: &str = "bodega_store_waiting_commits";
/// Gauge: passwords in the queue.
pub const PASSWORDS_WAITING: &str = "bodega_passwords_waiting";
/// Counter: what was asked of a cache and was there, by `cache`.
pub const CACHE_HITS: &str = "bodega_cache_hits_total";
/// Counter: what was asked of a cache and had to be made, by `cache`.
pub const CACHE_MISSES: &str = "bodega_cache_misses_total";
/// Gauge: waiting messages by `owner`.
pub const OWNER_WAITING: &str = "bodega_owner_waiting_messages";
/// Histogram: seconds a message waited, by `owner`.
pub const OWNER_WAIT_SECONDS: &str = "bodega_owner_wait_seconds";
/// Counter: restarts by `owner`.
pub const OWNER_RESTARTS: &str = "bodega_owner_restarts_total";
/// Gauge: commits a follower of the journal is behind, by `courier`.
pub const COURIER_LAG: &str = "bodega_courier_lag_commits";
/// Gauge: deliveries that failed and will be tried again, by `courier`.
pub const COURIER_WAITING: &str = "bodega_courier_waiting_deliveries";
/// Counter: letters of the payment gateway, by `what`.
pub const GATEWAY_NEWS: &str = "bodega_gateway_news_total";
/// Counter: letters by mail, by `outcome`.
pub const MAIL_LETTERS: &str = "bodega_mail_letters_total";
/// Gauge: 1 while a neighbour is not called, by `neighbour`.
pub const BREAKER_OPEN: &str = "bodega_breaker_open";
/// Gauge: open event streams.
pub const STREAM_CLIENTS: &str = "bodega_event_stream_clients";
/// Counter: event streams ended because their client was too slow.
pub const STREAM_DROPPED: &str = "bodega_event_stream_dropped_total";

const REQUEST_SECONDS_BUCKETS: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
const WAIT_SECONDS_BUCKETS: &[f64] =
    &[0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0];
const BATCH_BUCKETS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_inside_counts_and_what_is_made_outside_does_not() {
        let meters = Meters::new();
        let inside = meters.while_making(|| metrics::counter!(REQUESTS, "route" => "/inside"));
        let outside = metrics::counter!(REQUESTS, "route" => "/outside");
        inside.increment(2);
        outside.increment(2);
        let text = meters.rendered();
        assert!(text.contains("bodega_http_requests_total{route=\"/inside\"} 2"), "{text}");
        assert!(!text.contains("/outside"), "{text}");
    }

    #[test]
    fn silent_meters_count_nothing() {
        let meters = Meters::silent();
        meters.while_making(|| metrics::counter!(REQUESTS)).increment(2);
        assert_eq!(meters.rendered(), "");
    }

    #[test]
    fn two_shops_of_one_process_count_apart() {
        let (one, other) = (Meters::new(), Meters::new());
        one.while_making(|| metrics::gauge!(TABLE_BYTES)).set(7.0);
        assert!(one.rendered().contains("bodega_store_table_bytes 7"));
        assert!(!other.rendered().contains("bodega_store_table_bytes 7"));
    }

    #[test]
    fn each_kind_of_measurement_has_its_buckets() {
        let meters = Meters::new();
        let seconds = meters.while_making(|| metrics::histogram!(SYNC_SECONDS));
        seconds.record(0.003);
        meters.while_making(|| metrics::histogram!(BATCH_COMMITS)).record(3);
        meters.while_making(|| metrics::histogram!(REQUEST_SECONDS)).record(7.0);
        let text = meters.rendered();
        assert!(text.contains("bodega_store_batch_commits_bucket{le=\"4\"} 1"), "{text}");
        assert!(text.contains("bodega_http_request_seconds_bucket{le=\"10\"} 1"), "{text}");
        assert!(text.contains("bodega_store_sync_seconds_bucket{le=\"0.0025\"} 0"), "{text}");
        assert!(text.contains("bodega_store_sync_seconds_bucket{le=\"0.005\"} 1"), "{text}");
    }
}
