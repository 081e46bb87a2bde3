//! A line of the native format that holds one call as an importer writes it:
//! flat, with its time, and nothing that depends on other lines but the
//! header's defaults.

use super::arguments::{Member, MemberRange};
use super::clock::Clock;
use super::messages::{Denials, arguments, each, grant, object, server};
use super::parsed::{LineSpan, MessageKind, ParsedMessage};
use super::scanner::{ByteSpan, ScannedValue, Scanner, ValueKind};
use super::shapes::{LineKind, Value, Walked};
use crate::trace::expectation::DecisionName;
use crate::trace::response::Observed;
use mcppolicy_engine::time::Time;

/// Lines with a native call each.
pub(super) struct Records;

/// What makes it faster to read values: what the last ones were, and prepared searches.
#[derive(Default)]
pub(super) struct Context {
    clocks: [Clock; 2],
    denials: Denials,
}

/// The members of a line.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Record<V> {
    ts: Option<V>,
    tool: Option<V>,
    expect: Option<V>,
    grant: Option<V>,
    server: Option<V>,
    arguments: Option<V>,
    members: MemberRange,
    id: Option<V>,
    note: Option<V>,
    observed: Option<V>,
    /// Whether there is a response, and the result in it.
    has_response: bool,
    result: Option<V>,
    response_ts: Option<V>,
    /// Where an importer found the call.
    has_origin: bool,
    file: Option<V>,
    line: Option<V>,
}

impl LineKind for Records {
    type Line<V: Value> = Record<V>;
    type Context = Context;

    fn read(scanner: &mut Scanner<'_>, members: &mut Vec<Member>) -> Option<Record<ScannedValue>> {
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

    fn map<V: Value>(
        line: &Record<ScannedValue>,
        place: impl FnMut(ScannedValue) -> Option<V>,
        range: impl Fn(MemberRange) -> MemberRange,
    ) -> Option<Record<V>> {
        let mut placed = each(place);
        Some(Record {
            ts: placed(line.ts)?,
            tool: placed(line.tool)?,
            expect: placed(line.expect)?,
            grant: placed(line.grant)?,
            server: placed(line.server)?,
            arguments: placed(line.arguments)?,
            members: range(line.members),
            id: placed(line.id)?,
            note: placed(line.note)?,
            observed: placed(line.observed)?,
            has_response: line.has_response,
            result: placed(line.result)?,
            response_ts: placed(line.response_ts)?,
            has_origin: line.has_origin,
            file: placed(line.file)?,
            line: placed(line.line)?,
        })
    }

    #[inline(always)]
    fn message<V: Value>(
        record: &Record<V>,
        walked: &Walked,
        text: &str,
        context: &mut Context,
    ) -> Option<ParsedMessage> {
        let value = |value: Option<V>| walked.value(value);
        let Context { clocks, denials } = context;
        let [sent, answered] = clocks;
        let mut strings = [record.id, record.note].into_iter().filter_map(value);
        if !strings.all(is_string) {
            return None;
        }
        if record.has_origin
            && !(is_string(value(record.file)?) && is_line(value(record.line)?.span, text))
        {
            return None;
        }
        if record.has_response && denials.may_be_in(value(record.result)?.span.of(text)) {
            return None;
        }
        let strict = |text: &str| Time::parse(text).and_then(Time::in_calendar).ok();
        let ts = value(record.ts)?.string()?.of(text);
        Some(ParsedMessage {
            line: LineSpan::default(),
            time: Some(sent.read(ts, strict)?),
            sender: None,
            grant: grant(value(record.grant)).ok()?,
            exchange: None,
            session: None,
            user: None,
            server: server(value(record.server)).ok()?,
            id: None,
            expect: match value(record.expect) {
                None => None,
                Some(value) => Some(decision(value.string()?.of(text))?),
            },
            observed: match value(record.observed) {
                None => None,
                Some(value) => match value.string()?.of(text) {
                    "allow" => Some(Observed::Allow),
                    "deny" => Some(Observed::Deny),
                    _ => return None,
                },
            },
            has_result: record.has_response,
            response_time: match value(record.response_ts) {
                None => None,
                Some(value) => Some(answered.read(value.string()?.of(text), strict)?),
            },
            kind: MessageKind::Call {
                name: Some(value(record.tool)?.string()?),
                arguments: object(value(record.arguments)).ok()?,
                members: walked.members(record.members),
            },
        })
    }
}

impl Record<ScannedValue> {
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
