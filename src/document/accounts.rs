//! An `accounts_of` document as it was written.

use super::decode::{Alphabet, Decoder};
use super::node::Node;
use super::{Name, keys};
use crate::source::Span;

/// Accounts of an application.
#[derive(Debug)]
pub struct AccountsDoc {
    /// The application.
    pub application: Name,
    /// The accounts, in the order written.
    pub accounts: Vec<(Name, AccountDoc)>,
}

/// One account.
#[derive(Debug)]
pub struct AccountDoc {
    /// The whole mapping.
    pub span: Span,
    /// Its fields by name; which are known, and of which type, the application says.
    pub fields: Vec<(Name, Node)>,
}

pub(super) fn decode(decoder: &mut Decoder<'_>, node: &Node) -> Option<AccountsDoc> {
    let fields = decoder.table(node, "an `accounts_of` document", keys::ACCOUNTS_OF)?;
    let application = decoder.id(fields.get("accounts_of")?, "`accounts_of`", Alphabet::Id);
    let accounts = match fields.get("accounts") {
        Some(node) => decoder.entries(node, "`accounts`", Alphabet::Account, "an account's id"),
        None => Vec::new(),
    };
    let accounts = accounts
        .into_iter()
        .map(|(id, node)| (id, account(decoder, node)))
        .collect();
    Some(AccountsDoc {
        application: application?,
        accounts,
    })
}

fn account(decoder: &mut Decoder<'_>, node: &Node) -> AccountDoc {
    let fields = if node.is_null() {
        Vec::new()
    } else {
        decoder
            .entries(node, "an account", Alphabet::Attribute, "a field's name")
            .into_iter()
            .map(|(name, node)| (name, node.clone()))
            .collect()
    };
    AccountDoc {
        span: node.span,
        fields,
    }
}
