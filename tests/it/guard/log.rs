//! The log: what it says, how it goes on, and what happens when it cannot.

use super::*;

const POLICY: &str = r#"{"version":"1","default":"deny","tools":{"read":{},"fails":{"limits":[
    {"counter":"c","window":"day","max":2,"scope":"grant"}]}}}"#;
const LIST: &str = r#"{"tools":[]}"#;

fn text(dir: &Path, name: &str) -> String {
    std::fs::read_to_string(dir.join(name)).unwrap()
}

#[test]
fn an_error_of_the_server_gives_quota_back_and_the_log_says_so() {
    let dir = scene("guard-answers", POLICY, LIST);
    let mut client = Client::start(&dir, &["--log", "log.jsonl"]);
    for _ in 0..5 {
        assert_eq!(client.call("fails", &json!({})), None);
    }
    assert_eq!(client.close(), 0);
    let log = text(&dir, "log.jsonl");
    assert_eq!(log.matches("\"outcome\":\"error\"").count(), 5);
    assert_eq!(log.matches("\"used\":0}]").count(), 5);
    replays(&dir, "log.jsonl");
    // Another policy is decided by the same answers: its counter of another
    // name is given its quota back, too.
    let other = POLICY.replace("\"c\"", "\"other\"").replace(":2,", ":1,");
    write(&dir, "policy.json", other);
    let ran = run(&dir, &["test", "log.jsonl", "--policy", "policy.json"]);
    assert_eq!(ran.code, 0, "{}", ran.out);
    assert!(ran.out.contains("digest"), "{}", ran.out);
}

#[test]
fn a_log_goes_on_under_the_same_policy_and_another_policy_begins_another() {
    let dir = scene("guard-continued", POLICY, LIST);
    for _ in 0..2 {
        let mut client = Client::start(&dir, &["--log", "log.jsonl"]);
        client.call("read", &json!({}));
        client.close();
    }
    let log = text(&dir, "log.jsonl");
    assert_eq!(log.matches("policy_sha256").count(), 1);
    assert_eq!(calls(&log).len(), 2);
    replays(&dir, "log.jsonl");

    // A guard that was killed has left a part of a line.
    write(&dir, "log.jsonl", format!("{log}{{\"ts\":\"2026"));
    let mut client = Client::start(&dir, &["--log", "log.jsonl"]);
    client.call("read", &json!({}));
    // Meanwhile another one takes the next name.
    let mut second = Client::start(&dir, &["--log", "log.jsonl"]);
    second.call("read", &json!({}));
    second.close();
    client.close();
    assert_eq!(text(&dir, "log.jsonl.cut"), "{\"ts\":\"2026\n");
    assert!(text(&dir, "log.jsonl").starts_with(&log));
    assert_eq!(calls(&text(&dir, "log.jsonl")).len(), 3);
    assert_eq!(calls(&text(&dir, "log.jsonl.2")).len(), 1);
    replays(&dir, "log.jsonl");

    let before = text(&dir, "log.jsonl");
    write(
        &dir,
        "policy.json",
        POLICY.replace("\"max\":2", "\"max\":3"),
    );
    let mut client = Client::start(&dir, &["--log", "log.jsonl"]);
    client.call("read", &json!({}));
    client.close();
    assert_eq!(text(&dir, "log.jsonl"), before);
    assert_eq!(calls(&text(&dir, "log.jsonl.3")).len(), 1);
    replays(&dir, "log.jsonl.3");
}

#[test]
fn the_name_of_a_log_is_filled_in_for_each_session() {
    let dir = scene("guard-named", POLICY, LIST);
    let mut client = Client::start(&dir, &["--log", "logs/{server}-{pid}.jsonl"]);
    let log = format!("logs/sh-{}.jsonl", client.child.id());
    client.call("read", &json!({}));
    client.close();
    assert_eq!(calls(&text(&dir, &log)).len(), 1);
    let mut client = Client::start(&dir, &["--log", "logs/{time}.jsonl"]);
    assert_eq!(client.read(), None);
    assert_eq!(client.close(), 2);
}

