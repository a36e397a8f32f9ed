//! The Cedar schema of an application: what every policy is validated against.
//!
//! Attributes of the compiler's own have a point in their names (`octroi.entry`, `octroi.place`), which no name in
//! the YAML can have, so that nothing an author declares or writes can mean them.

use std::fmt::Write as _;

use crate::document::AttributeType;
use crate::model::{Application, BuiltIn, Id, PRINCIPAL_ATTRIBUTES, ResourceType};

/// The entity type of principals.
pub const ACCOUNT: &str = "Account";
/// The principal's attribute that holds what the entry at hand gives.
pub const ENTRY: &str = "octroi.entry";
/// The resource's attribute that holds where it stands.
pub const PLACE: &str = "octroi.place";

const HEAD: &str = r#"// What one entry of a member gives. Each entry is asked about on its own.
type OctroiEntry = {
  "tenant": String,
  "roles": Set<String>,        // the entry's role and all that it inherits from
  "held_roles": Set<String>,   // the same over all entries that count, for deny rules
  "named_roles": Set<String>,  // roles that an entry that counts names itself
  "sub_accounts": Set<String>, // those of the entry, and all below them
  "teams": Set<String>,
  "assigned": Set<String>,     // `type.id` of records
  "assigns": Set<String>,      // roles that the entry may give
};
// Where a resource stands.
type OctroiPlace = {
  "tenant": String,
  "sub_accounts"?: Set<String>,
  "teams": Set<String>,        // its teams, and those that list its owner
  "chain": Set<String>,        // `type.id` of itself and its ancestors
  "owner"?: String,
};
// Where a member stands, and what a change of it asks for.
type OctroiMemberPlace = {
  "tenant": String,
  "sub_accounts"?: Set<String>,
  "at_tenant": Bool,           // an entry of it names no sub-account
  "teams": Set<String>,
  "asked_teams": Set<String>,
  "chain": Set<String>,
  "owner"?: String,
  "roles": Set<String>,        // roles that `assigns` must name
  "legal": Bool,               // the state asked for is one that an entry may have
  "changes": Bool,             // the question mentions role, place or home
};
// Between whom a delegation stands, and whether it could be made.
type OctroiDelegationPlace = {
  "tenant": String,
  "sub_accounts"?: Set<String>,
  "teams": Set<String>,
  "chain": Set<String>,
  "owner"?: String,            // `from`
  "owners": Set<String>,       // `from`, for read also `to`
  "legal": Bool,               // both are members, and `from` holds what is to be handed on
};
"#;

/// The schema in Cedar's own syntax.
pub fn schema(application: &Application) -> String {
    let mut text = String::from(HEAD);
    principal(&mut text, application);
    for kind in application.types.values() {
        entity(&mut text, kind);
    }
    for kind in application.types.values() {
        actions(&mut text, kind, application);
    }
    text
}

fn principal(text: &mut String, application: &Application) {
    let _ = writeln!(text, "entity {ACCOUNT} = {{");
    for name in PRINCIPAL_ATTRIBUTES {
        let optional = if name == "id" { "" } else { "?" };
        let _ = writeln!(text, "  \"{name}\"{optional}: String,");
    }
    optional(text, &application.account_attributes, "  ");
    let _ = writeln!(text, "  \"{ENTRY}\": OctroiEntry,\n}};");
}

fn entity(text: &mut String, kind: &ResourceType) {
    let _ = writeln!(text, "entity {} = {{\n  \"id\": String,", kind.cedar_name);
    let attributes = kind.readable.iter().filter(|(name, _)| &***name != "id");
    optional(text, attributes, "  ");
    let place = match kind.built_in {
        Some(BuiltIn::Member) => "OctroiMemberPlace",
        Some(BuiltIn::Delegation) => "OctroiDelegationPlace",
        _ => "OctroiPlace",
    };
    let _ = writeln!(text, "  \"{PLACE}\": {place},\n}};");
}

fn optional<'a>(
    text: &mut String,
    attributes: impl IntoIterator<Item = (&'a Id, &'a AttributeType)>,
    indent: &str,
) {
    for (name, kind) in attributes {
        let _ = writeln!(text, "{indent}\"{name}\"?: {},", kind.as_str());
    }
}

fn actions(text: &mut String, kind: &ResourceType, application: &Application) {
    let mut context = String::from("    \"now\": datetime,\n");
    optional(&mut context, &application.context, "    ");
    context.push_str("    \"action\": {\n");
    optional(&mut context, &application.context_action, "      ");
    context.push_str("    },\n");
    let _ = writeln!(text, "action \"{}\";", kind.name);
    for action in &kind.actions {
        let _ = writeln!(
            text,
            "action \"{name}.{action}\" in [Action::\"{name}\"] appliesTo {{\n  principal: [{ACCOUNT}],\n  \
             resource: [{entity}],\n  context: {{\n{context}  }},\n}};",
            name = kind.name,
            entity = kind.cedar_name,
        );
    }
}
