//! Edits of limits.

use super::pairing::Pairing;
use super::text;
use super::{added, removed, reordered, side};
use crate::compare::edit::{Edit, EditKind, EditSide, Effect, Element, Ends, Target};
use mcppolicy_engine::policy::{Limit, Path, Window};
use mcppolicy_engine::source::Span;

type Counted<'l> = (Window, Option<&'l Path>);

fn counted(limit: &Limit) -> Counted<'_> {
    let path = limit.increment_from.as_ref().map(|path| &path.value);
    (limit.window.value, path)
}

/// The edits of one list of limits.
pub(super) fn of_limits(old: &[Limit], new: &[Limit], edits: &mut Vec<Edit>) {
    let mut pairing = Pairing::new(old.len(), new.len());
    pairing.by(
        |at| Some(old.get(at)?.counter.value.as_str()),
        |at| Some(new.get(at)?.counter.value.as_str()),
    );
    let exactly = |limit: &Limit| limit.max.value;
    pairing.by(
        |at| old.get(at).map(|limit| (counted(limit), exactly(limit))),
        |at| new.get(at).map(|limit| (counted(limit), exactly(limit))),
    );
    pairing.by(|at| old.get(at).map(counted), |at| new.get(at).map(counted));
    let moved = pairing.moved();
    for ends in pairing.ends() {
        let before = ends.old.and_then(|at| old.get(at));
        let after = ends.new.and_then(|at| new.get(at));
        let target = Target::Limit(ends);
        match (before, after) {
            (Some(limit), None) => edits.push(removed(Element::Limit, of(limit), target)),
            (None, Some(limit)) => edits.push(added(Element::Limit, of(limit), target)),
            (Some(before), Some(after)) => {
                if ends.old.and_then(|at| moved.get(at)) == Some(&true) {
                    edits.push(reordered(Element::Limit, of(before), of(after)));
                }
                edits.extend(renamed(before, after));
                edits.extend(changed(ends, before, after));
                super::of_message(
                    (&before.pointer, before.span, before.on_deny.as_ref()),
                    (&after.pointer, after.span, after.on_deny.as_ref()),
                    edits,
                );
            }
            (None, None) => {}
        }
    }
}

pub(super) fn of(limit: &Limit) -> EditSide {
    side(&limit.pointer, limit.span, text::limit(limit))
}

fn renamed(before: &Limit, after: &Limit) -> Option<Edit> {
    let (old, new) = (&before.counter, &after.counter);
    if old.value == new.value {
        return None;
    }
    let place = |limit: &Limit| {
        let pointer = format!("{}/counter", limit.pointer);
        side(&pointer, limit.counter.span, text::limit(limit))
    };
    let [old_side, new_side] = super::marked([place(before), place(after)], text::Unit::Words);
    Some(Edit {
        kind: EditKind::Renamed,
        element: Element::Limit,
        old: Some(old_side),
        new: Some(new_side),
        summary: format!("counter {}", text::both(&old.value, &new.value)),
        effect: Effect::Nothing(Some("a counter's name decides nothing".to_owned())),
        target: Target::Words,
    })
}

fn changed(ends: Ends, before: &Limit, after: &Limit) -> Option<Edit> {
    let mut parts = Vec::new();
    let mut members: Vec<(&str, [Span; 2])> = Vec::new();
    let window = after.window.value.name();
    let is_max = before.max.value != after.max.value;
    let is_window = before.window.value != after.window.value;
    let per = if is_window {
        String::new()
    } else {
        format!(" per {window}")
    };
    if is_max {
        let [old, new] = [before, after].map(|limit| text::number(limit.max.value));
        parts.push(format!("max {old} → {new}{per}"));
        members.push(("max", [before.max.span, after.max.span]));
    }
    if is_window {
        let old = before.window.value.name();
        parts.push(format!("window {old} → {window}"));
        members.push(("window", [before.window.span, after.window.span]));
    }
    let [old, new] = [before, after].map(|limit| limit.increment_from.as_ref());
    let both = [old, new].map(|path| path.map(|path| text::path(&path.value)));
    match &both {
        [Some(old), Some(new)] if old != new => {
            parts.push(format!("increment_from {old} → {new}"));
        }
        [Some(of), None] | [None, Some(of)] => {
            let unit = |limit: &Limit| match limit.increment_from {
                Some(_) => format!("sum of {of}"),
                None => "number of calls".to_owned(),
            };
            // The numbers alone would read like one limit.
            let bound = |limit: &Limit| {
                let max = text::number(limit.max.value);
                let window = limit.window.value.name();
                format!("{}, max {max} per {window}", unit(limit))
            };
            parts = vec![format!("{} → {}", bound(before), bound(after))];
        }
        _ => {}
    }
    let unit = match &both {
        [Some(old), Some(new)] if old == new => format!("sum of {old}, "),
        _ => String::new(),
    };
    if both[0] != both[1] {
        let spans = [(before, old), (after, new)];
        let spans = spans.map(|(limit, path)| path.map_or(limit.span, |path| path.span));
        members.push(("increment_from", spans));
    }
    if parts.is_empty() {
        return None;
    }
    if !is_max && both[0].is_some() == both[1].is_some() {
        parts.push(format!("max {}{per}", text::number(after.max.value)));
    }
    let place = |limit: &Limit, at: usize| {
        let text = text::limit(limit);
        match members.as_slice() {
            [(member, spans)] if *member != "increment_from" => {
                let span = spans.get(at).copied().unwrap_or(limit.span);
                side(&format!("{}/{member}", limit.pointer), span, text)
            }
            _ => side(&limit.pointer, limit.span, text),
        }
    };
    let [old, new] = super::marked([place(before, 0), place(after, 1)], text::Unit::Words);
    Some(Edit {
        kind: EditKind::Changed,
        element: Element::Limit,
        old: Some(old),
        new: Some(new),
        summary: format!(
            "limit {}: {unit}{}",
            text::short(&text::quoted(&after.counter.value)),
            parts.join(", ")
        ),
        effect: Effect::Unknown,
        target: Target::Limit(ends),
    })
}
