//! `mcppolicy guard` between a client and a server: what passes, what the log
//! says, and what happens when something fails. Scripts stand in for servers; the
//! real ones, and the real clients, are installed by `.ci/peers`.

mod http;
mod log;
mod peers;
#[cfg(feature = "redis")]
mod redis;
mod servers;
mod state;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use serde_json::{Value, json};

use crate::support::{fresh, mcppolicy, run, write};

/// A server that lists what is in `list.json` and answers each call; it writes
/// down what reaches it in `reached`.
const SERVER: &str = r#"
while IFS= read -r line; do
    printf '%s\n' "$line" >> reached
    id=$(printf '%s' "$line" | sed -n 's/.*"id":\([0-9]*\).*/\1/p')
    case "$line" in
    *'"tools/list"'*) printf '{"jsonrpc":"2.0","id":%s,"result":%s}\n' "$id" "$(tr -d '\n' < list.json)" ;;
    *'"fails"'*) printf '{"jsonrpc":"2.0","id":%s,"error":{"code":-32000,"message":"no"}}\n' "$id" ;;
    *'"tools/call"'*) printf '{"jsonrpc":"2.0","id":%s,"result":{"content":[]}}\n' "$id" ;;
    *) printf '{"jsonrpc":"2.0","id":%s,"result":{}}\n' "$id" ;;
    esac
done
"#;

/// A directory with a policy, a list of tools, and the server.
fn scene(name: &str, policy: &str, list: &str) -> PathBuf {
    let dir = fresh(name);
    write(&dir, "policy.json", policy);
    write(&dir, "list.json", list);
    write(&dir, "server.sh", SERVER);
    dir
}

/// A client behind a guard.
struct Client {
    child: Child,
    to_guard: Option<ChildStdin>,
    from_guard: BufReader<ChildStdout>,
    next: u64,
}

impl Client {
    fn start(dir: &Path, options: &[&str]) -> Client {
        let mut command = mcppolicy(dir);
        command.args(["guard", "--policy", "policy.json"]);
        command.args(options).args(["--", "sh", "server.sh"]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Client {
            to_guard: child.stdin.take(),
            from_guard: BufReader::new(child.stdout.take().unwrap()),
            child,
            next: 0,
        }
    }

    fn send(&mut self, line: &str) {
        let to_guard = self.to_guard.as_mut().unwrap();
        to_guard.write_all(line.as_bytes()).unwrap();
    }

    fn read(&mut self) -> Option<Value> {
        let mut line = String::new();
        self.from_guard.read_line(&mut line).unwrap();
        serde_json::from_str(&line).ok()
    }

    /// Sends a request and waits for its answer.
    fn request(&mut self, method: &str, params: &Value) -> Value {
        self.next += 1;
        let (id, message) = (self.next, json!({"method": method, "params": params}));
        let (method, params) = (&message["method"], &message["params"]);
        self.send(&format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":{method},\"params\":{params}}}\n"
        ));
        let answer = self.read().unwrap();
        assert_eq!(answer["id"], id, "{answer}");
        answer
    }

    /// What the agent reads of a call: why it was denied, or `None`.
    fn call(&mut self, tool: &str, arguments: &Value) -> Option<String> {
        let answer = self.request("tools/call", &json!({"name": tool, "arguments": arguments}));
        let text = answer["result"]["content"][0]["text"].as_str();
        text.map(str::to_owned)
    }

    /// The names of the tools that it sees.
    fn tools(&mut self) -> Vec<String> {
        let answer = self.request("tools/list", &json!({}));
        let tools = answer["result"]["tools"].as_array().unwrap();
        let names = tools.iter().map(|tool| tool["name"].as_str().unwrap());
        names.map(str::to_owned).collect()
    }

    /// Closes its side and waits; the exit code.
    fn close(mut self) -> i32 {
        self.to_guard.take();
        while self.read().is_some() {}
        self.child.wait().unwrap().code().unwrap()
    }
}

/// The lines of a log that are calls.
fn calls(log: &str) -> Vec<Value> {
    let lines = log.lines().map(|line| serde_json::from_str(line).unwrap());
    lines
        .filter(|line: &Value| line.get("expect").is_some())
        .collect()
}

/// Replays a log, and every prefix of its lines that has a call; of a long log
/// some fifty of them.
#[track_caller]
fn replays(dir: &Path, log: &str) {
    let text = std::fs::read_to_string(dir.join(log)).unwrap();
    let mut names = Vec::new();
    let mut prefix = String::new();
    let lines = text.lines().count();
    for (number, line) in text.split_inclusive('\n').enumerate() {
        assert!(line.ends_with('\n'), "{text}");
        prefix.push_str(line);
        let is_tried = number + 1 == lines || number % (lines / 50 + 1) == 0;
        if is_tried && !calls(&prefix).is_empty() {
            let name = format!("prefix-{number}.jsonl");
            write(dir, &name, &prefix);
            names.push((name, prefix.clone()));
        }
    }
    let mut arguments = vec!["test", "--policy", "policy.json"];
    arguments.extend(names.iter().map(|(name, _)| name.as_str()));
    let ran = run(dir, &arguments);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    arguments.push("--update");
    assert_eq!(run(dir, &arguments).code, 0);
    for (name, before) in names {
        let after = std::fs::read_to_string(dir.join(&name)).unwrap();
        assert_eq!(after, before, "{name}");
        std::fs::remove_file(dir.join(name)).unwrap();
    }
}
