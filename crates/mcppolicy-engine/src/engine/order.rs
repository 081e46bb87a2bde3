//! Everything in a policy that can refuse a call, in the order in which it is
//! looked at.

use super::compile::{Engine, Limit, Rule};
use crate::policy::DefaultDecision;

/// The JSON Pointers of everything that can refuse a call, by the steps of a
/// decision.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Refusers<'e> {
    /// The hidden names that some call can be refused by; each call comes to
    /// them one after the other.
    pub hide: Vec<&'e str>,
    /// The default, where it refuses; calls of unlisted tools come to it.
    pub default: Option<&'static str>,
    /// Each listed tool with its rules, then its limits; calls of it come to them
    /// one after the other.
    pub tools: Vec<(&'e str, Vec<&'e str>)>,
    /// The limits of all tools together; calls that nothing has refused come to
    /// them one after the other.
    pub all_tools: Vec<&'e str>,
}

impl Engine {
    /// Everything that can refuse a call.
    pub fn refusers(&self) -> Refusers<'_> {
        let hidden = self.hidden.values().chain(&self.everything_hidden);
        let mut hide: Vec<&str> = hidden.map(|prepared| prepared.rule.as_str()).collect();
        // `/hide/2` before `/hide/10`.
        hide.sort_unstable_by_key(|rule| (rule.len(), *rule));
        let mut names: Vec<(&str, usize)> = self
            .index
            .iter()
            .map(|(name, at)| (name.as_str(), *at))
            .collect();
        names.sort_unstable_by_key(|(_, at)| *at);
        let tools = names.into_iter().filter_map(|(name, at)| {
            let tool = self.tools.get(at)?;
            let rules = tool.require.iter().chain(&tool.deny_if).map(Rule::pointer);
            let limits = tool.limits.iter().map(Limit::pointer);
            Some((name, rules.chain(limits).collect()))
        });
        let refuses = self.attached && self.default == DefaultDecision::Deny;
        Refusers {
            hide,
            default: refuses.then_some("/default"),
            tools: tools.collect(),
            all_tools: self.all_tools.iter().map(Limit::pointer).collect(),
        }
    }
}

impl Rule {
    fn pointer(&self) -> &str {
        &self.prepared.rule
    }
}

impl Limit {
    fn pointer(&self) -> &str {
        &self.prepared.rule
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Policy;

    #[test]
    fn what_can_refuse_a_call_is_listed_step_by_step() {
        let policy = br#"{"version":"1","default":"deny","hide":["b","a"],
            "all_tools":{"limits":[{"counter":"c","window":"day","max":9,"scope":"grant"}]},
            "tools":{"z":{},"pay":{
            "deny_if":[{"conditions":[{"path":"args.sum","op":"gt","value":9}]}],
            "require":[{"conditions":[{"path":"args.to","op":"exists","value":true}]}],
            "limits":[{"counter":"c","window":"day","max":9,"scope":"grant"}]}}}"#;
        let engine = Engine::new(&Policy::from_json(policy).unwrap());
        assert_eq!(
            engine.refusers(),
            Refusers {
                hide: vec!["/hide/0", "/hide/1"],
                default: Some("/default"),
                tools: vec![
                    ("z", vec![]),
                    (
                        "pay",
                        vec![
                            "/tools/pay/require/0",
                            "/tools/pay/deny_if/0",
                            "/tools/pay/limits/0"
                        ]
                    )
                ],
                all_tools: vec!["/all_tools/limits/0"],
            }
        );
        let open = br#"{"version":"1","default":"allow","hide":["a","*"]}"#;
        let engine = Engine::new(&Policy::from_json(open).unwrap());
        let refusers = engine.refusers();
        assert_eq!(refusers.hide, ["/hide/0", "/hide/1"]);
        assert_eq!(refusers.default, None);
    }
}
