//! One request on its way to the server, and its answer on the way back.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use tokio::sync::mpsc;

use super::answer::{SESSION, message, open_to, passed_back, preflight, said, status};
use super::events::Shown;
use super::request::{Said, Who};
use super::sessions::{Key, Sessions, Shared, key};
use super::stream::{Show, Stream};
use crate::cli::command::guard::desk::{Client, Desk, lock, now};
use crate::cli::command::guard::{LONGEST_OF_CLIENT, LONGEST_OF_SERVER};
use crate::cli::support::http::callers::{Callers, Origin, origin};
use crate::cli::support::http::headers::{is_compressed, media_type};
use crate::cli::support::http::{Body, Upstream, empty, full};
use crate::cli::support::output::complain;
use mcppolicy_guard::{FromClient, FromServer};

/// How long a client may take to send a message.
const BODY_WITHIN: Duration = Duration::from_secs(60);

/// A server that is guarded.
pub(super) struct Gate {
    desk: Arc<Mutex<Desk>>,
    sessions: Mutex<Sessions>,
    upstream: Upstream,
    callers: Callers,
    who: Who,
    /// A copy goes with each request that is to be answered before the end.
    waiting: Mutex<Option<mpsc::Sender<()>>>,
}

/// A request that is not passed on, and what it is answered.
type Refused = Box<Response<Body>>;

/// One request and what answers it.
pub(super) struct Exchange {
    gate: Arc<Gate>,
    client: Shared,
    grant: String,
    session: Option<Key>,
    /// The message as it came.
    body: Bytes,
    method: Method,
    _waiting: Option<mpsc::Sender<()>>,
}

impl Drop for Exchange {
    fn drop(&mut self) {
        // Without a session no other request can bring the answer.
        if self.session.is_none() {
            lock(&self.gate.desk).end(&mut lock(&self.client), now());
        }
    }
}

impl Gate {
    /// `waiting` is closed when all requests are answered after [`Gate::close`].
    pub fn new(
        desk: Arc<Mutex<Desk>>,
        upstream: Upstream,
        callers: Callers,
        who: Who,
        waiting: mpsc::Sender<()>,
    ) -> Gate {
        Gate {
            desk,
            sessions: Mutex::default(),
            upstream,
            callers,
            who,
            waiting: Mutex::new(Some(waiting)),
        }
    }

    /// No further request is waited for.
    pub fn close(&self) {
        lock(&self.waiting).take();
    }

    /// Ends all sessions; whether all that was decided is in the logs.
    pub fn end(&self) -> bool {
        let sessions = lock(&self.sessions).drain();
        let mut desk = lock(&self.desk);
        for client in sessions {
            desk.end(&mut lock(&client), now());
        }
        let is_whole = desk.is_whole();
        // The lock is kept, so that nothing is decided and no line begun any more.
        std::mem::forget(desk);
        is_whole
    }

    /// Answers a request, by itself or with what the server answers.
    pub async fn pass(self: Arc<Gate>, request: Request<Incoming>) -> Response<Body> {
        if let Err(why) = self.callers.check(&request) {
            return said(StatusCode::FORBIDDEN, why);
        }
        let page = match origin(request.headers()) {
            Origin::Page(_) => request.headers().get(header::ORIGIN).cloned(),
            Origin::None | Origin::Unknown => None,
        };
        let mut answer = match request.method() == Method::OPTIONS && page.is_some() {
            true => preflight(),
            false => match Gate::answer(self, request).await {
                Ok(answer) => answer,
                Err(refused) => *refused,
            },
        };
        if let Some(page) = page {
            open_to(&page, answer.headers_mut());
        }
        answer
    }

