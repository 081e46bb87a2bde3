//! Drift as findings: what has changed, with the changed words, at the place
//! of the change.

use std::borrow::Cow;
use std::collections::HashMap;

use super::{Change, Drift, Side, Words};
use crate::finding::{Brief, Finding, RuleId, Severity};
use crate::inventory::tools::{Inventory, Tool};
use crate::shorten;
use mcppolicy_engine::document::{Node, push_pointer};
use mcppolicy_engine::source::{Location, Span};
use mcppolicy_engine::value::Value;

/// Unchanged words that are shown on either side of changed ones.
const CONTEXT: usize = 4;
/// Characters that mark one changed run.
const MARKS: usize = 4;

/// One finding (a warning) for each thing in `drift`, which is what has changed
/// from `old` to `new`. They point into the inventory of `side` (both are the
/// old one's for [`Side::Both`]) in the order of its text; what only the other
/// one has is put at its beginning.
pub fn findings(drift: &Drift, old: &Inventory, new: &Inventory, side: Side) -> Vec<Finding> {
    let at = match side {
        Side::New => new,
        Side::Old | Side::Both => old,
    };
    let warn = |rule, (span, pointer): (Span, String), message: String| {
        let location = Location {
            file: at.file,
            span,
        };
        Finding::new(rule, Severity::Warning, location, pointer, message)
    };
    let named = |name: &str| match at.get(name) {
        Some(tool) => (tool.name_span, push_pointer(&tool.pointer, "name")),
        None => (Span::new(0, 0), String::new()),
    };
    let mut found = Vec::new();
    for name in &drift.added {
        let described = new.get(name).map_or("", Tool::description_text);
        let sentence = |described: &str| match described {
            "" => format!("The server has a new tool `{name}`"),
            text => format!(
                "The server has a new tool `{}`: {text}",
                shorten::name(name)
            ),
        };
        let brief = Brief {
            message: sentence(&shorten::text(described)),
            is_whole: true,
        };
        let message = sentence(described);
        found.push(with_brief(
            warn(RuleId::NewTool, named(name), message),
            brief,
        ));
    }
    for name in &drift.removed {
        let message = format!("The server no longer has the tool `{name}`");
        found.push(warn(RuleId::MissingTool, named(name), message));
    }
    for changed in &drift.changed {
        let tool = at.get(&changed.tool).map(|tool| (tool, members(tool)));
        for change in &changed.changes {
            let place = match &tool {
                Some((tool, members)) => place(tool, members, change),
                None => named(&changed.tool),
            };
            let (message, _) = sentence(&changed.tool, change, Length::Whole);
            let finding = warn(RuleId::ChangedTool, place, message);
            let (message, is_whole) = sentence(&changed.tool, change, Length::Brief);
            found.push(with_brief(finding, Brief { message, is_whole }));
        }
    }
    found.sort_by_key(|finding| finding.location.span.start);
    found
}

/// The members of a tool that have no place of their own in it, each by its key as
/// a part of a pointer.
type Members<'t> = HashMap<String, &'t Node>;

fn members(tool: &Tool) -> Members<'_> {
    let others = tool.others.iter();
    others
        .map(|other| (push_pointer("", &other.key).split_off(1), &other.value))
        .collect()
}

/// The location of a change in one of the two tools; where it has nothing there,
/// the tool's name.
fn place(tool: &Tool, members: &Members<'_>, change: &Change) -> (Span, String) {
    let pointer = change.pointer();
    let hint = |name: &str| {
        let hints = &tool.annotations;
        match name {
            "readOnlyHint" => hints.read_only,
            "destructiveHint" => hints.destructive,
            "idempotentHint" => hints.idempotent,
            _ => hints.open_world,
        }
    };
    let span = match change {
        Change::Title(_) => {
            let older = tool.annotations.title.as_ref();
            tool.title.as_ref().or(older).map(|text| text.span)
        }
        Change::Description(_) => tool.description.as_ref().map(|text| text.span),
        Change::Annotation { name, .. } => hint(name).map(|hint| hint.span),
        Change::Category => tool.category.map(|(_, span)| span),
        Change::Schema(_) => return nearest(tool, members, &pointer),
    };
    match span {
        Some(span) => (span, format!("{}{pointer}", tool.pointer)),
        None => (tool.name_span, push_pointer(&tool.pointer, "name")),
    }
}

