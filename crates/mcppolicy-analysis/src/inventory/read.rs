//! From the bytes of a kept `tools/list` to tools: the shapes, the pages, and
//! what is wrong with them.

mod others;

use super::category_kind::Category;
use super::tools::{Annotations, Hint, Inventory, Text, Tool};
use crate::finding::{Finding, RuleId, Severity};
use mcppolicy_engine::document::parse::{Defect, SyntaxError, Trouble, decode, parse_text, quoted};
use mcppolicy_engine::document::{Node, NodeKind, push_pointer};
use mcppolicy_engine::source::{FileId, Location, SourceMap, Span};
use others::others;

/// The rule that names what is wrong with an inventory.
const RULE: RuleId = RuleId::Inventory;

impl Inventory {
    /// Reads a kept answer to `tools/list` into `map`.
    ///
    /// The file holds one JSON value or one JSON object on each line:
    /// - the result, `{"tools": […]}`;
    /// - the whole JSON-RPC response, `{"jsonrpc": "2.0", "result": …}`;
    /// - the bare array of tools;
    /// - several pages: an array of results or responses, or one of them on
    ///   each line, as a recorded session has them. Other messages of the
    ///   protocol between them are skipped.
    ///
    /// Members that are not known are no problem, nor is `null` where something
    /// is optional, a schema of any draft, or a tool that a later page repeats
    /// word for word. What is wrong is returned whole: syntax errors with the
    /// rule `syntax`, others with the rule `inventory`; errors make the file
    /// unusable, warnings do not. What could be read is in the inventory in any
    /// case, and `None` is returned only when nothing could.
    pub fn read(
        map: &mut SourceMap,
        name: &str,
        bytes: &[u8],
    ) -> (FileId, Option<Inventory>, Vec<Finding>) {
        let text = match decode(bytes) {
            Ok(text) => text,
            Err(bad) => {
                let file = map.add(name, String::from_utf8_lossy(bytes));
                return (file, None, vec![syntax(file, bad)]);
            }
        };
        let file = map.add(name, text);
        let mut reading = Reading {
            file,
            inventory: Inventory::new(file),
            findings: Vec::new(),
            lists: 0,
            unfinished: None,
        };
        let root = match parse_text(text) {
            Ok((root, problems)) => {
                reading.repeated_keys(&problems, 0, "");
                root
            }
            Err(bad) => match lines(text) {
                Some(pages) => reading.pages_on_lines(text, pages),
                None => return (file, None, vec![syntax(file, bad)]),
            },
        };
        reading.root(&root);
        if let Some(cursor) = reading.unfinished {
            let message = "The last page names a next one: tools are missing from this inventory";
            let finding = reading.finding(Severity::Warning, cursor, "", message);
            let help = "fetch the remaining pages and keep them in one file";
            reading.findings.push(finding.help(help));
        }
        (file, Some(reading.inventory), reading.findings)
    }
}

fn syntax(file: FileId, bad: SyntaxError) -> Finding {
    let at = Location {
        file,
        span: bad.span,
    };
    let finding = Finding::new(RuleId::Syntax, Severity::Error, at, "", bad.message);
    Finding {
        help: bad.help,
        ..finding
    }
}

/// One parsed line: where it begins, its value, and its problems.
type Line = (usize, Node, Vec<Defect>);

/// The objects of a text that has one on each line; `None` when it is another
/// kind of text.
fn lines(text: &str) -> Option<Vec<Line>> {
    let mut pages = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if !line.trim().is_empty() {
            let (node, problems) = parse_text(line).ok()?;
            if !matches!(node.kind, NodeKind::Object(_)) {
                return None;
            }
            pages.push((start, node, problems));
        }
        start += line.len();
    }
    (pages.len() > 1).then_some(pages)
}

/// The same tree, `by` bytes further down the file.
fn shifted(mut node: Node, by: usize) -> Node {
    node.span = further(node.span, by);
    node.kind = match node.kind {
        NodeKind::Array(items) => {
            NodeKind::Array(items.into_iter().map(|item| shifted(item, by)).collect())
        }
        NodeKind::Object(mut members) => {
            for member in &mut members {
                member.key_span = further(member.key_span, by);
                let value = std::mem::replace(&mut member.value.kind, NodeKind::Null);
                let span = member.value.span;
                member.value = shifted(Node { span, kind: value }, by);
            }
            NodeKind::Object(members)
        }
        other => other,
    };
    node
}

fn further(span: Span, by: usize) -> Span {
    Span::new(span.start + by, span.end + by)
}

struct Reading {
    file: FileId,
    inventory: Inventory,
    findings: Vec<Finding>,
    /// How many lists of tools were found.
    lists: usize,
    /// The cursor of the last page, when it says that there is another.
    unfinished: Option<Span>,
}

