//! Policies that are easy to get wrong in either direction.

use super::*;

/// A policy of one tool under `default: "deny"`.
fn one_tool(name: &str, rules: &str) -> String {
    format!(r#"{{"version":"1","default":"deny","tools":{{"{name}":{rules}}}}}"#)
}

#[track_caller]
fn is_quiet(policy: &str) {
    let linted = lint_default(policy);
    assert!(
        linted.findings.is_empty(),
        "{policy}: {:#?}",
        linted.findings
    );
}

#[test]
fn policies_of_an_experienced_user_are_quiet() {
    is_quiet(
        r#"{
      "version": "1",
      "default": "deny",
      "hide": ["delete_repository", "delete_file"],
      "all_tools": { "limits": [
        { "counter": "calls_per_minute", "window": "minute", "max": 60, "scope": "grant" },
        { "counter": "calls_per_day", "window": "day", "max": 2000, "scope": "grant" }
      ] },
      "tools": {
        "get_file_contents": {},
        "search_code": { "limits": [{ "counter": "searches", "window": "minute", "max": 30, "scope": "grant" }] },
        "create_branch": {
          "require": [{ "conditions": [{ "path": "args.branch", "op": "regex", "value": "^agent/" }], "on_deny": "Branches start with agent/." }]
        },
        "push_files": {
          "require": [{ "conditions": [
            { "path": "args.branch", "op": "regex", "value": "^agent/[A-Za-z0-9._-]+$" },
            { "path": "args.owner", "op": "in", "value": ["acme"] }
          ] }],
          "deny_if": [{ "conditions": [{ "path": "args.force", "op": "eq", "value": true }], "on_deny": "Never force." }]
        },
        "run_workflow": {
          "require": [{ "conditions": [{ "path": "args.workflow_id", "op": "in", "value": ["ci.yml", "docs.yml"] }] }],
          "limits": [
            { "counter": "runs_per_minute", "window": "minute", "max": 5, "scope": "grant" },
            { "counter": "runs_per_day", "window": "day", "max": 100, "scope": "grant" }
          ]
        },
        "create_refund": {
          "require": [{ "conditions": [
            { "path": "args.amount", "op": "gt", "value": 0 },
            { "path": "args.amount", "op": "lte", "value": 100 }
          ], "on_deny": "Refunds above 100 are not available here. Ask a person to make it." }],
          "limits": [
            { "counter": "refunds", "window": "day", "max": 5, "scope": "grant" },
            { "counter": "refunded", "window": "day", "max": 300, "scope": "grant", "increment_from": "args.amount" }
          ]
        }
      }
    }"#,
    );
}

#[test]
fn default_allow_with_everything_hidden_is_not_open() {
    let linted = lint_default(
        r#"{"version":"1","default":"allow","hide":["x","*"],"tools":{"run":{},"x":{}}}"#,
    );
    assert_eq!(linted.rules(), ["nothing-callable"]);
    assert_eq!(linted.findings[0].pointer, "/hide/1");
}

#[test]
fn the_witness_for_default_allow_avoids_listed_and_hidden_names() {
    let linted = lint_default(
        r#"{"version":"1","default":"allow","hide":["any_other_tool"],"tools":{"any_other_tool_2":{}}}"#,
    );
    let finding = linted.only("missing-default-deny");
    assert_eq!(finding.witness[0].tool, "any_other_tool_3");
}

#[test]
fn a_wildcard_in_hide_shows_the_listed_tool_that_stays_open() {
    let linted = lint_default(
        r#"{"version":"1","default":"deny","hide":["delete_*"],"tools":{"delete_branch":{"require":[{"conditions":[{"path":"args.b","op":"eq","value":"x"}]}]},"delete_tag":{}}}"#,
    );
    let finding = linted.only("wildcard-in-tool-name");
    // The first tool that fits refuses a call without arguments.
    assert_eq!(finding.witness, []);
    assert!(finding.message.contains("`delete_branch`"));
}

#[test]
fn an_execute_tool_is_counted_by_any_limit_that_concerns_it() {
    let limit = r#"{"limits":[{"counter":"c","window":"day","max":9,"scope":"grant"}]}"#;
    is_quiet(&one_tool("run_it", limit));
    is_quiet(&format!(
        r#"{{"version":"1","default":"deny","all_tools":{limit},"tools":{{"run_it":{{}}}}}}"#
    ));
    let linted = lint_default(&one_tool("run_it", "{}"));
    let finding = linted.only("unlimited-execute-tool");
    assert_eq!(
        (finding.pointer.as_str(), linted.spelt(finding)),
        ("/tools/run_it", "{}")
    );
}

