//! From the model to Cedar: one schema an application, one policy a rule and type, each with its place in the YAML.
//!
//! Compiled rules are grouped into [`RuleBook`]s: one for an application, one for what a tenant adds. Nothing here
//! knows questions; nothing after it knows the YAML.

mod condition;
mod coverage;
mod emit;
mod needs;
mod policy;
mod raw;
mod rules;
mod schema;
mod validate;
mod validated;
mod variant;

use std::collections::HashMap;
use std::iter;
use std::sync::{Arc, OnceLock};

use cedar_policy::{Policy, PolicyId, RestrictedExpression, Schema, Validator};

pub use condition::{Condition, Read, Root, canonical};
pub use coverage::{Assignment, Clause, Coverage, beside_raw};
pub use needs::Needs;
pub use rules::{Effect, Holders, Remainder, Rule, Stage};
pub use schema::{ENTRY, PLACE};
pub use validated::Validated;
pub(crate) use variant::{application_variant, tenant_variant, without_conditions};

use crate::diagnostic::{Code, Diagnostics};
use crate::document::{Scope, to_text};
use crate::model::{Application, Id, ResourceType, Target, Tenant};
use crate::source::{Sources, Span};
use crate::value::Typed;

/// The compiled rules of an application, or those that a tenant adds.
#[derive(Debug, Default, Clone)]
pub struct RuleBook {
    /// Every rule.
    pub rules: Vec<Arc<Rule>>,
    /// Every policy, in the order made.
    pub policies: Vec<CompiledPolicy>,
    /// What grants under `*` with a condition cover: the types that have what it reads.
    pub narrowed: HashMap<Span, Vec<Target>>,
    by_id: HashMap<String, usize>,
}

impl RuleBook {
    /// Whether raw Cedar is among the rules.
    pub fn has_raw(&self) -> bool {
        self.rules.iter().any(|rule| rule.raw.is_some())
    }

    /// The texts of the policies made from the rule that was written at a place.
    pub(crate) fn texts_of(&self, span: Span) -> Vec<&str> {
        let of_rule = |policy: &&CompiledPolicy| {
            let rule = self.rules.get(policy.rule);
            rule.is_some_and(|rule| rule.origin.span == span && !rule.actions.is_empty())
        };
        let policies = self.policies.iter().filter(of_rule);
        policies.map(|policy| policy.text.as_str()).collect()
    }

    /// The policy of an id.
    pub fn find(&self, id: &str) -> Option<&CompiledPolicy> {
        self.policies.get(*self.by_id.get(id)?)
    }
}

/// A policy and where it comes from.
#[derive(Debug, Clone)]
pub struct CompiledPolicy {
    /// Its id, unique in the folder's policies of one application.
    pub id: String,
    /// Its text.
    pub text: String,
    /// The rule that it was made from, as an index into [`RuleBook::rules`].
    pub rule: usize,
    /// Which part of the rule it decides.
    pub stage: Stage,
    /// Whether an author wrote it as it is.
    is_raw: bool,
    parsed: OnceLock<Option<Policy>>,
}

impl CompiledPolicy {
    /// A policy of the compiler's making. It is parsed when it is wanted, which questions do not: they are answered by
    /// looking its rule up.
    fn new(id: String, text: String, rule: usize, stage: Stage) -> Self {
        Self {
            id,
            text,
            rule,
            stage,
            is_raw: false,
            parsed: OnceLock::new(),
        }
    }

    /// A policy of raw Cedar, which had to be parsed to be understood.
    fn raw(policy: Policy, id: String, text: String, rule: usize) -> Self {
        Self {
            is_raw: true,
            parsed: OnceLock::from(Some(policy)),
            ..Self::new(id, text, rule, Stage::Whole)
        }
    }

    /// The policy as the engine holds it. Nothing if it does not parse, which is a defect.
    pub fn policy(&self) -> Option<&Policy> {
        let parse = || Policy::parse(Some(PolicyId::new(&self.id)), &self.text).ok();
        self.parsed.get_or_init(parse).as_ref()
    }
}

