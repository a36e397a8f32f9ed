//! Sends a row to the real program over a socket of its own, and holds the answer against what must come.

use serde_json::Value;

use super::row::{Expect, Page, Row};
use crate::support::{Answer, Client, Sidecar};

const REQUEST_ID: &str = "conformance row 7/\u{2764}";
const PAGES_MAX: usize = 100;

/// What is wrong with an answer: both sides.
pub(super) type Mismatch = String;

/// Asks the row's question in each way that it names, and as often as it says, and checks each answer.
pub(super) fn check(sidecar: &Sidecar, row: &Row) -> Result<(), Mismatch> {
    row.attempts()
        .iter()
        .try_for_each(|row| check_attempt(sidecar, row))
}

fn check_attempt(sidecar: &Sidecar, row: &Row) -> Result<(), Mismatch> {
    let answer = ask(sidecar, row);
    check_answer(row, &answer)?;
    if row.expect.follow_next_token {
        return check_results(&row.expect, &all_pages(sidecar, row)?, None);
    }
    check_results_of(&row.expect, &answer)?;
    for _ in 1..row.expect.repeat {
        let again = ask(sidecar, row);
        equal("the same question again", &answer.body, &again.body)?;
    }
    Ok(())
}

/// Sends a row's request as it is.
pub(super) fn ask(sidecar: &Sidecar, row: &Row) -> Answer {
    send(sidecar, row, &body(row))
}

/// Sends a row's request with another body.
pub(super) fn ask_with(sidecar: &Sidecar, row: &Row, body: &Value) -> Answer {
    send(sidecar, row, body.to_string().as_bytes())
}

fn send(sidecar: &Sidecar, row: &Row, body: &[u8]) -> Answer {
    let mut client = Client::connect(sidecar.decision);
    client.send(&[head(row, body.len()).as_bytes(), body].concat());
    client.receive()
}

fn head(row: &Row, length: usize) -> String {
    let method = row.request.method.as_deref().unwrap_or("POST");
    let mut head = format!(
        "{method} {} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n",
        row.path
    );
    if let Some(kind) = &row.request.content_type {
        head.push_str(&format!("Content-Type: {kind}\r\n"));
    }
    if row.request.send_x_request_id {
        head.push_str(&format!("X-Request-ID: {REQUEST_ID}\r\n"));
    }
    for (name, value) in &row.request.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    head
}

fn body(row: &Row) -> Vec<u8> {
    let request = &row.request;
    if let Some(text) = &request.latin1_body {
        return text.chars().map(|c| u8::try_from(c).unwrap()).collect();
    }
    match (&request.raw_body, row.body()) {
        (Some(text), _) => text.clone().into_bytes(),
        (None, Some(json)) => json.to_string().into_bytes(),
        (None, None) => Vec::new(),
    }
}

/// Everything but the results.
fn check_answer(row: &Row, answer: &Answer) -> Result<(), Mismatch> {
    let expect = &row.expect;
    check_status(expect, answer)?;
    check_headers(expect, answer)?;
    if answer.status != 200 {
        return Ok(());
    }
    let json = answer.json();
    if !json.is_object() {
        return Err(format!("no object: {}", answer.body));
    }
    if let Some(body) = &expect.body {
        equal("body", body, &answer.body)?;
    }
    if let Some(decision) = expect.decision {
        equal("decision", &Value::Bool(decision), &json["decision"])?;
    }
    if expect.no_evaluations_member && json.get("evaluations").is_some() {
        return Err(format!("has `evaluations`: {}", answer.body));
    }
    for pointer in &expect.objects {
        let is_object = json.pointer(pointer).is_some_and(Value::is_object);
        equal(&format!("object at {pointer}"), &true, &is_object)?;
    }
    if let Some(page) = &expect.page {
        check_page(page, answer, &json["page"])?;
    }
    check_batch(row, &json)
}

/// A page comes first in its answer, so that a reader of a stream knows early whether more follows.
fn check_page(expect: &Page, answer: &Answer, page: &Value) -> Result<(), Mismatch> {
    if !answer.body.starts_with("{\"page\":{") {
        return Err(format!("`page` is not the first member: {}", answer.body));
    }
    let token = page["next_token"].as_str();
    let more = token.map(|token| !token.is_empty());
    equal(
        "next_token says that more follows",
        &Some(expect.more),
        &more,
    )?;
    equal("count", &Some(expect.count), &page["count"].as_u64())?;
    equal("total", &Some(expect.total), &page["total"].as_u64())
}

fn check_status(expect: &Expect, answer: &Answer) -> Result<(), Mismatch> {
    let expected = match expect.status.as_slice() {
        [] => &[200],
        some => some,
    };
    if expected.contains(&answer.status) {
        return Ok(());
    }
    Err(format!(
        "status: expected {expected:?}, got {} {}",
        answer.status, answer.body
    ))
}

