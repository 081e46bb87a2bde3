//! Access and arguments of one tool under two policies: what one passes and the
//! other does not, by the element that refuses it.

mod search;
mod subject;

use super::change::Change;
use super::compiled::Entry;
use super::danger::{self, Concern, Wanted};
use super::edit::{Edit, Element};
use super::elements::Elements;
use super::part::{Part, PartDirection};
use super::sequence;
use super::verdict::{Aspect, Direction, Reason, Side};
use super::wording;
use crate::region::{Answer, Region, Space};
use mcppolicy_engine::policy::ToolRules;
use mcppolicy_engine::value::Value;

use search::Search;
use subject::Found;
pub(super) use subject::Subject;

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
            let (found, blocked) = Search::new(subject, [old, new]).both();
            let aspect = if blocked.contains(&true) {
                Aspect::Access
            } else {
                Aspect::Arguments
            };
            (aspect, found)
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

impl Subject<'_, '_> {
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
}
