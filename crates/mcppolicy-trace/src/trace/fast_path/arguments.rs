//! The arguments of a call that is read in place: a condition reads the value
//! that it names, and nothing else is built.

use std::cell::OnceCell;

use super::scanner::{ByteSpan, ScannedValue, Scanner, ValueKind};
use mcppolicy_engine::document::parse::parse_borrowed;
use mcppolicy_engine::engine::{Lookup, ValueRef};
use mcppolicy_engine::policy::Path;
use mcppolicy_engine::value::Value;

/// A member of a call's arguments.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Member {
    pub key: ByteSpan,
    pub value: ScannedValue,
}

/// Which of a block's members the arguments of one call have: from the first to before
/// the second.
pub(crate) type MemberRange = (u32, u32);

/// A call's arguments, an object, as spans of the text.
#[derive(Debug)]
pub struct SimpleArguments<'t> {
    text: &'t str,
    /// `None` when the call has no arguments.
    span: Option<ByteSpan>,
    members: &'t [Member],
    /// The whole object, once it has been built.
    built: OnceCell<Value>,
}

impl<'t> SimpleArguments<'t> {
    /// The arguments at `span` in `text`, whose members are `members`.
    pub(super) fn new(
        text: &'t str,
        span: Option<ByteSpan>,
        members: &'t [Member],
    ) -> SimpleArguments<'t> {
        SimpleArguments {
            text,
            span,
            members,
            built: OnceCell::new(),
        }
    }

    /// The whole object; it is built on the first use.
    pub fn whole(&self) -> &Value {
        self.built.get_or_init(|| {
            let parsed = self.span.map(|span| parse_borrowed(span.of(self.text)));
            match parsed {
                Some(Ok((tree, _))) => tree.root().to_value(),
                // There are no arguments.
                _ => Value::empty_object(),
            }
        })
    }

    /// The value that the members named `segments` lead to, one inside the
    /// other.
    fn scanned(&self, segments: &[String]) -> Option<ScannedValue> {
        let (first, rest) = segments.split_first()?;
        let member = self
            .members
            .iter()
            .find(|member| member.key.of(self.text) == first)?;
        let mut value = member.value;
        for segment in rest {
            value = self.member(value, segment)?;
        }
        Some(value)
    }

    /// The member of an object.
    fn member(&self, object: ScannedValue, name: &str) -> Option<ScannedValue> {
        if object.kind != ValueKind::Object {
            return None;
        }
        let mut scanner = Scanner::new(self.text);
        scanner.restart(object.span.start as usize);
        let mut found = None;
        scanner.object(|scanner, key| {
            let value = scanner.value()?;
            if key.of(self.text) == name {
                found = Some(value);
            }
            Some(())
        });
        found
    }
}

impl Lookup for SimpleArguments<'_> {
    fn at(&self, path: &Path) -> ValueRef<'_> {
        if path.segments().is_empty() {
            return self.whole().at(path);
        }
        let Some(value) = self.scanned(path.segments()) else {
            return ValueRef::Missing;
        };
        let raw = value.span.of(self.text);
        match value.kind {
            ValueKind::Null => ValueRef::Null,
            ValueKind::Bool => ValueRef::Bool(raw == "true"),
            ValueKind::String => ValueRef::String(value.span.unquoted().of(self.text)),
            // A simple number is within the range of a double.
            ValueKind::Number => match raw.parse() {
                Ok(number) => ValueRef::Number(number),
                Err(_) => self.whole().at(path),
            },
            ValueKind::Escaped | ValueKind::Array | ValueKind::Object => self.whole().at(path),
        }
    }
}
