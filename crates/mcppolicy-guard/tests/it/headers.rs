//! Messages over HTTP: headers that repeat them, bodies of several lines, and
//! requests that nobody answers.

use super::{Desk, call};
use mcppolicy_guard::{FromClient, Headers};

const POLICY: &str = r#"{"version":"1","default":"deny","hide":["wipe"],"tools":{"read":{},"\u00e9":{},
    "pay":{"require":[{"conditions":[{"path":"args.to","op":"eq","value":"a"}]}]}}}"#;
const NEW: &str = "2026-07-28";

fn modern(method: &str, params: &str) -> String {
    format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"{method}\",\"params\":{{{params}\"_meta\":{{\"io.modelcontextprotocol/protocolVersion\":\"{NEW}\"}}}}}}"
    )
}

fn read() -> String {
    modern("tools/call", "\"name\":\"read\",\"arguments\":{},")
}

/// What the log says that a body is refused for; nothing for one that passes.
fn refused(headers: &Headers<'_>, body: &str) -> Option<String> {
    let mut desk = Desk::new(POLICY);
    match desk.body(headers, body.as_bytes()) {
        FromClient::Forward(bytes) => {
            assert_eq!(bytes, body.as_bytes());
            return None;
        }
        FromClient::Answer { line, code } => {
            let line = String::from_utf8(line).unwrap();
            assert!(
                code == Some(-32020) && line.contains("\"code\":-32020"),
                "{line}"
            );
        }
        FromClient::Drop => panic!("dropped"),
    }
    let log = desk.log.text();
    let reason = log.split("\"refused\":\"").nth(1)?.split('"').next()?;
    Some(reason.to_owned())
}

#[test]
fn headers_that_do_not_say_what_the_message_says_are_refused() {
    let good = Headers {
        version: Some(NEW),
        method: Some("tools/call"),
        name: Some("read"),
        parameters: &[],
    };
    assert_eq!(refused(&good, &read()), None);
    let version = "header-mismatch MCP-Protocol-Version";
    for other in [None, Some("2025-11-25"), Some("2027-01-01")] {
        let headers = Headers {
            version: other,
            ..good
        };
        assert_eq!(refused(&headers, &read()).as_deref(), Some(version));
    }
    let method = "header-mismatch Mcp-Method";
    for other in [None, Some("ping"), Some("Tools/Call"), Some("")] {
        let headers = Headers {
            method: other,
            ..good
        };
        assert_eq!(refused(&headers, &read()).as_deref(), Some(method));
    }
    let name = "header-mismatch Mcp-Name";
    for other in [
        None,
        Some("pay"),
        Some("Read"),
        Some("=?base64?cGF5?="),
        Some("=?base64?cmVhZA?="),
        Some("=?base64?!?="),
        Some("=?base64?/w==?="),
    ] {
        let headers = Headers {
            name: other,
            ..good
        };
        assert_eq!(
            refused(&headers, &read()).as_deref(),
            Some(name),
            "{other:?}"
        );
    }
    let encoded = Headers {
        name: Some("=?base64?cmVhZA==?="),
        ..good
    };
    assert_eq!(refused(&encoded, &read()), None);
    let written = Headers {
        name: Some("=?base64?w6k=?="),
        ..good
    };
    let accented = modern("tools/call", "\"name\":\"\u{e9}\",\"arguments\":{},");
    assert_eq!(refused(&written, &accented), None);
    let resource = Headers {
        method: Some("resources/read"),
        name: Some("file:///a"),
        ..good
    };
    let text = modern("resources/read", "\"uri\":\"file:///a\",");
    assert_eq!(refused(&resource, &text), None);
    assert_eq!(
        refused(&resource, &text.replace("///a", "///b")).as_deref(),
        Some(name)
    );
    // A message that says no version is not one of the newer kind.
    let older = call(1, "read", "{}").trim_end().to_owned();
    assert_eq!(refused(&good, &older).as_deref(), Some(version));
    let bare = Headers {
        version: Some("2025-11-25"),
        ..Headers::default()
    };
    assert_eq!(refused(&bare, &older), None);
    // What an older client says all the same must be true.
    let wrong = Headers {
        method: Some("ping"),
        ..bare
    };
    assert_eq!(refused(&wrong, &older).as_deref(), Some(method));
    let answer = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}";
    assert_eq!(refused(&bare, answer), None);
    assert_eq!(refused(&good, answer).as_deref(), Some(method));
}

