//! The entries of the journal and their form in the file: the length of the payload, the payload, and a CRC-32 of the
//! lengths and payloads of all entries up to this one. So an entry that is missing, repeated or in another place is as
//! noticeable as a changed one. The payload is the entry as postcard writes it, and the length a number as postcard
//! writes it.

use std::{
    borrow::Cow,
    io::{self, BufRead, Read as _},
};

use serde::{Deserialize, Serialize};

use super::{
    header::{Header, Marks},
    spent::Calls,
    summary::Summary,
};
use crate::{
    last_record::LastRecord,
    record::{Fate, RecordId},
};
use dfinery_input::Beginning;

/// The beginning of every journal; a version byte and an [`Extent`](super::extent::Extent) follow, then the entries.
pub(super) const MAGIC: &[u8; 8] = b"dfinload";
/// The version of this format. It changes whenever the order of the entries or of the fates changes, or a field of an
/// entry. Versions 1 and 2 both had a 1 here.
pub(super) const VERSION: u8 = 6;

/// An entry, borrowed where it is written and owned where it was read.
#[allow(clippy::large_enum_variant, reason = "there is one at a time")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Entry<'a> {
    /// What is loaded: the first entry, and nowhere else.
    Header(Cow<'a, Header>),
    /// A run begins.
    Run {
        /// In seconds since 1970.
        time: u64,
        boot: Cow<'a, str>,
        loss: Loss,
    },
    /// How far an input was read. Comes before any entry about the records in it.
    Read {
        input: usize,
        beginning: Beginning,
    },
    /// On the disk before any record of that file at or after the last such position is sent.
    Reach(RecordId),
    Sent(#[serde(with = "ids")] Cow<'a, [RecordId]>),
    /// Records that were sent, and certainly not taken.
    NotTaken(#[serde(with = "ids")] Cow<'a, [RecordId]>),
    Done {
        #[serde(with = "ids")]
        ids: Cow<'a, [RecordId]>,
        fate: Fate,
        code: Option<Cow<'a, str>>,
        twice: bool,
        marks: Marks,
    },
    /// Everything before it is on the disk, including the files that the marks describe.
    Synced,
    /// The run ended in order, before the end of its files.
    Stopped,
    Finished,
    /// How far standard input was read: as `Read`, but the earlier ones still count.
    Piece(Beginning),
    /// Calls that are about to be made, retries included, and when: in milliseconds since 1970.
    Spent {
        time: u64,
        calls: Calls,
    },
    /// Replaces all the entries before it.
    Snapshot(Cow<'a, Summary>),
    /// Records whose calls failed until the run ended, although others were accepted.
    Failed(#[serde(with = "ids")] Cow<'a, [RecordId]>),
    /// Standard input was read to its end, and this was its last record.
    End(LastRecord),
}

/// What may be missing of the runs before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Loss {
    Nothing,
    /// What was written after the last wait for the disk: the machine was started anew.
    Unsynced,
    /// Anything: the journal was damaged.
    Anything,
}

/// What was found where an entry should be.
#[allow(clippy::large_enum_variant, reason = "there is one at a time")]
pub(super) enum Found {
    Entry(Entry<'static>),
    End,
    /// Bytes that are not an entry.
    Bad,
}

impl Entry<'_> {
    /// Appends the entry to a buffer, after an entry with this checksum, and returns its own. `payload` is room to work in.
    pub(super) fn write(&self, after: u32, out: &mut Vec<u8>, payload: &mut Vec<u8>) -> io::Result<u32> {
        payload.clear();
        postcard::to_io(self, &mut *payload).map_err(io::Error::other)?;
        let start = out.len();
        postcard::to_io(&(payload.len() as u64), &mut *out).map_err(io::Error::other)?;
        out.extend_from_slice(payload);
        let checksum = checksum(after, out.get(start..).unwrap_or_default());
        out.extend_from_slice(&checksum.to_le_bytes());
        Ok(checksum)
    }
}

/// The checksum of an entry after one with the checksum `after`, or 0 for the first.
pub(super) fn checksum(after: u32, frame: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(after);
    hasher.update(frame);
    hasher.finalize()
}

/// Ids in ascending order, each as its distance from the previous one, which mostly fits into a byte or two.
mod ids {
    use std::borrow::Cow;

    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    use crate::record::RecordId;

    pub(super) fn serialize<S: Serializer>(ids: &[RecordId], serializer: S) -> Result<S::Ok, S::Error> {
        let mut before = 0;
        serializer.collect_seq(ids.iter().map(|id| {
            let distance = id.to_u64().wrapping_sub(before);
            before = id.to_u64();
            distance
        }))
    }

    pub(super) fn deserialize<'de, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Cow<'a, [RecordId]>, D::Error> {
        let mut id = 0_u64;
        Vec::deserialize(deserializer)?
            .into_iter()
            .map(|distance| {
                id = id
                    .checked_add(distance)
                    .ok_or_else(|| D::Error::custom("an id is too large"))?;
                Ok(RecordId::from_u64(id))
            })
            .collect()
    }
}

/// Reads one entry after another and tracks where the last good one ends.
pub(super) struct Entries<R> {
    input: R,
    good: u64,
    left: u64,
    checksum: u32,
    frame: Vec<u8>,
}

impl<R: BufRead> Entries<R> {
    /// Starts after the first `good` bytes, which were already read, of an input of `len` bytes in all.
    pub(super) fn new(input: R, good: u64, len: u64) -> Self {
        Self {
            input,
            good,
            left: len.saturating_sub(good),
            checksum: 0,
            frame: Vec::new(),
        }
    }

    /// Where the last good entry ends.
    pub(super) fn good(&self) -> u64 {
        self.good
    }

    /// The checksum of the last good entry.
    pub(super) fn checksum(&self) -> u32 {
        self.checksum
    }

    pub(super) fn next(&mut self) -> io::Result<Found> {
        if self.left == 0 {
            return Ok(Found::End);
        }
        self.frame.clear();
        let Some(length) = self.length()? else {
            return Ok(Found::Bad);
        };
        let head = self.frame.len();
        let rest = match length.checked_add(4) {
            Some(rest) if rest <= self.left - head as u64 => rest,
            _ => return Ok(Found::Bad),
        };
        (&mut self.input).take(rest).read_to_end(&mut self.frame)?;
        let Some((body, crc)) = self.frame.split_last_chunk::<4>() else {
            return Ok(Found::Bad);
        };
        let checksum = checksum(self.checksum, body);
        if body.len() as u64 != head as u64 + length || checksum != u32::from_le_bytes(*crc) {
            return Ok(Found::Bad);
        }
        let Ok((entry, [])) = postcard::take_from_bytes(body.get(head..).unwrap_or_default()) else {
            return Ok(Found::Bad);
        };
        let len = self.frame.len() as u64;
        self.good += len;
        self.left -= len;
        self.checksum = checksum;
        Ok(Found::Entry(entry))
    }

    /// The length of a payload.
    fn length(&mut self) -> io::Result<Option<u64>> {
        const LONGEST: u64 = 10;
        while (self.frame.len() as u64) < LONGEST.min(self.left) {
            let mut byte = [0];
            self.input.read_exact(&mut byte)?;
            self.frame.extend_from_slice(&byte);
            if byte[0] < 0x80 {
                break;
            }
        }
        Ok(postcard::from_bytes(&self.frame).ok())
    }
}
