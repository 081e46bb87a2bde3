//! Markdown's order and size, and the page's charts.

use super::*;

fn change(format: Format, style: Style<'_>) -> String {
    let mut sources = SourceMap::new();
    let new = POLICY
        .replace("500", "800")
        .replace("\"max\": 2", "\"max\": 3");
    let diff = compared(&mut sources, POLICY, &new, TRACE);
    render(&diff_report(&sources, diff), format, style)
}

#[test]
fn markdown_says_the_verdict_then_the_table_then_the_proof_then_the_traffic() {
    insta::assert_snapshot!("change.md", change(Format::Markdown, STYLE));
}

#[test]
fn markdown_of_a_test_shows_what_did_not_pass() {
    let mut sources = SourceMap::new();
    let done = tested(&mut sources, POLICY, TRACE);
    let report = test_report(&sources, done);
    insta::assert_snapshot!("test.md", render(&report, Format::Markdown, STYLE));
}

#[test]
fn markdown_is_cut_between_sections_and_says_so() {
    let whole = change(Format::Markdown, STYLE);
    for limit in [0, 100, 400, 800, whole.len() - 1, whole.len()] {
        let style = Style {
            limit: Some(limit),
            ..STYLE
        };
        let text = change(Format::Markdown, style);
        assert!(text.len() <= limit, "{limit}: {text}");
        let folds = text.matches("<details>").count();
        assert_eq!(folds, text.matches("</details>").count(), "{text}");
        assert_eq!(text.matches("```").count() % 2, 0, "{text}");
        if (100..whole.len()).contains(&limit) {
            assert!(text.contains("Cut here"), "{limit}: {text}");
        }
    }
}

#[test]
fn annotations_beyond_what_github_shows_are_counted() {
    let mut sources = SourceMap::new();
    let one = findings(&mut sources, POLICY, "");
    let list: Vec<Finding> = std::iter::repeat_n(one, 11).flatten().collect();
    let text = render(&lint_report(&sources, list), Format::Github, STYLE);
    let last = text.lines().last().unwrap();
    assert_eq!(
        last,
        "mcppolicy: 34 in all; GitHub shows 10 errors, warnings and notices of a step, the job's \
         summary has every one"
    );
}

#[test]
fn each_chart_has_a_name_and_says_what_it_shows() {
    let mut sources = SourceMap::new();
    let done = tested(&mut sources, POLICY, TRACE);
    let page = render(&test_report(&sources, done), Format::Html, STYLE);
    // Calls by tool, peaks, calls over time, one limit over time.
    assert_eq!(page.matches("<svg role=\"img\"").count(), 4, "{page}");
    assert_eq!(page.matches("<desc ").count(), 4);
    for text in [
        "refund: 2 allowed, 4 denied",
        "refunds, /tools/refund/limits/0: 2 of 2 per minute · 2 refused",
        "7 calls from 2026-11-20 10:00:00",
    ] {
        assert!(page.contains(text), "{text} is not in {page}");
    }
}

#[test]
fn a_chart_that_cannot_show_all_tools_shows_those_that_were_refused() {
    let calls = |tool: &str, count: usize| {
        let line = format!("{{\"tool\":\"{tool}\",\"arguments\":{{}}}}\n");
        line.repeat(count)
    };
    let names: Vec<String> = (0..40).map(|number| format!("busy_{number}")).collect();
    let tools: Vec<String> = names
        .iter()
        .map(|name| format!("\"{name}\":{{}}"))
        .collect();
    let policy = format!(
        "{{\"version\":\"1\",\"default\":\"deny\",\"tools\":{{{}}}}}",
        tools.join(",")
    );
    let busy: String = names.iter().map(|name| calls(name, 9)).collect();
    let trace = format!(
        "{{\"mcppolicy\":\"trace/1\"}}\n{busy}{}",
        calls("drop_all", 1)
    );
    let mut sources = SourceMap::new();
    let done = tested(&mut sources, &policy, &trace);
    let page = render(&test_report(&sources, done), Format::Html, STYLE);
    assert!(
        page.contains(">drop_all</text>") && page.contains(">1 denied</text>"),
        "{page}"
    );
    assert!(page.contains("17 tools not shown here"), "{page}");
}

#[test]
fn a_limit_that_is_hardly_used_has_a_peak_and_no_course_over_time() {
    let mut sources = SourceMap::new();
    let policy = POLICY.replace("\"max\": 2", "\"max\": 100");
    let done = tested(&mut sources, &policy, TRACE);
    let page = render(&test_report(&sources, done), Format::Html, STYLE);
    assert!(page.contains("4 of 100 per minute"), "{page}");
    assert!(!page.contains("Use of the limits over time"), "{page}");
}
