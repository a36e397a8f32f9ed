//! Applications: types, attributes, roles and deny rules.

use std::collections::HashMap;

use crate::maps::{IndexMap, IndexSet};

use super::accounts::{self, Declared};
use super::builtin::{
    BuiltIn, CEDAR_KEYWORDS, PRINCIPAL_ATTRIBUTES, RESERVED, RESOURCE_ATTRIBUTES, readable,
};
use super::rules::{self, Vocabulary};
use super::unknown::{self, Kind};
use super::{Application, Attributes, Id, ResourceType};
use crate::diagnostic::{Code, Diagnostics};
use crate::document::{ApplicationDoc, AttributeType, Name, ResourceTypeDoc};

/// Resolves one application.
pub(super) fn resolve(
    document: &ApplicationDoc,
    declared: &[Declared<'_>],
    diagnostics: &mut Diagnostics,
) -> Application {
    let types = types(document, diagnostics);
    let groups = groups(document, &types, diagnostics);
    let account_attributes = attributes(
        &document.accounts.attributes,
        "an account",
        |name| PRINCIPAL_ATTRIBUTES.contains(&name),
        diagnostics,
    );
    let context = attributes(
        &document.context,
        "the context",
        |name| matches!(name, "now" | "application"),
        diagnostics,
    );
    let context_action = attributes(
        &document.context_action,
        "the action",
        |_| false,
        diagnostics,
    );
    let vocabulary = Vocabulary {
        types: &types,
        groups: &groups,
    };
    let roles = rules::roles(
        &document.roles,
        &vocabulary,
        &IndexMap::default(),
        diagnostics,
    );
    let names = |name: &str| roles.contains_key(name);
    let known: Vec<Id> = roles.keys().cloned().collect();
    let denies = rules::denies(&document.deny, &vocabulary, &names, &known, diagnostics);
    let accounts = accounts::resolve(document, declared, &account_attributes, diagnostics);
    Application {
        id: document.id.clone(),
        membership_request: document.membership_request,
        cedar: Vec::new(),
        subject_types: match &document.subject_types {
            Some(names) => names.iter().map(|name| name.value.clone()).collect(),
            None => vec!["user".into()],
        },
        declared_required: document.accounts.declared_required,
        one_tenant: document.accounts.one_tenant,
        account_attributes,
        types,
        context,
        context_action,
        roles,
        denies,
        accounts,
        groups,
    }
}

impl Application {
    /// The types that a name in `resources` stands for: those of a group, or else the name itself.
    pub fn type_names<'a>(&'a self, name: &'a str) -> Vec<&'a str> {
        match self.groups.get(name) {
            None => vec![name],
            Some(kinds) => kinds
                .iter()
                .filter_map(|kind| self.types.get_index(*kind))
                .map(|(name, _)| &**name)
                .collect(),
        }
    }

    /// The words that a tenant's own rules are written in.
    pub(super) fn vocabulary(&self) -> Vocabulary<'_> {
        Vocabulary {
            types: &self.types,
            groups: &self.groups,
        }
    }
}

/// Declared attributes, the names checked.
fn attributes(
    declared: &[(Name, AttributeType)],
    whose: &str,
    is_standard: impl Fn(&str) -> bool,
    diagnostics: &mut Diagnostics,
) -> Attributes {
    let mut attributes = Attributes::default();
    for (name, kind) in declared {
        let why = if is_standard(name) {
            format!("{whose} has an attribute of this name already")
        } else if CEDAR_KEYWORDS.contains(&&*name.value) {
            "it is a word of Cedar's own".to_owned()
        } else if RESERVED.contains(&&*name.value) {
            "the name is reserved".to_owned()
        } else {
            attributes.insert(name.value.clone(), *kind);
            continue;
        };
        diagnostics
            .report(
                Code::InvalidName,
                name.span,
                format!("an attribute cannot be called `{}`: {why}", **name),
            )
            .help("choose another name");
    }
    attributes
}

fn types(document: &ApplicationDoc, diagnostics: &mut Diagnostics) -> IndexMap<Id, ResourceType> {
    let mut types = IndexMap::default();
    for built_in in BuiltIn::ALL {
        let actions = built_in.actions().iter().map(|name| Id::from(*name));
        let kind = ResourceType {
            name: built_in.as_str().into(),
            built_in: Some(built_in),
            cedar_name: String::new(),
            actions: actions.collect(),
            attributes: Attributes::default(),
            readable: Attributes::default(),
            ancestors: Vec::new(),
            incomplete: false,
        };
        types.insert(Id::from(built_in.as_str()), kind);
    }
    for (name, written) in &document.resources {
        add_type(name, written, &mut types, diagnostics);
    }
    add_ancestors(document, &mut types, diagnostics);
    add_attributes(document, &mut types, diagnostics);
    let readable: Vec<Attributes> = types.values().map(|kind| readable(kind, &types)).collect();
    for (kind, readable) in types.values_mut().zip(readable) {
        kind.readable = readable;
    }
    add_cedar_names(document, &mut types, diagnostics);
    types
}

