//! Replay of a trace whose lines several threads take apart: they also ask the
//! rules, which need no history; pairing, counters and reporting stay in order.
//! What comes out is what reading line by line gives.

use std::collections::VecDeque;
use std::io;

use super::share::By;
use super::{Group, Replay, Verdict, parallel, results};
use mcppolicy_engine::engine::RuleVerdict;
use mcppolicy_engine::source::SourceMap;
use mcppolicy_trace::timeline::plain::{rule, rule_all};
use mcppolicy_trace::timeline::{Counted, Timeline};
use mcppolicy_trace::trace::block::Block;
use mcppolicy_trace::trace::plain_call::PlainCall;
use mcppolicy_trace::trace::skim::Skim;
use mcppolicy_trace::trace::{Expected, Grant, InBlocks, Ready};

/// What the rules said of the calls in blocks that have calls left to come.
#[derive(Default)]
struct Rulings<'e>(VecDeque<(u64, Vec<RuleVerdict<'e>>)>);

impl<'e> Rulings<'e> {
    /// What they said of a call; calls come in the order of their blocks.
    fn of(&mut self, call: &PlainCall) -> Option<&RuleVerdict<'e>> {
        let (block, index) = call.position();
        while self.0.front().is_some_and(|(number, _)| *number < block) {
            self.0.pop_front();
        }
        let (number, rulings) = self.0.front()?;
        rulings.get(index).filter(|_| *number == block)
    }
}

/// What the threads' results flow into.
struct Flow<'r, 'e, 'm> {
    replay: &'r mut Replay<'e>,
    timeline: &'r mut Timeline<'e>,
    file: usize,
    reader: &'r mut dyn InBlocks,
    map: &'m mut SourceMap,
    name: &'r str,
    rulings: Rulings<'e>,
    /// What ended the input, until the blocks before have been taken.
    failed: Option<io::Error>,
}

impl<'e> Replay<'e> {
    pub(super) fn blocks(
        &mut self,
        timeline: &mut Timeline<'e>,
        file: usize,
        reader: &mut dyn InBlocks,
        map: &mut SourceMap,
        name: &str,
    ) -> io::Result<()> {
        let (engine, threads) = (self.engine, self.options.threads);
        let mut flow = Flow {
            replay: self,
            timeline,
            file,
            reader,
            map,
            name,
            rulings: Rulings::default(),
            failed: None,
        };
        flow.drain();
        let read = parallel::in_order(
            threads,
            &mut flow,
            |flow| flow.read(),
            |blocks| {
                let skimmed = blocks.into_iter().map(|block| {
                    let skim = block.skim();
                    let rulings = rule_all(engine, &skim);
                    (skim, rulings)
                });
                skimmed.collect::<Vec<_>>()
            },
            |flow, skimmed| {
                for (skim, rulings) in skimmed {
                    flow.take(skim, rulings);
                }
            },
        );
        flow.reader.end();
        flow.drain();
        read
    }
}

/// How many blocks go to a thread at once: enough that the threads seldom wait
/// for each other.
const BLOCKS: usize = 4;

impl<'e> Flow<'_, 'e, '_> {
    /// Some blocks; an error comes behind the blocks before it.
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

    fn take(&mut self, skim: Skim, rulings: Vec<RuleVerdict<'e>>) {
        // Blocks without such a call would never be dropped.
        if !rulings.is_empty() {
            self.rulings.0.push_back((skim.number(), rulings));
        }
        self.reader.absorb(skim);
        self.drain();
    }

    /// Replays what is ready.
    fn drain(&mut self) {
        while let Some(ready) = self.reader.ready() {
            match ready {
                Ready::Plain(call) => {
                    let ruled = self.rulings.of(&call);
                    self.replay.plain(self.timeline, self.file, &call, ruled);
                }
                Ready::Item(item) => {
                    self.replay
                        .item(self.timeline, self.file, item, self.map, self.name);
                }
            }
        }
    }
}

impl<'e> Replay<'e> {
    /// Replays a call that stands in its block, as [`call`](Replay::call) would.
    fn plain(
        &mut self,
        timeline: &mut Timeline<'e>,
        file: usize,
        call: &PlainCall,
        ruled: Option<&RuleVerdict<'e>>,
    ) {
        let position = (call.line(), 1);
        self.nth(position.0);
        let shared = self
            .options
            .share
            .is_some_and(|share| share.by == By::Given || call.grant() == Grant::Unknown);
        if self.options.usage || self.options.at_origin || shared {
            let call = call.to_call();
            if self.takes(file, &call) {
                self.call(timeline, file, &call);
            }
            return;
        }
        if !self.takes_of(file, call.grant(), None, position)
            || !self.is_in_scope(file, call.server(), call.grant(), 1)
        {
            return;
        }
        self.assume_grant(file, call.grant());
        let counted = Counted {
            grant: call.grant(),
            time: call.time(),
            response: call.response(),
            response_time: call.response_time(),
        };
        let step = match ruled {
            Some(ruled) => timeline.settle(file, ruled, counted),
            None => {
                let ruled = rule(self.engine, call.tool(), &call.arguments());
                timeline.settle(file, &ruled, counted)
            }
        };
        let observed = call.response().filter(|_| self.options.expect_observed);
        let observed = observed.map(|response| response.observed().into());
        let expected: Option<Expected> = observed.or_else(|| call.expected());
        let mut counts = results::Counts::default();
        self.assume_of(&step);
        let judgement = self.judge(&step.decision, expected.as_ref(), &mut counts);
        self.tally(file, call.tool(), &counts);
        let asserted = expected.is_some();
        let reported = asserted && judgement.verdict != Verdict::Pass;
        if reported || (asserted && self.options.list_passed) || self.options.all_cases {
            let group = Group {
                expected,
                decision: step.decision,
                judgement,
                first: 0,
                last: 0,
                count: 1,
            };
            self.keep(file, &call.to_call(), group);
        }
    }
}
