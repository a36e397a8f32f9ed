//! Bound listeners, and the connections that come in on them.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use metrics::Gauge;
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::connection::{Accepted, Server};
use super::reply::Reply;
use super::tls::Tls;
use super::unix::{self, SocketError, SocketFile, UnixMode};
use super::{ListenAddress, Phase, Phases};

/// How long to wait when no connection can be accepted, for want of file descriptors most likely.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What a listener puts up with.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Most connections at once; more wait to be accepted.
    pub connections_max: u32,
    /// How long a connection may take over the head of its next request, being idle included.
    pub idle_max: Duration,
    /// How long requests under way may take to finish once draining began.
    pub grace: Duration,
    /// Whether HTTP/2 is spoken too.
    pub http2: bool,
}

/// What listeners need beside their address.
pub struct BindOptions {
    /// For addresses with TLS, which cannot be bound without.
    pub tls: Option<Arc<Tls>>,
    /// For Unix sockets.
    pub unix_mode: UnixMode,
}

/// Why a listener could not be bound.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen at {address}: {error}")]
pub struct BindError {
    address: ListenAddress,
    error: SocketError,
}

/// Answers the requests of a listener's connections.
pub(super) trait Handler: Send + Sync + 'static {
    fn handle(&self, request: Request<Incoming>) -> impl Future<Output = Reply> + Send;
}

/// A listener that is bound; connections queue up, nothing is accepted yet.
pub struct Bound {
    socket: Socket,
    address: ListenAddress,
}

enum Socket {
    Tcp(TcpListener),
    Tls(TcpListener, Arc<Tls>),
    Unix {
        listener: UnixListener,
        _file: SocketFile,
    },
}

impl Bound {
    /// Binds an address.
    ///
    /// # Errors
    /// When the system refuses it, most likely because another process listens there.
    pub async fn bind(address: &ListenAddress, options: &BindOptions) -> Result<Self, BindError> {
        let failed = |error| BindError {
            address: address.clone(),
            error,
        };
        match address {
            ListenAddress::Tcp(tcp) => Self::bind_tcp(*tcp).await,
            ListenAddress::Tls(tcp) => Self::bind_tls(*tcp, options).await,
            ListenAddress::Unix(path) => {
                let bound = unix::bind(path, options.unix_mode).await;
                bound.map(|(listener, _file)| Self {
                    socket: Socket::Unix { listener, _file },
                    address: address.clone(),
                })
            }
        }
        .map_err(failed)
    }

    /// Binds an address of plain TCP.
    ///
    /// # Errors
    /// As [`Self::bind`].
    pub async fn bind_plain(address: SocketAddr) -> Result<Self, BindError> {
        Self::bind_tcp(address).await.map_err(|error| BindError {
            address: ListenAddress::Tcp(address),
            error,
        })
    }

    async fn bind_tcp(address: SocketAddr) -> Result<Self, SocketError> {
        let listener = TcpListener::bind(address).await?;
        let address = ListenAddress::Tcp(listener.local_addr()?);
        let socket = Socket::Tcp(listener);
        Ok(Self { socket, address })
    }

    async fn bind_tls(address: SocketAddr, options: &BindOptions) -> Result<Self, SocketError> {
        let tls = options.tls.clone().ok_or(SocketError::NoCertificate)?;
        let listener = TcpListener::bind(address).await?;
        let address = ListenAddress::Tls(listener.local_addr()?);
        let socket = Socket::Tls(listener, tls);
        Ok(Self { socket, address })
    }

    /// The address that was bound, with the port that the system chose if it was asked to.
    pub fn address(&self) -> &ListenAddress {
        &self.address
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
        // Connections learn of the end once nothing is accepted any more: who is sent away must not get in again.
        let (closing, closed) = Phases::new();
        let slots = Arc::new(Semaphore::new(limits.connections_max as usize));
        let acceptor = Acceptor {
            server: Arc::new(Server::new(handler, &limits, closed)),
            slots: Arc::clone(&slots),
            connections,
        };
        tokio::select! {
            () = phases.draining() => {}
            () = acceptor.accept(&self.socket) => {}
        }
        drop(self.socket);
        closing.send_replace(Phase::Draining);
        // With every slot back there is no connection left.
        let all = slots.acquire_many(limits.connections_max);
        if tokio::time::timeout(limits.grace, all).await.is_err() {
            let unfinished = (limits.connections_max as usize) - slots.available_permits();
            tracing::warn!(address = %self.address, unfinished, "stopped before every connection was done");
        }
    }
}

impl Socket {
    async fn accept(&self) -> io::Result<Accepted> {
        Ok(match self {
            Self::Tcp(listener) => Accepted::Tcp(quick(listener.accept().await?.0)),
            Self::Tls(listener, tls) => {
                Accepted::Tls(quick(listener.accept().await?.0), tls.acceptor())
            }
            Self::Unix { listener, .. } => Accepted::Unix(listener.accept().await?.0),
        })
    }
}

/// Answers are small and complete: waiting for more to send would only delay them.
fn quick(stream: TcpStream) -> TcpStream {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY is refused");
    }
    stream
}

struct Acceptor<H> {
    server: Arc<Server<H>>,
    slots: Arc<Semaphore>,
    connections: Option<Gauge>,
}

impl<H: Handler> Acceptor<H> {
    async fn accept(&self, socket: &Socket) {
        loop {
            let Ok(slot) = Arc::clone(&self.slots).acquire_owned().await else {
                return;
            };
            match socket.accept().await {
                Ok(accepted) => self.serve(accepted, slot),
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// A task of its own from the first byte on: a slow handshake keeps nobody else waiting.
    fn serve(&self, accepted: Accepted, slot: OwnedSemaphorePermit) {
        let open = Open::new(slot, self.connections.clone());
        let server = Arc::clone(&self.server);
        tokio::spawn(async move {
            server.serve(accepted).await;
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
