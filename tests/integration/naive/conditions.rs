//! Conditions: what must be present, and how they are evaluated.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use serde_json::{Map, Value as Json};

use super::cond::{Cond, Order, Path, Piece, Root, Term};
use super::decide::Case;
use super::places::resource_attributes;
use super::value::{Value, given};
use super::world::Attribute;

/// What comes of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// An attribute that must be present is missing.
    Missing,
    /// It does not hold.
    False,
    /// It holds.
    True,
    /// Its evaluation fails.
    Error,
}

/// The evaluation of a condition failed.
#[derive(Debug)]
struct Failure;

/// "Every attribute that it reads must be present, whether or not evaluation would come to it; [...]
/// Exception: an attribute that the condition itself tests with `has`"
pub fn verdict(case: &Case, when: Option<&Cond>) -> Verdict {
    let Some(when) = when else {
        return Verdict::True;
    };
    let values = Values::of(case);
    let tested = when.tests();
    let must_be_present = when
        .reads()
        .into_iter()
        .filter(|path| !tested.contains(path));
    for path in must_be_present {
        if values.get(path).is_none() {
            return Verdict::Missing;
        }
    }
    of_result(holds(when, &values))
}

/// What comes of the condition of raw Cedar, of which nothing must be present beforehand.
pub fn evaluated(case: &Case, when: Option<&Cond>) -> Verdict {
    match when {
        Some(when) => of_result(holds(when, &Values::of(case))),
        None => Verdict::True,
    }
}

fn of_result(result: Result<bool, Failure>) -> Verdict {
    match result {
        Ok(true) => Verdict::True,
        Ok(false) => Verdict::False,
        Err(Failure) => Verdict::Error,
    }
}

/// What conditions read.
pub struct Values {
    /// Of `principal`.
    pub principal: BTreeMap<String, Value>,
    /// Of `resource`.
    pub resource: BTreeMap<String, Value>,
    /// Of `context`.
    pub context: BTreeMap<String, Value>,
    /// Of `context.action`.
    pub action: BTreeMap<String, Value>,
}

impl Values {
    /// What conditions read of this question.
    pub fn of(case: &Case) -> Values {
        let question = case.question;
        let mut resource = resource_attributes(case);
        // "and `resource.id`"
        resource.insert("id".to_owned(), Value::String(question.resource_id.clone()));
        // "`context.now`, the moment of the decision, a `datetime`, is always there; a question's own
        // `now`, and its own `action`, are ignored"
        let mut context = declared(&case.app.context, &[&question.context]);
        context.insert("now".to_owned(), Value::Datetime(case.now_ms));
        // "under the name `action`, the action's properties"
        let action = declared(&case.app.action_context, &[&question.action]);
        Values {
            principal: principal(case),
            resource,
            context,
            action,
        }
    }

    fn get(&self, path: &Path) -> Option<&Value> {
        let values = match path.root {
            Root::Principal => &self.principal,
            Root::Resource => &self.resource,
            Root::Context => &self.context,
            Root::Action => &self.action,
        };
        values.get(&path.name)
    }
}

/// "of the principal `id`, `email`, `first_name`, `last_name`, `person` and the declared
/// attributes"; "The question also wins over the account for the subject's declared attributes."
fn principal(case: &Case) -> BTreeMap<String, Value> {
    let account = case
        .app
        .account(&case.question.subject_id)
        .cloned()
        .unwrap_or_default();
    let sources = [&case.question.subject, &account.attributes];
    let mut values = declared(&case.app.account_attributes, &sources);
    let standard = [
        ("id", Some(case.question.subject_id.clone())),
        ("email", account.email.clone()),
        ("first_name", account.first_name.clone()),
        ("last_name", account.last_name.clone()),
        ("person", account.person.clone()),
    ];
    for (name, text) in standard {
        if let Some(text) = text {
            values.insert(name.to_owned(), Value::String(text));
        }
    }
    values
}

/// The declared attributes, each from the first source that gives it.
fn declared(attributes: &[Attribute], sources: &[&Map<String, Json>]) -> BTreeMap<String, Value> {
    let mut values = BTreeMap::new();
    for attribute in attributes {
        let json = sources
            .iter()
            .find_map(|source| given(source, &attribute.name));
        if let Some(value) = json.and_then(|json| attribute.kind.read(json)) {
            values.insert(attribute.name.clone(), value);
        }
    }
    values
}

