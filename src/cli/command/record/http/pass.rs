//! One request on its way to the server, and its answer on the way back.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited, StreamBody};
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::header::{self, HeaderMap};
use hyper::{Method, Request, Response, StatusCode};

use super::messages::{Exchange, Messages};
use crate::cli::support::http::callers::Callers;
use crate::cli::support::http::headers::{is_compressed, media_type, passed_on};
use crate::cli::support::http::sse::Events;
use crate::cli::support::http::{Body, Upstream, empty, full};
use mcppolicy_trace::trace::tap::Direction;

/// The largest body that is held to be recorded, in bytes.
const LARGEST: usize = 64 << 20;

/// What is recorded in the place of what did not come.
const NOT_WHOLE: &str = "an answer that is not whole";

/// A server that is listened to.
pub(super) struct Tapped {
    upstream: Upstream,
    /// The headers of the file, in which credentials are.
    own: HeaderMap,
    callers: Callers,
    messages: Arc<Messages>,
}

impl Tapped {
    pub fn new(upstream: Upstream, address: SocketAddr, messages: Messages) -> Tapped {
        Tapped {
            own: upstream.headers().iter().cloned().collect(),
            upstream,
            callers: Callers::new(address, Vec::new(), Vec::new()),
            messages: Arc::new(messages),
        }
    }

    /// Ends the recording; whether all that has passed is in it.
    pub fn finish(&self) -> bool {
        self.messages.finish()
    }

    /// Passes a request on and its answer back.
    pub async fn pass(&self, request: Request<Incoming>) -> Response<Body> {
        if let Err(why) = self.callers.check(&request) {
            return answer(StatusCode::FORBIDDEN, why);
        }
        if request.method() == Method::CONNECT {
            return answer(StatusCode::METHOD_NOT_ALLOWED, "this is no proxy");
        }
        if is_compressed(request.headers()) {
            return answer(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "a body that is compressed cannot be recorded",
            );
        }
        let (parts, body) = request.into_parts();
        let body = match Limited::new(body, LARGEST).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => {
                return answer(StatusCode::PAYLOAD_TOO_LARGE, "a body larger than 64 MiB");
            }
            // The client has gone in the middle of its request.
            Err(_) => return answer(StatusCode::BAD_REQUEST, "the request is not whole"),
        };
        let exchange = self.messages.begin(&parts.headers, &self.own);
        let is_asked = self.messages.body(&exchange, Direction::ToServer, &body);

        let mut onward = Request::new(match body.is_empty() {
            true => empty(),
            false => full(body),
        });
        *onward.method_mut() = parts.method;
        *onward.uri_mut() = self.upstream.address(parts.uri.path_and_query());
        *onward.headers_mut() = passed_on(&parts.headers);
        // It follows from the body.
        onward.headers_mut().remove(header::CONTENT_LENGTH);
        match self.upstream.send(onward).await {
            Ok(response) => self.back(response, exchange, is_asked).await,
            Err(why) => {
                if is_asked {
                    self.messages
                        .status(&exchange, "the server cannot be reached");
                }
                answer(
                    StatusCode::BAD_GATEWAY,
                    &format!("the server cannot be reached: {why}"),
                )
            }
        }
    }

    /// Passes an answer back.
    async fn back(
        &self,
        response: Response<Incoming>,
        exchange: Exchange,
        is_asked: bool,
    ) -> Response<Body> {
        let (mut parts, body) = response.into_parts();
        let kind = media_type(&parts.headers);
        let is_compressed = is_compressed(&parts.headers);
        parts.headers = passed_on(&parts.headers);
        if is_compressed {
            self.messages
                .unread("an answer that is compressed although that was refused");
            return Response::from_parts(parts, body.boxed());
        }
        let body = match kind.as_str() {
            "text/event-stream" => {
                let messages = Arc::clone(&self.messages);
                let stream = Stream {
                    body,
                    events: Events::default(),
                    messages,
                    exchange,
                };
                stream.boxed()
            }
            "application/json" => self.json(body, &exchange, is_asked, parts.status).await,
            _ => {
                if is_asked && !parts.status.is_success() {
                    self.messages
                        .status(&exchange, &format!("HTTP {}", parts.status.as_u16()));
                }
                body.boxed()
            }
        };
        Response::from_parts(parts, body)
    }

    /// A body that is one message is recorded when it has come whole, and passes
    /// then.
    async fn json(
        &self,
        mut body: Incoming,
        exchange: &Exchange,
        is_asked: bool,
        status: StatusCode,
    ) -> Body {
        let mut held: Vec<Frame<Bytes>> = Vec::new();
        let mut whole = Vec::new();
        loop {
            let frame = match body.frame().await {
                None => break,
                Some(Ok(frame)) => frame,
                Some(Err(error)) => {
                    // The server broke off. So does the tap, after the same bytes.
                    self.messages.status(exchange, NOT_WHOLE);
                    let frames = held.into_iter().map(Ok).chain([Err(error)]);
                    return StreamBody::new(futures_util::stream::iter(frames)).boxed();
                }
            };
            whole.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data));
            held.push(frame);
            if whole.len() > LARGEST {
                self.messages.unread("an answer larger than 64 MiB");
                let frames = futures_util::stream::iter(held.into_iter().map(Ok));
                let rest = http_body_util::BodyStream::new(body);
                let all = futures_util::StreamExt::chain(frames, rest);
                return StreamBody::new(all).boxed();
            }
        }
        if !self.messages.body(exchange, Direction::ToClient, &whole) && is_asked {
            self.messages
                .status(exchange, &format!("HTTP {}", status.as_u16()));
        }
        full(whole)
    }
}

/// A stream of events on its way to the client.
struct Stream {
    body: Incoming,
    events: Events,
    messages: Arc<Messages>,
    exchange: Exchange,
}

impl hyper::body::Body for Stream {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                for event in self
                    .events
                    .pass(frame.data_ref().map_or(&[][..], |data| data))
                {
                    self.messages.event(&self.exchange, &event);
                }
            }
            Poll::Ready(Some(Err(_))) => self.messages.status(&self.exchange, NOT_WHOLE),
            Poll::Ready(None) | Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// An answer of the tap's own.
fn answer(status: StatusCode, why: &str) -> Response<Body> {
    let mut answer = Response::new(full(format!("mcppolicy record: {why}\n")));
    *answer.status_mut() = status;
    answer
}
