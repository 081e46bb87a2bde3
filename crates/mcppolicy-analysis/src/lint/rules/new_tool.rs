//! A tool that the server did not have when the policy was reviewed.

use super::{Bad, Check, Good, Proof, Rule, RuleId};

/// `new-tool`
pub static RULE: Rule = Rule {
    id: RuleId::NewTool,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "Needs an inventory at the base: `diff --base` and `ci` compare it with the one that \
           the configuration names. Looks for tools that only the new one has, and shows what \
           decides about them. Where only `default` does, and allows every call, it is a warning, \
           unless its level is set.\n\nOnce the base has the new list, nothing is reported again. \
           `inventory --check` fails on every new tool, whatever the level.",
    why: "Nobody has reviewed it yet. Under `default: \"allow\"` agents can call it at once; \
          under `default: \"deny\"` an agent that needs it fails.",
    bad: &[Bad {
        says: "The policy does not mention `run_macro`, and every call of it is allowed",
        policy: r#"{ "version": "1", "default": "allow", "tools": { "get_page": {} } }
tools.json at the base:
{ "tools": [{ "name": "get_page" }] }
tools.json:
{ "tools": [{ "name": "get_page" }, { "name": "run_macro" }] }"#,
        proof: Proof::Plain,
    }],
    good: &[Good {
        says: "The server has the tools that it had, in another order",
        policy: r#"{ "version": "1", "default": "deny", "tools": { "get_page": {} } }
tools.json at the base:
{ "tools": [{ "name": "get_page" }, { "name": "list_pages" }] }
tools.json:
{ "tools": [{ "name": "list_pages" }, { "name": "get_page" }] }"#,
    }],
    check: Check::Drift,
};
