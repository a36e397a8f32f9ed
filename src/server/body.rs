//! Reading a request's body, within limits of size and time.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::HeaderMap;
use hyper::body::{Body as _, Incoming};
use hyper::header::{CONTENT_TYPE, EXPECT};

use super::Refusal;

/// How long a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);
/// How much of a refused body is thrown away, so that a client that is still sending gets to read why.
const DISCARDED_MAX: usize = 16 << 20;
/// How long that may take.
const DISCARD_PATIENCE: Duration = Duration::from_secs(2);

/// Whether the body is declared as JSON: once, whatever the parameters, upper or lower case.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let mut declared = headers.get_all(CONTENT_TYPE).iter();
    let (Some(kind), None) = (declared.next(), declared.next()) else {
        return false;
    };
    let essence = kind.as_bytes().split(|byte| *byte == b';').next();
    essence.is_some_and(|essence| {
        essence
            .trim_ascii()
            .eq_ignore_ascii_case(b"application/json")
    })
}

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

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    #[test]
    fn takes_json_only() {
        for (given, expected) in [
            (vec!["application/json"], true),
            (vec!["application/json; charset=utf-8"], true),
            (vec!["Application/JSON ;charset=utf-8"], true),
            (vec!["application/json-patch+json"], false),
            (vec!["text/plain"], false),
            (vec!["application/json", "text/plain"], false),
            (vec![""], false),
            (vec![], false),
        ] {
            let mut headers = HeaderMap::new();
            for kind in &given {
                headers.append(CONTENT_TYPE, HeaderValue::from_static(kind));
            }
            assert_eq!(is_json(&headers), expected, "{given:?}");
        }
    }
}
