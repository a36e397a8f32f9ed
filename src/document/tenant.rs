//! `tenant` and `members_of` documents as they were written.

use super::application::refuse_later;
use super::decode::{Alphabet, Decoder, Fields};
use super::node::{Node, ScalarKind, Value};
use super::role::{self, DenyDoc, GrantDoc, RoleDoc};
use super::{Name, Status, keys, time};
use crate::diagnostic::Code;
use crate::source::{Span, Spanned};

/// A tenant.
#[derive(Debug)]
pub struct TenantDoc {
    /// Its id.
    pub id: Name,
    /// The application that it is a tenant of; none if missing or unreadable.
    pub application: Option<Name>,
    /// Its sub-accounts.
    pub sub_accounts: Vec<(Name, SubAccountDoc)>,
    /// Its teams.
    pub teams: Vec<(Name, Vec<Name>)>,
    /// Tenants whose members may be guests here.
    pub partners: Vec<Name>,
    /// Its own roles.
    pub roles: Vec<(Name, RoleDoc)>,
    /// Its own deny rules.
    pub deny: Vec<DenyDoc>,
    /// Records by type and id; their attributes are typed by the application.
    pub records: Vec<(Name, Vec<(Name, Node)>)>,
    /// Its members' entries.
    pub members: Vec<EntryDoc>,
    /// Where `members` was written.
    pub members_key: Option<Span>,
    /// Where `teams` was written.
    pub teams_key: Option<Span>,
    /// What members hand on to others.
    pub delegations: Vec<DelegationDoc>,
    /// Where `delegations` was written.
    pub delegations_key: Option<Span>,
}

/// A delegation.
#[derive(Debug)]
pub struct DelegationDoc {
    /// The whole delegation.
    pub span: Span,
    /// Who hands on.
    pub from: Option<Name>,
    /// To whom.
    pub to: Option<Name>,
    /// What is handed on.
    pub allow: Vec<GrantDoc>,
    /// Milliseconds since 1970 from which it counts for nothing.
    pub expires: Option<Spanned<i64>>,
}

/// A sub-account.
#[derive(Debug, Default)]
pub struct SubAccountDoc {
    /// What people call it.
    pub name: Option<Name>,
    /// The sub-account that it lies in.
    pub parent: Option<Name>,
}

/// What a `members_of` document adds to a tenant.
#[derive(Debug)]
pub struct MembersDoc {
    /// The tenant.
    pub tenant: Name,
    /// Entries.
    pub members: Vec<EntryDoc>,
    /// Teams.
    pub teams: Vec<(Name, Vec<Name>)>,
    /// Delegations.
    pub delegations: Vec<DelegationDoc>,
}

/// Records of one type that an entry is assigned to.
pub type AssignedDoc = (Name, Vec<Name>);

/// One entry of a member. There are as many as a folder has members: what few of them say is boxed.
#[derive(Debug)]
pub struct EntryDoc {
    /// The whole entry.
    pub span: Span,
    /// The account; none if it could not be read.
    pub account: Option<Name>,
    /// The role; none if it could not be read.
    pub role: Option<Name>,
    /// Where `sub_accounts` was written, and what it names.
    pub sub_accounts: Option<Spanned<Vec<Name>>>,
    /// Whether `sub_accounts` was written as an empty list.
    pub no_sub_accounts: bool,
    /// Where `teams` was written, and what it names.
    pub teams: Option<Box<Spanned<Vec<Name>>>>,
    /// Where `assigned` was written, and the records by type.
    pub assigned: Option<Box<Spanned<Vec<AssignedDoc>>>>,
    /// The partner tenant that a guest comes from.
    pub guest_of: Option<Box<Name>>,
    /// Whether it grants anything.
    pub status: Status,
    /// Milliseconds since 1970 from which it counts for nothing.
    pub expires: Option<Spanned<i64>>,
}

