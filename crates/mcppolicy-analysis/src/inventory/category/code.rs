//! Whether a tool runs code that its caller sends or names: the difference between a
//! tool that starts one of the server's own jobs and one that does anything.

use super::words;
use crate::inventory::category_kind::Category;
use crate::inventory::tools::Tool;
use mcppolicy_engine::document::{Node, NodeKind};

/// How deep arguments are looked for.
const MOST_NESTED: usize = 8;
/// How many schemas of one tool are looked at.
const MOST_SCHEMAS: usize = 2_000;

/// Why a tool of a category runs code that its caller sends, or a program that its
/// caller names; `None` where nothing says so. A tool of the kind that runs something and does not describe its
/// arguments is taken to be one.
pub(super) fn runs(tool: &Tool, category: Category) -> Option<String> {
    if category != Category::Execute {
        return None;
    }
    let name = words::split(&tool.name);
    if let Some(argument) = argument(tool, &name) {
        return Some(format!("runs what the caller sends as `{argument}`"));
    }
    if let Some(argument) = program(tool, &name) {
        return Some(format!("runs what the caller names as `{argument}`"));
    }
    if let Some(word) = name.iter().find(|word| words::is_language(word)) {
        return Some(format!("*{word}* in its name"));
    }
    if let Some(word) = runs_file(&name) {
        return Some(format!("runs a *{word}*, and what it holds"));
    }
    if let Some(word) = described(tool) {
        return Some(format!("its description says that it runs *{word}*"));
    }
    let runs = name.iter().find(|word| words::runs_anything(word))?;
    let is_described = tool
        .input_schema
        .as_ref()
        .is_some_and(|schema| schema.get("properties").is_some());
    (!is_described).then(|| format!("verb *{runs}*, and it does not say what it takes"))
}

/// An argument, at any depth, whose value is run.
fn argument<'t>(tool: &'t Tool, name: &[String]) -> Option<&'t str> {
    let feeds = name.iter().any(|word| words::is_fed(word));
    names(tool).into_iter().find(|argument| {
        let argument = words::split(argument);
        let is_input = || argument.last().is_some_and(|word| words::is_input(word));
        (words::is_code(&argument) && !words::is_exchanged(&argument, name))
            || words::is_plan(&argument)
            || feeds && is_input()
    })
}

/// An argument that names a program to start, or a package to install: the code of
/// either is the caller's choice, and a package's own scripts run with it.
fn program<'t>(tool: &'t Tool, name: &[String]) -> Option<&'t str> {
    let installs = name.iter().any(|word| words::installs(word));
    names(tool).into_iter().find(|argument| {
        let argument = words::split(argument);
        words::is_program(&argument) || installs && words::is_package(&argument, name)
    })
}

/// What a tool runs whose name is a verb of running and something that holds code:
/// *run_notebook*.
fn runs_file(name: &[String]) -> Option<&String> {
    let at = name.iter().position(|word| words::runs_anything(word))?;
    let (last, object) = (name.last()?, name.len().checked_sub(1)?);
    (object > at && words::holds_code(last)).then_some(last)
}

/// The names of a tool's arguments, and of members within them, the outer first.
pub(super) fn names(tool: &Tool) -> Vec<&str> {
    let (mut names, mut left) = (Vec::new(), MOST_SCHEMAS);
    if let Some(schema) = &tool.input_schema {
        collect(schema, 0, &mut left, &mut names);
    }
    names
}

fn collect<'t>(schema: &'t Node, depth: usize, left: &mut usize, names: &mut Vec<&'t str>) {
    if depth > MOST_NESTED || *left == 0 {
        return;
    }
    *left -= 1;
    let properties = schema.get("properties").map(Node::members);
    let properties = properties.unwrap_or_default();
    names.extend(properties.iter().map(|member| member.key.as_str()));
    for member in properties {
        collect(&member.value, depth + 1, left, names);
    }
    for key in ["items", "additionalProperties"] {
        if let Some(inner) = schema.get(key) {
            collect(inner, depth + 1, left, names);
        }
    }
    for key in ["anyOf", "oneOf", "allOf"] {
        for inner in schema.get(key).map(Node::items).unwrap_or_default() {
            collect(inner, depth + 1, left, names);
        }
    }
    // What schemas refer to is defined beside them.
    for key in ["$defs", "definitions"] {
        let defined = schema.get(key).filter(|_| depth == 0);
        if let Some(NodeKind::Object(_)) = defined.map(|node| &node.kind) {
            for member in defined.map(Node::members).unwrap_or_default() {
                collect(&member.value, depth + 1, left, names);
            }
        }
    }
}

/// What the first sentences of the description say is run: *javascript*.
fn described(tool: &Tool) -> Option<String> {
    let text: String = tool.description_text().chars().take(200).collect();
    let words = words::split(&text);
    let runs = |word: &String| words::runs_anything(&words::base(word));
    let from = words.iter().position(runs)?;
    let object = words.iter().skip(from + 1).take(5);
    let mut object = object.filter(|word| words::is_language(word.as_str()));
    object.next().cloned()
}