impl Reading {
    fn finding(&self, severity: Severity, span: Span, pointer: &str, message: &str) -> Finding {
        let at = Location {
            file: self.file,
            span,
        };
        Finding::new(RULE, severity, at, pointer, message)
    }

    fn error(&mut self, span: Span, pointer: &str, message: &str) {
        let finding = self.finding(Severity::Error, span, pointer, message);
        self.findings.push(finding);
    }

    /// Numbers that no double holds and halves of surrogate pairs are common
    /// in what servers write (`"maximum": 9223372036854775807`) and harm no
    /// one here; of repeated keys, readers keep different ones.
    fn repeated_keys(&mut self, problems: &[Defect], by: usize, pointer: &str) {
        for problem in problems {
            let Trouble::DuplicateKey { key, first } = &problem.trouble else {
                continue;
            };
            let message = format!("The key {} is already in this object", quoted(key));
            let pointer = format!("{pointer}{}", problem.pointer);
            let span = further(problem.span, by);
            let first = Location {
                file: self.file,
                span: further(*first, by),
            };
            let finding = self.finding(Severity::Warning, span, &pointer, &message);
            self.findings.push(
                finding
                    .help("readers keep one of the two without saying which")
                    .related(first, "first here"),
            );
        }
    }

    /// The lines as the items of an array.
    fn pages_on_lines(&mut self, text: &str, pages: Vec<Line>) -> Node {
        let mut items = Vec::new();
        for (at, (start, node, problems)) in pages.into_iter().enumerate() {
            self.repeated_keys(&problems, start, &format!("/{at}"));
            items.push(shifted(node, start));
        }
        Node {
            span: Span::new(0, text.len()),
            kind: NodeKind::Array(items),
        }
    }

    fn root(&mut self, root: &Node) {
        let found = match &root.kind {
            NodeKind::Array(items) if items.iter().any(is_message) => {
                for (at, page) in items.iter().enumerate() {
                    self.page(page, &format!("/{at}"));
                }
                self.lists > 0 || !self.findings.is_empty()
            }
            NodeKind::Array(items) => {
                self.tools(items, "");
                true
            }
            NodeKind::Object(_) => {
                self.page(root, "");
                self.lists > 0 || !self.findings.is_empty()
            }
            _ => false,
        };
        if !found {
            let finding = self.finding(
                Severity::Error,
                root.span,
                "",
                "There is no list of tools here",
            );
            let help = "an inventory is the answer to tools/list: {\"tools\": […]}, \
                        the whole JSON-RPC response, or the array alone";
            self.findings.push(finding.help(help));
        }
    }

    /// One result or one message of the protocol.
    fn page(&mut self, page: &Node, pointer: &str) {
        if let Some(error) = page.get("error") {
            let said = error.get("message").and_then(Node::as_str);
            let message = match said {
                Some(said) => format!(
                    "The server answered tools/list with an error: {}",
                    quoted(said)
                ),
                None => "The server answered tools/list with an error".to_owned(),
            };
            self.error(error.span, &push_pointer(pointer, "error"), &message);
            return;
        }
        let (result, pointer) = match page.get("result") {
            Some(result) => (result, push_pointer(pointer, "result")),
            None => (page, pointer.to_owned()),
        };
        let Some(tools) = result.get("tools") else {
            return;
        };
        self.lists += 1;
        self.unfinished = result
            .get("nextCursor")
            .filter(|cursor| cursor.as_str().is_some_and(|text| !text.is_empty()))
            .map(|cursor| cursor.span);
        let pointer = push_pointer(&pointer, "tools");
        match &tools.kind {
            NodeKind::Array(items) => self.tools(items, &pointer),
            _ => {
                let message = format!("\"tools\" is {}, not an array", kind(tools));
                self.error(tools.span, &pointer, &message);
            }
        }
    }

    fn tools(&mut self, items: &[Node], pointer: &str) {
        for (at, item) in items.iter().enumerate() {
            let pointer = format!("{pointer}/{at}");
            let Some(tool) = self.tool(item, pointer) else {
                continue;
            };
            match self.inventory.get(&tool.name) {
                None => self.inventory.push(tool),
                // Pages overlap when the server's list changes under the cursor.
                Some(first) if super::drift::is_same(first, &tool) => {}
                Some(first) => {
                    let first = Location {
                        file: self.file,
                        span: first.name_span,
                    };
                    let message = format!(
                        "The tool {} is listed a second time, and differently",
                        quoted(&tool.name)
                    );
                    let at = push_pointer(&tool.pointer, "name");
                    let finding = self.finding(Severity::Error, tool.name_span, &at, &message);
                    self.findings.push(finding.related(first, "first here"));
                }
            }
        }
    }