pub(super) fn decode(decoder: &mut Decoder<'_>, node: &Node) -> Option<TenantDoc> {
    let fields = decoder.table(node, "a tenant", keys::TENANT)?;
    refuse_later(decoder, &fields);
    if let Some(name) = fields.get("name") {
        decoder.text(name, "`name`");
    }
    let id = decoder.id(fields.get("tenant")?, "a tenant's id", Alphabet::Id);
    let document = TenantDoc {
        application: fields
            .get("application")
            .and_then(|node| decoder.id(node, "`application`", Alphabet::Id)),
        sub_accounts: sub_accounts(decoder, fields.get("sub_accounts")),
        teams: teams(decoder, fields.get("teams")),
        partners: fields
            .get("partners")
            .map(|node| decoder.ids(node, "`partners`", Alphabet::Id))
            .unwrap_or_default(),
        roles: role::roles(decoder, fields.get("roles")),
        deny: role::denies(decoder, fields.get("deny")),
        records: records(decoder, fields.get("records")),
        members: members(decoder, &fields),
        members_key: key_span(&fields, "members"),
        teams_key: key_span(&fields, "teams"),
        delegations: delegations(decoder, &fields),
        delegations_key: key_span(&fields, "delegations"),
        id: id?,
    };
    Some(document)
}

pub(super) fn decode_members(decoder: &mut Decoder<'_>, node: &Node) -> Option<MembersDoc> {
    let fields = decoder.table(node, "a `members_of` document", keys::MEMBERS)?;
    refuse_later(decoder, &fields);
    let tenant = decoder.id(fields.get("members_of")?, "`members_of`", Alphabet::Id);
    let members = members(decoder, &fields);
    let teams = teams(decoder, fields.get("teams"));
    let delegations = delegations(decoder, &fields);
    Some(MembersDoc {
        tenant: tenant?,
        members,
        teams,
        delegations,
    })
}

fn sub_accounts(decoder: &mut Decoder<'_>, node: Option<&Node>) -> Vec<(Name, SubAccountDoc)> {
    let Some(node) = node else { return Vec::new() };
    let (entries, _) = decoder.entries_of(
        node,
        "`sub_accounts`",
        Alphabet::Id,
        "a sub-account's id",
        keys::SUB_ACCOUNT,
    );
    entries
        .into_iter()
        .map(|(name, node)| (name, sub_account(decoder, node)))
        .collect()
}

fn sub_account(decoder: &mut Decoder<'_>, node: &Node) -> SubAccountDoc {
    if node.is_null() {
        return SubAccountDoc::default();
    }
    let Some(fields) = decoder.table(node, "a sub-account", keys::SUB_ACCOUNT) else {
        return SubAccountDoc::default();
    };
    SubAccountDoc {
        name: fields
            .get("name")
            .and_then(|node| decoder.text(node, "`name`")),
        parent: fields
            .get("parent")
            .and_then(|node| decoder.id(node, "`parent`", Alphabet::Id)),
    }
}

fn teams(decoder: &mut Decoder<'_>, node: Option<&Node>) -> Vec<(Name, Vec<Name>)> {
    let Some(node) = node else { return Vec::new() };
    decoder
        .entries(node, "`teams`", Alphabet::Id, "a team's id")
        .into_iter()
        .map(|(name, node)| (name, decoder.ids(node, "a team", Alphabet::Account)))
        .collect()
}

fn records(decoder: &mut Decoder<'_>, node: Option<&Node>) -> Vec<(Name, Vec<(Name, Node)>)> {
    let Some(node) = node else { return Vec::new() };
    let types = decoder.entries(node, "`records`", Alphabet::Type, "a resource type");
    types
        .into_iter()
        .map(|(kind, node)| {
            let records = decoder
                .entries(
                    node,
                    "records of a type",
                    Alphabet::Account,
                    "a record's id",
                )
                .into_iter()
                .map(|(id, node)| (id, node.clone()))
                .collect();
            (kind, records)
        })
        .collect()
}

fn members(decoder: &mut Decoder<'_>, fields: &Fields<'_>) -> Vec<EntryDoc> {
    let items = fields
        .get("members")
        .and_then(|node| decoder.list(node, "`members`"))
        .unwrap_or_default();
    let entries = items.iter();
    let mut entries: Vec<EntryDoc> = entries.filter_map(|node| entry(decoder, node)).collect();
    entries.shrink_to_fit();
    entries
}

const STATUSES: [(&str, Status); 3] = [
    ("active", Status::Active),
    ("invited", Status::Invited),
    ("suspended", Status::Suspended),
];

