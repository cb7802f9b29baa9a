//! What is wrong or implausible about an identifier, whatever its field.
//!
//! Almost every identifier is ordinary, so [`is_ordinary`] looks at a few of its bytes only. The rest may take longer.

pub(crate) mod digits;
pub(crate) mod invisible;
pub(crate) mod phone;
pub(crate) mod words;

use std::borrow::Cow;

use self::invisible::{ends_line, is_blank, is_control, is_invisible};
use crate::warning::WarningKind;

/// No word, mark or number that is looked for is longer, unless it is nothing but digits.
const LONGEST: usize = 28;

/// Whether an identifier is certainly good and plausible. False means that it must be looked at.
#[inline]
pub(crate) fn is_ordinary(id: &str) -> bool {
    let bytes = id.as_bytes();
    let ([first, .., last], true) = (bytes, is_printable(bytes)) else {
        // Also a single character, which may be a sign.
        return matches!(bytes, [byte] if byte.is_ascii_alphabetic() || matches!(byte, b'1'..=b'9'));
    };
    let (first, last) = (*first, *last);
    if first.is_ascii_digit() {
        let last_two = bytes.get(bytes.len() - 2..);
        let is_number = matches!(bytes.get(1), Some(b'.' | b'e' | b'E')) || last_two == Some(b".0");
        let is_round = last == b'0' && (first == b'0' || bytes.len() > 15);
        !is_number && !is_round && (last.is_ascii_digit() || bytes.len() > LONGEST)
    } else if last.is_ascii_digit() {
        first.is_ascii_alphabetic()
    } else {
        let begins_word = words::BEGINS_WORD.get(usize::from(first)) == Some(&true);
        first.is_ascii_alphabetic() && last != b' ' && (!begins_word || bytes.len() > LONGEST)
    }
}

/// Whether all bytes are printable ASCII. Control characters below the blank are escaped in JSON, and looked at because
/// of that.
#[inline]
fn is_printable(bytes: &[u8]) -> bool {
    const ONES: u64 = u64::from_le_bytes([0x01; 8]);
    const HIGHS: u64 = u64::from_le_bytes([0x80; 8]);
    let (words, rest) = bytes.as_chunks::<8>();
    let words = words.iter().map(|word| u64::from_le_bytes(*word));
    // The highest bit of a byte is set by 0x80 and above, and by adding one to 0x7f.
    let high = words.fold(0, |high, word| high | word | word.wrapping_add(ONES));
    high & HIGHS == 0 && rest.iter().all(|byte| *byte < 0x7f)
}

/// What makes an identifier bad in every field.
#[cold]
pub(crate) fn problem(id: &str) -> Option<String> {
    if let Some(c) = id.chars().find(|c| is_control(*c)) {
        let what = if ends_line(c) {
            "a line break"
        } else {
            "a control character"
        };
        return Some(format!("holds {what}, {}", code(c)));
    }
    let first = id.chars().next()?;
    id.chars().all(is_blank).then(|| {
        format!(
            "looks empty: it holds only characters that show nothing, such as {}",
            code(first)
        )
    })
}

