//! What `coverage` and `mutate` say in numbers: a list comes first, these behind
//! it.

use mcppolicy_analysis::coverage::{Count, Criterion};
use mcppolicy_analysis::mutate::Score;
use mcppolicy_analysis::report::{Pinned, PinnedPolicy, Pins};

/// One line over all policies.
pub fn pinned(pinned: &Pinned) -> String {
    let is_coverage = |policy: &PinnedPolicy| matches!(policy.what, Pins::Points { .. });
    if pinned.policies.is_empty() {
        return "no policy with tests was found".to_owned();
    }
    if pinned.policies.iter().all(is_coverage) {
        let each = pinned.policies.iter().map(|policy| policy.count(None));
        return points(each.fold(Count::default(), Count::plus));
    }
    let listed = pinned.policies.iter().map(|policy| match &policy.what {
        Pins::Mutants { listed, .. } => listed.len(),
        Pins::Points { .. } => 0,
    });
    let listed: usize = listed.sum();
    let each = pinned.policies.iter().map(PinnedPolicy::score);
    let score = each.fold(Score::default(), Score::plus);
    if listed > 0 {
        return format!("{listed} mutants listed, none tried");
    }
    mutants(score)
}

/// What was found of one policy, line by line.
pub fn numbers(policy: &PinnedPolicy) -> Vec<String> {
    let mut lines = Vec::new();
    match &policy.what {
        Pins::Points {
            criteria, after, ..
        } => {
            for criterion in Criterion::ALL {
                if criteria.contains(&criterion) {
                    let count = policy.count(Some(criterion));
                    lines.push(format!("{}: {}", criterion.name(), points(count)));
                }
            }
            lines.extend(after.map(|after| format!("with the traces written: {}", points(after))));
        }
        Pins::Mutants { skipped, after, .. } => {
            let score = policy.score();
            lines.push(mutants(score));
            if score.loosening > 0 {
                let count = score.loosening;
                lines.push(format!("{count} of those not killed let more through"));
            }
            for (mutant, reason) in skipped {
                lines.push(format!("skipped {}: {reason}", mutant.id));
            }
            lines.extend(after.map(|after| format!("with the traces written: {}", mutants(after))));
        }
    }
    lines
}

fn points(count: Count) -> String {
    let others = [
        (count.seen, "seen, not asserted"),
        (count.uncovered, "missing"),
        (count.undetermined, "undetermined"),
        (count.infeasible, "proved out of reach"),
    ];
    format!(
        "{} of {} covered{} ({} %)",
        count.covered,
        count.counted(),
        listed(&others),
        percent(count.percent())
    )
}

fn mutants(score: Score) -> String {
    let others = [
        (score.noticed, "seen, not asserted"),
        (score.survived, "survived"),
        (score.undecided, "undecided"),
        (score.equivalent, "proved to be no change"),
    ];
    let percentage = score
        .percent()
        .map(|found| format!(" ({} %)", percent(found)));
    format!(
        "{} of {} mutants killed{}{}",
        score.killed,
        score.counted(),
        listed(&others),
        percentage.unwrap_or_default()
    )
}

fn listed(others: &[(usize, &str)]) -> String {
    let there = others.iter().filter(|(count, _)| *count > 0);
    there
        .map(|(count, what)| format!(", {count} {what}"))
        .collect()
}

/// Rounded down, so that 100 is never shown where something is missing.
fn percent(percent: f64) -> String {
    let tenths = (percent * 10.0).floor() / 10.0;
    tenths.to_string()
}
