//! For a program: `schema/report.schema.json`, version `mcppolicy.report/1`.
//! The structs here are the format; its members are a contract: none is
//! renamed or removed.

mod cases;
mod changes;
mod ci;
mod drift;
mod findings;
mod pinned;
mod repairs;
mod steps;
mod tools;

use std::borrow::Cow;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::style::Style;
use crate::share::{Failure, Partition, SCHEMA};
use mcppolicy_analysis::report::{self as analysis, Body, Report};

/// The schema of this format, as `mcppolicy schema report` prints it.
pub const REPORT_SCHEMA: &str = include_str!("../../schema/report.schema.json");

/// Renders a report as indented JSON with a line break at its end.
pub fn render(report: &Report<'_>, style: Style<'_>) -> String {
    // Maps with string keys, strings and numbers always serialise.
    let mut text = serde_json::to_string_pretty(&Document { report, style }).unwrap_or_default();
    text.push('\n');
    text
}

/// A report as one JSON object: the members that all commands share, then the
/// command's own.
struct Document<'a> {
    report: &'a Report<'a>,
    style: Style<'a>,
}

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let report = self.report;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("schema", SCHEMA)?;
        map.serialize_entry("command", report.command)?;
        match &report.body {
            Body::Findings(findings) => findings::members(&mut map, findings, report.sources)?,
            Body::Decided(decided) => steps::members(&mut map, decided, report.sources)?,
            Body::Tested(tested) => cases::members(&mut map, tested, report.sources, self.style)?,
            Body::Diff(diff) => changes::members(&mut map, diff, report.sources, self.style)?,
            Body::Ci(ci) => ci::members(&mut map, ci, report.sources, self.style)?,
            Body::Classified(found) => tools::members(&mut map, found, report.sources)?,
            Body::Inventoried(found) => drift::members(&mut map, found, report.sources)?,
            Body::Pinned(found) => pinned::members(&mut map, found, report.sources)?,
        }
        let failures: Vec<Failure<'_>> = report.failures.iter().map(json_failure).collect();
        map.serialize_entry("failures", &failures)?;
        map.serialize_entry("assumptions", &report.assumptions)?;
        if let Body::Tested(tested) = &report.body
            && let Some(partition) = Partition::new(tested, report.sources, self.style.shown())
        {
            map.serialize_entry("partition", &partition)?;
        }
        map.end()
    }
}

fn json_failure(failure: &analysis::Failure) -> Failure<'_> {
    Failure {
        input: Cow::Borrowed(&failure.input),
        message: Cow::Borrowed(&failure.message),
    }
}
