//! Connections of which one side is closed: the tap on a server of the network
//! passes on what comes on the other, and breaks off where the server does.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc;

use super::http::{CALL, STREAM, Tap, event, head, header, in_chunk, send, upstream};
use super::*;
use crate::support::{fresh, run};

const NOTICE: &str = r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{}}"#;
const RESULT: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[]}}"#;

/// The head of a request with a call, which says how the connection goes on.
fn asks(more: &str) -> String {
    format!(
        "POST /mcp HTTP/1.1\nHost: HOST\n{more}Content-Type: application/json\n\
         Content-Length: {}\n\n",
        CALL.len()
    )
}

/// What comes until the connection ends, without the lengths of its chunks, and whether
/// the last chunk says that it is whole.
fn chunks(stream: &mut BufReader<TcpStream>) -> (String, bool) {
    let mut all = Vec::new();
    let mut line = String::new();
    while stream.read_line(&mut line).unwrap() > 0 {
        let length = u64::from_str_radix(line.trim(), 16).unwrap();
        line.clear();
        if length == 0 {
            stream.read_line(&mut line).unwrap();
            assert_eq!(line, "\r\n");
            return (String::from_utf8(all).unwrap(), true);
        }
        stream.take(length).read_to_end(&mut all).unwrap();
        let mut ending = Vec::new();
        stream.take(2).read_to_end(&mut ending).unwrap();
    }
    (String::from_utf8(all).unwrap(), false)
}

#[test]
fn a_client_that_closes_its_side_gets_the_whole_answer() {
    // Odd line endings, comments and data on several lines pass as they are.
    let events = format!(
        ": waiting\r\n\r\n{}event: message\nid: 2\ndata: {{\"jsonrpc\":\"2.0\",\ndata: \"id\":1,\"result\":{{\"n\":1.50}}}}\n\n: end\n",
        event(1, NOTICE)
    );
    let json = format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":1,\r\n\"result\":{{\"n\":1.50,\"x\":\"{}\"}}}}",
        "x".repeat(200_000)
    );
    for (name, of_json) in [("http_half_events", false), ("http_half_json", true)] {
        let dir = fresh(name);
        let (seen, has_seen) = mpsc::channel();
        let (go, may_go) = mpsc::channel::<()>();
        let said = match of_json {
            true => json.clone(),
            false => events.clone(),
        };
        let expected = said.clone();
        let url = upstream(move |_, _, stream| {
            seen.send(()).unwrap();
            // Nothing is said before the client has closed its side.
            may_go.recv().unwrap();
            let head = match of_json {
                true => STREAM.replace("text/event-stream", "application/json"),
                false => STREAM.to_owned(),
            };
            stream.write_all(head.as_bytes()).unwrap();
            let length = if of_json { 50_000 } else { 7 };
            for part in said.as_bytes().chunks(length) {
                let part = std::str::from_utf8(part).unwrap();
                stream.write_all(in_chunk(part).as_bytes()).unwrap();
            }
            stream.write_all(b"0\r\n\r\n").unwrap();
        });
        let tap = Tap::new(&dir, &url, &[]);
        for connection in ["Connection: close\n", ""] {
            let mut client = send(&tap.address, &asks(connection), CALL);
            has_seen.recv().unwrap();
            client.get_ref().shutdown(Shutdown::Write).unwrap();
            go.send(()).unwrap();
            let back = head(&mut client);
            assert!(back.starts_with("HTTP/1.1 200"), "{back}");
            let (answer, is_whole) = match header(&back, "content-length") {
                Some(length) => {
                    let mut whole = vec![0; length.parse().unwrap()];
                    client.read_exact(&mut whole).unwrap();
                    (String::from_utf8(whole).unwrap(), true)
                }
                None => chunks(&mut client),
            };
            assert!(is_whole, "{name} {connection}");
            assert!(answer == expected, "{name} {connection} {}", answer.len());
            let mut rest = Vec::new();
            client.read_to_end(&mut rest).unwrap();
            assert!(
                rest.is_empty(),
                "{name}: the connection ends with the answer"
            );
        }
        assert_eq!(tap.end(), (Some(0), String::new()));
        let records = records(&dir.join("t.jsonl"));
        let results = records.iter().filter(|record| {
            let result = &record["message"]["result"];
            result["n"] == 1.5
        });
        assert_eq!(results.count(), 2, "{name}");
    }
}

