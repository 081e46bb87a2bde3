//! Drift as findings: what has changed, with the changed words, at the place
//! of the change.

use super::{Change, Drift, Side, Words};
use crate::finding::{Finding, RuleId, Severity};
use crate::inventory::tools::{Inventory, Tool};
use mcppolicy_engine::document::push_pointer;
use mcppolicy_engine::source::{Location, Span};
use mcppolicy_engine::value::Value;

/// Unchanged words that are shown on either side of changed ones.
const CONTEXT: usize = 4;
/// The longest text that a message quotes, in characters. What is cut says so;
/// the report in JSON has everything.
const LONGEST: usize = 2_000;

/// One finding (a warning) for each thing in `drift`, which is what has changed
/// from `old` to `new`. They point into the inventory of `side` (both are the
/// old one's for [`Side::Both`]) in the order of its text; what only the other
/// one has is put at its beginning.
pub fn findings(drift: &Drift, old: &Inventory, new: &Inventory, side: Side) -> Vec<Finding> {
    let at = match side {
        Side::New => new,
        Side::Old | Side::Both => old,
    };
    let warn = |rule, (span, pointer): (Span, String), message: String| {
        let location = Location {
            file: at.file,
            span,
        };
        Finding::new(rule, Severity::Warning, location, pointer, message)
    };
    let named = |name: &str| match at.get(name) {
        Some(tool) => (tool.name_span, push_pointer(&tool.pointer, "name")),
        None => (Span::new(0, 0), String::new()),
    };
    let mut found = Vec::new();
    for name in &drift.added {
        let described = new.get(name).map_or("", Tool::description_text);
        let described = match described {
            "" => String::new(),
            text => format!(": {}", cut(text)),
        };
        let message = format!("The server has a new tool `{name}`{described}");
        found.push(warn(RuleId::NewTool, named(name), message));
    }
    for name in &drift.removed {
        let message = format!("The server no longer has the tool `{name}`");
        found.push(warn(RuleId::MissingTool, named(name), message));
    }
    for changed in &drift.changed {
        let tool = at.get(&changed.tool);
        for change in &changed.changes {
            let place = tool.map_or_else(|| named(&changed.tool), |tool| place(tool, change));
            let message = sentence(&changed.tool, change);
            found.push(warn(RuleId::ChangedTool, place, message));
        }
    }
    found.sort_by_key(|finding| finding.location.span.start);
    found
}

/// The location of a change in one of the two tools; where it has nothing there,
/// the tool's name.
fn place(tool: &Tool, change: &Change) -> (Span, String) {
    let pointer = change.pointer();
    let hint = |name: &str| {
        let hints = &tool.annotations;
        match name {
            "readOnlyHint" => hints.read_only,
            "destructiveHint" => hints.destructive,
            "idempotentHint" => hints.idempotent,
            _ => hints.open_world,
        }
    };
    let span = match change {
        Change::Title(_) => {
            let older = tool.annotations.title.as_ref();
            tool.title.as_ref().or(older).map(|text| text.span)
        }
        Change::Description(_) => tool.description.as_ref().map(|text| text.span),
        Change::Annotation { name, .. } => hint(name).map(|hint| hint.span),
        Change::Category => tool.category.map(|(_, span)| span),
        Change::Schema(_) => return nearest(tool, &pointer),
    };
    match span {
        Some(span) => (span, format!("{}{pointer}", tool.pointer)),
        None => (tool.name_span, push_pointer(&tool.pointer, "name")),
    }
}

/// The place in a tool's schemas and other members that a pointer names, or the
/// innermost one around it that is there.
fn nearest(tool: &Tool, pointer: &str) -> (Span, String) {
    let mut pointer = pointer;
    while let Some(path) = pointer.strip_prefix('/') {
        let (member, below) = match path.split_once('/') {
            Some((member, below)) => (member, format!("/{below}")),
            None => (path, String::new()),
        };
        let node = match member {
            "inputSchema" => tool.input_schema.as_ref(),
            "outputSchema" => tool.output_schema.as_ref(),
            name => {
                let mut others = tool.others.iter();
                let named = others.find(|other| push_pointer("", &other.key) == format!("/{name}"));
                named.map(|other| &other.value)
            }
        };
        if let Some(node) = node.and_then(|node| node.at(&below)) {
            return (node.span, format!("{}{pointer}", tool.pointer));
        }
        pointer = pointer.rsplit_once('/').map_or("", |(outer, _)| outer);
    }
    (tool.name_span, push_pointer(&tool.pointer, "name"))
}

fn sentence(tool: &str, change: &Change) -> String {
    let claim =
        |claim: &Option<bool>| claim.map_or("not said".to_owned(), |claim| claim.to_string());
    match change {
        Change::Title(words) => format!("The title of `{tool}` has changed: {}", marked(words)),
        Change::Description(words) => {
            format!("The description of `{tool}` has changed: {}", marked(words))
        }
        Change::Annotation { name, old, new } => format!(
            "The annotation {name} of `{tool}` has changed: was {}, is {}",
            claim(old),
            claim(new)
        ),
        Change::Category => format!("The category of `{tool}` has changed"),
        Change::Schema(place) => {
            let what = match (&place.old, &place.new) {
                _ if !place.words.is_empty() => format!("has changed: {}", marked(&place.words)),
                (None, Some(new)) => format!("is new: {}", value(new)),
                (Some(old), None) => format!("is gone, it was {}", value(old)),
                (old, new) => {
                    let shown = |side: &Option<Value>| side.as_ref().map_or(String::new(), value);
                    format!("has changed: was {}, is {}", shown(old), shown(new))
                }
            };
            format!("{} of `{tool}` {what}", place.pointer)
        }
    }
}

fn value(value: &Value) -> String {
    cut(&value.to_string())
}

/// Two texts in one, as `git diff --word-diff` shows them: `[-gone-]` and
/// `{+new+}`, with a few words around each. Of a long text that is the same on
/// both sides `…` replaces the rest.
pub(super) fn marked(words: &[Words]) -> String {
    let mut out = String::new();
    let last = words.len().saturating_sub(1);
    for (at, run) in words.iter().enumerate() {
        let text = run.text.replace(['\n', '\r', '\t'], " ");
        match run.side {
            Side::Both => out.push_str(&around(&text, at == 0, at == last)),
            Side::Old => out.push_str(&format!("[-{}-]", cut(&text))),
            Side::New => out.push_str(&format!("{{+{}+}}", cut(&text))),
        }
    }
    out
}

/// The words of an unchanged run that are beside a changed one.
fn around(text: &str, is_first: bool, is_last: bool) -> String {
    let words: Vec<&str> = text.split_inclusive(' ').collect();
    let head = if is_first { 0 } else { CONTEXT };
    let tail = if is_last { 0 } else { CONTEXT };
    if words.len() <= head + tail + 1 {
        return text.to_owned();
    }
    let before = words.iter().take(head).copied().collect::<String>();
    let behind = words.iter().skip(words.len() - tail).copied();
    let space = if is_last { "" } else { " " };
    format!("{before}…{space}{}", behind.collect::<String>())
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => {
            let more = text.chars().count() - LONGEST;
            let head = text.get(..at).unwrap_or_default();
            format!("{head}… ({more} more characters)")
        }
        None => text.to_owned(),
    }
}
