//! Recorded calls through two policies: which are decided differently, whom
//! that concerns, and the first examples.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use crate::compare::Compiled;
use crate::finding::{Finding, RuleId};
use mcppolicy_engine::engine::Decision;
use mcppolicy_engine::policy::Path;
use mcppolicy_engine::source::SourceMap;
use mcppolicy_engine::time::{Time, TimeDelta};
use mcppolicy_trace::timeline::{Scope, Timeline, scope};
use mcppolicy_trace::trace::{
    Grant, Item, RecordedArguments, RecordedCall, RecordedRequest, Shown, Trace,
};

/// What a change does to recorded calls.
#[derive(Debug, Clone, Default)]
pub struct Traffic {
    /// How many traces were read.
    pub traces: usize,
    /// All calls.
    pub total: Counts,
    /// Calls by tool; `None` for calls without a name.
    pub tools: BTreeMap<Option<String>, Counts>,
    /// The grants of calls that are decided differently, as the recordings
    /// name them.
    pub grants: BTreeSet<String>,
    /// The first calls of each tool and direction.
    pub examples: Vec<Example>,
    /// How many calls lines have added by repetition.
    pub repeated: u64,
    /// Calls to other servers.
    pub out_of_scope: u64,
    /// Lines that are no valid calls.
    pub invalid_lines: u64,
    /// What is wrong with the first of them.
    pub problems: Vec<Finding>,
}

/// Calls in scope, each counted once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// All of them.
    pub calls: u64,
    /// Allowed before, denied now.
    pub allow_to_deny: u64,
    /// Denied before, allowed now.
    pub deny_to_allow: u64,
    /// Decided alike.
    pub unchanged: u64,
    /// Undetermined under one of the two, so that nothing can be said.
    pub undetermined: u64,
}

/// A call that is decided differently.
#[derive(Debug, Clone)]
pub struct Example {
    /// The trace's name.
    pub file: String,
    /// The line in it.
    pub line: usize,
    /// The tool.
    pub tool: Option<String>,
    /// The grant of the call.
    pub grant: Option<String>,
    /// When.
    pub time: Option<Time>,
    /// The arguments, where they are known.
    pub arguments: Option<RecordedArguments>,
    /// The paths that either decision looked at.
    pub reads: Vec<Path>,
    /// Whether it passes now.
    pub passes: bool,
    /// What refuses it: a JSON Pointer into the policy that does.
    pub rule: Option<String>,
    /// The message to the agent.
    pub message: Option<String>,
}

/// Examples kept for each tool and direction.
const EXAMPLES: u64 = 3;
/// Findings kept about invalid lines.
const MOST_PROBLEMS: usize = 100;

impl Counts {
    fn add(&mut self, other: &Counts) {
        self.calls += other.calls;
        self.allow_to_deny += other.allow_to_deny;
        self.deny_to_allow += other.deny_to_allow;
        self.unchanged += other.unchanged;
        self.undetermined += other.undetermined;
    }

    fn count(&mut self, old: &Decision<'_>, new: &Decision<'_>) {
        self.calls += 1;
        *match (old, new) {
            (Decision::Undetermined(_), _) | (_, Decision::Undetermined(_)) => {
                &mut self.undetermined
            }
            (Decision::Allow, Decision::Deny(_)) => &mut self.allow_to_deny,
            (Decision::Deny(_), Decision::Allow) => &mut self.deny_to_allow,
            _ => &mut self.unchanged,
        } += 1;
    }
}

impl Traffic {
    /// Adds another policy's traffic.
    pub fn add(&mut self, other: &Traffic) {
        self.traces += other.traces;
        self.total.add(&other.total);
        for (tool, counts) in &other.tools {
            self.tools.entry(tool.clone()).or_default().add(counts);
        }
        self.grants.extend(other.grants.iter().cloned());
        self.examples.extend(other.examples.iter().cloned());
        self.out_of_scope += other.out_of_scope;
        self.invalid_lines += other.invalid_lines;
        self.problems.extend(other.problems.iter().cloned());
    }

    /// Replays one trace through both policies, each with counters of its own
    /// that are zero where the trace begins.
    ///
    /// # Errors
    /// What the underlying input reports.
    pub fn read(
        &mut self,
        [old, new]: [&Compiled<'_>; 2],
        trace: &mut Trace,
        server: Option<&str>,
        max_lateness: TimeDelta,
        map: &mut SourceMap,
    ) -> io::Result<()> {
        let file = self.traces;
        self.traces += 1;
        let mut before = Timeline::new(&old.engine, max_lateness);
        let mut after = Timeline::new(&new.engine, max_lateness);
        while let Some(item) = trace.next_item()? {
            before.check()?;
            after.check()?;
            match item {
                Item::Call(call)
                    if matches!(scope(call.server.as_deref(), server), Scope::Out(_)) =>
                {
                    self.out_of_scope += call.repeat;
                }
                Item::Call(call) => {
                    let added = call.repeat.saturating_sub(1);
                    self.repeated = self.repeated.saturating_add(added);
                    let mut counts = Counts::default();
                    for index in 0..call.repeat {
                        let old_step = before.step(file, &*call, index).decision;
                        let new_step = after.step(file, &*call, index).decision;
                        counts.count(&old_step, &new_step);
                        self.note(
                            [old, new],
                            [&old_step, &new_step],
                            &call,
                            index,
                            &trace.name,
                        );
                    }
                    self.total.add(&counts);
                    self.tools
                        .entry(call.tool().map(str::to_owned))
                        .or_default()
                        .add(&counts);
                }
                Item::Problem(line) => {
                    self.invalid_lines += 1;
                    if self.problems.len() < MOST_PROBLEMS {
                        let problems = line.problems(map, &trace.name, Shown::Withheld).into_iter();
                        self.problems
                            .extend(problems.map(|problem| Finding::about(RuleId::Trace, problem)));
                    }
                }
                Item::Header(_) | Item::OtherMethod(_) | Item::Skipped { .. } => {}
            }
        }
        Ok(())
    }

    /// Keeps a call that is decided differently, if it is among the first.
    fn note(
        &mut self,
        [old, new]: [&Compiled<'_>; 2],
        [before, after]: [&Decision<'_>; 2],
        call: &RecordedCall,
        index: u64,
        file: &str,
    ) {
        let passes = match (before, after) {
            (Decision::Allow, Decision::Deny(_)) => false,
            (Decision::Deny(_), Decision::Allow) => true,
            _ => return,
        };
        if let Grant::Named(grant) = &call.grant {
            self.grants.insert(grant.clone());
        }
        let tool = call.tool().unwrap_or_default();
        let alike =
            |example: &&Example| example.passes == passes && example.tool.as_deref() == call.tool();
        if self.examples.iter().filter(alike).count() as u64 >= EXAMPLES {
            return;
        }
        let denial = if passes { before } else { after };
        let mut reads: Vec<Path> = old
            .engine
            .reads(tool, before)
            .into_iter()
            .cloned()
            .collect();
        reads.extend(new.engine.reads(tool, after).into_iter().cloned());
        self.examples.push(Example {
            file: file.to_owned(),
            line: call.line,
            tool: call.tool().map(str::to_owned),
            grant: call.grant.name().map(str::to_owned),
            time: call.time_of(index),
            arguments: match &call.request {
                RecordedRequest::Tool { arguments, .. } => Some(arguments.clone()),
                RecordedRequest::Batch(_) => None,
            },
            reads,
            passes,
            rule: denial.rule().map(str::to_owned),
            message: denial
                .denial()
                .and_then(|denial| denial.message.as_deref())
                .map(str::to_owned),
        });
    }
}
