//! A change as its reviewer reads it: one point for each thing that got looser or
//! tighter, what can go wrong first, and behind them what changes no decision.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use mcppolicy_analysis::compare::{
    Aspect, Change, Edit, EditSide, Effect, Part, PartDirection, Reason, Ruling, Scope, Side,
    Verdict, Witness,
};
use mcppolicy_analysis::diff::PolicyDiff;
use mcppolicy_analysis::inventory::category::Category;
use mcppolicy_analysis::shorten;
use mcppolicy_analysis::words::name;
use mcppolicy_engine::source::{FileId, Span};

use super::words;

/// Which way something changed, what can go wrong first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Turn {
    /// Something passes that did not.
    Looser,
    /// It could not be told whether something does.
    Unknown,
    /// Something is refused that was not.
    Tighter,
}

impl Turn {
    /// The word in reports.
    pub const fn word(self) -> &'static str {
        match self {
            Turn::Looser => "loosened",
            Turn::Unknown => "undetermined",
            Turn::Tighter => "tightened",
        }
    }

    /// The sign in markdown.
    pub const fn sign(self) -> &'static str {
        match self {
            Turn::Looser => "🔓",
            Turn::Unknown => "❓",
            Turn::Tighter => "🔒",
        }
    }
}

/// One thing that got looser or tighter.
#[derive(Debug)]
pub struct Point<'a> {
    /// Which way.
    pub turn: Turn,
    /// What it concerns; the first is the one whose witness is shown.
    pub scopes: Vec<&'a Scope>,
    /// In which respect.
    pub aspect: Aspect,
    /// The category of the first scope, if that is a tool.
    pub category: Option<Category>,
    /// The edits that cause it.
    pub edits: Vec<&'a Edit>,
    /// Whether several edits are needed together.
    pub together: bool,
    /// What refuses the calls, before or now.
    pub by: Option<Side>,
    /// The calls that make the point.
    pub witness: Option<&'a Witness>,
    /// Whether the tool's own schema admits such calls, where that is known.
    pub schema_valid: Option<bool>,
    /// Why it is undetermined.
    pub reason: Option<Reason>,
    /// Whether somebody has approved it.
    pub approved: bool,
    /// Whether an earlier point shows its edits.
    pub repeats: bool,
    /// Whether the same edits let other calls through and refuse some.
    pub is_both: bool,
    /// Whether it is about what clients are shown, and no call is decided otherwise, or
    /// may be.
    pub is_shown_only: bool,
    /// The change that it is a part of.
    pub change: &'a Change,
}

impl Point<'_> {
    /// What it concerns: `` `a` (Financial), `b` and 8 more ``.
    pub fn subject(&self) -> String {
        let mut names: Vec<String> = self
            .scopes
            .iter()
            .take(NAMED)
            .map(|of| subject(of))
            .collect();
        if let (Some(category), Some(first)) = (self.category, names.first_mut()) {
            first.push_str(&format!(" ({category})"));
        }
        let more = self.scopes.len().saturating_sub(NAMED);
        if more > 0 {
            names.push(format!("{} more", shorten::number(more)));
        }
        match names.split_last() {
            Some((last, others)) if !others.is_empty() => {
                format!("{} and {last}", others.join(", "))
            }
            _ => names.concat(),
        }
    }

    /// Which way, in words.
    pub const fn word(&self) -> &'static str {
        match (self.turn, self.is_both) {
            (Turn::Looser, true) => "loosened for some calls",
            (Turn::Tighter, true) => "tightened for other calls",
            (turn, _) => turn.word(),
        }
    }

    /// What is to be said of a tool that is only shown, or hidden.
    pub const fn without_calls(&self) -> Option<&'static str> {
        match (self.is_shown_only, self.turn) {
            (true, Turn::Looser) => {
                Some("Clients are shown the tool now. No call is decided otherwise.")
            }
            (true, Turn::Tighter) => {
                Some("Clients are no longer shown the tool. No call is decided otherwise.")
            }
            _ => None,
        }
    }

    /// What is to be said of it in one line: its edits, or in which respect it is.
    pub fn summary(&self) -> String {
        if self.edits.is_empty() {
            return format!("{} {}", self.aspect.name(), self.change.verdict.name());
        }
        let edits: Vec<&str> = self
            .edits
            .iter()
            .map(|edit| edit.summary.as_str())
            .collect();
        edits.join("; ")
    }
}

