//! The position of the next record of an input.

use std::{io, ops::Range};

use crate::error::InputError;

/// A record in the window.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// The line on which it begins, from 1.
    pub(super) line: u64,
    /// Where it starts in the decompressed input.
    pub(super) offset: u64,
    pub(super) body: Body,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// Its range, counted from the start of the window.
    Whole(Range<usize>),
    /// Its range, and why it cannot be used.
    Broken(Range<usize>, String),
    /// It has this many bytes, more than can be held; the window keeps the first ones.
    TooLong(u64),
}

/// Why there is no next record.
#[derive(Debug)]
pub(super) enum Stop {
    Read(io::Error),
    /// The input does not fit its format; in this line, if it is about one.
    Format(Option<u64>, String),
    /// The encoding of this line cannot be determined.
    Encoding(u64),
}

impl Stop {
    pub(super) fn into_error(self, name: &str) -> InputError {
        match self {
            Self::Read(error) => InputError::reading(name, error),
            Self::Encoding(line) => InputError::needs_an_encoding(name, line),
            Self::Format(None, problem) => InputError::new(name, problem),
            Self::Format(Some(line), problem) => InputError::at_line(name, line, problem),
        }
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Read(error)
    }
}
