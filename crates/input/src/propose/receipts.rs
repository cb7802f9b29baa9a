//! Whether several rows are one order.

use std::{collections::HashMap, hash::BuildHasher as _};

use dfinery_records::is_nobody;
use foldhash::fast::FixedState;

use super::tally::Tally;

/// The most orders to remember, in 18 MB.
const MOST: usize = 900_000;

/// Watches the rows with the same order number.
///
/// Tills may count from one again in each shop, at each register and on each day. So an order that comes later under the
/// number of another one is a part of that only if shop, register and day are the same: otherwise the number alone is no key.
pub(super) struct Receipts {
    columns: ReceiptColumns,
    /// How many orders there are, how many of them have several rows, and rows whose order ended earlier.
    orders: u64,
    of_several_rows: u64,
    pub(super) torn: Tally,
    /// Orders whose number another order has as well, and how many columns of the scope it takes to tell them apart.
    pub(super) reused: Tally,
    depth: usize,
    /// How many orders differ in a column, each.
    differing: Vec<u64>,
    /// Each order that was seen, by its number with as many columns of the scope as were needed to tell it from others.
    seen: HashMap<u64, Origin, FixedState>,
    /// The cells of the first row of the current order, and what has differed since.
    first: Vec<u64>,
    differs: Vec<bool>,
    current: Option<(u64, Origin)>,
    rows: u64,
}

/// The columns that say which rows are one order. Each is the place of a column.
pub(super) struct ReceiptColumns {
    pub(super) number: usize,
    /// What the number may be unique in: a shop, a register and a day, where there are such columns.
    pub(super) scope: [Option<usize>; 3],
    pub(super) user: Option<usize>,
    pub(super) time: Option<usize>,
}

/// Where an order is from, in hashes: the cells of the scope, and who ordered.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Origin {
    scope: [u16; 3],
    who: u16,
}

impl Receipts {
    pub(super) fn new(columns: ReceiptColumns) -> Self {
        Self {
            columns,
            orders: 0,
            of_several_rows: 0,
            torn: Tally::default(),
            reused: Tally::default(),
            depth: 0,
            differing: Vec::new(),
            seen: HashMap::default(),
            first: Vec::new(),
            differs: Vec::new(),
            current: None,
            rows: 0,
        }
    }

    pub(super) fn add<'a>(&mut self, cells: impl Iterator<Item = &'a str> + Clone, line: u64) {
        let number = cells.clone().nth(self.columns.number);
        let Some(number) = number.filter(|number| !number.trim().is_empty()).map(hash) else {
            return;
        };
        let origin = self.columns.origin(&cells);
        if let Some((other, before)) = self.current
            && other == number
            && before.may_go_on(origin)
        {
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
        self.current = Some((number, origin));
        self.rows = 1;
        self.orders += 1;
        self.first.clear();
        self.first.extend(cells.map(hash));
        self.differs.clear();
        self.differs.resize(self.first.len(), false);
        self.differing.resize(self.first.len(), 0);
        self.remember(number, origin, line);
    }

    /// Looks whether the order was there before, or another one of this number.
    fn remember(&mut self, number: u64, origin: Origin, line: u64) {
        let mut depth = 0;
        loop {
            let scope: Vec<_> = origin.scope.iter().take(depth).collect();
            let key = FixedState::default().hash_one((number, scope));
            let Some(other) = self.seen.get(&key) else {
                if depth > 0 {
                    self.reused.add(line);
                    self.depth = self.depth.max(depth);
                }
                if self.seen.len() < MOST {
                    self.seen.insert(key, origin);
                }
                return;
            };
            let mut columns = other.scope.iter().zip(origin.scope);
            let Some(differs) = columns.position(|(other, own)| *other != own) else {
                return self.torn.add(line);
            };
            depth = differs + 1;
        }
    }

    /// The columns that say which rows are one order.
    #[cfg(feature = "parquet")]
    pub(super) fn columns(&self) -> impl Iterator<Item = usize> {
        let ReceiptColumns {
            number,
            scope,
            user,
            time,
        } = &self.columns;
        [Some(*number), *user, *time].into_iter().chain(*scope).flatten()
    }

    /// Takes over what was found about the columns at these places, in the same rows.
    #[cfg(feature = "parquet")]
    pub(super) fn take_over(&mut self, part: Self, places: &[usize]) {
        for (place, differing) in places.iter().zip(part.differing) {
            if self.differing.len() <= *place {
                self.differing.resize(place + 1, 0);
            }
            if let Some(own) = self.differing.get_mut(*place) {
                *own = differing;
            }
        }
        *self = Self {
            columns: ReceiptColumns { ..self.columns },
            differing: std::mem::take(&mut self.differing),
            first: Vec::new(),
            seen: HashMap::default(),
            differs: Vec::new(),
            ..part
        };
    }

    pub(super) const fn column(&self) -> usize {
        self.columns.number
    }

    /// The columns that a key needs beside the number.
    pub(super) fn scope(&self) -> impl Iterator<Item = usize> {
        self.columns.scope.into_iter().take(self.depth).flatten()
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

impl ReceiptColumns {
    fn origin<'a>(&self, cells: &(impl Iterator<Item = &'a str> + Clone)) -> Origin {
        let cell = |place: usize| cells.clone().nth(place).unwrap_or_default().trim();
        let user = self.user.map(cell).filter(|user| !user.is_empty() && !is_nobody(user));
        Origin {
            scope: self.scope.map(|place| place.map_or(0, |place| short_hash(cell(place)))),
            who: short_hash(user.or_else(|| self.time.map(cell)).unwrap_or_default()),
        }
    }
}

