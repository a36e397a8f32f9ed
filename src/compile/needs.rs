//! What the expressions of a rule read: the engine is given that, and nothing else.

use std::collections::BTreeSet;

use super::condition::{Condition, Read, Root};
use super::schema::{ENTRY, PLACE};

/// What is known of an entry and of the place where a resource stands, by the name that expressions use.
pub const ENTRY_FIELDS: [&str; 8] = [
    "tenant",
    "roles",
    "held_roles",
    "named_roles",
    "sub_accounts",
    "teams",
    "assigned",
    "assigns",
];
/// As [`ENTRY_FIELDS`], of a place.
pub const PLACE_FIELDS: [&str; 11] = [
    "tenant",
    "teams",
    "chain",
    "sub_accounts",
    "owner",
    "at_tenant",
    "asked_teams",
    "roles",
    "legal",
    "changes",
    "owners",
];

/// What some rules read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    entry: BTreeSet<&'static str>,
    place: BTreeSet<&'static str>,
    reads: BTreeSet<Read>,
    everything: bool,
}

impl Needs {
    /// Everything that there is, for raw Cedar.
    pub fn everything() -> Self {
        Self {
            everything: true,
            ..Self::default()
        }
    }

    /// What the compiler's own clauses and a condition read.
    pub fn of<'c>(clauses: impl Iterator<Item = &'c str>, condition: Option<&Condition>) -> Self {
        let mut needs = Self::default();
        for clause in clauses {
            needs
                .entry
                .extend(fields(clause, "principal", ENTRY, &ENTRY_FIELDS));
            needs
                .place
                .extend(fields(clause, "resource", PLACE, &PLACE_FIELDS));
            for (root, id) in [
                (Root::Principal, "principal.id"),
                (Root::Resource, "resource.id"),
            ] {
                if clause.contains(id) {
                    let name = "id".to_owned();
                    needs.reads.insert(Read { root, name });
                }
            }
        }
        needs.reads.extend(
            condition
                .into_iter()
                .flat_map(|it| it.reads.iter().cloned()),
        );
        needs
    }

    /// Adds what others read.
    pub fn add(&mut self, other: &Self) {
        self.entry.extend(&other.entry);
        self.place.extend(&other.place);
        self.reads.extend(other.reads.iter().cloned());
        self.everything |= other.everything;
    }

    /// Whether a field of the entry is read.
    pub fn entry(&self, field: &str) -> bool {
        self.everything || self.entry.contains(field)
    }

    /// Whether a field of the place is read.
    pub fn place(&self, field: &str) -> bool {
        self.everything || self.place.contains(field)
    }

    /// Whether an attribute is read.
    pub fn attribute(&self, root: Root, name: &str) -> bool {
        self.everything
            || self
                .reads
                .iter()
                .any(|read| read.root == root && read.name == name)
    }

    /// Whether anything of a root is read.
    pub fn any(&self, root: Root) -> bool {
        self.everything || self.reads.iter().any(|read| read.root == root)
    }
}

/// The fields of a record that a clause names.
fn fields<'f>(
    clause: &str,
    root: &str,
    record: &str,
    names: &'f [&'static str],
) -> impl Iterator<Item = &'static str> + use<'f> {
    let record = format!("{root}[\"{record}\"]");
    let uses: Vec<String> = clause.split(&record).skip(1).map(str::to_owned).collect();
    names.iter().copied().filter(move |name| {
        let reads = |text: &String| {
            let rest = text
                .strip_prefix('.')
                .or_else(|| text.strip_prefix(" has "));
            let rest = rest.and_then(|rest| rest.strip_prefix(name));
            rest.is_some_and(|rest| {
                !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_')
            })
        };
        uses.iter().any(reads)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_fields_and_ids() {
        let clauses = [
            r#"resource["octroi.place"] has owner && resource["octroi.place"].owner == principal.id"#,
            r#"principal["octroi.entry"].assigns.containsAll(resource["octroi.place"].roles)"#,
        ];
        let needs = Needs::of(clauses.into_iter(), None);
        for (field, read) in [("assigns", true), ("assigned", false), ("roles", false)] {
            assert_eq!(needs.entry(field), read, "{field}");
        }
        for (field, read) in [("owner", true), ("owners", false), ("roles", true)] {
            assert_eq!(needs.place(field), read, "{field}");
        }
        assert!(needs.attribute(Root::Principal, "id") && !needs.attribute(Root::Resource, "id"));
        assert!(Needs::everything().attribute(Root::Context, "now"));
    }
}
