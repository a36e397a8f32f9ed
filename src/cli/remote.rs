//! Asking a running sidecar over HTTP, as an application would.

use std::fmt::Write as _;
use std::io::{self, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use hyper::Uri;
use serde_json::{Map, Value, json};

use crate::snapshot::Question;
use crate::value::{Json, Members};

/// How long a sidecar may take for each step.
const PATIENCE: Duration = Duration::from_secs(5);
/// Most of an answer that is read.
const ANSWER_BYTES_MAX: u64 = 1 << 20;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum RemoteError {
    /// Not `http://HOST[:PORT]`.
    #[error(
        "the URL must be http://HOST[:PORT]; for a listener with TLS or a Unix socket use curl"
    )]
    Url,
    /// Nobody there, or too slow.
    #[error("no sidecar answers at {0}: {1}")]
    Io(String, io::Error),
    /// Something that is no sidecar, or one that refuses.
    #[error("the sidecar at {0} answers: {1}")]
    Refused(String, String),
}

/// What a sidecar answered.
pub(super) struct Answer {
    pub(super) decision: bool,
    pub(super) whole: Value,
}

impl Answer {
    /// As `ask` prints what it decides itself.
    pub(super) fn human(&self) -> String {
        let word = if self.decision { "allow" } else { "deny" };
        let context = self.whole.get("context");
        let text = |key: &str| {
            context
                .and_then(|context| context.get(key)?.as_str())
                .unwrap_or_default()
        };
        let list = |key: &str| {
            let list = context.and_then(|context| context.get(key)?.as_array());
            list.into_iter().flatten()
        };
        let mut shown = match text("reason") {
            "" => format!("{word}\n"),
            reason => format!("{word} ({reason})\n  {}\n", text("reason_admin")),
        };
        for rule in list("determining") {
            let part = |key: &str| rule.get(key).and_then(Value::as_str).unwrap_or_default();
            let _ = writeln!(shown, "  by {} at {}", part("policy"), part("source"));
        }
        for change in list("would_allow").filter_map(Value::as_str) {
            let _ = writeln!(shown, "  would allow: {change}");
        }
        // What another machine sends is shown, not obeyed.
        shown.retain(|c| c == '\n' || !c.is_control());
        shown
    }
}

/// The body of the request.
pub(super) fn body(question: &Question<'_>) -> Value {
    json!({
        "subject": {
            "type": question.subject.kind,
            "id": question.subject.id,
            "properties": object(&question.subject.properties),
        },
        "action": {"name": question.action.name, "properties": object(&question.action.properties)},
        "resource": {
            "type": question.resource.kind,
            "id": question.resource.id,
            "properties": object(&question.resource.properties),
        },
        "context": object(&question.context),
    })
}

fn object(members: &Members<'_>) -> Value {
    let pairs = members
        .iter()
        .map(|(name, value)| (name.to_owned(), to_value(value)));
    Value::Object(pairs.collect::<Map<_, _>>())
}

fn to_value(json: &Json<'_>) -> Value {
    match json {
        Json::Bool(flag) => Value::from(*flag),
        Json::Integer(number) => Value::from(*number),
        Json::Text(text) => Value::from(&**text),
        Json::List(items) => items.iter().map(to_value).collect(),
        Json::Object(members) => object(members),
        _ => Value::Null,
    }
}

/// Asks one question, and for its explanation.
pub(super) fn ask(url: &Uri, token: Option<&str>, body: &Value) -> Result<Answer, RemoteError> {
    let authority = url
        .authority()
        .filter(|_| url.scheme_str().is_none_or(|scheme| scheme == "http"))
        .ok_or(RemoteError::Url)?;
    if !matches!(url.path(), "" | "/") {
        return Err(RemoteError::Url);
    }
    let failed = |error| RemoteError::Io(authority.to_string(), error);
    let refused = |why: &str| RemoteError::Refused(authority.to_string(), why.to_owned());
    if token.is_some_and(|token| token.chars().any(|c| c.is_control() || c == ' ')) {
        return Err(refused(
            "nothing: a token has neither spaces nor control characters",
        ));
    }
    let token = token.map_or(String::new(), |token| {
        format!("Authorization: Bearer {token}\r\n")
    });
    let body = body.to_string();
    let request = format!(
        "POST /access/v1/evaluation HTTP/1.1\r\nHost: {authority}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n{token}Octroi-Explain: true\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let host = authority.host().trim_matches(['[', ']']);
    let mut stream = connect(host, authority.port_u16().unwrap_or(80)).map_err(failed)?;
    stream.write_all(request.as_bytes()).map_err(failed)?;
    let mut answer = Vec::new();
    stream
        .take(ANSWER_BYTES_MAX)
        .read_to_end(&mut answer)
        .map_err(failed)?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .ok_or_else(|| refused("no HTTP"))?;
    let status = head.lines().next().unwrap_or_default();
    let whole: Option<Value> = serde_json::from_str(body).ok();
    if status.split(' ').nth(1) != Some("200") {
        let error = whole
            .as_ref()
            .and_then(|whole| whole.get("error")?.as_str());
        let mut why = format!("{status} {}", error.unwrap_or_default());
        why.retain(|c| !c.is_control());
        return Err(refused(why.trim_end()));
    }
    let whole = whole.ok_or_else(|| refused("no JSON"))?;
    let decision = whole.get("decision").and_then(Value::as_bool);
    let decision = decision.ok_or_else(|| refused("no decision"))?;
    Ok(Answer { decision, whole })
}

fn connect(host: &str, port: u16) -> io::Result<TcpStream> {
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(stream) => {
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_write_timeout(Some(PATIENCE))?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}
