//! Recorded calls under a change.

use super::page::Page;
use crate::render::escape::markdown_code;
use crate::render::style::Style;
use crate::render::{quote, words};
use crate::shown;
use mcppolicy_analysis::diff::traffic::{Example, Traffic};
use mcppolicy_analysis::shorten;

/// Recorded calls under the change of a policy, which is named where there are
/// several.
pub(super) fn render(page: &mut Page, traffic: &Traffic, policy: Option<&str>, style: Style<'_>) {
    let traces = words::counted(traffic.traces as u64, "trace");
    let grants = match traffic.grants.len() {
        0 => String::new(),
        count => format!("; {} affected", words::counted(count as u64, "grant")),
    };
    let named = policy.map(|name| format!(" through {}", markdown_code(&shorten::name(name))));
    page.push(format!(
        "**Recorded traffic**{}, {traces}: {}{grants}.\n",
        named.unwrap_or_default(),
        words::traffic(&traffic.total)
    ));
    let touched: Vec<_> = traffic
        .tools
        .iter()
        .filter(|(_, c)| c.allow_to_deny + c.deny_to_allow + c.undetermined > 0)
        .collect();
    if !touched.is_empty() {
        let mut table = "| Tool | Calls | Refused now | Passing now | Undetermined |\n\
                         |---|--:|--:|--:|--:|\n"
            .to_owned();
        for (tool, counts) in touched {
            table.push_str(&format!(
                "| {} | {} | {} | {} | {} |\n",
                markdown_code(&shorten::name(tool.as_deref().unwrap_or(words::NO_TOOL))),
                counts.calls,
                counts.allow_to_deny,
                counts.deny_to_allow,
                counts.undetermined
            ));
        }
        page.push(table);
    }
    if !traffic.examples.is_empty() {
        let lines: Vec<String> = traffic
            .examples
            .iter()
            .map(|example| one_example(example, style))
            .collect();
        page.fold(
            "The first calls that are decided differently",
            &lines.join(""),
        );
    }
}

fn one_example(example: &Example, style: Style<'_>) -> String {
    let what = if example.passes {
        "passes now, was refused"
    } else {
        "is refused now"
    };
    let mut line = format!(
        "- {} {} {what}",
        markdown_code(&format!(
            "{}:{}",
            shorten::name(&example.file),
            example.line
        )),
        markdown_code(&shorten::name(
            example.tool.as_deref().unwrap_or(words::NO_TOOL)
        ))
    );
    if let Some(rule) = &example.rule {
        line.push_str(&format!(" by {}", markdown_code(&shorten::name(rule))));
    }
    let arguments = shown::recorded(example.arguments.as_ref(), &example.reads, style.shown());
    if let Some(arguments) = arguments {
        let arguments = quote::arguments(&arguments);
        line.push_str(&format!(": {}", markdown_code(&arguments)));
    }
    line.push('\n');
    line
}
