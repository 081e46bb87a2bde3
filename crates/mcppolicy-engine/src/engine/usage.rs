//! How much of each limit is used after a call, for charts. Nothing here
//! decides or reserves.

use super::call::Call;
use super::compile::Engine;
use super::counters::Counters;
use super::interval::Interval;

/// One limit and its counter's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LimitUse<'e> {
    /// The limit, as a JSON Pointer into the policy.
    pub rule: &'e str,
    /// The counter's name.
    pub counter: &'e str,
    /// `minute`, `hour` or `day`.
    pub window: &'static str,
    /// The largest count or sum.
    pub max: u64,
    /// What the call's grant has used of the call's window.
    pub used: Interval,
}

impl Engine {
    /// The limits that count `call`, with what its grant has used of each in
    /// the call's window, the call itself included where it was decided
    /// before; nothing for a call that no limit ever sees.
    pub fn usage<'e>(&'e self, call: &Call<'_>, counters: &Counters) -> Vec<LimitUse<'e>> {
        let Ok((tool, _)) = self.screen(call.request) else {
            return Vec::new();
        };
        let grant = counters.find(call.grant);
        self.limits_of(tool)
            .map(|limit| LimitUse {
                rule: &limit.prepared.rule,
                counter: &limit.key.counter,
                window: limit.key.window.name(),
                max: limit.max,
                used: counters
                    .balance(&self.limit_keys, limit, grant, call.time)
                    .used,
            })
            .collect()
    }
}