/// What is implausible about an identifier that is not bad. Some rules are not for mail addresses.
#[cold]
pub(crate) fn oddities(id: &str, is_mail: bool) -> Vec<(WarningKind, Cow<'static, str>)> {
    let mut found = Vec::new();
    if let Some(space) = [id.chars().next(), id.chars().next_back()]
        .into_iter()
        .flatten()
        .find(|c| c.is_whitespace())
    {
        let problem = format!("begins or ends with white space, {}", code(space));
        found.push((WarningKind::SpacedId, problem.into()));
    }
    if let Some(c) = hidden(id) {
        let problem = format!("holds {}, which cannot be seen or looks like a blank", code(c));
        found.push((WarningKind::InvisibleCharacter, problem.into()));
    }
    let id = id.trim_matches(is_blank);
    if let Some(mark) = mark(id) {
        found.push((WarningKind::SpreadsheetMark, mark.into()));
    } else if is_mail {
        // A mail address is neither a word nor a number.
    } else if words::is_of_report(id) {
        let problem = "looks like a total, a ruler or a note, not like an identifier";
        found.push((WarningKind::TotalRow, problem.into()));
    } else if let Some(word) = words::placeholder(id) {
        let problem = format!("looks like a placeholder for a missing value: {word}");
        found.push((WarningKind::PlaceholderId, problem.into()));
    } else if digits::is_rounded(id) {
        let problem = "looks like a number that was rounded, so that several may have become one";
        found.push((WarningKind::RoundedId, problem.into()));
    } else if digits::is_float(id) {
        let problem = "is a whole number with .0 behind it, as programs write a column of numbers";
        found.push((WarningKind::FloatId, problem.into()));
    }
    found
}

/// The first character that cannot be seen or told from a blank. White space at the ends is another matter.
pub(crate) fn hidden(id: &str) -> Option<char> {
    let is_hidden = |c: &char| is_invisible(*c) || (c.is_whitespace() && *c != ' ');
    id.trim().chars().find(is_hidden)
}

/// What a spreadsheet left around or in place of a value.
fn mark(id: &str) -> Option<&'static str> {
    const ERRORS: [&str; 10] = [
        "#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "#ERROR!",
    ];
    if ERRORS.iter().any(|error| error.eq_ignore_ascii_case(id)) {
        Some("is an error of a spreadsheet, such as #N/A")
    } else if id.len() > 1 && id.bytes().all(|byte| byte == b'#') {
        Some("is what a spreadsheet shows for a number that is wider than its column: ####")
    } else if id.starts_with('=') && !id.starts_with("==") && id.len() > 1 {
        Some("begins with =, as the formulas of a spreadsheet do")
    } else if id.starts_with(['\'', '"', '’', '‘']) {
        Some("begins with a quotation mark, as a spreadsheet marks a text")
    } else {
        None
    }
}

/// A character that cannot be shown, as U+200B.
pub(crate) fn code(c: char) -> String {
    format!("U+{:04X}", u32::from(c))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Whether nothing at all is said about an identifier.
    fn is_silent(id: &str) -> bool {
        !id.is_empty() && problem(id).is_none() && oddities(id, false).is_empty()
    }

    #[test]
    fn ordinary_identifiers_are_not_looked_at() {
        for id in [
            "user-00000001",
            "M-1001",
            "1001",
            "kim",
            "k.m.lee",
            "8f14e45f-ceea-467f-a8c9-00000000abcd",
            "dfn-user-123",
            "nina7",
            "9007199254740993",
        ] {
            assert!(is_ordinary(id) && is_silent(id), "{id}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]

        #[test]
        fn what_is_ordinary_draws_no_word(
            id in prop_oneof![
                "[ -~]{0,20}",
                "[0-9]{1,20}0{0,6}",
                "[0-9](\\.[0-9]{0,5})?[eE]?\\+?[0-9]{0,3}",
                "[ '=#(]?[a-zA-Z_./-]{1,12}[ :)]?",
                "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{12}",
                ".{0,6}",
                prop::sample::select(&words::MISSING[..]).prop_map(str::to_uppercase),
                prop::sample::select(&words::NOBODY[..]).prop_map(str::to_uppercase),
                prop::sample::select(&words::TOTALS[..]).prop_map(|word| format!("({word}: ")),
                prop::sample::select(&words::SIGNS[..]).prop_map(str::to_owned),
                "\\(?[0-9]{1,3} rows?( selected\\.)?\\)?",
            ],
        ) {
            // A control character below the blank reaches neither without an escape.
            let id: String = id.chars().filter(|c| *c >= ' ').collect();
            prop_assert!(!is_ordinary(&id) || is_silent(&id), "{id:?}");
        }
    }
}
