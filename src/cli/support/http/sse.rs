//! Server-sent events in bytes that pass, in whatever pieces they come.

/// The most bytes that are kept of one event.
const LONGEST: usize = 16 << 20;

/// An event that has ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Event {
    /// Its id, where it has one.
    pub id: Option<Vec<u8>>,
    /// Its data, the lines of it joined by line feeds.
    pub data: Vec<u8>,
    /// Whether it was too long, so that its end is missing.
    pub cut: bool,
}

/// Tells where lines end: with a line feed, a carriage return, or both.
#[derive(Debug, Default)]
pub(crate) struct Endings {
    /// The last byte was a carriage return: a line feed after it ends no other
    /// line.
    after_return: bool,
}

/// What a byte is to the line that it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Byte {
    OfTheLine,
    EndsIt,
    /// The second byte of an ending.
    OfTheEnding,
}

impl Endings {
    /// What the next byte is.
    pub fn next(&mut self, byte: u8) -> Byte {
        let is_second = std::mem::take(&mut self.after_return) && byte == b'\n';
        match byte {
            _ if is_second => Byte::OfTheEnding,
            b'\r' | b'\n' => {
                self.after_return = byte == b'\r';
                Byte::EndsIt
            }
            _ => Byte::OfTheLine,
        }
    }
}

/// The name and the value of a line; a comment's name is empty.
pub(crate) fn field(line: &[u8]) -> (&[u8], &[u8]) {
    let colon = line.iter().position(|byte| *byte == b':');
    let parts = line.split_at_checked(colon.unwrap_or(line.len()));
    let (name, value) = parts.unwrap_or((line, b""));
    let value = value.strip_prefix(b":").unwrap_or(value);
    (name, value.strip_prefix(b" ").unwrap_or(value))
}

/// A line without the mark that a stream may begin with.
pub(crate) fn without_mark(line: &[u8], is_first: bool) -> &[u8] {
    match line.strip_prefix(b"\xEF\xBB\xBF") {
        Some(rest) if is_first => rest,
        _ => line,
    }
}

/// The events of one stream.
#[derive(Debug, Default)]
pub(crate) struct Events {
    line: Vec<u8>,
    event: Event,
    has_data: bool,
    endings: Endings,
    begun: bool,
}

impl Events {
    /// Takes the next bytes; the events that they end.
    pub fn pass(&mut self, bytes: &[u8]) -> Vec<Event> {
        let mut ended = Vec::new();
        for byte in bytes {
            match self.endings.next(*byte) {
                Byte::OfTheEnding => {}
                Byte::EndsIt => ended.extend(self.line()),
                Byte::OfTheLine if self.line.len() < LONGEST => self.line.push(*byte),
                Byte::OfTheLine => self.event.cut = true,
            }
        }
        ended
    }

    /// Takes the line that has ended; the event that it ends.
    fn line(&mut self) -> Option<Event> {
        let line = std::mem::take(&mut self.line);
        let is_first = !std::mem::replace(&mut self.begun, true);
        let line = without_mark(&line, is_first);
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            return std::mem::take(&mut self.has_data).then_some(event);
        }
        let (name, value) = field(line);
        match name {
            b"data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.event.data.push(b'\n');
                }
                let free = LONGEST.saturating_sub(self.event.data.len());
                self.event.cut |= value.len() > free;
                let kept = value.get(..free).unwrap_or(value);
                self.event.data.extend_from_slice(kept);
            }
            b"id" => self.event.id = Some(value.to_vec()),
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(bytes: &[u8], piece: usize) -> Vec<(Option<String>, String)> {
        let mut events = Events::default();
        let ended = bytes.chunks(piece).flat_map(|bytes| events.pass(bytes));
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        ended
            .map(|event| (event.id.map(text), text(event.data)))
            .collect()
    }

    #[test]
    fn events_are_the_same_in_any_pieces_and_with_any_line_ending() {
        let stream = "\u{feff}: hello\nid: 1\ndata: {\"a\":\ndata:1}\n\nretry: 5\n\nevent: message\ndata: {}\nid\n\ndata\n\nid: 9\ndata: cut";
        let some = |id: &str| Some(id.to_owned());
        let expected = [
            (some("1"), "{\"a\":\n1}".to_owned()),
            (some(""), "{}".to_owned()),
            (None, String::new()),
        ];
        for ending in ["\n", "\r\n", "\r"] {
            let stream = stream.replace('\n', ending);
            for piece in [1, 2, 3, 1000] {
                assert_eq!(
                    events(stream.as_bytes(), piece),
                    expected,
                    "{ending:?} {piece}"
                );
            }
        }
    }
}
