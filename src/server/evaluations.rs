//! `POST /access/v1/evaluations`: several questions of one body, decided on one snapshot about one instant (AuthZEN,
//! Authorization API 1.0, section 7).

use std::time::Duration;

use serde::Serialize;

use super::Refusal;
use super::answerer::{Answerer, Remembered, ok};
use super::evaluation::{Explained, single};
use super::reply::Reply;
use crate::authzen::{Batch, BatchWords, Evaluations, Malformed, Semantic};
use crate::explain::Effort;
use crate::snapshot::{Decision, Question, Reason};

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

/// Decides the questions in a body. Where all are remembered they need not be read.
pub(super) fn answer(answerer: &Answerer<'_>, body: &[u8]) -> Result<Reply, Refusal> {
    let words = match answerer.with_reasons {
        true => None,
        false => BatchWords::read(body),
    };
    let items = words.iter().flat_map(|words| &words.items);
    let remembered: Vec<Remembered<'_>> = items.map(|item| answerer.remembered(item)).collect();
    let all: Result<Vec<_>, _> = remembered.iter().copied().collect();
    if let (Some(words), Ok(decisions)) = (&words, all) {
        let evaluations = repeat(answerer, words.semantic, &decisions);
        return ok(&Answers { evaluations });
    }
    match Evaluations::read(body)? {
        Evaluations::Single(question) => single(answerer, &question),
        Evaluations::Batch(batch) => ok(&Answers {
            evaluations: decide(answerer, &batch, &remembered)?,
        }),
    }
}

/// Gives remembered decisions again.
fn repeat(
    answerer: &Answerer<'_>,
    semantic: Semantic,
    decisions: &[(Decision, Duration)],
) -> Vec<Answer> {
    let mut answers = Vec::with_capacity(decisions.len());
    for (decided, took) in decisions {
        let decision = answerer.count(*decided, *took).allows();
        answers.push(Answer::Plain { decision });
        if semantic.ends_with(decision) {
            break;
        }
    }
    answers
}

fn decide(
    answerer: &Answerer<'_>,
    batch: &Batch<'_>,
    remembered: &[Remembered<'_>],
) -> Result<Vec<Answer>, Refusal> {
    let mut answers = Vec::new();
    let mut denied = 0;
    for (index, question) in batch.questions().enumerate() {
        let remembered = remembered.get(index).copied().unwrap_or(Err(None));
        let (allowed, answer) = match question {
            Ok(question) => decide_one(answerer, &question, remembered, &mut denied)?,
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
    remembered: Remembered<'_>,
    denied: &mut usize,
) -> Result<(bool, Answer), Refusal> {
    let reason = match remembered {
        Ok((decision, took)) => answerer.count(decision, took),
        Err(words) => answerer.decide_and_remember(words, question),
    };
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
