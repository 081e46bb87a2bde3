//! What the rules of one policy let pass and those of the other refuse, element by
//! element.

use super::subject::{Found, Subject};
use crate::compare::apart::Groups;
use crate::compare::applied::altered;
use crate::compare::danger::{self, Among, Chosen, Concern, Wanted};
use crate::compare::edit::{Edit, Target};
use crate::compare::elements::{At, Elements};
use crate::compare::literals::literals;
use crate::compare::part::{Part, PartDirection};
use crate::compare::sequence;
use crate::compare::verdict::{Direction, Reason, Side, Witness};
use crate::region::{Answer, Region, Space};
use mcppolicy_engine::engine::Kind as Step;
use mcppolicy_engine::policy::{Condition, ToolRules};
use mcppolicy_engine::value::Value;

/// How many times what one question may cost the search for all elements that
/// decide may cost.
const PATIENCE: u64 = 3;

/// The cost of each member of an argument object that was completed, in conditions
/// looked at: each part has such an object of its own, which is chosen, confirmed and
/// shown.
const MEMBER: u64 = 40;

/// The comparison of a tool's rules in two policies.
pub(super) struct Search<'s, 'p> {
    subject: Subject<'s, 'p>,
    space: Space,
    old: Elements<'p>,
    new: Elements<'p>,
    /// The group of arguments that is looked at; none: all of them.
    group: Option<usize>,
}

/// The groups of arguments, with what is common to the questions about each.
struct Apart<'p> {
    groups: Groups<'p>,
    /// Arguments that both policies accept: where one group is looked at, the others
    /// are these.
    base: Value,
    old: Vec<Elements<'p>>,
    new: Vec<Elements<'p>>,
}

impl<'s, 'p> Search<'s, 'p> {
    /// The comparison of these rules.
    pub(super) fn new(subject: Subject<'s, 'p>, rules: [Option<&'p ToolRules>; 2]) -> Self {
        let mut space = Space::new(subject.pair.budget());
        let [old, new] = rules.map(|rules| Elements::new(&mut space, rules));
        Search {
            subject,
            space,
            old,
            new,
            group: None,
        }
    }

    /// What each policy passes and the other does not, the new one's first; and which
    /// one passes nothing at all.
    pub(super) fn both(mut self) -> ([Found; 2], [bool; 2]) {
        let apart = self.apart();
        let found = [PartDirection::Loosened, PartDirection::Tightened]
            .map(|direction| self.direction(direction, apart.as_ref()));
        let blocked = match found.each_ref().map(|found| &found.direction) {
            [Direction::Proved(_), Direction::Excluded] => [self.is_blocked(true), false],
            [Direction::Excluded, Direction::Proved(_)] => [false, self.is_blocked(false)],
            _ => [false, false],
        };
        self.subject.pair.spend(self.space.spent());
        (found, blocked)
    }

    /// The groups of arguments to compare one by one, where the tool has many rules; none
    /// where everything is one question.
    fn apart(&mut self) -> Option<Apart<'p>> {
        let Subject {
            pair, tool, edits, ..
        } = self.subject;
        if self.old.each().count() + self.new.each().count() <= pair.whole {
            return None;
        }
        let groups = Groups::of(&self.old, &self.new, edits)?;
        let mut region = Region::everything();
        self.old.accept(&mut region);
        self.new.accept(&mut region);
        let base = danger::ordinary(pair, tool, &mut self.space, &region)?;
        let [old, new] = [&self.old, &self.new].map(|elements| {
            elements.grouped(&mut self.space, groups.count(), |path| groups.of_path(path))
        });
        Some(Apart {
            groups,
            base,
            old,
            new,
        })
    }

    /// Whether the tool has cost so many times what one question may.
    fn has_spent(&self, times: u64) -> bool {
        let worth = self.subject.pair.budget().worth();
        self.space.spent() > worth.saturating_mul(times)
    }

    fn is_blocked(&mut self, old: bool) -> bool {
        let mut region = Region::everything();
        if old { &self.old } else { &self.new }.accept(&mut region);
        self.space.find(&region).is_empty()
    }

