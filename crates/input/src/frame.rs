//! The position of the next record of an input.

use std::{io, ops::Range};

use crate::error::InputError;

/// A record in the window.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// The line on which it begins, from 1.
    pub(crate) line: u64,
    /// Where it starts in the decompressed input.
    pub(crate) offset: u64,
    pub(crate) body: Body,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// Its range, counted from the start of the window.
    Whole(Range<usize>),
    /// Its range, and why it cannot be used.
    Broken(Range<usize>, String),
    /// It has this many bytes, more than can be held; the window keeps the first ones.
    TooLong(u64),
}

/// Why there is no next record.
#[derive(Debug)]
pub(crate) enum Stop {
    Read(io::Error),
    /// The disk on which rows are sorted fails.
    Sort(io::Error),
    /// The input does not fit its format; in this line, if it is about one.
    Format(Option<u64>, String),
    /// The encoding of this line cannot be determined.
    Encoding(u64),
    /// This line is in another encoding than the one that was named.
    OtherEncoding(u64, String),
}

impl Stop {
    pub(crate) fn into_error(self, name: &str) -> InputError {
        match self {
            Self::Read(error) => InputError::reading(name, error),
            Self::Sort(error) => InputError::sorting(name, error),
            Self::Encoding(line) => InputError::needs_an_encoding(name, line),
            Self::OtherEncoding(line, problem) => InputError::other_encoding(name, line, problem),
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
