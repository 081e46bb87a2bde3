//! The lines of one writer differ in their values and hardly in anything else. What is
//! between the values of a line, its shape, is kept when the line has been read. A line
//! of a known shape is not read again key by key: where what is between its values is
//! equal, so are its grammar, its keys, and which value is which.
//!
//! Shapes are kept as a tree, since most of them begin alike: a node has what comes
//! before a value, or at the end of a line.

use super::arguments::{Member, MemberRange};
use super::parsed::ParsedMessage;
use super::scanner::{ByteSpan, ScannedValue, Scanner, ValueKind};

/// A kind of lines: what their values are, and which message they make.
pub(super) trait LineKind {
    /// The members of a line that matter: their values themselves, or where those are in
    /// every line of one shape.
    type Line<V: Value>;

    /// What makes it faster to read values.
    type Context: Default;

    /// The line that begins here, where it is simple; the members of its arguments are
    /// added to `members`.
    fn read(
        scanner: &mut Scanner<'_>,
        members: &mut Vec<Member>,
    ) -> Option<Self::Line<ScannedValue>>;

    /// The same line with what `place` says of its values, and with `range` of its ranges
    /// of members.
    fn map<V: Value>(
        line: &Self::Line<ScannedValue>,
        place: impl FnMut(ScannedValue) -> Option<V>,
        range: impl Fn(MemberRange) -> MemberRange,
    ) -> Option<Self::Line<V>>;

    /// The message of a line in `text`, where it is simple.
    fn message<V: Value>(
        line: &Self::Line<V>,
        walked: &Walked,
        text: &str,
        context: &mut Self::Context,
    ) -> Option<ParsedMessage>;
}

/// A value of a line.
pub(super) trait Value: Copy {
    /// The value in the line that was walked last.
    fn of(self, walked: &Walked) -> Option<ScannedValue>;
}

/// The most nodes that are kept, and the most bytes of theirs.
const MOST_NODES: usize = 4_096;
const MOST_BYTES: usize = 256 << 10;

/// The most nodes that may follow one.
const MOST_CHILDREN: usize = 64;

/// The most values of a line whose shape is kept.
const MOST_VALUES: usize = 128;

/// The shapes of the lines that one reader has read.
pub(super) struct Shapes<L: LineKind> {
    /// The first one is the root; the others are children.
    nodes: Vec<Node>,
    bytes: Vec<u8>,
    shapes: Vec<Shape<L>>,
    walked: Walked,
}

/// What comes before a value or at the end of a line, and what can follow.
#[derive(Debug, Clone, Copy, Default)]
struct Node {
    /// Where its bytes are kept.
    span: ByteSpan,
    /// Its first child; 0 where it has none.
    child: u32,
    /// The next child of its parent; 0 where it is the last.
    sibling: u32,
    /// The shape that ends here.
    shape: Option<u32>,
}

/// Where a line has its parts.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// Of a line of a known shape, each part between values and the value behind it.
    steps: Vec<Step>,
    /// How many members of the block's arguments come before those of the line.
    members_before: u32,
}

/// A part between values, and what comes behind it.
#[derive(Debug, Clone, Copy)]
struct Step {
    /// Where the part begins.
    start: u32,
    /// The value, which is neither an array nor an object; of the end of a line, nothing
    /// that means anything.
    scalar: ScannedValue,
}

/// A line, with places instead of its spans.
struct Shape<L: LineKind> {
    line: L::Line<Place>,
    /// Where the keys and the values of arguments are.
    members: Vec<(Key, Place)>,
}

/// A position: which part between values, and how many bytes after its beginning.
#[derive(Debug, Clone, Copy)]
struct Anchor {
    part: u16,
    offset: u16,
}

/// Where a key is.
#[derive(Debug, Clone, Copy)]
struct Key {
    start: Anchor,
    length: u16,
}

/// Where a value is.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// It is neither an array nor an object: which of those it is.
    Scalar(u16),
    /// It is one, from here to there.
    Around(ValueKind, Anchor, Anchor),
}

impl<L: LineKind> Default for Shapes<L> {
    fn default() -> Shapes<L> {
        Shapes {
            nodes: vec![Node::default()],
            bytes: Vec::new(),
            shapes: Vec::new(),
            walked: Walked::default(),
        }
    }
}

