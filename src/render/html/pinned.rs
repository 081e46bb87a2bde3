//! `coverage` and `mutate`: the policy's own text, coloured by what its tests pin,
//! with what is missing under each line.

use super::findings;
use crate::render::escape::html;
use crate::render::{marked, pins};
use mcppolicy_analysis::report::{Pinned, PinnedPolicy, Pins};
use mcppolicy_analysis::shorten;
use mcppolicy_engine::source::SourceMap;

pub(super) fn render(out: &mut String, pinned: &Pinned, sources: &SourceMap) {
    let own: Vec<_> = pinned.findings.iter().collect();
    findings::render(out, "Findings", &own, sources);
    for policy in &pinned.policies {
        out.push_str(&format!(
            "<section>\n<h2><code>{}</code></h2>\n",
            html(&shorten::name(&policy.name))
        ));
        for unmet in &policy.unmet {
            let unmet = html(unmet);
            out.push_str(&format!(
                "<p class=\"failure\">Below the threshold: {unmet}</p>\n"
            ));
        }
        text(out, policy, sources);
        out.push_str("<ul>\n");
        for line in pins::numbers(policy) {
            out.push_str(&format!("<li>{}</li>\n", html(&line)));
        }
        out.push_str("</ul>\n</section>\n");
    }
}

fn text(out: &mut String, policy: &PinnedPolicy, sources: &SourceMap) {
    if let Pins::Mutants { listed, .. } = &policy.what
        && !listed.is_empty()
    {
        out.push_str("<ul>\n");
        for mutant in listed {
            let (id, what) = (html(&shorten::name(&mutant.id)), html(&mutant.what));
            out.push_str(&format!("<li><code>{id}</code> {what}</li>\n"));
        }
        out.push_str("</ul>\n");
        return;
    }
    out.push_str("<table class=\"marked\">\n<tbody>\n");
    for line in marked::lines(policy, sources) {
        out.push_str(&format!(
            "<tr class=\"{}\"><td>{}</td><td>{}</td><td><code>{}</code></td></tr>\n",
            line.mark.class(),
            line.number,
            line.mark.sign(),
            html(&shorten::call(&line.text))
        ));
        for missing in &line.missing {
            let calls: Vec<String> = missing.calls.iter().map(|call| html(call)).collect();
            let calls = match calls.is_empty() {
                true => String::new(),
                false => format!("<pre>{}</pre>", calls.join("\n")),
            };
            out.push_str(&format!(
                "<tr class=\"missing\"><td></td><td></td><td>{}{calls}</td></tr>\n",
                html(&shorten::sentence(&missing.what))
            ));
        }
    }
    out.push_str("</tbody>\n</table>\n");
}
