//! `POST /access/v1/search/{subject,resource,action}`: what completes a question to an allow (AuthZEN, Authorization API
//! 1.0, section 8).

use std::collections::BTreeMap;

use serde::Serialize;

use super::Refusal;
use super::answerer::{Answerer, ok};
use super::reply::Reply;
use crate::authzen::{Page, SearchRequest, next_token, read_search};
use crate::search::{Found, Range, Search, Sought};

/// The page comes first, so that a reader that streams knows early (section 8.3).
#[derive(Serialize)]
struct Answer<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<PageAnswer>,
    results: Vec<Item<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<Context<'a>>,
}

#[derive(Serialize)]
struct PageAnswer {
    next_token: String,
    count: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<usize>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Item<'a> {
    Entity {
        #[serde(rename = "type")]
        kind: &'a str,
        id: &'a str,
    },
    Action {
        name: &'a str,
    },
}

#[derive(Serialize)]
struct Context<'a> {
    /// Which accounts enter, by tenant.
    accounts: BTreeMap<&'a str, &'a [String]>,
}

/// Searches as a body asks.
pub(super) fn answer(
    answerer: &Answerer<'_>,
    sought: Sought,
    body: &[u8],
) -> Result<Reply, Refusal> {
    let SearchRequest { search, page } = read_search(body, sought)?;
    let snapshot = &answerer.published.snapshot;
    let found = search.run(snapshot, answerer.now_ms, range(page.as_ref()));
    ok(&Answer {
        page: page.map(|page| page_answer(&page, &search, &found)),
        results: found.results.iter().map(|id| item(&search, id)).collect(),
        context: found.accounts.as_ref().map(|accounts| Context {
            accounts: accounts
                .iter()
                .map(|(tenant, by)| (*tenant, by.as_slice()))
                .collect(),
        }),
    })
}

/// Only the first page says how many results there are: counting them means looking at every candidate.
fn range(page: Option<&Page>) -> Range<'_> {
    page.map_or_else(Range::default, |page| Range {
        after: page.after.as_deref(),
        limit: page.limit,
        counted: page.after.is_none(),
    })
}

fn page_answer(page: &Page, search: &Search<'_>, found: &Found<'_>) -> PageAnswer {
    let last = found.results.last().filter(|_| found.more);
    let next = last.zip(page.limit);
    PageAnswer {
        next_token: next.map_or_else(String::new, |(last, limit)| next_token(search, limit, last)),
        count: found.results.len(),
        total: found.total,
    }
}

fn item<'a>(search: &'a Search<'_>, found: &'a str) -> Item<'a> {
    let question = &search.question;
    match search.sought {
        Sought::Subjects => Item::Entity {
            kind: &question.subject.kind,
            id: found,
        },
        Sought::Resources => Item::Entity {
            kind: &question.resource.kind,
            id: found,
        },
        Sought::Actions => Item::Action { name: found },
    }
}