impl<L: LineKind> std::fmt::Debug for Shapes<L> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shapes = self.shapes.len();
        f.debug_struct("Shapes")
            .field("shapes", &shapes)
            .finish_non_exhaustive()
    }
}

impl<L: LineKind> Shapes<L> {
    /// The message of the line that begins here, where it is simple: by the line's shape,
    /// where that is known. The members of its arguments are added to `members`.
    pub fn message(
        &mut self,
        scanner: &mut Scanner<'_>,
        members: &mut Vec<Member>,
        context: &mut L::Context,
    ) -> Option<ParsedMessage> {
        let (start, text) = (scanner.at, scanner.text());
        let first = members.len();
        let shape = self.walk(scanner);
        if let Some(shape) = shape.and_then(|shape| self.shapes.get(shape as usize)) {
            self.walked.members_before = u32::try_from(first).ok()?;
            shape.add_members(&self.walked, members);
            return L::message(&shape.line, &self.walked, text, context);
        }
        scanner.restart(start);
        let line = L::read(scanner, members)?;
        // Its ranges of members are of the block already.
        self.walked.members_before = 0;
        let message = L::message(&line, &self.walked, text, context)?;
        let own = members.get(first..).unwrap_or_default();
        // A shape that is not kept costs time and nothing else.
        let _ = self.learn(scanner, start, &line, (own, first));
        Some(message)
    }

    /// The shape of the line that begins here, of which everything is read.
    fn walk(&mut self, scanner: &mut Scanner<'_>) -> Option<u32> {
        let steps = &mut self.walked.steps;
        steps.clear();
        let mut next = self.nodes.first()?.child;
        while next > 0 {
            let node = self.nodes.get(next as usize)?;
            let at = scanner.at;
            next = node.sibling;
            if !scanner.passes(node.span.bytes(&self.bytes)) {
                continue;
            }
            let start = u32::try_from(at).ok()?;
            match node.shape {
                None => {
                    if let Some(scalar) = scanner.scanned_scalar() {
                        steps.push(Step { start, scalar });
                        next = node.child;
                        continue;
                    }
                }
                Some(shape) => {
                    if let None | Some(b'\n' | b'\r' | b' ' | b'\t') = scanner.peek() {
                        let scalar = ScannedValue::default();
                        steps.push(Step { start, scalar });
                        return Some(shape);
                    }
                }
            }
            scanner.at = at;
        }
        None
    }

    /// Keeps the shape of the line from `start` to where the scanner is.
    fn learn(
        &mut self,
        scanner: &Scanner<'_>,
        start: usize,
        line: &L::Line<ScannedValue>,
        (members, first): (&[Member], usize),
    ) -> Option<()> {
        let first = u32::try_from(first).ok()?;
        let scalars = scanner.scalars();
        if scalars.len() > MOST_VALUES || self.nodes.len() + scalars.len() >= MOST_NODES {
            return None;
        }
        let starts = scalars.iter().map(|scalar| scalar.start as usize);
        let ends = scalars.iter().map(|scalar| scalar.end as usize);
        let begins = std::iter::once(start).chain(ends);
        let parts: Vec<ByteSpan> = begins
            .zip(starts.chain([scanner.at]))
            .map(|(start, end)| ByteSpan::new(start, end))
            .collect();
        let place = |value: ScannedValue| Place::new(&parts, value);
        let range =
            |(from, to): MemberRange| (from.saturating_sub(first), to.saturating_sub(first));
        let line = L::map(line, place, range)?;
        let members: Option<Vec<(Key, Place)>> = members
            .iter()
            .map(|member| Some((Key::new(&parts, member.key)?, place(member.value)?)))
            .collect();
        let shape = Shape {
            line,
            members: members?,
        };
        let mut node = 0;
        for (index, part) in parts.iter().enumerate() {
            let is_end = index + 1 == parts.len();
            node = self.grow(node, scanner.text_at(*part), is_end)?;
        }
        let number = u32::try_from(self.shapes.len()).ok()?;
        self.nodes.get_mut(node as usize)?.shape = Some(number);
        self.shapes.push(shape);
        Some(())
    }

