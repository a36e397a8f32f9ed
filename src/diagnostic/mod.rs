//! What is wrong with the policies, where, and what to do about it.
//!
//! Every stage reports into [`Diagnostics`] and goes on as far as the next errors are not noise. Messages are lower
//! case without a full stop, put the author's words in backticks, and speak of the YAML; the fix goes into `help`.

mod code;
mod fix;
mod github;
mod reference;
mod render;
mod sarif;
mod suggest;

pub use code::{Code, Severity};
pub use fix::{Edit, Fix};
pub use github::github;
pub use render::{Format, render};
pub use sarif::sarif;
pub use suggest::{Near, near, nearest};

use crate::source::{Position, Sources, Span};

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Which rule it is; decides the severity.
    pub code: Code,
    /// What is wrong.
    pub message: String,
    /// Where; none for what concerns the folder as a whole.
    pub span: Option<Span>,
    /// What to do.
    pub help: Option<String>,
    /// The name that was meant, where a misspelt one can only have been that; see [`Diagnostic::edit`].
    pub fix: Option<Fix>,
}

impl Diagnostic {
    /// Whether it keeps the policies from being published.
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }
}

/// The findings of a run, in the order in which they were found until [`Diagnostics::sorted`].
#[derive(Debug, Clone, Default)]
pub struct Diagnostics {
    all: Vec<Diagnostic>,
}

impl Diagnostics {
    /// Reports one finding at a place.
    pub fn report(
        &mut self,
        code: Code,
        span: Span,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        self.push(Diagnostic {
            code,
            message: message.into(),
            span: Some(span),
            help: None,
            fix: None,
        })
    }

    /// Reports one finding about the folder as a whole.
    pub fn report_folder(&mut self, code: Code, message: impl Into<String>) -> &mut Diagnostic {
        self.push(Diagnostic {
            code,
            message: message.into(),
            span: None,
            help: None,
            fix: None,
        })
    }

    fn push(&mut self, diagnostic: Diagnostic) -> &mut Diagnostic {
        let index = self.all.len();
        self.all.push(diagnostic);
        #[expect(clippy::indexing_slicing, reason = "pushed on the line above")]
        &mut self.all[index]
    }

    /// Whether anything found keeps the policies from being published.
    pub fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
    }

    /// How many findings of a severity there are.
    pub fn count(&self, severity: Severity) -> usize {
        self.all.iter().filter(|d| d.severity() == severity).count()
    }

    /// Forgets findings of some codes.
    pub fn forget(&mut self, codes: &[Code]) {
        self.all
            .retain(|diagnostic| !codes.contains(&diagnostic.code));
    }

    /// Whether a code was found.
    pub fn has(&self, code: Code) -> bool {
        self.all.iter().any(|diagnostic| diagnostic.code == code)
    }

    /// The findings, by file and place, each once.
    pub fn sorted(mut self) -> Vec<Diagnostic> {
        self.all
            .sort_by(|a, b| (a.span, a.code, &a.message).cmp(&(b.span, b.code, &b.message)));
        self.all.dedup();
        self.all
    }

    /// The finding that was reported last.
    pub fn last_mut(&mut self) -> Option<&mut Diagnostic> {
        self.all.last_mut()
    }

    /// Takes over another stage's findings.
    pub fn extend(&mut self, other: Diagnostics) {
        self.all.extend(other.all);
    }
}

impl Diagnostic {
    /// Adds what to do.
    pub fn help(&mut self, help: impl Into<String>) {
        self.help = Some(help.into());
    }

    /// Adds "did you mean", when a known name is near the one that was written.
    pub fn suggest<'a>(&mut self, written: &str, known: impl IntoIterator<Item = &'a str>) {
        let mut known: Vec<&str> = known.into_iter().collect();
        known.sort_unstable();
        known.dedup();
        self.help = match near(written, known.iter().copied()) {
            Near::One(name) => {
                self.fix = Some(Fix {
                    written: written.to_owned(),
                    meant: name.to_owned(),
                });
                Some(format!("did you mean `{name}`?"))
            }
            Near::Several(names) if names.len() <= SEVERAL_MAX => {
                Some(format!("did you mean {}?", quoted(&names).join(" or ")))
            }
            Near::Several(_) | Near::None => list_known(&known),
        };
    }
}

impl Diagnostic {
    /// Leaves the suggestion to people where writing what was meant would be wrong.
    pub fn forbid_fix(&mut self, is_wrong: impl Fn(&str) -> bool) {
        self.fix.take_if(|fix| is_wrong(&fix.meant));
    }
}

/// Most names that are listed as equally near.
const SEVERAL_MAX: usize = 3;

fn quoted(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| format!("`{name}`")).collect()
}

/// Lists the known names when there are few enough to be read.
fn list_known(known: &[&str]) -> Option<String> {
    if known.is_empty() || known.len() > 12 {
        return None;
    }
    Some(format!("known here: {}", quoted(known).join(", ")))
}

/// `path:line:column` of a finding, or `.` for the folder as a whole.
pub fn place(diagnostic: &Diagnostic, sources: &Sources) -> (String, u32, u32) {
    let located = diagnostic
        .span
        .and_then(|span| Some((sources.get(span.source)?, span)));
    match located {
        Some((file, span)) => {
            let position = file.position(span.start);
            (file.path().to_owned(), position.line, position.column)
        }
        None => (".".to_owned(), 0, 0),
    }
}

/// Where a finding stands, both ends counted from 1; the last column is the one behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Region {
    start: Position,
    end: Position,
}

impl Region {
    /// The region of a span: a file that is not there has none.
    fn of(span: Span, sources: &Sources) -> Option<Self> {
        let file = sources.get(span.source)?;
        Some(Self {
            start: file.position(span.start),
            end: file.position(span.end.max(span.start)),
        })
    }
}
