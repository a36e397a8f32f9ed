//! One connection, from its first byte to its end: TLS, which HTTP it speaks, how long it may idle, how it stops.

use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsAcceptor;

use super::Phases;
use super::listener::{Handler, Limits};
use super::phase::Draining;
use super::preface::Opened;

/// The largest request head of HTTP/1, and the most that is read of a body at once.
const BUFFER_BYTES_MAX: usize = 64 << 10;
/// The largest request head of HTTP/2, decompressed, and of each of many at once.
const HEAD_BYTES_MAX: u32 = 16 << 10;
/// Requests at once on a connection of HTTP/2.
const STREAMS_MAX: u32 = 128;
/// How long a handshake may take.
const HANDSHAKE_PATIENCE: Duration = Duration::from_secs(10);
/// How long an idle connection of HTTP/2 may take to say goodbye, or to finish what it just began.
const LINGER: Duration = Duration::from_secs(10);

/// A connection that has just come in.
pub(super) enum Accepted {
    Tcp(TcpStream),
    Tls(TcpStream, TlsAcceptor),
    Unix(UnixStream),
}

/// How the connections of a listener are served.
pub(super) struct Server<H> {
    handler: Arc<H>,
    http1: http1::Builder,
    http2: Option<http2::Builder<TokioExecutor>>,
    idle_max: Duration,
    phases: Phases,
}

/// What bytes come and go on.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

impl<H: Handler> Server<H> {
    pub(super) fn new(handler: Arc<H>, limits: &Limits, phases: Phases) -> Self {
        Self {
            handler,
            http1: http1(limits.idle_max),
            http2: limits.http2.then(http2),
            idle_max: limits.idle_max,
            phases,
        }
    }

    /// Serves a connection to its end.
    pub(super) async fn serve(&self, accepted: Accepted) {
        match accepted {
            Accepted::Tcp(stream) => self.plain(stream).await,
            Accepted::Unix(stream) => self.plain(stream).await,
            Accepted::Tls(stream, acceptor) => self.encrypted(stream, acceptor).await,
        }
    }

    async fn plain(&self, stream: impl Stream) {
        let Some(http2) = &self.http2 else {
            return self.speak_http1(stream).await;
        };
        let opened = self.begin(self.idle_max, Opened::read(stream)).await;
        match opened.flatten() {
            None => {}
            Some(stream) if stream.is_http2() => self.speak_http2(http2, stream).await,
            Some(stream) => self.speak_http1(stream).await,
        }
    }

    async fn encrypted(&self, stream: TcpStream, acceptor: TlsAcceptor) {
        let patience = HANDSHAKE_PATIENCE.min(self.idle_max);
        let Some(stream) = self.begin(patience, acceptor.accept(stream)).await else {
            return;
        };
        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        match &self.http2 {
            Some(http2) if is_http2 => self.speak_http2(http2, stream).await,
            _ => self.speak_http1(stream).await,
        }
    }

    /// What comes before the first request: within its time, and only as long as requests are still taken.
    async fn begin<T>(
        &self,
        patience: Duration,
        first: impl Future<Output = io::Result<T>>,
    ) -> Option<T> {
        let mut phases = self.phases.clone();
        let begun = tokio::select! {
            biased;
            begun = tokio::time::timeout(patience, first) => begun,
            () = phases.draining() => return None,
        };
        match begun {
            Ok(Ok(first)) => Some(first),
            Ok(Err(error)) => {
                tracing::debug!(%error, "connection ended before its first request");
                None
            }
            Err(_) => {
                tracing::debug!(?patience, "connection closed before its first request");
                None
            }
        }
    }

    async fn speak_http1(&self, stream: impl Stream) {
        let service = service_fn(async |request: Request<Incoming>| {
            Ok::<_, Infallible>(self.handler.handle(request).await)
        });
        let mut connection = pin!(self.http1.serve_connection(TokioIo::new(stream), service));
        let draining = Draining::new(&self.phases);
        tokio::select! {
            biased;
            ended = connection.as_mut() => return log(ended),
            () = draining => {}
        }
        connection.as_mut().graceful_shutdown();
        log(connection.await);
    }

    async fn speak_http2(&self, http2: &http2::Builder<TokioExecutor>, stream: impl Stream) {
        let activity = Arc::new(Activity::new());
        // Requests are tasks of their own, so each holds what it needs.
        let service = service_fn(|request: Request<Incoming>| {
            let (handler, active) = (Arc::clone(&self.handler), Active::new(&activity));
            async move {
                let reply = handler.handle(request).await;
                drop(active);
                Ok::<_, Infallible>(reply)
            }
        });
        let mut connection = pin!(http2.serve_connection(TokioIo::new(stream), service));
        let mut phases = self.phases.clone();
        let is_draining = tokio::select! {
            biased;
            ended = connection.as_mut() => return log(ended),
            () = phases.draining() => true,
            () = activity.idle_for(self.idle_max) => false,
        };
        connection.as_mut().graceful_shutdown();
        if is_draining {
            return log(connection.await);
        }
        match tokio::time::timeout(LINGER, connection).await {
            Ok(ended) => log(ended),
            Err(_) => tracing::debug!("idle connection cut off"),
        }
    }
}

fn log(ended: hyper::Result<()>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "connection ended");
    }
}

fn http1(idle_max: Duration) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(idle_max)
        .max_buf_size(BUFFER_BYTES_MAX)
        .half_close(true);
    http
}

/// Streams that are reset faster than they are answered end the connection: the library's own limits.
fn http2() -> http2::Builder<TokioExecutor> {
    let mut http = http2::Builder::new(TokioExecutor::new());
    http.timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(HEAD_BYTES_MAX);
    http
}

/// What happens on a connection of HTTP/2, which keeps no time of its own.
struct Activity {
    since: Instant,
    under_way: AtomicUsize,
    /// When the last request ended, in milliseconds after `since`.
    last_ms: AtomicU64,
}

impl Activity {
    fn new() -> Self {
        Self {
            since: Instant::now(),
            under_way: AtomicUsize::new(0),
            last_ms: AtomicU64::new(0),
        }
    }

    /// Waits until there has been no request for that long.
    async fn idle_for(&self, idle_max: Duration) {
        loop {
            let last = Duration::from_millis(self.last_ms.load(Ordering::Relaxed));
            let idle = self.since.elapsed().saturating_sub(last);
            let is_idle = self.under_way.load(Ordering::Relaxed) == 0;
            if is_idle && idle >= idle_max {
                return;
            }
            let rest = idle_max.saturating_sub(idle);
            let rest = if is_idle { rest } else { idle_max };
            tokio::time::sleep(rest.max(Duration::from_millis(1))).await;
        }
    }
}

/// A request under way.
struct Active(Arc<Activity>);

impl Active {
    fn new(activity: &Arc<Activity>) -> Self {
        activity.under_way.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(activity))
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        let now = self.0.since.elapsed().as_millis();
        let now = u64::try_from(now).unwrap_or(u64::MAX);
        self.0.last_ms.fetch_max(now, Ordering::Relaxed);
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}
