//! Readers of JSON as servers and clients have them, apart from the guard's own.

use std::collections::BTreeMap;
use std::fmt;

use mcppolicy_engine::engine::{Arguments, Call, Counters, Engine, Request};
use mcppolicy_engine::time::Time;
use mcppolicy_engine::value::Value;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// A JSON value with all of its members, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Tree {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    Array(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Tree, D::Error> {
        struct Reading;
        impl<'de> Visitor<'de> for Reading {
            type Value = Tree;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }

            fn visit_unit<E>(self) -> Result<Tree, E> {
                Ok(Tree::Null)
            }

            fn visit_bool<E>(self, truth: bool) -> Result<Tree, E> {
                Ok(Tree::Bool(truth))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Tree, E> {
                Ok(Tree::Number(number as f64))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Tree, E> {
                Ok(Tree::Number(number as f64))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Tree, E> {
                Ok(Tree::Number(number))
            }

            fn visit_str<E>(self, text: &str) -> Result<Tree, E> {
                Ok(Tree::Text(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree, A::Error> {
                let mut array = Vec::new();
                while let Some(item) = items.next_element()? {
                    array.push(item);
                }
                Ok(Tree::Array(array))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Tree, A::Error> {
                let mut object = Vec::new();
                while let Some(member) = members.next_entry()? {
                    object.push(member);
                }
                Ok(Tree::Object(object))
            }
        }
        deserializer.deserialize_any(Reading)
    }
}

/// How a program reads members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reader {
    /// Of a repeated member the last one counts, else the first.
    pub last: bool,
    /// Names are the same that differ only in case.
    pub folds: bool,
    /// A name ends at a zero byte.
    pub cuts: bool,
}

/// Every way to read.
pub fn readers() -> impl Iterator<Item = Reader> {
    (0..8_u8).map(|bits| Reader {
        last: bits & 1 != 0,
        folds: bits & 2 != 0,
        cuts: bits & 4 != 0,
    })
}

/// The reader that every specification describes.
pub const STRICT: Reader = Reader {
    last: true,
    folds: false,
    cuts: false,
};

impl Reader {
    fn spelled(self, name: &str) -> String {
        let name = if self.cuts {
            name.split('\0').next().unwrap_or_default()
        } else {
            name
        };
        if self.folds {
            name.to_uppercase().to_lowercase()
        } else {
            name.to_owned()
        }
    }

    pub fn member<'t>(self, tree: &'t Tree, name: &str) -> Option<&'t Tree> {
        let Tree::Object(members) = tree else {
            return None;
        };
        let mut found = members
            .iter()
            .filter(|(key, _)| self.spelled(key) == name)
            .map(|(_, value)| value);
        if self.last {
            found.next_back()
        } else {
            found.next()
        }
    }

    pub fn value(self, tree: &Tree) -> Value {
        match tree {
            Tree::Null => Value::Null,
            Tree::Bool(truth) => Value::Bool(*truth),
            Tree::Number(number) => Value::Number(*number),
            Tree::Text(text) => Value::String(text.clone()),
            Tree::Array(items) => Value::Array(items.iter().map(|item| self.value(item)).collect()),
            Tree::Object(members) => {
                let mut object = BTreeMap::new();
                for (name, value) in members {
                    let name = self.spelled(name);
                    if self.last || !object.contains_key(&name) {
                        object.insert(name, self.value(value));
                    }
                }
                Value::Object(object)
            }
        }
    }

    /// Whether `engine` denies a call that this reader finds in a message.
    pub fn finds_denied(self, message: &Tree, engine: &Engine) -> bool {
        if let Tree::Array(messages) = message {
            return messages
                .iter()
                .any(|message| self.finds_denied(message, engine));
        }
        if self.member(message, "method") != Some(&Tree::Text("tools/call".to_owned())) {
            return false;
        }
        let params = self.member(message, "params");
        let name = match params.and_then(|params| self.member(params, "name")) {
            Some(Tree::Text(name)) => Some(name.as_str()),
            _ => None,
        };
        let arguments = params.and_then(|params| self.member(params, "arguments"));
        let arguments = arguments.map_or(Value::Null, |arguments| self.value(arguments));
        let call = Call {
            grant: Some("agent"),
            request: Request::Tool {
                name,
                arguments: Arguments::from(&arguments),
            },
            time: Some(Time::new(0, 0)),
        };
        engine.peek(&call, &Counters::default()).is_deny()
    }

    /// The names in a list of tools that this reader finds in a message.
    pub fn listed(self, message: &Tree) -> Vec<String> {
        if let Tree::Array(messages) = message {
            return messages
                .iter()
                .flat_map(|message| self.listed(message))
                .collect();
        }
        let result = self.member(message, "result");
        match result.and_then(|result| self.member(result, "tools")) {
            Some(Tree::Array(tools)) => tools
                .iter()
                .filter_map(|tool| match self.member(tool, "name") {
                    Some(Tree::Text(name)) => Some(name.clone()),
                    _ => None,
                })
                .collect(),
            _ => Vec::new(),
        }
    }
}

/// The messages in bytes, in lines as Python reads them: a carriage return ends
/// one, too.
pub fn messages(bytes: &[u8]) -> Vec<Tree> {
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    text.split(['\n', '\r'])
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}
