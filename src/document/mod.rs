//! What one YAML document says, as it was written: shapes are checked, names are not resolved yet.
//!
//! [`read`] turns the files of a [`Sources`] into [`Documents`]. Whatever has the wrong shape is reported and left
//! out, so that the stages after it see only well-formed values and report only what is new.

mod accounts;
mod align;
mod application;
mod compose;
mod decode;
mod json_schema;
pub mod keys;
mod node;
mod role;
mod slips;
mod tenant;
mod tests;
mod time;
mod value;

use std::sync::Arc;

pub use accounts::{AccountDoc, AccountsDoc};
pub use align::offsets;
pub use application::{AccountRulesDoc, ApplicationDoc, ResourceTypeDoc};
pub use decode::{is_account_or_record_id, is_id};
pub use json_schema::json_schema;
pub use node::{Node, Scalar, ScalarKind, Value};
pub use role::{DenyDoc, GrantDoc, RoleDoc};
pub use tenant::{AssignedDoc, DelegationDoc, EntryDoc, MembersDoc, SubAccountDoc, TenantDoc};
pub use tests::{CaseDoc, ExpectedDoc, TestsDoc};
pub use time::{end_of_date, instant, is_within_years, start_of_date, to_text};

use crate::diagnostic::{Code, Diagnostics};
use crate::parallel;
use crate::source::{SourceFile, SourceId, Sources, Span, Spanned};
use decode::Decoder;

/// A name or text, and where it was written.
pub type Name = Spanned<Arc<str>>;

/// A condition as it was written.
#[derive(Debug, Clone)]
pub struct ConditionText {
    /// The Cedar expression, after YAML's folding and unescaping.
    pub text: Arc<str>,
    /// Where its characters stand in the file, quotes and indicators included.
    pub defined: Span,
}

/// How far a grant reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// The whole tenant.
    Tenant,
    /// The entry's sub-accounts and those below them.
    SubAccount,
    /// The entry's teams.
    Team,
    /// The records that the entry is assigned to.
    Assigned,
    /// What the member owns.
    Own,
}

impl Scope {
    /// Every scope with its name in the YAML.
    pub const ALL: [(&'static str, Scope); 5] = [
        ("tenant", Self::Tenant),
        ("sub_account", Self::SubAccount),
        ("team", Self::Team),
        ("assigned", Self::Assigned),
        ("own", Self::Own),
    ];

    /// Its name in the YAML.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::SubAccount => "sub_account",
            Self::Team => "team",
            Self::Assigned => "assigned",
            Self::Own => "own",
        }
    }
}

/// The type of an attribute; Cedar's types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AttributeType {
    /// Text.
    String,
    /// A 64-bit integer.
    Long,
    /// True or false.
    Bool,
    /// A moment, in milliseconds.
    Datetime,
    /// A decimal number with four digits after the point.
    Decimal,
    /// An IP address or range.
    Ipaddr,
    /// A set of texts.
    StringSet,
    /// A set of integers.
    LongSet,
}

impl AttributeType {
    /// Every type with its name in the YAML, which is Cedar's.
    pub const ALL: [(&'static str, AttributeType); 8] = [
        ("String", Self::String),
        ("Long", Self::Long),
        ("Bool", Self::Bool),
        ("datetime", Self::Datetime),
        ("decimal", Self::Decimal),
        ("ipaddr", Self::Ipaddr),
        ("Set<String>", Self::StringSet),
        ("Set<Long>", Self::LongSet),
    ];

    /// Its name in the YAML and in Cedar.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::String => "String",
            Self::Long => "Long",
            Self::Bool => "Bool",
            Self::Datetime => "datetime",
            Self::Decimal => "decimal",
            Self::Ipaddr => "ipaddr",
            Self::StringSet => "Set<String>",
            Self::LongSet => "Set<Long>",
        }
    }
}

/// Whether an entry grants anything, as far as the files say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// It counts.
    Active,
    /// The invitation has not been accepted.
    Invited,
    /// It is switched off.
    Suspended,
}

