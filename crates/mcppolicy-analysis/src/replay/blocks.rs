//! Reads a trace with several threads. They also evaluate the rules, which need
//! no history. Pairing of responses, counters and reports stay in the order of
//! the trace, so that the items are those of reading line by line.

use std::collections::VecDeque;
use std::io;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use super::parallel;
use mcppolicy_engine::engine::{Engine, RuleVerdict};
use mcppolicy_trace::trace::block::Block;
use mcppolicy_trace::trace::fast_path::{ParsedBlock, Parser, SimpleCall};
use mcppolicy_trace::trace::{InBlocks, Ready};

/// The verdicts of the rules on the calls of blocks, until the calls come.
#[derive(Default)]
struct Verdicts<'e>(VecDeque<(u64, Vec<RuleVerdict<'e>>)>);

impl<'e> Verdicts<'e> {
    /// The verdict on a call; calls come in the order of their blocks.
    fn of(&mut self, call: &SimpleCall) -> Option<&RuleVerdict<'e>> {
        let (block, index) = call.position();
        while self.0.front().is_some_and(|(number, _)| *number < block) {
            self.0.pop_front();
        }
        let (number, verdicts) = self.0.front()?;
        verdicts.get(index).filter(|_| *number == block)
    }
}

/// The state of the thread that reads blocks and passes items on.
struct Flow<'r, 'e, F> {
    reader: &'r mut dyn InBlocks,
    verdicts: Verdicts<'e>,
    /// The error that ended the input, until the blocks before it have been
    /// taken.
    failed: Option<io::Error>,
    each: F,
}

/// Passes what `reader` yields to `each`, in the order of the trace, and with
/// it the verdict of `engine`'s rules on a call that is read in place. `each`
/// runs on this thread.
///
/// # Errors
/// What the underlying input reports; the items before it are passed on first.
pub(super) fn for_each<'e>(
    engine: &'e Engine,
    threads: NonZeroUsize,
    reader: &mut dyn InBlocks,
    each: impl FnMut(Ready, Option<&RuleVerdict<'e>>),
) -> io::Result<()> {
    let threads = match reader.reads_in_place() {
        true => threads,
        false => NonZeroUsize::MIN,
    };
    let mut flow = Flow {
        reader,
        verdicts: Verdicts::default(),
        failed: None,
        each,
    };
    flow.drain();
    // Each is used by one thread at a time, and keeps the shapes of lines.
    let parsers: Mutex<Vec<Parser>> = Mutex::default();
    let lock = || parsers.lock().unwrap_or_else(PoisonError::into_inner);
    let read = parallel::in_order(
        threads,
        &mut flow,
        |flow| flow.read(),
        |blocks| {
            let kept = lock().pop();
            let mut parser = kept.unwrap_or_default();
            let parsed = blocks.into_iter().map(|block| {
                let block = parser.parse(block);
                let verdicts = block.map_requests(|request| engine.evaluate_rules(request));
                (block, verdicts)
            });
            let parsed: Vec<_> = parsed.collect();
            lock().push(parser);
            parsed
        },
        |flow, parsed| {
            for (block, verdicts) in parsed {
                flow.take(block, verdicts);
            }
        },
    );
    flow.reader.end();
    flow.drain();
    read
}

/// How many blocks go to a thread at once: enough that the threads seldom wait
/// for each other.
const BLOCKS: usize = 4;

impl<'e, F: FnMut(Ready, Option<&RuleVerdict<'e>>)> Flow<'_, 'e, F> {
    /// Some blocks; an error comes after the blocks before it.
    fn read(&mut self) -> io::Result<Option<Vec<Block>>> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let mut blocks = Vec::with_capacity(BLOCKS);
        while blocks.len() < BLOCKS {
            match self.reader.read_block() {
                Ok(Some(block)) => blocks.push(block),
                Ok(None) => break,
                Err(error) if blocks.is_empty() => return Err(error),
                Err(error) => {
                    self.failed = Some(error);
                    break;
                }
            }
        }
        Ok((!blocks.is_empty()).then_some(blocks))
    }

    fn take(&mut self, block: ParsedBlock, verdicts: Vec<RuleVerdict<'e>>) {
        // A block without calls has no verdict to wait for.
        if !verdicts.is_empty() {
            self.verdicts.0.push_back((block.number(), verdicts));
        }
        self.reader.absorb(block);
        self.drain();
    }

    /// Passes on what is ready.
    fn drain(&mut self) {
        while let Some(ready) = self.reader.ready() {
            let verdict = match &ready {
                Ready::Simple(call) => self.verdicts.of(call),
                Ready::Item(_) => None,
            };
            (self.each)(ready, verdict);
        }
    }
}
