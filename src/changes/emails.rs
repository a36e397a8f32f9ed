//! The same e-mail under another id: an id never changes, so most likely somebody renamed an account, and whatever else
//! names it does not know.

use std::collections::HashMap;

use super::Changes;
use crate::model::{Application, Id};
use crate::value::Typed;

pub(super) fn compare(then: &Application, now: &Application, changes: &mut Changes) {
    let then_by = by_email(then);
    let mut moved: Vec<(&str, &Id, &Id)> = by_email(now)
        .into_iter()
        .filter_map(|(_, (email, id))| {
            let (_, before) = then_by.get(&email.to_ascii_lowercase())?;
            (*before != id).then_some((email, *before, id))
        })
        .collect();
    moved.sort_unstable();
    for (email, before, id) in moved {
        let application = &*now.id.value;
        changes.moved_emails.add(|| {
            format!("the e-mail `{email}` belonged to the account `{before}` of `{application}`, and now to `{id}`")
        });
    }
}

/// E-mails are compared without case.
fn by_email(application: &Application) -> HashMap<String, (&str, &Id)> {
    let accounts = application.accounts.iter();
    let with_email = accounts.filter_map(|(id, account)| match account.fields.get("email") {
        Some(Typed::String(email)) => Some((email.to_ascii_lowercase(), (&**email, id))),
        _ => None,
    });
    with_email.collect()
}
