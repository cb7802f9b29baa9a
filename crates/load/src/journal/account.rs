//! What the entries of a journal add up to.

use std::{collections::BTreeMap, ops::Range};

use roaring::RoaringTreemap;

use super::{
    Marks,
    bytes::{Bytes, put_beginning, put_bytes, put_fate, put_marks, put_number, put_text},
    entry::Entry,
};
use crate::record::{Fate, RecordId};
use dfinery_input::Beginning;

/// Where a load stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct State {
    /// The records whose fate is known.
    pub(crate) done: RoaringTreemap,
    /// The records that may have been sent and whose fate is not known.
    pub(crate) in_flight: RoaringTreemap,
    pub(crate) tally: Tally,
    /// How much of the files beside the journal is good.
    pub(crate) marks: Marks,
    /// What of each input was read.
    pub(crate) read: BTreeMap<usize, Beginning>,
    /// How many runs there were, this one included.
    pub(crate) runs: u32,
    /// When the first run began, in seconds since 1970.
    pub(crate) began: u64,
    pub(crate) finished: bool,
}

/// How many records met which fate.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Tally {
    /// For each fate the codes; the empty one stands for none.
    counts: BTreeMap<Fate, BTreeMap<String, u64>>,
    twice: u64,
}

impl Tally {
    /// The codes that are told apart for one fate. The server may answer anything; what is beyond this many codes is
    /// counted without one.
    const CODES: usize = 200;

    #[cfg(test)]
    pub(crate) fn count(&self, fate: Fate) -> u64 {
        self.counts.get(&fate).map_or(0, |codes| codes.values().sum())
    }

    /// The records of all fates.
    #[cfg(test)]
    pub(crate) fn total(&self) -> u64 {
        self.counts.values().flat_map(BTreeMap::values).sum()
    }

    /// The counts of one fate, by code.
    pub(crate) fn codes(&self, fate: Fate) -> impl Iterator<Item = (Option<&str>, u64)> {
        let codes = self.counts.get(&fate).into_iter().flatten();
        codes.map(|(code, count)| (Some(code.as_str()).filter(|code| !code.is_empty()), *count))
    }

    /// How many of the records may have been taken twice.
    pub(crate) fn twice(&self) -> u64 {
        self.twice
    }

    pub(crate) fn add(&mut self, fate: Fate, code: Option<&str>, records: u64, twice: bool) {
        if records == 0 {
            return;
        }
        if twice {
            self.twice += records;
        }
        let codes = self.counts.entry(fate).or_default();
        let code = code.unwrap_or_default();
        if let Some(count) = codes.get_mut(code) {
            *count += records;
        } else if codes.len() < Self::CODES {
            codes.insert(code.to_owned(), records);
        } else {
            *codes.entry(String::new()).or_default() += records;
        }
    }

    fn subtract(&mut self, other: &Self) {
        self.twice = self.twice.saturating_sub(other.twice);
        for (fate, others) in &other.counts {
            let codes = self.counts.entry(*fate).or_default();
            for (code, less) in others {
                // A code beyond the limit was counted without one.
                let known = if codes.contains_key(code) { code.as_str() } else { "" };
                if let Some(count) = codes.get_mut(known) {
                    *count = count.saturating_sub(*less);
                }
            }
            codes.retain(|_, count| *count > 0);
        }
        self.counts.retain(|_, codes| !codes.is_empty());
    }

    fn write(&self, out: &mut Vec<u8>) {
        put_number(out, self.twice);
        put_number(out, self.counts.values().map(|codes| codes.len() as u64).sum());
        for (fate, codes) in &self.counts {
            for (code, count) in codes {
                put_fate(out, *fate);
                put_text(out, code);
                put_number(out, *count);
            }
        }
    }

    fn read(bytes: &mut Bytes<'_>) -> Option<Self> {
        let mut tally = Self {
            twice: bytes.number()?,
            ..Self::default()
        };
        for _ in 0..bytes.number()? {
            let fate = bytes.fate()?;
            let code = bytes.text()?.to_owned();
            tally.counts.entry(fate).or_default().insert(code, bytes.number()?);
        }
        Some(tally)
    }
}

/// The state and what is needed to carry it on.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Account {
    pub(super) state: State,
    /// Up to where each file may have been sent.
    reaches: BTreeMap<u64, RecordId>,
    /// The records whose lines in the files beside the journal may not be on the disk yet, and their counts.
    unsure: RoaringTreemap,
    unsure_tally: Tally,
    /// How much of those files is on the disk for certain.
    synced: Marks,
    /// The boot of the machine in which the last run ran; empty if unknown.
    pub(super) boot: String,
    /// The last run ended in order.
    pub(super) ended: bool,
}

/// The ids as ranges: those of a call are often neighbours.
fn runs(ids: &[RecordId]) -> impl Iterator<Item = Range<u64>> {
    ids.chunk_by(|one, next| one.to_u64().checked_add(1) == Some(next.to_u64()))
        .filter_map(|run| Some(run.first()?.to_u64()..run.last()?.to_u64().saturating_add(1)))
}

