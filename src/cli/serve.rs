//! `octroi serve`: compile, serve, reload on change.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;

use super::logging::{self, LogArgs};
use super::transport::TransportArgs;
use super::{Exit, PolicyArgs, message};
use crate::metrics::{Build, Metrics};
use crate::parallel::STACK_BYTES;
use crate::reload::{Options, ReloadHandle, Reloader, StartError};
use crate::server::{
    Admin, AdminHost, BindError, BindOptions, Bound, CertificateError, DecisionService,
    ExplainMode, FileHealth, Identifier, Limits, ListenAddress, Phase, Phases, Served, TokensError,
};
use crate::snapshot::DecisionCache;

/// Admin connections are few, and must be had when the decision listeners are full.
const ADMIN_CONNECTIONS_MAX: u32 = 256;
/// Files that are left to everything but decision connections.
const FILES_RESERVED: u64 = ADMIN_CONNECTIONS_MAX as u64 + 128;
/// How long an admin connection may go on once every question is answered.
const ADMIN_GRACE: Duration = Duration::from_millis(250);

/// Arguments of `octroi serve`.
#[derive(Debug, clap::Args)]
pub(super) struct ServeArgs {
    #[command(flatten)]
    policies: PolicyArgs,
    /// Where apps ask: an address and a port, with tls: before it for TLS, or unix: and a path; repeatable
    #[arg(
        long,
        env = "OCTROI_LISTEN",
        value_name = "ADDRESS",
        value_delimiter = ',',
        default_value = "127.0.0.1:8181"
    )]
    listen: Vec<ListenAddress>,
    #[command(flatten)]
    transport: TransportArgs,
    /// Where health, metrics and status are
    #[arg(
        long,
        env = "OCTROI_ADMIN",
        value_name = "ADDRESS",
        default_value = "127.0.0.1:8182"
    )]
    admin: SocketAddr,
    /// A host name, beside the loopback ones, under which the admin listener answers; repeatable
    #[arg(
        long,
        env = "OCTROI_ADMIN_HOST",
        value_name = "HOST",
        value_delimiter = ','
    )]
    admin_host: Vec<AdminHost>,
    /// The https URL by which callers know this PDP; the metadata document and its endpoints are made from it
    #[arg(long, env = "OCTROI_IDENTIFIER", value_name = "URL")]
    identifier: Option<Identifier>,
    /// Most decisions that are remembered, in at most 512 bytes each on average; 0 remembers none
    #[arg(
        long,
        env = "OCTROI_DECISION_CACHE",
        value_name = "COUNT",
        default_value_t = DecisionCache::ENTRIES_DEFAULT,
        value_parser = clap::value_parser!(u32).range(..=10_000_000)
    )]
    decision_cache: u32,
    /// Serve no policies whose own `tests` fail
    #[arg(
        long,
        env = "OCTROI_REQUIRE_TESTS",
        value_parser = clap::builder::FalseyValueParser::new()
    )]
    require_tests: bool,
    /// How changes of the policies are noticed
    #[arg(long, env = "OCTROI_WATCH", value_enum, default_value = "auto")]
    watch: WatchMode,
    /// When answers carry their reasons
    #[arg(long, env = "OCTROI_EXPLAIN", value_enum, default_value = "on-request")]
    explain: Explain,
    /// Most connections at once on each decision listener; more wait
    #[arg(
        long,
        env = "OCTROI_CONNECTIONS_MAX",
        value_name = "COUNT",
        default_value_t = 10_000,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000)
    )]
    connections_max: u32,
    /// Seconds that a connection may idle, or take over a request's head, before it is closed
    #[arg(long, env = "OCTROI_IDLE_MAX", value_name = "SECONDS", default_value = "75", value_parser = seconds)]
    idle_max: Duration,
    /// Seconds that requests under way may take to finish at a graceful stop
    #[arg(long, env = "OCTROI_GRACE", value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    grace: Duration,
    #[command(flatten)]
    log: LogArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum WatchMode {
    /// The operating system tells of them; the folder is polled where it does not
    Auto,
    /// The folder is polled, for network file systems
    Poll,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Explain {
    /// With the request header `Octroi-Explain: true`
    OnRequest,
    /// In every evaluation
    Always,
}

impl From<Explain> for ExplainMode {
    fn from(explain: Explain) -> Self {
        match explain {
            Explain::OnRequest => Self::OnRequest,
            Explain::Always => Self::Always,
        }
    }
}

/// Seconds, with or without a fraction, with or without an `s`.
fn seconds(text: &str) -> Result<Duration, String> {
    let number = text.strip_suffix('s').unwrap_or(text);
    number
        .parse()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|duration| *duration <= Duration::from_secs(86_400))
        .ok_or_else(|| "not a number of seconds up to a day, such as 10 or 2.5".to_owned())
}

