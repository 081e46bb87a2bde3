//! Of the calls of a part, the one that a person would worry about.
//!
//! Values are tried in the order of what can go wrong with them; what is in the
//! part's region is found by the algebra, so that a choice never leaves it.

mod schema;
mod values;

use std::collections::{BTreeMap, BTreeSet};

use super::apart::Groups;
use super::compiled::Pair;
use crate::placing;
use crate::region::{Region, Space};
use mcppolicy_engine::engine::{Lookup, ValueRef};
use mcppolicy_engine::policy::{Condition, Path, Test};
use mcppolicy_engine::value::Value;

use schema::Schema;

/// The arguments of a part that are looked at one after the other.
const PATHS: usize = 4;

/// The values of one argument that are tried.
const VALUES: usize = 40;

/// The values for which other arguments may be changed as well.
const SEARCHES: usize = 6;

/// The conditions that a part is about.
pub(super) struct Concern<'c> {
    /// Of the policy that passes its calls, on the same arguments.
    pub(super) passing: Vec<&'c Condition>,
    /// Of the element that refuses them.
    pub(super) refusing: Vec<&'c Condition>,
}

impl Concern<'_> {
    /// The amounts that the tool's limits in either policy add up, with what
    /// they allow.
    fn amounts(pair: &Pair<'_, '_>, tool: &str) -> BTreeMap<Path, Vec<f64>> {
        let rules = [pair.old.tool(tool), pair.new.tool(tool)];
        let limits = rules.into_iter().flatten().flat_map(|rules| &rules.limits);
        let mut amounts: BTreeMap<Path, Vec<f64>> = BTreeMap::new();
        for limit in limits {
            if let Some(path) = &limit.increment_from {
                // At most 2^53, so the cast is exact.
                let max = limit.max.value as f64;
                amounts.entry(path.value.clone()).or_default().push(max);
            }
        }
        amounts
    }
}

/// The chosen arguments.
pub(super) struct Chosen {
    pub(super) arguments: Value,
    /// Whether the tool's schema admits them; none where it is not known.
    pub(super) schema_valid: Option<bool>,
}

impl Chosen {
    /// Arguments that nobody has chosen.
    pub(super) const fn plain(arguments: Value) -> Chosen {
        Chosen {
            arguments,
            schema_valid: None,
        }
    }
}

/// What is looked for among the arguments of a tool.
pub(super) struct Wanted<'w, 'p> {
    pub(super) pair: &'w Pair<'w, 'p>,
    pub(super) tool: &'w str,
    /// The arguments that the region is about, where it is not about all.
    pub(super) among: Option<Among<'w, 'p>>,
}

/// One group of arguments, with a value for the others.
#[derive(Clone, Copy)]
pub(super) struct Among<'w, 'p> {
    pub(super) groups: &'w Groups<'p>,
    pub(super) group: usize,
    pub(super) base: &'w Value,
}

impl Among<'_, '_> {
    /// The found arguments of the group with the others.
    pub(super) fn completed(&self, found: Value) -> Value {
        self.groups.merged(self.group, self.base, found)
    }
}

/// Arguments of `region` as somebody would send them, if it has any that can be found:
/// those that the tool's schema admits, if there are any.
pub(super) fn ordinary(
    pair: &Pair<'_, '_>,
    tool: &str,
    space: &mut Space,
    region: &Region,
) -> Option<Value> {
    let plain = space.find(region).witness()?;
    let concern = Concern {
        passing: Vec::new(),
        refusing: Vec::new(),
    };
    let wanted = Wanted {
        pair,
        tool,
        among: None,
    };
    Some(choose(&wanted, space, region, &concern, plain).arguments)
}

/// The arguments of `region` to show; `plain` are some of it.
pub(super) fn choose(
    wanted: &Wanted<'_, '_>,
    space: &mut Space,
    region: &Region,
    concern: &Concern<'_>,
    plain: Value,
) -> Chosen {
    let (pair, tool) = (wanted.pair, wanted.tool);
    if !pair.detailed {
        return Chosen::plain(plain);
    }
    let schema = Schema::of(pair, tool);
    let mut searches = SEARCHES;
    let mut choosing = Choosing {
        space,
        region,
        schema: schema.as_ref(),
        searches: &mut searches,
        amounts: Concern::amounts(pair, tool),
        among: wanted.among,
    };
    let candidates = choosing.candidates(concern, &plain);
    let Some(schema) = &schema else {
        let found = choosing.first(&plain, &candidates);
        return Chosen {
            arguments: choosing.lively(found.unwrap_or(plain)),
            schema_valid: None,
        };
    };
    // What the schema admits comes first, the most dangerous of it before the rest.
    let within = schema.within(choosing.space, region);
    if let Some(base) = choosing.found(&within) {
        let base = choosing.filled(base);
        choosing.region = &within;
        let found = choosing.first(&base, &candidates).unwrap_or(base);
        let arguments = choosing.filled(found);
        let arguments = choosing.lively(arguments);
        if schema.admits(&arguments) {
            return Chosen {
                arguments,
                schema_valid: Some(true),
            };
        }
    }
    choosing.region = region;
    choosing.schema = None;
    let found = choosing.first(&plain, &candidates).unwrap_or(plain);
    let found = choosing.lively(found);
    Chosen {
        schema_valid: Some(schema.admits(&found)),
        arguments: found,
    }
}

