//! The rows of a table, with those of a group together.
//!
//! They are sorted twice on disk: by their keys, which brings the rows of a group together and shows which of them is the first,
//! and by the line of that. So a table whose rows stand together keeps its order, and its records their positions.

use std::{io, path::Path};

use crate::sort::{Sorted, Sorter};

/// How much each of the two sorts holds in memory.
const SORT_BYTES: usize = 8 * 1024 * 1024;

/// Takes the rows of a table with their keys.
pub(crate) struct RowSorter {
    by_key: Sorter,
    item: Vec<u8>,
    rows: u64,
}

/// Gives them back, group by group in the order of their first rows, and within a group in the order of the table.
pub(crate) struct SortedRows {
    rows: Sorted,
    given: u64,
    in_all: u64,
}

/// A row, with its line break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SortedRow<'a> {
    pub(crate) line: u64,
    pub(crate) offset: u64,
    pub(crate) bytes: &'a [u8],
}

impl RowSorter {
    /// What does not fit into memory goes to a file without a name in a folder.
    pub(crate) fn new(folder: &Path) -> Self {
        Self {
            by_key: Sorter::new(folder, SORT_BYTES),
            item: Vec::new(),
            rows: 0,
        }
    }

    /// # Errors
    /// If the disk fails or is full; the error names the folder.
    pub(crate) fn push(&mut self, key: &[u8], row: SortedRow<'_>) -> io::Result<()> {
        self.item.clear();
        self.item.extend_from_slice(&row.line.to_be_bytes());
        self.item.extend_from_slice(&row.offset.to_be_bytes());
        self.item.extend_from_slice(row.bytes);
        self.rows += 1;
        self.by_key.push(key, &self.item)
    }

    /// # Errors
    /// As for [`push`](Self::push).
    pub(crate) fn finish(self, folder: &Path) -> io::Result<SortedRows> {
        let mut rows = self.by_key.finish()?;
        let mut by_first = Sorter::new(folder, SORT_BYTES);
        let (mut group, mut first) = (None::<Vec<u8>>, [0; 8]);
        while let Some((key, item)) = rows.next_with_key()? {
            let line = *item.first_chunk().unwrap_or(&[0; 8]);
            if group.as_deref() != Some(key) {
                first = line;
                let group = group.get_or_insert_default();
                group.clear();
                group.extend_from_slice(key);
            }
            by_first.push(&[first, line].concat(), item)?;
        }
        Ok(SortedRows {
            rows: by_first.finish()?,
            given: 0,
            in_all: self.rows,
        })
    }
}

impl SortedRows {
    /// How many rows were given back, and how many there are.
    pub(crate) const fn given(&self) -> (u64, u64) {
        (self.given, self.in_all)
    }

    /// # Errors
    /// If the disk fails.
    pub(crate) fn next(&mut self) -> io::Result<Option<SortedRow<'_>>> {
        self.given = self.in_all.min(self.given + 1);
        let item = self.rows.next()?;
        Ok(item.and_then(|item| {
            let (line, rest) = item.split_first_chunk()?;
            let (offset, bytes) = rest.split_first_chunk()?;
            Some(SortedRow {
                line: u64::from_be_bytes(*line),
                offset: u64::from_be_bytes(*offset),
                bytes,
            })
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_come_in_the_order_of_their_first_rows() {
        let folder = tempfile::tempdir().unwrap();
        let mut sorter = RowSorter::new(folder.path());
        for (line, key) in (2..).zip(["b", "a", "b", "", "a"]) {
            let bytes = format!("{key}{line}").into_bytes();
            let row = SortedRow {
                line,
                offset: line * 10,
                bytes: &bytes,
            };
            sorter.push(key.as_bytes(), row).unwrap();
        }
        let mut rows = sorter.finish(folder.path()).unwrap();
        let mut found = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            found.push((row.line, row.offset, str::from_utf8(row.bytes).unwrap().to_owned()));
        }
        let row = |line: u64, text: &str| (line, line * 10, text.to_owned());
        assert_eq!(
            found,
            [row(2, "b2"), row(4, "b4"), row(3, "a3"), row(6, "a6"), row(5, "5")]
        );
    }
}
