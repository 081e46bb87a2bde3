//! Whether a condition fits what the server's schema says of its argument: a
//! string is not greater than anything.

use super::context::Tool;
use crate::inventory::schema::{Argument, JsonType, Shape};
use mcppolicy_engine::engine::ValueRef;
use mcppolicy_engine::policy::{Comparison, Condition, Rule, Test};
use mcppolicy_engine::value::Value;

/// Whether `rule` decides no call that the server would take, because one of its
/// conditions wants another type, or another value, than its argument ever has.
/// A bound beyond the server's own does not count: that is a second fence.
pub fn never_holds(tool: &Tool<'_>, rule: &Rule) -> bool {
    rule.conditions.iter().any(|condition| {
        let of = described(tool, condition).and_then(|of| defect(&condition.test, &of.shape));
        match (of, &condition.test) {
            (Some(Defect::Operator(_)), _) | (Some(Defect::Operands(_)), Test::Eq(_)) => true,
            (Some(Defect::Operands(never)), Test::In(operands)) => never.len() == operands.len(),
            _ => false,
        }
    })
}

/// What the schema says of a condition's argument, where that is something.
pub fn described(tool: &Tool<'_>, condition: &Condition) -> Option<Argument> {
    let argument = tool.declared(&condition.path.value)?;
    // A schema that contradicts itself admits nothing at all.
    let is_sound = !argument.shape.types.names().is_empty();
    is_sound.then_some(argument)
}

/// Why a condition never holds, or an operand never matters.
#[derive(Debug)]
pub enum Defect {
    /// The operator wants another type.
    Operator(&'static str),
    /// The operands that the argument never equals.
    Operands(Vec<Value>),
    /// The bound, text or pattern lies outside of what the argument may be.
    Beyond,
}

/// What is wrong with a test of an argument of this shape; none where some value
/// that the server would take meets it.
pub fn defect(test: &Test, shape: &Shape) -> Option<Defect> {
    let types = shape.types;
    let is_text = types.has(JsonType::String);
    match test {
        Test::Exists(_) => None,
        Test::Compare(..) if !types.has_number() => Some(Defect::Operator("a number")),
        Test::Compare(comparison, bound) => {
            (!some_compares(shape, *comparison, *bound)).then_some(Defect::Beyond)
        }
        Test::Regex(_) if !is_text => Some(Defect::Operator("a string")),
        Test::Contains(_) if !is_text && !types.has(JsonType::Array) => {
            Some(Defect::Operator("a string or an array"))
        }
        Test::Contains(part)
            if !types.has(JsonType::Array) && !matches!(part, Value::String(_)) =>
        {
            Some(Defect::Operands(vec![part.clone()]))
        }
        Test::Regex(_) | Test::Contains(_) => {
            let values = shape.values.as_ref()?;
            let holds = |value: &Value| test.holds(ValueRef::from(value));
            (!values.iter().any(holds)).then_some(Defect::Beyond)
        }
        Test::Eq(operand) | Test::Neq(operand) => {
            (!some_equals(shape, operand)).then(|| Defect::Operands(vec![operand.clone()]))
        }
        Test::In(operands) | Test::NotIn(operands) => {
            let never: Vec<Value> = operands
                .iter()
                .filter(|operand| !some_equals(shape, operand))
                .cloned()
                .collect();
            (!never.is_empty()).then_some(Defect::Operands(never))
        }
    }
}

/// Whether a number that the argument may be compares so.
fn some_compares(shape: &Shape, comparison: Comparison, bound: f64) -> bool {
    let test = Test::Compare(comparison, bound);
    if let Some(values) = &shape.values {
        return values.iter().any(|value| test.holds(ValueRef::from(value)));
    }
    let upward = matches!(comparison, Comparison::Gt | Comparison::Gte);
    let end = if upward { shape.greatest } else { shape.least };
    let Some(end) = end else { return true };
    let reaches = test.holds(ValueRef::Number(end.value));
    // An end that is not within still has numbers beside it, on the one side.
    reaches && (end.inclusive || end.value != bound)
}

/// Whether a value that the argument may have equals `operand`, as the engine
/// compares.
fn some_equals(shape: &Shape, operand: &Value) -> bool {
    let test = Test::Eq(operand.clone());
    if let Some(values) = &shape.values {
        return values.iter().any(|value| test.holds(ValueRef::from(value)));
    }
    // The value of another type that equals the operand.
    let twin = match operand {
        Value::String(text) if text == "true" => Some(Value::Bool(true)),
        Value::String(text) if text == "false" => Some(Value::Bool(false)),
        Value::String(text) => text
            .parse()
            .ok()
            .filter(|n: &f64| n.is_finite())
            .map(Value::Number),
        Value::Number(n) => Some(Value::String(n.to_string())),
        Value::Bool(b) => Some(Value::String(b.to_string())),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    [Some(operand.clone()), twin]
        .into_iter()
        .flatten()
        .any(|value| test.holds(ValueRef::from(&value)) && shape.may_be(&value))
}