    fn tool(&mut self, node: &Node, pointer: String) -> Option<Tool> {
        if !matches!(node.kind, NodeKind::Object(_)) {
            let message = format!("A tool is an object, this is {}", kind(node));
            self.error(node.span, &pointer, &message);
            return None;
        }
        let annotations = self.annotations(node, &pointer);
        let title = self.text(node, &pointer, "title");
        let description = self.text(node, &pointer, "description");
        let category = self.category(node, &pointer);
        let others = others(node, category.is_some());
        let input_schema = self.schema(node, &pointer, "inputSchema");
        let output_schema = self.schema(node, &pointer, "outputSchema");
        let Some(name) = node.get("name") else {
            self.error(node.span, &pointer, "This tool has no name");
            return None;
        };
        let at = push_pointer(&pointer, "name");
        match name.as_str() {
            Some("") => self.error(name.span, &at, "This tool's name is empty"),
            None => {
                let message = format!("A tool's name is a string, this is {}", kind(name));
                self.error(name.span, &at, &message);
            }
            Some(text) => {
                return Some(Tool {
                    name: text.to_owned(),
                    name_span: name.span,
                    span: node.span,
                    pointer,
                    title,
                    description,
                    annotations,
                    category,
                    input_schema,
                    output_schema,
                    others,
                });
            }
        }
        None
    }

    /// An optional member, absent when it is null.
    fn optional<'a>(&self, node: &'a Node, key: &str) -> Option<&'a Node> {
        node.get(key)
            .filter(|value| !matches!(value.kind, NodeKind::Null))
    }

    fn text(&mut self, node: &Node, pointer: &str, key: &str) -> Option<Text> {
        let value = self.optional(node, key)?;
        if let Some(text) = value.as_str() {
            return Some(Text {
                value: text.to_owned(),
                span: value.span,
            });
        }
        let message = format!("\"{key}\" is {}, not a string", kind(value));
        self.error(value.span, &push_pointer(pointer, key), &message);
        None
    }

    fn schema(&mut self, node: &Node, pointer: &str, key: &str) -> Option<Node> {
        let value = self.optional(node, key)?;
        if matches!(value.kind, NodeKind::Object(_)) {
            return Some(value.clone());
        }
        let message = format!("\"{key}\" is {}, not an object", kind(value));
        self.error(value.span, &push_pointer(pointer, key), &message);
        None
    }

    fn annotations(&mut self, node: &Node, pointer: &str) -> Annotations {
        let Some(value) = self.optional(node, "annotations") else {
            return Annotations::default();
        };
        let pointer = push_pointer(pointer, "annotations");
        if !matches!(value.kind, NodeKind::Object(_)) {
            let message = format!("\"annotations\" is {}, not an object", kind(value));
            self.error(value.span, &pointer, &message);
            return Annotations::default();
        }
        Annotations {
            title: self.text(value, &pointer, "title"),
            read_only: self.hint(value, &pointer, "readOnlyHint"),
            destructive: self.hint(value, &pointer, "destructiveHint"),
            idempotent: self.hint(value, &pointer, "idempotentHint"),
            open_world: self.hint(value, &pointer, "openWorldHint"),
        }
    }

    fn hint(&mut self, node: &Node, pointer: &str, key: &str) -> Option<Hint> {
        let value = self.optional(node, key)?;
        if let NodeKind::Bool(claim) = value.kind {
            return Some(Hint {
                value: claim,
                span: value.span,
            });
        }
        let message = format!("\"{key}\" is {}, not true or false", kind(value));
        self.error(value.span, &push_pointer(pointer, key), &message);
        None
    }

    /// The category that the file states. A word of the server's own that
    /// happens to be there ("files") is skipped, a mistyped one is not.
    fn category(&mut self, node: &Node, pointer: &str) -> Option<(Category, Span)> {
        let value = self.optional(node, "category")?;
        let word = value.as_str()?;
        if let Some(category) = Category::named(word) {
            return Some((category, value.span));
        }
        let near = Category::ALL.into_iter().find(|category| {
            let (a, b) = (category.name().to_lowercase(), word.to_lowercase());
            strsim::damerau_levenshtein(&a, &b) <= a.len() / 4
        })?;
        let message = format!("{} is not a category", quoted(word));
        let at = push_pointer(pointer, "category");
        let finding = self.finding(Severity::Warning, value.span, &at, &message);
        let help = format!("did you mean \"{near}\"?");
        self.findings.push(finding.help(help));
        None
    }
}

/// Whether an item of an array is a page, or another message of the protocol,
/// and no tool.
fn is_message(node: &Node) -> bool {
    let has = |key| node.get(key).is_some();
    has("jsonrpc") || (!has("name") && (has("result") || has("tools")))
}

/// `a string`, `an object`.
fn kind(node: &Node) -> String {
    match node.type_name() {
        "null" => "null".to_owned(),
        name @ ("array" | "object") => format!("an {name}"),
        name => format!("a {name}"),
    }
}
