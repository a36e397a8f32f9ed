//! Several evaluations in one body (section 7).

use super::{Malformed, evaluation, malformed, parts, read_object, utf8};
use crate::snapshot::{Action, Entity, Part, Question};
use crate::value::{Json, Members};

/// Most items of a batch.
pub const ITEMS_MAX: usize = 10_000;
/// Most that the items may repeat of what stands at the top, in characters and values: each item is decided with all of
/// it, so that a body of 1 MiB could ask for hours of work.
const REPEATED_MAX: usize = 32 << 20;

/// What the body of an evaluations request asks.
#[derive(Debug)]
pub enum Evaluations<'a> {
    /// Without `evaluations`, or with none, it is one evaluation (section 7.1).
    Single(Box<Question<'a>>),
    /// Several.
    Batch(Box<Batch<'a>>),
}

/// When a batch ends (section 7.1.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Semantic {
    /// With its last item.
    #[default]
    ExecuteAll,
    /// With the first item that is denied.
    DenyOnFirstDeny,
    /// With the first item that is permitted.
    PermitOnFirstPermit,
}

impl Semantic {
    /// Whether a decision is the last.
    pub fn ends_with(self, allowed: bool) -> bool {
        match self {
            Self::ExecuteAll => false,
            Self::DenyOnFirstDeny => !allowed,
            Self::PermitOnFirstPermit => allowed,
        }
    }
}

/// Several questions that share what stands at the top of the body.
#[derive(Debug)]
pub struct Batch<'a> {
    /// When it ends.
    pub semantic: Semantic,
    defaults: Item<'a>,
    items: Vec<Result<Item<'a>, Malformed>>,
}

/// The parts that an item, or the top, gives; one that is malformed is an error of every item that uses it, and of no
/// other.
#[derive(Debug)]
struct Item<'a> {
    subject: Option<Result<Entity<'a>, Malformed>>,
    action: Option<Result<Action<'a>, Malformed>>,
    resource: Option<Result<Entity<'a>, Malformed>>,
    context: Option<Result<Members<'a>, Malformed>>,
}

impl<'a> Evaluations<'a> {
    /// Reads the body of an evaluations request.
    ///
    /// # Errors
    /// When the body is no JSON object, `evaluations` no list, `options` no object, the semantic none of the three;
    /// without items, as for an evaluation. What is wrong with one item is told at its place instead (section 7.2.1).
    pub fn read(body: &'a [u8]) -> Result<Self, Malformed> {
        let mut members = read_object(utf8(body)?)?;
        let semantic = semantic(members.take("options"))?;
        let items = match members.take("evaluations") {
            None => Vec::new(),
            Some(Json::List(items)) => items,
            Some(_) => return Err(malformed("`evaluations` must be a list")),
        };
        if items.is_empty() {
            return Ok(Self::Single(Box::new(evaluation(&mut members)?)));
        }
        if items.len() > ITEMS_MAX {
            return Err(Malformed::TooMany(format!(
                "`evaluations` has {} items, and {ITEMS_MAX} at most are answered at once",
                items.len()
            )));
        }
        if repeated(&members, &items) > REPEATED_MAX {
            return Err(Malformed::TooMany(format!(
                "the {} items of `evaluations` repeat too much of what stands beside it; ask in several requests",
                items.len()
            )));
        }
        Ok(Self::Batch(Box::new(Batch {
            semantic,
            defaults: Item::new(&mut members),
            items: items.into_iter().map(Item::read).collect(),
        })))
    }
}

/// How much of what stands at the top the items repeat, counting characters and values.
fn repeated(top: &Members<'_>, items: &[Json<'_>]) -> usize {
    let parts = ["subject", "action", "resource", "context"];
    let parts = parts
        .into_iter()
        .filter_map(|name| Some((name, top.get(name)?)));
    let uses = |name| items.iter().filter(|item| item.get(name).is_none()).count();
    parts
        .map(|(name, part)| weight(part).saturating_mul(uses(name)))
        .sum()
}

fn weight(value: &Json<'_>) -> usize {
    1 + match value {
        Json::Text(text) => text.len(),
        Json::Object(members) => members
            .iter()
            .map(|(name, value)| name.len() + weight(value))
            .sum(),
        Json::List(items) => items.iter().map(weight).sum(),
        Json::Null | Json::Bool(_) | Json::Integer(_) | Json::Number => 0,
    }
}

/// When a batch ends, of its `options`.
pub(super) fn semantic(options: Option<Json<'_>>) -> Result<Semantic, Malformed> {
    let Some(mut options) = parts::object(options, "options")? else {
        return Ok(Semantic::default());
    };
    match options.take("evaluations_semantic") {
        None => Ok(Semantic::default()),
        Some(Json::Text(text)) if text == "execute_all" => Ok(Semantic::ExecuteAll),
        Some(Json::Text(text)) if text == "deny_on_first_deny" => Ok(Semantic::DenyOnFirstDeny),
        Some(Json::Text(text)) if text == "permit_on_first_permit" => {
            Ok(Semantic::PermitOnFirstPermit)
        }
        Some(_) => Err(malformed(
            "`options.evaluations_semantic` must be `execute_all`, `deny_on_first_deny` or `permit_on_first_permit`",
        )),
    }
}

impl<'a> Item<'a> {
    fn new(members: &mut Members<'a>) -> Self {
        let entity = |json: Option<Json<'a>>, what| {
            let given = json.is_some();
            given.then(|| parts::entity(json, what))
        };
        let mut take = |name| members.take(name);
        Self {
            subject: entity(take("subject"), "subject"),
            action: take("action").map(|json| parts::action(Some(json))),
            resource: entity(take("resource"), "resource"),
            context: take("context").map(|json| parts::context(Some(json))),
        }
    }

    fn read(json: Json<'a>) -> Result<Self, Malformed> {
        match json {
            Json::Object(mut members) => Ok(Self::new(&mut members)),
            _ => Err(malformed("an item of `evaluations` must be an object")),
        }
    }
}

impl Batch<'_> {
    /// The questions in their order. An item's part stands for the top's whole, never merged with it (section 7.1.1).
    pub fn questions(&self) -> impl Iterator<Item = Result<Question<'_>, Malformed>> {
        self.items.iter().map(|item| match item {
            Ok(item) => self.question(item),
            Err(malformed) => Err(malformed.clone()),
        })
    }

    fn question<'q>(&'q self, item: &'q Item<'q>) -> Result<Question<'q>, Malformed> {
        let defaults = &self.defaults;
        Ok(Question {
            subject: part(&item.subject, &defaults.subject, "subject")?,
            action: part(&item.action, &defaults.action, "action")?,
            resource: part(&item.resource, &defaults.resource, "resource")?,
            context: match item.context.as_ref().or(defaults.context.as_ref()) {
                None => Members::default().into(),
                Some(_) => part(&item.context, &defaults.context, "context")?,
            },
        })
    }
}

/// The item's part, else the top's.
fn part<'q, T>(
    own: &'q Option<Result<T, Malformed>>,
    default: &'q Option<Result<T, Malformed>>,
    what: &str,
) -> Result<Part<'q, T>, Malformed> {
    match own.as_ref().or(default.as_ref()) {
        Some(Ok(part)) => Ok(Part::Lent(part)),
        Some(Err(malformed)) => Err(malformed.clone()),
        None => Err(malformed(format!(
            "`{what}` is missing, in the item and beside `evaluations`"
        ))),
    }
}
