//! What has changed between two answers of a server: the pull of the rug.
//!
//! A server that was reviewed can answer differently tomorrow, and a model
//! does what a description says. Everything that a model or a client reads of a
//! tool is compared; the order of tools, of members, of required names and of
//! listed values means nothing.

mod findings;
#[cfg(test)]
mod tests;

use similar::{Algorithm, ChangeTag, TextDiff};

use super::tools::{Annotations, Inventory, Text, Tool};
use mcppolicy_engine::document::{Member, Node, push_pointer};
use mcppolicy_engine::value::Value;

pub use findings::findings;

/// What two inventories of one server do not share, each list by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Drift {
    /// Tools that only the new one has.
    pub added: Vec<String>,
    /// Tools that only the old one has.
    pub removed: Vec<String>,
    /// Tools that both have, and not alike.
    pub changed: Vec<ChangedTool>,
}

impl Drift {
    /// Whether nothing has changed.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

/// A tool and what has changed of it.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangedTool {
    /// Its name.
    pub tool: String,
    /// What has changed, at least one thing.
    pub changes: Vec<Change>,
}

/// One thing that has changed of a tool.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// The title.
    Title(Vec<Words>),
    /// The description.
    Description(Vec<Words>),
    /// One of the annotations: its name in the protocol, and what it was and
    /// is; `None` where it is absent.
    Annotation {
        /// Such as `readOnlyHint`.
        name: &'static str,
        /// Before.
        old: Option<bool>,
        /// Now.
        new: Option<bool>,
    },
    /// The category that the file states.
    Category,
    /// A place in the schema of the arguments or the results, or in a member
    /// that has no variant of its own, such as `_meta` or `icons`.
    Schema(SchemaChange),
}

impl Change {
    /// The place in the tool, as a JSON Pointer: `/description`,
    /// `/annotations/readOnlyHint`, `/inputSchema/required`.
    pub fn pointer(&self) -> String {
        match self {
            Change::Title(_) => "/title".to_owned(),
            Change::Description(_) => "/description".to_owned(),
            Change::Annotation { name, .. } => format!("/annotations/{name}"),
            Change::Category => "/category".to_owned(),
            Change::Schema(place) => place.pointer.clone(),
        }
    }

    /// Whether it concerns only how a client shows the tool or runs it, and nothing
    /// that a model reads or that says what the tool does: its title, its icons, and
    /// `execution`.
    pub fn is_cosmetic(&self) -> bool {
        let pointer = self.pointer();
        let member = pointer.split('/').nth(1).unwrap_or_default();
        matches!(member, "title" | "icons" | "execution")
    }

    /// The changed words, none where the change is none of text.
    pub fn words(&self) -> &[Words] {
        match self {
            Change::Title(words) | Change::Description(words) => words,
            Change::Schema(place) => &place.words,
            Change::Annotation { .. } | Change::Category => &[],
        }
    }
}

/// A place in a tool whose value has changed.
#[derive(Debug, Clone, PartialEq)]
pub struct SchemaChange {
    /// The place, as a JSON Pointer into the tool: `/inputSchema/required`.
    /// It may be missing on either side.
    pub pointer: String,
    /// What was there, `None` for nothing.
    pub old: Option<Value>,
    /// What is there now, `None` for nothing.
    pub new: Option<Value>,
    /// The changed words, when both are strings: an argument's description
    /// speaks to the model as the tool's does.
    pub words: Vec<Words>,
}

/// A run of words, and which side has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// Which side.
    pub side: Side,
    /// The words, with the space between them.
    pub text: String,
}

/// The side of a comparison on which some words are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Both.
    Both,
    /// Only the old text.
    Old,
    /// Only the new text.
    New,
}

/// What has changed from `old` to `new`.
pub fn drift(old: &Inventory, new: &Inventory) -> Drift {
    let only_in = |one: &Inventory, other: &Inventory| {
        one.names()
            .filter(|name| other.get(name).is_none())
            .map(str::to_owned)
            .collect()
    };
    let changed = old.names().filter_map(|name| {
        let (old, new) = (old.get(name)?, new.get(name)?);
        let mut changes = changes(old, new);
        changes.extend(others(old, new).into_iter().map(Change::Schema));
        (!changes.is_empty()).then(|| ChangedTool {
            tool: name.to_owned(),
            changes,
        })
    });
    Drift {
        added: only_in(new, old),
        removed: only_in(old, new),
        changed: changed.collect(),
    }
}

/// Whether two listings of a tool say the same, whatever a server notes beside
/// it in members that the protocol leaves open.
pub(super) fn is_same(a: &Tool, b: &Tool) -> bool {
    changes(a, b).is_empty()
}

