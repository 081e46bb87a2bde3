//! What a test of a policy can pin.

use crate::inventory::Inventory;
use mcppolicy_engine::engine::Kind as Step;
use mcppolicy_engine::policy::{DefaultDecision, Policy, Rule, ToolRules};
use mcppolicy_engine::source::Span;

use super::Options;
use super::boundary::{self, Boundary};
use crate::compare::arguments::Arguments;
use crate::region::{Answer, Literal};

/// Which kinds of points are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Criterion {
    /// Each rule, limit and entry decides, and each tool is allowed.
    Rules,
    /// Each condition alone turns a decision (unique-cause MC/DC).
    Conditions,
    /// Each limit counts to its end and starts anew.
    Limits,
    /// Values on both sides of each condition's bound.
    Boundaries,
    /// Each combination of a tool's conditions.
    Regions,
}

impl Criterion {
    /// Every criterion.
    pub const ALL: [Criterion; 5] = [
        Criterion::Rules,
        Criterion::Conditions,
        Criterion::Limits,
        Criterion::Boundaries,
        Criterion::Regions,
    ];

    /// Those that are looked at unless others are asked for.
    pub const USUAL: [Criterion; 3] = [Criterion::Rules, Criterion::Conditions, Criterion::Limits];

    /// The name on the command line and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Criterion::Rules => "rules",
            Criterion::Conditions => "conditions",
            Criterion::Limits => "limits",
            Criterion::Boundaries => "boundaries",
            Criterion::Regions => "regions",
        }
    }

    /// The criterion with a name.
    pub fn named(text: &str) -> Option<Criterion> {
        Criterion::ALL
            .into_iter()
            .find(|criterion| criterion.name() == text)
    }
}

/// What a point asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The element decides a call.
    Decides,
    /// A call of the tool passes.
    Allowed,
    /// All conditions of a rule hold, and that makes the decision.
    Holds,
    /// The condition is the only one that does not hold, and that makes the
    /// decision.
    Alone,
    /// A call passes and fills the limit.
    Fills,
    /// A call is one more than the limit.
    Exceeds,
    /// A call passes in a later window.
    NextWindow,
    /// A call of another grant passes in the full window.
    OtherGrant,
    /// The argument has such a value, and that makes the decision.
    Boundary(Boundary),
    /// The conditions of a tool are true and false like this.
    Region(u16),
}

impl Kind {
    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Decides => "decides",
            Kind::Allowed => "allow",
            Kind::Holds => "holds",
            Kind::Alone => "alone",
            Kind::Fills => "fills",
            Kind::Exceeds => "exceeds",
            Kind::NextWindow => "next-window",
            Kind::OtherGrant => "other-grant",
            Kind::Boundary(boundary) => boundary.name(),
            Kind::Region(_) => "region",
        }
    }

    /// The criterion that it belongs to.
    pub const fn criterion(self) -> Criterion {
        match self {
            Kind::Decides | Kind::Allowed => Criterion::Rules,
            Kind::Holds | Kind::Alone => Criterion::Conditions,
            Kind::Fills | Kind::Exceeds | Kind::NextWindow | Kind::OtherGrant => Criterion::Limits,
            Kind::Boundary(_) => Criterion::Boundaries,
            Kind::Region(_) => Criterion::Regions,
        }
    }
}

/// Something that a test can pin.
#[derive(Debug, Clone)]
pub struct Point {
    /// The element of the policy, as a JSON Pointer.
    pub pointer: String,
    /// That element's span in the policy's file.
    pub span: Span,
    /// What is asked for.
    pub kind: Kind,
    /// What is asked for, as the end of "a call …".
    pub what: String,
    pub(super) site: Site,
}

/// Where the element of a point stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Site {
    Default,
    Hide(usize),
    Tool(usize),
    Rule(usize, Step, usize),
    Condition(usize, Step, usize, usize),
    Limit(usize, usize),
    AllTools(usize),
    /// The truth of each different condition of a tool, in order; `None` where
    /// the number of regions went past the most that are listed.
    Region(usize, Option<Vec<bool>>),
}

/// So many decision regions of a tool are listed.
const MOST_REGIONS: usize = 256;

/// The points of a policy in the order of its file.
pub(super) fn of(policy: &Policy, inventory: Option<&Inventory>, options: &Options) -> Vec<Point> {
    let mut points = Points {
        options,
        list: Vec::new(),
    };
    let word = match policy.default.value {
        DefaultDecision::Allow => "that is allowed because its tool is not listed",
        DefaultDecision::Deny => "that is refused because its tool is not listed",
    };
    let default = ("/default".to_owned(), policy.default.span);
    points.add(default, Kind::Decides, word.to_owned(), Site::Default);
    for (at, entry) in policy.hide.iter().enumerate() {
        let place = (format!("/hide/{at}"), entry.span);
        let what = format!("that is refused because {:?} is hidden", entry.value);
        points.add(place, Kind::Decides, what, Site::Hide(at));
    }
    for (at, limit) in policy.all_tools.iter().enumerate() {
        let place = (limit.pointer.clone(), limit.span);
        points.limit(&place, &limit.counter.value, Site::AllTools(at));
    }
    for (at, rules) in policy.tools.iter().enumerate() {
        let listed = inventory.and_then(|inventory| inventory.get(&rules.name));
        points.tool(at, rules, listed);
    }
    points.list.sort_by(|a, b| {
        let key = |point: &Point| {
            (
                point.span.start,
                std::cmp::Reverse(point.span.end),
                point.kind,
            )
        };
        key(a).cmp(&key(b))
    });
    points.list
}

