//! Values that can't be of their type.

use serde_json::{Map, Value as Json};

use super::decide::Case;
use super::request;
use super::value::{Type, given};
use super::world::Attribute;

/// "A declared or standard property with a value that can't be of its type denies with
/// `invalid_value`, whether or not a rule reads it. Undeclared properties never matter, whatever
/// they hold"
pub fn has_invalid_value(case: &Case) -> bool {
    let question = case.question;
    // "In a question, a resource id that is none of that is `invalid_value`"
    !is_id(&question.resource_id)
        || has_invalid_declared(&question.subject, &case.app.account_attributes)
        || has_invalid_declared(
            &question.resource,
            case.app.attributes(&question.resource_type),
        )
        || has_invalid_declared(&question.context, &case.app.context)
        || has_invalid_declared(&question.action, &case.app.action_context)
        || has_invalid_standard(case)
        || (case.app.request && request::memberships(case).is_err())
        || roles_differ(case)
}

/// "Account and record ids: any string of 1 to 256 characters without control characters"
pub fn is_id(text: &str) -> bool {
    let length = text.chars().count();
    (1..=256).contains(&length) && !text.chars().any(char::is_control)
}

fn has_invalid_declared(properties: &Map<String, Json>, declared: &[Attribute]) -> bool {
    declared
        .iter()
        .any(|attribute| is_invalid(properties, &attribute.name, attribute.kind))
}

fn is_invalid(properties: &Map<String, Json>, name: &str, kind: Type) -> bool {
    given(properties, name).is_some_and(|value| kind.read(value).is_none())
}

/// "Standard attributes of every resource, all optional in a question: `owner` (an account id),
/// `sub_account` or `sub_accounts` [...], `team` or `teams` [...], and the id of each ancestor
/// under the ancestor's type name"
pub fn standard_attributes(case: &Case) -> Vec<(String, Type)> {
    let mut standard = vec![
        ("owner".to_owned(), Type::String),
        ("sub_account".to_owned(), Type::String),
        ("sub_accounts".to_owned(), Type::Strings),
        ("team".to_owned(), Type::String),
        ("teams".to_owned(), Type::Strings),
    ];
    for ancestor in case.app.ancestors(&case.question.resource_type) {
        standard.push((ancestor.to_owned(), Type::String));
    }
    standard
}

fn has_invalid_standard(case: &Case) -> bool {
    let mut standard = standard_attributes(case);
    // "`role` (required), `sub_account(s)`, `team(s)`, `guest_of`"; "(`role`, or `new_role`, [...]"
    if case.question.resource_type == "member" {
        for name in ["role", "new_role", "guest_of"] {
            standard.push((name.to_owned(), Type::String));
        }
    }
    // "for create and list, at the property `parent`"
    if case.question.resource_type == "sub_account" {
        standard.push(("parent".to_owned(), Type::String));
    }
    // "its properties `from` and `to` are account ids"; "`actions` of each of `resources`, where the
    // question gives them (Set<String>)"
    if case.question.resource_type == "delegation" {
        for name in ["from", "to"] {
            standard.push((name.to_owned(), Type::String));
        }
        for name in ["actions", "resources"] {
            standard.push((name.to_owned(), Type::Strings));
        }
    }
    standard
        .iter()
        .any(|(name, kind)| is_invalid(&case.question.resource, name, *kind))
}

/// "`role` and `new_role` that differ, of a known member, are `invalid_value`"
fn roles_differ(case: &Case) -> bool {
    let question = case.question;
    let is_update = question.resource_type == "member" && question.action_name == "update";
    let is_known = !case.tenant.entries(&question.resource_id).is_empty();
    match (
        given(&question.resource, "role"),
        given(&question.resource, "new_role"),
    ) {
        (Some(role), Some(new_role)) => is_update && is_known && role != new_role,
        _ => false,
    }
}
