//! The transport between the official SDK and a server of the network: the SDK
//! speaks the protocol over HTTP, this sends its requests and keeps the answer to
//! the request for tools as the server wrote it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use rmcp::model::{
    ClientJsonRpcMessage, ClientRequest, ErrorData, JsonRpcMessage, ServerJsonRpcMessage,
};
use rmcp::transport::streamable_http_client::{
    StreamableHttpClient, StreamableHttpError, StreamableHttpPostResponse,
};
use sse_stream::{Sse, SseStream};

use super::transport::Observed;
use crate::cli::support::http::{Body, Upstream, empty, full};
use mcppolicy_trace::trace::block::LONGEST_LINE;

/// The largest answer that is read, in bytes.
const LARGEST: usize = 256 << 20;

/// A client of one server.
#[derive(Clone)]
pub(super) struct HttpClient {
    upstream: Upstream,
    observed: Observed,
}

/// Why there is no answer, in a sentence.
#[derive(Debug)]
pub(super) struct NoAnswer(String);

impl std::fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NoAnswer {}

type Refused = StreamableHttpError<NoAnswer>;

impl HttpClient {
    /// A client whose answers `observed` sees.
    pub fn new(upstream: Upstream, observed: Observed) -> HttpClient {
        HttpClient { upstream, observed }
    }

    /// Sends a request with the headers that the protocol asks for.
    async fn send(
        &self,
        method: Method,
        body: Body,
        headers: Headers,
    ) -> Result<Response<Incoming>, Refused> {
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = self.upstream.address(None);
        let accepted = HeaderValue::from_static("application/json, text/event-stream");
        request.headers_mut().insert(header::ACCEPT, accepted);
        request.headers_mut().extend(headers.0);
        self.upstream
            .send(request)
            .await
            .map_err(|why| self.trouble(why))
    }

    /// Keeps what went wrong, which the SDK's own errors would hide.
    fn trouble(&self, why: String) -> Refused {
        self.observed.set_trouble(&why);
        StreamableHttpError::Client(NoAnswer(why))
    }

    async fn text(&self, response: Response<Incoming>) -> Result<String, Refused> {
        let body = Limited::new(response.into_body(), LARGEST).collect().await;
        let body =
            body.map_err(|error| self.trouble(format!("the answer is not whole: {error}")))?;
        String::from_utf8(body.to_bytes().to_vec())
            .map_err(|_| self.trouble("the answer is not UTF-8".to_owned()))
    }
}

/// The headers of one request.
struct Headers(Vec<(HeaderName, HeaderValue)>);

impl Headers {
    fn new(
        own: HashMap<HeaderName, HeaderValue>,
        session: Option<&str>,
        last_event: Option<&str>,
    ) -> Headers {
        let mut headers: Vec<(HeaderName, HeaderValue)> = own.into_iter().collect();
        let named = [("mcp-session-id", session), ("last-event-id", last_event)];
        for (name, value) in named {
            let value = value.and_then(|value| HeaderValue::from_str(value).ok());
            headers.extend(value.map(|value| (HeaderName::from_static(name), value)));
        }
        Headers(headers)
    }
}

impl StreamableHttpClient for HttpClient {
    type Error = NoAnswer;