#[test]
fn a_server_that_breaks_off_is_broken_off_after_the_same_bytes() {
    let sse = STREAM.to_owned();
    let json = STREAM.replace("text/event-stream", "application/json");
    let counted = json.replace("Transfer-Encoding: chunked", "Content-Length: 100");
    let begun = event(1, NOTICE) + "id: 2\ndata: {\"jsonrpc\"";
    let half = &RESULT[..20];
    for (name, head_of_it, sent, body) in [
        // After a chunk, in an event.
        ("http_off_event", &sse, in_chunk(&begun), begun.as_str()),
        // In a chunk.
        ("http_off_chunk", &sse, format!("ffff\r\n{begun}"), &begun),
        // Between events: what came is whole, and the stream is not.
        (
            "http_off_between",
            &sse,
            in_chunk(&event(1, NOTICE)),
            &event(1, NOTICE),
        ),
        ("http_off_json", &json, in_chunk(half), half),
        ("http_off_length", &counted, half.to_owned(), half),
    ] {
        let dir = fresh(name);
        let broken = format!("{head_of_it}{sent}");
        let mut is_first = true;
        let url = upstream(move |_, _, stream| {
            if std::mem::take(&mut is_first) {
                return stream.write_all(broken.as_bytes()).unwrap();
            }
            let answer = STREAM.to_owned() + &in_chunk(&event(1, RESULT)) + "0\r\n\r\n";
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let tap = Tap::new(&dir, &url, &[]);
        let mut client = send(&tap.address, &asks(""), CALL);
        let back = head(&mut client);
        assert!(back.starts_with("HTTP/1.1 200"), "{name}: {back}");
        let (came, is_whole) = match header(&back, "content-length") {
            Some(length) => {
                assert_eq!(length, "100", "{name}");
                let mut came = String::new();
                client.read_to_string(&mut came).unwrap();
                (came, false)
            }
            None => chunks(&mut client),
        };
        assert_eq!(came, body, "{name}");
        assert!(!is_whole, "{name}: it is not made to look whole");
        // The next client is served.
        let mut client = send(&tap.address, &asks(""), CALL);
        head(&mut client);
        assert_eq!(chunks_of_one(&mut client), event(1, RESULT), "{name}");
        drop(client);
        assert_eq!(tap.end(), (Some(0), String::new()), "{name}");
        let records = records(&dir.join("t.jsonl"));
        let noise = records.iter().filter_map(|record| record["noise"].as_str());
        let noise: Vec<&str> = noise.collect();
        assert_eq!(noise, ["an answer that is not whole"], "{name}");
        let notices = records
            .iter()
            .filter(|record| record["message"]["method"] == "notifications/progress");
        let is_sse = head_of_it == &sse;
        assert_eq!(notices.count(), usize::from(is_sse), "{name}");
        // What came of the first call is unknown.
        let ran = run(&dir, &["import", "t.jsonl"]);
        let calls: Vec<&str> = ran
            .out
            .lines()
            .filter(|line| line.contains("\"t\""))
            .collect();
        assert_eq!(calls.len(), 2, "{name}: {}{}", ran.out, ran.err);
        assert!(!calls[0].contains("observed"), "{name}: {}", calls[0]);
        assert!(
            calls[1].contains("\"observed\":\"allow\""),
            "{name}: {}",
            calls[1]
        );
    }
}

/// The chunks of an answer on a connection that goes on.
fn chunks_of_one(stream: &mut BufReader<TcpStream>) -> String {
    let mut all = Vec::new();
    while let Some(chunk) = super::http::chunk(stream) {
        all.extend(chunk);
    }
    String::from_utf8(all).unwrap()
}
