//! `mcppolicy record`: nothing is changed on the way, and nothing that has
//! passed is missing from the trace.

use std::collections::HashSet;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::thread;

use super::*;
use crate::support::{fresh, mcppolicy, run, write};

fn record(dir: &Path, trace: &str, server: &[String]) -> Command {
    let mut command = mcppolicy(dir);
    command.args(["record", "-o", trace, "--"]).args(server);
    command
}

/// Runs a session whose client sends `input` at once and closes.
fn session(command: &mut Command, input: &[u8]) -> std::process::Output {
    let mut child = piped(command);
    let mut to_server = child.stdin.take().unwrap();
    let input = input.to_vec();
    let sender = thread::spawn(move || {
        // A server may end before it has read everything.
        let _ = to_server.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    sender.join().unwrap();
    output
}

/// Everything that may be on a pipe: banners, blank lines, both line
/// endings, what is no UTF-8, a line of megabytes, a last line without an end.
fn anything(call: &str) -> Vec<u8> {
    let call = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{call}","arguments":{{"n":1.50}}}}}}"#
    );
    let long = call.replace("1.50", &format!("\"{}\"", "x".repeat(3_000_000)));
    let lines: [&[u8]; 8] = [
        b"Listening on stdio\n",
        call.as_bytes(),
        b"\r\n\n\r\n{\"half\":\n\"\\u0000\"\n",
        b"\xff\xfe\x00 not text\n",
        long.as_bytes(),
        b"\n{}\n[]\n",
        b"\x1b[31mred\x1b[0m\n",
        b"no line ending",
    ];
    lines.concat()
}

#[test]
fn every_byte_passes_in_both_directions_and_every_line_is_kept() {
    let dir = fresh("record_bytes");
    let (sent, shown) = (anything("asked"), anything("shown"));
    write(&dir, "shown", &shown);
    let server = script("cat shown; cat > received");
    let output = session(&mut record(&dir, "t.jsonl", &server), &sent);
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stdout == shown, "what the client sees has changed");
    let received = std::fs::read(dir.join("received")).unwrap();
    assert!(received == sent, "what the server sees has changed");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");

    let records = records(&dir.join("t.jsonl"));
    for direction in ["client->server", "server->client"] {
        let of = records.iter().filter(|record| record["dir"] == direction);
        let kept: Vec<String> = of
            .map(|record| match record.get("because") {
                Some(reason) => reason.as_str().unwrap().to_owned(),
                None => record["message"].to_string().chars().take(16).collect(),
            })
            .collect();
        let call = "{\"id\":1,\"jsonrpc";
        let expected = [
            "not JSON",
            call,
            "cut off before its JSON ends",
            "not a JSON-RPC message",
            "not UTF-8",
            call,
            "{}",
            "[]",
            "not JSON",
            "not JSON",
        ];
        assert_eq!(kept, expected, "{direction}");
    }
    let text = std::fs::read_to_string(dir.join("t.jsonl")).unwrap();
    assert!(
        text.contains(r#""arguments":{"n":1.50}"#),
        "a number was rewritten"
    );
}

#[test]
fn a_recorded_session_replays_as_it_is() {
    let dir = fresh("record_replay");
    let call = |id: u64, path: &str| {
        json!({"jsonrpc": "2.0", "id": id, "method": "tools/call",
               "params": {"name": "read", "arguments": {"path": path}}})
    };
    let input = format!("hello\n{}\n{}\n", call(1, "a.txt"), call(2, "/etc/passwd"));
    let answer = |id: u64| format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"content":[]}}}}"#);
    // The answers go out when both requests have come in.
    let server = script(&format!(
        "read a; read b; read c; echo starting; echo '{}'; echo '{}'",
        answer(1),
        answer(2)
    ));
    assert!(
        session(&mut record(&dir, "t.jsonl", &server), input.as_bytes())
            .status
            .success()
    );
    let policy = r#"{"version":"1","default":"deny","tools":{"read":{"require":[
        {"conditions":[{"path":"args.path","op":"regex","value":"^[a-z.]+$"}]}]}}}"#;
    write(&dir, "policy.json", policy);
    let ran = run(
        &dir,
        &[
            "test", "t.jsonl", "--expect", "observed", "--format", "json",
        ],
    );
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["summary"]["calls"], 2);
    assert_eq!(report["summary"]["passed"], 1);
    assert_eq!(
        report["cases"][0]["actual"]["rule"],
        "/tools/read/require/0"
    );
}

