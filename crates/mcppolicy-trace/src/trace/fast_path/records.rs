//! A line of the native format that holds one call as an importer writes it:
//! flat, with its time, and nothing that depends on other lines but the
//! header's defaults.

use super::arguments::Member;
use super::clock::Clock;
use super::messages::{arguments, grant, object, server};
use super::parsed::{LineSpan, MessageKind, ParsedMessage};
use super::scanner::{ByteSpan, ScannedValue, Scanner, ValueKind};
use crate::trace::expectation::DecisionName;
use mcppolicy_engine::time::Time;

/// Reads native calls, one after another.
#[derive(Default)]
pub(super) struct Records {
    clock: Clock,
}

impl Records {
    /// The call of the line that begins here; the members of its arguments are
    /// added to `members`.
    pub fn read(
        &mut self,
        scanner: &mut Scanner<'_>,
        members: &mut Vec<Member>,
    ) -> Option<ParsedMessage> {
        let text = scanner.text();
        scanner.skip_space();
        if scanner.peek()? != b'{' {
            return None;
        }
        let (mut ts, mut tool, mut expect) = (None, None, None);
        let (mut caller, mut destination) = (None, None);
        let (mut given, mut listed) = (None, (0, 0));
        scanner.object(|scanner, key| {
            match scanner.key_text(key) {
                b"ts" => ts = Some(scanner.value()?),
                b"tool" => tool = Some(scanner.value()?),
                b"arguments" => (given, listed) = arguments(scanner, members)?,
                b"grant" => caller = Some(scanner.value()?),
                b"server" => destination = Some(scanner.value()?),
                b"expect" => expect = Some(scanner.value()?),
                // Read again where they are needed.
                b"id" | b"note" if is_string(scanner.value()?) => {}
                b"origin" => origin(scanner, text)?,
                _ => return None,
            }
            Some(())
        })?;
        let strict = |text: &str| Time::parse(text).and_then(Time::in_calendar).ok();
        let ts = ts?.string()?.of(text);
        Some(ParsedMessage {
            line: LineSpan::default(),
            time: Some(self.clock.read(ts, strict)?),
            sender: None,
            grant: grant(caller).ok()?,
            exchange: None,
            session: None,
            user: None,
            server: server(destination).ok()?,
            id: None,
            expect: match expect {
                None => None,
                Some(value) => Some(decision(value.string()?.of(text))?),
            },
            kind: MessageKind::Call {
                name: Some(tool?.string()?),
                arguments: object(given).ok()?,
                members: listed,
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

/// Where an importer found the call, written as one writes it.
fn origin(scanner: &mut Scanner<'_>, text: &str) -> Option<()> {
    if scanner.peek()? != b'{' {
        return None;
    }
    let (mut file, mut line) = (false, false);
    scanner.object(|scanner, key| {
        match scanner.key_text(key) {
            b"file" => file = is_string(scanner.value()?),
            b"line" => line = is_line(scanner.value()?.span, text),
            _ => return None,
        }
        Some(())
    })?;
    (file && line).then_some(())
}

fn is_line(span: ByteSpan, text: &str) -> bool {
    const MOST_DIGITS: usize = 9;
    let raw = span.of(text);
    raw.len() <= MOST_DIGITS && raw.parse().is_ok_and(|line: u32| line > 0)
}
