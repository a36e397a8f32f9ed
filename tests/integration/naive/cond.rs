//! Conditions as trees, and their text in Cedar.

use serde_json::Value as Json;

use super::value::Type;

/// Whose attribute is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root {
    /// `principal.x`
    Principal,
    /// `resource.x`
    Resource,
    /// `context.x`
    Context,
    /// `context.action.x`
    Action,
}

/// An attribute that a condition reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// Whose attribute.
    pub root: Root,
    /// Its name.
    pub name: String,
}

/// A literal: a type and the JSON of a value of it.
#[derive(Clone, Debug)]
pub struct Literal {
    /// Its type.
    pub kind: Type,
    /// Its value, as it would be in a question.
    pub json: Json,
}

/// An operand.
#[derive(Clone, Debug)]
pub enum Term {
    /// An attribute.
    Read(Path),
    /// A literal.
    Lit(Literal),
    /// `a + b` on Longs.
    Add(Box<Term>, Box<Term>),
    /// `a - b` on Longs.
    Sub(Box<Term>, Box<Term>),
    /// `a * b` on Longs.
    Mul(Box<Term>, Box<Term>),
}

/// An order between two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Less.
    Lt,
    /// Less or equal.
    Le,
    /// Greater.
    Gt,
    /// Greater or equal.
    Ge,
}

/// A piece of a pattern of `like`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Any characters, none too.
    Star,
    /// These characters.
    Text(String),
}

/// A condition.
#[derive(Clone, Debug)]
pub enum Cond {
    /// `resource has x`
    Has(Path),
    /// A Bool attribute by itself.
    Flag(Path),
    /// `a && b`
    And(Box<Cond>, Box<Cond>),
    /// `a || b`
    Or(Box<Cond>, Box<Cond>),
    /// `!a`
    Not(Box<Cond>),
    /// `if a then b else c`
    If(Box<Cond>, Box<Cond>, Box<Cond>),
    /// `a == b`
    Same(Term, Term),
    /// `a != b`
    Different(Term, Term),
    /// `a < b` and its like, on Longs and datetimes.
    Compare(Order, Term, Term),
    /// `a.lessThan(b)` and its like, on decimals.
    Decimals(Order, Term, Term),
    /// `set.contains(element)`
    Contains(Term, Term),
    /// `set.containsAll(set)`
    ContainsAll(Term, Term),
    /// `set.containsAny(set)`
    ContainsAny(Term, Term),
    /// `text like "pattern"`
    Like(Term, Vec<Piece>),
    /// `address.isInRange(address)`
    InRange(Term, Term),
    /// `address.isIpv4()`
    IsIpv4(Term),
}

impl Path {
    /// A path.
    pub fn new(root: Root, name: &str) -> Path {
        Path {
            root,
            name: name.to_owned(),
        }
    }

    fn owner(&self) -> &'static str {
        match self.root {
            Root::Principal => "principal",
            Root::Resource => "resource",
            Root::Context => "context",
            Root::Action => "context.action",
        }
    }

    fn is_identifier(&self) -> bool {
        self.name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_')
            && !self.name.starts_with(|c: char| c.is_ascii_digit())
    }

    fn cedar(&self) -> String {
        if self.is_identifier() {
            format!("{}.{}", self.owner(), self.name)
        } else {
            format!("{}[{}]", self.owner(), quoted(&self.name))
        }
    }

    fn cedar_has(&self) -> String {
        if self.is_identifier() {
            format!("{} has {}", self.owner(), self.name)
        } else {
            format!("{} has {}", self.owner(), quoted(&self.name))
        }
    }
}

impl Literal {
    fn cedar(&self) -> String {
        let text = || quoted(self.json.as_str().unwrap_or_default());
        match self.kind {
            Type::String => text(),
            Type::Datetime => format!("datetime({})", text()),
            Type::Decimal => format!("decimal({})", text()),
            Type::Ipaddr => format!("ip({})", text()),
            Type::Long | Type::Bool => self.json.to_string(),
            Type::Strings | Type::Longs => {
                let items: Vec<String> = self
                    .json
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(json_item)
                    .collect();
                format!("[{}]", items.join(", "))
            }
        }
    }
}

fn json_item(item: &Json) -> String {
    item.as_str().map_or_else(|| item.to_string(), quoted)
}

/// A string literal of Cedar.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

impl Term {
    fn paths<'a>(&'a self, found: &mut Vec<&'a Path>) {
        match self {
            Term::Read(path) => found.push(path),
            Term::Lit(_) => {}
            Term::Add(left, right) | Term::Sub(left, right) | Term::Mul(left, right) => {
                left.paths(found);
                right.paths(found);
            }
        }
    }

    fn cedar(&self) -> String {
        match self {
            Term::Read(path) => path.cedar(),
            Term::Lit(literal) => literal.cedar(),
            Term::Add(left, right) => format!("({} + {})", left.cedar(), right.cedar()),
            Term::Sub(left, right) => format!("({} - {})", left.cedar(), right.cedar()),
            Term::Mul(left, right) => format!("({} * {})", left.cedar(), right.cedar()),
        }
    }
}