/// Tools that are named where many have one thing in common.
const NAMED: usize = 3;

/// What a point is about, a tool's name between backquotes.
fn subject(scope: &Scope) -> String {
    match scope {
        Scope::Tool(tool) => name(&shorten::name(tool)),
        other => words::scope(other).into_owned(),
    }
}

/// An edit that changes no decision, or of which that is not known.
#[derive(Debug)]
pub struct Aside<'a> {
    /// What it concerns.
    pub scope: &'a Scope,
    /// The edit; none where only the place or the words of rules changed.
    pub edit: Option<&'a Edit>,
}

impl Aside<'_> {
    /// What it concerns, a tool's name between backquotes.
    pub fn subject(&self) -> String {
        subject(self.scope)
    }

    /// It in one line.
    pub fn summary(&self) -> String {
        let Some(edit) = self.edit else {
            return "reworded; changes no decision".to_owned();
        };
        match &edit.effect {
            Effect::Nothing(Some(why)) => format!("{}; changes no decision: {why}", edit.summary),
            Effect::Nothing(None) => format!("{}; changes no decision", edit.summary),
            Effect::Unknown if edit.is_of_words() => {
                format!("{}; changes no decision", edit.summary)
            }
            Effect::Decides | Effect::Unknown => edit.summary.clone(),
        }
    }
}

/// One policy's change.
#[derive(Debug)]
pub struct Review<'a> {
    /// The policy.
    pub policy: &'a PolicyDiff,
    /// What got looser or tighter, in the order of what can go wrong.
    pub points: Vec<Point<'a>>,
    /// What changes no decision.
    pub asides: Vec<Aside<'a>>,
}

impl<'a> Review<'a> {
    /// What is to be read of a policy's change.
    pub fn of(policy: &'a PolicyDiff) -> Review<'a> {
        let mut points = Vec::new();
        let mut asides = Vec::new();
        for change in policy.changes() {
            let named = of_change(policy, change, &mut points);
            let rest = change.edits.iter().enumerate();
            let rest = rest.filter(|(at, _)| !named.contains(at));
            let scope = &change.scope;
            asides.extend(rest.map(|(_, edit)| Aside {
                scope,
                edit: Some(edit),
            }));
            if change.reworded && change.edits.is_empty() {
                asides.push(Aside { scope, edit: None });
            }
        }
        let mut points = grouped(points);
        points.sort_by_cached_key(|point| {
            let name = point.scopes.first().map(|scope| (*scope).clone());
            (
                point.turn,
                point.approved,
                Reverse(risk(point.category)),
                name,
            )
        });
        let mut shown = BTreeSet::new();
        for point in &mut points {
            let fresh = point.edits.iter().filter(|edit| shown.insert(key(edit)));
            point.repeats = fresh.count() == 0;
        }
        mark_both(&mut points);
        mark_shown_only(&mut points, policy.changes());
        let told: BTreeSet<EditKey<'_>> = points
            .iter()
            .flat_map(|point| point.edits.iter().map(|edit| key(edit)))
            .collect();
        let mut seen = BTreeSet::new();
        asides.retain(|aside| match aside.edit {
            Some(edit) => !told.contains(&key(edit)) && seen.insert(key(edit)),
            None => true,
        });
        Review {
            policy,
            points,
            asides,
        }
    }

    /// Whether something may pass that did not, and nobody has approved it.
    pub fn open(&self) -> impl Iterator<Item = &Point<'a>> {
        let open = |point: &&Point<'_>| point.turn != Turn::Tighter && !point.approved;
        self.points.iter().filter(open)
    }
}

