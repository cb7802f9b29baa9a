//! What is counted while rows pass.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::FixedState;

/// The names of events that are counted one by one.
const MOST_NAMES: usize = 10_000;

/// The counts of some rows.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) rows: u64,
    /// By place of the column.
    unparsed: Vec<u64>,
    events: HashMap<Vec<u8>, u64, FixedState>,
}

impl Tally {
    pub(super) fn unparsed(&mut self, column: usize) {
        if self.unparsed.len() <= column {
            self.unparsed.resize(column + 1, 0);
        }
        if let Some(count) = self.unparsed.get_mut(column) {
            *count += 1;
        }
    }

    pub(super) fn event(&mut self, name: &[u8]) {
        self.events(name, 1);
    }

    fn events(&mut self, name: &[u8], rows: u64) {
        if let Some(count) = self.events.get_mut(name) {
            *count += rows;
        } else if self.events.len() < MOST_NAMES {
            self.events.insert(name.to_owned(), rows);
        }
    }

    /// Adds the counts of later rows.
    pub(super) fn add(&mut self, other: Self) {
        self.rows += other.rows;
        if self.unparsed.len() < other.unparsed.len() {
            self.unparsed.resize(other.unparsed.len(), 0);
        }
        for (count, more) in self.unparsed.iter_mut().zip(other.unparsed) {
            *count += more;
        }
        // Which names still fit must not depend on the order of a map.
        let mut events: Vec<_> = other.events.into_iter().collect();
        events.sort_unstable();
        for (name, rows) in events {
            self.events(&name, rows);
        }
    }

    /// Cells that did not fit, by place of the column.
    pub(super) fn unparsed_by_column(&self) -> impl Iterator<Item = (usize, u64)> {
        self.unparsed
            .iter()
            .copied()
            .enumerate()
            .filter(|(_, count)| *count > 0)
    }

    /// Rows by event.
    pub(super) fn into_events(self) -> BTreeMap<String, u64> {
        let mut events = BTreeMap::new();
        for (name, rows) in self.events {
            *events.entry(String::from_utf8_lossy(&name).into_owned()).or_default() += rows;
        }
        events
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_beyond_the_most_are_not_counted() {
        let mut tally = Tally::default();
        let more = (0..MOST_NAMES + 5).fold(Tally::default(), |mut more, name| {
            more.event(format!("{name}").as_bytes());
            more
        });
        tally.event(b"first");
        tally.add(more);
        tally.event(b"first");
        let events = tally.into_events();
        assert_eq!((events.len(), events["first"]), (MOST_NAMES, 2));
    }
}
