//! The policies of the five servers of the first steps, in force before servers
//! that list the same tools.

use super::*;
use crate::support::root;

const SERVERS: [&str; 5] = ["0nmcp", "automagik", "comfyui", "conductor", "unstructured"];

fn file(server: &str, name: &str) -> String {
    let path = root().join("testdata/quickstart").join(server).join(name);
    std::fs::read_to_string(path).unwrap()
}

fn names(list: &str) -> Vec<String> {
    let list: Value = serde_json::from_str(list).unwrap();
    let tools = list["tools"].as_array().unwrap();
    let names = tools.iter().map(|tool| tool["name"].as_str().unwrap());
    names.map(str::to_owned).collect()
}

/// Twelve calls of one tool within one minute of the clock, as the agent sees
/// them; where the minute ends in between, once more.
fn twelve(dir: &Path, log: &str) -> Vec<Option<String>> {
    loop {
        let _ = std::fs::remove_file(dir.join(log));
        let mut client = Client::start(dir, &["--log", log, "--grant", "designer"]);
        let arguments = json!({"workflow_id": "generate_image", "prompt": "s3cret"});
        let said = (0..12)
            .map(|_| client.call("run_workflow", &arguments))
            .collect();
        assert_eq!(client.close(), 0);
        let text = std::fs::read_to_string(dir.join(log)).unwrap();
        let mut minutes: Vec<String> = calls(&text)
            .iter()
            .map(|call| call["ts"].as_str().unwrap()[..16].to_owned())
            .collect();
        minutes.dedup();
        if minutes.len() == 1 {
            return said;
        }
    }
}

#[test]
fn a_runaway_agent_is_stopped_by_each_policy_as_its_replay_says() {
    for server in SERVERS {
        let policy = file(server, "policy.json");
        let tools = file(server, "tools.json");
        let dir = scene(&format!("guard-{server}"), &policy, &tools);
        let said = twelve(&dir, "log.jsonl");
        replays(&dir, "log.jsonl");
        let denied: Vec<&String> = said.iter().flatten().collect();
        if ["comfyui", "conductor"].contains(&server) {
            assert!(said[..10].iter().all(Option::is_none), "{server}: {said:?}");
            let message = "[POLICY DENIED] Limit of 10 per minute reached for run_workflow_rate";
            assert_eq!(denied, [message, message], "{server}");
        }
        // What was allowed reached the server, and nothing else.
        let reached = std::fs::read_to_string(dir.join("reached")).unwrap();
        let passed = said.iter().filter(|said| said.is_none()).count();
        assert!(reached.lines().count() >= passed && reached.contains("s3cret"));
        let log = std::fs::read_to_string(dir.join("log.jsonl")).unwrap();
        assert!(!log.contains("s3cret"), "{log}");
    }
}

#[test]
fn a_tool_that_is_hidden_is_not_listed_and_not_called() {
    for server in SERVERS {
        let tools = file(server, "tools.json");
        let all = names(&tools);
        let mut policy: Value = serde_json::from_str(&file(server, "policy.json")).unwrap();
        let dir = scene(
            &format!("guard-hidden-{server}"),
            &policy.to_string(),
            &tools,
        );
        let mut client = Client::start(&dir, &[]);
        assert_eq!(client.tools(), all, "{server}");
        client.close();

        policy["hide"] = json!([all[0]]);
        write(&dir, "policy.json", policy.to_string());
        let mut client = Client::start(&dir, &["--log", "log.jsonl"]);
        assert_eq!(client.tools(), all[1..], "{server}");
        let said = client.call(&all[0], &json!({})).unwrap();
        assert_eq!(
            said,
            format!("[POLICY DENIED] Tool \"{}\" is hidden by policy", all[0])
        );
        assert_eq!(client.close(), 0);
        replays(&dir, "log.jsonl");
    }
}
