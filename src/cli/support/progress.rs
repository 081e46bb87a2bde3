//! How far a trace has been read: a bar on standard error where that is a
//! terminal, once reading takes longer than a moment.

use std::io::{self, Read};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Reading that is done sooner needs no bar.
const MOMENT: Duration = Duration::from_secs(1);

/// An input that shows how far it has been read.
pub(crate) struct Watched<R> {
    input: R,
    bar: ProgressBar,
    /// When the bar will appear; `None` once it has.
    appears: Option<Instant>,
}

impl<R: Read> Watched<R> {
    /// Watches `input`, which is called `name` and has `length` bytes, where
    /// that is known.
    pub fn new(input: R, name: &str, length: Option<u64>) -> Watched<R> {
        Watched::since(input, name, length, Instant::now())
    }

    fn since(input: R, name: &str, length: Option<u64>, begun: Instant) -> Watched<R> {
        let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::hidden());
        let template = match length {
            Some(_) => "{wide_msg} {bytes} of {total_bytes} {bar:20} {eta}",
            None => "{wide_msg} {bytes} {elapsed}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(crate::render::printable(name));
        Watched {
            input,
            bar,
            appears: begun.checked_add(MOMENT),
        }
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        if self.appears.is_some_and(|at| Instant::now() >= at) {
            self.appears = None;
            // Nothing is drawn where standard error is not a terminal.
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.inc(u64::try_from(read).unwrap_or(u64::MAX));
        Ok(read)
    }
}

impl<R> Drop for Watched<R> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(begun: Instant, length: Option<u64>) -> (Vec<u8>, u64, bool) {
        let text = b"one line\nand another\n".repeat(1_000);
        let mut watched = Watched::since(text.as_slice(), "a\u{1b}[0m.jsonl", length, begun);
        assert!(!watched.bar.message().contains('\u{1b}'));
        let mut bytes = Vec::new();
        watched.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, text);
        (bytes, watched.bar.position(), watched.appears.is_none())
    }

    #[test]
    fn what_is_read_passes_and_is_counted() {
        for length in [None, Some(21_000)] {
            let (bytes, position, _) = read(Instant::now(), length);
            assert_eq!(position, bytes.len() as u64);
        }
    }

    #[test]
    fn the_bar_appears_only_when_reading_takes_longer_than_a_moment() {
        let later = Instant::now().checked_add(MOMENT * 60).unwrap();
        assert!(!read(later, None).2);
        let earlier = Instant::now().checked_sub(MOMENT * 2).unwrap();
        assert!(read(earlier, None).2);
    }
}
