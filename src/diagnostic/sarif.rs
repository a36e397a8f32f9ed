//! Findings as SARIF 2.1.0, which code hosts show beside the lines of a change.

use serde_json::{Value, json};

use super::{Code, Diagnostic, Region, Severity};
use crate::source::{Sources, Span};

/// Where SARIF's schema is published.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The findings as one SARIF log. Files are named by `folder`, the policy folder as the reader of the log knows it, with
/// `/` between the parts, and their path in it.
pub fn sarif(diagnostics: &[Diagnostic], sources: &Sources, folder: &str) -> String {
    let log = Log { sources, folder };
    let results: Vec<Value> = diagnostics.iter().map(|it| log.result(it)).collect();
    let rules: Vec<Value> = Code::ALL.iter().map(|code| rule(*code)).collect();
    let whole = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "octroi",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            // Columns count characters, not the UTF-16 units that SARIF takes otherwise.
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    serde_json::to_string_pretty(&whole).unwrap_or_default() + "\n"
}

fn rule(code: Code) -> Value {
    let meaning = code.explanation().trim();
    json!({
        "id": code.as_str(),
        "shortDescription": {"text": meaning},
        "fullDescription": {"text": meaning},
        "help": {"text": code.reference(), "markdown": code.section()},
        "defaultConfiguration": {"level": level(code.severity())},
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

struct Log<'a> {
    sources: &'a Sources,
    folder: &'a str,
}

impl Log<'_> {
    fn result(&self, diagnostic: &Diagnostic) -> Value {
        let text = match &diagnostic.help {
            Some(help) => format!("{}\n{help}", diagnostic.message),
            None => diagnostic.message.clone(),
        };
        let index = Code::ALL.iter().position(|code| *code == diagnostic.code);
        let mut result = json!({
            "ruleId": diagnostic.code.as_str(),
            "ruleIndex": index,
            "level": level(diagnostic.severity()),
            "message": {"text": text},
            "locations": [self.location(diagnostic.span)],
        });
        let edit = diagnostic.edit(self.sources);
        let fix = edit.and_then(|edit| {
            let replacement = json!({
                "deletedRegion": self.region(edit.span)?,
                "insertedContent": {"text": edit.meant},
            });
            Some(json!({
                "description": {"text": format!("write `{}`", edit.meant)},
                "artifactChanges": [{
                    "artifactLocation": self.artifact(Some(edit.span)),
                    "replacements": [replacement],
                }],
            }))
        });
        if let (Some(fix), Some(members)) = (fix, result.as_object_mut()) {
            members.insert("fixes".to_owned(), json!([fix]));
        }
        result
    }

    /// What concerns the folder as a whole is located at the folder.
    fn location(&self, span: Option<Span>) -> Value {
        let mut physical = json!({"artifactLocation": self.artifact(span)});
        let region = span.and_then(|span| self.region(span));
        if let (Some(region), Some(members)) = (region, physical.as_object_mut()) {
            members.insert("region".to_owned(), region);
        }
        json!({"physicalLocation": physical})
    }

    fn artifact(&self, span: Option<Span>) -> Value {
        let file = span.and_then(|span| self.sources.get(span.source));
        json!({"uri": uri(self.folder, file.map(|file| file.path()))})
    }

    fn region(&self, span: Span) -> Option<Value> {
        let Region { start, end } = Region::of(span, self.sources)?;
        Some(json!({
            "startLine": start.line,
            "startColumn": start.column,
            "endLine": end.line,
            "endColumn": end.column,
        }))
    }
}

/// A path as a URI: relative where the folder is, with all that a URI reserves written in hexadecimal.
fn uri(folder: &str, path: Option<&str>) -> String {
    let joined = super::github::joined(folder, path);
    let mut uri = String::from(if joined.starts_with('/') {
        "file://"
    } else {
        ""
    });
    for byte in joined.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::uri;

    #[test]
    fn paths_become_uris() {
        for (folder, path, expected) in [
            ("policies", Some("a b.yaml"), "policies/a%20b.yaml"),
            ("/srv/é", Some("x.yaml"), "file:///srv/%C3%A9/x.yaml"),
            (".", Some("x#1.yaml"), "x%231.yaml"),
            ("./p/", Some("x.yaml"), "p/x.yaml"),
            ("p", None, "p"),
            (".", None, "."),
        ] {
            assert_eq!(uri(folder, path), expected, "{folder} {path:?}");
        }
    }
}
