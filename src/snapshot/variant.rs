//! Snapshots with some rules edited, for asking whether anybody would notice.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::Snapshot;
use super::tenant::{CompiledTenant, SlicedApplication};
use crate::compile::{self, CompiledPolicy, Effect, Rule, RuleBook};
use crate::document::Scope;
use crate::model::{BuiltIn, Edit, Id, Tenant};
use crate::source::{Sources, Span};

/// A rule as somebody wrote it: a grant, a deny rule, what a delegation hands on, a policy of raw Cedar.
#[derive(Debug, Clone)]
pub(crate) struct WrittenRule {
    /// Where it was written.
    pub(crate) span: Span,
    /// The application that it is for, as an index into [`Snapshot::application_ids`].
    pub(crate) application: usize,
    /// The tenant whose own it is.
    pub(crate) tenant: Option<Id>,
    /// The role that it belongs to.
    pub(crate) role: Option<Id>,
    /// Whether it allows or denies.
    pub(crate) effect: Effect,
    /// The reach of a grant.
    pub(crate) scope: Option<Scope>,
    /// Whether it has a condition.
    pub(crate) is_conditional: bool,
    /// Whether a delegation hands it on.
    pub(crate) is_handed_on: bool,
    /// Whether it is raw Cedar.
    pub(crate) is_raw: bool,
    /// The types that it is about, as indices: without its condition it may be about more.
    pub(crate) kinds: HashSet<usize>,
    /// Whether it can make a decision: some grants only say why others are not enough.
    decides: bool,
}

impl WrittenRule {
    fn of(rule: &Rule, book: &RuleBook, application: usize, tenant: Option<&Id>) -> Self {
        let raw = rule.raw.and_then(|index| book.policies.get(index));
        let raw = raw.and_then(CompiledPolicy::policy);
        let has_raw_condition = raw.and_then(compile::without_conditions).is_some();
        Self {
            span: rule.origin.span,
            application,
            tenant: tenant.cloned(),
            role: rule.origin.role.clone(),
            effect: rule.effect,
            scope: rule.origin.scope,
            is_conditional: rule.condition.is_some() || has_raw_condition,
            is_handed_on: rule.delegation.is_some(),
            is_raw: rule.raw.is_some(),
            kinds: HashSet::new(),
            decides: false,
        }
    }
}

/// An application, or what one tenant adds to it, with some rules edited.
pub(crate) struct Variant<'a> {
    before: &'a Snapshot,
    sources: &'a Sources,
    spans: HashSet<Span>,
    edit: Edit,
    application: usize,
    /// The tenant whose own rules are edited; none where the application's are.
    tenant: Option<Id>,
    edited: Arc<SlicedApplication>,
    /// The types (as indices) and actions that the edited rules are about, before or after.
    reach: HashSet<(usize, Id)>,
}

impl Snapshot {
    /// Every rule that can make a decision, each once, in the order of files.
    pub(crate) fn written_rules(&self) -> Vec<WrittenRule> {
        let mut rules: HashMap<(Span, usize), WrittenRule> = HashMap::new();
        let mut add = |book: &RuleBook, application: usize, tenant: Option<&Id>| {
            for rule in &book.rules {
                let written = rules
                    .entry((rule.origin.span, application))
                    .or_insert_with(|| WrittenRule::of(rule, book, application, tenant));
                written.kinds.insert(rule.kind);
                written.is_conditional |= rule.condition.is_some();
                written.decides |= rule.decides();
            }
        };
        for (index, application) in self.applications.iter().enumerate() {
            add(&application.compiled.book, index, None);
        }
        for tenant in self.tenants() {
            let id = Some(&tenant.model.id.value);
            add(&tenant.book, tenant.application_index, id);
        }
        let mut rules: Vec<WrittenRule> = rules.into_values().filter(|it| it.decides).collect();
        rules.sort_by_key(|rule| (rule.span, rule.application));
        rules
    }

