//! From document to policy. What validation refuses is skipped, because it has
//! been reported; what a schema cannot say (patterns, digits, repeated counters)
//! is reported here.

use std::collections::HashMap;

use super::model::{
    Comparison, Condition, DefaultDecision, Limit, MemberSpan, Policy, Rule, Spanned, Test,
    ToolRules, Window,
};
use super::operands::Operands;
use super::path::Path;
use crate::document::{Document, Member, Node, NodeKind, push_pointer, span_in_string};
use crate::pattern::Pattern;
use crate::problem::{Problem, ProblemKind};
use crate::source::{Location, Span};

/// The most states that the different patterns of a policy may have together when they
/// are compiled: about 500 MB. Without a bound, a megabyte of counts is a hundred times
/// that.
const MOST_STATES: u64 = 5_000_000;

/// Lowers a document. Never fails: what could not be read is missing from the
/// policy, and reported here or by validation.
pub(super) fn lower(document: &Document, text: &str) -> (Policy, Vec<Problem>) {
    let mut lowering = Lowering {
        document,
        text,
        findings: Vec::new(),
        patterns: HashMap::new(),
        states: 0,
    };
    let root = &document.root;
    let policy = Policy {
        file: document.file,
        span: root.span,
        default: lowering.default(root),
        hide: root
            .get("hide")
            .map(|hide| strings(hide.items()))
            .unwrap_or_default(),
        all_tools: root
            .get("all_tools")
            .map(|all| lowering.limits(all, "/all_tools"))
            .unwrap_or_default(),
        tools: root
            .get("tools")
            .map(|tools| lowering.tools(tools))
            .unwrap_or_default(),
        empty_lists: empty_lists(root),
    };
    (policy, lowering.findings)
}

fn empty_lists(root: &Node) -> Vec<Spanned<String>> {
    let mut found = Vec::new();
    let mut look = |owner: &Node, pointer: &str, key: &str| {
        if let Some(list) = owner.get(key)
            && matches!(&list.kind, NodeKind::Array(items) if items.is_empty())
        {
            found.push(Spanned {
                value: push_pointer(pointer, key),
                span: list.span,
            });
        }
    };
    look(root, "", "hide");
    if let Some(all) = root.get("all_tools") {
        look(all, "/all_tools", "limits");
    }
    for member in root.get("tools").map(Node::members).unwrap_or_default() {
        let pointer = push_pointer("/tools", &member.key);
        for key in ["require", "deny_if", "limits"] {
            look(&member.value, &pointer, key);
        }
    }
    found.sort_by_key(|list| list.span);
    found
}

fn strings(items: &[Node]) -> Vec<Spanned<String>> {
    items.iter().filter_map(string).collect()
}

fn string(node: &Node) -> Option<Spanned<String>> {
    Some(Spanned {
        value: node.as_str()?.to_owned(),
        span: node.span,
    })
}

struct Lowering<'a> {
    document: &'a Document,
    text: &'a str,
    findings: Vec<Problem>,
    /// The patterns that have been read, by their texts.
    patterns: HashMap<String, Pattern>,
    /// How many states these have together.
    states: u64,
}

