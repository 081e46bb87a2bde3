//! A message that names another limit than the one that refuses.

use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId};
use mcppolicy_engine::policy::{self, Limit, Test, Window};

/// `contradicting-message`
pub static RULE: Rule = Rule {
    id: RuleId::ContradictingMessage,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "Reads the numbers in the `on_deny` of a limit (\"10 calls per minute\") and of a rule with a \
           bound (\"amounts above 100\"). It is reported where no limit of the tool or of all tools \
           has that number over that window, or the rule has no such bound. An amount may be given \
           in hundredths.",
    why: "The message is all that an agent knows of the limit. One that is told of 10 a minute, and \
          is refused at 5 an hour, tries again and again.",
    bad: &[
        Bad {
            says: "The limit was changed, and the message was not",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_page": {
      "limits": [{ "counter": "gets", "window": "hour", "max": 30, "scope": "grant", "on_deny": "At most 60 calls per minute" }]
    }
  }
}"#,
            proof: Proof::Plain,
        },
        Bad {
            says: "Refunds above 50 are refused already",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "create_refund": {
      "require": [{
        "conditions": [{ "path": "args.amount", "op": "lte", "value": 50 }],
        "on_deny": "Refunds above 100 are not available here"
      }]
    }
  }
}"#,
            proof: Proof::Plain,
        },
    ],
    good: &[Good {
        says: "The numbers of the limit and of the bound, one of them in cents",
        policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "create_refund": {
      "require": [{
        "conditions": [{ "path": "args.cents", "op": "lte", "value": 5000 }],
        "on_deny": "Refunds above 50 are not available here"
      }],
      "limits": [{ "counter": "refunds", "window": "day", "max": 1000, "scope": "grant", "on_deny": "At most 1,000 refunds a day; the next day begins at midnight UTC" }]
    }
  }
}"#,
    }],
    check: Check::Policy(check),
};

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    let all = &context.policy.all_tools;
    for limit in all {
        look_at_limit(reporter, limit, &all.iter().collect::<Vec<_>>());
    }
    for tool in &context.tools {
        let limits: Vec<&Limit> = tool.rules.limits.iter().chain(all).collect();
        for limit in &tool.rules.limits {
            look_at_limit(reporter, limit, &limits);
        }
        for rule in tool.rules.require.iter().chain(&tool.rules.deny_if) {
            look_at_rule(reporter, rule);
        }
    }
}

/// What counts as the same number, in the unit of the policy or in a hundred of
/// them.
fn is_same(said: f64, is: f64) -> bool {
    said == is || said * 100.0 == is
}

fn look_at_limit(reporter: &mut Reporter<'_>, limit: &Limit, beside: &[&Limit]) {
    let Some(text) = &limit.on_deny else { return };
    for (number, window) in rates(&text.value) {
        let says = |limit: &&Limit| {
            limit.window.value == window && is_same(number, limit.max.value as f64)
        };
        if beside.iter().any(says) {
            continue;
        }
        let (max, over) = (limit.max.value, limit.window.value.name());
        let message = format!(
            "The message speaks of {number} per {}, and the limit is {max} per {over}",
            window.name()
        );
        let finding = reporter
            .finding(text.span, format!("{}/on_deny", limit.pointer), message)
            .help(format!("say {max} per {over}, or correct the limit"));
        reporter.push(finding);
        return;
    }
}

