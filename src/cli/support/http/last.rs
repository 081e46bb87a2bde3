//! An answer that breaks off: what has come of it reaches the client first. A server
//! that is told of an error in a body drops what it has not sent yet.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use hyper::rt::{Read, ReadBufCursor, Write};

use super::Body;

/// Whether all that was written to a connection has been sent.
#[derive(Debug, Clone, Default)]
pub(super) struct Sent(Arc<AtomicBool>);

/// A connection that says when all that was written to it has been sent.
pub(super) struct Watched<C> {
    connection: C,
    sent: Sent,
}

impl<C> Watched<C> {
    pub fn new(connection: C, sent: Sent) -> Watched<C> {
        Watched { connection, sent }
    }
}

impl<C: Read + Unpin> Read for Watched<C> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_read(context, buffer)
    }
}

impl<C: Write + Unpin> Write for Watched<C> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.connection).poll_write(context, bytes)
    }

    /// This is asked for once everything is written.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = ready!(Pin::new(&mut self.connection).poll_flush(context));
        self.sent.0.store(true, Ordering::Relaxed);
        Poll::Ready(flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.connection.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.connection).poll_write_vectored(context, parts)
    }
}

/// A body that tells of its error when all before it has been sent.
pub(super) struct ErrorLast {
    body: Body,
    sent: Sent,
    error: Option<hyper::Error>,
}

impl ErrorLast {
    /// The same for a body that is sent on the connection of `sent`.
    pub fn new(body: Body, sent: Sent) -> ErrorLast {
        ErrorLast {
            body,
            sent,
            error: None,
        }
    }
}

impl hyper::body::Body for ErrorLast {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        if self.error.is_none() {
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Err(error)) => self.error = Some(error),
                other => return Poll::Ready(other),
            }
            self.sent.0.store(false, Ordering::Relaxed);
            // Whoever polls sends what it has before it polls again. From then on the
            // connection wakes it.
            context.waker().wake_by_ref();
        }
        if !self.sent.0.load(Ordering::Relaxed) {
            return Poll::Pending;
        }
        Poll::Ready(self.error.take().map(Err))
    }

    fn is_end_stream(&self) -> bool {
        self.error.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
