//! The strings that equal a number: canonical decimals that *read as* its
//! double (policy language §2).
//!
//! They are all decimals in the interval that rounds to the double, so there
//! are infinitely many: `"0.1"` is one of 0.1, `"0.1000000000000000055"` is
//! another. The ends of the interval are halfway to the neighbours; they have
//! finitely many digits, and comparing with those, digit by digit, is an
//! automaton. Halfway itself belongs to the double whose last bit is even.

use std::cmp::Ordering;

/// The automaton of the decimals that read as one double.
#[derive(Debug, Clone)]
pub(super) struct Decimals {
    negative: bool,
    positive: bool,
    low: Bound,
    high: Bound,
    /// Whether the ends belong to the interval.
    closed: bool,
}

/// A decimal without leading and trailing zeros; its whole part is never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Bound {
    whole: Vec<u8>,
    fraction: Vec<u8>,
}

/// How far a text has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct DecimalState {
    phase: Phase,
    negative: bool,
    /// Digits read of the whole part or of the fraction.
    digits: u16,
    low: Ordering,
    high: Ordering,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Phase {
    Start,
    /// Behind the minus.
    Signed,
    /// The whole part is `0`: no digit may follow.
    Zero,
    Whole,
    Point,
    /// In the fraction, behind a zero: the text may not end here.
    OpenFraction,
    Fraction,
}

impl Decimals {
    pub(super) fn of(number: f64) -> Decimals {
        let magnitude = number.abs();
        let (low, high) = rounding_interval(magnitude);
        Decimals {
            negative: number <= 0.0,
            positive: number >= 0.0,
            low,
            high,
            closed: magnitude.to_bits() & 1 == 0,
        }
    }

    pub(super) fn start(&self) -> DecimalState {
        DecimalState {
            phase: Phase::Start,
            negative: false,
            digits: 0,
            low: Ordering::Equal,
            high: Ordering::Equal,
        }
    }

    /// Where reading goes on behind `byte`; nothing when no text that goes on
    /// so reads as the number.
    pub(super) fn next(&self, state: DecimalState, byte: u8) -> Option<DecimalState> {
        match (state.phase, byte) {
            (Phase::Start, b'-') if self.negative => Some(DecimalState {
                phase: Phase::Signed,
                negative: true,
                ..state
            }),
            (Phase::Start, b'0'..=b'9') if !self.positive => None,
            (Phase::Start | Phase::Signed, b'0') => self.whole_digit(state, byte, Phase::Zero),
            (Phase::Start | Phase::Signed, b'1'..=b'9') | (Phase::Whole, b'0'..=b'9') => {
                self.whole_digit(state, byte, Phase::Whole)
            }
            (Phase::Zero | Phase::Whole, b'.') => {
                let (low, high) = self.whole_compared(state);
                undecided_or_inside(DecimalState {
                    phase: Phase::Point,
                    digits: 0,
                    low,
                    high,
                    ..state
                })
            }
            (Phase::Point | Phase::OpenFraction | Phase::Fraction, b'0'..=b'9') => {
                self.fraction_digit(state, byte)
            }
            _ => None,
        }
    }

    pub(super) fn accepts(&self, state: DecimalState) -> bool {
        let (low, high) = match state.phase {
            Phase::Zero if state.negative => return false,
            Phase::Zero | Phase::Whole => {
                let (low, high) = self.whole_compared(state);
                (self.low.ended(low, 0), self.high.ended(high, 0))
            }
            Phase::Fraction => {
                let digits = usize::from(state.digits);
                (
                    self.low.ended(state.low, digits),
                    self.high.ended(state.high, digits),
                )
            }
            _ => return false,
        };
        let beyond = |ordering| ordering == Ordering::Equal && !self.closed;
        low != Ordering::Less && high != Ordering::Greater && !beyond(low) && !beyond(high)
    }

