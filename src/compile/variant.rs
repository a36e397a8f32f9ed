//! Rule books with some rules edited: only the edited ones are compiled, the others are shared. Nothing is validated,
//! since nothing here is ever published.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use cedar_policy::Policy;

use super::rules::Compiler;
use super::{CompiledApplication, CompiledPolicy, RuleBook};
use crate::diagnostic::Diagnostics;
use crate::model::{Application, Edit, Tenant};
use crate::source::{Sources, Span};

/// An application of which some rules were edited in the model.
pub(crate) fn application_variant(
    before: &CompiledApplication,
    model: &Arc<Application>,
    spans: &HashSet<Span>,
    edit: Edit,
    sources: &Sources,
) -> CompiledApplication {
    let mut diagnostics = Diagnostics::default();
    let mut compiler = Compiler::new(model, None, sources, &mut diagnostics);
    compiler.book = without(&before.book, spans, edit);
    compiler.rules_at(spans, model.roles.values(), &model.denies, &[]);
    CompiledApplication {
        model: model.clone(),
        schema_text: before.schema_text.clone(),
        book: compiler.finish().0,
        validator: OnceLock::new(),
        conditions_by_type: Vec::new(),
    }
}

/// What a tenant adds to its application, with some rules edited in the model.
pub(crate) fn tenant_variant(
    before: &RuleBook,
    model: &Tenant,
    spans: &HashSet<Span>,
    edit: Edit,
    sources: &Sources,
) -> RuleBook {
    let mut diagnostics = Diagnostics::default();
    let tenant = Some(&model.id.value);
    let mut compiler = Compiler::new(&model.application, tenant, sources, &mut diagnostics);
    compiler.book = without(before, spans, edit);
    compiler.rules_at(
        spans,
        model.roles.values(),
        &model.denies,
        &model.delegations,
    );
    compiler.finish().0
}

/// A book in which the rules of some places name no action, so that no question comes to them; they keep their indices.
/// Raw Cedar, of which there is no model, is edited here.
fn without(book: &RuleBook, spans: &HashSet<Span>, edit: Edit) -> RuleBook {
    let mut book = book.clone();
    let mut raw: HashMap<usize, usize> = HashMap::new();
    for (index, rule) in book.rules.iter_mut().enumerate() {
        if !spans.contains(&rule.origin.span) {
            continue;
        }
        match rule.raw {
            Some(policy) if edit != Edit::Remove => {
                raw.insert(policy, index);
            }
            _ => Arc::make_mut(rule).actions.clear(),
        }
    }
    for policy in raw.keys().filter(|_| edit == Edit::DropWhen) {
        if let Some(compiled) = book.policies.get_mut(*policy)
            && let Some(bare) = compiled.policy().and_then(without_conditions)
        {
            let (id, text) = (compiled.id.clone(), bare.to_string());
            *compiled = CompiledPolicy::raw(bare, id, text, compiled.rule);
        }
    }
    book.narrowed.retain(|span, _| !spans.contains(span));
    book
}

/// A policy of raw Cedar without what follows its head; nothing if it has no conditions.
pub(crate) fn without_conditions(policy: &Policy) -> Option<Policy> {
    let mut json = policy.to_json().ok()?;
    let conditions = json.get_mut("conditions")?.as_array_mut()?;
    if conditions.is_empty() {
        return None;
    }
    conditions.clear();
    Policy::from_json(Some(policy.id().clone()), json).ok()
}
