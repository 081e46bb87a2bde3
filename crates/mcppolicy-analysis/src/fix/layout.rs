//! What an edit writes, in the layout of the file around it: line breaks,
//! indentation and the space inside braces and brackets, as its neighbour has them.

use mcppolicy_engine::document::{Node, NodeKind, parse};
use mcppolicy_engine::problem::Edit;
use mcppolicy_engine::source::Span;

/// The layout of a text that is JSON.
pub(super) struct Layout<'t> {
    text: &'t str,
    root: Node,
}

/// How a neighbour is written.
#[derive(Debug)]
struct Style {
    /// Whether a container has its content on lines of its own, by depth.
    expanded: Vec<bool>,
    /// The indentation of one level.
    unit: String,
    /// Whether there is a space inside the braces of an object.
    padded: bool,
    /// The same for the brackets of an array.
    padded_array: bool,
    newline: &'static str,
}

impl<'t> Layout<'t> {
    /// The layout of a text; none where it is not JSON.
    pub fn of(text: &'t str) -> Option<Layout<'t>> {
        let (root, _) = parse::parse_text(text).ok()?;
        Some(Layout { text, root })
    }

    /// The text of an edit as its place wants it; as it is, where nothing says how.
    pub fn fitted(&self, edit: &Edit) -> String {
        self.fit(edit).unwrap_or_else(|| edit.text.clone())
    }

    fn fit(&self, edit: &Edit) -> Option<String> {
        if let Some(value) = edit.text.strip_prefix(", ") {
            // A new item behind the last one.
            let end = edit.span.start;
            let list = *around(&self.root, end).last()?;
            let before = list.items().partition_point(|item| item.span.end < end);
            let last = list
                .items()
                .get(before)
                .filter(|item| item.span.end == end)?;
            let indent = self.indent(last.span.start)?;
            let style = self.style(last, indent);
            let (value, source) = (parse::parse_text(value).ok()?.0, value);
            let mut out = format!(",{}{indent}", style.newline);
            style.write(&value, source, indent, 0, &mut out);
            return Some(out);
        }
        // A new member before another one, or in its place.
        let (member, more) = match edit.text.strip_suffix(", ") {
            Some(member) => (member, true),
            None => (edit.text.as_str(), false),
        };
        let start = edit.span.start;
        let object = *around(&self.root, start).last()?;
        let at = object
            .members()
            .partition_point(|member| member.key_span.start < start);
        let beside = object.members().get(at);
        let beside = &beside
            .filter(|member| member.key_span.start == start)?
            .value;
        let indent = self.indent(edit.span.start)?;
        let style = self.style(beside, indent);
        let wrapped = format!("{{{member}}}");
        let (object, _) = parse::parse_text(&wrapped).ok()?;
        let [only] = object.members() else {
            return None;
        };
        let key = wrapped.get(only.key_span.start..only.key_span.end)?;
        let mut out = format!("{key}: ");
        style.write(&only.value, &wrapped, indent, 0, &mut out);
        if more {
            out.push_str(&format!(",{}{indent}", style.newline));
        }
        Some(out)
    }

    /// What is before a place in its line, when that is white space only.
    fn indent(&self, at: usize) -> Option<&'t str> {
        let before = self.text.get(..at)?;
        let (_, line) = before.rsplit_once('\n')?;
        line.trim().is_empty().then_some(line)
    }

    fn style(&self, beside: &Node, indent: &str) -> Style {
        let mut style = Style {
            expanded: Vec::new(),
            unit: "  ".to_owned(),
            padded: false,
            padded_array: false,
            newline: if self.text.contains("\r\n") {
                "\r\n"
            } else {
                "\n"
            },
        };
        let mut node = Some(beside);
        while let Some(container) = node {
            let inner: Vec<&Node> = match &container.kind {
                NodeKind::Array(items) => items.iter().collect(),
                NodeKind::Object(members) => members.iter().map(|member| &member.value).collect(),
                _ => break,
            };
            let Some(first) = inner.first() else { break };
            let start = match &container.kind {
                NodeKind::Object(members) => members
                    .first()
                    .map_or(first.span.start, |first| first.key_span.start),
                _ => first.span.start,
            };
            let between = self
                .text
                .get(container.span.start + 1..start)
                .unwrap_or_default();
            let is_expanded = between.contains('\n');
            match container.kind {
                _ if is_expanded => {}
                NodeKind::Object(_) => style.padded = !between.is_empty(),
                _ => style.padded_array = !between.is_empty(),
            }
            if is_expanded && style.expanded.iter().all(|expanded| !expanded) {
                let deeper = self.indent(start).and_then(|of| of.strip_prefix(indent));
                let deeper = deeper.filter(|unit| !unit.is_empty());
                style.unit = deeper.unwrap_or("  ").to_owned();
            }
            style.expanded.push(is_expanded);
            // The rules' own containers are what is deepest.
            let mut inner = inner.into_iter();
            let holds = |node: &&Node| !node.items().is_empty() || !node.members().is_empty();
            node = inner.find(holds);
        }
        style
    }
}

