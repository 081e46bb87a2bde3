//! What all charts have in common: the frame around the pictures, and how much
//! of a limit was used, as a share and in words.

use crate::render::escape::html;
use mcppolicy_analysis::replay::usage::{LimitUsage, Usage};

/// Pictures with a caption and a legend of classes and words.
pub(super) fn figure(out: &mut String, title: &str, legend: &[(&str, &str)], pictures: &str) {
    out.push_str(&format!("<figure>\n<figcaption>{}", html(title)));
    if !legend.is_empty() {
        out.push_str("<span class=\"legend\">");
        for (class, word) in legend {
            out.push_str(&format!("<span><i class=\"{class}\"></i>{word}</span>"));
        }
        out.push_str("</span>");
    }
    out.push_str(&format!("</figcaption>\n{pictures}</figure>\n"));
}

/// `part` of `whole`, from 0 to 1.
pub(super) fn share(part: u64, whole: u64) -> f64 {
    (part as f64 / whole.max(1) as f64).min(1.0)
}

/// The limits, the fullest first.
pub(super) fn fullest(usage: &Usage) -> Vec<(&String, &LimitUsage)> {
    let mut limits: Vec<(&String, &LimitUsage)> = usage.limits.iter().collect();
    limits.sort_by(|(_, a), (_, b)| {
        let full = |limit: &LimitUsage| share(limit.peak, limit.max);
        b.denied.cmp(&a.denied).then(full(b).total_cmp(&full(a)))
    });
    limits
}

/// How much of a limit was used, in words.
pub(super) fn usage_text(limit: &LimitUsage) -> String {
    usage_as(limit, |amount| amount.to_string())
}

/// The same with amounts in another form.
pub(super) fn usage_as(limit: &LimitUsage, amount: fn(u64) -> String) -> String {
    let (peak, max) = (amount(limit.peak), amount(limit.max));
    let mut text = format!("{peak} of {max} per {}", limit.window);
    if limit.denied > 0 {
        text = format!("{text} · {} refused", amount(limit.denied));
    }
    text
}

/// An amount in few characters: `400k`, `1.5M`.
pub(super) fn compact(amount: u64) -> String {
    let units = [
        (1_000_000_000_000, "T"),
        (1_000_000_000, "G"),
        (1_000_000, "M"),
        (1_000, "k"),
    ];
    match units
        .into_iter()
        .find(|(unit, _)| amount >= 10_000 && amount >= *unit)
    {
        Some((unit, name)) => {
            let tenths = amount / (unit / 10);
            match tenths % 10 {
                0 => format!("{}{name}", tenths / 10),
                rest => format!("{}.{rest}{name}", tenths / 10),
            }
        }
        None => amount.to_string(),
    }
}
