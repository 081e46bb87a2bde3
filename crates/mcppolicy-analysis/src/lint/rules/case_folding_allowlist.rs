//! An allowlist that ignores case, and with it the alphabet.

use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId};
use crate::lint::context::Tool;
use crate::lint::witness::{candidates, with};
use mcppolicy_engine::policy::{Condition, Test};
use mcppolicy_engine::value::Value;
use mcppolicy_trace::trace::WitnessCall;

/// `case-folding-allowlist`
pub static RULE: Rule = Rule {
    id: RuleId::CaseFoldingAllowlist,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "Looks for `require` patterns with the flag `i` that accept the Kelvin sign (U+212A) for a \
           `k`, or the long s (U+017F) for an `s`.",
    why: "Case is folded as in Unicode, where `k` has three forms. A server that compares bytes, \
          or that removes characters outside ASCII, reads another name than the one that was \
          allowed.",
    bad: &[Bad {
        says: "A host with a Kelvin sign is accepted",
        policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_page": {
      "require": [{ "conditions": [{ "path": "args.host", "op": "regex", "value": "(?i)^docs\\.kiosk\\.example$" }] }]
    }
  }
}"#,
        proof: Proof::Passes,
    }],
    good: &[
        Good {
            says: "The cases are written out",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_page": {
      "require": [{ "conditions": [{ "path": "args.host", "op": "regex", "value": "^[Dd]ocs\\.kiosk\\.example$" }] }]
    }
  }
}"#,
        },
        Good {
            says: "A pattern in `deny_if` should catch every form",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_page": {
      "deny_if": [{ "conditions": [{ "path": "args.host", "op": "regex", "value": "(?i)kiosk" }] }]
    }
  }
}"#,
        },
    ],
    check: Check::Policy(check),
};

/// ASCII letters and the others that are the same but for case.
const FOLDED: [(char, char, &str); 2] =
    [('k', '\u{212A}', "Kelvin sign"), ('s', '\u{17F}', "long s")];

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    for tool in context.open_tools() {
        for (_, condition) in tool.conditions().filter(|(is_require, _)| *is_require) {
            look(context, reporter, tool, condition);
        }
    }
}

fn look(
    context: &Context<'_>,
    reporter: &mut Reporter<'_>,
    tool: &Tool<'_>,
    condition: &Condition,
) {
    let Test::Regex(pattern) = &condition.test else {
        return;
    };
    // A pattern that takes any letter there folds none.
    let folds = |text: &str| {
        let (sign, letter) = FOLDED.iter().find_map(|(ascii, folded, name)| {
            let at = text.find(|c: char| c.eq_ignore_ascii_case(ascii))?;
            let put = |c: char| {
                let (before, rest) = text.split_at_checked(at)?;
                let behind = rest.get(1..)?;
                Some(format!("{before}{c}{behind}"))
            };
            let is_folded = pattern.is_match(&put(*folded)?) && !pattern.is_match(&put('\u{F8}')?);
            is_folded.then_some(((*name, *folded), put(*folded)?))
        })?;
        Some((sign, letter))
    };
    let texts = candidates([&condition.test]);
    let found = texts.iter().find_map(|value| match value {
        Value::String(text) if pattern.is_match(text) => folds(text),
        _ => None,
    });
    let (Some(((name, sign), text)), Some(accepted)) = (found, context.accepted(tool)) else {
        return;
    };
    let path = &condition.path.value;
    let Some(witness) = with(&accepted, path, Value::String(text))
        .and_then(|arguments| reporter.passing(vec![WitnessCall::new(tool.name(), arguments)]))
    else {
        return;
    };
    let message = format!(
        "`{path}` of `{}` accepts the {name} (U+{:04X}): the pattern ignores case beyond ASCII",
        tool.name(),
        u32::from(sign)
    );
    let finding = reporter
        .finding(
            condition.value_span,
            format!("{}/value", condition.pointer),
            message,
        )
        .help("write both cases out, as in [Kk], in place of the flag `i`")
        .witness(witness);
    reporter.push(finding);
}
