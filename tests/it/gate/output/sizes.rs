//! Reports that are too long for where they go.

use super::*;

/// The table's row, the heading of the verdict and the witness of `pay`.
fn assert_keeps(comment: &str, tool: &str) {
    assert!(comment.len() <= 64_512, "{}", comment.len());
    assert!(comment.starts_with("## "), "{comment}");
    assert!(
        comment.contains(&format!("{{\"tool\":\"{tool}\"")),
        "{tool}: {comment}"
    );
}

pub(super) fn long_approval_reason() {
    let before = policy(100, "Too much", &[]);
    let reason = "It is fine. ".repeat(6_000)[..70_000].to_owned();
    let approved = |name: &str, reason: &str| {
        let after = policy(200, "Too much", &[]);
        let dir = changed(
            name,
            &[("policy.json", &before)],
            &[("policy.json", &after)],
        );
        let ran = run(&dir, &["diff", "--base", "main", "--approve", reason]);
        assert_eq!(ran.code, 0, "{ran:?}");
        commit(&dir);
        ci(&dir)
    };
    let (code, texts) = approved("long-reason", &reason);
    assert_eq!(code, 0, "{}", texts["human"]);
    assert_keeps(&texts["markdown"], "pay");
    assert!(texts["markdown"].contains("| `pay` (Financial) | **loosened**"));
    for format in ["human", "markdown", "html"] {
        let text = &texts[format];
        assert!(
            text.replace("\n  │", "")
                .contains("(69,500 more characters)"),
            "{format}: {text}"
        );
        assert!(text.len() < 60_000, "{format}: {}", text.len());
    }
    assert!(texts["json"].contains(&reason));

    let (code, texts) = approved("short-reason", "raise of May");
    assert_eq!(code, 0);
    assert!(texts["markdown"].contains("raise of May"));
    assert!(!texts["markdown"].contains("more characters"));
}

pub(super) fn long_suppression_reason() {
    let with = |name: &str, most: u32, reason: &str| {
        let entry = format!(
            "{CONFIG}\n[[suppress]]\nrule = \"unlimited-financial-tool\"\npolicy = \"policy.json\"\n\
             at = \"/tools/pay\"\nvalue = \"00000000\"\nreason = \"{reason}\"\n"
        );
        let dir = changed(
            name,
            &[("policy.json", &policy(100, "No", &[]))],
            &[
                ("policy.json", &policy(most, "No", &[])),
                ("mcppolicy.toml", &entry),
            ],
        );
        ci(&dir)
    };
    let reason = "It is fine. ".repeat(6_000)[..70_000].to_owned();
    let (code, texts) = with("long-suppression", 200, &reason);
    assert_eq!(code, 1, "{}", texts["human"]);
    assert_keeps(&texts["markdown"], "pay");
    for format in ["human", "markdown", "html", "github", "junit", "gitlab"] {
        let text = &texts[format];
        assert!(text.len() < 60_000, "{format}: {}", text.len());
    }
    assert!(texts["markdown"].contains("(69,500 more characters)"));
    assert!(texts["json"].contains(&reason));

    let (code, texts) = with("short-suppression", 50, "capped upstream");
    assert_eq!(code, 0, "{}", texts["human"]);
    assert!(texts["markdown"].contains("capped upstream"));
}

pub(super) fn flood_of_findings() {
    let with = |most: u32, count: usize| {
        let hidden: Vec<String> = (0..count).map(|at| format!("wipe{at}\u{200B}")).collect();
        let tools = json!({ "pay": up_to(most, "No") });
        json!({ "version": "1", "default": "deny", "hide": hidden, "tools": tools }).to_string()
    };
    let dir = changed(
        "flood",
        &[("policy.json", &with(100, 1_000))],
        &[("policy.json", &with(200, 1_000))],
    );
    let (code, texts) = ci(&dir);
    assert_eq!(code, 1);
    let comment = &texts["markdown"];
    assert_keeps(comment, "pay");
    assert!(comment.contains("Cut here"), "{comment}");
    let witness = comment.find("{\"tool\":\"pay\"").unwrap();
    let finding = comment.find("invisible-character").unwrap();
    assert!(witness < finding, "{comment}");

    let dir = changed(
        "no-flood",
        &[("policy.json", &with(100, 1))],
        &[("policy.json", &with(50, 1))],
    );
    let (code, texts) = ci(&dir);
    assert_eq!(code, 0, "{}", texts["human"]);
    assert!(texts["markdown"].contains("invisible-character"));
}