fn entry(decoder: &mut Decoder<'_>, node: &Node) -> Option<EntryDoc> {
    let fields = decoder.table(node, "a member entry", keys::ENTRY)?;
    Some(EntryDoc {
        span: fields.span(),
        account: fields
            .get("account")
            .and_then(|node| decoder.id(node, "`account`", Alphabet::Account)),
        role: fields
            .get("role")
            .and_then(|node| decoder.id(node, "`role`", Alphabet::Id)),
        sub_accounts: entry_ids(decoder, &fields, "sub_accounts"),
        no_sub_accounts: fields
            .get("sub_accounts")
            .is_some_and(|node| matches!(&node.value, Value::List(items) if items.is_empty())),
        teams: entry_ids(decoder, &fields, "teams").map(Box::new),
        assigned: fields
            .get("assigned")
            .map(|node| Box::new(Spanned::new(assigned(decoder, node), node.span))),
        guest_of: fields
            .get("guest_of")
            .and_then(|node| decoder.id(node, "`guest_of`", Alphabet::Id))
            .map(Box::new),
        // A status that cannot be read grants nothing.
        status: match fields.get("status") {
            None => Status::Active,
            Some(node) => decoder
                .choice(node, "`status`", &STATUSES)
                .unwrap_or(Status::Suspended),
        },
        expires: fields
            .get("expires")
            .and_then(|node| moment(decoder, node, "`expires`")),
    })
}

fn key_span(fields: &Fields<'_>, key: &str) -> Option<Span> {
    fields.pair(key).map(|(key, _)| key.span)
}

fn delegations(decoder: &mut Decoder<'_>, fields: &Fields<'_>) -> Vec<DelegationDoc> {
    let items = fields
        .get("delegations")
        .and_then(|node| decoder.list(node, "`delegations`"))
        .unwrap_or_default();
    items
        .iter()
        .filter_map(|node| delegation(decoder, node))
        .collect()
}

fn delegation(decoder: &mut Decoder<'_>, node: &Node) -> Option<DelegationDoc> {
    let fields = decoder.table(node, "a delegation", keys::DELEGATION)?;
    let mut account = |key: &str| {
        let node = fields.get(key)?;
        decoder.id(node, &format!("`{key}`"), Alphabet::Account)
    };
    let (from, to) = (account("from"), account("to"));
    let allow = fields
        .get("allow")
        .and_then(|node| decoder.list_of_some(node, "`allow`"))
        .unwrap_or_default();
    if let Some(reason) = fields.get("reason") {
        decoder.text(reason, "`reason`");
    }
    Some(DelegationDoc {
        span: fields.span(),
        from,
        to,
        allow: allow
            .iter()
            .filter_map(|node| role::delegated(decoder, node))
            .collect(),
        expires: fields
            .get("expires")
            .and_then(|node| moment(decoder, node, "`expires`")),
    })
}

fn entry_ids(
    decoder: &mut Decoder<'_>,
    fields: &Fields<'_>,
    key: &str,
) -> Option<Spanned<Vec<Name>>> {
    let node = fields.get(key)?;
    let what = format!("`{key}`");
    let ids = decoder.ids(node, &what, Alphabet::Id);
    Some(Spanned::new(ids, node.span))
}

fn assigned(decoder: &mut Decoder<'_>, node: &Node) -> Vec<(Name, Vec<Name>)> {
    decoder
        .entries(node, "`assigned`", Alphabet::Type, "a resource type")
        .into_iter()
        .map(|(kind, node)| {
            let ids = decoder.ids(node, "assigned records", Alphabet::Account);
            (kind, ids)
        })
        .collect()
}

/// A date (through its end, UTC) or an RFC 3339 instant.
pub(super) fn moment(decoder: &mut Decoder<'_>, node: &Node, what: &str) -> Option<Spanned<i64>> {
    let Some(scalar) = node.scalar() else {
        decoder.wrong_type(node, what, "a date or an instant");
        return None;
    };
    let millis = match scalar.kind {
        ScalarKind::Text => time::end_of_date(&scalar.text).or_else(|| time::instant(&scalar.text)),
        _ => None,
    };
    if millis.is_none() {
        decoder
            .diagnostics
            .report(
                Code::InvalidTime,
                node.span,
                time::refusal(what, &scalar.text),
            )
            .help(time::advice(&scalar.text).unwrap_or(
                "write a date (`2026-12-31`) or an instant with its zone (`2026-12-31T18:00:00Z`)",
            ));
    }
    Some(Spanned::new(millis?, node.span))
}