    fn passer(&self, direction: PartDirection) -> &Elements<'p> {
        match direction {
            PartDirection::Loosened => &self.new,
            PartDirection::Tightened => &self.old,
        }
    }

    fn refuser(&self, direction: PartDirection) -> &Elements<'p> {
        match direction {
            PartDirection::Loosened => &self.old,
            PartDirection::Tightened => &self.new,
        }
    }

    /// What one policy accepts and the other's rules do not.
    fn direction(&mut self, direction: PartDirection, apart: Option<&Apart<'p>>) -> Found {
        let mut found = match apart {
            Some(apart) => self.each_group(direction, apart),
            None => self.elements(direction, None),
        };
        found.parts.sort_by_key(|part| part.edits.first().copied());
        found
    }

    /// The same, by groups of arguments. As both policies accept the base, a group has
    /// such calls exactly if there are any that differ from the base in that group alone.
    fn each_group(&mut self, direction: PartDirection, apart: &Apart<'p>) -> Found {
        let mut all = Found::nothing();
        let mut witnesses = Vec::new();
        for (group, (old, new)) in apart.old.iter().zip(&apart.new).enumerate() {
            let (passer, refuser) = match direction {
                PartDirection::Loosened => (new, old),
                PartDirection::Tightened => (old, new),
            };
            if refuser.open_against(passer).is_empty() {
                continue;
            }
            let whole = [(&mut self.old, old), (&mut self.new, new)]
                .map(|(now, group)| std::mem::replace(now, group.clone()));
            self.group = Some(group);
            let found = self.elements(direction, Some(apart));
            [self.old, self.new] = whole;
            self.group = None;
            all.complete &= found.complete;
            all.parts.extend(found.parts);
            match found.direction {
                Direction::Proved(proved) => witnesses.extend(proved),
                Direction::Unknown(reason) => all.direction = Direction::Unknown(reason),
                Direction::Excluded => {}
            }
            let is_told = !self.subject.pair.detailed || self.has_spent(PATIENCE);
            if is_told && !witnesses.is_empty() {
                all.complete &= !self.subject.pair.detailed;
                break;
            }
        }
        if !witnesses.is_empty() {
            all.direction = Direction::Proved(witnesses);
        }
        all
    }

    /// The same, of the elements that are looked at. Each turn settles one at least: that
    /// it decides some such call, or none.
    fn elements(&mut self, direction: PartDirection, apart: Option<&Apart<'p>>) -> Found {
        let among = apart.zip(self.group).map(|(apart, group)| Among {
            groups: &apart.groups,
            group,
            base: &apart.base,
        });
        let mut accepted = Region::everything();
        self.passer(direction).accept(&mut accepted);
        let mut open = self.refuser(direction).open_against(self.passer(direction));
        let mut found = Found::nothing();
        let mut witnesses: Vec<Witness> = Vec::new();
        while !open.is_empty() {
            let mut region = accepted.clone();
            let boxes = open.iter().map(|at| self.refuser(direction).refused(*at));
            region.within_one(boxes.collect());
            let arguments = match self.find(&region, among) {
                Answer::Witness(arguments) => arguments,
                Answer::Unknown(exceeded) if witnesses.is_empty() => {
                    return Found::unknown(Reason::Budget(exceeded));
                }
                Answer::Empty => break,
                Answer::Unknown(_) => {
                    found.complete = false;
                    break;
                }
            };
            let refusing: Vec<At> = self.refuser(direction).refusing(&arguments).collect();
            let Some(at) = refusing.iter().copied().find(|at| open.contains(at)) else {
                debug_assert!(false, "an element refuses what is in its box");
                return Found::unknown(Reason::Unconfirmed);
            };
            open.retain(|other| *other != at);
            if self.has_spent(PATIENCE) && !witnesses.is_empty() {
                // The verdict stands; what else there is stays untold.
                found.complete = false;
                break;
            }
            let arguments = if refusing.first() == Some(&at) {
                arguments
            } else {
                // Another one decides this call. Is there one that this decides?
                let mut region = accepted.clone();
                self.refuser(direction).decide_at(at, &mut region);
                match self.find(&region, among) {
                    Answer::Witness(arguments) => arguments,
                    Answer::Empty => continue,
                    Answer::Unknown(_) => {
                        found.complete = false;
                        continue;
                    }
                }
            };
            if !self.subject.pair.detailed {
                let (passer, refuser) = self.subject.sides(direction);
                let (pair, tool) = (self.subject.pair, self.subject.tool);
                found.direction = sequence::confirm_call(pair, tool, arguments, passer, refuser);
                return found;
            }
            for part in self.parts_of(direction, at, (&accepted, arguments, among)) {
                match part {
                    Ok(part) => {
                        witnesses.extend(part.witness.clone());
                        found.parts.push(part);
                    }
                    Err(reason) => return Found::unknown(reason),
                }
            }
        }
        if !witnesses.is_empty() {
            found.direction = Direction::Proved(witnesses);
        }
        found
    }

    /// Some arguments of a region, whole.
    fn find(&mut self, region: &Region, among: Option<Among<'_, 'p>>) -> Answer {
        match (self.space.find(region), among) {
            (Answer::Witness(found), Some(among)) => {
                let whole = among.completed(found);
                if let Value::Object(members) = &whole {
                    let members = u64::try_from(members.len()).unwrap_or(u64::MAX);
                    self.space.charge(members.saturating_mul(MEMBER));
                }
                Answer::Witness(whole)
            }
            (answer, _) => answer,
        }
    }

    /// The parts of what one element decides: one for each edit that alone
    /// causes some of it, or one for the edits together.
    fn parts_of(
        &mut self,
        direction: PartDirection,
        at: At,
        (accepted, plain, among): (&Region, Value, Option<Among<'_, 'p>>),
    ) -> Vec<Result<Part, Reason>> {
        let touching = self.touching(direction, at);
        let mut parts = Vec::new();
        for edit in &touching {
            if self.has_spent(1) {
                break;
            }
            let mut region = accepted.clone();
            self.caused_by(direction, at, *edit, &mut region);
            if let Answer::Witness(arguments) = self.find(&region, among) {
                let call = (&region, arguments, among);
                parts.push(self.part(direction, at, vec![*edit], call));
            }
        }
        if parts.is_empty() {
            let mut region = accepted.clone();
            self.refuser(direction).decide_at(at, &mut region);
            let mut edits: Vec<usize> = match direction {
                PartDirection::Loosened => {
                    let refusing: Vec<At> = self.old.refusing(&plain).collect();
                    refusing
                        .into_iter()
                        .flat_map(|at| self.touching(direction, at))
                        .collect()
                }
                PartDirection::Tightened => touching,
            };
            edits.sort_unstable();
            edits.dedup();
            parts.push(self.part(direction, at, edits, (&region, plain, among)));
        }
        parts
    }

    /// The edits of an element, of those that can make it refuse less, or more.
    fn touching(&self, direction: PartDirection, at: At) -> Vec<usize> {
        let (step, rule) = match at {
            At::Require(rule, _) => (Step::Require, rule),
            At::DenyIf(rule) => (Step::DenyIf, rule),
        };
        let is_looser = direction == PartDirection::Loosened;
        let end = |old: Option<usize>, new: Option<usize>| if is_looser { old } else { new };
        let touches = |edit: &Edit| match edit.target {
            Target::Rule(of, ends) => of == step && end(ends.old, ends.new) == Some(rule),
            Target::Condition(of, (old, new), ends) => {
                of == step
                    && end(Some(old), Some(new)) == Some(rule)
                    && match at {
                        At::Require(_, one) => end(ends.old, ends.new) == Some(one),
                        At::DenyIf(_) => true,
                    }
            }
            // A tool that is listed now, or no longer.
            Target::Tool => true,
            _ => false,
        };
        let each = self.subject.edits.iter().enumerate();
        each.filter(|(_, edit)| touches(edit))
            .map(|(at, _)| at)
            .collect()
    }

    /// Narrows `region` to what an element decides and one edit alone causes.
    fn caused_by(&mut self, direction: PartDirection, at: At, edit: usize, region: &mut Region) {
        let with_edit = self.with_edit(at, edit);
        match direction {
            PartDirection::Loosened => {
                self.old.refuse_only_at(at, region);
                if let Some(with_edit) = with_edit {
                    let literals = literals_of(&mut self.space, with_edit);
                    region.outside(&literals);
                }
            }
            PartDirection::Tightened => {
                self.new.decide_at(at, region);
                if let Some(with_edit) = with_edit {
                    for literal in literals_of(&mut self.space, with_edit) {
                        region.and(literal);
                    }
                }
            }
        }
    }

    /// The conditions of a `deny_if` rule with one edit of them; none where the
    /// edit makes the element what it is in the new policy.
    fn with_edit(&self, at: At, edit: usize) -> Option<Vec<&'p Condition>> {
        let target = self.subject.edits.get(edit)?.target;
        match (at, target) {
            (At::DenyIf(_), Target::Condition(Step::DenyIf, (old, new), ends)) => {
                let [old, new] = [(&self.old, old), (&self.new, new)]
                    .map(|(side, at)| side.conditions(At::DenyIf(at)));
                Some(altered(old, new, ends).collect())
            }
            _ => None,
        }
    }

    fn part(
        &mut self,
        direction: PartDirection,
        at: At,
        edits: Vec<usize>,
        (region, plain, among): (&Region, Value, Option<Among<'_, 'p>>),
    ) -> Result<Part, Reason> {
        let subject = self.subject;
        let (passer, refuser) = subject.sides(direction);
        let refusing = self.refuser(direction).conditions(at);
        let paths: Vec<_> = refusing.iter().map(|of| &of.path.value).collect();
        let passing = self.passer(direction);
        let passing: Vec<&Condition> = passing
            .each()
            .flat_map(|at| passing.conditions(at))
            .filter(|of| paths.contains(&&of.path.value))
            .collect();
        let concern = Concern {
            passing,
            refusing: refusing.iter().collect(),
        };
        let chosen = if self.has_spent(1) {
            Chosen::plain(plain)
        } else {
            let wanted = Wanted {
                pair: subject.pair,
                tool: subject.tool,
                among,
            };
            danger::choose(&wanted, &mut self.space, region, &concern, plain)
        };
        let arguments = chosen.arguments;
        let alone =
            matches!(edits.as_slice(), [edit] if subject.is_alone(*edit, direction, &arguments));
        match sequence::confirm_call(subject.pair, subject.tool, arguments, passer, refuser) {
            Direction::Proved(witnesses) => Ok(Part {
                direction,
                by: self.place(direction, at),
                edits,
                alone,
                witness: witnesses.into_iter().next(),
                schema_valid: chosen.schema_valid,
            }),
            Direction::Unknown(reason) => Err(reason),
            Direction::Excluded => Err(Reason::Unconfirmed),
        }
    }

    /// Where an element is: the condition, where its rule has several.
    fn place(&self, direction: PartDirection, at: At) -> Side {
        let refuser = self.refuser(direction);
        let conditions = refuser.rule(at).map_or(0, |rule| rule.conditions.len());
        let condition = refuser.conditions(at).first();
        let place = match (at, condition, refuser.rule(at)) {
            (At::Require(..), Some(condition), _) if conditions > 1 => {
                Some((&condition.pointer, condition.span))
            }
            (_, _, Some(rule)) => Some((&rule.pointer, rule.span)),
            _ => None,
        };
        Side {
            rule: place.map(|(pointer, _)| pointer.clone()),
            span: place.map(|(_, span)| span),
        }
    }
}

fn literals_of(space: &mut Space, conditions: Vec<&Condition>) -> Vec<crate::region::Literal> {
    let conditions: Vec<Condition> = conditions.into_iter().cloned().collect();
    literals(space, &conditions)
}
