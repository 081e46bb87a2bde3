//! One report in every format: a snapshot each, reviewed before it is accepted.

use super::*;

/// The style sheet of the page, which is not part of what the page says.
const CSS: &str = include_str!("../../../src/render/html/page.css");

/// What every report has and this one does not decide: the version, and in
/// SARIF the pages of all rules, which other tests read.
fn without_constants(text: &str) -> String {
    let mut text = text
        .replace(CSS, "STYLE\n")
        .replace(env!("CARGO_PKG_VERSION"), "VERSION");
    if let Some((before, rest)) = text.split_once("\"rules\": [") {
        let (_, after) = rest.split_once("\n          ]\n").unwrap();
        text = format!("{before}\"rules\": RULES\n{after}");
    }
    let lines = text
        .lines()
        .map(|line| match line.split_once("\"ruleIndex\": ") {
            Some((indent, _)) => format!("{indent}\"ruleIndex\": INDEX,\n"),
            None => format!("{line}\n"),
        });
    lines.collect()
}

#[test]
fn one_report_reads_in_every_format_as_reviewed() {
    let mut sources = SourceMap::new();
    let list = findings(&mut sources, POLICY, "refund");
    let report = lint_report(&sources, list);
    for format in Format::ALL {
        let text = render(&report, format, STYLE);
        insta::assert_snapshot!(format.name(), without_constants(&text));
    }
}
