//! Which entries count.

use super::decide::Case;
use super::request;
use super::typing::is_id;
use super::value::{datetime, looks_like_date};
use super::world::{Entry, Status, Tenant};

const MILLISECONDS_A_DAY: i64 = 24 * 60 * 60 * 1000;

/// The account's entries in the tenant, whatever their status.
///
/// "`membership` | `files` (default) or `request`"; "With `membership: files`, memberships in a
/// question are ignored." "[An id that is none:] such a subject id `not_a_member`"
fn entries_of(case: &Case, account: &str) -> Vec<Entry> {
    if case.app.request {
        let is_subject = account == case.question.subject_id && is_id(account);
        let entries = request::memberships(case).unwrap_or_default();
        if is_subject { entries } else { Vec::new() }
    } else {
        case.tenant.entries(account).into_iter().cloned().collect()
    }
}

/// True where the account has an entry in the tenant, whatever its status.
pub fn is_member(case: &Case, account: &str) -> bool {
    !entries_of(case, account).is_empty()
}

/// The account's entries in the tenant that count, or the reason why none does.
///
/// "then of the membership, where no entry counts, membership_suspended, membership_expired,
/// membership_invited, guest_home_lost, not_a_member (no entry at all)"
pub fn entries_that_count(case: &Case, account: &str) -> Result<Vec<Entry>, &'static str> {
    let entries = entries_of(case, account);
    let counting: Vec<Entry> = entries
        .iter()
        .filter(|entry| counts(case, case.tenant, entry))
        .cloned()
        .collect();
    if !counting.is_empty() {
        return Ok(counting);
    }
    let some = |test: &dyn Fn(&Entry) -> bool| entries.iter().any(test);
    if some(&|entry| entry.status == Some(Status::Suspended)) {
        Err("membership_suspended")
    } else if some(&|entry| is_over(case, entry.expires.as_deref())) {
        Err("membership_expired")
    } else if some(&|entry| entry.status == Some(Status::Invited)) {
        Err("membership_invited")
    } else if some(&|entry| !has_home(case, case.tenant, entry)) {
        Err("guest_home_lost")
    } else {
        Err("not_a_member")
    }
}

fn counts(case: &Case, tenant: &Tenant, entry: &Entry) -> bool {
    // "`active` (default), `invited` (grants nothing [...]), `suspended` (grants nothing)"
    let is_active = matches!(entry.status, None | Some(Status::Active));
    is_active && !is_over(case, entry.expires.as_deref()) && has_home(case, tenant, entry)
}

/// "`expires`: a date (valid through the end of that day, UTC) or an RFC 3339 instant with its
/// zone; from that instant the entry counts for nothing, without a reload."
pub fn is_over(case: &Case, expires: Option<&str>) -> bool {
    match expires.and_then(end_of) {
        Some(end) => case.now_ms >= end,
        None => false,
    }
}

/// The moment from which an entry that expires so counts for nothing.
pub fn end_of(expires: &str) -> Option<i64> {
    let moment = datetime(expires)?;
    let length = if looks_like_date(expires) {
        MILLISECONDS_A_DAY
    } else {
        0
    };
    Some(moment + length)
}

/// "`guest_of`: an entry there that is itself no guest's must exist, under this account or another
/// account of the same `person` (else an error). While none of these counts, or the tenant is not
/// among `partners` [...], the guest entry counts for nothing."
fn has_home(case: &Case, tenant: &Tenant, entry: &Entry) -> bool {
    let Some(home_id) = &entry.guest_of else {
        return true;
    };
    let Some(home) = case.world.tenant(home_id) else {
        return false;
    };
    tenant.partners.contains(home_id)
        && home.members.iter().any(|candidate| {
            candidate.guest_of.is_none()
                && is_same_person(case, &candidate.account, &entry.account)
                && counts(case, home, candidate)
        })
}

/// "`person` links the accounts of one human being."
fn is_same_person(case: &Case, one: &str, other: &str) -> bool {
    let person = |id: &str| {
        case.app
            .account(id)
            .and_then(|account| account.person.clone())
    };
    one == other || (person(one).is_some() && person(one) == person(other))
}
