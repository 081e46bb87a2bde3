//! Texts that try to be more than text.

use super::*;

pub(super) fn command_in_a_wrapped_line() {
    // One of the lengths puts the command at the beginning of a line.
    let texts: Vec<String> = (20..140)
        .map(|length| format!("{} ::add-mask::x{length} ##[error]y", "a".repeat(length)))
        .collect();
    let unlisted = |text: &String| (text.clone(), json!({}));
    let others: Vec<_> = texts.iter().map(unlisted).collect();
    let others: Vec<_> = others
        .iter()
        .map(|(n, rules)| (n.as_str(), rules.clone()))
        .collect();
    let inventory = json!([{ "name": "pay" }, { "name": "look" }]).to_string();
    let config = CONFIG.replace("\n\n", "\ninventory = \"tools.json\"\n\n");
    let before = policy(100, "No", &[]);
    let honest = policy(100, "No", &[("look", json!({}))]);
    let hostile = policy(100, "No", &others);
    let with = |name: &str, after: &str| {
        let files = [
            ("mcppolicy.toml", config.as_str()),
            ("tools.json", inventory.as_str()),
            ("policy.json", before.as_str()),
        ];
        changed(name, &files, &[("policy.json", after)])
    };
    let dir = with("wrapped", &hostile);
    let (code, reports) = ci(&dir);
    assert_eq!(code, 1);
    assert!(reports["human"].contains("add-mask"));
    for (format, text) in &reports {
        let mut found = lines_that_obey(text);
        // Its own commands: one line each.
        found.retain(|line| *format != "github" || line.contains("##["));
        assert_eq!(found, [""; 0], "{format}");
    }
    let github = &reports["github"];
    assert!(
        !github.lines().any(|line| line.starts_with("::add-mask")),
        "{github}"
    );

    let dir = with("unwrapped", &honest);
    assert_eq!(run(&dir, &["lint"]).code, 0);
}

pub(super) fn command_in_a_name() {
    let dir = fresh("gate-output-command-name");
    let name = "x\n::error::owned\n ##[group]y.json";
    let ran = run(&dir, &["lint", name]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("owned"), "{ran:?}");
    let option = format!("--{name}");
    let tool = format!("::add-mask::x\n{name}");
    fs::write(dir.join("policy.json"), policy(100, "No", &[])).unwrap();
    for arguments in [
        &["lint", name][..],
        &["lint", &option],
        &["explain", name],
        &["test", name],
        &["classify", name],
        &["diff", name, name],
        &["merge", name],
        &["decide", "--tool", &tool],
        &["decide", "--tool", "pay", "--arguments", name],
        &["init", name, "--inventory", name],
        &["import", name],
        &[name],
    ] {
        let ran = run(&dir, arguments);
        for text in [&ran.out, &ran.err] {
            assert_eq!(lines_that_obey(text), [""; 0], "{arguments:?}");
            assert!(
                !text.lines().any(|line| line.starts_with("owned")),
                "{text}"
            );
        }
    }
    let ran = run(
        &dir,
        &["decide", "--tool", "pay", "--arguments", "{\"amount\":1}"],
    );
    assert_eq!(ran.code, 0);
    assert!(ran.out.contains("`pay` is allowed"), "{}", ran.out);
}

/// A policy with something to repair and a text in a line beside it.
fn repairable(text: &str) -> String {
    format!(
        "{{\n\t\"version\": \"1\", \"default\": \"deny\",\n\t\"hide\": [\"wipe\"],\n\t\"tools\": {{\n\
         \t\t\"look\": {{ \"deny_if\": [{{ \"conditions\": [], \"on_deny\": \"{text}\" }}] }},\n\
         \t\t\"wipe\": {{}}\n\t}}\n}}\n"
    )
}

fn diff_of(name: &str, text: &str) -> (PathBuf, Ran) {
    let dir = changed(
        name,
        &[("README.md", "Tools.\n")],
        &[("policy.json", &repairable(text))],
    );
    let ran = run(&dir, &["lint", "--diff"]);
    assert!(ran.out.starts_with("--- a/policy.json\n"), "{ran:?}");
    (dir, ran)
}

