//! Whether an event with several items has one row, or a row for each item.
//!
//! Only columns that the taxonomy says hold a single value of an item count: an array in one is then an array over the
//! items. That a value is no array shows less, since a service may join values in another way. Rows for each item are
//! therefore seen only in rows that differ in nothing but their items.

use std::collections::{HashMap, VecDeque};

use dfinery::{tables::PropertyType, taxonomy::ITEM_COLUMN_PREFIX};
use dfinery_records::{Section, Taxonomy};
use serde::de::IgnoredAny;
use xxhash_rust::xxh3::Xxh3;

use super::{
    calibration::ItemRows,
    finding::{Evidence, Finding, MINIMUM, Reading, Tally},
};

/// What rows show about items.
#[derive(Debug)]
pub(super) struct Items {
    kinds: Vec<Kind>,
    /// Rows with an array where a single value is registered.
    pub(super) arrays: Tally,
    /// Rows with a single value there.
    pub(super) single: Tally,
    /// Rows that differ from an earlier one only in their items.
    pub(super) repeated: Tally,
    recent: HashMap<u128, Recent>,
    order: VecDeque<u128>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Not of an item.
    Other,
    /// Of an item, registered as one value.
    Single,
    /// Of an item, and perhaps an array.
    Unknown,
}

#[derive(Clone, Copy, Debug)]
struct Recent {
    items: u128,
    counted: bool,
}

impl Items {
    /// Rows are compared with this many before them at most.
    const RECENT: usize = 16_384;

    pub(super) fn new(header: &[String], taxonomy: &Taxonomy) -> Self {
        Self {
            kinds: header.iter().map(|name| Kind::of(name, taxonomy)).collect(),
            arrays: Tally::default(),
            single: Tally::default(),
            repeated: Tally::default(),
            recent: HashMap::new(),
            order: VecDeque::new(),
        }
    }

    /// Counts a row. Rows whose event time is not finer than a second are not compared with others: events that are loaded
    /// from a table may have equal times, and nothing would tell them from the items of one.
    pub(super) fn add<'a>(&mut self, row: u64, cells: impl Iterator<Item = &'a [u8]>, has_fine_time: bool) {
        let (mut items, mut others) = (Xxh3::new(), Xxh3::new());
        let (mut has_items, mut arrays, mut single) = (false, false, false);
        for (cell, kind) in cells.zip(&self.kinds) {
            let hash = if *kind == Kind::Other { &mut others } else { &mut items };
            hash.update(&(cell.len() as u64).to_le_bytes());
            hash.update(cell);
            if *kind == Kind::Other || cell.is_empty() {
                continue;
            }
            has_items = true;
            if *kind == Kind::Single {
                // What only looks like an array may be the name of a product.
                let is_bracketed = cell.starts_with(b"[");
                arrays |= is_bracketed && serde_json::from_slice::<Vec<IgnoredAny>>(cell).is_ok();
                single |= !is_bracketed;
            }
        }
        if arrays {
            self.arrays.add(row);
        }
        if single {
            self.single.add(row);
        }
        if has_items && has_fine_time {
            self.compare(row, others.digest128(), items.digest128());
        }
    }

    /// What the rows of the answer to a query say.
    pub(super) fn judge(&self, query: &str) -> Finding<ItemRows> {
        let (arrays, single) = (&self.arrays, &self.single);
        let reading = |reading: &str, fits: &Tally, misfits: &Tally| Reading {
            reading: reading.to_owned(),
            fits: fits.rows,
            misfits: misfits.rows,
            first_misfits: misfits.places(query).collect(),
        };
        let evidence = Evidence {
            queries: vec![query.to_owned()],
            readings: vec![
                reading("arrays in item columns", arrays, single),
                reading("a single value in each", single, arrays),
                reading("rows that differ only in items", &self.repeated, &Tally::default()),
            ],
            ..Evidence::default()
        };
        match (arrays.rows, single.rows) {
            (1.., 1..) => Finding::contradictory("item columns hold both arrays and single values", evidence),
            (MINIMUM.., 0) => Finding::Decided {
                value: ItemRows::Joined,
                evidence,
            },
            (0, MINIMUM..) if self.repeated.rows >= MINIMUM => Finding::Decided {
                value: ItemRows::Separate,
                evidence,
            },
            (0, MINIMUM..) => {
                let missing = format!("{MINIMUM} events with several different items, and times finer than a second");
                Finding::not_enough(missing, evidence)
            }
            _ => Finding::not_enough(format!("{MINIMUM} rows with items of registered properties"), evidence),
        }
    }

    /// Counts an event once, however many rows it has.
    fn compare(&mut self, row: u64, others: u128, items: u128) {
        if let Some(recent) = self.recent.get_mut(&others) {
            if recent.items != items && !recent.counted {
                recent.counted = true;
                self.repeated.add(row);
            }
            return;
        }
        if self.order.len() == Self::RECENT
            && let Some(oldest) = self.order.pop_front()
        {
            self.recent.remove(&oldest);
        }
        self.order.push_back(others);
        self.recent.insert(others, Recent { items, counted: false });
    }
}

