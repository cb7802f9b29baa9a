//! The numbers in a column.

use std::sync::LazyLock;

use super::tally::Tally;
use crate::mapping::{CellReader, Column, Type};

/// Reads each kind of number.
static READERS: LazyLock<[Option<CellReader>; 4]> = LazyLock::new(|| {
    [(true, false), (false, false), (true, true), (false, true)].map(|(is_long, has_thousands)| {
        let column = Column {
            thousands: has_thousands.then_some(','),
            ..Column::default()
        };
        CellReader::new(&column, if is_long { Type::Long } else { Type::Double }, None).ok()
    })
});

/// Counts the cells of a column by the kind of number that they are.
#[derive(Default)]
pub(super) struct Numbers {
    /// Whole numbers, other numbers, and the same two with separators of thousands.
    tallies: [Tally; 4],
    others: Tally,
    scratch: String,
}

/// The kind of number that nearly all cells are.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) is_long: bool,
    pub(super) has_thousands: bool,
    pub(super) misfits: Tally,
}

const IS_LONG: [bool; 4] = [true, false, true, false];
const HAS_THOUSANDS: [bool; 4] = [false, false, true, true];

impl Numbers {
    pub(super) fn add(&mut self, cell: &str, line: u64) {
        let may_be_number = cell.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.'));
        // One without a comma is tried only as one without, since both readers would read it.
        let has_thousands = cell.contains(',');
        let scratch = &mut self.scratch;
        let mut reads = |reader: Option<&CellReader>| {
            scratch.clear();
            reader.is_some_and(|reader| reader.write(cell, scratch).is_ok())
        };
        let kinds = READERS.iter().zip(HAS_THOUSANDS);
        let found = kinds
            .zip(&mut self.tallies)
            .find(|((reader, thousands), _)| may_be_number && *thousands == has_thousands && reads(reader.as_ref()));
        match found {
            Some((_, tally)) => tally.add(line),
            None => self.others.add(line),
        }
    }

    /// The narrowest kind of number that nearly all cells are. A whole number is also a double.
    pub(super) fn best(&self, filled: u64, as_double: bool) -> Option<Found> {
        let has_thousands = self.tallies.iter().skip(2).any(|tally| tally.count > 0);
        let mut misfits = vec![&self.others];
        for (is_long, tally) in IS_LONG.into_iter().zip(&self.tallies) {
            if !as_double && !is_long {
                misfits.push(tally);
            }
        }
        let misfits = Tally::sum(misfits.into_iter());
        misfits.are_strays_of(filled).then_some(Found {
            is_long: !as_double,
            has_thousands,
            misfits,
        })
    }
}
