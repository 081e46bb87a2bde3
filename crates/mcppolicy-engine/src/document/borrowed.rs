//! The spanned JSON tree of a text that stays as it is: values are read from the text
//! when they are asked for, and all that is kept beside it is where each one lies.
//!
//! [`parse_borrowed`](super::parse::parse_borrowed) reads a text strictly, in a single
//! pass that allocates for the whole text and not for each value. It is what logs are
//! read with: most of a line is never looked at. [`Node::to_owned`] builds the tree that
//! a document is kept as.

mod places;

use std::borrow::Cow;

pub(super) use places::{Entry, EntryKind, Places, place_of};

use super::{Member as OwnedMember, Node as OwnedNode, NodeKind as OwnedKind, unescape_pointer};
use crate::source::Span;
use crate::value::Value;

/// A JSON text that has been read.
#[derive(Debug, Clone)]
pub struct Tree<'t> {
    text: Cow<'t, str>,
    places: Places,
}

impl<'t> Tree<'t> {
    /// The tree of `text`, whose values are at `places`.
    pub(super) fn new(text: &'t str, places: Places) -> Tree<'t> {
        Tree {
            text: Cow::Borrowed(text),
            places,
        }
    }

    /// The same tree with a copy of the text, which it outlives.
    pub fn detached(&self) -> Tree<'static> {
        Tree {
            text: Cow::Owned(self.text.to_string()),
            places: self.places.clone(),
        }
    }

    /// Whether an object of the text has a key twice.
    pub fn repeats_a_key(&self) -> bool {
        self.places.repeats
    }

    /// The one value of the text.
    pub fn root(&self) -> Node<'_> {
        Node { tree: self, at: 0 }
    }

    /// The string at `at`, unescaped; nothing where there is none.
    #[inline]
    fn string(&self, at: u32) -> Option<&str> {
        self.places.string(&self.text, at)
    }
}

/// A value of a text: where it is and what it is.
#[derive(Debug, Clone, Copy)]
pub struct Node<'n> {
    tree: &'n Tree<'n>,
    at: u32,
}

