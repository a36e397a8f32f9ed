//! A real Prometheus scrapes us, and its own tool finds nothing to say about our metrics. Needs Debian's package
//! `prometheus`, and runs where `OCTROI_TEST_COMPONENTS=1` says that it is there.

use std::fs;
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::support::{Client, Policies, Sidecar, has_component, wait_until};

/// A sidecar that has met everything which leaves a series behind.
fn experienced(policies: &Policies) -> Sidecar {
    let sidecar = Sidecar::start(&policies.folder());
    for account in ["ana", "ana", "ben"] {
        sidecar.ask(account);
    }
    sidecar.client().evaluate("", b"{");
    sidecar.client().get("/nowhere");
    policies.break_tenant();
    sidecar.expect_outcome("rejected");
    policies.admit_ben(true);
    sidecar.expect_outcome("reloaded");
    sidecar.status();
    sidecar
}

#[test]
fn promtool_finds_nothing() {
    if !has_component("promtool_finds_nothing", "promtool", "prometheus") {
        return;
    }
    let policies = Policies::new();
    let metrics = experienced(&policies).metrics();
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = promtool.stdin.take().unwrap();
    stdin.write_all(metrics.as_bytes()).unwrap();
    drop(stdin);
    let output = promtool.wait_with_output().unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(
        output.status.success() && said.is_empty(),
        "{said}\n{metrics}"
    );
}

/// A Prometheus of our own, killed when it is dropped.
struct Prometheus {
    child: Child,
    address: SocketAddr,
    _folder: TempDir,
}

impl Prometheus {
    fn scraping(target: SocketAddr) -> Self {
        let folder = TempDir::new().unwrap();
        let address = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let configuration = folder.path().join("prometheus.yml");
        let text = format!(
            "global: {{scrape_interval: 500ms, scrape_timeout: 400ms}}\n\
             scrape_configs:\n\
             - {{job_name: octroi, static_configs: [{{targets: ['{target}']}}]}}\n"
        );
        fs::write(&configuration, text).unwrap();
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", configuration.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                folder.path().join("data").display()
            ))
            .arg(format!("--web.listen-address={address}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let started = Self {
            child,
            address,
            _folder: folder,
        };
        let listens = || std::net::TcpStream::connect(address).is_ok();
        assert!(wait_until(Duration::from_secs(30), listens));
        started
    }

    /// The value of an expression of one series, if there is one.
    fn value(&self, expression: &str) -> Option<f64> {
        let encoded: String = expression
            .bytes()
            .map(|byte| format!("%{byte:02x}"))
            .collect();
        let mut client = Client::connect(self.address);
        let answer = client.get(&format!("/api/v1/query?query={encoded}"));
        if answer.status != 200 {
            return None;
        }
        let json = answer.json();
        json["data"]["result"][0]["value"][1].as_str()?.parse().ok()
    }

    fn expect(&self, expression: &str, expected: f64) {
        let came = wait_until(Duration::from_secs(30), || {
            self.value(expression) == Some(expected)
        });
        assert!(
            came,
            "{expression} is {:?}, not {expected}",
            self.value(expression)
        );
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn prometheus_scrapes_us() {
    if !has_component("prometheus_scrapes_us", "prometheus", "prometheus") {
        return;
    }
    let policies = Policies::new();
    let sidecar = experienced(&policies);
    let prometheus = Prometheus::scraping(sidecar.admin);
    for (expression, expected) in [
        ("up{job=\"octroi\"}", 1.0),
        (
            "octroi_decisions_total{decision=\"allow\",reason=\"granted\",application=\"shop\"}",
            2.0,
        ),
        ("sum(octroi_decisions_total)", 3.0),
        ("octroi_decision_duration_seconds_count", 3.0),
        (
            "octroi_http_requests_total{endpoint=\"evaluation\",code=\"400\"}",
            1.0,
        ),
        ("octroi_reloads_total{outcome=\"rejected\"}", 1.0),
        ("octroi_reloads_total{outcome=\"reloaded\"}", 1.0),
        ("octroi_last_reload_successful", 1.0),
        ("octroi_tenants", 1.0),
        ("octroi_members", 2.0),
        ("count(octroi_snapshot_info)", 1.0),
        ("count(octroi_build_info)", 1.0),
        ("count(process_cpu_seconds_total)", 1.0),
        (
            "count(histogram_quantile(0.99, octroi_decision_duration_seconds_bucket))",
            1.0,
        ),
    ] {
        prometheus.expect(expression, expected);
    }
}
