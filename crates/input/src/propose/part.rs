//! A table whose columns are too many to be read at once.

use std::ops::Range;

use super::{
    receipts::Receipts,
    sheet::{Sheet, receipt_columns},
};
use crate::table::Cells;

/// Some of the columns of a table. Rows of totals are not looked for, as it takes all cells of a row to tell them.
pub(super) struct Part {
    /// The places of the columns that tell orders apart, and those of the others that are read.
    places: Vec<usize>,
    /// The columns that it is about.
    own: Range<usize>,
    receipts: Option<Receipts>,
    rows: u64,
    broken: u64,
}

impl Part {
    /// The places of the columns to read, in this order.
    pub(super) fn places(&self) -> impl Iterator<Item = usize> {
        self.places.iter().copied()
    }
}

impl Sheet {
    /// Begins to read some columns.
    pub(super) fn part(&self, own: Range<usize>) -> Part {
        let front = self.receipts.iter().flat_map(Receipts::columns);
        let mut places: Vec<_> = front.collect();
        places.sort_unstable();
        places.dedup();
        let others: Vec<_> = own.clone().filter(|place| !places.contains(place)).collect();
        places.extend(others);
        let names: Vec<_> = places
            .iter()
            .filter_map(|place| self.columns.get(*place).map(|(name, _)| name.clone()))
            .collect();
        Part {
            receipts: receipt_columns(&names).map(Receipts::new),
            places,
            own,
            rows: 0,
            broken: 0,
        }
    }

    /// Adds a row of these columns, or what is wrong with it.
    pub(super) fn add_row_of(&mut self, part: &mut Part, row: Result<&Cells, String>, line: u64) {
        part.rows += 1;
        let cells = match row {
            Ok(cells) => cells,
            Err(problem) => {
                part.broken += 1;
                let is_first = self.first_broken.as_ref().is_none_or(|(first, _)| line < *first);
                if is_first {
                    self.first_broken = Some((line, problem));
                }
                return;
            }
        };
        if let Some(receipts) = &mut part.receipts {
            receipts.add((0..part.places.len()).map_while(|index| cells.get(index)), line);
        }
        for (index, place) in part.places.iter().enumerate() {
            if part.own.contains(place)
                && let Some((_, evidence)) = self.columns.get_mut(*place)
            {
                evidence.add_cell(cells, index, line);
            }
        }
    }

    /// Takes over what was found about these columns.
    pub(super) fn end_part(&mut self, part: Part) {
        self.rows = part.rows;
        self.broken = self.broken.max(part.broken);
        if let (Some(receipts), Some(found)) = (&mut self.receipts, part.receipts) {
            receipts.take_over(found, &part.places);
        }
    }
}
