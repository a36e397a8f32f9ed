//! The compiled whole of a policy folder, immutable: what questions are asked of.
//!
//! A snapshot answers the same question about the same instant the same way, always. Unknown names, ill-typed values
//! and errors deny. Nothing here reads files or knows about time passing or HTTP.

mod attributes;
mod cache;
mod covers;
mod decide;
mod decider;
mod decision;
mod entities;
mod names;
mod place;
mod question;
mod request;
mod slices;
mod tenant;
mod variant;
mod which_tenant;

use std::sync::Arc;

use cache::Known;
pub use cache::{DecisionCache, Words};
use decide::evaluate_at;
pub(crate) use decide::{Asking, Counting, Evaluation, entries_of, evaluate};
use decider::Slicing;
pub use decision::Reason;
pub use question::{Action, Entity, Part, Question};
pub(crate) use tenant::CompiledTenant;
pub(crate) use variant::{Variant, WrittenRule};
pub(crate) use which_tenant::which_tenant;

use crate::compile::{self, CompiledApplication, CompiledPolicy, RuleBook, Stage, Validated};
use crate::diagnostic::Diagnostics;
use crate::maps::{HashMap, HashSet};
use crate::model::{Application, Id, Model, Moment, Narrowed, Tenant};
use crate::parallel;
use crate::source::Sources;
use tenant::SlicedApplication;

/// Everything that a policy folder says, compiled. Clones share all of it.
#[derive(Debug, Clone)]
pub struct Snapshot {
    revision: Arc<str>,
    generation: u64,
    applications: Vec<Arc<SlicedApplication>>,
    tenants: Arc<HashMap<Id, Arc<CompiledTenant>>>,
    /// Which they are: what is remembered of others is not right any more.
    identities: Arc<HashSet<u64>>,
    /// What a tenant that no file names is, by application that takes memberships from the request.
    undeclared: Arc<HashMap<Id, CompiledTenant>>,
    /// Remembers plain decisions, where there is one.
    cache: Option<Arc<DecisionCache>>,
}

/// How much a snapshot holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Applications.
    pub applications: usize,
    /// Tenants.
    pub tenants: usize,
    /// Members over all tenants; an account in two tenants counts twice.
    pub members: usize,
    /// Cedar policies that decide.
    pub policies: usize,
}

/// A decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// Why; [`Reason::allows`] says whether it is an allow.
    pub reason: Reason,
    /// The application asked about, as an index into [`Snapshot::application_ids`]; none where the question named no
    /// tenant that exists.
    pub application: Option<usize>,
}

impl Decision {
    fn of(evaluation: &Evaluation<'_>) -> Self {
        Self {
            reason: evaluation.reason,
            application: evaluation.tenant.map(|tenant| tenant.application_index),
        }
    }
}

/// Compiles a tenant of an application, of which the index in the snapshot is given.
fn compile_tenant(
    tenant: &Arc<Tenant>,
    index: usize,
    application: &Arc<SlicedApplication>,
    sources: &Sources,
    validated: &Validated,
    diagnostics: &mut Diagnostics,
) -> Arc<CompiledTenant> {
    let book = compile::tenant(
        tenant,
        &application.compiled,
        sources,
        validated,
        diagnostics,
    );
    let application = application.clone();
    Arc::new(CompiledTenant::new(
        tenant.clone(),
        index,
        application,
        book,
    ))
}

impl Snapshot {
    /// Compiles a model. What does not compile is reported; the snapshot may then be published only if nothing
    /// reported is an error.
    pub fn compile(
        model: &Model,
        sources: &Sources,
        generation: u64,
        validated: &Validated,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        // No application knows of another.
        let declared: Vec<&Arc<Application>> = model.applications.values().collect();
        let compiled = parallel::map(&declared, 1, |applications| {
            let mut found = Diagnostics::default();
            let compile = |application: &&Arc<Application>| {
                let compiled = compile::application(application, sources, validated, &mut found);
                Arc::new(SlicedApplication::new(compiled))
            };
            let compiled: Vec<_> = applications.iter().map(compile).collect();
            (compiled, found)
        });
        let mut applications = Vec::new();
        for (some, found) in compiled {
            applications.extend(some);
            diagnostics.extend(found);
        }
        let ids = model.applications.keys().cloned();
        let index_of: HashMap<Id, usize> = ids.zip(0..).collect();
        let mut tenants = HashMap::default();
        for (id, tenant) in &model.tenants {
            let index = index_of.get(&tenant.application.id.value).copied();
            let found = index.and_then(|index| Some((index, applications.get(index)?)));
            if let Some((index, application)) = found {
                let compiled =
                    compile_tenant(tenant, index, application, sources, validated, diagnostics);
                tenants.insert(id.clone(), compiled);
            }
        }
        let undeclared: HashMap<Id, CompiledTenant> = applications
            .iter()
            .enumerate()
            .filter(|(_, application)| application.compiled.model.membership_request)
            .map(|(index, application)| {
                let model = &application.compiled.model;
                let tenant = Arc::new(Tenant::undeclared(model));
                let book = compile::RuleBook::default();
                let compiled = CompiledTenant::new(tenant, index, application.clone(), book);
                (model.id.value.clone(), compiled)
            })
            .collect();
        Self {
            revision: sources.revision().clone(),
            generation,
            applications,
            identities: Arc::new(tenants.values().map(|tenant| tenant.identity).collect()),
            tenants: Arc::new(tenants),
            undeclared: Arc::new(undeclared),
            cache: None,
        }
    }

