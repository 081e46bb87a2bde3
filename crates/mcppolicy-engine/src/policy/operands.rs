//! The operands of `in` and `not_in`, with an index, so that a long list is
//! searched without going through it.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hash, Hasher};
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use foldhash::fast::RandomState;
use foldhash::{HashMap, HashSet};

use crate::value::{Value, canonical_decimal};

/// Shorter lists are searched from front to back.
const INDEXED: usize = 16;

/// A list of operands. Copies share it.
#[derive(Debug, Clone)]
pub struct Operands {
    list: Arc<List>,
}

#[derive(Debug)]
struct List {
    values: Vec<Value>,
    index: OnceLock<Index>,
}

/// The values of a list by what they are.
#[derive(Debug, Default)]
pub(crate) struct Index {
    pub has_null: bool,
    pub has_false: bool,
    pub has_true: bool,
    numbers: HashSet<u64>,
    strings: HashSet<Box<str>>,
    /// The numbers that the strings spell canonically.
    spelled: HashSet<u64>,
    /// The positions of arrays and objects, by a hash of them.
    composites: HashMap<u64, Vec<usize>>,
    hasher: RandomState,
}

impl Operands {
    /// The index of a list that is long enough to need one.
    pub(crate) fn index(&self) -> Option<&Index> {
        let values = &self.list.values;
        (values.len() > INDEXED).then(|| self.list.index.get_or_init(|| Index::of(values)))
    }

    /// The operands at some positions.
    pub(crate) fn at<'a>(&'a self, positions: &'a [usize]) -> impl Iterator<Item = &'a Value> {
        positions.iter().filter_map(|at| self.list.values.get(*at))
    }
}

impl Index {
    fn of(values: &[Value]) -> Index {
        let mut index = Index::default();
        for (at, value) in values.iter().enumerate() {
            let hash = match value {
                Value::Array(items) => index.hash_of_array(items),
                Value::Object(members) => index.hash_of_object(members),
                _ => {
                    index.add_scalar(value);
                    continue;
                }
            };
            index.composites.entry(hash).or_default().push(at);
        }
        index
    }

    fn add_scalar(&mut self, value: &Value) {
        match value {
            Value::Bool(false) => self.has_false = true,
            Value::Bool(true) => self.has_true = true,
            Value::Number(number) => {
                self.numbers.insert(bits(*number));
            }
            Value::String(text) => {
                self.spelled.extend(canonical_decimal(text).map(bits));
                self.strings.insert(text.as_str().into());
            }
            Value::Null | Value::Array(_) | Value::Object(_) => self.has_null = true,
        }
    }

    /// Whether this string is among the values.
    pub fn has_string(&self, text: &str) -> bool {
        self.strings.contains(text)
    }

    /// Whether this number is among the values.
    pub fn has_number(&self, number: f64) -> bool {
        self.numbers.contains(&bits(number))
    }

    /// Whether a string among the values spells this number canonically.
    pub fn spells_number(&self, number: f64) -> bool {
        self.spelled.contains(&bits(number))
    }

    /// The positions of the arrays that may equal this one.
    pub fn arrays_like(&self, items: &[Value]) -> &[usize] {
        self.composites_of(|| self.hash_of_array(items))
    }

    /// The positions of the objects that may equal this one.
    pub fn objects_like(&self, members: &BTreeMap<String, Value>) -> &[usize] {
        self.composites_of(|| self.hash_of_object(members))
    }

    fn composites_of(&self, hash: impl FnOnce() -> u64) -> &[usize] {
        if self.composites.is_empty() {
            return &[];
        }
        let found = self.composites.get(&hash());
        found.map(Vec::as_slice).unwrap_or_default()
    }

    fn hash_of_array(&self, items: &[Value]) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        hash_array(items, &mut hasher);
        hasher.finish()
    }

    fn hash_of_object(&self, members: &BTreeMap<String, Value>) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        hash_object(members, &mut hasher);
        hasher.finish()
    }
}

/// Equal numbers have equal bits here: −0 equals 0.
fn bits(number: f64) -> u64 {
    (number + 0.0).to_bits()
}

/// Equal values have equal hashes.
fn hash(value: &Value, hasher: &mut impl Hasher) {
    match value {
        Value::Null => hasher.write_u8(0),
        Value::Bool(truth) => (1_u8, *truth).hash(hasher),
        Value::Number(number) => (2_u8, bits(*number)).hash(hasher),
        Value::String(text) => (3_u8, text).hash(hasher),
        Value::Array(items) => hash_array(items, hasher),
        Value::Object(members) => hash_object(members, hasher),
    }
}

fn hash_array(items: &[Value], hasher: &mut impl Hasher) {
    (4_u8, items.len()).hash(hasher);
    for item in items {
        hash(item, hasher);
    }
}

fn hash_object(members: &BTreeMap<String, Value>, hasher: &mut impl Hasher) {
    (5_u8, members.len()).hash(hasher);
    for (name, value) in members {
        name.hash(hasher);
        hash(value, hasher);
    }
}

impl From<Vec<Value>> for Operands {
    fn from(values: Vec<Value>) -> Operands {
        let index = OnceLock::new();
        Operands {
            list: Arc::new(List { values, index }),
        }
    }
}

impl FromIterator<Value> for Operands {
    fn from_iter<I: IntoIterator<Item = Value>>(values: I) -> Operands {
        Operands::from(values.into_iter().collect::<Vec<_>>())
    }
}

impl Deref for Operands {
    type Target = [Value];

    fn deref(&self) -> &[Value] {
        &self.list.values
    }
}

/// The same operands in the same order.
impl PartialEq for Operands {
    fn eq(&self, other: &Operands) -> bool {
        Arc::ptr_eq(&self.list, &other.list) || self.list.values == other.list.values
    }
}
