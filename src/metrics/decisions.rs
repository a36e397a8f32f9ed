//! `octroi_decisions_total`, as a table that a snapshot brings along.

use std::sync::{Arc, OnceLock};

use ::metrics::{Counter, Label, Unit};

use super::registry::{Described, Registry};
use crate::snapshot::Reason;

const DECISIONS: Described = Described {
    name: "octroi_decisions_total",
    help: "Decisions, by outcome, reason code and application (empty where the question names none that is loaded).",
    unit: Some(Unit::Count),
};

/// A counter for each application and reason, registered when it first counts.
pub struct DecisionCounters {
    registry: Arc<Registry>,
    unknown: Row,
    applications: Box<[Row]>,
}

struct Row {
    application: Box<str>,
    counters: [OnceLock<Counter>; Reason::ALL.len()],
}

impl DecisionCounters {
    pub(super) fn new<'a>(
        registry: Arc<Registry>,
        applications: impl Iterator<Item = &'a str>,
    ) -> Self {
        Self {
            registry,
            unknown: Row::new(""),
            applications: applications.map(Row::new).collect(),
        }
    }

    /// Counts a decision; `application` is an index into the snapshot's applications.
    pub fn count(&self, application: Option<usize>, reason: Reason) {
        let row = application
            .and_then(|index| self.applications.get(index))
            .unwrap_or(&self.unknown);
        if let Some(counter) = row.counters.get(reason as usize) {
            counter
                .get_or_init(|| self.register(&row.application, reason))
                .increment(1);
        }
    }

    fn register(&self, application: &str, reason: Reason) -> Counter {
        let decision = if reason.allows() { "allow" } else { "deny" };
        let labels = vec![
            Label::from_static_parts("decision", decision),
            Label::from_static_parts("reason", reason.as_str()),
            Label::new("application", application.to_owned()),
        ];
        self.registry.counter(DECISIONS, labels)
    }
}

impl Row {
    fn new(application: &str) -> Self {
        Self {
            application: application.into(),
            counters: [const { OnceLock::new() }; Reason::ALL.len()],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Build, Metrics};
    use crate::snapshot::Reason;

    #[test]
    fn every_reason_has_its_place_in_the_table() {
        for (index, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, index);
        }
    }

    #[test]
    fn a_snapshot_goes_on_where_the_last_one_stopped() {
        let metrics = Metrics::new(Build::CURRENT);
        for _ in 0..2 {
            let counters = metrics.decision_counters(["funnels"].into_iter());
            counters.count(Some(0), Reason::Granted);
            counters.count(None, Reason::UnknownTenant);
            counters.count(Some(7), Reason::UnknownTenant);
        }
        let text = metrics.render(None);
        for line in [
            "octroi_decisions_total{decision=\"allow\",reason=\"granted\",application=\"funnels\"} 2",
            "octroi_decisions_total{decision=\"deny\",reason=\"unknown_tenant\",application=\"\"} 4",
        ] {
            assert!(text.contains(line), "{line} is missing in\n{text}");
        }
    }
}
