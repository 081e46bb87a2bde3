//! One report in every format: a snapshot each, reviewed before it is accepted.

use super::*;

/// The style sheet of the page, which is not part of what the page says.
const CSS: &str = include_str!("../../../src/render/html/page.css");

#[test]
fn one_report_reads_in_every_format_as_reviewed() {
    let mut sources = SourceMap::new();
    let list = findings(&mut sources, POLICY, "in a message");
    let report = lint_report(&sources, list);
    for format in Format::ALL {
        let text = render(&report, format, STYLE)
            .replace(CSS, "STYLE\n")
            .replace(env!("CARGO_PKG_VERSION"), "VERSION");
        insta::assert_snapshot!(format.name(), text);
    }
}