impl Account {
    pub(super) fn apply(&mut self, entry: &Entry<'_>) {
        self.ended = matches!(entry, Entry::Stopped | Entry::Finished);
        match entry {
            Entry::Header(_) => {}
            Entry::Run { time, boot, lossy } => {
                if *lossy {
                    self.doubt();
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
            Entry::Reach(id) => {
                let reach = self.reaches.entry(id.file()).or_insert(*id);
                *reach = (*reach).max(*id);
                self.synced();
            }
            Entry::Sent(ids) => {
                for run in runs(ids) {
                    if self.any_done(&run) {
                        let new = run.filter(|id| !self.state.done.contains(*id));
                        self.state.in_flight.extend(new);
                    } else {
                        self.state.in_flight.insert_range(run);
                    }
                }
            }
            Entry::NotTaken(ids) => {
                for id in ids.iter() {
                    self.state.in_flight.remove(id.to_u64());
                }
            }
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
            Entry::Snapshot(account) => *self = account.clone().into_owned(),
        }
    }

    fn done(&mut self, ids: &[RecordId], fate: Fate, code: Option<&str>, twice: bool, marks: Marks) {
        let unsure = marks != self.state.marks;
        let mut new = 0;
        for run in runs(ids) {
            self.state.in_flight.remove_range(run.clone());
            // A fate is final: a record that is named again is not counted again.
            if unsure {
                for id in run.filter(|id| self.state.done.insert(*id)) {
                    new += 1;
                    self.unsure.insert(id);
                }
            } else {
                new += self.state.done.insert_range(run);
            }
        }
        self.state.tally.add(fate, code, new, twice);
        if unsure {
            self.unsure_tally.add(fate, code, new, twice);
        }
        self.state.marks = marks;
    }

    fn any_done(&self, run: &Range<u64>) -> bool {
        let mut from_there = self.state.done.iter();
        from_there.advance_to(run.start);
        from_there.next().is_some_and(|id| id < run.end)
    }

    /// Everything until here is on the disk.
    fn synced(&mut self) {
        self.unsure.clear();
        self.unsure_tally = Tally::default();
        self.synced = self.state.marks;
    }

    /// What was written last may be missing: whatever may have been sent counts as sent, and a fate whose line may be
    /// missing counts as not known.
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

    /// Gives memory back: what is done is mostly ranges.
    pub(super) fn shrink(&mut self) {
        for map in [&mut self.state.done, &mut self.state.in_flight] {
            let shrunk = map.bitmaps().map(|(high, bitmap)| {
                let mut bitmap = bitmap.clone();
                bitmap.optimize();
                (high, bitmap)
            });
            *map = RoaringTreemap::from_bitmaps(shrunk);
        }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let state = &self.state;
        put_number(out, u64::from(state.runs));
        put_number(out, state.began);
        out.push(u8::from(state.finished));
        out.push(u8::from(self.ended));
        put_text(out, &self.boot);
        put_marks(out, state.marks);
        put_marks(out, self.synced);
        state.tally.write(out);
        self.unsure_tally.write(out);
        put_number(out, state.read.len() as u64);
        for (input, beginning) in &state.read {
            put_number(out, *input as u64);
            put_beginning(out, *beginning);
        }
        put_number(out, self.reaches.len() as u64);
        for reach in self.reaches.values() {
            put_number(out, reach.to_u64());
        }
        for map in [&state.done, &state.in_flight, &self.unsure] {
            let mut bytes = Vec::with_capacity(map.serialized_size());
            // A vector takes everything.
            let _ = map.serialize_into(&mut bytes);
            put_bytes(out, &bytes);
        }
    }

    pub(super) fn read(bytes: &mut Bytes<'_>) -> Option<Self> {
        let mut account = Self::default();
        account.state.runs = u32::try_from(bytes.number()?).ok()?;
        account.state.began = bytes.number()?;
        account.state.finished = bytes.flag()?;
        account.ended = bytes.flag()?;
        bytes.text()?.clone_into(&mut account.boot);
        account.state.marks = bytes.marks()?;
        account.synced = bytes.marks()?;
        account.state.tally = Tally::read(bytes)?;
        account.unsure_tally = Tally::read(bytes)?;
        for _ in 0..bytes.number()? {
            let input = usize::try_from(bytes.number()?).ok()?;
            account.state.read.insert(input, bytes.beginning()?);
        }
        for _ in 0..bytes.number()? {
            let reach = RecordId::from_u64(bytes.number()?);
            account.reaches.insert(reach.file(), reach);
        }
        for map in [
            &mut account.state.done,
            &mut account.state.in_flight,
            &mut account.unsure,
        ] {
            *map = RoaringTreemap::deserialize_from(bytes.bytes()?).ok()?;
        }
        Some(account)
    }
}
