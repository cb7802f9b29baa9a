//! What the entries of a journal add up to, as plain data.

use std::collections::BTreeMap;

use roaring::RoaringTreemap;
use serde::{Deserialize, Serialize};

use super::{header::Marks, spent::Spent, tally::Tally};
use crate::{last_record::LastRecord, record::RecordId};
use dfinery_input::Beginning;

/// What is known about the records of a load.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct State {
    /// The records whose fate is known.
    pub(crate) done: RoaringTreemap,
    /// The records that may have been sent and whose fate is not known.
    pub(crate) in_flight: RoaringTreemap,
    /// The records without a fate whose calls failed until the end of a run, although others were accepted.
    pub(crate) failed: RoaringTreemap,
    /// The journal was damaged: any record whose fate is not known may have been sent.
    pub(crate) damaged: bool,
    pub(crate) tally: Tally,
    /// The length of the good part of each file beside the journal.
    pub(crate) marks: Marks,
    /// How far each input was read.
    pub(crate) read: BTreeMap<usize, Beginning>,
    /// How far standard input was read, and how far before that, since it can only be compared as it comes.
    pub(crate) pieces: Vec<Beginning>,
    /// The last record of standard input, if it was read to its end; more may have come since.
    pub(crate) last: Option<LastRecord>,
    /// How many runs there were, this one included.
    pub(crate) runs: u32,
    /// When the first run began, in seconds since 1970.
    pub(crate) began: u64,
    pub(crate) finished: bool,
}

/// What the entries of a journal add up to, as a snapshot holds it: the state, and what is needed to continue it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Summary {
    pub(super) state: State,
    /// Up to where each file may have been sent.
    pub(super) reaches: BTreeMap<u64, RecordId>,
    /// The records whose lines in the files beside the journal may not be on the disk yet, and their counts.
    pub(super) unsure: RoaringTreemap,
    pub(super) unsure_tally: Tally,
    /// The length of those files that is certainly on the disk.
    pub(super) synced: Marks,
    /// The boot id of the machine during the last run; empty if unknown.
    pub(super) boot: String,
    pub(super) spent: Spent,
    /// Whether the last run ended in order.
    pub(super) ended: bool,
}

impl State {
    /// Further pieces are closer than this only at the end: those between are forgotten.
    const PIECE: u64 = 64 * 1024;

    pub(super) fn add_piece(&mut self, piece: Beginning) {
        let second_last = self
            .pieces
            .len()
            .checked_sub(2)
            .and_then(|place| self.pieces.get(place));
        let begins = second_last.map_or(0, |piece| piece.bytes);
        if piece.bytes.saturating_sub(begins) <= Self::PIECE {
            self.pieces.pop();
        }
        self.pieces.push(piece);
    }
}

impl Summary {
    /// Frees memory: what is done is mostly ranges.
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
}
