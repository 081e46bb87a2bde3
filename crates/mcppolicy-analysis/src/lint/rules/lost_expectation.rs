//! A recorded call whose expectation a change drops.

use super::{Bad, Check, Good, Proof, Rule, RuleId};

/// `lost-expectation`
pub static RULE: Rule = Rule {
    id: RuleId::LostExpectation,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "Needs a base: `ci --base` compares the traces of each policy with those that the base \
           has for it. Looks for calls whose `expect` is gone: in deleted traces and lines, in \
           lines without `expect` now, in calls that go to another server now, and where another \
           decision is expected. A line that moves, within its file or to another, loses nothing.\
           \n\nIt is a note. With another level at the base, `ci --base REV --approve \"reason\"` \
           approves what a change drops.",
    why: "An expectation is a test of the policy. A change that loosens a policy and turns the test \
          that would fail into one that passes looks tested.",
    bad: &[Bad {
        says: "What was expected to be refused is expected to pass",
        policy: r#"{ "version": "1", "default": "deny", "tools": { "get_page": {} } }
traces/a.jsonl at the base:
{ "tool": "drop_page", "expect": "deny" }
traces/a.jsonl:
{ "tool": "drop_page", "expect": "allow" }"#,
        proof: Proof::Plain,
    }],
    good: &[Good {
        says: "The same calls in another order",
        policy: r#"{ "version": "1", "default": "deny", "tools": { "get_page": {} } }
traces/a.jsonl at the base:
{ "tool": "drop_page", "expect": "deny" }
{ "tool": "get_page", "expect": "allow" }
traces/a.jsonl:
{ "tool": "get_page", "expect": "allow" }
{ "tool": "drop_page", "expect": "deny" }"#,
    }],
    check: Check::Drift,
};
