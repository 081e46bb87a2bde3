//! What was edited: the elements of two policies, paired and put side by side.

mod conditions;
mod limits;
mod pairing;
mod remains;
mod text;

use super::compiled::Compiled;
use super::edit::{Edit, EditKind, EditSide, Effect, Element, Target};
use crate::words;
use mcppolicy_engine::engine::Kind as Step;
use mcppolicy_engine::policy::{DefaultDecision, Limit, Spanned, ToolRules};
use mcppolicy_engine::source::Span;

/// The edits that concern one tool, in the order in which a call meets the
/// elements: `hide`, `default`, the tool, its rules, its limits.
pub(super) fn of_tool(old: &Compiled<'_>, new: &Compiled<'_>, tool: &str) -> Vec<Edit> {
    let mut edits = Vec::new();
    of_hidden(old, new, tool, &mut edits);
    if old.tool(tool).is_none() || new.tool(tool).is_none() {
        edits.extend(of_default(old, new));
    }
    match (old.tool(tool), new.tool(tool)) {
        (Some(before), Some(after)) => {
            of_rules(before, after, &mut edits);
            remains::tell(before, after, &new.policy.all_tools, &mut edits);
        }
        (Some(before), None) => {
            edits.push(removed(Element::Tool, whole(before), Target::Tool));
        }
        (None, Some(after)) => edits.push(added(Element::Tool, whole(after), Target::Tool)),
        (None, None) => {}
    }
    moved_out(old, new, tool, &mut edits);
    edits
}

/// The edits of the limits on all tools.
pub(super) fn of_all_tools(old: &Compiled<'_>, new: &Compiled<'_>) -> Vec<Edit> {
    let mut edits = Vec::new();
    limits::of_limits(&old.policy.all_tools, &new.policy.all_tools, &mut edits);
    edits
}

fn of_rules(old: &ToolRules, new: &ToolRules, edits: &mut Vec<Edit>) {
    conditions::of_rules(Step::Require, &old.require, &new.require, edits);
    conditions::of_rules(Step::DenyIf, &old.deny_if, &new.deny_if, edits);
    limits::of_limits(&old.limits, &new.limits, edits);
}

fn of_hidden(old: &Compiled<'_>, new: &Compiled<'_>, tool: &str, edits: &mut Vec<Edit>) {
    for name in [tool, "*"] {
        let entry = |of: &Compiled<'_>| {
            let at = of.hidden_as(name)?;
            let span = of.policy.hide.get(at)?.span;
            let text = text::quoted(name);
            Some((at, side(&format!("/hide/{at}"), span, text)))
        };
        match (entry(old), entry(new)) {
            (Some((at, side)), None) => {
                edits.push(removed(Element::HiddenName, side, Target::Hide(Some(at))));
            }
            (None, Some((at, side))) => {
                edits.push(added(Element::HiddenName, side, Target::Hide(Some(at))));
            }
            _ => {}
        }
        if tool == "*" {
            break;
        }
    }
}

fn of_default(old: &Compiled<'_>, new: &Compiled<'_>) -> Option<Edit> {
    let [before, after] = [old, new].map(|of| &of.policy.default);
    if before.value == after.value {
        return None;
    }
    let place = |default: &Spanned<_>, name: &str| side("/default", default.span, name.to_owned());
    let [from, to] = [before, after].map(|default| default.value.name());
    let now = match after.value {
        DefaultDecision::Allow => "pass",
        DefaultDecision::Deny => "are refused",
    };
    Some(Edit {
        kind: EditKind::Changed,
        element: Element::Default,
        summary: format!("default {from} → {to}; calls of tools that are not listed {now} now"),
        old: Some(place(before, from)),
        new: Some(place(after, to)),
        effect: Effect::Unknown,
        target: Target::Default,
    })
}

/// A tool with what its rules let through.
fn whole(rules: &ToolRules) -> EditSide {
    let words = format!(
        "{} {}",
        text::quoted(&rules.name),
        words::listed(rules).predicate()
    );
    side(&rules.pointer, rules.name_span, words)
}