/// The place in a tool's schemas and other members that a pointer names, or the
/// innermost one around it that is there.
fn nearest(tool: &Tool, members: &Members<'_>, pointer: &str) -> (Span, String) {
    let mut pointer = pointer;
    while let Some(path) = pointer.strip_prefix('/') {
        let (member, below) = match path.split_once('/') {
            Some((member, below)) => (member, format!("/{below}")),
            None => (path, String::new()),
        };
        let node = match member {
            "inputSchema" => tool.input_schema.as_ref(),
            "outputSchema" => tool.output_schema.as_ref(),
            name => members.get(name).copied(),
        };
        if let Some(node) = node.and_then(|node| node.at(&below)) {
            return (node.span, format!("{}{pointer}", tool.pointer));
        }
        pointer = pointer.rsplit_once('/').map_or("", |(outer, _)| outer);
    }
    (tool.name_span, push_pointer(&tool.pointer, "name"))
}

/// The finding with a shorter sentence, where that is another one.
fn with_brief(finding: Finding, brief: Brief) -> Finding {
    Finding {
        brief: (brief.message != finding.message).then_some(brief),
        ..finding
    }
}

/// How much of the texts of a server a sentence quotes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Length {
    /// Everything that has changed, whatever its length.
    Whole,
    /// What a person reads.
    Brief,
}

/// What has changed, and whether all of that is in the sentence.
fn sentence(tool: &str, change: &Change, length: Length) -> (String, bool) {
    let name = match length {
        Length::Whole => tool.into(),
        Length::Brief => shorten::name(tool),
    };
    let claim =
        |claim: &Option<bool>| claim.map_or("not said".to_owned(), |claim| claim.to_string());
    let of_words = |what: &str, words: &[Words]| {
        let (marked, is_whole) = marked(words, length);
        (
            format!("{what} of `{name}` has changed: {marked}"),
            is_whole,
        )
    };
    match change {
        Change::Title(words) => of_words("The title", words),
        Change::Description(words) => of_words("The description", words),
        Change::Annotation {
            name: annotation,
            old,
            new,
        } => {
            let (was, is) = (claim(old), claim(new));
            let message =
                format!("The annotation {annotation} of `{name}` has changed: was {was}, is {is}");
            (message, true)
        }
        Change::Category => (format!("The category of `{name}` has changed"), true),
        Change::Schema(place) => {
            let pointer = match length {
                Length::Whole => place.pointer.as_str().into(),
                Length::Brief => shorten::name(&place.pointer),
            };
            if !place.words.is_empty() {
                return of_words(&pointer, &place.words);
            }
            let (what, is_whole) = values(place.old.as_ref(), place.new.as_ref(), length);
            (format!("{pointer} of `{name}` {what}"), is_whole)
        }
    }
}

/// What has become of a value, and whether all of that is said.
fn values(old: Option<&Value>, new: Option<&Value>, length: Length) -> (String, bool) {
    let one = |value: &Value| match length {
        Length::Whole => value.to_string(),
        Length::Brief => shorten::text(&value.to_string()).into_owned(),
    };
    let is_whole = |value: &Value| {
        length == Length::Whole || !matches!(shorten::text(&value.to_string()), Cow::Owned(_))
    };
    match (old, new) {
        (None, None) => ("has changed".to_owned(), true),
        (None, Some(new)) => (format!("is new: {}", one(new)), is_whole(new)),
        (Some(old), None) => (format!("is gone, it was {}", one(old)), is_whole(old)),
        (Some(old), Some(new)) if length == Length::Whole => {
            (format!("has changed: was {old}, is {new}"), true)
        }
        (Some(old), Some(new)) => {
            let pair = shorten::pair(&old.to_string(), &new.to_string());
            let text = format!("has changed: was {}, is {}", pair.old, pair.new);
            (text, pair.is_whole)
        }
    }
}

