//! `*` or `?` in a tool name.

use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId, quoted};
use crate::inventory::Inventory;
use mcppolicy_engine::value::Value;
use mcppolicy_trace::trace::WitnessCall;

/// `wildcard-in-tool-name`
pub static RULE: Rule = Rule {
    id: RuleId::WildcardInToolName,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "Looks for `*` and `?` in the names in `tools` and `hide`. The lone `\"*\"` in `hide` means \
           every tool and is fine, and so is the name of a tool that the inventory has.",
    why: "Names are compared exactly. No tool is called `delete_*`, so the entry has no effect: a \
          tool that it should hide may still be allowed, and a tool that it should allow may \
          still be refused.",
    bad: &[
        Bad {
            says: "`delete_file` is not hidden",
            policy: r#"{ "version": "1", "default": "allow", "hide": ["delete_*"] }"#,
            proof: Proof::Passes,
        },
        Bad {
            says: "`get_job` is not allowed",
            policy: r#"{ "version": "1", "default": "deny", "tools": { "get_*": {}, "list_jobs": {} } }"#,
            proof: Proof::Refused,
        },
        Bad {
            says: "`\"*\"` has a meaning in `hide` only",
            policy: r#"{ "version": "1", "default": "deny", "tools": { "*": {}, "list_jobs": {} } }"#,
            proof: Proof::Refused,
        },
    ],
    good: &[
        Good {
            says: "Tools are named one by one",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "hide": ["delete_file", "delete_branch"],
  "tools": { "get_job": {}, "get_queue": {} }
}"#,
        },
        Good {
            says: "The lone `\"*\"` in `hide` hides every tool",
            policy: r#"{ "version": "1", "default": "deny", "hide": ["*"] }"#,
        },
    ],
    check: Check::Policy(check),
};

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    for (at, entry) in context.policy.hide.iter().enumerate() {
        if entry.value == "*" || !is_hope(context, &entry.value) {
            continue;
        }
        let written = &entry.value;
        let example = example(context, written);
        // The engine decides whether the intended tools are open.
        let call = WitnessCall::new(&example, Value::empty_object());
        let witness = reporter.passing(vec![call]).unwrap_or_default();
        let message = format!(
            "`{written}` hides no tool: names are compared exactly, so `{example}` is another tool"
        );
        let finding = reporter
            .finding(entry.span, format!("/hide/{at}"), message)
            .help(format!("name each tool: \"hide\": [{}]", quoted(&example)))
            .witness(witness);
        reporter.push(finding);
    }
    for tool in &context.tools {
        let written = tool.name();
        if !is_hope(context, written) {
            continue;
        }
        let example = spelt_out(context, written);
        let call = WitnessCall::new(&example, Value::empty_object());
        let witness = reporter.refused(vec![call]).unwrap_or_default();
        let message = format!(
            "`{written}` matches no tool: names are compared exactly, so these rules do not concern `{example}`"
        );
        let finding = reporter
            .finding(tool.rules.name_span, &tool.rules.pointer, message)
            .help(format!(
                "list each tool by its name: \"tools\": {{{}: {{}}}}",
                quoted(&example)
            ))
            .witness(witness);
        reporter.push(finding);
    }
}

/// Whether a name has a wildcard in it and no tool is known to be called so.
fn is_hope(context: &Context<'_>, name: &str) -> bool {
    let is_there = |inventory: &Inventory| inventory.get(name).is_some();
    has_wildcard(name) && !context.inventory.is_some_and(is_there)
}

fn has_wildcard(name: &str) -> bool {
    name.contains(['*', '?'])
}

/// How many listed names are tried against one wildcard.
const TRIED: usize = 1000;

/// A name that the author meant to hide: a listed one where there is one.
fn example(context: &Context<'_>, written: &str) -> String {
    let listed = context.tools.iter().take(TRIED).map(|tool| tool.name());
    let meant = listed
        .filter(|name| !has_wildcard(name))
        .find(|name| matches(written.as_bytes(), name.as_bytes()));
    meant.map_or_else(|| spelt_out(context, written), str::to_owned)
}

/// A name that no entry of `tools` has.
fn spelt_out(context: &Context<'_>, written: &str) -> String {
    let name = written
        .replace("**", "*")
        .replace('*', "example")
        .replace('?', "x");
    if written == "*" || context.lists(&name) {
        return context.unlisted_tool();
    }
    name
}

/// Whether a name fits a pattern of `*` and `?`; bytes suffice for that.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut pattern_at, mut name_at) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while name_at < name.len() {
        match pattern.get(pattern_at) {
            Some(b'*') => {
                star = Some((pattern_at, name_at));
                pattern_at += 1;
            }
            Some(b'?') => {
                pattern_at += 1;
                name_at += 1;
            }
            Some(byte) if name.get(name_at) == Some(byte) => {
                pattern_at += 1;
                name_at += 1;
            }
            _ => {
                // Let the last star take one byte more.
                let Some((star_at, taken)) = star else {
                    return false;
                };
                star = Some((star_at, taken + 1));
                pattern_at = star_at + 1;
                name_at = taken + 1;
            }
        }
    }
    pattern
        .get(pattern_at..)
        .is_some_and(|rest| rest.iter().all(|byte| *byte == b'*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_take_any_text_and_question_marks_one_character() {
        assert!(matches(b"delete_*", b"delete_file"));
        assert!(matches(b"*_file", b"delete_file"));
        assert!(matches(b"d*_*e", b"delete_file"));
        assert!(matches(b"get_jo?", b"get_job"));
        assert!(!matches(b"delete_*", b"get_file"));
        assert!(!matches(b"get_?", b"get_"));
    }
}
