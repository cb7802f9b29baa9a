//! The groups that have been read.

use std::mem;

use foldhash::{HashMap, HashMapExt as _};
use xxhash_rust::xxh3::xxh3_64;

/// How many groups to remember: about as many as a table of 2^21 places holds. They take 26 MiB.
const MOST_GROUPS: usize = 1_800_000;
/// Above this, make room for all of them at once: a table that doubles has three halves of its size for a moment.
const FEW_GROUPS: usize = 400_000;

/// Remembers groups by hashes of their keys, and the lines on which they began. It forgets none: what it cannot remember, it
/// says.
pub(crate) struct SeenGroups {
    /// Both halves of a hash, which have no gap behind them.
    lines: HashMap<[u32; 2], u32>,
    most: usize,
    /// The line of the first group that there was no room for.
    unknown_from: Option<u64>,
}

impl Default for SeenGroups {
    fn default() -> Self {
        Self::with_most(MOST_GROUPS)
    }
}

impl SeenGroups {
    fn with_most(most: usize) -> Self {
        Self {
            lines: HashMap::new(),
            most,
            unknown_from: None,
        }
    }

    /// Adds a group that begins on a line, or returns the line on which it began before; `u32::MAX` stands for all lines behind
    /// it.
    pub(crate) fn add(&mut self, key: &[u8], line: u64) -> Option<u64> {
        let hash = xxh3_64(key);
        let halves = [hash >> 32, hash & u64::from(u32::MAX)].map(|half| u32::try_from(half).unwrap_or_default());
        if let Some(before) = self.lines.get(&halves) {
            return Some(u64::from(*before));
        }
        if self.lines.len() == self.most {
            self.unknown_from.get_or_insert(line);
            return None;
        }
        if self.lines.len() == self.lines.capacity() && self.lines.len() > FEW_GROUPS {
            self.lines.reserve(self.most - self.lines.len());
        }
        self.lines.insert(halves, u32::try_from(line).unwrap_or(u32::MAX));
        None
    }

    /// The line from which on a group that began before may have been taken for a new one, if there is one.
    pub(crate) const fn unknown_from(&self) -> Option<u64> {
        self.unknown_from
    }
}

/// What a place in the table takes, which the limit of memory counts on.
const _: () = assert!(mem::size_of::<([u32; 2], u32)>() == 12);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_remembered_is_said() {
        let mut seen = SeenGroups::with_most(2);
        assert_eq!(seen.add(b"a", 2), None);
        assert_eq!(seen.add(b"b", 3), None);
        assert_eq!(seen.add(b"a", 4), Some(2));
        assert_eq!(seen.unknown_from(), None);
        assert_eq!(seen.add(b"c", 5), None);
        assert_eq!(seen.add(b"d", 6), None);
        assert_eq!(seen.unknown_from(), Some(5));
        assert_eq!(seen.add(b"b", 7), Some(3));
    }

    #[test]
    fn the_memory_is_bounded() {
        let mut seen = SeenGroups::default();
        for number in 0..=MOST_GROUPS as u64 {
            assert_eq!(seen.add(&number.to_le_bytes(), number), None);
        }
        assert_eq!(seen.unknown_from(), Some(MOST_GROUPS as u64));
        assert!(seen.lines.capacity() <= (1 << 21) * 7 / 8, "{}", seen.lines.capacity());
    }
}