struct Choosing<'s, 'p> {
    space: &'s mut Space,
    region: &'s Region,
    schema: Option<&'s Schema<'s>>,
    searches: &'s mut usize,
    /// What limits allow of the amounts that they add up.
    amounts: BTreeMap<Path, Vec<f64>>,
    among: Option<Among<'s, 'p>>,
}

impl Choosing<'_, '_> {
    /// Some arguments of a region, whole.
    fn found(&mut self, region: &Region) -> Option<Value> {
        let found = self.space.find(region).witness()?;
        Some(match &self.among {
            Some(among) => among.completed(found),
            None => found,
        })
    }

    /// Values to try, by argument.
    fn candidates(&self, concern: &Concern<'_>, plain: &Value) -> Vec<(Path, Vec<Value>)> {
        let refusing = concern.refusing.iter().map(|of| &of.path.value);
        let passing = concern.passing.iter().map(|of| &of.path.value);
        let mut seen = BTreeSet::new();
        let paths = refusing.chain(passing).filter(|path| seen.insert(*path));
        let tests = |conditions: &[&Condition], path: &Path| -> Vec<Test> {
            let of_path = conditions.iter().filter(|of| of.path.value == *path);
            of_path.map(|of| of.test.clone()).collect()
        };
        paths
            .take(PATHS)
            .map(|path| {
                let passing = tests(&concern.passing, path);
                let refusing = tests(&concern.refusing, path);
                let bounds = self
                    .amounts
                    .get(path)
                    .map(Vec::as_slice)
                    .unwrap_or_default();
                let now = plain.at(path);
                let mut values = values::of(path, (&passing, &refusing), bounds, now);
                values.truncate(VALUES);
                if let Some(schema) = self.schema {
                    values.extend(schema.values(path));
                }
                (path.clone(), values)
            })
            .collect()
    }

    /// The first of the values that the region has, of each argument in turn.
    fn first(&mut self, base: &Value, candidates: &[(Path, Vec<Value>)]) -> Option<Value> {
        let mut found: Option<Value> = None;
        for (path, values) in candidates {
            let base = found.clone().unwrap_or_else(|| base.clone());
            let is_first = found.is_none();
            let better = values
                .iter()
                .find_map(|value| self.with(&base, path, value, is_first));
            found = better.or(found);
        }
        found
    }

    /// Arguments of the region with a value at a path: those at hand, or others.
    fn with(&mut self, base: &Value, path: &Path, value: &Value, search: bool) -> Option<Value> {
        let arguments = placing::with(base, path, value.clone())?;
        if self.space.contains(self.region, &arguments) {
            return Some(arguments);
        }
        if !search || *self.searches == 0 || !self.space.may_hold(self.region, path, &arguments) {
            return None;
        }
        *self.searches -= 1;
        let mut region = self.region.clone();
        region.and(self.space.test(path, &Test::Eq(value.clone())));
        let arguments = self.found(&region)?;
        self.space
            .contains(self.region, &arguments)
            .then_some(arguments)
    }

    /// The arguments with amounts above zero, as far as the region has them.
    fn lively(&self, mut arguments: Value) -> Value {
        for (path, bounds) in &self.amounts {
            if !matches!(arguments.at(path), ValueRef::Number(amount) if amount <= 0.0) {
                continue;
            }
            let least = bounds.iter().copied().reduce(f64::min).unwrap_or(1.0);
            let better = [100.0, 10.0, least, 1.0].into_iter().find_map(|amount| {
                let with = placing::with(&arguments, path, Value::Number(amount))?;
                self.space.contains(self.region, &with).then_some(with)
            });
            arguments = better.unwrap_or(arguments);
        }
        arguments
    }

    /// The arguments with what the schema requires, as far as the region has it.
    fn filled(&mut self, mut arguments: Value) -> Value {
        let Some(schema) = self.schema else {
            return arguments;
        };
        for (path, value) in schema.missing(&arguments) {
            if let Some(with) = placing::with(&arguments, &path, value)
                && self.space.contains(self.region, &with)
            {
                arguments = with;
            }
        }
        arguments
    }
}