struct Points<'o> {
    options: &'o Options,
    list: Vec<Point>,
}

impl Points<'_> {
    fn add(&mut self, place: (String, Span), kind: Kind, what: String, site: Site) {
        let only = self.options.only.as_ref();
        if self.options.criteria.contains(&kind.criterion())
            && only.is_none_or(|only| only.contains(&place.0))
        {
            self.list.push(Point {
                pointer: place.0,
                span: place.1,
                kind,
                what,
                site,
            });
        }
    }

    fn tool(&mut self, at: usize, rules: &ToolRules, listed: Option<&crate::inventory::Tool>) {
        let place = (rules.pointer.clone(), rules.name_span);
        let what = format!("of {} that is allowed", rules.name);
        self.add(place, Kind::Allowed, what, Site::Tool(at));
        for (step, list) in [
            (Step::Require, &rules.require),
            (Step::DenyIf, &rules.deny_if),
        ] {
            for (index, rule) in list.iter().enumerate() {
                self.rule(at, step, index, rule, listed);
            }
        }
        for (index, limit) in rules.limits.iter().enumerate() {
            let place = (limit.pointer.clone(), limit.span);
            self.limit(&place, &limit.counter.value, Site::Limit(at, index));
        }
        if self.options.criteria.contains(&Criterion::Regions) {
            self.regions(at, rules);
        }
    }

    fn rule(
        &mut self,
        tool: usize,
        step: Step,
        index: usize,
        rule: &Rule,
        listed: Option<&crate::inventory::Tool>,
    ) {
        let place = || (rule.pointer.clone(), rule.span);
        let site = || Site::Rule(tool, step, index);
        let what = "that this rule refuses".to_owned();
        self.add(place(), Kind::Decides, what, site());
        let what = match step {
            Step::Require => "that is allowed, all its conditions holding",
            _ => "that is refused by it alone, all its conditions holding",
        };
        self.add(place(), Kind::Holds, what.to_owned(), site());
        for (at, condition) in rule.conditions.iter().enumerate() {
            let place = || (condition.pointer.clone(), condition.span);
            let site = || Site::Condition(tool, step, index, at);
            let what = match step {
                Step::Require => "that is refused because this condition alone does not hold",
                _ => "that is allowed because this condition alone does not hold",
            };
            self.add(place(), Kind::Alone, what.to_owned(), site());
            for side in boundary::boundaries(condition) {
                let is_whole = boundary::is_whole(condition, listed);
                let what = boundary::words(condition, side, is_whole);
                self.add(place(), Kind::Boundary(side), what, site());
            }
        }
    }

    fn limit(&mut self, place: &(String, Span), counter: &str, site: Site) {
        for (kind, what) in [
            (Kind::Decides, "that this limit refuses".to_owned()),
            (Kind::Fills, format!("that passes and fills {counter}")),
            (Kind::Exceeds, format!("that is one too many for {counter}")),
            (
                Kind::NextWindow,
                format!("that passes in the window after {counter} was full"),
            ),
            (
                Kind::OtherGrant,
                format!("of another grant that passes while {counter} is full"),
            ),
        ] {
            self.add(place.clone(), kind, what, site.clone());
        }
    }

    /// The combinations of truths of a tool's different conditions that some
    /// call has.
    fn regions(&mut self, at: usize, rules: &ToolRules) {
        let mut arguments = Arguments::new(Some(rules), self.options.budget);
        let literals = distinct(rules, &mut arguments);
        let mut found: Vec<Vec<bool>> = Vec::new();
        let mut waiting: Vec<Vec<bool>> = vec![Vec::new()];
        let mut is_cut = false;
        while let Some(truths) = waiting.pop() {
            let held: Vec<Literal> = held(&literals, &truths);
            if matches!(arguments.example(&held), Answer::Empty) {
                continue;
            }
            if truths.len() == literals.len() {
                if found.len() == MOST_REGIONS {
                    is_cut = true;
                    break;
                }
                found.push(truths);
                continue;
            }
            for truth in [false, true] {
                let mut longer = truths.clone();
                longer.push(truth);
                waiting.push(longer);
            }
        }
        let place = || (rules.pointer.clone(), rules.name_span);
        for (number, truths) in found.into_iter().enumerate() {
            let shown: String = truths.iter().map(|t| if *t { 'T' } else { 'F' }).collect();
            let what = format!("of {} whose conditions are {shown}", rules.name);
            let kind = Kind::Region(u16::try_from(number).unwrap_or(u16::MAX));
            self.add(place(), kind, what, Site::Region(at, Some(truths)));
        }
        if is_cut {
            let what = format!(
                "of {} in a further region; only {MOST_REGIONS} are listed",
                rules.name
            );
            self.add(
                place(),
                Kind::Region(u16::MAX),
                what,
                Site::Region(at, None),
            );
        }
    }
}

/// The literals that are true where the conditions have these truths.
pub(super) fn held(literals: &[Literal], truths: &[bool]) -> Vec<Literal> {
    let each = literals.iter().zip(truths);
    each.map(|(literal, truth)| if *truth { *literal } else { !*literal })
        .collect()
}

/// The different conditions of a tool in order, as literals.
pub(super) fn distinct(rules: &ToolRules, arguments: &mut Arguments<'_>) -> Vec<Literal> {
    let mut literals: Vec<Literal> = Vec::new();
    for rule in rules.require.iter().chain(&rules.deny_if) {
        for condition in &rule.conditions {
            let literal = arguments.condition(condition);
            if !literals.contains(&literal) {
                literals.push(literal);
            }
        }
    }
    literals
}
