//! A tool that the server had when the policy was reviewed.

use super::{Bad, Check, Good, Proof, Rule, RuleId};

/// `missing-tool`
pub static RULE: Rule = Rule {
    id: RuleId::MissingTool,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "Needs an inventory at the base: `diff --base` and `ci` hold the one that the \
           configuration names against it. Looks for tools that only the one at the base has. What \
           the policy still says of them is for `unknown-tool`.\n\n\
           Once the base has the new list, nothing is reported again. `inventory --check` fails on \
           every missing tool, whatever the level.",
    why: "Agents that call it fail. Often a tool that is gone has come back under another name, \
          which the policy does not guard.",
    bad: &[Bad {
        says: "The server has renamed `drop_page`, and the policy hides the old name",
        policy: r#"{ "version": "1", "default": "deny", "hide": ["drop_page"], "tools": { "get_page": {} } }
tools.json at the base:
{ "tools": [{ "name": "get_page" }, { "name": "drop_page" }] }
tools.json:
{ "tools": [{ "name": "get_page" }, { "name": "erase_page" }] }"#,
        proof: Proof::Plain,
    }],
    good: &[Good {
        says: "Every tool is still there, beside a new one",
        policy: r#"{ "version": "1", "default": "deny", "hide": ["drop_page"], "tools": { "get_page": {} } }
tools.json at the base:
{ "tools": [{ "name": "get_page" }, { "name": "drop_page" }] }
tools.json:
{ "tools": [{ "name": "get_page" }, { "name": "drop_page" }, { "name": "list_pages" }] }"#,
    }],
    check: Check::Drift,
};
