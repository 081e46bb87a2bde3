//! The typed policy, with the span of everything that a finding may point at.

use super::operands::Operands;
use super::path::Path;
use crate::document;
use crate::pattern::Pattern;
use crate::source::{FileId, Location, Span};
use crate::time::Time;
use crate::value::Value;

/// A value and its span.
#[derive(Debug, Clone)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Its span in the policy's file.
    pub span: Span,
}

/// A policy, lowered from its document.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The file it came from.
    pub file: FileId,
    /// The whole object.
    pub span: Span,
    /// What happens to tools that `tools` does not list.
    pub default: Spanned<DefaultDecision>,
    /// Tool names that are neither shown nor callable; `"*"` means all.
    pub hide: Vec<Spanned<String>>,
    /// The limits that count every tool call.
    pub all_tools: Vec<Limit>,
    /// The listed tools in the order of the file.
    pub tools: Vec<ToolRules>,
    /// The lists of rules, limits and hidden names that are written with nothing
    /// in them, as JSON Pointers, in the order of the file. They mean
    /// what leaving them out means.
    pub empty_lists: Vec<Spanned<String>>,
}

/// What `default` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefaultDecision {
    /// Tools that are not listed pass.
    Allow,
    /// Tools that are not listed are refused.
    Deny,
}

impl DefaultDecision {
    /// The word in the file.
    pub const fn name(self) -> &'static str {
        match self {
            DefaultDecision::Allow => "allow",
            DefaultDecision::Deny => "deny",
        }
    }
}

/// The rules of one listed tool.
#[derive(Debug, Clone)]
pub struct ToolRules {
    /// The tool's name, compared exactly.
    pub name: String,
    /// The key in `tools`.
    pub name_span: Span,
    /// The rules' object.
    pub span: Span,
    /// JSON Pointer to that object.
    pub pointer: String,
    /// Rules that must all hold.
    pub require: Vec<Rule>,
    /// Rules of which none may hold.
    pub deny_if: Vec<Rule>,
    /// The tool's own limits.
    pub limits: Vec<Limit>,
    /// The members of the rules' object in the order of the file.
    pub members: Vec<MemberSpan>,
}

/// The span of a member.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct MemberSpan {
    /// Its key.
    pub key: String,
    /// From the key's first quote to behind the value.
    pub span: Span,
}

/// A conjunction of conditions.
#[derive(Debug, Clone)]
pub struct Rule {
    /// The rule's object.
    pub span: Span,
    /// JSON Pointer to it.
    pub pointer: String,
    /// The conditions, in order; none always holds.
    pub conditions: Vec<Condition>,
    /// The message for the agent when this denies its call.
    pub on_deny: Option<Spanned<String>>,
}

/// One test of one argument.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Condition {
    /// The condition's object.
    pub span: Span,
    /// JSON Pointer to it.
    pub pointer: String,
    /// Which argument.
    pub path: Spanned<Path>,
    /// The span of the operator.
    pub op_span: Span,
    /// The span of the operand.
    pub value_span: Span,
    /// Operator and operand.
    pub test: Test,
}

/// An operator with its operand (policy language §2).
#[derive(Debug, Clone)]
pub enum Test {
    /// Present and not null, or not, as the operand says.
    Exists(bool),
    /// Equals the operand.
    Eq(Value),
    /// Is present and does not equal the operand.
    Neq(Value),
    /// Equals some element.
    In(Operands),
    /// Is present and equals no element.
    NotIn(Operands),
    /// Is a number that compares so with the operand.
    Compare(Comparison, f64),
    /// Is a string in which the pattern matches somewhere.
    Regex(Pattern),
    /// Is a string or an array that contains the operand.
    Contains(Value),
}

impl Test {
    /// The operator's name in the file.
    pub const fn operator(&self) -> &'static str {
        match self {
            Test::Exists(_) => "exists",
            Test::Eq(_) => "eq",
            Test::Neq(_) => "neq",
            Test::In(_) => "in",
            Test::NotIn(_) => "not_in",
            Test::Compare(comparison, _) => comparison.name(),
            Test::Regex(_) => "regex",
            Test::Contains(_) => "contains",
        }
    }

    /// The operand as a JSON value.
    pub fn operand(&self) -> Value {
        match self {
            Test::Exists(expected) => Value::Bool(*expected),
            Test::Eq(value) | Test::Neq(value) | Test::Contains(value) => value.clone(),
            Test::In(values) | Test::NotIn(values) => Value::Array(values.to_vec()),
            Test::Compare(_, bound) => Value::Number(*bound),
            Test::Regex(pattern) => Value::String(pattern.as_str().to_owned()),
        }
    }
}

