//! A change of policies as its reviewer reads it.

use super::page::{Page, folded};
use super::traffic;
use crate::render::escape::{markdown, markdown_block, markdown_code, markdown_element};
use crate::render::style::Style;
use crate::render::{quote, words};
use mcppolicy_analysis::compare::{Change, Ruling, Scope, Side, Verdict, Witness};
use mcppolicy_analysis::diff::PolicyDiff;
use mcppolicy_analysis::diff::gate::Outside;
use mcppolicy_analysis::report::{ApprovalShown, DiffReport};
use mcppolicy_analysis::shorten;
use mcppolicy_engine::source::{FileId, Location, SourceMap};

/// Changes whose proof is shown unfolded.
const UNFOLDED: usize = 5;
/// Characters of a call and of a name where there is too little room.
const SHORT: (usize, usize) = (300, 60);

/// The verdict, first of all.
pub(super) fn headline(page: &mut Page, report: &DiffReport) {
    let sign = match (report.refused, report.diff.verdict()) {
        (true, _) => "❌",
        (false, Verdict::Equivalent | Verdict::Tightened) => "✅",
        (false, _) => "⚠️",
    };
    page.keep(format!(
        "## {sign} mcppolicy diff: {}\n",
        words::conclusion(report)
    ));
}

/// The changes of one run.
pub(super) struct Changes<'a> {
    pub reports: Vec<&'a DiffReport>,
    pub sources: &'a SourceMap,
}

impl<'a> Changes<'a> {
    /// The policies, those first that let more through: nobody must be able to
    /// push a change out of a page with harmless ones.
    fn policies(&self) -> Vec<&'a PolicyDiff> {
        let policies = self.reports.iter().flat_map(|report| &report.diff.policies);
        let mut policies: Vec<&PolicyDiff> = policies.collect();
        policies.sort_by_key(|policy| {
            let heaviest = policy.changes().iter().map(weight).min();
            heaviest.unwrap_or(u8::MAX)
        });
        policies
    }

    /// What each policy's changes are, and then the calls that prove each.
    pub fn render(&self, page: &mut Page) {
        let policies = self.policies();
        for policy in &policies {
            page.keep(format!(
                "### {}: {}\n",
                markdown_code(&shorten::name(&policy.name)),
                words::status(policy)
            ));
            table(page, policy);
        }
        // With one policy, its table has just said which one it is.
        let is_named = policies.len() > 1;
        let of = |policy| Of {
            policy,
            sources: self.sources,
            is_named,
        };
        for policy in policies.iter().copied() {
            for (scope, outside) in policy.judgement.outside() {
                of(policy).beyond(page, scope, outside);
            }
        }
        let proved = policies.iter().flat_map(|policy| {
            let changes = policy.changes().iter().filter(|change| !change.reworded);
            changes.map(move |change| (*policy, change))
        });
        let mut proved: Vec<(&PolicyDiff, &Change)> = proved.collect();
        proved.sort_by_key(|(_, change)| weight(change));
        for (at, (policy, change)) in proved.into_iter().enumerate() {
            of(policy).proof(page, change, at < UNFOLDED);
        }
    }

    /// What is approved of it, and what should go.
    pub fn approvals(&self, page: &mut Page) {
        let approvals = self.reports.iter().flat_map(|report| &report.approvals);
        let approvals: String = approvals.filter_map(approval).collect();
        if !approvals.is_empty() {
            page.push(approvals);
        }
    }

    /// Recorded calls under it.
    pub fn traffic(&self, page: &mut Page, style: Style<'_>) {
        let policies = self.policies();
        let is_named = policies.len() > 1;
        for policy in policies {
            if let Some(recorded) = &policy.traffic {
                let name = is_named.then_some(policy.name.as_str());
                traffic::render(page, recorded, name, style);
            }
        }
    }
}

/// The order of changes: by what can go wrong.
fn weight(change: &Change) -> u8 {
    match change.verdict {
        Verdict::Loosened => 0,
        Verdict::Mixed => 1,
        Verdict::Undetermined => 2,
        Verdict::Tightened => 3,
        Verdict::Equivalent => 4,
    }
}

fn sign(change: &Change) -> &'static str {
    match change.verdict {
        Verdict::Loosened | Verdict::Mixed => "🔓",
        Verdict::Tightened => "🔒",
        Verdict::Undetermined => "❓",
        Verdict::Equivalent => "✏️",
    }
}

fn table(page: &mut Page, policy: &PolicyDiff) {
    if policy.changes().is_empty() {
        return;
    }
    let head = "| | Tool | In | Verdict | Rule before | Rule after |\n\
                |---|---|---|---|---|---|\n";
    let row = |change: &Change| {
        let rule = |side: &Side| {
            let rule = side.rule.as_deref();
            rule.map(|rule| markdown_code(&shorten::name(rule)))
                .unwrap_or_default()
        };
        let reason = change.reason.map(|reason| format!(" ({})", reason.name()));
        format!(
            "| {} | {} | {} | **{}**{}{} | {} | {} |\n",
            sign(change),
            markdown_code(&words::scope(&change.scope)),
            change.aspect.name(),
            words::verdict(change),
            reason.unwrap_or_default(),
            words::approved(policy, change),
            rule(&change.old),
            rule(&change.new)
        )
    };
    let mut changes: Vec<&Change> = policy.changes().iter().collect();
    changes.sort_by_key(|change| weight(change));
    page.keep_table(head.to_owned(), changes.into_iter().map(row).collect());
}