/// Why `serve` ended, or never began.
#[derive(Debug, thiserror::Error)]
enum ServeError {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Bind(#[from] BindError),
    #[error(transparent)]
    Certificates(#[from] CertificateError),
    #[error(transparent)]
    Tokens(#[from] TokensError),
    #[error("the policies are not followed any more: this is a defect of octroi, please report it")]
    Reloader,
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

impl ServeError {
    fn exit(&self) -> Exit {
        match self {
            Self::Start(StartError::Rejected(_)) => Exit::Policies,
            Self::Start(StartError::TestsFailed(_)) => Exit::Tests,
            _ => Exit::Failure,
        }
    }
}

/// Serves until SIGTERM or SIGINT.
pub(super) fn run(args: ServeArgs) -> Exit {
    if let Some(contradiction) = args.transport.contradiction(&args.listen) {
        message(&format!("octroi serve: {contradiction}\n"));
        return Exit::Usage;
    }
    logging::init(&args.log);
    match try_run(args) {
        Ok(()) => Exit::Success,
        Err(error) => {
            complain(&error);
            error.exit()
        }
    }
}

/// Says why nothing is served, in the log: diagnostics as `octroi check` shows them.
fn complain(error: &ServeError) {
    match error {
        ServeError::Start(StartError::Rejected(diagnostics)) => {
            tracing::error!("the policies have errors, nothing is served:\n{diagnostics}");
        }
        ServeError::Start(StartError::TestsFailed(failures)) => {
            tracing::error!("the policies fail their own tests, nothing is served:\n{failures}");
        }
        other => tracing::error!(error = %other, "nothing is served"),
    }
}

fn try_run(args: ServeArgs) -> Result<(), ServeError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(STACK_BYTES)
        .build()?;
    let served = runtime.block_on(serve(args));
    // A compilation under way is of no use to anybody any more.
    runtime.shutdown_background();
    served
}

async fn serve(args: ServeArgs) -> Result<(), ServeError> {
    let mut stop = Stop::new()?;
    let hangups = signal(SignalKind::hangup())?;
    let metrics = Arc::new(Metrics::new(Build::CURRENT));
    let tokens = args.transport.tokens()?;
    let options = args.transport.bind_options()?;
    let files: Vec<FileHealth> = [
        options.tls.as_ref().map(|tls| tls.health()),
        tokens.as_ref().map(|tokens| tokens.health()),
    ]
    .into_iter()
    .flatten()
    .collect();
    let bound = Listeners::bind(&args, &options).await?;

    let (phase, phases) = Phases::new();
    let admin = bound.admin_service(&args, &metrics, phases.clone());
    let admin = Arc::new(files.into_iter().fold(admin, Admin::with_files));
    let (admin_phase, admin_phases) = Phases::new();
    tracing::info!(listener = "admin", address = %bound.admin.address(), "listening");
    let serve_admin =
        bound
            .admin
            .serve(Arc::clone(&admin), args.admin_limits(), None, admin_phases);
    let admin_served = tokio::spawn(serve_admin);

    let options = args.reload_options();
    let reloader = tokio::select! {
        reloader = Reloader::start(options, Arc::clone(&metrics), args.decision_cache()) => reloader?,
        () = stop.requested() => return Ok(()),
    };
    let pdp = reloader.pdp();
    admin.show(Served {
        pdp: Arc::clone(&pdp),
        followed: reloader.followed(),
        reloads: reloader.handle(),
    });
    tokio::spawn(reload_on(hangups, reloader.handle()));
    let mut reloads = tokio::spawn(reloader.run());

    let decisions = DecisionService::new(
        pdp,
        Arc::clone(&metrics),
        args.explain.into(),
        args.identifier.clone(),
    );
    let decisions = Arc::new(decisions.with_tokens(tokens));
    let limits = args.limits();
    let mut serving = JoinSet::new();
    for listener in bound.decisions {
        tracing::info!(listener = "decision", address = %listener.address(), "listening");
        let connections = Some(metrics.connections.clone());
        let decisions = Arc::clone(&decisions);
        serving.spawn(listener.serve(decisions, limits.clone(), connections, phases.clone()));
    }
    phase.send_replace(Phase::Serving);
    tracing::info!("ready");

    let end = tokio::select! {
        () = stop.requested() => Ok(()),
        _ = &mut reloads => Err(ServeError::Reloader),
    };
    phase.send_replace(Phase::Draining);
    tracing::info!(grace = ?args.grace, "draining");
    drain(serving, &mut stop).await;
    admin_phase.send_replace(Phase::Draining);
    let _ = admin_served.await;
    tracing::info!("stopped");
    end
}

/// Has the policies read anew at every SIGHUP.
async fn reload_on(mut hangups: Signal, reloads: ReloadHandle) {
    while hangups.recv().await.is_some() {
        tracing::info!("SIGHUP: reading the policies anew");
        reloads.nudge();
    }
}

/// Waits for the requests under way; a second signal cuts that short.
async fn drain(mut serving: JoinSet<()>, stop: &mut Stop) {
    let drained = async { while serving.join_next().await.is_some() {} };
    tokio::select! {
        () = drained => {}
        () = stop.requested() => tracing::warn!("asked to stop again, not waiting any longer"),
    }
}

/// Every listener, bound before anything slow begins: a port that is taken is known at once.
struct Listeners {
    decisions: Vec<Bound>,
    admin: Bound,
}

impl Listeners {
    async fn bind(args: &ServeArgs, options: &BindOptions) -> Result<Self, BindError> {
        let mut decisions = Vec::new();
        for address in &args.listen {
            decisions.push(Bound::bind(address, options).await?);
        }
        let admin = Bound::bind_plain(args.admin).await?;
        Ok(Self { decisions, admin })
    }

    fn admin_service(&self, args: &ServeArgs, metrics: &Arc<Metrics>, phases: Phases) -> Admin {
        let admin = Admin::new(args.admin_host.clone(), Arc::clone(metrics), phases);
        self.decisions
            .iter()
            .fold(admin, |admin, bound| {
                admin.with_listener("decision", bound.address())
            })
            .with_listener("admin", self.admin.address())
    }
}

impl ServeArgs {
    fn reload_options(&self) -> Options {
        Options {
            folder: self.policies.folder(),
            require_tests: self.require_tests,
            poll: self.watch == WatchMode::Poll,
        }
    }

    fn decision_cache(&self) -> Option<Arc<DecisionCache>> {
        let entries = self.decision_cache as usize;
        (entries > 0).then(|| Arc::new(DecisionCache::new(entries)))
    }

    /// As asked for, unless the process may not have that many files open: connections must leave some for the
    /// policies, the admin listener and the rest.
    fn connections_max(&self) -> u32 {
        let asked = self.connections_max;
        let files = metrics_process::collector::collect().max_fds;
        let files = files.unwrap_or(u64::MAX).saturating_sub(FILES_RESERVED);
        let listeners = self.listen.len().max(1) as u64;
        let possible = u32::try_from((files / listeners).max(1)).unwrap_or(u32::MAX);
        if possible < asked {
            tracing::warn!(
                asked,
                possible,
                "fewer connections than asked for: the limit on open files (ulimit -n) allows no more"
            );
        }
        asked.min(possible)
    }

    fn limits(&self) -> Limits {
        Limits {
            connections_max: self.connections_max(),
            idle_max: self.idle_max,
            grace: self.grace,
            http2: true,
        }
    }

    fn admin_limits(&self) -> Limits {
        Limits {
            connections_max: ADMIN_CONNECTIONS_MAX,
            idle_max: self.idle_max,
            grace: ADMIN_GRACE,
            http2: false,
        }
    }
}

/// The signals that ask for a graceful stop.
struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn requested(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_seconds() {
        assert_eq!(seconds("10"), Ok(Duration::from_secs(10)));
        assert_eq!(seconds("2.5s"), Ok(Duration::from_millis(2_500)));
        for text in ["", "-1", "1e9", "NaN", "inf", "1m"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
