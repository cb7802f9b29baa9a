//! Numbers and phone numbers as tables write them.

use std::fmt::Write as _;

use crate::look;

/// How the numbers of a column are written.
#[derive(Clone, Debug)]
pub(super) struct Number {
    pub(super) is_long: bool,
    pub(super) thousands: Option<char>,
}

impl Number {
    /// Writes a number as JSON, or says what the cell must be.
    pub(super) fn write(&self, cell: &str, out: &mut String) -> Result<(), String> {
        let write = if self.is_long { long } else { double };
        let written = match self.thousands {
            Some(separator) if cell.contains(separator) => {
                without_thousands(cell, separator).and_then(|plain| write(&plain, out))
            }
            _ => write(cell, out),
        };
        written.ok_or_else(|| {
            let advice = if self.thousands.is_none() && cell.contains(',') {
                "; for separators of thousands give thousands in the mapping"
            } else {
                ""
            };
            let form = if self.is_long {
                "a whole number of 64 bits"
            } else {
                "a number such as 1234.5"
            };
            format!("must be {form}{advice}")
        })
    }
}

/// Removes the thousands separators from a number, if they are in the right places.
pub(super) fn without_thousands(cell: &str, separator: char) -> Option<String> {
    let (sign, rest) = match cell.strip_prefix(['-', '+']) {
        Some(rest) => (cell.get(..1)?, rest),
        None => ("", cell),
    };
    let (whole, fraction) = match rest.find('.') {
        Some(at) if separator != '.' => rest.split_at(at),
        _ => (rest, ""),
    };
    let mut groups = whole.split(separator);
    let first = groups.next()?;
    let others: Vec<_> = groups.collect();
    let is_digits = |group: &str| group.bytes().all(|byte| byte.is_ascii_digit());
    let in_place = others.iter().all(|group| group.len() == 3 && is_digits(group));
    if others.is_empty() {
        return Some(cell.to_owned());
    }
    // A zero before a separator is the whole part of a decimal number.
    let is_group = (1..=3).contains(&first.len()) && is_digits(first) && !first.starts_with('0');
    (is_group && in_place).then(|| format!("{sign}{first}{}{fraction}", others.concat()))
}

/// Writes a whole number of 64 bits.
pub(super) fn long(cell: &str, out: &mut String) -> Option<()> {
    let number: i64 = cell.parse().ok()?;
    let _ = write!(out, "{number}");
    Some(())
}

/// Writes a finite number with its original digits, if JSON allows them.
pub(super) fn double(cell: &str, out: &mut String) -> Option<()> {
    let starts_like_one = cell.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.'));
    let number: f64 = cell
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite() && starts_like_one)?;
    if is_json_number(cell) {
        out.push_str(cell);
    } else {
        out.push_str(&serde_json::to_string(&number).ok()?);
    }
    Some(())
}

/// Whether a number is also valid in JSON, which has no leading zeros, no plus sign, and digits on both sides of a
/// point.
fn is_json_number(number: &str) -> bool {
    let unsigned = number.strip_prefix('-').unwrap_or(number).as_bytes();
    let digits_from = |at: usize| {
        unsigned
            .iter()
            .skip(at)
            .take_while(|byte| byte.is_ascii_digit())
            .count()
    };
    let whole = digits_from(0);
    let has_whole = whole == 1 || (whole > 1 && unsigned.first() != Some(&b'0'));
    has_whole && (unsigned.get(whole) != Some(&b'.') || digits_from(whole + 1) > 0)
}

/// The fewest and most digits of a number with its country code.
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 8..=15;

/// South Korea, whose numbers of mobile phones have a known length.
const KOREA: &str = "82";

/// A phone number as DFINERY wants it: the country code and the number, digits only.
pub(crate) fn phone(cell: &str, country: &str) -> Result<String, String> {
    let seen = look::plain(cell);
    let trimmed = seen.trim();
    let (has_plus, rest) = trimmed.strip_prefix('+').map_or((false, trimmed), |rest| (true, rest));
    if let Some(problem) = as_number(rest) {
        return Err(problem.to_owned());
    }
    let mut digits = String::with_capacity(rest.len());
    for c in rest.chars() {
        match c {
            '0'..='9' => digits.push(c),
            '-' | ' ' | '.' | '(' | ')' => {}
            _ => {
                return Err(
                    "must be a phone number: digits, with spaces, dashes, dots or brackets between them".to_owned(),
                );
            }
        }
    }
    let number = if let Some(national) = digits
        .strip_prefix(country)
        .filter(|_| has_plus || !digits.starts_with('0'))
    {
        format!("{country}{}", national.strip_prefix('0').unwrap_or(national))
    } else if has_plus {
        digits
    } else if country == KOREA && digits.starts_with("082") {
        // No number of Korea begins so.
        return Err("has a zero before the country code 82: leave it out, or write +".to_owned());
    } else if let Some(national) = digits.strip_prefix('0').filter(|national| !national.starts_with('0')) {
        format!("{country}{national}")
    } else {
        return Err(format!(
            "must begin with 0, + or the country code {country}; a spreadsheet may have taken the leading zero away"
        ));
    };
    if !PHONE_DIGITS.contains(&number.len()) {
        return Err("is too short or too long for a phone number".to_owned());
    }
    let is_wrong_length = number
        .strip_prefix(KOREA)
        .is_some_and(|national| national.starts_with("10") && national.len() != 10);
    if is_wrong_length {
        return Err(
            "a Korean mobile number has 11 digits, such as 010-1234-5678: one is missing or too many".to_owned(),
        );
    }
    Ok(number)
}

