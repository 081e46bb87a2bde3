//! The JSON reports of a run's shares as the report of the whole run:
//! the same bytes, for every format.
//!
//! Nothing but the reports is read: a share's report holds the policy that it
//! was decided by, and whatever else the whole one is made of.

mod read;

use std::collections::BTreeMap;

use mcppolicy_analysis::finding::Finding;
use mcppolicy_analysis::replay::join::join;
use mcppolicy_analysis::replay::redact::redact;
use mcppolicy_analysis::replay::results::Results;
use mcppolicy_analysis::replay::share::{By, Share};
use mcppolicy_analysis::report::{Failure, SharedRun, TestRun, Tested};
use mcppolicy_engine::engine::Engine;
use mcppolicy_engine::source::SourceMap;
use mcppolicy_trace::trace::Grant;

use read::{Part, Sources};

pub use read::Input;

/// Why reports cannot be merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The report, or all of them.
    pub report: Option<String>,
    /// What is wrong.
    pub message: String,
    /// Whether the report is no whole report of a share, rather than one that
    /// does not belong to the others.
    pub invalid: bool,
}

/// The whole run.
#[derive(Debug)]
pub struct Merged {
    /// The files that findings and rules are in.
    pub sources: SourceMap,
    /// What it found.
    pub tested: Tested,
    /// Inputs that could not be read.
    pub failures: Vec<Failure>,
    /// Whether the shares show all arguments.
    pub shows_arguments: bool,
    /// Whether the shares kept the calls that passed, for a test report.
    pub has_passed: bool,
    /// Whether the shares kept the use of limits, for a page.
    pub has_usage: bool,
}

/// Joins the reports of all shares of one run, given in any order.
///
/// # Errors
/// Every report that is none of a share, or that does not belong to the
/// others, and the shares that are missing.
pub fn merge(inputs: &[Input]) -> Result<Merged, Vec<Refusal>> {
    let mut sources = Sources::default();
    let mut parts = Vec::new();
    let mut refusals = Vec::new();
    for input in inputs {
        match read::part(input, &mut sources) {
            Ok(part) => parts.push(part),
            Err(message) => refusals.push(Refusal {
                report: Some(input.name.clone()),
                message,
                invalid: true,
            }),
        }
    }
    parts.sort_by_key(|part| part.share.index);
    refusals.extend(unlike(&parts));
    if !refusals.is_empty() {
        return Err(refusals);
    }
    refusals.extend(incomplete(&parts));
    if !refusals.is_empty() {
        return Err(refusals);
    }
    whole(parts, sources).map_err(|refusal| vec![refusal])
}

fn refusal(part: &Part, message: String) -> Refusal {
    Refusal {
        report: Some(part.name.clone()),
        message,
        invalid: false,
    }
}

/// The reports whose run is not that of the first.
fn unlike(parts: &[Part]) -> Vec<Refusal> {
    let Some((first, rest)) = parts.split_first() else {
        return Vec::new();
    };
    let complaint = |part: &Part| {
        let what = first.difference(part)?;
        let message = format!("does not belong to {}: {what}", first.name);
        Some(refusal(part, message))
    };
    rest.iter().filter_map(complaint).collect()
}

/// The shares that are there twice, or not at all.
fn incomplete(parts: &[Part]) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let mut names: BTreeMap<u32, &Part> = BTreeMap::new();
    for part in parts {
        if let Some(other) = names.insert(part.share.index, part) {
            let Share { index, of, .. } = part.share;
            let message = format!("is share {index} of {of}, and so is {}", other.name);
            refusals.push(refusal(part, message));
        }
    }
    let of = parts.first().map_or(0, |part| part.share.of);
    let missing: Vec<String> = (1..=of)
        .filter(|index| !names.contains_key(index))
        .map(|index| index.to_string())
        .collect();
    if !missing.is_empty() {
        let message = format!("of {of} shares these are missing: {}", missing.join(", "));
        refusals.push(Refusal {
            report: None,
            message,
            invalid: false,
        });
    }
    refusals
}

fn whole(parts: Vec<Part>, sources: Sources) -> Result<Merged, Refusal> {
    let mut parts = parts;
    let Some(first) = parts.first() else {
        return Err(Refusal {
            report: None,
            message: "there is no report to merge".to_owned(),
            invalid: false,
        });
    };
    let shared = first.shared.clone();
    let shows_arguments = first.shows_arguments;
    let by = first.share.by;
    let mut tested = Tested::default();
    let mut failures: Vec<Failure> = Vec::new();
    for part in &mut parts {
        for finding in std::mem::take(&mut part.findings) {
            add_once(&mut tested.findings, finding);
        }
        for failure in std::mem::take(&mut part.failures) {
            if !failures.contains(&failure) {
                failures.push(failure);
            }
        }
    }
    let runs = parts.iter().map(|part| part.runs.len()).min().unwrap_or(0);
    for at in 0..runs {
        let mut run = run(&mut parts, at, &shared, by)?;
        if !shows_arguments {
            withhold(&mut run.results);
        }
        tested.runs.push(run);
    }
    Ok(Merged {
        sources: sources.map,
        tested,
        failures,
        shows_arguments,
        has_passed: shared.options.list_passed,
        has_usage: shared.options.usage,
    })
}

/// Leaves of the calls that all shares decided what that decision looked at;
/// what a share has decided shows no more already.
fn withhold(results: &mut Results) {
    let cases = results.cases.iter_mut().chain(&mut results.passed);
    for case in cases.filter(|case| case.grant == Grant::Unknown) {
        if let Some(arguments) = &mut case.arguments {
            arguments.replace(|value| redact(value, &case.reads));
        }
    }
}

fn add_once(findings: &mut Vec<Finding>, finding: Finding) {
    if !findings.contains(&finding) {
        findings.push(finding);
    }
}

/// Policy number `at` of all shares.
fn run(parts: &mut [Part], at: usize, shared: &SharedRun, by: By) -> Result<TestRun, Refusal> {
    let mut results: Vec<Results> = Vec::new();
    let mut head = None;
    for part in parts.iter_mut() {
        if let Some(run) = part.runs.get_mut(at) {
            results.push(std::mem::take(&mut run.results));
            head =
                head.or_else(|| Some((run.name.clone(), run.policy.clone(), run.server.clone())));
        }
    }
    let Some((name, policy, server)) = head else {
        return Err(Refusal {
            report: None,
            message: "there is no policy in the reports".to_owned(),
            invalid: true,
        });
    };
    let mut options = shared.options.clone();
    options.server.clone_from(&server);
    let engine = Engine::new(&policy);
    let results = join(&engine, &options, &results, by).map_err(|(at, why)| {
        let report = |at: usize| parts.get(at).map(|part| part.name.clone());
        let first = report(0).unwrap_or_default();
        Refusal {
            report: report(at),
            message: format!("does not belong to {first}: it has read {why}"),
            invalid: false,
        }
    })?;
    options.share = None;
    let outcome = results.outcome(&options);
    Ok(TestRun {
        name,
        policy,
        server,
        results,
        outcome,
    })
}
