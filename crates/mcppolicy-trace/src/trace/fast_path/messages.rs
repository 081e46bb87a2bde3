//! A line with a raw message, bare or in an object that says when, who and
//! where.

use memchr::memmem::Finder;

use super::arguments::{Member, MemberRange};
use super::clock::Clock;
use super::parsed::{LineSpan, MessageKind, ParsedMessage};
use super::scanner::{ByteSpan, ScannedValue, Scanner, ValueKind};
use super::shapes::{LineKind, Value, Walked};
use crate::trace::call::{Grant, Server};
use crate::trace::direction::{Directions, Way, is_kind};
use crate::trace::message::Side;
use crate::trace::spelling::Spelled;
use crate::trace::timestamp;
use mcppolicy_engine::time::Time;

/// Lines with a raw message each.
pub(super) struct Messages;

/// What makes it faster to read values: what the last ones were, and prepared searches.
pub(super) struct Context {
    clock: Clock,
    directions: Directions,
    denials: Denials,
    result_type: Finder<'static>,
    task: Finder<'static>,
}

impl Default for Context {
    fn default() -> Self {
        Context {
            clock: Clock::default(),
            directions: Directions::default(),
            denials: Denials::default(),
            result_type: Finder::new("resultType"),
            task: Finder::new("taskId"),
        }
    }
}

/// Prepared searches for a gateway's denial.
pub(super) struct Denials {
    mark: Finder<'static>,
    escape: Finder<'static>,
}

impl Default for Denials {
    fn default() -> Denials {
        Denials {
            mark: Finder::new("POLICY DENIED"),
            escape: Finder::new("\\u00"),
        }
    }
}

impl Denials {
    /// Whether the first text of a result may begin with the gateway's mark of a
    /// denial, also with escapes.
    pub fn may_be_in(&self, result: &str) -> bool {
        let contains = |part: &Finder<'_>| part.find(result.as_bytes()).is_some();
        contains(&self.mark) || contains(&self.escape)
    }
}

/// A member is written in a way that the fast path does not read: the strict
/// reader reads its line.
#[derive(Debug)]
pub(super) struct NotSimple;

/// The members of a message, or of the object around one.
#[derive(Debug, Clone, Copy, Default)]
struct Parts<V> {
    has_jsonrpc: bool,
    method: Option<V>,
    id: Option<V>,
    name: Option<V>,
    arguments: Option<V>,
    members: MemberRange,
    result: Option<V>,
    has_error: bool,
}

/// The members of the outermost object.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Around<V> {
    time: Option<V>,
    direction: Option<V>,
    grant: Option<V>,
    server: Option<V>,
    session: Option<V>,
    exchange: Option<V>,
    user: Option<V>,
    /// What may say, in a gateway's words, where a message comes from.
    kind: Option<V>,
    event: Option<V>,
    /// Whether it wraps a message, and the members of that message.
    wraps: bool,
    wrapped: Parts<V>,
    /// Its own members, when it is a message itself.
    own: Parts<V>,
}

impl LineKind for Messages {
    type Line<V: Value> = Around<V>;
    type Context = Context;

    fn read(scanner: &mut Scanner<'_>, members: &mut Vec<Member>) -> Option<Around<ScannedValue>> {
        let mut around = Around::default();
        around.read(scanner, members)?;
        Some(around)
    }

    fn map<V: Value>(
        line: &Around<ScannedValue>,
        place: impl FnMut(ScannedValue) -> Option<V>,
        range: impl Fn(MemberRange) -> MemberRange,
    ) -> Option<Around<V>> {
        let mut placed = each(place);
        Some(Around {
            time: placed(line.time)?,
            direction: placed(line.direction)?,
            grant: placed(line.grant)?,
            server: placed(line.server)?,
            session: placed(line.session)?,
            exchange: placed(line.exchange)?,
            user: placed(line.user)?,
            kind: placed(line.kind)?,
            event: placed(line.event)?,
            wraps: line.wraps,
            wrapped: line.wrapped.map(&mut placed, &range)?,
            own: line.own.map(&mut placed, &range)?,
        })
    }