#[test]
fn the_exit_code_is_the_servers() {
    let dir = fresh("record_exit");
    for (server, code) in [
        ("exit 0", 0),
        ("echo dying; exit 7", 7),
        ("kill -9 $$", 137),
    ] {
        let trace = format!("{code}.jsonl");
        let output = session(&mut record(&dir, &trace, &script(server)), b"{}\n");
        assert_eq!(output.status.code(), Some(code), "{server}");
    }
    let kept = records(&dir.join("7.jsonl"));
    assert!(
        kept.iter().any(|record| record["noise"] == "dying"),
        "{kept:?}"
    );
}

#[test]
fn a_server_that_cannot_be_started_leaves_no_trace() {
    let dir = fresh("record_nothing");
    let ran = run(&dir, &["record", "-o", "t.jsonl", "--", "./no-such-server"]);
    assert_eq!(ran.code, 2);
    assert_eq!(
        ran.err,
        "mcppolicy: ./no-such-server: cannot be started: no such file\n"
    );
    assert!(!dir.join("t.jsonl").exists());
    assert_eq!(run(&dir, &["record", "-o", "-", "--", "true"]).code, 2);
    assert_eq!(run(&dir, &["record", "-o", "t.jsonl"]).code, 2);
}

#[test]
fn a_trace_is_the_owners_alone_and_is_never_overwritten() {
    let dir = fresh("record_file");
    let server = script("cat");
    let again = |arguments: &[&str], trace: &str| {
        let mut command = mcppolicy(&dir);
        command
            .args(["record", "-o", trace])
            .args(arguments)
            .arg("--")
            .args(&server);
        let output = session(&mut command, b"{\"n\":1}\n");
        (
            output.status.code().unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    assert_eq!(again(&[], "t.jsonl").0, 0);
    let first = std::fs::read_to_string(dir.join("t.jsonl")).unwrap();
    let mode = dir.join("t.jsonl").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let refused = "mcppolicy: t.jsonl: exists already; --append adds to it\n";
    assert_eq!(again(&[], "t.jsonl"), (2, refused.to_owned()));
    // The last tap was killed in the middle of a line.
    write(&dir, "t.jsonl", format!("{first}{{\"ts\":\"2026"));
    assert_eq!(again(&["--append"], "t.jsonl").0, 0);
    let text = std::fs::read_to_string(dir.join("t.jsonl")).unwrap();
    assert!(
        text.starts_with(&format!("{first}{{\"ts\":\"2026\n")),
        "{text}"
    );
    assert_eq!(text.lines().count(), 5);
    assert_eq!(again(&["--append"], "new.jsonl").0, 0);
    let native = "{\"mcppolicy\":\"trace/1\"}\n";
    write(&dir, "native.jsonl", native);
    assert_eq!(again(&["--append"], "native.jsonl").0, 2);
    assert_eq!(
        std::fs::read_to_string(dir.join("native.jsonl")).unwrap(),
        native
    );
}

#[test]
fn killed_at_any_moment_it_leaves_whole_lines_and_all_that_was_seen() {
    let dir = fresh("record_killed");
    // Lines of very different lengths, the longest above what a pipe holds.
    let sizes = [10, 70, 200, 5_000, 66_000, 300_000];
    let line = move |n: usize| {
        let filler = "x".repeat(sizes[n % sizes.len()]);
        format!("{{\"jsonrpc\":\"2.0\",\"id\":{n},\"method\":\"{filler}\"}}\n")
    };
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for round in 0..25 {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let trace = format!("{round}.jsonl");
        let mut child = piped(&mut record(&dir, &trace, &script("exec cat")));
        let mut to_server = child.stdin.take().unwrap();
        let sender = thread::spawn(move || {
            let mut n = 0;
            while to_server.write_all(line(n).as_bytes()).is_ok() {
                n += 1;
            }
        });
        // Killed when so many bytes have come back, wherever that is.
        let mut seen = vec![0; usize::try_from(state >> 43).unwrap()];
        child
            .stdout
            .as_mut()
            .unwrap()
            .read_exact(&mut seen)
            .unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        sender.join().unwrap();

        let mut requested = HashSet::new();
        let mut answered = HashSet::new();
        for record in records(&dir.join(&trace)) {
            let id = record["message"]["id"].as_u64().unwrap();
            let whole = format!("{}\n", record["message"]);
            assert_eq!(whole.len(), line(usize::try_from(id).unwrap()).len());
            match record["dir"].as_str().unwrap() {
                "client->server" => assert!(requested.insert(id)),
                _ => {
                    assert!(requested.contains(&id), "an answer is before its request");
                    assert!(answered.insert(id));
                }
            }
        }
        let came_back = seen.iter().filter(|byte| **byte == b'\n').count();
        assert!(
            answered.len() >= came_back,
            "{} < {came_back}",
            answered.len()
        );
        let ran = run(&dir, &["import", &trace]);
        assert!(ran.err.contains("read as jsonrpc"), "{}", ran.err);
    }
}

fn send_signal(signal: &str, child: &Child) {
    let sent = Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
}

#[test]
fn signals_reach_the_server_and_what_it_says_then_is_kept() {
    let dir = fresh("record_signals");
    let polite =
        "trap 'echo bye; kill $!; exit 3' TERM INT HUP; tail -f /dev/null & echo ready; wait";
    let cases = [
        (polite, "-TERM", 3, true),
        (polite, "-INT", 3, true),
        (polite, "-HUP", 3, true),
        ("echo ready; exec cat", "-TERM", 143, false),
    ];
    for (at, (server, signal, code, says_bye)) in cases.into_iter().enumerate() {
        let trace = format!("{at}.jsonl");
        let mut client = Client::new(&mut record(&dir, &trace, &script(server)));
        assert_eq!(client.line().as_deref(), Some("ready\n"));
        send_signal(signal, &client.child);
        let bye = says_bye.then(|| "bye\n".to_owned());
        assert_eq!(client.line(), bye, "{signal}");
        assert_eq!(client.child.wait().unwrap().code(), Some(code), "{signal}");
        let said: Vec<Value> = records(&dir.join(&trace));
        assert_eq!(said.len(), 1 + usize::from(says_bye), "{signal}");
    }
}

#[test]
fn a_client_that_stops_reading_ends_the_server_as_it_would_without_the_tap() {
    let dir = fresh("record_closed");
    let server = script("exec yes '{}'");
    let mut client = Client::new(&mut record(&dir, "t.jsonl", &server));
    assert_eq!(client.line().as_deref(), Some("{}\n"));
    let Client {
        mut child,
        from_server,
        to_server,
        ..
    } = client;
    drop(from_server);
    // 128 and SIGPIPE.
    assert_eq!(child.wait().unwrap().code(), Some(141));
    drop(to_server);
    assert!(!records(&dir.join("t.jsonl")).is_empty());
}

#[cfg(target_os = "linux")]
#[test]
fn a_trace_that_cannot_be_written_is_said_and_stops_nobodys_work() {
    let dir = fresh("record_full");
    let mut command = mcppolicy(&dir);
    command.args(["record", "--append", "-o", "/dev/full", "--", "cat"]);
    let input = "{\"n\":1}\n".repeat(1000);
    let output = session(&mut command, input.as_bytes());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), input);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.starts_with("mcppolicy: /dev/full: "), "{said}");
    assert!(
        said.ends_with("; what passes from now on is not recorded\n"),
        "{said}"
    );
}

