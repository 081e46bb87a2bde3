//! Where a value is in a log. Readers pass it along and hardly ever need it as a text.

use std::fmt;

use mcppolicy_engine::document::escape_pointer;

/// The way to a value. It is shown as a JSON Pointer (RFC 6901).
#[derive(Debug, Clone, Copy)]
pub(super) enum Pointer<'p> {
    /// The whole text.
    Root,
    /// A member of an object.
    Member(&'p Pointer<'p>, &'p str),
    /// An item of an array.
    Item(&'p Pointer<'p>, usize),
}

impl Pointer<'_> {
    /// The way to a member of the object here.
    pub const fn member<'p>(&'p self, key: &'p str) -> Pointer<'p> {
        Pointer::Member(self, key)
    }

    /// The way to an item, from 0, of the array here.
    pub const fn item(&self, index: usize) -> Pointer<'_> {
        Pointer::Item(self, index)
    }

    /// Whether this is the whole text.
    pub const fn is_root(&self) -> bool {
        matches!(self, Pointer::Root)
    }
}

impl fmt::Display for Pointer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pointer::Root => Ok(()),
            Pointer::Member(parent, key) => write!(f, "{parent}/{}", escape_pointer(key)),
            Pointer::Item(parent, index) => write!(f, "{parent}/{index}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_a_value_is_shown_as_a_json_pointer() {
        let messages = Pointer::Root.member("messages");
        let message = messages.item(2);
        assert_eq!(message.member("a/b~").to_string(), "/messages/2/a~1b~0");
        assert_eq!(Pointer::Root.to_string(), "");
        assert!(Pointer::Root.is_root() && !message.is_root());
    }
}
