//! The texts of records: lines, or the elements of an array.

use crate::{
    array::Array,
    format::Format,
    frame::{Frame, Stop},
    lines::Lines,
    window::Window,
};

/// Finds the texts of records one after another.
pub(crate) enum TextFramer {
    Lines(Lines),
    Array(Array),
}

impl TextFramer {
    /// For a format whose records are texts.
    pub(crate) fn of(format: Format) -> Self {
        if format == Format::JsonArray {
            Self::Array(Array::default())
        } else {
            Self::Lines(Lines::default())
        }
    }

    /// Moves past the previous text and finds the next one.
    pub(crate) fn next(&mut self, window: &mut Window) -> Result<Option<Frame>, Stop> {
        match self {
            Self::Lines(lines) => Ok(lines.next(window)?),
            Self::Array(array) => array.next(window),
        }
    }

    /// Takes the previous text for none that becomes a record.
    pub(crate) const fn pass_over(&mut self) {
        if let Self::Lines(lines) = self {
            lines.pass_over();
        }
    }
}