/// Two texts in one, as `git diff --word-diff` shows them: `[-gone-]` and
/// `{+new+}`, with a few words around each. Of a long text that is the same on
/// both sides `…` replaces the rest. Also returns whether every changed run is
/// there.
fn marked(words: &[Words], length: Length) -> (String, bool) {
    let whole = runs(words, |text, is_first, is_last| {
        around(text, is_first, is_last)
    });
    if length == Length::Whole || whole.chars().count() <= shorten::LONGEST {
        return (whole, true);
    }
    let is_changed = |run: &&Words| run.side != Side::Both;
    let changed = words.iter().filter(is_changed);
    let cost: usize = changed.map(|run| run.text.chars().count() + MARKS).sum();
    let Some(room) = shorten::LONGEST.checked_sub(cost) else {
        return (first_changes(words), false);
    };
    // What is left of the room is for what is beside the changed runs.
    let same = words.len() - words.iter().filter(is_changed).count();
    let each = room / same.max(1);
    let text = runs(words, |text, is_first, is_last| {
        let text = around(text, is_first, is_last);
        beside(&text, each, is_first, is_last)
    });
    (text, true)
}

/// The runs in one text, the unchanged ones as `same` shows them.
fn runs(words: &[Words], same: impl Fn(&str, bool, bool) -> String) -> String {
    let mut out = String::new();
    let last = words.len().saturating_sub(1);
    for (at, run) in words.iter().enumerate() {
        let text = unmarked(&run.text.replace(['\n', '\r', '\t'], " "));
        match run.side {
            Side::Both => out.push_str(&same(&text, at == 0, at == last)),
            Side::Old => out.push_str(&format!("[-{text}-]")),
            Side::New => out.push_str(&format!("{{+{text}+}}")),
        }
    }
    out
}

/// A text in which nothing looks like a mark of what is gone or new.
fn unmarked(text: &str) -> String {
    let mut out = text.to_owned();
    for (mark, apart) in [("[-", "[ -"), ("-]", "- ]"), ("{+", "{ +"), ("+}", "+ }")] {
        out = out.replace(mark, apart);
    }
    out
}

/// The changed runs as far as there is room for them, and how much is left out.
fn first_changes(words: &[Words]) -> String {
    let mut shown = Vec::new();
    // What is gone must not take the room of what is new.
    let (mut gone, mut new) = (shorten::LONGEST / 2, shorten::LONGEST / 2);
    let mut left = 0;
    for run in words {
        let length = run.text.chars().count();
        let room = match run.side {
            Side::Old => &mut gone,
            Side::New => &mut new,
            Side::Both => {
                let text = "…".to_owned();
                shown.push(Words {
                    text,
                    ..run.clone()
                });
                continue;
            }
        };
        let kept = room.saturating_sub(MARKS).min(length);
        left += length - kept;
        if kept > 0 {
            *room = room.saturating_sub(kept + MARKS);
            let text = run.text.chars().take(kept).collect();
            shown.push(Words {
                text,
                ..run.clone()
            });
        }
    }
    shown.dedup_by(|a, b| a.side == Side::Both && b.side == Side::Both);
    let left = shorten::number(left);
    let shown = runs(&shown, |text, _, _| text.to_owned());
    format!("{shown} ({left} more characters, changed text is not shown)")
}

/// As much of an unchanged text as there is room for, on the sides where it is
/// beside changed ones.
fn beside(text: &str, room: usize, is_first: bool, is_last: bool) -> String {
    let length = text.chars().count();
    if length <= room + 1 {
        return text.to_owned();
    }
    let (head, tail) = match (is_first, is_last) {
        (true, _) => (0, room),
        (_, true) => (room, 0),
        _ => (room / 2, room / 2),
    };
    let before: String = text.chars().take(head).collect();
    let behind: String = text.chars().skip(length - tail).collect();
    format!("{before}…{behind}")
}

/// The words of an unchanged run that are beside a changed one.
fn around(text: &str, is_first: bool, is_last: bool) -> String {
    let words: Vec<&str> = text.split_inclusive(' ').collect();
    let head = if is_first { 0 } else { CONTEXT };
    let tail = if is_last { 0 } else { CONTEXT };
    if words.len() <= head + tail + 1 {
        return text.to_owned();
    }
    let before = words.iter().take(head).copied().collect::<String>();
    let behind = words.iter().skip(words.len() - tail).copied();
    let space = if is_last { "" } else { " " };
    format!("{before}…{space}{}", behind.collect::<String>())
}