    async fn post_message(
        &self,
        _: Arc<str>,
        message: ClientJsonRpcMessage,
        session: Option<Arc<str>>,
        _: Option<String>,
        headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<StreamableHttpPostResponse, Refused> {
        let request = match &message {
            JsonRpcMessage::Request(request) => Some(request),
            _ => None,
        };
        if let Some(request) = request
            && matches!(request.request, ClientRequest::ListToolsRequest(_))
        {
            self.observed.expect(&request.id);
        }
        let is_handshake = request.is_some_and(|request| {
            matches!(
                request.request,
                ClientRequest::InitializeRequest(_) | ClientRequest::DiscoverRequest(_)
            )
        });
        let text = serde_json::to_vec(&message)?;
        let mut headers = Headers::new(headers, session.as_deref(), None);
        let json = HeaderValue::from_static("application/json");
        headers.0.push((header::CONTENT_TYPE, json));
        let response = self.send(Method::POST, full(text), headers).await?;

        let status = response.status();
        let session_of = response.headers().get("mcp-session-id");
        let session_of = session_of
            .and_then(|id| id.to_str().ok())
            .map(str::to_owned);
        let kind = media_type(&response);
        if request.is_none() && status.is_success() {
            return Ok(StreamableHttpPostResponse::Accepted);
        }
        if status == StatusCode::NOT_FOUND && session.is_some() {
            return Err(StreamableHttpError::SessionExpired);
        }
        if status.is_success() && kind == "text/event-stream" {
            let events = self.events(response);
            return Ok(StreamableHttpPostResponse::Sse(events, session_of));
        }
        let text = self.text(response).await?;
        if let Some(message) = self.observed.message(&text) {
            let message = match (message, request) {
                // Who refuses a request as such may not have read its id.
                (JsonRpcMessage::Error(error), Some(request)) => {
                    ServerJsonRpcMessage::error(error.error, Some(request.id.clone()))
                }
                (message, _) => message,
            };
            return Ok(StreamableHttpPostResponse::Json(message, session_of));
        }
        let is_refused = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
        if let Some(request) = request.filter(|_| is_handshake && status.is_client_error())
            && !is_refused
        {
            let error = ErrorData::invalid_request(format!("HTTP {}", status.as_u16()), None);
            let error = ServerJsonRpcMessage::error(error, Some(request.id.clone()));
            return Ok(StreamableHttpPostResponse::Json(error, session_of));
        }
        Err(self.trouble(match is_refused {
            true => format!(
                "the server answers with HTTP {}; headers go into a file for --header-file",
                status.as_u16()
            ),
            false => format!(
                "the server answers with HTTP {} and no message",
                status.as_u16()
            ),
        }))
    }

    async fn delete_session(
        &self,
        _: Arc<str>,
        session: Arc<str>,
        _: Option<String>,
        headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<(), Refused> {
        let headers = Headers::new(headers, Some(&session), None);
        // A server that keeps its session keeps it.
        self.send(Method::DELETE, empty(), headers)
            .await
            .map(|_| ())
    }

    async fn get_stream(
        &self,
        _: Arc<str>,
        session: Option<Arc<str>>,
        last_event: Option<String>,
        _: Option<String>,
        headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<BoxStream<'static, Result<Sse, sse_stream::Error>>, Refused> {
        let headers = Headers::new(headers, session.as_deref(), last_event.as_deref());
        let response = self.send(Method::GET, empty(), headers).await?;
        if response.status().is_success() && media_type(&response) == "text/event-stream" {
            return Ok(self.events(response));
        }
        if response.status() == StatusCode::METHOD_NOT_ALLOWED {
            return Err(StreamableHttpError::ServerDoesNotSupportSse);
        }
        Err(StreamableHttpError::UnexpectedServerResponse(Cow::Owned(
            format!("HTTP {}", response.status().as_u16()),
        )))
    }
}

impl HttpClient {
    /// The events of an answer, each seen as it comes.
    fn events(
        &self,
        response: Response<Incoming>,
    ) -> BoxStream<'static, Result<Sse, sse_stream::Error>> {
        let observed = self.observed.clone();
        let limited = Limited::new(response.into_body(), LARGEST);
        let limited = limited.map_err(|error| NoAnswer(error.to_string()));
        SseStream::new(limited)
            .inspect(move |event| {
                let data = event.as_ref().ok().and_then(|event| event.data.as_deref());
                if let Some(data) = data.filter(|data| data.len() <= LONGEST_LINE) {
                    observed.message(data);
                }
            })
            .boxed()
    }
}

fn media_type(response: &Response<Incoming>) -> String {
    let value = response.headers().get(header::CONTENT_TYPE);
    let value = value.and_then(|value| value.to_str().ok());
    let kind = value.and_then(|value| value.split(';').next());
    kind.unwrap_or_default().trim().to_ascii_lowercase()
}
