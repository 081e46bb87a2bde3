//! A report as test suites.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};

use super::xml::Writer;
use crate::render::issues::{Issue, case_details, issues};
use crate::render::style::Style;
use crate::render::{conclusion, parts, words};
use mcppolicy_analysis::finding::{Class, Finding, RuleId, Severity};
use mcppolicy_analysis::replay::RunOutcome;
use mcppolicy_analysis::replay::expect::Verdict;
use mcppolicy_analysis::replay::results::{Case, Counts};
use mcppolicy_analysis::report::{Body, DiffReport, Report, TestRun};
use mcppolicy_analysis::shorten;

/// A list of test cases under one name.
pub(super) struct Suite {
    name: String,
    pub cases: Vec<TestCase>,
    properties: Vec<(&'static str, String)>,
}

/// One test case.
pub(super) struct TestCase {
    class: String,
    name: String,
    location: Option<(String, usize)>,
    pub outcome: Outcome,
    details: Vec<String>,
}

/// How a test case went.
pub(super) enum Outcome {
    Passed,
    /// What kind of failure, and why.
    Failed(&'static str, String),
    /// What kind of error, and why.
    Error(&'static str, String),
    /// Why nothing can be said.
    Skipped(String),
}

impl Outcome {
    pub fn is_failure(&self) -> bool {
        matches!(self, Outcome::Failed(..))
    }

    pub fn is_error(&self) -> bool {
        matches!(self, Outcome::Error(..))
    }

    pub fn is_skipped(&self) -> bool {
        matches!(self, Outcome::Skipped(_))
    }
}

impl Suite {
    fn new(name: &str) -> Suite {
        Suite {
            name: name.to_owned(),
            cases: Vec::new(),
            properties: Vec::new(),
        }
    }

    pub fn write(&self, out: &mut Writer) {
        let count = |wanted: fn(&Outcome) -> bool| {
            let cases = self.cases.iter().filter(|case| wanted(&case.outcome));
            cases.count().to_string()
        };
        out.open(
            "testsuite",
            &[
                ("name", &self.name),
                ("tests", &self.cases.len().to_string()),
                ("failures", &count(Outcome::is_failure)),
                ("errors", &count(Outcome::is_error)),
                ("skipped", &count(Outcome::is_skipped)),
            ],
        );
        if !self.properties.is_empty() {
            out.open("properties", &[]);
            for (name, value) in &self.properties {
                out.empty("property", &[("name", name), ("value", value)]);
            }
            out.close("properties");
        }
        for case in &self.cases {
            case.write(out);
        }
        out.close("testsuite");
    }
}

impl TestCase {
    fn write(&self, out: &mut Writer) {
        let line = self.location.as_ref().map(|(_, line)| line.to_string());
        let mut attributes = vec![("classname", self.class.as_str()), ("name", &self.name)];
        if let (Some((file, _)), Some(line)) = (&self.location, &line) {
            attributes.extend([("file", file.as_str()), ("line", line.as_str())]);
        }
        let (element, kind, message) = match &self.outcome {
            Outcome::Passed => return self.write_passed(out, &attributes),
            Outcome::Failed(kind, message) => ("failure", Some(*kind), message),
            Outcome::Error(kind, message) => ("error", Some(*kind), message),
            Outcome::Skipped(message) => ("skipped", None, message),
        };
        out.open("testcase", &attributes);
        let mut inner = vec![("message", message.as_str())];
        inner.extend(kind.map(|kind| ("type", kind)));
        out.text(element, &inner, &self.details);
        out.close("testcase");
    }

    /// What a passed case has to say is output, not a failure.
    fn write_passed(&self, out: &mut Writer, attributes: &[(&str, &str)]) {
        if self.details.is_empty() {
            return out.empty("testcase", attributes);
        }
        out.open("testcase", attributes);
        out.text("system-out", &[], &self.details);
        out.close("testcase");
    }
}

/// The suites of a report: inputs, policies and configuration, traces,
/// changes.
pub(super) fn suites(report: &Report<'_>, style: Style<'_>) -> Vec<Suite> {
    let issues = issues(report, style);
    let (about_files, changes): (Vec<&Issue<'_>>, Vec<&Issue<'_>>) = issues
        .iter()
        .filter(|issue| issue.rule.class() != Class::Expectation)
        .partition(|issue| issue.rule.class() != Class::PolicyChange);
    let mut suites: Vec<Suite> = Vec::new();
    for issue in about_files {
        push(&mut suites, issue.file, of_issue(issue));
    }
    let noisy: BTreeSet<&str> = issues
        .iter()
        .filter(|issue| issue.finding.is_some())
        .map(|issue| issue.file)
        .collect();
    suites.extend(clean(report, noisy.len()));
    for run in parts::runs(report) {
        of_run(&mut suites, run, style);
    }
    let diffs = parts::changes(report);
    if !diffs.is_empty() {
        let mut suite = Suite::new("change");
        suite.cases.extend(changes.into_iter().map(of_issue));
        suite.cases.extend(diffs.into_iter().map(of_gate));
        suites.push(suite);
    }
    make_distinct(&mut suites);
    suites
}

/// Numbers suites that have one name, and test cases of one class that have one
/// name: a reader of test reports takes two of the same for one.
fn make_distinct(suites: &mut [Suite]) {
    let mut taken = Taken::default();
    for suite in suites.iter_mut() {
        taken.number("", &mut suite.name);
    }
    let mut taken = Taken::default();
    for case in suites.iter_mut().flat_map(|suite| &mut suite.cases) {
        taken.number(&case.class, &mut case.name);
    }
}

/// Names that are taken, by class, each with how often it was asked for.
#[derive(Default)]
struct Taken(HashMap<(String, String), usize>);

impl Taken {
    /// Makes `name` one that no other has: the second of the same gets ` (2)`.
    fn number(&mut self, class: &str, name: &mut String) {
        let first = name.clone();
        loop {
            let times = self.0.entry((class.to_owned(), first.clone()));
            let times = *times.and_modify(|times| *times += 1).or_insert(1);
            if times == 1 {
                return;
            }
            let numbered = format!("{first} ({times})");
            if let Entry::Vacant(free) = self.0.entry((class.to_owned(), numbered.clone())) {
                free.insert(1);
                *name = numbered;
                return;
            }
        }
    }
}

/// What the gate makes of a change.
fn of_gate(diff: &DiffReport) -> TestCase {
    let mut gate = format!("gate {}", diff.gate.name());
    if let [policy] = diff.diff.policies.as_slice() {
        gate = format!("{gate}, {}", shorten::name(&policy.name));
    }
    let outcome = if diff.refused {
        Outcome::Failed("gate", conclusion::conclusion(diff))
    } else {
        Outcome::Passed
    };
    TestCase::new("change", gate, outcome)
}

/// Adds a case to the suite of its file.
fn push(suites: &mut Vec<Suite>, name: &str, case: TestCase) {
    match suites.iter_mut().find(|suite| suite.name == name) {
        Some(suite) => suite.cases.push(case),
        None => {
            let mut suite = Suite::new(name);
            suite.cases.push(case);
            suites.push(suite);
        }
    }
}

/// What policies there are without findings: those are not named in a report, only
/// counted, except in one of `ci`.
fn clean(report: &Report<'_>, noisy: usize) -> Vec<Suite> {
    let named = |name: &str, case: String| {
        let mut suite = Suite::new(name);
        suite.cases.push(TestCase::new(name, case, Outcome::Passed));
        suite
    };
    match &report.body {
        Body::Findings(findings) if findings.policies > noisy => {
            let count = words::counted((findings.policies - noisy) as u64, "policy");
            vec![named(report.command, format!("{count} without findings"))]
        }
        Body::Ci(ci) => {
            let clean = ci.policies.iter().filter(|p| p.lint.list.is_empty());
            clean
                .map(|policy| named(&policy.policy, "lint".to_owned()))
                .collect()
        }
        Body::Pinned(pinned) => {
            let clean = pinned.policies.iter().filter(|p| p.findings.is_empty());
            clean
                .map(|policy| named(&policy.name, report.command.to_owned()))
                .collect()
        }
        _ => Vec::new(),
    }
}

impl TestCase {
    fn new(class: &str, name: String, outcome: Outcome) -> TestCase {
        TestCase {
            class: class.to_owned(),
            name,
            location: None,
            outcome,
            details: Vec::new(),
        }
    }
}

fn of_issue(issue: &Issue<'_>) -> TestCase {
    let line = issue.location.line();
    let position = issue.finding.map_or_else(String::new, |finding: &Finding| {
        format!(" at {}", shorten::name(pointer(finding)))
    });
    let mut details = vec![issue.message.clone()];
    details.extend(issue.details.iter().cloned());
    TestCase {
        class: issue.file.to_owned(),
        name: format!("{}{position}, line {line}", issue.rule),
        location: Some((issue.file.to_owned(), line)),
        outcome: match issue.severity {
            // What could not be read was not looked at: that is no failed check.
            _ if issue.rule.class() == Class::UnreadableInput => {
                Outcome::Error(issue.rule.name(), issue.message.clone())
            }
            Severity::Error | Severity::Warning => {
                Outcome::Failed(issue.rule.name(), issue.message.clone())
            }
            // Worth knowing, and no failure.
            Severity::Note => Outcome::Passed,
        },
        details,
    }
}

fn pointer(finding: &Finding) -> &str {
    match finding.pointer.as_str() {
        "" => "/",
        pointer => pointer,
    }
}

/// A suite per trace of one policy's run.
fn of_run(suites: &mut Vec<Suite>, run: &TestRun, style: Style<'_>) {
    let results = &run.results;
    let allowed = allows_undetermined(run);
    let mut cases: Vec<&Case> = results.cases.iter().chain(&results.passed).collect();
    cases.sort_by(|a, b| a.in_order(b));
    for (at, trace) in results.traces.iter().enumerate() {
        let mut suite = Suite::new(&trace.name);
        suite.properties = properties(run, &trace.counts);
        let mine = || {
            let mine = cases.iter().filter(|case| case.trace == at);
            mine.filter(|case| case.expected.is_some())
        };
        suite
            .cases
            .extend(mine().map(|case| of_case(case, run, style)));
        let asserted: u64 = mine()
            .filter(|case| case.verdict == Verdict::Undetermined)
            .map(|case| case.repetitions.count)
            .sum();
        let further = trace.counts.undetermined.saturating_sub(asserted);
        if further > 0 {
            let message = format!("{} undetermined", words::counted(further, "call"));
            let outcome = if allowed {
                Outcome::Skipped(message)
            } else {
                Outcome::Error("undetermined", message)
            };
            let name = "calls without expectation are determined".to_owned();
            suite.cases.push(TestCase::new(&run.name, name, outcome));
        }
        suites.push(suite);
    }
    if let Some(complaint) = words::complaint(run.outcome) {
        let mut suite = Suite::new(&run.name);
        let outcome = Outcome::Error("nothing-to-do", complaint.to_owned());
        let name = "something is asserted".to_owned();
        suite.cases.push(TestCase::new(&run.name, name, outcome));
        suites.push(suite);
    }
}

/// Undetermined calls were let pass by an option when there are some and the
/// run did not fail.
fn allows_undetermined(run: &TestRun) -> bool {
    matches!(
        run.outcome,
        RunOutcome::Clean | RunOutcome::NoCallInScope | RunOutcome::NothingAsserted
    )
}

fn properties(run: &TestRun, counts: &Counts) -> Vec<(&'static str, String)> {
    vec![
        ("policy", run.name.clone()),
        ("calls", counts.calls.to_string()),
        ("passed", counts.passed.to_string()),
        ("failed", counts.failed.to_string()),
        ("undetermined", counts.undetermined.to_string()),
        ("unasserted", counts.unasserted.to_string()),
        ("out_of_scope", counts.out_of_scope.to_string()),
    ]
}

fn of_case(case: &Case, run: &TestRun, style: Style<'_>) -> TestCase {
    let tool = case.tool.as_deref().unwrap_or(words::NO_TOOL);
    let mut name = format!("line {}: {}", case.line, shorten::name(tool));
    if let Some(repetitions) = words::repetitions(&case.repetitions) {
        name = format!("{name}, {repetitions}");
    }
    let outcome = match case.verdict {
        Verdict::Pass | Verdict::Unasserted => Outcome::Passed,
        Verdict::Fail => Outcome::Failed(RuleId::Expectation.name(), words::mismatch(case)),
        Verdict::Undetermined if allows_undetermined(run) => {
            Outcome::Skipped(words::mismatch(case))
        }
        Verdict::Undetermined => Outcome::Error("undetermined", words::mismatch(case)),
    };
    let details = match outcome {
        Outcome::Passed => Vec::new(),
        _ => case_details(case, style),
    };
    TestCase {
        class: run.name.clone(),
        name,
        location: Some((case.file.clone(), case.line)),
        outcome,
        details,
    }
}
