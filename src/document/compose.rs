//! From the YAML parser's events to [`Node`] trees: aliases and merge keys resolved within a budget, tags refused.
//!
//! The only file but [`slips`] that knows the YAML crate. Its parser's events are read rather than its serde side, because only the
//! events keep every position, tell a quoted scalar from a bare one, and show tags and duplicate keys.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_yaml::granit_parser::{Event, Parser, ScalarStyle, Span as YamlSpan, Tag};

use super::node::{Node, Scalar, ScalarKind, Value};
use super::slips::{self, Opened, Stop};
use crate::diagnostic::{Code, Diagnostics};
use crate::source::{SourceFile, SourceId, Span};

/// Most nodes that aliases may add to a file: far above what people write, far below what an alias bomb wants.
const ALIAS_NODES_MAX: usize = 100_000;

/// Longest text that is worth a look whether the file has it already.
const SHARED_BYTES_MAX: usize = 64;

/// Reads the documents of a file. After a syntax error, those that came before it are still returned.
pub fn compose(id: SourceId, file: &SourceFile, diagnostics: &mut Diagnostics) -> Vec<Node> {
    Composer {
        id,
        file,
        diagnostics,
        anchors: HashMap::new(),
        alias_nodes: 0,
        read_to: 0,
        texts: HashSet::new(),
        stack: Vec::new(),
        documents: Vec::new(),
    }
    .run()
}

struct Composer<'a> {
    id: SourceId,
    file: &'a SourceFile,
    diagnostics: &'a mut Diagnostics,
    anchors: HashMap<usize, Node>,
    alias_nodes: usize,
    /// Where the last event ends.
    read_to: usize,
    /// Keys, roles and places come again and again in a file: each text is held once.
    texts: HashSet<Arc<str>>,
    stack: Vec<Open>,
    documents: Vec<Node>,
}

/// A list or mapping whose end has not been seen.
struct Open {
    start: u32,
    anchor: usize,
    is_mapping: bool,
    items: Vec<Node>,
}