/// The documents of a folder, by kind, in the order of files and of documents in them.
#[derive(Debug, Default)]
pub struct Documents {
    /// `application` documents.
    pub applications: Vec<ApplicationDoc>,
    /// `tenant` documents.
    pub tenants: Vec<TenantDoc>,
    /// `members_of` documents.
    pub members: Vec<MembersDoc>,
    /// `accounts_of` documents.
    pub accounts: Vec<AccountsDoc>,
    /// `tests` documents.
    pub tests: Vec<TestsDoc>,
    /// Files of raw Cedar.
    pub cedar: Vec<SourceId>,
}

/// Files that one thread takes at a time.
const FILES_AT_ONCE: usize = 32;

/// Reads every document of every file, on as many threads as there are cores; what is found is in the order of files,
/// however many there are.
pub fn read(sources: &Sources, diagnostics: &mut Diagnostics) -> Documents {
    let files: Vec<(SourceId, &SourceFile)> = sources.files().collect();
    read_all(&files, diagnostics)
}

/// Reads every document of some files.
pub fn read_some(
    sources: &Sources,
    files: &[SourceId],
    diagnostics: &mut Diagnostics,
) -> Documents {
    let files = files.iter().filter_map(|id| Some((*id, sources.get(*id)?)));
    read_all(&files.collect::<Vec<_>>(), diagnostics)
}

fn read_all(files: &[(SourceId, &SourceFile)], diagnostics: &mut Diagnostics) -> Documents {
    let mut documents = Documents::default();
    for (found, more) in parallel::map(files, FILES_AT_ONCE, read_files) {
        documents.extend(found);
        diagnostics.extend(more);
    }
    documents
}

fn read_files(files: &[(SourceId, &SourceFile)]) -> (Documents, Diagnostics) {
    let (mut documents, mut diagnostics) = (Documents::default(), Diagnostics::default());
    for (id, file) in files {
        read_file(*id, file, &mut diagnostics, &mut documents);
    }
    (documents, diagnostics)
}

fn read_file(
    id: SourceId,
    file: &SourceFile,
    diagnostics: &mut Diagnostics,
    documents: &mut Documents,
) {
    if let Some(problem) = file.problem() {
        let span = Span {
            source: id,
            start: 0,
            end: 0,
        };
        diagnostics
            .report(Code::Unreadable, span, problem)
            .help("mend the file, or take it out of the folder");
        return;
    }
    if !file.is_yaml() {
        documents.cedar.push(id);
        return;
    }
    for node in compose::compose(id, file, diagnostics) {
        if !node.is_null() {
            document(&node, diagnostics, documents);
        }
    }
}

impl Documents {
    /// Adds what later files hold.
    fn extend(&mut self, more: Self) {
        self.applications.extend(more.applications);
        self.tenants.extend(more.tenants);
        self.members.extend(more.members);
        self.accounts.extend(more.accounts);
        self.tests.extend(more.tests);
        self.cedar.extend(more.cedar);
    }
}

fn document(node: &Node, diagnostics: &mut Diagnostics, documents: &mut Documents) {
    let mut decoder = Decoder { diagnostics };
    let Some(pairs) = decoder.mapping(node, "a document") else {
        if let Some(last) = decoder.diagnostics.last_mut() {
            last.code = Code::UnknownDocument;
        }
        return;
    };
    let first = pairs.first().map(|(key, _)| key);
    let kind = first.and_then(Node::scalar).map(|scalar| &*scalar.text);
    match kind {
        Some("application") => documents
            .applications
            .extend(application::decode(&mut decoder, node)),
        Some("tenant") => documents.tenants.extend(tenant::decode(&mut decoder, node)),
        Some("members_of") => documents
            .members
            .extend(tenant::decode_members(&mut decoder, node)),
        Some("accounts_of") => documents
            .accounts
            .extend(accounts::decode(&mut decoder, node)),
        Some("tests") => documents.tests.extend(tests::decode(&mut decoder, node)),
        other => {
            let known = keys::DOCUMENTS.iter().map(|(name, _, _)| *name);
            let place = first.map_or(node.span, |key| key.span);
            let written = other.unwrap_or_default();
            let message = format!(
                "the first key of a document says what it is, and `{}` is none of those that do",
                written.escape_debug()
            );
            decoder
                .diagnostics
                .report(Code::UnknownDocument, place, message)
                .suggest_word(written, known);
        }
    }
}
