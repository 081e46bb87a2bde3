//! A tool that the server did not have when the policy was reviewed.

use super::{Bad, Check, Good, Proof, Rule, RuleId};

/// `new-tool`
pub static RULE: Rule = Rule {
    id: RuleId::NewTool,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "Needs an inventory at the base: `diff --base` and `ci` hold the one that the \
           configuration names against it. Looks for tools that only the new one has, and says \
           what decides them. Where that is nothing but `default`, and it allows every call, it is \
           a warning, unless its level is set.\n\n\
           Once the base has the new list, nothing is reported again. `inventory --check` fails on \
           every new tool, whatever the level.",
    why: "Nobody has looked at it yet. Under `default: \"allow\"` agents can call it today, under \
          `default: \"deny\"` an agent that needs it fails.",
    bad: &[Bad {
        says: "Nobody has decided `run_macro`, and every call of it passes",
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