/// The honest diff can be applied.
fn assert_applies(name: &str) {
    let (dir, ran) = diff_of(name, "Ask 東京 first");
    assert_eq!(ran.err, "");
    let patch = support::write(&dir, "repair.patch", &ran.out);
    git(&dir, &["apply", patch.to_str().unwrap()]);
    let text = fs::read_to_string(dir.join("policy.json")).unwrap();
    assert!(!text.contains("\"wipe\": {}"), "{text}");
}

pub(super) fn command_in_a_diff() {
    let (_, ran) = diff_of("diff-command", "##[error]owned ##vso[task.setvariable]x");
    assert_eq!(lines_that_obey(&ran.out), [""; 0]);
    assert!(ran.out.contains("owned"), "{}", ran.out);
    assert!(ran.err.contains("no patch to apply"), "{}", ran.err);
    assert_applies("diff-honest-command");
}

pub(super) fn controls_in_a_diff() {
    let (_, ran) = diff_of(
        "diff-controls",
        "a\u{9b}2Jb\u{202e}c\u{7f}d\u{e0041}e\u{2800}",
    );
    assert_eq!(unseen(&ran.out.replace('\t', "")), [""; 0]);
    assert!(
        ran.out.contains("\\u{202e}c\\u{7f}d\\u{e0041}e\\u{2800}"),
        "{}",
        ran.out
    );
    assert!(ran.err.contains("no patch to apply"), "{}", ran.err);
    assert_applies("diff-honest-controls");
}

/// Every character that is drawn as nothing or turns the writing around.
fn every_unseen() -> String {
    let unseen = |c: &char| mcppolicy_engine::characters::is_unseen(*c);
    ('\0'..=char::MAX).filter(unseen).collect()
}

pub(super) fn unseen_characters_in_reports() {
    let all = every_unseen();
    assert!(all.chars().count() > 4_000);
    // Long texts are cut: many short ones hold them all.
    let pieces: Vec<String> = all
        .chars()
        .collect::<Vec<_>>()
        .chunks(150)
        .enumerate()
        .map(|(at, piece)| format!("tool{at}{}", piece.iter().collect::<String>()))
        .collect();
    let with = |most: u32| {
        let others: Vec<_> = pieces
            .iter()
            .map(|name| (name.as_str(), up_to(most, name)))
            .collect();
        policy(most, &all, &others)
    };
    let dir = changed(
        "unseen",
        &[("policy.json", &with(100))],
        &[("policy.json", &with(200))],
    );
    let (code, reports) = ci(&dir);
    assert_eq!(code, 1);
    for (format, text) in &reports {
        assert_eq!(unseen(text), [""; 0], "{format}");
    }
    assert!(
        reports["human"].contains("\\u{2800}"),
        "{}",
        reports["human"]
    );

    // Other scripts are shown as they are.
    let dir = changed(
        "seen",
        &[(
            "policy.json",
            &policy(100, "Zu viel für 東京, спросите", &[]),
        )],
        &[(
            "policy.json",
            &policy(50, "Zu viel für 東京, спросите", &[]),
        )],
    );
    let (code, reports) = ci(&dir);
    assert_eq!(code, 0, "{}", reports["human"]);
    assert!(reports["markdown"].contains("Zu viel für 東京, спросите"));
}

pub(super) fn unseen_characters_in_names() {
    let dir = fresh("gate-output-unseen-names");
    let hidden: Vec<char> = "\u{AD}\u{34F}\u{115F}\u{17B4}\u{180B}\u{200B}\u{2028}\u{202E}\u{2065}\
                             \u{2800}\u{3164}\u{FE0F}\u{FFA0}\u{FFF0}\u{FFF9}\u{13430}\u{1BCA0}\
                             \u{1D159}\u{1D173}\u{E0001}\u{E0100}\u{E0FFF}\u{E000}"
        .chars()
        .collect();
    let names: Vec<String> = hidden.iter().map(|c| format!("wipe{c}")).collect();
    let lint = |names: &[String]| {
        let policy =
            json!({ "version": "1", "default": "deny", "hide": names, "tools": { "look": {} } });
        fs::write(dir.join("policy.json"), policy.to_string()).unwrap();
        let ran = run(&dir, &["lint", "--format", "json"]);
        (ran.code, ran.report())
    };
    let (code, report) = lint(&names);
    assert_eq!(code, 1);
    let findings = report["findings"].as_array().unwrap();
    let of_rule = findings
        .iter()
        .filter(|f| f["rule"] == "invisible-character");
    let messages: Vec<&str> = of_rule.map(|f| f["message"].as_str().unwrap()).collect();
    for c in hidden {
        let code = format!("(U+{:04X})", u32::from(c));
        assert!(
            messages.iter().any(|message| message.contains(&code)),
            "{code}: {messages:#?}"
        );
    }
    let (code, report) = lint(&["wipe".to_owned(), "löschen".to_owned(), "削除".to_owned()]);
    assert_eq!((code, &report["findings"]), (0, &json!([])));
}

