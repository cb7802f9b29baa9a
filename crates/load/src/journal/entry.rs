//! How an entry of the journal stands in the file: its type, the length of its payload, the payload, and a CRC-32 of the
//! three. Numbers are LEB128 unless their width is fixed; what is of fixed width is little-endian.

use std::{
    borrow::Cow,
    io::{self, BufRead, Read as _},
};

use super::{
    Header, Marks, Source,
    account::Account,
    bytes::{Bytes, put_beginning, put_fate, put_ids, put_marks, put_number, put_text},
};
use crate::record::{Fate, RecordId};
use dfinery_input::Beginning;

/// What every journal begins with.
pub(super) const MAGIC: &[u8; 8] = b"dfinload";
/// The version of this format.
const VERSION: u64 = 2;

/// An entry, borrowed where it is written and owned where it was read.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Entry<'a> {
    /// What is loaded. The first entry, and there only.
    Header(Cow<'a, Header>),
    /// A run begins.
    Run {
        /// In seconds since 1970.
        time: u64,
        boot: Cow<'a, str>,
        /// What the run before wrote last may be missing.
        lossy: bool,
    },
    /// So much of an input was read, before anything else is said of the records in it.
    Read {
        input: usize,
        beginning: Beginning,
    },
    /// On the disk before any record of that file at or after the last such position is sent.
    Reach(RecordId),
    Sent(Cow<'a, [RecordId]>),
    /// Records that were sent, and certainly not taken.
    NotTaken(Cow<'a, [RecordId]>),
    Done {
        ids: Cow<'a, [RecordId]>,
        fate: Fate,
        code: Option<Cow<'a, str>>,
        twice: bool,
        marks: Marks,
    },
    /// What is before it is on the disk, with the files that the marks speak of.
    Synced,
    /// The run ended in order, before the end of its files.
    Stopped,
    Finished,
    /// Stands for all the entries before it.
    Snapshot(Cow<'a, Account>),
}

/// What was found where an entry should be.
#[allow(clippy::large_enum_variant, reason = "there is one at a time")]
pub(super) enum Found {
    Entry(Entry<'static>),
    /// A header of another version of this format.
    OtherVersion,
    End,
    /// Bytes that are no entry.
    Bad,
}

impl Entry<'_> {
    const HEADER: u8 = 1;
    const RUN: u8 = 2;
    const REACH: u8 = 3;
    const SENT: u8 = 4;
    const DONE: u8 = 5;
    const SYNCED: u8 = 6;
    const STOPPED: u8 = 7;
    const FINISHED: u8 = 8;
    const SNAPSHOT: u8 = 9;
    const NOT_TAKEN: u8 = 10;
    const READ: u8 = 11;

    fn kind(&self) -> u8 {
        match self {
            Self::Header(_) => Self::HEADER,
            Self::Run { .. } => Self::RUN,
            Self::Read { .. } => Self::READ,
            Self::Reach(_) => Self::REACH,
            Self::Sent(_) => Self::SENT,
            Self::NotTaken(_) => Self::NOT_TAKEN,
            Self::Done { .. } => Self::DONE,
            Self::Synced => Self::SYNCED,
            Self::Stopped => Self::STOPPED,
            Self::Finished => Self::FINISHED,
            Self::Snapshot(_) => Self::SNAPSHOT,
        }
    }

    /// Appends the entry to a buffer. `payload` is room to work in.
    pub(super) fn write(&self, out: &mut Vec<u8>, payload: &mut Vec<u8>) {
        payload.clear();
        self.write_payload(payload);
        let start = out.len();
        out.push(self.kind());
        put_number(out, payload.len() as u64);
        out.extend_from_slice(payload);
        let crc = crc32fast::hash(out.get(start..).unwrap_or_default());
        out.extend_from_slice(&crc.to_le_bytes());
    }

    fn write_payload(&self, out: &mut Vec<u8>) {
        match self {
            Self::Header(header) => {
                put_number(out, VERSION);
                put_text(out, &header.kind);
                out.extend_from_slice(&header.settings.to_le_bytes());
                put_number(out, header.inputs.len() as u64);
                for input in &header.inputs {
                    put_text(out, &input.name);
                    put_number(out, input.length);
                }
            }
            Self::Run { time, boot, lossy } => {
                put_number(out, *time);
                put_text(out, boot);
                out.push(u8::from(*lossy));
            }
            Self::Read { input, beginning } => {
                put_number(out, *input as u64);
                put_beginning(out, *beginning);
            }
            Self::Reach(id) => put_number(out, id.to_u64()),
            Self::Sent(ids) | Self::NotTaken(ids) => put_ids(out, ids),
            Self::Done {
                ids,
                fate,
                code,
                twice,
                marks,
            } => {
                put_fate(out, *fate);
                out.push(u8::from(*twice));
                out.push(u8::from(code.is_some()));
                put_text(out, code.as_deref().unwrap_or_default());
                put_marks(out, *marks);
                put_ids(out, ids);
            }
            Self::Synced | Self::Stopped | Self::Finished => {}
            Self::Snapshot(account) => account.write(out),
        }
    }

    fn read_payload(kind: u8, payload: &[u8]) -> Option<Entry<'static>> {
        let mut bytes = Bytes(payload);
        let entry = match kind {
            Self::HEADER => Entry::Header(Cow::Owned(read_header(&mut bytes)?)),
            Self::RUN => Entry::Run {
                time: bytes.number()?,
                boot: Cow::Owned(bytes.text()?.to_owned()),
                lossy: bytes.flag()?,
            },
            Self::READ => Entry::Read {
                input: usize::try_from(bytes.number()?).ok()?,
                beginning: bytes.beginning()?,
            },
            Self::REACH => Entry::Reach(RecordId::from_u64(bytes.number()?)),
            Self::SENT => Entry::Sent(Cow::Owned(bytes.ids()?)),
            Self::NOT_TAKEN => Entry::NotTaken(Cow::Owned(bytes.ids()?)),
            Self::DONE => {
                let fate = bytes.fate()?;
                let twice = bytes.flag()?;
                let has_code = bytes.flag()?;
                let code = bytes.text()?;
                Entry::Done {
                    fate,
                    twice,
                    code: has_code.then(|| Cow::Owned(code.to_owned())),
                    marks: bytes.marks()?,
                    ids: Cow::Owned(bytes.ids()?),
                }
            }
            Self::SYNCED => Entry::Synced,
            Self::STOPPED => Entry::Stopped,
            Self::FINISHED => Entry::Finished,
            Self::SNAPSHOT => Entry::Snapshot(Cow::Owned(Account::read(&mut bytes)?)),
            _ => return None,
        };
        bytes.0.is_empty().then_some(entry)
    }
}

fn read_header(bytes: &mut Bytes<'_>) -> Option<Header> {
    if bytes.number()? != VERSION {
        return None;
    }
    let kind = bytes.text()?.to_owned();
    let settings = u64::from_le_bytes(bytes.array()?);
    let count = bytes.number()?;
    let mut inputs = Vec::new();
    for _ in 0..count {
        inputs.push(Source {
            name: bytes.text()?.to_owned(),
            length: bytes.number()?,
        });
    }
    Some(Header { kind, settings, inputs })
}

/// Reads entries one after the other and knows where the last good one ends.
pub(super) struct Reader<R> {
    input: R,
    good: u64,
    left: u64,
    frame: Vec<u8>,
}

impl<R: BufRead> Reader<R> {
    /// Reads after the magic number, from an input of `len` bytes with it.
    pub(super) fn new(input: R, len: u64) -> Self {
        let magic = MAGIC.len() as u64;
        Self {
            input,
            good: magic,
            left: len.saturating_sub(magic),
            frame: Vec::new(),
        }
    }

    /// Where the last good entry ends.
    pub(super) fn good(&self) -> u64 {
        self.good
    }

    pub(super) fn next(&mut self) -> io::Result<Found> {
        if self.left == 0 {
            return Ok(Found::End);
        }
        self.frame.clear();
        let Some((kind, length)) = self.head()? else {
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
        if body.len() as u64 != head as u64 + length || crc32fast::hash(body) != u32::from_le_bytes(*crc) {
            return Ok(Found::Bad);
        }
        let payload = body.get(head..).unwrap_or_default();
        let Some(entry) = Entry::read_payload(kind, payload) else {
            return Ok(match Bytes(payload).number() {
                Some(version) if kind == Entry::HEADER && version != VERSION => Found::OtherVersion,
                _ => Found::Bad,
            });
        };
        let len = self.frame.len() as u64;
        self.good += len;
        self.left -= len;
        Ok(Found::Entry(entry))
    }

    /// The type of an entry and the length of its payload.
    fn head(&mut self) -> io::Result<Option<(u8, u64)>> {
        const LONGEST: u64 = 1 + 10;
        while (self.frame.len() as u64) < LONGEST.min(self.left) {
            let mut byte = [0];
            self.input.read_exact(&mut byte)?;
            self.frame.extend_from_slice(&byte);
            if self.frame.len() > 1 && byte[0] < 0x80 {
                break;
            }
        }
        let mut bytes = Bytes(&self.frame);
        Ok(bytes.byte().zip(bytes.number()).filter(|_| bytes.0.is_empty()))
    }
}
