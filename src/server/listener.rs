//! Bound listeners and the connections that come in on them.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use metrics::Gauge;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::reply::Reply;
use super::{ListenAddress, Phases};

/// The largest request head, and the most that is read of a body at once.
const BUFFER_BYTES_MAX: usize = 64 << 10;

/// How long to wait when no connection can be accepted, for want of file descriptors most likely.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What a listener puts up with.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Most connections at once; more wait to be accepted.
    pub connections_max: usize,
    /// How long a connection may take over the head of its next request, being idle included.
    pub idle_max: Duration,
    /// How long requests under way may take to finish once draining began.
    pub grace: Duration,
}

/// Why a listener could not be bound.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen at {address}: {error}")]
pub struct BindError {
    address: ListenAddress,
    error: io::Error,
}

/// Answers the requests of a listener's connections.
pub(super) trait Handler: Send + Sync + 'static {
    fn handle(&self, request: Request<Incoming>) -> impl Future<Output = Reply> + Send;
}

/// A listener that is bound; connections queue up, nothing is accepted yet.
pub struct Bound {
    listener: TcpListener,
    address: SocketAddr,
}

impl Bound {
    /// Binds an address.
    ///
    /// # Errors
    /// When the system refuses it, most likely because another process listens there.
    pub async fn bind(address: &ListenAddress) -> Result<Self, BindError> {
        let ListenAddress::Tcp(tcp) = address;
        Self::bind_tcp(*tcp).await.map_err(|error| BindError {
            address: address.clone(),
            error,
        })
    }

    async fn bind_tcp(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// The address that was bound, with the port that the system chose if it was asked to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until draining begins, then finishes what is under way, for as long as the limits say.
    #[expect(private_bounds, reason = "the handlers are this module's own")]
    pub async fn serve(
        self,
        handler: Arc<impl Handler>,
        limits: Limits,
        connections: Option<Gauge>,
        mut phases: Phases,
    ) {
        let graceful = GracefulShutdown::new();
        let acceptor = Acceptor {
            handler,
            http: http(limits.idle_max),
            slots: Arc::new(Semaphore::new(limits.connections_max)),
            connections,
        };
        tokio::select! {
            () = phases.draining() => {}
            () = acceptor.accept(&self.listener, &graceful) => {}
        }
        drop(self.listener);
        let unfinished = graceful.count();
        if tokio::time::timeout(limits.grace, graceful.shutdown())
            .await
            .is_err()
        {
            tracing::warn!(address = %self.address, unfinished, "stopped before every connection was done");
        }
    }
}

fn http(idle_max: Duration) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(idle_max)
        .max_buf_size(BUFFER_BYTES_MAX)
        .half_close(true);
    http
}

struct Acceptor<H> {
    handler: Arc<H>,
    http: http1::Builder,
    slots: Arc<Semaphore>,
    connections: Option<Gauge>,
}

impl<H: Handler> Acceptor<H> {
    async fn accept(&self, listener: &TcpListener, graceful: &GracefulShutdown) {
        loop {
            let Ok(slot) = Arc::clone(&self.slots).acquire_owned().await else {
                return;
            };
            match listener.accept().await {
                Ok((stream, _)) => self.serve(stream, slot, graceful),
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn serve(&self, stream: TcpStream, slot: OwnedSemaphorePermit, graceful: &GracefulShutdown) {
        let open = Open::new(slot, self.connections.clone());
        // Answers are small and complete: waiting for more to send would only delay them.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY is refused");
        }
        let handler = Arc::clone(&self.handler);
        let service = service_fn(move |request| {
            let handler = Arc::clone(&handler);
            async move { Ok::<_, Infallible>(handler.handle(request).await) }
        });
        let connection = self.http.serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "connection ended");
            }
            drop(open);
        });
    }
}

/// Errors of the connection that was about to come in, not of the listener.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
    )
}

/// An open connection: counted, and holding one of the slots, until it is dropped.
struct Open {
    connections: Option<Gauge>,
    _slot: OwnedSemaphorePermit,
}

impl Open {
    fn new(slot: OwnedSemaphorePermit, connections: Option<Gauge>) -> Self {
        if let Some(gauge) = &connections {
            gauge.increment(1.0);
        }
        Self {
            connections,
            _slot: slot,
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(gauge) = &self.connections {
            gauge.decrement(1.0);
        }
    }
}
