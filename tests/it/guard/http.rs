//! The guard before a server of the network.

mod answers;
mod callers;

use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::{ChildStderr, Command};
use std::sync::mpsc::{self, Receiver};

use super::*;
use crate::live::http::{body, chunk, event, head, header, in_chunk, send, upstream};
use crate::live::piped;

const POLICY: &str = r#"{"version":"1","default":"deny","hide":["wipe"],"tools":{"read":{},
    "pay":{"deny_if":[{"conditions":[{"path":"args.amount","op":"gt","value":10}],"on_deny":"Too much"}],
           "limits":[{"counter":"c","window":"day","max":2,"scope":"grant"}]}}}"#;

/// A guard that listens.
pub struct Listening {
    child: Child,
    stderr: BufReader<ChildStderr>,
    pub address: String,
    next: u64,
}

/// An answer of the guard.
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn read(stream: &mut BufReader<TcpStream>) -> Answer {
        let head = head(stream);
        let status = head.split(' ').nth(1).unwrap_or_default();
        let status = status.parse().unwrap_or_default();
        let body = String::from_utf8(body(&head, stream)).unwrap();
        Answer { status, head, body }
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{}{}", self.head, self.body))
    }
}

impl Listening {
    pub fn start(dir: &Path, url: &str, options: &[&str]) -> Listening {
        let mut command = mcppolicy(dir);
        command.args(["guard", "--policy", "policy.json"]);
        command.args(["--listen", "127.0.0.1:0", "--url", url]);
        let mut child = piped(command.args(options));
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        let said = line.strip_prefix("mcppolicy: listening on http://");
        let address = said.expect(&line).split('/').next().unwrap().to_owned();
        Listening {
            child,
            stderr,
            address,
            next: 0,
        }
    }

    /// A guard whose callers need no token.
    fn open(dir: &Path, url: &str, options: &[&str]) -> Listening {
        let all = [&["--allow-unauthenticated", "--log", "log.jsonl"], options].concat();
        Listening::start(dir, url, &all)
    }

    /// Sends a message on a connection of its own.
    fn begin(&self, more: &str, message: &[u8]) -> BufReader<TcpStream> {
        let head = format!(
            "POST /mcp HTTP/1.1\nHost: HOST\nConnection: close\nContent-Length: {}\n{more}\n",
            message.len()
        );
        send(&self.address, &head, message)
    }

    fn post(&self, more: &str, message: &[u8]) -> Answer {
        Answer::read(&mut self.begin(&format!("Content-Type: application/json\n{more}"), message))
    }

    fn bare(&self, method: &str, more: &str) -> Answer {
        let head = format!("{method} /mcp HTTP/1.1\nHost: HOST\nConnection: close\n{more}\n");
        Answer::read(&mut send(&self.address, &head, b""))
    }

    fn request(&mut self, more: &str, method: &str, params: &Value) -> Answer {
        self.next += 1;
        let message =
            json!({"jsonrpc": "2.0", "id": self.next, "method": method, "params": params});
        self.post(more, message.to_string().as_bytes())
    }

    fn call(&mut self, more: &str, tool: &str, arguments: &Value) -> Answer {
        let params = json!({"name": tool, "arguments": arguments});
        self.request(more, "tools/call", &params)
    }