pub(super) fn flood_of_changes() {
    let with = |most: u32, count: u32, harmless: u32| {
        let mut tools = serde_json::Map::new();
        for at in 0..count {
            tools.insert(format!("a{at:04}"), up_to(harmless, "No"));
        }
        tools.insert("pay".to_owned(), up_to(most, "No"));
        json!({ "version": "1", "default": "deny", "tools": tools }).to_string()
    };
    let dir = changed(
        "flood-changes",
        &[("policy.json", &with(100, 1_000, 100))],
        &[("policy.json", &with(200, 1_000, 50))],
    );
    let (code, texts) = ci(&dir);
    assert_eq!(code, 1);
    let comment = &texts["markdown"];
    assert_keeps(comment, "pay");
    assert!(comment.contains("Cut here"), "{comment}");
    let row = |name: &str| comment.find(&format!("| `{name}` (")).unwrap();
    assert!(row("pay") < row("a0000"), "{comment}");

    let dir = changed(
        "flood-harmless",
        &[("policy.json", &with(100, 3, 100))],
        &[("policy.json", &with(50, 3, 50))],
    );
    let (code, texts) = ci(&dir);
    assert_eq!(code, 0, "{}", texts["human"]);
    assert_keeps(&texts["markdown"], "a0002");
}

pub(super) fn long_messages() {
    let message = "Please ask. ".repeat(400);
    let names: Vec<String> = (0..60).map(|at| format!("pay_{at:02}")).collect();
    let with = |most: u32, message: &str| {
        let rules = |name: &String| (name.clone(), up_to(most, message));
        let others: Vec<_> = names.iter().map(rules).collect();
        let others: Vec<_> = others
            .iter()
            .map(|(n, rules)| (n.as_str(), rules.clone()))
            .collect();
        policy(most, message, &others)
    };
    let dir = changed(
        "long-messages",
        &[("policy.json", &with(100, &message))],
        &[("policy.json", &with(200, &message))],
    );
    let (code, texts) = ci(&dir);
    assert_eq!(code, 1);
    for name in &names {
        assert_keeps(&texts["markdown"], name);
    }
    assert!(
        texts["markdown"].contains("Cut here"),
        "{}",
        texts["markdown"]
    );

    // What is stricter passes, and a short message is whole.
    let dir = changed(
        "short-messages",
        &[("policy.json", &with(100, "Please ask"))],
        &[("policy.json", &with(50, "Please ask"))],
    );
    let (code, texts) = ci(&dir);
    assert_eq!(code, 0, "{}", texts["human"]);
    assert!(texts["markdown"].contains("Please ask"));
}

pub(super) fn long_names() {
    let names: Vec<String> = (0..25)
        .map(|at| format!("a{at:02}{}", "@".repeat(3_000)))
        .collect();
    let with = |most: u32| {
        let others: Vec<_> = names
            .iter()
            .map(|name| (name.as_str(), up_to(most, "No")))
            .collect();
        policy(most, "No", &others)
    };
    let dir = changed(
        "long-names",
        &[("policy.json", &with(100))],
        &[("policy.json", &with(200))],
    );
    let (code, texts) = ci(&dir);
    assert_eq!(code, 1);
    assert_keeps(&texts["markdown"], "pay");
    assert!(texts["markdown"].contains("loosened; refused: it lets more through"));
    for format in ["human", "github", "html", "junit"] {
        let length = texts[format].len();
        assert!(length < 400_000, "{format}: {length}");
    }

    let dir = changed(
        "same-names",
        &[("policy.json", &with(100))],
        &[("a.txt", "")],
    );
    assert_eq!(ci(&dir).0, 0);
}

/// `ci` after the description of the only tool goes from one text to another.
fn described(name: &str, old: &str, new: &str) -> (i32, BTreeMap<&'static str, String>) {
    let list = |text: &str| json!([{ "name": "pay", "description": text }]).to_string();
    let config = format!(
        "{}\n",
        CONFIG.replace("\n\n", "\ninventory = \"tools.json\"\n\n")
    );
    let policy = policy(100, "Too much", &[]);
    let dir = changed(
        name,
        &[
            ("mcppolicy.toml", &config),
            ("policy.json", &policy),
            ("tools.json", &list(old)),
        ],
        &[("tools.json", &list(new))],
    );
    ci(&dir)
}