    async fn answer(
        self: Arc<Gate>,
        request: Request<Incoming>,
    ) -> Result<Response<Body>, Refused> {
        let refuse = |status: StatusCode, why: &str| Box::new(said(status, why));
        let (parts, body) = request.into_parts();
        let grant = self.who.grant(&parts.headers).ok_or_else(|| {
            let why = "the token is missing or not known";
            refuse(StatusCode::UNAUTHORIZED, why)
        })?;
        if parts.uri.path() != self.upstream.path() {
            return Err(refuse(StatusCode::NOT_FOUND, "there is nothing else here"));
        }
        let is_post = parts.method == Method::POST;
        if !is_post && parts.method != Method::GET && parts.method != Method::DELETE {
            let why = "the protocol has no such method";
            return Err(refuse(StatusCode::METHOD_NOT_ALLOWED, why));
        }
        let said = Said::read(&parts.headers, is_post);
        let said = said.map_err(|(status, why)| refuse(status, why))?;
        let session = said.session.as_deref().map(key);
        let client = match &session {
            Some(session) => lock(&self.sessions).find(session, &grant).ok_or_else(|| {
                let why = "there is no such session";
                refuse(StatusCode::NOT_FOUND, why)
            })?,
            None => Arc::new(Mutex::new(Client::new(&grant))),
        };
        let waiting = lock(&self.waiting).clone().filter(|_| is_post);
        let mut exchange = Exchange {
            gate: self,
            client,
            grant,
            session,
            body: Bytes::new(),
            method: parts.method,
            _waiting: waiting,
        };
        let onward = match is_post {
            true => {
                exchange.body = exchange.collect(body).await?;
                full(exchange.decide(&said)?)
            }
            false => empty(),
        };
        let mut request = Request::new(onward);
        *request.method_mut() = exchange.method.clone();
        *request.uri_mut() = exchange.gate.upstream.address(None);
        *request.headers_mut() = said.passed;
        let sent = exchange.gate.upstream.send(request).await;
        Ok(match sent {
            Ok(response) => exchange.back(response).await,
            Err(why) => exchange.fail(&format!("the server cannot be reached: {why}")),
        })
    }
}