/// The kinds of JSON value.
#[derive(Debug, Clone)]
pub enum NodeKind<'n> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as its nearest double.
    Number(f64),
    /// A string, unescaped; a lone surrogate has become U+FFFD.
    String(&'n str),
    /// An array.
    Array(Items<'n>),
    /// An object's members in the order of the text, repeated ones included.
    Object(Members<'n>),
}

/// One member of an object.
#[derive(Debug, Clone, Copy)]
pub struct Member<'n> {
    /// The key, unescaped.
    pub key: &'n str,
    /// The key with its quotes.
    pub key_span: Span,
    /// The value.
    pub value: Node<'n>,
}

impl<'n> Node<'n> {
    fn entry(self) -> &'n Entry {
        self.tree.places.entry(self.at)
    }

    /// From the value's first byte to behind its last.
    pub fn span(self) -> Span {
        self.tree.places.span(self.at)
    }

    /// The value as it is written.
    pub fn raw(self) -> &'n str {
        let Span { start, end } = self.span();
        self.tree.text.get(start..end).unwrap_or_default()
    }

    /// What it is.
    pub fn kind(self) -> NodeKind<'n> {
        match self.entry().kind {
            EntryKind::Null => NodeKind::Null,
            EntryKind::False => NodeKind::Bool(false),
            EntryKind::True => NodeKind::Bool(true),
            EntryKind::Number => NodeKind::Number(self.number()),
            EntryKind::Plain | EntryKind::Escaped => {
                NodeKind::String(self.tree.string(self.at).unwrap_or_default())
            }
            EntryKind::Array => NodeKind::Array(self.items()),
            EntryKind::Object => NodeKind::Object(self.members()),
        }
    }

    /// The nearest double of what is a number.
    fn number(self) -> f64 {
        let double: f64 = self.raw().parse().unwrap_or(f64::INFINITY);
        double.clamp(f64::MIN, f64::MAX)
    }

    /// The value of the member `key`, the last one where it is repeated.
    // Inlined, so that the place of a key that is written in the code is a constant.
    #[inline]
    pub fn get(self, key: &str) -> Option<Node<'n>> {
        let entry = self.entry();
        if entry.keys & 1 << place_of(key) == 0 {
            return None;
        }
        self.find(entry, key)
    }

    fn find(self, entry: &Entry, key: &str) -> Option<Node<'n>> {
        let places = &self.tree.places;
        let mut keys = places.keys(self.at, entry.more);
        let is_it = |at: &u32| places.is_string(&self.tree.text, *at, key);
        let found = if places.repeats {
            keys.filter(is_it).last()
        } else {
            keys.find(is_it)
        };
        Some(Node {
            at: found? + 1,
            ..self
        })
    }

    /// The member `key`, the last one where it is repeated.
    pub fn member(self, key: &str) -> Option<Member<'n>> {
        self.members().filter(|member| member.key == key).last()
    }

    /// The members, none when this is no object.
    pub fn members(self) -> Members<'n> {
        Members(self.inside(EntryKind::Object))
    }

    /// The items, none when this is no array.
    pub fn items(self) -> Items<'n> {
        Items(self.inside(EntryKind::Array))
    }

    fn inside(self, kind: EntryKind) -> Inside<'n> {
        let entry = self.entry();
        Inside {
            tree: self.tree,
            at: self.at + 1,
            left: if entry.kind == kind { entry.count } else { 0 },
        }
    }

    /// Whether this is an object.
    pub fn is_object(self) -> bool {
        self.entry().kind == EntryKind::Object
    }

    /// Whether this is `null`.
    pub fn is_null(self) -> bool {
        self.entry().kind == EntryKind::Null
    }

    /// The text, when this is a string.
    pub fn as_str(self) -> Option<&'n str> {
        self.tree.string(self.at)
    }

    /// The number, when this is one.
    pub fn as_number(self) -> Option<f64> {
        (self.entry().kind == EntryKind::Number).then(|| self.number())
    }

    /// The truth, when this is `true` or `false`.
    pub fn as_bool(self) -> Option<bool> {
        match self.entry().kind {
            EntryKind::True => Some(true),
            EntryKind::False => Some(false),
            _ => None,
        }
    }

    /// The node that a JSON Pointer (RFC 6901) names.
    pub fn at(self, pointer: &str) -> Option<Node<'n>> {
        let mut node = self;
        for token in pointer.split('/').skip(1) {
            node = match node.entry().kind {
                EntryKind::Object if token.contains('~') => node.get(&unescape_pointer(token))?,
                EntryKind::Object => node.get(token)?,
                EntryKind::Array => node.items().nth(token.parse().ok()?)?,
                _ => return None,
            };
        }
        Some(node)
    }

    /// The value without its spans.
    pub fn to_value(self) -> Value {
        match self.kind() {
            NodeKind::Null => Value::Null,
            NodeKind::Bool(truth) => Value::Bool(truth),
            NodeKind::Number(number) => Value::Number(number),
            NodeKind::String(text) => Value::String(text.to_owned()),
            NodeKind::Array(items) => Value::Array(items.map(Node::to_value).collect()),
            NodeKind::Object(members) => Value::Object(
                members
                    .map(|member| (member.key.to_owned(), member.value.to_value()))
                    .collect(),
            ),
        }
    }

    /// The value as a text of its own.
    pub fn to_tree(self) -> Tree<'static> {
        let start = self.span().start as u32;
        let places = &self.tree.places;
        let (last, all) = (places.after(self.at), &places.unescaped);
        let own = places.entries.get(self.at as usize..last as usize);
        let mut unescaped = String::new();
        let moved = |entry: &Entry| Entry {
            start: entry.start - start,
            end: entry.end - start,
            more: match entry.kind {
                EntryKind::Array | EntryKind::Object => entry.more - self.at,
                EntryKind::Escaped => {
                    let (from, begin) = (entry.more as usize, unescaped.len());
                    let text = all.get(from..from + entry.count as usize);
                    unescaped.push_str(text.unwrap_or_default());
                    begin as u32
                }
                _ => 0,
            },
            ..*entry
        };
        let entries = own.unwrap_or_default().iter().map(moved).collect();
        Tree {
            text: Cow::Owned(self.raw().to_owned()),
            places: Places::new(entries, unescaped, places.repeats),
        }
    }

    /// The same value as a tree that outlives the text.
    pub fn to_owned(self) -> OwnedNode {
        let kind = match self.kind() {
            NodeKind::Null => OwnedKind::Null,
            NodeKind::Bool(truth) => OwnedKind::Bool(truth),
            NodeKind::Number(number) => OwnedKind::Number(number),
            NodeKind::String(text) => OwnedKind::String(text.to_owned()),
            NodeKind::Array(items) => OwnedKind::Array(items.map(Node::to_owned).collect()),
            NodeKind::Object(members) => OwnedKind::Object(
                members
                    .map(|member| OwnedMember {
                        key: member.key.to_owned(),
                        key_span: member.key_span,
                        value: member.value.to_owned(),
                    })
                    .collect(),
            ),
        };
        OwnedNode {
            span: self.span(),
            kind,
        }
    }
}

/// What is left inside an array or an object.
#[derive(Debug, Clone)]
struct Inside<'n> {
    tree: &'n Tree<'n>,
    at: u32,
    left: u32,
}

/// The text of which nothing has been read.
static NO_TREE: Tree<'static> = Tree {
    text: Cow::Borrowed(""),
    places: Places::new(Vec::new(), String::new(), false),
};

impl Default for Inside<'_> {
    fn default() -> Self {
        Inside {
            tree: &NO_TREE,
            at: 0,
            left: 0,
        }
    }
}

/// The items of an array, in their order.
#[derive(Debug, Clone, Default)]
pub struct Items<'n>(Inside<'n>);

impl<'n> Iterator for Items<'n> {
    type Item = Node<'n>;

    fn next(&mut self) -> Option<Node<'n>> {
        let Items(Inside { tree, at, left }) = self;
        *left = left.checked_sub(1)?;
        let node = Node { tree, at: *at };
        *at = tree.places.after(*at);
        Some(node)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.0.left as usize, Some(self.0.left as usize))
    }
}

impl ExactSizeIterator for Items<'_> {}

impl Items<'_> {
    /// Whether none is left.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The members of an object, in the order of the text.
#[derive(Debug, Clone, Default)]
pub struct Members<'n>(Inside<'n>);

impl<'n> Iterator for Members<'n> {
    type Item = Member<'n>;

    fn next(&mut self) -> Option<Member<'n>> {
        let Members(Inside { tree, at, left }) = self;
        *left = left.checked_sub(1)?;
        let (key, value) = (Node { tree, at: *at }, Node { tree, at: *at + 1 });
        *at = tree.places.after(value.at);
        Some(Member {
            key: key.as_str().unwrap_or_default(),
            key_span: key.span(),
            value,
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.0.left as usize, Some(self.0.left as usize))
    }
}

impl ExactSizeIterator for Members<'_> {}

impl Members<'_> {
    /// Whether none is left.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests;
