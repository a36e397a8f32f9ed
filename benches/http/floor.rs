//! The floor: what HTTP itself costs, with nothing decided.
//!
//! The same hyper builder with the same options, the same runtime, the same socket option and one task a connection, as
//! in `src/server/listener.rs` and `src/cli/serve.rs`: whoever changes those changes this. It reads each body whole and
//! answers what an allow answers. What the sidecar adds is then its own: routing, limits, the revision in each answer,
//! metrics, parsing, deciding.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;

/// The argument that makes this program the floor.
pub const ROLE: &str = "serve-the-floor";

const ALLOW: Bytes = Bytes::from_static(br#"{"decision":true}"#);
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const STACK_BYTES: usize = 8 << 20;
const BUFFER_BYTES_MAX: usize = 64 << 10;
const IDLE_MAX: Duration = Duration::from_secs(75);

/// Says on which address it listens, and serves until it is killed.
pub fn serve() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(STACK_BYTES)
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        println!("{}", listener.local_addr().expect("an address"));
        tokio::spawn(accept(listener)).await.expect("no panic");
    });
}

async fn accept(listener: TcpListener) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(IDLE_MAX)
        .max_buf_size(BUFFER_BYTES_MAX)
        .half_close(true);
    while let Ok((stream, _)) = listener.accept().await {
        stream.set_nodelay(true).expect("an option of TCP");
        let connection = http.serve_connection(TokioIo::new(stream), service_fn(answer));
        tokio::spawn(async move {
            let _ = connection.await;
        });
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let _whole = request.into_body().collect().await.map(|it| it.to_bytes());
    let mut answer = Response::new(Full::new(ALLOW));
    answer.headers_mut().insert(CONTENT_TYPE, JSON);
    Ok(answer)
}