#[test]
fn a_header_of_a_parameter_holds_an_argument() {
    let body = modern(
        "tools/call",
        "\"name\":\"pay\",\"arguments\":{\"to\":\"a\",\"o\":{\"n\":42,\"b\":true}},",
    );
    let with = |values: &[&str]| {
        let headers = Headers {
            version: Some(NEW),
            method: Some("tools/call"),
            name: Some("pay"),
            parameters: values,
        };
        refused(&headers, &body)
    };
    assert_eq!(with(&["a", "42.0", "true", "=?base64?YQ==?="]), None);
    for value in ["b", "41", "", "=?base64?Yg==?="] {
        assert_eq!(
            with(&["a", value]).as_deref(),
            Some("header-mismatch Mcp-Param"),
            "{value}"
        );
    }
}

#[test]
fn a_body_of_several_lines_is_forwarded_on_one() {
    let mut desk = Desk::new(POLICY);
    let inner = call(2, "wipe", "{}");
    let body = format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":\r\n{}\r}}\n",
        inner.trim_end()
    );
    let FromClient::Forward(bytes) = desk.body(&Headers::default(), body.as_bytes()) else {
        panic!("refused");
    };
    assert_eq!(
        String::from_utf8(bytes.into_owned()).unwrap(),
        body.replace(['\r', '\n'], " ")
    );
    // Inside of a string a line ending is no JSON.
    let broken = call(3, "re\nad", "{}");
    assert!(matches!(
        desk.body(&Headers::default(), broken.as_bytes()),
        FromClient::Answer {
            code: Some(-32700),
            ..
        }
    ));
}

#[test]
fn a_request_that_the_server_does_not_answer_is_closed() {
    let mut desk = Desk::new(POLICY);
    let body = call(7, "read", "{}");
    let closes = |desk: &mut Desk| {
        let answer = desk
            .guard
            .not_answered(&mut desk.session, body.as_bytes(), desk.now);
        answer.map(|line| String::from_utf8(line).unwrap())
    };
    assert_eq!(closes(&mut desk), None);
    assert!(desk.becomes(&body).starts_with("forward"));
    assert!(desk.becomes(&body).contains("has not been answered"));
    let answer = closes(&mut desk).unwrap();
    assert!(
        answer.contains("\"id\":7,\"error\":{\"code\":-32603"),
        "{answer}"
    );
    assert!(desk.log.text().contains("\"outcome\":\"unknown\""));
    assert!(desk.becomes(&body).starts_with("forward"));
}

#[test]
fn a_list_is_kept_a_minute_at_most_and_for_one_client() {
    let mut desk = Desk::new(POLICY);
    let list = |rest: &str| format!("{{\"id\":1,\"result\":{{\"tools\":[]{rest}}}}}\n");
    for (rest, shown) in [
        (
            ",\"ttlMs\":60001,\"cacheScope\":\"public\"",
            ",\"ttlMs\":60000,\"cacheScope\":\"private\"",
        ),
        (",\"ttlMs\":\"x\"", ",\"ttlMs\":60000"),
        (
            ",\"ttlMs\":5,\"cacheScope\":\"private\"",
            ",\"ttlMs\":5,\"cacheScope\":\"private\"",
        ),
    ] {
        assert_eq!(desk.shows(&list(rest)), Some(list(shown)));
    }
    // What is no list of tools stays as it is.
    let other = "{\"id\":1,\"result\":{\"ttlMs\":90000}}\n".to_owned();
    assert_eq!(desk.shows(&other), Some(other));
}
