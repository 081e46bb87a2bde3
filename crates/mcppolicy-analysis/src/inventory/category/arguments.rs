//! What the names of a tool's arguments say, and the methods that one of them
//! chooses between.

use super::evidence::{Told, Weight};
use super::{Category, name, words};
use crate::inventory::Tool;
use crate::inventory::schema::JsonType;
use mcppolicy_engine::document::Node;
use mcppolicy_engine::value::Value;

/// What the arguments of a tool say that says nothing else.
pub(super) fn tell(tool: &Tool) -> Option<Told> {
    let told = |category, name: &str| Told {
        category,
        because: format!("argument `{name}`"),
        weight: Weight::Vague,
    };
    if let Some(code) = code(tool) {
        return Some(told(Category::Execute, code));
    }
    if let Some(amount) = amount(tool) {
        return Some(told(Category::Financial, amount));
    }
    let names = tool.arguments().names();
    let query = names
        .iter()
        .find(|name| matches!(**name, "query" | "q" | "search" | "keyword" | "keywords"))?;
    Some(told(Category::Read, query))
}

/// Raises what the words say to what an argument proves: a method that deletes,
/// an amount that is sent.
pub(super) fn raise(tool: &Tool, told: Told) -> Told {
    if told.category >= Category::Execute {
        return told;
    }
    if let Some(method) = worst_method(tool).filter(|method| method.category > Category::Write) {
        return method;
    }
    let unclear = told.weight <= Weight::Vague;
    if let Some(code) = code(tool).filter(|_| unclear) {
        return Told {
            category: Category::Execute,
            because: format!("{}, argument `{code}`", told.because),
            weight: Weight::Usual,
        };
    }
    let sends = words::split(&tool.name)
        .iter()
        .any(|word| words::can_pay(word));
    match amount(tool).filter(|_| told.category == Category::Write && (sends || unclear)) {
        Some(amount) => Told {
            category: Category::Financial,
            because: format!("{}, argument `{amount}`", told.because),
            weight: Weight::Usual,
        },
        None => told,
    }
}

/// Adds the argument that is run to the reasons for an Execute.
pub(super) fn mention(tool: &Tool, mut told: Told) -> Told {
    if let Some(code) = code(tool).filter(|_| !told.because.contains("argument")) {
        told.because = format!("{}, argument `{code}`", told.because);
    }
    told
}

/// Whether a caller can put text of their own into a call; yes, where the
/// schema does not say.
pub(super) fn can_carry_text(tool: &Tool) -> bool {
    let schema = tool.arguments();
    let names = schema.names();
    let described = tool
        .input_schema
        .as_ref()
        .is_some_and(|schema| schema.get("properties").is_some());
    !described
        || names.iter().any(|name| {
            let shape = schema.argument(&[name]).shape;
            let open = [JsonType::String, JsonType::Array, JsonType::Object];
            shape.values.is_none() && open.into_iter().any(|kind| shape.types.has(kind))
        })
}

/// An argument whose value is run.
fn code(tool: &Tool) -> Option<&str> {
    let named = |name: &&str| words::is_code(&words::split(name));
    tool.arguments().names().into_iter().find(named)
}

/// An amount, when something else says that it is of money.
fn amount(tool: &Tool) -> Option<&str> {
    let names = tool.arguments().names();
    let with = |is_wanted: fn(&str) -> bool| {
        names
            .iter()
            .copied()
            .find(|name| words::split(name).iter().any(|word| is_wanted(word)))
    };
    let amount = with(words::is_amount)?;
    with(words::is_payee).map(|_| amount)
}

/// The most dangerous of the methods between which an argument chooses.
fn worst_method(tool: &Tool) -> Option<Told> {
    let schema = tool.arguments();
    let chooser = schema
        .names()
        .into_iter()
        .find(|name| matches!(*name, "method" | "action" | "operation" | "op"))?;
    let methods = methods(schema.property(chooser)?);
    let told = methods.iter().filter_map(|method| {
        let told = name::tell(method).filter(|told| told.weight == Weight::Plain)?;
        Some(Told {
            because: format!("`{chooser}` may be `{method}`"),
            weight: Weight::Usual,
            ..told
        })
    });
    told.reduce(|worst, next| {
        if next.category > worst.category {
            next
        } else {
            worst
        }
    })
}

fn methods(property: &Node) -> Vec<String> {
    let listed = property.get("enum").map(Node::items).unwrap_or_default();
    listed
        .iter()
        .filter_map(|item| match item.to_value() {
            Value::String(method) => Some(method),
            _ => None,
        })
        .collect()
}
