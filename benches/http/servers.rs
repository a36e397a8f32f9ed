//! The sidecar and the floor as child processes, on ports that the system chose.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::cores::{self, Cores};
use super::floor;

/// The option that sizes the decision cache, where the program has one.
const CACHE_OPTION: &str = "--decision-cache";

/// Where a server runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where {
    /// On the servers' core, away from the load.
    OneCore,
    /// Wherever it likes.
    AllCores,
}

/// A server that answers; killed when it is dropped.
pub struct Server {
    child: Child,
    /// Where it answers questions.
    pub address: SocketAddr,
    /// The sidecar's other listener.
    pub admin: Option<SocketAddr>,
    /// From before it was spawned until it was ready.
    pub started_in: Duration,
}

impl Server {
    /// The floor.
    pub fn floor(cores: &Cores, place: Where) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.arg(floor::ROLE).stdout(Stdio::piped());
        let started = Instant::now();
        let mut child = spawn(&mut command, cores, place);
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
        stdout.read_line(&mut line).expect("an address");
        let address: SocketAddr = line.trim().parse().expect("an address");
        // Ready is who answers.
        get(address, "/").expect("an answer");
        Self {
            child,
            address,
            admin: None,
            started_in: started.elapsed(),
        }
    }

    /// The sidecar on a folder, with more options of `serve`; ready once `/readyz` says so, which it does when the
    /// policies are served.
    pub fn sidecar(
        program: &Path,
        folder: &Path,
        options: &[String],
        cores: &Cores,
        place: Where,
    ) -> Self {
        let mut command = Command::new(program);
        command
            .env_clear()
            .arg("serve")
            .arg(folder)
            .args(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"])
            .args(["--log-format", "json"])
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let started = Instant::now();
        let mut child = spawn(&mut command, cores, place);
        let mut log = BufReader::new(child.stderr.take().expect("piped")).lines();
        let mut listening = |listener: &str| -> SocketAddr {
            loop {
                let line = log.next().expect("it ended").expect("its log");
                let event: Value = serde_json::from_str(&line).unwrap_or_default();
                if event["message"] == "listening" && event["listener"] == listener {
                    let address = event["address"].as_str().expect("an address");
                    return address.parse().expect("an address");
                }
                if event["level"] == "ERROR" {
                    panic!("the sidecar does not start: {line}");
                }
            }
        };
        let admin = listening("admin");
        while !get(admin, "/readyz").is_some_and(|answer| answer.starts_with("HTTP/1.1 200")) {
            thread::sleep(Duration::from_millis(1));
        }
        let started_in = started.elapsed();
        let address = listening("decision");
        // A log that nobody reads would fill up and stop it.
        thread::spawn(move || log.for_each(drop));
        Self {
            child,
            address,
            admin: Some(admin),
            started_in,
        }
    }

    /// Processor time so far.
    pub fn time(&self) -> Duration {
        cores::time_of(self.child.id())
    }

    /// Resident memory now, in MiB.
    pub fn resident_mib(&self) -> f64 {
        mib(cores::status_of(self.child.id(), "VmRSS"))
    }

    /// What of that no file holds, in MiB: all but the pages of the program and of libraries.
    pub fn own_mib(&self) -> f64 {
        mib(cores::status_of(self.child.id(), "RssAnon"))
    }

    /// The most resident memory that it ever had, in MiB.
    pub fn peak_mib(&self) -> f64 {
        mib(cores::status_of(self.child.id(), "VmHWM"))
    }

    /// How many threads it runs.
    pub fn threads(&self) -> u64 {
        cores::status_of(self.child.id(), "Threads")
    }

    /// The sum of the sidecar's metrics whose series begin so.
    pub fn metric(&self, series: &str) -> f64 {
        let exposition = self.admin.and_then(|admin| get(admin, "/metrics"));
        let lines = exposition.unwrap_or_default();
        let values = lines.lines().filter(|line| line.starts_with(series));
        values
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(command: &mut Command, cores: &Cores, place: Where) -> Child {
    let mut spawn = || command.spawn().expect("a process");
    match place {
        Where::OneCore => cores.on_server(spawn),
        Where::AllCores => cores.on_all(&mut spawn),
    }
}

fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

/// An answer, whole; none if nobody answers.
fn get(address: SocketAddr, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

/// How many decisions the sidecar's cache holds unless told otherwise; none if this version has no such option.
pub fn cache_by_default(program: &Path) -> Option<usize> {
    let help = Command::new(program)
        .env_clear()
        .args(["serve", "--help"])
        .output()
        .expect("its help");
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    let (_, after) = help.split_once(CACHE_OPTION)?;
    let (_, default) = after.split_once("[default: ")?;
    let digits: String = default
        .chars()
        .take_while(|it| *it != ']')
        .filter(char::is_ascii_digit)
        .collect();
    digits.parse().ok()
}

/// The options that make the decision cache hold so many.
pub fn with_cache(entries: usize) -> Vec<String> {
    vec![CACHE_OPTION.to_owned(), entries.to_string()]
}
