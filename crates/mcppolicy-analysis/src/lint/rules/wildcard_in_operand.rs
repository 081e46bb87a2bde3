//! `*` or `?` in an operand that is compared as it stands.

use super::allowlist::Subject;
use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId, quoted};
use crate::lint::context::Tool;
use crate::lint::witness::with;
use mcppolicy_engine::engine::ValueRef;
use mcppolicy_engine::pattern::Pattern;
use mcppolicy_engine::policy::{Condition, Test};
use mcppolicy_engine::value::Value;
use mcppolicy_trace::trace::WitnessCall;

/// `wildcard-in-operand`
pub static RULE: Rule = Rule {
    id: RuleId::WildcardInOperand,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "Looks for a `*` or `?` that is meant as a wildcard in an operand of `eq`, `neq`, `in`, \
           `not_in` or `contains`, which compare text as it stands, and for a `regex` that is a \
           glob (`^/data/*$`). A lone `*` that a rule refuses, a value that the inventory's schema \
           lists, a star in a query and a schedule such as `0 * * * *` are not reported.",
    why: "No operator knows wildcards. A `require` with one refuses every value that was meant, \
          and a `deny_if` with one lets them all pass.",
    bad: &[
        Bad {
            says: "Nothing below /etc is refused",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_file": {
      "deny_if": [{ "conditions": [{ "path": "args.path", "op": "eq", "value": "/etc/*" }] }]
    }
  }
}"#,
            proof: Proof::Passes,
        },
        Bad {
            says: "No file of the folder is allowed",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_file": {
      "require": [{ "conditions": [{ "path": "args.path", "op": "in", "value": ["docs/*.md"] }] }]
    }
  }
}"#,
            proof: Proof::Refused,
        },
        Bad {
            says: "In a pattern the star repeats the slash before it",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_file": {
      "require": [{ "conditions": [{ "path": "args.path", "op": "regex", "value": "^/data/*$" }] }]
    }
  }
}"#,
            proof: Proof::Refused,
        },
    ],
    good: &[
        Good {
            says: "A pattern says what may stand there",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_file": {
      "require": [{ "conditions": [{ "path": "args.path", "op": "regex", "value": "^docs/[A-Za-z0-9_-]+\\.md$" }] }]
    }
  }
}"#,
        },
        Good {
            says: "The star itself is refused, a query has one, and a schedule does",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_file": {
      "require": [{ "conditions": [{ "path": "args.schedule", "op": "eq", "value": "0 * * * *" }] }],
      "deny_if": [
        { "conditions": [{ "path": "args.namespace", "op": "eq", "value": "*" }] },
        { "conditions": [{ "path": "args.path", "op": "contains", "value": "*" }] },
        { "conditions": [{ "path": "args.sql", "op": "contains", "value": "SELECT *" }] }
      ]
    }
  }
}"#,
        },
    ],
    check: Check::Policy(check),
};

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    for tool in context.tools_in_use() {
        for (is_require, condition) in tool.conditions() {
            let hope = operands(&condition.test)
                .into_iter()
                .find(|text| is_hope(tool, is_require, condition, text));
            if let Some(hope) = hope {
                look(context, reporter, tool, (is_require, condition), hope);
            }
        }
    }
}

