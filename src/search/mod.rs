//! Searches: which subjects, resources or actions make a question an allow (AuthZEN, Authorization API 1.0, section 8).
//!
//! Exact by construction: the names that a part left open can have are known to the snapshot, and each is asked as the
//! question that it completes. So every result is allowed when it is asked about, and nothing allowed is missing.

mod candidates;
mod person;

use crate::snapshot::{Action, Entity, Part, Question, Snapshot};
use person::Accounts;

/// Which part of a question is left open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sought {
    /// Who may do it: the subject's id.
    Subjects,
    /// What may it be done to: the resource's id.
    Resources,
    /// What may be done: the action's name.
    Actions,
}

/// A question of which one part is left open. Everything else that it says of that part, its properties above all, is
/// said of each candidate.
#[derive(Debug, Clone, PartialEq, Hash)]
pub struct Search<'a> {
    /// Which part.
    pub sought: Sought,
    /// The question; what stands in the open part means nothing.
    pub question: Question<'a>,
}

/// Which of the results are wanted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Range<'r> {
    /// Only those behind this one.
    pub after: Option<&'r str>,
    /// At most so many; none is all.
    pub limit: Option<usize>,
    /// Whether those beyond the limit are counted too.
    pub counted: bool,
}

/// What was found, sorted by bytes.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found<'s> {
    /// The results within the range.
    pub results: Vec<&'s str>,
    /// Whether there are more.
    pub more: bool,
    /// How many there are behind the beginning of the range, where that was to be counted.
    pub total: Option<usize>,
    /// Where all accounts of a person were asked about: which of them may enter each tenant of the results.
    pub accounts: Option<Vec<(&'s str, Vec<String>)>>,
}

impl<'a> Search<'a> {
    /// The question that a candidate completes.
    pub fn completed<'q>(&'q self, candidate: &'q str) -> Question<'q> {
        let Question {
            subject,
            action,
            resource,
            context,
        } = &self.question;
        let is = |sought| self.sought == sought;
        Question {
            subject: entity(subject, is(Sought::Subjects).then_some(candidate)),
            action: match self.sought {
                Sought::Actions => Part::Own(Action {
                    name: candidate.into(),
                    properties: Part::Lent(&action.properties),
                }),
                _ => Part::Lent(action),
            },
            resource: entity(resource, is(Sought::Resources).then_some(candidate)),
            context: Part::Lent(context),
        }
    }

    /// Finds what completes the question to one that is allowed at an instant, in milliseconds since 1970.
    pub fn run<'s>(&self, snapshot: &'s Snapshot, now: i64, range: Range<'_>) -> Found<'s> {
        let mut candidates = candidates::of(self, snapshot);
        candidates.sort_unstable();
        candidates.dedup();
        let mut accounts = Accounts::of(self, snapshot);
        let begins = range.after.map_or(0, |after| {
            candidates.partition_point(|candidate| *candidate <= after)
        });
        let limit = range.limit.unwrap_or(usize::MAX);
        let mut found = Found {
            accounts: accounts.as_ref().map(|_| Vec::new()),
            ..Found::default()
        };
        let mut total = 0;
        for candidate in candidates.into_iter().skip(begins) {
            let by = match &mut accounts {
                None => self.allows(snapshot, candidate, now).then(Vec::new),
                Some(accounts) => accounts.that_may(self, snapshot, candidate, now),
            };
            let Some(by) = by else { continue };
            total += 1;
            if total <= limit {
                found.results.push(candidate);
                if let Some(accounts) = &mut found.accounts {
                    accounts.push((candidate, by));
                }
            } else if !range.counted {
                break;
            }
        }
        found.more = total > limit;
        found.total = range.counted.then_some(total);
        found
    }

    fn allows(&self, snapshot: &Snapshot, candidate: &str, now: i64) -> bool {
        let question = self.completed(candidate);
        snapshot.decide(&question, now).reason.allows()
    }
}

/// The entity, under the candidate's id if it is the one left open.
fn entity<'q>(entity: &'q Entity<'q>, candidate: Option<&'q str>) -> Part<'q, Entity<'q>> {
    match candidate {
        None => Part::Lent(entity),
        Some(id) => Part::Own(Entity {
            kind: entity.kind.as_ref().into(),
            id: id.into(),
            properties: Part::Lent(&entity.properties),
        }),
    }
}
