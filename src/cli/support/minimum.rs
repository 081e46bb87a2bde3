//! Thresholds in percent.

use mcppolicy_analysis::coverage::{Count, Criterion};

/// The least share of points that is covered, in percent.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Minimum {
    all: Option<f64>,
    by: Vec<(Criterion, f64)>,
}

/// A number from 0 to 100.
pub(crate) fn percent(text: &str) -> Result<f64, String> {
    let number = text.trim().trim_end_matches('%').parse::<f64>();
    match number {
        Ok(number) if (0.0..=100.0).contains(&number) => Ok(number),
        _ => Err(format!("{text:?} is no number from 0 to 100")),
    }
}

impl Minimum {
    /// Reads `100`, or `rules=100,conditions=80`.
    pub fn parse(text: &str) -> Result<Minimum, String> {
        let mut minimum = Minimum::default();
        for part in text.split(',') {
            match part.split_once('=') {
                None => minimum.all = Some(percent(part)?),
                Some((name, number)) => {
                    let criterion = Criterion::named(name.trim()).ok_or_else(|| {
                        let names = Criterion::ALL.map(Criterion::name);
                        format!("there is no criterion {name:?}, only {}", names.join(", "))
                    })?;
                    minimum.by.push((criterion, percent(number)?));
                }
            }
        }
        Ok(minimum)
    }

    /// The criteria that it names, which have to be looked at.
    pub fn criteria(&self) -> impl Iterator<Item = Criterion> {
        self.by.iter().map(|(criterion, _)| *criterion)
    }

    /// What is below it, as sentences.
    pub fn unmet(&self, count: impl Fn(Option<Criterion>) -> Count) -> Vec<String> {
        let all = self.all.map(|least| (None, least));
        let by = self
            .by
            .iter()
            .map(|(criterion, least)| (Some(*criterion), *least));
        let unmet = all.into_iter().chain(by).filter_map(|(criterion, least)| {
            let found = count(criterion);
            let what = criterion.map_or("points", Criterion::name);
            (found.percent() < least).then(|| {
                format!(
                    "{} of {} {what} are covered, {:.1} %, and {least} % are wanted",
                    found.covered,
                    found.counted(),
                    rounded_down(found.percent())
                )
            })
        });
        unmet.collect()
    }
}

/// A percentage that is never shown as one that it does not reach.
pub(crate) fn rounded_down(percent: f64) -> f64 {
    (percent * 10.0).floor() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minimum_is_for_all_points_or_for_a_criterion() {
        let read = |text: &str| Minimum::parse(text).unwrap();
        assert_eq!(read("90").all, Some(90.0));
        let both = read("rules=100,conditions=80.5");
        assert_eq!(
            both.by,
            [(Criterion::Rules, 100.0), (Criterion::Conditions, 80.5)]
        );
        for wrong in ["", "101", "-1", "rules", "lines=3", "rules=x", "NaN"] {
            assert!(Minimum::parse(wrong).is_err(), "{wrong}");
        }
    }
}