/// Cedar's evaluation: from left to right, and only as far as needed.
fn holds(when: &Cond, values: &Values) -> Result<bool, Failure> {
    let term = |term: &Term| value(term, values);
    match when {
        Cond::Has(path) => Ok(values.get(path).is_some()),
        Cond::Flag(path) => match values.get(path) {
            Some(Value::Bool(flag)) => Ok(*flag),
            _ => Err(Failure),
        },
        Cond::And(left, right) => {
            if holds(left, values)? {
                holds(right, values)
            } else {
                Ok(false)
            }
        }
        Cond::Or(left, right) => {
            if holds(left, values)? {
                Ok(true)
            } else {
                holds(right, values)
            }
        }
        Cond::Not(inner) => Ok(!holds(inner, values)?),
        Cond::If(test, yes, no) => {
            if holds(test, values)? {
                holds(yes, values)
            } else {
                holds(no, values)
            }
        }
        Cond::Same(left, right) => Ok(term(left)? == term(right)?),
        Cond::Different(left, right) => Ok(term(left)? != term(right)?),
        Cond::Compare(order, left, right) | Cond::Decimals(order, left, right) => {
            compare(*order, &term(left)?, &term(right)?)
        }
        Cond::Contains(set, element) => contains(&term(set)?, &term(element)?),
        Cond::ContainsAll(set, other) => contains_all(&term(set)?, &term(other)?),
        Cond::ContainsAny(set, other) => contains_any(&term(set)?, &term(other)?),
        Cond::Like(text, pattern) => match term(text)? {
            Value::String(text) => Ok(matches_pattern(&text, pattern)),
            _ => Err(Failure),
        },
        Cond::InRange(address, range) => is_in_range(&term(address)?, &term(range)?),
        Cond::IsIpv4(address) => match term(address)? {
            Value::Ip(address, _) => Ok(address.is_ipv4()),
            _ => Err(Failure),
        },
    }
}

fn value(term: &Term, values: &Values) -> Result<Value, Failure> {
    let long = |term: &Term| match value(term, values)? {
        Value::Long(long) => Ok(long),
        _ => Err(Failure),
    };
    // "an overflow" is an error.
    let checked = |result: Option<i64>| result.map(Value::Long).ok_or(Failure);
    match term {
        Term::Read(path) => values.get(path).cloned().ok_or(Failure),
        Term::Lit(literal) => literal.kind.read(&literal.json).ok_or(Failure),
        Term::Add(left, right) => checked(long(left)?.checked_add(long(right)?)),
        Term::Sub(left, right) => checked(long(left)?.checked_sub(long(right)?)),
        Term::Mul(left, right) => checked(long(left)?.checked_mul(long(right)?)),
    }
}

fn compare(order: Order, left: &Value, right: &Value) -> Result<bool, Failure> {
    let (left, right) = match (left, right) {
        (Value::Long(left), Value::Long(right))
        | (Value::Datetime(left), Value::Datetime(right))
        | (Value::Decimal(left), Value::Decimal(right)) => (left, right),
        _ => return Err(Failure),
    };
    Ok(match order {
        Order::Lt => left < right,
        Order::Le => left <= right,
        Order::Gt => left > right,
        Order::Ge => left >= right,
    })
}

fn contains(set: &Value, element: &Value) -> Result<bool, Failure> {
    match (set, element) {
        (Value::Strings(set), Value::String(text)) => Ok(set.contains(text)),
        (Value::Longs(set), Value::Long(long)) => Ok(set.contains(long)),
        _ => Err(Failure),
    }
}

fn contains_all(set: &Value, other: &Value) -> Result<bool, Failure> {
    match (set, other) {
        (Value::Strings(set), Value::Strings(other)) => Ok(other.is_subset(set)),
        (Value::Longs(set), Value::Longs(other)) => Ok(other.is_subset(set)),
        _ => Err(Failure),
    }
}

fn contains_any(set: &Value, other: &Value) -> Result<bool, Failure> {
    fn meet<T: Ord>(one: &BTreeSet<T>, other: &BTreeSet<T>) -> bool {
        !one.is_disjoint(other)
    }
    match (set, other) {
        (Value::Strings(set), Value::Strings(other)) => Ok(meet(set, other)),
        (Value::Longs(set), Value::Longs(other)) => Ok(meet(set, other)),
        _ => Err(Failure),
    }
}

fn matches_pattern(text: &str, pattern: &[Piece]) -> bool {
    match pattern {
        [] => text.is_empty(),
        [Piece::Text(start), rest @ ..] => text
            .strip_prefix(start.as_str())
            .is_some_and(|tail| matches_pattern(tail, rest)),
        [Piece::Star, rest @ ..] => {
            let mut tails = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            tails.any(|at| matches_pattern(&text[at..], rest))
        }
    }
}

/// True where every address of the one range lies in the other.
fn is_in_range(address: &Value, range: &Value) -> Result<bool, Failure> {
    let (Value::Ip(address, length), Value::Ip(range, shorter)) = (address, range) else {
        return Err(Failure);
    };
    Ok(address.is_ipv4() == range.is_ipv4()
        && length >= shorter
        && leading_bits(*address, *shorter) == leading_bits(*range, *shorter))
}

fn leading_bits(address: IpAddr, count: u8) -> u128 {
    let (bits, width) = match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    };
    bits.checked_shr(width - u32::from(count)).unwrap_or(0)
}
