//! The JSON Schema in the language server that editors start: what it completes, what it explains, which mistakes it
//! flags. The real server, over its own protocol.

use std::io::{BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use serde_json::{Value, json};

use super::support::node_program;

const PATIENCE: Duration = Duration::from_secs(60);

/// A language server with the schema for every YAML file.
struct Server {
    child: Child,
    stdin: ChildStdin,
    messages: Receiver<Value>,
    asked: u64,
}

impl Server {
    fn start(program: &Path) -> Self {
        let mut child = Command::new(program)
            .arg("--stdio")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let (sender, messages) = mpsc::channel();
        let stdout = child.stdout.take().unwrap();
        std::thread::spawn(move || {
            let mut reader = BufReader::new(stdout);
            while let Some(message) = read(&mut reader) {
                let _ = sender.send(message);
            }
        });
        let stdin = child.stdin.take().unwrap();
        let mut server = Self {
            child,
            stdin,
            messages,
            asked: 0,
        };
        let capabilities = json!({"textDocument": {
            "hover": {"contentFormat": ["markdown"]},
            "completion": {"completionItem": {"documentationFormat": ["markdown"]}},
        }});
        server.ask(
            "initialize",
            json!({"processId": null, "rootUri": null, "capabilities": capabilities}),
        );
        server.tell("initialized", json!({}));
        server.tell(
            "workspace/didChangeConfiguration",
            json!({"settings": {"yaml": settings()}}),
        );
        // The server asks for its settings when it pleases: until it has them, it flags nothing.
        let uri = uri("slip");
        let first = server.flagged(&uri, "application: a\nslip: x\n");
        if first.is_empty() {
            server
                .await_message(|message| flags_of(message, &uri).is_some_and(|it| !it.is_empty()));
        }
        server
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        write!(self.stdin, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
        self.stdin.flush().unwrap();
    }

    fn tell(&mut self, method: &str, params: Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.asked += 1;
        let id = self.asked;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        self.await_message(|message| message["id"] == id && message["method"].is_null())["result"]
            .clone()
    }

    /// The next message that is awaited; what the server asks meanwhile is answered with nothing.
    fn await_message(&mut self, is_awaited: impl Fn(&Value) -> bool) -> Value {
        loop {
            let message = self.messages.recv_timeout(PATIENCE).expect("an answer");
            if is_awaited(&message) {
                return message;
            }
            if message["method"].is_string() && !message["id"].is_null() {
                let result = match message["method"] == "workspace/configuration" {
                    true => json!([settings(), null, null, null]),
                    false => Value::Null,
                };
                self.send(&json!({"jsonrpc": "2.0", "id": message["id"], "result": result}));
            }
        }
    }

    /// Opens a file and returns what is flagged in it, as line (from 1) and message.
    fn flagged(&mut self, uri: &str, text: &str) -> Vec<(u64, String)> {
        let document = json!({"uri": uri, "languageId": "yaml", "version": 1, "text": text});
        self.tell("textDocument/didOpen", json!({"textDocument": document}));
        let published = self.await_message(|message| flags_of(message, uri).is_some());
        let flags = flags_of(&published, uri).into_iter().flatten();
        flags
            .map(|flag| {
                let line = flag["range"]["start"]["line"].as_u64().unwrap() + 1;
                (line, flag["message"].as_str().unwrap().to_owned())
            })
            .collect()
    }

    fn at(&mut self, method: &str, uri: &str, line: u64, character: u64) -> Value {
        self.ask(
            method,
            json!({"textDocument": {"uri": uri}, "position": {"line": line, "character": character}}),
        )
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What is published of a file, if a message is about that.
fn flags_of<'m>(message: &'m Value, uri: &str) -> Option<&'m Vec<Value>> {
    let is_about =
        message["method"] == "textDocument/publishDiagnostics" && message["params"]["uri"] == uri;
    is_about.then(|| message["params"]["diagnostics"].as_array())?
}

/// Our schema for every YAML file, and no other from anywhere.
fn settings() -> Value {
    let schema = root().join("schemas/policy.schema.json");
    json!({
        "validate": true, "hover": true, "completion": true,
        "schemaStore": {"enable": false},
        "schemas": {format!("file://{}", schema.display()): ["*.yaml"]},
    })
}

fn read(reader: &mut impl std::io::BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.parse().ok()?;
            }
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

fn shipped(path: &str) -> String {
    std::fs::read_to_string(root().join("policies").join(path)).unwrap()
}

fn uri(name: &str) -> String {
    format!("file:///work/{name}.yaml")
}

/// Every YAML file below a folder.
fn yaml_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => yaml_files(&path, files),
            false => files.push(path),
        }
    }
}