    /// An application, or what one of its tenants adds, with the rules of some places edited. Nothing if that would
    /// decide as it does now.
    pub(crate) fn variant<'a>(
        &'a self,
        application: usize,
        tenant: Option<&Id>,
        spans: HashSet<Span>,
        edit: Edit,
        sources: &'a Sources,
    ) -> Option<Variant<'a>> {
        let before = self.applications.get(application)?;
        let mut variant = Variant {
            before: self,
            sources,
            spans,
            edit,
            application,
            tenant: tenant.cloned(),
            edited: before.clone(),
            reach: HashSet::new(),
        };
        let (old, new) = match tenant {
            None => {
                let mut model = (*before.compiled.model).clone();
                model.edit(&variant.spans, edit);
                let compiled = compile::application_variant(
                    &before.compiled,
                    &Arc::new(model),
                    &variant.spans,
                    edit,
                    sources,
                );
                variant.edited = Arc::new(SlicedApplication::new(compiled));
                let new = variant.edited.compiled.book.clone();
                (&before.compiled.book, new)
            }
            Some(id) => {
                let before = self.tenants.get(id)?;
                let new = variant.own_book(&variant.model(before), before);
                (&before.book, new)
            }
        };
        for rule in old.rules.iter().chain(&new.rules) {
            if variant.spans.contains(&rule.origin.span) {
                let actions = rule.actions.iter().cloned();
                variant
                    .reach
                    .extend(actions.map(|action| (rule.kind, action)));
            }
        }
        let mut spans = variant.spans.iter();
        let reaches_further = |span: &Span| !is_same(&old.texts_of(*span), &new.texts_of(*span));
        let differs = edit != Edit::WidenScope || spans.any(reaches_further);
        differs.then_some(variant)
    }
}

/// Whether policies made from rules are the same but for their ids, which stand in the first line of each.
fn is_same(old: &[&str], new: &[&str]) -> bool {
    let bodies = |texts: &[&str]| {
        let body = |text: &&str| text.split_once('\n').map(|(_, body)| body.to_owned());
        texts.iter().filter_map(body).collect::<BTreeSet<String>>()
    };
    bodies(old) == bodies(new)
}

impl Variant<'_> {
    /// Whether a question about a tenant may be decided otherwise. About one that no file names it may.
    pub(crate) fn concerns(&self, tenant: &Id) -> bool {
        match (&self.tenant, self.before.tenants.get(tenant)) {
            (Some(own), _) => own == tenant,
            (None, Some(tenant)) => tenant.application_index == self.application,
            (None, None) => self.edited.compiled.model.membership_request,
        }
    }

    /// Whether a question about a type and action may be decided otherwise. What may be done with members, roles and
    /// delegations depends on what may be done with others.
    pub(crate) fn reaches(&self, kind: &str, action: &str) -> bool {
        let types = &self.edited.compiled.model.types;
        let Some((index, _, resource_type)) = types.get_full(kind) else {
            return false;
        };
        let depends = matches!(
            resource_type.built_in,
            Some(BuiltIn::Member | BuiltIn::Role | BuiltIn::Delegation)
        );
        depends || self.reach.contains(&(index, Id::from(action)))
    }

    /// The snapshot as the variant has it, of which one tenant may be asked about; if no file names that tenant, those
    /// that no file names.
    pub(crate) fn snapshot_for(&self, tenant: &str) -> Snapshot {
        let mut applications = self.before.applications.clone();
        if let Some(application) = applications.get_mut(self.application) {
            *application = self.edited.clone();
        }
        let mut snapshot = Snapshot {
            applications,
            tenants: Arc::default(),
            cache: None,
            ..self.before.clone()
        };
        match self.before.tenants.get_key_value(tenant) {
            Some((id, before)) => {
                let tenants = [(id.clone(), Arc::new(self.compiled(before)))];
                snapshot.tenants = Arc::new(tenants.into_iter().collect());
            }
            None => {
                let id = &self.edited.compiled.model.id.value;
                let before = self.before.undeclared.get(id);
                let edited = before.map(|before| (id.clone(), self.compiled(before)));
                snapshot.undeclared = Arc::new(edited.into_iter().collect());
            }
        }
        snapshot
    }

    fn compiled(&self, before: &CompiledTenant) -> CompiledTenant {
        let model = self.model(before);
        let book = self.own_book(&model, before);
        CompiledTenant::new(
            Arc::new(model),
            before.application_index,
            self.edited.clone(),
            book,
        )
    }

    /// The tenant's model, with its own rules edited where these are meant.
    fn model(&self, before: &CompiledTenant) -> Tenant {
        let mut model = (*before.model).clone();
        model.application = self.edited.compiled.model.clone();
        if self.is_own(before) {
            model.edit(&self.spans, self.edit);
        }
        model
    }

    fn own_book(&self, model: &Tenant, before: &CompiledTenant) -> RuleBook {
        match self.is_own(before) {
            true => {
                compile::tenant_variant(&before.book, model, &self.spans, self.edit, self.sources)
            }
            false => before.book.clone(),
        }
    }

    fn is_own(&self, tenant: &CompiledTenant) -> bool {
        self.tenant.as_ref() == Some(&tenant.model.id.value)
    }
}
