//! `coverage` and `mutate`: what is missing, then the numbers.

use std::fmt::Write;

use super::page::Page;
use crate::render::escape::{markdown, markdown_block, markdown_code};
use crate::render::{marked, pins};
use mcppolicy_analysis::report::{Pinned, PinnedPolicy, Pins};
use mcppolicy_analysis::shorten;
use mcppolicy_engine::source::SourceMap;

pub(super) fn render(page: &mut Page, pinned: &Pinned, sources: &SourceMap) {
    for policy in &pinned.policies {
        let name = markdown_code(&shorten::name(&policy.name));
        page.push(format!("### {name}\n"));
        for unmet in &policy.unmet {
            page.push(format!("❌ Below the threshold: {}\n", markdown(unmet)));
        }
        missing(page, policy, sources);
        let mut numbers = String::new();
        for line in pins::numbers(policy) {
            let _ = writeln!(numbers, "- {}", markdown(&line));
        }
        page.push(numbers);
    }
}

/// What no test pins, with the call that would.
fn missing(page: &mut Page, policy: &PinnedPolicy, sources: &SourceMap) {
    if let Pins::Mutants { listed, .. } = &policy.what {
        for mutant in listed {
            let id = markdown_code(&shorten::name(&mutant.id));
            page.push(format!(
                "- {id}: {}\n",
                markdown(&shorten::sentence(&mutant.what))
            ));
        }
    }
    for line in marked::lines(policy, sources) {
        for missing in &line.missing {
            let what = markdown(&shorten::sentence(&missing.what));
            let mut text = format!("- line {}, {what}\n", line.number);
            if !missing.calls.is_empty() {
                let calls = missing.calls.iter().map(String::as_str);
                let block = markdown_block(calls, "json");
                let _ = write!(text, "\n{block}");
            }
            page.push(text);
        }
    }
}
