//! A comparison and its changes, as plain data.

use super::edit::Edit;
use super::part::Part;
use super::verdict::{Aspect, Direction, Reason, Ruling, Scope, Side, Verdict, Witness};
use crate::inventory::category::Category;

/// One aspect of one scope that is not exactly as before.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// What changed.
    pub scope: Scope,
    /// In which respect.
    pub aspect: Aspect,
    /// How.
    pub verdict: Verdict,
    /// Why it is undetermined.
    pub reason: Option<Reason>,
    /// The part of the old policy.
    pub old: Side,
    /// The part of the new policy.
    pub new: Side,
    /// What the new policy passes and the old one does not.
    pub loosened: Vec<Witness>,
    /// What the old policy passes and the new one does not.
    pub tightened: Vec<Witness>,
    /// Only words, names or pointers changed; the verdict is `equivalent`.
    pub reworded: bool,
    /// What a call of the tool does, where the changes are for people to read.
    pub category: Option<Category>,
    /// The elements that are not as before, in the order in which a call meets
    /// them; those that change no decision last.
    pub edits: Vec<Edit>,
    /// What the change comes to, by the element that refuses: what is looser
    /// first.
    pub parts: Vec<Part>,
    /// Whether there is a part for every element that decides; the budget may not
    /// have sufficed to look for all.
    pub parts_complete: bool,
}

impl Change {
    /// A change from what was found in both directions; the places become
    /// those of the rules that refuse, where a witness shows them.
    pub fn new(
        scope: Scope,
        aspect: Aspect,
        [old, new]: [Side; 2],
        loosened: Direction,
        tightened: Direction,
    ) -> Change {
        use Direction::{Excluded, Proved, Unknown};
        let verdict = match (&loosened, &tightened) {
            (Unknown(_), _) | (_, Unknown(_)) => Verdict::Undetermined,
            (Excluded, Excluded) => Verdict::Equivalent,
            (Proved(_), Excluded) => Verdict::Loosened,
            (Excluded, Proved(_)) => Verdict::Tightened,
            (Proved(_), Proved(_)) => Verdict::Mixed,
        };
        let mut reason = None;
        let mut witnesses = |direction| match direction {
            Excluded => Vec::new(),
            Proved(witnesses) => witnesses,
            Unknown(why) => {
                reason = Some(reason.unwrap_or(why));
                Vec::new()
            }
        };
        let loosened = witnesses(loosened);
        let tightened = witnesses(tightened);
        Change {
            scope,
            aspect,
            verdict,
            reason,
            old: refusing(loosened.first().map(|witness| &witness.old)).unwrap_or(old),
            new: refusing(tightened.first().map(|witness| &witness.new)).unwrap_or(new),
            loosened,
            tightened,
            reworded: false,
            category: None,
            edits: Vec::new(),
            parts: Vec::new(),
            parts_complete: true,
        }
    }

    /// The order in which changes are read: what can go wrong first, by verdict,
    /// then by what calls of the tool do, then by name. What is left keeps its
    /// order.
    pub(super) fn weight(&self) -> impl Ord + use<> {
        let verdict = match self.verdict {
            Verdict::Loosened => 0,
            Verdict::Mixed => 1,
            Verdict::Undetermined => 2,
            Verdict::Tightened => 3,
            Verdict::Equivalent => 4,
        };
        // What concerns all tools, or any tool, is no less than the worst of them.
        let category = self.category.unwrap_or(Category::Financial);
        let scope = self.scope.clone();
        (verdict, std::cmp::Reverse(category), scope)
    }

    /// A change of words only.
    pub fn reworded(scope: Scope, aspect: Aspect, sides: [Side; 2]) -> Change {
        let change = Change::new(
            scope,
            aspect,
            sides,
            Direction::Excluded,
            Direction::Excluded,
        );
        Change {
            reworded: true,
            ..change
        }
    }
}

fn refusing(ruling: Option<&Ruling>) -> Option<Side> {
    let ruling = ruling?;
    Some(Side {
        rule: Some(ruling.rule.clone()?),
        span: ruling.span,
    })
}

/// Two policies compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The join of all changes that could be determined; `Undetermined` only
    /// when there is nothing else.
    pub verdict: Verdict,
    /// Whether something is undetermined, beside the verdict.
    pub undetermined: bool,
    /// What is not exactly as before, the gravest first.
    pub changes: Vec<Change>,
    /// How many tools were compared by name.
    pub tools: usize,
}

impl Comparison {
    pub(super) fn new(changes: Vec<Change>, tools: usize) -> Comparison {
        let verdicts = || changes.iter().map(|change| change.verdict);
        Comparison {
            verdict: verdicts().fold(Verdict::Equivalent, Verdict::join),
            undetermined: verdicts().any(|verdict| verdict == Verdict::Undetermined),
            changes,
            tools,
        }
    }
}
