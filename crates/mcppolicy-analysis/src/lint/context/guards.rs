//! Whether a condition guards its argument: whether it refuses any text that a
//! caller may have in mind.

use super::{Context, Tool};
use mcppolicy_engine::pattern::Pattern;
use mcppolicy_engine::policy::{Condition, Path, Test};
use mcppolicy_engine::value::Value;

/// Texts of which a condition that guards anything refuses some: neither empty nor
/// very short or long, of one line, and without blanks. `.+`, `\S` and
/// `^[^\x00]{1,200}$` admit all of them.
const ORDINARY: &str = "^[!-~]{8,64}$";

/// Texts of which a refusal that guards anything refuses some.
const NOT_BLANK: &str = r"\S";

impl Context<'_> {
    /// Whether a condition of a `require`, or else of a `deny_if`, keeps some
    /// ordinary text out of its argument. Of what is too intricate, that is assumed.
    pub fn guards(&self, tool: &Tool<'_>, is_require: bool, condition: &Condition) -> bool {
        let path = &condition.path.value;
        match (&condition.test, is_require) {
            // Whether there is an argument says nothing of what it is.
            (Test::Exists(expected), _) => !expected && is_require,
            // One text less is not a list of what is fine.
            (Test::Neq(operand), true) => names_a_switch(operand),
            (Test::NotIn(operands), true) => operands.iter().any(names_a_switch),
            (Test::Eq(_) | Test::In(_) | Test::Compare(..), true) => true,
            (Test::Contains(Value::String(part)), true) if !part.is_empty() => true,
            (Test::Contains(Value::String(_)) | Test::Regex(_), true) => {
                self.some_text(tool, path, ORDINARY, condition, false)
            }
            (Test::Contains(_), true) => true,
            (Test::Eq(operand), false) => !is_blank(operand),
            (Test::In(operands), false) => !operands.iter().all(is_blank),
            (Test::Regex(_) | Test::Contains(Value::String(_)), false) => {
                self.some_text(tool, path, NOT_BLANK, condition, true)
            }
            (Test::Neq(_) | Test::NotIn(_) | Test::Compare(..) | Test::Contains(_), false) => true,
        }
    }

    /// The same, by what is said of the text: a number's bound is met by no text at
    /// all, and meant for something else.
    pub fn guards_text(&self, tool: &Tool<'_>, is_require: bool, condition: &Condition) -> bool {
        !matches!(condition.test, Test::Compare(..) | Test::Exists(_))
            && self.guards(tool, is_require, condition)
    }

    /// Whether the rules of `tool` keep any text out of the argument at `path`, or
    /// out of what is inside of it or around it.
    pub fn is_guarded(&self, tool: &Tool<'_>, path: &Path) -> bool {
        let first = path.segments().first();
        tool.conditions().any(|(is_require, condition)| {
            condition.path.value.segments().first() == first
                && self.guards(tool, is_require, condition)
        })
    }

    /// Whether the rules of `tool` keep anything out of any argument, or add up one.
    pub fn guards_arguments(&self, tool: &Tool<'_>) -> bool {
        let mut limits = tool.rules.limits.iter();
        limits.any(|limit| limit.increment_from.is_some())
            || tool
                .conditions()
                .any(|(is_require, condition)| self.guards(tool, is_require, condition))
    }

    /// Whether for some text at `path` that matches `pattern`, `condition` is true
    /// or else false.
    fn some_text(
        &self,
        tool: &Tool<'_>,
        path: &Path,
        pattern: &str,
        condition: &Condition,
        holds: bool,
    ) -> bool {
        let Ok(pattern) = Pattern::parse(pattern) else {
            return true;
        };
        let ordinary = Test::Regex(pattern);
        let answer = self.ask(tool, |arguments| {
            let text = arguments.space().test(path, &ordinary);
            let literal = arguments.condition(condition);
            arguments.example(&[text, if holds { literal } else { !literal }])
        });
        !answer.is_empty()
    }
}

/// Whether a value is one of a few, so that all but it are few as well.
fn names_a_switch(operand: &Value) -> bool {
    matches!(operand, Value::Bool(_))
}

fn is_blank(operand: &Value) -> bool {
    match operand {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        _ => false,
    }
}
