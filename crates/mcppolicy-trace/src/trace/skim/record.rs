//! A line of the native format that holds one call as an importer writes it:
//! flat, with its time, and nothing that depends on other lines but the
//! header's defaults.

use super::super::DecisionName;
use super::super::native::in_calendar;
use super::super::plain::{Kind, Place, Scanner, Value};
use super::clock::Clock;
use super::message::{arguments, grant, object, server};
use super::{LineAt, Member, Message, What};
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
    ) -> Option<Message> {
        let text = scanner.text();
        scanner.skip_space();
        if scanner.peek()? != b'{' {
            return None;
        }
        let (mut ts, mut tool, mut expect) = (None, None, None);
        let (mut who, mut place) = (None, None);
        let (mut given, mut listed) = (None, (0, 0));
        scanner.object(|scanner, key| {
            match scanner.key_text(key) {
                b"ts" => ts = Some(scanner.value()?),
                b"tool" => tool = Some(scanner.value()?),
                b"arguments" => (given, listed) = arguments(scanner, members)?,
                b"grant" => who = Some(scanner.value()?),
                b"server" => place = Some(scanner.value()?),
                b"expect" => expect = Some(scanner.value()?),
                // Read again where they are asked for.
                b"id" | b"note" if is_string(scanner.value()?) => {}
                b"origin" => origin(scanner, text)?,
                _ => return None,
            }
            Some(())
        })?;
        let strict = |text: &str| Time::parse(text).and_then(in_calendar).ok();
        let ts = ts?.string()?.of(text);
        Some(Message {
            line: LineAt::default(),
            time: Some(self.clock.read(ts, strict)?),
            sender: None,
            grant: grant(who)?,
            session: None,
            user: None,
            server: server(place)?,
            id: None,
            expect: match expect {
                None => None,
                Some(value) => Some(decision(value.string()?.of(text))?),
            },
            what: What::Call {
                name: Some(tool?.string()?),
                arguments: object(given)?,
                members: listed,
            },
        })
    }
}

fn is_string(value: Value) -> bool {
    matches!(value.kind, Kind::String | Kind::Escaped)
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
            b"line" => line = is_line(scanner.value()?.place, text),
            _ => return None,
        }
        Some(())
    })?;
    (file && line).then_some(())
}

fn is_line(place: Place, text: &str) -> bool {
    const MOST_DIGITS: usize = 9;
    let raw = place.of(text);
    raw.len() <= MOST_DIGITS && raw.parse().is_ok_and(|line: u32| line > 0)
}