impl Exchange {
    /// What a server sends, as the policy shows it.
    fn shown<'m>(&self, data: &'m [u8]) -> FromServer<'m> {
        lock(&self.gate.desk).server_body(&mut lock(&self.client), data, now())
    }

    /// The whole of a message.
    async fn collect(&self, body: Incoming) -> Result<Bytes, Refused> {
        let whole = Limited::new(body, LONGEST_OF_CLIENT).collect();
        match tokio::time::timeout(BODY_WITHIN, whole).await {
            Ok(Ok(body)) => Ok(body.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => {
                let action = lock(&self.gate.desk).too_long(&mut lock(&self.client), now());
                Err(Box::new(match action {
                    FromClient::Answer { line, .. } => message(StatusCode::PAYLOAD_TOO_LARGE, line),
                    _ => said(StatusCode::PAYLOAD_TOO_LARGE, "the message is too long"),
                }))
            }
            // The client has gone in the middle of its request.
            Ok(Err(_)) => Err(Box::new(said(StatusCode::BAD_REQUEST, "it is not whole"))),
            Err(_) => Err(Box::new(said(
                StatusCode::REQUEST_TIMEOUT,
                "the message has not come within a minute",
            ))),
        }
    }

    /// What goes to the server of a message.
    fn decide(&self, said_of_it: &Said) -> Result<Vec<u8>, Refused> {
        let action = said_of_it.about(|headers| {
            let mut desk = lock(&self.gate.desk);
            desk.client_body(&mut lock(&self.client), headers, &self.body, now())
        });
        match action {
            FromClient::Forward(bytes) => Ok(bytes.into_owned()),
            FromClient::Answer { line, code } => Err(Box::new(message(status(code), line))),
            FromClient::Drop => Err(Box::new(said(
                StatusCode::BAD_REQUEST,
                "a tool call needs an `id`, and nobody waits for this one",
            ))),
        }
    }

    /// Answers a request that the server has not answered.
    fn fail(&self, why: &str) -> Response<Body> {
        let status = StatusCode::BAD_GATEWAY;
        match self.not_answered() {
            Some(line) => {
                complain(why);
                message(status, line)
            }
            None => said(status, why),
        }
    }

    fn not_answered(&self) -> Option<Vec<u8>> {
        lock(&self.gate.desk).not_answered(&mut lock(&self.client), &self.body, now())
    }

    /// Passes an answer back.
    async fn back(self, response: Response<Incoming>) -> Response<Body> {
        let (parts, body) = response.into_parts();
        if parts.status.is_redirection() {
            return self.fail("the server sends clients elsewhere, where nothing is guarded");
        }
        if [
            StatusCode::UNAUTHORIZED,
            StatusCode::PROXY_AUTHENTICATION_REQUIRED,
        ]
        .contains(&parts.status)
        {
            return self.fail("the server does not take the credential of --header-file");
        }
        if is_compressed(&parts.headers) {
            return self.fail("the server's answer is compressed although that was refused");
        }
        let session = match self.session(parts.status, &parts.headers) {
            Ok(session) => session,
            Err(OfAnother) => return self.fail("the server gives a session of another caller"),
        };
        let mut answer = match media_type(&parts.headers).as_str() {
            "text/event-stream" => {
                let mut answer = Response::new(Stream::new(body, self.show()).boxed());
                *answer.status_mut() = parts.status;
                let kind = HeaderValue::from_static("text/event-stream");
                answer.headers_mut().insert(header::CONTENT_TYPE, kind);
                answer
            }
            "application/json" => self.json(parts.status, body).await,
            _ => self.bare(parts.status),
        };
        answer.headers_mut().extend(passed_back(&parts.headers));
        if let Some(session) = session {
            answer.headers_mut().insert(SESSION, session);
        }
        answer
    }

    /// Shows the events of a stream, with which the exchange ends.
    fn show(self) -> Show {
        Box::new(move |data| match self.shown(data) {
            FromServer::Forward(shown) if *shown == *data => Shown::AsItIs,
            FromServer::Forward(shown) => Shown::Changed(shown.into_owned()),
            FromServer::NoMessage => {
                complain("an event of the server is no message, and is dropped");
                Shown::Nothing
            }
        })
    }

    /// Takes note of the session that an answer opens or ends; the header that the
    /// client gets.
    fn session(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
    ) -> Result<Option<HeaderValue>, OfAnother> {
        if let Some(session) = &self.session {
            let is_over = status == StatusCode::NOT_FOUND
                || self.method == Method::DELETE && status.is_success();
            if is_over && let Some(client) = lock(&self.gate.sessions).close(session) {
                lock(&self.gate.desk).end(&mut lock(&client), now());
            }
        }
        let Some(value) = headers.get(SESSION) else {
            return Ok(None);
        };
        let Ok(id) = value.to_str() else {
            return Ok(None);
        };
        let id = key(id);
        match self.session {
            Some(own) => return Ok((own == id).then(|| value.clone())),
            None if self.method != Method::POST || !status.is_success() => return Ok(None),
            None => {}
        }
        let opened = lock(&self.gate.sessions).open(id, &self.grant);
        if let Some(forgotten) = opened.map_err(|_| OfAnother)? {
            lock(&self.gate.desk).end(&mut lock(&forgotten), now());
        }
        Ok(Some(value.clone()))
    }

    /// An answer that is one message, or a batch of them.
    async fn json(&self, status: StatusCode, body: Incoming) -> Response<Body> {
        let whole = match Limited::new(body, LONGEST_OF_SERVER).collect().await {
            Ok(whole) => whole.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => {
                return self.fail("the server's answer is longer than 64 MiB");
            }
            Err(_) => return self.fail("the server's answer is not whole"),
        };
        if whole.iter().all(u8::is_ascii_whitespace) {
            return self.bare(status);
        }
        let answer = match self.shown(&whole) {
            FromServer::Forward(bytes) => message(status, bytes.into_owned()),
            FromServer::NoMessage => return self.fail("the server's answer is no message"),
        };
        // It may have answered something else.
        let _ = self.not_answered();
        answer
    }

    /// An answer without a message in it, or with a body of some other type, which a
    /// client has no use for.
    fn bare(&self, status: StatusCode) -> Response<Body> {
        match self.not_answered() {
            Some(line) if status.is_success() => message(StatusCode::BAD_GATEWAY, line),
            Some(line) => message(status, line),
            None => {
                let mut answer = Response::new(empty());
                *answer.status_mut() = status;
                answer
            }
        }
    }
}

/// A session is that of another grant.
#[derive(Debug, Clone, Copy)]
struct OfAnother;
