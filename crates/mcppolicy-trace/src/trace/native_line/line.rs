//! One line of the native format, read strictly: the header, or a call.

use std::rc::Rc;

use super::call::{self, LineInfo};
use super::context::{Context, Defaults, Setting, VERSION};
use super::fields::{self, Fields, Nullable};
use super::guarded::{self, Answer};
use crate::trace::block::{LONGEST_LINE, RawLine};
use crate::trace::call::{Grant, RecordedCall, Server};
use crate::trace::item::{Complaint, Header, Item, Line};
use crate::trace::withheld::cut_pointer;
use mcppolicy_engine::document::borrowed::NodeKind;
use mcppolicy_engine::document::parse::{
    SyntaxError, Trouble, decode, describe, parse_borrowed, quoted,
};
use mcppolicy_engine::source;
use mcppolicy_engine::time::{Time, TimeDelta};

/// The call of a line that the fast path has read in place, built.
pub(crate) fn read_simple(
    line: &[u8],
    number: usize,
    defaults: &Rc<Defaults>,
) -> Option<RecordedCall> {
    let raw = RawLine {
        number,
        offset: 0,
        bytes: line,
        cut: false,
    };
    let text = std::str::from_utf8(line).ok()?;
    let mut context = Context::new(Rc::clone(defaults));
    match read_line(text, &raw, LineRole::Later, &mut context) {
        (Some(LineContent::Item(Item::Call(call))), complaints) if complaints.is_empty() => {
            Some(*call)
        }
        _ => None,
    }
}

/// The text of a line.
pub(in crate::trace) fn text<'a>(raw: &RawLine<'a>) -> Result<&'a str, Complaint> {
    if raw.cut {
        return Err(Complaint {
            span: source::Span::new(0, 0),
            pointer: String::new(),
            message: format!(
                "The line is longer than {} MiB, the most that is read",
                LONGEST_LINE >> 20
            ),
            help: Some("redact the arguments with `arguments_unknown`".to_owned()),
            related: None,
        });
    }
    if raw.number == 1 {
        return decode(raw.bytes).map_err(|error| syntax_complaint(&error));
    }
    std::str::from_utf8(raw.bytes).map_err(|bad| {
        let at = bad.valid_up_to();
        let byte = raw.bytes.get(at).copied().unwrap_or_default();
        Complaint {
            span: source::Span::new(at, at),
            pointer: String::new(),
            message: format!("Byte 0x{byte:02X} is not UTF-8"),
            help: Some("write the line as UTF-8".to_owned()),
            related: None,
        }
    })
}

fn syntax_complaint(error: &SyntaxError) -> Complaint {
    Complaint {
        span: error.span,
        pointer: String::new(),
        message: syntax_message(&error.message),
        help: error.help.clone(),
        related: None,
    }
}

/// The parser's message about a text that is one line, with what it found left
/// out unless that is punctuation: it may be part of an argument.
fn syntax_message(message: &str) -> String {
    let message = message
        .replace("the file ends", "the line ends")
        .replace("the end of the file", "the end of the line");
    match message.split_once(", but found ") {
        Some((expected, found)) if found.contains(|c: char| c.is_alphanumeric()) => {
            format!("{expected}, but found something else")
        }
        _ => message,
    }
}

/// Whether a line may be a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::trace) enum LineRole {
    /// The first line with content: a header or a call.
    First,
    /// A later line: a call.
    Later,
}

/// What a line holds.
#[derive(Debug)]
pub(in crate::trace) enum LineContent {
    Item(Item),
    /// How an earlier call was answered.
    Answer(Answer),
}

/// Reads one line. A header is there even when something in it is wrong; a
/// call is only when nothing is.
pub(in crate::trace) fn read_line(
    text: &str,
    raw: &RawLine<'_>,
    role: LineRole,
    context: &mut Context,
) -> (Option<LineContent>, Vec<Complaint>) {
    let (tree, problems) = match parse_borrowed(text) {
        Ok(parsed) => parsed,
        Err(error) => {
            if role == LineRole::First && text.contains("\"mcppolicy\"") {
                // The header is lost: that is reported here, and not again at
                // each line that would have taken its time from it.
                context.start = Setting::Invalid;
            }
            return (None, vec![syntax_complaint(&error)]);
        }
    };
    let root = tree.root();
    let mut fields = Fields::new(root);
    let mut repeats_an_argument = false;
    for problem in &problems {
        match &problem.trouble {
            // A call may hold any number, also one that no double holds exactly.
            Trouble::InexactNumber => {}
            Trouble::DuplicateKey { .. } if is_in_arguments(&problem.pointer) => {
                repeats_an_argument = true;
            }
            trouble => {
                fields.complaints.push(Complaint {
                    span: problem.span,
                    pointer: problem.pointer.clone(),
                    message: message_of(trouble, &problem.pointer),
                    help: Some(match trouble {
                        Trouble::DuplicateKey { .. } => "remove one".to_owned(),
                        _ => describe(text, problem).1,
                    }),
                    related: match trouble {
                        Trouble::DuplicateKey { first, .. } => Some((*first, "first here")),
                        _ => None,
                    },
                });
            }
        }
    }
    let item = match root.kind() {
        NodeKind::Object(_) if root.get("mcppolicy").is_some() => {
            let header = header(&mut fields, text, raw, context);
            if role == LineRole::First {
                Some(LineContent::Item(Item::Header(Box::new(header))))
            } else {
                fields.complaints.clear();
                fields.at_member(
                    "mcppolicy",
                    "A header can only be the first line of a trace".to_owned(),
                    Some("split the file here: each trace has fresh counters".to_owned()),
                );
                None
            }
        }
        NodeKind::Object(_) if guarded::is_answer(root) => {
            if !context.is_guarded {
                let message = "`answers` needs `policy_sha256` in the header".to_owned();
                let help = "only `mcppolicy guard` writes such lines".to_owned();
                fields.at_member("answers", message, Some(help));
            }
            guarded::answer(&mut fields).map(LineContent::Answer)
        }
        NodeKind::Object(_) if guarded::is_refused(root) => {
            Some(LineContent::Item(guarded::refused(&mut fields, raw.number)))
        }
        NodeKind::Object(_) => {
            let line = LineInfo {
                number: raw.number,
                repeats_an_argument,
            };
            call::read(&mut fields, context, line).map(LineContent::Item)
        }
        _ => {
            fields.at_node(
                root,
                "",
                format!(
                    "A line of a trace must be an object, not {}",
                    fields::article(root)
                ),
                None,
            );
            None
        }
    };
    let mut complaints = fields.complaints;
    complaints.sort_by_key(|complaint| complaint.span);
    (item, complaints)
}

