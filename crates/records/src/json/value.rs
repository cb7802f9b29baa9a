//! What a reader of JSON finds.

use std::{borrow::Cow, fmt};

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Found {
    Null,
    Boolean,
    Number,
    Text,
    Array,
    Object,
}

/// What a number is, as `serde_json` reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Number {
    /// A whole number of 64 bits with sign.
    Long,
    /// A whole number that fits in 64 bits only without sign.
    Longer,
    Double,
}

/// A text as it is written, without its quotes.
#[derive(Clone, Copy)]
pub(in super::super) struct Text<'a> {
    pub(super) written: &'a str,
    pub(super) has_escapes: bool,
}

impl<'a> Text<'a> {
    /// What the text says.
    #[inline]
    pub(in super::super) fn read(self) -> Cow<'a, str> {
        if !self.has_escapes {
            return Cow::Borrowed(self.written);
        }
        // The reader returns only texts that can be unescaped.
        unescaped(self.written).map_or(Cow::Borrowed(self.written), Cow::Owned)
    }
}

impl Number {
    /// Judges a number that may be out of range; `None` if it is.
    #[cold]
    pub(super) fn of(written: &str) -> Option<Self> {
        let number: serde_json::Number = serde_json::from_str(written).ok()?;
        Some(if number.is_i64() {
            Self::Long
        } else if number.is_u64() {
            Self::Longer
        } else {
            // Also a negative zero, and a whole number beyond 64 bits.
            Self::Double
        })
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::Boolean => "true or false",
            Self::Number => "a number",
            Self::Text => "a text",
            Self::Array => "an array",
            Self::Object => "an object",
        })
    }
}

/// The unescaped text; `None` if a surrogate lacks its other half.
#[cold]
pub(super) fn unescaped(written: &str) -> Option<String> {
    serde_json::from_str(&format!("\"{written}\"")).ok()
}
