//! Whether a double holds the number that was written (policy language §1).

/// How a number as it is written relates to its nearest double.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exactness {
    /// The double, or its shortest decimal form, is the number as written.
    Exact,
    /// The nearest double is another number.
    Inexact,
    /// No finite double is near.
    Overflow,
}

/// A decimal number as significant digits and a power of ten, so that two
/// forms of one number compare equal: `1.50e3` is (`15`, 2).
#[derive(PartialEq, Eq)]
struct Decimal {
    digits: String,
    exponent: i64,
}

impl Decimal {
    fn read(text: &str) -> Decimal {
        let text = text.trim_start_matches('-');
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        // An exponent beyond i64 overflows or underflows long before it could
        // equal another form of the same number.
        let exponent: i64 = exponent.parse().unwrap_or(i64::MAX / 2);
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{fraction}");
        let kept = digits.trim_end_matches('0');
        let dropped = digits.len() - kept.len();
        let significant = kept.trim_start_matches('0');
        if significant.is_empty() {
            return Decimal {
                digits: String::new(),
                exponent: 0,
            };
        }
        let shift = dropped as i64 - fraction.len() as i64;
        Decimal {
            digits: significant.to_owned(),
            exponent: exponent.saturating_add(shift),
        }
    }
}

/// More significant digits than any double's exact decimal expansion has.
const EXACT_DIGITS: usize = 800;

/// Compares the JSON number `raw` with its nearest double.
pub(super) fn exactness(raw: &str) -> Exactness {
    // Fifteen digits always survive the way through a double and back.
    if raw.len() <= 15 && !raw.contains(['e', 'E']) {
        return Exactness::Exact;
    }
    let double: f64 = raw.parse().unwrap_or(f64::INFINITY);
    if !double.is_finite() {
        return Exactness::Overflow;
    }
    let written = Decimal::read(raw);
    if written == Decimal::read(&format!("{double:e}"))
        || written == Decimal::read(&format!("{double:.EXACT_DIGITS$e}"))
    {
        Exactness::Exact
    } else {
        Exactness::Inexact
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_exact_when_a_double_or_its_shortest_form_is_it() {
        for raw in [
            "0",
            "-0",
            "0.1",
            "0.10",
            "1e0",
            "10E-1",
            "1152921504606846976",
            "5e-324",
            "1e23",
            "0e999",
            "0.1000000000000000055511151231257827021181583404541015625",
        ] {
            assert_eq!(exactness(raw), Exactness::Exact, "{raw}");
        }
        for raw in [
            "9007199254740993",
            "0.1000000000000000055",
            "1e-400",
            "1e-99999999999999999999",
        ] {
            assert_eq!(exactness(raw), Exactness::Inexact, "{raw}");
        }
        for raw in ["1e400", "-1e400", "1e99999999999999999999"] {
            assert_eq!(exactness(raw), Exactness::Overflow, "{raw}");
        }
    }
}
