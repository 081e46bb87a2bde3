//! What no recorded call reaches: the proof that none can, or the call that does.

use super::boundary::{self, Boundary};
use super::points::{self, Kind, Point, Site};
use super::prove_limits;
use super::prover::{Proof, Prover};
use super::reached::Mark;
use super::{Covered, Options, Status};
use crate::compare::arguments::Arguments;
use crate::elements;
use crate::mutate;
use crate::region::{Answer, Literal};
use crate::replay::parallel;
use crate::specimen::{self, paths};
use mcppolicy_engine::engine::{Kind as Step, Lookup};
use mcppolicy_engine::policy::{Condition, Policy, Rule, ToolRules};
use mcppolicy_engine::value::Value;

/// The status of every point, in order.
pub(super) fn settle(
    prover: &Prover<'_>,
    points: Vec<Point>,
    marks: Vec<Mark>,
    options: &Options,
) -> Vec<Covered> {
    let mut left = options.work;
    let mut waiting = points.into_iter().zip(marks).map(|(point, mark)| {
        let rest = match mark.asserted.is_empty() {
            true => left.checked_sub(cost(prover.policy, &point)),
            false => Some(left),
        };
        left = rest.unwrap_or(0);
        (point, mark, rest.is_some())
    });
    let mut settled = Vec::new();
    let mut state = (&mut waiting, &mut settled);
    let done = parallel::in_order(
        options.threads,
        &mut state,
        |(waiting, _)| {
            let chunk: Vec<(Point, Mark, bool)> = waiting.take(CHUNK).collect();
            Ok((!chunk.is_empty()).then_some(chunk))
        },
        |chunk| {
            let each = chunk.into_iter();
            let each =
                each.map(|(point, mark, is_affordable)| prover.settled(point, mark, is_affordable));
            each.collect::<Vec<_>>()
        },
        |(_, settled), done| settled.extend(done),
    );
    // Nothing here reads an input that could fail.
    debug_assert!(done.is_ok());
    settled
}

/// How many decisions an element of a tool is worth in a proof.
const ELEMENT: u64 = 20;

/// How many points a thread takes at once.
const CHUNK: usize = 16;

/// About what it costs to prove something of a point, in decisions.
pub(super) fn cost(policy: &Policy, point: &Point) -> u64 {
    let of_tool = |tool: usize| policy.tools.get(tool).map_or(1, elements::size);
    let elements = match &point.site {
        Site::Default | Site::Hide(_) => 1,
        Site::AllTools(_) => policy.tools.iter().map(elements::size).sum(),
        Site::Tool(tool)
        | Site::Rule(tool, ..)
        | Site::Condition(tool, ..)
        | Site::Limit(tool, _)
        | Site::Region(tool, _) => of_tool(*tool),
    };
    ELEMENT.saturating_mul(elements)
}

