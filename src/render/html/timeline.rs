//! The charts over time: calls by decision, and the use of each limit with the
//! calls that it denied marked.

use super::figure::{compact, figure, fullest, share, usage_text};
use super::svg::{Picture, WIDTH};
use super::text::{cut, further};
use crate::render::words;
use mcppolicy_analysis::replay::usage::{Buckets, Calls, LimitUsage, Usage, Used};
use mcppolicy_engine::time::Time;

/// Limits drawn over time.
const MOST_TIMELINES: usize = 8;
/// How high the calls over time are drawn.
const HEIGHT: f64 = 110.0;
/// What is kept free before a time axis for amounts.
const MARGIN: f64 = 56.0;

/// Calls, then each limit.
pub(super) fn over_time(out: &mut String, id: &str, usage: &Usage) {
    if usage.calls.list.is_empty() {
        return;
    }
    let pictures = calls_over_time(&format!("time-{id}"), usage);
    let mut legend = vec![("allow", "allowed"), ("deny", "denied")];
    if usage
        .calls
        .list
        .values()
        .any(|calls| calls.undetermined > 0)
    {
        legend.push(("undetermined", "undetermined"));
    }
    figure(out, "Calls over time", &legend, &pictures);
    let mut limits = fullest(usage);
    let all = limits.len();
    limits.retain(|(_, limit)| limit.denied > 0 || is_noticeable(limit));
    let unused = all - limits.len();
    let left_out = limits.len().saturating_sub(MOST_TIMELINES);
    limits.truncate(MOST_TIMELINES);
    if limits.is_empty() {
        return;
    }
    let range = Range::of(&usage.calls);
    let mut pictures = String::new();
    for (at, (rule, limit)) in limits.iter().enumerate() {
        let id = format!("limit-{at}-{id}");
        // The charts are below each other: only the last one says when.
        let marks = if at + 1 == limits.len() {
            Marks::Labelled
        } else {
            Marks::Plain
        };
        pictures.push_str(&limit_over_time(&id, (rule, limit), &range, marks));
    }
    further(&mut pictures, left_out, "limit");
    if unused > 0 {
        let unused = words::counted(unused as u64, "limit");
        pictures.push_str(&format!(
            "<p class=\"muted\">Not drawn: {unused} of which no caller used a tenth.</p>\n"
        ));
    }
    let mut legend = vec![
        ("allow", "used"),
        ("max", "max"),
        ("deny", "denied by this limit"),
    ];
    let has_denied = limits.iter().any(|(_, limit)| limit.denied > 0);
    legend.retain(|(class, _)| *class != "deny" || has_denied);
    figure(out, "Use of the limits over time", &legend, &pictures);
}

/// Whether the use of a limit can be seen beside its max.
fn is_noticeable(limit: &LimitUsage) -> bool {
    limit.peak >= limit.max.div_ceil(10)
}

/// Whether the marks of a time axis say when.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Marks {
    Plain,
    Labelled,
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
        MARGIN + (WIDTH - MARGIN - 10.0) * ((second as f64 - start) / whole).clamp(0.0, 1.0)
    }

    /// The line that time runs along, with marks at its ends and in the middle.
    fn axis(&self, picture: &mut Picture, bottom: f64, marks: Marks) {
        picture.line("axis", [MARGIN, bottom, WIDTH - 10.0, bottom]);
        let middle = self.start + (self.end - self.start) / 2;
        let mut last = None;
        for (second, anchor) in [(self.start, "start"), (middle, "middle"), (self.end, "end")] {
            // A recording of a moment has no middle, or not even an end.
            if last == Some(second) {
                continue;
            }
            last = Some(second);
            let x = self.x(second);
            picture.line("axis", [x, bottom, x, bottom + 4.0]);
            if marks == Marks::Labelled {
                picture.text("tick", anchor, [x, bottom + 17.0], &clock(second));
            }
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
    range.axis(&mut picture, bottom, Marks::Labelled);
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
    picture.line("grid", [MARGIN, top, WIDTH - 10.0, top]);
    picture.text("tick", "end", [MARGIN - 6.0, top + 4.0], &compact(most));
    picture.text("tick", "end", [MARGIN - 6.0, bottom], "0");
}

/// One limit.
fn limit_over_time(
    id: &str,
    (rule, limit): (&str, &LimitUsage),
    range: &Range,
    marks: Marks,
) -> String {
    let title = format!("{}, {}", limit.counter, usage_text(limit));
    let description = format!("Use of {rule} over time: at most {}", usage_text(limit));
    let height = 62.0;
    let mut picture = Picture::new(
        id,
        height
            + match marks {
                Marks::Labelled => 56.0,
                Marks::Plain => 48.0,
            },
        &title,
        &description,
    );
    let (top, bottom) = (32.0, 32.0 + height);
    picture.text("name", "start", [MARGIN, 12.0], &cut(&title, 90));
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
    picture.line("max", [MARGIN, top, WIDTH - 10.0, top]);
    picture.text(
        "tick",
        "end",
        [MARGIN - 6.0, top + 4.0],
        &compact(limit.max),
    );
    picture.text("tick", "end", [MARGIN - 6.0, bottom], "0");
    range.axis(&mut picture, bottom, marks);
    picture.finish()
}
