//! Why a decision is what it is, for the operator and the policy author: the reason's code, a sentence, and the rules
//! that made it so with their places. Nothing in it names other members.

mod sentence;
mod would_allow;

use std::sync::Arc;

use serde::Serialize;

use crate::compile::Rule;
use crate::snapshot::{Asking, Question, Reason, Snapshot, evaluate};
pub use would_allow::{Change, Suggestion};

/// The `context` of an explained answer.
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    #[serde(serialize_with = "reason_code")]
    reason: Reason,
    reason_admin: String,
    determining: Vec<Determining>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    would_allow: Vec<String>,
    revision: Arc<str>,
}

/// A rule that made the decision what it is; for a deny that no rule made, a grant that came near.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct Determining {
    /// The id of the compiled policy.
    pub policy: String,
    /// The role that the rule belongs to; none for deny rules of application and tenant.
    pub role: Option<String>,
    /// `file:line` of the rule.
    pub source: String,
}

fn reason_code<S: serde::Serializer>(reason: &Reason, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(reason.as_str())
}

/// How much work an explanation is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// Look for changes that would turn a deny, which takes many decisions.
    WithSuggestions,
    /// Say only why.
    WithoutSuggestions,
}

/// Decides a question about an instant, in milliseconds since 1970, and says why.
pub fn explain(
    snapshot: &Snapshot,
    question: &Question<'_>,
    now: i64,
    effort: Effort,
) -> Explanation {
    let evaluation = evaluate(snapshot, question, now, Asking::EXPLAINED);
    let mut determining: Vec<Determining> = Vec::new();
    for rule in &evaluation.rules {
        let row = determining_rule(rule);
        if !determining.contains(&row) {
            determining.push(row);
        }
    }
    let would_allow = match effort {
        Effort::WithSuggestions => would_allow::suggestions(snapshot, question, now, &evaluation)
            .iter()
            .map(Suggestion::sentence)
            .collect(),
        Effort::WithoutSuggestions => Vec::new(),
    };
    Explanation {
        reason: evaluation.reason,
        reason_admin: sentence::sentence(question, &evaluation),
        determining,
        would_allow,
        revision: snapshot.shared_revision(),
    }
}

/// The smallest changes known to turn a deny, at most five.
pub fn suggestions(snapshot: &Snapshot, question: &Question<'_>, now: i64) -> Vec<Suggestion> {
    let evaluation = evaluate(snapshot, question, now, Asking::EXPLAINED);
    would_allow::suggestions(snapshot, question, now, &evaluation)
}

fn determining_rule(rule: &Rule) -> Determining {
    Determining {
        policy: rule.id.clone(),
        role: rule.origin.role.as_ref().map(|role| role.to_string()),
        source: rule.origin.place.clone(),
    }
}

impl Explanation {
    /// The reason; [`Reason::allows`] says whether it is an allow.
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// One sentence for the operator.
    pub fn sentence(&self) -> &str {
        &self.reason_admin
    }

    /// Changes that would turn a deny, in words.
    pub fn would_allow(&self) -> &[String] {
        &self.would_allow
    }

    /// The rules that made the decision what it is.
    pub fn determining(&self) -> &[Determining] {
        &self.determining
    }
}
