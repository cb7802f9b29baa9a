//! Converts UTF-16 to bytes that the framing understands, and back.
//!
//! The text becomes UTF-8, except for what is not valid UTF-16: half of a surrogate pair becomes the three bytes that
//! UTF-8 forbids, a lone last byte becomes `0xFF`. So nothing is lost, decoding a record finds what is wrong with it,
//! and its original bytes can be restored.

use std::io::{self, Read};

use crate::format::Encoding;

/// The order of the two bytes of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Little,
    Big,
}

impl Order {
    /// The order that an encoding has, if it is UTF-16.
    pub(crate) const fn of(encoding: Encoding) -> Option<Self> {
        match encoding {
            Encoding::Utf16Le => Some(Self::Little),
            Encoding::Utf16Be => Some(Self::Big),
            Encoding::Utf8 | Encoding::Cp949 => None,
        }
    }

    const fn unit(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        }
    }

    const fn bytes(self, unit: u16) -> [u8; 2] {
        match self {
            Self::Little => unit.to_le_bytes(),
            Self::Big => unit.to_be_bytes(),
        }
    }
}

const ODD_LAST_BYTE: u8 = 0xFF;
const CHUNK: usize = 64 * 1024;

/// Reads UTF-16 and produces the bytes described above.
pub(crate) struct Utf16Reader<R> {
    reader: R,
    order: Order,
    /// Bytes read but not yet converted: at most a chunk and the three bytes of an unfinished pair.
    raw: Vec<u8>,
    converted: Vec<u8>,
    given: usize,
    ended: bool,
}

impl<R: Read> Utf16Reader<R> {
    pub(crate) fn new(reader: R, order: Order) -> Self {
        Self {
            reader,
            order,
            raw: Vec::with_capacity(CHUNK + 4),
            converted: Vec::with_capacity(2 * CHUNK),
            given: 0,
            ended: false,
        }
    }

    fn refill(&mut self) -> io::Result<()> {
        let before = self.raw.len();
        self.raw.resize(before + CHUNK, 0);
        let count = self.reader.read(self.raw.get_mut(before..).unwrap_or_default());
        self.raw.truncate(before + *count.as_ref().unwrap_or(&0));
        self.ended = count? == 0;
        self.converted.clear();
        self.given = 0;
        let taken = self.convert();
        self.raw.drain(..taken);
        Ok(())
    }

    /// Converts the complete part, and returns its length in bytes.
    fn convert(&mut self) -> usize {
        let mut taken = 0;
        let mut units = self.raw.chunks_exact(2).map(|pair| match pair {
            [a, b] => self.order.unit([*a, *b]),
            _ => 0,
        });
        let odd = self.raw.chunks_exact(2).remainder().first();
        let mut next = units.next();
        while let Some(unit) = next {
            next = units.next();
            let is_high = (0xD800..0xDC00).contains(&unit);
            if is_high && next.is_none() && !self.ended {
                return taken;
            }
            let low = next.filter(|low| is_high && (0xDC00..0xE000).contains(low));
            taken += 2;
            if let Some(low) = low {
                taken += 2;
                next = units.next();
                push(
                    &mut self.converted,
                    0x1_0000 + ((u32::from(unit) - 0xD800) << 10) + (u32::from(low) - 0xDC00),
                );
            } else {
                push(&mut self.converted, u32::from(unit));
            }
        }
        if self.ended && odd.is_some() {
            // The byte itself follows as two harmless ones, so that `restore` finds it.
            let byte = odd.copied().unwrap_or_default();
            self.converted
                .extend([ODD_LAST_BYTE, b'a' + (byte >> 4), b'a' + (byte & 15)]);
            taken += 1;
        }
        taken
    }
}

/// Adds a code point in UTF-8, even that of half a pair.
#[allow(clippy::cast_possible_truncation, reason = "every part is masked to a byte")]
fn push(out: &mut Vec<u8>, point: u32) {
    let tail = |shift: u32| 0x80 | (point >> shift & 0x3F) as u8;
    match point {
        0..0x80 => out.push(point as u8),
        0x80..0x800 => out.extend([0xC0 | (point >> 6) as u8, tail(0)]),
        0x800..0x1_0000 => out.extend([0xE0 | (point >> 12) as u8, tail(6), tail(0)]),
        _ => out.extend([0xF0 | (point >> 18) as u8, tail(12), tail(6), tail(0)]),
    }
}