/// Marks the points whose edits are those of a point that goes the other way.
fn mark_both(points: &mut [Point<'_>]) {
    let mut turns: BTreeMap<Vec<EditKey<'_>>, BTreeSet<Turn>> = BTreeMap::new();
    fn keys<'a>(point: &Point<'a>) -> Vec<EditKey<'a>> {
        point.edits.iter().map(|edit| key(edit)).collect()
    }
    let all: Vec<_> = points
        .iter()
        .map(|point| (keys(point), point.turn))
        .collect();
    for (keys, turn) in &all {
        turns.entry(keys.clone()).or_default().insert(*turn);
    }
    for (point, (keys, _)) in points.iter_mut().zip(&all) {
        let both = turns.get(keys);
        point.is_both = !keys.is_empty()
            && both
                .is_some_and(|both| both.contains(&Turn::Looser) && both.contains(&Turn::Tighter));
    }
}

/// Marks the points of tools that are only shown, or hidden.
fn mark_shown_only(points: &mut [Point<'_>], changes: &[Change]) {
    let of_calls = changes.iter().filter(|change| {
        change.aspect != Aspect::Visibility && change.verdict != Verdict::Equivalent
    });
    let called: BTreeSet<&Scope> = of_calls.map(|change| &change.scope).collect();
    for point in points {
        let mut scopes = point.scopes.iter();
        point.is_shown_only =
            point.aspect == Aspect::Visibility && !scopes.any(|scope| called.contains(scope));
    }
}

/// What is not one tool may be any tool.
fn risk(category: Option<Category>) -> Category {
    category.unwrap_or(Category::Financial)
}

/// What tells an edit from others of the same policies.
type EditKey<'a> = (Option<&'a str>, Option<&'a str>, &'a str);

fn key(edit: &Edit) -> EditKey<'_> {
    let old = edit.old.as_ref().map(|side| side.pointer.as_str());
    let new = edit.new.as_ref().map(|side| side.pointer.as_str());
    (old, new, &edit.summary)
}

/// Adds the points of one change, and returns the positions of the edits that they
/// name.
fn of_change<'a>(
    policy: &'a PolicyDiff,
    change: &'a Change,
    points: &mut Vec<Point<'a>>,
) -> BTreeSet<usize> {
    let deciding = || {
        let edits = change.edits.iter().enumerate();
        let deciding = edits
            .filter(|(_, edit)| !edit.is_of_words() && !matches!(edit.effect, Effect::Nothing(_)));
        deciding.map(|(at, _)| at).collect::<Vec<_>>()
    };
    let approved = policy.judgement.approves_change(change);
    let new = |turn: Turn, edits: &[usize]| Point {
        turn,
        scopes: vec![&change.scope],
        aspect: change.aspect,
        category: change.category,
        edits: edits
            .iter()
            .filter_map(|at| change.edits.get(*at))
            .collect(),
        together: edits.len() > 1,
        by: None,
        witness: None,
        schema_valid: None,
        reason: None,
        approved: approved && turn != Turn::Tighter,
        repeats: false,
        is_both: false,
        is_shown_only: false,
        change,
    };
    let mut named = BTreeSet::new();
    for part in &change.parts {
        let turn = match part.direction {
            PartDirection::Loosened => Turn::Looser,
            PartDirection::Tightened => Turn::Tighter,
        };
        named.extend(part.edits.iter().copied());
        points.push(Point {
            by: Some(part.by.clone()),
            witness: part.witness.as_ref(),
            schema_valid: part.schema_valid,
            together: together(part),
            ..new(turn, &part.edits)
        });
    }
    let of_parts = |wanted| change.parts.iter().any(|part| part.direction == wanted);
    let (looser, tighter) = match change.verdict {
        Verdict::Loosened => (true, false),
        Verdict::Tightened => (false, true),
        Verdict::Mixed => (true, true),
        Verdict::Undetermined | Verdict::Equivalent => (false, false),
    };
    let sides = [
        (
            Turn::Looser,
            looser,
            PartDirection::Loosened,
            &change.loosened,
        ),
        (
            Turn::Tighter,
            tighter,
            PartDirection::Tightened,
            &change.tightened,
        ),
    ];
    for (turn, is_so, direction, witnesses) in sides {
        if of_parts(direction) || (!is_so && witnesses.is_empty()) {
            continue;
        }
        // Without parts, the calls that prove the change stand for them.
        let edits = deciding();
        named.extend(edits.iter().copied());
        for witness in witnesses {
            let refusal = witness.refusal();
            points.push(Point {
                by: refusal.rule.clone().map(|rule| Side {
                    rule: Some(rule),
                    span: refusal.span,
                }),
                witness: Some(witness),
                ..new(turn, &edits)
            });
        }
        if witnesses.is_empty() {
            points.push(new(turn, &edits));
        }
    }
    if change.verdict == Verdict::Undetermined {
        let edits: Vec<usize> = deciding()
            .into_iter()
            .filter(|at| !named.contains(at))
            .collect();
        named.extend(edits.iter().copied());
        points.push(Point {
            reason: change.reason,
            ..new(Turn::Unknown, &edits)
        });
    }
    named
}

