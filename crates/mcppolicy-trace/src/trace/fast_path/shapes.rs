//! The lines of one writer differ in their values and hardly in anything else. What is
//! between the values of a line, its shape, is kept when the line has been read. A line
//! of a known shape is not read again key by key: where what is between its values is
//! equal, so are its grammar, its keys, and which value is which.
//!
//! Shapes are kept as a tree, since most of them begin alike: a node has what comes
//! before a value, or at the end of a line.

use super::arguments::Member;
use super::scanner::{ByteSpan, ScannedValue, Scanner, ValueKind};

/// What a reader finds in a line.
pub(super) trait Found: Clone + Default {
    /// Calls `each` with every place for a value, always in the same order.
    fn each_value(&mut self, each: impl FnMut(&mut Option<ScannedValue>));

    /// Calls `each` with every range of members of arguments.
    fn each_range(&mut self, each: impl FnMut(&mut (usize, usize)));
}

/// The most nodes that are kept, and the most bytes of theirs.
const MOST_NODES: usize = 4_096;
const MOST_BYTES: usize = 256 << 10;

/// The most nodes that may follow one.
const MOST_CHILDREN: usize = 64;

/// The most values of a line whose shape is kept.
const MOST_VALUES: usize = 128;

/// The shapes of the lines that one reader has read.
#[derive(Debug)]
pub(super) struct Shapes<F> {
    /// The first one is the root; the others are children.
    nodes: Vec<Node>,
    bytes: Vec<u8>,
    shapes: Vec<Shape<F>>,
    walked: Walked,
}

/// What comes before a value or at the end of a line, and what can follow.
#[derive(Debug, Clone, Copy, Default)]
struct Node {
    /// Where its bytes are kept.
    span: ByteSpan,
    /// Its first child; 0 where it has none.
    child: usize,
    /// The next child of its parent; 0 where it is the last.
    sibling: usize,
    /// The shape that ends here.
    shape: Option<usize>,
}

/// Where a line that was walked along the tree has its parts.
#[derive(Debug, Default)]
struct Walked {
    /// Where each part between values begins.
    starts: Vec<u32>,
    /// Of which type each value is.
    kinds: Vec<ValueKind>,
}

/// A line, with places instead of its spans.
#[derive(Debug)]
struct Shape<F> {
    /// The spans of its values mean nothing.
    found: F,
    /// The places of the values that it has.
    values: Vec<Place>,
    /// The places of the keys and the values of arguments.
    members: Vec<(Place, Place)>,
}

/// A position: which part between values, and how many bytes after its beginning.
#[derive(Debug, Clone, Copy)]
struct Anchor {
    part: u16,
    offset: u16,
}

/// Where a value or a key is.
#[derive(Debug, Clone, Copy)]
struct Place {
    start: Anchor,
    end: Anchor,
    /// The type of an array or an object; that of any other value is each line's own.
    kind: Option<ValueKind>,
}

impl<F> Default for Shapes<F> {
    fn default() -> Shapes<F> {
        Shapes {
            nodes: vec![Node::default()],
            bytes: Vec::new(),
            shapes: Vec::new(),
            walked: Walked::default(),
        }
    }
}

impl<F: Found> Shapes<F> {
    /// What is found in the line that begins here: by its shape, where that is known,
    /// else by `read`. The members of its arguments are added to `members`. A line that
    /// `keep` has a use for is kept as a shape.
    pub fn find<'t, T>(
        &mut self,
        scanner: &mut Scanner<'t>,
        members: &mut Vec<Member>,
        read: impl FnOnce(&mut Scanner<'t>, &mut Vec<Member>) -> Option<F>,
        keep: impl FnOnce(&F) -> Option<T>,
    ) -> Option<T> {
        let start = scanner.at;
        if let Some(shape) = self.walk(scanner).and_then(|shape| self.shapes.get(shape)) {
            return keep(&shape.found(&self.walked, members));
        }
        scanner.restart(start);
        let first = members.len();
        let found = read(scanner, members)?;
        let kept = keep(&found)?;
        let own = members.get(first..).unwrap_or_default();
        // A shape that is not kept costs time and nothing else.
        let _ = self.learn(scanner, start, found, (own, first));
        Some(kept)
    }

    /// The shape of the line that begins here, of which everything is read.
    fn walk(&mut self, scanner: &mut Scanner<'_>) -> Option<usize> {
        let Walked { starts, kinds } = &mut self.walked;
        starts.clear();
        kinds.clear();
        let mut node = self.nodes.first()?;
        loop {
            node = node.next(&self.nodes, &self.bytes, scanner)?;
            starts.push(u32::try_from(scanner.at).ok()?);
            scanner.at += (node.span.end - node.span.start) as usize;
            if node.shape.is_some() {
                return node.shape;
            }
            kinds.push(scanner.scalar()?);
        }
    }

