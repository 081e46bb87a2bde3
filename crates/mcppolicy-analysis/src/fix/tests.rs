mod spellings;

use super::*;
use crate::lint::{self, Input, Settings};
use mcppolicy_engine::engine::Engine;

fn lint(_: &str, policy: &Policy) -> Vec<Finding> {
    let mut settings = Settings::new();
    settings.pedantic = true;
    lint::lint(&Input::new(policy, &Engine::new(policy), &settings))
}

fn load(text: &str) -> Option<Policy> {
    Policy::load(&mut SourceMap::new(), "p", text.as_bytes()).ok()
}

fn fix_all(text: &str) -> Fixed {
    fix("policy.json", text, Applicability::Unsafe, &lint)
}

const MESSY: &str = r#"{
  "version": "1",
  "default": "allow",
  "hide": ["wipe_disk", "drop_table"],
  "all_tools": { "limits": [
    { "counter": "calls", "window": "hour", "max": 100, "scope": "grant" },
    { "counter": "calls_day", "window": "day", "max": 5000, "scope": "grant" }
  ] },
  "tools": {
    "drop_table": { "limits": [{ "counter": "d", "window": "day", "max": 1, "scope": "grant" }] },
    "create_refund": {
      "deny_if": [
        { "conditions": [{ "path": "args.amount", "op": "gt", "value": 100 }], "on_deny": "At most 100" },
        { "conditions": [{ "path": "args.to", "op": "regex", "value": "^x" }] }
      ],
      "limits":   [ { "counter": "refunds", "window": "day", "max": 20, "scope": "grant" },
        { "counter": "refunds_minute", "window": "minute", "max": 30, "scope": "grant" } ]
    },
    "set_flag": { "deny_if": [{ "conditions": [{ "path": "args.name", "op": "eq", "value": "root" }] }] },
    "move_file": {
      "deny_if": [{ "conditions": [{ "path": "args.to", "op": "in", "value": ["/"] }] }],
      "require": [{ "conditions": [{ "path": "args.from", "op": "regex", "value": "^/data/$" }] }]
    },
    "wipe_disk": {}
  }
}
"#;

/// The lines of the result are lines of the original, whole or in part, or what
/// the fixes wrote.
#[test]
fn all_fixes_together_leave_a_valid_file_with_nothing_left_to_fix() {
    let fixed = fix_all(MESSY);
    assert_eq!(fixed.refused, []);
    let policy = load(&fixed.text).expect(&fixed.text);
    let left: Vec<Finding> = lint("", &policy);
    assert!(
        left.iter().all(|finding| finding.fix.is_none()),
        "{left:#?}"
    );
    let rules: HashSet<&str> = fixed
        .applied
        .iter()
        .map(|repair| repair.rule.name())
        .collect();
    let expected = [
        "missing-default-deny",
        "hidden-and-listed",
        "limit-never-binds",
        "fail-open-deny",
    ];
    assert!(
        expected.iter().all(|rule| rules.contains(rule)),
        "{rules:?}"
    );
    let again = fix_all(&fixed.text);
    assert_eq!((again.applied, again.text), (Vec::new(), fixed.text));
}

#[test]
fn each_fix_alone_has_the_verdict_that_it_promises() {
    let old = load(MESSY).unwrap();
    let findings = lint(MESSY, &old);
    let offers: Vec<&Finding> = findings.iter().filter(|f| f.fix.is_some()).collect();
    assert!(offers.len() >= 7, "{offers:#?}");
    for finding in offers {
        let fix = finding.fix.as_ref().unwrap();
        let text = edits::apply(MESSY, fix.edits.iter()).unwrap();
        let new = load(&text).unwrap_or_else(|| panic!("{}: {text}", finding.rule.name()));
        let verdict = compare::policies(&old, &new, &Budget::default()).verdict;
        match fix.applicability {
            Applicability::Safe => assert_eq!(verdict, Verdict::Equivalent, "{finding:#?}"),
            Applicability::Unsafe => assert_eq!(verdict, Verdict::Tightened, "{finding:#?}"),
        }
        let is_left = lint(&text, &new)
            .iter()
            .any(|left| offer(left) == offer(finding));
        assert!(!is_left, "{}: {text}", finding.message);
    }
}

