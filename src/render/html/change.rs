//! A change: what it does for each tool, and the calls that prove it.

use super::chart;
use super::findings::calls;
use super::text::further;
use crate::render::escape::html;
use crate::render::style::Style;
use crate::render::{quote, words};
use crate::shown;
use mcppolicy_analysis::compare::{Change, Ruling, Scope, Side, Verdict, Witness};
use mcppolicy_analysis::diff::PolicyDiff;
use mcppolicy_analysis::diff::gate::Outside;
use mcppolicy_analysis::diff::traffic::Traffic;
use mcppolicy_analysis::report::{ApprovalShown, DiffReport};
use mcppolicy_analysis::shorten;
use mcppolicy_engine::source::{FileId, Location, SourceMap};

/// Changes that are drawn out on one page.
const MOST_CHANGES: usize = 200;
/// Witnesses of each direction.
const MOST_WITNESSES: usize = 3;

/// Every policy's change.
pub(super) fn render(out: &mut String, report: &DiffReport, sources: &SourceMap, style: Style<'_>) {
    for policy in &report.diff.policies {
        out.push_str(&format!(
            "<section>\n<h2><code>{}</code> {}</h2>\n",
            html(&shorten::name(&policy.name)),
            html(&words::status(policy))
        ));
        table(out, policy, sources);
        let proved: Vec<&Change> = policy.changes().iter().filter(|c| !c.reworded).collect();
        for change in proved.iter().take(MOST_CHANGES) {
            one(out, change, policy, sources);
        }
        further(out, proved.len().saturating_sub(MOST_CHANGES), "change");
        for (scope, outside) in policy.judgement.outside() {
            beyond(out, scope, outside);
        }
        if let Some(traffic) = &policy.traffic {
            recorded(out, &policy.name, traffic, style);
        }
        out.push_str("</section>\n");
    }
    let approvals: String = report.approvals.iter().filter_map(approval).collect();
    if !approvals.is_empty() {
        out.push_str(&format!(
            "<section>\n<h2>Approvals</h2>\n<ul>\n{approvals}</ul>\n</section>\n"
        ));
    }
}

/// An approval that matters, with what it allows.
fn approval(shown: &ApprovalShown) -> Option<String> {
    let approval = html(&words::approval(shown)?);
    let lines = words::allowed(shown).into_iter();
    let lines: String = lines
        .map(|line| format!("<li>{}</li>\n", html(&line)))
        .collect();
    if lines.is_empty() {
        return Some(format!("<li>{approval}</li>\n"));
    }
    Some(format!("<li>{approval}\n<ul>\n{lines}</ul></li>\n"))
}

/// What goes beyond the approvals of a scope.
fn beyond(out: &mut String, scope: &Scope, outside: &Outside) {
    if let Some(what) = words::outside(scope, outside) {
        out.push_str(&format!(
            "<article class=\"bad\">\n<h3><code>{}</code> {}</h3>\n",
            html(&words::scope(scope)),
            html(&what)
        ));
        out.push_str(&calls(&outside.calls));
        out.push_str("</article>\n");
    }
}

const fn class(change: &Change) -> &'static str {
    match change.verdict {
        Verdict::Loosened | Verdict::Mixed => "bad",
        Verdict::Tightened => "good",
        Verdict::Undetermined => "warn",
        Verdict::Equivalent => "plain",
    }
}

fn table(out: &mut String, policy: &PolicyDiff, sources: &SourceMap) {
    if policy.changes().is_empty() {
        return;
    }
    out.push_str(
        "<table>\n<thead><tr><th scope=\"col\">Tool</th><th scope=\"col\">In</th>\
         <th scope=\"col\">Verdict</th><th scope=\"col\">Rule before</th>\
         <th scope=\"col\">Rule after</th></tr></thead>\n<tbody>\n",
    );
    for change in policy.changes() {
        let reason = change.reason.map(|reason| format!(" ({})", reason.name()));
        out.push_str(&format!(
            "<tr><td class=\"name\"><code>{}</code></td><td class=\"word\">{}</td>\
             <td><span class=\"badge {}\">{}</span>{}{}</td>\
             <td>{}</td><td>{}</td></tr>\n",
            html(&words::scope(&change.scope)),
            change.aspect.name(),
            class(change),
            words::verdict(change),
            reason.unwrap_or_default(),
            words::approved(policy, change),
            side(&change.old, policy.old, sources),
            side(&change.new, policy.new, sources)
        ));
    }
    out.push_str("</tbody>\n</table>\n");
}

fn side(side: &Side, file: Option<FileId>, sources: &SourceMap) -> String {
    let Some(rule) = &side.rule else {
        return String::new();
    };
    format!(
        "<code>{}</code>{}",
        html(&shorten::name(rule)),
        line(file, side.span, sources)
    )
}

