//! The argument of `--explain`, and what it prints without one.

use crate::diagnostic::{Code, nearest};

/// Reads a code; a misspelt one gets the nearest.
pub(super) fn code(text: &str) -> Result<Code, String> {
    let known = || Code::ALL.iter().map(|code| code.as_str());
    let text = text.to_ascii_lowercase();
    Code::of_name(&text).ok_or_else(|| match nearest(&text, known()) {
        Some(near) => format!("there is no such code; did you mean `{near}`?"),
        None => format!(
            "there is no such code; these are: {}",
            known().collect::<Vec<_>>().join(", ")
        ),
    })
}

/// Every code with what it says, a line each.
pub(super) fn list() -> String {
    let widest = Code::ALL.iter().map(|code| code.as_str().len()).max();
    let widest = widest.unwrap_or(0);
    let lines = Code::ALL.iter().map(|code| {
        let (name, severity) = (code.as_str(), code.severity().as_str());
        format!(
            "{name:widest$}  {severity:7}  {}\n",
            code.explanation().trim()
        )
    });
    lines.collect()
}