/// A session with a real server between two `tee`s, which say what it really
/// read and wrote.
fn real_session(name: &str, server: &[String], work: impl FnOnce(&mut Client)) -> PathBuf {
    let dir = fresh(name);
    let quoted: Vec<String> = server.iter().map(|word| format!("'{word}'")).collect();
    let pipeline = format!("tee in.bytes | {} | tee out.bytes", quoted.join(" "));
    let mut client = Client::new(&mut record(&dir, "t.jsonl", &script(&pipeline)));
    client.shake_hands();
    work(&mut client);
    assert_eq!(client.close(), 0);
    for (file, bytes) in [("in.bytes", &client.sent), ("out.bytes", &client.seen)] {
        let real = std::fs::read(dir.join(file)).unwrap();
        assert!(real == *bytes, "{name}/{file} is not what the client has");
    }
    // Each message is in the trace as it was, letter for letter.
    let text = std::fs::read_to_string(dir.join("t.jsonl")).unwrap();
    for (direction, bytes) in [
        ("client->server", &client.sent),
        ("server->client", &client.seen),
    ] {
        let start = format!("\"dir\":\"{direction}\",\"message\":");
        let kept = text.lines().filter_map(|line| line.split_once(&start));
        let kept: String = kept
            .map(|(_, rest)| format!("{}\n", &rest[..rest.len() - 1]))
            .collect();
        assert_eq!(kept.as_bytes(), bytes);
    }
    dir
}

