//! One plain line: a message, bare or in an object that says when, who and
//! where.

use super::super::jsonrpc::{Side, sender};
use super::super::lines::LONGEST_LINE;
use super::super::plain::{Kind, Place, Scanner, Value};
use super::super::{Grant, Server};
use super::clock::Clock;
use super::{Entry, LineAt, Member, Message, What, place};
use crate::time::Time;

/// The lines of one block while they are read.
pub(super) struct Lines<'t> {
    scanner: Scanner<'t>,
    clock: Clock,
    /// The last spelling of a direction.
    direction: (&'t str, Option<Side>),
    cut: bool,
    pub number: usize,
    pub entries: Vec<Entry>,
    pub members: Vec<Member>,
}

/// The members of a message, or of the object around one.
#[derive(Default)]
struct Parts {
    has_jsonrpc: bool,
    method: Option<Value>,
    id: Option<Value>,
    name: Option<Value>,
    arguments: Option<Value>,
    members: (usize, usize),
    result: Option<Value>,
    has_error: bool,
}

/// The members of the outermost object.
#[derive(Default)]
struct Around {
    ts: Option<Value>,
    timestamp: Option<Value>,
    direction: Option<Value>,
    grant: Option<Value>,
    server: Option<Value>,
    session: Option<Value>,
    user: Option<Value>,
    /// The message in it.
    wrapped: Option<Parts>,
    /// What it would be as a message.
    own: Parts,
}

impl<'t> Lines<'t> {
    /// The lines of `text`; `cut` as of its block.
    pub fn new(text: &'t str, cut: bool) -> Lines<'t> {
        Lines {
            scanner: Scanner::new(text),
            clock: Clock::default(),
            direction: ("", None),
            cut,
            number: 0,
            entries: Vec::new(),
            members: Vec::new(),
        }
    }

    /// Reads all of them.
    pub fn read(&mut self) {
        let text = self.scanner.text();
        let mut start = 0;
        while start < text.len() {
            self.scanner.restart(start);
            let kept = self.members.len();
            let message = self.message().filter(|_| self.is_at_end() && !self.cut);
            let end = match message {
                Some(_) => self.scanner.at,
                None => {
                    let rest = text.as_bytes().get(start..).unwrap_or_default();
                    memchr::memchr(b'\n', rest).map_or(text.len(), |at| start + at)
                }
            };
            let end = (end + 1).min(text.len());
            let line = LineAt {
                number: self.number,
                place: place(start, end),
            };
            match message.filter(|_| end - start <= LONGEST_LINE) {
                Some(message) => self
                    .entries
                    .push(Entry::Message(Message { line, ..message })),
                None => {
                    self.members.truncate(kept);
                    self.entries.push(Entry::Line(line));
                }
            }
            self.number += 1;
            start = end;
        }
    }

    /// Whether nothing but white space is left of the line.
    fn is_at_end(&mut self) -> bool {
        self.scanner.skip_space();
        matches!(self.scanner.peek(), None | Some(b'\n'))
    }

    fn message(&mut self) -> Option<Message> {
        let around = self.around()?;
        let text = self.scanner.text();
        let parts = match around.wrapped {
            None if around.own.is_message() => around.own,
            Some(wrapped) if wrapped.is_message() && !around.own.is_message() => wrapped,
            _ => return None,
        };
        Some(Message {
            line: LineAt {
                number: 0,
                place: Place::default(),
            },
            time: self.time(around.ts.or(around.timestamp))?,
            sender: self.sender(around.direction)?,
            grant: match around.grant {
                None => None,
                Some(value) => Some(match nullable(value)? {
                    Some(name) => Grant::Named(name),
                    None => Grant::Unknown,
                }),
            },
            session: name(around.session)?,
            user: name(around.user)?,
            server: match around.server {
                None => Server::Default,
                Some(value) => match nullable(value)? {
                    Some(name) => Server::Named(name),
                    None => Server::Unknown,
                },
            },
            id: id(parts.id, text)?,
            what: parts.what(text)?,
        })
    }

    /// The outermost object.
    fn around(&mut self) -> Option<Around> {
        let mut around = Around::default();
        let (scanner, members) = (&mut self.scanner, &mut self.members);
        scanner.skip_space();
        if scanner.peek()? != b'{' {
            return None;
        }
        scanner.object(|scanner, key| {
            let slot = match scanner.key_text(key) {
                b"ts" => &mut around.ts,
                b"timestamp" => &mut around.timestamp,
                b"dir" | b"direction" | b"sender" => &mut around.direction,
                b"grant" => &mut around.grant,
                b"server" => &mut around.server,
                b"session" | b"session_id" | b"sessionId" => &mut around.session,
                b"user" | b"user_id" | b"userId" => &mut around.user,
                b"msg" | b"message" | b"payload" | b"request" => {
                    let parts = parts(scanner, members)?;
                    return around.wrapped.replace(parts).is_none().then_some(());
                }
                // It stands beside its request.
                b"response" => return None,
                _ => return around.own.member(scanner, key, members),
            };
            // Of several members for one thing there may be a first.
            slot.replace(scanner.value()?).is_none().then_some(())
        })?;
        Some(around)
    }

    /// The time, where there is one.
    fn time(&mut self, value: Option<Value>) -> Option<Option<Time>> {
        let Some(value) = value else {
            return Some(None);
        };
        let text = self.scanner.text();
        match value.kind {
            Kind::Null => Some(None),
            Kind::String => self.clock.read(value.place.unquoted().of(text)).map(Some),
            Kind::Number => super::super::sink::epoch(value.place.of(text).parse().ok()?).map(Some),
            _ => None,
        }
    }

    fn sender(&mut self, value: Option<Value>) -> Option<Option<Side>> {
        let Some(place) = name(value)? else {
            return Some(None);
        };
        let direction = place.of(self.scanner.text());
        if direction != self.direction.0 {
            self.direction = (direction, sender(direction));
        }
        Some(self.direction.1)
    }
}

/// The members of the message that begins here.
fn parts(scanner: &mut Scanner<'_>, members: &mut Vec<Member>) -> Option<Parts> {
    if scanner.peek()? != b'{' {
        return None;
    }
    let mut parts = Parts::default();
    scanner.object(|scanner, key| parts.member(scanner, key, members))?;
    Some(parts)
}

impl Parts {
    #[inline]
    fn member(
        &mut self,
        scanner: &mut Scanner<'_>,
        key: Place,
        members: &mut Vec<Member>,
    ) -> Option<()> {
        match scanner.key_text(key) {
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
            match scanner.key_text(key) {
                b"name" => self.name = Some(scanner.value()?),
                b"arguments" if scanner.peek()? == b'{' => {
                    let (first, start) = (members.len(), scanner.at);
                    scanner.object(|scanner, key| {
                        let value = scanner.value()?;
                        members.push(Member { key, value });
                        Some(())
                    })?;
                    self.members = (first, members.len());
                    self.arguments = Some(Value {
                        kind: Kind::Object,
                        place: scanner.place_from(start)?,
                    });
                }
                b"arguments" => self.arguments = Some(scanner.value()?),
                _ => {
                    scanner.value()?;
                }
            }
            Some(())
        })
    }

