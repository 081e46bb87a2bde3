//! The charts that are bars: calls by tool and decision, the peak use of each
//! limit against its `max`.

use super::figure::{compact, figure, fullest, share, usage_as, usage_text};
use super::svg::{Picture, WIDTH};
use super::text::{cut, further};
use super::timeline;
use crate::render::words;
use mcppolicy_analysis::diff::traffic::Traffic;
use mcppolicy_analysis::replay::usage::Usage;
use mcppolicy_analysis::report::TestRun;

/// Bars in one chart.
const MOST_BARS: usize = 24;
/// Where bars begin, behind their names.
const LEFT: f64 = 200.0;
/// What is kept free behind bars for their numbers, at least.
const RIGHT: f64 = 100.0;
/// The width of a character of the numbers, generously.
const CHARACTER: f64 = 7.2;
/// What is kept free behind the peak of a limit, at least.
const PEAK: f64 = 220.0;
/// A bar with the gap to the next.
const ROW: f64 = 26.0;
/// Characters of a name before a bar.
const NAME: usize = 26;

/// A stacked bar: classes with amounts.
struct Bar<'a> {
    name: &'a str,
    parts: Vec<(&'static str, &'static str, u64)>,
}

impl Bar<'_> {
    fn total(&self) -> u64 {
        self.parts.iter().map(|(_, _, count)| count).sum()
    }

    /// Whether there is more than the first part.
    fn is_mixed(&self) -> bool {
        self.parts.iter().skip(1).any(|(_, _, count)| *count > 0)
    }

    fn numbers(&self) -> String {
        let parts = self.parts.iter().filter(|(_, _, count)| *count > 0);
        let parts: Vec<String> = parts
            .map(|(_, word, count)| format!("{count} {word}"))
            .collect();
        parts.join(", ")
    }
}

/// All charts of a run.
pub(super) fn run(out: &mut String, run: &TestRun) {
    let bars = run.results.tools.iter().map(|(tool, counts)| Bar {
        name: tool.as_deref().unwrap_or(words::NO_TOOL),
        parts: vec![
            ("allow", "allowed", counts.allow),
            ("deny", "denied", counts.deny),
            ("undetermined", "undetermined", counts.undetermined),
        ],
    });
    let id = identifier(&run.name);
    stacked(
        out,
        &format!("tools-{id}"),
        "Calls by tool and decision",
        bars.collect(),
    );
    let Some(usage) = &run.results.usage else {
        return;
    };
    peaks(out, &format!("peaks-{id}"), usage);
    timeline::over_time(out, &id, usage);
}

/// Recorded calls under a change.
pub(super) fn traffic(out: &mut String, policy: &str, traffic: &Traffic) {
    let bars = traffic.tools.iter().map(|(tool, counts)| Bar {
        name: tool.as_deref().unwrap_or(words::NO_TOOL),
        parts: vec![
            ("plain", "unchanged", counts.unchanged),
            ("deny", "refused now", counts.allow_to_deny),
            ("allow", "passing now", counts.deny_to_allow),
            ("undetermined", "undetermined", counts.undetermined),
        ],
    });
    let title = "Recorded calls by tool and what the change does to them";
    let id = format!("traffic-{}", identifier(policy));
    stacked(out, &id, title, bars.collect());
}