    fn whole_digit(&self, state: DecimalState, byte: u8, phase: Phase) -> Option<DecimalState> {
        let at = usize::from(state.digits);
        if at >= self.high.whole.len() {
            return None;
        }
        Some(DecimalState {
            phase,
            digits: state.digits.saturating_add(1),
            low: state.low.then(byte.cmp(&digit(&self.low.whole, at))),
            high: state.high.then(byte.cmp(&digit(&self.high.whole, at))),
            ..state
        })
    }

    /// The whole parts compared: the longer one is the greater.
    fn whole_compared(&self, state: DecimalState) -> (Ordering, Ordering) {
        let digits = usize::from(state.digits);
        (
            digits.cmp(&self.low.whole.len()).then(state.low),
            digits.cmp(&self.high.whole.len()).then(state.high),
        )
    }

    fn fraction_digit(&self, state: DecimalState, byte: u8) -> Option<DecimalState> {
        let at = usize::from(state.digits);
        let mut next = DecimalState {
            phase: if byte == b'0' {
                Phase::OpenFraction
            } else {
                Phase::Fraction
            },
            low: state.low.then(byte.cmp(&digit(&self.low.fraction, at))),
            high: state.high.then(byte.cmp(&digit(&self.high.fraction, at))),
            // Behind the last digit of both bounds nothing changes any more.
            digits: state.digits.saturating_add(1).min(self.last_digit()),
            ..state
        };
        if next.low != Ordering::Equal && next.high != Ordering::Equal {
            next.digits = 0;
        }
        undecided_or_inside(next)
    }

    fn last_digit(&self) -> u16 {
        let longest = self.low.fraction.len().max(self.high.fraction.len());
        u16::try_from(longest).unwrap_or(u16::MAX)
    }
}

/// In the fraction, what is below the low end or above the high one stays so.
fn undecided_or_inside(state: DecimalState) -> Option<DecimalState> {
    (state.low != Ordering::Less && state.high != Ordering::Greater).then_some(state)
}

fn digit(digits: &[u8], at: usize) -> u8 {
    digits.get(at).copied().unwrap_or(b'0')
}

impl Bound {
    /// How a text compares that ended after `digits` digits of the fraction,
    /// all of which compared as `so_far`.
    fn ended(&self, so_far: Ordering, digits: usize) -> Ordering {
        if so_far == Ordering::Equal && digits < self.fraction.len() {
            Ordering::Less
        } else {
            so_far
        }
    }

    /// The bound `halves` / 2, for digits with [`PLACES`] of them behind the
    /// point.
    fn half_of(halves: &[u8]) -> Bound {
        let mut remainder = 0;
        let mut digits: Vec<u8> = Vec::with_capacity(halves.len() + 1);
        for digit in halves.iter().chain([&0]) {
            let value = remainder * 10 + digit;
            digits.push(b'0' + value / 2);
            remainder = value % 2;
        }
        let point = digits.len().saturating_sub(PLACES + 1);
        let mut fraction = digits.split_off(point);
        while fraction.last() == Some(&b'0') {
            fraction.pop();
        }
        let leading = digits.iter().take_while(|digit| **digit == b'0').count();
        digits.drain(..leading.min(digits.len().saturating_sub(1)));
        Bound {
            whole: digits,
            fraction,
        }
    }
}

/// Digits behind the point that the smallest double needs.
const PLACES: usize = 1074;

/// Half of the way to either neighbour of a double that is not negative.
fn rounding_interval(magnitude: f64) -> (Bound, Bound) {
    let below = if magnitude == 0.0 {
        0.0
    } else {
        magnitude.next_down()
    };
    // Beyond the largest double the steps would go on as before it.
    let step = if magnitude == f64::MAX {
        magnitude - below
    } else {
        magnitude.next_up() - magnitude
    };
    let low = sum(&[magnitude, below]);
    let high = sum(&[magnitude, magnitude, step]);
    (Bound::half_of(&low), Bound::half_of(&high))
}

