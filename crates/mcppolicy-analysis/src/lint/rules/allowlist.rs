//! What the rules about allowlists share: which argument a list is for, and
//! whether the whole policy lets a bad value through.

pub(super) mod anchor;
pub(super) mod host;

use std::borrow::Cow;

use regex_syntax::hir::{Class, Hir, HirKind};

use super::{Context, Reporter};
use crate::inventory::schema::JsonType;
use crate::lint::condition::are_related;
use crate::lint::context::Tool;
pub(super) use crate::subject::Subject;
use crate::subject::last_word;
use mcppolicy_engine::pattern::Pattern;
use mcppolicy_engine::policy::{Condition, Path, Test};
use mcppolicy_engine::value::Value;
use mcppolicy_trace::trace::WitnessCall;

/// A list of patterns that an argument must match.
pub(super) struct Allowlist<'a> {
    /// Which argument.
    pub(super) path: &'a Path,
    /// The first of its patterns.
    pub(super) condition: &'a Condition,
    pub(super) pattern: Cow<'a, Pattern>,
}

impl Allowlist<'_> {
    /// Whether it is a part that a text must have, which is open at both ends by
    /// its very meaning.
    pub(super) fn is_part(&self) -> bool {
        matches!(self.condition.test, Test::Contains(_))
    }
}

/// The pattern that a text meets exactly where it meets `test`: of `regex`, and of
/// `contains` with a text.
pub(super) fn pattern_of(test: &Test) -> Option<Cow<'_, Pattern>> {
    match test {
        Test::Regex(pattern) => Some(Cow::Borrowed(pattern)),
        Test::Contains(Value::String(part)) => {
            let pattern = Pattern::parse(&regex_syntax::escape(part)).ok()?;
            Some(Cow::Owned(pattern))
        }
        _ => None,
    }
}

/// The arguments of a tool that patterns guard, or parts that they must contain;
/// those whose values a list names one by one are what their author says they are.
pub(super) fn allowlists<'a>(tool: &Tool<'a>) -> Vec<Allowlist<'a>> {
    let rules = tool.rules;
    let required = || rules.require.iter().flat_map(|rule| &rule.conditions);
    let is_regex = |condition: &&Condition| matches!(condition.test, Test::Regex(_));
    // Where there are both, a pattern says more about a list than a part.
    let patterns = required().filter(is_regex);
    let parts =
        required().filter(|condition| !is_regex(condition) && !is_of_array(tool, condition));
    let mut lists: Vec<Allowlist<'a>> = Vec::new();
    for condition in patterns.chain(parts) {
        let path = &condition.path.value;
        let is_named = |other: &Condition| {
            other.path.value == *path && matches!(other.test, Test::Eq(_) | Test::In(_))
        };
        if let Some(pattern) = pattern_of(&condition.test)
            && !demands_only_text(pattern.hir())
            && !lists.iter().any(|list| list.path == path)
            && !required().any(is_named)
        {
            lists.push(Allowlist {
                path,
                condition,
                pattern,
            });
        }
    }
    lists
}

/// Whether a condition is about the elements of an array: by the schema of its
/// argument, or where there is none by a name in the plural.
pub(super) fn is_of_array(tool: &Tool<'_>, condition: &Condition) -> bool {
    let path = &condition.path.value;
    match tool.declared(path) {
        Some(argument) => {
            let types = argument.shape.types;
            types.has(JsonType::Array) && !types.has(JsonType::String)
        }
        None => path.segments().last().is_some_and(|name| is_plural(name)),
    }
}

/// Whether the last word of a name is a plural.
fn is_plural(name: &str) -> bool {
    let word = last_word(name);
    word.len() > 3 && word.ends_with('s') && !word.ends_with("ss") && !word.ends_with("us")
}

/// Whether any `require` says which values are fine at a path or around it.
pub(super) fn is_listed(tool: &Tool<'_>, path: &Path) -> bool {
    let mut required = tool.rules.require.iter().flat_map(|rule| &rule.conditions);
    required.any(|condition| {
        are_related(&condition.path.value, path)
            && match &condition.test {
                Test::Eq(_) | Test::In(_) | Test::Contains(_) => true,
                Test::Regex(pattern) => !demands_only_text(pattern.hir()),
                Test::Exists(_) | Test::Neq(_) | Test::NotIn(_) | Test::Compare(..) => false,
            }
    })
}

