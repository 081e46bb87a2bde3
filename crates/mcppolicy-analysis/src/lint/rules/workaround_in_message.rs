//! A message that tells the agent how to get around the rule.

use super::contradicting_message::words;
use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId};
use crate::inventory::category::Category;
use crate::lint::argument::is_amount;
use mcppolicy_engine::policy::{self, Limit, Spanned, Test};

/// `workaround-in-message`
pub static RULE: Rule = Rule {
    id: RuleId::WorkaroundInMessage,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "Looks for `on_deny` texts that say how the same thing passes: in several smaller amounts, \
           with another key, session or account, without the argument that a `deny_if` looks at, or \
           in another spelling of it.",
    why: "The agent reads the message, and does what it says. A cap per call is none when the text \
          says to send the sum in parts, and a pattern that refuses a word is none when the text says \
          to encode it.",
    bad: &[
        Bad {
            says: "Two refunds of 100 are a refund of 200",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "create_refund": {
      "require": [{
        "conditions": [{ "path": "args.amount", "op": "lte", "value": 100 }],
        "on_deny": "Refunds above 100 are refused: split it into several smaller refunds"
      }],
      "limits": [{ "counter": "refunds", "window": "day", "max": 50, "scope": "grant" }]
    }
  }
}"#,
            proof: Proof::Plain,
        },
        Bad {
            says: "Each grant has a quota of its own",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_page": {
      "limits": [{
        "counter": "gets", "window": "day", "max": 300, "scope": "grant",
        "on_deny": "The pages of today are used up. Try again with another API key."
      }]
    }
  }
}"#,
            proof: Proof::Plain,
        },
    ],
    good: &[Good {
        says: "Says what is allowed, and who can do more",
        policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "create_refund": {
      "require": [{
        "conditions": [{ "path": "args.amount", "op": "lte", "value": 100 }],
        "on_deny": "Refunds above 100 are not available here, and must not be split into parts. Ask a person to make it in the dashboard."
      }],
      "limits": [{ "counter": "refunds", "window": "day", "max": 50, "scope": "grant", "on_deny": "The refunds of today are used up" }]
    },
    "list_orders": {
      "require": [{
        "conditions": [{ "path": "args.limit", "op": "lte", "value": 100 }],
        "on_deny": "Ask for at most 100 orders, in several pages"
      }]
    }
  }
}"#,
    }],
    check: Check::Policy(check),
};

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    for limit in &context.policy.all_tools {
        look_at_limit(reporter, limit, false);
    }
    for tool in &context.tools {
        let pays = tool.class.category == Category::Financial;
        for limit in &tool.rules.limits {
            look_at_limit(reporter, limit, pays);
        }
        for rule in &tool.rules.require {
            look_at_rule(reporter, rule, pays, false);
        }
        for rule in &tool.rules.deny_if {
            look_at_rule(reporter, rule, pays, true);
        }
    }
}

fn look_at_limit(reporter: &mut Reporter<'_>, limit: &Limit, pays: bool) {
    let about = About {
        amounts: pays || limit.increment_from.is_some(),
        ..About::default()
    };
    look_at(reporter, limit.on_deny.as_ref(), &limit.pointer, &about);
}

fn look_at_rule(reporter: &mut Reporter<'_>, rule: &policy::Rule, pays: bool, is_deny: bool) {
    let name = |condition: &policy::Condition| condition.path.value.segments().last().cloned();
    let is_text = |test: &Test| matches!(test, Test::Regex(_) | Test::Contains(_));
    let bounds = rule.conditions.iter().any(|condition| {
        let is_named = name(condition).is_some_and(|name| is_amount(&name));
        matches!(condition.test, Test::Compare(..)) && (is_named || pays)
    });
    let texts = rule
        .conditions
        .iter()
        .filter(|of| is_deny && is_text(&of.test));
    let about = About {
        amounts: bounds,
        texts: texts.filter_map(name).collect(),
    };
    look_at(reporter, rule.on_deny.as_ref(), &rule.pointer, &about);
}

fn look_at(
    reporter: &mut Reporter<'_>,
    message: Option<&Spanned<String>>,
    owner: &str,
    about: &About,
) {
    let Some(text) = message else { return };
    let Some((said, way)) = way_around(&text.value, about) else {
        return;
    };
    let message = format!("The message tells the agent a way around the rule: {way} (\"{said}\")");
    let finding = reporter
        .finding(text.span, format!("{owner}/on_deny"), message)
        .help("say what is refused and who can do it, and nothing of how it would pass");
    reporter.push(finding);
}

/// What a rule refuses, as far as it matters for ways around it.
#[derive(Debug, Default)]
struct About {
    /// Whether it bounds an amount, which parts of it stay below.
    amounts: bool,
    /// The arguments whose text a `deny_if` looks at, which other text gets past.
    texts: Vec<String>,
}

