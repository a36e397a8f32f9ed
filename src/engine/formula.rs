//! Conditions over facts: what is left of a rule once type, action, role, tenant and scope have been looked up.
//!
//! An author's condition reads attributes of principal, resource and context, and nothing else of them. So each read is
//! turned into the read of one record that holds those attributes, and the engine evaluates the rest as it stands: there
//! are no entities to build and none to find. Constants of extension types and sets are made once.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

use cedar_policy::Expression;
use cedar_policy_core::ast::{
    BinaryOp, Context, EntityUID, EntityUIDEntry, Expr, ExprKind, Literal, Request, SlotEnv,
    ValueKind, Var,
};
use cedar_policy_core::entities::Entities;
use cedar_policy_core::evaluator::Evaluator;
use cedar_policy_core::extensions::Extensions;
use smol_str::SmolStr;

use super::Value;

/// Where an attribute is read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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

impl Root {
    /// The expression that stands for it.
    pub fn as_cedar(self) -> &'static str {
        match self {
            Self::Principal => "principal",
            Self::Resource => "resource",
            Self::Context => "context",
            Self::Action => "context.action",
        }
    }
}

/// What became of a condition.
#[derive(Debug)]
pub enum Truth {
    /// It holds.
    True,
    /// It does not.
    False,
    /// It has no value, for this reason.
    Failed(String),
}

/// An attribute that conditions read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Of what.
    pub root: Root,
    /// Its name.
    pub name: SmolStr,
    /// Its name among the facts.
    key: SmolStr,
}

impl Fact {
    /// An attribute of a root.
    pub fn new(root: Root, name: &str) -> Self {
        Self {
            root,
            name: name.into(),
            key: key(root, name),
        }
    }
}

/// No two attributes have the same, and no constant has one of them.
fn key(root: Root, name: &str) -> SmolStr {
    let root = match root {
        Root::Principal => "p ",
        Root::Resource => "r ",
        Root::Context => "c ",
        Root::Action => "a ",
    };
    SmolStr::from_iter([root, name])
}

/// A condition that reads facts and constants alone.
#[derive(Debug)]
pub struct Formula {
    expression: Expr,
    constants: BTreeMap<SmolStr, Value>,
}

impl Formula {
    /// The formula of a condition; nothing where it looks at more than attributes, which the engine must then be asked
    /// with entities and all.
    pub fn of(condition: &Expression) -> Option<Self> {
        let mut rewriting = Rewriting {
            constants: BTreeMap::new(),
            depth: 0,
        };
        let expression = rewriting.over_facts(condition.as_ref())?;
        Some(Self {
            expression,
            constants: rewriting.constants,
        })
    }

    /// Whether it holds. The facts must have the constants of the formula.
    pub fn holds(&self, facts: &Facts) -> Truth {
        match facts.evaluator.interpret(&self.expression, &facts.slots) {
            Ok(value) => match value.value_kind() {
                ValueKind::Lit(Literal::Bool(true)) => Truth::True,
                ValueKind::Lit(Literal::Bool(false)) => Truth::False,
                _ => Truth::Failed("the condition is neither true nor false".to_owned()),
            },
            Err(error) => Truth::Failed(error.to_string()),
        }
    }

    /// The constants that it reads beside the facts.
    pub fn constants(&self) -> &BTreeMap<SmolStr, Value> {
        &self.constants
    }
}

/// What formulas are evaluated over.
pub struct Facts {
    evaluator: Evaluator<'static>,
    slots: SlotEnv,
}

/// Nothing is looked up in it.
static NO_ENTITIES: LazyLock<Entities> = LazyLock::new(Entities::new);
/// Stands for principal, action and resource, which no formula names.
static NOBODY: LazyLock<EntityUIDEntry> = LazyLock::new(|| {
    let nobody = EntityUID::with_eid_and_type("Nobody", "nobody");
    nobody.map_or_else(|_| EntityUIDEntry::unknown(), EntityUIDEntry::from)
});

impl Facts {
    /// Facts with their values, added to the constants of all formulas that will be asked.
    pub fn new(
        constants: &BTreeMap<SmolStr, Value>,
        facts: impl IntoIterator<Item = (Fact, Value)>,
    ) -> Self {
        let mut record = constants.clone();
        record.extend(facts.into_iter().map(|(fact, value)| (fact.key, value)));
        let request = Request::new_unchecked(
            NOBODY.clone(),
            NOBODY.clone(),
            NOBODY.clone(),
            Some(Context::Value(Arc::new(record))),
        );
        Self {
            evaluator: Evaluator::new(request, &NO_ENTITIES, Extensions::all_available()),
            slots: HashMap::new(),
        }
    }
}

/// An expression on its way to a formula.
struct Rewriting {
    constants: BTreeMap<SmolStr, Value>,
    /// How many expressions the present one lies in.
    depth: usize,
}

/// What lies deeper is no formula: nobody writes it, and the stack is finite.
const DEPTH_MAX: usize = 100;

impl Rewriting {
    /// The expression with every read of an attribute turned into a read of the facts, and constants gathered; nothing
    /// where it names principal, resource, action or context in any other way, or entities at all.
    fn over_facts(&mut self, expression: &Expr) -> Option<Expr> {
        if self.depth == DEPTH_MAX {
            return None;
        }
        self.depth += 1;
        let rewritten = self.rewritten(expression);
        self.depth -= 1;
        rewritten
    }

