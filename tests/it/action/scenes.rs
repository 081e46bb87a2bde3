//! What a job says and how it ends, change by change.

use super::pull::*;
use super::runner::Done;
use super::server::Server;

/// The one comment.
fn comment(server: &Server) -> String {
    let comments = server.comments();
    assert_eq!(comments.len(), 1, "{comments:?}");
    comments[0].1.clone()
}

fn is_before(text: &str, first: &str, second: &str) -> bool {
    let at = |part| {
        text.find(part)
            .unwrap_or_else(|| panic!("{part:?} is not in {text}"))
    };
    at(first) < at(second)
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn a_clean_change_passes_and_the_comment_says_what_it_does() {
    if !has_tools() {
        return;
    }
    let server = Server::start();
    let done = change("clean", &server, &[(POLICY, Some(policy(80, 50)))]);
    assert_eq!(done.code, 0, "{}", done.log);
    assert_eq!(done.outputs["verdict"], "tightened");
    assert_eq!(done.outputs["findings"], "0");
    let comment = comment(&server);
    assert!(
        comment.contains("✅ mcppolicy ci: 1 policy, tightened"),
        "{comment}"
    );
    assert!(comment.contains(r#""amount":100"#), "the proof: {comment}");
    assert!(done.summary.contains("tightened"), "{}", done.summary);
    for name in [
        "report.html",
        "report.json",
        "report.md",
        "report.sarif",
        "report.txt",
        "junit.xml",
    ] {
        let file = std::path::Path::new(&done.outputs["report"]).join(name);
        assert!(file.metadata().is_ok_and(|file| file.len() > 0), "{name}");
    }
}

#[test]
fn a_change_of_no_policy_passes_without_a_comment() {
    if !has_tools() {
        return;
    }
    let server = Server::start();
    let done = change(
        "unrelated",
        &server,
        &[("README.md", some("Other words.\n"))],
    );
    assert_eq!(done.code, 0, "{}", done.log);
    assert_eq!(done.outputs["verdict"], "equivalent");
    assert_eq!(server.comments(), []);
    assert!(done.summary.contains("equivalent"), "{}", done.summary);
}

fn refused(server: &Server, done: &Done) -> String {
    assert_eq!(done.code, 1, "{}", done.log);
    assert_eq!(done.outputs["verdict"], "loosened");
    let comment = comment(server);
    assert!(
        comment.contains("refused: it lets more through (gate: loosened)"),
        "{comment}"
    );
    assert!(
        done.summary.contains("refused: it lets more through"),
        "{}",
        done.summary
    );
    assert!(
        done.log.contains("::error file=policies/pay/policy.json"),
        "{}",
        done.log
    );
    comment
}

#[test]
fn a_loosening_change_fails_and_every_report_is_there() {
    if !has_tools() {
        return;
    }
    let server = Server::start();
    let before = [(POLICY, policy(100, 50)), ("mcppolicy.toml", config(""))];
    let ready = Pull {
        name: "loosening",
        before: &before,
        change: &[(POLICY, Some(policy(500, 50)))],
        depth: Depth::Commits(2),
    }
    .open();
    let mut job = ready.job(&server.url);
    job.inputs = vec![("sarif", "out/policy.sarif".to_owned())];
    let done = job.run();
    let comment = refused(&server, &done);
    assert!(
        comment.contains(r#"{"tool":"create_refund","arguments":{"amount":500}}"#),
        "{comment}"
    );
    let sarif = std::fs::read_to_string(ready.dir.join("out/policy.sarif")).unwrap();
    assert!(sarif.contains("policy-change"), "{sarif}");
}

#[test]
fn a_change_cannot_switch_off_its_own_gate() {
    if !has_tools() {
        return;
    }
    let server = Server::start();
    let never = config("[diff]\ngate = \"never\"\n");
    let files = [
        (POLICY, Some(policy(500, 50))),
        ("mcppolicy.toml", Some(never)),
    ];
    let done = change("never", &server, &files);
    let comment = refused(&server, &done);
    assert!(
        is_before(
            &comment,
            "create_refund",
            "The gate goes from `loosened` to `never`"
        ),
        "{comment}"
    );
}

#[test]
fn a_change_cannot_hide_a_policy_from_its_gate() {
    if !has_tools() {
        return;
    }
    let loose = || (POLICY, Some(policy(500, 50)));
    let elsewhere = "[[policy]]\npath = \"other/policy.json\"\n".to_owned();
    for (name, files, says) in [
        (
            "unlisted",
            vec![
                loose(),
                ("other/policy.json", Some(policy(1, 1))),
                ("mcppolicy.toml", Some(elsewhere)),
            ],
            "out of the list of policies",
        ),
        (
            "deleted",
            vec![loose(), ("mcppolicy.toml", None)],
            "This change removes mcppolicy.toml",
        ),
    ] {
        let server = Server::start();
        let done = change(name, &server, &files);
        let comment = refused(&server, &done);
        assert!(is_before(&comment, "create_refund", says), "{comment}");
    }
}

#[test]
fn a_removed_policy_fails() {
    if !has_tools() {
        return;
    }
    let server = Server::start();
    let files = [(POLICY, None), ("mcppolicy.toml", None)];
    let done = change("removed", &server, &files);
    assert_eq!(done.code, 1, "{}", done.log);
    assert!(comment(&server).contains("removed"), "{}", comment(&server));
}

#[test]
fn a_broken_policy_is_invalid() {
    if !has_tools() {
        return;
    }
    let server = Server::start();
    let done = change("broken", &server, &[(POLICY, some("{\"version\": \"1\","))]);
    assert_eq!(done.code, 3, "{}", done.log);
    assert!(
        comment(&server).contains("`syntax`"),
        "{}",
        comment(&server)
    );
    assert!(
        done.log
            .contains("::error file=policies/pay/policy.json,line="),
        "{}",
        done.log
    );
}

#[test]
fn without_a_policy_there_is_nothing_to_do() {
    if !has_tools() {
        return;
    }
    let server = Server::start();
    let pull = Pull {
        name: "none",
        before: &[],
        change: &[("README.md", some("Words.\n"))],
        depth: Depth::Commits(2),
    };
    let done = pull.open().run(&server);
    assert_eq!(done.code, 4, "{}", done.log);
    assert_eq!(done.outputs["verdict"], "none");
    assert!(done.summary.contains("no policy found"), "{}", done.summary);
}

#[test]
fn a_first_policy_passes() {
    if !has_tools() {
        return;
    }
    let server = Server::start();
    let lax = config("[lint]\nfail-on = \"error\"\n[lint.rules]\nunlimited-write-tool = \"off\"\n");
    let pull = Pull {
        name: "first",
        before: &[],
        change: &[
            (POLICY, Some(policy(100, 50))),
            ("mcppolicy.toml", Some(lax)),
        ],
        depth: Depth::Commits(2),
    };
    let done = pull.open().run(&server);
    assert_eq!(done.code, 0, "{}", done.log);
    assert!(comment(&server).contains("added"), "{}", comment(&server));
}

#[test]
fn a_shallow_clone_says_which_depth_to_fetch() {
    if !has_tools() {
        return;
    }
    let server = Server::start();
    let before = [(POLICY, policy(100, 50)), ("mcppolicy.toml", config(""))];
    let of = |depth| {
        let change = [(POLICY, Some(policy(500, 50)))];
        let pull = Pull {
            name: "shallow",
            before: &before,
            change: &change,
            depth,
        };
        pull.open().run(&server)
    };
    let done = of(Depth::Commits(1));
    assert_eq!(done.code, 2, "{}", done.log);
    assert!(done.log.contains("`fetch-depth: 0`"), "{}", done.log);
    assert!(done.summary.contains("fetch-depth"), "{}", done.summary);
    // Whatever reaches far enough gives the same answer.
    for depth in [Depth::Commits(2), Depth::Commits(0), Depth::Head] {
        let done = of(depth);
        assert_eq!(
            (done.code, done.outputs["verdict"].as_str()),
            (1, "loosened"),
            "{}",
            done.log
        );
    }
}

#[test]
fn a_fork_without_permission_to_comment_has_its_summary() {
    if !has_tools() {
        return;
    }
    let server = Server::start();
    server.refuse(403);
    for (name, amount, code) in [("fork-clean", 80, 0), ("fork-loose", 500, 1)] {
        let done = change(name, &server, &[(POLICY, Some(policy(amount, 50)))]);
        assert_eq!(done.code, code, "{}", done.log);
        assert!(
            done.log
                .contains("::notice title=mcppolicy::This job may not comment"),
            "{}",
            done.log
        );
        assert!(done.summary.contains("create_refund"), "{}", done.summary);
    }
    assert_eq!(server.comments(), []);
}

#[test]
fn an_approval_in_the_change_lets_it_pass_and_stands_behind_what_it_approves() {
    if !has_tools() {
        return;
    }
    let server = Server::start();
    // What `diff --approve` writes into the working copy is part of the change.
    let before = [(POLICY, policy(100, 50)), ("mcppolicy.toml", config(""))];
    let change = [(POLICY, Some(policy(500, 50)))];
    let first = Pull {
        name: "approving",
        before: &before,
        change: &change,
        depth: Depth::Commits(2),
    }
    .open();
    let approve = [
        "diff",
        "--base",
        "HEAD^1",
        "--approve",
        "see #12",
        "--approved-by",
        "ann",
    ];
    assert_eq!(crate::support::run(&first.dir, &approve).code, 0);
    let written = std::fs::read_to_string(first.dir.join("mcppolicy.approvals.json")).unwrap();
    let change = [
        (POLICY, Some(policy(500, 50))),
        ("mcppolicy.approvals.json", Some(written)),
    ];
    let second = Pull {
        name: "approved",
        before: &before,
        change: &change,
        depth: Depth::Commits(2),
    }
    .open();
    let done = second.run(&server);
    assert_eq!(done.code, 0, "{}", done.log);
    assert_eq!(done.outputs["verdict"], "loosened");
    let comment = comment(&server);
    // The verdict, the change with its witness, and then what is approved.
    assert!(is_before(&comment, "| Policy | Lint |", "\"amount\":500"));
    assert!(is_before(
        &comment,
        "\"amount\":500",
        "This change approves"
    ));
    assert!(comment.contains("(ann, "), "{comment}");
}

#[test]
fn a_push_is_checked_without_a_base_and_a_comment() {
    if !has_tools() {
        return;
    }
    let server = Server::start();
    let before = [(POLICY, policy(100, 50)), ("mcppolicy.toml", config(""))];
    let ready = Pull {
        name: "push",
        before: &before,
        change: &[("README.md", some("Words.\n"))],
        depth: Depth::Commits(1),
    }
    .open();
    let mut job = ready.job(&server.url);
    job.event_name = "push";
    job.event = serde_json::json!({ "ref": "refs/heads/main" });
    let done = job.run();
    assert_eq!(done.code, 0, "{}", done.log);
    assert_eq!(done.outputs["verdict"], "none");
    assert_eq!(server.requests(), [""; 0]);
}

#[test]
fn a_merge_queue_is_held_against_what_it_goes_into() {
    if !has_tools() {
        return;
    }
    let server = Server::start();
    let before = [(POLICY, policy(100, 50)), ("mcppolicy.toml", config(""))];
    let ready = Pull {
        name: "queue",
        before: &before,
        change: &[(POLICY, Some(policy(500, 50)))],
        depth: Depth::Commits(0),
    }
    .open();
    let mut job = ready.job(&server.url);
    job.event_name = "merge_group";
    let base = &ready.event["pull_request"]["base"]["sha"];
    job.event = serde_json::json!({ "merge_group": { "base_sha": base } });
    let done = job.run();
    assert_eq!(done.code, 1, "{}", done.log);
    assert_eq!(done.outputs["verdict"], "loosened");
    assert_eq!(server.requests(), [""; 0]);
}

#[test]
fn an_event_that_gives_strangers_a_token_is_refused() {
    if !has_tools() {
        return;
    }
    let server = Server::start();
    let before = [(POLICY, policy(100, 50))];
    let ready = Pull {
        name: "target",
        before: &before,
        change: &[],
        depth: Depth::Commits(2),
    }
    .open();
    let mut job = ready.job(&server.url);
    job.event_name = "pull_request_target";
    let done = job.run();
    assert_eq!(done.code, 2, "{}", done.log);
    assert_eq!(server.requests(), [""; 0]);
}

#[test]
fn inputs_are_text_and_never_run() {
    if !has_tools() {
        return;
    }
    let server = Server::start();
    let before = [(POLICY, policy(100, 50)), ("mcppolicy.toml", config(""))];
    let ready = Pull {
        name: "hostile-inputs",
        before: &before,
        change: &[(POLICY, Some(policy(80, 50)))],
        depth: Depth::Commits(2),
    }
    .open();
    let hostile = "$(touch pwned)`touch pwned`'; touch pwned; '\" --help";
    for input in ["command", "path", "base", "fail-on", "gate", "sarif"] {
        let mut job = ready.job(&server.url);
        job.inputs = vec![(input, hostile.to_owned())];
        let done = job.run();
        let expected = if input == "sarif" { 0 } else { 2 };
        assert_eq!(done.code, expected, "{input}: {}", done.log);
        assert!(!ready.dir.join("pwned").exists(), "{input}");
    }
}