#[test]
fn a_limit_that_recordings_never_come_near_is_loose() {
    let policy = r#"{"version":"1","default":"deny","tools":{"get_it":{"limits":[{"counter":"gets","window":"hour","max":1000,"scope":"grant"}]}}}"#;
    let found = |peak, calls| {
        let mut settings = Settings::new();
        settings.want(RuleId::LooseLimit);
        let used = [("/tools/get_it/limits/0".to_owned(), Used { peak, calls })];
        let linted = lint_used(policy, &settings, Some(&used.into()));
        let told = linted
            .findings
            .iter()
            .map(|f| (f.message.clone(), f.help.clone()));
        told.collect::<Vec<_>>()
    };
    assert_eq!(found(100, 5000), []);
    assert_eq!(found(9, 49), []);
    let message = "`gets` lets 1\u{a0}000 pass per hour, and 1\u{a0}200 recorded calls never used more than 99";
    let help = "198 would still be twice as much as anybody used";
    assert_eq!(
        found(99, 1200),
        [(message.to_owned(), Some(help.to_owned()))]
    );
}

#[test]
fn a_configured_category_decides_what_a_tool_is() {
    let policy = one_tool("frobnicate", "{}");
    is_quiet(&policy);
    let mut settings = Settings::new();
    settings
        .categories
        .configure("frobnicate", crate::inventory::category::Category::Execute);
    assert_eq!(
        lint_text(&policy, &settings).rules(),
        ["unlimited-execute-tool"]
    );
}

#[test]
fn witness_arguments_meet_the_conditions_of_the_tool() {
    let linted = lint_default(&one_tool(
        "run_query",
        r#"{"require":[{"conditions":[
            {"path":"args.database","op":"in","value":["staging"]},
            {"path":"args.options.read_only","op":"eq","value":true},
            {"path":"args.rows","op":"gt","value":0},{"path":"args.rows","op":"lt","value":1},
            {"path":"args.sql","op":"regex","value":"^SELECT [a-z, ]+ FROM [a-z]+$"},
            {"path":"args.tags","op":"contains","value":"agent"}]}],
          "deny_if":[{"conditions":[{"path":"args.mode","op":"neq","value":"fast"},{"path":"args.database","op":"eq","value":"staging"}]}]}"#,
    ));
    let finding = linted.only("unlimited-execute-tool");
    assert_eq!(finding.witness.len(), 1, "{finding:#?}");
    assert!(linted.decisions(finding).iter().all(|allowed| *allowed));
}

#[test]
fn a_call_that_no_guess_finds_is_found_exactly() {
    // No sample of either pattern matches the other.
    let linted = lint_default(&one_tool(
        "run_query",
        r#"{"require":[{"conditions":[
            {"path":"args.q","op":"regex","value":"^[a-m]{5}[n-z]$"},
            {"path":"args.q","op":"regex","value":"^[b-c][^a]+z$"}]}]}"#,
    ));
    let decisions = linted.decisions(linted.only("unlimited-execute-tool"));
    assert!(!decisions.is_empty() && decisions.iter().all(|allowed| *allowed));
}

#[test]
fn presence_demanded_and_refused_blocks_a_tool() {
    let rules = r#"{
        "require":[{"conditions":[{"path":"args.a","op":"exists","value":true}]}],
        "deny_if":[{"conditions":[{"path":"args.a","op":"exists","value":true}]}],
        "limits":[{"counter":"c","window":"day","max":9,"scope":"grant"}]}"#;
    let linted = lint_default(&one_tool("run_it", rules));
    assert_eq!(
        linted.rules(),
        ["nothing-callable", "limit-on-blocked-tool"]
    );
    assert!(linted.findings[1].related[0].message.contains("args.a"));
}

mod fail_open {
    use super::*;

    fn found(rules: &str) -> Vec<(&'static str, usize)> {
        let linted = lint_default(&one_tool("update_record", rules));
        for finding in &linted.findings {
            assert!(linted.decisions(finding).iter().all(|allowed| *allowed));
        }
        linted
            .findings
            .iter()
            .map(|finding| (finding.rule.name(), finding.witness.len()))
            .collect()
    }

