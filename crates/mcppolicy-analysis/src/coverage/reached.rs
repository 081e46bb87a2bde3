//! Which points recorded calls reach.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::points::{self, Boundary, Kind, Point, Site};
use crate::replay::expect::Cursor;
use crate::suite::{Baseline, SuiteCall};
use mcppolicy_engine::engine::{Decision, Engine, Kind as Step, Lookup, ValueRef};
use mcppolicy_engine::policy::{Condition, Limit, Policy, Rule, Test, ToolRules, Window};
use mcppolicy_engine::time::Time;
use mcppolicy_engine::value::Value;
use mcppolicy_trace::timeline::Timeline;
use mcppolicy_trace::trace::{Grant, RecordedArguments, RecordedRequest};

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
        let list = if is_asserted { &mut self.asserted } else { &mut self.seen };
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
                if asserted == [true, true] && matches!(expectation, Some(e) if is_each(e)) {
                    break;
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

fn is_each(expectation: &mcppolicy_trace::trace::Expectation) -> bool {
    matches!(expectation, mcppolicy_trace::trace::Expectation::Each(_))
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
    policy: &'p Policy,
    points: &'p [Point],
    by_site: HashMap<(String, Kind), usize>,
    tools: HashMap<&'p str, usize>,
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

    fn point(&self, pointer: &str, kind: Kind) -> Option<usize> {
        self.by_site.get(&(pointer.to_owned(), kind)).copied()
    }

    fn mark(&mut self, point: Option<usize>, call: usize, is_asserted: bool) {
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
                Some(tool) => self.policy.tools.get(*tool).and_then(|rules| {
                    self.point(&rules.pointer, Kind::Allowed)
                }),
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
            arguments: RecordedArguments::Known(arguments),
        } = &call.call.request
        else {
            return facts;
        };
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
        if !rules.limits.iter().all(|limit| is_countable(limit, arguments)) {
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
        for boundary in [
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
            if let Some(point) = self.point(&condition.pointer, Kind::Boundary(boundary))
                && has(condition, boundary, value)
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
        for condition in rules.require.iter().chain(&rules.deny_if).flat_map(|r| &r.conditions) {
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

    /// The points of limits: what the counters hold, call by call.
    fn limits(&mut self, engine: &Engine, baseline: &Baseline<'_, '_>) {
        let policy = self.policy;
        let is_asked = |point: &Point| matches!(point.kind, Kind::Fills | Kind::Exceeds);
        if !self.points.iter().any(is_asked) {
            return;
        }
        let suite = baseline.suite;
        let mut trace = None;
        let mut timeline = Timeline::new(engine, suite.lateness());
        let mut refused = Refused::default();
        for (at, call) in suite.calls.iter().enumerate() {
            if trace != Some(call.trace) {
                trace = Some(call.trace);
                timeline = Timeline::new(engine, suite.lateness());
                refused = Refused::default();
            }
            let own = call.call.tool().and_then(|tool| self.tools.get(tool));
            let own = own.and_then(|tool| policy.tools.get(*tool));
            let limits: Vec<&Limit> = own
                .into_iter()
                .flat_map(|rules| &rules.limits)
                .chain(&policy.all_tools)
                .collect();
            let Some(verdict) = baseline.verdict(call.request) else {
                continue;
            };
            let mut cursor = Cursor::default();
            for index in 0..call.call.repeat {
                let step = timeline.apply_limits(call.trace, &call.call, index, verdict);
                let expectation = call.call.expect.as_ref();
                let is_asserted = expectation.is_some_and(|e| cursor.next(e).is_some());
                let Some(time) = call.call.time_of(index) else {
                    continue;
                };
                if limits.is_empty() || call.call.grant == Grant::Unknown {
                    continue;
                }
                let seen = Seen {
                    at,
                    time,
                    call,
                    is_asserted,
                };
                match step.decision {
                    Decision::Allow => {
                        let used = timeline.usage(call.trace, &call.call, index);
                        for limit in &limits {
                            let own = used.iter().find(|used| used.rule == limit.pointer);
                            let is_full = own.is_some_and(|used| {
                                used.used.low == limit.max.value && used.used.high == used.used.low
                            });
                            self.passed(&seen, limit, is_full, &refused);
                        }
                    }
                    Decision::Deny(denial) if denial.kind == Some(Step::Limit) => {
                        let limit = limits.iter().find(|l| Some(l.pointer.as_str()) == denial.rule);
                        if let Some(limit) = limit {
                            self.exceeded(&seen, limit, &mut refused);
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    fn passed(&mut self, seen: &Seen<'_>, limit: &Limit, is_full: bool, refused: &Refused) {
        let mut reached = Vec::new();
        if is_full {
            reached.push(Kind::Fills);
        }
        let start = window_of(limit.window.value, seen.time);
        let grant = &seen.call.call.grant;
        if let Some(windows) = refused.0.get(&limit.pointer) {
            for (window, grants) in windows {
                if *window < start && grants.contains(grant) {
                    reached.push(Kind::NextWindow);
                }
                if *window == start && grants.iter().any(|other| other != grant) {
                    reached.push(Kind::OtherGrant);
                }
            }
        }
        for kind in reached {
            let point = self.point(&limit.pointer, kind);
            self.mark(point, seen.at, seen.is_asserted);
        }
    }

    fn exceeded(&mut self, seen: &Seen<'_>, limit: &Limit, refused: &mut Refused) {
        let arguments = match &seen.call.call.request {
            RecordedRequest::Tool {
                arguments: RecordedArguments::Known(arguments),
                ..
            } => Some(arguments),
            _ => None,
        };
        let is_counted = match (&limit.increment_from, arguments) {
            (None, _) => true,
            (Some(path), Some(arguments)) => amount(arguments.at(&path.value)).is_some(),
            (Some(_), None) => false,
        };
        if !is_counted {
            return;
        }
        let start = window_of(limit.window.value, seen.time);
        let windows = refused.0.entry(limit.pointer.clone()).or_default();
        let grants = windows.entry(start).or_default();
        grants.insert(seen.call.call.grant.clone());
        let point = self.point(&limit.pointer, Kind::Exceeds);
        self.mark(point, seen.at, seen.is_asserted);
    }
}

/// The grants that each limit has refused, by the start of the window.
#[derive(Default)]
struct Refused(HashMap<String, BTreeMap<i64, BTreeSet<Grant>>>);

/// One decided repetition of a call.
struct Seen<'c> {
    at: usize,
    time: Time,
    call: &'c SuiteCall,
    is_asserted: bool,
}

fn window_of(window: Window, time: Time) -> i64 {
    time.seconds().div_euclid(window.seconds())
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

/// What a limit adds up of a value, as the engine does.
fn amount(value: ValueRef<'_>) -> Option<f64> {
    match value {
        ValueRef::Number(number) if number >= 0.0 => Some(number.ceil()),
        _ => None,
    }
}

/// Whether a first call fits.
fn is_countable(limit: &Limit, arguments: &Value) -> bool {
    limit.increment_from.as_ref().is_none_or(|path| {
        let amount = amount(arguments.at(&path.value));
        amount.is_some_and(|amount| amount <= limit.max.value as f64)
    })
}

/// Whether a value is on that side of a condition.
pub(super) fn has(condition: &Condition, boundary: Boundary, value: ValueRef<'_>) -> bool {
    let holds = || condition.test.holds(value);
    let is_equal = || match &condition.test {
        Test::Eq(_) | Test::In(_) => holds(),
        _ => value != ValueRef::Missing && !holds(),
    };
    let is_same_type = || points_of_type(&condition.test, value);
    match boundary {
        Boundary::At => {
            matches!((&condition.test, value), (Test::Compare(_, bound), ValueRef::Number(n)) if n == *bound)
        }
        Boundary::Beside => match (&condition.test, value) {
            (Test::Compare(comparison, bound), ValueRef::Number(number)) => {
                // Without a schema either neighbour counts.
                [false, true].into_iter().any(|is_whole| {
                    let is_allowed = !is_whole || bound.fract() == 0.0;
                    is_allowed && number == points::beside(*comparison, *bound, is_whole)
                })
            }
            _ => false,
        },
        Boundary::Member => is_equal(),
        Boundary::Stranger => is_same_type() && !is_equal(),
        Boundary::Match => holds(),
        Boundary::NearMiss => is_same_type() && !holds(),
        Boundary::Missing => value == ValueRef::Missing,
        Boundary::Null => value == ValueRef::Null,
        Boundary::OtherType => {
            !matches!(value, ValueRef::Missing | ValueRef::Null) && !is_same_type()
        }
    }
}

/// The kinds of values that a test compares with.
pub(super) fn kinds_of(test: &Test) -> Vec<crate::region::Kind> {
    use crate::region::Kind as K;
    match test {
        Test::Compare(..) => vec![K::Number],
        Test::Regex(_) => vec![K::String],
        Test::Contains(Value::String(_)) => vec![K::String, K::Array],
        Test::Contains(_) => vec![K::Array],
        Test::Exists(_) => K::ALL.to_vec(),
        Test::Eq(value) | Test::Neq(value) => vec![K::of(ValueRef::from(value))],
        Test::In(values) | Test::NotIn(values) => {
            let mut kinds: Vec<K> = values.iter().map(|v| K::of(ValueRef::from(v))).collect();
            kinds.sort();
            kinds.dedup();
            kinds
        }
    }
}

fn points_of_type(test: &Test, value: ValueRef<'_>) -> bool {
    kinds_of(test).contains(&crate::region::Kind::of(value))
}