/// Says of a limit that left the tool, or came to it, that it is one of the
/// limits on all tools now, or was.
fn moved_out(old: &Compiled<'_>, new: &Compiled<'_>, tool: &str, edits: &mut [Edit]) {
    let lists = [old, new].map(|of| {
        let own = of.tool(tool).map(|rules| rules.limits.as_slice());
        (own.unwrap_or_default(), of.policy.all_tools.as_slice())
    });
    let [(old_own, old_shared), (new_own, new_shared)] = lists;
    for edit in edits {
        let Target::Limit(ends) = edit.target else {
            continue;
        };
        let (shared, was, own) = match (edit.kind, ends.old, ends.new) {
            (EditKind::Removed, Some(at), _) => (new_shared, old_shared, old_own.get(at)),
            (EditKind::Added, _, Some(at)) => (old_shared, new_shared, new_own.get(at)),
            _ => continue,
        };
        let Some(own) = own.filter(|own| own.increment_from.is_none()) else {
            continue;
        };
        // Not one that was there all the time.
        let is_there = |limit: &Limit| was.iter().any(|w| w.counter.value == limit.counter.value);
        let fresh = || shared.iter().filter(|limit| !is_there(limit));
        let partner = fresh()
            .find(|limit| limit.counter.value == own.counter.value)
            .or_else(|| {
                let same = |limit: &&Limit| {
                    (limit.window.value, limit.max.value) == (own.window.value, own.max.value)
                };
                fresh().find(same)
            });
        let Some(partner) = partner else { continue };
        let side = Some(limits::of(partner));
        let name = text::quoted(&own.counter.value);
        let (from, to) = if edit.kind == EditKind::Removed {
            edit.new = side;
            edit.summary = format!("limit {} moved to all_tools", text::short(&name));
            (own, partner)
        } else {
            edit.old = side;
            edit.summary = format!("limit {} moved from all_tools", text::short(&name));
            (partner, own)
        };
        let [from, to] = [from, to].map(text::bound);
        let bound = if from == to {
            from
        } else {
            format!("{from} → {to}")
        };
        edit.summary = format!("{}: {bound}", edit.summary);
        edit.kind = EditKind::Moved;
    }
}

/// The place and text of a message, where there is one.
type Message<'m> = (&'m str, Span, Option<&'m Spanned<String>>);

/// An edit of what agents are told.
fn of_message(old: Message<'_>, new: Message<'_>, edits: &mut Vec<Edit>) {
    let said = |message: &Message<'_>| message.2.map(|text| text.value.clone());
    let (before, after) = (said(&old), said(&new));
    if before == after {
        return;
    }
    let place = |(pointer, span, message): Message<'_>| match message {
        Some(message) => side(
            &format!("{pointer}/on_deny"),
            message.span,
            message.value.clone(),
        ),
        None => side(pointer, span, String::new()),
    };
    let summary = match (&before, &after) {
        (Some(before), Some(after)) => format!("on_deny {}", text::both(before, after)),
        (None, Some(after)) => format!(
            "on_deny added: {}",
            text::quoted(&crate::shorten::text(after))
        ),
        (Some(before), None) => {
            format!(
                "on_deny removed: {}",
                text::quoted(&crate::shorten::text(before))
            )
        }
        (None, None) => return,
    };
    let [old, new] = marked([place(old), place(new)], text::Unit::Words);
    edits.push(Edit {
        kind: EditKind::Reworded,
        element: Element::Message,
        old: Some(old),
        new: Some(new),
        summary,
        effect: Effect::Nothing(Some("a message decides nothing".to_owned())),
        target: Target::Words,
    });
}

fn side(pointer: &str, span: Span, text: String) -> EditSide {
    EditSide {
        pointer: pointer.to_owned(),
        span,
        text,
        changed: Vec::new(),
    }
}

/// Both sides, with what differs in their texts marked.
fn marked([mut old, mut new]: conditions::Sides, unit: text::Unit) -> conditions::Sides {
    [old.changed, new.changed] = text::marks(&old.text, &new.text, unit);
    [old, new]
}

fn added(element: Element, side: EditSide, target: Target) -> Edit {
    Edit {
        kind: EditKind::Added,
        element,
        summary: format!("{} added: {}", element.name(), text::short(&side.text)),
        old: None,
        new: Some(side),
        effect: Effect::Unknown,
        target,
    }
}

fn removed(element: Element, side: EditSide, target: Target) -> Edit {
    Edit {
        kind: EditKind::Removed,
        element,
        summary: format!("{} removed: {}", element.name(), text::short(&side.text)),
        old: Some(side),
        new: None,
        effect: Effect::Unknown,
        target,
    }
}

/// An element that stands before or behind others now.
fn reordered(element: Element, old: EditSide, new: EditSide) -> Edit {
    Edit {
        kind: EditKind::Moved,
        element,
        summary: format!("{} moved: {}", element.name(), text::short(&new.text)),
        old: Some(old),
        new: Some(new),
        effect: Effect::Nothing(Some(
            "the order decides only which of several refuses a call".to_owned(),
        )),
        target: Target::Words,
    }
}
