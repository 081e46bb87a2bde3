//! Access and arguments of one tool under two policies: what one passes and the
//! other does not, by the element that refuses it.

use super::apart::Groups;
use super::applied::{self, altered};
use super::change::Change;
use super::compiled::{Compiled, Entry, Pair};
use super::danger::{self, Among, Chosen, Concern, Wanted};
use super::edit::{Edit, Element, Target};
use super::elements::{At, Elements};
use super::literals::literals;
use super::part::{Part, PartDirection};
use super::sequence;
use super::verdict::{Aspect, Direction, Reason, Scope, Side, Witness};
use super::wording;
use crate::region::{Answer, Region, Space};
use mcppolicy_engine::engine::Kind as Step;
use mcppolicy_engine::policy::{Condition, ToolRules};
use mcppolicy_engine::value::Value;

/// How many times what one question may cost the search for all elements that
/// decide may cost.
const PATIENCE: u64 = 3;

/// A tool that is compared.
#[derive(Clone, Copy)]
pub(super) struct Subject<'s, 'p> {
    pub(super) pair: &'s Pair<'s, 'p>,
    pub(super) scope: &'s Scope,
    pub(super) tool: &'s str,
    pub(super) edits: &'s [Edit],
}

/// Compares access and arguments of one tool. The parts name their edits by
/// position in all of the tool's.
pub(super) fn compare(subject: Subject<'_, '_>) -> Option<Change> {
    let Subject { pair, tool, .. } = subject;
    let (aspect, found) = match (pair.old.entry(tool), pair.new.entry(tool)) {
        (Entry::Refused(_), Entry::Refused(_)) => return None,
        (Entry::Refused(by), Entry::Rules(rules)) => {
            let loosened = subject.callable(PartDirection::Loosened, rules, &by);
            (Aspect::Access, [loosened, Found::nothing()])
        }
        (Entry::Rules(rules), Entry::Refused(by)) => {
            let tightened = subject.callable(PartDirection::Tightened, rules, &by);
            (Aspect::Access, [Found::nothing(), tightened])
        }
        (Entry::Rules(old), Entry::Rules(new)) if wording::same_rules(old, new) => return None,
        (Entry::Rules(old), Entry::Rules(new)) => {
            let mut space = Space::new(pair.budget());
            let [old, new] = [old, new].map(|rules| Elements::new(&mut space, rules));
            let mut search = Search {
                subject,
                space,
                old,
                new,
                group: None,
            };
            let apart = search.apart();
            let [loosened, tightened] = [PartDirection::Loosened, PartDirection::Tightened]
                .map(|direction| search.direction(direction, apart.as_ref()));
            let aspect = match (&loosened.direction, &tightened.direction) {
                (Direction::Proved(_), Direction::Excluded) if search.is_blocked(true) => {
                    Aspect::Access
                }
                (Direction::Excluded, Direction::Proved(_)) if search.is_blocked(false) => {
                    Aspect::Access
                }
                _ => Aspect::Arguments,
            };
            pair.spend(search.space.spent());
            (aspect, [loosened, tightened])
        }
    };
    let [loosened, tightened] = found;
    if loosened.direction == Direction::Excluded && tightened.direction == Direction::Excluded {
        return None;
    }
    let sides = [Side::of_tool(pair.old, tool), Side::of_tool(pair.new, tool)];
    let mut change = Change::new(
        subject.scope.clone(),
        aspect,
        sides,
        loosened.direction,
        tightened.direction,
    );
    change.parts_complete = loosened.complete && tightened.complete;
    change.parts = loosened.parts;
    change.parts.extend(tightened.parts);
    Some(change)
}

/// What one policy passes beyond the other.
struct Found {
    direction: Direction,
    parts: Vec<Part>,
    /// Whether every element that decides has a part.
    complete: bool,
}

impl Found {
    const fn nothing() -> Found {
        Found {
            direction: Direction::Excluded,
            parts: Vec::new(),
            complete: true,
        }
    }

    const fn unknown(reason: Reason) -> Found {
        Found {
            direction: Direction::Unknown(reason),
            parts: Vec::new(),
            complete: false,
        }
    }
}

impl<'p> Subject<'_, 'p> {
    /// The policy that passes, and the one that refuses.
    fn sides(&self, direction: PartDirection) -> (&Compiled<'p>, &Compiled<'p>) {
        match direction {
            PartDirection::Loosened => (self.pair.new, self.pair.old),
            PartDirection::Tightened => (self.pair.old, self.pair.new),
        }
    }

    /// Whether one policy accepts any call of a tool that the other refuses by
    /// the element at `by`, whatever its arguments.
    fn callable(&self, direction: PartDirection, rules: Option<&ToolRules>, by: &str) -> Found {
        let (passer, refuser) = self.sides(direction);
        let mut space = Space::new(self.pair.budget());
        let elements = Elements::new(&mut space, rules);
        let mut region = Region::everything();
        elements.accept(&mut region);
        let answer = space.find(&region);
        let found = match answer {
            Answer::Empty => Found::nothing(),
            Answer::Unknown(exceeded) => Found::unknown(Reason::Budget(exceeded)),
            Answer::Witness(plain) => {
                let wanted = Wanted {
                    pair: self.pair,
                    tool: self.tool,
                    among: None,
                };
                let conditions = rules.into_iter().flat_map(|rules| &rules.require);
                let concern = Concern {
                    passing: conditions.flat_map(|rule| &rule.conditions).collect(),
                    refusing: Vec::new(),
                };
                let chosen = danger::choose(&wanted, &mut space, &region, &concern, plain);
                let proved = sequence::confirm_call(
                    self.pair,
                    self.tool,
                    chosen.arguments.clone(),
                    passer,
                    refuser,
                );
                let parts = match &proved {
                    Direction::Proved(witnesses) if self.pair.detailed => {
                        let edits = self.opening(direction, &chosen.arguments);
                        let part = Part {
                            direction,
                            by: Side::at(refuser, by),
                            alone: edits.1,
                            edits: edits.0,
                            witness: witnesses.first().cloned(),
                            schema_valid: chosen.schema_valid,
                        };
                        vec![part]
                    }
                    _ => Vec::new(),
                };
                Found {
                    direction: proved,
                    parts,
                    complete: true,
                }
            }
        };
        self.pair.spend(space.spent());
        found
    }

    /// The edits that open or close a tool, and whether one alone does it.
    fn opening(&self, direction: PartDirection, arguments: &Value) -> (Vec<usize>, bool) {
        let is_of_entry = |edit: &Edit| {
            matches!(
                edit.element,
                Element::HiddenName | Element::Default | Element::Tool
            )
        };
        let each = self.edits.iter().enumerate();
        let concerned: Vec<usize> = each
            .filter(|(_, edit)| is_of_entry(edit))
            .map(|(at, _)| at)
            .collect();
        let alone = concerned
            .iter()
            .copied()
            .find(|at| self.is_alone(*at, direction, arguments));
        match alone {
            Some(at) => (vec![at], true),
            None => (concerned, false),
        }
    }

    /// Whether the old policy with that edit alone decides as the new one.
    fn is_alone(&self, edit: usize, direction: PartDirection, arguments: &Value) -> bool {
        self.edits.get(edit).is_some_and(|edit| {
            let passes = applied::passes(self.pair, edit, self.tool, arguments);
            passes == (direction == PartDirection::Loosened)
        })
    }
}

struct Search<'s, 'p> {
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

impl<'p> Search<'_, 'p> {
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
            (Answer::Witness(found), Some(among)) => Answer::Witness(among.completed(found)),
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
