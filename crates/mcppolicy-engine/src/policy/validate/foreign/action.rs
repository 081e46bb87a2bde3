//! `action`: in the format, what a rule does follows from where it is.

use super::super::edit::{remove, replace};
use super::super::object::Object;
use super::super::part::{Clause, Part};
use super::super::snippet;
use super::super::text::is_blank;
use super::super::vocabulary::asks_a_person;
use super::advice::Advice;
use crate::document::parse::quoted;
use crate::document::{Member, Node};

/// What an `action` asks for.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Action {
    Deny,
    Allow,
    Approve,
    RateLimit,
    Other,
}

impl Action {
    pub(super) fn of(node: &Node) -> Action {
        let word = node.as_str().unwrap_or_default().to_lowercase();
        match word.as_str() {
            "deny" | "block" | "reject" | "refuse" => Action::Deny,
            "allow" | "permit" | "pass" => Action::Allow,
            "rate_limit" | "rate-limit" | "throttle" | "limit" => Action::RateLimit,
            word if asks_a_person(word) => Action::Approve,
            _ => Action::Other,
        }
    }
}

pub(super) fn action(member: &Member, object: &Object<'_>) -> Advice {
    let context = object.context;
    let key = quoted(&member.key);
    let action = Action::of(&member.value);
    let message = match action {
        Action::Approve => format!(
            "The format has no {key}: {} is not possible, a call passes or is refused",
            quoted(member.value.as_str().unwrap_or_default())
        ),
        _ => format!("The format has no {key}: what a rule does follows from where it stands"),
    };
    let removed = || [remove(context.node, member)];
    match (context.part, action) {
        (Part::Policy, Action::Deny | Action::Allow) => {
            let word = if action == Action::Deny {
                "deny"
            } else {
                "allow"
            };
            let text = format!("\"default\": \"{word}\"");
            if object.is_free("default") {
                return Advice::new(message, format!("write {text}"))
                    .edits([replace(member, text)])
                    .supplies(["default"]);
            }
            let advice = Advice::new(
                message,
                format!("\"default\" decides the tools that are not listed; remove {key}"),
            );
            if context.node.get("default").and_then(Node::as_str) == Some(word) {
                advice.edits(removed())
            } else {
                advice
            }
        }
        (Part::ToolRules, Action::Deny) => deny_tool(message, member, object),
        (Part::ToolRules, Action::Allow) => Advice::new(
            message,
            format!("a listed tool may be called unless a rule or a limit refuses; remove {key}"),
        )
        .edits(removed()),
        (Part::ToolRules, Action::RateLimit) => {
            let limit = snippet::limit(&context.counter(), "minute", 10);
            Advice::new(message, format!("for example \"limits\": [{limit}]"))
        }
        (Part::ToolRules, Action::Approve) => Advice::new(
            message,
            "refuse the call and say why: \"deny_if\": [{\"conditions\": [], \"on_deny\": \"Ask a person to do this\"}]",
        ),
        (Part::Rule(Clause::DenyIf), Action::Deny) => Advice::new(
            message,
            format!("a rule in \"deny_if\" refuses already; remove {key}"),
        )
        .edits(removed()),
        (Part::Rule(Clause::DenyIf), Action::Allow) => Advice::new(
            message,
            "a rule in \"deny_if\" can only refuse; what a call must meet stands in \"require\"",
        ),
        (Part::Rule(Clause::Require), Action::Allow) => Advice::new(
            message,
            format!("a rule in \"require\" lets the calls pass that meet it; remove {key}"),
        )
        .edits(removed()),
        (Part::Rule(Clause::Require), Action::Deny) => Advice::new(
            message,
            "a rule in \"require\" refuses the calls that do not meet it; to refuse those that do, move it to \"deny_if\"",
        ),
        (Part::Rule(_), Action::Approve) => Advice::new(
            message,
            format!(
                "remove {key}, and tell the agent what to do instead: \"on_deny\": \"Ask a person to do this\""
            ),
        ),
        (Part::Limit(_), Action::Deny) => Advice::new(
            message,
            format!("a limit refuses the calls beyond it already; remove {key}"),
        )
        .edits(removed()),
        _ => Advice::new(
            message,
            "rules in \"require\" say what a call must meet, rules in \"deny_if\" what is refused; to block a tool, write \"deny_if\": [{\"conditions\": []}]",
        ),
    }
}

/// `"action": "deny"` in the rules of a tool.
fn deny_tool(message: String, member: &Member, object: &Object<'_>) -> Advice {
    let context = object.context;
    let key = quoted(&member.key);
    if object.has("deny_if") {
        // Whether those rules were all that was meant, is unknown; removing the
        // key could open a tool that its author believes to be blocked.
        return Advice::new(
            message,
            format!(
                "rules in \"deny_if\" refuse already: remove {key}, or add {{\"conditions\": []}} to them to refuse every call"
            ),
        );
    }
    // The reason that was given beside it moves along.
    let reason = ["reason", "message"]
        .iter()
        .filter_map(|key| context.node.member(key))
        .find(|reason| reason.value.as_str().is_some_and(|text| !is_blank(text)));
    let rule = |text: Option<String>| match text {
        Some(text) => format!("\"deny_if\": [{{\"conditions\": [], \"on_deny\": {text}}}]"),
        None => "\"deny_if\": [{\"conditions\": []}]".to_owned(),
    };
    let text = reason.and_then(|reason| reason.value.as_str());
    let shown = rule(text.map(quoted));
    if object.has("require") {
        return Advice::new(
            message,
            format!(
                "calls that do not meet \"require\" are refused already; to refuse every call, write {shown}"
            ),
        );
    }
    let mut edits = vec![replace(member, rule(text.map(snippet::string)))];
    edits.extend(reason.map(|reason| remove(context.node, reason)));
    let advice = Advice::new(message, format!("to block the tool, write {shown}"));
    if object.is_free("deny_if") {
        advice.edits(edits).supplies(["deny_if"])
    } else {
        advice
    }
}