    #[inline(always)]
    fn message<V: Value>(
        line: &Around<V>,
        walked: &Walked,
        text: &str,
        context: &mut Context,
    ) -> Option<ParsedMessage> {
        let parts = if line.wraps { &line.wrapped } else { &line.own };
        if !parts.is_message(walked) || (line.wraps && line.own.is_message(walked)) {
            return None;
        }
        let value = |value: Option<V>| walked.value(value);
        // The words of a gateway say where its `IN` comes from.
        if says_kind(value(line.kind), text) || says_kind(value(line.event), text) {
            return None;
        }
        Some(ParsedMessage {
            line: LineSpan::default(),
            time: time(value(line.time), text, &mut context.clock).ok()?,
            sender: context.sender(value(line.direction), text).ok()?,
            grant: grant(value(line.grant)).ok()?,
            session: name(value(line.session)).ok()?,
            exchange: name(value(line.exchange)).ok()?,
            user: name(value(line.user)).ok()?,
            server: server(value(line.server)).ok()?,
            id: id(value(parts.id), text).ok()?,
            expect: None,
            observed: None,
            has_result: false,
            response_time: None,
            kind: parts.kind(walked, text, context)?,
        })
    }
}

/// What `place` says of each value that is there; `None` where it says nothing of one.
pub(super) fn each<V>(
    mut place: impl FnMut(ScannedValue) -> Option<V>,
) -> impl FnMut(Option<ScannedValue>) -> Option<Option<V>> {
    move |value| match value {
        None => Some(None),
        Some(value) => place(value).map(Some),
    }
}

impl Around<ScannedValue> {
    /// The outermost object.
    fn read(&mut self, scanner: &mut Scanner<'_>, members: &mut Vec<Member>) -> Option<()> {
        scanner.skip_space();
        if scanner.peek()? != b'{' {
            return None;
        }
        scanner.object(|scanner, key| {
            let slot = match Spelled::named(key.of(scanner.text())) {
                Some(Spelled::Time) => &mut self.time,
                Some(Spelled::Direction) => &mut self.direction,
                Some(Spelled::Server) => &mut self.server,
                Some(Spelled::Session) => &mut self.session,
                Some(Spelled::Exchange) => &mut self.exchange,
                Some(Spelled::User) => &mut self.user,
                // What was decided, beside what came back.
                Some(Spelled::WouldBlock) => return None,
                // A side of a gateway.
                Some(Spelled::Leg) => return None,
                Some(Spelled::Message) => {
                    if self.wraps || scanner.peek()? != b'{' {
                        return None;
                    }
                    self.wraps = true;
                    let parts = &mut self.wrapped;
                    return scanner.object(|scanner, key| parts.member(scanner, key, members));
                }
                _ => match scanner.text_at(key) {
                    b"grant" => &mut self.grant,
                    // A response in the line of its request.
                    b"response" => return None,
                    b"type" => &mut self.kind,
                    b"event" => &mut self.event,
                    _ => return self.own.member(scanner, key, members),
                },
            };
            // Of several members for one thing there may be a first.
            slot.replace(scanner.value()?).is_none().then_some(())
        })
    }
}

impl Parts<ScannedValue> {
    #[inline]
    fn member(
        &mut self,
        scanner: &mut Scanner<'_>,
        key: ByteSpan,
        members: &mut Vec<Member>,
    ) -> Option<()> {
        match scanner.text_at(key) {
            b"jsonrpc" => {
                scanner.value()?;
                self.has_jsonrpc = true;
            }
            b"method" => self.method = Some(scanner.value()?),
            b"id" => self.id = Some(scanner.value()?),
            b"params" => return self.params(scanner, members),
            b"result" => self.result = Some(scanner.value()?),
            b"error" => {
                scanner.value()?;
                self.has_error = true;
            }
            _ => {
                scanner.value()?;
            }
        }
        Some(())
    }

