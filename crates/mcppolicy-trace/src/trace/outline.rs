//! The outline of JSON that may be cut off, repeated, or followed by something
//! else: enough to recognise a format, and to say what a message was that a
//! log holds only in part. Arguments are never read from it.

use std::collections::BTreeMap;

/// How deep members are noted, and how deep to recognise a format.
const DEEPEST: usize = 3;
const DEEPEST_SIGN: usize = 5;

/// What was found of one JSON value.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Outline {
    /// The values by their path, such as `params.name` or `0.role`; of arrays
    /// only the first element. The first of a repeated member counts.
    members: BTreeMap<String, Shape>,
    deepest: usize,
    /// Where the value ends; `None` when it is cut off.
    pub end: Option<usize>,
}

/// A value in the outline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    /// A string.
    Text(String),
    /// A number, boolean or null, as written.
    Scalar(String),
    /// An object.
    Object,
    /// An array.
    Array,
}

/// An open array or object.
#[derive(Default)]
struct Frame {
    is_object: bool,
    /// In an object, whether a value comes next and no key.
    at_value: bool,
    key: String,
    index: usize,
}

impl Outline {
    /// Scans the value at the beginning of `text`.
    pub fn scan(text: &str) -> Outline {
        Outline::scan_to(DEEPEST, text)
    }

    /// The same, as deep as any sign of a format is.
    pub fn scan_for_signs(text: &str) -> Outline {
        Outline::scan_to(DEEPEST_SIGN, text)
    }

    /// Where the value at the beginning of `text` ends; `None` when it is cut off.
    pub fn end_of(text: &str) -> Option<usize> {
        Outline::scan_to(0, text).end
    }

    fn scan_to(deepest: usize, text: &str) -> Outline {
        let bytes = text.as_bytes();
        let mut outline = Outline {
            deepest,
            ..Outline::default()
        };
        let mut frames: Vec<Frame> = Vec::new();
        let mut depth = 0_usize;
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            let mut next = at + 1;
            match byte {
                b'"' => {
                    let Some(end) = string_end(bytes, at) else {
                        return outline;
                    };
                    next = end;
                    let raw = text.get(at..end).unwrap_or_default();
                    outline.string(&mut frames, depth, raw);
                }
                b'{' | b'[' => {
                    let is_object = *byte == b'{';
                    let shape = if is_object {
                        Shape::Object
                    } else {
                        Shape::Array
                    };
                    outline.note(&frames, depth, || shape);
                    depth += 1;
                    if depth <= deepest {
                        frames.push(Frame {
                            is_object,
                            ..Frame::default()
                        });
                    }
                }
                b'}' | b']' => {
                    if depth <= deepest {
                        frames.pop();
                    }
                    depth = depth.saturating_sub(1);
                }
                b':' | b',' => {
                    if let Some(frame) = frames.last_mut().filter(|_| depth <= deepest) {
                        frame.at_value = *byte == b':';
                        frame.index += usize::from(*byte == b',');
                    }
                }
                b' ' | b'\t' | b'\r' | b'\n' => {
                    at = next;
                    continue;
                }
                _ => {
                    let rest = bytes.get(at..).unwrap_or_default();
                    let length = rest
                        .iter()
                        .take_while(|byte| !b" \t\r\n,:]}[{\"".contains(byte))
                        .count();
                    next = at + length.max(1);
                    let raw = text.get(at..next).unwrap_or_default();
                    outline.note(&frames, depth, || Shape::Scalar(raw.to_owned()));
                }
            }
            at = next;
            if depth == 0 {
                outline.end = Some(at);
                break;
            }
        }
        outline
    }

    fn string(&mut self, frames: &mut [Frame], depth: usize, raw: &str) {
        if depth > self.deepest {
            return;
        }
        let text = || serde_json::from_str(raw).unwrap_or_else(|_| raw.to_owned());
        match frames.last_mut() {
            Some(frame) if frame.is_object && !frame.at_value => frame.key = text(),
            _ => self.note(frames, depth, || Shape::Text(text())),
        }
    }

    fn note(&mut self, frames: &[Frame], depth: usize, shape: impl FnOnce() -> Shape) {
        if depth > self.deepest
            || frames
                .iter()
                .any(|frame| !frame.is_object && frame.index > 0)
        {
            return;
        }
        let steps: Vec<&str> = frames
            .iter()
            .map(|frame| {
                if frame.is_object {
                    frame.key.as_str()
                } else {
                    "0"
                }
            })
            .collect();
        self.members.entry(steps.join(".")).or_insert_with(shape);
    }

    /// Whether there is a value at `path`.
    pub fn has(&self, path: &str) -> bool {
        self.members.contains_key(path)
    }

    /// Whether there is an object or an array at `path`.
    pub fn has_inside(&self, path: &str) -> bool {
        matches!(self.members.get(path), Some(Shape::Object | Shape::Array))
    }

    /// The string at `path`.
    pub fn text(&self, path: &str) -> Option<&str> {
        match self.members.get(path) {
            Some(Shape::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The string or other scalar at `path`, as JSON writes it.
    pub fn scalar(&self, path: &str) -> Option<String> {
        match self.members.get(path)? {
            Shape::Text(text) => Some(serde_json::Value::from(text.as_str()).to_string()),
            Shape::Scalar(raw) => Some(raw.clone()),
            Shape::Object | Shape::Array => None,
        }
    }

    /// The names of the outermost object's members.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let names = self.members.keys().map(String::as_str);
        names.filter(|path| !path.is_empty() && !path.contains('.'))
    }
}

/// Where the string that begins at `start` ends, after its closing quote.
fn string_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        match bytes.get(at) {
            Some(b'"') => return Some(at + 1),
            // The character behind a backslash is not the end.
            _ => at += 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_by_their_path() {
        let outline = Outline::scan(
            r#"{"id": 7, "params": {"name": "a\"b", "arguments": {"x": {"deep": 1}}}, "l": [{"r": null}, {"s": 1}]} { rest"#,
        );
        assert_eq!(outline.scalar("id").as_deref(), Some("7"));
        assert_eq!(outline.text("params.name"), Some("a\"b"));
        assert!(outline.has_inside("params.arguments"));
        assert!(outline.has("l.0.r") && !outline.has("l.0.s"));
        assert_eq!(outline.names().collect::<Vec<_>>(), ["id", "l", "params"]);
        assert!(outline.end.is_some());
    }

    #[test]
    fn what_is_cut_off_keeps_what_came_before() {
        let outline = Outline::scan(r#"{"id":3,"params":{"name":"t","arguments":{"path":"/a"#);
        assert_eq!(outline.text("params.name"), Some("t"));
        assert_eq!(outline.end, None);
    }

    #[test]
    fn any_depth_and_any_bytes_are_survived() {
        let deep = "[".repeat(100_000);
        assert_eq!(Outline::scan(&deep).end, None);
        for text in ["", "}", "]", "\"", "{\"a\\", "é", ":,"] {
            let _ = Outline::scan(text);
        }
    }
}
