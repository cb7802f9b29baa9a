//! How an entry changes the sum of the entries before it.

use std::ops::Range;

use roaring::RoaringTreemap;

use super::{
    entry::{Entry, Loss},
    header::Marks,
    summary::Summary,
    tally::Tally,
};
use crate::record::{Fate, RecordId};

impl Summary {
    /// Takes one more entry into account.
    pub(super) fn apply(&mut self, entry: &Entry<'_>) {
        self.ended = matches!(entry, Entry::Stopped | Entry::Finished);
        match entry {
            Entry::Header(_) => {}
            Entry::Run { time, boot, loss } => {
                if *loss != Loss::Nothing {
                    self.doubt();
                }
                if *loss == Loss::Anything {
                    self.state.damaged = true;
                    // There was one, or there would be no journal.
                    self.state.runs = self.state.runs.max(1);
                }
                if self.state.runs == 0 {
                    self.state.began = *time;
                }
                self.state.runs = self.state.runs.saturating_add(1);
                self.boot = boot.clone().into_owned();
            }
            Entry::Read { input, beginning } => {
                self.state.read.insert(*input, *beginning);
            }
            Entry::Piece(beginning) => {
                self.state.read.insert(0, *beginning);
                self.state.add_piece(*beginning);
                // More has come than there was when it was finished.
                self.state.finished = false;
            }
            Entry::Spent { time, calls } => self.spent.add(*time, *calls),
            Entry::Reach(id) => {
                let reach = self.reaches.entry(id.file()).or_insert(*id);
                *reach = (*reach).max(*id);
                self.synced();
            }
            Entry::Sent(ids) => {
                for range in ranges(ids) {
                    if self.any_done(&range) {
                        let new = range.filter(|id| !self.state.done.contains(*id));
                        self.state.in_flight.extend(new);
                    } else {
                        self.state.in_flight.insert_range(range);
                    }
                }
            }
            Entry::NotTaken(ids) => {
                for id in ids.iter() {
                    self.state.in_flight.remove(id.to_u64());
                }
            }
            Entry::End(last) => self.state.last = Some(last.clone()),
            Entry::Failed(ids) => self.state.failed.extend(ids.iter().map(|id| id.to_u64())),
            Entry::Done {
                ids,
                fate,
                code,
                twice,
                marks,
            } => self.done(ids, *fate, code.as_deref(), *twice, *marks),
            Entry::Synced | Entry::Stopped => self.synced(),
            Entry::Finished => {
                self.synced();
                self.state.finished = true;
            }
            Entry::Snapshot(summary) => *self = summary.clone().into_owned(),
        }
    }

    fn done(&mut self, ids: &[RecordId], fate: Fate, code: Option<&str>, twice: bool, marks: Marks) {
        let unsure = marks != self.state.marks;
        let mut new = 0;
        for range in ranges(ids) {
            self.state.in_flight.remove_range(range.clone());
            self.state.failed.remove_range(range.clone());
            // A fate is final: a record named twice is counted once.
            if unsure {
                for id in range.filter(|id| self.state.done.insert(*id)) {
                    new += 1;
                    self.unsure.insert(id);
                }
            } else {
                new += self.state.done.insert_range(range);
            }
        }
        self.state.tally.add(fate, code, new, twice);
        if unsure {
            self.unsure_tally.add(fate, code, new, twice);
        }
        self.state.marks = marks;
    }

    fn any_done(&self, range: &Range<u64>) -> bool {
        let mut from_there = self.state.done.iter();
        from_there.advance_to(range.start);
        from_there.next().is_some_and(|id| id < range.end)
    }

    /// Everything up to here is on the disk.
    fn synced(&mut self) {
        self.unsure.clear();
        self.unsure_tally = Tally::default();
        self.synced = self.state.marks;
    }

    /// The last writes may be missing. So everything that may have been sent counts as sent, and a fate whose line may
    /// be missing counts as unknown.
    fn doubt(&mut self) {
        self.state.done -= &self.unsure;
        self.state.in_flight |= &self.unsure;
        let unsure = std::mem::take(&mut self.unsure_tally);
        self.state.tally.subtract(&unsure);
        self.state.marks = self.synced;
        self.synced();
        for reach in self.reaches.values() {
            let mut below = RoaringTreemap::new();
            below.insert_range(reach.to_u64() - reach.position()..reach.to_u64());
            below -= &self.state.done;
            self.state.in_flight |= below;
        }
    }
}

/// The ids as ranges, since the ids of a call are often adjacent.
fn ranges(ids: &[RecordId]) -> impl Iterator<Item = Range<u64>> {
    ids.chunk_by(|one, next| one.to_u64().checked_add(1) == Some(next.to_u64()))
        .filter_map(|range| Some(range.first()?.to_u64()..range.last()?.to_u64().saturating_add(1)))
}