#[test]
fn a_session_with_the_everything_server_is_recorded_and_replays() {
    let Some(server) = real("server-everything") else {
        return;
    };
    let dir = real_session("record_everything", &server, |client| {
        client.request("tools/list", &json!({}));
        let echoed = client.call("echo", &json!({"message": "grüße \u{1f600}\u{0}"}));
        assert!(
            echoed["result"]["content"][0]["text"]
                .as_str()
                .unwrap()
                .contains("grüße")
        );
        client.call("get-sum", &json!({"a": 1, "b": 2.5}));
        client.call("get-tiny-image", &json!({}));
        client.call("no-such-tool", &json!({}));
        client.request("ping", &json!({}));
    });
    let policy = r#"{"version":"1","default":"deny","tools":{"echo":{},"get-sum":{"deny_if":[
        {"conditions":[{"path":"args.b","op":"gt","value":2}],"on_deny":"Too much"}]}}}"#;
    write(&dir, "policy.json", policy);
    let ran = run(
        &dir,
        &["test", "t.jsonl", "--allow-unasserted", "--format", "json"],
    );
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["summary"]["calls"], 4);
    assert_eq!(report["summary"]["allow"], 1);
    assert_eq!(report["summary"]["deny"], 3);
    assert_eq!(report["summary"]["undetermined"], 0);
}

#[test]
fn a_session_with_the_filesystem_server_is_recorded_and_replays() {
    let Some(mut server) = real("server-filesystem") else {
        return;
    };
    let files = fresh("record_files").canonicalize().unwrap();
    write(&files, "a.txt", "one\r\ntwo\u{2028}three");
    server.push(files.to_str().unwrap().to_owned());
    let dir = real_session("record_filesystem", &server, |client| {
        let path = |name: &str| json!({"path": files.join(name)});
        let read = client.call("read_text_file", &path("a.txt"));
        assert!(
            read["result"]["content"][0]["text"]
                .as_str()
                .unwrap()
                .starts_with("one\r\n")
        );
        let refused = client.call("read_text_file", &path("../../../../etc/passwd"));
        assert_eq!(refused["result"]["isError"], true);
    });
    let policy = r#"{"version":"1","default":"deny","tools":{"read_text_file":{"deny_if":[
        {"conditions":[{"path":"args.path","op":"contains","value":".."}],"on_deny":"No way up"}]}}}"#;
    write(&dir, "policy.json", policy);
    let ran = run(
        &dir,
        &["test", "t.jsonl", "--allow-unasserted", "--format", "json"],
    );
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    let summary = &report["summary"];
    let counts = [&summary["calls"], &summary["allow"], &summary["deny"]];
    assert_eq!(counts, [2, 1, 1], "{}", ran.out);
}

