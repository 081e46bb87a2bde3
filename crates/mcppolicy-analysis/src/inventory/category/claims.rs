//! The server's annotations, weighed against what a tool says of itself.

use super::evidence::{Told, Weight};
use super::{Category, Classification};
use crate::inventory::{Annotations, Hint};

/// An annotation that claims less harm than the tool says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The annotation as the protocol names it: `readOnlyHint`.
    pub annotation: &'static str,
    /// What it claims, and where.
    pub hint: Hint,
    /// What the tool says of itself.
    pub told: Classification,
}

/// The category by the annotations and by `told`. `carries_text` is whether a
/// caller can put text of their own into a call.
///
/// A claim of harm is believed. A claim of harmlessness is believed where the
/// tool does not plainly say otherwise; where it does, the tool is what it
/// says, and the claim is a conflict.
pub(super) fn weigh(
    annotations: &Annotations,
    told: Told,
    carries_text: bool,
) -> (Classification, Option<Conflict>) {
    let claims = |hint: Option<Hint>, wanted: bool| hint.filter(|hint| hint.value == wanted);
    if let Some(hint) = claims(annotations.read_only, true) {
        return read_only(hint, told, carries_text);
    }
    if claims(annotations.destructive, true).is_some() {
        // What runs anything destroys too, and is still a tool that runs.
        if told.category < Category::Execute {
            return by_claim(Category::Destructive, "annotation `destructiveHint: true`");
        }
        return (told.into(), None);
    }
    if let Some(hint) = claims(annotations.destructive, false)
        && told.category == Category::Destructive
    {
        if told.weight == Weight::Plain {
            return against("destructiveHint", hint, told);
        }
        return by_claim(Category::Write, "annotation `destructiveHint: false`");
    }
    if claims(annotations.read_only, false).is_some() && told.category == Category::Read {
        return by_claim(Category::Write, "annotation `readOnlyHint: false`");
    }
    (told.into(), None)
}

fn read_only(hint: Hint, told: Told, carries_text: bool) -> (Classification, Option<Conflict>) {
    let believed = match told.category {
        Category::Read => true,
        Category::Write => told.weight < Weight::Plain,
        // What cannot be told anything runs only what is there already.
        Category::Execute => told.weight < Weight::Plain || !carries_text,
        Category::Destructive | Category::Financial => told.weight < Weight::Usual,
    };
    if believed {
        by_claim(Category::Read, "annotation `readOnlyHint: true`")
    } else {
        against("readOnlyHint", hint, told)
    }
}

fn by_claim(category: Category, because: &str) -> (Classification, Option<Conflict>) {
    let because = because.to_owned();
    (Classification { category, because }, None)
}

fn against(annotation: &'static str, hint: Hint, told: Told) -> (Classification, Option<Conflict>) {
    let told: Classification = told.into();
    let classification = Classification {
        category: told.category,
        because: format!("{}, against `{annotation}: {}`", told.because, hint.value),
    };
    let conflict = Conflict {
        annotation,
        hint,
        told,
    };
    (classification, Some(conflict))
}

impl From<Told> for Classification {
    fn from(told: Told) -> Classification {
        Classification {
            category: told.category,
            because: told.because,
        }
    }
}
