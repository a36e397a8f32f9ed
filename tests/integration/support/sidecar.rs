//! The real program as a child process, on ports that the system chose.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::{Answer, Client};

/// A sidecar that serves; it is killed when it is dropped.
pub(crate) struct Sidecar {
    child: Child,
    log: Arc<Mutex<String>>,
    pub(crate) decision: SocketAddr,
    pub(crate) admin: SocketAddr,
}

impl Sidecar {
    pub(crate) fn start(folder: &Path) -> Self {
        Self::start_with(folder, &[])
    }

    /// Starts it and waits until it is ready.
    pub(crate) fn start_with(folder: &Path, options: &[&str]) -> Self {
        let mut command = Self::command(folder);
        command.args(options);
        Self::spawn(command)
    }

    /// Starts it by a command that ends in [`Sidecar::command`]'s, and waits until it is ready.
    pub(crate) fn spawn(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let written = Arc::clone(&log);
        thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let mut log = written.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });
        let ready = wait_until(Duration::from_secs(30), || {
            events(&log).iter().any(|event| event["message"] == "ready")
        });
        assert!(ready, "not ready:\n{}", log.lock().unwrap());
        Self {
            decision: listening(&log, "decision")[0].parse().unwrap(),
            admin: listening(&log, "admin")[0].parse().unwrap(),
            child,
            log,
        }
    }

    /// The program with what every test wants; its environment holds none of its options.
    pub(crate) fn command(folder: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_octroi"));
        command
            .env_clear()
            .arg("serve")
            .arg(folder)
            .args(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"])
            .args(["--log-format", "json"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        command
    }

    /// The same through another program, such as `unshare`, which is given the whole command line.
    pub(crate) fn command_through(wrapper: &[&str], folder: &Path) -> Command {
        let inner = Self::command(folder);
        let mut command = Command::new(wrapper[0]);
        command
            .args(&wrapper[1..])
            .arg(inner.get_program())
            .args(inner.get_args())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        command
    }

    /// Waits for the answer about an account.
    pub(crate) fn expect_decision(&self, account: &str, decision: bool) {
        let is_so = || self.ask(account).decision() == decision;
        let came = wait_until(Duration::from_secs(20), is_so);
        assert!(
            came,
            "{account} is not {decision}: {}\n{}",
            self.status(),
            self.log()
        );
    }

    /// Asks for a reload.
    pub(crate) fn reload(&self) -> Answer {
        Client::connect(self.admin).post("/-/reload", "", b"")
    }

    /// Every decision listener, as the log shows it.
    pub(crate) fn listeners(&self) -> Vec<String> {
        listening(&self.log, "decision")
    }

    /// The first listener with TLS.
    pub(crate) fn tls(&self) -> SocketAddr {
        let listeners = self.listeners();
        let tls = listeners.iter().find_map(|text| text.strip_prefix("tls:"));
        tls.unwrap().parse().unwrap()
    }

    /// Waits for a line of the log.
    pub(crate) fn expect_log(&self, text: &str) {
        let came = wait_until(Duration::from_secs(10), || self.log().contains(text));
        assert!(came, "no `{text}`:\n{}", self.log());
    }

    pub(crate) fn client(&self) -> Client {
        Client::connect(self.decision)
    }

    /// Asks on a connection of its own.
    pub(crate) fn ask(&self, account: &str) -> Answer {
        self.client().ask(account)
    }

    /// Asks the admin listener.
    pub(crate) fn admin(&self, path: &str) -> Answer {
        Client::connect(self.admin).get(path)
    }

    pub(crate) fn status(&self) -> serde_json::Value {
        self.admin("/status").json()
    }

    pub(crate) fn outcome(&self) -> String {
        let outcome = &self.status()["last_reload"]["outcome"];
        outcome.as_str().unwrap().to_owned()
    }

    /// Waits for the last reload's outcome.
    pub(crate) fn expect_outcome(&self, outcome: &str) {
        let came = wait_until(Duration::from_secs(10), || self.outcome() == outcome);
        assert!(came, "no `{outcome}`: {}", self.status());
    }

    pub(crate) fn metrics(&self) -> String {
        self.admin("/metrics").body
    }

    /// The value of a series, written as in the exposition; 0 if there is none.
    pub(crate) fn metric(&self, series: &str) -> f64 {
        let metrics = self.metrics();
        let value = metrics
            .lines()
            .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        value.map_or(0.0, |value| value.parse().unwrap())
    }

    /// The events of the log.
    pub(crate) fn events(&self) -> Vec<serde_json::Value> {
        events(&self.log)
    }

    /// The log as it is.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.pid().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(sent.unwrap().success());
    }

    pub(crate) fn exit(&mut self) -> ExitStatus {
        exits_within(&mut self.child, Duration::from_secs(30))
    }

    /// Resident memory in KiB.
    pub(crate) fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.unwrap().trim().trim_end_matches(" kB");
        number.parse().unwrap()
    }
}

impl Drop for Sidecar {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn events(log: &Mutex<String>) -> Vec<serde_json::Value> {
    let log = log.lock().unwrap();
    log.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

/// Where it said that it listens.
fn listening(log: &Mutex<String>, listener: &str) -> Vec<String> {
    events(log)
        .iter()
        .filter(|event| event["message"] == "listening" && event["listener"] == listener)
        .map(|event| event["address"].as_str().unwrap().to_owned())
        .collect()
}

/// How a program ends that is not to serve: its exit code, and all that it says.
pub(crate) fn refusal(folder: &Path, options: &[&str]) -> (Option<i32>, String) {
    let mut child = Sidecar::command(folder).args(options).spawn().unwrap();
    let status = exits_within(&mut child, Duration::from_secs(20));
    let mut said = String::new();
    let mut stderr = child.stderr.take().unwrap();
    stderr.read_to_string(&mut said).unwrap();
    (status.code(), said)
}

/// Waits for a child, which is killed if it takes too long.
pub(crate) fn exits_within(child: &mut Child, patience: Duration) -> ExitStatus {
    let mut status = None;
    wait_until(patience, || {
        status = child.try_wait().unwrap();
        status.is_some()
    });
    status.unwrap_or_else(|| {
        let _ = child.kill();
        panic!("still runs after {patience:?}")
    })
}

/// Waits for a condition; false if it does not come about in time.
pub(crate) fn wait_until(patience: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let started = Instant::now();
    while started.elapsed() < patience {
        if condition() {
            return true;
        }
        thread::sleep(Duration::from_millis(5));
    }
    condition()
}