    /// Keeps the shape of the line from `start` to where the scanner is.
    fn learn(
        &mut self,
        scanner: &Scanner<'_>,
        start: usize,
        mut found: F,
        (members, first): (&[Member], usize),
    ) -> Option<()> {
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
        let place = |value: &ScannedValue| Place::new(&parts, value);
        let mut values = Some(Vec::new());
        found.each_value(|value| {
            if let Some(value) = value {
                values = values.take().and_then(|mut values| {
                    values.push(place(value)?);
                    Some(values)
                });
            }
        });
        found.each_range(|(from, to)| {
            *from = from.saturating_sub(first);
            *to = to.saturating_sub(first);
        });
        let key = |key: ByteSpan| ScannedValue {
            kind: ValueKind::Object,
            span: key,
        };
        let members: Option<Vec<(Place, Place)>> = members
            .iter()
            .map(|member| Some((place(&key(member.key))?, place(&member.value)?)))
            .collect();
        let shape = Shape {
            found,
            values: values?,
            members: members?,
        };
        let mut node = 0;
        for (index, part) in parts.iter().enumerate() {
            let is_end = index + 1 == parts.len();
            node = self.grow(node, scanner.text_at(*part), is_end)?;
        }
        self.nodes.get_mut(node)?.shape = Some(self.shapes.len());
        self.shapes.push(shape);
        Some(())
    }

    /// The child of a node that has these bytes, and that ends a line or does not; where
    /// there is none and there is room, a new one. None of an end that is known.
    fn grow(&mut self, node: usize, bytes: &[u8], is_end: bool) -> Option<usize> {
        let mut last = None;
        let mut count = 0;
        let mut next = self.nodes.get(node)?.child;
        while next > 0 {
            let child = self.nodes.get(next)?;
            if child.span.bytes(&self.bytes) == bytes && child.shape.is_some() == is_end {
                return (!is_end).then_some(next);
            }
            (last, next) = (Some(next), child.sibling);
            count += 1;
        }
        if count == MOST_CHILDREN || self.bytes.len() + bytes.len() > MOST_BYTES {
            return None;
        }
        let new = self.nodes.len();
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        self.nodes.push(Node {
            span: ByteSpan::new(start, self.bytes.len()),
            ..Node::default()
        });
        match last {
            None => self.nodes.get_mut(node)?.child = new,
            Some(last) => self.nodes.get_mut(last)?.sibling = new,
        }
        Some(new)
    }
}

impl Node {
    /// The child that is what comes next.
    #[inline]
    fn next<'n>(&self, nodes: &'n [Node], all: &[u8], scanner: &Scanner<'_>) -> Option<&'n Node> {
        let mut next = self.child;
        loop {
            let child = nodes.get(next).filter(|_| next > 0)?;
            let bytes = child.span.bytes(all);
            let follows = |after: Option<u8>| match child.shape {
                Some(_) => matches!(after, None | Some(b'\n' | b'\r' | b' ' | b'\t')),
                None => after.is_some_and(Scanner::begins_scalar),
            };
            if scanner.is_at(bytes) && follows(scanner.byte(scanner.at + bytes.len())) {
                return Some(child);
            }
            next = child.sibling;
        }
    }
}

impl<F: Found> Shape<F> {
    /// What is found in a line of this shape.
    #[inline]
    fn found(&self, walked: &Walked, members: &mut Vec<Member>) -> F {
        let mut found = self.found.clone();
        let mut values = self.values.iter();
        found.each_value(|value| {
            if value.is_some() {
                *value = values.next().and_then(|place| place.of(walked));
            }
        });
        let first = members.len();
        members.reserve(self.members.len());
        for (key, value) in &self.members {
            if let (Some(key), Some(value)) = (key.of(walked), value.of(walked)) {
                let key = key.span;
                members.push(Member { key, value });
            }
        }
        found.each_range(|(from, to)| {
            *from += first;
            *to += first;
        });
        found
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
        let start = walked.starts.get(usize::from(self.part))?;
        Some(start + u32::from(self.offset))
    }
}

impl Place {
    fn new(parts: &[ByteSpan], value: &ScannedValue) -> Option<Place> {
        let is_scalar = !matches!(value.kind, ValueKind::Array | ValueKind::Object);
        Some(Place {
            start: Anchor::new(parts, value.span.start)?,
            end: Anchor::new(parts, value.span.end)?,
            kind: (!is_scalar).then_some(value.kind),
        })
    }

    /// The value at this place.
    #[inline]
    fn of(&self, walked: &Walked) -> Option<ScannedValue> {
        let own = || walked.kinds.get(usize::from(self.start.part)).copied();
        Some(ScannedValue {
            kind: self.kind.or_else(own)?,
            span: ByteSpan {
                start: self.start.of(walked)?,
                end: self.end.of(walked)?,
            },
        })
    }
}
