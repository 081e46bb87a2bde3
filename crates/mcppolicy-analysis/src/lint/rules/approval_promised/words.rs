//! Which words of a message promise an approval. English only.

/// The words that promise an approval, as they are written in `text`.
pub(super) fn promise(text: &str) -> Option<String> {
    let words = words(text);
    let lower: Vec<String> = words.iter().map(|(_, word)| word.to_lowercase()).collect();
    let sentence = Sentence {
        words: lower.iter().map(String::as_str).collect(),
        ends: words.iter().map(|(ends, _)| *ends).collect(),
    };
    let (from, to) = (0..words.len()).find_map(|at| sentence.promise_at(at))?;
    let said = words.get(from..=to)?.iter().map(|(_, word)| *word);
    Some(said.collect::<Vec<_>>().join(" "))
}

/// The words of a text, each with whether a sentence ends behind it. Words are
/// letters, digits and apostrophes; everything else separates them.
fn words(text: &str) -> Vec<(bool, &str)> {
    let is_word = |c: char| c.is_alphanumeric() || c == '\'' || c == '\u{2019}';
    let mut words: Vec<(bool, &str)> = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(is_word) {
        let (gap, tail) = rest.split_at_checked(start).unwrap_or(("", rest));
        let end = tail.find(|c| !is_word(c)).unwrap_or(tail.len());
        let (word, behind) = tail.split_at_checked(end).unwrap_or((tail, ""));
        if gap.contains(['.', '!', '?', ';', ':', '\n'])
            && let Some((ends, _)) = words.last_mut()
        {
            *ends = true;
        }
        words.push((false, word));
        rest = behind;
    }
    words
}

/// Nouns for what would have to happen first.
const NOUNS: [&str; 12] = [
    "approval",
    "approvals",
    "authorisation",
    "authorization",
    "confirmation",
    "consent",
    "permission",
    "review",
    "signoff",
    "sign",
    "supervision",
    "verification",
];

/// Participles of the same.
const PARTICIPLES: [&str; 9] = [
    "approved",
    "authorised",
    "authorized",
    "confirmed",
    "escalated",
    "reviewed",
    "signed",
    "verified",
    "vetted",
];

/// Verbs of the same.
const VERBS: [&str; 11] = [
    "allow",
    "approve",
    "authorise",
    "authorize",
    "confirm",
    "grant",
    "permit",
    "review",
    "unblock",
    "unlock",
    "sign",
];

/// People who could.
const PEOPLE: [&str; 18] = [
    "admin",
    "administrator",
    "approver",
    "boss",
    "human",
    "humans",
    "lead",
    "maintainer",
    "manager",
    "moderator",
    "operator",
    "owner",
    "person",
    "reviewer",
    "security",
    "someone",
    "supervisor",
    "team",
];

const NEGATIONS: [&str; 16] = [
    "aren't", "can't", "cannot", "didn't", "doesn't", "hasn't", "isn't", "lacks", "never", "no",
    "nobody", "not", "nothing", "unable", "won't", "wasn't",
];

struct Sentence<'a> {
    words: Vec<&'a str>,
    ends: Vec<bool>,
}