fn look_at_rule(reporter: &mut Reporter<'_>, rule: &policy::Rule) {
    let Some(text) = &rule.on_deny else { return };
    let bounds: Vec<f64> = rule
        .conditions
        .iter()
        .filter_map(|condition| match condition.test {
            Test::Compare(_, bound) => Some(bound),
            _ => None,
        })
        .collect();
    let [first, ..] = bounds.as_slice() else {
        return;
    };
    // `lt 101` is "up to 100" of whole numbers.
    let is_said = |number: f64| {
        let near = |bound: &f64| {
            [-1.0, 0.0, 1.0]
                .iter()
                .any(|more| is_same(number, bound + more))
        };
        bounds.iter().any(near)
    };
    let Some(number) = bounded(&text.value)
        .into_iter()
        .find(|number| !is_said(*number))
    else {
        return;
    };
    let message =
        format!("The message speaks of a bound of {number}, and the rule has one of {first}");
    let finding = reporter
        .finding(text.span, format!("{}/on_deny", rule.pointer), message)
        .help(format!("say {first}, or correct the bound"));
    reporter.push(finding);
}

/// The words of a message in lower case, a number with its separators as one.
pub(super) fn words(text: &str) -> Vec<String> {
    let spaced = text.replace('/', " per ");
    let words = spaced.split_whitespace();
    words
        .map(|word| {
            let is_edge = |c: char| !c.is_alphanumeric();
            word.trim_matches(is_edge).to_lowercase()
        })
        .filter(|word| !word.is_empty())
        .collect()
}

fn number(word: &str) -> Option<f64> {
    let is_digit = |c: char| c.is_ascii_digit() || matches!(c, ',' | '_' | '\u{a0}');
    let is_plain = word.chars().all(|c| is_digit(c) || c == '.');
    let digits: String = word
        .chars()
        .filter(|c| c.is_ascii_digit() || *c == '.')
        .collect();
    is_plain.then(|| digits.parse().ok()).flatten()
}

fn window(word: &str) -> Option<Window> {
    Window::ALL.into_iter().find(|window| window.name() == word)
}

/// How many words may stand between a number and its unit.
const APART: usize = 4;

/// The rates in a message: a number, and behind it "per minute" or the like.
fn rates(text: &str) -> Vec<(f64, Window)> {
    let words = words(text);
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let Some(amount) = number(word) else { continue };
        let behind: Vec<&String> = words.iter().skip(at + 1).take(APART).collect();
        let own: Vec<&String> = behind
            .into_iter()
            .take_while(|word| number(word).is_none())
            .collect();
        let rate = own.windows(2).find_map(|pair| match pair {
            [before, unit] if ["per", "a", "an", "each", "every"].contains(&before.as_str()) => {
                window(unit)
            }
            _ => None,
        });
        found.extend(rate.map(|window| (amount, window)));
    }
    found
}

/// The bounds in a message: numbers behind "above", "up to" or the like.
fn bounded(text: &str) -> Vec<f64> {
    const BEFORE: [&str; 9] = [
        "above", "over", "to", "under", "below", "most", "least", "than", "exceed",
    ];
    let words = words(text);
    let pairs = words.windows(2).filter_map(|pair| match pair {
        [before, word] if BEFORE.contains(&before.as_str()) => number(word),
        _ => None,
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_and_bounds_are_read_from_a_message() {
        for (text, expected) in [
            ("At most 10 calls per minute", vec![(10.0, Window::Minute)]),
            (
                "Slow down: 1,000 refunds a day.",
                vec![(1000.0, Window::Day)],
            ),
            (
                "10/minute and 200/day",
                vec![(10.0, Window::Minute), (200.0, Window::Day)],
            ),
            ("Try again in 5 minutes", vec![]),
            ("Wait a minute, then a day", vec![]),
            (
                "3 of 10 calls each hour are left",
                vec![(10.0, Window::Hour)],
            ),
            ("The runs of today are used up", vec![]),
        ] {
            assert_eq!(rates(text), expected, "{text}");
        }
        for (text, expected) in [
            ("Refunds above 100 are refused", vec![100.0]),
            (
                "State width up to 1024 and steps up to 40",
                vec![1024.0, 40.0],
            ),
            ("No more than 2.50 each", vec![2.5]),
            ("Error 403: ask the owner", vec![]),
        ] {
            assert_eq!(bounded(text), expected, "{text}");
        }
    }
}
