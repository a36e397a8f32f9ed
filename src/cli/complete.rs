//! Completion in shells: verbs and options, and of the policies the accounts, tenants, types and actions.
//!
//! `source <(COMPLETE=bash octroi)` turns it on. Every press of the tab key reads the documents, and compiles nothing.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use clap::CommandFactory as _;
use clap_complete::CompleteEnv;
use clap_complete::engine::CompletionCandidate;

use super::Cli;
use crate::diagnostic::Diagnostics;
use crate::document::{self, Documents};
use crate::model::BuiltIn;
use crate::source::{Limits, read_folder};

/// More candidates than anybody reads are none.
const CANDIDATES_MAX: usize = 500;

/// Answers a shell that asks for completions, and ends the process; does nothing otherwise.
pub fn complete() {
    CompleteEnv::with_factory(Cli::command).complete();
}

/// Accounts that are members.
pub(super) fn accounts(word: &OsStr) -> Vec<CompletionCandidate> {
    candidates(word, |documents, names| {
        let own = documents.tenants.iter().flat_map(|tenant| &tenant.members);
        let more = documents.members.iter().flat_map(|more| &more.members);
        let accounts = own.chain(more).filter_map(|entry| entry.account.as_ref());
        names.extend(accounts.map(|account| account.to_string()));
    })
}

/// Tenants.
pub(super) fn tenants(word: &OsStr) -> Vec<CompletionCandidate> {
    candidates(word, |documents, names| {
        names.extend(documents.tenants.iter().map(|tenant| tenant.id.to_string()));
    })
}

/// Resource types, built-in ones too.
pub(super) fn types(word: &OsStr) -> Vec<CompletionCandidate> {
    candidates(word, |documents, names| {
        let declared = documents
            .applications
            .iter()
            .flat_map(|application| &application.resources);
        names.extend(declared.map(|(name, _)| name.to_string()));
        names.extend(BuiltIn::ALL.map(|kind| kind.as_str().to_owned()));
    })
}

/// Actions of any type.
pub(super) fn actions(word: &OsStr) -> Vec<CompletionCandidate> {
    candidates(word, |documents, names| {
        let declared = documents
            .applications
            .iter()
            .flat_map(|application| &application.resources);
        let declared = declared.flat_map(|(_, kind)| kind.actions.iter().flatten());
        let declared = declared.filter(|action| &*action.value != "crud");
        names.extend(declared.map(|action| action.to_string()));
        let built_in = BuiltIn::ALL.iter().flat_map(|kind| kind.actions());
        names.extend(built_in.map(|action| (*action).to_owned()));
    })
}

fn candidates(
    word: &OsStr,
    collect: impl FnOnce(&Documents, &mut BTreeSet<String>),
) -> Vec<CompletionCandidate> {
    let (Some(word), Some(documents)) = (word.to_str(), documents()) else {
        return Vec::new();
    };
    let mut names = BTreeSet::new();
    collect(&documents, &mut names);
    // What a shell inserts is a word of a command line: names that would be more than that are left out.
    let is_plain = |name: &String| {
        name.chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '@' | ':' | '/' | '+'))
    };
    let fitting = names
        .into_iter()
        .filter(|name| name.starts_with(word) && is_plain(name));
    fitting
        .take(CANDIDATES_MAX)
        .map(CompletionCandidate::new)
        .collect()
}

/// The documents of the policy folder that the line to complete names, or that is meant without.
fn documents() -> Option<Documents> {
    let words: Vec<String> = std::env::args().skip_while(|word| word != "--").collect();
    let after = words.iter().position(|word| word == "--policies");
    let named = after.and_then(|at| words.get(at + 1).cloned()).or_else(|| {
        let mut joined = words
            .iter()
            .filter_map(|word| word.strip_prefix("--policies="));
        joined.next().map(str::to_owned)
    });
    let set = std::env::var_os("OCTROI_POLICIES").map(PathBuf::from);
    let folder = named.map(PathBuf::from).or(set);
    let folder = folder.unwrap_or_else(|| Path::new("policies").to_path_buf());
    let sources = read_folder(&folder, Limits::default()).ok()?;
    Some(document::read(&sources, &mut Diagnostics::default()))
}
