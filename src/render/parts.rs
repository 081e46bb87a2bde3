//! What a report holds, whichever command made it: every format that lists
//! findings or cases lists these, in this order.

use crate::render::words;
use mcppolicy_analysis::finding::Finding;
use mcppolicy_analysis::lint::suppress::Suppressed;
use mcppolicy_analysis::report::{Body, Ci, DiffReport, Pinned, Report, TestRun, Tested};

/// Every finding, in the order of the report.
pub fn findings<'a>(report: &'a Report<'_>) -> Vec<&'a Finding> {
    match &report.body {
        Body::Findings(findings) => findings.list.iter().collect(),
        Body::Decided(_) => Vec::new(),
        Body::Tested(tested) => of_tests(tested),
        Body::Diff(diff) => of_diff(diff),
        Body::Classified(classified) => classified.findings.iter().collect(),
        Body::Inventoried(inventoried) => inventoried.findings.iter().collect(),
        Body::Pinned(pinned) => of_pinned(pinned),
        Body::Ci(ci) => of_ci(ci),
    }
}

/// Every finding that does not count, because somebody has decided to live with
/// it.
pub fn suppressed<'a>(report: &'a Report<'_>) -> Vec<&'a Suppressed> {
    match &report.body {
        Body::Findings(findings) => findings.suppressed_list.iter().collect(),
        Body::Ci(ci) => {
            let policies = ci.policies.iter();
            policies.flat_map(|of| &of.lint.suppressed_list).collect()
        }
        _ => Vec::new(),
    }
}

/// Those of a run over everything.
pub fn of_ci(ci: &Ci) -> Vec<&Finding> {
    let mut all: Vec<&Finding> = ci.findings.iter().collect();
    for policy in &ci.policies {
        all.extend(&policy.lint.list);
        all.extend(policy.test.iter().flat_map(of_tests));
        all.extend(policy.diff.iter().flat_map(of_diff));
        all.extend(policy.unpinned().flat_map(of_pinned));
    }
    all
}

/// Those of `coverage` and `mutate`: each missing test is one.
pub fn of_pinned(pinned: &Pinned) -> Vec<&Finding> {
    let missing = pinned.policies.iter().flat_map(|policy| &policy.findings);
    pinned.findings.iter().chain(missing).collect()
}

/// Those of one test.
pub fn of_tests(tested: &Tested) -> Vec<&Finding> {
    let problems = tested.runs.iter().flat_map(|run| &run.results.problems);
    tested.findings.iter().chain(problems).collect()
}

/// Those of a change.
pub fn of_diff(diff: &DiffReport) -> Vec<&Finding> {
    let traffic = diff
        .diff
        .policies
        .iter()
        .filter_map(|policy| policy.traffic.as_ref());
    let problems = traffic.flat_map(|traffic| &traffic.problems);
    let drift = diff.diff.drift();
    diff.findings.iter().chain(drift).chain(problems).collect()
}

/// Every run of traces.
pub fn runs<'a>(report: &'a Report<'_>) -> Vec<&'a TestRun> {
    match &report.body {
        Body::Tested(tested) => tested.runs.iter().collect(),
        Body::Ci(ci) => {
            let tested = ci.policies.iter().filter_map(|policy| policy.test.as_ref());
            tested.flat_map(|tested| &tested.runs).collect()
        }
        Body::Findings(_)
        | Body::Decided(_)
        | Body::Diff(_)
        | Body::Classified(_)
        | Body::Inventoried(_)
        | Body::Pinned(_) => Vec::new(),
    }
}

/// The changes that the report is about.
pub fn changes<'a>(report: &'a Report<'_>) -> Vec<&'a DiffReport> {
    match &report.body {
        Body::Diff(diff) => vec![diff],
        Body::Ci(ci) => {
            let changes = ci.policies.iter().filter_map(|policy| policy.diff.as_ref());
            changes.filter(|change| words::is_changed(change)).collect()
        }
        _ => Vec::new(),
    }
}