/// How many words lie between the parts of one instruction.
const APART: usize = 5;

/// The words of a message that tell a way around, and which way.
fn way_around(text: &str, about: &About) -> Option<(String, &'static str)> {
    let words = words(text);
    (0..words.len()).find_map(|at| {
        let (reach, way) = way_at(&words, at, about)?;
        let is_negation =
            |word: &String| matches!(word.as_str(), "not" | "never" | "don't" | "cannot" | "no");
        let from = at.saturating_sub(3);
        if words.get(from..at)?.iter().any(is_negation) {
            return None;
        }
        Some((words.get(at..=at + reach)?.join(" "), way))
    })
}

/// The way that the instruction at a word tells, and how many words behind it belong to it.
fn way_at(words: &[String], at: usize, about: &About) -> Option<(usize, &'static str)> {
    let word = words.get(at)?.as_str();
    let behind = words.get(at + 1..).unwrap_or_default();
    let find = |is_wanted: &dyn Fn(&str) -> bool| {
        let mut near = behind.iter().take(APART);
        near.position(|word| is_wanted(word)).map(|found| found + 1)
    };
    let in_parts = |word: &str| {
        matches!(
            word,
            "chunks"
                | "multiple"
                | "parts"
                | "pieces"
                | "portions"
                | "separate"
                | "several"
                | "smaller"
        )
    };
    if about.amounts && matches!(word, "break" | "divide" | "make" | "send" | "split" | "use") {
        let found = find(&in_parts)?;
        let is_payment = |word: &String| {
            matches!(
                word.as_str(),
                "amounts" | "calls" | "orders" | "payments" | "purchases" | "refunds" | "transfers"
            )
        };
        let next = behind.get(found..).unwrap_or_default();
        let is_cut = matches!(word, "break" | "divide" | "split");
        let is_told = is_cut || next.iter().take(2).any(is_payment);
        return is_told.then_some((found, "in parts that each pass"));
    }
    if matches!(
        word,
        "open" | "start" | "switch" | "try" | "use" | "using" | "with" | "create"
    ) {
        let is_other =
            |word: &str| matches!(word, "another" | "different" | "fresh" | "new" | "second");
        let other = find(&is_other).filter(|found| *found <= 2)?;
        let rest = behind.get(other..).unwrap_or_default();
        let is_caller = |word: &String| {
            matches!(
                word.as_str(),
                "account"
                    | "agent"
                    | "client"
                    | "connection"
                    | "credential"
                    | "credentials"
                    | "grant"
                    | "identity"
                    | "key"
                    | "session"
                    | "token"
                    | "user"
            )
        };
        let caller = rest.iter().take(2).position(is_caller)?;
        return Some((other + caller + 1, "as another caller"));
    }
    if about.texts.is_empty() {
        return None;
    }
    let is_argument = |word: &str| {
        about
            .texts
            .iter()
            .any(|name| name.eq_ignore_ascii_case(word))
    };
    if matches!(
        word,
        "drop" | "leave" | "leaving" | "omit" | "omitting" | "skip" | "without"
    ) {
        return find(&is_argument).map(|found| (found, "without the argument that it looks at"));
    }
    let is_spelling = matches!(
        word,
        "base64"
            | "base64-encode"
            | "encode"
            | "encoded"
            | "obfuscate"
            | "rephrase"
            | "uppercase"
            | "url-encode"
    );
    is_spelling.then_some((0, "in another spelling"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_around_are_told_from_advice() {
        let amounts = About {
            amounts: true,
            ..About::default()
        };
        let texts = About {
            texts: vec!["command".to_owned()],
            ..About::default()
        };
        let nothing = About::default();
        for (about, text, expected) in [
            (&amounts, "Split the refund into smaller amounts.", true),
            (&amounts, "Break it up into several payments", true),
            (&amounts, "Send multiple transfers instead", true),
            (&amounts, "Do not split it into smaller refunds", false),
            (
                &amounts,
                "Payments must not be sent in several parts",
                false,
            ),
            (&amounts, "Use smaller words", false),
            (&nothing, "Split large uploads into several parts", false),
            (&nothing, "Try again with another API key", true),
            (&nothing, "Start a new session to go on", true),
            (&nothing, "Use a different account.", true),
            (&nothing, "Never use another account", false),
            (&nothing, "Use a new branch instead", false),
            (&nothing, "Use another tool, such as list_pages", false),
            (&texts, "Leave out the command and use args", true),
            (&texts, "Encode it first", true),
            (&texts, "Call it without force", false),
            (&nothing, "Encode the name as UTF-8", false),
            (&texts, "Commands that delete are refused", false),
        ] {
            let found = way_around(text, about);
            assert_eq!(found.is_some(), expected, "{text}: {found:?}");
        }
    }
}
