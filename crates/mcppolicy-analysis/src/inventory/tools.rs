//! The tools that a server lists, as data with spans.

use std::collections::BTreeMap;

use super::category_kind::Category;
use super::schema::InputSchema;
use mcppolicy_engine::document::{Member, Node};
use mcppolicy_engine::source::{FileId, Span};

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
    /// The name's span, quotes included.
    pub name_span: Span,
    /// The whole tool's span.
    pub span: Span,
    /// The tool as a JSON Pointer into the file; where the file has a page on
    /// each line, into the array of its lines.
    pub pointer: String,
    /// The name for people.
    pub title: Option<Text>,
    /// What the model reads about it.
    pub description: Option<Text>,
    /// What the server claims of its behaviour.
    pub annotations: Annotations,
    /// The category that the file itself states, with its span. A word that is no
    /// [`Category`] is not one.
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

/// A string and its span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The string.
    pub value: String,
    /// Its span, quotes included.
    pub span: Span,
}

/// The hints of the protocol's `ToolAnnotations`. An absent hint is `None`: the
/// protocol's defaults (not read-only, destructive, open) describe the worst case,
/// and the server has not claimed them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Annotations {
    /// The name for people, in its older member.
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

/// One hint and its span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hint {
    /// What the server claims.
    pub value: bool,
    /// The span of `true` or `false`.
    pub span: Span,
}

impl Inventory {
    /// The tool called `name`, compared exactly, as gateways do.
    pub fn get(&self, name: &str) -> Option<&Tool> {
        self.by_name.get(name).and_then(|at| self.tools.get(*at))
    }

    /// The names of all tools, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.by_name.keys().map(String::as_str)
    }

    pub(super) fn new(file: FileId) -> Inventory {
        Inventory {
            file,
            tools: Vec::new(),
            by_name: BTreeMap::new(),
        }
    }

    /// Adds a tool whose name is new.
    pub(super) fn push(&mut self, tool: Tool) {
        self.by_name.insert(tool.name.clone(), self.tools.len());
        self.tools.push(tool);
    }
}

impl Tool {
    /// What the schema of the arguments says; without a schema it says nothing.
    pub fn arguments(&self) -> InputSchema<'_> {
        InputSchema::new(self.input_schema.as_ref())
    }

    /// The description's text, empty where there is none.
    pub fn description_text(&self) -> &str {
        text_of(self.description.as_ref())
    }

    /// The title's text, in either of its members, empty where there is none.
    pub fn title_text(&self) -> &str {
        text_of(self.title.as_ref().or(self.annotations.title.as_ref()))
    }
}

fn text_of(text: Option<&Text>) -> &str {
    text.map_or("", |text| text.value.as_str())
}