    #[test]
    fn a_string_passes_every_comparison() {
        for op in ["gt", "gte", "lt", "lte"] {
            let rules = format!(
                r#"{{"deny_if":[{{"conditions":[{{"path":"args.n","op":"{op}","value":0}}]}}]}}"#
            );
            assert_eq!(found(&rules), [("fail-open-deny", 2)], "{op}");
        }
    }

    #[test]
    fn a_range_is_one_hole_and_two_rules_on_one_argument_are_one() {
        assert_eq!(
            found(
                r#"{"deny_if":[{"conditions":[{"path":"args.n","op":"gt","value":5},{"path":"args.n","op":"lt","value":6}]}]}"#
            ),
            [("fail-open-deny", 2)]
        );
        assert_eq!(
            found(
                r#"{"deny_if":[{"conditions":[{"path":"args.n","op":"gt","value":5}]},{"conditions":[{"path":"args.n","op":"lt","value":0}]}]}"#
            ),
            [("fail-open-deny", 2)]
        );
    }

    #[test]
    fn any_require_on_the_argument_closes_leaving_it_out() {
        for require in [
            r#"{"path":"args.n","op":"exists","value":true}"#,
            r#"{"path":"args.n","op":"neq","value":null}"#,
            r#"{"path":"args.n","op":"regex","value":"^[a-z]+$"}"#,
        ] {
            let rules = format!(
                r#"{{"require":[{{"conditions":[{require}]}}],"deny_if":[{{"conditions":[{{"path":"args.n","op":"eq","value":"main"}}]}}]}}"#
            );
            assert_eq!(found(&rules), [], "{require}");
        }
    }

    #[test]
    fn a_deny_of_absence_closes_it_too() {
        assert_eq!(
            found(
                r#"{"deny_if":[{"conditions":[{"path":"args.env","op":"exists","value":false}]},{"conditions":[{"path":"args.env","op":"eq","value":"prod"}]}]}"#
            ),
            []
        );
    }

    #[test]
    fn switches_that_are_off_when_left_out_are_left_alone() {
        for condition in [
            r#"{"path":"args.force","op":"eq","value":true}"#,
            r#"{"path":"args.force","op":"in","value":[true]}"#,
            r#"{"path":"args.force","op":"neq","value":false}"#,
            r#"{"path":"args.force","op":"exists","value":true}"#,
            r#"{"path":"args.force","op":"exists","value":false}"#,
        ] {
            assert_eq!(
                found(&format!(
                    r#"{{"deny_if":[{{"conditions":[{condition}]}}]}}"#
                )),
                [],
                "{condition}"
            );
        }
        assert_eq!(
            found(
                r#"{"deny_if":[{"conditions":[{"path":"args.dry_run","op":"eq","value":false}]}]}"#
            ),
            [("fail-open-deny", 1)]
        );
    }

    #[test]
    fn a_second_condition_is_a_way_around_as_well() {
        let linted = lint_default(&one_tool(
            "update_record",
            r#"{"require":[{"conditions":[{"path":"args.n","op":"gte","value":0}]}],"deny_if":[{"conditions":[{"path":"args.n","op":"gt","value":5},{"path":"args.env","op":"eq","value":"prod"}]}]}"#,
        ));
        let finding = linted.only("fail-open-deny");
        assert_eq!(
            finding.pointer,
            "/tools/update_record/deny_if/0/conditions/1"
        );
        assert!(finding.message.contains("leaving `args.env` out"));
    }

    #[test]
    fn a_rule_that_looks_inside_an_argument_is_avoided_there() {
        let linted = lint_default(&one_tool(
            "update_record",
            r#"{"deny_if":[{"conditions":[{"path":"args.o.n","op":"gt","value":5}]}]}"#,
        ));
        let finding = linted.only("fail-open-deny");
        assert_eq!(
            finding.witness[1].arguments.to_string(),
            r#"{"o":{"n":"50"}}"#
        );
    }

    #[test]
    fn other_types_of_text_are_pedantic() {
        let policy = one_tool(
            "update_record",
            r#"{"require":[{"conditions":[{"path":"args.path","op":"exists","value":true}]}],"deny_if":[{"conditions":[{"path":"args.path","op":"contains","value":".."}]}]}"#,
        );
        is_quiet(&policy);
        let mut settings = Settings::new();
        settings.pedantic = true;
        let linted = lint_text(&policy, &settings);
        let finding = linted.only("fail-open-deny");
        assert_eq!(finding.severity, Severity::Note);
        assert_eq!(linted.decisions(finding), [true]);
    }

