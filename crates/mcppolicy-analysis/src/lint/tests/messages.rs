//! Messages that contradict their limits, and limits around the ends of windows.

use super::*;

fn count(linted: &Linted, rule: &str) -> usize {
    let rules = linted.rules();
    rules.iter().filter(|name| **name == rule).count()
}

fn limited(window: &str, max: u64, message: &str) -> Linted {
    lint_default(&format!(
        r#"{{"version":"1","default":"deny","tools":{{"get_it":{{"limits":[{{"counter":"gets","window":"{window}","max":{max},"scope":"grant","on_deny":"{message}"}}]}}}}}}"#
    ))
}

fn bounded(op: &str, bound: &str, message: &str) -> Linted {
    lint_default(&format!(
        r#"{{"version":"1","default":"deny","tools":{{"get_it":{{"require":[{{"conditions":[{{"path":"args.n","op":"{op}","value":{bound}}}],"on_deny":"{message}"}}]}}}}}}"#
    ))
}

#[test]
fn a_message_with_another_number_or_unit_is_one_note() {
    for (window, max, message, expected) in [
        (
            "minute",
            10,
            "At most 10 calls per minute, try again later",
            0,
        ),
        ("minute", 10, "At most 20 calls per minute", 1),
        ("hour", 10, "At most 10 calls per minute", 1),
        ("hour", 10, "10/minute and 20/minute", 1),
        ("day", 1000, "1,000 a day", 0),
        ("day", 5000, "50 euros each day", 0),
        ("day", 10, "Try again in 5 minutes", 0),
        ("day", 10, "Wait a minute", 0),
    ] {
        let linted = limited(window, max, message);
        assert_eq!(
            count(&linted, "contradicting-message"),
            expected,
            "{message}"
        );
    }
    for (op, bound, message, expected) in [
        ("lte", "100", "Only up to 100", 0),
        ("lt", "101", "Only up to 100", 0),
        ("lte", "100", "Nothing above 50 here", 1),
        ("lte", "5000", "Nothing above 50.00 here", 0),
        ("gte", "5", "At least 10 are needed", 1),
        ("lte", "100", "See rule 7", 0),
    ] {
        let linted = bounded(op, bound, message);
        assert_eq!(
            count(&linted, "contradicting-message"),
            expected,
            "{message}"
        );
    }
}

#[test]
fn twice_a_quota_around_the_end_of_a_window_is_shown_with_its_times() {
    let found = |tool: &str, limits: &[(&str, u64)]| {
        let limits: Vec<String> = limits
            .iter()
            .map(|(window, max)| {
                format!(
                    r#"{{"counter":"c_{window}","window":"{window}","max":{max},"scope":"grant"}}"#
                )
            })
            .collect();
        let mut settings = Settings::new();
        settings.pedantic = true;
        let linted = lint_text(
            &format!(
                r#"{{"version":"1","default":"deny","tools":{{"{tool}":{{"require":[{{"conditions":[{{"path":"args.id","op":"in","value":["a"]}}]}}],"limits":[{}]}}}}}}"#,
                limits.join(",")
            ),
            &settings,
        );
        let of = |finding: &&Finding| finding.rule == RuleId::WindowDoubling;
        let finding = linted.findings.iter().find(of)?;
        let decisions = linted.decisions(finding);
        assert!(decisions.iter().all(|allowed| *allowed), "{tool}");
        assert_eq!(finding.severity, Severity::Note);
        Some((decisions.len(), finding.pointer.clone()))
    };
    let of = |at: usize| format!("/tools/delete_it/limits/{at}");
    assert_eq!(found("delete_it", &[("day", 5)]), Some((10, of(0))));
    assert_eq!(found("delete_it", &[("minute", 3)]), Some((6, of(0))));
    assert_eq!(
        found("delete_it", &[("minute", 3), ("hour", 20)]),
        Some((6, of(0)))
    );
    assert_eq!(
        found("delete_it", &[("hour", 9), ("day", 9)]),
        Some((18, of(1)))
    );
    // One call, a limit that keeps the windows apart, and less risk.
    assert_eq!(found("delete_it", &[("day", 1)]), None);
    assert_eq!(found("delete_it", &[("hour", 1), ("day", 5)]), None);
    assert_eq!(found("update_it", &[("day", 5)]), None);
}
