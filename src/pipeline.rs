//! The one way from files to a snapshot; every verb and every reload goes it.

use std::path::Path;
use std::sync::Arc;

use crate::compile::Validated;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::document;
use crate::model::{self, Id, Model, Outline};
use crate::snapshot::Snapshot;
use crate::source::{Difference, Limits, ReadError, Reading, Sources, read_folder, read_revision};

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
    /// How many tenants were taken over as they were.
    pub reused: usize,
    outline: Arc<Outline>,
}

impl Outcome {
    /// The same once every policy has been validated, those of the compiler's own making as well: see
    /// [`Snapshot::validate`].
    #[must_use]
    pub fn validated_whole(mut self) -> Self {
        let validated = self.snapshot.as_ref().map_or(Ok(()), Snapshot::validate);
        if let Err(error) = validated {
            let message = format!("a rule was compiled wrongly, please report it: {error}");
            let mut found = Diagnostics::default();
            found.report_folder(Code::Internal, message);
            self.diagnostics.extend(found.sorted());
            self.snapshot = None;
        }
        self
    }

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
    let sources = read_folder(folder, Limits::default())?;
    Ok(compile(sources, now, generation))
}

/// Reads and compiles policies where an author keeps them: in a folder, or else, where there is none of that name, in a
/// git revision, `REVISION` or `REVISION:PATH`. `folder` is where a revision has its policies, if it does not say so.
///
/// # Errors
/// When they cannot be read whole.
pub fn load_from(
    place: &str,
    folder: &Path,
    now: i64,
    before: Option<&Kept>,
) -> Result<Outcome, ReadError> {
    let nothing = Sources::default();
    let known = before.map_or(&nothing, |kept| &kept.sources);
    let (path, limits) = (Path::new(place), Limits::default());
    // What looks like a path and is none is no revision either: the message is about the folder.
    let is_folder = path.exists() || path.is_absolute() || place.starts_with('.');
    let sources = match is_folder {
        true => Reading {
            root: path,
            limits,
            before: known,
            by_looks: false,
        }
        .whole(&mut ())?,
        false => read_revision(place, folder, limits, known)?,
    };
    let validated = Validated::default();
    let generation = now.unsigned_abs();
    Ok(compile_again(sources, now, generation, &validated, before))
}

/// Compiles files that were read already.
pub fn compile(sources: Sources, now: i64, generation: u64) -> Outcome {
    compile_all(sources, now, generation, &Validated::default())
}

/// What a compilation without errors leaves for the next one: what did not change, with all that it reads, is taken
/// over from here.
#[derive(Debug, Clone)]
pub struct Kept {
    sources: Sources,
    outline: Arc<Outline>,
    model: Model,
    snapshot: Snapshot,
}

impl Kept {
    /// The same without giving the outcome away.
    pub fn of(outcome: &Outcome) -> Option<Self> {
        Some(Self {
            snapshot: outcome.snapshot.clone()?,
            sources: outcome.sources.clone(),
            outline: outcome.outline.clone(),
            model: outcome.model.clone(),
        })
    }

    /// Keeps what came of a policy folder; nothing if there were errors.
    pub fn new(outcome: Outcome) -> Option<Self> {
        Some(Self {
            snapshot: outcome.snapshot?,
            sources: outcome.sources,
            outline: outcome.outline,
            model: outcome.model,
        })
    }

    /// What the files declared.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The files.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }
}

/// Compiles files of which some may be as they were `before`. What comes of it is what [`compile`] makes of the same
/// files, findings included; only it comes sooner.
pub fn compile_again(
    sources: Sources,
    now: i64,
    generation: u64,
    validated: &Validated,
    before: Option<&Kept>,
) -> Outcome {
    let edit = before.and_then(|kept| compile_edit(&sources, now, generation, validated, kept));
    edit.unwrap_or_else(|| compile_all(sources, now, generation, validated))
}

/// Compiles the tenants that an edit can have changed: those that the edited files are about, and those that have
/// guests from them. Nothing where the edit went further, or made an error: [`compile_all`] then says what is wrong.
pub fn compile_edit(
    sources: &Sources,
    now: i64,
    generation: u64,
    validated: &Validated,
    kept: &Kept,
) -> Option<Outcome> {
    let difference = sources.changed_since(&kept.sources)?;
    let Difference {
        changed,
        came,
        went,
    } = &difference;
    let read = [changed.as_slice(), came].concat();
    // What is wrong with them is found when they are read again, with all that is about the same tenants.
    let edited = document::read_some(sources, &read, &mut Diagnostics::default());
    let outline = match kept.outline.after(&difference, &edited) {
        Some(outline) => Arc::new(outline),
        None => Arc::clone(&kept.outline),
    };
    let mut affected = kept
        .outline
        .tenants_of(&[changed.as_slice(), went].concat())?;
    affected.extend(outline.tenants_of(&read)?);
    let affected = kept.model.with_hosts(affected);
    let mut files = outline.files_of(&affected);
    files.extend(read);
    files.sort_unstable();
    files.dedup();
    let mut diagnostics = Diagnostics::default();
    let documents = document::read_some(sources, &files, &mut diagnostics);
    let model = model::resolve_again(
        &kept.model,
        documents,
        &affected,
        &outline,
        &mut diagnostics,
    )?;
    let snapshot = Snapshot::compile_again(
        &kept.snapshot,
        &model,
        &affected,
        sources,
        generation,
        validated,
        &mut diagnostics,
    )?;
    if diagnostics.has_errors() {
        return None;
    }
    let is_reused = |id: &&Id| !affected.contains(*id);
    let reused = model.tenants.keys().filter(is_reused).count();
    let outcome = finish(sources.clone(), outline, model, snapshot, now, diagnostics);
    Some(Outcome { reused, ..outcome })
}

/// Compiles everything; what passed validation before is not validated again.
pub fn compile_all(sources: Sources, now: i64, generation: u64, validated: &Validated) -> Outcome {
    let mut diagnostics = Diagnostics::default();
    let documents = document::read(&sources, &mut diagnostics);
    let model = model::resolve(&documents, &sources, &mut diagnostics);
    let outline = Arc::new(Outline::of(&documents));
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
    finish(sources, outline, model, snapshot, now, diagnostics)
}

fn finish(
    sources: Sources,
    outline: Arc<Outline>,
    model: Model,
    snapshot: Snapshot,
    now: i64,
    mut diagnostics: Diagnostics,
) -> Outcome {
    let narrowed = snapshot.narrowed();
    let has_errors = diagnostics.has_errors();
    model::warn(&model, &narrowed, now, has_errors, &mut diagnostics);
    let snapshot = (!diagnostics.has_errors()).then_some(snapshot);
    diagnostics.tell_firsts(&sources);
    Outcome {
        sources,
        diagnostics: diagnostics.sorted(),
        model,
        snapshot,
        reused: 0,
        outline,
    }
}