impl Style {
    /// Writes a value whose text is in `source`, behind `indent`.
    fn write(&self, value: &Node, source: &str, indent: &str, depth: usize, out: &mut String) {
        let text = |span: Span| source.get(span.start..span.end).unwrap_or_default();
        let (open, close, parts): (&str, &str, Vec<(Option<Span>, &Node)>) = match &value.kind {
            NodeKind::Array(items) if !items.is_empty() => {
                ("[", "]", items.iter().map(|item| (None, item)).collect())
            }
            NodeKind::Object(members) if !members.is_empty() => {
                let each = members.iter();
                let each = each.map(|member| (Some(member.key_span), &member.value));
                ("{", "}", each.collect())
            }
            _ => {
                out.push_str(text(value.span));
                return;
            }
        };
        let is_expanded = self.expanded.get(depth).copied().unwrap_or(false);
        let inner = format!("{indent}{}", self.unit);
        let (before, between, after) = if is_expanded {
            let line = format!("{}{inner}", self.newline);
            (
                line.clone(),
                format!(",{line}"),
                format!("{}{indent}", self.newline),
            )
        } else {
            let is_padded = match open {
                "{" => self.padded,
                _ => self.padded_array,
            };
            let pad = if is_padded { " " } else { "" };
            (pad.to_owned(), ", ".to_owned(), pad.to_owned())
        };
        out.push_str(open);
        for (at, (key, part)) in parts.into_iter().enumerate() {
            out.push_str(if at == 0 { &before } else { &between });
            if let Some(key) = key {
                out.push_str(text(key));
                out.push_str(": ");
            }
            let indent = if is_expanded { &inner } else { indent };
            self.write(part, source, indent, depth + 1, out);
        }
        out.push_str(&after);
        out.push_str(close);
    }
}

/// The containers around a place, the outermost first.
fn around(root: &Node, at: usize) -> Vec<&Node> {
    let mut path = vec![root];
    let mut node = root;
    loop {
        let inner = match &node.kind {
            NodeKind::Array(items) => items.get(items.partition_point(|of| of.span.end < at)),
            NodeKind::Object(members) => {
                let next = members.partition_point(|member| member.value.span.end < at);
                members.get(next).map(|member| &member.value)
            }
            _ => None,
        };
        match inner.filter(|inner| inner.span.start < at && at < inner.span.end) {
            Some(inner) => {
                path.push(inner);
                node = inner;
            }
            None => return path,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `text` with an insertion where it has a `^`.
    #[track_caller]
    fn inserted(text: &str, edit: &str, expected: &str) {
        let at = text.find('^').unwrap();
        let text = text.replace('^', "");
        let edit = Edit {
            span: Span::new(at, at),
            text: edit.to_owned(),
        };
        let fitted = Layout::of(&text).unwrap().fitted(&edit);
        let (before, after) = text.split_at(at);
        assert_eq!(format!("{before}{fitted}{after}"), expected);
    }

    const ADDED: &str = r#", {"conditions": [{"path": "args.b", "op": "exists", "value": true}]}"#;

    #[test]
    fn a_rule_is_laid_out_as_the_one_before_it() {
        inserted(
            "{\n  \"require\": [\n    { \"conditions\": [{ \"path\": \"args.a\" }] }^\n  ]\n}",
            ADDED,
            "{\n  \"require\": [\n    { \"conditions\": [{ \"path\": \"args.a\" }] },\n    \
             { \"conditions\": [{ \"path\": \"args.b\", \"op\": \"exists\", \"value\": true }] }\n  ]\n}",
        );
        inserted(
            "{\r\n\t\"require\": [\r\n\t\t{\r\n\t\t\t\"conditions\": [\r\n\t\t\t\t{\"path\": \"args.a\"}\r\n\t\t\t]\r\n\t\t}^\r\n\t]\r\n}",
            ADDED,
            "{\r\n\t\"require\": [\r\n\t\t{\r\n\t\t\t\"conditions\": [\r\n\t\t\t\t{\"path\": \"args.a\"}\r\n\t\t\t]\r\n\t\t},\r\n\t\t{\r\n\t\t\t\"conditions\": [\r\n\t\t\t\t{\"path\": \"args.b\", \"op\": \"exists\", \"value\": true}\r\n\t\t\t]\r\n\t\t}\r\n\t]\r\n}",
        );
        inserted(
            "{\n  \"require\": [\n    { \"conditions\": [ { \"path\": \"args.a\" } ] }^\n  ]\n}",
            ADDED,
            "{\n  \"require\": [\n    { \"conditions\": [ { \"path\": \"args.a\" } ] },\n    \
             { \"conditions\": [ { \"path\": \"args.b\", \"op\": \"exists\", \"value\": true } ] }\n  ]\n}",
        );
        inserted(
            "{\"require\": [{\"conditions\": []}^]}",
            ADDED,
            &format!("{{\"require\": [{{\"conditions\": []}}{ADDED}]}}"),
        );
    }

    #[test]
    fn a_member_is_laid_out_as_the_one_behind_it() {
        inserted(
            "{\n  ^\"deny_if\": [\n    { \"conditions\": [{ \"path\": \"args.a\" }] }\n  ]\n}",
            "\"require\": [{\"conditions\": [{\"path\": \"args.a\"}]}], ",
            "{\n  \"require\": [\n    { \"conditions\": [{ \"path\": \"args.a\" }] }\n  ],\n  \
             \"deny_if\": [\n    { \"conditions\": [{ \"path\": \"args.a\" }] }\n  ]\n}",
        );
        inserted(
            "{ ^\"deny_if\": [] }",
            "\"require\": [{\"conditions\": []}], ",
            "{ \"require\": [{\"conditions\": []}], \"deny_if\": [] }",
        );
    }
}
