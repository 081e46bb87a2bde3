//! Small changes of one limit.

use std::collections::BTreeSet;

use super::super::edit::{Edit, Mutant};
use super::super::operator::Operator;
use super::mutant;
use crate::elements as text;
use crate::inventory;
use crate::inventory::schema::{JsonType, Presence};
use mcppolicy_engine::policy::{Limit, Path, Policy, Spanned, Window};
use serde_json::Value;

/// The limits that differ from this one in one small thing, each with what that
/// is; `None` is no limit. `is_named` says that an expectation names its message.
pub(super) fn changed(
    limit: &Limit,
    listed: Option<&inventory::Tool>,
    is_named: bool,
) -> Vec<(Operator, Option<Limit>, String)> {
    let counter = &limit.counter.value;
    let mut made = vec![(
        Operator::LimitDrop,
        None,
        format!("the limit `{counter}` is left out"),
    )];
    let mut add = |operator, what: String, change: &dyn Fn(&mut Limit)| {
        let mut other = limit.clone();
        change(&mut other);
        made.push((operator, Some(other), what));
    };
    let max = limit.max.value;
    if max < Limit::LARGEST_MAX {
        let what = format!("max {max} becomes {}", max + 1);
        add(Operator::LimitUp, what, &|limit| limit.max.value += 1);
    }
    if max > 1 {
        let what = format!("max {max} becomes {}", max - 1);
        add(Operator::LimitDown, what, &|limit| limit.max.value -= 1);
    }
    for other in next_windows(limit.window.value) {
        let what = format!("{} becomes {}", limit.window.value.name(), other.name());
        add(Operator::LimitWindow, what, &|limit| {
            limit.window.value = *other
        });
    }
    match &limit.increment_from {
        Some(path) => {
            let what = format!("calls are counted, not {}", path.value);
            add(Operator::LimitCount, what, &|limit| {
                limit.increment_from = None
            });
        }
        None => {
            if let Some(path) = amount(listed) {
                let what = format!("{path} is added up, not calls counted");
                let span = limit.counter.span;
                let from = Spanned { value: path, span };
                add(Operator::LimitAmount, what, &|limit| {
                    limit.increment_from = Some(from.clone());
                });
            }
        }
    }
    if is_named && limit.on_deny.is_some() {
        let what = "`on_deny` is left out".to_owned();
        add(Operator::Message, what, &|limit| limit.on_deny = None);
    }
    made
}

/// The windows that are one longer and one shorter.
const fn next_windows(window: Window) -> &'static [Window] {
    match window {
        Window::Minute | Window::Day => &[Window::Hour],
        Window::Hour => &[Window::Day, Window::Minute],
    }
}

/// The first argument that is a number.
fn amount(listed: Option<&inventory::Tool>) -> Option<Path> {
    let schema = listed?.arguments();
    let is_number = |name: &&str| {
        let argument = schema.argument(&[name]);
        let types = argument.shape.types;
        argument.presence == Presence::Declared
            && types.has_number()
            && !types.has(JsonType::String)
            && !name.contains('.')
    };
    let name = schema.names().into_iter().find(is_number)?;
    Path::parse(&format!("args.{name}")).ok()
}

/// The mutants of the limits for all tools.
pub(super) fn of_all_tools(policy: &Policy, messages: &BTreeSet<String>) -> Vec<Mutant> {
    let mut made = Vec::new();
    for (at, limit) in policy.all_tools.iter().enumerate() {
        let is_named = messages.contains(&limit.pointer);
        for (operator, other, what) in changed(limit, None, is_named) {
            let place = (limit.pointer.clone(), limit.span);
            let to = other.as_ref().map_or(Value::Null, text::limit);
            let edit = Edit::AllTools(at, other.map(Box::new));
            made.push(mutant(
                operator,
                place,
                [text::limit(limit), to],
                what,
                edit,
            ));
        }
    }
    made
}