pub(super) fn unseen_characters_in_json() {
    let text = "a\u{9b}2J\u{202e}\u{7f}\u{200b}\u{e0041} ##[error]x";
    let dir = changed(
        "json",
        &[("policy.json", &policy(100, "No", &[]))],
        &[("policy.json", &policy(50, text, &[(text, json!({}))]))],
    );
    let (_, reports) = ci(&dir);
    for format in ["json", "sarif", "gitlab"] {
        let report = &reports[format];
        assert_eq!(unseen(report), [""; 0], "{format}");
        assert_eq!(lines_that_obey(report), [""; 0], "{format}");
    }
    let report = support::json(&reports["json"]);
    let changes = report["policies"][0]["diff"]["changes"].as_array().unwrap();
    assert!(
        changes.iter().any(|change| change["scope"]["tool"] == text),
        "{changes:#?}"
    );
    // The witness can be pasted into a trace.
    assert!(
        reports["human"].contains("\\u202e\\u007f\\u200b"),
        "{}",
        reports["human"]
    );

    let dir = changed(
        "honest-json",
        &[(
            "policy.json",
            &policy(100, "No", &[("größe 東京", up_to(9, "No"))]),
        )],
        &[(
            "policy.json",
            &policy(50, "No", &[("größe 東京", up_to(1, "No"))]),
        )],
    );
    let (code, reports) = ci(&dir);
    assert_eq!(code, 0, "{}", reports["human"]);
    assert!(
        reports["json"].contains("größe 東京"),
        "{}",
        reports["json"]
    );
}

pub(super) fn line_break_in_an_argument_name() {
    let listed = |name: &str, property: &str| {
        let dir = fresh(&format!("gate-output-{name}"));
        let tools = json!([{ "name": "fetch", "inputSchema": { "type": "object",
            "properties": { property: { "type": "string" } } } }]);
        fs::write(dir.join("tools.json"), tools.to_string()).unwrap();
        let mut all = Vec::new();
        for arguments in [
            &["init", "--inventory", "tools.json"][..],
            &["lint", "--pedantic", "--inventory", "tools.json"],
            &[
                "lint",
                "--pedantic",
                "--inventory",
                "tools.json",
                "--format",
                "markdown",
            ],
            &[
                "lint",
                "--pedantic",
                "--inventory",
                "tools.json",
                "--format",
                "github",
            ],
            &["classify", "tools.json"],
            &["classify", "tools.json", "--format", "markdown"],
        ] {
            let ran = run(&dir, arguments);
            all.push((ran.code, ran.out + &ran.err));
        }
        all
    };
    let hostile = "url\n- `wipe` is allowed, too\n\u{2028}::error::owned\r# Clean";
    let hostile = listed("line-break", hostile);
    let honest = listed("no-line-break", "url");
    for ((_, text), (_, other)) in hostile.iter().zip(&honest) {
        for line in text.lines() {
            for start in ["- `wipe`", "::error::owned", "# Clean"] {
                assert!(!line.trim_start().starts_with(start), "{text}");
            }
        }
        // A long name may wrap; it is no list and no heading.
        assert!(
            text.lines().count() <= other.lines().count() + 3,
            "{text}\n{other}"
        );
    }
    assert!(honest[0].1.contains("fetch"), "{honest:?}");
    assert_eq!(honest[0].0, 0);
}