impl Prover<'_> {
    fn settled(&self, point: Point, mark: Mark, is_affordable: bool) -> Covered {
        let covered = |status, by, witness| Covered {
            point: point.clone(),
            status,
            by,
            witness,
        };
        if !mark.asserted.is_empty() {
            return covered(Status::Covered, mark.asserted, Vec::new());
        }
        let is_seen = !mark.seen.is_empty();
        let proof = match is_affordable {
            true => self.prove(&point),
            false => Proof::Undetermined,
        };
        match proof {
            Proof::Reached(witness) if is_seen => covered(Status::Seen, mark.seen, witness),
            Proof::Reached(witness) => covered(Status::Uncovered, Vec::new(), witness),
            // What has been seen is no doubt feasible.
            _ if is_seen => covered(Status::Seen, mark.seen, Vec::new()),
            Proof::Infeasible => covered(Status::Infeasible, Vec::new(), Vec::new()),
            Proof::Undetermined => covered(Status::Undetermined, Vec::new(), Vec::new()),
        }
    }

    fn prove(&self, point: &Point) -> Proof {
        match (&point.site, point.kind) {
            (Site::Default, _) => self.default(),
            (Site::Hide(at), _) => self.hidden(*at),
            (Site::AllTools(at), kind) => prove_limits::of_all_tools(self, *at, kind),
            (Site::Limit(tool, at), kind) => match self.visible(*tool) {
                Some(rules) => prove_limits::of_tool(self, rules, *at, kind),
                None => Proof::Infeasible,
            },
            (Site::Tool(tool), _) => self.sharp(*tool, self.required(*tool), |tool, also| {
                tool.accepted(also)
            }),
            (Site::Rule(tool, step, at), Kind::Decides) => {
                self.of_tool(*tool, |tool, also| decided_by(tool, *step, *at, also))
            }
            (Site::Rule(tool, Step::Require, _), _) => {
                self.sharp(*tool, self.required(*tool), |tool, also| {
                    tool.accepted(also)
                })
            }
            (Site::Rule(tool, step, at), _) => {
                let wanted = self
                    .rule(*tool, *step, *at)
                    .map(|rule| (rule.conditions.as_slice(), false));
                self.sharp(*tool, self.apart(*tool, wanted), |tool, also| {
                    tool.alone(*step, *at, None, also)
                })
            }
            (Site::Condition(tool, step, rule, at), Kind::Boundary(boundary)) => {
                self.boundary(*tool, (*step, *rule, *at), boundary)
            }
            (Site::Condition(tool, step, rule, at), _) => {
                let own = self.rule(*tool, *step, *rule);
                let own = own.and_then(|rule| rule.conditions.get(*at));
                let wanted = own.map(|own| (std::slice::from_ref(own), true));
                self.sharp(*tool, self.apart(*tool, wanted), |tool, also| {
                    tool.alone(*step, *rule, Some(*at), also)
                })
            }
            (Site::Region(tool, Some(truths)), _) => {
                let rules = self.policy.tools.get(*tool);
                self.of_tool(*tool, |arguments, also| {
                    let literals =
                        rules.map_or_else(Vec::new, |rules| points::distinct(rules, arguments));
                    let mut held = points::held(&literals, truths);
                    held.extend(also);
                    arguments.example(&held)
                })
            }
            (Site::Region(_, None), _) => Proof::Undetermined,
        }
    }

    /// The rules of a tool, unless it is hidden.
    fn visible(&self, tool: usize) -> Option<&ToolRules> {
        let rules = self.policy.tools.get(tool)?;
        (!self.engine.hides(&rules.name)).then_some(rules)
    }

    fn default(&self) -> Proof {
        if self.policy.hide.iter().any(|entry| entry.value == "*") {
            return Proof::Infeasible;
        }
        let name = self.unlisted();
        Proof::Reached(vec![self.call(&name, Value::empty_object(), &[])])
    }

    fn hidden(&self, at: usize) -> Proof {
        let Some(entry) = self.policy.hide.get(at) else {
            return Proof::Infeasible;
        };
        let name = match entry.value.as_str() {
            "*" => {
                let is_new = |name: &&str| self.policy.hidden_by(name).is_some_and(|e| e.0 == at);
                let listed = self.policy.tools.iter().map(|rules| rules.name.as_str());
                let found = listed.into_iter().find(is_new);
                found.map_or_else(|| self.unlisted(), str::to_owned)
            }
            name => name.to_owned(),
        };
        match self.policy.hidden_by(&name) {
            Some((deciding, _)) if deciding == at => {
                Proof::Reached(vec![self.call(&name, Value::empty_object(), &[])])
            }
            _ => Proof::Infeasible,
        }
    }

    fn rule(&self, tool: usize, step: Step, at: usize) -> Option<&Rule> {
        let rules = self.policy.tools.get(tool)?;
        match step {
            Step::Require => rules.require.get(at),
            _ => rules.deny_if.get(at),
        }
    }

    /// What tells all required conditions of a tool from their neighbours.
    fn required(&self, tool: usize) -> Vec<(Condition, bool)> {
        let rules = self.policy.tools.get(tool);
        let required = rules
            .map(|rules| rules.require.as_slice())
            .unwrap_or_default();
        let each = required
            .iter()
            .map(|rule| (rule.conditions.as_slice(), false));
        self.apart(tool, each)
    }

    /// The neighbours of conditions, each with the truth that tells it from its
    /// condition: the opposite of the condition's own.
    fn apart<'c>(
        &self,
        tool: usize,
        conditions: impl IntoIterator<Item = (&'c [Condition], bool)>,
    ) -> Vec<(Condition, bool)> {
        let listed = self.policy.tools.get(tool);
        let listed = listed.and_then(|rules| self.listed(&rules.name));
        let mut apart = Vec::new();
        for (conditions, truth) in conditions {
            for condition in conditions {
                let left = MOST_APART.saturating_sub(apart.len());
                let neighbours = mutate::neighbours(condition, listed).into_iter();
                apart.extend(neighbours.take(left).map(|other| (other, truth)));
            }
        }
        apart
    }

    /// The answer to a question about one tool's arguments, by a call that its
    /// schema admits where there is one.
    fn of_tool(
        &self,
        tool: usize,
        question: impl Fn(&mut Arguments<'_>, &[Literal]) -> Answer,
    ) -> Proof {
        self.sharp(tool, Vec::new(), question)
    }

    /// The same by a call that also has as many as it can of the truths in
    /// `apart`.
    fn sharp(
        &self,
        tool: usize,
        apart: Vec<(Condition, bool)>,
        question: impl Fn(&mut Arguments<'_>, &[Literal]) -> Answer,
    ) -> Proof {
        let Some(rules) = self.visible(tool) else {
            return Proof::Infeasible;
        };
        let paths = paths(rules);
        let mut arguments = Arguments::new(Some(rules), self.budget);
        if let Some(listed) = self.listed(&rules.name) {
            let also = specimen::admitted(listed, &paths, arguments.space());
            let is_admitted = |found: &Value| specimen::may_admit(listed, &paths, found);
            if let Answer::Witness(found) = question(&mut arguments, &also)
                && is_admitted(&found)
            {
                let found = sharpened(&mut arguments, also, found, &apart, &question, is_admitted);
                return Proof::Reached(vec![self.call(&rules.name, found, &paths)]);
            }
        }
        match question(&mut arguments, &[]) {
            Answer::Empty => Proof::Infeasible,
            Answer::Unknown(_) => Proof::Undetermined,
            Answer::Witness(found) => {
                let any = |_: &Value| true;
                let found = sharpened(&mut arguments, Vec::new(), found, &apart, &question, any);
                Proof::Reached(vec![self.call(&rules.name, found, &paths)])
            }
        }
    }

    /// A value on that side of a condition, on which the decision hangs: the
    /// condition holds and the rule decides, or it is the only one that does not.
    fn boundary(
        &self,
        tool: usize,
        (step, rule, at): (Step, usize, usize),
        side: Boundary,
    ) -> Proof {
        let condition = self.policy.tools.get(tool).and_then(|rules| {
            let list: &[Rule] = match step {
                Step::Require => &rules.require,
                _ => &rules.deny_if,
            };
            list.get(rule)?.conditions.get(at)
        });
        let Some(condition) = condition else {
            return Proof::Infeasible;
        };
        let listed = self
            .policy
            .tools
            .get(tool)
            .and_then(|rules| self.listed(&rules.name));
        let is_whole = boundary::is_whole(condition, listed);
        let mut is_undetermined = false;
        for holds in [true, false] {
            let proof = self.of_tool(tool, |arguments, also| {
                let mut literals = also.to_vec();
                literals.extend(boundary::side(condition, side, is_whole, arguments));
                let own = arguments.condition(condition);
                literals.push(if holds { own } else { !own });
                match (holds, step) {
                    (true, Step::Require) => arguments.accepted(&literals),
                    (true, _) => arguments.alone(step, rule, None, &literals),
                    (false, _) => arguments.alone(step, rule, Some(at), &literals),
                }
            });
            match proof {
                Proof::Reached(calls) => {
                    let is_there = calls.iter().all(|call| {
                        let value = call.call.arguments.at(&condition.path.value);
                        boundary::has(condition, side, value)
                    });
                    debug_assert!(is_there, "{side:?} of {}", condition.pointer);
                    return Proof::Reached(calls);
                }
                Proof::Undetermined => is_undetermined = true,
                Proof::Infeasible => {}
            }
        }
        if is_undetermined {
            Proof::Undetermined
        } else {
            Proof::Infeasible
        }
    }
}

/// So many neighbours of conditions a call is told from.
const MOST_APART: usize = 64;

/// The witness `found`, or one that has more of the truths in `apart`: each is
/// kept that leaves a witness.
fn sharpened(
    arguments: &mut Arguments<'_>,
    mut also: Vec<Literal>,
    mut found: Value,
    apart: &[(Condition, bool)],
    question: impl Fn(&mut Arguments<'_>, &[Literal]) -> Answer,
    is_admitted: impl Fn(&Value) -> bool,
) -> Value {
    for (condition, truth) in apart {
        let own = arguments.condition(condition);
        let literal = if *truth { own } else { !own };
        also.push(literal);
        if arguments.space().holds(literal, &found) {
            continue;
        }
        match question(arguments, &also) {
            Answer::Witness(better) if is_admitted(&better) => found = better,
            _ => drop(also.pop()),
        }
    }
    found
}

/// Where a rule of a tool decides, with more to hold.
fn decided_by(arguments: &mut Arguments<'_>, step: Step, at: usize, also: &[Literal]) -> Answer {
    // What makes no other difference is read more easily.
    match arguments.alone(step, at, None, also) {
        Answer::Witness(found) => Answer::Witness(found),
        _ if also.is_empty() => arguments.decided_by(step, at),
        other => other,
    }
}
