//! What no recorded call reaches: the proof that none can, or the call that does.

use std::num::NonZeroUsize;

use super::points::{self, Boundary, Kind, Point, Site};
use super::prove_limits;
use super::reached::{Mark, has, kinds_of};
use super::{Covered, Status, Step as Call};
use crate::compare::arguments::Arguments;
use crate::fresh::fresh_name;
use crate::inventory::{self, Inventory};
use crate::region::{Answer, Budget, Kind as ValueKind, Literal};
use crate::replay::parallel;
use crate::specimen::{self, paths};
use mcppolicy_engine::engine::{Engine, Kind as Step, Lookup};
use mcppolicy_engine::policy::{Comparison, Condition, Path, Policy, Rule, Test, ToolRules};
use mcppolicy_engine::value::Value;
use mcppolicy_trace::trace::WitnessCall;

/// What is known of a point that no call reaches.
pub(super) enum Proof {
    Infeasible,
    Undetermined,
    Reached(Vec<Call>),
}

/// Who calls in a witness.
pub(super) const GRANT: &str = "tester";

pub(super) struct Prover<'a> {
    pub policy: &'a Policy,
    pub engine: &'a Engine,
    pub inventory: Option<&'a Inventory>,
    pub budget: Budget,
}

/// The status of every point, in order.
pub(super) fn settle(
    prover: &Prover<'_>,
    points: Vec<Point>,
    marks: Vec<Mark>,
    threads: NonZeroUsize,
) -> Vec<Covered> {
    let mut waiting = points.into_iter().zip(marks);
    let mut settled = Vec::new();
    let mut state = (&mut waiting, &mut settled);
    let done = parallel::in_order(
        threads,
        &mut state,
        |(waiting, _)| {
            let chunk: Vec<(Point, Mark)> = waiting.take(CHUNK).collect();
            Ok((!chunk.is_empty()).then_some(chunk))
        },
        |chunk| {
            let each = chunk.into_iter();
            let each = each.map(|(point, mark)| prover.settled(point, mark));
            each.collect::<Vec<_>>()
        },
        |(_, settled), done| settled.extend(done),
    );
    // Nothing here reads an input that could fail.
    debug_assert!(done.is_ok());
    settled
}

/// How many points a thread takes at once.
const CHUNK: usize = 16;