fn changes(old: &Tool, new: &Tool) -> Vec<Change> {
    let mut changes = Vec::new();
    if old.title_text() != new.title_text() {
        changes.push(Change::Title(words(old.title_text(), new.title_text())));
    }
    if value(&old.description) != value(&new.description) {
        changes.push(Change::Description(words(
            old.description_text(),
            new.description_text(),
        )));
    }
    changes.extend(annotations(&old.annotations, &new.annotations));
    if old.category.map(|(category, _)| category) != new.category.map(|(category, _)| category) {
        changes.push(Change::Category);
    }
    for (key, a, b) in [
        ("inputSchema", &old.input_schema, &new.input_schema),
        ("outputSchema", &old.output_schema, &new.output_schema),
    ] {
        let mut places = Vec::new();
        let (a, b) = (
            a.as_ref().map(Node::to_value),
            b.as_ref().map(Node::to_value),
        );
        compare(
            &push_pointer("", key),
            "",
            a.as_ref(),
            b.as_ref(),
            &mut places,
        );
        changes.extend(places.into_iter().map(Change::Schema));
    }
    changes
}

/// The places in all other members that differ. A title that stands in its
/// older place behind the newer one is one of them.
fn others(old: &Tool, new: &Tool) -> Vec<SchemaChange> {
    let mut places = Vec::new();
    let title =
        |tool: &Tool| value(&tool.annotations.title).map(|title| Value::String(title.into()));
    if old.title_text() == new.title_text() {
        let (a, b) = (title(old), title(new));
        compare(
            "/annotations/title",
            "",
            a.as_ref(),
            b.as_ref(),
            &mut places,
        );
    }
    let rest = |tool: &Tool| {
        let member = |member: &Member| (member.key.clone(), member.value.to_value());
        Value::Object(tool.others.iter().map(member).collect())
    };
    compare("", "", Some(&rest(old)), Some(&rest(new)), &mut places);
    places
}

fn value(text: &Option<Text>) -> Option<&str> {
    text.as_ref().map(|text| text.value.as_str())
}

fn annotations(old: &Annotations, new: &Annotations) -> Vec<Change> {
    let pairs = [
        ("readOnlyHint", old.read_only, new.read_only),
        ("destructiveHint", old.destructive, new.destructive),
        ("idempotentHint", old.idempotent, new.idempotent),
        ("openWorldHint", old.open_world, new.open_world),
    ];
    pairs
        .into_iter()
        .map(|(name, old, new)| (name, old.map(|h| h.value), new.map(|h| h.value)))
        .filter(|(_, old, new)| old != new)
        .map(|(name, old, new)| Change::Annotation { name, old, new })
        .collect()
}

/// The smallest places in which two values differ. `key` is the member that
/// holds them.
fn compare(
    pointer: &str,
    key: &str,
    old: Option<&Value>,
    new: Option<&Value>,
    out: &mut Vec<SchemaChange>,
) {
    match (old, new) {
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            let names: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for name in names {
                let pointer = push_pointer(pointer, name);
                compare(&pointer, name, a.get(name), b.get(name), out);
            }
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) if is_set(key) => {
            let texts = |list: &[Value]| -> std::collections::HashSet<String> {
                list.iter().map(Value::to_string).collect()
            };
            if texts(a) != texts(b) {
                out.push(change(pointer, old, new));
            }
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) if a.len() == b.len() => {
            for (at, (a, b)) in a.iter().zip(b).enumerate() {
                compare(&format!("{pointer}/{at}"), "", Some(a), Some(b), out);
            }
        }
        (a, b) if a == b => {}
        _ => out.push(change(pointer, old, new)),
    }
}

/// Keywords whose arrays have no order.
fn is_set(key: &str) -> bool {
    matches!(key, "required" | "enum" | "type")
}

fn change(pointer: &str, old: Option<&Value>, new: Option<&Value>) -> SchemaChange {
    let words = match (old, new) {
        (Some(Value::String(old)), Some(Value::String(new))) => words(old, new),
        _ => Vec::new(),
    };
    SchemaChange {
        pointer: pointer.to_owned(),
        old: old.cloned(),
        new: new.cloned(),
        words,
    }
}

/// Two texts as runs of words that both have, or one.
pub fn words(old: &str, new: &str) -> Vec<Words> {
    let diff = TextDiff::configure()
        .algorithm(Algorithm::Patience)
        .diff_words(old, new);
    let mut runs: Vec<Words> = Vec::new();
    for change in diff.iter_all_changes() {
        let side = match change.tag() {
            ChangeTag::Equal => Side::Both,
            ChangeTag::Delete => Side::Old,
            ChangeTag::Insert => Side::New,
        };
        match runs.last_mut() {
            Some(last) if last.side == side => last.text.push_str(change.value()),
            _ => runs.push(Words {
                side,
                text: change.value().to_owned(),
            }),
        }
    }
    runs
}
