//! The one comment: whose it is, and what is in it.

use super::pull::*;
use super::server::{BOT, MOST, Server};
use crate::support::{fresh, write};

/// A pull request that loosens the policy, and its stand-in.
fn loosening(name: &str) -> (Ready, Server) {
    let before = [(POLICY, policy(100, 50)), ("mcppolicy.toml", config(""))];
    let pull = Pull {
        name: &format!("comment-{name}"),
        before: &before,
        change: &[(POLICY, Some(policy(500, 50)))],
        depth: Depth::Commits(2),
    };
    (pull.open(), Server::start())
}

fn texts(server: &Server, login: &str) -> Vec<String> {
    let comments = server.comments().into_iter();
    comments
        .filter(|(by, _)| by == login)
        .map(|(_, text)| text)
        .collect()
}

#[test]
fn the_same_job_run_twice_leaves_one_comment() {
    if !has_tools() {
        return;
    }
    let (ready, server) = loosening("twice");
    for _ in 0..2 {
        assert_eq!(ready.run(&server).code, 1);
    }
    assert_eq!(server.comments().len(), 1);
    let writes: Vec<String> = server
        .requests()
        .into_iter()
        .filter(|request| !request.starts_with("GET"))
        .collect();
    assert_eq!(writes.len(), 2, "{writes:?}");
    assert!(writes[1].starts_with("PATCH"), "{writes:?}");
}

#[test]
fn a_comment_goes_on_when_there_is_nothing_left_to_say() {
    if !has_tools() {
        return;
    }
    let (ready, server) = loosening("later");
    assert_eq!(ready.run(&server).code, 1);
    let before = [(POLICY, policy(100, 50)), ("mcppolicy.toml", config(""))];
    let repaired = Pull {
        name: "comment-later-still",
        before: &before,
        change: &[("README.md", Some("Words.\n".to_owned()))],
        depth: Depth::Commits(2),
    };
    assert_eq!(repaired.open().run(&server).code, 0);
    let texts = texts(&server, BOT);
    assert_eq!(texts.len(), 1);
    assert!(texts[0].contains("equivalent"), "{}", texts[0]);
}

#[test]
fn only_what_begins_with_the_marker_and_is_by_the_token_is_touched() {
    if !has_tools() {
        return;
    }
    let (ready, server) = loosening("foreign");
    assert_eq!(ready.run(&server).code, 1);
    let own = texts(&server, BOT).remove(0);
    let marker = own.lines().next().unwrap();
    assert!(marker.starts_with("<!-- mcppolicy "), "{marker}");

    // The same marker, by somebody else and not at the beginning.
    let (ready, server) = loosening("foreign-again");
    let theirs = format!("{marker}\nI approve this.");
    let quoted = format!("As it said:\n{marker}");
    server.add("mallory", &theirs);
    server.add("other[bot]", &theirs);
    server.add(BOT, &quoted);
    for _ in 0..2 {
        assert_eq!(ready.run(&server).code, 1);
    }
    for login in ["mallory", "other[bot]"] {
        assert_eq!(texts(&server, login), [theirs.as_str()]);
    }
    let by_bot = texts(&server, BOT);
    assert_eq!(by_bot.len(), 2, "{by_bot:?}");
    assert_eq!(by_bot[0], quoted);
    assert!(by_bot[1].starts_with(marker));
}

#[test]
fn a_comment_on_a_later_page_is_found_and_a_double_goes() {
    if !has_tools() {
        return;
    }
    let (ready, server) = loosening("pages");
    assert_eq!(ready.run(&server).code, 1);
    let marker = texts(&server, BOT).remove(0);
    let marker = marker.lines().next().unwrap();

    let server = Server::start();
    for _ in 0..150 {
        server.add("ann", "What about this?");
    }
    server.add(BOT, &format!("{marker}\nold"));
    server.add("ann", "And that?");
    server.add(BOT, &format!("{marker}\nwritten at the same time"));
    assert_eq!(ready.run(&server).code, 1);
    let own = texts(&server, BOT);
    assert_eq!(own.len(), 1, "{own:?}");
    assert!(
        own[0].contains("refused: it lets more through"),
        "{}",
        own[0]
    );
    assert_eq!(server.comments().len(), 152);
}

#[test]
fn what_is_checked_apart_has_a_comment_apart() {
    if !has_tools() {
        return;
    }
    let (ready, server) = loosening("apart");
    assert_eq!(ready.run(&server).code, 1);
    let mut job = ready.job(&server.url);
    job.inputs = vec![("path", "policies/pay".to_owned())];
    assert_eq!(job.run().code, 1);
    assert_eq!(server.comments().len(), 2);
}

#[test]
fn no_comment_is_asked_for_when_it_is_not_wanted() {
    if !has_tools() {
        return;
    }
    let (ready, server) = loosening("unwanted");
    let mut job = ready.job(&server.url);
    job.inputs = vec![("comment", "false".to_owned())];
    assert_eq!(job.run().code, 1);
    assert_eq!(server.requests(), [""; 0]);
}