    fn params(&mut self, scanner: &mut Scanner<'_>, members: &mut Vec<Member>) -> Option<()> {
        if scanner.peek()? != b'{' {
            return None;
        }
        scanner.object(|scanner, key| {
            match scanner.text_at(key) {
                b"name" => self.name = Some(scanner.value()?),
                b"arguments" => {
                    (self.arguments, self.members) = arguments(scanner, members)?;
                }
                // A further round of an earlier call.
                b"requestState" | b"inputResponses" => return None,
                _ => {
                    scanner.value()?;
                }
            }
            Some(())
        })
    }

    fn map<V>(
        &self,
        placed: &mut impl FnMut(Option<ScannedValue>) -> Option<Option<V>>,
        range: impl Fn(MemberRange) -> MemberRange,
    ) -> Option<Parts<V>> {
        Some(Parts {
            has_jsonrpc: self.has_jsonrpc,
            method: placed(self.method)?,
            id: placed(self.id)?,
            name: placed(self.name)?,
            arguments: placed(self.arguments)?,
            members: range(self.members),
            result: placed(self.result)?,
            has_error: self.has_error,
        })
    }
}

impl<V: Value> Parts<V> {
    fn is_message(&self, walked: &Walked) -> bool {
        let responds = self.result.is_some() || self.has_error;
        let has_method = walked
            .value(self.method)
            .is_some_and(|method| matches!(method.kind, ValueKind::String | ValueKind::Escaped));
        self.has_jsonrpc || has_method || (responds && self.id.is_some())
    }

    fn kind(&self, walked: &Walked, text: &str, context: &Context) -> Option<MessageKind> {
        let Some(method) = walked.value(self.method) else {
            let result = walked.value(self.result).filter(|_| !self.has_error)?;
            let id = walked.value(self.id);
            let is_answer = id.is_some_and(|id| id.kind != ValueKind::Null);
            let result = result.span.of(text);
            return (is_answer && !context.denials.may_be_in(result) && !context.may_go_on(result))
                .then_some(MessageKind::Result);
        };
        let method = method.string()?;
        if method.of(text) != "tools/call" {
            // What is said of a task is what comes of its call.
            if method.of(text).contains("tasks") {
                return None;
            }
            return Some(MessageKind::Other { method });
        }
        Some(MessageKind::Call {
            name: match walked.value(self.name) {
                None => None,
                Some(name) => Some(name.string()?),
            },
            arguments: object(walked.value(self.arguments)).ok()?,
            members: walked.members(self.members),
        })
    }
}

/// The time, where there is one.
fn time(
    value: Option<ScannedValue>,
    text: &str,
    clock: &mut Clock,
) -> Result<Option<Time>, NotSimple> {
    let Some(value) = value.filter(|value| value.kind != ValueKind::Null) else {
        return Ok(None);
    };
    let raw = value.span.of(text);
    let time = match value.kind {
        ValueKind::String => {
            let written = value.span.unquoted().of(text);
            clock.read(written, timestamp::in_text)
        }
        ValueKind::Number => raw.parse().ok().and_then(timestamp::since_epoch),
        _ => None,
    };
    time.map(Some).ok_or(NotSimple)
}

/// Whether a value is, or with escapes may be, one of a gateway's words.
fn says_kind(value: Option<ScannedValue>, text: &str) -> bool {
    value.is_some_and(|value| match value.kind {
        ValueKind::String => is_kind(value.span.unquoted().of(text)),
        kind => kind == ValueKind::Escaped,
    })
}

/// The value of a call's `arguments`, and the range of its members in `members`.
pub(super) fn arguments(
    scanner: &mut Scanner<'_>,
    members: &mut Vec<Member>,
) -> Option<(Option<ScannedValue>, MemberRange)> {
    let count = |members: &Vec<Member>| u32::try_from(members.len()).ok();
    let (first, start) = (count(members)?, scanner.at);
    if scanner.peek()? != b'{' {
        return Some((Some(scanner.value()?), (first, first)));
    }
    scanner.object(|scanner, key| {
        let value = scanner.value()?;
        members.push(Member { key, value });
        Some(())
    })?;
    let object = ScannedValue {
        kind: ValueKind::Object,
        span: scanner.span_from(start)?,
    };
    Some((Some(object), (first, count(members)?)))
}

