//! What the eye sees of a text, and what it does not see.

use std::borrow::Cow;

use dfinery_records::is_invisible;
use unicode_normalization::{UnicodeNormalization as _, is_nfc};

/// Whether a character is a form of another one for East Asian text, such as a full-width digit.
const fn is_full_width(c: char) -> bool {
    matches!(c, '\u{FF01}'..='\u{FF5E}' | '\u{3000}')
}

/// The name of a column in one form: composed, without what the eye does not see, and with plain spaces.
pub(crate) fn name(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text.trim());
    }
    let seen: String = text
        .nfc()
        .filter(|c| !is_invisible(*c))
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .collect();
    Cow::Owned(seen.trim().to_owned())
}

/// A text with its invisible characters spelled out.
pub(crate) fn shown(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_invisible(c) || c.is_control() || (c.is_whitespace() && c != ' ') {
            let _ = write!(out, "\\u{{{:04X}}}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    if !is_nfc(text) {
        out.push_str(" (decomposed, as macOS writes it)");
    }
    out
}

/// A cell as it is meant, if it holds only digits and signs in other forms: without invisible characters, and with plain
/// digits, signs and spaces.
pub(crate) fn plain(cell: &str) -> Cow<'_, str> {
    if cell.is_ascii() {
        return Cow::Borrowed(cell);
    }
    Cow::Owned(
        cell.chars()
            .filter(|c| !is_invisible(*c))
            .map(|c| match c {
                '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
                // Hyphens and dashes of word processors.
                '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
                c if c.is_whitespace() => ' ',
                c => c,
            })
            .collect(),
    )
}

/// What in a cell the eye does not see or takes for something else, as the end of a message about it.
pub(crate) fn note(cell: &str) -> Option<String> {
    let code = |c: char| format!("U+{:04X}", u32::from(c));
    if let Some(c) = cell.chars().find(|c| is_invisible(*c)) {
        return Some(format!("the cell holds an invisible character, {}", code(c)));
    }
    let c = cell.chars().find(|c| is_full_width(*c))?;
    Some(format!("the cell holds a full-width character, {}", code(c)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_alike_are_the_same() {
        for other in [
            "\u{FEFF}회원번호",
            "회원\u{200B}번호",
            "\u{1112}\u{116C}\u{110B}\u{116F}\u{11AB}\u{1107}\u{1165}\u{11AB}\u{1112}\u{1169}",
            "\u{A0}회원번호\u{3000}",
        ] {
            assert_eq!(name(other), "회원번호", "{}", shown(other));
        }
        assert_eq!(name("회원\u{A0}번호"), "회원 번호");
        assert_ne!(name("회원번호2"), "회원번호");
    }

    #[test]
    fn what_the_eye_does_not_see_is_spelled_out() {
        assert_eq!(shown("a\u{200B}b\u{A0}c"), "a\\u{200B}b\\u{00A0}c");
        assert_eq!(shown("가"), "가");
        assert!(shown("\u{1100}\u{1161}").ends_with("(decomposed, as macOS writes it)"));
        assert_eq!(
            note("１").as_deref(),
            Some("the cell holds a full-width character, U+FF11")
        );
    }
}