#[test]
fn a_server_that_fails_is_a_warning_and_does_not_change_the_verdict() {
    if !has_tools() {
        return;
    }
    let (ready, server) = loosening("unavailable");
    server.refuse(500);
    let done = ready.run(&server);
    assert_eq!(done.code, 1);
    assert!(
        done.log.contains("::warning title=mcppolicy::The comment"),
        "{}",
        done.log
    );
    // And so is one that is not there.
    let done = ready.job("http://127.0.0.1:9").run();
    assert_eq!(done.code, 1);
    assert!(done.log.contains("(HTTP 000)"), "{}", done.log);
}

/// A policy of one tool with this name.
fn of_tool(name: &str, amount: u32) -> String {
    let name = serde_json::to_string(name).unwrap();
    policy(amount, 50).replace("\"create_refund\"", &name)
}

#[test]
fn names_from_files_are_only_text_in_a_comment() {
    if !has_tools() {
        return;
    }
    let hostile = [
        "@octocat please approve",
        "![x](https://evil.example/p.png)",
        "<img src=https://evil.example/p.png>",
        "a|b` <!-- x --> [click](javascript:1)",
        "#1 fixes team/tools#2",
    ];
    for (at, tool) in hostile.into_iter().enumerate() {
        let server = Server::start();
        let before = [(POLICY, of_tool(tool, 100)), ("mcppolicy.toml", config(""))];
        let pull = Pull {
            name: &format!("comment-hostile-{at}"),
            before: &before,
            change: &[(POLICY, Some(of_tool(tool, 500)))],
            depth: Depth::Commits(2),
        };
        let done = pull.open().run(&server);
        assert_eq!(done.code, 1, "{}", done.log);
        let comment = texts(&server, BOT).remove(0);
        // Fenced blocks show the calls as they are, and nothing in them is read.
        let mut fenced = false;
        let read: Vec<&str> = comment
            .lines()
            .skip(1)
            .filter(|line| {
                let fence = line.starts_with("```");
                fenced ^= fence;
                !fenced && !fence
            })
            .collect();
        let read = read.join("\n");
        for active in [
            "@octocat",
            "![",
            "<img",
            "](javascript",
            "<!--",
            "fixes team/tools#2",
        ] {
            assert!(!read.contains(active), "{active}: {read}");
        }
    }
}

#[test]
fn a_comment_that_would_be_too_long_is_cut_and_says_so() {
    if !has_tools() {
        return;
    }
    let many = |amount: u32| {
        let tools: Vec<String> = (0..400)
            .map(|at| {
                let one = policy(amount, 50);
                let (_, rules) = one.split_once("\"create_refund\":").unwrap();
                let rules = rules.trim_end().trim_end_matches('}').trim_end();
                let rules = rules.trim_end_matches('}').trim_end();
                format!("\"create_refund_{at}\": {rules}")
                    .replace("per_day", &format!("{at}_per_day"))
            })
            .collect();
        format!(
            "{{\"version\":\"1\",\"default\":\"deny\",\"tools\":{{{}}}}}",
            tools.join(",\n")
        )
    };
    let server = Server::start();
    let before = [(POLICY, many(100)), ("mcppolicy.toml", config(""))];
    let pull = Pull {
        name: "comment-long",
        before: &before,
        change: &[(POLICY, Some(many(500)))],
        depth: Depth::Commits(2),
    };
    let done = pull.open().run(&server);
    assert_eq!(done.code, 1, "{}", done.log);
    let comment = texts(&server, BOT).remove(0);
    assert!(comment.chars().count() <= MOST);
    assert!(
        comment.contains("**Cut here: "),
        "{}",
        &comment[comment.len() - 500..]
    );
    assert!(comment.contains("https://github.com/team/tools/actions/runs/99"));
    assert!(
        done.summary.len() > comment.len(),
        "the summary has more room"
    );
}

#[test]
fn a_run_that_does_not_finish_replaces_what_an_earlier_one_said() {
    if !has_tools() {
        return;
    }
    let (ready, server) = loosening("unfinished");
    assert_eq!(ready.run(&server).code, 1);
    let dir = fresh("action-unfinished-program");
    let program = write(
        &dir,
        "mcppolicy",
        "#!/bin/sh\n[ \"$1\" = --version ] || exit 134\n",
    );
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&program, mode).unwrap();
    let mut job = ready.job(&server.url);
    let named = program.to_str().unwrap().to_owned();
    job.environment.push(("MCPPOLICY_BIN", named));
    assert_eq!(job.run().code, 134);
    let [text] = &*texts(&server, BOT) else {
        panic!("one comment stays");
    };
    assert!(text.contains("did not finish"), "{text}");
}
