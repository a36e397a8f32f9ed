//! The one recorder, owned and handed down; there is no global one.

use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder as _, Unit};
use metrics_exporter_prometheus::{
    BuildError, Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};

const METADATA: Metadata<'static> = Metadata::new("octroi", Level::INFO, None);

/// A metric's name, help text and unit, written once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Described {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    pub(super) unit: Option<Unit>,
}

/// Gives out handles, and renders what they hold.
pub(super) struct Registry {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
}

impl Registry {
    /// A registry whose histograms have the buckets given by metric.
    pub(super) fn new(histograms: &[(Described, &[f64])]) -> Result<Self, BuildError> {
        let mut builder = PrometheusBuilder::new();
        for (histogram, buckets) in histograms {
            let name = Matcher::Full(histogram.name.to_owned());
            builder = builder.set_buckets_for_metric(name, buckets)?;
        }
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        Ok(Self { recorder, handle })
    }

    pub(super) fn counter(&self, metric: Described, labels: Vec<Label>) -> Counter {
        let key = Key::from_parts(metric.name, labels);
        self.recorder
            .describe_counter(metric.name.into(), metric.unit, metric.help.into());
        self.recorder.register_counter(&key, &METADATA)
    }

    pub(super) fn gauge(&self, metric: Described) -> Gauge {
        self.gauge_of(metric, Vec::new())
    }

    pub(super) fn gauge_of(&self, metric: Described, labels: Vec<Label>) -> Gauge {
        let key = Key::from_parts(metric.name, labels);
        self.recorder
            .describe_gauge(metric.name.into(), metric.unit, metric.help.into());
        self.recorder.register_gauge(&key, &METADATA)
    }

    pub(super) fn histogram(&self, metric: Described, labels: Vec<Label>) -> Histogram {
        let key = Key::from_parts(metric.name, labels);
        self.recorder
            .describe_histogram(metric.name.into(), metric.unit, metric.help.into());
        self.recorder.register_histogram(&key, &METADATA)
    }

    pub(super) fn render(&self) -> String {
        self.handle.render()
    }

    /// Folds recorded samples into their buckets; without it every sample is kept until somebody scrapes.
    pub(super) fn run_upkeep(&self) {
        self.handle.run_upkeep();
    }
}
