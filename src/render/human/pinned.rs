//! `coverage` and `mutate`: the policy's own text with a mark before each line and
//! what is missing under it, then the numbers.

use std::fmt::Write;

use super::findings;
use crate::render::escape::terminal;
use crate::render::marked::{self, MarkedLine};
use crate::render::pins;
use crate::render::style::Style;
use crate::render::words;
use mcppolicy_analysis::report::{Pinned, PinnedPolicy, Pins};
use mcppolicy_analysis::shorten;
use mcppolicy_engine::source::SourceMap;

pub(super) fn render(out: &mut String, pinned: &Pinned, sources: &SourceMap, style: Style) {
    findings::render(out, &pinned.findings, sources, style);
    for policy in &pinned.policies {
        let _ = writeln!(out, "{}", terminal(&shorten::name(&policy.name)));
        if let Pins::Mutants { listed, .. } = &policy.what
            && !listed.is_empty()
        {
            for mutant in listed {
                let what = terminal(&shorten::sentence(&mutant.what));
                let _ = writeln!(out, "  {}  {what}", terminal(&shorten::name(&mutant.id)));
            }
            let count = words::counted(listed.len() as u64, "mutant");
            let _ = writeln!(out, "{count} listed, none tried");
            continue;
        }
        text(out, policy, sources);
        for line in pins::numbers(policy) {
            let _ = writeln!(out, "{line}");
        }
        for unmet in &policy.unmet {
            let _ = writeln!(out, "below the threshold: {}", terminal(unmet));
        }
        if let Some(complaint) = words::complaint(policy.outcome) {
            let _ = writeln!(out, "{}: {complaint}", terminal(&policy.name));
        }
        if !policy.written.is_empty() {
            let count = words::counted(policy.written.len() as u64, "trace");
            let _ = writeln!(out, "{count} written; read them before you commit them:");
            for file in &policy.written {
                let _ = writeln!(out, "  {}", terminal(&shorten::name(file)));
            }
        }
    }
    let _ = writeln!(out, "{}", pins::pinned(pinned));
}

fn text(out: &mut String, policy: &PinnedPolicy, sources: &SourceMap) {
    let mut last = 0;
    for line in marked::lines(policy, sources) {
        if line.number > last + 1 {
            let _ = writeln!(out, "  …");
        }
        last = line.number;
        let _ = writeln!(out, "{}", written(&line));
        for missing in &line.missing {
            let what = terminal(&shorten::sentence(&missing.what));
            let _ = writeln!(out, "    > {what}");
            for call in &missing.calls {
                let _ = writeln!(out, "      {}", terminal(call));
            }
        }
    }
    out.push('\n');
}

fn written(line: &MarkedLine) -> String {
    let text = terminal(&shorten::call(&line.text));
    format!("{} {text}", line.mark.sign()).trim_end().to_owned()
}
