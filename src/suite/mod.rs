//! Runs the authors' `tests` documents on a snapshot, and says how much they hold the rules to: which rules no case
//! exercises ([`coverage`]), and which could be written otherwise without any case noticing ([`mutate`]).

mod coverage;
mod failures;
mod mutants;
mod reasons;
mod rules;
mod run;
mod titles;

pub use coverage::{Coverage, Point, coverage};
pub use failures::failures;
pub use mutants::{Fate, Mutant, Mutation, Mutations, mutate};
pub use reasons::Stale;
pub use rules::{Part, RuleName};
pub use run::{Outcome, question, run, run_some};
pub use titles::{Titles, titles};