#[test]
fn safe_fixes_alone_change_no_decision() {
    let fixed = fix("policy.json", MESSY, Applicability::Safe, &lint);
    let (old, new) = (load(MESSY).unwrap(), load(&fixed.text).unwrap());
    let comparison = compare::policies(&old, &new, &Budget::default());
    assert_eq!(comparison.verdict, Verdict::Equivalent);
    assert!(!fixed.applied.is_empty());
    let proved = |repair: &Repair| repair.proved == Some(Verdict::Equivalent);
    assert!(fixed.applied.iter().all(proved));
    assert!(fixed.text.contains(r#""default": "allow""#));
}

#[test]
fn untouched_bytes_and_line_endings_stay() {
    let windows = MESSY.replace('\n', "\r\n");
    let fixed = fix_all(&windows);
    assert_eq!(fixed.text.replace("\r\n", "\n"), fix_all(MESSY).text);
    assert!(!fixed.text.replace("\r\n", "").contains('\n'));
    assert!(fixed.text.contains("\"limits\":   [ {"), "{}", fixed.text);
    assert!(fixed.text.ends_with("}\r\n"));
}

#[test]
fn a_rule_that_lets_a_missing_argument_pass_becomes_the_rule_that_requires_it() {
    let text = r#"{"version":"1","default":"deny","tools":{"create_refund":{"deny_if":[{"conditions":[{"path":"args.amount","op":"gt","value":100}],"on_deny":"At most 100"}]}}}"#;
    assert_eq!(
        fix_all(text).text,
        r#"{"version":"1","default":"deny","tools":{"create_refund":{"require": [{"conditions": [{"path": "args.amount", "op": "lte", "value": 100}], "on_deny": "At most 100"}]}}}"#
    );
}

#[test]
fn an_invalid_file_is_repaired_without_a_proof_and_only_when_asked() {
    let text = r#"{ "version": "1", "default": "deny", "tools": {
  "run_job": { "rate_limit": "10/minute", "description": "runs" },
  "send_all": { "action": "deny", "reason": "No" } } }"#;
    let unasked = fix("policy.json", text, Applicability::Safe, &lint);
    assert_eq!((unasked.text.as_str(), unasked.applied), (text, Vec::new()));
    let fixed = fix_all(text);
    assert!(load(&fixed.text).is_some(), "{}", fixed.text);
    assert!(fixed.applied.len() >= 3);
    assert!(fixed.applied.iter().all(|repair| repair.proved.is_none()));
}

/// A linter whose only finding offers `fix` for as long as `text` is there.
fn offering(fix: Fix, while_there: &'static str) -> impl Fn(&str, &Policy) -> Vec<Finding> {
    move |text, policy| {
        let finding = Finding::new(
            RuleId::EmptyList,
            crate::finding::Severity::Note,
            policy.at(policy.span),
            "",
            "here",
        );
        if text.contains(while_there) {
            vec![finding.fix(fix.clone())]
        } else {
            Vec::new()
        }
    }
}

#[test]
fn a_fix_that_does_not_keep_its_promise_is_refused_and_the_text_stays() {
    let text = r#"{"version":"1","default":"deny","tools":{"a":{}}}"#;
    let at = text.find("\"deny\"").unwrap();
    let loosening = |applicability| Fix {
        applicability,
        edits: vec![mcppolicy_engine::problem::Edit {
            span: mcppolicy_engine::source::Span::new(at, at + 6),
            text: "\"allow\"".to_owned(),
        }],
    };
    for applicability in [Applicability::Safe, Applicability::Unsafe] {
        let lint = offering(loosening(applicability), "deny");
        let fixed = fix("p", text, Applicability::Unsafe, &lint);
        assert_eq!(fixed.text, text);
        assert_eq!(fixed.refused[0].why, Why::Verdict(Verdict::Loosened));
    }
    let breaking = Fix {
        edits: vec![mcppolicy_engine::problem::Edit {
            span: mcppolicy_engine::source::Span::new(at, at + 6),
            text: String::new(),
        }],
        applicability: Applicability::Unsafe,
    };
    let fixed = fix(
        "p",
        text,
        Applicability::Unsafe,
        &offering(breaking, "deny"),
    );
    assert_eq!(
        (fixed.text.as_str(), fixed.refused[0].why),
        (text, Why::NoRepair)
    );
}

#[test]
fn a_fix_that_leaves_its_finding_is_applied_once() {
    let text = r#"{"version":"1","default":"deny","tools":{"a":{}}}"#;
    let at = text.find("{}").unwrap() + 1;
    let insertion = Fix {
        applicability: Applicability::Safe,
        edits: vec![mcppolicy_engine::problem::Edit {
            span: mcppolicy_engine::source::Span::new(at, at),
            text: " ".to_owned(),
        }],
    };
    let fixed = fix("p", text, Applicability::Safe, &offering(insertion, "deny"));
    assert_eq!(fixed.applied.len(), 1);
    assert_eq!(fixed.text, text.replace("{}", "{ }"));
}

#[test]
fn edits_that_overlap_are_not_made_at_once() {
    let edit = |start, end| mcppolicy_engine::problem::Edit {
        span: mcppolicy_engine::source::Span::new(start, end),
        text: "x".to_owned(),
    };
    let mut taken = edits::Taken::default();
    assert!(taken.take(&[edit(2, 4), edit(8, 8)]));
    for clash in [
        edit(3, 3),
        edit(1, 3),
        edit(2, 4),
        edit(0, 9),
        edit(8, 8),
        edit(7, 9),
    ] {
        assert!(!taken.take(std::slice::from_ref(&clash)), "{clash:?}");
    }
    assert!(taken.take(&[edit(4, 6), edit(0, 2)]));
    assert_eq!(
        edits::apply("abc", [edit(1, 2), edit(2, 2)].iter()).unwrap(),
        "axxc"
    );
    assert_eq!(edits::apply("abc", [edit(0, 2), edit(1, 3)].iter()), None);
    assert_eq!(edits::apply("é", [edit(1, 2)].iter()), None);
}
