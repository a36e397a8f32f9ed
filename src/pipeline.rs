//! The one way from files to a snapshot; every verb and every reload goes it.

use std::path::Path;

use crate::compile::Validated;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::document;
use crate::model::{self, Model};
use crate::snapshot::Snapshot;
use crate::source::{Limits, ReadError, Sources, read_folder};

/// What came of a policy folder.
#[derive(Debug)]
pub struct Outcome {
    /// The files as they were read.
    pub sources: Sources,
    /// What was found, by file and place.
    pub diagnostics: Vec<Diagnostic>,
    /// What the files declare, as far as it makes sense.
    pub model: Model,
    /// The compiled whole; none if anything found is an error.
    pub snapshot: Option<Snapshot>,
}

impl Outcome {
    /// How many findings of a severity there are.
    pub fn count(&self, severity: Severity) -> usize {
        let of_severity = |diagnostic: &&Diagnostic| diagnostic.severity() == severity;
        self.diagnostics.iter().filter(of_severity).count()
    }
}

/// Reads and compiles a policy folder for the first time. `now` is the moment, in milliseconds since 1970, that warnings look at;
/// `generation` is what the snapshot will bear.
///
/// # Errors
/// When the folder cannot be read whole.
pub fn load(folder: &Path, now: i64, generation: u64) -> Result<Outcome, ReadError> {
    load_again(folder, now, generation, &Validated::default())
}

/// Reads and compiles a policy folder, of which some may have been `validated` before.
///
/// # Errors
/// When the folder cannot be read whole.
pub fn load_again(
    folder: &Path,
    now: i64,
    generation: u64,
    validated: &Validated,
) -> Result<Outcome, ReadError> {
    let sources = read_folder(folder, Limits::default())?;
    Ok(compile_again(sources, now, generation, validated))
}

/// Compiles files that were read already.
pub fn compile(sources: Sources, now: i64, generation: u64) -> Outcome {
    compile_again(sources, now, generation, &Validated::default())
}

fn compile_again(sources: Sources, now: i64, generation: u64, validated: &Validated) -> Outcome {
    let mut diagnostics = Diagnostics::default();
    let documents = document::read(&sources, &mut diagnostics);
    let model = model::resolve(&documents, &sources, &mut diagnostics);
    drop(documents);
    if diagnostics.has(Code::YamlSyntax) {
        // What a file that is no YAML would have declared only seems to be missing.
        diagnostics.forget(&[
            Code::UnknownApplication,
            Code::UnknownTenant,
            Code::CedarPlace,
        ]);
    }
    let snapshot = Snapshot::compile(&model, &sources, generation, validated, &mut diagnostics);
    let narrowed = snapshot.narrowed();
    let has_errors = diagnostics.has_errors();
    model::warn(&model, &narrowed, now, has_errors, &mut diagnostics);
    let snapshot = (!diagnostics.has_errors()).then_some(snapshot);
    Outcome {
        sources,
        diagnostics: diagnostics.sorted(),
        model,
        snapshot,
    }
}