impl<R: Read> Read for Utf16Reader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.converted.len() {
            if self.ended {
                return Ok(0);
            }
            self.refill()?;
        }
        let count = self.converted.get(self.given..).unwrap_or_default().read(buffer)?;
        self.given += count;
        Ok(count)
    }
}

/// The length of these bytes in UTF-16.
pub(crate) fn original_length(converted: &[u8]) -> usize {
    if let Some(at) = memchr::memchr(ODD_LAST_BYTE, converted) {
        return original_length(converted.get(..at).unwrap_or_default()) + 1;
    }
    let units: usize = converted
        .iter()
        .map(|byte| usize::from(*byte & 0xC0 != 0x80) + usize::from(*byte >= 0xF0))
        .sum();
    2 * units
}

/// Writes these bytes in UTF-16 again.
pub(crate) fn restore(converted: &[u8], order: Order, out: &mut Vec<u8>) {
    out.clear();
    let mut rest = converted;
    loop {
        let (point, length) = match rest {
            [ODD_LAST_BYTE, tail @ ..] => {
                let nibble = |index: usize| tail.get(index).map_or(0, |byte| byte.wrapping_sub(b'a') & 15);
                out.push(nibble(0) << 4 | nibble(1));
                return;
            }
            [a @ 0..0x80, ..] => (u32::from(*a), 1),
            [a @ 0xC0..0xE0, b, ..] => (bits(*a, 5) << 6 | bits(*b, 6), 2),
            [a @ 0xE0..0xF0, b, c, ..] => (bits(*a, 4) << 12 | bits(*b, 6) << 6 | bits(*c, 6), 3),
            [a @ 0xF0..=0xFF, b, c, d, ..] => (
                bits(*a, 3) << 18 | bits(*b, 6) << 12 | bits(*c, 6) << 6 | bits(*d, 6),
                4,
            ),
            // A truncated character, as at the end of the kept part of a record that is too long.
            _ => return,
        };
        if let Ok(unit) = u16::try_from(point) {
            out.extend(order.bytes(unit));
        } else {
            let mut units = [0; 2];
            let pair = char::from_u32(point).map(|c| c.encode_utf16(&mut units));
            out.extend(
                pair.into_iter()
                    .flat_map(|pair| pair.iter())
                    .flat_map(|unit| order.bytes(*unit)),
            );
        }
        rest = rest.get(length..).unwrap_or_default();
    }
}

fn bits(byte: u8, count: u32) -> u32 {
    u32::from(byte) & ((1 << count) - 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn converted(raw: &[u8], order: Order) -> Vec<u8> {
        let mut out = Vec::new();
        Utf16Reader::new(raw, order).read_to_end(&mut out).unwrap();
        out
    }

    proptest! {
        #[test]
        fn any_bytes_come_back(raw: Vec<u8>, surrogates in proptest::collection::vec(0xD7F0u16..0xE010, 0..20)) {
            for order in [Order::Little, Order::Big] {
                let mixed: Vec<u8> = surrogates.iter().flat_map(|unit| order.bytes(*unit)).chain(raw.iter().copied()).collect();
                let mut back = Vec::new();
                let converted = converted(&mixed, order);
                restore(&converted, order, &mut back);
                prop_assert_eq!(&back, &mixed);
                prop_assert_eq!(original_length(&converted), mixed.len());
            }
        }

        #[test]
        fn text_becomes_utf_8(text: String) {
            let raw: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
            let out = converted(&raw, Order::Big);
            prop_assert_eq!(out, text.as_bytes());
        }
    }

    #[test]
    fn what_is_not_utf_16_is_not_utf_8_either() {
        for raw in [
            &[0xD8, 0x00, 0x00, 0x41][..],
            &[0xDC, 0x00],
            &[0x00, 0x41, 0x00],
            &[0xD8, 0x00],
        ] {
            assert!(str::from_utf8(&converted(raw, Order::Big)).is_err(), "{raw:?}");
        }
    }
}
