//! A stream of events on its way to a client.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming};

use super::events::{Events, Shown};
use crate::cli::command::guard::LONGEST_OF_SERVER;
use crate::cli::support::output::complain;

/// Says what a client gets of an event's data.
pub(super) type Show = Box<dyn FnMut(&[u8]) -> Shown + Send + Sync>;

/// The events of the server, as the policy shows them. Whoever drops it has closed
/// the connection to the server.
pub(super) struct Stream {
    /// `None` when it has ended.
    body: Option<Incoming>,
    events: Events,
    show: Show,
}

impl Stream {
    pub fn new(body: Incoming, show: Show) -> Stream {
        Stream {
            body: Some(body),
            events: Events::new(LONGEST_OF_SERVER),
            show,
        }
    }

    /// What the client gets of the server's bytes; nothing when the stream ends here.
    fn shown(&mut self, data: &[u8]) -> Option<Bytes> {
        if let Ok(out) = self.events.pass(data, &mut self.show) {
            return Some(Bytes::from(out));
        }
        complain("an event of the server is longer than 64 MiB, and ends its stream");
        None
    }
}

impl Body for Stream {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        loop {
            let Some(body) = &mut self.body else {
                return Poll::Ready(None);
            };
            let frame = match std::task::ready!(Pin::new(body).poll_frame(context)) {
                Some(Ok(frame)) => frame,
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            };
            // What is no data are trailers, which no client needs.
            let Ok(data) = frame.into_data() else {
                continue;
            };
            match self.shown(&data) {
                Some(out) if out.is_empty() => {}
                Some(out) => return Poll::Ready(Some(Ok(Frame::data(out)))),
                None => self.body = None,
            }
        }
    }
}
