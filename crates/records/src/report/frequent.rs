//! Which values are frequent, in bounded memory.

use std::collections::HashMap;

use foldhash::fast::RandomState;

/// How many values are counted at a time. A value that is in more than one of this many records is always among them.
const COUNTERS: usize = 1_024;
/// The most places to keep for a value.
const PLACES: usize = super::causes::MOST_PLACES;

/// Counts values by their hashes, by the method of Misra and Gries: when all counters are taken, a new value takes one
/// from each of them instead of getting its own.
#[derive(Clone, Debug, Default)]
pub(super) struct Frequent {
    by_hash: HashMap<u64, usize, RandomState>,
    counters: Vec<Counter>,
    last: usize,
    /// Whether there were more values than counters.
    is_full: bool,
}

/// A value that is counted.
#[derive(Clone, Debug)]
pub(super) struct Counter {
    hash: u64,
    /// Its records, less what newer values took.
    votes: u64,
    /// Its records since it is counted: at most all of them.
    pub(super) records: u64,
    first: [Spot; PLACES],
    /// What it is, if it is a word that may be shown.
    pub(super) word: Option<&'static str>,
}

/// The place of a record.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spot {
    /// The position of the input.
    pub(super) file: u32,
    pub(super) line: u64,
}

impl Frequent {
    /// Counts a value. Returns its counter, unless it has none.
    #[inline]
    pub(super) fn add(&mut self, hash: u64, spot: Spot) -> Option<&mut Counter> {
        // The records of a user are often together.
        let is_last = self.counters.get(self.last).is_some_and(|counter| counter.hash == hash);
        if !is_last {
            self.last = match self.by_hash.get(&hash) {
                Some(place) => *place,
                None => self.new_counter(hash)?,
            };
        }
        let counter = self.counters.get_mut(self.last)?;
        counter.add(spot);
        Some(counter)
    }

    fn new_counter(&mut self, hash: u64) -> Option<usize> {
        if self.counters.len() == COUNTERS {
            self.take_one_from_each();
            return None;
        }
        let place = self.counters.len();
        self.counters.push(Counter {
            hash,
            votes: 0,
            records: 0,
            first: [Spot::default(); PLACES],
            word: None,
        });
        self.by_hash.insert(hash, place);
        Some(place)
    }

    fn take_one_from_each(&mut self) {
        self.is_full = true;
        self.counters.retain_mut(|counter| {
            counter.votes -= 1;
            counter.votes > 0
        });
        if self.counters.len() < COUNTERS {
            self.by_hash.clear();
            let places = self.counters.iter().enumerate();
            self.by_hash
                .extend(places.map(|(place, counter)| (counter.hash, place)));
        }
    }

    pub(super) fn counters(&self) -> &[Counter] {
        &self.counters
    }

    /// How many different values there are; `None` if more than are counted.
    pub(super) fn values(&self) -> Option<usize> {
        (!self.is_full).then_some(self.counters.len())
    }
}

impl Counter {
    fn add(&mut self, spot: Spot) {
        let free = usize::try_from(self.records).ok();
        if let Some(free) = free.and_then(|place| self.first.get_mut(place)) {
            *free = spot;
        }
        self.records += 1;
        self.votes += 1;
    }

    /// Its first places.
    pub(super) fn first(&self) -> &[Spot] {
        let count = usize::try_from(self.records).map_or(PLACES, |records| records.min(PLACES));
        self.first.get(..count).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_in_one_of_a_hundred_records_is_found_among_any_number_of_others() {
        let mut frequent = Frequent::default();
        for line in 0..100_000_u64 {
            let hash = if line % 100 == 0 { 7 } else { 1_000 + line };
            frequent.add(hash, Spot { file: 0, line });
        }
        assert_eq!(frequent.values(), None);
        let found = frequent.counters().iter().find(|counter| counter.hash == 7).unwrap();
        assert!((990..=1_000).contains(&found.records), "{}", found.records);
        assert!(frequent.counters().len() <= COUNTERS && frequent.by_hash.len() == frequent.counters().len());
    }

    #[test]
    fn a_few_values_are_counted_exactly() {
        let mut frequent = Frequent::default();
        for line in 0..9_000_u64 {
            frequent.add(line % 900, Spot { file: 1, line });
        }
        assert_eq!(frequent.values(), Some(900));
        assert!(frequent.counters().iter().all(|counter| counter.records == 10));
        let lines: Vec<u64> = frequent.counters()[3].first().iter().map(|spot| spot.line).collect();
        assert_eq!(lines, [3, 903, 1_803, 2_703, 3_603]);
    }
}
