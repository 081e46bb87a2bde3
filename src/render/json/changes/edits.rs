//! What was edited, and what that comes to, element by element.

use std::ops::Range;

use serde::Serialize;

use super::JsonSide;
use crate::render::json::findings::{json_span, witness_record};
use crate::share::finding::Span;
use mcppolicy_analysis::compare::{Edit, EditSide, Part, PartDirection};
use mcppolicy_analysis::diff::PolicyDiff;
use mcppolicy_engine::source::{FileId, Location, SourceMap};

#[derive(Serialize)]
pub(super) struct JsonEdit<'a> {
    kind: &'static str,
    element: &'static str,
    old: Option<JsonEditSide<'a>>,
    new: Option<JsonEditSide<'a>>,
    summary: &'a str,
    effect: &'static str,
    why: Option<&'a str>,
}

#[derive(Serialize)]
struct JsonEditSide<'a> {
    pointer: &'a str,
    span: Option<Span>,
    text: &'a str,
    /// From and to, in characters.
    changed: Vec<[usize; 2]>,
}

impl<'a> JsonEdit<'a> {
    pub fn new(edit: &'a Edit, policy: &PolicyDiff, sources: &SourceMap) -> JsonEdit<'a> {
        let side = |side: &'a Option<EditSide>, file: Option<FileId>| {
            side.as_ref()
                .map(|side| JsonEditSide::new(side, file, sources))
        };
        JsonEdit {
            kind: edit.kind.name(),
            element: edit.element.name(),
            old: side(&edit.old, policy.old),
            new: side(&edit.new, policy.new),
            summary: &edit.summary,
            effect: edit.effect.name(),
            why: edit.effect.why(),
        }
    }
}

impl<'a> JsonEditSide<'a> {
    fn new(side: &'a EditSide, file: Option<FileId>, sources: &SourceMap) -> JsonEditSide<'a> {
        let span = side.span;
        let location = file.map(|file| Location { file, span });
        // The ranges are in order, so the text is gone through once.
        let (mut bytes, mut characters) = (0, 0);
        let mut character = |at: usize| {
            let between = side.text.get(bytes..at).unwrap_or_default();
            characters += between.chars().count();
            bytes = at;
            characters
        };
        let changed = side.changed.iter();
        JsonEditSide {
            pointer: &side.pointer,
            span: location.map(|location| json_span(location, sources)),
            text: &side.text,
            changed: changed
                .map(|Range { start, end }| [*start, *end].map(&mut character))
                .collect(),
        }
    }
}

#[derive(Serialize)]
pub(super) struct JsonPart<'a> {
    direction: &'static str,
    by: JsonBy<'a>,
    /// Positions in the change's `edits`.
    edits: &'a [usize],
    alone: bool,
    calls: Vec<serde_json::Value>,
    schema_valid: Option<bool>,
}

#[derive(Serialize)]
struct JsonBy<'a> {
    pointer: Option<&'a str>,
    span: Option<Span>,
}

impl<'a> JsonPart<'a> {
    pub fn new(part: &'a Part, policy: &PolicyDiff, sources: &SourceMap) -> JsonPart<'a> {
        let file = match part.direction {
            PartDirection::Loosened => policy.old,
            PartDirection::Tightened => policy.new,
        };
        let JsonSide { rule, span } = JsonSide::new(&part.by, file, sources);
        let calls = part.witness.iter().flat_map(|witness| &witness.calls);
        JsonPart {
            direction: part.direction.name(),
            by: JsonBy {
                pointer: rule,
                span,
            },
            edits: &part.edits,
            alone: part.alone,
            calls: calls.map(witness_record).collect(),
            schema_valid: part.schema_valid,
        }
    }
}
