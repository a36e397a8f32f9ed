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
pub use suggest::{Near, is_slip, near, nearest};

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
    /// Where the same stands for the first time, until [`Diagnostics::tell_firsts`] has said it.
    pub first: Option<Span>,
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
            first: None,
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
            first: None,
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

    /// How many findings there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
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

    /// Says in the message of each duplicate where the first one stands.
    pub fn tell_firsts(&mut self, sources: &Sources) {
        for diagnostic in &mut self.all {
            if let Some(first) = diagnostic.first.take() {
                let place = sources.place(first);
                diagnostic.message.push_str(&format!("; first at {place}"));
            }
        }
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

    /// Remembers where the same stands for the first time.
    pub fn first(&mut self, span: Span) -> &mut Self {
        self.first = Some(span);
        self
    }

    /// Adds "did you mean", when a known name of the author's is near the one that was written. Where both can be names
    /// (see [`is_slip`]), putting it right is left to people.
    pub fn suggest<'a>(&mut self, written: &str, known: impl IntoIterator<Item = &'a str>) {
        self.suggest_as(Guess::Name, written, known);
    }

    /// The same for ids, of which many are alike: one that may as well be another is not guessed at, only named.
    pub fn suggest_id<'a>(&mut self, written: &str, known: impl IntoIterator<Item = &'a str>) {
        self.suggest_as(Guess::Id, written, known);
    }

    /// The same for words of the language, of which there are few: the nearest is the one that was meant.
    pub fn suggest_word<'a>(&mut self, written: &str, known: impl IntoIterator<Item = &'a str>) {
        self.suggest_as(Guess::Word, written, known);
    }

    fn suggest_as<'a>(
        &mut self,
        guess: Guess,
        written: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) {
        let mut known: Vec<&str> = known.into_iter().collect();
        known.sort_unstable();
        known.dedup();
        self.help = match near(written, known.iter().copied()) {
            Near::One(name) if guess == Guess::Word || is_slip(written, name) => {
                self.fix(written, name);
                Some(format!("did you mean `{name}`?"))
            }
            Near::One(name) if guess == Guess::Id => Some(format!(
                "the nearest known is `{name}`, which may be another"
            )),
            Near::One(name) => Some(format!("did you mean `{name}`?")),
            Near::Several(names) if names.len() <= SEVERAL_MAX => {
                Some(format!("did you mean {}?", quoted(&names).join(" or ")))
            }
            Near::Several(_) | Near::None => list_known(&known),
        };
    }

    /// Remembers the one name that was meant.
    pub fn fix(&mut self, written: &str, meant: &str) {
        self.fix = Some(Fix {
            written: written.to_owned(),
            meant: meant.to_owned(),
        });
    }
}

/// What a misspelt name is one of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Guess {
    /// The words of the language.
    Word,
    /// Names that the author chose: types, actions, attributes.
    Name,
    /// Ids, of which there are many alike.
    Id,
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
