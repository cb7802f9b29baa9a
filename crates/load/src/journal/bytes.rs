//! Numbers, texts and ids as they stand in the payload of an entry.

use super::Marks;
use crate::record::{Fate, RecordId};
use dfinery_input::Beginning;

pub(super) fn put_fate(out: &mut Vec<u8>, fate: Fate) {
    out.push(fate_to_byte(fate));
}

fn fate_to_byte(fate: Fate) -> u8 {
    match fate {
        Fate::Accepted => 0,
        Fate::Rejected => 1,
        Fate::Invalid => 2,
        Fate::Undelivered => 3,
        Fate::Unknown => 4,
    }
}

fn fate_from_byte(byte: u8) -> Option<Fate> {
    Fate::ALL.into_iter().find(|fate| fate_to_byte(*fate) == byte)
}

pub(super) fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(lowest_byte(number) | 0x80);
        number >>= 7;
    }
    out.push(lowest_byte(number));
}

fn lowest_byte(number: u64) -> u8 {
    let [lowest, ..] = number.to_le_bytes();
    lowest
}

pub(super) fn put_text(out: &mut Vec<u8>, text: &str) {
    put_bytes(out, text.as_bytes());
}

pub(super) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_number(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

pub(super) fn put_marks(out: &mut Vec<u8>, marks: Marks) {
    put_number(out, marks.dead_letter);
    put_number(out, marks.possibly_twice);
}

pub(super) fn put_beginning(out: &mut Vec<u8>, beginning: Beginning) {
    put_number(out, beginning.bytes);
    out.extend_from_slice(&beginning.hash.to_le_bytes());
}

/// The ids, which ascend, each as its distance from the one before.
pub(super) fn put_ids(out: &mut Vec<u8>, ids: &[RecordId]) {
    put_number(out, ids.len() as u64);
    let mut before = 0;
    for id in ids {
        put_number(out, id.to_u64().wrapping_sub(before));
        before = id.to_u64();
    }
}

/// What is left of a payload.
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, len: u64) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(usize::try_from(len).ok()?)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn flag(&mut self) -> Option<bool> {
        match self.byte()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    pub(super) fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                return None;
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    pub(super) fn fate(&mut self) -> Option<Fate> {
        fate_from_byte(self.byte()?)
    }

    pub(super) fn bytes(&mut self) -> Option<&'a [u8]> {
        let len = self.number()?;
        self.take(len)
    }

    pub(super) fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    pub(super) fn marks(&mut self) -> Option<Marks> {
        Some(Marks {
            dead_letter: self.number()?,
            possibly_twice: self.number()?,
        })
    }

    pub(super) fn beginning(&mut self) -> Option<Beginning> {
        Some(Beginning {
            bytes: self.number()?,
            hash: u128::from_le_bytes(self.array()?),
        })
    }

    pub(super) fn ids(&mut self) -> Option<Vec<RecordId>> {
        // An id takes at least a byte, so a false count cannot ask for much.
        let count = usize::try_from(self.number()?)
            .ok()
            .filter(|count| *count <= self.0.len())?;
        let mut ids = Vec::with_capacity(count);
        let mut id = 0_u64;
        for _ in 0..count {
            id = id.checked_add(self.number()?)?;
            ids.push(RecordId::from_u64(id));
        }
        Some(ids)
    }
}