/// What is wrong with a phone number that a program took for a number.
fn as_number(text: &str) -> Option<&'static str> {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some((number, power)) = text.split_once(['e', 'E'])
        && is_digits(&number.replace('.', ""))
        && is_digits(power.strip_prefix(['+', '-']).unwrap_or(power))
    {
        return Some(
            "has an exponent, as a spreadsheet writes a long number, and has lost its last digits: export the column as text",
        );
    }
    let (number, decimals) = text.split_once('.')?;
    (is_digits(number) && is_digits(decimals) && decimals.len() < 3).then_some(
        "has a decimal point, as a program writes a number in a column with empty cells: export the column as text",
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(write: impl Fn(&str, &mut String) -> Option<()>, cell: &str) -> Option<String> {
        let mut out = String::new();
        write(cell, &mut out).map(|()| out)
    }

    #[test]
    fn a_double_keeps_its_digits() {
        for (cell, json) in [
            ("0.1", Some("0.1")),
            ("100", Some("100")),
            ("-1.50", Some("-1.50")),
            ("1e5", Some("1e5")),
            ("0.30000000000000004", Some("0.30000000000000004")),
            (".5", Some("0.5")),
            ("+7", Some("7.0")),
            ("007.5", Some("7.5")),
            ("NaN", None),
            ("inf", None),
            ("-infinity", None),
            ("1e999", None),
            ("1,000", None),
            ("\"1\"", None),
            ("1원", None),
            ("0", Some("0")),
            ("-0.0", Some("-0.0")),
            ("5.", Some("5.0")),
            ("1.5E+3", Some("1.5E+3")),
            ("5.e3", Some("5000.0")),
        ] {
            assert_eq!(written(double, cell).as_deref(), json, "{cell}");
        }
    }

    #[test]
    fn a_long_is_whole_and_has_64_bits() {
        for (cell, json) in [
            ("9223372036854775807", Some("9223372036854775807")),
            ("-9223372036854775808", Some("-9223372036854775808")),
            ("007", Some("7")),
            ("9223372036854775808", None),
            ("1.0", None),
            ("1e3", None),
        ] {
            assert_eq!(written(long, cell).as_deref(), json, "{cell}");
        }
    }

    #[test]
    fn separators_of_thousands_stand_where_they_belong() {
        for (cell, number) in [
            ("1,234,000", Some("1234000")),
            ("-12,000.5", Some("-12000.5")),
            ("999", Some("999")),
            ("1,23", None),
            ("1234,567", None),
            ("0,123", None),
            (",123", None),
            ("1,,000", None),
            ("1,000,", None),
        ] {
            assert_eq!(without_thousands(cell, ',').as_deref(), number, "{cell}");
        }
    }

    #[test]
    fn a_phone_number_that_a_program_took_for_a_number_says_so() {
        for (cell, reason) in [
            ("821012345678.0", "decimal point"),
            // Without its point it is the number of somebody else.
            ("0212345678.0", "decimal point"),
            ("+14155552671.00", "decimal point"),
            ("8.21012E+11", "exponent"),
            ("1e10", "exponent"),
        ] {
            let problem = phone(cell, "82").unwrap_err();
            assert!(problem.contains(reason), "{cell}: {problem}");
        }
        assert!(phone("02.123.4567", "82").is_ok());
    }

    #[test]
    fn phone_numbers_get_their_country_code() {
        for cell in [
            "010-1234-5678",
            "01012345678",
            "+82 10-1234-5678",
            "821012345678",
            "+82 (0)10 1234 5678",
            "010.1234.5678",
            "\u{202A}010-1234-5678\u{202C}",
            "010\u{A0}1234\u{2013}5678",
            "０１０－１２３４－５６７８",
        ] {
            assert_eq!(phone(cell, "82").as_deref(), Ok("821012345678"), "{cell}");
        }
        assert_eq!(phone("+1 415 555 2671", "82").as_deref(), Ok("14155552671"));
        for cell in [
            "1012345678",
            "00821012345678",
            "010-12",
            "없음",
            "010-1234-5678 (home)",
            "010123456789012345",
            "0821098765432",
            "821012345678.0",
            "1012345678.00",
            "8.21012E+11",
            "010-9876-543",
            "+82 10-1234-56789",
        ] {
            assert!(
                phone(cell, "82").is_err_and(|problem| !problem.contains(cell)),
                "{cell}"
            );
        }
    }

    proptest! {
        #[test]
        fn every_number_comes_through(long_one: i64, double_one in any::<f64>().prop_filter("finite", |number| number.is_finite())) {
            prop_assert_eq!(written(long, &long_one.to_string()), Some(long_one.to_string()));
            let json = written(double, &double_one.to_string()).unwrap();
            prop_assert_eq!(serde_json::from_str::<f64>(&json).unwrap().to_bits(), double_one.to_bits());
        }

        #[test]
        fn whatever_is_a_number_is_json(cell in "[-+]?[0-9]{0,3}[.]?[0-9]{0,3}([eE][-+]?[0-9]{0,2})?") {
            if let Some(json) = written(double, &cell) {
                prop_assert_eq!(serde_json::from_str::<f64>(&json).unwrap().to_bits(), cell.parse::<f64>().unwrap().to_bits());
                let is_json = serde_json::from_str::<f64>(&cell).is_ok();
                prop_assert_eq!(json == cell, is_json);
            }
        }

        #[test]
        fn no_cell_makes_a_panic(cell: String) {
            let _ = (phone(&cell, "82"), without_thousands(&cell, ','), written(long, &cell), written(double, &cell));
        }
    }
}