/// The span of arguments that are an object; `None` for null or none.
pub(super) fn object(arguments: Option<ScannedValue>) -> Result<Option<ByteSpan>, NotSimple> {
    match arguments {
        None => Ok(None),
        Some(value) => match value.kind {
            ValueKind::Null => Ok(None),
            ValueKind::Object => Ok(Some(value.span)),
            _ => Err(NotSimple),
        },
    }
}

impl Context {
    /// Who sent it, as far as the direction says, which names no side of a gateway.
    fn sender(
        &mut self,
        value: Option<ScannedValue>,
        text: &str,
    ) -> Result<Option<Side>, NotSimple> {
        let Some(span) = name(value)? else {
            return Ok(None);
        };
        match self.directions.way(span.of(text)) {
            Way { sender, leg: None } => Ok(sender),
            Way { leg: Some(_), .. } => Err(NotSimple),
        }
    }

    /// Whether a result may be of a call that goes on: a task, or a server that asks
    /// for input.
    fn may_go_on(&self, result: &str) -> bool {
        let is_complete = |at: usize| {
            let rest = result
                .get(at..)
                .and_then(|rest| rest.strip_prefix("resultType\""));
            let value = rest.map(|rest| rest.trim_start_matches([':', ' ']));
            value.is_some_and(|value| value.starts_with("\"complete\""))
        };
        let find = |part: &Finder<'_>| part.find(result.as_bytes());
        find(&self.result_type).is_some_and(|at| !is_complete(at)) || find(&self.task).is_some()
    }
}

/// Who called: a name, or null, where the line has the member.
pub(super) fn grant(value: Option<ScannedValue>) -> Result<Option<Grant<ByteSpan>>, NotSimple> {
    let Some(value) = value else {
        return Ok(None);
    };
    let name = string_or_null(value)?;
    Ok(Some(name.map_or(Grant::Unknown, Grant::Named)))
}

/// Where it went: a name, or null, where the line has the member.
pub(super) fn server(value: Option<ScannedValue>) -> Result<Option<Server<ByteSpan>>, NotSimple> {
    let Some(value) = value else {
        return Ok(None);
    };
    let name = string_or_null(value)?;
    Ok(Some(name.map_or(Server::Unknown, Server::Named)))
}

/// The text of a string; `None` for null.
fn string_or_null(value: ScannedValue) -> Result<Option<ByteSpan>, NotSimple> {
    match value.kind {
        ValueKind::Null => Ok(None),
        _ => value.string().map(Some).ok_or(NotSimple),
    }
}

/// The text of a name, which is not empty where there is one.
fn name(value: Option<ScannedValue>) -> Result<Option<ByteSpan>, NotSimple> {
    let Some(value) = value else {
        return Ok(None);
    };
    let span = value.string().ok_or(NotSimple)?;
    if span.end > span.start {
        Ok(Some(span))
    } else {
        Err(NotSimple)
    }
}

/// An id whose value can be written in only one way.
fn id(value: Option<ScannedValue>, text: &str) -> Result<Option<ByteSpan>, NotSimple> {
    const MOST_DIGITS: usize = 15;
    let Some(value) = value.filter(|value| value.kind != ValueKind::Null) else {
        return Ok(None);
    };
    let raw = value.span.of(text);
    let digits = raw.strip_prefix('-').unwrap_or(raw);
    let whole = digits.len() <= MOST_DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    match value.kind {
        ValueKind::String => Ok(Some(value.span)),
        ValueKind::Number if whole && raw != "-0" => Ok(Some(value.span)),
        _ => Err(NotSimple),
    }
}