/// One policy of a change.
struct Of<'a> {
    policy: &'a PolicyDiff,
    sources: &'a SourceMap,
    /// Whether titles name the policy.
    is_named: bool,
}

impl Of<'_> {
    /// The first call of each direction, the others folded away.
    fn proof(&self, page: &mut Page, change: &Change, unfolded: bool) {
        let title = |code: fn(&str) -> String| {
            format!(
                "{} {}, {}{}",
                sign(change),
                code(&words::scope(&change.scope)),
                change.aspect.name(),
                self.named(code)
            )
        };
        let mut first = String::new();
        let mut further = String::new();
        let mut short = Vec::new();
        for (what, witnesses) in [
            ("passes now, and did not before", &change.loosened),
            ("is refused now, and passed before", &change.tightened),
        ] {
            let texts = witnesses.iter().filter(|witness| !witness.calls.is_empty());
            for (at, witness) in texts.enumerate() {
                let text = self.call(what, witness);
                if at == 0 {
                    short.extend(self.short(what, change, witness));
                    first.push_str(&text);
                } else {
                    further.push_str(&text);
                }
            }
        }
        if first.is_empty() {
            return;
        }
        let whole = if unfolded {
            format!("#### {}\n\n{first}", title(markdown_code))
        } else {
            folded(&title(markdown_element), &first)
        };
        page.keep_or(whole, short.join("\n"));
        if !further.is_empty() {
            let title = title(markdown_element);
            page.fold(&format!("More calls: {title}"), &further);
        }
    }

    /// The end of a title that says which policy it is about.
    fn named(&self, code: fn(&str) -> String) -> String {
        if self.is_named {
            format!(" in {}", code(&shorten::name(&self.policy.name)))
        } else {
            String::new()
        }
    }

    fn call(&self, what: &str, witness: &Witness) -> String {
        let calls = quote::witnesses(&witness.calls);
        let number: u64 = witness.calls.iter().map(|call| call.repeat).sum();
        let which = if number > 1 {
            format!("The last of these {number} calls")
        } else {
            "This call".to_owned()
        };
        format!(
            "{which} {what}:\n\n{}\n| Before | After |\n|---|---|\n| {} | {} |\n\n",
            markdown_block(calls.iter().map(String::as_str), "json"),
            self.ruling(&witness.old, self.policy.old),
            self.ruling(&witness.new, self.policy.new)
        )
    }

    fn ruling(&self, ruling: &Ruling, file: Option<FileId>) -> String {
        let mut text = words::kind(ruling.kind).to_owned();
        if let Some(rule) = &ruling.rule {
            text = format!("{text} {}", markdown_code(&shorten::name(rule)));
        }
        if let Some((file, span)) = file.zip(ruling.span) {
            let at = self.sources.start(Location { file, span });
            text = format!("{text}, line {}", at.line);
        }
        if let Some(message) = &ruling.message {
            text = format!("{text}<br>{}", markdown(&shorten::text(message)));
        }
        text
    }

    /// The call that is decided differently, in two lines.
    fn short(&self, what: &str, change: &Change, witness: &Witness) -> Option<String> {
        let (call, name) = SHORT;
        let last = quote::witness_within(witness.calls.last()?, call);
        let scope = words::scope(&change.scope);
        let policy = shorten::middle(&self.policy.name, name);
        Some(format!(
            "{} {} in {} {what}:\n\n{}",
            sign(change),
            markdown_code(&shorten::middle(&scope, name)),
            markdown_code(&policy),
            markdown_block([&*last], "json")
        ))
    }

    /// What goes beyond the approvals of a scope.
    fn beyond(&self, page: &mut Page, scope: &Scope, outside: &Outside) {
        let Some(what) = words::outside(scope, outside) else {
            return;
        };
        let named = self.named(markdown_code);
        let title = format!(
            "#### {}{named}: {what}\n",
            markdown_code(&words::scope(scope))
        );
        let lines = quote::witnesses(&outside.calls);
        let Some(last) = lines.last() else {
            return page.keep(title);
        };
        let whole = markdown_block(lines.iter().map(String::as_str), "json");
        let short = markdown_block([&*shorten::middle(last, SHORT.0)], "json");
        page.keep_or(format!("{title}\n{whole}"), format!("{title}\n{short}"));
    }
}

/// An approval that matters, with what it allows.
fn approval(shown: &ApprovalShown) -> Option<String> {
    let mut lines = format!("- {}\n", markdown(&words::approval(shown)?));
    for line in words::allowed(shown) {
        lines.push_str(&format!("  - {}\n", markdown(&line)));
    }
    Some(lines)
}
