//! A client of HTTP/2.

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, combinators::BoxBody};
use hyper::client::conn::http2::{self, SendRequest};
use hyper::{Request, Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use super::{Answer, TlsClient, question};

pub(crate) type Body = BoxBody<Bytes, std::convert::Infallible>;

/// A connection.
pub(crate) struct Http2 {
    pub(crate) runtime: Runtime,
    pub(crate) sender: SendRequest<Body>,
    ended: JoinHandle<hyper::Result<()>>,
}

impl Http2 {
    /// With prior knowledge.
    pub(crate) fn connect(address: SocketAddr) -> Self {
        Self::over(async move { TcpStream::connect(address).await.unwrap() })
    }

    pub(crate) fn connect_unix(path: &Path) -> Self {
        let path = path.to_owned();
        Self::over(async move { UnixStream::connect(path).await.unwrap() })
    }

    /// By ALPN.
    pub(crate) fn connect_tls(address: SocketAddr, client: &TlsClient) -> Self {
        let config = Arc::new(client.clone().offering(&["h2"]).config);
        Self::over(async move {
            let stream = TcpStream::connect(address).await.unwrap();
            let name = ServerName::try_from("localhost").unwrap();
            let connector = tokio_rustls::TlsConnector::from(config);
            connector.connect(name, stream).await.unwrap()
        })
    }

    fn over<S>(stream: impl Future<Output = S>) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let (sender, ended) = runtime.block_on(async {
            let stream = TokioIo::new(stream.await);
            let (sender, connection) = http2::handshake(TokioExecutor::new(), stream)
                .await
                .unwrap();
            (sender, tokio::spawn(connection))
        });
        Self {
            runtime,
            sender,
            ended,
        }
    }

    pub(crate) fn request(
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Request<Body> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("http://localhost{path}"))
            .header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(Full::new(body.into()).boxed()).unwrap()
    }

    pub(crate) fn evaluation(account: &str, headers: &[(&str, &str)]) -> Request<Body> {
        let path = "/access/v1/evaluation";
        Self::request("POST", path, headers, question(account))
    }

    pub(crate) fn send(&mut self, request: Request<Body>) -> Answer {
        self.try_send(request).unwrap()
    }

    pub(crate) fn try_send(&mut self, request: Request<Body>) -> hyper::Result<Answer> {
        let sent = self.sender.send_request(request);
        self.runtime
            .block_on(async { Ok(answer(sent.await?).await) })
    }

    pub(crate) fn ask(&mut self, account: &str) -> Answer {
        self.send(Self::evaluation(account, &[]))
    }

    /// Whether the connection ends in time.
    pub(crate) fn ends_within(&mut self, patience: Duration) -> bool {
        let ended = &mut self.ended;
        let ended = self
            .runtime
            .block_on(async { tokio::time::timeout(patience, ended).await });
        ended.is_ok()
    }
}

/// An answer, whole.
pub(crate) async fn answer(response: Response<hyper::body::Incoming>) -> Answer {
    assert_eq!(response.version(), Version::HTTP_2);
    let (head, body) = response.into_parts();
    let text = |value: &hyper::header::HeaderValue| value.to_str().unwrap().to_owned();
    let headers = head.headers.iter();
    let headers = headers.map(|(name, value)| (name.to_string(), text(value)));
    let headers = headers.collect();
    let body = body.collect().await.unwrap().to_bytes();
    Answer {
        status: head.status.as_u16(),
        headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}
