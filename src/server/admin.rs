//! The admin listener: life, readiness, metrics, status.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use hyper::body::Incoming;
use hyper::{Request, StatusCode};

use super::listener::Handler;
use super::reply::{self, EXPOSITION, Reply};
use super::route::{Methods, Route, Routes};
use super::status::{Listener, Status};
use super::{AdminHost, ListenAddress, Phase, Phases, Refusal, body, host};
use crate::metrics::{Endpoint, Metrics};
use crate::reload::{LastReload, Pdp};

const ROUTES: Routes = Routes {
    served: "/livez, /readyz, /metrics and /status are",
    routes: &[
        get("/livez", Endpoint::Livez),
        get("/readyz", Endpoint::Readyz),
        get("/metrics", Endpoint::Metrics),
        get("/status", Endpoint::Status),
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
    served: OnceLock<(Arc<Pdp>, LastReload)>,
}

impl Admin {
    /// An admin service that nothing is served beside yet.
    pub fn new(hosts: Vec<AdminHost>, metrics: Arc<Metrics>, phases: Phases) -> Self {
        Self {
            hosts,
            listeners: Vec::new(),
            metrics,
            phases,
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

    /// From now on there is something to show.
    pub fn show(&self, pdp: Arc<Pdp>, last: LastReload) {
        let _ = self.served.set((pdp, last));
    }

    fn answer(&self, endpoint: Endpoint) -> Result<Reply, Refusal> {
        match endpoint {
            Endpoint::Livez => Ok(reply::text(StatusCode::OK, "ok\n")),
            Endpoint::Readyz => Ok(self.readyz()),
            Endpoint::Metrics => Ok(self.exposition()),
            Endpoint::Status => self.status(),
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
        let served = self.served.get();
        if let Some(cache) = served.and_then(|(pdp, _)| pdp.cache()) {
            self.metrics.cache.show(cache.counts());
        }
        let published = served.map(|(pdp, _)| pdp.load());
        let revision = published
            .as_ref()
            .map(|published| published.snapshot.revision());
        let text = self.metrics.render(revision);
        reply::with_type(StatusCode::OK, EXPOSITION, text)
    }

    fn status(&self) -> Result<Reply, Refusal> {
        let published = self.served.get().map(|(pdp, _)| pdp.load());
        let last = self.served.get().map(|(_, last)| last.load());
        let status = Status::new(
            self.metrics.build(),
            self.phases.now(),
            published.as_deref().map(AsRef::as_ref),
            last.as_deref().map(AsRef::as_ref),
            &self.listeners,
        );
        let mut body = serde_json::to_vec_pretty(&status).map_err(|error| {
            tracing::error!(%error, "the status cannot be written");
            Refusal::Internal
        })?;
        body.push(b'\n');
        Ok(reply::json(StatusCode::OK, body))
    }
}

impl Handler for Admin {
    async fn handle(&self, request: Request<Incoming>) -> Reply {
        let started = Instant::now();
        let (head, body) = request.into_parts();
        body::discard(body, body::waits(&head.headers)).await;
        let (endpoint, found) = ROUTES.find(head.uri.path(), &head.method);
        let reply = host::check(&head, &self.hosts)
            .and(found)
            .and_then(|()| self.answer(endpoint))
            .unwrap_or_else(Refusal::into_reply);
        self.metrics
            .http
            .record(endpoint, reply.status().as_u16(), started.elapsed());
        reply
    }
}
