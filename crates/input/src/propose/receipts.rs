//! Whether several rows are one order.

use std::{collections::HashSet, hash::BuildHasher as _};

use foldhash::fast::FixedState;

use super::tally::Tally;

/// The most orders to remember.
const MOST: usize = 1_000_000;

/// Watches the rows with the same order number.
pub(super) struct Receipts {
    /// Which column has the number.
    pub(super) column: usize,
    /// How many orders there are, how many of them have several rows, and rows whose order ended earlier.
    pub(super) orders: u64,
    pub(super) of_several_rows: u64,
    pub(super) torn: Tally,
    /// How many orders differ in a column, each.
    differing: Vec<u64>,
    seen: HashSet<u64>,
    /// The cells of the first row of the current order, and what has differed since.
    first: Vec<u64>,
    differs: Vec<bool>,
    key: Option<u64>,
    rows: u64,
}

impl Receipts {
    pub(super) fn new(column: usize) -> Self {
        Self {
            column,
            orders: 0,
            of_several_rows: 0,
            torn: Tally::default(),
            differing: Vec::new(),
            seen: HashSet::new(),
            first: Vec::new(),
            differs: Vec::new(),
            key: None,
            rows: 0,
        }
    }

    pub(super) fn add<'a>(&mut self, cells: impl Iterator<Item = &'a str> + Clone, line: u64) {
        let hash = |cell: &str| FixedState::default().hash_one(cell.trim());
        let Some(key) = cells.clone().nth(self.column).filter(|key| !key.trim().is_empty()) else {
            return;
        };
        let key = hash(key);
        if self.key == Some(key) {
            self.rows += 1;
            self.of_several_rows += u64::from(self.rows == 2);
            let columns = self.first.iter().zip(&mut self.differs).zip(&mut self.differing);
            for (cell, ((first, differs), differing)) in cells.zip(columns) {
                if !*differs && hash(cell) != *first {
                    *differs = true;
                    *differing += 1;
                }
            }
            return;
        }
        self.key = Some(key);
        self.rows = 1;
        self.orders += 1;
        self.first.clear();
        self.first.extend(cells.map(hash));
        self.differs.clear();
        self.differs.resize(self.first.len(), false);
        self.differing.resize(self.first.len(), 0);
        if self.seen.contains(&key) {
            self.torn.add(line);
        } else if self.seen.len() < MOST {
            self.seen.insert(key);
        }
    }

    /// Whether rows stand together as orders, and not by chance.
    pub(super) const fn are_there(&self) -> bool {
        self.of_several_rows > 0 && self.of_several_rows.saturating_mul(100) >= self.orders
    }

    /// Whether a column differs within orders, not counting a few: 0.5 % of those with several rows.
    pub(super) fn differ_in(&self, column: usize) -> bool {
        self.differing_in(column).saturating_mul(200) > self.of_several_rows
    }

    pub(super) fn differing_in(&self, column: usize) -> u64 {
        self.differing.get(column).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_stand_together_are_one_order() {
        let mut receipts = Receipts::new(0);
        let rows = [
            ["r1", "a", "x"],
            ["r1", "b", "x"],
            ["r1", "b", "x"],
            ["r2", "a", "y"],
            ["r1", "a", "x"],
        ];
        for (line, row) in rows.iter().enumerate() {
            receipts.add(row.iter().copied(), line as u64 + 2);
        }
        assert!(receipts.are_there());
        assert_eq!((receipts.orders, receipts.of_several_rows), (3, 1));
        assert_eq!(receipts.torn.place(), "in line 6");
        assert_eq!([0, 1, 2].map(|column| receipts.differing_in(column)), [0, 1, 0]);
    }
}