/// The exact sum of numbers that are not negative: its digits, of which
/// [`PLACES`] are after the point.
fn sum(numbers: &[f64]) -> Vec<u8> {
    /// Enough for the whole part of three times the largest double.
    const WHOLE: usize = 311;
    let mut total = vec![0_u8; WHOLE + PLACES];
    for number in numbers {
        let text = format!("{number:.PLACES$}");
        let mut carry = 0;
        let mut digits = text.bytes().rev().filter(u8::is_ascii_digit);
        for digit in total.iter_mut().rev() {
            let value = *digit + carry + digits.next().map_or(0, |digit| digit - b'0');
            *digit = value % 10;
            carry = value / 10;
        }
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;
    use mcppolicy_engine::engine::{ValueRef, equals};
    use mcppolicy_engine::value::Value;

    fn accepts(number: f64, text: &str) -> bool {
        let decimals = Decimals::of(number);
        text.bytes()
            .try_fold(decimals.start(), |state, byte| decimals.next(state, byte))
            .is_some_and(|state| decimals.accepts(state))
    }

    fn exact(numbers: &[f64]) -> String {
        let bound = Bound::half_of(&sum(numbers));
        let text = String::from_utf8([bound.whole, vec![b'.'], bound.fraction].concat()).unwrap();
        text.trim_end_matches('.').to_owned()
    }

    #[test]
    fn a_number_equals_exactly_the_decimals_that_the_engine_says() {
        let numbers = [
            0.0,
            1.0,
            5.0,
            0.1,
            0.3,
            10.0,
            123.456,
            9007199254740992.0,
            9007199254740994.0,
            1e22,
            1e300,
            f64::MAX,
            f64::MIN_POSITIVE,
            5e-324,
            1e-5,
        ];
        for magnitude in numbers {
            // Texts at, just below and just above both ends of the interval.
            let mut texts = vec!["-0".to_owned(), "0".to_owned(), "5.0".to_owned()];
            let below = magnitude.next_down().max(0.0);
            let step = if magnitude == f64::MAX {
                0.0
            } else {
                magnitude.next_up() - magnitude
            };
            for end in [
                exact(&[magnitude, magnitude]),
                exact(&[magnitude, below]),
                exact(&[magnitude, magnitude, step]),
            ] {
                texts.push(format!("{end}1"));
                texts.push(format!("{end}01"));
                texts.push(format!("{end}.000000000000000000001"));
                let mut less = end.clone();
                let last = less.pop().unwrap();
                texts.push(format!("{less}{}", (last as u8).saturating_sub(1) as char));
                texts.push(format!("{less}{}9", (last as u8).saturating_sub(1) as char));
                texts.push(format!("{less}{}", (last as u8 + 1) as char));
                texts.push(end);
            }
            for number in [magnitude, -magnitude] {
                for text in &texts {
                    for text in [text.clone(), format!("-{text}")] {
                        let expected = equals(ValueRef::String(&text), &Value::Number(number));
                        assert_eq!(accepts(number, &text), expected, "{number:e} {text}");
                    }
                }
            }
        }
    }

    #[test]
    fn halfway_belongs_to_the_even_neighbour() {
        // 2^53 + 1 lies halfway between 2^53 (even) and 2^53 + 2.
        assert!(accepts(9007199254740992.0, "9007199254740993"));
        assert!(!accepts(9007199254740994.0, "9007199254740993"));
        assert!(accepts(9007199254740994.0, "9007199254740993.00000001"));
    }

    #[test]
    fn zero_equals_decimals_of_both_signs_that_underflow() {
        let tiny = format!("0.{}1", "0".repeat(400));
        assert!(accepts(0.0, &tiny) && accepts(0.0, &format!("-{tiny}")));
        assert!(accepts(0.0, "0") && !accepts(0.0, "-0") && !accepts(0.0, ""));
    }
}
