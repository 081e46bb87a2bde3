//! Spans of several sides: one call, in whatever order they come, and two calls
//! that follow each other are two.

use super::*;

/// A span of a `tools/call`.
#[derive(Clone, Copy)]
struct Span {
    id: &'static str,
    parent: &'static str,
    kind: u32,
    tool: &'static str,
    /// Seconds after ten o'clock.
    from: u32,
    to: u32,
    /// More attributes.
    more: &'static str,
}

const ARGUMENTS: &str =
    r#",{"key":"gen_ai.tool.call.arguments","value":{"stringValue":"{\"id\":\"a\"}"}}"#;
const SESSION: &str = r#",{"key":"mcp.session.id","value":{"stringValue":"s-1"}}"#;
const RESULT: &str = r#",{"key":"gen_ai.tool.call.result","value":{"stringValue":"gone"}}"#;
const ERROR: &str = r#",{"key":"rpc.response.status_code","value":{"stringValue":"-32603"}}"#;

impl Span {
    const fn new(id: &'static str, parent: &'static str, kind: u32, from: u32, to: u32) -> Span {
        let (tool, more) = ("delete", "");
        Span {
            id,
            parent,
            kind,
            tool,
            from,
            to,
            more,
        }
    }

    const fn with(self, more: &'static str) -> Span {
        Span { more, ..self }
    }

    fn text(&self) -> String {
        let nanos = |seconds: u32| format!("{}000000000", 1_795_168_800 + u64::from(seconds));
        let Span {
            id,
            parent,
            kind,
            tool,
            more,
            ..
        } = self;
        let method = match *tool {
            "" => String::new(),
            tool => format!(
                r#"{{"key":"mcp.method.name","value":{{"stringValue":"tools/call"}}}},{{"key":"gen_ai.tool.name","value":{{"stringValue":"{tool}"}}}}{more}"#
            ),
        };
        format!(
            r#"{{"traceId":"t1","spanId":"{id}","parentSpanId":"{parent}","kind":{kind},"name":"x","startTimeUnixNano":"{}","endTimeUnixNano":"{}","attributes":[{method}]}}"#,
            nanos(self.from),
            nanos(self.to)
        )
    }
}

fn export(spans: &[Span]) -> String {
    let spans: Vec<String> = spans.iter().map(Span::text).collect();
    format!(
        r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{}]}}]}}]}}"#,
        spans.join(",")
    )
}

/// What comes of the spans in every order, in one export and in one for each: it
/// must be the same but for the lines.
fn joined(spans: &[Span]) -> Vec<String> {
    let mut all: Option<Vec<String>> = None;
    for order in orders(spans.len()) {
        let spans: Vec<Span> = order.iter().map(|at| spans[*at]).collect();
        let apart: Vec<String> = spans.iter().map(|span| export(&[*span])).collect();
        for text in [export(&spans), apart.join("\n")] {
            let log = read_with(text.as_bytes(), Settings::default());
            let without_line =
                |call: &RecordedCall| shown(call).split_once(' ').unwrap().1.to_owned();
            let mut calls: Vec<String> = log.calls.iter().map(without_line).collect();
            calls.sort();
            assert_eq!(*all.get_or_insert(calls.clone()), calls, "{order:?}");
        }
    }
    all.unwrap()
}

fn orders(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let shorter = orders(count - 1).into_iter();
    let insert = |order: Vec<usize>| {
        (0..count).map(move |at| {
            let mut order = order.clone();
            order.insert(at, count - 1);
            order
        })
    };
    shorter.flat_map(insert).collect()
}

#[test]
fn client_and_server_are_one_call_with_what_each_knows() {
    let client = Span::new("c1", "", 3, 0, 9).with(SESSION);
    let server = Span::new("s1", "c1", 2, 1, 8);
    let known = r#"- delete{"id":"a"} s-1 10:00:00Z"#;
    for (client_knows, server_knows, answer) in [
        (ARGUMENTS, RESULT, "-"),
        ("", ARGUMENTS, "-"),
        (ARGUMENTS, ERROR, "error"),
    ] {
        let client_attributes: &'static str = String::leak(format!("{SESSION}{client_knows}"));
        let spans = [client.with(client_attributes), server.with(server_knows)];
        let calls = joined(&spans);
        assert_eq!(calls.len(), 1, "{calls:?}");
        let ends = if server_knows == RESULT {
            "result"
        } else {
            answer
        };
        assert_eq!(calls[0], format!("{known} {ends}"));
    }
}