/// The texts that a test compares with, or its pattern.
fn operands(test: &Test) -> Vec<&str> {
    let values = match test {
        Test::Regex(pattern) => return vec![pattern.as_str()],
        Test::Eq(value) | Test::Neq(value) | Test::Contains(value) => std::slice::from_ref(value),
        Test::In(values) | Test::NotIn(values) => values,
        Test::Exists(_) | Test::Compare(..) => &[],
    };
    let texts = values.iter().filter_map(|value| match value {
        Value::String(text) => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}

/// Whether a condition of the tool is for values that it says are fine.
fn allows(is_require: bool, test: &Test) -> bool {
    is_require && !matches!(test, Test::Neq(_) | Test::NotIn(_))
}

fn is_hope(tool: &Tool<'_>, is_require: bool, condition: &Condition, text: &str) -> bool {
    let (path, test) = (&condition.path.value, &condition.test);
    if let Test::Regex(_) = test {
        let glob = text.trim_start_matches('^').trim_end_matches('$');
        return is_plain_glob(glob) && !test.holds(ValueRef::String(&meant(glob)));
    }
    let listed = tool
        .declared(path)
        .and_then(|argument| argument.shape.values);
    let is_value = |value: &Value| matches!(value, Value::String(known) if known == text);
    if listed.is_some_and(|values| values.iter().any(is_value)) {
        return false;
    }
    let subject = Subject::of(path);
    let is_language = matches!(subject, Some(Subject::Query | Subject::Command));
    let is_part = matches!(test, Test::Contains(_));
    if text.contains('*') {
        let is_schedule = text.contains("* *");
        return if text.trim_matches('*').is_empty() {
            allows(is_require, test)
        } else {
            !(is_schedule || is_language && is_part)
        };
    }
    has_single_wildcard(text) && !is_language
}

/// Whether a pattern is made as a glob: of literal text and of stars behind a letter,
/// a digit or a separator.
fn is_plain_glob(text: &str) -> bool {
    let is_literal = |c: char| c.is_ascii_alphanumeric() || "_/.:@-*".contains(c);
    let mut before = None;
    let stars_stand_so = text.chars().all(|c| {
        let fits = c != '*'
            || before.is_some_and(|b: char| b.is_ascii_alphanumeric() || "_/-".contains(b));
        before = Some(c);
        fits && is_literal(c)
    });
    text.contains('*') && stars_stand_so && !text.chars().all(|c| c == '*')
}

/// Whether a `?` stands within a name, and not before the query of a URL or behind a
/// question.
fn has_single_wildcard(text: &str) -> bool {
    let letters: Vec<char> = text.chars().collect();
    let is_within = |window: &[char]| {
        matches!(window, [before, '?', behind]
            if (before.is_ascii_alphanumeric() || matches!(before, '_' | '-' | '/'))
                && (behind.is_ascii_alphanumeric() || matches!(behind, '.' | '?')))
    };
    !text.contains("://") && !text.contains('=') && letters.windows(3).any(is_within)
}

/// A value that the wildcards are meant for.
fn meant(text: &str) -> String {
    text.replace("**", "*")
        .replace('*', "example")
        .replace('?', "x")
}

fn look(
    context: &Context<'_>,
    reporter: &mut Reporter<'_>,
    tool: &Tool<'_>,
    (is_require, condition): (bool, &Condition),
    text: &str,
) {
    let (path, test) = (&condition.path.value, &condition.test);
    let glob = match test {
        Test::Regex(_) => text.trim_start_matches('^').trim_end_matches('$'),
        _ => text,
    };
    let example = meant(glob);
    let base = context.accepted(tool).unwrap_or_else(Value::empty_object);
    let call = with(&base, path, Value::from(example.as_str()))
        .map(|arguments| WitnessCall::new(tool.name(), arguments));
    let refuses = allows(is_require, test);
    let witness = call.and_then(|call| {
        if refuses {
            reporter.refused(vec![call])
        } else {
            reporter.passing(vec![call])
        }
    });
    let message = match test {
        Test::Regex(_) => format!(
            "{} is a glob and not a pattern: it does not match {}",
            quoted(text),
            quoted(&example)
        ),
        _ => format!(
            "`{}` compares text as it stands: {} is not {}",
            test.operator(),
            quoted(text),
            quoted(&example)
        ),
    };
    let finding = reporter
        .finding(
            condition.value_span,
            format!("{}/value", condition.pointer),
            message,
        )
        .help(help(condition, refuses, glob))
        .witness(witness.unwrap_or_default());
    reporter.push(finding);
}

/// The condition that is meant: a pattern that lets no more pass than a name, or
/// refuses all that begins or ends so.
fn help(condition: &Condition, allows: bool, glob: &str) -> String {
    if glob.trim_matches('*').is_empty() {
        return "write \"op\": \"exists\", \"value\": true where any value is fine, or name the values"
            .to_owned();
    }
    let is_part = matches!(condition.test, Test::Contains(_)) && !allows;
    let is_host = glob.contains("://") || Subject::of(&condition.path.value) == Some(Subject::Host);
    let (many, one) = match (allows, is_host) {
        (false, _) => (".*", "."),
        (true, true) => ("[A-Za-z0-9-]+", "[A-Za-z0-9-]"),
        (true, false) => ("[A-Za-z0-9_-][A-Za-z0-9._-]*", "[A-Za-z0-9_-]"),
    };
    let mut pattern = String::new();
    for c in glob.replace("**", "*").chars() {
        match c {
            '*' => pattern.push_str(many),
            '?' => pattern.push_str(one),
            c => pattern.push_str(&regex_syntax::escape(c.encode_utf8(&mut [0; 4]))),
        }
    }
    let pattern = match (allows, is_part) {
        (true, _) => format!("^{pattern}$"),
        (false, true) => format!("(?s){pattern}"),
        (false, false) => format!("(?s)^{pattern}$"),
    };
    let is_negative = matches!(condition.test, Test::Neq(_) | Test::NotIn(_));
    let place = match (allows, is_negative) {
        (false, true) => "refuse it in a \"deny_if\" with ",
        _ => "write ",
    };
    match Pattern::parse(&pattern) {
        Ok(_) => format!("{place}\"op\": \"regex\", \"value\": {}", quoted(&pattern)),
        Err(_) => "say with \"regex\" what may stand there, or name the values".to_owned(),
    }
}
