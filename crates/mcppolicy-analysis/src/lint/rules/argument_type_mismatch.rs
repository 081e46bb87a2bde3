//! A condition that the argument's own schema rules out.

use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId};
use crate::finding::Severity;
use crate::inventory::schema::{JsonType, Shape};
use crate::lint::argument::meant;
use crate::lint::context::Tool;
use crate::lint::type_check::{Defect, defect, described};
use crate::lint::witness::with;
use mcppolicy_engine::engine::ValueRef;
use mcppolicy_engine::policy::{Condition, Limit};
use mcppolicy_engine::value::Value;
use mcppolicy_trace::trace::WitnessCall;

/// `argument-type-mismatch`
pub static RULE: Rule = Rule {
    id: RuleId::ArgumentTypeMismatch,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "Needs an inventory. Looks for operators that an argument of its type can never satisfy \
           (`gt` on a string), operands that it never equals (a number for an object, a word that \
           is not in its `enum`) and bounds beyond those of the schema. A `deny_if` beyond the \
           server's bounds may be a second safeguard and is only a note. A string with the text \
           of a number or a boolean equals it and is no mismatch.",
    why: "The condition never holds for a call that the server would accept: a `require` refuses \
          every useful call, and a `deny_if` never applies.",
    bad: &[
        Bad {
            says: "A string is not greater than anything",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_logs": {
      "require": [{ "conditions": [{ "path": "args.since", "op": "gt", "value": 20260101 }] }]
    }
  }
}
tools.json:
{
  "tools": [{
    "name": "get_logs",
    "inputSchema": { "type": "object", "properties": { "since": { "type": "string" } } }
  }]
}"#,
            proof: Proof::Refused,
        },
        Bad {
            says: "The server calls it `production`",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_logs": {
      "deny_if": [{ "conditions": [{ "path": "args.stage", "op": "in", "value": ["prodution", "staging"] }] }]
    }
  }
}
tools.json:
{
  "tools": [{
    "name": "get_logs",
    "inputSchema": {
      "type": "object",
      "properties": { "stage": { "type": "string", "enum": ["test", "staging", "production"] } }
    }
  }]
}"#,
            proof: Proof::Plain,
        },
    ],
    good: &[
        Good {
            says: "The operators fit the types",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_logs": {
      "require": [{ "conditions": [
        { "path": "args.since", "op": "regex", "value": "^2026-" },
        { "path": "args.lines", "op": "lte", "value": 500 },
        { "path": "args.stage", "op": "in", "value": ["test", "staging"] }
      ] }]
    }
  }
}
tools.json:
{
  "tools": [{
    "name": "get_logs",
    "inputSchema": {
      "type": "object",
      "properties": {
        "since": { "type": "string" },
        "lines": { "type": "integer", "maximum": 1000 },
        "stage": { "enum": ["test", "staging", "production"] }
      }
    }
  }]
}"#,
        },
        Good {
            says: "A string with the text of a number equals it",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_issue": {
      "require": [{ "conditions": [{ "path": "args.number", "op": "in", "value": [7, 12] }] }]
    }
  }
}
tools.json:
{
  "tools": [{
    "name": "get_issue",
    "inputSchema": { "type": "object", "properties": { "number": { "type": "string" } } }
  }]
}"#,
        },
    ],
    check: Check::Policy(check),
};

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    for tool in &context.tools {
        for (is_require, condition) in tool.conditions() {
            let Some(argument) = described(tool, condition) else {
                continue;
            };
            if let Some(defect) = defect(&condition.test, &argument.shape) {
                report(
                    context,
                    reporter,
                    tool,
                    is_require,
                    condition,
                    &argument.shape,
                    defect,
                );
            }
        }
        for limit in &tool.rules.limits {
            amount(context, reporter, tool, limit);
        }
    }
}

fn report(
    context: &Context<'_>,
    reporter: &mut Reporter<'_>,
    tool: &Tool<'_>,
    is_require: bool,
    condition: &Condition,
    shape: &Shape,
    defect: Defect,
) {
    let (path, op) = (&condition.path.value, condition.test.operator());
    let kind = kind(shape);
    let value_pointer = format!("{}/value", condition.pointer);
    let finding = match defect {
        Defect::Operator(wanted) => reporter
            .finding(
                condition.op_span,
                format!("{}/op", condition.pointer),
                format!(
                    "`{op}` needs {wanted}, and `{path}` of `{}` is {kind}: {}",
                    tool.name(),
                    effect(is_require)
                ),
            )
            .help(operators(shape)),
        Defect::Operands(never) => {
            let first = never.first().cloned().unwrap_or(Value::Null);
            let message = format!(
                "`{path}` of `{}` is {kind} and never equals {}",
                tool.name(),
                never
                    .iter()
                    .map(Value::to_string)
                    .collect::<Vec<_>>()
                    .join(" or ")
            );
            reporter
                .finding(condition.value_span, value_pointer, message)
                .help(values(shape, &first))
        }
        Defect::Beyond => {
            let severity = if is_require {
                Severity::Warning
            } else {
                Severity::Note
            };
            let message = format!(
                "`{path}` of `{}` is {kind} and never `{op}` {}: {}",
                tool.name(),
                condition.test.operand(),
                effect(is_require)
            );
            reporter
                .finding_of(severity, condition.value_span, value_pointer, message)
                .help(values(shape, &condition.test.operand()))
        }
    };
    let witness = if is_require {
        refused(context, reporter, tool, condition, shape)
    } else {
        Vec::new()
    };
    let finding = finding.witness(witness);
    reporter.push(context.with_place(tool, condition.path.value.segments(), finding));
}