#[test]
fn an_agent_a_gateway_and_a_server_are_one_call() {
    let http = Span {
        tool: "",
        ..Span::new("h1", "c1", 3, 0, 9)
    };
    let spans = [
        Span::new("c1", "", 3, 0, 9).with(ARGUMENTS),
        http,
        Span::new("g1", "h1", 2, 1, 8),
        Span::new("g2", "g1", 3, 2, 7),
        Span::new("s1", "g2", 2, 3, 6).with(RESULT),
    ];
    assert_eq!(joined(&spans), [r#"- delete{"id":"a"} - 10:00:00Z result"#]);
    // The gateway may put the server's name before the tool's.
    let prefixed = spans.map(|span| match span.id {
        "c1" | "g1" => Span {
            tool: "db__delete",
            ..span
        },
        _ => span,
    });
    assert_eq!(
        joined(&prefixed),
        [r#"- db__delete{"id":"a"} - 10:00:00Z result"#]
    );
}

#[test]
fn calls_that_follow_each_other_are_as_many_calls() {
    // Below one agent's span, of one side or of both.
    let agent = Span {
        tool: "",
        ..Span::new("a1", "", 1, 0, 30)
    };
    let clients = [
        Span::new("c1", "a1", 3, 0, 4),
        Span::new("c2", "a1", 3, 5, 9),
    ];
    assert_eq!(joined(&[agent, clients[0], clients[1]]).len(), 2);
    let servers = [
        Span::new("s1", "c1", 2, 1, 3),
        Span::new("s2", "c2", 2, 6, 8),
    ];
    let all = [clients[0], clients[1], servers[0], servers[1]];
    assert_eq!(joined(&all).len(), 2);
    // A second request below the same span is a call of its own.
    let retried = [clients[0], servers[0], Span::new("s3", "c1", 2, 4, 5)];
    assert_eq!(joined(&retried).len(), 2);
}

#[test]
fn a_tool_that_calls_another_is_two_calls() {
    let spans = [
        Span::new("c1", "", 3, 0, 9),
        Span::new("s1", "c1", 2, 1, 8),
        Span {
            tool: "undelete",
            ..Span::new("c2", "s1", 3, 2, 7)
        },
        Span {
            tool: "undelete",
            ..Span::new("s2", "c2", 2, 3, 6)
        },
    ];
    assert_eq!(joined(&spans).len(), 2);
}

#[test]
fn without_ancestry_time_decides_and_that_is_said() {
    let client = Span::new("c1", "", 3, 0, 9).with(ARGUMENTS);
    let server = Span::new("s1", "lost", 2, 1, 8).with(RESULT);
    assert_eq!(joined(&[client, server]).len(), 1);
    let text = export(&[server, client]);
    let log = read_with(text.as_bytes(), Settings::default());
    assert!(log.assumed.contains(&Assumed::JoinedByTime));
    // After the client's span has ended it is another call.
    let later = Span::new("s1", "lost", 2, 10, 11);
    assert_eq!(joined(&[client, later]).len(), 2);
    // Two at the same time are two, each with its own.
    let second = [
        Span::new("c2", "", 3, 0, 9),
        Span::new("s2", "lost2", 2, 2, 8),
    ];
    assert_eq!(joined(&[client, server, second[0], second[1]]).len(), 2);
    // Arguments that differ are no call of both.
    const OTHER: &str =
        r#",{"key":"gen_ai.tool.call.arguments","value":{"stringValue":"{\"id\":\"b\"}"}}"#;
    assert_eq!(joined(&[client, server.with(OTHER)]).len(), 2);
}

#[test]
fn a_span_that_is_exported_twice_is_one_call() {
    let span = Span::new("c1", "", 3, 0, 9);
    let text = [export(&[span]), export(&[span])].join("\n");
    let log = read_with(text.as_bytes(), Settings::default());
    assert_eq!(log.calls.len(), 1);
    let again = "a record that the log holds more than once";
    assert_eq!(log.passed.get(again), Some(&vec![2]));
    // Some tracers give both sides one id.
    let both = [span, Span::new("c1", "", 2, 1, 8)];
    assert_eq!(joined(&both).len(), 1);
}

#[test]
fn a_side_that_comes_after_thousands_of_calls_is_of_the_same_call() {
    let mut text = export(&[Span::new("s1", "c1", 2, 1, 8)]) + "\n";
    for n in 0..6_000 {
        let span = export(&[Span::new("ID", "", 3, 0, 9)]);
        text.push_str(
            &span
                .replace("\"ID\"", &format!("\"x{n}\""))
                .replace("\"t1\"", &format!("\"t2-{n}\"")),
        );
        text.push('\n');
    }
    text.push_str(&export(&[Span::new("c1", "", 3, 0, 9).with(ARGUMENTS)]));
    let log = read_with(text.as_bytes(), Settings::default());
    assert_eq!(log.calls.len(), 6_001);
    // What each side knows is in it, and nothing was told before its time.
    assert_eq!(
        shown(&log.calls[0]),
        r#"6002 - delete{"id":"a"} - 10:00:00Z -"#
    );
    assert!(log.calls.iter().all(|call| call.note.is_none()));
    let other = "a span of a call that another span has already told";
    assert_eq!(log.passed.get(other), Some(&vec![1]));
}