fn together(part: &Part) -> bool {
    part.edits.len() > 1 && !part.alone
}

/// What tells a point from others: the edits that cause it, and what refuses.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct PointKey<'a> {
    turn: Turn,
    approved: bool,
    by: Option<String>,
    edits: Vec<EditKey<'a>>,
    /// Where no edit tells, the scope does.
    scope: Option<&'a Scope>,
}

/// Points with the same cause as one, with the first of the witnesses.
fn grouped(points: Vec<Point<'_>>) -> Vec<Point<'_>> {
    let mut places: BTreeMap<PointKey<'_>, usize> = BTreeMap::new();
    let mut groups: Vec<Point<'_>> = Vec::new();
    for point in points {
        let key = PointKey {
            turn: point.turn,
            approved: point.approved,
            by: point.by.as_ref().and_then(|by| by.rule.clone()),
            edits: point.edits.iter().map(|edit| key(edit)).collect(),
            scope: point
                .edits
                .is_empty()
                .then(|| point.scopes.first().copied())
                .flatten(),
        };
        let known = places.get(&key).and_then(|at| groups.get_mut(*at));
        let Some(known) = known else {
            places.insert(key, groups.len());
            groups.push(point);
            continue;
        };
        if known.witness.is_none() {
            known.witness = point.witness;
            known.schema_valid = point.schema_valid;
        }
        // The riskiest tool stands for all of them.
        if risk(point.category) > risk(known.category) && point.witness.is_some() {
            (known.category, known.witness) = (point.category, point.witness);
            known.scopes.splice(0..0, point.scopes);
            continue;
        }
        for scope in point.scopes {
            if known.scopes.last() != Some(&scope) && known.scopes.first() != Some(&scope) {
                known.scopes.push(scope);
            }
        }
    }
    // That a tool is shown again goes without saying where it can be called.
    let mut callable: BTreeMap<(Turn, Option<&Scope>), BTreeSet<Pointers<'_>>> = BTreeMap::new();
    for point in groups
        .iter()
        .filter(|point| point.aspect != Aspect::Visibility)
    {
        let of_scope = callable.entry((point.turn, point.scopes.first().copied()));
        of_scope
            .or_default()
            .extend(point.edits.iter().map(|edit| pointers(edit)));
    }
    let is_said = |point: &Point<'_>| {
        let said = callable.get(&(point.turn, point.scopes.first().copied()));
        let is_part = |said: &BTreeSet<Pointers<'_>>| {
            let mut edits = point.edits.iter();
            edits.all(|edit| said.contains(&pointers(edit)))
        };
        point.aspect == Aspect::Visibility && said.is_some_and(is_part)
    };
    let said: Vec<bool> = groups.iter().map(is_said).collect();
    let each = groups.into_iter().zip(said);
    each.filter(|(_, said)| !said)
        .map(|(point, _)| point)
        .collect()
}