/// The four ordering operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// Less than.
    Lt,
    /// Less than or equal.
    Lte,
    /// Greater than.
    Gt,
    /// Greater than or equal.
    Gte,
}

impl Comparison {
    /// The operator's name in the file.
    pub const fn name(self) -> &'static str {
        match self {
            Comparison::Lt => "lt",
            Comparison::Lte => "lte",
            Comparison::Gt => "gt",
            Comparison::Gte => "gte",
        }
    }
}

/// A quota per grant and calendar window (policy language §4).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Limit {
    /// The limit's object.
    pub span: Span,
    /// JSON Pointer to it.
    pub pointer: String,
    /// The counter's name.
    pub counter: Spanned<String>,
    /// The window.
    pub window: Spanned<Window>,
    /// The largest count or sum in one window, 1 to 2^53 − 1.
    pub max: Spanned<u64>,
    /// The argument to add up instead of counting calls.
    pub increment_from: Option<Spanned<Path>>,
    /// The message for the agent when this denies its call.
    pub on_deny: Option<Spanned<String>>,
}

impl Limit {
    /// The largest `max`: 2^53 − 1, the last integer up to which doubles count
    /// exactly.
    pub const LARGEST_MAX: u64 = (1 << 53) - 1;
}

/// A calendar window in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Window {
    /// From second 0 to second 59.
    Minute,
    /// From minute 0 to minute 59.
    Hour,
    /// From midnight to midnight.
    Day,
}

impl Window {
    /// All windows, the shortest first.
    pub const ALL: [Window; 3] = [Window::Minute, Window::Hour, Window::Day];

    /// The word in the file.
    pub const fn name(self) -> &'static str {
        match self {
            Window::Minute => "minute",
            Window::Hour => "hour",
            Window::Day => "day",
        }
    }

    /// Its length in seconds; UTC as gateways count it has no leap seconds.
    pub const fn seconds(self) -> i64 {
        match self {
            Window::Minute => 60,
            Window::Hour => 3_600,
            Window::Day => 86_400,
        }
    }

    /// The first second of the window that contains `time`, since 1970; windows
    /// are aligned to the calendar in UTC (policy language §4).
    pub fn start(self, time: Time) -> i64 {
        let into_window = time.seconds().rem_euclid(self.seconds());
        time.seconds().saturating_sub(into_window)
    }
}

impl Policy {
    /// The rules of `tool`, when it is listed.
    pub fn tool(&self, tool: &str) -> Option<&ToolRules> {
        self.tools.iter().rev().find(|rules| rules.name == tool)
    }

    /// The first entry of `hide` that hides `tool`, with its index.
    pub fn hidden_by(&self, tool: &str) -> Option<(usize, &Spanned<String>)> {
        self.hide
            .iter()
            .enumerate()
            .find(|(_, entry)| entry.value == tool || entry.value == "*")
    }

    /// The location of the rule, limit or entry that a decision names by its
    /// JSON Pointer; the whole policy for a pointer that names none.
    pub fn location_of(&self, pointer: &str) -> Location {
        let index = |text: &str| text.parse::<usize>().ok();
        let span = match pointer.split('/').skip(1).collect::<Vec<_>>().as_slice() {
            ["default"] => Some(self.default.span),
            ["hide", at] => index(at)
                .and_then(|at| self.hide.get(at))
                .map(|entry| entry.span),
            ["all_tools", "limits", at] => index(at)
                .and_then(|at| self.all_tools.get(at))
                .map(|limit| limit.span),
            ["tools", tool, list, at] => {
                let name = document::unescape_pointer(tool);
                self.tool(&name)
                    .zip(index(at))
                    .and_then(|(rules, at)| match *list {
                        "require" => rules.require.get(at).map(|rule| rule.span),
                        "deny_if" => rules.deny_if.get(at).map(|rule| rule.span),
                        _ => rules.limits.get(at).map(|limit| limit.span),
                    })
            }
            _ => None,
        };
        self.at(span.unwrap_or(self.span))
    }

    /// A span of this policy's file as a location.
    pub fn at(&self, span: Span) -> Location {
        Location {
            file: self.file,
            span,
        }
    }
}
