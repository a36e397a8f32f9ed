//! The admin listener: life, readiness, metrics, status.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use ::metrics::Gauge;
use hyper::body::Incoming;
use hyper::{Request, StatusCode};
use serde::Serialize;

use super::listener::Handler;
use super::reply::{self, EXPOSITION, Reply};
use super::route::{Methods, Route, Routes};
use super::status::{FileStatus, Listener, Status};
use super::{AdminHost, FileHealth, ListenAddress, Phase, Phases, Refusal, body, host};
use crate::metrics::{Endpoint, Metrics};
use crate::reload::{Followed, Pdp, ReloadHandle};

const ROUTES: Routes = Routes {
    served: "/livez, /readyz, /metrics, /status and /-/reload are",
    routes: &[
        get("/livez", Endpoint::Livez),
        get("/readyz", Endpoint::Readyz),
        get("/metrics", Endpoint::Metrics),
        get("/status", Endpoint::Status),
        Route {
            path: "/-/reload",
            endpoint: Endpoint::Reload,
            methods: Methods::Post,
        },
    ],
};

const fn get(path: &'static str, endpoint: Endpoint) -> Route {
    Route {
        path,
        endpoint,
        methods: Methods::Get,
    }
}

/// Answers those who run the sidecar, from before there is anything to serve until after the last answer.
pub struct Admin {
    hosts: Vec<AdminHost>,
    listeners: Vec<Listener>,
    metrics: Arc<Metrics>,
    phases: Phases,
    files: Vec<(FileHealth, Gauge)>,
    served: OnceLock<Served>,
}

/// What there is to show once something is served.
pub struct Served {
    /// What is published.
    pub pdp: Arc<Pdp>,
    /// How the policy folder is followed.
    pub followed: Followed,
    /// To ask for a reload.
    pub reloads: ReloadHandle,
}

impl Admin {
    /// An admin service that nothing is served beside yet.
    pub fn new(hosts: Vec<AdminHost>, metrics: Arc<Metrics>, phases: Phases) -> Self {
        Self {
            hosts,
            listeners: Vec::new(),
            metrics,
            phases,
            files: Vec::new(),
            served: OnceLock::new(),
        }
    }

    /// Adds a listener that `/status` shall show.
    #[must_use]
    pub fn with_listener(mut self, kind: &'static str, address: &ListenAddress) -> Self {
        let address = address.to_string();
        self.listeners.push(Listener { kind, address });
        self
    }

    /// Adds files, followed like the policies, that `/status` and the metrics shall tell of.
    #[must_use]
    pub fn with_files(mut self, health: FileHealth) -> Self {
        let gauge = self.metrics.file_gauge(health.kind());
        self.files.push((health, gauge));
        self
    }

    /// From now on there is something to show.
    pub fn show(&self, served: Served) {
        let _ = self.served.set(served);
    }

    async fn answer(&self, endpoint: Endpoint) -> Result<Reply, Refusal> {
        match endpoint {
            Endpoint::Livez => Ok(reply::text(StatusCode::OK, "ok\n")),
            Endpoint::Readyz => Ok(self.readyz()),
            Endpoint::Metrics => Ok(self.exposition()),
            Endpoint::Status => self.status(),
            Endpoint::Reload => self.reload().await,
            _ => Err(Refusal::Internal),
        }
    }

    fn readyz(&self) -> Reply {
        match self.phases.now() {
            Phase::Starting => reply::text(StatusCode::SERVICE_UNAVAILABLE, "starting\n"),
            Phase::Serving => reply::text(StatusCode::OK, "ready\n"),
            Phase::Draining => reply::text(StatusCode::SERVICE_UNAVAILABLE, "draining\n"),
        }
    }

    fn exposition(&self) -> Reply {
        for (health, gauge) in &self.files {
            gauge.set(f64::from(u8::from(health.failing().is_none())));
        }
        let served = self.served.get();
        if let Some(cache) = served.and_then(|served| served.pdp.cache()) {
            self.metrics.cache.show(cache.counts());
        }
        let published = served.map(|served| served.pdp.load());
        let revision = published
            .as_ref()
            .map(|published| published.snapshot.revision());
        let text = self.metrics.render(revision);
        reply::with_type(StatusCode::OK, EXPOSITION, text)
    }

    fn status(&self) -> Result<Reply, Refusal> {
        let served = self.served.get();
        let published = served.map(|served| served.pdp.load());
        let following = served.map(|served| served.followed.load());
        let status = Status::new(
            self.metrics.build(),
            self.phases.now(),
            published.as_deref().map(AsRef::as_ref),
            following.as_deref().map(AsRef::as_ref),
            &self.listeners,
            self.files.iter().map(|(health, _)| FileStatus::of(health)),
        );
        json(StatusCode::OK, &status)
    }

    /// Has the policy folder read anew, and answers with what came of it.
    async fn reload(&self) -> Result<Reply, Refusal> {
        let report = match self.served.get() {
            Some(served) => served.reloads.reload().await,
            None => None,
        };
        match report {
            Some(report) if report.is_success => json(StatusCode::OK, &*report),
            Some(report) => json(StatusCode::UNPROCESSABLE_ENTITY, &*report),
            // Before the first load, or after the last.
            None => Ok(self.readyz()),
        }
    }
}

fn json(status: StatusCode, value: &impl Serialize) -> Result<Reply, Refusal> {
    let mut body = serde_json::to_vec_pretty(value).map_err(|error| {
        tracing::error!(%error, "an answer cannot be written");
        Refusal::Internal
    })?;
    body.push(b'\n');
    Ok(reply::json(status, body))
}

impl Handler for Admin {
    async fn handle(&self, request: Request<Incoming>) -> Reply {
        let started = Instant::now();
        let (head, body) = request.into_parts();
        body::discard(body, body::waits(&head.headers)).await;
        let (endpoint, found) = ROUTES.find(head.uri.path(), &head.method);
        let reply = match host::check(&head, &self.hosts).and(found) {
            Ok(()) => self.answer(endpoint).await,
            Err(refusal) => Err(refusal),
        };
        let reply = reply.unwrap_or_else(Refusal::into_reply);
        self.metrics
            .http
            .record(endpoint, reply.status().as_u16(), started.elapsed());
        reply
    }
}
