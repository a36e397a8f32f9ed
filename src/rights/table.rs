//! Tables of what roles, or the members of a tenant, may do: a row for each action of each type.

use std::collections::{BTreeMap, HashMap};

use super::{Book, Rights, Row, Scene, Who, of_member, of_role};
use crate::document::Scope;
use crate::model::Id;
use crate::rights::Reach;
use crate::snapshot::{CompiledTenant, Snapshot};

/// Whose rights a column shows.
#[derive(Debug, Clone)]
pub struct Column {
    /// A role or an account.
    pub name: Id,
    rights: Rights,
}

/// A table of one application, or of one tenant.
#[derive(Debug, Clone)]
pub struct Table {
    /// The application.
    pub application: Id,
    /// The tenant, if it is about one.
    pub tenant: Option<Id>,
    /// Whether its columns are members, and not roles.
    pub of_members: bool,
    /// The columns.
    pub columns: Vec<Column>,
    /// Types and actions, in the order of their declaration.
    pub rows: Vec<(Id, Id)>,
}

/// What stands at a row and a column.
#[derive(Debug, Clone, Copy)]
pub struct Cell<'t> {
    /// The ways in which the action is allowed; none if it is not.
    pub rows: &'t [Row],
}

impl Cell<'_> {
    /// The scopes, and a star where something must hold besides: `sub_account*`.
    pub fn mark(&self) -> String {
        let mut marks: BTreeMap<&str, bool> = BTreeMap::new();
        for row in self.rows {
            let depends = !row.clauses.is_empty();
            let known = marks.entry(scope_word(row)).or_insert(depends);
            *known &= depends;
        }
        let marks = marks.into_iter().map(|(scope, depends)| {
            let star = if depends { "*" } else { "" };
            format!("{scope}{star}")
        });
        marks.collect::<Vec<_>>().join("+")
    }
}

fn scope_word(row: &Row) -> &str {
    if let Some(from) = &row.from {
        return from;
    }
    match &row.reach {
        Reach::Tenant => "tenant",
        Reach::Entry(scope) => Scope::as_str(*scope),
        Reach::Every(_) | Reach::Any(_) => {
            let label = &*row.label;
            label.split_once(' ').map_or(label, |(scope, _)| scope)
        }
    }
}

impl Table {
    /// What stands at a row and a column.
    pub fn cell<'t>(&'t self, row: &(Id, Id), column: &'t Column) -> Cell<'t> {
        Cell {
            rows: column.rights.get(row).map_or(&[], Vec::as_slice),
        }
    }
}

/// Roles by actions, a table for each application.
pub fn tables(snapshot: &Snapshot) -> Vec<Table> {
    let applications = snapshot.compiled_applications().map(|compiled| {
        let book = Book::of_application(&compiled.model, &compiled.book);
        let scene = Scene {
            application: &compiled.model,
            tenant: None,
            shared: &book,
            own: None,
        };
        roles(scene)
    });
    applications.collect()
}

/// The rules of every application of a snapshot, to look at its tenants with.
pub(crate) struct Lens<'s> {
    books: HashMap<&'s str, Book<'s>>,
}

impl<'s> Lens<'s> {
    /// Takes the rules of each application.
    pub(crate) fn new(snapshot: &'s Snapshot) -> Self {
        let applications = snapshot.compiled_applications().map(|compiled| {
            let book = Book::of_application(&compiled.model, &compiled.book);
            (&*compiled.model.id.value, book)
        });
        Self {
            books: applications.collect(),
        }
    }

    /// Looks at a tenant.
    pub(crate) fn look<T>(
        &self,
        tenant: &CompiledTenant,
        look: impl FnOnce(Scene<'_>) -> T,
    ) -> Option<T> {
        let model = &*tenant.model;
        let shared = self.books.get(&*model.application.id.value)?;
        let own = Book::of_tenant(model, &tenant.book);
        Some(look(Scene {
            application: &model.application,
            tenant: Some(model),
            shared,
            own: Some(&own),
        }))
    }
}

/// Roles by actions of one tenant, its own roles among them.
pub(crate) fn by_role(scene: Scene<'_>) -> Table {
    roles(scene)
}

/// Members by actions of one tenant, at a moment in milliseconds since 1970.
pub(crate) fn by_member(scene: Scene<'_>, now: i64) -> Table {
    let members = scene
        .tenant
        .into_iter()
        .flat_map(|tenant| tenant.members.keys());
    let columns = members.map(|account| Column {
        name: account.clone(),
        rights: of_member(
            scene,
            Who {
                account,
                now,
                only: None,
            },
        ),
    });
    table(scene, columns.collect(), true)
}

fn roles(scene: Scene<'_>) -> Table {
    let columns = scene.role_names().map(|role| Column {
        name: role.clone(),
        rights: of_role(scene, role),
    });
    table(scene, columns.collect(), false)
}

fn table(scene: Scene<'_>, columns: Vec<Column>, of_members: bool) -> Table {
    let types = scene.application.types.values();
    let rows = types.flat_map(|kind| {
        let actions = kind.actions.iter();
        actions.map(|action| (kind.name.clone(), action.clone()))
    });
    Table {
        application: scene.application.id.value.clone(),
        tenant: scene.tenant.map(|tenant| tenant.id.value.clone()),
        of_members,
        columns,
        rows: rows.collect(),
    }
}
