//! Numbers: the intervals of doubles that the questions about a value cannot
//! distinguish, and one readable double from each.
//!
//! Doubles are countable and their neighbours are known, so the open interval
//! between two constants is exact: it is empty iff they are neighbours.

/// One double from every interval into which `constants` cut the finite
/// doubles: each constant itself, and what lies between and beyond them.
///
/// A question that compares with nothing but `constants` has the same answer
/// for every double of one interval.
pub(super) fn representatives(mut constants: Vec<f64>) -> Vec<f64> {
    constants.retain(|number| number.is_finite());
    for number in &mut constants {
        // −0 equals 0; adding 0 makes it the readable one.
        *number += 0.0;
    }
    constants.sort_by(f64::total_cmp);
    constants.dedup();
    let mut between = Vec::new();
    let mut low = f64::NEG_INFINITY;
    for &high in constants.iter().chain([&f64::INFINITY]) {
        between.extend(readable_between(low, high));
        low = high;
    }
    // The constants are in the policies: they come first.
    constants.extend(between);
    constants
}

/// A double strictly between `low` and `high`, the most readable one that is
/// easily found; nothing iff there is none.
fn readable_between(low: f64, high: f64) -> Option<f64> {
    let inside = |number: &f64| low < *number && *number < high && number.is_finite();
    let mut candidates = vec![0.0, 1.0, low.floor() + 1.0, high.ceil() - 1.0];
    for digits in 1..=17 {
        let scale = 10_f64.powi(digits);
        candidates.push(((low * scale).floor() + 1.0) / scale);
    }
    // The neighbour decides: when it is not inside, nothing is.
    candidates.push(if low.is_finite() {
        low.next_up()
    } else {
        f64::MIN
    });
    candidates.into_iter().find(inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn between_neighbours_there_is_nothing() {
        assert_eq!(readable_between(1.0, 1.0_f64.next_up()), None);
        assert_eq!(
            readable_between(1.0, 1.0_f64.next_up().next_up()),
            Some(1.0_f64.next_up())
        );
        assert_eq!(readable_between(f64::MAX, f64::INFINITY), None);
        assert_eq!(readable_between(f64::NEG_INFINITY, f64::MIN), None);
    }

    #[test]
    fn readable_numbers_are_preferred() {
        assert_eq!(readable_between(100.0, f64::INFINITY), Some(101.0));
        assert_eq!(readable_between(f64::NEG_INFINITY, -7.5), Some(-8.0));
        assert_eq!(readable_between(0.25, 0.5), Some(0.3));
        assert_eq!(readable_between(f64::NEG_INFINITY, 5.0), Some(0.0));
    }

    #[test]
    fn zero_of_either_sign_is_one_constant() {
        assert_eq!(representatives(vec![0.0, -0.0]), [0.0, -1.0, 1.0]);
    }

    #[test]
    fn the_ends_of_the_doubles_have_their_own_intervals() {
        let all = representatives(vec![f64::MAX, f64::MIN, f64::INFINITY]);
        assert_eq!(all, [f64::MIN, f64::MAX, 0.0]);
    }
}
