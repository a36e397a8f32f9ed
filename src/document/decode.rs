//! Reading nodes into values: what every kind of document needs. A fault is reported and reading goes on.

use super::keys::{self, Key};
use super::node::{Node, Scalar, ScalarKind, Value};
use super::{ConditionText, Name};
use crate::diagnostic::{Code, Diagnostics, Near, near};
use crate::source::{Span, Spanned};

/// The pairs of a mapping whose keys are known and written once.
pub(super) struct Fields<'n> {
    span: Span,
    pairs: Vec<(&'n str, &'n Node, &'n Node)>,
}

impl<'n> Fields<'n> {
    pub(super) fn get(&self, name: &str) -> Option<&'n Node> {
        self.pair(name).map(|(_, value)| value)
    }

    pub(super) fn pair(&self, name: &str) -> Option<(&'n Node, &'n Node)> {
        self.pairs
            .iter()
            .find(|(key, _, _)| *key == name)
            .map(|(_, key, value)| (*key, *value))
    }

    pub(super) fn span(&self) -> Span {
        self.span
    }
}

/// What an id may be made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Alphabet {
    /// Applications, tenants, roles, sub-accounts, teams: `[a-z0-9][a-z0-9_-]{0,63}`.
    Id,
    /// Resource types and actions: `[A-Za-z0-9][A-Za-z0-9_:/-]{0,127}`.
    Type,
    /// Attributes and context: `[A-Za-z_][A-Za-z0-9_]*`.
    Attribute,
    /// Accounts and records: 1 to 256 characters, no control characters.
    Account,
    /// Whatever a question might hold.
    Any,
}

impl Alphabet {
    pub(super) fn accepts(self, text: &str) -> bool {
        let bytes = text.as_bytes();
        let plain = |byte: &u8, more: &[u8]| byte.is_ascii_alphanumeric() || more.contains(byte);
        match (self, bytes.first()) {
            (Self::Any, _) => true,
            (_, None) => false,
            (Self::Id, Some(first)) => {
                let small = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
                small(first)
                    && bytes.len() <= 64
                    && bytes.iter().all(|byte| small(byte) || b"_-".contains(byte))
            }
            (Self::Type, Some(first)) => {
                first.is_ascii_alphanumeric()
                    && bytes.len() <= 128
                    && bytes.iter().all(|byte| plain(byte, b"_:/-"))
            }
            (Self::Attribute, Some(first)) => {
                (first.is_ascii_alphabetic() || *first == b'_')
                    && bytes.iter().all(|byte| plain(byte, b"_"))
            }
            (Self::Account, Some(_)) => is_account_or_record_id(text),
        }
    }

    fn rule(self) -> &'static str {
        match self {
            Self::Id => "use 1 to 64 of a-z, 0-9, `_` and `-`, beginning with a letter or digit",
            Self::Type => {
                "use 1 to 128 letters, digits, `_`, `:`, `/` and `-`, beginning with a letter or digit"
            }
            Self::Attribute => "use letters, digits and `_`, not beginning with a digit",
            Self::Account | Self::Any => {
                "use 1 to 256 characters, none of them a control character"
            }
        }
    }
}

/// Whether a string may be the id of an account or record: 1 to 256 characters, no control characters.
pub fn is_account_or_record_id(text: &str) -> bool {
    let bytes = text.len();
    bytes > 0
        && (bytes <= 256 || (bytes <= 1024 && text.chars().count() <= 256))
        && !text.chars().any(char::is_control)
}

/// Whether a string may be the id of an application, tenant, role, sub-account or team.
pub fn is_id(text: &str) -> bool {
    Alphabet::Id.accepts(text)
}

/// Where a key belongs that is none of a table: deeper in it, or into another document.
fn belongs(table: &'static [Key], name: &str) -> Option<String> {
    let is_document = |first: &str| table.first().is_some_and(|key| key.name == first);
    let documents = || {
        keys::DOCUMENTS
            .iter()
            .map(|(first, keys, _)| (*first, *keys))
    };
    let holds = |(first, keys): &(&str, &'static [Key])| {
        !is_document(first) && keys::names(keys).any(|key| key == name)
    };
    let other = match documents().any(|(first, _)| is_document(first)) {
        true => documents().find(holds).map(|(first, _)| first),
        false => None,
    };
    let above = keys::above(table, name).join("` or `");
    match (above.is_empty(), other) {
        (true, None) => None,
        (true, Some(other)) => Some(format!(
            "`{name}` is a key of a document that begins with `{other}`"
        )),
        (false, None) => Some(format!(
            "`{name}` belongs under `{above}`: is it indented too little?"
        )),
        (false, Some(other)) => Some(format!(
            "`{name}` belongs under `{above}`, or into a document that begins with `{other}`"
        )),
    }
}

pub(super) struct Decoder<'d> {
    pub(super) diagnostics: &'d mut Diagnostics,
}