impl Prover<'_> {
    fn settled(&self, point: Point, mark: Mark) -> Covered {
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
        match self.prove(&point) {
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
            (Site::Tool(tool), _) => self.of_tool(*tool, |tool, also| tool.accepted(also)),
            (Site::Rule(tool, step, at), Kind::Decides) => {
                self.of_tool(*tool, |tool, also| decided_by(tool, *step, *at, also))
            }
            (Site::Rule(tool, step, at), _) => self.of_tool(*tool, |tool, also| match step {
                Step::Require => tool.accepted(also),
                _ => tool.alone(*step, *at, None, also),
            }),
            (Site::Condition(tool, step, rule, at), Kind::Boundary(boundary)) => {
                self.boundary(*tool, (*step, *rule, *at), boundary)
            }
            (Site::Condition(tool, step, rule, at), _) => self.of_tool(*tool, |tool, also| {
                tool.alone(*step, *rule, Some(*at), also)
            }),
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

    /// A tool that the policy does not name; one of the server's where there is.
    pub(super) fn unlisted(&self) -> String {
        let is_named = |name: &str| {
            self.policy.tool(name).is_some()
                || self.policy.hide.iter().any(|entry| entry.value == name)
        };
        let of_server = self.inventory.and_then(|inventory| {
            inventory.names().find(|name| !is_named(name)).map(str::to_owned)
        });
        of_server.unwrap_or_else(|| fresh_name("unlisted_tool", is_named))
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

    /// A call of a tool, with what the server requires of its arguments.
    pub(super) fn call(&self, tool: &str, arguments: Value, decided: &[Path]) -> Call {
        let listed = self.inventory.and_then(|inventory| inventory.get(tool));
        let arguments = match listed {
            Some(listed) => specimen::completed(arguments, listed, decided),
            None => arguments,
        };
        Call {
            grant: GRANT,
            call: WitnessCall::new(tool, arguments),
        }
    }

    pub(super) fn listed(&self, tool: &str) -> Option<&inventory::Tool> {
        self.inventory.and_then(|inventory| inventory.get(tool))
    }

    /// The answer to a question about one tool's arguments, by a call that its
    /// schema admits where there is one.
    fn of_tool(
        &self,
        tool: usize,
        question: impl Fn(&mut Arguments<'_>, &[Literal]) -> Answer,
    ) -> Proof {
        let Some(rules) = self.visible(tool) else {
            return Proof::Infeasible;
        };
        let paths = paths(rules);
        let mut arguments = Arguments::new(Some(rules), self.budget);
        if let Some(listed) = self.listed(&rules.name) {
            let also = specimen::admitted(listed, &paths, arguments.space());
            if let Answer::Witness(found) = question(&mut arguments, &also)
                && specimen::may_admit(listed, &paths, &found)
            {
                return Proof::Reached(vec![self.call(&rules.name, found, &paths)]);
            }
        }
        match question(&mut arguments, &[]) {
            Answer::Empty => Proof::Infeasible,
            Answer::Unknown(_) => Proof::Undetermined,
            Answer::Witness(found) => {
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
        boundary: Boundary,
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
        let is_whole = points::is_whole(condition, listed);
        let mut is_undetermined = false;
        for holds in [true, false] {
            let proof = self.of_tool(tool, |arguments, also| {
                let mut literals = also.to_vec();
                literals.extend(side(condition, boundary, is_whole, arguments));
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
                        has(condition, boundary, value)
                    });
                    debug_assert!(is_there, "{:?} of {}", boundary, condition.pointer);
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

/// Where a rule of a tool decides, with more to hold.
fn decided_by(arguments: &mut Arguments<'_>, step: Step, at: usize, also: &[Literal]) -> Answer {
    // What makes no other difference is read more easily.
    match arguments.alone(step, at, None, also) {
        Answer::Witness(found) => Answer::Witness(found),
        _ if also.is_empty() => arguments.decided_by(step, at),
        other => other,
    }
}

/// That a value is on a side of a condition, as literals that all hold.
fn side(
    condition: &Condition,
    boundary: Boundary,
    is_whole: bool,
    arguments: &mut Arguments<'_>,
) -> Vec<Literal> {
    let path = &condition.path.value;
    let own = arguments.condition(condition);
    let space = arguments.space();
    let kinds = kinds_of(&condition.test);
    let equal = |value: f64| {
        let exactly = Test::Compare(Comparison::Gte, value);
        [exactly, Test::Compare(Comparison::Lte, value)]
    };
    let is_positive = matches!(condition.test, Test::Eq(_) | Test::In(_) | Test::Regex(_) | Test::Contains(_));
    match (boundary, &condition.test) {
        (Boundary::At, Test::Compare(_, bound)) => {
            equal(*bound).iter().map(|test| space.test(path, test)).collect()
        }
        (Boundary::Beside, Test::Compare(comparison, bound)) => {
            let value = points::beside(*comparison, *bound, is_whole);
            equal(value).iter().map(|test| space.test(path, test)).collect()
        }
        (Boundary::Member | Boundary::Match, _) if is_positive => vec![own],
        (Boundary::Member, _) => vec![!own, !space.kind(path, ValueKind::Missing)],
        (Boundary::Stranger | Boundary::NearMiss, _) => {
            let mut literals: Vec<Literal> = ValueKind::ALL
                .into_iter()
                .filter(|kind| !kinds.contains(kind))
                .map(|kind| !space.kind(path, kind))
                .collect();
            literals.push(if is_positive { !own } else { own });
            literals
        }
        (Boundary::Missing, _) => vec![space.kind(path, ValueKind::Missing)],
        (Boundary::Null, _) => vec![space.kind(path, ValueKind::Null)],
        (Boundary::OtherType, _) => kinds
            .into_iter()
            .chain([ValueKind::Missing, ValueKind::Null])
            .map(|kind| !space.kind(path, kind))
            .collect(),
        (Boundary::At | Boundary::Beside | Boundary::Match, _) => vec![own],
    }
}
