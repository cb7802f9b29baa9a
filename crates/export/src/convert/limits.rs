//! What an answer may have at most, so that it cannot take all memory or time.

/// The longest row, in bytes.
pub(crate) const LONGEST_ROW: usize = 64 << 20;

/// The columns of an answer, and of a table.
pub(crate) const MOST_COLUMNS: usize = 10_000;