impl Composer<'_> {
    fn run(mut self) -> Vec<Node> {
        let file = self.file;
        let mut options = serde_yaml::granit_parser::Options::default();
        options.set_emit_comments(false);
        options.emit_unresolved_aliases = true;
        options.flow_nesting_limit = 64;
        options.block_nesting_limit = 64;
        for event in Parser::new_from_str_with_options(file.text(), options) {
            if self.alias_nodes > ALIAS_NODES_MAX {
                return Vec::new();
            }
            match event {
                Ok((event, span)) => {
                    self.event(event, span);
                    self.read_to = span.end.byte_offset().unwrap_or(self.read_to);
                }
                Err(error) => {
                    let at = error.marker().byte_offset().unwrap_or(file.text().len());
                    let span = self.span(at, at + 1);
                    let stop = Stop {
                        file,
                        at,
                        read_to: self.read_to,
                        bracket: self.open_bracket(),
                    };
                    let help = slips::help(error.kind(), &stop);
                    let finding = self.diagnostics.report(
                        Code::YamlSyntax,
                        span,
                        format!("not YAML: {}", error.info()),
                    );
                    finding.help = help;
                    break;
                }
            }
        }
        self.documents
    }

    fn event(&mut self, event: Event<'_>, at: YamlSpan) {
        let span = self.yaml_span(at);
        match event {
            Event::DocumentStart(..) => self.anchors.clear(),
            Event::Scalar(text, style, anchor, tag) => {
                if let Some(tag) = tag.as_deref()
                    && let Some((span, condition)) = self.negation(tag, style, at)
                {
                    return self.close(anchor, span, Value::Scalar(condition));
                }
                self.refuse_tag(tag.as_deref(), at, span);
                // What stands there for a value that was left out is the parser's.
                let is_nothing = span.start == span.end && matches!(style, ScalarStyle::Plain);
                let text = if is_nothing { "".into() } else { text };
                let kind = match style {
                    ScalarStyle::Plain if tag.is_none() => ScalarKind::of_plain(&text),
                    _ => ScalarKind::Text,
                };
                let scalar = Scalar {
                    text: self.text(&text),
                    kind,
                    defined: span,
                };
                self.close(anchor, span, Value::Scalar(scalar));
            }
            Event::SequenceStart(_, anchor, tag) => self.open(anchor, tag.as_deref(), at, false),
            Event::MappingStart(_, anchor, tag) => self.open(anchor, tag.as_deref(), at, true),
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
            Event::Alias(anchor) => self.alias(anchor, span),
            Event::UnresolvedAlias(name) => {
                self.diagnostics
                    .report(
                        Code::YamlAlias,
                        span,
                        format!("no anchor `&{name}` comes before this alias"),
                    )
                    .help(format!("where the text is meant, quote it: `\"*{name}\"`"));
                self.close(0, span, null(span));
            }
            _ => {}
        }
    }

    /// The innermost bracket that is open.
    fn open_bracket(&self) -> Option<Opened> {
        self.stack.iter().rev().find_map(|open| {
            let rest = self.file.text().get(open.start as usize..)?;
            let what = rest.chars().next().filter(|what| "[{".contains(*what))?;
            let line = self.file.position(open.start).line;
            Some(Opened { what, line })
        })
    }

    /// The condition that begins with `!` and was written without quotes: YAML takes its first word for a tag. It is
    /// refused, and read on as it was meant.
    fn negation(&mut self, tag: &Tag, style: ScalarStyle, at: YamlSpan) -> Option<(Span, Scalar)> {
        let written = tag.original();
        let is_standard = written.starts_with("!!") || written.starts_with("!<");
        let begins = ["!(", "!principal", "!resource", "!context"];
        let is_condition = begins.iter().any(|start| written.starts_with(start));
        let is_block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
        if is_standard || is_block || !(is_condition || self.is_at_when()) {
            return None;
        }
        let tag_span = self.yaml_span(at.tag_span()?);
        let end = self.yaml_span(at).end.max(tag_span.end);
        let raw = self
            .file
            .text()
            .get(tag_span.start as usize..end as usize)?;
        let raw = raw.trim_end();
        let span = Span {
            end: tag_span.start + raw.len() as u32,
            ..tag_span
        };
        let folded: Vec<&str> = raw.lines().map(str::trim).collect();
        let meant = folded.join(" ");
        self.diagnostics
            .report(
                Code::YamlTag,
                span,
                format!("without quotes, YAML takes `{written}` for a tag"),
            )
            .help(format!(
                "put a condition that begins with `!` into quotes: `when: '{}'`",
                meant.replace('\'', "''")
            ));
        let scalar = Scalar {
            text: self.text(&meant),
            kind: ScalarKind::Text,
            defined: span,
        };
        Some((span, scalar))
    }

    /// Whether the value of a `when` comes next.
    fn is_at_when(&self) -> bool {
        let Some(open) = self.stack.last() else {
            return false;
        };
        let key = open.items.last().and_then(Node::scalar);
        let is_value = open.is_mapping && open.items.len() % 2 == 1;
        is_value && key.is_some_and(|key| &*key.text == "when")
    }

    fn text(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return known.clone();
        }
        let text: Arc<str> = text.into();
        if text.len() <= SHARED_BYTES_MAX {
            self.texts.insert(text.clone());
        }
        text
    }

    fn open(&mut self, anchor: usize, tag: Option<&Tag>, at: YamlSpan, is_mapping: bool) {
        let span = self.yaml_span(at);
        self.refuse_tag(tag, at, span);
        self.stack.push(Open {
            start: span.start,
            anchor,
            is_mapping,
            items: Vec::new(),
        });
    }

    fn end(&mut self, at: Span) {
        let Some(open) = self.stack.pop() else {
            return;
        };
        let last = open.items.last().map_or(at.start, |item| item.span.end);
        let span = Span {
            source: self.id,
            start: open.start,
            end: at.end.max(last).max(open.start),
        };
        let value = if open.is_mapping {
            Value::Mapping(self.pairs(open.items))
        } else {
            Value::List(open.items)
        };
        self.close(open.anchor, span, value);
    }

    /// Puts a finished node where it belongs: into the list or mapping around it, or among the documents.
    fn close(&mut self, anchor: usize, span: Span, value: Value) {
        let node = Node { span, value };
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        match self.stack.last_mut() {
            Some(open) => open.items.push(node),
            None => self.documents.push(node),
        }
    }

    fn alias(&mut self, anchor: usize, span: Span) {
        let budget = ALIAS_NODES_MAX.saturating_sub(self.alias_nodes);
        let value = match self.anchors.get(&anchor) {
            None => {
                let message = "an alias inside the value that its anchor names";
                self.diagnostics.report(Code::YamlAlias, span, message);
                null(span)
            }
            Some(node) => match count(node, budget) {
                Some(nodes) => {
                    self.alias_nodes += nodes;
                    node.value.clone()
                }
                None => {
                    self.alias_nodes = ALIAS_NODES_MAX + 1;
                    let message = format!(
                        "the aliases of this file stand for more than {ALIAS_NODES_MAX} values"
                    );
                    self.diagnostics
                        .report(Code::YamlAlias, span, message)
                        .help("write out what the aliases repeat, or repeat less");
                    null(span)
                }
            },
        };
        self.close(0, span, value);
    }

    /// Pairs keys with values and resolves `<<`: keys written in the mapping win over merged ones.
    fn pairs(&mut self, items: Vec<Node>) -> Vec<(Node, Node)> {
        let mut pairs: Vec<(Node, Node)> = Vec::with_capacity(items.len() / 2);
        let mut merged = None;
        let mut seen: HashMap<Arc<str>, Span> = HashMap::with_capacity(items.len() / 2);
        let mut items = items.into_iter();
        while let (Some(key), Some(value)) = (items.next(), items.next()) {
            let Some(scalar) = key.scalar() else {
                let message = format!("a key must be text, not {}", key.in_words());
                self.diagnostics.report(Code::WrongType, key.span, message);
                continue;
            };
            if let Some(first) = seen.get(&scalar.text) {
                let message = format!("the key `{}` is written twice", scalar.text.escape_debug());
                self.diagnostics
                    .report(Code::DuplicateKey, key.span, message)
                    .first(*first);
                continue;
            }
            seen.insert(scalar.text.clone(), key.span);
            if is_merge_key(&key, self.file) {
                merged = Some(value);
            } else {
                pairs.push((key, value));
            }
        }
        match merged.map(|merged| (merged.span, merged.value)) {
            None => {}
            Some((_, Value::Mapping(entries))) => merge(&mut pairs, &mut seen, entries),
            Some((_, Value::List(sources))) => {
                for source in sources {
                    match source.value {
                        Value::Mapping(entries) => merge(&mut pairs, &mut seen, entries),
                        _ => self.no_mapping(source.span),
                    }
                }
            }
            Some((span, Value::Scalar(_))) => self.no_mapping(span),
        }
        pairs
    }

    fn no_mapping(&mut self, span: Span) {
        self.diagnostics
            .report(Code::YamlAlias, span, "`<<` merges mappings only");
    }

    fn refuse_tag(&mut self, tag: Option<&Tag>, at: YamlSpan, span: Span) {
        let Some(tag) = tag else { return };
        let place = at
            .tag_span()
            .map_or(span, |tag_span| self.yaml_span(tag_span));
        self.diagnostics
            .report(
                Code::YamlTag,
                place,
                format!("tags are not part of the language: `{}`", tag.original()),
            )
            .help("remove the tag; quote the value where text is meant");
    }

    fn yaml_span(&self, at: YamlSpan) -> Span {
        let length = self.file.text().len();
        let start = at.start.byte_offset().unwrap_or(length);
        let end = at.end.byte_offset().unwrap_or(start);
        self.span(start, end)
    }

    fn span(&self, start: usize, end: usize) -> Span {
        let length = self.file.text().len();
        Span {
            source: self.id,
            start: start.min(length) as u32,
            end: end.clamp(start.min(length), length) as u32,
        }
    }
}