fn check_headers(expect: &Expect, answer: &Answer) -> Result<(), Mismatch> {
    if answer.status == 200 {
        let kind = answer.header("content-type");
        equal("content-type", &Some("application/json"), &kind)?;
    }
    if expect.echo_x_request_id {
        let id = answer.header("x-request-id");
        equal("x-request-id", &Some(REQUEST_ID), &id)?;
    }
    for (name, value) in &expect.headers {
        equal(name, &Some(value.as_str()), &answer.header(name))?;
    }
    Ok(())
}

fn check_batch(row: &Row, json: &Value) -> Result<(), Mismatch> {
    let Some(decisions) = &row.expect.decisions else {
        return Ok(());
    };
    if json.get("decision").is_some() {
        return Err(format!("`decision` beside `evaluations`: {json}"));
    }
    let items = json["evaluations"].as_array();
    let items = items.ok_or_else(|| format!("no `evaluations`: {json}"))?;
    let got: Vec<Option<bool>> = items.iter().map(|i| i["decision"].as_bool()).collect();
    let expected: Vec<Option<bool>> = decisions.iter().copied().map(Some).collect();
    equal("decisions", &expected, &got)?;
    if let Some(errors) = &row.expect.errors {
        check_errors(errors, items)?;
    }
    let asked = row.body().and_then(|body| body["evaluations"].as_array());
    let truncated = asked.is_some_and(|asked| items.len() < asked.len());
    equal(
        "truncated",
        &row.expect.response_truncated_at_trigger,
        &truncated,
    )
}

/// The items in `errors`, and no others, say in one line what was wrong with them.
fn check_errors(errors: &[usize], items: &[Value]) -> Result<(), Mismatch> {
    for (index, item) in items.iter().enumerate() {
        let error = item["context"]["error"].as_str();
        let is_line = error.is_some_and(|error| !error.is_empty() && !error.contains('\n'));
        let as_expected = match errors.contains(&index) {
            true => is_line,
            false => item.get("context").is_none(),
        };
        if !as_expected {
            return Err(format!(
                "errors: expected at {errors:?}, item {index} is {item}"
            ));
        }
    }
    Ok(())
}

fn check_results_of(expect: &Expect, answer: &Answer) -> Result<(), Mismatch> {
    if answer.status != 200 || (expect.results.is_none() && expect.results_include.is_none()) {
        return Ok(());
    }
    let json = answer.json();
    let results = json["results"].as_array();
    let results = results.ok_or_else(|| format!("no `results`: {json}"))?;
    check_results(expect, results, Some(&answer.body))
}

/// As the harness of the search scenario compares: each item as text, the members in their order, sorted.
fn check_results(expect: &Expect, got: &[Value], body: Option<&str>) -> Result<(), Mismatch> {
    let got = sorted(got);
    if let Some(results) = &expect.results {
        equal("results", &sorted(results), &got)?;
    }
    for item in expect
        .results_include
        .iter()
        .chain(&expect.results)
        .flatten()
    {
        let item = item.to_string();
        if !got.contains(&item) || body.is_some_and(|body| !body.contains(&item)) {
            return Err(format!("results: expected {item} among them, got {got:?}"));
        }
    }
    Ok(())
}

fn sorted(items: &[Value]) -> Vec<String> {
    let mut texts: Vec<String> = items.iter().map(Value::to_string).collect();
    texts.sort();
    texts
}

/// Follows `next_token` to the last page; each page must say of itself what is true.
pub(super) fn all_pages(sidecar: &Sidecar, row: &Row) -> Result<Vec<Value>, Mismatch> {
    let mut body = row.body().cloned().unwrap_or_default();
    let limit = body["page"]["limit"].as_u64();
    let limit = limit.and_then(|limit| usize::try_from(limit).ok());
    let mut all = Vec::new();
    for _ in 0..PAGES_MAX {
        let answer = ask_with(sidecar, row, &body);
        equal("status of a page", &200, &answer.status)?;
        let json = answer.json();
        let results = json["results"].as_array().cloned().unwrap_or_default();
        let count = json["page"]["count"].as_u64();
        equal("count", &Some(results.len() as u64), &count)?;
        if limit.is_some_and(|limit| limit > 0 && results.len() > limit) {
            return Err(format!("more than {limit:?} on a page: {json}"));
        }
        all.extend(results);
        match json["page"]["next_token"].as_str() {
            Some("") => return Ok(all),
            Some(token) => body["page"]["token"] = Value::from(token),
            None => return Err(format!("no `next_token`: {json}")),
        }
    }
    Err(format!("no end after {PAGES_MAX} pages"))
}

pub(super) fn equal<T: PartialEq + std::fmt::Debug>(
    what: &str,
    expected: &T,
    got: &T,
) -> Result<(), Mismatch> {
    if expected == got {
        return Ok(());
    }
    Err(format!("{what}: expected {expected:?}, got {got:?}"))
}
