//! What a tool's input schema says of an argument: whether it exists, whether
//! it is required, and which values it may have.
//!
//! A schema is read generously, because a finding follows from every *no*: the
//! set of values in a [`Shape`] is never too small, and where a schema does not
//! say, or says it with a keyword that is not read here (`not`, `if`), the
//! answer is *unsaid*. Drafts 4 to 2020-12 look the same from here. References
//! are followed within the schema; one that leads nowhere, or in a circle, says
//! nothing.

mod shape;

use std::cell::Cell;
use std::collections::HashSet;

use mcppolicy_engine::document::{Node, NodeKind};

pub use shape::{Bound, JsonType, Shape, Types};

/// Whether a schema has an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It describes it.
    Declared,
    /// It does not describe the members of that object at all, so any may be
    /// meant (`"overrides": {"type": "object"}`); or it says nothing.
    Unsaid,
    /// It describes other members of that object, and admits this one only
    /// because it does not forbid it.
    Undeclared,
    /// It admits no such member, or no object where the path needs one.
    Refused,
}

/// Whether every call that fits a schema has an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Required {
    /// Yes.
    Always,
    /// No: a call without it fits.
    Optional,
    /// The schema does not say, or not in words that are read here.
    Unsaid,
}

/// What a schema says of one argument.
#[derive(Debug, Clone, PartialEq)]
pub struct Argument {
    /// Whether there is such an argument.
    pub presence: Presence,
    /// Whether it must be there.
    pub required: Required,
    /// The values that it may have; any where the schema does not say.
    pub shape: Shape,
}

/// Steps that one question may take: enough for every honest schema, and an
/// end for one whose alternatives multiply.
const STEPS: u32 = 20_000;
/// How deep references and alternatives may nest.
const MOST_NESTED: u32 = 64;

/// The schema of a tool's arguments.
#[derive(Debug, Clone)]
pub struct InputSchema<'a> {
    root: Option<&'a Node>,
    steps: Cell<u32>,
}

impl<'a> InputSchema<'a> {
    /// Questions to `root`; without one, everything is unsaid.
    pub fn new(root: Option<&'a Node>) -> InputSchema<'a> {
        InputSchema {
            root,
            steps: Cell::new(0),
        }
    }

    /// What it says of the argument at `path`, the member names from the
    /// arguments inward (policy language §2: a path walks through objects
    /// only).
    pub fn argument<S: AsRef<str>>(&self, path: &[S]) -> Argument {
        let path: Vec<&str> = path.iter().map(AsRef::as_ref).collect();
        self.steps.set(0);
        let view = match self.root {
            Some(root) => self.view(root, &path, 0),
            None => View::unsaid(),
        };
        if self.steps.get() >= STEPS {
            return View::unsaid().argument();
        }
        view.argument()
    }

    /// The names of the arguments that it describes, in the order of the file,
    /// each once: the ones to offer for a mistyped name.
    pub fn names(&self) -> Vec<&'a str> {
        self.names_under::<&str>(&[])
    }

