//! What a file that is no YAML most likely went wrong over, and what to do. Beside [`compose`](super::compose) the only
//! file that knows the YAML crate, by the kinds of its errors.

use serde_yaml::granit_parser::ErrorKind;

use crate::source::SourceFile;

/// Something that was opened above an error and is open there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opened {
    /// The bracket or quote.
    pub(super) what: char,
    /// The line in which it stands, counted from 1.
    pub(super) line: u32,
}

/// Where reading a file stopped.
pub(super) struct Stop<'f> {
    pub(super) file: &'f SourceFile,
    /// The offset of the error.
    pub(super) at: usize,
    /// Where the last thing that could be read ends.
    pub(super) read_to: usize,
    /// The bracket that is open here, if one is.
    pub(super) bracket: Option<Opened>,
}

const SAME_COLUMN: &str = "begin this line in the same column as its neighbours";

/// What to do about an error, where that can be told.
pub(super) fn help(kind: &ErrorKind, stop: &Stop<'_>) -> Option<String> {
    let plain = |help: &str| Some(help.to_owned());
    match kind {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInPlainScalar => plain("indent with spaces: YAML takes no tabs there"),
        ErrorKind::MissingAnchorOrAliasName => Some(stop.indicator()),
        ErrorKind::InvalidTagTerminator | ErrorKind::MissingTagUri | ErrorKind::ExpectedTagBang => {
            plain(
                "a text that begins with `!` goes into quotes, a condition too: `when: '!(resource has owner)'`",
            )
        }
        ErrorKind::UnexpectedCharacter { character: '`' } => {
            plain("put a text that begins with a backtick into quotes")
        }
        ErrorKind::UnexpectedCharacter { character } => Some(format!(
            "put a text that begins with `{}` into quotes",
            character.escape_debug()
        )),
        ErrorKind::UnclosedQuotedScalar
        | ErrorKind::InvalidQuotedScalarIndent
        | ErrorKind::DocumentIndicatorInQuotedScalar => Some(stop.unclosed(stop.quote(), "quote")),
        ErrorKind::InvalidTrailingSingleQuotedScalar => plain(
            "the text ends with its second `'`; a `'` within single quotes is written twice: `''`",
        ),
        ErrorKind::InvalidTrailingDoubleQuotedScalar => plain(
            "the text ends with its second `\"`; a `\"` within double quotes is written `\\\"`",
        ),
        ErrorKind::UnclosedFlowCollection { .. }
        | ErrorKind::MismatchedFlowCollectionEnd { .. }
        | ErrorKind::ExpectedFlowMappingSeparator
        | ErrorKind::ExpectedFlowSequenceSeparator
        | ErrorKind::InvalidColonPlacement
        | ErrorKind::InvalidFlowScalarIndent
        | ErrorKind::UnexpectedEofFlowSequence
        | ErrorKind::UnexpectedEofFlowMapping => Some(stop.unclosed(stop.bracket, "bracket")),
        ErrorKind::MappingValueNotAllowed => Some(stop.mapping_value()),
        ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::ExpectedBlockSequenceEntry
        | ErrorKind::InvalidIndentation
        | ErrorKind::InvalidBlockScalarIndent => plain(SAME_COLUMN),
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => {
            plain("write `key: value`, with a space behind the `:`")
        }
        ErrorKind::BlockSequenceEntryNotAllowed | ErrorKind::BlockEntryInFlowCollection => {
            plain("begin the list in a line of its own, or write it as `[a, b]`")
        }
        _ => None,
    }
}

impl Stop<'_> {
    /// A lone `*` or `&`.
    fn indicator(&self) -> String {
        match self
            .file
            .text()
            .get(self.at..)
            .and_then(|rest| rest.chars().next())
        {
            Some('*') => {
                "YAML takes a bare `*` for an alias: write it in quotes, `\"*\"`".to_owned()
            }
            _ => "YAML takes `&` for an anchor: put the text into quotes".to_owned(),
        }
    }

    /// The first quote behind what could be read.
    fn quote(&self) -> Option<Opened> {
        let text = self.file.text();
        let found = text.get(self.read_to..)?.find(['"', '\''])?;
        let at = self.read_to + found;
        Some(Opened {
            what: text.get(at..)?.chars().next()?,
            line: self.file.position(at as u32).line,
        })
    }

    fn unclosed(&self, opened: Option<Opened>, what: &str) -> String {
        let Some(Opened { what, line }) = opened else {
            return format!("a {what} above is open still: close it");
        };
        match what {
            '"' | '\'' => format!("the quote `{what}` of line {line} is open still: close it"),
            _ => format!(
                "the `{what}` of line {line} is open still: close it, or write the `,` that is missing"
            ),
        }
    }

    /// A `: ` that belongs to no key: in a text, or in a line that stands too far to the right.
    fn mapping_value(&self) -> String {
        let before = self.file.text().get(..self.at).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        match line.contains(": ") {
            true => "put a text that has `: ` in it into quotes".to_owned(),
            false => format!("{SAME_COLUMN}; a key that others stand under ends with `:`"),
        }
    }
}