impl Origin {
    /// Whether the next row, of the same number, is of the same order: at another shop or register only if the user is the
    /// same too, as where counters of a house share a receipt. A day may be a time, which each row has for itself.
    fn may_go_on(self, next: Self) -> bool {
        let [shop, register, _] = self.scope;
        let [next_shop, next_register, _] = next.scope;
        (shop, register) == (next_shop, next_register) || self.who == next.who
    }
}

fn hash(cell: &str) -> u64 {
    FixedState::default().hash_one(cell.trim())
}

fn short_hash(cell: &str) -> u16 {
    let [.., high, low] = hash(cell).to_le_bytes();
    u16::from_le_bytes([high, low])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The columns of the rows: number, shop, register, day, user, product.
    fn of(rows: &[[&str; 6]]) -> Receipts {
        let mut receipts = Receipts::new(ReceiptColumns {
            number: 0,
            scope: [Some(1), Some(2), Some(3)],
            user: Some(4),
            time: Some(3),
        });
        for (row, line) in rows.iter().zip(2..) {
            receipts.add(row.iter().copied(), line);
        }
        receipts
    }

    #[test]
    fn rows_that_stand_together_are_one_order() {
        let receipts = of(&[
            ["r1", "A", "1", "d", "u", "a"],
            ["r1", "A", "1", "d", "u", "b"],
            ["r1", "A", "1", "d", "u", "b"],
            ["r2", "A", "1", "d", "u", "a"],
            ["r1", "A", "1", "d", "u", "a"],
        ]);
        assert!(receipts.are_there());
        assert_eq!((receipts.orders, receipts.of_several_rows), (3, 1));
        assert_eq!(receipts.torn.place(), "in line 6");
        assert_eq!([0, 1, 5].map(|column| receipts.differing_in(column)), [0, 0, 1]);
        assert_eq!(receipts.scope().count(), 0);
    }

    #[test]
    fn a_number_of_several_shops_is_no_key() {
        let [own, other] = [["r1", "A", "1", "d", "u", "a"], ["r2", "A", "1", "d", "u", "a"]];
        for (row, scope) in [
            (["r1", "B", "1", "d", "v", "a"], &[1][..]),
            (["r1", "A", "2", "d", "v", "a"], &[1, 2]),
            (["r1", "A", "1", "e", "v", "a"], &[1, 2, 3]),
        ] {
            let apart = of(&[own, other, row]);
            assert_eq!(apart.scope().collect::<Vec<_>>(), scope, "{row:?}");
            assert_eq!((apart.reused.place().as_str(), apart.torn.count), ("in line 4", 0));
            if scope != [1, 2, 3] {
                let scope_of_two: Vec<_> = of(&[own, row]).scope().collect();
                assert_eq!(scope_of_two, scope, "side by side: {row:?}");
            }
        }
        let counters = of(&[own, ["r1", "B", "1", "d", "u", "b"]]);
        assert_eq!(counters.scope().count(), 0, "one user, so counters of one house");
        assert_eq!(counters.differing_in(1), 1);
    }

    #[test]
    fn each_order_of_a_number_is_remembered() {
        let receipts = of(&[
            ["r1", "A", "1", "d", "u", "a"],
            ["r1", "B", "1", "d", "v", "a"],
            ["r1", "B", "2", "d", "w", "a"],
            ["r1", "A", "2", "d", "x", "a"],
            ["r1", "B", "2", "d", "w", "b"],
            ["r1", "A", "1", "d", "u", "b"],
        ]);
        assert_eq!(receipts.scope().collect::<Vec<_>>(), [1, 2]);
        assert_eq!(receipts.reused.place(), "in lines 3, 4, 5");
        assert_eq!(receipts.torn.place(), "in lines 6, 7");
    }
}
