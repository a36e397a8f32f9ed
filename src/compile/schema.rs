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
    context(&mut text, application);
    principal(&mut text, application, Some("OctroiEntry"));
    for kind in application.types.values() {
        let place = match kind.built_in {
            Some(BuiltIn::Member) => "OctroiMemberPlace",
            Some(BuiltIn::Delegation) => "OctroiDelegationPlace",
            _ => "OctroiPlace",
        };
        entity(&mut text, kind, Some(place));
    }
    for kind in application.types.values() {
        actions(&mut text, kind);
    }
    text
}

/// What a condition over one type sees: the attributes that an author can read, and one action that stands for all.
pub fn schema_for_conditions(application: &Application, kind: &ResourceType) -> String {
    let mut text = String::new();
    context(&mut text, application);
    principal(&mut text, application, None);
    entity(&mut text, kind, None);
    action(&mut text, "\"any\"", &kind.cedar_name);
    text
}

fn principal(text: &mut String, application: &Application, entry: Option<&str>) {
    let _ = writeln!(text, "entity {ACCOUNT} = {{");
    for name in PRINCIPAL_ATTRIBUTES {
        let optional = if name == "id" { "" } else { "?" };
        let _ = writeln!(text, "  \"{name}\"{optional}: String,");
    }
    optional(text, &application.account_attributes, "  ");
    own(text, ENTRY, entry);
    text.push_str("};\n");
}

fn entity(text: &mut String, kind: &ResourceType, place: Option<&str>) {
    let _ = writeln!(text, "entity {} = {{\n  \"id\": String,", kind.cedar_name);
    let attributes = kind.readable.iter().filter(|(name, _)| &***name != "id");
    optional(text, attributes, "  ");
    own(text, PLACE, place);
    text.push_str("};\n");
}

/// An attribute of the compiler's own.
fn own(text: &mut String, name: &str, of: Option<&str>) {
    if let Some(of) = of {
        let _ = writeln!(text, "  \"{name}\": {of},");
    }
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

fn context(text: &mut String, application: &Application) {
    text.push_str("// The circumstances.\ntype OctroiContext = {\n  \"now\": datetime,\n");
    optional(text, &application.context, "  ");
    text.push_str("  \"action\": {\n");
    optional(text, &application.context_action, "    ");
    text.push_str("  },\n};\n");
}

fn actions(text: &mut String, kind: &ResourceType) {
    let (name, entity) = (&kind.name, &kind.cedar_name);
    let named: Vec<String> = kind
        .actions
        .iter()
        .map(|action| format!("\"{name}.{action}\""))
        .collect();
    let _ = writeln!(text, "action \"{name}\";");
    if !named.is_empty() {
        let named = format!("{}\n  in [Action::\"{name}\"]", named.join(", "));
        action(text, &named, entity);
    }
}

/// Actions, by what stands before `appliesTo`, on resources of one type.
fn action(text: &mut String, named: &str, entity: &str) {
    let _ = writeln!(
        text,
        "action {named} appliesTo {{\n  principal: [{ACCOUNT}],\n  resource: [{entity}],\n  context: OctroiContext,\n}};",
    );
}