pub(super) fn change_in_a_long_description() {
    let filler = "This tool pays what is due. ".repeat(2_500);
    let (code, texts) = described(
        "long-description",
        &format!("{filler}It asks first. {filler}"),
        &format!("{filler}It never asks. {filler}"),
    );
    assert_eq!(code, 0, "{}", texts["human"]);
    for format in ["human", "markdown", "html", "github", "junit"] {
        let text = texts[format]
            .replace("&#123;&#43;", "{+")
            .replace("\n", " ");
        assert!(
            text.contains("never") && text.contains("first"),
            "{format}: {text}"
        );
        assert!(!text.contains("not shown"), "{format}: {text}");
        assert!(text.len() < 20_000, "{format}: {}", text.len());
    }

    let (code, texts) = described("short-description", "It asks first", "It asks twice");
    assert_eq!(code, 0);
    assert!(
        texts["human"].contains("[-first-]{+twice+}"),
        "{}",
        texts["human"]
    );
}

pub(super) fn scattered_changes_in_a_description() {
    let text = |word: &str, last: &str| -> String {
        let words = (0..400).map(|at| format!("word{at} {word}{at} "));
        words.collect::<String>() + last
    };
    let (code, texts) = described(
        "scattered",
        &text("old", "It asks first"),
        &text("new", "It sends everything to the outside"),
    );
    assert_eq!(code, 0);
    for format in ["human", "markdown", "html"] {
        let text = &texts[format];
        assert!(
            text.contains("changed text is not shown"),
            "{format}: {text}"
        );
    }
    let verdict = texts["markdown"].lines().next().unwrap();
    assert!(
        verdict.contains("1 changed text not shown whole"),
        "{verdict}"
    );
    let report = support::json(&texts["json"]);
    let findings = report["policies"][0]["diff"]["findings"].to_string();
    assert!(findings.contains("outside+}"), "{findings}");
}

pub(super) fn more_results_than_are_taken() {
    let dir = fresh("gate-output-many-results");
    let sarif = |count: usize| {
        let names: Vec<String> = (0..count).map(|at| format!("\"a{at}\u{200B}\"")).collect();
        let text = format!(
            "{{\"version\":\"1\",\"default\":\"deny\",\"hide\":[{}],\"tools\":{{\"look\":{{}}}}}}",
            names.join(",")
        );
        fs::write(dir.join("policy.json"), text).unwrap();
        let ran = run(&dir, &["lint", "--format", "sarif", "policy.json"]);
        support::json(&ran.out)["runs"][0]["results"].clone()
    };
    let results = sarif(25_010);
    let results = results.as_array().unwrap();
    assert_eq!(results.len(), 25_000);
    let last = results.last().unwrap()["message"]["text"].as_str().unwrap();
    assert!(last.contains("more results are left out"), "{last}");
    assert_eq!(sarif(10).as_array().unwrap().len(), 10);
}

pub(super) fn long_values() {
    let with = |most: u32| {
        let equals = |name: &str| {
            let value = name.repeat(5_000);
            json!({"path": format!("args.{name}"), "op": "eq", "value": value})
        };
        let amount = json!({"path": "args.m", "op": "lte", "value": most});
        let positive = json!({"path": "args.m", "op": "gt", "value": 99});
        let conditions = json!([equals("a"), amount, positive, equals("z")]);
        let tools = json!({"pay": {"require": [{"conditions": conditions}]}});
        json!({"version": "1", "default": "deny", "tools": tools}).to_string()
    };
    let dir = changed(
        "long-values",
        &[("policy.json", &with(100))],
        &[("policy.json", &with(200))],
    );
    let (code, texts) = ci(&dir);
    assert_eq!(code, 1);
    for format in ["markdown", "human"] {
        let text = &texts[format];
        assert!(text.contains("more characters"), "{text}");
        let plain: String = text.split_whitespace().collect();
        let amount = plain
            .find("\"m\":")
            .unwrap_or_else(|| panic!("{format}: {text}"));
        let digits: String = plain[amount + 4..]
            .chars()
            .take_while(|c| *c != ',')
            .collect();
        let amount: f64 = digits.parse().unwrap();
        assert!(amount > 100.0 && amount <= 200.0, "{text}");
    }
    let dir = changed(
        "long-values-tighter",
        &[("policy.json", &with(200))],
        &[("policy.json", &with(150))],
    );
    assert_eq!(ci(&dir).0, 0);
}