/// The files below a directory, sorted.
fn files(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).into_iter().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_pattern_names_a_new_file_at_each_start_and_makes_its_directory() {
    let dir = fresh("record_pattern");
    let start = |pattern: &str, more: &[&str]| {
        let mut command = mcppolicy(&dir);
        command.args(["record", "-o", pattern]).args(more);
        command.args(["--", "env", "sh", "-c", "cat"]);
        let output = session(&mut command, b"{\"n\":1}\n");
        let said = String::from_utf8(output.stderr).unwrap();
        (output.status.code(), said)
    };
    // The number of a process may come again: inside a container it nearly always
    // does. So only the name and the date are left to differ.
    for _ in 0..3 {
        let pattern = "traces/of/{server}-{date}.jsonl";
        assert_eq!(
            start(pattern, &["--name", "my server"]),
            (Some(0), String::new())
        );
    }
    let names = files(&dir.join("traces/of"));
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(
        names[0].starts_with("my-server-20") && names[0].ends_with("-2.jsonl"),
        "{names:?}"
    );
    for name in &names {
        let file = dir.join("traces/of").join(name);
        assert_eq!(records(&file).len(), 2, "{name}");
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(start("{pid}.jsonl", &[]).0, Some(0));
    let (code, said) = start("{time}.jsonl", &[]);
    assert_eq!(code, Some(2));
    assert_eq!(
        said,
        "mcppolicy: {time}.jsonl: has the placeholder {time}; there are {server}, {date} and {pid}\n"
    );
    // Sessions that start at the same time get a file each.
    let starts: Vec<Child> = (0..8)
        .map(|_| {
            let mut command = mcppolicy(&dir);
            command.args(["record", "-o", "same/{date}.jsonl", "--", "cat"]);
            piped(&mut command)
        })
        .collect();
    for mut child in starts {
        child.stdin.take().unwrap().write_all(b"{}\n").unwrap();
        assert!(child.wait_with_output().unwrap().status.success());
    }
    assert_eq!(files(&dir.join("same")).len(), 8);
}

#[test]
fn a_server_that_dies_at_the_start_leaves_no_file() {
    let dir = fresh("record_dies");
    let first = b"{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\"}\n";
    let start = |server: &str, input: &[u8]| {
        let mut command = record(&dir, "traces/{pid}.jsonl", &script(server));
        let code = session(&mut command, input).status.code();
        let left = files(&dir.join("traces"));
        for name in &left {
            std::fs::remove_file(dir.join("traces").join(name)).unwrap();
        }
        (code, left.len())
    };
    assert_eq!(start("echo no key >&2; exit 3", first), (Some(3), 0));
    assert_eq!(start("read line; echo no key; exit 3", first), (Some(3), 0));
    assert_eq!(start("kill -SEGV $$", first), (Some(139), 0));
    // Nothing has passed.
    assert_eq!(start("cat", b""), (Some(0), 0));
    // A session, however it ends, is kept.
    assert_eq!(start("read line; echo '{}'; exit 3", first), (Some(3), 1));
    assert_eq!(start("cat > /dev/null", first), (Some(0), 1));
    // A recording that was there stays.
    write(
        &dir,
        "old.jsonl",
        "{\"ts\":1,\"dir\":\"client->server\",\"message\":{}}\n",
    );
    let mut command = mcppolicy(&dir);
    command.args(["record", "--append", "-o", "old.jsonl", "--", "false"]);
    assert_eq!(session(&mut command, first).status.code(), Some(1));
    assert!(dir.join("old.jsonl").exists());
}
