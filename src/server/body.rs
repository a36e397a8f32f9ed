//! Reading a request's body, within limits of size and time.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::HeaderMap;
use hyper::body::{Body as _, Incoming};
use hyper::header::EXPECT;

use super::Refusal;

/// How long a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);
/// How much of a refused body is thrown away, so that a client that is still sending gets to read why.
const DISCARDED_MAX: usize = 16 << 20;
/// How long that may take.
const DISCARD_PATIENCE: Duration = Duration::from_secs(2);

/// The whole body, in one piece, of at most so many bytes.
pub(super) async fn read(
    mut body: Incoming,
    waits: bool,
    bytes_max: usize,
) -> Result<Bytes, Refusal> {
    let read = collected(&mut body, bytes_max).await;
    if matches!(read, Err(Refusal::TooLarge { .. })) {
        discard(body, waits).await;
    }
    read
}

/// The body, within its time. Nearly every one is there with its head, and needs no timer.
async fn collected(body: &mut Incoming, bytes_max: usize) -> Result<Bytes, Refusal> {
    let mut collected = pin!(collect(body, bytes_max));
    let now = poll_fn(|context| Poll::Ready(collected.as_mut().poll(context))).await;
    if let Poll::Ready(read) = now {
        return read;
    }
    let read = tokio::time::timeout(PATIENCE, collected).await;
    read.unwrap_or(Err(Refusal::Slow {
        seconds: PATIENCE.as_secs(),
    }))
}

async fn collect(body: &mut Incoming, bytes_max: usize) -> Result<Bytes, Refusal> {
    let too_large = || Refusal::TooLarge { limit: bytes_max };
    if body.size_hint().lower() > bytes_max as u64 {
        return Err(too_large());
    }
    let mut whole = Bytes::new();
    let mut more = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Refusal::BrokenOff)?.into_data() else {
            continue;
        };
        if whole.len() + more.len() + data.len() > bytes_max {
            return Err(too_large());
        }
        // Nearly every body comes in one piece, which then needs no copy.
        if whole.is_empty() && more.is_empty() {
            whole = data;
        } else {
            more.extend_from_slice(&std::mem::take(&mut whole));
            more.extend_from_slice(&data);
        }
    }
    Ok(if more.is_empty() {
        whole
    } else {
        more.freeze()
    })
}

/// Whether the client sends its body only once it is told to.
pub(super) fn waits(headers: &HeaderMap) -> bool {
    headers.contains_key(EXPECT)
}

/// Throws a body away that is not wanted. Closing on a client that is still sending would reset the connection, and
/// the answer with it.
pub(super) async fn discard(mut body: Incoming, waits: bool) {
    if waits || body.is_end_stream() {
        return;
    }
    let discarded = async {
        let mut bytes = 0;
        while let Some(Ok(frame)) = body.frame().await {
            bytes += frame.data_ref().map_or(0, Bytes::len);
            if bytes > DISCARDED_MAX {
                return;
            }
        }
    };
    let _ = tokio::time::timeout(DISCARD_PATIENCE, discarded).await;
}
