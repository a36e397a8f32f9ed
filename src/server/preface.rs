//! HTTP/1 or HTTP/2? A client that knows tells by its first bytes.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};

/// What every HTTP/2 connection begins with, and no HTTP/1 request does.
const PREFACE: &[u8; LENGTH] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const LENGTH: usize = 24;

/// A stream whose first bytes have been looked at, and come again when it is read.
pub(super) struct Opened<S> {
    stream: S,
    head: [u8; LENGTH],
    /// Of `head`, what is filled, and of that, what has been read again.
    filled: usize,
    read: usize,
}

impl<S: AsyncRead + Unpin> Opened<S> {
    /// Reads as little as tells; an end before the first byte is none.
    pub(super) async fn read(mut stream: S) -> io::Result<Option<Self>> {
        let (mut head, mut filled) = ([0; LENGTH], 0);
        while let Some(space) = head.get_mut(filled..)
            && !space.is_empty()
        {
            let read = stream.read(space).await?;
            filled += read;
            if read == 0 || !PREFACE.starts_with(head.get(..filled).unwrap_or_default()) {
                break;
            }
        }
        Ok((filled > 0).then_some(Self {
            stream,
            head,
            filled,
            read: 0,
        }))
    }

    pub(super) fn is_http2(&self) -> bool {
        self.head == *PREFACE
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Opened<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.read == this.filled {
            return Pin::new(&mut this.stream).poll_read(context, buffer);
        }
        let end = this.filled.min(this.read + buffer.remaining());
        buffer.put_slice(this.head.get(this.read..end).unwrap_or_default());
        this.read = end;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Opened<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    /// Whether what arrives byte by byte is HTTP/2, and all that can be read after that was found out.
    async fn opened(bytes: &'static [u8]) -> Option<(bool, Vec<u8>)> {
        let (mut client, server) = tokio::io::duplex(1);
        let sent = tokio::spawn(async move { client.write_all(bytes).await });
        let mut opened = Opened::read(server).await.unwrap()?;
        let is_http2 = opened.is_http2();
        let mut read = Vec::new();
        opened.read_to_end(&mut read).await.unwrap();
        sent.await.unwrap().unwrap();
        Some((is_http2, read))
    }

    #[tokio::test]
    async fn tells_and_loses_nothing() {
        for (bytes, is_http2) in [
            (b"POST / HTTP/1.1\r\n\r\n".as_slice(), false),
            (b"P", false),
            (b"PRI * HTTP/2.0\r\n\r\n", false),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\x0b", false),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", true),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nmore", true),
        ] {
            let expected = Some((is_http2, bytes.to_vec()));
            assert_eq!(opened(bytes).await, expected, "{bytes:?}");
        }
        assert_eq!(opened(b"").await, None);
    }
}
