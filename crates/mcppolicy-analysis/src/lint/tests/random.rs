//! Random policies: whatever they say, what is claimed is so.

use proptest::prelude::*;

use super::*;

pub(super) fn condition() -> impl Strategy<Value = String> {
    let path = prop::sample::select(vec!["a", "b", "a.b", "items[0]", "c.*", "0"]);
    let test = prop::sample::select(vec![
        ("exists", "true"),
        ("exists", "false"),
        ("eq", "5"),
        ("eq", "\"x\""),
        ("eq", "{\"k\":[1]}"),
        ("neq", "null"),
        ("neq", "true"),
        ("in", "[]"),
        ("in", "[1,\"1\",true]"),
        ("not_in", "[\"x\"]"),
        ("lt", "1e308"),
        ("lte", "-1e308"),
        ("gt", "0"),
        ("gte", "0.5"),
        ("regex", "\"^a|b$\""),
        ("regex", "\"(?m)^[a-z]+$\""),
        ("regex", "\"^feat/\""),
        ("regex", "\"[^\\\\s\\\\S]\""),
        ("contains", "\"x\""),
        ("contains", "5"),
    ]);
    (path, test).prop_map(|(path, (op, value))| {
        format!(r#"{{"path":"args.{path}","op":"{op}","value":{value}}}"#)
    })
}

fn joined(item: impl Strategy<Value = String>, most: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(item, 0..=most).prop_map(|items| format!("[{}]", items.join(",")))
}

fn rules() -> impl Strategy<Value = String> {
    let rule = joined(condition(), 2).prop_map(|conditions| {
        format!(r#"{{"conditions":{conditions},"on_deny":"Needs approval"}}"#)
    });
    joined(rule, 2)
}

fn limits(may_add: bool) -> impl Strategy<Value = String> {
    let window = prop::sample::select(vec!["minute", "hour", "day"]);
    let max = prop::sample::select(vec![1_u64, 10, 600, (1 << 53) - 1]);
    let limit = (window, max, any::<bool>()).prop_map(move |(window, max, adds)| {
        let adds = if adds && may_add {
            r#","increment_from":"args.a""#
        } else {
            ""
        };
        (format!(
            r#""window":"{window}","max":{max},"scope":"grant"{adds}"#
        ),)
    });
    prop::collection::vec(limit, 0..3).prop_map(|limits| {
        let each = limits.iter().enumerate();
        let each = each.map(|(at, (limit,))| format!(r#"{{"counter":"c{at}",{limit}}}"#));
        format!("[{}]", each.collect::<Vec<_>>().join(","))
    })
}

pub(super) fn policy() -> impl Strategy<Value = String> {
    const NAMES: [&str; 5] = ["run_it", "delete_it", "get_it", "get_*", "create_refund"];
    let tool = (rules(), rules(), limits(true)).prop_map(|(require, deny_if, limits)| {
        format!(r#"{{"require":{require},"deny_if":{deny_if},"limits":{limits}}}"#)
    });
    let tools = prop::collection::vec(tool, 0..4).prop_map(|tools| {
        let each = tools.iter().zip(NAMES);
        each.map(|(tool, name)| format!(r#""{name}":{tool}"#))
            .collect::<Vec<_>>()
            .join(",")
    });
    let hide = prop::sample::subsequence(vec!["run_it", "delete_*", "*", "other"], 0..2);
    let default = prop::sample::select(vec!["allow", "deny", "deny"]);
    (default, hide, limits(false), tools).prop_map(|(default, hide, all, tools)| {
        format!(
            r#"{{"version":"1","default":"{default}","hide":{hide:?},"all_tools":{{"limits":{all}}},"tools":{{{tools}}}}}"#
        )
    })
}

/// What the calls of a rule's findings show, for rules of which all do.
fn shows(rule: RuleId) -> Option<Proof> {
    let bad = registry::rule(rule)?.bad;
    let first = bad.first()?.proof;
    bad.iter().all(|bad| bad.proof == first).then_some(first)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_a_finding_claims_is_so(text in policy(), pedantic: bool) {
        let mut settings = Settings::new();
        settings.pedantic = pedantic;
        let linted = lint_text(&text, &settings);
        for finding in &linted.findings {
            // As many calls as a limit of 2^53 lets through are counted, and not made.
            if witness::count(&finding.witness) > 100_000 {
                continue;
            }
            let decisions = linted.decisions(finding);
            let holds = match (shows(finding.rule), decisions.split_last()) {
                (None, _) | (_, None) => true,
                (Some(Proof::Passes), _) => decisions.iter().all(|allowed| *allowed),
                (Some(Proof::Refused), _) => decisions.iter().all(|allowed| !allowed),
                (Some(Proof::LastRefused), Some((last, before))) => {
                    !last && before.iter().all(|allowed| *allowed)
                }
                (Some(Proof::Plain), Some(_)) => false,
            };
            prop_assert!(holds, "{finding:#?}");
            let claims = [RuleId::FailOpenDeny, RuleId::MissingDefaultDeny, RuleId::NothingCallable];
            prop_assert!(!claims.contains(&finding.rule) || !decisions.is_empty(), "{finding:#?}");
        }
    }
}
