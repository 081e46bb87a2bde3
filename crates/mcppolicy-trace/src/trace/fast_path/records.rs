//! A line of the native format that holds one call as an importer writes it:
//! flat, with its time, and nothing that depends on other lines but the
//! header's defaults.

use super::arguments::Member;
use super::clock::Clock;
use super::messages::{Denials, arguments, grant, object, server};
use super::parsed::{LineSpan, MessageKind, ParsedMessage};
use super::scanner::{ByteSpan, ScannedValue, Scanner, ValueKind};
use super::shapes::{Found, Shapes};
use crate::trace::expectation::DecisionName;
use crate::trace::response::Observed;
use mcppolicy_engine::time::Time;

/// Reads native calls, one after another.
pub(super) struct Records<'s> {
    shapes: &'s mut Shapes<Record>,
    clocks: [Clock; 2],
    denials: Denials,
}

/// The members of a line.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Record {
    ts: Option<ScannedValue>,
    tool: Option<ScannedValue>,
    expect: Option<ScannedValue>,
    grant: Option<ScannedValue>,
    server: Option<ScannedValue>,
    arguments: Option<ScannedValue>,
    members: (usize, usize),
    id: Option<ScannedValue>,
    note: Option<ScannedValue>,
    observed: Option<ScannedValue>,
    /// Whether there is a response, and the result in it.
    has_response: bool,
    result: Option<ScannedValue>,
    response_ts: Option<ScannedValue>,
    /// Where an importer found the call.
    has_origin: bool,
    file: Option<ScannedValue>,
    line: Option<ScannedValue>,
}

impl Found for Record {
    #[inline(always)]
    fn each_value(&mut self, mut each: impl FnMut(&mut Option<ScannedValue>)) {
        each(&mut self.ts);
        each(&mut self.tool);
        each(&mut self.expect);
        each(&mut self.grant);
        each(&mut self.server);
        each(&mut self.arguments);
        each(&mut self.id);
        each(&mut self.note);
        each(&mut self.observed);
        each(&mut self.result);
        each(&mut self.response_ts);
        each(&mut self.file);
        each(&mut self.line);
    }

    #[inline(always)]
    fn each_range(&mut self, mut each: impl FnMut(&mut (usize, usize))) {
        each(&mut self.members);
    }
}

impl<'s> Records<'s> {
    pub fn new(shapes: &'s mut Shapes<Record>) -> Records<'s> {
        Records {
            shapes,
            clocks: Default::default(),
            denials: Denials::default(),
        }
    }

    /// The call of the line that begins here; the members of its arguments are
    /// added to `members`.
    pub fn read(
        &mut self,
        scanner: &mut Scanner<'_>,
        members: &mut Vec<Member>,
    ) -> Option<ParsedMessage> {
        let text = scanner.text();
        let (clocks, denials) = (&mut self.clocks, &self.denials);
        self.shapes.find(scanner, members, Record::read, |record| {
            record.call(text, clocks, denials)
        })
    }
}

impl Record {
    fn read(scanner: &mut Scanner<'_>, members: &mut Vec<Member>) -> Option<Record> {
        scanner.skip_space();
        if scanner.peek()? != b'{' {
            return None;
        }
        let mut record = Record::default();
        scanner.object(|scanner, key| {
            match scanner.text_at(key) {
                b"ts" => record.ts = Some(scanner.value()?),
                b"tool" => record.tool = Some(scanner.value()?),
                b"arguments" => {
                    (record.arguments, record.members) = arguments(scanner, members)?;
                }
                b"grant" => record.grant = Some(scanner.value()?),
                b"server" => record.server = Some(scanner.value()?),
                b"expect" => record.expect = Some(scanner.value()?),
                // Read again where they are needed.
                b"id" => record.id = Some(scanner.value()?),
                b"note" => record.note = Some(scanner.value()?),
                b"observed" => record.observed = Some(scanner.value()?),
                b"response" => record.response(scanner)?,
                b"response_ts" => record.response_ts = Some(scanner.value()?),
                b"origin" => record.origin(scanner)?,
                _ => return None,
            }
            Some(())
        })?;
        Some(record)
    }

    /// What came back: a result. An error is read strictly.
    fn response(&mut self, scanner: &mut Scanner<'_>) -> Option<()> {
        if scanner.peek()? != b'{' {
            return None;
        }
        self.has_response = true;
        scanner.object(|scanner, key| {
            match scanner.text_at(key) {
                b"result" => self.result = Some(scanner.value()?),
                b"error" => return None,
                _ => {
                    scanner.value()?;
                }
            }
            Some(())
        })
    }

    /// Where an importer found the call, written as one writes it.
    fn origin(&mut self, scanner: &mut Scanner<'_>) -> Option<()> {
        if scanner.peek()? != b'{' {
            return None;
        }
        self.has_origin = true;
        scanner.object(|scanner, key| {
            match scanner.text_at(key) {
                b"file" => self.file = Some(scanner.value()?),
                b"line" => self.line = Some(scanner.value()?),
                _ => return None,
            }
            Some(())
        })
    }

    /// The call, where it is simple.
    fn call(
        &self,
        text: &str,
        [sent, answered]: &mut [Clock; 2],
        denials: &Denials,
    ) -> Option<ParsedMessage> {
        if ![self.id, self.note].into_iter().flatten().all(is_string) {
            return None;
        }
        if self.has_origin && !(is_string(self.file?) && is_line(self.line?.span, text)) {
            return None;
        }
        if self.has_response && denials.may_be_in(self.result?.span.of(text)) {
            return None;
        }
        let strict = |text: &str| Time::parse(text).and_then(Time::in_calendar).ok();
        let ts = self.ts?.string()?.of(text);
        Some(ParsedMessage {
            line: LineSpan::default(),
            time: Some(sent.read(ts, strict)?),
            sender: None,
            grant: grant(self.grant).ok()?,
            exchange: None,
            session: None,
            user: None,
            server: server(self.server).ok()?,
            id: None,
            expect: match self.expect {
                None => None,
                Some(value) => Some(decision(value.string()?.of(text))?),
            },
            observed: match self.observed {
                None => None,
                Some(value) => match value.string()?.of(text) {
                    "allow" => Some(Observed::Allow),
                    "deny" => Some(Observed::Deny),
                    _ => return None,
                },
            },
            has_result: self.has_response,
            response_time: match self.response_ts {
                None => None,
                Some(value) => Some(answered.read(value.string()?.of(text), strict)?),
            },
            kind: MessageKind::Call {
                name: Some(self.tool?.string()?),
                arguments: object(self.arguments).ok()?,
                members: self.members,
            },
        })
    }
}

fn is_string(value: ScannedValue) -> bool {
    matches!(value.kind, ValueKind::String | ValueKind::Escaped)
}

fn decision(name: &str) -> Option<DecisionName> {
    let mut all = DecisionName::ALL.into_iter();
    all.find(|decision| decision.name() == name)
}

fn is_line(span: ByteSpan, text: &str) -> bool {
    const MOST_DIGITS: usize = 9;
    let raw = span.of(text);
    raw.len() <= MOST_DIGITS && raw.parse().is_ok_and(|line: u32| line > 0)
}
