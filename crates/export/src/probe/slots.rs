//! How many rows have their time in each quarter of an hour.
//!
//! All offsets of zones are multiples of a quarter, so this decides for every offset exactly which rows lie on a day, in
//! memory that does not depend on how many rows there are.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date, tz::Offset};

use super::{finding::Tally, moment::Moment};

/// A quarter of an hour in seconds.
const QUARTER: i64 = 15 * 60;

/// Quarters in a day.
pub(super) const DAY: i64 = 24 * 4;

/// The times of one column of an answer.
#[derive(Debug)]
pub(super) struct Slots {
    origin: Timestamp,
    /// By how many quarters after the origin they begin.
    quarters: BTreeMap<i64, Slot>,
    /// Rows whose time names its zone.
    pub(super) zoned: u64,
    /// Rows whose time does not.
    pub(super) unzoned: u64,
}

#[derive(Debug)]
struct Slot {
    rows: u64,
    first: u64,
}

impl Slots {
    /// Times further away all count as this far away: no day that is asked for comes near.
    const FAR: i64 = 10 * DAY;

    /// Counts quarters from the beginning of a day in UTC.
    pub(super) fn new(day: Date) -> Self {
        Self {
            origin: Offset::UTC
                .to_timestamp(day.at(0, 0, 0, 0))
                .unwrap_or(Timestamp::UNIX_EPOCH),
            quarters: BTreeMap::new(),
            zoned: 0,
            unzoned: 0,
        }
    }

    pub(super) fn add(&mut self, moment: Moment, row: u64) {
        *if moment.zoned {
            &mut self.zoned
        } else {
            &mut self.unzoned
        } += 1;
        let after = moment.at.duration_since(self.origin);
        // Whole seconds are cut towards zero, which would put what is just before a border behind it.
        let seconds = after.as_secs() - i64::from(after.subsec_nanos() < 0);
        let slot = seconds.div_euclid(QUARTER).clamp(-Self::FAR, Self::FAR);
        self.quarters.entry(slot).or_insert(Slot { rows: 0, first: row }).rows += 1;
    }

    pub(super) const fn readable(&self) -> u64 {
        self.zoned + self.unzoned
    }

    /// The rows outside a range of quarters.
    pub(super) fn outside(&self, from: i64, until: i64) -> Tally {
        let outside = || {
            let before = self.quarters.range(..from.min(until));
            before.chain(self.quarters.range(until..)).map(|(_, slot)| slot)
        };
        let mut first: Vec<_> = outside().map(|slot| slot.first).collect();
        first.sort_unstable();
        first.truncate(Tally::NAMED);
        Tally {
            rows: outside().map(|slot| slot.rows).sum(),
            first,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_border_belongs_to_what_follows_it() {
        let mut slots = Slots::new("2026-11-25".parse().unwrap());
        for (row, time) in [
            "2026-11-24T23:59:59.999Z",
            "2026-11-25T00:00:00Z",
            "2026-11-25T23:59:59.999Z",
            "2026-11-26T00:00:00Z",
            "1970-01-01T00:00:00Z",
        ]
        .into_iter()
        .enumerate()
        {
            slots.add(Moment::read(time).unwrap(), row as u64);
        }
        let outside = slots.outside(0, DAY);
        assert_eq!((outside.rows, outside.first), (3, vec![0, 3, 4]));
        assert_eq!(slots.outside(-1, DAY + 1).rows, 1);
        assert_eq!(slots.outside(0, 0).rows, 5);
        assert_eq!(slots.outside(5, 0).rows, 5);
    }
}