#[test]
fn what_cannot_start_says_why_and_leaves_no_log() {
    let dir = scene("guard-start", POLICY, LIST);
    let guard = |options: &[&str]| {
        let first = ["guard", "--policy"];
        run(&dir, &[&first[..], options].concat())
    };
    let ran = guard(&["policy.json", "--log", "log.jsonl", "--", "./not-there"]);
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(!dir.join("log.jsonl").exists());
    write(
        &dir,
        "invalid.json",
        POLICY.replace("\"max\":2", "\"max\":0"),
    );
    let ran = guard(&["invalid.json", "--", "sh", "server.sh"]);
    assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{}", ran.err);
    assert!(ran.err.contains("max"), "{}", ran.err);
    assert_eq!(guard(&["missing.json", "--", "sh", "server.sh"]).code, 2);
    let no_directory = [
        "policy.json",
        "--log",
        "no/log.jsonl",
        "--",
        "sh",
        "server.sh",
    ];
    assert_eq!(guard(&no_directory).code, 2);
    let full = ["policy.json", "--log", "/dev/full", "--", "sh", "server.sh"];
    assert_eq!(guard(&full).code, 2);
    assert_eq!(guard(&["policy.json", "--", "sh", "-c", "exit 7"]).code, 7);
}

#[test]
fn a_log_on_a_full_disk_refuses_calls_and_stays_whole() {
    let dir = scene("guard-full", POLICY, LIST);
    let mut calls_sent = String::new();
    for id in 0..40 {
        calls_sent.push_str(&format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"tools/call\",\"params\":{{\"name\":\"read\",\"arguments\":{{}}}}}}\n"
        ));
    }
    write(&dir, "sent", calls_sent);
    // The limit of a file's size stands for the size of the disk.
    let program = mcppolicy(&dir).get_program().to_str().unwrap().to_owned();
    let script = format!(
        "trap '' XFSZ; ulimit -f 2; exec {program} guard --policy policy.json --log log.jsonl -- sh -c 'trap - XFSZ; exec sh server.sh' < sent > seen 2> said"
    );
    let status = std::process::Command::new("sh")
        .args(["-c", &script])
        .current_dir(&dir)
        .status()
        .unwrap();
    let (seen, said, log) = (
        text(&dir, "seen"),
        text(&dir, "said"),
        text(&dir, "log.jsonl"),
    );
    assert!(seen.contains("-32603"), "{seen}");
    assert!(said.contains("calls are refused"), "{said}");
    assert_ne!(status.code(), Some(0));
    let allowed = calls(&log).len();
    assert!(allowed > 0 && allowed < 40, "{log}");
    let reached = text(&dir, "reached");
    assert!(reached.lines().count() <= allowed);
    replays(&dir, "log.jsonl");
}

#[test]
fn what_reached_the_server_is_in_the_log_of_a_guard_that_was_killed() {
    let dir = scene("guard-killed", POLICY, LIST);
    for kill_after in [1, 3, 8] {
        for name in ["log.jsonl", "log.jsonl.2", "log.jsonl.cut", "reached"] {
            let _ = std::fs::remove_file(dir.join(name));
        }
        let mut client = Client::start(&dir, &["--log", "log.jsonl"]);
        for number in 0..kill_after {
            client.call("read", &json!({"number": number}));
        }
        // More is on the way.
        for id in 100..120 {
            client.send(&format!(
                "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"tools/call\",\"params\":{{\"name\":\"read\"}}}}\n"
            ));
        }
        client.child.kill().unwrap();
        client.child.wait().unwrap();
        // The server ends when the guard's side of the pipe is closed.
        while client.read().is_some() {}
        let log = text(&dir, "log.jsonl");
        let whole = &log[..log.rfind('\n').map_or(0, |at| at + 1)];
        write(&dir, "whole.jsonl", whole);
        replays(&dir, "whole.jsonl");
        let reached = text(&dir, "reached").lines().count();
        assert!(reached >= kill_after && reached <= calls(whole).len());
    }
}

#[test]
fn noise_of_a_server_goes_to_standard_error_and_long_lines_nowhere() {
    let dir = scene("guard-noise", POLICY, LIST);
    let mut sent = vec![b'x'; (16 << 20) + 10];
    sent.extend_from_slice(b"\n{\"id\":1,\"method\":\"ping\"}\n");
    write(&dir, "sent", sent);
    let program = mcppolicy(&dir).get_program().to_str().unwrap().to_owned();
    let script = format!(
        "exec {program} guard --policy policy.json --observe -- sh -c 'echo Listening; printf \"{{\\\"id\\\":0}}\"; echo; cat; printf end' < sent > seen 2> said"
    );
    let status = std::process::Command::new("sh")
        .args(["-c", &script])
        .current_dir(&dir)
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(0));
    let (seen, said) = (text(&dir, "seen"), text(&dir, "said"));
    let lines: Vec<&str> = seen.lines().collect();
    assert_eq!(lines.len(), 3, "{seen}");
    assert!(seen.contains("longer than 16 MiB") && seen.contains("{\"id\":0}"));
    assert!(seen.contains("{\"id\":1,\"method\":\"ping\"}"));
    assert!(
        said.contains("Listening\n") && said.contains("end\n"),
        "{said}"
    );
}