/// The positions of an edit in both policies.
type Pointers<'a> = (Option<&'a str>, Option<&'a str>);

fn pointers(edit: &Edit) -> Pointers<'_> {
    let (old, new, _) = key(edit);
    (old, new)
}

/// What a witness shows: which call, and what becomes of it.
pub fn shown(turn: Turn, witness: &Witness) -> String {
    let number: u64 = witness.calls.iter().map(|call| call.repeat).sum();
    let which = match number {
        0 | 1 => "This call".to_owned(),
        number => format!("The last of these {} calls", shorten::number(number)),
    };
    let what = match turn {
        Turn::Tighter => "is refused now",
        Turn::Looser | Turn::Unknown => "passes now; before, it was refused",
    };
    format!("{which} {what}")
}

/// Who refuses the last call of a witness, and the file of that policy.
pub fn refusal<'w>(
    turn: Turn,
    witness: &'w Witness,
    policy: &PolicyDiff,
) -> (&'w Ruling, Option<FileId>) {
    match turn {
        Turn::Tighter => (&witness.new, policy.new),
        Turn::Looser | Turn::Unknown => (&witness.old, policy.old),
    }
}

/// What refuses the last call of a point's witness: the condition, where its rule has
/// several, else what the engine names; with its span.
pub fn refuser<'p>(point: &'p Point<'_>, refusal: &'p Ruling) -> (Option<&'p str>, Option<Span>) {
    let rule = refusal.rule.as_deref();
    let by = point
        .by
        .as_ref()
        .and_then(|by| Some((by.rule.as_deref()?, by.span)));
    match (by, rule) {
        (Some((by, span)), Some(rule))
            if by.strip_prefix(rule).is_some_and(|of| of.starts_with('/')) =>
        {
            (Some(by), span)
        }
        _ => (rule, refusal.span),
    }
}

/// What the agent is told, unless that is only which rule refuses.
pub fn told(refusal: &Ruling) -> Option<&str> {
    let message = refusal.message.as_deref()?;
    let rule = refusal.rule.as_deref().unwrap_or_default();
    (rule.is_empty() || !message.contains(rule)).then_some(message)
}

/// A piece of a text, and whether the other side lacks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The piece.
    pub text: String,
    /// Whether it is marked.
    pub is_changed: bool,
}

/// Both sides of an edit in pieces, as far as they are shown; `None` for a side that
/// is not there.
pub fn sides(edit: &Edit) -> [Option<Vec<Piece>>; 2] {
    let plain = |text: &str| {
        vec![Piece {
            text: text.to_owned(),
            is_changed: false,
        }]
    };
    let marked = |side: &EditSide| {
        let mut pieces = Vec::new();
        let mut at = 0;
        let mut push = |from: usize, to: usize, is_changed| {
            let text = side.text.get(from..to).unwrap_or_default().to_owned();
            if !text.is_empty() {
                pieces.push(Piece { text, is_changed });
            }
        };
        for range in &side.changed {
            push(at, range.start, false);
            push(range.start, range.end, true);
            at = range.end;
        }
        push(at, side.text.len(), false);
        pieces
    };
    match (&edit.old, &edit.new) {
        (Some(old), Some(new)) => {
            let cut = shorten::pair(&old.text, &new.text);
            if cut.old == old.text && cut.new == new.text {
                [Some(marked(old)), Some(marked(new))]
            } else {
                [Some(plain(&cut.old)), Some(plain(&cut.new))]
            }
        }
        (old, new) => [old, new].map(|side| {
            let text = side.as_ref().map(|side| shorten::text(&side.text));
            text.map(|text| plain(&text))
        }),
    }
}
