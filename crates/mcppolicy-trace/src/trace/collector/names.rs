//! The names by which clients know tools: the server's and the tool's in one.

use super::Collector;
use crate::trace::call::Server;
use crate::trace::options::Assumed;

/// The most split names that are listed.
const MOST_SPLIT_NAMES: usize = 20;

/// The server of a client's own tools.
const CLIENT: &str = "client";

impl Collector {
    /// The name by which a client knows the tool of the nearest open call of
    /// this id.
    pub fn name_of(&mut self, key: &str) -> Option<String> {
        let call = self.requests.peek(key)?;
        let tool = call.tool()?;
        match &call.server {
            Server::Named(server) if server != CLIENT => Some(format!("mcp__{server}__{tool}")),
            _ => Some(tool.to_owned()),
        }
    }

    /// The server and the tool in a client's name for a tool: a name without
    /// `mcp__` is the client's own tool.
    pub fn split_name(&mut self, name: &str) -> (Server, String) {
        let parts = name
            .strip_prefix("mcp__")
            .and_then(|rest| rest.split_once("__"));
        let Some((server, tool)) =
            parts.filter(|(server, tool)| !server.is_empty() && !tool.is_empty())
        else {
            return (Server::Named(CLIENT.to_owned()), name.to_owned());
        };
        if tool.contains("__") {
            self.assume_split(name, server, tool);
        }
        (Server::Named(server.to_owned()), tool.to_owned())
    }

    /// The server and the tool in `rest`, the part of a name behind the client's
    /// prefix, where the client joins them with `mark`. That a server's name
    /// may hold the mark itself is said.
    pub fn split_at(&mut self, name: &str, rest: &str, mark: &str) -> (Server, String) {
        let parts = rest.split_once(mark);
        let parts = parts.filter(|(server, tool)| !server.is_empty() && !tool.is_empty());
        let Some((server, tool)) = parts else {
            return (Server::Named(CLIENT.to_owned()), name.to_owned());
        };
        if tool.contains(mark) || mark.len() == 1 {
            self.assume_split(name, server, tool);
        }
        (Server::Named(server.to_owned()), tool.to_owned())
    }

    fn assume_split(&mut self, name: &str, server: &str, tool: &str) {
        let assumed = Assumed::SplitName {
            name: name.to_owned(),
            server: server.to_owned(),
            tool: tool.to_owned(),
        };
        if self.assumed.contains(&assumed) {
            return;
        }
        self.split_names += 1;
        self.assume(if self.split_names <= MOST_SPLIT_NAMES {
            assumed
        } else {
            Assumed::MoreSplitNames
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_split_at_the_first_underscores_and_say_so() {
        let mut collector = Collector::default();
        let mut split = |name: &str| match collector.split_name(name) {
            (Server::Named(server), tool) => (server, tool),
            other => panic!("{other:?}"),
        };
        let pair = |server: &str, tool: &str| (server.to_owned(), tool.to_owned());
        assert_eq!(split("mcp__github__get_me"), pair("github", "get_me"));
        assert_eq!(split("Bash"), pair("client", "Bash"));
        assert_eq!(split("mcp__lonely"), pair("client", "mcp__lonely"));
        assert_eq!(split("mcp____x"), pair("client", "mcp____x"));
        assert_eq!(split("mcp__a__b__c"), pair("a", "b__c"));
        assert_eq!(collector.assumed.len(), 1);
        for n in 0..100 {
            collector.split_name(&format!("mcp__a__b__{n}"));
        }
        assert_eq!(collector.assumed.len(), MOST_SPLIT_NAMES + 1);
    }
}