    /// Ends the guard; its exit code, and what else it has said.
    pub fn end(mut self) -> (Option<i32>, String) {
        signal(&self.child, "TERM");
        let code = self.child.wait().unwrap().code();
        let mut said = String::new();
        std::io::Read::read_to_string(&mut self.stderr, &mut said).unwrap();
        (code, said)
    }
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill")
        .args([&format!("-{name}"), &child.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
}

/// What reached a server: the head of each request, and its body.
type Reached = Receiver<(String, String)>;

/// Answers with a message and the type of JSON.
fn answer(stream: &mut TcpStream, status: &str, more: &str, message: &str) {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{more}Content-Length: {}\r\n\r\n",
        message.len()
    );
    stream.write_all((head + message).as_bytes()).unwrap();
}

/// The result that a stand-in for a server gives.
fn result(message: &str) -> String {
    let message: Value = serde_json::from_str(message).unwrap_or_default();
    let result = match message["method"].as_str() {
        Some("tools/list") => json!({"tools": [{"name": "read"}, {"name": "wipe"}]}),
        _ => json!({"content": []}),
    };
    json!({"jsonrpc": "2.0", "id": message["id"], "result": result}).to_string()
}

/// A server that answers everything with JSON; each session is named for a number.
fn server() -> (String, Reached) {
    let (seen, reached) = mpsc::channel();
    let mut sessions = 0;
    let url = upstream(move |head, body, stream| {
        let body = String::from_utf8(body).unwrap();
        let session = match body.contains("\"initialize\"") {
            true => {
                sessions += 1;
                format!("Mcp-Session-Id: session-s3cret-{sessions}\r\n")
            }
            false => String::new(),
        };
        let said = result(&body);
        let _ = seen.send((head, body));
        answer(stream, "200 OK", &session, &said);
    });
    (url, reached)
}

/// Today, for tests in which a day must not end.
fn today() -> String {
    jiff::Timestamp::now().to_string()[..10].to_owned()
}

#[test]
fn calls_over_http_are_decided_and_the_log_replays() {
    loop {
        let day = today();
        let dir = scene("guard-http", POLICY, "");
        let (url, reached) = server();
        let mut guard = Listening::open(&dir, &url, &["--log-arguments", "all"]);
        let read = guard.call("", "read", &json!({}));
        assert_eq!(
            (read.status, &read.json()["result"]),
            (200, &json!({"content": []}))
        );
        let much = guard.call("", "pay", &json!({"amount": 11}));
        assert_eq!(much.status, 200);
        let much = much.json();
        assert_eq!(
            much["result"]["content"][0]["text"],
            "[POLICY DENIED] Too much"
        );
        assert_eq!(
            (&much["id"], &much["result"]["isError"]),
            (&json!(2), &json!(true))
        );
        let said: Vec<bool> = (0..3)
            .map(|_| {
                let paid = guard.call("", "pay", &json!({"amount": 1}));
                paid.body.contains("[POLICY DENIED] Limit of 2 per day")
            })
            .collect();
        let batch = format!("[{}]", r#"{"jsonrpc":"2.0","id":9,"method":"tools/call"}"#);
        let batch = guard.post("", batch.as_bytes());
        assert!(batch.status == 200 && batch.json()[0]["result"]["isError"] == true);
        let ping = guard.request("", "ping", &json!({}));
        assert_eq!(ping.status, 200);
        assert_eq!(guard.end(), (Some(0), String::new()));
        if today() != day {
            continue;
        }
        assert_eq!(said, [false, false, true]);
        replays(&dir, "log.jsonl");
        let log = std::fs::read_to_string(dir.join("log.jsonl")).unwrap();
        assert_eq!(calls(&log).len(), 6, "{log}");
        assert_eq!(log.matches("\"outcome\":\"result\"").count(), 3, "{log}");
        let reached: Vec<String> = reached.try_iter().map(|(_, body)| body).collect();
        assert_eq!(reached.len(), 4, "{reached:?}");
        return;
    }
}

#[test]
fn a_call_of_the_newer_era_is_denied_in_its_words_and_headers_must_agree() {
    let dir = scene("guard-http-modern", POLICY, "");
    let (url, reached) = server();
    let guard = Listening::open(&dir, &url, &[]);
    let call = |tool: &str| {
        let meta = json!({"io.modelcontextprotocol/protocolVersion": "2026-07-28"});
        json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": {"name": tool, "arguments": {}, "_meta": meta}})
        .to_string()
    };
    let headers = |version: &str, method: &str, name: &str| {
        format!("Mcp-Protocol-Version: {version}\nMcp-Method: {method}\nMcp-Name: {name}\n")
    };
    let good = headers("2026-07-28", "tools/call", "wipe");
    let denied = guard.post(&good, call("wipe").as_bytes());
    assert_eq!(
        (denied.status, &denied.json()["result"]["resultType"]),
        (200, &json!("complete"))
    );
    for wrong in [
        headers("2026-07-28", "tools/call", "read"),
        headers("2026-07-28", "ping", "wipe"),
        headers("2025-11-25", "tools/call", "wipe"),
        String::new(),
    ] {
        let refused = guard.post(&wrong, call("wipe").as_bytes());
        assert_eq!(
            (refused.status, &refused.json()["error"]["code"]),
            (400, &json!(-32020))
        );
    }
    // The name of an allowed tool in the header lets no other one pass.
    let allowed = headers("2026-07-28", "tools/call", "read");
    assert_eq!(guard.post(&allowed, call("wipe").as_bytes()).status, 400);
    assert!(reached.try_recv().is_err());
    assert_eq!(guard.post(&allowed, call("read").as_bytes()).status, 200);
    assert!(reached.recv().unwrap().0.contains("mcp-name: read"));
    assert_eq!(guard.end().0, Some(0));
    replays(&dir, "log.jsonl");
    let log = std::fs::read_to_string(dir.join("log.jsonl")).unwrap();
    assert_eq!(
        log.matches("\"refused\":\"header-mismatch").count(),
        5,
        "{log}"
    );
}

#[test]
fn several_clients_at_once_pass_together_as_much_as_a_limit_has() {
    loop {
        let day = today();
        let policy = POLICY.replace("\"max\":2", "\"max\":10");
        let dir = scene("guard-http-at-once", &policy, "");
        let (url, reached) = server();
        let guard = Listening::open(&dir, &url, &[]);
        let address = &guard.address;
        let passed: usize = std::thread::scope(|scope| {
            let clients = [0; 4].map(|_| {
                scope.spawn(move || {
                    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"pay","arguments":{}}}"#;
                    let head = format!(
                        "POST /mcp HTTP/1.1\nHost: HOST\nConnection: close\nContent-Type: application/json\nContent-Length: {}\n\n",
                        call.len()
                    );
                    let passes = |_: &i32| {
                        let mut stream = send(address, &head, call.as_bytes());
                        !Answer::read(&mut stream).body.contains("POLICY DENIED")
                    };
                    (0..5).filter(passes).count()
                })
            });
            clients
                .into_iter()
                .map(|client| client.join().unwrap())
                .sum()
        });
        assert_eq!(guard.end().0, Some(0));
        if today() != day {
            continue;
        }
        assert_eq!(passed, 10);
        assert_eq!(reached.try_iter().count(), 10);
        replays(&dir, "log.jsonl");
        return;
    }
}

