//! Repairs: the edits that findings offer, applied to a policy's text.
//!
//! Text and findings in, text out; nothing here reads or writes a file. Every
//! byte that no edit names stays as it is, line endings included. What an edit
//! does to a policy is not taken from the rule that offers it: the two policies
//! are compared ([`crate::compare`]), and only what keeps its promise is applied. A
//! safe fix has to be `equivalent`, an unsafe one `tightened` or better. Of a
//! file that is not valid nothing can be proved, so its repairs are unsafe, and
//! are kept when they take their problem away.

mod edits;
mod layout;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

use crate::compare::{self, Verdict};
use crate::finding::{Finding, RuleId};
use crate::region::Budget;
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::problem::{Applicability, Fix};
use mcppolicy_engine::source::SourceMap;

/// Each round applies or refuses something, so this many are not reached in
/// practice; they prove that fixing ends.
const MOST_ROUNDS: usize = 200;

/// What became of a policy's text.
#[derive(Debug, Clone, PartialEq)]
pub struct Fixed {
    /// The repaired text; the same as before when nothing was applied.
    pub text: String,
    /// What was applied, in the order of its application.
    pub applied: Vec<Repair>,
    /// What was offered and does not do what it promises.
    pub refused: Vec<Refused>,
}

/// A fix that was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repair {
    /// The rule that offered it.
    pub rule: RuleId,
    /// Where its finding was, at the time.
    pub pointer: String,
    /// What its finding said.
    pub message: String,
    /// How the policy compares with the one before; `None` where the file was not
    /// valid, so that nothing could be proved.
    pub proved: Option<Verdict>,
}

/// A fix that was not applied although it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The rule that offered it.
    pub rule: RuleId,
    /// Where its finding is.
    pub pointer: String,
    /// What its finding says.
    pub message: String,
    /// What it would have done.
    pub why: Why,
}

/// Why a fix was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The policy would be this, and that is not what the fix promises.
    Verdict(Verdict),
    /// The file would not be valid, or still have the problem.
    NoRepair,
}

/// Applies the fixes that the findings offer, up to `most`, until none is left.
///
/// `lint` finds what is wrong with a valid policy; it is called again after
/// every round. Problems of an invalid one are found here.
pub fn fix(
    name: &str,
    text: &str,
    most: Applicability,
    lint: &dyn Fn(&str, &Policy) -> Vec<Finding>,
) -> Fixed {
    let mut fixer = Fixer {
        name,
        lint,
        refused: HashSet::new(),
        written: HashSet::new(),
        fixed: Fixed {
            text: text.to_owned(),
            applied: Vec::new(),
            refused: Vec::new(),
        },
    };
    let mut state = fixer.read(text.to_owned());
    for _ in 0..MOST_ROUNDS {
        let mut batch = fixer.batch(&state, Applicability::Safe);
        if batch.is_empty() && most == Applicability::Unsafe {
            batch = fixer.batch(&state, Applicability::Unsafe);
        }
        if batch.is_empty() {
            break;
        }
        state = fixer.attempt(state, &batch);
    }
    fixer.fixed.text = state.text;
    fixer.fixed
}

/// A text and what is to be said of it.
struct State {
    text: String,
    /// The policy, when it is valid.
    policy: Option<Policy>,
    findings: Vec<Finding>,
    /// Whether there is a tree at all.
    parses: bool,
}

/// A finding's fix, to be applied with others.
struct Candidate {
    finding: Finding,
    fix: Fix,
}

/// The identity of an offer.
type Offer = (RuleId, String, String);

struct Fixer<'a> {
    name: &'a str,
    lint: &'a dyn Fn(&str, &Policy) -> Vec<Finding>,
    /// The offers that were refused.
    refused: HashSet<Offer>,
    /// What was written where, to write nothing a second time.
    written: HashSet<(String, Vec<String>)>,
    fixed: Fixed,
}

fn offer(finding: &Finding) -> Offer {
    let (pointer, message) = (finding.pointer.clone(), finding.message.clone());
    (finding.rule, pointer, message)
}

/// What a fix writes, and where; nothing when it only takes away. A fix that
/// left its finding standing would write the same again, without end.
fn written(finding: &Finding, fix: &Fix) -> Option<(String, Vec<String>)> {
    let texts: Vec<String> = fix.edits.iter().map(|edit| edit.text.clone()).collect();
    let adds = texts.iter().any(|text| !text.is_empty());
    adds.then(|| (finding.pointer.clone(), texts))
}