/// A name as part of an element's id; different names have different ids.
fn identifier(name: &str) -> String {
    name.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn stacked(out: &mut String, id: &str, title: &str, mut bars: Vec<Bar<'_>>) {
    if bars.is_empty() {
        return;
    }
    // The busiest are drawn, and what was not simply allowed before the rest: it
    // is what the reader looks for. The names' order settles ties.
    bars.sort_by_key(|bar| std::cmp::Reverse((bar.is_mixed(), bar.total())));
    let left_out = bars.len().saturating_sub(MOST_BARS);
    bars.truncate(MOST_BARS);
    bars.sort_by_key(|bar| std::cmp::Reverse(bar.total()));
    let most = bars.iter().map(Bar::total).max().unwrap_or(1).max(1);
    let said: Vec<String> = bars
        .iter()
        .map(|bar| format!("{}: {}", bar.name, bar.numbers()))
        .collect();
    let height = bars.len() as f64 * ROW + 4.0;
    let mut picture = Picture::new(id, height, title, &said.join("; "));
    let room = WIDTH - LEFT - behind(bars.iter().map(short)).max(RIGHT);
    for (at, bar) in bars.iter().enumerate() {
        let y = at as f64 * ROW + 4.0;
        picture.text("name", "end", [LEFT - 8.0, y + 13.0], &cut(bar.name, NAME));
        let mut x = LEFT;
        for (class, word, count) in bar.parts.iter().filter(|(_, _, count)| *count > 0) {
            let width = (room * share(*count, most)).max(2.0);
            picture.rect(class, [x, y, width, ROW - 8.0], &format!("{count} {word}"));
            x += width;
        }
        picture.text("number", "start", [x + 6.0, y + 13.0], &short(bar));
    }
    let present = |class: &&(&'static str, &'static str)| {
        let parts = bars.iter().flat_map(|bar| &bar.parts);
        parts
            .into_iter()
            .any(|(c, _, count)| c == &class.0 && *count > 0)
    };
    let classes: Vec<(&str, &str)> = bars
        .first()
        .map(|bar| bar.parts.iter().map(|(c, w, _)| (*c, *w)).collect())
        .unwrap_or_default();
    let legend: Vec<(&str, &str)> = classes.iter().filter(present).copied().collect();
    let mut pictures = picture.finish();
    further(&mut pictures, left_out, "tool");
    figure(out, title, &legend, &pictures);
}

/// The total, and of it what is not the first part.
fn short(bar: &Bar<'_>) -> String {
    let total = bar.total();
    let rest: Vec<&(_, &str, u64)> = bar
        .parts
        .iter()
        .skip(1)
        .filter(|(_, _, count)| *count > 0)
        .collect();
    match rest.as_slice() {
        [] => total.to_string(),
        [(_, word, count)] if *count == total => format!("{total} {word}"),
        rest => {
            let rest: Vec<String> = rest
                .iter()
                .map(|(_, word, count)| format!("{count} {word}"))
                .collect();
            format!("{total} · {}", rest.join(", "))
        }
    }
}

fn peaks(out: &mut String, id: &str, usage: &Usage) {
    let mut limits = fullest(usage);
    if limits.is_empty() {
        return;
    }
    let left_out = limits.len().saturating_sub(MOST_BARS);
    limits.truncate(MOST_BARS);
    let title = "Peak use of each limit against its max";
    let said: Vec<String> = limits
        .iter()
        .map(|(rule, limit)| format!("{}, {rule}: {}", limit.counter, usage_text(limit)))
        .collect();
    let height = limits.len() as f64 * ROW + 4.0;
    let mut picture = Picture::new(id, height, title, &said.join("; "));
    let numbers = limits.iter().map(|(_, limit)| usage_as(limit, compact));
    let room = WIDTH - LEFT - behind(numbers).max(PEAK);
    for (at, (rule, limit)) in limits.iter().enumerate() {
        let y = at as f64 * ROW + 4.0;
        let name = cut(&limit.counter, NAME);
        picture.text("name", "end", [LEFT - 8.0, y + 13.0], &name);
        picture.rect("track", [LEFT, y, room, ROW - 8.0], rule);
        let class = if limit.peak >= limit.max {
            "deny"
        } else {
            "allow"
        };
        let width = room * share(limit.peak, limit.max);
        picture.rect(class, [LEFT, y, width, ROW - 8.0], &usage_text(limit));
        picture.line("max", [LEFT + room, y - 2.0, LEFT + room, y + ROW - 6.0]);
        picture.text(
            "number",
            "start",
            [LEFT + room + 6.0, y + 13.0],
            &usage_as(limit, compact),
        );
    }
    let mut legend = vec![("allow", "used"), ("deny", "used up"), ("max", "max")];
    let is_used_up = limits.iter().any(|(_, limit)| limit.peak >= limit.max);
    legend.retain(|(class, _)| *class != "deny" || is_used_up);
    let mut pictures = picture.finish();
    pictures.push_str("<p class=\"muted\">The most that one caller used of one window.</p>\n");
    further(&mut pictures, left_out, "limit");
    figure(out, title, &legend, &pictures);
}

/// What the longest of some numbers takes behind its bar.
fn behind(numbers: impl Iterator<Item = String>) -> f64 {
    let longest = numbers.map(|text| text.chars().count()).max();
    longest.unwrap_or(0) as f64 * CHARACTER + 10.0
}