/// A shipped file, what a slip makes of it, and what the server says at which line.
const SLIPS: &[(&str, &str, &str, &str)] = &[
    (
        "chat-console/application.yaml",
        "    scope: sub_account",
        "    scoep: sub_account",
        "scoep",
    ),
    (
        "chat-console/application.yaml",
        "scope: sub_account    #",
        "scope: subaccount    #",
        "Value is not accepted",
    ),
    (
        "chat-console/application.yaml",
        "attributes: {status: String}",
        "attributes: {status: Text}",
        "Value is not accepted",
    ),
    (
        "chat-console/application.yaml",
        "actions: [list, read, reply, close]",
        "actions: list",
        "Incorrect type",
    ),
    (
        "chat-console/application.yaml",
        "context: {mfa: Bool}",
        "context: {mfa: Boolean}",
        "Value is not accepted",
    ),
    (
        "call-coaching/application.yaml",
        "    inherits: [member]",
        "    inherit: [member]",
        "inherit",
    ),
    (
        "field-service/application.yaml",
        "membership: request\n\n",
        "membership: requests\n\n",
        "Value is not accepted",
    ),
    (
        "funnels/application.yaml",
        "    except_roles: [owner]",
        "    except_role: [owner]",
        "except_role",
    ),
    (
        "chat-console/tenants/boutiques-durand.yaml",
        "application: chat-console",
        "aplication: chat-console",
        "Missing property \"application\"",
    ),
    (
        "chat-console/tenants/opticiens-vauban.yaml",
        "status: suspended",
        "status: supended",
        "Value is not accepted",
    ),
    (
        "communications/tenants/festival-des-dunes.yaml",
        "    to: samir\n",
        "",
        "Missing property \"to\"",
    ),
    (
        "chat-console/tenants/boutiques-durand.members.yaml",
        "account: odile, role: manager",
        "account: odile, rolle: manager",
        "rolle",
    ),
    (
        "chat-console/tests/managers.yaml",
        "    expect: allow\n",
        "    expect: allowed\n",
        "Value is not accepted",
    ),
    (
        "chat-console/tests/managers.yaml",
        "    reason: out_of_scope\n",
        "    reason: outofscope\n",
        "Value is not accepted",
    ),
    (
        "chat-console/tests/managers.yaml",
        "    account: marc\n",
        "",
        "Missing property \"account\"",
    ),
];

#[test]
fn editors_flag_slips_and_nothing_else() {
    let test = "editor::editors_flag_slips_and_nothing_else";
    let Some(program) = node_program(test, "yaml-language-server") else {
        return;
    };
    let mut server = Server::start(&program);
    let mut files = Vec::new();
    yaml_files(&root().join("policies"), &mut files);
    assert!(files.len() > 30);
    for (index, path) in files.iter().enumerate() {
        let text = std::fs::read_to_string(path).unwrap();
        let flags = server.flagged(&uri(&format!("right-{index}")), &text);
        assert!(flags.is_empty(), "{}: {flags:?}", path.display());
    }
    for (index, (path, right, wrong, expected)) in SLIPS.iter().enumerate() {
        let text = shipped(path);
        let at = text
            .find(right)
            .unwrap_or_else(|| panic!("no `{right}` in {path}"));
        let broken = text.replacen(right, wrong, 1);
        let flags = server.flagged(&uri(&format!("wrong-{index}")), &broken);
        let line = text[..at].matches('\n').count() as u64 + 1;
        let said = flags.iter().any(|(_, message)| message.contains(expected));
        assert!(said, "{path}: `{wrong}`: {flags:?}");
        let near = flags.iter().any(|(flagged, _)| flagged.abs_diff(line) <= 8);
        assert!(near, "{path}:{line}: `{wrong}`: {flags:?}");
    }
}

