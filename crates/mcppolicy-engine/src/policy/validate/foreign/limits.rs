//! `rate_limit` and what else means limits: `"10/minute"`, `{"max": 10, "window": 60}`.

use std::collections::HashSet;

use super::super::edit::{append, remove, replace};
use super::super::object::Object;
use super::super::part::Part;
use super::super::rate::Rate;
use super::super::snippet;
use super::advice::Advice;
use crate::document::parse::quoted;
use crate::document::{Member, Node, NodeKind};
use crate::value::Value;

pub(super) fn limits(member: &Member, object: &Object<'_>) -> Advice {
    let context = object.context;
    let message = match context.part {
        Part::Limit(_) => format!(
            "The format has no {}: a limit says \"window\" and \"max\"",
            quoted(&member.key)
        ),
        Part::Policy if member.key == "limits" => {
            "A policy has no \"limits\" of its own: they stand under \"all_tools\" or a tool"
                .to_owned()
        }
        _ => format!(
            "The format has no {}: limits are listed under \"limits\"",
            quoted(&member.key)
        ),
    };
    if let Part::Limit(_) = context.part {
        return within_limit(message, member, object);
    }
    let texts = limit_texts(member, object);
    let odd =
        Rate::read(&member.value).and_then(|rate| rate.odd_seconds.map(|odd| (odd, rate.max)));
    let list = match (&texts, odd) {
        (Some(texts), _) => texts.join(", "),
        (None, Some((_, Some(max)))) => snippet::limit(&context.counter(), "minute", max),
        (None, _) => snippet::limit(&context.counter(), "minute", 10),
    };
    let lead = match (&texts, odd) {
        (Some(_), _) => "write ".to_owned(),
        (None, Some((seconds, _))) => format!(
            "there is no window of {} seconds, only \"minute\", \"hour\" and \"day\"; for example ",
            Value::Number(seconds)
        ),
        (None, None) => "for example ".to_owned(),
    };
    let clear = texts.is_some();
    match context.part {
        Part::ToolRules | Part::AllTools => {
            if object.is_free("limits") {
                let text = format!("\"limits\": [{list}]");
                let advice = Advice::new(message, format!("{lead}{text}"));
                return if clear {
                    advice.edits([replace(member, text)]).supplies(["limits"])
                } else {
                    advice
                };
            }
            let advice = Advice::new(message, format!("{lead}{list} into the list \"limits\""));
            match context.node.get("limits") {
                Some(array)
                    if clear
                        && matches!(array.kind, NodeKind::Array(_))
                        && !object.supplied.contains("limits") =>
                {
                    advice
                        .edits([append(array, &list), remove(context.node, member)])
                        .supplies(["limits"])
                }
                _ => advice,
            }
        }
        Part::Policy => {
            let text = format!("\"all_tools\": {{\"limits\": [{list}]}}");
            let advice = Advice::new(
                message,
                format!(
                    "{lead}{text} to count the calls of all tools together, or put \"limits\" into the rules of one tool"
                ),
            );
            if clear && object.is_free("all_tools") {
                advice
                    .edits([replace(member, text)])
                    .supplies(["all_tools"])
            } else {
                advice
            }
        }
        _ => Advice::new(
            message,
            format!(
                "limits stand beside \"require\" and \"deny_if\" in the rules of the tool: \"limits\": [{list}]"
            ),
        ),
    }
}

/// The value of a foreign key as limits, when all of it was understood; their
/// counters differ from each other and from those that are there already.
fn limit_texts(member: &Member, object: &Object<'_>) -> Option<Vec<String>> {
    let context = object.context;
    let there = context.node.get("limits").filter(|_| object.has("limits"));
    let mut taken: HashSet<String> = there
        .map_or(&[][..], Node::items)
        .iter()
        .filter_map(|limit| limit.get("counter")?.as_str().map(str::to_owned))
        .collect();
    let items = match &member.value.kind {
        NodeKind::Array(items) => items.as_slice(),
        _ => std::slice::from_ref(&member.value),
    };
    let mut texts = Vec::new();
    for item in items {
        let mut rate = Rate::read(item)?;
        let base = rate.counter.take().unwrap_or_else(|| context.counter());
        let mut name = base.clone();
        let mut number = 2;
        while !taken.insert(name.clone()) {
            name = format!("{base}_{number}");
            number += 1;
        }
        rate.counter = Some(name);
        texts.push(rate.limit("")?);
    }
    (!texts.is_empty()).then_some(texts)
}

/// `"limit": 10` and the like inside of a limit.
fn within_limit(message: String, member: &Member, object: &Object<'_>) -> Advice {
    let key = quoted(&member.key);
    let rate = Rate::read(&member.value).unwrap_or_default();
    let mut members: Vec<(&'static str, String)> = Vec::new();
    if let Some(window) = rate.window {
        members.push(("window", format!("\"window\": \"{window}\"")));
    }
    if let Some(max) = rate.max {
        members.push(("max", format!("\"max\": {max}")));
    }
    // Nothing that was said may get lost in a repair.
    let says_more = rate.odd_seconds.is_some() || rate.counter.is_some() || rate.on_deny.is_some();
    if members.is_empty() || says_more {
        return Advice::new(message, "for example \"window\": \"minute\", \"max\": 10");
    }
    let said = members.iter().map(|(name, _)| *name);
    let twice: Vec<&str> = said.filter(|name| !object.is_free(name)).collect();
    if !twice.is_empty() {
        let twice = snippet::list(twice);
        return Advice::new(
            message,
            format!("the limit says {twice} already; keep what you mean and remove {key}"),
        );
    }
    let counter = snippet::string(&object.context.counter());
    members.insert(0, ("counter", format!("\"counter\": {counter}")));
    members.push(("scope", "\"scope\": \"grant\"".to_owned()));
    members.retain(|(name, _)| object.is_free(name));
    let (names, texts): (Vec<_>, Vec<_>) = members.into_iter().unzip();
    let text = texts.join(", ");
    Advice::new(message, format!("write {text}"))
        .edits([replace(member, text)])
        .supplies(names)
}