/// An application with its schema and compiled rules.
pub struct CompiledApplication {
    /// What it was compiled from.
    pub model: Arc<Application>,
    /// The schema as text.
    pub schema_text: String,
    /// Its rules.
    pub book: RuleBook,
    /// Made only when whole policies are to be validated; an error is the schema's.
    validator: OnceLock<Result<Validator, String>>,
    /// For conditions over one type, whatever the action.
    conditions_by_type: Vec<OnceLock<ConditionSchema>>,
}

/// What conditions over one type are validated with.
struct ConditionSchema {
    text: String,
    /// Made only when a condition has not passed before; nothing if the text is no schema.
    validator: OnceLock<Option<Validator>>,
}

impl ConditionSchema {
    fn new(application: &Application, kind: &ResourceType) -> Self {
        Self {
            text: schema::schema_for_conditions(application, kind),
            validator: OnceLock::new(),
        }
    }

    fn validator(&self) -> Option<&Validator> {
        let made = self.validator.get_or_init(|| {
            let (schema, _) = Schema::from_cedarschema_str(&self.text).ok()?;
            Some(Validator::new(schema))
        });
        made.as_ref()
    }
}

impl CompiledApplication {
    fn validator(&self) -> Result<&Validator, &str> {
        let made = self.validator.get_or_init(|| {
            Schema::from_cedarschema_str(&self.schema_text)
                .map(|(schema, _)| Validator::new(schema))
                .map_err(|error| error.to_string())
        });
        made.as_ref().map_err(String::as_str)
    }

    /// Validates what authors wrote in a book. Most books pass by their conditions alone; where anything is found, the
    /// whole policies say what and where.
    fn validate(
        &self,
        book: &RuleBook,
        sourcing: &rules::Sourcing,
        sources: &Sources,
        validated: &Validated,
        diagnostics: &mut Diagnostics,
    ) {
        if self.conditions_pass(sourcing, validated) && self.raw_passes(book, validated) {
            return;
        }
        match self.validator() {
            Ok(validator) => validate::validate(book, sourcing, validator, sources, diagnostics),
            Err(error) => {
                let message = format!("the schema made from this application fails: {error}");
                diagnostics.report(Code::Internal, self.model.id.span, message);
            }
        }
    }

    /// Whether every condition is well-typed and can hold, for its type. The clauses around it in a policy are the
    /// compiler's own, and neither they nor the action change what can be said of it.
    fn conditions_pass(&self, sourcing: &rules::Sourcing, validated: &Validated) -> bool {
        sourcing.authored.iter().all(|(kind, text)| {
            let Some(schema) = self.conditions_of_type(*kind) else {
                return false;
            };
            validated.passes(&[&schema.text, text], || {
                let policy = Policy::parse(None, text).ok();
                schema
                    .validator()
                    .zip(policy)
                    .is_some_and(|(validator, policy)| {
                        validate::passes(iter::once(policy), validator)
                    })
            })
        })
    }

    fn conditions_of_type(&self, kind: usize) -> Option<&ConditionSchema> {
        let (_, resource_type) = self.model.types.get_index(kind)?;
        let made = || ConditionSchema::new(&self.model, resource_type);
        Some(self.conditions_by_type.get(kind)?.get_or_init(made))
    }

    /// Whether raw Cedar passes, which may be about any type and action.
    fn raw_passes(&self, book: &RuleBook, validated: &Validated) -> bool {
        let policies = book.policies.iter();
        let raw: Vec<&CompiledPolicy> = policies.filter(|policy| policy.is_raw).collect();
        if raw.is_empty() {
            return true;
        }
        let texts = raw.iter().map(|policy| policy.text.as_str());
        let words: Vec<&str> = iter::once(self.schema_text.as_str()).chain(texts).collect();
        validated.passes(&words, || {
            let policies: Option<Vec<Policy>> =
                raw.iter().map(|raw| raw.policy().cloned()).collect();
            let validator = self.validator().ok();
            validator
                .zip(policies)
                .is_some_and(|(validator, policies)| {
                    validate::passes(policies.into_iter(), validator)
                })
        })
    }

