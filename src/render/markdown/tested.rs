//! Replayed calls: those that did not pass, then the calls by tool.

use super::findings;
use super::page::{Page, UNFOLDED};
use crate::render::escape::{markdown, markdown_code};
use crate::render::style::Style;
use crate::render::{issues, parts, words};
use mcppolicy_analysis::replay::results::Case;
use mcppolicy_analysis::report::Tested;
use mcppolicy_analysis::shorten;
use mcppolicy_engine::source::SourceMap;

/// Everything but the headline.
pub(super) fn render(page: &mut Page, tested: &Tested, sources: &SourceMap, style: Style<'_>) {
    findings::render(page, &parts::of_tests(tested), sources);
    for run in &tested.runs {
        if let Some(complaint) = words::complaint(run.outcome) {
            page.push(format!(
                "⚠️ {}: {}\n",
                markdown_code(&shorten::name(&run.name)),
                markdown(complaint)
            ));
        }
        let failed: Vec<&Case> = run
            .results
            .cases
            .iter()
            .filter(|case| issues::did_not_pass(case))
            .collect();
        cases(page, &failed, style);
    }
    tools(page, tested);
}

fn cases(page: &mut Page, failed: &[&Case], style: Style<'_>) {
    for (at, rows) in failed.chunks(UNFOLDED).enumerate() {
        let mut table = "| Call | Where | Expected and got |\n|---|---|---|\n".to_owned();
        for case in rows {
            let mut said = vec![words::mismatch(case)];
            said.extend(words::repetitions(&case.repetitions));
            said.extend(issues::case_details(case, style));
            let said: Vec<String> = said.iter().map(|line| markdown(line)).collect();
            table.push_str(&format!(
                "| {} | {} | {} |\n",
                markdown_code(&shorten::name(
                    case.tool.as_deref().unwrap_or(words::NO_TOOL)
                )),
                markdown_code(&format!("{}:{}", shorten::name(&case.file), case.line)),
                said.join("<br>")
            ));
        }
        if at == 0 {
            page.push(table);
        } else {
            page.fold("More calls", &table);
        }
    }
}

fn tools(page: &mut Page, tested: &Tested) {
    let mut table = "| Policy | Tool | Calls | Allowed | Denied | Undetermined |\n\
                     |---|---|--:|--:|--:|--:|\n"
        .to_owned();
    let mut rows = 0;
    for run in &tested.runs {
        for (tool, counts) in &run.results.tools {
            rows += 1;
            table.push_str(&format!(
                "| {} | {} | {} | {} | {} | {} |\n",
                markdown_code(&shorten::name(&run.name)),
                markdown_code(&shorten::name(tool.as_deref().unwrap_or(words::NO_TOOL))),
                counts.calls,
                counts.allow,
                counts.deny,
                counts.undetermined
            ));
        }
    }
    if rows > 0 {
        page.fold("Calls by tool", &table);
    }
}
