//! How often a tool of each category should be called at most: the rates that
//! `loose-limit` compares limits with, and its options.

use crate::inventory::category::Category;
use crate::lint::rule::BadOption;
use mcppolicy_engine::policy::Window;

/// So many calls in a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// The calls.
    pub max: u64,
    /// The window.
    pub window: Window,
}

impl Rate {
    /// Reads `10/minute`.
    pub fn parse(text: &str) -> Option<Rate> {
        let (max, window) = text.split_once('/')?;
        let max = max.trim().parse().ok().filter(|max| *max > 0)?;
        let window = Window::ALL
            .into_iter()
            .find(|known| known.name() == window.trim())?;
        Some(Rate { max, window })
    }

    /// Whether this is more than `times` the calls of `other`, over time.
    pub fn exceeds(self, other: Rate, times: u64) -> bool {
        let over =
            |a: Rate, b: Rate| u128::from(a.max) * u128::from(b.window.seconds().unsigned_abs());
        over(self, other) > over(other, self) * u128::from(times)
    }
}

/// The rates that a user has set; a category without one has the recommended
/// rate.
#[derive(Debug, Clone, Default)]
pub struct Rates {
    set: Vec<(Category, Rate)>,
}

/// How far above a recommended rate a limit may be. A rate that the user has
/// set is exact.
const TOLERATED: u64 = 2;

/// Whether the option of `loose-limit` called `option` exists and can be `value`.
///
/// # Errors
/// When it does not exist or cannot.
pub fn check_option(option: &str, value: &str) -> Result<(), BadOption> {
    Rates::default().set(option, value)
}

impl Rates {
    /// The rates that options which [`check_option`] accepts set.
    pub fn of_options<'o>(options: impl Iterator<Item = (&'o str, &'o str)>) -> Rates {
        let mut rates = Rates::default();
        for (option, value) in options {
            // What is not valid was refused when it was set.
            let _ = rates.set(option, value);
        }
        rates
    }

    /// The rate for a category, and how many times it a limit may be.
    pub fn of(&self, category: Category) -> (Rate, u64) {
        let mine = self.set.iter().rev().find(|(of, _)| *of == category);
        match mine {
            Some((_, rate)) => (*rate, 1),
            None => (recommended(category), TOLERATED),
        }
    }

    /// Sets the option of `loose-limit` called `option`.
    fn set(&mut self, option: &str, value: &str) -> Result<(), BadOption> {
        let Some(category) = Category::named(option) else {
            return Err(BadOption {
                message: format!("the rule \"loose-limit\" has no option {option:?}"),
                help: "its options are `level` and the categories: \
                       `read`, `write`, `execute`, `destructive`, `financial`"
                    .to_owned(),
                is_value: false,
            });
        };
        let Some(rate) = Rate::parse(value) else {
            return Err(BadOption {
                message: format!("{value:?} is not a rate"),
                help: "write it as \"10/minute\", \"300/hour\" or \"1000/day\"".to_owned(),
                is_value: true,
            });
        };
        self.set.push((category, rate));
        Ok(())
    }
}

fn recommended(category: Category) -> Rate {
    let max = match category {
        Category::Read => 60,
        Category::Write => 30,
        Category::Execute | Category::Destructive | Category::Financial => 10,
    };
    Rate {
        max,
        window: Window::Minute,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_compare_over_time() {
        let rate = |text| Rate::parse(text).unwrap();
        assert!(!rate("600/hour").exceeds(rate("10/minute"), 1));
        assert!(rate("601/hour").exceeds(rate("10/minute"), 1));
        assert!(!rate("20/minute").exceeds(rate("10/minute"), 2));
        assert!(rate("9007199254740991/minute").exceeds(rate("1/day"), 1000));
        for bad in ["10", "0/minute", "-1/day", "10/second", "/day", "ten/day"] {
            assert_eq!(Rate::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_a_user_sets_is_meant_exactly() {
        let mut rates = Rates::default();
        assert_eq!(rates.of(Category::Execute).1, TOLERATED);
        rates.set("execute", "20/minute").unwrap();
        assert_eq!(
            rates.of(Category::Execute),
            (Rate::parse("20/minute").unwrap(), 1)
        );
        assert!(rates.set("execute", "lots").unwrap_err().is_value);
        assert!(!rates.set("speed", "1/day").unwrap_err().is_value);
    }
}
