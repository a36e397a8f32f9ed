//! "Did you mean" for a question on the command line: the answer to a misspelt name is a deny like any other.

use super::ask::{QuestionArgs, application, properties, split_resource, tenant};
use crate::diagnostic::nearest;
use crate::model::{Attributes, Model};

/// Properties that belong to every context, whatever an application declares.
const OF_EVERY_CONTEXT: &[&str] = &["tenant", "application"];

/// A sentence for each name of a question that the policies do not know, and that is near to one they know. An allowed
/// question names what there is; its properties can be misspelt all the same.
pub(super) fn hints(
    account: &str,
    args: &QuestionArgs,
    allowed: bool,
    model: &Model,
) -> Vec<String> {
    let mut hints = properties_of(args, model);
    if !allowed {
        hints.splice(0..0, names(account, args, model));
    }
    hints
}

/// Tenant, account, type and action, in this order.
fn names(account: &str, args: &QuestionArgs, model: &Model) -> Vec<String> {
    let mut hints = Vec::new();
    let mut add = |what: String, near: Option<&str>| {
        hints.extend(near.map(|near| format!("{what}; did you mean `{near}`?")));
    };
    let named = tenant(args, model);
    let known = named.and_then(|id| model.tenants.get(id));
    if let (Some(id), None) = (named, known) {
        let near = nearest(id, model.tenants.keys().map(|id| &**id));
        add(format!("no tenant is called `{}`", id.escape_debug()), near);
    }
    if let Some(tenant) = known.filter(|tenant| !tenant.application.membership_request)
        && !tenant.members.contains_key(account)
    {
        let near = nearest(account, tenant.members.keys().map(|id| &**id));
        let (account, tenant) = (account.escape_debug(), &*tenant.id);
        add(format!("`{account}` is no member of `{tenant}`"), near);
    }
    let Some(application) = application(args, named, model) else {
        return hints;
    };
    let (kind, _) = split_resource(&args.resource, Some(application));
    let Some(declared) = application.types.get(kind) else {
        let near = nearest(kind, application.types.keys().map(|id| &**id));
        add(format!("no type is called `{}`", kind.escape_debug()), near);
        return hints;
    };
    if !declared.actions.contains(&*args.action) {
        let near = nearest(&args.action, declared.actions.iter().map(|id| &**id));
        let action = args.action.escape_debug();
        add(format!("`{kind}` has no action `{action}`"), near);
    }
    hints
}

/// Properties of resource, subject, action and context that nothing reads.
fn properties_of(args: &QuestionArgs, model: &Model) -> Vec<String> {
    let Some(application) = application(args, tenant(args, model), model) else {
        return Vec::new();
    };
    let (kind, _) = split_resource(&args.resource, Some(application));
    let mut hints = Vec::new();
    if let Some(declared) = application.types.get(kind) {
        let declared = properties(declared);
        hints.extend(misspelt(
            &args.property,
            &declared,
            &["tenant"],
            &format!("`{kind}`"),
        ));
    }
    let memberships: &[&str] = match application.membership_request {
        true => &["memberships"],
        false => &[],
    };
    let declared = &application.account_attributes;
    hints.extend(misspelt(&args.subject, declared, memberships, "an account"));
    let declared = &application.context_action;
    hints.extend(misspelt(&args.action_property, declared, &[], "the action"));
    let declared = &application.context;
    hints.extend(misspelt(
        &args.context,
        declared,
        OF_EVERY_CONTEXT,
        "the context",
    ));
    hints
}

fn misspelt(pairs: &[String], declared: &Attributes, more: &[&str], whose: &str) -> Vec<String> {
    let known = || {
        declared
            .keys()
            .map(|name| &**name)
            .chain(more.iter().copied())
    };
    let keys = pairs
        .iter()
        .filter_map(|pair| Some(pair.split_once('=')?.0));
    let unknown = keys.filter(|key| known().all(|name| name != *key));
    let hint = |key: &str| {
        let near = nearest(key, known())?;
        let key = key.escape_debug();
        Some(format!(
            "{whose} has no property `{key}`; did you mean `{near}`?"
        ))
    };
    unknown.filter_map(hint).collect()
}