fn add_type(
    name: &Name,
    written: &ResourceTypeDoc,
    types: &mut IndexMap<Id, ResourceType>,
    diagnostics: &mut Diagnostics,
) {
    let is_new = !types.contains_key(&name.value);
    if is_new && !written.has_actions {
        let message = format!("the resource type `{}` needs the key `actions`", **name);
        diagnostics.report(Code::MissingKey, written.span, message);
    }
    let kind = types
        .entry(name.value.clone())
        .or_insert_with(|| ResourceType {
            name: name.value.clone(),
            built_in: None,
            cedar_name: String::new(),
            actions: IndexSet::default(),
            attributes: Attributes::default(),
            readable: Attributes::default(),
            ancestors: Vec::new(),
            incomplete: written.actions.is_none(),
        });
    for action in written.actions.iter().flatten() {
        if &*action.value == "crud" {
            kind.actions.extend(rules::CRUD.map(Id::from));
        } else {
            kind.actions.insert(action.value.clone());
        }
    }
}

/// Follows each `parent` to the top; a circle is reported once and cut.
fn add_ancestors(
    document: &ApplicationDoc,
    types: &mut IndexMap<Id, ResourceType>,
    diagnostics: &mut Diagnostics,
) {
    let mut parents: HashMap<Id, &Name> = HashMap::new();
    for (name, written) in &document.resources {
        let Some(parent) = &written.parent else {
            continue;
        };
        let standard = |word: &str| {
            word == "id"
                || RESERVED.contains(&word)
                || RESOURCE_ATTRIBUTES.iter().any(|(name, _)| *name == word)
        };
        if BuiltIn::ALL
            .iter()
            .any(|built_in| built_in.as_str() == &*parent.value)
        {
            let message = format!("`{}` is a built-in type and cannot be a parent", **parent);
            diagnostics
                .report(Code::InvalidName, parent.span, message)
                .help("use the properties `sub_account`, `team` or `owner` instead");
        } else if standard(parent) {
            let message = format!(
                "`{}` cannot be a parent: every resource has an attribute of this name",
                **parent
            );
            diagnostics
                .report(Code::InvalidName, parent.span, message)
                .help("give the parent type another name");
        } else if !types.contains_key(&parent.value) {
            unknown::report(Kind::ResourceType, parent, types.keys(), diagnostics);
        } else {
            parents.insert(name.value.clone(), parent);
        }
    }
    let mut reported: Vec<Id> = Vec::new();
    for (name, _) in &document.resources {
        let mut chain: Vec<Id> = vec![name.value.clone()];
        while let Some(parent) = chain.last().and_then(|last| parents.get(last)) {
            if let Some(at) = chain.iter().position(|id| *id == parent.value) {
                let circle = chain.split_off(at);
                report_cycle(&circle, &parents, &mut reported, diagnostics);
                break;
            }
            chain.push(parent.value.clone());
        }
        let ancestors = chain
            .iter()
            .skip(1)
            .filter_map(|id| types.get_index_of(id))
            .collect();
        if let Some(kind) = types.get_mut(&name.value) {
            kind.ancestors = ancestors;
        }
    }
}

fn report_cycle(
    circle: &[Id],
    parents: &HashMap<Id, &Name>,
    reported: &mut Vec<Id>,
    diagnostics: &mut Diagnostics,
) {
    let Some(first) = circle.first() else { return };
    if circle.iter().any(|id| reported.contains(id)) {
        return;
    }
    reported.extend(circle.iter().cloned());
    if let Some(parent) = parents.get(first) {
        let message = format!("`parent` goes round in a circle: {}", rules::circle(circle));
        diagnostics.report(Code::Cycle, parent.span, message);
    }
}

fn add_attributes(
    document: &ApplicationDoc,
    types: &mut IndexMap<Id, ResourceType>,
    diagnostics: &mut Diagnostics,
) {
    for (name, written) in &document.resources {
        let Some(kind) = types.get(&name.value) else {
            continue;
        };
        let ancestors: Vec<Id> = kind
            .ancestors
            .iter()
            .filter_map(|index| types.get_index(*index))
            .map(|(name, _)| name.clone())
            .collect();
        let is_standard = |word: &str| {
            word == "id"
                || RESOURCE_ATTRIBUTES.iter().any(|(name, _)| *name == word)
                || ancestors.iter().any(|name| &**name == word)
        };
        let attributes = attributes(
            &written.attributes,
            "every resource of this type",
            is_standard,
            diagnostics,
        );
        if let Some(kind) = types.get_mut(&name.value) {
            kind.attributes = attributes;
        }
    }
}

