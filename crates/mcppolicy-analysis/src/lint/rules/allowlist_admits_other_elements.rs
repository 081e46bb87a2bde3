//! A `contains` on an array.

use super::allowlist::{Subject, is_of_array};
use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId};
use crate::inventory::category::words;
use crate::lint::argument::Freeform;
use crate::lint::context::Tool;
use crate::lint::witness::with;
use mcppolicy_engine::engine::{Lookup, ValueRef};
use mcppolicy_engine::policy::{Condition, Path, Test};
use mcppolicy_engine::value::Value;
use mcppolicy_trace::trace::WitnessCall;

/// `allowlist-admits-other-elements`
pub static RULE: Rule = Rule {
    id: RuleId::AllowlistAdmitsOtherElements,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "Looks for a `contains` in a `require` on an array (by the inventory, or by a name in the \
           plural) whose elements say what is acted on or who receives it: paths, URLs, commands, \
           recipients, channels, repositories, roles. Under `--pedantic` on any array.",
    why: "`contains` asks whether one element is there. What else is there it does not ask: \
          `[\"docs/a.txt\", \"/etc/passwd\"]` contains `docs/a.txt`.",
    bad: &[
        Bad {
            says: "Any other file is copied with the one that is named",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "copy_many": {
      "require": [{ "conditions": [{ "path": "args.paths", "op": "contains", "value": "docs/a.txt" }] }]
    }
  }
}"#,
            proof: Proof::Passes,
        },
        Bad {
            says: "Whoever else is written to gets the mail as well",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "create_mail": {
      "require": [{ "conditions": [{ "path": "args.to", "op": "contains", "value": "team@example.com" }] }]
    }
  }
}
tools.json:
{
  "tools": [{
    "name": "create_mail",
    "inputSchema": { "type": "object", "properties": { "to": { "type": "array" } } }
  }]
}"#,
            proof: Proof::Passes,
        },
    ],
    good: &[
        Good {
            says: "Whole arrays are named",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "copy_many": {
      "require": [{ "conditions": [{ "path": "args.paths", "op": "in", "value": [["docs/a.txt"], ["docs/b.txt"]] }] }]
    }
  }
}"#,
        },
        Good {
            says: "A label that must be there, whatever other labels are",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "create_issue": {
      "require": [{ "conditions": [{ "path": "args.labels", "op": "contains", "value": "by-agent" }] }]
    }
  }
}"#,
        },
    ],
    check: Check::Policy(check),
};

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    for tool in context.open_tools() {
        let mut seen: Vec<&Path> = Vec::new();
        for condition in tool.rules.require.iter().flat_map(|rule| &rule.conditions) {
            let path = &condition.path.value;
            let Test::Contains(part) = &condition.test else {
                continue;
            };
            let acts = acts_on_elements(path);
            if !is_of_array(tool, condition) || seen.contains(&path) {
                continue;
            }
            if acts || reporter.is_pedantic() {
                seen.push(path);
                look(context, reporter, tool, condition, part, acts);
            }
        }
    }
}

/// Whether by its name each element of an array is something to act on, or somebody
/// to send to.
fn acts_on_elements(path: &Path) -> bool {
    let Some(name) = path.segments().last() else {
        return false;
    };
    let is_receiver = words::split(name).last().is_some_and(|word| {
        matches!(
            word.as_str(),
            "to" | "cc"
                | "bcc"
                | "recipients"
                | "emails"
                | "addresses"
                | "receivers"
                | "users"
                | "members"
                | "channels"
                | "repos"
                | "repositories"
                | "branches"
                | "accounts"
                | "roles"
                | "permissions"
                | "scopes"
                | "tools"
                | "namespaces"
                | "buckets"
        )
    });
    is_receiver || Subject::of(path).is_some() || Freeform::of_elements(name).is_some()
}

/// What an array at `path` must contain.
fn parts(tool: &Tool<'_>, path: &Path) -> Vec<Value> {
    let required = tool.rules.require.iter().flat_map(|rule| &rule.conditions);
    let here = required.filter(|condition| condition.path.value == *path);
    here.filter_map(|condition| match &condition.test {
        Test::Contains(part) => Some(part.clone()),
        _ => None,
    })
    .collect()
}

fn look(
    context: &Context<'_>,
    reporter: &mut Reporter<'_>,
    tool: &Tool<'_>,
    condition: &Condition,
    part: &Value,
    acts: bool,
) {
    let path = &condition.path.value;
    let name = path.segments().last().map_or("", String::as_str);
    let telling = match Freeform::of_elements(name) {
        Some(kind) => kind.telling(),
        None if name.contains("mail") || part.to_string().contains('@') => "eve@evil.example",
        None => "anything-else",
    };
    let call = context.accepted(tool).and_then(|arguments| {
        let mut elements = match Lookup::at(&arguments, path) {
            ValueRef::Array(elements) => elements.to_vec(),
            // A text that contains the parts passes as well; an array of them is meant.
            _ => parts(tool, path),
        };
        elements.push(Value::from(telling));
        let arguments = with(&arguments, path, Value::Array(elements))?;
        Some(WitnessCall::new(tool.name(), arguments))
    });
    // What other rules close is not open.
    let Some(calls) = call.and_then(|call| reporter.passing(vec![call])) else {
        return;
    };
    let message = format!(
        "The list for `{path}` of `{}` accepts any other element beside {part}",
        tool.name()
    );
    let (span, pointer) = (condition.value_span, format!("{}/value", condition.pointer));
    let finding = if acts {
        reporter.finding(span, pointer, message)
    } else {
        reporter.pedantic_finding(span, pointer, message)
    };
    let finding = finding
        .help(format!(
            "name the whole array: \"op\": \"in\", \"value\": [[{part}]]; version 1 of the policy language has no condition on each element (docs/policy.md, \"Conditions\")"
        ))
        .witness(calls);
    reporter.push(finding);
}
