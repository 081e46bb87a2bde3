//! Answers of the guard's own, and the headers of those that it passes back.

use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};

use crate::cli::support::http::{Body, full};

/// The name of the session's header.
pub(super) const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");

/// The headers of the server that a client gets, beside the type and the session.
const PASSED: [&str; 5] = [
    "allow",
    "cache-control",
    "mcp-protocol-version",
    "retry-after",
    "x-accel-buffering",
];

/// An answer in words.
pub(super) fn said(status: StatusCode, why: &str) -> Response<Body> {
    let mut answer = Response::new(full(format!("mcppolicy guard: {why}\n")));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    match status {
        StatusCode::UNAUTHORIZED => {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        StatusCode::METHOD_NOT_ALLOWED => {
            let methods = HeaderValue::from_static("GET, POST, DELETE");
            headers.insert(header::ALLOW, methods);
        }
        _ => {}
    }
    answer
}

/// An answer that is a message.
pub(super) fn message(status: StatusCode, line: Vec<u8>) -> Response<Body> {
    let mut answer = Response::new(full(line));
    *answer.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    answer.headers_mut().insert(header::CONTENT_TYPE, json);
    answer
}

/// The status of an answer that the policy or its guard has given. What was decided,
/// or could not be, is an answer to the call; what could not be read is a bad
/// request.
pub(super) fn status(code: Option<i32>) -> StatusCode {
    match code {
        None | Some(-32603) => StatusCode::OK,
        Some(_) => StatusCode::BAD_REQUEST,
    }
}

/// The headers of the server's answer that the client gets.
pub(super) fn passed_back(headers: &HeaderMap) -> HeaderMap {
    let mut passed = HeaderMap::new();
    for name in PASSED {
        for value in headers.get_all(name) {
            passed.append(HeaderName::from_static(name), value.clone());
        }
    }
    passed
}

/// Lets a page of `origin` read an answer.
pub(super) fn open_to(origin: &HeaderValue, headers: &mut HeaderMap) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("mcp-session-id, mcp-protocol-version, www-authenticate"),
    );
}

/// The answer to a browser that asks what a page may send.
pub(super) fn preflight() -> Response<Body> {
    let mut answer = Response::new(crate::cli::support::http::empty());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    let headers = answer.headers_mut();
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("GET, POST, DELETE"),
    );
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("*, authorization"),
    );
    answer
}
