//! Which messages of a partition are finished.

use std::collections::BTreeSet;

use roaring::{RoaringBitmap, RoaringTreemap};

/// The offsets of a partition: taken ones are open until they are finished, and everything below the watermark is finished.
///
/// A partition may lack offsets, as after compaction. What was passed over without being taken counts as finished.
#[derive(Debug, Default)]
pub(crate) struct Offsets {
    /// The offset after the last one taken.
    next: Option<u64>,
    open: BTreeSet<u64>,
    /// Finished at or beyond the watermark. They may be beyond `next` if an earlier owner finished them.
    finished: RoaringTreemap,
}

/// What a message is to its partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    New,
    /// An earlier owner has finished it.
    Finished,
    /// The partition went back, as when its topic was created anew: what was known of it is void.
    WentBack,
}

impl Offsets {
    /// Goes on where an earlier owner committed: at its watermark, with the distances from there of what it had finished.
    pub(crate) fn resume(watermark: u64, beyond: &RoaringBitmap) -> Self {
        let finished = beyond
            .iter()
            .filter_map(|distance| watermark.checked_add(distance.into()));
        Self {
            next: Some(watermark),
            open: BTreeSet::new(),
            finished: finished.collect(),
        }
    }

    pub(crate) fn take(&mut self, offset: u64) -> Taken {
        if self.next.is_some_and(|next| offset < next) {
            *self = Self::default();
            self.take(offset);
            return Taken::WentBack;
        }
        self.next = Some(offset + 1);
        if self.finished.contains(offset) {
            self.forget();
            return Taken::Finished;
        }
        self.open.insert(offset);
        Taken::New
    }

    pub(crate) fn finish(&mut self, offset: u64) {
        if self.open.remove(&offset) {
            self.finished.insert(offset);
            self.forget();
        }
    }

    /// The offset to commit: everything before it is finished. `None` if none is known yet.
    pub(crate) fn watermark(&self) -> Option<u64> {
        self.open.first().copied().or(self.next)
    }

    /// How many are finished beyond the watermark.
    pub(crate) fn gap(&self) -> u64 {
        self.finished.len()
    }

    /// How far beyond the watermark each finished one is, as far as 32 bits reach.
    pub(crate) fn beyond(&self) -> RoaringBitmap {
        let watermark = self.watermark().unwrap_or(0);
        let distances = self.finished.iter().map(|offset| offset.saturating_sub(watermark));
        distances.map_while(|distance| u32::try_from(distance).ok()).collect()
    }

    pub(crate) fn next(&self) -> Option<u64> {
        self.next
    }

    fn forget(&mut self) {
        if let Some(watermark) = self.watermark() {
            self.finished.remove_range(..watermark);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::metadata::Metadata;

    #[derive(Clone, Debug)]
    enum Step {
        /// Takes the message so far ahead of the last one.
        Take(u64),
        /// Finishes an open one.
        Finish(usize),
        /// Another member goes on from what is committed.
        HandOver,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0..3_u64).prop_map(Step::Take),
            4 => any::<usize>().prop_map(Step::Finish),
            1 => Just(Step::HandOver),
        ]
    }

    proptest! {
        /// Against a plain list of every message and whether it is finished.
        #[test]
        fn the_watermark_never_passes_a_hole_and_nothing_finished_is_taken_again(steps in vec(step(), 0..200)) {
            let mut offsets = Offsets::default();
            let mut finished = BTreeMap::new();
            let (mut next, mut again) = (0, Vec::new());
            for step in steps {
                match step {
                    Step::Take(ahead) => {
                        let offset = again.pop().unwrap_or_else(|| { next += ahead + 1; next - 1 });
                        let expected = match finished.get(&offset) {
                            Some(true) => Taken::Finished,
                            _ => Taken::New,
                        };
                        prop_assert_eq!(offsets.take(offset), expected);
                        finished.entry(offset).or_insert(false);
                    }
                    Step::Finish(nth) => {
                        let open: Vec<_> = offsets.open.iter().copied().collect();
                        if let Some(offset) = open.get(nth % open.len().max(1)) {
                            offsets.finish(*offset);
                            finished.insert(*offset, true);
                        }
                    }
                    Step::HandOver => {
                        if let Some(watermark) = offsets.watermark() {
                            let metadata = Metadata::read(&Metadata::new(7, offsets.beyond()).write().0).unwrap();
                            offsets = Offsets::resume(watermark, &metadata.beyond);
                            again = finished.keys().copied().filter(|offset| *offset >= watermark).rev().collect();
                        }
                    }
                }
                if let Some(watermark) = offsets.watermark() {
                    prop_assert!(finished.range(..watermark).all(|(_, finished)| *finished));
                    let beyond = finished.range(watermark..).filter(|(_, finished)| **finished).count();
                    prop_assert_eq!(offsets.gap(), beyond as u64);
                }
            }
        }
    }

    #[test]
    fn a_topic_that_was_created_anew_is_not_taken_for_the_old_one() {
        let mut offsets = Offsets::resume(100, &RoaringBitmap::from_iter([5_u32]));
        assert_eq!(offsets.take(0), Taken::WentBack);
        assert_eq!(offsets.watermark(), Some(0));
        offsets.finish(0);
        assert_eq!(offsets.watermark(), Some(1));
        assert_eq!(offsets.take(105), Taken::New);
    }
}
