//! Events of a stream, of which only the data changes.
//!
//! An event is passed on when it has ended. Lines end with line feeds in what is
//! passed on, because some readers know no other ending; an event that is not ended
//! at the end of a stream is none, and is dropped.

use crate::cli::support::http::sse::{Byte, Endings, field, without_mark};

/// What a client gets of an event's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shown {
    AsItIs,
    Changed(Vec<u8>),
    /// The data is left out, and with it the event.
    Nothing,
}

/// An event is longer than may be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooLong;

/// The events of one stream.
#[derive(Debug)]
pub(super) struct Events {
    longest: usize,
    endings: Endings,
    line: Vec<u8>,
    /// The lines of the event so far.
    lines: Vec<Vec<u8>>,
    /// How many bytes are kept.
    kept: usize,
    begun: bool,
}

impl Events {
    /// Events of which none is longer than so many bytes.
    pub fn new(longest: usize) -> Events {
        Events {
            longest,
            endings: Endings::default(),
            line: Vec::new(),
            lines: Vec::new(),
            kept: 0,
            begun: false,
        }
    }

    /// Takes the next bytes; what the client gets. `show` is asked about the data of
    /// each event that has some.
    ///
    /// # Errors
    /// When an event is too long. The stream cannot go on then.
    pub fn pass(
        &mut self,
        bytes: &[u8],
        show: &mut dyn FnMut(&[u8]) -> Shown,
    ) -> Result<Vec<u8>, TooLong> {
        let mut out = Vec::new();
        for byte in bytes {
            match self.endings.next(*byte) {
                Byte::OfTheEnding => {}
                Byte::EndsIt => self.line_ended(show, &mut out),
                Byte::OfTheLine => {
                    self.kept += 1;
                    if self.kept > self.longest {
                        return Err(TooLong);
                    }
                    self.line.push(*byte);
                }
            }
        }
        Ok(out)
    }

    fn line_ended(&mut self, show: &mut dyn FnMut(&[u8]) -> Shown, out: &mut Vec<u8>) {
        let line = std::mem::take(&mut self.line);
        let is_first = !std::mem::replace(&mut self.begun, true);
        let line = without_mark(&line, is_first).to_vec();
        if line.is_empty() {
            self.event_ended(show, out);
        } else if line.starts_with(b":") && self.lines.is_empty() {
            // A comment keeps the connection open, and must not wait.
            out.extend_from_slice(&line);
            out.push(b'\n');
            self.kept = 0;
        } else {
            // Empty lines of data cost memory, too.
            self.kept += 1;
            self.lines.push(line);
        }
    }

    fn event_ended(&mut self, show: &mut dyn FnMut(&[u8]) -> Shown, out: &mut Vec<u8>) {
        self.kept = 0;
        let lines = std::mem::take(&mut self.lines);
        let is_data = |line: &Vec<u8>| field(line).0 == b"data";
        let data: Vec<&[u8]> = lines
            .iter()
            .filter(|line| is_data(line))
            .map(|line| field(line).1)
            .collect();
        let data = data.join(&b'\n');
        let shown = match data.iter().all(u8::is_ascii_whitespace) {
            // An event that only tells its id.
            true => Shown::AsItIs,
            false => show(&data),
        };
        let mut new = match shown {
            Shown::AsItIs => {
                lines.iter().for_each(|line| write(line, out));
                out.push(b'\n');
                return;
            }
            Shown::Changed(new) => Some(new),
            Shown::Nothing => None,
        };
        for line in &lines {
            if !is_data(line) {
                write(line, out);
            } else if let Some(new) = new.take() {
                for part in new.split(|byte| *byte == b'\n') {
                    out.extend_from_slice(b"data: ");
                    write(part, out);
                }
            }
        }
        out.push(b'\n');
    }
}

fn write(line: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(line);
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(stream: &str, piece: usize) -> String {
        let mut events = Events::new(1_000);
        let mut show = |data: &[u8]| match data {
            b"secret" | b"sec\nret" => Shown::Changed(b"a\nb".to_vec()),
            b"noise" => Shown::Nothing,
            _ => Shown::AsItIs,
        };
        let parts = stream.as_bytes().chunks(piece);
        let out: Vec<u8> = parts
            .flat_map(|part| events.pass(part, &mut show).unwrap())
            .collect();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn events_pass_as_they_are_and_only_data_changes() {
        for (stream, expected) in [
            ("data: x\n\n", "data: x\n\n"),
            (
                ": hi\n\nid: 1\nretry: 5\ndata: x\ndata:y\n\n",
                ": hi\n\nid: 1\nretry: 5\ndata: x\ndata:y\n\n",
            ),
            ("id: 1\ndata: \n\n", "id: 1\ndata: \n\n"),
            (
                "id: 1\ndata: secret\nevent: message\n\n",
                "id: 1\ndata: a\ndata: b\nevent: message\n\n",
            ),
            (
                "data: sec\nid: 1\ndata: ret\n\n",
                "data: a\ndata: b\nid: 1\n\n",
            ),
            ("id: 1\ndata: noise\n\n", "id: 1\n\n"),
            ("\u{feff}data:secret\n\n", "data: a\ndata: b\n\n"),
            (
                "data: x\r\rdata: secret\r\n\r\n",
                "data: x\n\ndata: a\ndata: b\n\n",
            ),
            ("data: x\n\ndata: secret\n", "data: x\n\n"),
            ("data\n\n", "data\n\n"),
        ] {
            for piece in [1, 2, 3, 7, 1_000] {
                assert_eq!(passed(stream, piece), expected, "{stream:?} {piece}");
            }
        }
    }

    #[test]
    fn a_comment_passes_before_the_event_has_ended() {
        let mut events = Events::new(100);
        let mut show = |_: &[u8]| Shown::AsItIs;
        assert_eq!(
            events.pass(b": ping\ndata: x\n", &mut show).unwrap(),
            b": ping\n"
        );
        assert_eq!(events.pass(b"\n", &mut show).unwrap(), b"data: x\n\n");
    }

    #[test]
    fn an_event_without_an_end_is_too_long_at_some_point() {
        let mut show = |_: &[u8]| Shown::AsItIs;
        for part in [&b"data: xxxxxxxx"[..], b"data\n", b"\n\ndata: x\n\ndata"] {
            let mut events = Events::new(100);
            let ended = (0..100).any(|_| events.pass(part, &mut show).is_err());
            assert_eq!(ended, !part.starts_with(b"\n"));
        }
    }
}