impl Sentence<'_> {
    /// The first and the last word of a promise whose telling word stands at
    /// `at`.
    fn promise_at(&self, at: usize) -> Option<(usize, usize)> {
        let word = self.word(at)?;
        if word == "ask" || word == "contact" {
            return self.asking(at);
        }
        if word == "loop" && self.near_before(at, 3, |word| word == "human") {
            return Some((at.saturating_sub(3), at));
        }
        // "approval" promises by itself; "review" or "permission" needs a
        // word beside it that says that one is to come.
        if NOUNS.contains(&word) && !self.is_negated(at) && !self.is_denied_behind(at) {
            if word.starts_with("approval") {
                return Some((self.with_demand_before(at), at));
            }
            return self.demanded(at);
        }
        if PARTICIPLES.contains(&word) {
            return self.passive(at);
        }
        let is_active = VERBS.contains(&word) && !matches!(word, "review" | "sign");
        let someone = self.near_before(at, 4, |word| PEOPLE.contains(&word));
        if is_active && someone && !self.is_negated(at) {
            let may = |word: &str| {
                matches!(
                    word,
                    "must" | "can" | "will" | "may" | "should" | "to" | "needs" | "has"
                )
            };
            return self
                .near_before(at, 2, may)
                .then(|| (at.saturating_sub(2), at));
        }
        None
    }

    fn word(&self, at: usize) -> Option<&str> {
        self.words.get(at).copied()
    }

    /// Whether one of the `reach` words before `at`, in the same sentence, is
    /// wanted.
    fn near_before(&self, at: usize, reach: usize, is_wanted: impl Fn(&str) -> bool) -> bool {
        (1..=reach)
            .map_while(|back| at.checked_sub(back))
            .take_while(|before| self.ends.get(*before) == Some(&false))
            .any(|before| self.word(before).is_some_and(&is_wanted))
    }

    fn near_behind(
        &self,
        at: usize,
        reach: usize,
        is_wanted: impl Fn(&str) -> bool,
    ) -> Option<usize> {
        (at..at + reach)
            .take_while(|here| self.ends.get(*here) == Some(&false))
            .map(|here| here + 1)
            .find(|behind| self.word(*behind).is_some_and(&is_wanted))
    }

    fn is_negated(&self, at: usize) -> bool {
        self.near_before(at, 4, |word| NEGATIONS.contains(&word))
            // "not possible without approval" promises that it is with one.
            && !self.near_before(at, 3, |word| matches!(word, "without" | "until" | "unless" | "before"))
    }

    /// "approval is not possible", "approval cannot be given".
    fn is_denied_behind(&self, at: usize) -> bool {
        self.near_behind(at, 3, |word| NEGATIONS.contains(&word))
            .is_some()
    }

    fn with_demand_before(&self, at: usize) -> usize {
        let before = at.saturating_sub(2);
        (before..at)
            .find(|here| self.word(*here).is_some_and(is_demand) && self.same_sentence(*here, at))
            .unwrap_or(at)
    }

    fn same_sentence(&self, from: usize, to: usize) -> bool {
        !self.ends.get(from..to).unwrap_or_default().contains(&true)
    }

    /// "requires human review", "held for review", "confirmation required".
    fn demanded(&self, at: usize) -> Option<(usize, usize)> {
        let word = self.word(at)?;
        let is_sign_off = word != "sign" || self.word(at + 1) == Some("off");
        let last = if word == "sign" { at + 1 } else { at };
        // To have permission is another matter than to get it.
        let by_right = matches!(
            word,
            "permission" | "authorization" | "authorisation" | "verification"
        ) && !self.near_before(at, 4, |word| {
            matches!(
                word,
                "ask" | "request" | "pending" | "awaiting" | "human" | "manager"
            )
        }) && self
            .near_behind(at, 3, |word| PEOPLE.contains(&word))
            .is_none();
        if !is_sign_off || by_right {
            return None;
        }
        let before = (1..=3)
            .map_while(|back| at.checked_sub(back))
            .find(|before| {
                self.word(*before).is_some_and(is_demand) && self.same_sentence(*before, at)
            });
        if let Some(before) = before {
            return Some((before, last));
        }
        let behind = self.near_behind(last, 2, |word| {
            matches!(word, "required" | "needed" | "pending" | "necessary")
        });
        behind.map(|behind| (at, behind))
    }

    /// "must be approved", "until approved", "reviewed by a human"; and not
    /// "an approved host", "is not approved".
    fn passive(&self, at: usize) -> Option<(usize, usize)> {
        if self.is_negated(at) {
            return None;
        }
        let by = self.near_behind(at, 4, |word| PEOPLE.contains(&word));
        let to_come = self.near_before(at, 3, |word| {
            matches!(
                word,
                "must" | "until" | "unless" | "once" | "needs" | "has" | "have" | "will" | "should"
            )
        });
        // Without a person only the clearest words: "must be verified" may
        // well be said of an e-mail address.
        let is_approval = self.word(at).is_some_and(|word| word.starts_with("approv"));
        let is_be = self.near_before(at, 2, |word| {
            matches!(word, "be" | "been" | "until" | "unless" | "once")
        });
        match (by, to_come && is_be) {
            (Some(by), true) => Some((at.saturating_sub(2), by)),
            (None, true) if is_approval => Some((at.saturating_sub(2), at)),
            _ => None,
        }
    }

    /// "ask a human first", "contact an admin for access"; and not "ask a
    /// person to do it", which is honest advice.
    fn asking(&self, at: usize) -> Option<(usize, usize)> {
        if self.is_negated(at) {
            return None;
        }
        let whom = self.near_behind(at, 4, |word| PEOPLE.contains(&word))?;
        let next = |offset: usize| {
            self.word(whom + offset)
                .filter(|_| self.same_sentence(whom, whom + offset))
        };
        match (next(1), next(2)) {
            // Of "contact" nothing follows but that the person can be reached.
            (None, _) => (self.word(at) == Some("ask")).then_some((at, whom)),
            (Some("to"), Some(verb)) => VERBS.contains(&verb).then_some((at, whom + 2)),
            (Some("first" | "before"), _) => Some((at, whom + 1)),
            (Some("for"), Some(_)) => {
                let wanted = self.near_behind(whom + 1, 3, |word| NOUNS.contains(&word));
                wanted.map(|wanted| (at, wanted))
            }
            _ => None,
        }
    }
}