fn null(defined: Span) -> Value {
    Value::Scalar(Scalar {
        text: "".into(),
        kind: ScalarKind::Null,
        defined,
    })
}

/// The nodes of a tree, unless there are more than the budget.
fn count(node: &Node, budget: usize) -> Option<usize> {
    let mut total = 1;
    let mut add = |child: &Node| {
        total += count(child, budget.checked_sub(total)?)?;
        Some(())
    };
    match &node.value {
        Value::Scalar(_) => {}
        Value::List(items) => items.iter().try_for_each(&mut add)?,
        Value::Mapping(pairs) => {
            for (key, value) in pairs {
                add(key)?;
                add(value)?;
            }
        }
    }
    (total <= budget).then_some(total)
}

/// Adds the pairs of a merged mapping whose keys are not there yet.
fn merge(
    pairs: &mut Vec<(Node, Node)>,
    seen: &mut HashMap<Arc<str>, Span>,
    entries: Vec<(Node, Node)>,
) {
    for (key, value) in entries {
        let is_new = key
            .scalar()
            .is_some_and(|scalar| seen.insert(scalar.text.clone(), key.span).is_none());
        if is_new {
            pairs.push((key, value));
        }
    }
}

/// Whether a key is the bare `<<`.
fn is_merge_key(key: &Node, file: &SourceFile) -> bool {
    key.scalar().is_some_and(|scalar| {
        scalar.text.as_ref() == "<<"
            && file
                .text()
                .get(scalar.defined.start as usize..)
                .is_some_and(|rest| rest.starts_with("<<"))
    })
}