/// Gives each type its entity type: the UpperCamelCase of its name, made unique where two names meet by a suffix
/// that depends on the name alone, so that it stays when other types come.
fn add_cedar_names(
    document: &ApplicationDoc,
    types: &mut IndexMap<Id, ResourceType>,
    diagnostics: &mut Diagnostics,
) {
    let mut taken: HashMap<String, Vec<Id>> = HashMap::new();
    for name in types.keys() {
        let camel = upper_camel_case(name);
        taken.entry(camel).or_default().push(name.clone());
    }
    let chosen = chosen_cedar_names(document, diagnostics);
    for (name, kind) in types.iter_mut() {
        let camel = upper_camel_case(name);
        let alone = taken.get(&camel).is_some_and(|names| names.len() == 1);
        let plain = alone || kind.built_in.is_some() || is_canonical(name);
        let usable = camel.starts_with(|first: char| first.is_ascii_uppercase());
        kind.cedar_name = match chosen.get(name) {
            Some(chosen) => chosen.clone(),
            None if usable
                && plain
                && !NOT_A_TYPE.contains(&camel.as_str())
                && !camel.starts_with("Octroi") =>
            {
                camel
            }
            None => format!("T{camel}_{:08x}", fingerprint(name)),
        };
    }
}

fn chosen_cedar_names(
    document: &ApplicationDoc,
    diagnostics: &mut Diagnostics,
) -> HashMap<Id, String> {
    let mut chosen: HashMap<Id, String> = HashMap::new();
    let has_own = |name: &str| {
        let mut resources = document.resources.iter();
        resources.any(|(other, written)| &*other.value == name && written.cedar_name.is_some())
    };
    for (name, written) in &document.resources {
        let Some(cedar_name) = &written.cedar_name else {
            continue;
        };
        let declared = document.resources.iter().map(|(other, _)| &*other.value);
        let built_in = BuiltIn::ALL.iter().map(|built_in| built_in.as_str());
        let is_taken = declared
            .chain(built_in)
            .filter(|other| *other != &*name.value && !has_own(other))
            .any(|other| upper_camel_case(other) == *cedar_name.value)
            || chosen.values().any(|other| **other == *cedar_name.value);
        let is_reserved = NOT_A_TYPE.contains(&&*cedar_name.value)
            || CEDAR_KEYWORDS.contains(&&*cedar_name.value)
            || cedar_name.value.starts_with("Octroi");
        if is_taken || is_reserved {
            let message = format!("another type in Cedar is called `{}` already", **cedar_name);
            diagnostics
                .report(Code::DuplicateId, cedar_name.span, message)
                .help("choose another `cedar_name`");
        } else {
            chosen.insert(name.value.clone(), cedar_name.to_string());
        }
    }
    chosen
}

/// Entity types and common types of the generated schema that no resource type may be called.
const NOT_A_TYPE: [&str; 15] = [
    "datetime",
    "decimal",
    "duration",
    "ipaddr",
    "Account",
    "Action",
    "String",
    "Long",
    "Bool",
    "Boolean",
    "Set",
    "Record",
    "Entity",
    "Extension",
    "Any",
];

/// Whether a name is the only one of its kind with its UpperCamelCase: small letters in parts that begin with one.
fn is_canonical(name: &str) -> bool {
    name.split('_').all(|part| {
        part.starts_with(|first: char| first.is_ascii_lowercase())
            && part
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    })
}

fn upper_camel_case(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    let mut start = true;
    for character in name.chars() {
        if !character.is_ascii_alphanumeric() {
            start = true;
        } else if start {
            camel.push(character.to_ascii_uppercase());
            start = false;
        } else {
            camel.push(character);
        }
    }
    camel
}

/// FNV-1a: stable over versions and machines, which the standard library's hasher is not.
fn fingerprint(name: &str) -> u32 {
    name.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

fn groups(
    document: &ApplicationDoc,
    types: &IndexMap<Id, ResourceType>,
    diagnostics: &mut Diagnostics,
) -> IndexMap<Id, Vec<usize>> {
    let mut groups = IndexMap::default();
    for (name, written) in &document.groups {
        if types.contains_key(&name.value) {
            let message = format!("`{}` is a resource type already", **name);
            diagnostics
                .report(Code::DuplicateId, name.span, message)
                .help("give the group another name");
            continue;
        }
        let is_group = |other: &str| {
            document
                .groups
                .iter()
                .any(|(name, _)| &*name.value == other)
        };
        let members = written
            .iter()
            .filter_map(|kind| {
                let found = types.get_index_of(&kind.value);
                if found.is_none() {
                    let message = if is_group(kind) {
                        format!("`{}` is a group, and groups hold types only", **kind)
                    } else {
                        format!("no resource type is called `{}`", **kind)
                    };
                    diagnostics
                        .report(Code::UnknownType, kind.span, message)
                        .suggest(kind, types.keys().map(|name| &**name));
                }
                found
            })
            .collect();
        groups.insert(name.value.clone(), members);
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn camel_case_and_what_is_canonical() {
        for (name, camel, canonical) in [
            ("conversation", "Conversation", true),
            ("training_program", "TrainingProgram", true),
            ("http:route", "HttpRoute", false),
            ("GET", "GET", false),
            ("a_1", "A1", false),
            ("1st", "1st", false),
        ] {
            assert_eq!(upper_camel_case(name), camel);
            assert_eq!(is_canonical(name), canonical, "{name}");
        }
    }
}
