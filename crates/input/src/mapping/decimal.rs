//! Decimal numbers that are added without rounding.

use std::fmt;

/// A decimal number of up to 38 digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Decimal {
    units: i128,
    /// How many of the digits are behind the point.
    scale: u32,
}

/// 10 to the power of 38 is the largest that fits.
const MOST_DIGITS: u32 = 38;

impl Decimal {
    /// Reads a number as a table writes it: digits with a sign, a point and an exponent.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (mantissa, power) = match text.split_once(['e', 'E']) {
            Some((mantissa, power)) => (mantissa, power.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let unsigned = mantissa.strip_prefix(['-', '+']).unwrap_or(mantissa);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let digits = || whole.bytes().chain(fraction.bytes());
        if digits().next().is_none() || !digits().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let fraction = fraction.trim_end_matches('0');
        let mut units = 0_i128;
        for digit in whole.bytes().chain(fraction.bytes()) {
            units = units.checked_mul(10)?.checked_add(i128::from(digit - b'0'))?;
        }
        if mantissa.starts_with('-') {
            units = -units;
        }
        let scale = i32::try_from(fraction.len()).ok()?.checked_sub(power)?;
        let number = match u32::try_from(scale) {
            Ok(scale) => Self { units, scale },
            Err(_) => Self {
                units: units.checked_mul(power_of_ten(scale.unsigned_abs())?)?,
                scale: 0,
            },
        };
        (number.scale <= MOST_DIGITS).then_some(number)
    }

    /// The sum, if it has few enough digits.
    pub(super) fn plus(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        let units_of = |number: Self| number.units.checked_mul(power_of_ten(scale - number.scale)?);
        let units = units_of(self)?.checked_add(units_of(other)?)?;
        Some(Self { units, scale })
    }

    /// The number, if it is whole and has 64 bits.
    pub(super) fn to_long(self) -> Option<i64> {
        let divisor = power_of_ten(self.scale)?;
        (self.units % divisor == 0)
            .then_some(self.units / divisor)
            .and_then(|whole| i64::try_from(whole).ok())
    }
}

/// Writes it without needless zeros, as JSON allows.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.units < 0 { "-" } else { "" };
        let scale = self.scale as usize;
        let digits = format!("{:0>width$}", self.units.unsigned_abs(), width = scale + 1);
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        let fraction = fraction.trim_end_matches('0');
        let point = if fraction.is_empty() { "" } else { "." };
        write!(f, "{sign}{whole}{point}{fraction}")
    }
}

fn power_of_ten(power: u32) -> Option<i128> {
    10_i128.checked_pow(power)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sum(numbers: &[&str]) -> Option<String> {
        let mut numbers = numbers.iter().map(|number| Decimal::read(number));
        numbers
            .try_fold(Decimal::default(), |sum, number| sum.plus(number?))
            .map(|sum| sum.to_string())
    }

    #[test]
    fn a_sum_is_that_of_the_digits() {
        for (numbers, expected) in [
            (&["0.1", "0.2"][..], Some("0.3")),
            (&["1.50", "1.50"], Some("3")),
            (&["-0.5", "+.25"], Some("-0.25")),
            (&["1e3", "2.5E-1", "7."], Some("1007.25")),
            (&["007", "-7"], Some("0")),
            (&["1.0000000000000000000000000000000000000000000000"], Some("1")),
            (&["9223372036854775807", "1"], Some("9223372036854775808")),
            (
                &["0.00000000000000000000000000000000000001"],
                Some("0.00000000000000000000000000000000000001"),
            ),
            (&["99999999999999999999999999999999999999", "0.1"], None),
            (&["1e39"], None),
            (&["1e-39"], None),
            (&["1e99999999999"], None),
            (&[""], None),
            (&["."], None),
            (&["-"], None),
            (&["1,000"], None),
            (&["inf"], None),
            (&["1 "], None),
            (&["--1"], None),
        ] {
            assert_eq!(sum(numbers).as_deref(), expected, "{numbers:?}");
        }
    }

    proptest! {
        #[test]
        fn cents_are_added_as_whole_numbers(cents in prop::collection::vec(-1_000_000_i64..1_000_000, 0..50)) {
            let written = |cents: i64| {
                let sign = if cents < 0 { "-" } else { "" };
                format!("{sign}{}.{:02}", cents.abs() / 100, cents.abs() % 100)
            };
            let mut total = Decimal::default();
            for cents in &cents {
                total = total.plus(Decimal::read(&written(*cents)).unwrap()).unwrap();
            }
            let expected = Decimal::read(&written(cents.iter().sum())).unwrap();
            prop_assert_eq!(total.to_string(), expected.to_string());
        }

        #[test]
        fn no_text_makes_a_panic(text in "[-+]?[0-9]{0,40}[.]?[0-9]{0,40}([eE][-+]?[0-9]{0,12})?", other: String) {
            for text in [text, other] {
                if let Some(number) = Decimal::read(&text) {
                    let _ = (number.plus(number), number.to_long());
                    prop_assert_eq!(Decimal::read(&number.to_string()).map(|again| again.to_string()), Some(number.to_string()));
                }
            }
        }
    }
}