    /// The names of the members that it describes below `path`.
    pub fn names_under<S: AsRef<str>>(&self, path: &[S]) -> Vec<&'a str> {
        let path: Vec<&str> = path.iter().map(AsRef::as_ref).collect();
        let mut names = Names::default();
        self.steps.set(0);
        if let Some(root) = self.root {
            self.collect(root, &path, 0, &mut names);
        }
        names.list
    }

    /// The schema's node for the argument `name`, where its top level
    /// describes it: for its description and its place.
    pub fn property(&self, name: &str) -> Option<&'a Node> {
        self.root?.get("properties")?.get(name)
    }

    /// Whether the question has gone too far.
    fn exhausted(&self, depth: u32) -> bool {
        self.steps.set(self.steps.get().saturating_add(1));
        depth > MOST_NESTED || self.steps.get() >= STEPS
    }

    fn view(&self, schema: &'a Node, path: &[&str], depth: u32) -> View {
        if self.exhausted(depth) {
            return View::unsaid();
        }
        if let NodeKind::Bool(admits) = schema.kind {
            return if admits {
                View::unsaid()
            } else {
                View::refused()
            };
        }
        let mut view = match path.split_first() {
            None => View {
                presence: Presence::Declared,
                required: Required::Always,
                shape: shape::own(schema),
            },
            Some((name, rest)) => self.member(schema, name, rest, depth),
        };
        for part in self.parts(schema) {
            view = view.and(self.view(part, path, depth + 1));
        }
        for key in ["anyOf", "oneOf"] {
            let mut branches = alternatives(schema, key).iter();
            if let Some(first) = branches.next() {
                let first = self.view(first, path, depth + 1);
                view = view.and(branches.fold(first, |either, branch| {
                    either.or(self.view(branch, path, depth + 1))
                }));
            }
        }
        view
    }

    /// The member `name` of an object, as one schema's own keywords have it.
    fn member(&self, schema: &'a Node, name: &str, rest: &[&str], depth: u32) -> View {
        if !shape::own(schema).types.has(JsonType::Object) {
            return View::refused();
        }
        let properties = schema.get("properties");
        let others = schema.get("additionalProperties");
        let by_pattern = schema
            .get("patternProperties")
            .is_some_and(|patterns| !patterns.members().is_empty());
        let mut view = match (properties.and_then(|all| all.get(name)), others) {
            (Some(property), _) => self.view(property, rest, depth + 1),
            _ if by_pattern => View::unsaid(),
            (None, Some(others)) if matches!(others.kind, NodeKind::Object(_)) => {
                let view = self.view(others, rest, depth + 1);
                match view.presence {
                    // A map's members have a type, and any name.
                    Presence::Declared => View {
                        presence: Presence::Unsaid,
                        ..view
                    },
                    _ => view,
                }
            }
            (None, Some(others)) => match others.kind {
                NodeKind::Bool(false) => View::refused(),
                _ => View::unsaid(),
            },
            (None, None) => match properties {
                Some(_) => View {
                    presence: Presence::Undeclared,
                    ..View::unsaid()
                },
                None => View::unsaid(),
            },
        };
        let inside = match (rest.is_empty(), view.presence) {
            (_, Presence::Refused) => Required::Optional,
            (true, _) => Required::Always,
            (false, _) => view.required,
        };
        view.required = requires(schema, name).and(inside);
        let property = properties.and_then(|all| all.get(name));
        if let Some(property) = property.filter(|_| view.required == Required::Always)
            && !rest.is_empty()
            && !self
                .view(property, &[], depth + 1)
                .shape
                .types
                .is_only_object()
        {
            // It is required of objects, and this need not be one.
            view.required = Required::Optional;
        }
        view
    }

    /// The schemas that hold together with this one.
    fn parts(&self, schema: &'a Node) -> impl Iterator<Item = &'a Node> {
        let referred = schema.get("$ref").map(|reference| {
            reference
                .as_str()
                .and_then(|text| text.strip_prefix('#'))
                .and_then(|pointer| self.root?.at(pointer))
                .unwrap_or(&ANYTHING)
        });
        referred.into_iter().chain(alternatives(schema, "allOf"))
    }

    fn collect(&self, schema: &'a Node, path: &[&str], depth: u32, names: &mut Names<'a>) {
        if self.exhausted(depth) {
            return;
        }
        let properties = schema.get("properties");
        match path.split_first() {
            None => {
                for member in properties.map(Node::members).unwrap_or_default() {
                    let name = member.key.as_str();
                    if names.seen.insert(name) {
                        names.list.push(name);
                    }
                }
            }
            Some((name, rest)) => {
                if let Some(property) = properties.and_then(|all| all.get(name)) {
                    self.collect(property, rest, depth + 1, names);
                }
            }
        }
        let branches = ["anyOf", "oneOf"]
            .into_iter()
            .flat_map(|key| alternatives(schema, key));
        for part in self.parts(schema).chain(branches) {
            self.collect(part, path, depth + 1, names);
        }
    }
}

