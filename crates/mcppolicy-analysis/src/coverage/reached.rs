//! Which points recorded calls reach.

use std::collections::HashMap;

use super::boundary::{self, Boundary};
use super::points::{Kind, Point, Site};
use crate::replay::expect::Cursor;
use crate::suite::{Baseline, SuiteCall};
use mcppolicy_engine::engine::{Decision, Engine, Kind as Step, Lookup};
use mcppolicy_engine::policy::{Condition, Limit, Policy, Rule, ToolRules};
use mcppolicy_engine::value::Value;
use mcppolicy_trace::trace::{RecordedArguments, RecordedRequest};

/// The first calls that reach a point.
#[derive(Debug, Clone, Default)]
pub(super) struct Mark {
    /// With an expectation.
    pub asserted: Vec<usize>,
    /// Without one.
    pub seen: Vec<usize>,
}

/// So many calls are named for a point.
const MOST_CALLS: usize = 3;

impl Mark {
    fn add(&mut self, call: usize, is_asserted: bool) {
        let list = if is_asserted {
            &mut self.asserted
        } else {
            &mut self.seen
        };
        if list.len() < MOST_CALLS && list.last() != Some(&call) {
            list.push(call);
        }
    }
}

/// The mark of each point.
pub(super) fn marks(
    policy: &Policy,
    engine: &Engine,
    baseline: &Baseline<'_, '_>,
    points: &[Point],
) -> Vec<Mark> {
    let mut reached = Reached::new(policy, points);
    reached.look_at(engine, baseline);
    reached.marks
}

/// Marks what the calls of a baseline reach.
fn look_at(reached: &mut Reached<'_>, engine: &Engine, baseline: &Baseline<'_, '_>) {
    let mut facts: HashMap<usize, Facts> = HashMap::new();
    let suite = baseline.suite;
    for (at, call) in suite.calls.iter().enumerate() {
        let own = facts
            .entry(call.request)
            .or_insert_with(|| reached.facts(call));
        let mut cursor = Cursor::default();
        for (decision, times) in baseline.decisions(at) {
            let expectation = call.call.expect.as_ref();
            let mut asserted = [false; 2];
            for _ in 0..*times {
                let is_asserted = expectation.is_some_and(|e| cursor.next(e).is_some());
                if let Some(found) = asserted.get_mut(usize::from(is_asserted)) {
                    *found = true;
                }
            }
            for (is_asserted, happens) in [(false, asserted[0]), (true, asserted[1])] {
                if happens {
                    reached.decided(at, call, own, decision, is_asserted);
                }
            }
        }
    }
    reached.limits(engine, baseline);
}

/// What the rules of its tool make of a request, whatever the counters hold.
#[derive(Debug, Default)]
struct Facts {
    /// Points that it reaches when it is allowed.
    allowed: Vec<usize>,
    /// Points that it reaches when it is refused by a rule.
    refused: Vec<usize>,
    /// The point of its region, reached in any case.
    region: Option<usize>,
}

pub(super) struct Reached<'p> {
    pub(super) policy: &'p Policy,
    pub(super) points: &'p [Point],
    by_site: HashMap<(String, Kind), usize>,
    pub(super) tools: HashMap<&'p str, usize>,
    /// The regions of each tool.
    regions: HashMap<(usize, Vec<bool>), usize>,
    pub marks: Vec<Mark>,
}

