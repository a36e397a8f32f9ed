//! Searches: a question with one part left open (section 8).

use std::borrow::Cow;

use super::page::Page;
use super::{Malformed, parts, read_object, utf8};
use crate::search::{Search, Sought};
use crate::snapshot::{Action, Question};
use crate::value::Members;

/// A search and the part of its results that is asked for.
#[derive(Debug)]
pub struct SearchRequest<'a> {
    /// What is searched.
    pub search: Search<'a>,
    /// Which part of the results; without it, all of them.
    pub page: Option<Page>,
}

/// Reads the body of a search.
///
/// # Errors
/// When the body is no JSON object, a required member is missing, one is of the wrong type, or the page's token belongs
/// to another search.
pub fn read_search(body: &[u8], sought: Sought) -> Result<SearchRequest<'_>, Malformed> {
    let mut members = read_object(utf8(body)?)?;
    let search = Search {
        question: question(&mut members, sought)?,
        sought,
    };
    let page = parts::object(members.take("page"), "page")?;
    let page = page.map(|page| Page::read(page, &search)).transpose()?;
    Ok(SearchRequest { search, page })
}

fn question<'a>(members: &mut Members<'a>, sought: Sought) -> Result<Question<'a>, Malformed> {
    let subject = members.take("subject");
    let resource = members.take("resource");
    Ok(Question {
        subject: match sought {
            Sought::Subjects => parts::sought(subject, "subject")?,
            _ => parts::entity(subject, "subject")?,
        }
        .into(),
        action: match sought {
            // An action that is sent all the same is ignored (section 8.6).
            Sought::Actions => Action {
                name: Cow::Borrowed(""),
                properties: Members::default().into(),
            },
            _ => parts::action(members.take("action"))?,
        }
        .into(),
        resource: match sought {
            Sought::Resources => parts::sought(resource, "resource")?,
            _ => parts::entity(resource, "resource")?,
        }
        .into(),
        context: parts::context(members.take("context"))?.into(),
    })
}
