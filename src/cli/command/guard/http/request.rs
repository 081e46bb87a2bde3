//! What a request says beside its message, and whose it is.

use std::sync::{Arc, Mutex};

use hyper::StatusCode;
use hyper::header::{self, HeaderMap, HeaderName};

use super::answer::SESSION;
use crate::cli::command::guard::desk::lock;
use crate::cli::command::guard::grants::Grants;
use crate::cli::support::http::headers::{is_compressed, media_type};
use mcppolicy_guard::Headers;

/// What the names of headers begin with that repeat an argument.
const PARAMETER: &str = "mcp-param-";

/// The headers that reach the server, beside those that repeat arguments. Each can
/// be there once: two readers could take another one of two.
const ONCE: [&str; 9] = [
    "last-event-id",
    "mcp-method",
    "mcp-name",
    "mcp-protocol-version",
    "mcp-session-id",
    "traceparent",
    "tracestate",
    "user-agent",
    "content-type",
];

/// Who may call.
#[derive(Debug)]
pub(super) enum Who {
    /// Every program of this machine, under one name.
    Everyone(String),
    /// Whoever has a token.
    Known(Arc<Mutex<Grants>>),
}

impl Who {
    /// The grant of a request.
    pub fn grant(&self, headers: &HeaderMap) -> Option<String> {
        let grants = match self {
            Who::Everyone(name) => return Some(name.clone()),
            Who::Known(grants) => grants,
        };
        let mut given = headers.get_all(header::AUTHORIZATION).iter();
        let (Some(given), None) = (given.next(), given.next()) else {
            return None;
        };
        let (scheme, token) = given.to_str().ok()?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        lock(grants).of(token.trim()).map(str::to_owned)
    }
}

/// The headers of a request that concern its message.
#[derive(Debug)]
pub(super) struct Said {
    /// Those that go to the server.
    pub passed: HeaderMap,
    version: Option<String>,
    method: Option<String>,
    name: Option<String>,
    pub session: Option<String>,
    parameters: Vec<String>,
}

impl Said {
    /// Reads the headers of a request; `has_body` says whether it may have one.
    ///
    /// # Errors
    /// The status and the reason of a refusal.
    pub fn read(headers: &HeaderMap, has_body: bool) -> Result<Said, (StatusCode, &'static str)> {
        if is_compressed(headers) {
            let why = "a body that is compressed cannot be decided";
            return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, why));
        }
        let bad = |why| (StatusCode::BAD_REQUEST, why);
        let mut passed = HeaderMap::new();
        for name in ONCE {
            let mut values = headers.get_all(name).iter();
            if let Some(value) = values.next() {
                passed.insert(HeaderName::from_static(name), value.clone());
            }
            if values.next().is_some() {
                return Err(bad("a header of the protocol is repeated"));
            }
        }
        for value in headers.get_all(header::ACCEPT) {
            passed.append(header::ACCEPT, value.clone());
        }
        let mut parameters = Vec::new();
        for (name, value) in headers {
            if !name.as_str().starts_with(PARAMETER) {
                continue;
            }
            let text = value.to_str().map_err(|_| bad(NOT_TEXT))?;
            parameters.push(text.to_owned());
            if passed.insert(name.clone(), value.clone()).is_some() {
                return Err(bad("a header of the protocol is repeated"));
            }
        }
        match has_body {
            true if !is_json(headers) => {
                let why = "a message is application/json in UTF-8";
                return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, why));
            }
            true => {}
            false => drop(passed.remove(header::CONTENT_TYPE)),
        }
        let text = |name: &str| {
            let value = passed.get(name).map(|value| value.to_str());
            let value = value.transpose().map_err(|_| bad(NOT_TEXT))?;
            Ok(value.map(str::to_owned))
        };
        Ok(Said {
            version: text("mcp-protocol-version")?,
            method: text("mcp-method")?,
            name: text("mcp-name")?,
            session: text(SESSION.as_str())?,
            parameters,
            passed,
        })
    }

    /// Calls `then` with what the headers say about the message.
    pub fn about<T>(&self, then: impl FnOnce(&Headers<'_>) -> T) -> T {
        let parameters: Vec<&str> = self.parameters.iter().map(String::as_str).collect();
        then(&Headers {
            version: self.version.as_deref(),
            method: self.method.as_deref(),
            name: self.name.as_deref(),
            parameters: &parameters,
        })
    }
}