fn line(
    file: Option<FileId>,
    span: Option<mcppolicy_engine::source::Span>,
    sources: &SourceMap,
) -> String {
    match file.zip(span) {
        Some((file, span)) => {
            let at = sources.start(Location { file, span });
            format!(" <span class=\"muted\">line {}</span>", at.line)
        }
        None => String::new(),
    }
}

fn one(out: &mut String, change: &Change, policy: &PolicyDiff, sources: &SourceMap) {
    out.push_str(&format!(
        "<article class=\"{}\">\n<h3><code>{}</code> {} <span class=\"badge {}\">{}</span></h3>\n",
        class(change),
        html(&words::scope(&change.scope)),
        change.aspect.name(),
        class(change),
        words::verdict(change)
    ));
    if change.verdict == Verdict::Undetermined {
        out.push_str("<p>It could not be told whether this passes more or less.</p>\n");
    }
    for (what, witnesses) in [
        ("passes now, and did not before", &change.loosened),
        ("is refused now, and passed before", &change.tightened),
    ] {
        for witness in witnesses.iter().take(MOST_WITNESSES) {
            proof(out, what, witness, policy, sources);
        }
        further(out, witnesses.len().saturating_sub(MOST_WITNESSES), "call");
    }
    out.push_str("</article>\n");
}

fn proof(
    out: &mut String,
    what: &str,
    witness: &Witness,
    policy: &PolicyDiff,
    sources: &SourceMap,
) {
    if witness.calls.is_empty() {
        return;
    }
    let number: u64 = witness.calls.iter().map(|call| call.repeat).sum();
    let which = if number > 1 {
        format!("The last of these {number} calls")
    } else {
        "This call".to_owned()
    };
    out.push_str(&format!("<p class=\"label\">{which} {what}</p>\n"));
    out.push_str(&calls(&witness.calls));
    out.push_str("<div class=\"sides\">\n");
    for (title, ruling, file) in [
        ("Before", &witness.old, policy.old),
        ("After", &witness.new, policy.new),
    ] {
        one_side(out, title, ruling, file, sources);
    }
    out.push_str("</div>\n");
}

fn one_side(
    out: &mut String,
    title: &str,
    ruling: &Ruling,
    file: Option<FileId>,
    sources: &SourceMap,
) {
    let class = if ruling.is_allow() { "allow" } else { "deny" };
    out.push_str(&format!(
        "<div class=\"{class}\"><p class=\"label\">{title}</p><p>{}",
        words::kind(ruling.kind)
    ));
    if let Some(rule) = &ruling.rule {
        let line = line(file, ruling.span, sources);
        out.push_str(&format!(
            " <code>{}</code>{line}",
            html(&shorten::name(rule))
        ));
    }
    out.push_str("</p>");
    if let Some(message) = &ruling.message {
        out.push_str(&format!(
            "<p class=\"muted\">“{}”</p>",
            html(&shorten::text(message))
        ));
    }
    out.push_str("</div>\n");
}

fn recorded(out: &mut String, policy: &str, traffic: &Traffic, style: Style<'_>) {
    let traces = words::counted(traffic.traces as u64, "trace");
    out.push_str(&format!(
        "<h3>Recorded traffic</h3>\n<p>{traces}: {}; {} affected.</p>\n",
        words::traffic(&traffic.total),
        words::counted(traffic.grants.len() as u64, "grant")
    ));
    chart::traffic(out, policy, traffic);
    if traffic.examples.is_empty() {
        return;
    }
    out.push_str(
        "<table>\n<thead><tr><th scope=\"col\">Call</th><th scope=\"col\">Tool</th>\
         <th scope=\"col\">Now</th><th scope=\"col\">Refusing rule</th>\
         <th scope=\"col\">Arguments</th></tr></thead>\n<tbody>\n",
    );
    for example in &traffic.examples {
        let arguments = shown::recorded(example.arguments.as_ref(), &example.reads, style.shown());
        let arguments = arguments.map(|value| shorten::text(&quote::json(&value)).into_owned());
        out.push_str(&format!(
            "<tr><td><code>{}:{}</code></td><td class=\"name\"><code>{}</code></td>\
             <td class=\"word\">{}</td>\
             <td><code>{}</code></td><td><code>{}</code></td></tr>\n",
            html(&shorten::name(&example.file)),
            example.line,
            html(&shorten::name(
                example.tool.as_deref().unwrap_or(words::NO_TOOL)
            )),
            if example.passes { "passes" } else { "refused" },
            html(&shorten::name(example.rule.as_deref().unwrap_or_default())),
            html(&arguments.unwrap_or_default())
        ));
    }
    out.push_str("</tbody>\n</table>\n");
}
