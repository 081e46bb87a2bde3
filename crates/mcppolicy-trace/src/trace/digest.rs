//! A number for a JSON value, by which equal ones are found: the order of members and
//! the way in which a number or a string is written make no difference.

use std::hash::{BuildHasher, Hash};

use foldhash::fast::FixedState;
use mcppolicy_engine::document::borrowed::{Node, NodeKind};
use mcppolicy_engine::value::Value;

/// Of a value that is read from its text. No object in it repeats a key.
pub(super) fn of_node(node: Node<'_>) -> u64 {
    match node.kind() {
        NodeKind::Null => of_null(),
        NodeKind::Bool(truth) => of(truth),
        NodeKind::Number(number) => of(number.to_bits()),
        NodeKind::String(text) => of(text),
        NodeKind::Array(items) => of_array(items.map(of_node)),
        NodeKind::Object(members) => {
            of_object(members.map(|member| (member.key, of_node(member.value))))
        }
    }
}

/// Of a value.
pub(super) fn of_value(value: &Value) -> u64 {
    match value {
        Value::Null => of_null(),
        Value::Bool(truth) => of(truth),
        Value::Number(number) => of(number.to_bits()),
        Value::String(text) => of(text.as_str()),
        Value::Array(items) => of_array(items.iter().map(of_value)),
        Value::Object(members) => of_object(
            members
                .iter()
                .map(|(key, value)| (key.as_str(), of_value(value))),
        ),
    }
}

fn of(value: impl Hash) -> u64 {
    FixedState::with_seed(3).hash_one(value)
}

fn of_null() -> u64 {
    of(())
}

fn of_array(items: impl Iterator<Item = u64>) -> u64 {
    items.fold(of('['), |digest, item| of((digest, item)))
}

fn of_object<'k>(members: impl Iterator<Item = (&'k str, u64)>) -> u64 {
    // A sum, since members have no order.
    let sum = members.fold(0_u64, |sum, member| sum.wrapping_add(of(member)));
    of(('{', sum))
}
