//! What the generator really tried: how often each operator met each type of
//! value, and how often each kind of denial came out.

use std::collections::BTreeMap;
use std::fmt;

use crate::naive::{Met, OPERATORS, TYPES, Verdict};

/// Kinds of denial, distinguished a little further than by their names.
const DENIALS: [&str; 10] = [
    "batch",
    "malformed: no name",
    "malformed: arguments",
    "no_policy",
    "hidden",
    "default_deny",
    "require",
    "deny_if",
    "limit: reached",
    "limit: amount",
];

/// Counts of what was tried.
#[derive(Debug, Default)]
pub struct Meter {
    pub sequences: u64,
    calls: u64,
    met: Met,
    denials: BTreeMap<&'static str, u64>,
}

impl Meter {
    pub fn add(&mut self, other: &Meter) {
        self.sequences += other.sequences;
        self.calls += other.calls;
        self.met(&other.met);
        for (denial, count) in &other.denials {
            *self.denials.entry(denial).or_default() += count;
        }
    }

    pub fn met(&mut self, other: &Met) {
        let add = |to: &mut [u64], from: &[u64]| {
            for (to, from) in to.iter_mut().zip(from) {
                *to += from;
            }
        };
        for op in 0..OPERATORS.len() {
            add(&mut self.met.types[op], &other.types[op]);
            add(&mut self.met.truth[op], &other.truth[op]);
        }
    }

    /// Notes the twin's verdict on one call.
    pub fn note(&mut self, verdict: &Verdict) {
        self.calls += 1;
        let says = |part: &str| {
            let message = verdict.message.as_deref();
            message.is_some_and(|message| message.contains(part))
        };
        let denial = match verdict.kind.as_str() {
            "allow" => return,
            "malformed" if says("no tool name") => "malformed: no name",
            "malformed" => "malformed: arguments",
            "limit" if says("cannot be counted") => "limit: amount",
            "limit" => "limit: reached",
            other => DENIALS
                .into_iter()
                .find(|known| *known == other)
                .expect("a kind of denial"),
        };
        *self.denials.entry(denial).or_default() += 1;
    }

    /// The cells that hold less than one percent: of their operator's row, or
    /// of all denials.
    pub fn thin_cells(&self) -> Vec<String> {
        let mut thin = Vec::new();
        let mut check = |what: String, count: u64, all: u64| {
            if count * 100 < all.max(1) {
                thin.push(format!("{what}: {count} of {all}"));
            }
        };
        for (op, name) in OPERATORS.iter().enumerate() {
            let all = self.met.types[op].iter().sum();
            for (kind, count) in TYPES.iter().zip(self.met.types[op]) {
                check(format!("{name} of {kind}"), count, all);
            }
            for (truth, count) in ["false", "true"].iter().zip(self.met.truth[op]) {
                check(format!("{name} {truth}"), count, all);
            }
        }
        let all = self.denials.values().sum();
        for denial in DENIALS {
            let count = self.denials.get(denial).copied().unwrap_or_default();
            check(denial.to_owned(), count, all);
        }
        thin
    }
}

impl fmt::Display for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |count: u64, all: u64| 100.0 * count as f64 / all.max(1) as f64;
        writeln!(f, "{} sequences, {} calls", self.sequences, self.calls)?;
        write!(f, "{:10}", "")?;
        for kind in TYPES.iter().chain(&["false", "true"]) {
            write!(f, "{kind:>9}")?;
        }
        writeln!(f, "{:>10}", "all")?;
        for (op, name) in OPERATORS.iter().enumerate() {
            let all = self.met.types[op].iter().sum();
            write!(f, "{name:10}")?;
            for count in self.met.types[op].iter().chain(&self.met.truth[op]) {
                write!(f, "{:8.1}%", percent(*count, all))?;
            }
            writeln!(f, "{all:>10}")?;
        }
        let all = self.denials.values().sum();
        for denial in DENIALS {
            let count = self.denials.get(denial).copied().unwrap_or_default();
            writeln!(f, "{denial:22}{:6.1}%{count:>10}", percent(count, all))?;
        }
        Ok(())
    }
}
