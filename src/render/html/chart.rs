//! The charts: calls by tool and decision, the peak use of each limit against
//! its `max`, use over time with denied calls marked.

use super::cut;
use super::svg::{Picture, WIDTH};
use crate::diff::traffic::Traffic;
use crate::render::escape::html;
use crate::render::words;
use crate::replay::usage::{Buckets, Calls, LimitUsage, Usage, Used};
use crate::report::TestRun;
use crate::time::Time;

/// Bars in one chart.
const MOST_BARS: usize = 24;
/// Limits drawn over time.
const MOST_TIMELINES: usize = 8;
/// Where bars begin, behind their names.
const LEFT: f64 = 200.0;
/// What is kept free behind bars for their numbers.
const RIGHT: f64 = 150.0;
/// A bar with the gap to the next.
const ROW: f64 = 26.0;
/// Characters of a name before a bar.
const NAME: usize = 26;
/// How high the calls over time are drawn.
const HEIGHT: f64 = 110.0;

/// A stacked bar: classes with amounts.
struct Bar<'a> {
    name: &'a str,
    parts: Vec<(&'static str, &'static str, u64)>,
}

impl Bar<'_> {
    fn total(&self) -> u64 {
        self.parts.iter().map(|(_, _, count)| count).sum()
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
    let id = identifier(&run.policy);
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
    over_time(out, &id, usage);
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

/// A name as part of an element's id; told apart from others by its bytes.
fn identifier(name: &str) -> String {
    name.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn figure(out: &mut String, title: &str, legend: &[(&str, &str)], pictures: &str) {
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

fn stacked(out: &mut String, id: &str, title: &str, mut bars: Vec<Bar<'_>>) {
    if bars.is_empty() {
        return;
    }
    // The busiest first; the names' order settles ties.
    bars.sort_by_key(|bar| std::cmp::Reverse(bar.total()));
    let left_out = bars.len().saturating_sub(MOST_BARS);
    bars.truncate(MOST_BARS);
    let most = bars.iter().map(Bar::total).max().unwrap_or(1).max(1);
    let said: Vec<String> = bars
        .iter()
        .map(|bar| format!("{}: {}", bar.name, bar.numbers()))
        .collect();
    let height = bars.len() as f64 * ROW + 4.0;
    let mut picture = Picture::new(id, height, title, &said.join("; "));
    let room = WIDTH - LEFT - RIGHT;
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
    super::further(&mut pictures, left_out, "tool");
    figure(out, title, &legend, &pictures);
}

/// The total, and of it what is not the first part.
fn short(bar: &Bar<'_>) -> String {
    let rest: Vec<String> = bar
        .parts
        .iter()
        .skip(1)
        .filter(|(_, _, count)| *count > 0)
        .map(|(_, word, count)| format!("{count} {word}"))
        .collect();
    match rest.is_empty() {
        true => bar.total().to_string(),
        false => format!("{} · {}", bar.total(), rest.join(", ")),
    }
}

/// `part` of `whole`, from 0 to 1.
fn share(part: u64, whole: u64) -> f64 {
    (part as f64 / whole.max(1) as f64).min(1.0)
}

/// The limits, the fullest first.
fn fullest(usage: &Usage) -> Vec<(&String, &LimitUsage)> {
    let mut limits: Vec<(&String, &LimitUsage)> = usage.limits.iter().collect();
    limits.sort_by(|(_, a), (_, b)| {
        let full = |limit: &LimitUsage| share(limit.peak, limit.max);
        b.denied.cmp(&a.denied).then(full(b).total_cmp(&full(a)))
    });
    limits
}

fn told(limit: &LimitUsage) -> String {
    let mut text = format!("{} of {} per {}", limit.peak, limit.max, limit.window);
    if limit.denied > 0 {
        text = format!("{text} · {} refused", limit.denied);
    }
    text
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
        .map(|(rule, limit)| format!("{}, {rule}: {}", limit.counter, told(limit)))
        .collect();
    let height = limits.len() as f64 * ROW + 4.0;
    let mut picture = Picture::new(id, height, title, &said.join("; "));
    let room = WIDTH - LEFT - RIGHT - 30.0;
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
        picture.rect(class, [LEFT, y, width, ROW - 8.0], &told(limit));
        picture.line("max", [LEFT + room, y - 2.0, LEFT + room, y + ROW - 6.0]);
        picture.text(
            "number",
            "start",
            [LEFT + room + 6.0, y + 13.0],
            &told(limit),
        );
    }
    let legend = [("allow", "used"), ("deny", "used up"), ("max", "max")];
    let mut pictures = picture.finish();
    super::further(&mut pictures, left_out, "limit");
    let note = "The most that one caller used of one window.";
    figure(out, &format!("{title}. {note}"), &legend, &pictures);
}

fn over_time(out: &mut String, id: &str, usage: &Usage) {
    if usage.calls.list.is_empty() {
        return;
    }
    let pictures = calls_over_time(&format!("time-{id}"), usage);
    let legend = [
        ("allow", "allowed"),
        ("deny", "denied"),
        ("undetermined", "undetermined"),
    ];
    figure(out, "Calls over time", &legend, &pictures);
    let limits = fullest(usage);
    if limits.is_empty() {
        return;
    }
    let range = Range::of(&usage.calls);
    let mut pictures = String::new();
    for (at, (rule, limit)) in limits.iter().take(MOST_TIMELINES).enumerate() {
        pictures.push_str(&limit_over_time(
            &format!("limit-{at}-{id}"),
            rule,
            limit,
            &range,
        ));
    }
    super::further(
        &mut pictures,
        limits.len().saturating_sub(MOST_TIMELINES),
        "limit",
    );
    let legend = [
        ("allow", "used"),
        ("max", "max"),
        ("deny", "denied by this limit"),
    ];
    figure(out, "Use of the limits over time", &legend, &pictures);
}

/// The seconds that a chart spans.
struct Range {
    start: i64,
    end: i64,
}

impl Range {
    fn of<T>(buckets: &Buckets<T>) -> Range {
        let first = buckets.list.keys().next().copied().unwrap_or(0);
        let last = buckets.list.keys().next_back().copied().unwrap_or(0);
        Range {
            start: first.saturating_mul(buckets.width),
            end: last.saturating_add(1).saturating_mul(buckets.width),
        }
    }

    /// Where a second lies on a picture.
    fn x(&self, second: i64) -> f64 {
        let (start, end) = (self.start as f64, self.end as f64);
        let whole = (end - start).max(1.0);
        40.0 + (WIDTH - 50.0) * ((second as f64 - start) / whole).clamp(0.0, 1.0)
    }

    fn axis(&self, picture: &mut Picture, bottom: f64) {
        picture.line("axis", [40.0, bottom, WIDTH - 10.0, bottom]);
        let middle = self.start + (self.end - self.start) / 2;
        for (second, anchor) in [(self.start, "start"), (middle, "middle"), (self.end, "end")] {
            let x = self.x(second);
            picture.line("axis", [x, bottom, x, bottom + 4.0]);
            picture.text("tick", anchor, [x, bottom + 17.0], &clock(second));
        }
    }
}

/// A second as a reader writes it: `2026-11-20 10:00:00`.
fn clock(second: i64) -> String {
    let text = Time::new(second, 0).to_string();
    text.trim_end_matches('Z').replace('T', " ")
}

fn width_in_words(seconds: i64) -> String {
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute")];
    let unit = units.into_iter().find(|(unit, _)| seconds % unit == 0);
    let (unit, name) = unit.unwrap_or((1, "second"));
    words::counted(u64::try_from(seconds / unit).unwrap_or(1), name)
}

fn calls_over_time(id: &str, usage: &Usage) -> String {
    let calls = &usage.calls;
    let range = Range::of(calls);
    let total = |c: &Calls| c.allow + c.deny + c.undetermined;
    let most = calls.list.values().map(total).max().unwrap_or(1);
    let width = width_in_words(calls.width);
    let denied: u64 = calls.list.values().map(|c| c.deny).sum();
    let all: u64 = calls.list.values().map(total).sum();
    let description = format!(
        "{all} calls from {} to {}, {denied} denied; at most {most} in one bar, a bar is {width}",
        clock(range.start),
        clock(range.end)
    );
    let mut picture = Picture::new(id, HEIGHT + 40.0, "Calls over time", &description);
    let bottom = HEIGHT + 12.0;
    scale(&mut picture, most, 12.0, bottom);
    for (at, bucket) in &calls.list {
        let second = at.saturating_mul(calls.width);
        let (x, next) = (range.x(second), range.x(second.saturating_add(calls.width)));
        let mut y = bottom;
        let parts = [
            ("allow", "allowed", bucket.allow),
            ("undetermined", "undetermined", bucket.undetermined),
            ("deny", "denied", bucket.deny),
        ];
        for (class, word, count) in parts.into_iter().filter(|(_, _, count)| *count > 0) {
            let height = (HEIGHT * share(count, most)).max(1.5);
            y -= height;
            let tip = format!("{}: {count} {word}", clock(second));
            picture.rect(class, [x, y, (next - x - 0.6).max(0.8), height], &tip);
        }
    }
    range.axis(&mut picture, bottom);
    let mut out = picture.finish();
    let without = match usage.without_time {
        0 => String::new(),
        count => format!(" {} without a time.", words::counted(count, "call")),
    };
    out.push_str(&format!(
        "<p class=\"muted\">Each bar is {width}, UTC.{without}</p>\n"
    ));
    out
}

/// The amount at the top, and a line there.
fn scale(picture: &mut Picture, most: u64, top: f64, bottom: f64) {
    picture.line("grid", [40.0, top, WIDTH - 10.0, top]);
    picture.text("tick", "end", [34.0, top + 4.0], &most.to_string());
    picture.text("tick", "end", [34.0, bottom], "0");
}

fn limit_over_time(id: &str, rule: &str, limit: &LimitUsage, range: &Range) -> String {
    let title = format!("{}, {}", limit.counter, told(limit));
    let description = format!("Use of {rule} over time: at most {}", told(limit));
    let height = 62.0;
    let mut picture = Picture::new(id, height + 52.0, &title, &description);
    let (top, bottom) = (32.0, 32.0 + height);
    picture.text("name", "start", [40.0, 12.0], &cut(&title, 90));
    let buckets = &limit.over_time;
    for (at, used) in &buckets.list {
        let second = at.saturating_mul(buckets.width);
        let (x, next) = (
            range.x(second),
            range.x(second.saturating_add(buckets.width)),
        );
        let Used { peak, denied } = *used;
        let high = height * share(peak, limit.max);
        let tip = format!(
            "{}: {peak} of {}, {denied} denied",
            clock(second),
            limit.max
        );
        picture.rect(
            "allow",
            [x, bottom - high, (next - x - 0.6).max(0.8), high],
            &tip,
        );
        if denied > 0 {
            picture.mark(f64::midpoint(x, next), top - 2.0, &tip);
        }
    }
    picture.line("max", [40.0, top, WIDTH - 10.0, top]);
    picture.text("tick", "end", [34.0, top + 4.0], &limit.max.to_string());
    picture.text("tick", "end", [34.0, bottom], "0");
    range.axis(&mut picture, bottom);
    picture.finish()
}
