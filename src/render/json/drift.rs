//! `inventory`: what has changed from the file to the server's own list.

use serde::Serialize;
use serde::ser::SerializeMap;

use super::findings::json_finding;
use crate::share::finding::Finding;
use mcppolicy_analysis::inventory::drift::{Change, Drift, Side, Words};
use mcppolicy_analysis::report::Inventoried;
use mcppolicy_engine::source::SourceMap;

pub(super) fn members<M: SerializeMap>(
    map: &mut M,
    inventoried: &Inventoried,
    sources: &SourceMap,
) -> Result<(), M::Error> {
    let drift = inventoried.drift.as_ref();
    let count = |of: fn(&Drift) -> usize| drift.map_or(0, of);
    let summary = Summary {
        file: inventoried.file.as_deref(),
        tools: inventoried.tools,
        pages: inventoried.pages,
        passed_over: inventoried.passed_over,
        added: count(|drift| drift.added.len()),
        removed: count(|drift| drift.removed.len()),
        changed: count(|drift| drift.changed.len()),
    };
    map.serialize_entry("summary", &summary)?;
    map.serialize_entry("drift", &drift.map(JsonDrift::new))?;
    let findings: Vec<Finding<'_>> = inventoried
        .findings
        .iter()
        .map(|finding| json_finding(finding, sources))
        .collect();
    map.serialize_entry("findings", &findings)
}

#[derive(Serialize)]
struct Summary<'a> {
    file: Option<&'a str>,
    tools: usize,
    pages: usize,
    passed_over: u64,
    added: usize,
    removed: usize,
    changed: usize,
}

#[derive(Serialize)]
struct JsonDrift<'a> {
    added: &'a [String],
    removed: &'a [String],
    changed: Vec<JsonChanged<'a>>,
}

#[derive(Serialize)]
struct JsonChanged<'a> {
    tool: &'a str,
    changes: Vec<JsonChange<'a>>,
}

/// One thing that has changed; `old` and `new` are null where there is nothing
/// on that side, and of a changed text are in its words.
#[derive(Serialize)]
struct JsonChange<'a> {
    pointer: String,
    cosmetic: bool,
    old: Option<serde_json::Value>,
    new: Option<serde_json::Value>,
    words: Vec<JsonWords<'a>>,
}

#[derive(Serialize)]
struct JsonWords<'a> {
    side: &'static str,
    text: &'a str,
}

impl<'a> JsonDrift<'a> {
    fn new(drift: &'a Drift) -> JsonDrift<'a> {
        let changed = drift.changed.iter().map(|changed| JsonChanged {
            tool: &changed.tool,
            changes: changed.changes.iter().map(JsonChange::new).collect(),
        });
        JsonDrift {
            added: &drift.added,
            removed: &drift.removed,
            changed: changed.collect(),
        }
    }
}

impl<'a> JsonChange<'a> {
    fn new(change: &'a Change) -> JsonChange<'a> {
        let (old, new) = match change {
            Change::Annotation { old, new, .. } => (old.map(Into::into), new.map(Into::into)),
            Change::Schema(place) => {
                let json = |side: &Option<mcppolicy_engine::value::Value>| {
                    side.as_ref().map(|v| v.to_json())
                };
                (json(&place.old), json(&place.new))
            }
            Change::Title(_) | Change::Description(_) | Change::Category => (None, None),
        };
        let word = |words: &'a Words| JsonWords {
            side: match words.side {
                Side::Both => "both",
                Side::Old => "old",
                Side::New => "new",
            },
            text: &words.text,
        };
        JsonChange {
            pointer: change.pointer(),
            cosmetic: change.is_cosmetic(),
            old,
            new,
            words: change.words().iter().map(word).collect(),
        }
    }
}
