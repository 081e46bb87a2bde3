//! Who may call, and what of a client reaches the server.

use super::*;

const JSON: &str = "Content-Type: application/json\n";
const READ: &[u8] =
    br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read","arguments":{}}}"#;
const INITIALIZE: &[u8] = br#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}"#;

/// A token for a name, whose digest is in `grants.txt`.
fn token(dir: &Path, name: &str) -> String {
    let ran = run(dir, &["guard", "token", name, "--grants", "grants.txt"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    ran.out.trim_end().to_owned()
}

fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}\n")
}

#[test]
fn callers_are_known_by_their_tokens_and_no_token_goes_anywhere() {
    loop {
        let day = today();
        let dir = scene("guard-http-grants", POLICY, "");
        let (url, reached) = server();
        let one = token(&dir, "designer");
        let other = token(&dir, "build agent");
        write(&dir, "headers", "Authorization: Bearer of-the-guard\n");
        for file in ["headers", "grants.txt"] {
            let mode = std::fs::Permissions::from_mode(0o600);
            std::fs::set_permissions(dir.join(file), mode).unwrap();
        }
        let grants = std::fs::read_to_string(dir.join("grants.txt")).unwrap();
        assert!(!grants.contains(&one) && grants.lines().count() == 2);
        let options = [
            "--grants",
            "grants.txt",
            "--log",
            "log.jsonl",
            "--header-file",
            "headers",
        ];
        let mut guard = Listening::start(&dir, &url, &options);
        for wrong in [
            String::new(),
            bearer("mcpg_wrong"),
            bearer(&one[..one.len() - 1]),
            bearer(&one) + &bearer(&other),
            format!("Cookie: token={one}\n"),
        ] {
            let refused = guard.post(&wrong, READ);
            assert_eq!(refused.status, 401, "{wrong}");
            assert_eq!(
                header(&refused.head, "www-authenticate").as_deref(),
                Some("Bearer")
            );
        }
        assert!(reached.try_recv().is_err());
        // Each has a limit of its own.
        let mut passed = Vec::new();
        for token in [&one, &one, &one, &other] {
            let more = bearer(token) + "Cookie: s3cret\nX-Api-Key: s3cret\n";
            let paid = guard.call(&more, "pay", &json!({}));
            passed.push(!paid.body.contains("POLICY DENIED"));
        }
        let (code, said) = guard.end();
        assert_eq!(code, Some(0));
        if today() != day {
            continue;
        }
        assert_eq!(passed, [true, true, false, true]);
        for (head, _) in reached.try_iter() {
            assert_eq!(
                header(&head, "authorization").as_deref(),
                Some("Bearer of-the-guard")
            );
            assert!(
                !head.contains("s3cret") && !head.contains("mcpg_"),
                "{head}"
            );
        }
        let log = std::fs::read_to_string(dir.join("log.jsonl")).unwrap();
        assert!(
            !log.contains("mcpg_") && !said.contains("mcpg_"),
            "{said}{log}"
        );
        let grants: Vec<String> = calls(&log)
            .iter()
            .map(|call| call["grant"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(grants, ["designer", "designer", "designer", "build agent"]);
        replays(&dir, "log.jsonl");
        return;
    }
}

#[test]
fn a_session_belongs_to_the_grant_that_opened_it() {
    let dir = scene("guard-http-sessions", POLICY, "");
    let (url, reached) = server();
    let (one, other) = (token(&dir, "a"), token(&dir, "b"));
    let options = ["--grants", "grants.txt", "--log", "log.jsonl"];
    let mut guard = Listening::start(&dir, &url, &options);
    let opened = guard.post(&bearer(&one), INITIALIZE);
    let session = header(&opened.head, "mcp-session-id").unwrap();
    assert_eq!(session, "session-s3cret-1");
    let of = |token: &str, session: &str| bearer(token) + &format!("Mcp-Session-Id: {session}\n");
    assert_eq!(
        guard.call(&of(&one, &session), "read", &json!({})).status,
        200
    );
    reached.try_iter().count();
    for (token, session) in [(&other, session.as_str()), (&one, "session-s3cret-2")] {
        let more = of(token, session);
        assert_eq!(guard.call(&more, "read", &json!({})).status, 404);
        assert_eq!(guard.bare("GET", &more).status, 404);
        assert_eq!(guard.bare("DELETE", &more).status, 404);
    }
    assert!(reached.try_recv().is_err());
    let more = of(&one, &session);
    assert_eq!(guard.bare("DELETE", &more).status, 200);
    assert_eq!(guard.call(&more, "read", &json!({})).status, 404);
    assert_eq!(guard.end().0, Some(0));
    let log = std::fs::read_to_string(dir.join("log.jsonl")).unwrap();
    assert!(!log.contains("s3cret"), "{log}");
    replays(&dir, "log.jsonl");
}

#[test]
fn what_is_not_for_the_guard_does_not_reach_the_server() {
    let dir = scene("guard-http-foreign", POLICY, "");
    let url = upstream(|head, _, _| panic!("it has come through: {head}"));
    let guard = Listening::open(&dir, &url, &["--allow-origin", "https://app.example"]);
    for (host, more) in [
        ("evil.example", ""),
        ("127.0.0.1:1", ""),
        ("HOST\nHost: HOST", ""),
        ("HOST", "Origin: http://evil.example\n"),
        ("HOST", "Origin: null\n"),
    ] {
        let head = format!(
            "POST /mcp HTTP/1.1\nHost: {host}\nConnection: close\n{JSON}{more}Content-Length: {}\n\n",
            READ.len()
        );
        let status = Answer::read(&mut send(&guard.address, &head, READ)).status;
        assert!([400, 403].contains(&status), "{host} {more}: {status}");
    }
    for (more, body, status) in [
        ("Content-Type: text/plain\n", READ, 415),
        (
            "Content-Type: application/json; charset=utf-16\n",
            READ,
            415,
        ),
        (
            "Content-Type: application/json\nContent-Encoding: gzip\n",
            READ,
            415,
        ),
        (
            "Content-Type: application/json\nContent-Type: application/json\n",
            READ,
            400,
        ),
        (
            "Content-Type: application/json\nMcp-Method: ping\n",
            READ,
            400,
        ),
        (
            "Content-Type: application/json\nMcp-Name: x\nMcp-Name: read\n",
            READ,
            400,
        ),
        (JSON, b"", 400),
        (JSON, b"{\"jsonrpc\":\"2.0\"", 400),
        (JSON, b"\xEF\xBB\xBF{}", 400),
    ] {
        let answered = Answer::read(&mut guard.begin(more, body)).status;
        assert_eq!(answered, status, "{more}");
    }
    for path in ["/", "/mcp/", "/mcp%2f", "//mcp", "/sse", "/MCP", "/mcp;x"] {
        let head = format!("GET {path} HTTP/1.1\nHost: HOST\nConnection: close\n\n");
        assert_eq!(
            Answer::read(&mut send(&guard.address, &head, b"")).status,
            404,
            "{path}"
        );
    }
    for method in ["PUT", "PATCH", "OPTIONS", "CONNECT", "TRACE", "post"] {
        assert!(guard.bare(method, "").status >= 400, "{method}");
    }
    // A body that says two lengths is nobody's.
    let smuggled = format!(
        "POST /mcp HTTP/1.1\nHost: HOST\n{JSON}Content-Length: {}\nTransfer-Encoding: chunked\n\n0\r\n\r\n",
        READ.len()
    );
    let mut client = send(&guard.address, &smuggled, READ);
    assert!(Answer::read(&mut client).status >= 400);
    let long = "x".repeat((16 << 20) + 1);
    let head = format!(
        "POST /mcp HTTP/1.1\nHost: HOST\n{JSON}Content-Length: {}\n\n",
        long.len()
    );
    let mut client = send(&guard.address, &head, b"");
    let _ = client.get_mut().write_all(long.as_bytes());
    let refused = Answer::read(&mut client);
    assert_eq!(
        (refused.status, &refused.json()["error"]["code"]),
        (413, &json!(-32700))
    );
    // A page that may ask can read the answer.
    let page = "Origin: https://app.example\n";
    let asked = guard.bare("OPTIONS", page);
    let allowed = header(&asked.head, "access-control-allow-origin");
    assert_eq!(
        (asked.status, allowed.as_deref()),
        (204, Some("https://app.example"))
    );
    assert_eq!(guard.end().0, Some(0));
    let log = std::fs::read_to_string(dir.join("log.jsonl")).unwrap();
    assert!(
        log.contains("\"refused\":\"too-long\"") && calls(&log).is_empty(),
        "{log}"
    );
}

#[test]
fn a_token_that_is_taken_out_of_the_file_is_not_known_any_more() {
    let dir = scene("guard-http-revoked", POLICY, "");
    let (url, _reached) = server();
    let (one, other) = (token(&dir, "a"), token(&dir, "b"));
    let guard = Listening::start(&dir, &url, &["--grants", "grants.txt"]);
    assert_eq!(guard.post(&bearer(&one), READ).status, 200);
    let both = std::fs::read_to_string(dir.join("grants.txt")).unwrap();
    let replace = |text: &str| {
        let new = write(&dir, "new.txt", text);
        std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::rename(new, dir.join("grants.txt")).unwrap();
    };
    let until = |token: &str, status: u16| {
        let mut last = 0;
        for _ in 0..100_000 {
            last = guard.post(&bearer(token), READ).status;
            if last == status {
                return;
            }
        }
        panic!("{last}");
    };
    let second = both.lines().nth(1).unwrap();
    replace(second);
    until(&one, 401);
    assert_eq!(guard.post(&bearer(&other), READ).status, 200);
    // A broken file changes nothing; the next good one is in force.
    replace("s3cret\n");
    replace(&both);
    until(&one, 200);
    let (code, said) = guard.end();
    assert!(code == Some(0) && !said.contains("s3cret"), "{said}");
}

#[test]
fn a_guard_that_does_not_know_its_callers_does_not_listen() {
    let dir = scene("guard-http-start", POLICY, "");
    let one = token(&dir, "a");
    let refused = |options: &[&str], reason: &str| {
        let first = ["guard", "--policy", "policy.json", "--log", "none.jsonl"];
        let ran = run(&dir, &[&first[..], options].concat());
        assert!(
            ran.code == 2 && ran.err.contains(reason),
            "{options:?}: {}",
            ran.err
        );
        assert!(!ran.err.contains(&one) && !dir.join("none.jsonl").exists());
    };
    let url = ["--url", "http://127.0.0.1:9/mcp"];
    let local = [&["--listen", "127.0.0.1:0"][..], &url].concat();
    let open = [&["--listen", "0.0.0.0:0"][..], &url].concat();
    refused(&local, "needs to know who may call");
    refused(
        &[&open[..], &["--allow-unauthenticated"]].concat(),
        "of this machine alone",
    );
    refused(
        &[&local[..], &["--grants", "missing.txt"]].concat(),
        "missing.txt",
    );
    refused(
        &[
            &local[..],
            &["--grants", "grants.txt", "--allow-unauthenticated"],
        ]
        .concat(),
        "cannot be used with",
    );
    refused(&["--listen", "127.0.0.1:0"], "--url");
    refused(&[&local[..], &["--", "sh"]].concat(), "cannot be used with");
    let grants = dir.join("grants.txt");
    std::fs::set_permissions(&grants, std::fs::Permissions::from_mode(0o640)).unwrap();
    let known = [&local[..], &["--grants", "grants.txt"]].concat();
    refused(&known, "chmod 600");
    std::fs::set_permissions(&grants, std::fs::Permissions::from_mode(0o600)).unwrap();
    write(&dir, "grants.txt", format!("{one} a\n"));
    refused(&known, "line 1 is not");
    let ran = run(&dir, &["guard", "token", "c", "--grants", "grants.txt"]);
    assert_eq!(ran.code, 2, "it is no file of grants");
    let ran = run(&dir, &["guard", "token", "c\n"]);
    assert_eq!(ran.code, 2);
    let ran = run(&dir, &["guard", "token", "c"]);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert!(ran.code == 0 && lines[0].starts_with("mcpg_") && lines[1].ends_with(" c"));
}