#[test]
fn a_request_that_waits_when_the_guard_ends_gets_its_answer() {
    let dir = scene("guard-http-drain", POLICY, "");
    let (seen, reached) = mpsc::channel();
    let (go, may_go) = mpsc::channel::<()>();
    let url = upstream(move |_, body, stream| {
        seen.send(()).unwrap();
        may_go.recv().unwrap();
        answer(
            stream,
            "200 OK",
            "",
            &result(&String::from_utf8(body).unwrap()),
        );
    });
    let mut guard = Listening::open(&dir, &url, &[]);
    let call = br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read"}}"#;
    let mut client = guard.begin("Content-Type: application/json\n", call);
    reached.recv().unwrap();
    // A hangup ends nothing.
    signal(&guard.child, "HUP");
    signal(&guard.child, "TERM");
    // It listens no more, and waits for the answer.
    while TcpStream::connect(&guard.address).is_ok_and(|stream| {
        let mut stream = stream;
        stream.write_all(b"GET / HTTP/1.1\r\n\r\n").is_ok()
            && std::io::Read::read(&mut stream, &mut [0]).is_ok_and(|read| read > 0)
    }) {}
    go.send(()).unwrap();
    assert_eq!(Answer::read(&mut client).status, 200);
    assert_eq!(guard.child.wait().unwrap().code(), Some(0));
    let log = std::fs::read_to_string(dir.join("log.jsonl")).unwrap();
    assert!(log.contains("\"outcome\":\"result\""), "{log}");
}
