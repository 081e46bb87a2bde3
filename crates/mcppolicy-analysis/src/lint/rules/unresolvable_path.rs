//! A path written for arrays.

use super::path_syntax::{defect_for, is_index, is_subscript};
use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId};
use crate::lint::context::Tool;
use crate::lint::witness::{candidates, refused_by};
use mcppolicy_engine::engine::ValueRef;
use mcppolicy_engine::policy::{self, Path, Spanned, Test};
use mcppolicy_engine::value::Value;
use mcppolicy_trace::trace::WitnessCall;

/// `unresolvable-path`
pub static RULE: Rule = Rule {
    id: RuleId::UnresolvablePath,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "Looks for paths with an array index (`items.0`, `items[0]`), an empty or quoted pair \
           of brackets (`items[]`, `a['b']`), a `*`, or a lone `$`. Names such as `$filter` or \
           `page[size]` are valid names of arguments and are not reported, nor is any name that \
           the tool has by the inventory.",
    why: "A path selects members of objects only: at an array the value is missing. A `deny_if` \
          on a missing value never applies, and a `require` on one refuses every call.",
    bad: &[
        Bad {
            says: "No amount is ever refused",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "create_order": {
      "deny_if": [{ "conditions": [{ "path": "args.items[0].amount", "op": "gt", "value": 100 }] }]
    }
  }
}"#,
            proof: Proof::Passes,
        },
        Bad {
            says: "Every call is refused, those with good recipients too",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_status": {},
    "send_mail": {
      "require": [{ "conditions": [{ "path": "args.to.*.domain", "op": "eq", "value": "example.com" }] }]
    }
  }
}"#,
            proof: Proof::Refused,
        },
        Bad {
            says: "A number is read as a member's name",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "create_order": {
      "deny_if": [{ "conditions": [{ "path": "args.items.0.amount", "op": "gt", "value": 100 }] }]
    }
  }
}"#,
            proof: Proof::Passes,
        },
    ],
    good: &[
        Good {
            says: "An array is looked into with `contains`",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "add_labels": {
      "require": [{ "conditions": [{ "path": "args.options.labels", "op": "contains", "value": "agent" }] }]
    }
  }
}"#,
        },
        Good {
            says: "The server has an argument of exactly this name",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_user": {
      "require": [{ "conditions": [{ "path": "args.fields[]", "op": "contains", "value": "id" }] }]
    }
  }
}
tools.json:
{
  "tools": [{
    "name": "get_user",
    "inputSchema": { "type": "object", "properties": { "fields[]": { "type": "array" } } }
  }]
}"#,
        },
        Good {
            says: "Some servers have arguments with such names",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "list_items": {
      "require": [{ "conditions": [
        { "path": "args.page[size]", "op": "lte", "value": 100 },
        { "path": "args.$top", "op": "lte", "value": 100 },
        { "path": "args.address2", "op": "exists", "value": true }
      ] }]
    }
  }
}"#,
        },
    ],
    check: Check::Policy(check),
};

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    for tool in &context.tools {
        let rules = [(&tool.rules.require, true), (&tool.rules.deny_if, false)];
        for (list, is_require) in rules {
            for rule in list {
                for condition in &rule.conditions {
                    let pointer = format!("{}/path", condition.pointer);
                    let Some(what) = defect_for(tool, &condition.path.value) else {
                        continue;
                    };
                    let effect = match (&condition.test, is_require) {
                        (Test::Exists(false), _) => "the condition always holds",
                        (_, true) => "the rule refuses every call with an array there",
                        (_, false) => "the rule never fires on an array",
                    };
                    let witness = proof(context, reporter, tool, rule, is_require);
                    report(reporter, &condition.path, pointer, &what, effect, witness);
                }
            }
        }
        for limit in &tool.rules.limits {
            let Some(path) = &limit.increment_from else {
                continue;
            };
            if let Some(what) = defect_for(tool, &path.value) {
                let pointer = format!("{}/increment_from", limit.pointer);
                let effect = "no amount can be counted and such calls are refused";
                report(reporter, path, pointer, &what, effect, Vec::new());
            }
        }
    }
}

fn report(
    reporter: &mut Reporter<'_>,
    path: &Spanned<Path>,
    pointer: String,
    what: &str,
    effect: &str,
    witness: Vec<WitnessCall>,
) {
    let message = format!(
        "`{}` never leads into an array: {what}, so {effect}",
        path.value
    );
    let finding = reporter
        .finding(path.span, pointer, message)
        .help("name object members only, as in \"args.options.name\"; a whole array can be tested with \"contains\" or \"eq\"")
        .witness(witness);
    reporter.push(finding);
}

/// A call shaped as the author thought, with a value that the rule is about:
/// a `deny_if` lets it pass, a `require` refuses it.
fn proof(
    context: &Context<'_>,
    reporter: &mut Reporter<'_>,
    tool: &Tool<'_>,
    rule: &policy::Rule,
    is_require: bool,
) -> Vec<WitnessCall> {
    let [condition] = rule.conditions.as_slice() else {
        return Vec::new();
    };
    let test = &condition.test;
    if matches!(test, Test::Exists(false)) {
        return Vec::new();
    }
    let meant = candidates([test])
        .into_iter()
        .find(|value| test.holds(ValueRef::from(value)));
    let Some(Value::Object(meant)) = meant.map(|value| as_meant(&condition.path.value, value))
    else {
        return Vec::new();
    };
    let base = context.accepted(tool).unwrap_or_else(Value::empty_object);
    let Value::Object(mut arguments) = base else {
        return Vec::new();
    };
    arguments.extend(meant);
    let arguments = Value::Object(arguments);
    let by_this_rule =
        refused_by(context.engine, tool.name(), &arguments) == Some(rule.pointer.as_str());
    let call = vec![WitnessCall::new(tool.name(), arguments)];
    let confirmed = match is_require {
        true if by_this_rule => reporter.refused(call),
        true => None,
        false => reporter.passing(call),
    };
    confirmed.unwrap_or_default()
}

/// `value` wrapped as the author of the path imagines it.
fn as_meant(path: &Path, value: Value) -> Value {
    path.segments().iter().rev().fold(value, |inner, segment| {
        if segment == "$" {
            return inner;
        }
        if segment.contains('*') || is_index(segment) {
            return Value::Array(vec![inner]);
        }
        let (name, inner) = match segment.split_once('[') {
            Some((name, rest)) if is_subscript(&format!("[{rest}")) => {
                (name, Value::Array(vec![inner]))
            }
            _ => (segment.as_str(), inner),
        };
        Value::Object([(name.to_owned(), inner)].into())
    })
}
