//! Histograms of durations, kept as their buckets.
//!
//! The exporter's own histograms keep every sample, with the instant at which it came, until somebody folds them: two
//! readings of a clock and 32 bytes for each question. These add to a bucket and to a sum, and are written at each scrape.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::registry::Described;

/// How many samples lie at or below each of some bounds, and their sum.
pub struct Durations {
    /// In seconds, ascending.
    bounds: &'static [f64],
    /// The same in nanoseconds.
    bounds_ns: Box<[u64]>,
    /// Samples above the bound before and not above its own; the last is above all bounds.
    counts: Box<[AtomicU64]>,
    sum_ns: AtomicU64,
}

impl Durations {
    /// An empty histogram with these bounds, in seconds, ascending.
    pub(super) fn new(bounds: &'static [f64]) -> Self {
        let nanoseconds = |seconds: &f64| (seconds * 1e9).round() as u64;
        Self {
            bounds,
            bounds_ns: bounds.iter().map(nanoseconds).collect(),
            counts: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(),
            sum_ns: AtomicU64::new(0),
        }
    }

    /// Adds a sample.
    pub fn record(&self, took: Duration) {
        let took = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let bucket = self.bounds_ns.partition_point(|bound| *bound < took);
        if let Some(count) = self.counts.get(bucket) {
            count.fetch_add(1, Ordering::Relaxed);
            self.sum_ns.fetch_add(took, Ordering::Relaxed);
        }
    }

    fn append_series(&self, text: &mut String, name: &str, labels: &str) {
        let bounds = self.bounds.iter().map(f64::to_string);
        let mut so_far = 0;
        for (bound, count) in bounds.chain(["+Inf".to_owned()]).zip(&self.counts) {
            so_far += count.load(Ordering::Relaxed);
            let _ = writeln!(text, "{name}_bucket{{{labels}le=\"{bound}\"}} {so_far}");
        }
        let labels = labels.trim_end_matches(',');
        let labels = match labels.is_empty() {
            true => String::new(),
            false => format!("{{{labels}}}"),
        };
        let sum = self.sum_ns.load(Ordering::Relaxed) as f64 / 1e9;
        let _ = writeln!(
            text,
            "{name}_sum{labels} {sum}\n{name}_count{labels} {so_far}"
        );
    }
}

/// Writes a metric, a histogram for each of some values of its label. Neither needs escaping.
pub(super) fn append<'d>(
    text: &mut String,
    metric: Described,
    histograms: impl IntoIterator<Item = (Option<(&'static str, &'static str)>, &'d Durations)>,
) {
    let Described { name, help, .. } = metric;
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} histogram");
    for (label, histogram) in histograms {
        let label = label.map_or(String::new(), |(key, value)| format!("{key}=\"{value}\","));
        histogram.append_series(text, name, &label);
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: Described = Described {
        name: "wait_seconds",
        help: "Time.",
        unit: None,
    };

    #[test]
    fn a_sample_counts_in_every_bucket_that_reaches_it() {
        let waits = Durations::new(&[0.000_5, 0.001, 0.1]);
        for nanoseconds in [0, 500_000, 500_001, 1_000_000, 99_999_999, 100_000_001] {
            waits.record(Duration::from_nanos(nanoseconds));
        }
        let mut text = String::new();
        append(&mut text, WAIT, [(Some(("of", "bread")), &waits)]);
        assert_eq!(
            text,
            "# HELP wait_seconds Time.\n# TYPE wait_seconds histogram\n\
             wait_seconds_bucket{of=\"bread\",le=\"0.0005\"} 2\n\
             wait_seconds_bucket{of=\"bread\",le=\"0.001\"} 4\n\
             wait_seconds_bucket{of=\"bread\",le=\"0.1\"} 5\n\
             wait_seconds_bucket{of=\"bread\",le=\"+Inf\"} 6\n\
             wait_seconds_sum{of=\"bread\"} 0.202000001\n\
             wait_seconds_count{of=\"bread\"} 6\n\n"
        );
    }

    #[test]
    fn there_may_be_no_label_and_no_end() {
        let waits = Durations::new(&[1.0]);
        waits.record(Duration::MAX);
        let mut text = String::new();
        append(&mut text, WAIT, [(None, &waits)]);
        assert!(text.contains("wait_seconds_bucket{le=\"1\"} 0\n"), "{text}");
        assert!(text.contains("wait_seconds_count 1\n"), "{text}");
    }
}