impl Lowering<'_> {
    fn default(&self, root: &Node) -> Spanned<DefaultDecision> {
        let node = root.get("default");
        let value = match node.and_then(Node::as_str) {
            Some("allow") => DefaultDecision::Allow,
            _ => DefaultDecision::Deny,
        };
        Spanned {
            value,
            span: node.map_or(root.span, |node| node.span),
        }
    }

    fn tools(&mut self, tools: &Node) -> Vec<ToolRules> {
        // Of a repeated tool (reported by the parser) the last one counts.
        let last: HashMap<&str, Span> = tools
            .members()
            .iter()
            .map(|member| (member.key.as_str(), member.key_span))
            .collect();
        tools
            .members()
            .iter()
            .filter(|member| last.get(member.key.as_str()) == Some(&member.key_span))
            .map(|member| self.tool(member))
            .collect()
    }

    fn tool(&mut self, member: &Member) -> ToolRules {
        let pointer = push_pointer("/tools", &member.key);
        ToolRules {
            name: member.key.clone(),
            name_span: member.key_span,
            span: member.value.span,
            require: self.rules(&member.value, &pointer, "require"),
            deny_if: self.rules(&member.value, &pointer, "deny_if"),
            limits: self.limits(&member.value, &pointer),
            members: member.value.members().iter().map(member_span).collect(),
            pointer,
        }
    }

    fn rules(&mut self, tool: &Node, pointer: &str, key: &str) -> Vec<Rule> {
        let Some(list) = tool.get(key) else {
            return Vec::new();
        };
        let mut rules = Vec::new();
        for (index, rule) in list.items().iter().enumerate() {
            let pointer = format!("{pointer}/{key}/{index}");
            let conditions = rule.get("conditions").map(Node::items).unwrap_or_default();
            rules.push(Rule {
                span: rule.span,
                conditions: conditions
                    .iter()
                    .enumerate()
                    .filter_map(|(at, condition)| {
                        self.condition(condition, format!("{pointer}/conditions/{at}"))
                    })
                    .collect(),
                on_deny: rule.get("on_deny").and_then(string),
                pointer,
            });
        }
        rules
    }

    fn condition(&mut self, node: &Node, pointer: String) -> Option<Condition> {
        let path = node.get("path")?;
        let op = node.get("op")?;
        let value = node.get("value")?;
        let test = self.test(op.as_str()?, value, &pointer)?;
        Some(Condition {
            span: node.span,
            pointer,
            path: Spanned {
                value: Path::parse(path.as_str()?).ok()?,
                span: path.span,
            },
            op_span: op.span,
            value_span: value.span,
            test,
        })
    }

    fn test(&mut self, op: &str, operand: &Node, pointer: &str) -> Option<Test> {
        let items = || match &operand.kind {
            NodeKind::Array(items) => Some(items.iter().map(Node::to_value).collect::<Operands>()),
            _ => None,
        };
        let compare = |comparison| match operand.kind {
            NodeKind::Number(bound) => Some(Test::Compare(comparison, bound)),
            _ => None,
        };
        match op {
            "exists" => match operand.kind {
                NodeKind::Bool(expected) => Some(Test::Exists(expected)),
                _ => None,
            },
            "eq" => Some(Test::Eq(operand.to_value())),
            "neq" => Some(Test::Neq(operand.to_value())),
            "in" => items().map(Test::In),
            "not_in" => items().map(Test::NotIn),
            "lt" => compare(Comparison::Lt),
            "lte" => compare(Comparison::Lte),
            "gt" => compare(Comparison::Gt),
            "gte" => compare(Comparison::Gte),
            "regex" => self.pattern(operand, pointer).map(Test::Regex),
            "contains" => Some(Test::Contains(operand.to_value())),
            _ => None,
        }
    }

    fn pattern(&mut self, operand: &Node, pointer: &str) -> Option<Pattern> {
        let text = operand.as_str()?;
        if let Some(known) = self.patterns.get(text) {
            return Some(known.clone());
        }
        let pattern = match Pattern::parse(text) {
            Ok(pattern) => pattern,
            Err(error) => {
                let raw = self.slice(operand.span);
                let range = error.range();
                let span = span_in_string(raw, operand.span.start, range.start, range.end);
                let mut finding =
                    self.finding(span, format!("{pointer}/value"), error.message().to_owned());
                finding.help = error.help().map(str::to_owned);
                self.findings.push(finding);
                return None;
            }
        };
        let before = self.states;
        self.states = before.saturating_add(pattern.states());
        // Said once: what follows is too large, too.
        if before <= MOST_STATES && self.states > MOST_STATES {
            let message = format!(
                "The patterns up to this one are too large together: compiled, \
                 they have more than {MOST_STATES} states"
            );
            let finding = self.finding(operand.span, format!("{pointer}/value"), message);
            self.findings
                .push(finding.help("use smaller counts or fewer alternatives"));
        }
        self.patterns.insert(text.to_owned(), pattern.clone());
        Some(pattern)
    }

    fn limits(&mut self, owner: &Node, pointer: &str) -> Vec<Limit> {
        let list = owner.get("limits").map(Node::items).unwrap_or_default();
        let mut limits: Vec<Limit> = Vec::new();
        let mut first_of: HashMap<String, Span> = HashMap::new();
        for (index, node) in list.iter().enumerate() {
            let Some(limit) = self.limit(node, format!("{pointer}/limits/{index}")) else {
                continue;
            };
            let counter = limit.counter.value.clone();
            let span = limit.counter.span;
            let first = *first_of.entry(counter).or_insert(span);
            if first != span {
                let message = format!(
                    "The counter {:?} is already used in this list",
                    limit.counter.value
                );
                let first = Location {
                    file: self.document.file,
                    span: first,
                };
                let finding = self
                    .finding(
                        limit.counter.span,
                        format!("{}/counter", limit.pointer),
                        message,
                    )
                    .related(first, "first here")
                    .help(
                        "give each limit a counter of its own, such as one named after its window",
                    );
                self.findings.push(finding);
            }
            limits.push(limit);
        }
        limits
    }

    fn limit(&mut self, node: &Node, pointer: String) -> Option<Limit> {
        let max = node.get("max").and_then(|max| self.max(max, &pointer));
        let counter = node.get("counter").and_then(string)?;
        let window = node.get("window")?;
        let increment_from = match node.get("increment_from") {
            None => None,
            Some(path) => Some(Spanned {
                value: Path::parse(path.as_str()?).ok()?,
                span: path.span,
            }),
        };
        Some(Limit {
            span: node.span,
            pointer,
            counter,
            window: Spanned {
                value: Window::ALL
                    .into_iter()
                    .find(|known| Some(known.name()) == window.as_str())?,
                span: window.span,
            },
            max: max?,
            increment_from,
            on_deny: node.get("on_deny").and_then(string),
        })
    }

    /// `max` must be written in digits, because gateways differ on `1e1`.
    fn max(&mut self, node: &Node, pointer: &str) -> Option<Spanned<u64>> {
        let NodeKind::Number(number) = node.kind else {
            return None;
        };
        let raw = self.slice(node.span);
        let is_digits_only = raw.bytes().all(|byte| byte.is_ascii_digit());
        match raw.parse::<u64>() {
            Ok(value) if is_digits_only && (1..=Limit::LARGEST_MAX).contains(&value) => {
                Some(Spanned {
                    value,
                    span: node.span,
                })
            }
            _ => {
                let in_range =
                    number.fract() == 0.0 && (1.0..=Limit::LARGEST_MAX as f64).contains(&number);
                if in_range && !is_digits_only {
                    let message = format!("`max` must be written in digits only, not as {raw}");
                    let help = format!("write {number}");
                    let finding = self
                        .finding(node.span, format!("{pointer}/max"), message)
                        .help(help);
                    self.findings.push(finding);
                }
                None
            }
        }
    }

    fn slice(&self, span: Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }

    fn finding(&self, span: Span, pointer: String, message: String) -> Problem {
        let location = Location {
            file: self.document.file,
            span,
        };
        Problem::new(ProblemKind::Content, location, pointer, message)
    }
}

fn member_span(member: &Member) -> MemberSpan {
    MemberSpan {
        key: member.key.clone(),
        span: Span::new(member.key_span.start, member.value.span.end),
    }
}
