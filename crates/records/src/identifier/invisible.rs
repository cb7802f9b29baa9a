//! Characters that the eye cannot see, or cannot tell from a blank.

/// Whether a character ends a line or controls a device. No identifier has one.
pub(crate) fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Whether a character ends a line.
pub(crate) const fn ends_line(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Whether a character has no width, or shows nothing, and is neither white space nor a control character.
#[must_use]
pub const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        // Soft hyphen, combining grapheme joiner, the Arabic letter mark.
        '\u{ad}' | '\u{34f}' | '\u{61c}'
        // The fillers of Hangul, and the empty pattern of Braille.
        | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' | '\u{2800}'
        // Inherent vowels of Khmer, selectors of Mongolian.
        | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        // Without width; directions of writing; joiners.
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        // Selectors of variants, the byte order mark, annotations.
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        // Musical formatting, tags, more selectors.
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Whether a character shows nothing.
pub(crate) fn is_blank(c: char) -> bool {
    c.is_whitespace() || is_invisible(c)
}
