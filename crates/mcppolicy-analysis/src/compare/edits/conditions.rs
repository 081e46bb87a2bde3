//! Edits of rules under `require` and `deny_if`, and of their conditions.

use std::collections::HashSet;

use super::pairing::Pairing;
use super::text;
use super::{added, removed, reordered, side};
use crate::compare::edit::{Edit, EditKind, EditSide, Effect, Element, Ends, Target};
use mcppolicy_engine::engine::Kind as Step;
use mcppolicy_engine::policy::{Condition, Rule, Test};
use mcppolicy_engine::source::Span;
use mcppolicy_engine::value::Value;

/// The edits of one list of rules.
pub(super) fn of_rules(step: Step, old: &[Rule], new: &[Rule], edits: &mut Vec<Edit>) {
    let pairing = paired(old, new);
    let moved = pairing.moved();
    for ends in pairing.ends() {
        let before = ends.old.and_then(|at| old.get(at));
        let after = ends.new.and_then(|at| new.get(at));
        let element = match step {
            Step::DenyIf => Element::DenyIf,
            _ => Element::Require,
        };
        let of = |rule: &Rule| side(&rule.pointer, rule.span, text::rule(rule));
        let target = Target::Rule(step, ends);
        match (before, after) {
            (Some(rule), None) => edits.push(removed(element, of(rule), target)),
            (None, Some(rule)) => edits.push(added(element, of(rule), target)),
            (Some(before), Some(after)) => {
                if ends.old.and_then(|at| moved.get(at)) == Some(&true) {
                    edits.push(reordered(element, of(before), of(after)));
                }
                let positions = (ends.old.unwrap_or(0), ends.new.unwrap_or(0));
                of_conditions(step, positions, (before, after), edits);
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

fn paired(old: &[Rule], new: &[Rule]) -> Pairing {
    let mut pairing = Pairing::new(old.len(), new.len());
    // Where both stand still, nothing has to be written down.
    let sorted = |list: &[Rule], at: usize, key: fn(&Condition) -> String| {
        let conditions = &list.get(at)?.conditions;
        let mut keys: Vec<String> = conditions.iter().map(key).collect();
        keys.sort();
        Some(keys)
    };
    pairing.by(
        |at| sorted(old, at, text::condition),
        |at| sorted(new, at, text::condition),
    );
    pairing.by(|at| sorted(old, at, kind_of), |at| sorted(new, at, kind_of));
    let features = |list: &[Rule], at: usize| {
        let conditions = list.get(at).map(|rule| rule.conditions.as_slice());
        let each = conditions.unwrap_or_default().iter();
        let features: HashSet<String> = each
            .flat_map(|condition| {
                [
                    text::condition(condition),
                    kind_of(condition),
                    condition.path.value.to_string(),
                ]
            })
            .collect();
        features.into_iter().collect()
    };
    pairing.by_least_difference(|at| features(old, at), |at| features(new, at));
    pairing
}

/// A condition without its operand.
fn kind_of(condition: &Condition) -> String {
    format!("{} {}", condition.path.value, condition.test.operator())
}

/// The edits of the conditions of one rule.
fn of_conditions(
    step: Step,
    rule: (usize, usize),
    (old_rule, new_rule): (&Rule, &Rule),
    edits: &mut Vec<Edit>,
) {
    let (old, new) = (&old_rule.conditions, &new_rule.conditions);
    let mut pairing = Pairing::new(old.len(), new.len());
    let key = |list: &[Condition], at: usize, key: fn(&Condition) -> String| list.get(at).map(key);
    pairing.by(
        |at| key(old, at, text::condition),
        |at| key(new, at, text::condition),
    );
    pairing.by(|at| key(old, at, kind_of), |at| key(new, at, kind_of));
    let path_of = |condition: &Condition| condition.path.value.to_string();
    pairing.by(|at| key(old, at, path_of), |at| key(new, at, path_of));
    let moved = pairing.moved();
    for ends in pairing.ends() {
        let before = ends.old.and_then(|at| old.get(at));
        let after = ends.new.and_then(|at| new.get(at));
        let of = |condition: &Condition| {
            side(
                &condition.pointer,
                condition.span,
                text::condition(condition),
            )
        };
        let target = Target::Condition(step, rule, ends);
        match (before, after) {
            (Some(condition), None) => {
                let edit = removed(Element::Condition, of(condition), target);
                edits.push(in_rule(step, "removed from", old_rule, edit));
            }
            (None, Some(condition)) => {
                let edit = added(Element::Condition, of(condition), target);
                edits.push(in_rule(step, "added to", old_rule, edit));
            }
            (Some(before), Some(after)) => {
                if ends.old.and_then(|at| moved.get(at)) == Some(&true) {
                    edits.push(reordered(Element::Condition, of(before), of(after)));
                }
                edits.extend(changed(step, rule, ends, before, after));
            }
            (None, None) => {}
        }
    }
}

/// `condition added to deny_if (amount gt 100): vip eq true`, with the rule as it was.
fn in_rule(step: Step, what: &str, rule: &Rule, edit: Edit) -> Edit {
    let side = edit.new.as_ref().or(edit.old.as_ref());
    let words = side.map_or("", |side| side.text.as_str());
    Edit {
        summary: format!(
            "condition {what} {} ({}): {}",
            step_name(step),
            text::short(&text::rule(rule)),
            text::short(words)
        ),
        ..edit
    }
}

const fn step_name(step: Step) -> &'static str {
    match step {
        Step::DenyIf => "deny_if",
        _ => "require",
    }
}

/// The edit that makes one condition of another on the same argument; none
/// where they are equal.
fn changed(
    step: Step,
    rule: (usize, usize),
    ends: Ends,
    before: &Condition,
    after: &Condition,
) -> Option<Edit> {
    if super::super::wording::same_test(&before.test, &after.test) {
        return None;
    }
    let same_operator = before.test.operator() == after.test.operator();
    let place = |condition: &Condition| -> (String, Span) {
        if same_operator {
            (format!("{}/value", condition.pointer), condition.value_span)
        } else {
            (condition.pointer.clone(), condition.span)
        }
    };
    let path = text::path(&after.path.value);
    let operators = if same_operator {
        after.test.operator().to_owned()
    } else {
        String::new()
    };
    let (kind, values) = match (&before.test, &after.test) {
        (Test::In(old), Test::In(new)) | (Test::NotIn(old), Test::NotIn(new)) => {
            of_members(old, new)
        }
        (old, new) if same_operator => {
            let [old, new] = [old, new].map(text::operand);
            let values = match (&before.test, &after.test) {
                (Test::Regex(old), Test::Regex(new)) => text::both(old.as_str(), new.as_str()),
                _ => format!("{} → {}", text::short(&old), text::short(&new)),
            };
            (EditKind::Changed, format!(" {values}"))
        }
        (old, new) => {
            let [old, new] =
                [old, new].map(|test| format!("{} {}", test.operator(), text::operand(test)));
            let values = format!("{} → {}", text::short(&old), text::short(&new));
            (EditKind::Changed, values)
        }
    };
    let prefix = match step {
        Step::DenyIf => "deny_if: ",
        _ => "",
    };
    let sides = [before, after].map(|condition| {
        let (pointer, span) = place(condition);
        side(&pointer, span, text::condition(condition))
    });
    let unit = match (&before.test, &after.test) {
        (Test::Regex(_), Test::Regex(_)) => text::Unit::Characters,
        _ => text::Unit::Words,
    };
    let [old, new] = super::marked(sides, unit);
    let is_reworded = kind == EditKind::Reworded;
    Some(Edit {
        kind,
        element: Element::Condition,
        summary: format!("{prefix}{path} {operators}{values}"),
        old: Some(old),
        new: Some(new),
        effect: if is_reworded {
            Effect::Nothing(Some("the list has the same members".to_owned()))
        } else {
            Effect::Unknown
        },
        target: if is_reworded {
            Target::Words
        } else {
            Target::Condition(step, rule, ends)
        },
    })
}

/// What a list gained and lost.
fn of_members(old: &[Value], new: &[Value]) -> (EditKind, String) {
    let texts = |list: &[Value]| list.iter().map(Value::to_string).collect::<Vec<_>>();
    let (old_texts, new_texts) = (texts(old), texts(new));
    let only = |list: &[Value], texts: &[String], other: &[String]| {
        let mut known: HashSet<String> = other.iter().cloned().collect();
        let each = list.iter().zip(texts);
        let only = each.filter(|(_, text)| known.insert((*text).clone()));
        only.map(|(value, _)| value.clone()).collect::<Vec<_>>()
    };
    let gained = only(new, &new_texts, &old_texts);
    let lost = only(old, &old_texts, &new_texts);
    if gained.is_empty() && lost.is_empty() {
        return (
            EditKind::Reworded,
            ": the same members, written otherwise".to_owned(),
        );
    }
    let shown = |sign, values: &[Value]| text::members(sign, &values.iter().collect::<Vec<_>>());
    let values = format!("{}{}", shown('+', &gained), shown('-', &lost));
    (EditKind::Changed, values)
}

/// Keeps the type in the signature of callers short.
pub(super) type Sides = [EditSide; 2];
