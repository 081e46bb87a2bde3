//! Adopting the tool: repairs, suppressions, the configuration, the first policy.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{self, fresh, run};

fn rules(report: &Value) -> Vec<&str> {
    let findings = report["findings"].as_array().unwrap();
    findings
        .iter()
        .map(|f| f["rule"].as_str().unwrap())
        .collect()
}

const DEAD: &str = "{\r\n  \"version\": \"1\", \"default\": \"allow\",\r\n  \"hide\": [\"wipe\"],\r\n  \"tools\": {\r\n    \"get_page\":   {},\r\n    \"wipe\": {}\r\n  }\r\n}\r\n";

fn lint(dir: &Path, more: &[&str]) -> (i32, Value) {
    let ran = run(dir, &[&["lint", "--format", "json"], more].concat());
    (ran.code, support::json(&ran.out))
}

#[test]
fn fix_writes_what_is_proved_and_the_exit_code_speaks_of_what_is_left() {
    let dir = fresh("fix");
    fs::write(dir.join("policy.json"), DEAD).unwrap();
    let shown = run(&dir, &["lint", "--diff"]);
    assert!(shown.out.contains("-    \"wipe\": {}"), "{}", shown.out);
    assert!(shown.out.starts_with("--- a/policy.json"), "{}", shown.out);
    assert_eq!(fs::read_to_string(dir.join("policy.json")).unwrap(), DEAD);

    assert_eq!(run(&dir, &["lint", "--unsafe"]).code, 2);

    let (code, safe) = lint(&dir, &["--fix"]);
    assert_eq!((code, rules(&safe)), (1, vec!["missing-default-deny"]));
    assert_eq!(safe["repairs"][0]["applied"][0]["proved"], "equivalent");
    let text = fs::read_to_string(dir.join("policy.json")).unwrap();
    assert!(text.contains("\"get_page\":   {}\r\n  }\r\n"), "{text:?}");
    assert!(text.contains("\"allow\""));

    let (code, all) = lint(&dir, &["--fix", "--unsafe"]);
    assert_eq!((code, rules(&all)), (0, vec![]));
    assert_eq!(all["repairs"][0]["applied"][0]["proved"], "tightened");
    let (_, again) = lint(&dir, &["--fix", "--unsafe"]);
    assert_eq!(again["repairs"][0]["applied"], json!([]));
}

#[test]
fn todays_findings_are_suppressed_and_new_ones_are_not() {
    let dir = fresh("suppress");
    fs::write(dir.join("policy.json"), DEAD).unwrap();
    let config = "# ours\n[[policy]]\npath = \"policy.json\"";
    fs::write(dir.join("mcppolicy.toml"), config).unwrap();
    let (code, before) = lint(&dir, &[]);
    assert_eq!((code, rules(&before).len()), (1, 2));

    let (code, written) = lint(&dir, &["--suppress-existing", "old \"stock\""]);
    assert_eq!((code, rules(&written)), (0, vec![]));
    assert_eq!(written["summary"]["suppressed"], 2);
    let text = fs::read_to_string(dir.join("mcppolicy.toml")).unwrap();
    assert!(text.starts_with(config), "{text}");
    let (code, after) = lint(&dir, &[]);
    assert_eq!((code, rules(&after)), (0, vec![]), "{text}");

    let new = DEAD.replace("[\"wipe\"]", "[\"wipe\", \"delete_*\"]");
    fs::write(dir.join("policy.json"), new).unwrap();
    let (code, added) = lint(&dir, &[]);
    assert_eq!((code, rules(&added)), (1, vec!["wildcard-in-tool-name"]));

    let expired = text.replace("reason =", "until = \"2026-01-01\"\nreason =");
    fs::write(dir.join("mcppolicy.toml"), expired).unwrap();
    fs::write(dir.join("policy.json"), DEAD).unwrap();
    let (_, old) = lint(&dir, &["--today", "2026-01-02"]);
    assert_eq!(
        rules(&old)
            .iter()
            .filter(|rule| **rule == "expired-suppression")
            .count(),
        2
    );
    assert_eq!(rules(&old).len(), 4);
    assert_eq!(rules(&lint(&dir, &["--today", "2026-01-01"]).1), [""; 0]);

    fs::write(dir.join("mcppolicy.toml"), text).unwrap();
    let closed = DEAD.replace("\"allow\"", "\"deny\"");
    fs::write(dir.join("policy.json"), closed).unwrap();
    let (code, unused) = lint(&dir, &[]);
    assert_eq!((code, rules(&unused)), (1, vec!["unused-suppression"]));
    let changed = DEAD.replace("\"wipe\": {}", "\"wipe\": {\"limits\": []}");
    fs::write(dir.join("policy.json"), changed).unwrap();
    let (_, moved) = lint(&dir, &[]);
    assert_eq!(rules(&moved), ["hidden-and-listed", "moved-suppression"]);
}

