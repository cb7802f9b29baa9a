//! The groups that have been read.

use std::collections::{VecDeque, hash_map::Entry};

use foldhash::{HashMap, HashMapExt as _};
use xxhash_rust::xxh3::xxh3_64;

/// How many groups to remember.
const MOST_GROUPS: usize = 1_000_000;

/// Remembers the latest groups by hashes of their keys, and the lines on which they began.
pub(crate) struct SeenGroups {
    lines: HashMap<u64, u64>,
    /// The hashes in the order of the file.
    order: VecDeque<u64>,
    most: usize,
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
            order: VecDeque::new(),
            most,
        }
    }

    /// Adds a group that begins on a line, or returns the line on which it began before.
    pub(crate) fn add(&mut self, key: &[u8], line: u64) -> Option<u64> {
        let hash = xxh3_64(key);
        match self.lines.entry(hash) {
            Entry::Occupied(before) => return Some(*before.get()),
            Entry::Vacant(new) => new.insert(line),
        };
        self.order.push_back(hash);
        if self.order.len() > self.most
            && let Some(oldest) = self.order.pop_front()
        {
            self.lines.remove(&oldest);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_groups_are_remembered() {
        let mut seen = SeenGroups::with_most(2);
        assert_eq!(seen.add(b"a", 2), None);
        assert_eq!(seen.add(b"b", 3), None);
        assert_eq!(seen.add(b"a", 4), Some(2));
        assert_eq!(seen.add(b"c", 5), None);
        assert_eq!(seen.add(b"a", 6), None);
        assert_eq!(seen.add(b"c", 7), Some(5));
        assert_eq!(seen.lines.len(), 2);
    }
}
