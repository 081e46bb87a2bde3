//! What comes back from the server.

use super::*;

const CALL: &[u8] =
    br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"pay","arguments":{}}}"#;
const LIST: &[u8] = br#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
const STREAM: &str = crate::live::http::STREAM;

fn tools(id: u64) -> String {
    json!({"jsonrpc": "2.0", "id": id, "result":
        {"tools": [{"name": "read"}, {"name": "wipe"}], "ttlMs": 900_000}})
    .to_string()
}

#[test]
fn hidden_tools_are_listed_on_no_stream() {
    let dir = scene("guard-http-lists", POLICY, "");
    let notice = r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{}}"#;
    // The answers of one server, one after the other: JSON, events in small pieces,
    // a batch on a stream of its own, and an answer on a stream that is resumed.
    let mut answers = vec![
        format!("id: 5\ndata: {}\n\n", tools(1)),
        format!("data: [{notice},{}]\r\n\r\n", tools(1)),
        format!(
            ": ping\n\n{}id: 2\rdata: {}\r\r",
            event(1, notice),
            tools(1)
        ),
    ];
    let (seen, reached) = mpsc::channel();
    let url = upstream(move |head, body, stream| {
        seen.send(head).unwrap();
        if body == LIST {
            return answer(stream, "200 OK", "", &tools(1));
        }
        stream.write_all(STREAM.as_bytes()).unwrap();
        for piece in answers.pop().unwrap().as_bytes().chunks(3) {
            let piece = std::str::from_utf8(piece).unwrap();
            stream.write_all(in_chunk(piece).as_bytes()).unwrap();
        }
        stream.write_all(b"0\r\n\r\n").unwrap();
    });
    let guard = Listening::open(&dir, &url, &[]);
    let listed = guard.post("Accept-Encoding: gzip, br\n", LIST);
    assert_eq!(
        listed.body,
        tools(1)
            .replace(",{\"name\":\"wipe\"}", "")
            .replace("900000", "60000")
    );
    assert!(
        reached
            .recv()
            .unwrap()
            .contains("accept-encoding: identity")
    );
    let events = guard.post("", br#"{"jsonrpc":"2.0","id":1,"method":"x"}"#);
    assert_eq!(
        header(&events.head, "content-type").as_deref(),
        Some("text/event-stream")
    );
    let first = format!(": ping\n\n{}id: 2\ndata: ", event(1, notice));
    assert!(events.body.starts_with(&first), "{}", events.body);
    let resumed = guard.bare("GET", "Accept: text/event-stream\nLast-Event-Id: 1\n");
    assert!(resumed.body.contains("notifications/progress"));
    let last = guard.bare("GET", "Last-Event-Id: 4\n");
    for (answer, id) in [(&events, "id: 2\n"), (&resumed, ""), (&last, "id: 5\n")] {
        let body = &answer.body;
        assert!(body.contains("\"read\"") && body.contains(id), "{body}");
        assert!(!body.contains("wipe"), "{body}");
    }
    let asked: Vec<String> = reached.try_iter().collect();
    assert!(asked[1].contains("last-event-id: 1") && asked[2].contains("last-event-id: 4"));
    assert_eq!(guard.end().0, Some(0));
}

#[test]
fn events_pass_at_once_and_a_client_that_closes_its_stream_cancels() {
    let dir = scene("guard-http-cancel", POLICY, "");
    let notice = r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{}}"#;
    let (closed, has_closed) = mpsc::channel();
    let url = upstream(move |_, _, stream| {
        stream.write_all(STREAM.as_bytes()).unwrap();
        stream
            .write_all(in_chunk(&event(1, notice)).as_bytes())
            .unwrap();
        // Nothing more is said; the connection ends because the client's did.
        let read = std::io::Read::read(stream, &mut [0]).unwrap_or_default();
        closed.send(read).unwrap();
    });
    let guard = Listening::open(&dir, &url, &[]);
    let mut client = guard.begin("Content-Type: application/json\n", CALL);
    head(&mut client);
    let first = chunk(&mut client).unwrap();
    assert_eq!(String::from_utf8(first).unwrap(), event(1, notice));
    drop(client);
    assert_eq!(has_closed.recv().unwrap(), 0);
    assert_eq!(guard.end().0, Some(0));
    let log = std::fs::read_to_string(dir.join("log.jsonl")).unwrap();
    assert!(log.contains("\"outcome\":\"unknown\""), "{log}");
    replays(&dir, "log.jsonl");
}

#[test]
fn an_answer_that_cannot_be_read_passes_nothing_on_and_counts() {
    for (number, (head, body)) in [
        (
            "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://evil.example/\r\n",
            "",
        ),
        (
            "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer\r\n",
            "",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n",
            "s3cret",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n",
            "{\"id\":1,\"result\":{\"x\":NaN,\"s3cret\":1}}",
        ),
        ("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n", "s3cret"),
        (
            "HTTP/1.1 200 OK\r\n",
            "{\"id\":1,\"result\":{\"s3cret\":1}}",
        ),
        ("HTTP/1.1 202 Accepted\r\n", ""),
        (
            "HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/html\r\n",
            "<p>s3cret",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n",
            "{\"s3cret\"",
        ),
        ("", ""),
    ]
    .into_iter()
    .enumerate()
    {
        let dir = scene(&format!("guard-http-odd-{number}"), POLICY, "");
        let length = match head.contains("Content-Length") {
            true => String::new(),
            false => format!("Content-Length: {}\r\n", body.len()),
        };
        let whole = match head {
            "" => String::new(),
            _ => format!("{head}{length}\r\n{body}"),
        };
        let url = upstream(move |_, _, stream| stream.write_all(whole.as_bytes()).unwrap());
        let guard = Listening::open(&dir, &url, &[]);
        let answered = guard.post("", CALL);
        assert!(answered.status >= 500, "{head}: {}", answered.head);
        let error = &answered.json()["error"]["code"];
        assert_eq!(
            (&answered.json()["id"], error),
            (&json!(1), &json!(-32603)),
            "{head}"
        );
        assert!(!answered.body.contains("s3cret"), "{head}");
        assert!(!answered.head.contains("evil") && !answered.head.contains("uthenticate"));
        let (code, said) = guard.end();
        assert!(code == Some(0) && !said.contains("s3cret"), "{said}");
        let log = std::fs::read_to_string(dir.join("log.jsonl")).unwrap();
        assert_eq!(
            log.matches("\"outcome\":\"unknown\"").count(),
            1,
            "{head}: {log}"
        );
        replays(&dir, "log.jsonl");
    }
}

#[test]
fn an_error_of_the_server_gives_quota_back_over_http() {
    let dir = scene("guard-http-errors", POLICY, "");
    let url = upstream(|_, body, stream| {
        let message: Value = serde_json::from_slice(&body).unwrap();
        let error = json!({"jsonrpc": "2.0", "id": message["id"],
            "error": {"code": -32000, "message": "no"}});
        answer(stream, "400 Bad Request", "", &error.to_string());
    });
    let mut guard = Listening::open(&dir, &url, &[]);
    for _ in 0..5 {
        let answered = guard.call("", "pay", &json!({}));
        let error = &answered.json()["error"]["message"];
        assert_eq!((answered.status, error), (400, &json!("no")));
    }
    assert_eq!(guard.end().0, Some(0));
    let log = std::fs::read_to_string(dir.join("log.jsonl")).unwrap();
    assert_eq!(log.matches("\"outcome\":\"error\"").count(), 5, "{log}");
    replays(&dir, "log.jsonl");
}
