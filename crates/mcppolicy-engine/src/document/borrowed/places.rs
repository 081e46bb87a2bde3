//! Where the values of a text are, one after another.

use std::cell::RefCell;

use crate::source::Span;

/// Where the values of a text are.
#[derive(Debug)]
pub(in crate::document) struct Places {
    /// Every value and every key in the order of the text: the root is the first, what
    /// is in an array or an object follows it, and a key comes before its value.
    pub entries: Vec<Entry>,
    /// The strings that have escapes, without them, one after another.
    pub unescaped: String,
    /// Whether an object has a key twice.
    pub repeats: bool,
    /// Whether the room for them is kept for the next text.
    is_room_kept: bool,
}

/// Room for the places of a text. A log is read line by line, and an allocator that is
/// asked for so much each time tidies up each time.
type Room = (Vec<Entry>, String);

/// The most room that a thread keeps: for so many texts that are read at once, of so many
/// bytes each.
const MOST_ROOMS: usize = 4;
const LARGEST_ROOM: usize = 256 << 10;

thread_local! {
    static ROOMS: RefCell<Vec<Room>> = const { RefCell::new(Vec::new()) };
}

impl Places {
    /// No places yet, and room for about so many.
    pub fn with_room(entries: usize) -> Places {
        let kept = ROOMS.try_with(|rooms| rooms.borrow_mut().pop());
        let (mut list, unescaped) = kept.ok().flatten().unwrap_or_default();
        list.reserve(entries);
        Places {
            entries: list,
            unescaped,
            repeats: false,
            is_room_kept: true,
        }
    }

    /// These places, in no more room than they need.
    pub const fn new(entries: Vec<Entry>, unescaped: String, repeats: bool) -> Places {
        Places {
            entries,
            unescaped,
            repeats,
            is_room_kept: false,
        }
    }
}

impl Clone for Places {
    fn clone(&self) -> Places {
        Places::new(self.entries.clone(), self.unescaped.clone(), self.repeats)
    }
}

impl Drop for Places {
    fn drop(&mut self) {
        let bytes = self.entries.capacity() * size_of::<Entry>() + self.unescaped.capacity();
        if !self.is_room_kept || bytes > LARGEST_ROOM {
            return;
        }
        let mut entries = std::mem::take(&mut self.entries);
        let mut unescaped = std::mem::take(&mut self.unescaped);
        entries.clear();
        unescaped.clear();
        // A thread that ends keeps nothing.
        let _ = ROOMS.try_with(|rooms| {
            let mut rooms = rooms.borrow_mut();
            if rooms.len() < MOST_ROOMS {
                rooms.push((entries, unescaped));
            }
        });
    }
}

/// Where a value or a key is.
#[derive(Debug, Clone, Copy)]
pub(in crate::document) struct Entry {
    pub kind: EntryKind,
    /// Its first byte in the text.
    pub start: u32,
    /// The byte behind it.
    pub end: u32,
    /// Of an array or an object: the entry behind the last one inside it. Of a string
    /// with escapes: where it begins among the unescaped ones.
    pub more: u32,
    /// Of an array: its items. Of an object: its members. Of a string with escapes: its
    /// bytes without them.
    pub count: u32,
    /// Of an object: the [`place_of`] each key as a bit, so that most keys that it does
    /// not have need no search.
    pub keys: u32,
}

/// Which of thirty-two places a key has: keys that are the same have the same.
#[inline(always)]
pub(in crate::document) fn place_of(key: &str) -> u32 {
    let bytes = key.as_bytes();
    let (first, last) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>());
    let ends = match (first, last) {
        (Some(first), Some(last)) => {
            u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 32
        }
        _ => bytes
            .iter()
            .fold(0, |all, byte| all << 8 | u64::from(*byte)),
    };
    let mixed = (ends ^ bytes.len() as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> 59) as u32
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::document) enum EntryKind {
    Null,
    False,
    True,
    Number,
    /// A string without escapes.
    Plain,
    /// A string with escapes.
    Escaped,
    Array,
    Object,
}

/// What stands for an entry that is not there. No index leads to one.
const NOTHING: Entry = Entry {
    kind: EntryKind::Null,
    start: 0,
    end: 0,
    more: 0,
    count: 0,
    keys: 0,
};

impl Places {
    #[inline]
    pub fn entry(&self, at: u32) -> &Entry {
        self.entries.get(at as usize).unwrap_or(&NOTHING)
    }

    /// The entry behind the one at `at` and all that is in it.
    #[inline]
    pub fn after(&self, at: u32) -> u32 {
        let entry = self.entry(at);
        match entry.kind {
            EntryKind::Array | EntryKind::Object => entry.more,
            _ => at + 1,
        }
    }

    /// The string at `at` of `text`, unescaped; nothing where there is none.
    #[inline]
    pub fn string<'s>(&'s self, text: &'s str, at: u32) -> Option<&'s str> {
        let entry = self.entry(at);
        let (text, from, to) = match entry.kind {
            EntryKind::Plain => (text, entry.start + 1, entry.end - 1),
            EntryKind::Escaped => (
                self.unescaped.as_str(),
                entry.more,
                entry.more + entry.count,
            ),
            _ => return None,
        };
        text.get(from as usize..to as usize)
    }

    /// Whether the string `other` is at `at` of `text`.
    #[inline]
    pub fn is_string(&self, text: &str, at: u32, other: &str) -> bool {
        let entry = self.entry(at);
        if entry.kind != EntryKind::Plain {
            return self.string(text, at) == Some(other);
        }
        // Most keys differ in their length.
        let (from, to) = (entry.start as usize + 1, entry.end as usize - 1);
        to - from == other.len() && text.as_bytes().get(from..to) == Some(other.as_bytes())
    }

    /// The entries of the keys of the object at `object`, which ends before `end`.
    pub fn keys(&self, object: u32, end: u32) -> impl Iterator<Item = u32> {
        let first = (object + 1 < end).then_some(object + 1);
        std::iter::successors(first, move |key| {
            let next = self.after(key + 1);
            (next < end).then_some(next)
        })
    }

    /// Where a value or a key is in its text.
    pub fn span(&self, at: u32) -> Span {
        let entry = self.entry(at);
        Span::new(entry.start as usize, entry.end as usize)
    }
}
