//! A tool that the server had when the policy was reviewed.

use super::{Bad, Check, Good, Proof, Rule, RuleId};

/// `missing-tool`
pub static RULE: Rule = Rule {
    id: RuleId::MissingTool,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "Needs an inventory at the base: `diff --base` and `ci` compare it with the one that \
           the configuration names. Looks for tools that only the one at the base has. Entries of \
           the policy for such a tool are reported by `unknown-tool`.\n\nOnce the base has the \
           new list, nothing is reported again. `inventory --check` fails on every missing tool, \
           whatever the level.",
    why: "Agents that call it fail. Often a tool that is gone has been renamed, and the policy \
          does not restrict the new name.",
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