/// Whether a pattern says no more than that there is some text: `\S`, `.+`.
pub(super) fn demands_only_text(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(_) | HirKind::Alternation(_) => false,
        HirKind::Class(Class::Unicode(class)) => {
            // A class of nearly everything: at most white space is missing.
            let missing = |c: char| {
                !class
                    .ranges()
                    .iter()
                    .any(|r| (r.start()..=r.end()).contains(&c))
            };
            !(' '..='~').any(|c| c != ' ' && missing(c))
        }
        HirKind::Class(Class::Bytes(_)) => false,
        HirKind::Repetition(repetition) => demands_only_text(&repetition.sub),
        HirKind::Capture(capture) => demands_only_text(&capture.sub),
        HirKind::Concat(pieces) => pieces.iter().all(demands_only_text),
    }
}

/// What a string at a path must match, and what it must not match.
pub(super) struct Requirements<'a> {
    pub(super) path: &'a Path,
    pub(super) matching: Vec<&'a str>,
    pub(super) not: Vec<&'a str>,
}

impl<'a> Requirements<'a> {
    pub(super) fn matching(path: &'a Path, patterns: &[&'a str]) -> Requirements<'a> {
        Requirements {
            path,
            matching: patterns.to_vec(),
            not: Vec::new(),
        }
    }
}

/// A call with such a string that the whole policy allows; `None` where there is
/// none or none is found within the budget.
pub(super) fn accepted(
    context: &Context<'_>,
    tool: &Tool<'_>,
    requirements: &Requirements<'_>,
) -> Option<WitnessCall> {
    let parse = |text: &&str| Pattern::parse(text).ok().map(Test::Regex);
    let matching: Vec<Test> = requirements
        .matching
        .iter()
        .map(parse)
        .collect::<Option<_>>()?;
    let not: Vec<Test> = requirements.not.iter().map(parse).collect::<Option<_>>()?;
    let answer = context.ask(tool, |arguments| {
        let space = arguments.space();
        let mut literals = Vec::new();
        literals.extend(
            matching
                .iter()
                .map(|test| space.test(requirements.path, test)),
        );
        literals.extend(not.iter().map(|test| !space.test(requirements.path, test)));
        arguments.accepted(&literals)
    });
    let arguments = answer.witness()?;
    Some(WitnessCall::new(tool.name(), arguments))
}

/// The same with the most telling of some patterns, if any value at all is
/// bad.
pub(super) fn telling<'a>(
    context: &Context<'_>,
    tool: &Tool<'_>,
    path: &'a Path,
    bad: &'a str,
    telling: &[&'a str],
) -> Option<WitnessCall> {
    let any = accepted(context, tool, &Requirements::matching(path, &[bad]))?;
    let mut better = telling
        .iter()
        .map(|more| Requirements::matching(path, &[bad, more]));
    Some(
        better
            .find_map(|requirements| accepted(context, tool, &requirements))
            .unwrap_or(any),
    )
}

/// A finding at a list's pattern with calls that pass.
pub(super) fn report(
    reporter: &mut Reporter<'_>,
    list: &Allowlist<'_>,
    calls: Vec<WitnessCall>,
    message: String,
    help: &str,
    is_pedantic: bool,
) {
    let Some(calls) = reporter.passing(calls) else {
        return;
    };
    let span = list.condition.value_span;
    let pointer = format!("{}/value", list.condition.pointer);
    let finding = if is_pedantic {
        reporter.pedantic_finding(span, pointer, message)
    } else {
        reporter.finding(span, pointer, message)
    };
    reporter.push(finding.help(help).witness(calls));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(path: &str) -> Option<Subject> {
        Subject::of(&Path::parse(path).unwrap())
    }

    #[test]
    fn the_last_word_of_a_name_says_what_an_argument_takes() {
        for path in [
            "args.path",
            "args.file_path",
            "args.filePath",
            "args.o.target-dir",
            "args.FILE",
        ] {
            assert_eq!(subject(path), Some(Subject::Path), "{path}");
        }
        for path in ["args.command", "args.shellCmd", "args.args"] {
            assert_eq!(subject(path), Some(Subject::Command), "{path}");
        }
        for path in ["args.imageURL", "args.imageUrl", "args.callback"] {
            assert_eq!(subject(path), Some(Subject::Url), "{path}");
        }
        for path in [
            "args.profile",
            "args.branch",
            "args.path.value",
            "args.xpath",
            "args.hosted",
        ] {
            assert_eq!(subject(path), None, "{path}");
        }
    }
}