/// Words that say that something is to come first.
fn is_demand(word: &str) -> bool {
    matches!(
        word,
        "ask"
            | "await"
            | "awaiting"
            | "awaits"
            | "for"
            | "get"
            | "human"
            | "manual"
            | "need"
            | "needs"
            | "needing"
            | "obtain"
            | "pending"
            | "request"
            | "require"
            | "requires"
            | "requiring"
            | "under"
            | "without"
            | "manager"
            | "manager's"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_that_promise_an_approval() {
        for text in [
            "Requires human approval.",
            "Approval required",
            "APPROVAL REQUIRED: large refund",
            "Refunds over 100 need approval from a manager",
            "Not allowed without approval.",
            "This action is pending approval.",
            "Ask a human to approve this.",
            "Please ask a human first.",
            "Ask a human",
            "Contact an admin for approval.",
            "Must be approved by an operator",
            "Blocked until approved.",
            "This needs to be approved.",
            "Held for review by a manager.",
            "Requires manual review.",
            "Needs a security review",
            "Awaiting confirmation.",
            "Human confirmation required.",
            "Has to be authorised by a supervisor.",
            "Requires manager authorization.",
            "Requires sign-off from the team.",
            "A human must approve deletions.",
            "Will be reviewed by a person",
            "Needs a human in the loop.",
        ] {
            assert!(promise(text).is_some(), "{text}");
        }
    }

    #[test]
    fn messages_that_promise_nothing() {
        for text in [
            "This host is not approved.",
            "Not an approved repository.",
            "Use a repository from the approved list.",
            "Only approved hosts are allowed.",
            "Unapproved vendor.",
            "Refund exceeds the policy limit.",
            "Refunds are made by people.",
            "You are not authorized to do this.",
            "Missing authorization header.",
            "You do not have permission to delete files.",
            "Requires the write permission.",
            "Please review your arguments and try again.",
            "Review the documentation.",
            "No approval is possible.",
            "This cannot be approved.",
            "Nobody can approve this.",
            "Approval is not possible here.",
            "Ask a person to make it in the dashboard.",
            "Ask a human to run it by hand.",
            "Ask the user for the ticket number.",
            "Contact your administrator.",
            "The recipient has not been verified.",
            "The address must be verified.",
            "Deleting reviews is not allowed.",
            "approve_refund is blocked",
            "",
            "\u{1f600}",
        ] {
            assert_eq!(promise(text), None, "{text}");
        }
    }

    #[test]
    fn the_promise_is_quoted_as_written() {
        assert_eq!(
            promise("Sorry. Requires HUMAN approval!").as_deref(),
            Some("Requires HUMAN approval")
        );
    }
}
