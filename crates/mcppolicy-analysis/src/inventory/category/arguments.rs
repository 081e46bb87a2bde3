//! What the names of a tool's arguments say, and the methods that one of them
//! chooses between.

use super::evidence::{Confidence, Evidence};
use super::{code, name, words};
use crate::inventory::category_kind::Category;
use crate::inventory::schema::JsonType;
use crate::inventory::tools::Tool;
use mcppolicy_engine::document::Node;
use mcppolicy_engine::value::Value;

/// What the arguments of a tool say that says nothing else.
pub(super) fn classify(tool: &Tool) -> Option<Evidence> {
    let evidence = |category, name: &str| Evidence {
        category,
        because: format!("argument `{name}`"),
        confidence: Confidence::Vague,
    };
    if let Some(code) = code(tool) {
        return Some(evidence(Category::Execute, code));
    }
    if let Some(amount) = amount(tool) {
        return Some(evidence(Category::Financial, amount));
    }
    let names = tool.arguments().names();
    let query = names
        .iter()
        .find(|name| matches!(**name, "query" | "q" | "search" | "keyword" | "keywords"))?;
    Some(evidence(Category::Read, query))
}

/// Raises what the words say to what an argument proves: a method that deletes,
/// an amount that is sent.
pub(super) fn raise(tool: &Tool, evidence: Evidence) -> Evidence {
    if evidence.category >= Category::Execute {
        return evidence;
    }
    if let Some(method) = worst_method(tool).filter(|method| method.category > Category::Write) {
        return method;
    }
    let unclear = evidence.confidence <= Confidence::Vague;
    if let Some(code) = code(tool).filter(|_| unclear) {
        return Evidence {
            category: Category::Execute,
            because: format!("{}, argument `{code}`", evidence.because),
            confidence: Confidence::Usual,
        };
    }
    // What takes a command runs it, whatever else it is for.
    if let Some(command) = command(tool).filter(|_| evidence.category == Category::Write) {
        return Evidence {
            category: Category::Execute,
            because: format!("{}, argument `{command}`", evidence.because),
            confidence: Confidence::Usual,
        };
    }
    let sends = words::split(&tool.name)
        .iter()
        .any(|word| words::can_pay(word));
    match amount(tool).filter(|_| evidence.category == Category::Write && (sends || unclear)) {
        Some(amount) => Evidence {
            category: Category::Financial,
            because: format!("{}, argument `{amount}`", evidence.because),
            confidence: Confidence::Usual,
        },
        None => evidence,
    }
}

/// Adds the argument that is run to the reasons for an Execute.
pub(super) fn mention(tool: &Tool, mut evidence: Evidence) -> Evidence {
    if let Some(code) = code(tool).filter(|_| !evidence.because.contains("argument")) {
        evidence.because = format!("{}, argument `{code}`", evidence.because);
    }
    evidence
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
    let of = words::split(&tool.name);
    let named = |name: &&str| {
        let name = words::split(name);
        words::is_code(&name) && !words::is_exchanged(&name, &of)
    };
    tool.arguments().names().into_iter().find(named)
}

/// An argument that is a command line, a script or a description of what is to run:
/// `initScript` of a tool that opens a page, the `script` of one of its steps.
fn command(tool: &Tool) -> Option<&str> {
    let named = |name: &&str| words::is_command(&words::split(name));
    code::names(tool).into_iter().find(named)
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
fn worst_method(tool: &Tool) -> Option<Evidence> {
    let schema = tool.arguments();
    let chooser = schema
        .names()
        .into_iter()
        .find(|name| matches!(*name, "method" | "mode" | "action" | "operation" | "op"))?;
    let methods = methods(schema.property(chooser)?);
    let evidence = methods.iter().filter_map(|method| {
        let evidence =
            name::classify(method).filter(|evidence| evidence.confidence == Confidence::Plain)?;
        Some(Evidence {
            because: format!("`{chooser}` may be `{method}`"),
            confidence: Confidence::Usual,
            ..evidence
        })
    });
    evidence.reduce(|worst, next| {
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
