//! Writes YAML, in one of several styles.

use fastrand::Rng;
use serde_json::Value as Json;

/// A node of a YAML document.
#[derive(Clone, Debug)]
pub enum Yaml {
    /// A string.
    Text(String),
    /// A number or a Boolean, which is never quoted.
    Bare(String),
    /// A list.
    List(Vec<Yaml>),
    /// A mapping, in this order.
    Map(Vec<(String, Yaml)>),
}

/// A mapping to which one adds what there is.
#[derive(Default)]
pub struct Fields(Vec<(String, Yaml)>);

impl Fields {
    /// Adds a text.
    pub fn text(&mut self, key: &str, text: &str) -> &mut Fields {
        self.node(key, Yaml::Text(text.to_owned()))
    }

    /// Adds a text, if there is one.
    pub fn maybe(&mut self, key: &str, text: Option<&str>) -> &mut Fields {
        if let Some(text) = text {
            self.text(key, text);
        }
        self
    }

    /// Adds a list of texts, unless it is empty.
    pub fn texts(&mut self, key: &str, texts: &[String]) -> &mut Fields {
        self.list(key, texts.iter().cloned().map(Yaml::Text).collect())
    }

    /// Adds a list, unless it is empty.
    pub fn list(&mut self, key: &str, items: Vec<Yaml>) -> &mut Fields {
        if !items.is_empty() {
            self.node(key, Yaml::List(items));
        }
        self
    }

    /// Adds a mapping, unless it is empty.
    pub fn map(&mut self, key: &str, entries: Vec<(String, Yaml)>) -> &mut Fields {
        if !entries.is_empty() {
            self.node(key, Yaml::Map(entries));
        }
        self
    }

    /// Adds any node.
    pub fn node(&mut self, key: &str, node: Yaml) -> &mut Fields {
        self.0.push((key.to_owned(), node));
        self
    }

    /// The mapping.
    pub fn done(self) -> Yaml {
        Yaml::Map(self.0)
    }
}

/// The YAML of a JSON value.
pub fn of_json(json: &Json) -> Yaml {
    match json {
        Json::String(text) => Yaml::Text(text.clone()),
        Json::Array(items) => Yaml::List(items.iter().map(of_json).collect()),
        Json::Object(entries) => Yaml::Map(
            entries
                .iter()
                .map(|(key, value)| (key.clone(), of_json(value)))
                .collect(),
        ),
        other => Yaml::Bare(other.to_string()),
    }
}

/// The text of a document.
pub fn document(node: &Yaml, rng: &mut Rng) -> String {
    let flow_percent = *rng.choice(&[0, 40, 40, 90]).unwrap_or(&40);
    let mut writer = Writer { rng, flow_percent };
    writer.block(node, 0)
}

struct Writer<'a> {
    rng: &'a mut Rng,
    flow_percent: u32,
}

impl Writer<'_> {
    fn block(&mut self, node: &Yaml, indent: usize) -> String {
        match node {
            Yaml::Map(entries) if !entries.is_empty() => entries
                .iter()
                .map(|(key, value)| self.entry(key, value, indent))
                .collect(),
            Yaml::List(items) if !items.is_empty() => {
                items.iter().map(|item| self.item(item, indent)).collect()
            }
            _ => format!("{}{}\n", spaces(indent), self.flow(node)),
        }
    }

    fn entry(&mut self, key: &str, value: &Yaml, indent: usize) -> String {
        let key = self.scalar(key, false);
        let is_collection = matches!(value, Yaml::Map(_) | Yaml::List(_));
        if is_collection && indent > 0 && self.percent(self.flow_percent) || is_empty(value) {
            format!("{}{key}: {}\n", spaces(indent), self.flow(value))
        } else if is_collection {
            format!(
                "{}{key}:\n{}",
                spaces(indent),
                self.block(value, indent + 2)
            )
        } else {
            format!(
                "{}{key}: {}\n",
                spaces(indent),
                self.value(value, indent + 2)
            )
        }
    }

    fn item(&mut self, item: &Yaml, indent: usize) -> String {
        let is_collection = matches!(item, Yaml::Map(_) | Yaml::List(_)) && !is_empty(item);
        if is_collection && !self.percent(self.flow_percent) {
            let inner = self.block(item, indent + 2);
            format!("{}- {}", spaces(indent), &inner[indent + 2..])
        } else if is_collection {
            format!("{}- {}\n", spaces(indent), self.flow(item))
        } else {
            format!("{}- {}\n", spaces(indent), self.value(item, indent + 2))
        }
    }

    /// A scalar where a block scalar may stand.
    fn value(&mut self, node: &Yaml, indent: usize) -> String {
        match node {
            Yaml::Text(text) if may_be_block(text) && self.percent(30) => {
                self.block_scalar(text, indent)
            }
            _ => self.flow(node),
        }
    }

    fn block_scalar(&mut self, text: &str, indent: usize) -> String {
        if self.rng.bool() {
            return format!("|-\n{}{text}", spaces(indent));
        }
        let folded: Vec<String> = text
            .split(' ')
            .map(|word| {
                let separator = if self.percent(20) { "\n" } else { " " };
                format!("{word}{separator}")
            })
            .collect();
        let folded = folded
            .concat()
            .trim_end()
            .replace('\n', &format!("\n{}", spaces(indent)));
        format!(">-\n{}{folded}", spaces(indent))
    }

    fn flow(&mut self, node: &Yaml) -> String {
        match node {
            Yaml::Text(text) => self.scalar(text, true),
            Yaml::Bare(text) => text.clone(),
            Yaml::List(items) => {
                let items: Vec<String> = items.iter().map(|item| self.flow(item)).collect();
                format!("[{}]", items.join(", "))
            }
            Yaml::Map(entries) => {
                let entries: Vec<String> = entries
                    .iter()
                    .map(|(key, value)| format!("{}: {}", self.scalar(key, true), self.flow(value)))
                    .collect();
                format!("{{{}}}", entries.join(", "))
            }
        }
    }

    fn scalar(&mut self, text: &str, in_flow: bool) -> String {
        if is_plain(text, in_flow) && self.percent(75) {
            text.to_owned()
        } else if !text.chars().any(char::is_control) && self.percent(60) {
            format!("'{}'", text.replace('\'', "''"))
        } else {
            Json::String(text.to_owned()).to_string()
        }
    }

    fn percent(&mut self, percent: u32) -> bool {
        self.rng.u32(0..100) < percent
    }
}

fn is_empty(node: &Yaml) -> bool {
    match node {
        Yaml::List(items) => items.is_empty(),
        Yaml::Map(entries) => entries.is_empty(),
        _ => false,
    }
}

fn spaces(count: usize) -> String {
    " ".repeat(count)
}

/// True where the text may stand as a block scalar, folded or not.
fn may_be_block(text: &str) -> bool {
    let is_long = text.len() > 20 && text.contains(' ');
    is_long
        && !text.contains("  ")
        && !text.contains(char::is_control)
        && !text.starts_with(' ')
        && !text.ends_with(' ')
}

/// True where the text needs no quotes: a word that is no keyword, or a date or instant.
fn is_plain(text: &str, in_flow: bool) -> bool {
    let keyword = ["true", "false", "null"].contains(&text.to_ascii_lowercase().as_str());
    let word = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_-/".contains(c) || (c == ':' && !in_flow))
        && !text.ends_with(':');
    let date = super::value::looks_like_date(text);
    let instant = !in_flow && super::value::datetime(text).is_some();
    (word && !keyword) || date || instant
}
