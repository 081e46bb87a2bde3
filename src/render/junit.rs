//! JUnit's XML: a suite per trace with a test case per call that expects
//! something, a suite per policy for what is found in it.
//!
//! Repetitions of one line that went alike are one test case, which says how
//! many there were; the suite's properties count every call once.

mod suites;
mod xml;

use super::style::Style;
use mcppolicy_analysis::report::Report;

use suites::suites;
use xml::Writer;

/// Renders a report as an XML document.
pub fn render(report: &Report<'_>, style: Style<'_>) -> String {
    let suites = suites(report, style);
    let mut out = Writer::new();
    let count = |wanted: fn(&suites::Outcome) -> bool| -> usize {
        let cases = suites.iter().flat_map(|suite| &suite.cases);
        cases.filter(|case| wanted(&case.outcome)).count()
    };
    out.open(
        "testsuites",
        &[
            ("name", "mcppolicy"),
            ("tests", &count(|_| true).to_string()),
            ("failures", &count(suites::Outcome::is_failure).to_string()),
            ("errors", &count(suites::Outcome::is_error).to_string()),
            ("skipped", &count(suites::Outcome::is_skipped).to_string()),
        ],
    );
    for suite in &suites {
        suite.write(&mut out);
    }
    out.close("testsuites");
    out.finish()
}
