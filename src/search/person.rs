//! All accounts of a person: the workspace switcher asks which of them enters where.

use std::collections::HashMap;

use super::{Search, Sought};
use crate::model::{Application, BuiltIn};
use crate::snapshot::{Entity, Part, Question, Snapshot};
use crate::value::{Json, Members};

/// The accounts of the subject's person, by application: ids and persons belong to one application each.
pub(super) struct Accounts {
    by_application: HashMap<String, Vec<String>>,
}

impl Accounts {
    /// Where a search for tenants to enter asks for the person (`context.person: true`); else nothing.
    pub(super) fn of(search: &Search<'_>, snapshot: &Snapshot) -> Option<Self> {
        let question = &search.question;
        let is_asked_for = search.sought == Sought::Resources
            && question.resource.kind == BuiltIn::Tenant.as_str()
            && question.action.name == "enter"
            && question.context.get("person") == Some(&Json::Bool(true));
        is_asked_for.then(|| Self {
            by_application: snapshot
                .applications()
                .map(|application| {
                    let accounts = of_the_person(&question.subject.id, application);
                    (application.id.value.to_string(), accounts)
                })
                .collect(),
        })
    }

    /// The accounts that may do to the candidate what is asked; nothing if none may.
    pub(super) fn that_may(
        &self,
        search: &Search<'_>,
        snapshot: &Snapshot,
        candidate: &str,
        now: i64,
    ) -> Option<Vec<String>> {
        let application = snapshot.application_of(candidate)?;
        let accounts = self.by_application.get(&*application.id.value)?;
        let asked = search.completed(candidate);
        let mut may = accounts.clone();
        may.retain(|account| {
            snapshot
                .decide(&asked_by(&asked, account), now)
                .reason
                .allows()
        });
        (!may.is_empty()).then_some(may)
    }
}

/// The account asked about and, where the application declares it with a person, every other of that person, sorted.
/// Where memberships come with the question they are of the account asked about, and of no other.
fn of_the_person(account: &str, application: &Application) -> Vec<String> {
    let person = |account| application.accounts.get(account)?.person.as_ref();
    let mut accounts = vec![account.to_owned()];
    if let Some(person) = person(account)
        && !application.membership_request
    {
        let declared = application.accounts.iter();
        let same = declared.filter(|(_, other)| other.person.as_ref() == Some(person));
        accounts.extend(same.map(|(id, _)| id.to_string()));
    }
    accounts.sort_unstable();
    accounts.dedup();
    accounts
}

/// The question, asked by an account. What it says of its subject is said of the account that it names alone.
fn asked_by<'q>(question: &'q Question<'q>, account: &'q str) -> Question<'q> {
    let subject = &question.subject;
    let subject = match subject.id == account {
        true => Part::Lent(&**subject),
        false => Part::Own(Entity {
            kind: subject.kind.as_ref().into(),
            id: account.into(),
            properties: Part::Own(Members::default()),
        }),
    };
    Question {
        subject,
        action: Part::Lent(&question.action),
        resource: Part::Lent(&question.resource),
        context: Part::Lent(&question.context),
    }
}
