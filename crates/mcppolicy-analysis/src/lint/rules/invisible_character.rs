//! A character that a reader does not see, or takes for another.

use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId, quoted};
use crate::lint::confusable::{Confusable, has_words, in_name, in_operand};
use mcppolicy_engine::policy::{Condition, Test};
use mcppolicy_engine::source::Span;
use mcppolicy_engine::value::Value;
use mcppolicy_trace::trace::WitnessCall;

/// `invisible-character`
pub static RULE: Rule = Rule {
    id: RuleId::InvisibleCharacter,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "Looks for characters that are drawn as nothing or turn the writing around, by \
           Unicode's own tables, for unusual spaces, and for letters of other scripts that look \
           like the ASCII letters around them, in tool names, paths and operands. Text in other \
           scripts, emoji, and a `deny_if` that is about invisible characters are not reported.",
    why: "Names are compared exactly. The entry looks like the name of one tool and is the name \
          of another that does not exist: the tool that it should hide is not hidden, and its \
          rules protect nothing. A reviewer cannot see this.",
    bad: &[
        Bad {
            says: "There is a zero-width space behind `delete_file`, which is not hidden",
            policy: "{ \"version\": \"1\", \"default\": \"allow\", \"hide\": [\"delete_file\u{200B}\"] }",
            proof: Proof::Passes,
        },
        Bad {
            says: "The `o` of `run_job` is a Cyrillic one",
            policy: r#"{ "version": "1", "default": "deny", "tools": { "run_j\u043eb": {}, "get_job": {} } }"#,
            proof: Proof::Refused,
        },
        Bad {
            says: "No owner has this name",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_repo": {
      "require": [{ "conditions": [{ "path": "args.owner", "op": "in", "value": ["\u0430cme"] }] }]
    }
  }
}"#,
            proof: Proof::Plain,
        },
    ],
    good: &[
        Good {
            says: "Other scripts are not unusual",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_page": {
      "require": [{ "conditions": [{ "path": "args.title", "op": "in", "value": ["Привет", "日本語", "naïve"] }] }]
    }
  }
}"#,
        },
        Good {
            says: "A rule against hidden characters has to name them",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "post_message": {
      "deny_if": [{ "conditions": [{ "path": "args.text", "op": "contains", "value": "\u200b" }] }]
    }
  }
}"#,
        },
    ],
    check: Check::Policy(check),
};

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    for (at, entry) in context.policy.hide.iter().enumerate() {
        if let Some(found) = in_name(&entry.value) {
            let meant = WitnessCall::new(&found.seen, Value::empty_object());
            let witness = reporter.passing(vec![meant]).unwrap_or_default();
            let effect = format!("`{}` is not hidden by it", found.seen);
            report(
                reporter,
                entry.span,
                format!("/hide/{at}"),
                "this name",
                &found,
                &effect,
                witness,
            );
        }
    }
    for tool in &context.tools {
        if let Some(found) = in_name(tool.name()) {
            let meant = WitnessCall::new(&found.seen, Value::empty_object());
            let witness = reporter.refused(vec![meant]).unwrap_or_default();
            let effect = format!("its rules do not concern `{}`", found.seen);
            let pointer = tool.rules.pointer.clone();
            report(
                reporter,
                tool.rules.name_span,
                pointer,
                "this name",
                &found,
                &effect,
                witness,
            );
        }
        for (is_require, condition) in tool.conditions() {
            look(reporter, is_require, condition);
        }
        for limit in &tool.rules.limits {
            let Some(path) = &limit.increment_from else {
                continue;
            };
            let found = path.value.segments().iter().find_map(|name| in_name(name));
            if let Some(found) = found {
                let pointer = format!("{}/increment_from", limit.pointer);
                let effect = format!("it is not the argument `{}`", found.seen);
                report(
                    reporter,
                    path.span,
                    pointer,
                    "this path",
                    &found,
                    &effect,
                    Vec::new(),
                );
            }
        }
    }
}

fn look(reporter: &mut Reporter<'_>, is_require: bool, condition: &Condition) {
    let path = &condition.path;
    if let Some(found) = path.value.segments().iter().find_map(|name| in_name(name)) {
        let effect = format!("it is not the argument `{}`", found.seen);
        let pointer = format!("{}/path", condition.pointer);
        report(
            reporter,
            path.span,
            pointer,
            "this path",
            &found,
            &effect,
            Vec::new(),
        );
    }
    let mut texts = Vec::new();
    match &condition.test {
        Test::Exists(_) | Test::Compare(..) => {}
        // A pattern of nothing but ASCII names such characters by their codes.
        Test::Regex(pattern) => texts.push(pattern.as_str()),
        Test::Eq(value) | Test::Neq(value) | Test::Contains(value) => strings(value, &mut texts),
        Test::In(values) | Test::NotIn(values) => {
            for value in values.iter() {
                strings(value, &mut texts);
            }
        }
    }
    // What a rule refuses may well be the invisible itself.
    let meant = |text: &&str| is_require || has_words(text);
    let Some(found) = texts.into_iter().filter(meant).find_map(in_operand) else {
        return;
    };
    let effect = format!("{} does not equal it", quoted(&found.seen));
    let pointer = format!("{}/value", condition.pointer);
    report(
        reporter,
        condition.value_span,
        pointer,
        "this text",
        &found,
        &effect,
        Vec::new(),
    );
}

fn strings<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(items) => items.iter().for_each(|item| strings(item, found)),
        Value::Object(members) => {
            for (name, value) in members {
                found.push(name);
                strings(value, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn report(
    reporter: &mut Reporter<'_>,
    span: Span,
    pointer: String,
    what: &str,
    found: &Confusable,
    effect: &str,
    witness: Vec<WitnessCall>,
) {
    let code = u32::from(found.character);
    let message = format!(
        "There is {} (U+{code:04X}) in {what}, so {effect}",
        found.what
    );
    let finding = reporter
        .finding(span, pointer, message)
        .help(format!("write {}", quoted(&found.seen)))
        .witness(witness);
    reporter.push(finding);
}
