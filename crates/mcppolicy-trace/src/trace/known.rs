//! The arguments of a call, an object, kept as a log has them.

use std::sync::OnceLock;

use super::digest;
use mcppolicy_engine::document::borrowed::{Node, NodeKind, Tree};
use mcppolicy_engine::engine::{Lookup, ValueRef};
use mcppolicy_engine::policy::Path;
use mcppolicy_engine::value::Value;

/// The arguments of a call, an object.
///
/// Those that a log has as text are kept as that text and where its values are: a
/// condition reads what it names from there, and the whole value is made when it is first
/// asked for.
#[derive(Debug, Clone)]
pub struct KnownArguments {
    /// `None` when they were given as a value.
    tree: Option<Tree<'static>>,
    value: OnceLock<Value>,
}

impl KnownArguments {
    /// No arguments.
    pub fn none() -> KnownArguments {
        KnownArguments::from(Value::empty_object())
    }

    /// The arguments that are the root of a tree, which is an object.
    pub(crate) fn of_tree(tree: Tree<'static>) -> KnownArguments {
        KnownArguments {
            tree: Some(tree),
            value: OnceLock::new(),
        }
    }

    /// The arguments as a value.
    pub fn value(&self) -> &Value {
        self.value.get_or_init(|| match &self.tree {
            Some(tree) => tree.root().to_value(),
            // Without a tree there is a value from the beginning.
            None => Value::empty_object(),
        })
    }

    /// A number that equal arguments have in common, and others nearly never.
    pub(crate) fn digest(&self) -> u64 {
        match &self.tree {
            // Of repeated members only the last one counts.
            Some(tree) if !tree.repeats_a_key() => digest::of_node(tree.root()),
            _ => digest::of_value(self.value()),
        }
    }

    /// Whether `test` is true of a string among the values, at any depth.
    pub(crate) fn has_text(&self, test: impl Fn(&str) -> bool) -> bool {
        match &self.tree {
            // Of repeated members only the last one counts.
            Some(tree) if !tree.repeats_a_key() => has_text_in(tree.root(), &test),
            _ => has_text_in_value(self.value(), &test),
        }
    }
}

fn has_text_in(node: Node<'_>, test: &dyn Fn(&str) -> bool) -> bool {
    match node.as_str() {
        Some(text) => test(text),
        None => {
            node.items().any(|item| has_text_in(item, test))
                || node.members().any(|member| has_text_in(member.value, test))
        }
    }
}

fn has_text_in_value(value: &Value, test: &dyn Fn(&str) -> bool) -> bool {
    match value {
        Value::String(text) => test(text),
        Value::Array(items) => items.iter().any(|item| has_text_in_value(item, test)),
        Value::Object(members) => members.values().any(|value| has_text_in_value(value, test)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

impl From<Value> for KnownArguments {
    fn from(value: Value) -> KnownArguments {
        KnownArguments {
            tree: None,
            value: OnceLock::from(value),
        }
    }
}

/// The same values, however they are kept.
impl PartialEq for KnownArguments {
    fn eq(&self, other: &KnownArguments) -> bool {
        self.value() == other.value()
    }
}

impl Lookup for KnownArguments {
    fn at(&self, path: &Path) -> ValueRef<'_> {
        let Some(tree) = &self.tree else {
            return self.value().at(path);
        };
        let mut segments = path.segments().iter();
        let found = segments.try_fold(tree.root(), |node, segment| node.get(segment));
        match found.map(Node::kind) {
            None => ValueRef::Missing,
            Some(NodeKind::Null) => ValueRef::Null,
            Some(NodeKind::Bool(truth)) => ValueRef::Bool(truth),
            Some(NodeKind::Number(number)) => ValueRef::Number(number),
            Some(NodeKind::String(text)) => ValueRef::String(text),
            Some(NodeKind::Array(_) | NodeKind::Object(_)) => self.value().at(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mcppolicy_engine::document::parse::parse_borrowed;

    const TEXT: &str = r#"{"a":{"b":[1,{"c":"x\n"}],"n":null,"b":{"c":-2.5e3}},"t":true,
        "s":"\u00e9","e":{},"a~/":"y","n":1e400}"#;

    fn both() -> [KnownArguments; 2] {
        let (tree, _) = parse_borrowed(TEXT).unwrap();
        let value = tree.root().to_value();
        [
            KnownArguments::of_tree(tree.detached()),
            KnownArguments::from(value),
        ]
    }

    #[test]
    fn what_a_path_leads_to_is_the_same_in_the_text_and_in_the_value() {
        let [text, value] = both();
        for path in [
            "args.a",
            "args.a.b",
            "args.a.b.c",
            "args.a.n",
            "args.a.n.x",
            "args.t",
            "args.t.x",
            "args.s",
            "args.e",
            "args.e.x",
            "args.n",
            "args.x",
            "args.a.b.d",
        ] {
            let path = Path::parse(path).unwrap();
            assert_eq!(text.at(&path), value.at(&path), "{path}");
        }
        assert_eq!(text, value);
    }

    #[test]
    fn arguments_have_one_digest_however_they_are_written() {
        let digest = |text: &str| {
            let (tree, _) = parse_borrowed(text).unwrap();
            let value = tree.root().to_value();
            let both = [
                KnownArguments::of_tree(tree.detached()),
                KnownArguments::from(value),
            ];
            let [text, value] = both.map(|arguments| arguments.digest());
            assert_eq!(text, value);
            text
        };
        let texts = [
            r#"{}"#,
            r#"{"a":1}"#,
            r#"{"a":"1"}"#,
            r#"{"b":1}"#,
            r#"{"a":null}"#,
            r#"{"a":false}"#,
            r#"{"a":true}"#,
            r#"{"a":[1,2]}"#,
            r#"{"a":[2,1]}"#,
            r#"{"a":[[1],2]}"#,
            r#"{"a":[[1,2]]}"#,
            r#"{"a":{}}"#,
            r#"{"a":[]}"#,
            r#"{"a":1,"b":2}"#,
            r#"{"a":2,"b":1}"#,
            r#"{"a":{"b":1}}"#,
            r#"{"a":{"b":1},"c":1}"#,
        ];
        let all: std::collections::HashSet<u64> = texts.map(digest).into();
        assert_eq!(all.len(), texts.len());
        let same = [
            r#"{"b":2,"a":{"c":[1.0,"x"],"d":null}}"#,
            r#"{ "a" : {"d":null,"c":[1e0,"x"]}, "b":2 }"#,
            r#"{"b":7,"a":{"c":[1,"x"],"d":null},"b":2}"#,
        ];
        let [one, two, three] = same.map(digest);
        assert_eq!((one, one), (two, three));
    }

    #[test]
    fn a_text_is_found_at_any_depth() {
        for arguments in both() {
            assert!(arguments.has_text(|text| text == "é"));
            assert!(!arguments.has_text(|text| text == "b"));
        }
        assert!(!KnownArguments::none().has_text(|_| true));
    }
}
