//! `POST /access/v1/evaluations`: several questions of one body, decided on one snapshot about one instant (AuthZEN,
//! Authorization API 1.0, section 7).

use serde::Serialize;

use super::Refusal;
use super::answerer::{Answerer, ok};
use super::evaluation::{Explained, single};
use super::reply::Reply;
use crate::authzen::{Batch, Evaluations, Malformed};
use crate::explain::Effort;
use crate::snapshot::{Question, Reason};

/// Most denies of a batch that get suggestions: finding them takes many decisions each.
const SUGGESTED_MAX: usize = 100;

#[derive(Serialize)]
struct Answers {
    evaluations: Vec<Answer>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Answer {
    Plain { decision: bool },
    Explained(Box<Explained>),
    Invalid { decision: bool, context: Invalid },
}

/// Why an item is no question; all but `error` only where reasons are wanted.
#[derive(Serialize)]
struct Invalid {
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason_admin: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    determining: Option<[(); 0]>,
    error: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<String>,
}

/// Decides the questions in a body.
pub(super) fn answer(answerer: &Answerer<'_>, body: &[u8]) -> Result<Reply, Refusal> {
    match Evaluations::read(body)? {
        Evaluations::Single(question) => single(answerer, &question),
        Evaluations::Batch(batch) => ok(&Answers {
            evaluations: decide(answerer, &batch)?,
        }),
    }
}

fn decide(answerer: &Answerer<'_>, batch: &Batch<'_>) -> Result<Vec<Answer>, Refusal> {
    let mut answers = Vec::new();
    let mut denied = 0;
    for question in batch.questions() {
        let (allowed, answer) = match question {
            Ok(question) => decide_one(answerer, &question, &mut denied)?,
            Err(malformed) => (false, invalid(answerer, &malformed)),
        };
        answers.push(answer);
        if batch.semantic.ends_with(allowed) {
            break;
        }
    }
    Ok(answers)
}

fn decide_one(
    answerer: &Answerer<'_>,
    question: &Question<'_>,
    denied: &mut usize,
) -> Result<(bool, Answer), Refusal> {
    let reason = answerer.decide(question);
    let decision = reason.allows();
    if !answerer.with_reasons {
        return Ok((decision, Answer::Plain { decision }));
    }
    *denied += usize::from(!decision);
    let effort = match *denied <= SUGGESTED_MAX {
        true => Effort::WithSuggestions,
        false => Effort::WithoutSuggestions,
    };
    let context = answerer.explain(question, reason, effort)?;
    let explained = Box::new(Explained { decision, context });
    Ok((decision, Answer::Explained(explained)))
}

fn invalid(answerer: &Answerer<'_>, malformed: &Malformed) -> Answer {
    answerer.count_invalid();
    let error = malformed.to_string();
    let explained = answerer.with_reasons;
    let revision = || answerer.published.snapshot.revision().to_owned();
    Answer::Invalid {
        decision: false,
        context: Invalid {
            reason: explained.then_some(Reason::InvalidQuestion.as_str()),
            reason_admin: explained
                .then(|| format!("This item of the batch is no question: {error}.")),
            determining: explained.then_some([]),
            error,
            revision: explained.then(revision),
        },
    }
}
