//! Step 6 of a decision (policy language §4): all limits that count a call.

use super::compile::{Engine, Limit};
use super::quota::{Amount, Balance, QuotaCheck};
use super::rules::Passed;
use crate::decision::{Decision, Reason};

impl Engine {
    /// The decision, and whether a limit's window was closed before the call.
    pub(super) fn check_limits<'e>(
        &'e self,
        passed: &Passed<'e>,
        balance: impl Fn(&'e Limit) -> Balance,
    ) -> (Decision<'e>, bool) {
        let mut possible = passed.possible.clone();
        let mut late = false;
        for (limit, amount) in self.counted(passed) {
            match limit.check(amount, balance(limit)) {
                QuotaCheck::Fits => {}
                QuotaCheck::Exceeds => {
                    let denial = possible.certainly(limit.prepared.denial());
                    return (Decision::Deny(denial), late);
                }
                QuotaCheck::Uncountable => {
                    let denial = limit.prepared.denial_with(&limit.uncountable);
                    return (Decision::Deny(possible.certainly(denial)), late);
                }
                QuotaCheck::Unknown(reason) => {
                    late |= reason == Reason::Late;
                    possible.may_be(limit.prepared.denial(), reason);
                    if reason == Reason::UnknownArguments {
                        // The amount may also be one that cannot be counted.
                        possible.may_be(limit.prepared.denial_with(&limit.uncountable), reason);
                    }
                }
            }
        }
        (possible.otherwise_allow(), late)
    }

    /// The limits that count a call, each with what the call adds.
    pub(super) fn counted<'e>(
        &'e self,
        passed: &Passed<'e>,
    ) -> impl Iterator<Item = (&'e Limit, Amount)> {
        let mut amounts = passed.amounts.iter();
        self.limits_of(passed.tool).map(move |limit| {
            let amount = match limit.key.increment_from {
                None => Amount::ONE,
                Some(_) => amounts.next().copied().unwrap_or(Amount::Uncountable),
            };
            (limit, amount)
        })
    }
}
