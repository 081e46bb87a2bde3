//! Keys that the format does not have and that people write all the same,
//! because help pages for it mention them (policy language §1) or because
//! other formats have them. Each gets a help that says what to write instead,
//! with the author's own values, and where that is clear a repair.

mod action;
mod advice;
mod limits;

use super::edit::{remove, replace};
use super::object::Object;
use super::part::Part;
use super::snippet;
use super::text::is_blank;
use crate::document::parse::quoted;
use crate::document::{Member, Node};
use action::{Action, action};
use advice::Advice;
use limits::limits;

/// The advice about an unknown member of `object`, `None` for a key that is
/// nobody's.
pub(super) fn advise(member: &Member, object: &Object<'_>) -> Option<Advice> {
    let key = member.key.to_lowercase().replace('-', "_");
    Some(match key.as_str() {
        "rate_limit" | "ratelimit" | "rate_limits" | "limit" => limits(member, object),
        "limits" if object.context.part == Part::Policy => limits(member, object),
        "action" => action(member, object),
        "reason" | "message" => reason(member, object),
        "rules" => rules(member, object),
        "$schema" | "$id" | "name" | "title" | "description" | "comment" | "$comment"
        | "_comment" | "//" => note(&key, member, object),
        _ => return None,
    })
}

fn reason(member: &Member, object: &Object<'_>) -> Advice {
    let context = object.context;
    let key = quoted(&member.key);
    let message = format!("The format has no {key}: what the agent reads is \"on_deny\"");
    let text = member.value.as_str().filter(|text| !is_blank(text));
    let shown = format!(
        "\"on_deny\": {}",
        quoted(text.unwrap_or("Ask a person to do this"))
    );
    match context.part {
        Part::Rule(_) | Part::Limit(_) if object.is_free("on_deny") => {
            let advice = Advice::new(message, format!("write {shown}"));
            match text {
                Some(text) => advice
                    .edits([replace(
                        member,
                        format!("\"on_deny\": {}", snippet::string(text)),
                    )])
                    .supplies(["on_deny"]),
                None => advice,
            }
        }
        Part::Rule(_) | Part::Limit(_) => Advice::new(
            message,
            format!("\"on_deny\" is there already; remove {key}"),
        ),
        Part::Condition => Advice::new(
            message,
            format!("write {shown} beside \"conditions\", in the rule"),
        ),
        _ => Advice::new(
            message,
            format!("write {shown} inside the rule or the limit that refuses"),
        ),
    }
}

fn rules(member: &Member, object: &Object<'_>) -> Advice {
    /// The help is one line for a person; the repair may be longer.
    const LONGEST_SHOWN: usize = 300;
    const EXAMPLE: &str =
        r#""deny_if": [{"conditions": [{"path": "args.amount", "op": "gt", "value": 100}]}]"#;
    let key = quoted(&member.key);
    let message =
        format!("The format has no {key}: the rules of a tool are \"require\" and \"deny_if\"");
    match object.context.part {
        Part::ToolRules => {
            let lead = "rules that a call must meet stand in \"require\", rules that refuse it in \"deny_if\"";
            match denials(&member.value) {
                Some(text) => {
                    let shown = if text.len() <= LONGEST_SHOWN {
                        &text
                    } else {
                        EXAMPLE
                    };
                    let advice = Advice::new(message, format!("{lead}: {shown}"));
                    if object.is_free("deny_if") {
                        advice.edits([replace(member, text)]).supplies(["deny_if"])
                    } else {
                        advice
                    }
                }
                None => Advice::new(message, format!("{lead}: {EXAMPLE}")),
            }
        }
        Part::Policy => Advice::new(
            message,
            format!(
                "rules stand under the name of their tool: \"tools\": {{\"create_refund\": {{{EXAMPLE}}}}}"
            ),
        ),
        _ => Advice::new(
            message,
            format!("for example, in the rules of a tool, {EXAMPLE}"),
        ),
    }
}

/// Rules that all say that they deny, as a `deny_if`; `None` where anything
/// else is said, because then `require` may have been meant.
fn denials(node: &Node) -> Option<String> {
    let mut texts = Vec::new();
    for rule in node.items() {
        let mut denies = false;
        let mut conditions = None;
        let mut on_deny = None;
        for member in rule.members() {
            match member.key.as_str() {
                "action" => denies = Action::of(&member.value) == Action::Deny,
                "conditions" => conditions = Some(snippet::value(&member.value)),
                "reason" | "message" | "on_deny" => {
                    on_deny = Some(member.value.as_str().filter(|text| !is_blank(text))?);
                }
                _ => return None,
            }
        }
        if !denies {
            return None;
        }
        let conditions = conditions.unwrap_or_else(|| "[]".to_owned());
        texts.push(match on_deny {
            Some(text) => format!(
                "{{\"conditions\": {conditions}, \"on_deny\": {}}}",
                snippet::string(text)
            ),
            None => format!("{{\"conditions\": {conditions}}}"),
        });
    }
    (!texts.is_empty()).then(|| format!("\"deny_if\": [{}]", texts.join(", ")))
}

/// Names and notes, which the format does not have.
fn note(key: &str, member: &Member, object: &Object<'_>) -> Advice {
    let context = object.context;
    let message = format!(
        "{} has no member {}",
        context.part.noun(),
        quoted(&member.key)
    );
    let text = member.value.as_str().filter(|text| !is_blank(text));
    if let (Part::Limit(_), "name", Some(name)) = (context.part, key, text)
        && object.is_free("counter")
    {
        return Advice::new(
            message,
            format!(
                "a limit is named by its counter: write \"counter\": {}",
                quoted(name)
            ),
        )
        .edits([replace(
            member,
            format!("\"counter\": {}", snippet::string(name)),
        )])
        .supplies(["counter"]);
    }
    let help = match (key, context.part) {
        ("$schema" | "$id", _) => {
            "the format has no place for it; remove it, and let your editor find the schema by the file's name"
        }
        ("name" | "title", Part::Policy) => {
            "the format has no place for it; remove it, the file's name can name the policy"
        }
        ("name" | "title", Part::ToolRules) => {
            "the tool's name is the key that these rules stand under; remove it"
        }
        (_, Part::Rule(_) | Part::Limit(_)) => {
            "the format has no place for notes; remove it, or write what the agent should read into \"on_deny\""
        }
        _ => "the format has no place for notes; remove it, and keep notes beside the file",
    };
    Advice::new(message, help).edits([remove(context.node, member)])
}
