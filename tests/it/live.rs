//! Live servers: what `record` passes on and writes down, what `inventory`
//! keeps and compares. Scripts replace servers that misbehave; the real
//! ones are installed by `.ci/peers`.

mod closed;
pub mod http;
mod inventory;
mod record;
pub mod rust;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::support::{run, skipped};

/// A server of the protocol from npm, as the arguments that start it; where it
/// is not installed the test says so, and fails where everything is meant to
/// run.
pub fn real(server: &str) -> Option<Vec<String>> {
    let peers = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../peers/node_modules");
    let program = peers.join(format!("@modelcontextprotocol/{server}/dist/index.js"));
    let has_node = Command::new("node").arg("--version").output().is_ok();
    if has_node && program.is_file() {
        let program = program.canonicalize().unwrap();
        return Some(vec![
            "node".to_owned(),
            program.to_str().unwrap().to_owned(),
        ]);
    }
    skipped(server);
    None
}

/// Started with pipes on all sides.
pub fn piped(command: &mut Command) -> Child {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// A client of the protocol that keeps every byte that passes.
struct Client {
    child: Child,
    to_server: Option<ChildStdin>,
    from_server: BufReader<ChildStdout>,
    sent: Vec<u8>,
    seen: Vec<u8>,
    next: u64,
}

impl Client {
    fn new(command: &mut Command) -> Client {
        let mut child = piped(command.stderr(Stdio::null()));
        Client {
            to_server: child.stdin.take(),
            from_server: BufReader::new(child.stdout.take().unwrap()),
            child,
            sent: Vec::new(),
            seen: Vec::new(),
            next: 0,
        }
    }

    fn send(&mut self, bytes: &[u8]) {
        self.sent.extend_from_slice(bytes);
        self.to_server.as_mut().unwrap().write_all(bytes).unwrap();
    }

    fn notify(&mut self, method: &str) {
        let message = json!({"jsonrpc": "2.0", "method": method});
        self.send(format!("{message}\n").as_bytes());
    }

    /// The next line of the server; nothing at the end.
    fn line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        self.from_server.read_until(b'\n', &mut line).unwrap();
        self.seen.extend_from_slice(&line);
        (!line.is_empty()).then(|| String::from_utf8_lossy(&line).into_owned())
    }

    /// Sends a request, and waits for the answer to just that; what the server asks
    /// meanwhile is answered with an error.
    fn request(&mut self, method: &str, params: &Value) -> Value {
        let id = self.next;
        self.next += 1;
        let message = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        self.send(format!("{message}\n").as_bytes());
        loop {
            let line = self.line().expect("the server has ended");
            let message: Value = serde_json::from_str(&line).unwrap();
            if message["id"] == id && message.get("method").is_none() {
                return message;
            }
            if message.get("method").is_some() && message.get("id").is_some() {
                let error = json!({"code": -32601, "message": "no"});
                let answer = json!({"jsonrpc": "2.0", "id": message["id"], "error": error});
                self.send(format!("{answer}\n").as_bytes());
            }
        }
    }

    fn shake_hands(&mut self) {
        let params = json!({"protocolVersion": "2025-06-18", "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"}});
        self.request("initialize", &params);
        self.notify("notifications/initialized");
    }

    fn call(&mut self, tool: &str, arguments: &Value) -> Value {
        let params = json!({"name": tool, "arguments": arguments});
        self.request("tools/call", &params)
    }

    /// Closes its side and reads to the end; the exit code.
    fn close(&mut self) -> i32 {
        self.to_server.take();
        while self.line().is_some() {}
        self.child.wait().unwrap().code().unwrap()
    }
}

/// The records of a trace, each a line that ends.
fn records(trace: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(trace).unwrap();
    let whole = text
        .split_inclusive('\n')
        .filter(|line| line.ends_with('\n'));
    whole
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// A script for `sh`, as the arguments that start it.
fn script(text: &str) -> Vec<String> {
    ["sh", "-c", text].map(str::to_owned).to_vec()
}

/// A recording has each of these calls, a tool and its arguments, once and in their
/// order; asserted, it is a test of `policy.json` that passes.
#[track_caller]
pub fn becomes_a_test(dir: &Path, recording: &str, steps: &[Value]) {
    let kept = format!("kept-{recording}");
    let ran = run(dir, &["import", recording, "-o", &kept]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let calls = records(&dir.join(kept));
    let calls = calls.iter().filter(|line| line.get("tool").is_some());
    let made: Vec<Value> = calls
        .map(|call| json!([call["tool"], call["arguments"]]))
        .collect();
    assert_eq!(made, steps, "{recording}");
    let asserted = format!("traces/{recording}");
    let assert = ["import", recording, "-o", &asserted, "--assert", "policy"];
    let ran = run(dir, &[&assert[..], &["--policy", "policy.json"]].concat());
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let ran = run(dir, &["test", &asserted]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let count = format!("{0} calls: {0} as expected", steps.len());
    assert!(ran.out.contains(&count), "{}", ran.out);
}
