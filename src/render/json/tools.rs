//! `classify`: the tools with their categories.

use serde::Serialize;
use serde::ser::SerializeMap;

use super::findings::json_finding;
use crate::share::finding::Finding;
use mcppolicy_analysis::inventory::category::Category;
use mcppolicy_analysis::report::Classified;
use mcppolicy_engine::source::SourceMap;

pub(super) fn members<M: SerializeMap>(
    map: &mut M,
    classified: &Classified,
    sources: &SourceMap,
) -> Result<(), M::Error> {
    map.serialize_entry("summary", &Summary::new(classified))?;
    let tools: Vec<JsonTool<'_>> = classified
        .tools
        .iter()
        .map(|tool| JsonTool {
            name: &tool.name,
            category: tool.category.name(),
            risk: tool.category.risk().name(),
            because: &tool.because,
            conflict: tool.conflict,
        })
        .collect();
    map.serialize_entry("tools", &tools)?;
    let findings: Vec<Finding<'_>> = classified
        .findings
        .iter()
        .map(|finding| json_finding(finding, sources))
        .collect();
    map.serialize_entry("findings", &findings)
}

#[derive(Serialize)]
struct Summary {
    tools: usize,
    read: usize,
    write: usize,
    execute: usize,
    destructive: usize,
    financial: usize,
    conflicts: usize,
}

impl Summary {
    fn new(classified: &Classified) -> Summary {
        Summary {
            tools: classified.tools.len(),
            read: classified.count(Category::Read),
            write: classified.count(Category::Write),
            execute: classified.count(Category::Execute),
            destructive: classified.count(Category::Destructive),
            financial: classified.count(Category::Financial),
            conflicts: classified
                .tools
                .iter()
                .filter(|tool| tool.conflict.is_some())
                .count(),
        }
    }
}

#[derive(Serialize)]
struct JsonTool<'a> {
    name: &'a str,
    category: &'static str,
    risk: &'static str,
    because: &'a str,
    /// The annotation that the tool's own words contradict.
    conflict: Option<&'static str>,
}
