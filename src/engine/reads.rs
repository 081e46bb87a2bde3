//! Which arguments a decision looked at: what a report of a recorded call may
//! show of it (the rest may be anyone's secret).

use super::{Decision, Engine, Kind, Limit, Rule};
use crate::policy::Path;

impl Engine {
    /// The paths that decided a call of `tool`: of a denial, those of the
    /// deciding rule or limit; otherwise, and where several rules may have
    /// decided, those of every rule and limit that the call met. In the order
    /// of the policy, each once.
    pub fn reads(&self, tool: &str, decision: &Decision<'_>) -> Vec<&Path> {
        let refused_unread = decision.is_deny()
            && matches!(
                decision.kind(),
                Some(
                    Kind::Batch
                        | Kind::Malformed
                        | Kind::NoPolicy
                        | Kind::Hidden
                        | Kind::DefaultDeny
                )
            );
        if refused_unread {
            return Vec::new();
        }
        let tool = self.index.get(tool).copied();
        let decided = |rule: &str| decision.rule().is_none_or(|deciding| deciding == rule);
        let rules = self
            .tool(tool)
            .into_iter()
            .flat_map(|tool| tool.require.iter().chain(&tool.deny_if))
            .filter(|rule| decided(&rule.refusal.rule))
            .flat_map(Rule::paths);
        let limits = self
            .limits_of(tool)
            .filter(|limit| decided(&limit.refusal.rule))
            .filter_map(Limit::path);
        let mut paths: Vec<&Path> = Vec::new();
        for path in rules.chain(limits) {
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
        paths
    }
}

impl Rule {
    fn paths(&self) -> impl Iterator<Item = &Path> {
        self.conditions.iter().map(|condition| &condition.path)
    }
}

impl Limit {
    fn path(&self) -> Option<&Path> {
        self.increment_from.as_ref()
    }
}
