//! Counters in a real Redis, which the test starts and stops.

use std::net::TcpStream;
use std::thread;

use super::*;
use crate::live::http::free_port;
use crate::support::skipped;

const LIST: &str = r#"{"tools":[]}"#;

fn limited(max: u32) -> String {
    format!(
        r#"{{"version":"1","default":"deny","tools":{{"free":{{}},"read":{{"limits":[
            {{"counter":"c","window":"day","max":{max},"scope":"grant"}}]}}}}}}"#
    )
}

/// A server that keeps nothing when it ends.
struct Redis {
    child: Child,
    port: u16,
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Redis {
    fn start(port: u16) -> Option<Redis> {
        let started = std::process::Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(child) = started else {
            skipped("redis-server");
            return None;
        };
        let redis = Redis { child, port };
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            thread::yield_now();
        }
        Some(redis)
    }

    fn state(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    fn signal(&self, name: &str) {
        let sent = std::process::Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status();
        assert!(sent.unwrap().success());
    }
}

/// Whether a counted call passed, was denied, or was refused by the guard itself.
fn read(client: &mut Client) -> &'static str {
    let answer = client.request("tools/call", &json!({"name": "read", "arguments": {}}));
    let text = answer.to_string();
    match (text.contains("POLICY DENIED"), text.contains("-32603")) {
        (true, _) => "denied",
        (_, true) => "refused",
        _ => "passed",
    }
}

/// Calls until one is not refused.
fn read_at_last(client: &mut Client) -> &'static str {
    loop {
        let said = read(client);
        if said != "refused" {
            return said;
        }
    }
}

fn today() -> String {
    jiff::Timestamp::now().to_string()[..10].to_owned()
}

#[test]
fn guards_that_share_a_redis_pass_together_as_much_as_a_limit_has() {
    loop {
        let day = today();
        let dir = scene("guard-redis-shared", &limited(100), LIST);
        let Some(redis) = Redis::start(free_port()) else {
            return;
        };
        let clients: Vec<_> = (0..4)
            .map(|number| {
                let (dir, state) = (dir.clone(), redis.state());
                thread::spawn(move || {
                    let log = format!("log-{number}.jsonl");
                    let mut client = Client::start(&dir, &["--state", &state, "--log", &log]);
                    let said: Vec<&str> = (0..100).map(|_| read(&mut client)).collect();
                    assert_eq!(client.close(), 0);
                    said
                })
            })
            .collect();
        let said: Vec<&str> = clients
            .into_iter()
            .flat_map(|client| client.join().unwrap())
            .collect();
        if today() != day {
            continue;
        }
        let count = |wanted: &str| said.iter().filter(|said| **said == wanted).count();
        // However often they got in each other's way, none was refused for that.
        assert_eq!(["passed", "denied", "refused"].map(count), [100, 300, 0]);
        for number in 0..4 {
            replays(&dir, &format!("log-{number}.jsonl"));
        }
        return;
    }
}

#[test]
fn a_redis_that_stops_answers_late_or_forgets_lets_no_call_pass() {
    loop {
        let day = today();
        let dir = scene("guard-redis-stops", &limited(3), LIST);
        let port = free_port();
        let Some(redis) = Redis::start(port) else {
            return;
        };
        let options = ["--state", &redis.state(), "--log", "log.jsonl"];
        let mut client = Client::start(&dir, &options);
        assert_eq!(read(&mut client), "passed");
        // It is there and says nothing.
        redis.signal("STOP");
        assert_eq!(read(&mut client), "refused");
        assert_eq!(read(&mut client), "refused");
        assert_eq!(client.call("free", &json!({})), None);
        redis.signal("CONT");
        // What was asked when it said nothing may have been counted, and is not
        // given back.
        let after = read_at_last(&mut client);
        drop(redis);
        assert_eq!(read(&mut client), "refused");
        // It comes back empty: the guard still knows what it has counted.
        let redis = Redis::start(port).unwrap();
        let mut last = vec![after, read_at_last(&mut client)];
        last.extend([(); 2].map(|()| read(&mut client)));
        assert_eq!(client.close(), 0);
        drop(redis);
        let unreachable = Client::start(&dir, &options).close();
        if today() != day {
            continue;
        }
        let passed = last.iter().filter(|said| **said == "passed").count();
        assert!(
            passed <= 2 && last.ends_with(&["denied", "denied"]),
            "{last:?}"
        );
        assert_eq!(unreachable, 2);
        replays(&dir, "log.jsonl");
        return;
    }
}
