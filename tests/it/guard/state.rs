//! Counters that are shared and that survive, policies that change, and policies
//! that only decide beside.

use std::thread;

use super::*;

const LIST: &str = r#"{"tools":[]}"#;

fn limited(max: u32) -> String {
    format!(
        r#"{{"version":"1","default":"deny","tools":{{"read":{{"limits":[
            {{"counter":"c","window":"day","max":{max},"scope":"grant"}}]}}}}}}"#
    )
}

/// Whether the day has changed since `day`: then counters begin anew.
fn today() -> String {
    jiff::Timestamp::now().to_string()[..10].to_owned()
}

#[test]
fn processes_that_share_a_file_pass_together_as_much_as_a_limit_has() {
    loop {
        let day = today();
        let dir = scene("guard-shared", &limited(50), LIST);
        let clients: Vec<_> = (0..4)
            .map(|number| {
                let dir = dir.clone();
                thread::spawn(move || {
                    let log = format!("log-{number}.jsonl");
                    let options = ["--state", "counters", "--log", &log];
                    let mut client = Client::start(&dir, &options);
                    let passed = (0..25).filter(|_| client.call("read", &json!({})).is_none());
                    let passed = passed.count();
                    assert_eq!(client.close(), 0);
                    passed
                })
            })
            .collect();
        let passed: usize = clients.into_iter().map(|one| one.join().unwrap()).sum();
        if today() != day {
            continue;
        }
        assert_eq!(passed, 50);
        for number in 0..4 {
            // Each log stands alone, whatever the other processes used.
            replays(&dir, &format!("log-{number}.jsonl"));
        }
        let logs: Vec<String> = (0..4)
            .map(|number| std::fs::read_to_string(dir.join(format!("log-{number}.jsonl"))).unwrap())
            .collect();
        let mut used: Vec<u64> = logs
            .iter()
            .flat_map(|log| calls(log))
            .filter(|call| call["expect"] == "allow")
            .map(|call| call["used"][0]["used"].as_u64().unwrap())
            .collect();
        used.sort_unstable();
        assert_eq!(used, (0..50).collect::<Vec<u64>>());
        // Their order by time is the order in which they counted.
        let merged = run(
            &dir,
            &[
                "test",
                "--policy",
                "policy.json",
                "--timeline",
                "merged",
                "log-0.jsonl",
                "log-1.jsonl",
                "log-2.jsonl",
                "log-3.jsonl",
            ],
        );
        assert_eq!(merged.code, 0, "{}", merged.out);
        return;
    }
}

#[test]
fn counters_in_a_file_survive_a_guard_that_is_killed() {
    loop {
        let day = today();
        let dir = scene("guard-survives", &limited(3), LIST);
        let options = ["--state", "counters"];
        let mut client = Client::start(&dir, &options);
        assert_eq!(client.call("read", &json!({})), None);
        assert_eq!(client.call("read", &json!({})), None);
        client.child.kill().unwrap();
        client.child.wait().unwrap();
        let mut client = Client::start(&dir, &options);
        let said = [(); 2].map(|()| client.call("read", &json!({})));
        client.close();
        if today() != day {
            continue;
        }
        assert_eq!(said[0], None);
        assert!(said[1].as_ref().unwrap().contains("Limit of 3 per day"));
        // A file that is something else is refused, and nothing is started.
        let options = ["--state", "policy.json", "--log", "none.jsonl"];
        assert_eq!(Client::start(&dir, &options).close(), 2);
        assert!(!dir.join("none.jsonl").exists());
        assert_eq!(
            std::fs::read_to_string(dir.join("policy.json")).unwrap(),
            limited(3)
        );
        return;
    }
}

/// Calls until the agent reads what `wanted` is true of.
fn until(client: &mut Client, wanted: impl Fn(&Option<String>) -> bool) {
    let mut said = None;
    for _ in 0..100_000 {
        said = client.call("other", &json!({}));
        if wanted(&said) {
            return;
        }
    }
    panic!("{said:?}");
}

#[test]
fn a_policy_that_changes_is_in_force_and_a_broken_one_is_not() {
    let dir = scene("guard-reload", &limited(100), LIST);
    let mut client = Client::start(&dir, &["--log", "log.jsonl"]);
    assert_eq!(client.call("read", &json!({})), None);
    assert!(client.call("other", &json!({})).is_some());
    // Put in place by renaming, as editors and deployments do.
    let replace = |text: &str| {
        write(&dir, "new.json", text);
        std::fs::rename(dir.join("new.json"), dir.join("policy.json")).unwrap();
    };
    let allowing = limited(2).replace("\"tools\":{", "\"tools\":{\"other\":{},");
    replace(&allowing);
    until(&mut client, Option::is_none);
    // Its counter goes on: one of two is used.
    assert_eq!(client.call("read", &json!({})), None);
    assert!(client.call("read", &json!({})).is_some());
    replace("{\"version\":\"1\"");
    // The broken one is looked at, and a later one again.
    replace(&allowing.replace(
        "\"other\":{}",
        "\"other\":{\"deny_if\":[{\"conditions\":[],\"on_deny\":\"Closed\"}]}",
    ));
    until(&mut client, |said| {
        said.as_deref() == Some("[POLICY DENIED] Closed")
    });
    assert_eq!(client.close(), 0);
    // Each policy has a log of its own, and the last one replays.
    assert_eq!(
        std::fs::read_to_string(dir.join("log.jsonl"))
            .unwrap()
            .matches("policy_sha256")
            .count(),
        1
    );
    replays(&dir, "log.jsonl.3");
    write(&dir, "policy.json", &allowing);
    replays(&dir, "log.jsonl.2");
    write(&dir, "policy.json", limited(100));
    replays(&dir, "log.jsonl");
}

#[test]
fn a_candidate_decides_beside_and_has_no_effect() {
    let dir = scene("guard-candidate", &limited(100), LIST);
    let candidate = r#"{"version":"1","default":"deny","hide":["read"],"tools":{"other":{}}}"#;
    write(&dir, "candidate.json", candidate);
    let options = ["--candidate", "candidate.json", "--log", "log.jsonl"];
    let mut client = Client::start(&dir, &options);
    assert_eq!(client.call("read", &json!({})), None);
    assert!(client.call("other", &json!({})).is_some());
    assert_eq!(client.call("read", &json!({})), None);
    assert_eq!(client.close(), 0);
    replays(&dir, "log.jsonl");
    let decisions = |log: &str| -> Vec<String> {
        let text = std::fs::read_to_string(dir.join(log)).unwrap();
        let of = |call: &Value| match &call["expect"] {
            Value::String(decision) => decision.clone(),
            expect => expect["kind"].as_str().unwrap().to_owned(),
        };
        calls(&text).iter().map(of).collect()
    };
    assert_eq!(decisions("log.jsonl"), ["allow", "default_deny", "allow"]);
    assert_eq!(
        decisions("log.jsonl.candidate"),
        ["hidden", "allow", "hidden"]
    );
    write(&dir, "policy.json", candidate);
    replays(&dir, "log.jsonl.candidate");
    let log = std::fs::read_to_string(dir.join("log.jsonl.candidate")).unwrap();
    assert_eq!(log.matches("\"outcome\":\"unknown\"").count(), 1, "{log}");
}