#[test]
fn a_log_that_was_changed_does_not_fit_its_chain() {
    let dir = scene("guard-chain", POLICY, LIST);
    let verify = |more: &[&str]| {
        let ran = run(&dir, &[&["guard", "verify", "log.jsonl"], more].concat());
        (ran.code, ran.out + &ran.err)
    };
    let head = |said: &str| said.lines().nth(1).unwrap().to_owned();
    let mut heads = Vec::new();
    for _ in 0..2 {
        let mut client = Client::start(&dir, &["--log", "log.jsonl", "--chain"]);
        client.call("read", &json!({}));
        client.call("unlisted", &json!({}));
        assert_eq!(client.close(), 0);
        let (code, said) = verify(&[]);
        assert_eq!(code, 0, "{said}");
        heads.push(head(&said));
    }
    assert!(!dir.join("log.jsonl.2").exists(), "the first log goes on");
    replays(&dir, "log.jsonl");
    let log = text(&dir, "log.jsonl");
    let lines: Vec<&str> = log.split_inclusive('\n').collect();
    assert_eq!(verify(&["--head", &heads[0]]).0, 0);
    assert_eq!(verify(&["--head", &"0".repeat(63)]).0, 1);
    let changed = |new: String, line: &str| {
        write(&dir, "log.jsonl", new);
        let (code, said) = verify(&[]);
        assert!(code == 1 && said.contains(line), "{said}");
    };
    changed(log.replacen("default_deny", "hidden", 1), "line 4,");
    changed([&lines[..2], &lines[3..]].concat().concat(), "line 3,");
    changed([&lines[..2], &lines[1..]].concat().concat(), "line 3,");
    changed(
        format!("{log}{}", lines[1]),
        &format!("line {} ", lines.len() + 1),
    );
    changed(lines[..4].concat(), "after line 4");
    changed(log.trim_end().to_owned(), "has no end");
    // A cut of both files shows against a digest that was kept elsewhere.
    let chain = text(&dir, "log.jsonl.chain");
    let cut: String = chain.split_inclusive('\n').take(2).collect();
    write(&dir, "log.jsonl.chain", cut);
    write(&dir, "log.jsonl", lines[..2].concat());
    assert_eq!(verify(&[]).0, 0);
    let (code, said) = verify(&["--head", &heads[1]]);
    assert!(code == 1 && said.contains("was cut"), "{said}");
    // A log that does not fit is left alone, and so is a chain without its log.
    write(&dir, "log.jsonl", lines[1]);
    let mut client = Client::start(&dir, &["--log", "log.jsonl", "--chain"]);
    client.call("read", &json!({}));
    client.close();
    assert_eq!(text(&dir, "log.jsonl"), lines[1]);
    std::fs::remove_file(dir.join("log.jsonl.2")).unwrap();
    let mut client = Client::start(&dir, &["--log", "log.jsonl", "--chain"]);
    client.call("read", &json!({}));
    client.close();
    assert_eq!(calls(&text(&dir, "log.jsonl.3")).len(), 1);
    assert_eq!(run(&dir, &["guard", "verify", "log.jsonl.3"]).code, 0);
    assert_eq!(run(&dir, &["guard", "verify", "missing"]).code, 2);
}

#[test]
fn a_chain_goes_on_after_a_guard_that_was_killed() {
    let dir = scene("guard-chain-killed", POLICY, LIST);
    for _ in 0..3 {
        let mut client = Client::start(&dir, &["--log", "log.jsonl", "--chain"]);
        client.call("read", &json!({}));
        for id in 100..110 {
            client.send(&format!(
                "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"tools/call\",\"params\":{{\"name\":\"read\"}}}}\n"
            ));
        }
        client.child.kill().unwrap();
        client.child.wait().unwrap();
        while client.read().is_some() {}
    }
    let mut client = Client::start(&dir, &["--log", "log.jsonl", "--chain"]);
    client.call("read", &json!({}));
    assert_eq!(client.close(), 0);
    assert!(!dir.join("log.jsonl.2").exists());
    let ran = run(&dir, &["guard", "verify", "log.jsonl"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    replays(&dir, "log.jsonl");
}
