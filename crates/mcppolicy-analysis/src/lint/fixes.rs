//! The edits that rules offer. They are made here so that a rule says what it
//! wants done in one line; whether an edit does what it promises is proved when
//! it is applied, and not here.

use super::condition::opposite;
use mcppolicy_engine::policy::{Condition, DefaultDecision, Limit, Policy, Rule, Test, ToolRules};
use mcppolicy_engine::problem::{Applicability, Edit, Fix};
use mcppolicy_engine::source::Span;
use mcppolicy_engine::value::Value;

/// Takes the rules of a tool away.
pub(super) fn without_tool(policy: &Policy, rules: &ToolRules) -> Fix {
    let spans: Vec<Span> = policy.tools.iter().map(whole).collect();
    safe(vec![removal(&spans, whole(rules))])
}

fn whole(rules: &ToolRules) -> Span {
    Span::new(rules.name_span.start, rules.span.end)
}

/// Takes a limit away, and the list that it leaves empty.
pub(super) fn without_limit(policy: &Policy, limit: &Limit) -> Fix {
    let is_in = |limits: &[Limit]| limits.iter().any(|other| other.span == limit.span);
    let spans = |limits: &[Limit]| limits.iter().map(|limit| limit.span).collect::<Vec<_>>();
    let owner = policy.tools.iter().find(|rules| is_in(&rules.limits));
    let edit = match owner {
        Some(rules) if rules.limits.len() == 1 => member_removal(rules, "limits"),
        Some(rules) => Some(removal(&spans(&rules.limits), limit.span)),
        None => None,
    };
    let edit = edit.unwrap_or_else(|| removal(&spans(&policy.all_tools), limit.span));
    safe(vec![edit])
}

/// Writes `"deny"` where `default` is `"allow"`.
pub(super) fn default_deny(policy: &Policy) -> Option<Fix> {
    let is_allow = policy.default.value == DefaultDecision::Allow;
    is_allow.then(|| {
        unproven(vec![Edit {
            span: policy.default.span,
            text: "\"deny\"".to_owned(),
        }])
    })
}

/// Closes the ways around a `deny_if` with a `require`.
///
/// A rule of one condition that has an opposite becomes that `require`: beside
/// it the `deny_if` would never decide. Others stay, and their argument is
/// required to be there; but which numbers make sense for one condition of
/// several nobody here knows.
pub(super) fn closing(rules: &ToolRules, rule: &Rule, condition: &Condition) -> Option<Fix> {
    if let ([_], Some((op, operand))) = (rule.conditions.as_slice(), opposite(&condition.test)) {
        return Some(moved(rules, rule, &required(condition, op, &operand, rule)));
    }
    if matches!(condition.test, Test::Compare(..)) {
        return None;
    }
    let text = required(condition, "exists", &Value::Bool(true), rule);
    Some(unproven(vec![addition(rules, &text)?]))
}

/// A `require` rule of one condition, with the message of `rule`.
fn required(condition: &Condition, op: &str, operand: &Value, rule: &Rule) -> String {
    let path = Value::from(condition.path.value.to_string().as_str());
    let condition = format!("{{\"path\": {path}, \"op\": \"{op}\", \"value\": {operand}}}");
    match &rule.on_deny {
        Some(text) => {
            let text = Value::from(text.value.as_str());
            format!("{{\"conditions\": [{condition}], \"on_deny\": {text}}}")
        }
        None => format!("{{\"conditions\": [{condition}]}}"),
    }
}

/// Takes `rule` out of `deny_if` and puts `text` into `require`.
fn moved(rules: &ToolRules, rule: &Rule, text: &str) -> Fix {
    let denials: Vec<Span> = rules.deny_if.iter().map(|rule| rule.span).collect();
    let member = member(rules, "deny_if").filter(|_| denials.len() == 1);
    unproven(match (member, rules.require.last()) {
        (Some(_), Some(last)) => {
            let removed = member_removal(rules, "deny_if");
            let mut edits: Vec<Edit> = removed.into_iter().collect();
            edits.push(behind(last.span, text));
            edits
        }
        // A `require` without rules has to go, or the key is there twice.
        (Some(span), None) => {
            let empty = member_removal(rules, "require");
            let mut edits: Vec<Edit> = empty.into_iter().collect();
            edits.push(Edit {
                span,
                text: format!("\"require\": [{text}]"),
            });
            edits
        }
        (None, _) => {
            let mut edits = vec![removal(&denials, rule.span)];
            edits.extend(addition(rules, text));
            edits
        }
    })
}

/// Adds a rule to `require`.
fn addition(rules: &ToolRules, text: &str) -> Option<Edit> {
    match (rules.require.last(), member(rules, "require")) {
        (Some(last), _) => Some(behind(last.span, text)),
        (None, Some(span)) => Some(Edit {
            span,
            text: format!("\"require\": [{text}]"),
        }),
        (None, None) => {
            let at = member(rules, "deny_if")?.start;
            Some(Edit {
                span: Span::new(at, at),
                text: format!("\"require\": [{text}], "),
            })
        }
    }
}

fn behind(span: Span, text: &str) -> Edit {
    Edit {
        span: Span::new(span.end, span.end),
        text: format!(", {text}"),
    }
}

fn member(rules: &ToolRules, key: &str) -> Option<Span> {
    let found = rules.members.iter().find(|member| member.key == key);
    found.map(|member| member.span)
}

fn member_removal(rules: &ToolRules, key: &str) -> Option<Edit> {
    let spans: Vec<Span> = rules.members.iter().map(|member| member.span).collect();
    Some(removal(&spans, member(rules, key)?))
}

/// Takes one of several members or items away, with a comma.
fn removal(all: &[Span], gone: Span) -> Edit {
    let before = all.iter().rev().find(|span| span.end <= gone.start);
    let after = all.iter().find(|span| span.start >= gone.end);
    let span = match (before, after) {
        (_, Some(next)) => Span::new(gone.start, next.start),
        (Some(previous), None) => Span::new(previous.end, gone.end),
        (None, None) => gone,
    };
    Edit {
        span,
        text: String::new(),
    }
}

fn safe(edits: Vec<Edit>) -> Fix {
    Fix {
        applicability: Applicability::Safe,
        edits,
    }
}

fn unproven(edits: Vec<Edit>) -> Fix {
    Fix {
        applicability: Applicability::Unsafe,
        edits,
    }
}
