//! The server's annotations, compared with what a tool says of itself.

use super::evidence::{Confidence, Evidence};
use crate::inventory::category_kind::{Category, Classification};
use crate::inventory::tools::{Annotations, Hint};

/// An annotation that claims less harm than the tool says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The annotation as the protocol names it: `readOnlyHint`.
    pub annotation: &'static str,
    /// What it claims, and where.
    pub hint: Hint,
    /// What the tool says of itself.
    pub evidence: Classification,
}

/// What a tool says of itself beside its category.
#[derive(Debug, Clone)]
pub(super) struct Told {
    /// Whether a caller can put text of their own into a call.
    pub carries_text: bool,
    /// A word for a loss in its name or description: *overwrite*.
    pub loss: Option<String>,
}

/// The category by the annotations and by the other evidence.
///
/// A claim of harm is believed. `destructiveHint: true` alone claims little: the
/// protocol takes it for granted of everything that does not only read, and
/// frameworks write it out for each such tool. It makes a tool Execute, and
/// Destructive where the tool's own words speak of a loss. A claim of
/// harmlessness is believed where the tool does not plainly say otherwise; where
/// it does, the tool is what it says, and the claim is a conflict.
pub(super) fn weigh(
    annotations: &Annotations,
    evidence: Evidence,
    told: &Told,
) -> (Classification, Option<Conflict>) {
    let claims = |hint: Option<Hint>, wanted: bool| hint.filter(|hint| hint.value == wanted);
    if let Some(hint) = claims(annotations.read_only, true) {
        return read_only(hint, evidence, told.carries_text);
    }
    if claims(annotations.destructive, true).is_some() {
        // What runs anything destroys too, and is still a tool that runs.
        if evidence.category >= Category::Execute {
            return (evidence.into(), None);
        }
        let claim = "annotation `destructiveHint: true`";
        return match &told.loss {
            Some(word) => by_claim(Category::Destructive, &format!("{claim}, word *{word}*")),
            None => by_claim(
                Category::Execute,
                &format!("{claim}, and no word of a loss"),
            ),
        };
    }
    if let Some(hint) = claims(annotations.destructive, false)
        && evidence.category == Category::Destructive
    {
        if evidence.confidence == Confidence::Plain {
            return against("destructiveHint", hint, evidence);
        }
        return by_claim(Category::Write, "annotation `destructiveHint: false`");
    }
    if claims(annotations.read_only, false).is_some() && evidence.category == Category::Read {
        return by_claim(Category::Write, "annotation `readOnlyHint: false`");
    }
    (evidence.into(), None)
}

fn read_only(
    hint: Hint,
    evidence: Evidence,
    carries_text: bool,
) -> (Classification, Option<Conflict>) {
    let believed = match evidence.category {
        Category::Read => true,
        Category::Write => evidence.confidence < Confidence::Plain,
        // A tool without a text argument runs only what is there already.
        Category::Execute => evidence.confidence < Confidence::Plain || !carries_text,
        Category::Destructive | Category::Financial => evidence.confidence < Confidence::Usual,
    };
    if believed {
        by_claim(Category::Read, "annotation `readOnlyHint: true`")
    } else {
        against("readOnlyHint", hint, evidence)
    }
}

fn by_claim(category: Category, because: &str) -> (Classification, Option<Conflict>) {
    let because = because.to_owned();
    (Classification { category, because }, None)
}

fn against(
    annotation: &'static str,
    hint: Hint,
    evidence: Evidence,
) -> (Classification, Option<Conflict>) {
    let evidence: Classification = evidence.into();
    let classification = Classification {
        category: evidence.category,
        because: format!(
            "{}, against `{annotation}: {}`",
            evidence.because, hint.value
        ),
    };
    let conflict = Conflict {
        annotation,
        hint,
        evidence,
    };
    (classification, Some(conflict))
}