    #[test]
    fn a_tool_that_is_blocked_anyway_has_no_hole() {
        let linted = lint_default(&one_tool(
            "update_record",
            r#"{"deny_if":[{"conditions":[{"path":"args.n","op":"gt","value":5}]},{"conditions":[]}]}"#,
        ));
        assert_eq!(linted.rules(), ["nothing-callable"]);
    }
}

mod limits {
    use super::*;

    fn limit(counter: &str, window: &str, max: u64) -> String {
        format!(r#"{{"counter":"{counter}","window":"{window}","max":{max},"scope":"grant"}}"#)
    }

    fn dead(limits: &[(&str, u64)], for_all: &[(&str, u64)]) -> Vec<String> {
        let list = |limits: &[(&str, u64)]| {
            let each = limits.iter().enumerate();
            each.map(|(at, (window, max))| limit(&format!("c{at}{}", limits.len()), window, *max))
                .collect::<Vec<_>>()
                .join(",")
        };
        let linted = lint_default(&format!(
            r#"{{"version":"1","default":"deny","all_tools":{{"limits":[{}]}},"tools":{{"get_it":{{"limits":[{}]}}}}}}"#,
            list(for_all),
            list(limits)
        ));
        linted
            .findings
            .iter()
            .filter(|finding| finding.rule.name() == "limit-never-binds")
            .map(|finding| finding.pointer.clone())
            .collect()
    }

    #[test]
    fn windows_nest_by_sixty_and_by_twenty_four() {
        assert_eq!(dead(&[("minute", 10), ("hour", 599)], &[]), [""; 0]);
        assert_eq!(
            dead(&[("minute", 10), ("hour", 600)], &[]),
            ["/tools/get_it/limits/1"]
        );
        assert_eq!(dead(&[("hour", 10), ("day", 239)], &[]), [""; 0]);
        assert_eq!(
            dead(&[("hour", 10), ("day", 240)], &[]),
            ["/tools/get_it/limits/1"]
        );
        assert_eq!(
            dead(&[("minute", 10), ("day", 14_400)], &[]),
            ["/tools/get_it/limits/1"]
        );
        assert_eq!(dead(&[("minute", 10), ("day", 14_399)], &[]), [""; 0]);
        assert_eq!(
            dead(&[("minute", 60), ("day", 10)], &[]),
            ["/tools/get_it/limits/0"]
        );
    }

    #[test]
    fn of_two_alike_the_second_is_dead() {
        assert_eq!(
            dead(&[("minute", 10), ("minute", 10)], &[]),
            ["/tools/get_it/limits/1"]
        );
        assert_eq!(
            dead(&[("minute", 9), ("minute", 10)], &[]),
            ["/tools/get_it/limits/1"]
        );
        assert_eq!(
            dead(&[("minute", 10), ("minute", 9)], &[]),
            ["/tools/get_it/limits/0"]
        );
    }

    #[test]
    fn a_limit_for_all_tools_binds_one_tool_and_not_the_other_way_round() {
        assert_eq!(
            dead(&[("hour", 100)], &[("hour", 20)]),
            ["/tools/get_it/limits/0"]
        );
        assert_eq!(dead(&[("hour", 20)], &[("hour", 100)]), [""; 0]);
        assert_eq!(
            dead(&[], &[("hour", 20), ("day", 480)]),
            ["/all_tools/limits/1"]
        );
    }

    #[test]
    fn the_witness_is_spread_where_bursts_are_limited() {
        let limits = [
            limit("a", "minute", 5),
            limit("b", "hour", 10),
            limit("c", "day", 240),
        ]
        .join(",");
        let linted = lint_default(&one_tool("get_it", &format!(r#"{{"limits":[{limits}]}}"#)));
        let finding = linted.only("limit-never-binds");
        let decisions = linted.decisions(finding);
        assert_eq!((decisions.len(), decisions.last()), (11, Some(&false)));
    }

    #[test]
    fn sums_of_different_arguments_are_not_compared() {
        let sum = |counter: &str, max: u64, path: &str| {
            format!(
                r#"{{"counter":"{counter}","window":"day","max":{max},"scope":"grant","increment_from":"args.{path}"}}"#
            )
        };
        let lint = |a: String, b: String| {
            lint_default(&one_tool("get_it", &format!(r#"{{"limits":[{a},{b}]}}"#)))
        };
        let apart = lint(sum("a", 5, "x"), sum("b", 9, "y"));
        assert!(!apart.rules().contains(&"limit-never-binds"));
        let linted = lint(sum("a", 5, "x"), sum("b", 9, "x"));
        assert_eq!(
            linted.decisions(linted.only("limit-never-binds")),
            [true, false]
        );
    }

    #[test]
    fn a_minute_limit_for_all_tools_alone_is_noted_once() {
        let linted = lint_default(&format!(
            r#"{{"version":"1","default":"deny","all_tools":{{"limits":[{}]}},"tools":{{"run_a":{{}},"run_b":{{}}}}}}"#,
            limit("c", "minute", 7)
        ));
        assert_eq!(linted.rules(), ["burst-only-limit"]);
        let finding = &linted.findings[0];
        assert_eq!(finding.pointer, "/all_tools/limits/0");
        let decisions = linted.decisions(finding);
        assert!(decisions.len() > 10_000 && decisions.iter().all(|allowed| *allowed));
    }

    #[test]
    fn a_counter_shared_by_many_is_one_finding() {
        let tools: Vec<String> = (0..9)
            .map(|n| format!(r#""get_{n}":{{"limits":[{}]}}"#, limit("rate", "hour", 3)))
            .collect();
        let linted = lint_default(&format!(
            r#"{{"version":"1","default":"deny","tools":{{{}}}}}"#,
            tools.join(",")
        ));
        assert_eq!(linted.rules(), ["counter-name-shared"]);
        let finding = &linted.findings[0];
        assert_eq!(finding.pointer, "/tools/get_1/limits/0/counter");
        assert!(
            finding
                .message
                .ends_with("`get_0` and `get_1` and 7 more count separately")
        );
        assert_eq!(linted.decisions(finding), [true; 4]);
    }
}

mod allowlists {
    use super::*;

    fn found(conditions: &str) -> Vec<String> {
        let linted = lint_default(&one_tool(
            "get_it",
            &format!(r#"{{"require":[{{"conditions":[{conditions}]}}]}}"#),
        ));
        linted
            .findings
            .iter()
            .filter(|finding| finding.rule.name() == "unanchored-allowlist")
            .flat_map(|finding| {
                assert_eq!(
                    finding.pointer,
                    "/tools/get_it/require/0/conditions/0/value"
                );
                assert!(linted.decisions(finding).iter().all(|allowed| *allowed));
                finding
                    .witness
                    .iter()
                    .map(|call| call.arguments.to_string())
            })
            .collect()
    }

    #[test]
    fn the_witness_carries_foreign_text_at_each_open_end() {
        assert_eq!(
            found(r#"{"path":"args.c","op":"regex","value":"^git (status|diff)"}"#),
            [r#"{"c":"git status ; rm -rf /"}"#]
        );
        assert_eq!(
            found(r#"{"path":"args.c","op":"regex","value":"acme"}"#),
            [r#"{"c":"rm -rf / ; acme"}"#, r#"{"c":"acme ; rm -rf /"}"#]
        );
        assert_eq!(
            found(r#"{"path":"args.c","op":"regex","value":"(?m)^acme$"}"#),
            [r#"{"c":"foreign\nacme"}"#, r#"{"c":"acme\nforeign"}"#]
        );
    }

    #[test]
    fn a_second_pattern_may_close_the_ends() {
        assert_eq!(
            found(
                r#"{"path":"args.c","op":"regex","value":"acme"},{"path":"args.c","op":"regex","value":"^acme$"}"#
            ),
            [""; 0]
        );
    }

    #[test]
    fn a_prefix_on_purpose_is_pedantic() {
        let policy = one_tool(
            "get_it",
            r#"{"require":[{"conditions":[{"path":"args.b","op":"regex","value":"^feat/"}]}]}"#,
        );
        is_quiet(&policy);
        let mut settings = Settings::new();
        settings.pedantic = true;
        let linted = lint_text(&policy, &settings);
        assert_eq!(linted.only("unanchored-allowlist").severity, Severity::Note);
    }
}