const NOT_TEXT: &str = "a header of the protocol is no text";

/// Whether a body is said to be JSON in UTF-8.
fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE);
    let value = value.and_then(|value| value.to_str().ok());
    let mut parameters = value.unwrap_or_default().split(';').skip(1);
    let is_utf_8 = parameters.all(|parameter| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let value = value.trim().trim_matches('"');
        !name.trim().eq_ignore_ascii_case("charset") || value.eq_ignore_ascii_case("utf-8")
    });
    media_type(headers) == "application/json" && is_utf_8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(list: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in list {
            let value = hyper::header::HeaderValue::from_static(value);
            map.append(HeaderName::from_static(name), value);
        }
        map
    }

    const JSON: (&str, &str) = ("content-type", "application/json");

    #[test]
    fn only_headers_of_the_protocol_pass() {
        let given = headers(&[
            JSON,
            ("accept", "application/json"),
            ("accept", "text/event-stream"),
            ("authorization", "Bearer s3cret"),
            ("cookie", "s3cret"),
            ("x-api-key", "s3cret"),
            ("x-http-method-override", "DELETE"),
            ("mcp-session-id", "s"),
            ("mcp-param-region", "eu"),
            ("last-event-id", "7"),
        ]);
        let said = Said::read(&given, true).unwrap();
        let mut names: Vec<&str> = said.passed.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        let expected = [
            "accept",
            "content-type",
            "last-event-id",
            "mcp-param-region",
            "mcp-session-id",
        ];
        assert_eq!(names, expected);
        assert_eq!(said.passed.get_all("accept").iter().count(), 2);
        let parameters = said.about(|about| {
            let each = about.parameters.iter().map(ToString::to_string);
            each.collect::<Vec<_>>()
        });
        assert_eq!(parameters, ["eu"]);
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for name in ONCE.into_iter().chain(["mcp-param-a"]) {
            let given = headers(&[JSON, (name, "application/json"), (name, "application/json")]);
            assert!(Said::read(&given, true).is_err(), "{name}");
        }
        for kind in [
            "text/plain",
            "application/json; charset=utf-16",
            "application/json;charset=\"latin1\"",
            "application/json2",
            "",
        ] {
            assert!(
                Said::read(&headers(&[("content-type", kind)]), true).is_err(),
                "{kind}"
            );
        }
        let good = headers(&[("content-type", "Application/JSON; charset=\"UTF-8\"; v=1")]);
        assert!(Said::read(&good, true).is_ok());
        assert!(Said::read(&headers(&[]), true).is_err());
        assert!(Said::read(&headers(&[]), false).is_ok());
        for encoding in ["gzip", "identity, gzip", "utf-8"] {
            let given = headers(&[JSON, ("content-encoding", encoding)]);
            assert!(Said::read(&given, true).is_err(), "{encoding}");
        }
    }

    #[test]
    fn a_token_is_given_once_and_as_a_bearers() {
        let line = crate::cli::command::guard::grants::line("mcpg_x", "a");
        let grants = Grants::parse(line.as_bytes()).unwrap();
        let who = Who::Known(Arc::new(Mutex::new(grants)));
        let grant = |list: &[(&'static str, &'static str)]| who.grant(&headers(list));
        let token = ("authorization", "Bearer mcpg_x");
        assert_eq!(grant(&[token]).as_deref(), Some("a"));
        assert_eq!(
            grant(&[("authorization", "bearer mcpg_x")]).as_deref(),
            Some("a")
        );
        for wrong in [
            &[][..],
            &[token, token],
            &[("authorization", "mcpg_x")],
            &[("authorization", "Basic mcpg_x")],
            &[("authorization", "Bearer mcpg_y")],
            &[("authorization", "Bearer ")],
            &[("x-authorization", "Bearer mcpg_x")],
        ] {
            assert_eq!(grant(wrong), None, "{wrong:?}");
        }
    }
}