    /// Compiles some tenants of a model, and lets those go that are not in it any more; all else is as it was before,
    /// and shared. Nothing where one of them is of an application that is new.
    pub fn compile_again(
        before: &Self,
        model: &Model,
        changed: &std::collections::HashSet<Id>,
        sources: &Sources,
        generation: u64,
        validated: &Validated,
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        let mut tenants = (*before.tenants).clone();
        let mut identities = (*before.identities).clone();
        for id in changed {
            if let Some(gone) = tenants.remove(id) {
                identities.remove(&gone.identity);
            }
            let Some(tenant) = model.tenants.get(id) else {
                continue;
            };
            let name = &tenant.application.id.value;
            let index = before
                .application_ids()
                .position(|known| *known == **name)?;
            let application = before.applications.get(index)?;
            let compiled =
                compile_tenant(tenant, index, application, sources, validated, diagnostics);
            identities.insert(compiled.identity);
            tenants.insert(id.clone(), compiled);
        }
        Some(Self {
            revision: sources.revision().clone(),
            generation,
            applications: before.applications.clone(),
            identities: Arc::new(identities),
            tenants: Arc::new(tenants),
            undeclared: before.undeclared.clone(),
            cache: None,
        })
    }

    /// What grants under `*` with a condition cover: the types that have what it reads.
    pub(crate) fn narrowed(&self) -> Narrowed {
        let applications = self
            .applications
            .iter()
            .map(|application| &application.compiled.book);
        let tenants = self.tenants.values();
        let books = applications.chain(tenants.map(|tenant| &tenant.book));
        books
            .flat_map(|book| &book.narrowed)
            .map(|(span, targets)| (*span, targets.clone()))
            .collect()
    }

    /// The same, with a cache of decisions. One cache serves any number of snapshots.
    #[must_use]
    pub fn with_cache(mut self, cache: Option<Arc<DecisionCache>>) -> Self {
        self.cache = cache;
        self
    }

    /// SHA-256 of the policy folder, in hexadecimal.
    pub fn revision(&self) -> &str {
        &self.revision
    }

    pub(crate) fn shared_revision(&self) -> Arc<str> {
        self.revision.clone()
    }

    /// The Unix time in milliseconds at which the files were read; always greater than that of the snapshot before.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The ids of the applications; [`Decision::application`] is an index into them.
    pub fn application_ids(&self) -> impl Iterator<Item = &str> {
        self.applications
            .iter()
            .map(|application| &*application.compiled.model.id.value)
    }

    /// How much there is.
    pub fn counts(&self) -> Counts {
        let deciding = |policies: &[CompiledPolicy]| {
            let whole = policies
                .iter()
                .filter(|policy| policy.stage == Stage::Whole);
            whole.count()
        };
        let of_applications = self.applications.iter();
        let of_tenants = self.tenants.values();
        Counts {
            applications: self.applications.len(),
            tenants: self.tenants.len(),
            members: of_tenants
                .clone()
                .map(|tenant| tenant.model.members.len())
                .sum(),
            policies: of_applications
                .map(|application| deciding(&application.compiled.book.policies))
                .chain(of_tenants.map(|tenant| deciding(&tenant.book.policies)))
                .sum(),
        }
    }

    /// Decides a question about an instant, in milliseconds since 1970.
    pub fn decide(&self, question: &Question<'_>, now: i64) -> Decision {
        Decision::of(&evaluate(self, question, now, Asking::PLAIN))
    }

