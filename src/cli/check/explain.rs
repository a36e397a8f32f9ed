//! The argument of `--explain`.

use crate::diagnostic::{Code, nearest};

/// Reads a code; a misspelt one gets the nearest.
pub(super) fn code(text: &str) -> Result<Code, String> {
    let known = || Code::ALL.iter().map(|code| code.as_str());
    Code::of_name(text).ok_or_else(|| match nearest(text, known()) {
        Some(near) => format!("there is no such code; did you mean `{near}`?"),
        None => format!(
            "there is no such code; these are: {}",
            known().collect::<Vec<_>>().join(", ")
        ),
    })
}