    fn rewritten(&mut self, expression: &Expr) -> Option<Expr> {
        Some(match expression.expr_kind() {
            ExprKind::Lit(literal) => Expr::val(literal.clone()),
            ExprKind::If {
                test_expr,
                then_expr,
                else_expr,
            } => Expr::ite(
                self.over_facts(test_expr)?,
                self.over_facts(then_expr)?,
                self.over_facts(else_expr)?,
            ),
            ExprKind::And { left, right } => {
                Expr::and(self.over_facts(left)?, self.over_facts(right)?)
            }
            ExprKind::Or { left, right } => {
                Expr::or(self.over_facts(left)?, self.over_facts(right)?)
            }
            ExprKind::UnaryApp { op, arg } => Expr::unary_app(*op, self.over_facts(arg)?),
            ExprKind::BinaryApp {
                op: BinaryOp::In | BinaryOp::GetTag | BinaryOp::HasTag,
                ..
            } => return None,
            ExprKind::BinaryApp { op, arg1, arg2 } => {
                Expr::binary_app(*op, self.over_facts(arg1)?, self.over_facts(arg2)?)
            }
            ExprKind::GetAttr { expr, attr } => match fact(expr, attr) {
                Some(key) => Expr::get_attr(Expr::var(Var::Context), key),
                None => Expr::get_attr(self.over_facts(expr)?, attr.clone()),
            },
            ExprKind::HasAttr { expr, attr } => match fact(expr, attr) {
                Some(key) => Expr::has_attr(Expr::var(Var::Context), key),
                None => Expr::has_attr(self.over_facts(expr)?, attr.clone()),
            },
            ExprKind::Like { expr, pattern } => Expr::like(self.over_facts(expr)?, pattern.clone()),
            ExprKind::Record(fields) => {
                let rewritten = |(name, value): (&SmolStr, &Expr)| {
                    Some((name.clone(), self.over_facts(value)?))
                };
                let fields: Option<_> = fields.iter().map(rewritten).collect();
                Expr::record_arc(Arc::new(fields?))
            }
            ExprKind::ExtensionFunctionApp { fn_name, args } => {
                match self.constant(expression, args) {
                    Some(read) => read,
                    None => Expr::call_extension_fn(fn_name.clone(), self.all(args)?),
                }
            }
            ExprKind::Set(items) => match self.constant(expression, items) {
                Some(read) => read,
                None => Expr::set(self.all(items)?),
            },
            _ => return None,
        })
    }

    fn all(&mut self, parts: &[Expr]) -> Option<Vec<Expr>> {
        parts.iter().map(|part| self.over_facts(part)).collect()
    }

    /// The read of a constant in place of an expression that is made of literals alone, and always has the same value.
    fn constant(&mut self, expression: &Expr, parts: &[Expr]) -> Option<Expr> {
        let is_literal = |part: &Expr| matches!(part.expr_kind(), ExprKind::Lit(_));
        if !parts.iter().all(is_literal) {
            return None;
        }
        let nothing = Facts::new(&BTreeMap::new(), []);
        // What fails does so each time that it is evaluated, and not before.
        let value = nothing
            .evaluator
            .interpret(expression, &nothing.slots)
            .ok()?;
        let key = SmolStr::new(format!("= {expression}"));
        self.constants.insert(key.clone(), value);
        Some(Expr::get_attr(Expr::var(Var::Context), key))
    }
}

/// The name among the facts of what `whole.attribute` reads, if that is an attribute of a root.
fn fact(whole: &Expr, attribute: &str) -> Option<SmolStr> {
    let root = match whole.expr_kind() {
        ExprKind::Var(Var::Principal) => Root::Principal,
        ExprKind::Var(Var::Resource) => Root::Resource,
        // `context.action` is a record of its own.
        ExprKind::Var(Var::Context) if attribute != "action" => Root::Context,
        ExprKind::GetAttr { expr, attr } if attr == "action" && is_context(expr) => Root::Action,
        _ => return None,
    };
    Some(key(root, attribute))
}

fn is_context(expression: &Expr) -> bool {
    matches!(expression.expr_kind(), ExprKind::Var(Var::Context))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_over_attributes_are_formulas() {
        for (condition, is_formula) in [
            ("resource.a == 1 && context.b", true),
            ("context.action.soft || principal has x", true),
            ("{a: resource.id}.a like \"*x\"", true),
            ("[1, 2].contains(resource.a)", true),
            ("context.ip.isInRange(ip(\"10.0.0.0/8\"))", true),
            ("context has action.soft", false),
            ("context has action", false),
            ("principal == resource", false),
            ("resource in principal", false),
            ("principal is Account", false),
            (&format!("true{}", " && context.b".repeat(200)), false),
        ] {
            let expression: Expression = condition.parse().unwrap();
            assert_eq!(
                Formula::of(&expression).is_some(),
                is_formula,
                "{condition}"
            );
        }
    }

    #[test]
    fn formulas_say_what_the_engine_says() {
        let facts = [
            (Fact::new(Root::Resource, "a"), Value::from(1_i64)),
            (Fact::new(Root::Context, "a"), Value::from(false)),
            (Fact::new(Root::Action, "a"), Value::from(true)),
        ];
        for (condition, expected) in [
            ("resource.a == 1", "True"),
            ("context.a", "False"),
            ("context.action.a && !context.a", "True"),
            ("resource has b || context.action has b", "False"),
            ("[1, 2].contains(resource.a)", "True"),
            ("ip(\"10.1.0.0\").isInRange(ip(\"10.0.0.0/8\"))", "True"),
            ("resource.a", "Failed"),
            ("resource.a + 9223372036854775807 > 0", "Failed"),
            ("datetime(\"never\") < datetime(\"2026-01-01\")", "Failed"),
            ("resource.b == 1", "Failed"),
        ] {
            let expression: Expression = condition.parse().unwrap();
            let formula = Formula::of(&expression).unwrap();
            let truth = formula.holds(&Facts::new(formula.constants(), facts.clone()));
            assert!(
                format!("{truth:?}").starts_with(expected),
                "{condition}: {truth:?}"
            );
        }
    }
}