impl Order {
    fn operator(self) -> &'static str {
        match self {
            Order::Lt => "<",
            Order::Le => "<=",
            Order::Gt => ">",
            Order::Ge => ">=",
        }
    }

    fn method(self) -> &'static str {
        match self {
            Order::Lt => "lessThan",
            Order::Le => "lessThanOrEqual",
            Order::Gt => "greaterThan",
            Order::Ge => "greaterThanOrEqual",
        }
    }
}

impl Cond {
    /// The attributes that the condition reads, those that it tests with `has` alone left aside.
    pub fn reads(&self) -> Vec<&Path> {
        let mut found = Vec::new();
        self.collect(&mut found, &mut Vec::new());
        found
    }

    /// The attributes that the condition tests with `has`.
    pub fn tests(&self) -> Vec<&Path> {
        let mut found = Vec::new();
        self.collect(&mut Vec::new(), &mut found);
        found
    }

    /// Every attribute that the condition names.
    pub fn names(&self) -> Vec<&Path> {
        let mut found = self.reads();
        found.extend(self.tests());
        found
    }

    /// The conditions that this one is made of, itself without them.
    pub fn parts(&self) -> Vec<&Cond> {
        match self {
            Cond::And(left, right) | Cond::Or(left, right) => vec![left, right],
            Cond::Not(inner) => vec![inner],
            Cond::If(test, yes, no) => vec![test, yes, no],
            _ => Vec::new(),
        }
    }

    /// The operands of a condition that is made of no others.
    pub fn terms(&self) -> Vec<&Term> {
        match self {
            Cond::Same(left, right)
            | Cond::Different(left, right)
            | Cond::Compare(_, left, right)
            | Cond::Decimals(_, left, right)
            | Cond::Contains(left, right)
            | Cond::ContainsAll(left, right)
            | Cond::ContainsAny(left, right)
            | Cond::InRange(left, right) => vec![left, right],
            Cond::Like(text, _) => vec![text],
            Cond::IsIpv4(address) => vec![address],
            _ => Vec::new(),
        }
    }

    fn collect<'a>(&'a self, reads: &mut Vec<&'a Path>, tests: &mut Vec<&'a Path>) {
        match self {
            Cond::Has(path) => tests.push(path),
            Cond::Flag(path) => reads.push(path),
            _ => {
                self.parts()
                    .into_iter()
                    .for_each(|part| part.collect(reads, tests));
                self.terms().into_iter().for_each(|term| term.paths(reads));
            }
        }
    }

    /// The condition's text in Cedar.
    pub fn cedar(&self) -> String {
        match self {
            Cond::Has(path) => path.cedar_has(),
            Cond::Flag(path) => path.cedar(),
            Cond::And(left, right) => format!("{} && {}", left.inner(), right.inner()),
            Cond::Or(left, right) => format!("{} || {}", left.inner(), right.inner()),
            Cond::Not(inner) => format!("!({})", inner.cedar()),
            Cond::If(test, yes, no) => {
                format!(
                    "if {} then {} else {}",
                    test.inner(),
                    yes.inner(),
                    no.inner()
                )
            }
            Cond::Same(left, right) => format!("{} == {}", left.cedar(), right.cedar()),
            Cond::Different(left, right) => format!("{} != {}", left.cedar(), right.cedar()),
            Cond::Compare(order, left, right) => {
                format!("{} {} {}", left.cedar(), order.operator(), right.cedar())
            }
            Cond::Decimals(order, left, right) => method(left, order.method(), right),
            Cond::Contains(set, element) => method(set, "contains", element),
            Cond::ContainsAll(set, other) => method(set, "containsAll", other),
            Cond::ContainsAny(set, other) => method(set, "containsAny", other),
            Cond::Like(text, pattern) => format!("{} like {}", text.cedar(), like(pattern)),
            Cond::InRange(address, range) => method(address, "isInRange", range),
            Cond::IsIpv4(address) => format!("{}.isIpv4()", address.cedar()),
        }
    }

    fn inner(&self) -> String {
        match self {
            Cond::And(..) | Cond::Or(..) | Cond::If(..) => format!("({})", self.cedar()),
            _ => self.cedar(),
        }
    }
}

fn method(left: &Term, name: &str, right: &Term) -> String {
    format!("{}.{name}({})", left.cedar(), right.cedar())
}

fn like(pattern: &[Piece]) -> String {
    let pieces: Vec<String> = pattern
        .iter()
        .map(|piece| match piece {
            Piece::Star => "*".to_owned(),
            Piece::Text(text) => text
                .replace('\\', "\\\\")
                .replace('"', "\\\"")
                .replace('*', "\\*"),
        })
        .collect();
    format!("\"{}\"", pieces.concat())
}
