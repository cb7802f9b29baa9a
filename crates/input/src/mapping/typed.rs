//! Cells that have a type of their own, as in JSON.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::fields::Text;

use super::{decimal::Decimal, json_text::push_json_string, number::Number};

/// A number that is read as a text or as an identifier must be whole: with a point it may have lost digits, or have gained
/// some.
pub(super) const NOT_WHOLE: &str =
    "is a number with a decimal point or an exponent, and must be a text or a whole number";
/// The same for any number of a spreadsheet.
pub(super) const SHEET_NUMBER: &str = "is a number, from which a spreadsheet drops zeros in front and digits behind the 15th: \
     format the column as text there, and enter the cells again with all their digits";
pub(super) const LIST: &str =
    "is a list: give type: string-array, long-array or double-array, or each for a list of items";
pub(super) const OBJECT: &str = "is an object: name a value in it, with a dot, as in customer.id";
pub(super) const NO_LIST: &str =
    r#"must be a list, in JSON such as ["a","b"]; for a text in another form give separator in the mapping"#;

/// Whether a number has neither point nor exponent.
pub(super) fn is_whole(number: &str) -> bool {
    let digits = number.strip_prefix('-').unwrap_or(number);
    digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// A number without a point if it is whole: a column of whole numbers with empty cells becomes one of floating-point
/// numbers in many programs. Beyond 2^53 these are not exact.
pub(super) fn long(number: &str) -> Cow<'_, str> {
    const EXACT: u64 = 1 << 53;
    if is_whole(number) {
        return Cow::Borrowed(number);
    }
    let whole = Decimal::read(number).and_then(Decimal::to_long);
    match whole.filter(|whole| whole.unsigned_abs() < EXACT) {
        Some(whole) => Cow::Owned(whole.to_string()),
        None => Cow::Borrowed(number),
    }
}

/// Writes a list in JSON as one of texts or of numbers.
pub(super) fn write_list(list: &str, numbers: Option<&Number>, out: &mut String) -> Result<(), String> {
    let elements: Vec<&RawValue> = serde_json::from_str(list).map_err(|_| NO_LIST.to_owned())?;
    out.push('[');
    for (index, element) in elements.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        let wrong = |problem: &str| format!("element {}: {problem}", index + 1);
        let json = element.get();
        let is_number = json.starts_with(|first: char| first == '-' || first.is_ascii_digit());
        match numbers {
            Some(number) if is_number => {
                let cell = if number.is_long {
                    long(json)
                } else {
                    Cow::Borrowed(json)
                };
                number.write(&cell, out).map_err(|problem| wrong(&problem))?;
            }
            Some(_) => return Err(wrong("must be a number")),
            None if is_number && is_whole(json) => push_json_string(out, json),
            None => {
                let Text(text) = serde_json::from_str(json).map_err(|_| wrong("must be a text or a whole number"))?;
                push_json_string(out, &text);
            }
        }
    }
    out.push(']');
    Ok(())
}
