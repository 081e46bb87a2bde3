//! Recordings in a gateway: a call is seen on the side of its client and on that of
//! its server, and counts once, as its client sent it.

use super::*;

const PASSED_ON: &str = "a call that a gateway passed on, which its client's side shows as well";

fn lines() -> Vec<String> {
    let text = String::from_utf8(bytes("jsonrpc/gateway.jsonl")).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn of(lines: &[String]) -> Log {
    read_with(lines.join("\n").as_bytes(), Settings::default())
}

/// The tools that are called and what came of each, without their lines.
fn outcomes(log: &Log) -> Vec<String> {
    let calls = calls(log).into_iter();
    calls
        .map(|call| call.split_once(' ').unwrap().1.to_owned())
        .collect()
}

/// Whether a line is of the side of the servers.
fn is_to_server(line: &str) -> bool {
    line.contains("server->") || line.contains("->server")
}

#[test]
fn a_call_that_a_gateway_passes_on_counts_once() {
    let log = read("jsonrpc/gateway.jsonl");
    assert_eq!(
        calls(&log),
        [
            // The gateway wrote an id of its own.
            r#"5 - read_file{"path":"a.txt"} - 10:00:01Z result"#,
            // The same call again is another one.
            r#"9 - read_file{"path":"a.txt"} - 10:00:02Z result"#,
            // It went no further than the gateway.
            r#"13 - delete_file{"path":"a.txt"} - 10:00:03Z denied"#,
            // The gateway tried twice.
            r#"15 - write_file{"path":"a.txt"} - 10:00:04Z result"#,
            // The client was gone before the answer.
            "25 - slow{} - 10:00:05Z -",
        ]
    );
    assert_eq!(passed(&log), [(PASSED_ON, vec![6, 10, 16, 18, 26])]);
    assert!(log.assumed.contains(&Assumed::PassedOn));
    assert!(!log.assumed.contains(&Assumed::LateClient));
}

#[test]
fn in_whatever_order_the_sides_come_the_calls_are_the_same() {
    let expected = outcomes(&read("jsonrpc/gateway.jsonl"));
    let mut swapped = lines();
    for at in 1..swapped.len() {
        if is_to_server(&swapped[at]) && !is_to_server(&swapped[at - 1]) {
            swapped.swap(at - 1, at);
        }
    }
    assert_ne!(swapped, lines());
    assert_eq!(outcomes(&of(&swapped)), expected);
    let (servers, clients): (Vec<String>, Vec<String>) =
        lines().into_iter().partition(|line| is_to_server(line));
    for order in [[&servers, &clients], [&clients, &servers]] {
        let order: Vec<String> = order.into_iter().flatten().cloned().collect();
        let log = of(&order);
        assert_eq!(outcomes(&log), expected);
        assert_eq!(log.passed[PASSED_ON].len(), 5);
    }
}

#[test]
fn one_side_alone_holds_the_calls_of_that_side() {
    let (servers, clients): (Vec<String>, Vec<String>) =
        lines().into_iter().partition(|line| is_to_server(line));
    let log = of(&clients);
    assert_eq!(outcomes(&log), outcomes(&read("jsonrpc/gateway.jsonl")));
    assert_eq!(passed(&log), []);
    let log = of(&servers);
    assert_eq!(
        outcomes(&log),
        [
            r#"- read_file{"path":"a.txt"} - 10:00:01.100Z result"#,
            r#"- read_file{"path":"a.txt"} - 10:00:02.100Z result"#,
            r#"- write_file{"path":"a.txt"} - 10:00:04.100Z error"#,
            r#"- write_file{"path":"a.txt"} - 10:00:04.300Z result"#,
            "- slow{} - 10:00:05.100Z error",
        ]
    );
    assert_eq!(passed(&log), []);
    assert!(!log.assumed.contains(&Assumed::PassedOn));
}

#[test]
fn the_sides_are_named_in_several_ways() {
    let expected = outcomes(&read("jsonrpc/gateway.jsonl"));
    let spelled = |from: &str, to: &str| format!("\"dir\": \"{from}->{to}\"");
    type Spelling = fn(&str, &str) -> String;
    let spellings: [Spelling; 5] = [
        |from, to| format!("\"direction\": \"{from}_to_{to}\"").replace("gateway", "proxy"),
        |from, to| format!("\"dir\": \"{from} \u{2192} {to}\"").replace("server", "upstream"),
        |from, to| format!("\"dir\": \"{to}<-{from}\"").replace("server", "backend"),
        |from, to| format!("\"direction\": \"x\", \"leg\": \"{from}_to_{to}\""),
        |from, to| {
            let leg = if [from, to].contains(&"server") {
                "upstream"
            } else {
                "client"
            };
            let by_client = from == "client" || to == "server";
            let dir = if by_client { "c2s" } else { "s2c" };
            format!("\"dir\": \"{dir}\", \"hop\": \"{leg}\"")
        },
    ];
    let ways = [
        ("client", "gateway"),
        ("gateway", "client"),
        ("gateway", "server"),
        ("server", "gateway"),
    ];
    for spelling in spellings {
        let respelled = |line: &String| -> String {
            let way = ways
                .into_iter()
                .find(|(from, to)| line.contains(&spelled(from, to)));
            let (from, to) = way.unwrap();
            line.replacen(&spelled(from, to), &spelling(from, to), 1)
        };
        let lines: Vec<String> = lines().iter().map(respelled).collect();
        let log = of(&lines);
        assert_eq!(outcomes(&log), expected, "{}", lines[5]);
        assert_eq!(log.passed[PASSED_ON].len(), 5, "{}", lines[5]);
    }
}

#[test]
fn without_the_name_of_a_side_nothing_is_joined() {
    for (client, server) in [
        // As if there were no gateway, or two taps of which none was in it.
        ("client->server", "client->server"),
        ("client->server", "gateway->server"),
        // For some the servers are downstream, for others the clients.
        ("downstream->gateway", "gateway->upstream"),
        ("in", "out"),
    ] {
        let respelled = |line: &String| {
            line.replace("client->gateway", client)
                .replace("gateway->server", server)
        };
        let lines: Vec<String> = lines().iter().map(respelled).collect();
        let log = of(&lines);
        assert_eq!(log.calls.len(), 10, "{client} {server}");
        assert!(!log.passed.contains_key(PASSED_ON), "{client} {server}");
    }
}

#[test]
fn a_gateway_that_writes_in_and_out_names_the_other_end() {
    let log = read("jsonrpc/gateway-in-out.jsonl");
    assert_eq!(
        calls(&log),
        [
            // Ids count for each server.
            r#"1 github get_issue{"number":7} - 10:00:01Z result"#,
            r#"2 slack post{"text":"x"} - 10:00:01.100Z error"#,
            r#"5 github get_issue{"number":8} - 10:00:02Z result"#,
        ]
    );
    assert_eq!(passed(&log), []);
    let text = String::from_utf8(bytes("jsonrpc/gateway-in-out.jsonl")).unwrap();
    let mut both = Vec::new();
    for line in text.lines() {
        // What came in from the client, or goes out to it.
        let (here, there) = (r#""direction": "OUT""#, r#""direction": "IN""#);
        let turned = match line.contains(here) {
            true => line.replace(here, there),
            false => line.replace(there, here),
        };
        let is_call = line.contains("tools/call");
        let id = match line.contains("\"github\"") {
            true => "\"id\": 40,",
            false => "\"id\": 41,",
        };
        let client = turned.replace("\"github\"", "\"client\"");
        let client = client.replace("\"slack\"", "\"client\"");
        let client = client.replacen("\"id\": 1,", id, 1);
        match (
            is_call,
            line.contains("\"result\"") || line.contains("\"error\""),
        ) {
            (true, _) => both.extend([client, line.to_owned()]),
            (false, true) => both.extend([line.to_owned(), client]),
            (false, false) => both.push(line.to_owned()),
        }
    }
    let log = of(&both);
    assert_eq!(
        outcomes(&log),
        [
            r#"- get_issue{"number":7} - 10:00:01Z result"#,
            r#"- post{"text":"x"} - 10:00:01.100Z error"#,
            r#"- get_issue{"number":8} - 10:00:02Z result"#,
        ]
    );
    assert_eq!(log.passed[PASSED_ON].len(), 3);
}

#[test]
fn a_side_of_clients_that_begins_late_is_said_to() {
    let call = |dir: &str, id: usize| {
        format!(
            r#"{{"dir":"{dir}","message":{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"t"}}}}}}"#
        )
    };
    let mut lines: Vec<String> = (0..5_000).map(|id| call("gateway->server", id)).collect();
    lines.push(call("client->gateway", 1));
    lines.push(call("gateway->server", 5_000));
    let log = of(&lines);
    assert_eq!(log.calls.len(), 5_001);
    assert_eq!(log.passed[PASSED_ON], [5_002]);
    assert!(log.assumed.contains(&Assumed::LateClient));
}