    fn is_message(&self) -> bool {
        let responds = self.result.is_some() || self.has_error;
        let has_method = self
            .method
            .is_some_and(|method| matches!(method.kind, Kind::String | Kind::Escaped));
        self.has_jsonrpc || has_method || (responds && self.id.is_some())
    }

    fn what(&self, text: &str) -> Option<What> {
        let Some(method) = self.method else {
            let result = self.result.filter(|_| !self.has_error)?;
            let is_answer = self.id.is_some_and(|id| id.kind != Kind::Null);
            return (is_answer && !may_be_denial(result.place.of(text))).then_some(What::Result);
        };
        let method = method.string()?;
        if method.of(text) != "tools/call" {
            return Some(What::Other { method });
        }
        Some(What::Call {
            name: match self.name {
                None => None,
                Some(name) => Some(name.string()?),
            },
            arguments: match self.arguments {
                None => None,
                Some(value) => match value.kind {
                    Kind::Null => None,
                    Kind::Object => Some(value.place),
                    _ => return None,
                },
            },
            members: self.members,
        })
    }
}

/// Whether the first text of a result may begin with the gateway's mark of a
/// denial, however it is spelt.
fn may_be_denial(result: &str) -> bool {
    let contains = |part: &str| memchr::memmem::find(result.as_bytes(), part.as_bytes()).is_some();
    contains("POLICY DENIED") || contains("\\u00")
}

/// The text of a name that is a string or null.
fn nullable(value: Value) -> Option<Option<Place>> {
    match value.kind {
        Kind::Null => Some(None),
        _ => value.string().map(Some),
    }
}

/// The text of a name, which is not empty where it is there.
fn name(value: Option<Value>) -> Option<Option<Place>> {
    let Some(value) = value else {
        return Some(None);
    };
    let place = value.string()?;
    (place.end > place.start).then_some(Some(place))
}

/// An id whose spelling is the only one of its value.
fn id(value: Option<Value>, text: &str) -> Option<Option<Place>> {
    const MOST_DIGITS: usize = 15;
    let Some(value) = value.filter(|value| value.kind != Kind::Null) else {
        return Some(None);
    };
    let raw = value.place.of(text);
    let digits = raw.strip_prefix('-').unwrap_or(raw);
    let whole = digits.len() <= MOST_DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    match value.kind {
        Kind::String => Some(Some(value.place)),
        Kind::Number if whole && raw != "-0" => Some(Some(value.place)),
        _ => None,
    }
}