impl Kind {
    fn of(column: &str, taxonomy: &Taxonomy) -> Self {
        let Some(item) = column.strip_prefix(ITEM_COLUMN_PREFIX) else {
            return Self::Other;
        };
        match taxonomy.property_type(Section::Item, item) {
            None
            | Some(
                PropertyType::StringArray | PropertyType::LongArray | PropertyType::DoubleArray | PropertyType::Items,
            ) => Self::Unknown,
            Some(_) => Self::Single,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items() -> Items {
        let header = ["df_unified_id", "df_items_df_price", "df_items_own"].map(str::to_owned);
        Items::new(&header, &Taxonomy::standard())
    }

    fn rows(rows: &[[&str; 3]], has_fine_time: bool) -> (u64, u64, u64) {
        let mut items = items();
        for (row, cells) in rows.iter().enumerate() {
            items.add(row as u64, cells.iter().map(|cell| cell.as_bytes()), has_fine_time);
        }
        (items.arrays.rows, items.single.rows, items.repeated.rows)
    }

    #[test]
    fn an_array_counts_only_where_a_single_value_is_registered() {
        assert_eq!(rows(&[["a", "[1,2]", ""], ["b", "", "[1,2]"]], true), (1, 0, 0));
        assert_eq!(rows(&[["a", "1", "[1,2]"], ["b", "", ""]], true), (0, 1, 0));
        assert_eq!(rows(&[["a", "[new] tea [2+1]", ""]], true), (0, 0, 0));
    }

    #[test]
    fn an_event_is_repeated_once_and_only_with_other_items() {
        let three = [["a", "1", ""], ["a", "2", ""], ["a", "3", ""]];
        assert_eq!(rows(&three, true), (0, 3, 1));
        assert_eq!(rows(&three, false), (0, 3, 0));
        assert_eq!(rows(&[["a", "1", ""], ["a", "1", ""]], true), (0, 2, 0));
        assert_eq!(rows(&[["a", "1", ""], ["b", "2", ""]], true), (0, 2, 0));
        assert_eq!(rows(&[["a", "", ""], ["a", "1", ""]], true), (0, 1, 0));
    }

    #[test]
    fn rows_for_each_item_are_seen_only_in_events_with_several() {
        let text: Vec<_> = (0..20).map(|row| (row % 5).to_string()).collect();
        let price: Vec<_> = (0..20).map(|row| row.to_string()).collect();
        let seen = |rows: std::ops::Range<usize>| {
            let mut items = items();
            for row in rows {
                let cells = [text[row].as_str(), &price[row], ""];
                items.add(row as u64, cells.iter().map(|cell| cell.as_bytes()), true);
            }
            items
        };
        assert_eq!(seen(0..10).judge("q").value(), Some(&ItemRows::Separate));
        for few in [0..0, 0..4, 0..5, 0..9] {
            assert_eq!(seen(few).judge("q").value(), None);
        }
        let mut mixed = seen(0..20);
        mixed.add(20, ["x", "[1]", ""].iter().map(|cell| cell.as_bytes()), true);
        assert!(matches!(mixed.judge("q"), Finding::Contradictory { .. }));
    }

    #[test]
    fn few_rows_are_remembered() {
        let mut items = items();
        for row in 0..Items::RECENT as u64 + 10 {
            let id = row.to_string();
            items.add(row, [id.as_str(), "1", ""].iter().map(|cell| cell.as_bytes()), true);
        }
        assert_eq!((items.recent.len(), items.order.len()), (Items::RECENT, Items::RECENT));
    }
}
