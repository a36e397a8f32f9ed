//! The one recorder, owned and handed down; there is no global one.

use metrics::{Counter, Gauge, Key, Label, Level, Metadata, Recorder as _, Unit};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

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
    /// A registry of counters and gauges.
    pub(super) fn new() -> Self {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        Self { recorder, handle }
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

    pub(super) fn render(&self) -> String {
        self.handle.render()
    }
}
