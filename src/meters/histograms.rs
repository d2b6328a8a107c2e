//! Histograms: measurements counted in fixed buckets, and nothing of them kept beside the counts.
//!
//! Invariant: a histogram takes the same memory however much is measured, and whether or not
//! anybody looks. Each count is of all values up to a limit; the last is of all values.

use std::{
    collections::BTreeMap,
    fmt::Write,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use metrics::{HistogramFn, Key};

/// All histograms, by name and labels.
#[derive(Default)]
pub(super) struct Histograms {
    known: Mutex<BTreeMap<String, Named>>,
}

/// The histograms of one name.
#[derive(Default)]
struct Named {
    about: String,
    by_labels: BTreeMap<String, Arc<Buckets>>,
}

/// How many values lie up to each limit.
#[derive(Debug)]
pub(super) struct Buckets {
    limits: &'static [f64],
    /// Of values above the limit before and not above this one; the last of those above all.
    counts: Box<[AtomicU64]>,
    /// The bits of a number.
    sum: AtomicU64,
}

impl Histograms {
    /// Says what the histograms of this name mean.
    pub fn describe(&self, name: &str, about: &str) {
        self.with(name, |named| about.clone_into(&mut named.about));
    }

    /// The histogram of this name and these labels, with these limits if it is new.
    pub fn get(&self, key: &Key, limits: &'static [f64]) -> Arc<Buckets> {
        let new = || Arc::new(Buckets::up_to(limits));
        let labels = labels_of(key);
        self.with(key.name(), |named| Arc::clone(named.by_labels.entry(labels).or_insert_with(new)))
    }

    /// All of them in the text format of Prometheus.
    pub fn rendered(&self) -> String {
        let mut text = String::new();
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, Named { about, by_labels }) in &*known {
            if by_labels.is_empty() {
                continue;
            }
            let _ = write!(text, "# HELP {name} {about}\n# TYPE {name} histogram\n");
            for (labels, buckets) in by_labels {
                buckets.render(name, labels, &mut text);
            }
            text.push('\n');
        }
        text
    }

    fn with<T>(&self, name: &str, what: impl FnOnce(&mut Named) -> T) -> T {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        what(known.entry(name.to_owned()).or_default())
    }
}

impl Buckets {
    fn up_to(limits: &'static [f64]) -> Buckets {
        let counts = (0..=limits.len()).map(|_| AtomicU64::new(0)).collect();
        Buckets { limits, counts, sum: AtomicU64::new(0_f64.to_bits()) }
    }

    fn render(&self, name: &str, labels: &str, text: &mut String) {
        let (open, among) = match labels {
            "" => (String::new(), String::new()),
            labels => (format!("{{{labels}}}"), format!("{labels},")),
        };
        let mut all = 0;
        let limits = self.limits.iter().map(f64::to_string).chain(["+Inf".to_owned()]);
        for (limit, count) in limits.zip(&self.counts) {
            all += count.load(Ordering::Relaxed);
            let _ = writeln!(text, "{name}_bucket{{{among}le=\"{limit}\"}} {all}");
        }
        let sum = f64::from_bits(self.sum.load(Ordering::Relaxed));
        let _ = write!(text, "{name}_sum{open} {sum}\n{name}_count{open} {all}\n");
    }
}

impl HistogramFn for Buckets {
    fn record(&self, value: f64) {
        let at = self.limits.partition_point(|limit| *limit < value);
        if let Some(count) = self.counts.get(at) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        #[expect(clippy::float_arithmetic, reason = "a measurement, not money")]
        let with = |sum: u64| Some((f64::from_bits(sum) + value).to_bits());
        let _always = self.sum.fetch_update(Ordering::Relaxed, Ordering::Relaxed, with);
    }
}

/// Labels as they stand between braces.
fn labels_of(key: &Key) -> String {
    let mut text = String::new();
    for label in key.labels() {
        let value = label.value().replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let between = if text.is_empty() { "" } else { "," };
        let _ = write!(text, "{between}{}=\"{value}\"", label.key());
    }
    text
}

#[cfg(test)]
mod tests {
    use metrics::Label;

    use super::*;

    const LIMITS: &[f64] = &[0.5, 1.0, 2.5];

    #[test]
    fn what_is_measured_is_counted_up_to_each_limit() {
        let histograms = Histograms::default();
        histograms.describe("waits", "How long");
        histograms.describe("nothing", "Of which there is none");
        let waits = histograms.get(&Key::from_name("waits"), LIMITS);
        [0.25, 0.5, 0.75, 2.0, 9.0].into_iter().for_each(|value| waits.record(value));
        assert_eq!(
            histograms.rendered(),
            "# HELP waits How long\n# TYPE waits histogram\nwaits_bucket{le=\"0.5\"} 2\n\
             waits_bucket{le=\"1\"} 3\nwaits_bucket{le=\"2.5\"} 4\nwaits_bucket{le=\"+Inf\"} 5\n\
             waits_sum 12.5\nwaits_count 5\n\n"
        );
    }

    #[test]
    fn each_set_of_labels_is_counted_apart_and_the_same_set_together() {
        let histograms = Histograms::default();
        let of = |route: &'static str| {
            let labels = vec![Label::new("route", route), Label::new("method", "GET")];
            histograms.get(&Key::from_parts("seconds", labels), LIMITS)
        };
        of("/\"a\"").record(0.1);
        of("/\"a\"").record(0.1);
        of("/b").record(0.1);
        let text = histograms.rendered();
        let counted = |line: &str| assert!(text.lines().any(|has| has == line), "{text}");
        counted("seconds_bucket{route=\"/\\\"a\\\"\",method=\"GET\",le=\"0.5\"} 2");
        counted("seconds_count{route=\"/\\\"a\\\"\",method=\"GET\"} 2");
        counted("seconds_count{route=\"/b\",method=\"GET\"} 1");
    }
}
