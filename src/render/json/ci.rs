//! `ci`: the reports of each policy, one inside the other.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::findings::{self, json_finding};
use super::{cases, changes, pinned};
use crate::render::parts;
use crate::render::style::Style;
use crate::share::SCHEMA;
use mcppolicy_analysis::finding::Severity;
use mcppolicy_analysis::report::{Ci, CiPolicy, DiffReport, Findings, Pinned, Tested};
use mcppolicy_engine::source::SourceMap;

/// Writes the members of a `ci` report.
pub(super) fn members<M: SerializeMap>(
    map: &mut M,
    ci: &Ci,
    sources: &SourceMap,
    style: Style,
) -> Result<(), M::Error> {
    map.serialize_entry("summary", &Counts(ci))?;
    let findings: Vec<_> = ci
        .findings
        .iter()
        .map(|finding| json_finding(finding, sources))
        .collect();
    map.serialize_entry("findings", &findings)?;
    let policies: Vec<_> = ci
        .policies
        .iter()
        .map(|policy| Policy {
            policy,
            sources,
            style,
        })
        .collect();
    map.serialize_entry("policies", &policies)
}

struct Counts<'a>(&'a Ci);

impl Serialize for Counts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let exits = self
            .0
            .policies
            .iter()
            .filter(|policy| policy.exit.code() == 0)
            .count();
        let findings = parts::of_ci(self.0);
        let count = |severity| findings.iter().filter(|f| f.severity == severity).count();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("policies", &self.0.policies.len())?;
        map.serialize_entry("clean", &exits)?;
        map.serialize_entry("errors", &count(Severity::Error))?;
        map.serialize_entry("warnings", &count(Severity::Warning))?;
        map.serialize_entry("notes", &count(Severity::Note))?;
        map.serialize_entry("verdict", &self.0.verdict().map(|verdict| verdict.name()))?;
        map.serialize_entry("refused", &self.0.is_refused())?;
        map.serialize_entry("changed", &self.0.changed())?;
        map.end()
    }
}

struct Policy<'a> {
    policy: &'a CiPolicy,
    sources: &'a SourceMap,
    style: Style<'a>,
}

impl Serialize for Policy<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("policy", &self.policy.policy)?;
        map.serialize_entry("exit", &self.policy.exit.code())?;
        map.serialize_entry(
            "lint",
            &Lint {
                findings: &self.policy.lint,
                sources: self.sources,
            },
        )?;
        let test = self.policy.test.as_ref();
        let test = test.map(|tested| Test {
            tested,
            sources: self.sources,
            style: self.style,
        });
        map.serialize_entry("test", &test)?;
        let diff = self.policy.diff.as_ref();
        let diff = diff.map(|report| Changed {
            report,
            sources: self.sources,
            style: self.style,
        });
        map.serialize_entry("diff", &diff)?;
        for (command, pinned) in &self.policy.pins {
            let (command, sources) = (*command, self.sources);
            let report = Pins {
                command,
                pinned,
                sources,
            };
            map.serialize_entry(command, &report)?;
        }
        map.end()
    }
}

struct Lint<'a> {
    findings: &'a Findings,
    sources: &'a SourceMap,
}

impl Serialize for Lint<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        begin(&mut map, "lint")?;
        findings::members(&mut map, self.findings, self.sources)?;
        end(map, &[])
    }
}

struct Test<'a> {
    tested: &'a Tested,
    sources: &'a SourceMap,
    style: Style<'a>,
}

impl Serialize for Test<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        begin(&mut map, "test")?;
        cases::members(&mut map, self.tested, self.sources, self.style)?;
        end(map, &self.tested.assumptions())
    }
}

struct Pins<'a> {
    command: &'static str,
    pinned: &'a Pinned,
    sources: &'a SourceMap,
}

impl Serialize for Pins<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        begin(&mut map, self.command)?;
        pinned::members(&mut map, self.pinned, self.sources)?;
        end(map, &[])
    }
}

struct Changed<'a> {
    report: &'a DiffReport,
    sources: &'a SourceMap,
    style: Style<'a>,
}

impl Serialize for Changed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        begin(&mut map, "diff")?;
        changes::members(&mut map, self.report, self.sources, self.style)?;
        end(map, &[])
    }
}

fn begin<M: SerializeMap>(map: &mut M, command: &str) -> Result<(), M::Error> {
    map.serialize_entry("schema", SCHEMA)?;
    map.serialize_entry("command", command)
}

/// Inputs that could not be read are named once, by the outer report.
fn end<M: SerializeMap>(mut map: M, assumptions: &[String]) -> Result<M::Ok, M::Error> {
    map.serialize_entry("failures", &[(); 0])?;
    map.serialize_entry("assumptions", assumptions)?;
    map.end()
}