/// Names in the order in which they were found, each once.
#[derive(Default)]
struct Names<'a> {
    list: Vec<&'a str>,
    seen: HashSet<&'a str>,
}

/// The schema that admits anything, behind a reference that leads nowhere.
static ANYTHING: Node = Node {
    span: mcppolicy_engine::source::Span { start: 0, end: 0 },
    kind: NodeKind::Bool(true),
};

fn alternatives<'a>(schema: &'a Node, key: &str) -> &'a [Node] {
    schema.get(key).map(Node::items).unwrap_or_default()
}

/// Whether a schema's own keywords require the member `name`.
fn requires(schema: &Node, name: &str) -> Required {
    let listed = alternatives(schema, "required")
        .iter()
        .any(|item| item.as_str() == Some(name));
    // Draft 3's flag is still used in schemas written by hand.
    let flagged = schema
        .get("properties")
        .and_then(|all| all.get(name)?.get("required"))
        .is_some_and(|flag| matches!(flag.kind, NodeKind::Bool(true)));
    let conditional = [
        "if",
        "not",
        "dependentRequired",
        "dependentSchemas",
        "dependencies",
        "minProperties",
    ];
    if listed {
        Required::Always
    } else if flagged || conditional.iter().any(|key| schema.get(key).is_some()) {
        Required::Unsaid
    } else {
        Required::Optional
    }
}

impl Required {
    /// Whether both must be there: a member, and the object that holds it.
    fn and(self, other: Required) -> Required {
        match (self, other) {
            (Required::Always, Required::Always) => Required::Always,
            (Required::Optional, _) | (_, Required::Optional) => Required::Optional,
            _ => Required::Unsaid,
        }
    }
}

/// An [`Argument`] in the making.
#[derive(Debug, Clone)]
struct View {
    presence: Presence,
    required: Required,
    shape: Shape,
}

impl View {
    fn unsaid() -> View {
        View {
            presence: Presence::Unsaid,
            required: Required::Unsaid,
            shape: Shape::any(),
        }
    }

    fn refused() -> View {
        View {
            presence: Presence::Refused,
            required: Required::Optional,
            shape: Shape::none(),
        }
    }

    fn argument(self) -> Argument {
        Argument {
            presence: self.presence,
            required: self.required,
            shape: self.shape,
        }
    }

    /// Both hold.
    fn and(self, other: View) -> View {
        use Presence::{Declared, Refused, Undeclared, Unsaid};
        let presence = match (self.presence, other.presence) {
            (Refused, _) | (_, Refused) => Refused,
            (Declared, _) | (_, Declared) => Declared,
            (Undeclared, _) | (_, Undeclared) => Undeclared,
            (Unsaid, Unsaid) => Unsaid,
        };
        let required = match (self.required, other.required) {
            (Required::Always, _) | (_, Required::Always) => Required::Always,
            (Required::Unsaid, _) | (_, Required::Unsaid) => Required::Unsaid,
            _ => Required::Optional,
        };
        View {
            presence,
            required,
            shape: self.shape.and(other.shape),
        }
    }

    /// One of the two holds.
    fn or(self, other: View) -> View {
        use Presence::{Declared, Refused, Undeclared, Unsaid};
        let presence = match (self.presence, other.presence) {
            (Declared, _) | (_, Declared) => Declared,
            (Unsaid, _) | (_, Unsaid) => Unsaid,
            (Undeclared, _) | (_, Undeclared) => Undeclared,
            (Refused, Refused) => Refused,
        };
        View {
            presence,
            required: self.required.and(other.required),
            shape: self.shape.or(other.shape),
        }
    }
}