/// Where in a text, whose mark `|` is taken out.
fn marked(text: &str) -> (String, u64, u64) {
    let at = text.find('|').expect("a mark");
    let before = &text[..at];
    let line = before.matches('\n').count() as u64;
    let character = before.len() - before.rfind('\n').map_or(0, |at| at + 1);
    (text.replacen('|', "", 1), line, character as u64)
}

/// A text with a mark, and what the server must offer there.
const OFFERED: &[(&str, &[&str])] = &[
    ("app|", &["application"]),
    ("application: a\nroles:\n  clerk:\n    sc|", &["scope"]),
    (
        "application: a\nroles:\n  clerk:\n    scope: |",
        &["own", "sub_account", "team", "tenant"],
    ),
    (
        "application: a\nroles:\n  clerk:\n    allow:\n      - resources: [x]\n        |",
        &["actions", "when", "scope"],
    ),
    (
        "tenant: t\napplication: a\nmembers:\n  - account: x\n    status: |",
        &["invited", "suspended"],
    ),
    (
        "tests: x\ntenant: t\ncases:\n  - account: a\n    |",
        &["expect", "reason", "memberships"],
    ),
    (
        "tests: x\ntenant: t\ncases:\n  - account: a\n    reason: |",
        &["out_of_scope", "denied_by_rule"],
    ),
];

/// A text with a mark, and what the server must say of what stands there.
const EXPLAINED: &[(&str, &str)] = &[
    (
        "application: a\nroles:\n  clerk:\n    sco|pe: own\n",
        "Default reach of the role's own grants",
    ),
    (
        "application: a\ndeny:\n  - resources: [x]\n    actions: [y]\n    exce|pt_roles: [z]\n",
        "Holders of these roles are not denied",
    ),
    (
        "tenant: t\napplication: a\npart|ners: [u]\n",
        "Tenants whose members may be guests here",
    ),
    (
        "tests: x\ntenant: t\ncases:\n  - {account: a, action: b, resource: {type: c}, ex|pect: allow}\n",
        "The decision",
    ),
];

#[test]
fn editors_complete_and_explain() {
    let test = "editor::editors_complete_and_explain";
    let Some(program) = node_program(test, "yaml-language-server") else {
        return;
    };
    let mut server = Server::start(&program);
    for (index, (text, expected)) in OFFERED.iter().enumerate() {
        let uri = uri(&format!("offered-{index}"));
        let (text, line, character) = marked(text);
        server.flagged(&uri, &text);
        let offered = server.at("textDocument/completion", &uri, line, character);
        let items = offered["items"].as_array().cloned().unwrap_or_default();
        let labels: Vec<&str> = items.iter().filter_map(|it| it["label"].as_str()).collect();
        for label in *expected {
            assert!(labels.contains(label), "{text}: no `{label}` in {labels:?}");
        }
    }
    for (index, (text, expected)) in EXPLAINED.iter().enumerate() {
        let uri = uri(&format!("explained-{index}"));
        let (text, line, character) = marked(text);
        server.flagged(&uri, &text);
        let shown = server.at("textDocument/hover", &uri, line, character);
        let words = shown["contents"]["value"].as_str().unwrap_or_default();
        assert!(words.contains(expected), "{text}: {shown}");
        assert!(words.contains("Example:"), "{text}: {shown}");
    }
}