    /// The decision about an instant of a question that was asked before in the very same words, the bytes that it was
    /// read from, if it is remembered and still right.
    ///
    /// # Errors
    /// When it is not, with what [`Self::decide_and_remember`] takes; nothing where nothing is ever remembered.
    pub fn recall<'w>(&self, words: &'w [u8], now: i64) -> Result<Decision, Option<Words<'w>>> {
        let cache = self.cache.as_ref().ok_or(None)?;
        let words = cache.words(words);
        let found = cache.get(&words, |known| {
            let (since, until) = known.lasting;
            let is_of_now = since <= now && now < until;
            let is_right = is_of_now && self.identities.contains(&known.identity);
            is_right.then_some(Decision {
                reason: known.reason,
                application: Some(known.application),
            })
        });
        found.ok_or(Some(words))
    }

    /// Decides a question about an instant, and remembers it by its words if they come again.
    pub fn decide_and_remember(
        &self,
        words: Option<Words<'_>>,
        question: &Question<'_>,
        now: i64,
    ) -> Decision {
        let moment = Moment::new(now);
        let evaluation = evaluate_at(self, question, &moment, Asking::PLAIN);
        if let (Some(cache), Some(words)) = (&self.cache, words)
            && let Some(tenant) = evaluation.tenant.filter(|_| evaluation.names_tenant)
            && let Some(lasting) = moment.lasting()
        {
            let known = Known {
                reason: evaluation.reason,
                application: tenant.application_index,
                identity: tenant.identity,
                lasting,
            };
            cache.remember(&words, known);
        }
        Decision::of(&evaluation)
    }

    /// Decides with every policy of application and tenant instead of a slice of them: slower, and the same answer.
    pub fn decide_unsliced(&self, question: &Question<'_>, now: i64) -> Decision {
        let asking = Asking {
            slicing: Slicing::Whole,
            ..Asking::PLAIN
        };
        Decision::of(&evaluate(self, question, now, asking))
    }

    /// Validates every policy, those of the compiler's own making as well, which no question is answered by: compiling
    /// validates what authors wrote.
    ///
    /// # Errors
    /// When one is not well-typed, with what the engine says of it: a defect of the compiler.
    pub fn validate(&self) -> Result<(), String> {
        let applications = self.compiled_applications();
        let tenants = self.tenants();
        let books: Vec<(&CompiledApplication, &RuleBook)> = applications
            .map(|application| (application, &application.book))
            .chain(tenants.map(|tenant| (&tenant.application.compiled, &tenant.book)))
            .filter(|(_, book)| !book.policies.is_empty())
            .collect();
        let validate = |books: &[(&CompiledApplication, &RuleBook)]| {
            let mut books = books.iter();
            books.try_for_each(|(application, book)| application.validate_whole(book))
        };
        parallel::map(&books, 1, validate).into_iter().collect()
    }

    /// The schema and policies of each application, and what each tenant adds, for `octroi compile`.
    pub fn compiled(&self) -> impl Iterator<Item = Compiled<'_>> {
        let mut tenants: Vec<&CompiledTenant> = self.tenants().collect();
        tenants.sort_by(|a, b| a.model.id.value.cmp(&b.model.id.value));
        self.applications
            .iter()
            .enumerate()
            .map(move |(index, application)| Compiled {
                id: &application.compiled.model.id.value,
                schema: &application.compiled.schema_text,
                policies: &application.compiled.book.policies,
                tenants: tenants
                    .iter()
                    .filter(|tenant| tenant.application_index == index)
                    .map(|tenant| (&*tenant.model, tenant.book.policies.as_slice()))
                    .collect(),
            })
    }

    /// Accounts of a tenant as Cedar entities: one for each entry that names an account, as the entry's questions see
    /// it, with all that the entry reaches.
    pub fn entities_json(&self, tenant: &str) -> String {
        let entities = self
            .tenant(tenant)
            .map(entities::listed)
            .unwrap_or_default();
        serde_json::to_string_pretty(&entities).unwrap_or_default() + "\n"
    }

    /// Every tenant of the files, in no order.
    pub(crate) fn tenants(&self) -> impl Iterator<Item = &CompiledTenant> {
        self.tenants.values().map(|tenant| &**tenant)
    }

    /// Every application.
    pub(crate) fn applications(&self) -> impl Iterator<Item = &Application> {
        let applications = self.applications.iter();
        applications.map(|application| &*application.compiled.model)
    }

    /// Every application with its rules.
    pub(crate) fn compiled_applications(&self) -> impl Iterator<Item = &CompiledApplication> {
        let applications = self.applications.iter();
        applications.map(|application| &application.compiled)
    }

    /// The application of a tenant of the files.
    pub(crate) fn application_of(&self, tenant: &str) -> Option<&Application> {
        Some(&self.tenant(tenant)?.model.application)
    }

    pub(crate) fn tenant(&self, id: &str) -> Option<&CompiledTenant> {
        self.tenants.get(id).map(|tenant| &**tenant)
    }

    /// The only tenant loaded, provided that no application takes memberships from the request.
    fn only_tenant(&self) -> Option<&CompiledTenant> {
        let mut tenants = self.tenants();
        let first = tenants.next();
        first.filter(|_| tenants.next().is_none() && self.undeclared.is_empty())
    }

    /// What an undeclared tenant of an application is, if that takes memberships from the request.
    fn undeclared(&self, application: &str) -> Option<&CompiledTenant> {
        self.undeclared.get(application)
    }

    /// What an undeclared tenant is where one application that takes memberships from the request is all there is.
    fn only_undeclared(&self) -> Option<&CompiledTenant> {
        let mut undeclared = self.undeclared.values();
        undeclared.next().filter(|_| self.applications.len() == 1)
    }
}

/// What was made of one application.
#[derive(Debug)]
pub struct Compiled<'s> {
    /// The application's id.
    pub id: &'s str,
    /// Its Cedar schema.
    pub schema: &'s str,
    /// Its policies, those that only explain among them.
    pub policies: &'s [CompiledPolicy],
    /// Its tenants, and the policies that each adds.
    pub tenants: Vec<(&'s Tenant, &'s [CompiledPolicy])>,
}