    /// The child of a node that has these bytes, and that ends a line or does not; where
    /// there is none and there is room, a new one. None of an end that is known.
    fn grow(&mut self, node: u32, bytes: &[u8], is_end: bool) -> Option<u32> {
        let mut last = None;
        let mut count = 0;
        let mut next = self.nodes.get(node as usize)?.child;
        while next > 0 {
            let child = self.nodes.get(next as usize)?;
            if child.span.bytes(&self.bytes) == bytes && child.shape.is_some() == is_end {
                return (!is_end).then_some(next);
            }
            (last, next) = (Some(next), child.sibling);
            count += 1;
        }
        if count == MOST_CHILDREN || self.bytes.len() + bytes.len() > MOST_BYTES {
            return None;
        }
        let new = u32::try_from(self.nodes.len()).ok()?;
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        self.nodes.push(Node {
            span: ByteSpan::new(start, self.bytes.len()),
            ..Node::default()
        });
        match last {
            None => self.nodes.get_mut(node as usize)?.child = new,
            Some(last) => self.nodes.get_mut(last as usize)?.sibling = new,
        }
        Some(new)
    }
}

impl<L: LineKind> Shape<L> {
    /// Adds the members of the arguments of a line of this shape.
    #[inline]
    fn add_members(&self, walked: &Walked, members: &mut Vec<Member>) {
        let own = self.members.iter().map(|(key, value)| Member {
            key: key.of(walked).unwrap_or_default(),
            value: value.of(walked).unwrap_or_default(),
        });
        members.extend(own);
    }
}

impl Walked {
    /// A value, where the line has it.
    #[inline]
    pub fn value<V: Value>(&self, value: Option<V>) -> Option<ScannedValue> {
        value.and_then(|value| value.of(self))
    }

    /// A range of the line's members, among those of the block.
    #[inline]
    pub fn members(&self, (from, to): MemberRange) -> MemberRange {
        let before = self.members_before;
        (from.saturating_add(before), to.saturating_add(before))
    }
}

impl Value for ScannedValue {
    #[inline]
    fn of(self, _walked: &Walked) -> Option<ScannedValue> {
        Some(self)
    }
}

impl Anchor {
    /// The anchor of a position among the parts of a line. What has something in it
    /// begins before the end of a part only where the part goes on with it.
    fn new(parts: &[ByteSpan], at: u32) -> Option<Anchor> {
        let after = parts.partition_point(|part| part.start <= at);
        let index = after.checked_sub(1)?;
        let part = parts.get(index)?;
        (at <= part.end).then_some(Anchor {
            part: u16::try_from(index).ok()?,
            offset: u16::try_from(at - part.start).ok()?,
        })
    }

    #[inline]
    fn of(self, walked: &Walked) -> Option<u32> {
        let step = walked.steps.get(usize::from(self.part))?;
        Some(step.start + u32::from(self.offset))
    }
}

impl Key {
    fn new(parts: &[ByteSpan], key: ByteSpan) -> Option<Key> {
        Some(Key {
            start: Anchor::new(parts, key.start)?,
            length: u16::try_from(key.end - key.start).ok()?,
        })
    }

    #[inline]
    fn of(self, walked: &Walked) -> Option<ByteSpan> {
        let start = self.start.of(walked)?;
        let end = start + u32::from(self.length);
        Some(ByteSpan { start, end })
    }
}

impl Place {
    fn new(parts: &[ByteSpan], value: ScannedValue) -> Option<Place> {
        let start = Anchor::new(parts, value.span.start)?;
        Some(match value.kind {
            ValueKind::Array | ValueKind::Object => {
                Place::Around(value.kind, start, Anchor::new(parts, value.span.end)?)
            }
            // It begins where the part before it ends.
            _ => Place::Scalar(start.part),
        })
    }
}

impl Value for Place {
    #[inline]
    fn of(self, walked: &Walked) -> Option<ScannedValue> {
        match self {
            Place::Scalar(index) => {
                let step = walked.steps.get(usize::from(index))?;
                Some(step.scalar)
            }
            Place::Around(kind, start, end) => Some(ScannedValue {
                kind,
                span: ByteSpan {
                    start: start.of(walked)?,
                    end: end.of(walked)?,
                },
            }),
        }
    }
}