/// What is wrong at a pointer, without what is written there: it may be in
/// arguments or results.
fn message_of(trouble: &Trouble, pointer: &str) -> String {
    let kind = match trouble {
        Trouble::DuplicateKey { key, .. } if cut_pointer(pointer) == pointer => {
            return format!("The key {} is already in this object", quoted(key));
        }
        Trouble::DuplicateKey { .. } => "This key is already in this object",
        Trouble::LoneSurrogate => "Half of a surrogate pair is no character",
        Trouble::InexactNumber => "This number is not one that an IEEE double holds",
        Trouble::NumberOverflow => "This number is beyond the largest IEEE double",
    };
    kind.to_owned()
}

/// Whether a repeated key is inside a call's arguments, where the last one
/// counts (policy language §2).
fn is_in_arguments(pointer: &str) -> bool {
    let Some(request) = pointer.strip_prefix("/request") else {
        return pointer.starts_with("/arguments/");
    };
    // In a batch, a number comes before the member.
    let batched = request
        .strip_prefix('/')
        .and_then(|rest| rest.split_once('/'))
        .filter(|(index, _)| index.bytes().all(|byte| byte.is_ascii_digit()))
        .is_some_and(|(_, rest)| rest.starts_with("params/arguments/"));
    batched || request.starts_with("/params/arguments/")
}

const HEADER_MEMBERS: [&str; 8] = [
    "mcppolicy",
    "policy",
    "policy_sha256",
    "grant",
    "server",
    "start",
    "step",
    "description",
];

fn header(fields: &mut Fields<'_>, text: &str, raw: &RawLine<'_>, context: &mut Context) -> Header {
    fields.only("A header", &HEADER_MEMBERS, &[]);
    match fields.string("mcppolicy") {
        Some(VERSION) | None => {}
        Some(_) => {
            let message = "This is not a version of the trace format".to_owned();
            fields.at_value("mcppolicy", message, Some(format!("write {VERSION:?}")));
        }
    }
    let grant = match fields.string_or_null("grant") {
        Nullable::Absent => Grant::Implicit,
        Nullable::Null => Grant::Unknown,
        Nullable::String(name) => Grant::Named(name.to_owned()),
    };
    let server = match fields.string_or_null("server") {
        Nullable::Absent => Server::Default,
        Nullable::Null => Server::Unknown,
        Nullable::String(name) => Server::Named(name.to_owned()),
    };
    context.defaults = Rc::new(Defaults { grant, server });
    context.start = setting(fields, "start", |text| {
        Time::parse(text).and_then(Time::in_calendar)
    });
    context.step = setting(fields, "step", TimeDelta::parse);
    if context.step != Setting::Absent && context.start == Setting::Absent {
        fields.at_member(
            "step",
            "`step` needs `start`: there is no time to step from".to_owned(),
            Some("add `start`, an instant such as \"2026-11-20T10:00:00Z\"".to_owned()),
        );
        context.step = Setting::Invalid;
    }
    let policy = fields.string("policy").map(str::to_owned);
    context.is_guarded = fields.root.get("policy_sha256").is_some();
    let digest = guarded::digest(fields);
    Header {
        line: Line {
            number: raw.number,
            offset: raw.offset,
            text: text.to_owned(),
        },
        policy: policy.zip(fields.root.get("policy").map(|node| node.span())),
        policy_sha256: digest.zip(fields.root.get("policy_sha256").map(|node| node.span())),
        description: fields.string("description").map(str::to_owned),
    }
}

fn setting<T, E: std::fmt::Display>(
    fields: &mut Fields<'_>,
    key: &str,
    read: impl FnOnce(&str) -> Result<T, E>,
) -> Setting<T> {
    // What stands in a header is not quoted.
    let unquoted = |text: &str| {
        let quoted = format!("{text:?}");
        let shown = |error: E| error.to_string().replacen(&quoted, &format!("`{key}`"), 1);
        read(text).map_err(shown)
    };
    match (fields.root.get(key), fields.parsed(key, unquoted)) {
        (_, Some(value)) => Setting::Given(value),
        (Some(_), None) => Setting::Invalid,
        (None, None) => Setting::Absent,
    }
}