fn effect(is_require: bool) -> &'static str {
    if is_require {
        "every call that the server would take is refused"
    } else {
        "the condition never holds"
    }
}

/// A call with a value that the schema admits, refused by the `require` of the
/// condition.
fn refused(
    context: &Context<'_>,
    reporter: &mut Reporter<'_>,
    tool: &Tool<'_>,
    condition: &Condition,
    shape: &Shape,
) -> Vec<WitnessCall> {
    let samples = [
        Value::from("example"),
        Value::Number(1.0),
        Value::Bool(true),
        Value::Array(Vec::new()),
        Value::empty_object(),
    ];
    let listed = shape.values.iter().flatten().cloned();
    let ends = [shape.least, shape.greatest].into_iter().flatten();
    let ends = ends.map(|end| Value::Number(end.value));
    let fitting = listed
        .chain(samples)
        .chain(ends)
        .find(|value| shape.may_be(value) && !condition.test.holds(ValueRef::from(value)));
    let base = context.accepted(tool).unwrap_or(Value::empty_object());
    fitting
        .and_then(|value| with(&base, &condition.path.value, value))
        .and_then(|arguments| reporter.refused(vec![WitnessCall::new(tool.name(), arguments)]))
        .unwrap_or_default()
}

/// Reports a sum over what is no number.
fn amount(context: &Context<'_>, reporter: &mut Reporter<'_>, tool: &Tool<'_>, limit: &Limit) {
    let Some(path) = &limit.increment_from else {
        return;
    };
    let Some(argument) = tool.declared(&path.value) else {
        return;
    };
    let shape = &argument.shape;
    if shape.types.has_number() || shape.types.names().is_empty() {
        return;
    }
    let message = format!(
        "The limit adds up numbers, and `{}` of `{}` is {}: every call that the server would take is refused",
        path.value,
        tool.name(),
        kind(shape)
    );
    let finding = reporter
        .finding(
            path.span,
            format!("{}/increment_from", limit.pointer),
            message,
        )
        .help(
            "name an argument that is a number, or count calls by leaving \"increment_from\" out",
        );
    reporter.push(context.with_place(tool, path.value.segments(), finding));
}

/// What an argument is, for a message: "a string".
fn kind(shape: &Shape) -> String {
    let names = shape.types.names();
    let with_article = |name: &&str| match *name {
        "null" => "null".to_owned(),
        name if name.starts_with(['i', 'o', 'a']) => format!("an {name}"),
        name => format!("a {name}"),
    };
    let names: Vec<String> = names.iter().map(with_article).collect();
    match &shape.values {
        Some(values) => format!("one of {} values", values.len()),
        None => names.join(" or "),
    }
}

/// The operators that make sense for an argument.
fn operators(shape: &Shape) -> String {
    let types = shape.types;
    let fitting = if types.has(JsonType::String) {
        "\"eq\", \"in\" or \"regex\""
    } else if types.has_number() {
        "\"eq\", \"lt\", \"lte\", \"gt\" or \"gte\""
    } else if types.has(JsonType::Array) {
        "\"contains\" or \"exists\""
    } else {
        "\"eq\" or \"exists\""
    };
    format!("{} is tested with {fitting}", kind(shape))
}

/// How many values are named.
const SHOWN: usize = 8;

/// The values that an argument may have, the nearest first.
fn values(shape: &Shape, written: &Value) -> String {
    let Some(values) = &shape.values else {
        return match (shape.least, shape.greatest) {
            (Some(least), Some(greatest)) => {
                format!("the server takes {} to {}", least.value, greatest.value)
            }
            (Some(least), None) => format!("the server takes {} and above", least.value),
            (None, Some(greatest)) => format!("the server takes up to {}", greatest.value),
            (None, None) => format!("write {} there", kind(shape)),
        };
    };
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let texts: Vec<String> = values.iter().map(text).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    if let Some(near) = meant(&text(written), &texts) {
        return format!("did you mean \"{near}\"?");
    }
    let named: Vec<String> = values.iter().take(SHOWN).map(Value::to_string).collect();
    let more = if values.len() > SHOWN {
        " and others"
    } else {
        ""
    };
    format!("the server takes {}{more}", named.join(", "))
}