impl Fixer<'_> {
    fn read(&self, text: String) -> State {
        let mut map = SourceMap::new();
        match Policy::load(&mut map, self.name, text.as_bytes()) {
            Ok(policy) => State {
                findings: (self.lint)(&text, &policy),
                parses: true,
                policy: Some(policy),
                text,
            },
            Err(invalid) => State {
                parses: invalid.is_json(),
                findings: invalid
                    .into_problems()
                    .into_iter()
                    .map(Finding::from)
                    .collect(),
                policy: None,
                text,
            },
        }
    }

    /// The fixes of one kind that can be applied at once, in the order of the
    /// findings; what overlaps an earlier one waits for the next round.
    fn batch(&self, state: &State, kind: Applicability) -> Vec<Candidate> {
        let mut batch: Vec<Candidate> = Vec::new();
        let mut taken = edits::Taken::default();
        for finding in &state.findings {
            let Some(fix) = finding.fix.as_ref().filter(|fix| fix.applicability == kind) else {
                continue;
            };
            let is_new = !self.refused.contains(&offer(finding))
                && written(finding, fix).is_none_or(|text| !self.written.contains(&text));
            if is_new && taken.take(&fix.edits) {
                batch.push(Candidate {
                    finding: finding.clone(),
                    fix: fix.clone(),
                });
            }
        }
        batch
    }

    /// Applies a batch, or as much of its beginning as keeps its promise; the
    /// rest is left to a later round, when its places are known again.
    fn attempt(&mut self, state: State, batch: &[Candidate]) -> State {
        match self.judge(&state, batch) {
            Ok((next, proved)) => {
                let applied = batch.iter().map(|candidate| Repair {
                    rule: candidate.finding.rule,
                    pointer: candidate.finding.pointer.clone(),
                    message: candidate.finding.message.clone(),
                    proved,
                });
                self.fixed.applied.extend(applied);
                self.written.extend(
                    batch
                        .iter()
                        .filter_map(|candidate| written(&candidate.finding, &candidate.fix)),
                );
                next
            }
            Err(why) => match batch {
                [only] => {
                    let (rule, pointer, message) = offer(&only.finding);
                    self.refused
                        .insert((rule, pointer.clone(), message.clone()));
                    self.fixed.refused.push(Refused {
                        rule,
                        pointer,
                        message,
                        why,
                    });
                    state
                }
                _ => match batch.split_at_checked(batch.len() / 2) {
                    Some((first, _)) if !first.is_empty() => self.attempt(state, first),
                    _ => state,
                },
            },
        }
    }

    /// The text with all edits of a batch, if that is what they promise.
    fn judge(&self, state: &State, batch: &[Candidate]) -> Result<(State, Option<Verdict>), Why> {
        let all = batch.iter().flat_map(|candidate| &candidate.fix.edits);
        let text = edits::apply(&state.text, all).ok_or(Why::NoRepair)?;
        let next = self.read(text);
        let Some(old) = &state.policy else {
            return if next.parses && repaired(&next, batch) {
                Ok((next, None))
            } else {
                Err(Why::NoRepair)
            };
        };
        let new = next.policy.as_ref().ok_or(Why::NoRepair)?;
        let comparison = compare::policies(old, new, &Budget::default());
        if comparison.undetermined {
            return Err(Why::Verdict(Verdict::Undetermined));
        }
        let verdict = comparison.verdict;
        let is_kept = batch
            .iter()
            .all(|candidate| match candidate.fix.applicability {
                Applicability::Safe => verdict == Verdict::Equivalent,
                Applicability::Unsafe => {
                    matches!(verdict, Verdict::Equivalent | Verdict::Tightened)
                }
            });
        if is_kept {
            Ok((next, Some(verdict)))
        } else {
            Err(Why::Verdict(verdict))
        }
    }
}

/// Whether the problems of a batch are gone.
fn repaired(next: &State, batch: &[Candidate]) -> bool {
    let left: HashSet<Offer> = match next.policy {
        Some(_) => return true,
        None => next.findings.iter().map(offer).collect(),
    };
    batch
        .iter()
        .all(|candidate| !left.contains(&offer(&candidate.finding)))
}