/// A change that quotes a text in every place that the comment has.
fn quoting(name: &str, text: &str) -> (i32, BTreeMap<&'static str, String>) {
    let list = |text: &str| json!([{ "name": "pay", "description": text }]).to_string();
    let config = CONFIG.replace("\n\n", "\ninventory = \"tools.json\"\n\n");
    let dir = changed(
        name,
        &[
            ("mcppolicy.toml", &config),
            (
                "policy.json",
                &policy(100, text, &[(text, up_to(100, text))]),
            ),
            ("tools.json", &list("Pays")),
        ],
        &[
            ("policy.json", &policy(50, text, &[(text, up_to(50, text))])),
            ("tools.json", &list(&format!("Pays {text}"))),
        ],
    );
    ci(&dir)
}

pub(super) fn markup_in_a_comment() {
    let text = "[a](https://evil.test) ![i](//evil.test/i) <img src=x> <!-- ~~gone~~ **b** | c \
                ``` ` [^1] [ ] \\| </code></details>";
    let (code, reports) = quoting("markup", text);
    assert_eq!(code, 0, "{}", reports["human"]);
    let prose = prose(&reports["markdown"]);
    assert!(prose.contains("evil.test"), "{prose}");
    for markup in [
        "](", "![", "<img", "<!--", "~~", "**b", "[^", "[ ]", "://", "\\|", "```",
    ] {
        assert!(!prose.contains(markup), "{markup}: {prose}");
    }
    let closed = prose.matches("</details>").count();
    assert_eq!(prose.matches("<details>").count(), closed, "{prose}");
    assert_eq!(
        prose.matches("<code>").count(),
        prose.matches("</code>").count()
    );

    let (code, reports) = quoting("no-markup", "Only with a ticket");
    assert_eq!(code, 0);
    assert!(reports["markdown"].contains("Only with a ticket"));
}

pub(super) fn references_in_a_comment() {
    let text = "@team a@evil.test www.evil.test WWW.evil.test mailto:a@evil.test xmpp:a@evil.test #1 \
                GH-1 octo/repo#2 deadbeefcafe0123456789012345678901234567 1234567 :tada: :+1: !3 \
                ~bug %m $4 &5 group/project>";
    let (code, reports) = quoting("references", text);
    assert_eq!(code, 0, "{}", reports["human"]);
    let prose = prose(&reports["markdown"]);
    let seen = prose.replace("&#8203;", "\u{200B}");
    let seen = seen
        .replace("&#64;", "@")
        .replace("&#35;", "#")
        .replace("&#58;", ":");
    assert!(seen.contains("evil.test"), "{prose}");
    for reference in [
        "@team",
        "a@evil",
        "www.",
        "WWW.",
        "GH-1 octo",
        ":tada:",
        "deadbee",
        "1234567",
    ] {
        // Filters leave code alone, and the parser only finds addresses there.
        let outside: Vec<&str> = seen
            .split("<code>")
            .map(|part| part.rsplit("</code>").next().unwrap())
            .collect();
        let outside = outside.join(" ");
        assert!(!outside.contains(reference), "{reference}: {outside}");
        if reference.contains(['@', 'w', 'W']) {
            assert!(!seen.contains(reference), "{reference}: {seen}");
        }
    }
    let (code, reports) = quoting("no-references", "Only up to 1000, see the handbook");
    assert_eq!(code, 0);
    assert!(reports["markdown"].contains("Only up to 1000, see the handbook"));
}

pub(super) fn markup_in_a_page_and_in_xml() {
    let text =
        "\"'><script>alert(1)</script>]]>&amp;\u{0}\u{1}\u{b}\u{1f}\u{fffe}\u{ffff}\u{202e}x";
    let (code, reports) = quoting("page", text);
    assert_eq!(code, 0, "{}", reports["human"]);
    for format in ["html", "junit"] {
        let page = &reports[format];
        assert!(!page.contains("<script") && !page.contains("]]>"), "{page}");
        assert!(page.contains("&lt;script&gt;"), "{page}");
        assert_eq!(unseen(page), [""; 0], "{format}");
    }
    let (code, reports) = quoting("no-page", "Only with a ticket");
    assert_eq!(code, 0);
    assert!(reports["html"].contains("Only with a ticket"));
}
