//! `octroi diff`: who gains and who loses what between two states of the policies.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use clap::{Args, ValueEnum};

use super::progress::Progress;
use super::{Exit, load_place, message, moment, print};
use crate::diff::{self, Side};
use crate::pipeline::Kept;

/// Arguments of `octroi diff`.
#[derive(Debug, Args)]
pub(super) struct DiffArgs {
    /// What was: a folder, or a git revision (`main`, `HEAD~1:policies`); or both at once, `main..HEAD`
    old: String,
    /// What is to be: a folder, or a git revision
    new: Option<String>,
    /// Where a revision that names no folder has its policies; else all of it
    #[arg(
        long,
        value_name = "DIR",
        env = "OCTROI_POLICIES",
        default_value = "policies"
    )]
    policies: PathBuf,
    /// Which differences end with 6 instead of any
    #[arg(long, value_enum, value_delimiter = ',', env = "OCTROI_FAIL_ON")]
    fail_on: Vec<FailOn>,
    /// The moment that entries and delegations are looked at, `2026-12-01T09:00:00Z`; now
    #[arg(long, env = "OCTROI_AT")]
    at: Option<String>,
    /// How to write what is different
    #[arg(long, value_enum, default_value = "human", env = "OCTROI_FORMAT")]
    format: Format,
}

/// Differences that matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// Somebody gains something, or may: a condition that is written otherwise may be a wider one
    Widening,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Human,
    /// For programs
    Json,
    /// To be posted on a pull request
    Markdown,
}

impl DiffArgs {
    /// What is compared: two places, or the ends of a range as git writes it.
    fn places(&self) -> Result<(&str, &str), Exit> {
        match &self.new {
            Some(new) => Ok((&self.old, new)),
            None => ends(&self.old).ok_or_else(|| {
                message(
                    "octroi diff: two states are required: `octroi diff OLD NEW`, or of git `octroi diff OLD..NEW`\n",
                );
                Exit::Usage
            }),
        }
    }
}

/// The ends of `A..B`; one left out is `HEAD`. A path like `../a` is no range, nor is git's `A...B`, which asks for
/// something else.
fn ends(range: &str) -> Option<(&str, &str)> {
    let (old, new) = range.split_once("..")?;
    let is_path = old.ends_with('/') || new.starts_with(['/', '.']) || new.contains("..");
    if is_path || old.is_empty() && new.is_empty() {
        return None;
    }
    let [old, new] = [old, new].map(|end| if end.is_empty() { "HEAD" } else { end });
    Some((old, new))
}

/// Compares.
pub(super) fn run(args: &DiffArgs) -> Exit {
    match compare(args) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn compare(args: &DiffArgs) -> Result<Exit, Exit> {
    let now = moment(args.at.as_deref(), "diff")?;
    let (old, new) = args.places()?;
    let old = load_place(old, &args.policies, None)?;
    let kept = Kept::of(&old);
    let new = load_place(new, &args.policies, kept.as_ref())?;
    let (Some(before), Some(after)) = (Side::of(&old), Side::of(&new)) else {
        return Err(Exit::Policies);
    };
    let progress = Arc::new(diff::Progress::default());
    let shown = {
        let progress = progress.clone();
        Progress::show(move || {
            let (done, total) = (
                progress.done.load(Ordering::Relaxed),
                progress.total.load(Ordering::Relaxed),
            );
            format!("compared {done} of {total} tenants")
        })
    };
    let found = diff::diff(before, after, now, &progress);
    drop(shown);
    print(&match args.format {
        Format::Human => diff::human(&found),
        Format::Json => diff::json(&found),
        Format::Markdown => diff::markdown(&found),
    });
    let fails = match args.fail_on.as_slice() {
        [] => !found.is_empty(),
        named => named.contains(&FailOn::Widening) && found.widens(),
    };
    if fails && args.format == Format::Human && !args.fail_on.is_empty() {
        message("octroi diff: somebody may do more than before\n");
    }
    Ok(if fails {
        Exit::Differences
    } else {
        Exit::Success
    })
}

#[cfg(test)]
mod tests {
    use super::ends;

    #[test]
    fn a_range_has_two_ends() {
        for (range, expected) in [
            ("HEAD~1..HEAD", Some(("HEAD~1", "HEAD"))),
            (
                "main:policies..v2:rules",
                Some(("main:policies", "v2:rules")),
            ),
            ("main..", Some(("main", "HEAD"))),
            ("..main", Some(("HEAD", "main"))),
            ("main...HEAD", None),
            ("main", None),
            ("..", None),
            ("../main", None),
            ("a/../b", None),
        ] {
            assert_eq!(ends(range), expected, "{range}");
        }
    }
}