impl<'p> Reached<'p> {
    pub fn new(policy: &'p Policy, points: &'p [Point]) -> Reached<'p> {
        let mut by_site = HashMap::new();
        let mut regions = HashMap::new();
        for (at, point) in points.iter().enumerate() {
            match &point.site {
                Site::Region(tool, Some(truths)) => {
                    regions.insert((*tool, truths.clone()), at);
                }
                _ => {
                    by_site.insert((point.pointer.clone(), point.kind), at);
                }
            }
        }
        let tools = policy.tools.iter().enumerate();
        Reached {
            policy,
            points,
            by_site,
            tools: tools.map(|(at, rules)| (rules.name.as_str(), at)).collect(),
            regions,
            marks: vec![Mark::default(); points.len()],
        }
    }

    /// Marks what the calls of a baseline reach.
    pub fn look_at(&mut self, engine: &Engine, baseline: &Baseline<'_, '_>) {
        look_at(self, engine, baseline);
    }

    pub(super) fn point(&self, pointer: &str, kind: Kind) -> Option<usize> {
        self.by_site.get(&(pointer.to_owned(), kind)).copied()
    }

    pub(super) fn mark(&mut self, point: Option<usize>, call: usize, is_asserted: bool) {
        if let Some(mark) = point.and_then(|point| self.marks.get_mut(point)) {
            mark.add(call, is_asserted);
        }
    }

    fn decided(
        &mut self,
        at: usize,
        call: &SuiteCall,
        facts: &Facts,
        decision: &Decision<'_>,
        is_asserted: bool,
    ) {
        let reached: &[usize] = match decision {
            Decision::Allow => &facts.allowed,
            Decision::Deny(_) => &facts.refused,
            Decision::Undetermined(_) => return,
        };
        let deciding = match (decision, call.call.tool()) {
            (Decision::Allow, Some(tool)) => match self.tools.get(tool) {
                Some(tool) => self
                    .policy
                    .tools
                    .get(*tool)
                    .and_then(|rules| self.point(&rules.pointer, Kind::Allowed)),
                None => self.point("/default", Kind::Decides),
            },
            _ => decision
                .rule()
                .and_then(|rule| self.point(rule, Kind::Decides)),
        };
        let by_rule = matches!(
            decision.kind(),
            Some(Step::Allow | Step::Require | Step::DenyIf)
        );
        self.mark(deciding, at, is_asserted);
        if by_rule {
            for point in reached {
                self.mark(Some(*point), at, is_asserted);
            }
        }
        self.mark(facts.region, at, is_asserted);
    }

    fn facts(&self, call: &SuiteCall) -> Facts {
        let mut facts = Facts::default();
        let RecordedRequest::Tool {
            name: Some(name),
            arguments: RecordedArguments::Known(known),
        } = &call.call.request
        else {
            return facts;
        };
        let arguments = known.value();
        let Some(tool) = self.tools.get(name.as_str()) else {
            return facts;
        };
        if self.policy.hidden_by(name).is_some() {
            return facts;
        }
        let Some(rules) = self.policy.tools.get(*tool) else {
            return facts;
        };
        facts.region = self.region(*tool, rules, arguments);
        let failing: Vec<&Rule> = rules
            .require
            .iter()
            .filter(|rule| !holds(rule, arguments))
            .collect();
        let firing: Vec<&Rule> = rules
            .deny_if
            .iter()
            .filter(|rule| holds(rule, arguments))
            .collect();
        if !rules
            .limits
            .iter()
            .all(|limit| is_countable(limit, arguments))
        {
            return facts;
        }
        match (failing.as_slice(), firing.as_slice()) {
            ([], []) => {
                for rule in &rules.require {
                    facts.allowed.extend(self.point(&rule.pointer, Kind::Holds));
                    for condition in &rule.conditions {
                        self.values(condition, arguments, &mut facts.allowed);
                    }
                }
                for rule in &rules.deny_if {
                    if let Some(condition) = alone(rule, arguments) {
                        facts
                            .allowed
                            .extend(self.point(&condition.pointer, Kind::Alone));
                        self.values(condition, arguments, &mut facts.allowed);
                    }
                }
            }
            ([rule], []) => {
                if let Some(condition) = alone(rule, arguments) {
                    facts
                        .refused
                        .extend(self.point(&condition.pointer, Kind::Alone));
                    self.values(condition, arguments, &mut facts.refused);
                }
            }
            ([], [rule]) => {
                facts.refused.extend(self.point(&rule.pointer, Kind::Holds));
                for condition in &rule.conditions {
                    self.values(condition, arguments, &mut facts.refused);
                }
            }
            _ => {}
        }
        facts
    }

    /// The points of the value that a condition sees, which makes the decision.
    fn values(&self, condition: &Condition, arguments: &Value, into: &mut Vec<usize>) {
        let value = arguments.at(&condition.path.value);
        for side in [
            Boundary::At,
            Boundary::Beside,
            Boundary::Member,
            Boundary::Stranger,
            Boundary::Match,
            Boundary::NearMiss,
            Boundary::Missing,
            Boundary::Null,
            Boundary::OtherType,
        ] {
            if let Some(point) = self.point(&condition.pointer, Kind::Boundary(side))
                && boundary::has(condition, side, value)
            {
                into.push(point);
            }
        }
    }

    fn region(&self, tool: usize, rules: &ToolRules, arguments: &Value) -> Option<usize> {
        if self.regions.is_empty() {
            return None;
        }
        let mut seen: Vec<(String, &'static str, String)> = Vec::new();
        let mut truths = Vec::new();
        for condition in rules
            .require
            .iter()
            .chain(&rules.deny_if)
            .flat_map(|r| &r.conditions)
        {
            let path = condition.path.value.to_string();
            let test = &condition.test;
            let key = (path, test.operator(), test.operand().to_string());
            if !seen.contains(&key) {
                seen.push(key);
                truths.push(test.holds(arguments.at(&condition.path.value)));
            }
        }
        self.regions.get(&(tool, truths)).copied()
    }
}

fn holds(rule: &Rule, arguments: &Value) -> bool {
    let mut conditions = rule.conditions.iter();
    conditions.all(|condition| is_true(condition, arguments))
}

fn is_true(condition: &Condition, arguments: &Value) -> bool {
    condition.test.holds(arguments.at(&condition.path.value))
}

/// The only condition of a rule that does not hold.
fn alone<'r>(rule: &'r Rule, arguments: &Value) -> Option<&'r Condition> {
    let mut failing = rule.conditions.iter().filter(|c| !is_true(c, arguments));
    match (failing.next(), failing.next()) {
        (Some(alone), None) => Some(alone),
        _ => None,
    }
}

/// Whether a first call fits.
fn is_countable(limit: &Limit, arguments: &Value) -> bool {
    limit.increment_from.as_ref().is_none_or(|path| {
        let amount = arguments.at(&path.value).amount();
        amount.is_some_and(|amount| amount <= limit.max.value)
    })
}
