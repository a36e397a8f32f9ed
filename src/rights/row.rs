//! One row of what somebody may do to a type: how far, on what conditions, until when. Rows compare exactly: one covers
//! another if every question that the other allows is allowed by it too, whatever the conditions turn out to be.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::document::{Scope, to_text};
use crate::model::Id;

const DAY_MS: i64 = 86_400_000;

/// Something that a resource can stand at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Atom {
    /// It lies in this sub-account.
    SubAccount(Id),
    /// It is this team's.
    Team(Id),
    /// This account owns it.
    Owner(Id),
    /// It is this record, by type and id, or lies in it.
    Record(Id, Id),
}

/// Where a row reaches, within one tenant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// Wherever it stands.
    Tenant,
    /// It stands at some of these, and nowhere else.
    Every(BTreeSet<Atom>),
    /// It stands at one of these.
    Any(BTreeSet<Atom>),
    /// What the entry of whoever holds a role reaches, where no holder is looked at.
    Entry(Scope),
}

impl Reach {
    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Tenant, _) => true,
            (Self::Every(all), Self::Every(some)) | (Self::Any(all), Self::Any(some)) => {
                some.is_subset(all)
            }
            (Self::Entry(one), Self::Entry(other)) => one == other,
            _ => false,
        }
    }

    /// The parts of which each may be covered by another row.
    fn parts(&self) -> Vec<Self> {
        match self {
            Self::Any(atoms) => {
                let alone = |atom: &Atom| Self::Any(BTreeSet::from([atom.clone()]));
                atoms.iter().map(alone).collect()
            }
            whole => vec![whole.clone()],
        }
    }
}

/// The text of a condition.
#[derive(Debug, Clone)]
pub struct Words {
    /// As its author wrote it, on one line.
    pub written: Arc<str>,
    /// What it is compared by.
    pub canonical: Arc<str>,
}

impl PartialEq for Words {
    fn eq(&self, other: &Self) -> bool {
        self.canonical == other.canonical
    }
}

impl Eq for Words {}

impl PartialOrd for Words {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Words {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.canonical.cmp(&other.canonical)
    }
}

/// What must hold besides.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Clause {
    /// The account that `principal` is; nothing for whoever asks.
    pub principal: Option<Id>,
    /// Whether the condition is that of a deny rule, and must not hold.
    pub denies: bool,
    /// The condition.
    pub words: Words,
}

/// A way in which an action of a type is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Where.
    pub reach: Reach,
    /// What must hold besides; all of it.
    pub clauses: BTreeSet<Clause>,
    /// The roles that may be given or taken by it, for the actions that give or take roles.
    pub assigns: Option<BTreeSet<Id>>,
    /// Milliseconds since 1970 from which it counts for nothing.
    pub until: Option<i64>,
    /// Who handed it on.
    pub from: Option<Id>,
    /// The role that it comes from.
    pub role: Id,
    /// Where it reaches, in words of the YAML.
    pub label: Arc<str>,
}

impl Row {
    /// Whether whatever the row allows is allowed by one of others.
    pub fn is_covered(&self, by: &[Self]) -> bool {
        let mut parts = self.reach.parts().into_iter();
        parts.all(|part| {
            by.iter()
                .any(|other| other.reach.covers(&part) && other.asks_no_more(self))
        })
    }

    /// Whether the row allows something that others do not, whatever conditions turn out to be: where these reach too,
    /// they want all that it wants, and more. If one of them wants something else, nobody but the conditions knows.
    pub(super) fn surely_adds(&self, to: &[Self]) -> bool {
        let mut parts = self.reach.parts().into_iter();
        parts.any(|part| {
            let covering = || to.iter().filter(|other| other.reach.covers(&part));
            !covering().any(|other| other.asks_no_more(self))
                && covering()
                    .filter(|other| other.gives_and_lasts(self))
                    .all(|other| self.clauses.is_subset(&other.clauses))
        })
    }

    /// Whether the row demands nothing that the other does not, where both reach.
    fn asks_no_more(&self, other: &Self) -> bool {
        self.gives_and_lasts(other) && self.clauses.is_subset(&other.clauses)
    }

    /// Whether the row gives the roles that the other gives, and for as long.
    fn gives_and_lasts(&self, other: &Self) -> bool {
        let gives = match (&self.assigns, &other.assigns) {
            (Some(more), Some(some)) => some.is_subset(more),
            (more, some) => more == some,
        };
        let lasts = match (self.until, other.until) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(end), Some(other)) => end >= other,
        };
        gives && lasts
    }

    /// The row in words: where, on which conditions, until when, by whom.
    pub fn words(&self) -> String {
        let mut text = self.label.to_string();
        for clause in &self.clauses {
            text.push_str(if clause.denies { " unless " } else { " when " });
            text.push_str(&clause.words.written);
            if let Some(principal) = &clause.principal {
                text.push_str(&format!(" (principal: {principal})"));
            }
        }
        if let Some(assigns) = &self.assigns {
            text.push_str(&format!(" giving {}", roles_in_words(assigns)));
        }
        if let Some(end) = self.until {
            text.push_str(&format!(" {}", end_in_words(end)));
        }
        if let Some(from) = &self.from {
            text.push_str(&format!(" for {from}"));
        }
        text
    }
}

/// The roles that may be given: `any role` where that is every role there will ever be.
pub(crate) fn roles_in_words(roles: &BTreeSet<Id>) -> String {
    if roles.contains("*") {
        return "any role".to_owned();
    }
    let names: Vec<&str> = roles.iter().map(|name| &**name).collect();
    match names.is_empty() {
        true => "no role".to_owned(),
        false => names.join(", "),
    }
}

/// An end as the YAML says it: `through 2026-12-31` where it is a day's, else `until 2026-12-31T18:00:00Z`.
pub(crate) fn end_in_words(end: i64) -> String {
    let day = to_text(end - 1).filter(|_| end.rem_euclid(DAY_MS) == 0);
    let day = day.as_deref().and_then(|last| last.split_once('T'));
    match (day, to_text(end)) {
        (Some((day, _)), _) => format!("through {day}"),
        (None, Some(end)) => format!("until {}", end.replace(".000Z", "Z")),
        (None, None) => String::new(),
    }
}

/// Takes out rows that others cover, and sorts what is left.
pub(super) fn reduced(rows: Vec<Row>) -> Vec<Row> {
    let mut kept: Vec<Row> = Vec::with_capacity(rows.len());
    for row in rows {
        if row.is_covered(&kept) {
            continue;
        }
        kept.retain(|known| !known.is_covered(std::slice::from_ref(&row)));
        kept.push(row);
    }
    kept.sort_by(|a, b| (&a.reach, &a.clauses, a.until).cmp(&(&b.reach, &b.clauses, b.until)));
    kept
}
