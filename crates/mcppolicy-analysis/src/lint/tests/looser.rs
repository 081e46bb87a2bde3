//! Random policies: a looser policy has the security findings of the stricter one,
//! unless what they are about is gone, and so has one with more tools.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::Value as Json;

use super::random::policy;
use super::*;

/// Rules that compare tools with each other: what one of them lacks is said because
/// another one has it.
const COMPARING: [RuleId; 3] = [
    RuleId::ForgottenLimit,
    RuleId::InconsistentGuard,
    RuleId::UnguardedArray,
];

/// The security findings: each rule with the tool that it speaks of, or the pointer
/// where that is none. Those within `gone` are left out.
fn security(text: &str, gone: Option<&str>) -> BTreeSet<(RuleId, String)> {
    let mut settings = Settings::new();
    settings.pedantic = true;
    let linted = lint_text(text, &settings);
    let findings = linted.findings.iter();
    findings
        .filter(|finding| finding.rule.group() == Group::Security)
        .filter(|finding| gone.is_none_or(|gone| !finding.pointer.starts_with(gone)))
        .map(|finding| {
            let parts: Vec<&str> = finding.pointer.split('/').take(3).collect();
            (finding.rule, parts.join("/"))
        })
        .collect()
}

/// A way to make a policy looser.
#[derive(Debug, Clone, Copy)]
enum Loosening {
    LargerMax,
    NoLimit,
    NoRequire,
    NoDenial,
}

