//! `octroi_http_*`: requests by endpoint and status.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ::metrics::{Counter, Label, Unit};

use super::durations::{self, Durations};
use super::registry::{Described, Registry};

const REQUESTS: Described = Described {
    name: "octroi_http_requests_total",
    help: "HTTP requests answered, by endpoint and status code.",
    unit: Some(Unit::Count),
};
const REQUEST_DURATION: Described = Described {
    name: "octroi_http_request_duration_seconds",
    help: "Time from a request's head to its answer, the body's arrival included.",
    unit: Some(Unit::Seconds),
};
const REQUEST_BUCKETS: &[f64] = &[
    0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025,
    0.05, 0.1, 0.25, 1.0, 10.0,
];

/// What can be asked over HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// One access question.
    Evaluation,
    /// Several.
    Evaluations,
    /// Who may.
    SearchSubject,
    /// On what.
    SearchResource,
    /// What may be done.
    SearchAction,
    /// Where the endpoints are.
    Metadata,
    /// Whether the process lives.
    Livez,
    /// Whether it wants questions.
    Readyz,
    /// What Prometheus scrapes.
    Metrics,
    /// What is served, for people.
    Status,
    /// Reading the policies anew.
    Reload,
    /// A path that nobody serves.
    Other,
}

impl Endpoint {
    const ALL: [(Self, &'static str); 12] = [
        (Self::Evaluation, "evaluation"),
        (Self::Evaluations, "evaluations"),
        (Self::SearchSubject, "search_subject"),
        (Self::SearchResource, "search_resource"),
        (Self::SearchAction, "search_action"),
        (Self::Metadata, "metadata"),
        (Self::Livez, "livez"),
        (Self::Readyz, "readyz"),
        (Self::Metrics, "metrics"),
        (Self::Status, "status"),
        (Self::Reload, "reload"),
        (Self::Other, "other"),
    ];
}

/// Every status code that the listeners answer with. One that is missing here is counted as the last.
const CODES: [(u16, &str); 11] = [
    (200, "200"),
    (400, "400"),
    (401, "401"),
    (403, "403"),
    (404, "404"),
    (405, "405"),
    (408, "408"),
    (413, "413"),
    (422, "422"),
    (503, "503"),
    (500, "500"),
];

/// A counter for each endpoint and status, a histogram for each endpoint.
pub struct HttpMetrics {
    registry: Arc<Registry>,
    endpoints: [EndpointMetrics; Endpoint::ALL.len()],
}

struct EndpointMetrics {
    label: &'static str,
    duration: Durations,
    codes: [OnceLock<Counter>; CODES.len()],
}

impl HttpMetrics {
    pub(super) fn new(registry: &Arc<Registry>) -> Self {
        let endpoint = |label| EndpointMetrics {
            label,
            duration: Durations::new(REQUEST_BUCKETS),
            codes: [const { OnceLock::new() }; CODES.len()],
        };
        Self {
            registry: Arc::clone(registry),
            endpoints: Endpoint::ALL.map(|(_, label)| endpoint(label)),
        }
    }

    /// Counts an answer.
    pub fn record(&self, endpoint: Endpoint, code: u16, duration: Duration) {
        let Some(endpoint) = self.endpoints.get(endpoint as usize) else {
            return;
        };
        endpoint.duration.record(duration);
        let index = CODES
            .iter()
            .position(|(known, _)| *known == code)
            .unwrap_or(CODES.len() - 1);
        if let (Some(counter), Some((_, code))) = (endpoint.codes.get(index), CODES.get(index)) {
            counter
                .get_or_init(|| self.register(endpoint.label, code))
                .increment(1);
        }
    }

    pub(super) fn append_durations(&self, text: &mut String) {
        let endpoints = self.endpoints.iter();
        let histograms =
            endpoints.map(|endpoint| (Some(("endpoint", endpoint.label)), &endpoint.duration));
        durations::append(text, REQUEST_DURATION, histograms);
    }

    fn register(&self, endpoint: &'static str, code: &'static str) -> Counter {
        let labels = vec![
            Label::from_static_parts("endpoint", endpoint),
            Label::from_static_parts("code", code),
        ];
        self.registry.counter(REQUESTS, labels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_endpoint_has_its_place_in_the_table() {
        for (index, (endpoint, _)) in Endpoint::ALL.into_iter().enumerate() {
            assert_eq!(endpoint as usize, index);
        }
    }
}