#[test]
fn each_setting_is_checked_and_what_no_entry_names_is_reported() {
    let dir = fresh("settings");
    fs::write(dir.join("policy.json"), DEAD.replace("allow", "deny")).unwrap();
    let entry = "[[policy]]\npath = \"policy.json\"\n";
    let suppress = "[[suppress]]\nrule = \"hidden-and-listed\"\npolicy = \"policy.json\"\nat = \"/a\"\nvalue = \"00000000\"\n";
    for (text, message) in [
        (suppress.to_owned(), "lacks its reason"),
        (format!("{suppress}reason = \" \""), "reason is blank"),
        (
            format!("{suppress}reason = \"x\"\nuntil = \"soon\""),
            "is no day",
        ),
        (
            suppress.replace("hidden-and-listed", "hidden-listed") + "reason = \"x\"",
            "no rule \"hidden-listed\"",
        ),
        ("[diff]\ngate = \"open\"".to_owned(), "is not a gate"),
        (
            "[lint.rules]\nfail-open-deny = { level = \"note\", depth = \"2\" }".to_owned(),
            "no option \"depth\"",
        ),
    ] {
        fs::write(dir.join("mcppolicy.toml"), format!("{entry}{text}\n")).unwrap();
        let (code, found) = lint(&dir, &[]);
        let finding = &found["findings"][0];
        assert_eq!(
            (code, &finding["rule"]),
            (3, &json!("config")),
            "{text}: {found}"
        );
        assert!(
            finding["message"].as_str().unwrap().contains(message),
            "{finding}"
        );
    }
    fs::create_dir(dir.join("other")).unwrap();
    fs::write(dir.join("other/policy.json"), DEAD).unwrap();
    fs::write(
        dir.join("mcppolicy.toml"),
        format!("{entry}[lint.rules]\nhidden-and-listed = {{ level = \"off\" }}\n"),
    )
    .unwrap();
    let (code, found) = lint(&dir, &[]);
    assert_eq!((code, rules(&found)), (1, vec!["config"]));
    let message = found["findings"][0]["message"].as_str().unwrap();
    assert!(message.contains("other/policy.json"), "{message}");
}

#[test]
fn the_configuration_schema_accepts_what_is_read_and_nothing_else() {
    let schema = support::json(&run(Path::new("."), &["schema", "config"]).out);
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let whole = json!({
        "policy": [{"path": "p", "server": "s", "inventory": "i", "traces": ["t"], "categories": {"run": "Execute"}}],
        "lint": {"fail-on": "warning", "rules": {"free-amount": "off", "loose-limit": {"level": "error", "execute": "20/minute"}}},
        "categories": {"run": "execute"},
        "suppress": [{"rule": "r", "policy": "p", "at": "/a", "value": "9f2c41d0", "reason": "x", "until": "2027-03-01", "owner": "me"}],
        "diff": {"base": "origin/main", "gate": "loosened"}
    });
    assert!(validator.is_valid(&whole));
    let mut misspelt = whole;
    misspelt["diff"]["gte"] = json!("x");
    assert!(!validator.is_valid(&misspelt));
}