/// The policy made looser at one of the places where that can be, and the pointer to
/// what is gone.
fn loosened(policy: &Json, how: Loosening, at: usize, factor: u64) -> Option<(Json, String)> {
    let key = match how {
        Loosening::LargerMax | Loosening::NoLimit => "limits",
        Loosening::NoRequire => "require",
        Loosening::NoDenial => "deny_if",
    };
    let mut places = Vec::new();
    for (tool, rules) in policy["tools"].as_object()? {
        for index in 0..rules[key].as_array().map_or(0, Vec::len) {
            places.push((tool.clone(), index));
        }
    }
    let (tool, index) = places.get(at % places.len().max(1))?;
    let mut looser = policy.clone();
    let list = looser["tools"][tool][key].as_array_mut()?;
    let pointer = format!("/tools/{tool}/{key}");
    match how {
        Loosening::LargerMax => {
            let max = list[*index]["max"].as_u64()?;
            list[*index]["max"] = max.saturating_mul(factor).min((1 << 53) - 1).into();
            Some((looser, String::new()))
        }
        _ => {
            list.remove(*index);
            Some((looser, pointer))
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, max_global_rejects: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn a_looser_policy_keeps_its_security_findings(
        text in policy(),
        how in prop::sample::select(vec![
            Loosening::LargerMax, Loosening::NoLimit, Loosening::NoRequire, Loosening::NoDenial,
        ]),
        at in 0..64_usize,
        factor in prop::sample::select(vec![2_u64, 100, 1 << 40]),
    ) {
        let policy: Json = serde_json::from_str(&text).unwrap();
        let Some((looser, gone)) = loosened(&policy, how, at, factor) else {
            return Err(TestCaseError::reject("there is nothing to loosen"));
        };
        let looser = looser.to_string();
        let gone = Some(gone.as_str()).filter(|gone| !gone.is_empty());
        let before = security(&text, gone);
        let after = security(&looser, None);
        let lost: Vec<_> = before
            .difference(&after)
            .filter(|(rule, _)| gone.is_none() || !COMPARING.contains(rule))
            // A limit that is no longer the one that holds is doubled no more.
            .filter(|(rule, _)| *rule != RuleId::WindowDoubling)
            // Of a tool that no limit counts any more, or that no rule guards, the graver
            // finding is said instead.
            .filter(|(_, place)| gone.is_none() || !is_graver(&before, &after, place))
            .collect();
        prop_assert!(lost.is_empty(), "{how:?}: {lost:?}\n{text}\n{looser}");
    }

    #[test]
    fn more_tools_take_no_security_finding_away(text in policy(), more in 1..5_usize) {
        let mut policy: Json = serde_json::from_str(&text).unwrap();
        let before = security(&text, None);
        let tools = policy["tools"].as_object_mut().unwrap();
        for at in 0..more {
            let rules = serde_json::json!({
                "require": [{"conditions": [{"path": "args.z", "op": "regex", "value": "^[a-z]+$"}]}],
                "limits": [{"counter": format!("z{at}"), "window": "day", "max": 5, "scope": "grant"}],
            });
            tools.insert(format!("zz_unrelated_{at}"), rules);
        }
        let after = security(&policy.to_string(), None);
        let lost: Vec<_> = before.difference(&after).collect();
        prop_assert!(lost.is_empty(), "{lost:?}\n{text}");
    }
}

/// Whether the looser policy has a security finding about the same tool that the
/// stricter one did not have, at the tool itself.
fn is_graver(
    before: &BTreeSet<(RuleId, String)>,
    after: &BTreeSet<(RuleId, String)>,
    place: &str,
) -> bool {
    after.difference(before).any(|(_, of)| of == place)
}

#[test]
fn costly_tools_take_no_finding_from_others() {
    let tool = |at: usize| {
        let pattern = |n: usize| format!("^([a-z]{{1,{}}}[0-9]?){{1,{}}}x{n}$", 20 + at % 7, 30);
        let conditions: Vec<Json> = (0..12)
            .map(|n| serde_json::json!({"path": "args.a", "op": "regex", "value": pattern(n)}))
            .collect();
        serde_json::json!({"require": [{"conditions": conditions}]})
    };
    let text = |costly: usize| {
        let mut tools = serde_json::Map::new();
        for at in 0..costly {
            tools.insert(format!("a_costly_{at}"), tool(at));
        }
        let never = serde_json::json!({"require": [
            {"conditions": [{"path": "args.env", "op": "eq", "value": "a"}]},
            {"conditions": [{"path": "args.env", "op": "eq", "value": "b"}]}
        ]});
        tools.insert("z_never".to_owned(), never);
        tools.insert("get_page".to_owned(), serde_json::json!({}));
        serde_json::json!({"version": "1", "default": "deny", "tools": tools}).to_string()
    };
    for costly in [0, 1, 20] {
        let linted = lint_default(&text(costly));
        let found = linted
            .findings
            .iter()
            .filter(|finding| finding.rule == RuleId::NeverAllowedTool);
        let found: Vec<&str> = found.map(|finding| finding.pointer.as_str()).collect();
        assert!(found.contains(&"/tools/z_never"), "{costly}: {found:?}");
    }
}

#[test]
fn a_finding_whose_proof_would_cost_too_much_comes_without_it_and_says_so() {
    let rules: Vec<Json> = (0..1_100)
        .map(|at| {
            let path = format!("args.a{at}");
            serde_json::json!({"conditions": [{"path": path, "op": "eq", "value": "x"}]})
        })
        .collect();
    let text = serde_json::json!({"version": "1", "default": "deny", "tools": {"run_it": {
        "deny_if": rules,
        "limits": [{"counter": "c", "window": "day", "max": 5, "scope": "grant"}]
    }}});
    let linted = lint_default(&text.to_string());
    let findings = linted.findings.iter();
    let open: Vec<&Finding> = findings
        .filter(|of| of.rule == RuleId::FailOpenDeny)
        .collect();
    assert_eq!(open.len(), 1_100);
    let unproved = open.iter().filter(|of| of.witness.is_empty());
    let says = |of: &&&Finding| of.help.as_deref().unwrap().contains("would cost too much");
    let (said, all) = (unproved.clone().filter(says).count(), unproved.count());
    assert!(said == all && all > 0, "{said} of {all}");
}

#[test]
fn counted_witnesses_are_there_whatever_the_limit() {
    for max in [1, 200, 300, 5_000, 1_000_000] {
        let text = format!(
            r#"{{"version":"1","default":"deny","tools":{{"create_refund":{{
                "require":[{{"conditions":[{{"path":"args.amount","op":"lte","value":100}}]}}],
                "limits":[{{"counter":"c","window":"minute","max":{max},"scope":"grant"}}]
            }}}}}}"#
        );
        let linted = lint_default(&text);
        let finding = linted.only("unbounded-amount");
        assert_eq!(finding.witness[0].repeat, max * 1_440, "{max}");
    }
}
