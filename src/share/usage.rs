//! How much of each limit a run uses, over time.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::count::Count;
use super::inconsistent::Inconsistent;
use mcppolicy_analysis::replay::usage::{self, Calls, Join, LimitUsage, Used};
use mcppolicy_engine::policy::Window;

/// The use of all limits, and when the calls came.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Usage<'a> {
    limits: Vec<Limit<'a>>,
    /// Allowed, denied and undetermined calls by bucket.
    calls: Buckets<(i64, Count, Count, Count)>,
    without_time: Count,
    further_limits: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct Limit<'a> {
    rule: Cow<'a, str>,
    counter: Cow<'a, str>,
    window: Cow<'a, str>,
    max: u64,
    peak: u64,
    denied: Count,
    counted: Count,
    /// The peak and the denied calls by bucket.
    over_time: Buckets<(i64, u64, Count)>,
}

/// Buckets of time, each with its number and its counts.
#[derive(Debug, Serialize, Deserialize)]
struct Buckets<T> {
    /// In seconds.
    width: i64,
    list: Vec<T>,
}

impl<'a> Usage<'a> {
    pub fn new(usage: &'a usage::Usage) -> Usage<'a> {
        let calls = |at, calls: &Calls| {
            let Calls {
                allow,
                deny,
                undetermined,
            } = *calls;
            (at, Count(allow), Count(deny), Count(undetermined))
        };
        Usage {
            limits: usage.limits.iter().map(Limit::new).collect(),
            calls: Buckets::new(&usage.calls, calls),
            without_time: Count(usage.without_time),
            further_limits: usage.further_limits,
        }
    }

    pub fn read(self) -> Result<usage::Usage, Inconsistent> {
        let calls = |(at, allow, deny, undetermined): (i64, Count, Count, Count)| {
            let calls = Calls {
                allow: allow.0,
                deny: deny.0,
                undetermined: undetermined.0,
            };
            (at, calls)
        };
        let limits = self.limits.into_iter().map(Limit::read);
        Ok(usage::Usage {
            limits: limits.collect::<Result<_, _>>()?,
            calls: self.calls.read(calls)?,
            without_time: self.without_time.0,
            further_limits: self.further_limits,
        })
    }
}

impl<'a> Limit<'a> {
    fn new((rule, limit): (&'a String, &'a LimitUsage)) -> Limit<'a> {
        let used = |at, used: &Used| (at, used.peak, Count(used.denied));
        Limit {
            rule: Cow::Borrowed(rule),
            counter: Cow::Borrowed(&limit.counter),
            window: limit.window.into(),
            max: limit.max,
            peak: limit.peak,
            denied: Count(limit.denied),
            counted: Count(limit.counted),
            over_time: Buckets::new(&limit.over_time, used),
        }
    }

    fn read(self) -> Result<(String, LimitUsage), Inconsistent> {
        let mut windows = Window::ALL.into_iter().map(Window::name);
        let used = |(at, peak, denied): (i64, u64, Count)| {
            let denied = denied.0;
            (at, Used { peak, denied })
        };
        let window = windows.find(|name| *name == self.window);
        let limit = LimitUsage {
            counter: self.counter.into_owned(),
            window: window.ok_or(Inconsistent)?,
            max: self.max,
            peak: self.peak,
            denied: self.denied.0,
            counted: self.counted.0,
            over_time: self.over_time.read(used)?,
        };
        Ok((self.rule.into_owned(), limit))
    }
}

impl<J> Buckets<J> {
    fn new<T>(buckets: &usage::Buckets<T>, write: impl Fn(i64, &T) -> J) -> Buckets<J> {
        let list = buckets.list.iter();
        Buckets {
            width: buckets.width,
            list: list.map(|(at, counts)| write(*at, counts)).collect(),
        }
    }

    fn read<T: Join>(
        self,
        read: impl Fn(J) -> (i64, T),
    ) -> Result<usage::Buckets<T>, Inconsistent> {
        let list: BTreeMap<i64, T> = self.list.into_iter().map(read).collect();
        usage::Buckets::restored(self.width, list).ok_or(Inconsistent)
    }
}