impl Decoder<'_> {
    /// The fields of a mapping with known keys; reports unknown and missing ones.
    pub(super) fn table<'n>(
        &mut self,
        node: &'n Node,
        what: &str,
        table: &'static [Key],
    ) -> Option<Fields<'n>> {
        let mut pairs: Vec<(&str, &Node, &Node)> = Vec::new();
        let mut unknown: Vec<(&Node, &str)> = Vec::new();
        for (key, value) in self.mapping(node, what)? {
            let Some(scalar) = self.key_text(key) else {
                continue;
            };
            let name: &str = &scalar.text;
            match table.iter().any(|known| known.name == name) {
                true => pairs.push((name, key, value)),
                false => unknown.push((key, name)),
            }
        }
        for (key, name) in &unknown {
            let message = format!("{what} has no key `{name}`");
            let finding = self.diagnostics.report(Code::UnknownKey, key.span, message);
            finding.suggest_word(name, keys::names(table));
            if let (None, Some(place)) = (&finding.fix, belongs(table, name)) {
                finding.help(place);
            }
            // A key that stands there already would stand there twice, as would one that two others mean.
            finding.forbid_fix(|meant| {
                let means = |other: &str| near(other, keys::names(table)) == Near::One(meant);
                let mut others = unknown.iter().filter(|(_, other)| other != name);
                pairs.iter().any(|(known, _, _)| *known == meant)
                    || others.any(|(_, other)| means(other))
            });
        }
        let fields = Fields {
            span: node.span,
            pairs,
        };
        for key in table.iter().filter(|key| key.required) {
            if fields.get(key.name).is_none() {
                self.missing(fields.span, what, key.name);
            }
        }
        Some(fields)
    }

    pub(super) fn missing(&mut self, span: Span, what: &str, key: &str) {
        self.diagnostics.report(
            Code::MissingKey,
            span,
            format!("{what} needs the key `{key}`"),
        );
    }

    /// The pairs of a mapping, whatever its keys.
    pub(super) fn mapping<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [(Node, Node)]> {
        match &node.value {
            Value::Mapping(pairs) => Some(pairs),
            _ => {
                self.wrong_type(node, what, "a mapping (`key: value`)");
                None
            }
        }
    }

    /// The items of a list.
    pub(super) fn list<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [Node]> {
        match &node.value {
            Value::List(items) => Some(items),
            _ => {
                self.wrong_type(node, what, "a list (`[a, b]`)");
                None
            }
        }
    }

    /// The items of a list that must have some.
    pub(super) fn list_of_some<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [Node]> {
        let items = self.list(node, what)?;
        if items.is_empty() {
            self.diagnostics
                .report(Code::EmptyList, node.span, format!("{what} is empty"));
            return None;
        }
        Some(items)
    }

    pub(super) fn wrong_type(&mut self, node: &Node, what: &str, wanted: &str) {
        self.diagnostics.report(
            Code::WrongType,
            node.span,
            format!("{what} must be {wanted}, not {}", node.in_words()),
        );
    }

    fn key_text<'n>(&mut self, key: &'n Node) -> Option<&'n Scalar> {
        match key.scalar() {
            Some(scalar) => Some(scalar),
            None => {
                self.wrong_type(key, "a key", "text");
                None
            }
        }
    }

    /// The pairs of a mapping from ids of the author's choosing.
    pub(super) fn entries<'n>(
        &mut self,
        node: &'n Node,
        what: &str,
        alphabet: Alphabet,
        key_what: &str,
    ) -> Vec<(Name, &'n Node)> {
        let pairs = self.mapping(node, what).unwrap_or_default();
        pairs
            .iter()
            .filter_map(|(key, value)| Some((self.id(key, key_what, alphabet)?, value)))
            .collect()
    }

    /// The same for mappings with known keys, among which may stand what belongs into one of them: a key of theirs that
    /// was indented too little. Such are reported and left out, and whether there were any is said too.
    pub(super) fn entries_of<'n>(
        &mut self,
        node: &'n Node,
        what: &str,
        alphabet: Alphabet,
        key_what: &str,
        table: &'static [Key],
    ) -> (Vec<(Name, &'n Node)>, bool) {
        let mut entries = self.entries(node, what, alphabet, key_what);
        let all = entries.len();
        entries.retain(|(name, node)| {
            let is_one = match &node.value {
                Value::Mapping(pairs) => {
                    pairs.iter().all(|(key, _)| {
                        let key = key.scalar().map(|scalar| &*scalar.text);
                        !keys::names(table).any(|name| Some(name) == key)
                    }) && !pairs.is_empty()
                }
                Value::List(_) => true,
                Value::Scalar(scalar) => scalar.kind != ScalarKind::Null,
            };
            let strayed = is_one && keys::names(table).any(|key| *key == *name.value);
            if strayed {
                let message = format!("`{}` stands here as {key_what}", **name);
                self.diagnostics
                    .report(Code::WrongType, name.span, message)
                    .help("is it indented too little?");
            }
            !strayed
        });
        let strayed = entries.len() < all;
        (entries, strayed)
    }

    /// An id or name.
    pub(super) fn id(&mut self, node: &Node, what: &str, alphabet: Alphabet) -> Option<Name> {
        let Some(scalar) = node.scalar() else {
            self.wrong_type(node, what, "text");
            return None;
        };
        if scalar.kind != ScalarKind::Text {
            let (message, help) = if scalar.text.is_empty() {
                let message = format!("{what} must be text, and there is no value");
                (message, "write a name here".to_owned())
            } else {
                let message = format!(
                    "{what} must be text, and YAML takes `{}` for {}",
                    scalar.text,
                    scalar.kind.in_words()
                );
                (message, format!("quote it: `\"{}\"`", scalar.text))
            };
            self.diagnostics
                .report(Code::QuoteIt, node.span, message)
                .help(help);
            return None;
        }
        if !alphabet.accepts(&scalar.text) {
            let code = match alphabet {
                Alphabet::Attribute => Code::InvalidName,
                _ => Code::InvalidId,
            };
            self.diagnostics
                .report(
                    code,
                    node.span,
                    format!("`{}` cannot be {what}", scalar.text.escape_debug()),
                )
                .help(alphabet.rule());
            return None;
        }
        Some(Spanned::new(scalar.text.clone(), node.span))
    }

    /// A list of ids; the bad ones are reported and left out.
    pub(super) fn ids(&mut self, node: &Node, what: &str, alphabet: Alphabet) -> Vec<Name> {
        let items = self.list(node, what).unwrap_or_default();
        self.ids_in(items, what, alphabet)
    }

    fn ids_in(&mut self, items: &[Node], what: &str, alphabet: Alphabet) -> Vec<Name> {
        let what = format!("an item of {what}");
        let ids = items.iter();
        let mut ids: Vec<Name> = ids
            .filter_map(|item| self.id(item, &what, alphabet))
            .collect();
        // Every member entry has such lists: room to grow would be most of them.
        ids.shrink_to_fit();
        ids
    }

    /// A list of ids among which `*` may be.
    pub(super) fn ids_or_all(&mut self, node: &Node, what: &str, alphabet: Alphabet) -> Vec<Name> {
        let items = self.list_of_some(node, what).unwrap_or_default();
        self.some_or_all(items, what, alphabet)
    }

    /// Like [`Self::ids_or_all`], where the list may be empty.
    pub(super) fn maybe_ids_or_all(
        &mut self,
        node: &Node,
        what: &str,
        alphabet: Alphabet,
    ) -> Vec<Name> {
        let items = self.list(node, what).unwrap_or_default();
        self.some_or_all(items, what, alphabet)
    }

    fn some_or_all(&mut self, items: &[Node], what: &str, alphabet: Alphabet) -> Vec<Name> {
        let what = format!("an item of {what}");
        items
            .iter()
            .filter_map(|item| match item.scalar() {
                Some(scalar) if &*scalar.text == "*" => {
                    Some(Spanned::new(scalar.text.clone(), item.span))
                }
                _ => self.id(item, &what, alphabet),
            })
            .collect()
    }

    /// Free text.
    pub(super) fn text(&mut self, node: &Node, what: &str) -> Option<Name> {
        match node.scalar() {
            Some(scalar) if scalar.kind == ScalarKind::Text => {
                Some(Spanned::new(scalar.text.clone(), node.span))
            }
            Some(scalar) if scalar.kind != ScalarKind::Null => {
                let help = format!("quote it: `\"{}\"`", scalar.text);
                self.wrong_type(node, what, "text");
                if let Some(finding) = self.diagnostics.last_mut() {
                    finding.help(help);
                }
                None
            }
            _ => {
                self.wrong_type(node, what, "text");
                None
            }
        }
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(
        &mut self,
        node: &Node,
        what: &str,
        choices: &[(&'static str, T)],
    ) -> Option<T> {
        let Some(scalar) = node.scalar() else {
            self.wrong_type(node, what, "a word");
            return None;
        };
        let found = choices.iter().find(|(word, _)| *word == &*scalar.text);
        if let Some((_, value)) = found {
            return Some(*value);
        }
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        let message = match scalar.kind {
            ScalarKind::Null => format!("{what} has no value"),
            _ => format!("{what} cannot be `{}`", scalar.text.escape_debug()),
        };
        let listed = words.join("`, `");
        let near = near(&scalar.text, words.iter().copied());
        let finding = self
            .diagnostics
            .report(Code::InvalidChoice, node.span, message);
        match near {
            Near::One(word) => {
                finding.fix(&scalar.text, word);
                finding.help(format!("did you mean `{word}`? possible: `{listed}`"));
            }
            Near::Several(mut words) => {
                words.sort_unstable();
                let words = words.join("` or `");
                finding.help(format!("did you mean `{words}`? possible: `{listed}`"));
            }
            Near::None => finding.help(format!("possible: `{listed}`")),
        }
        None
    }

    /// A condition's text, with the place where its characters stand.
    pub(super) fn condition(&mut self, node: &Node, what: &str) -> Option<ConditionText> {
        match node.scalar() {
            Some(scalar) if scalar.kind == ScalarKind::Text => Some(ConditionText {
                text: scalar.text.clone(),
                defined: scalar.defined,
            }),
            _ => {
                self.wrong_type(node, what, "a Cedar expression");
                None
            }
        }
    }
}