    /// Validates every policy of a book, those of the compiler's own making as well.
    ///
    /// # Errors
    /// With what the engine says of the first that does not pass. Whatever an author wrote was validated before, so
    /// this is a defect of the compiler.
    pub(crate) fn validate_whole(&self, book: &RuleBook) -> Result<(), String> {
        validate::whole(book, self.validator()?)
    }
}

impl std::fmt::Debug for CompiledApplication {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("CompiledApplication")
            .field("id", &self.model.id.value)
            .field("book", &self.book)
            .finish_non_exhaustive()
    }
}

/// Compiles an application: its schema, and the rules that all its tenants share.
pub fn application(
    model: &Arc<Application>,
    sources: &Sources,
    validated: &Validated,
    diagnostics: &mut Diagnostics,
) -> CompiledApplication {
    let mut compiler = rules::Compiler::new(model, None, sources, diagnostics);
    compiler.rules(model.roles.values(), &model.denies, &[], &model.cedar);
    let (book, sourcing) = compiler.finish();
    let application = CompiledApplication {
        model: model.clone(),
        schema_text: schema::schema(model),
        book,
        validator: OnceLock::new(),
        conditions_by_type: model.types.iter().map(|_| OnceLock::new()).collect(),
    };
    application.validate(
        &application.book,
        &sourcing,
        sources,
        validated,
        diagnostics,
    );
    application
}

/// Compiles what a tenant adds to its application: its own roles and deny rules.
pub fn tenant(
    model: &Tenant,
    application: &CompiledApplication,
    sources: &Sources,
    validated: &Validated,
    diagnostics: &mut Diagnostics,
) -> RuleBook {
    let adds_nothing = model.roles.is_empty()
        && model.denies.is_empty()
        && model.delegations.is_empty()
        && model.cedar.is_empty();
    if adds_nothing {
        return RuleBook::default();
    }
    let tenant = Some(&model.id.value);
    let mut compiler = rules::Compiler::new(&application.model, tenant, sources, diagnostics);
    compiler.rules(
        model.roles.values(),
        &model.denies,
        &model.delegations,
        &model.cedar,
    );
    let (book, sourcing) = compiler.finish();
    application.validate(&book, &sourcing, sources, validated, diagnostics);
    book
}

/// A typed value as the engine takes it.
pub fn expression(value: &Typed) -> RestrictedExpression {
    match value {
        Typed::String(text) => RestrictedExpression::new_string(text.to_string()),
        Typed::Long(number) => RestrictedExpression::new_long(*number),
        Typed::Bool(flag) => RestrictedExpression::new_bool(*flag),
        Typed::Datetime(millis) => {
            RestrictedExpression::new_datetime(to_text(*millis).unwrap_or_default())
        }
        Typed::Decimal(text) => RestrictedExpression::new_decimal(&**text),
        Typed::Ipaddr(text) => RestrictedExpression::new_ip(&**text),
        Typed::StringSet(items) => RestrictedExpression::new_set(
            items
                .iter()
                .map(|item| RestrictedExpression::new_string(item.to_string())),
        ),
        Typed::LongSet(items) => RestrictedExpression::new_set(
            items
                .iter()
                .map(|item| RestrictedExpression::new_long(*item)),
        ),
    }
}

/// Where a rule was written, for explanations.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The place of the whole grant or deny rule.
    pub span: Span,
    /// `file:line`.
    pub place: String,
    /// The role that the rule belongs to, if it is one's.
    pub role: Option<Id>,
    /// The reach of a grant.
    pub scope: Option<Scope>,
    /// Why a deny rule denies, in the author's words.
    pub reason: Option<Id>,
}
