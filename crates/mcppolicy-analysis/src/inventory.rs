//! What a server says of its own tools: its answer to `tools/list`, kept in a
//! file (`tools.json`, design: the linter, §4).
//!
//! [`Inventory::read`] takes the answer in every shape in which it is kept and
//! knows where everything stands, so that findings can point into it. What the
//! schema of a tool's arguments admits is asked of [`schema`], what kind of
//! tool it is of [`category`], what has changed between two answers of
//! [`drift`]; a live answer becomes a file in [`write`](mod@write). What a
//! policy says of a tool has no business in this room.

pub mod category;
pub mod drift;
mod read;
pub mod schema;
#[cfg(test)]
mod tests;
pub mod write;

use std::collections::BTreeMap;

use crate::finding::Finding;
use category::Category;
use mcppolicy_engine::document::{Member, Node};
use mcppolicy_engine::source::{FileId, SourceMap, Span};
use schema::InputSchema;

/// The tools of one server, as it listed them.
#[derive(Debug, Clone)]
pub struct Inventory {
    /// The file that it was read from.
    pub file: FileId,
    /// The tools in the order of the file, each name once.
    pub tools: Vec<Tool>,
    by_name: BTreeMap<String, usize>,
}

/// One tool of an inventory.
#[derive(Debug, Clone)]
pub struct Tool {
    /// The name that calls use; never empty.
    pub name: String,
    /// The name's place, quotes included.
    pub name_span: Span,
    /// The whole tool's place.
    pub span: Span,
    /// The tool as a JSON Pointer into the file; where the file has a page on
    /// each line, into the array of its lines.
    pub pointer: String,
    /// The name for people.
    pub title: Option<Text>,
    /// What the model is told of it.
    pub description: Option<Text>,
    /// What the server claims of its behaviour.
    pub annotations: Annotations,
    /// The category that the file itself states, and where. A server's own
    /// word that is none of ours is not one.
    pub category: Option<(Category, Span)>,
    /// The schema of the arguments, where there is one.
    pub input_schema: Option<Node>,
    /// The schema of the results, where there is one.
    pub output_schema: Option<Node>,
    /// What else the server says of it (`_meta`, `icons`), in the order of the
    /// file; hints that the protocol does not have are in an `annotations` of
    /// their own.
    pub others: Vec<Member>,
}

/// A string and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The string.
    pub value: String,
    /// Its place, quotes included.
    pub span: Span,
}

/// The hints of the protocol's `ToolAnnotations`. An absent hint is `None`:
/// the protocol's defaults (not read-only, destructive, open) are its advice
/// for the worst case, and no word of the server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Annotations {
    /// The name for people, in its older place.
    pub title: Option<Text>,
    /// It changes nothing.
    pub read_only: Option<Hint>,
    /// It may take something away, not only add.
    pub destructive: Option<Hint>,
    /// To call it twice does no more than to call it once.
    pub idempotent: Option<Hint>,
    /// It reaches beyond the server's own domain.
    pub open_world: Option<Hint>,
}

/// One hint and its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hint {
    /// What the server claims.
    pub value: bool,
    /// The place of `true` or `false`.
    pub span: Span,
}

impl Inventory {
    /// Reads a kept answer to `tools/list` into `map`.
    ///
    /// The file holds one JSON value or one JSON object on each line:
    /// - the result, `{"tools": […]}`;
    /// - the whole JSON-RPC response, `{"jsonrpc": "2.0", "result": …}`;
    /// - the bare array of tools;
    /// - several pages: an array of results or responses, or one of them on
    ///   each line, as a recorded session has them. Other messages of the
    ///   protocol between them are passed over.
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
        read::read(map, name, bytes)
    }

    /// The tool called `name`, compared exactly, as gateways do.
    pub fn get(&self, name: &str) -> Option<&Tool> {
        self.by_name.get(name).and_then(|at| self.tools.get(*at))
    }

    /// The names of all tools, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.by_name.keys().map(String::as_str)
    }

    fn new(file: FileId) -> Inventory {
        Inventory {
            file,
            tools: Vec::new(),
            by_name: BTreeMap::new(),
        }
    }

    /// Adds a tool whose name is new.
    fn push(&mut self, tool: Tool) {
        self.by_name.insert(tool.name.clone(), self.tools.len());
        self.tools.push(tool);
    }
}

impl Tool {
    /// What the schema of the arguments answers; everything is unsaid where
    /// there is none.
    pub fn arguments(&self) -> InputSchema<'_> {
        InputSchema::new(self.input_schema.as_ref())
    }

    /// The description's text, empty where there is none.
    pub fn description_text(&self) -> &str {
        text_of(self.description.as_ref())
    }

    /// The title's text, wherever it stands, empty where there is none.
    pub fn title_text(&self) -> &str {
        text_of(self.title.as_ref().or(self.annotations.title.as_ref()))
    }
}

fn text_of(text: Option<&Text>) -> &str {
    text.map_or("", |text| text.value.as_str())
}
