//! Whether columns of a file are encrypted, which its schema does not say: the library passes over the field that does.
//!
//! The footer is a struct in Thrift's compact protocol.

/// The field of the footer that names the method of encryption.
const METHOD: i16 = 8;
/// The deepest structs within structs.
const DEEPEST: usize = 16;

/// Whether a footer says so; what cannot be read does not.
pub(super) fn has_encrypted_columns(footer: &[u8]) -> bool {
    let mut rest = Rest(footer);
    let mut field = 0;
    while let Some(kind) = rest.field(&mut field) {
        if field == METHOD {
            return true;
        }
        if rest.skip(kind, DEEPEST).is_none() {
            return false;
        }
    }
    false
}

/// The bytes that were not read yet.
struct Rest<'a>(&'a [u8]);

// The types of values whose length is their own.
const BOOLEANS: std::ops::RangeInclusive<u8> = 1..=2;
const BYTE: u8 = 3;
const INTEGERS: std::ops::RangeInclusive<u8> = 4..=6;
const DOUBLE: u8 = 7;
const TEXT: u8 = 8;
const LISTS: std::ops::RangeInclusive<u8> = 9..=10;
const STRUCT: u8 = 12;

impl Rest<'_> {
    /// The type of the next field; `None` at the end of a struct.
    fn field(&mut self, number: &mut i16) -> Option<u8> {
        let first = self.byte()?;
        let (difference, kind) = (first >> 4, first & 0x0F);
        if kind == 0 {
            return None;
        }
        *number = if difference > 0 {
            number.checked_add(difference.into())?
        } else {
            let zigzag = self.number()?;
            i16::try_from(zigzag >> 1).ok()?
        };
        Some(kind)
    }

    fn skip(&mut self, kind: u8, depth: usize) -> Option<()> {
        match kind {
            kind if BOOLEANS.contains(&kind) => Some(()),
            BYTE => self.pass(1),
            kind if INTEGERS.contains(&kind) => self.number().map(drop),
            DOUBLE => self.pass(8),
            TEXT => {
                let length = self.number()?;
                self.pass(length)
            }
            kind if LISTS.contains(&kind) => {
                let first = self.byte()?;
                let count = if first >> 4 == 15 {
                    self.number()?
                } else {
                    (first >> 4).into()
                };
                let kind = first & 0x0F;
                for _ in 0..count {
                    // In a list a truth value has a byte.
                    let kind = if BOOLEANS.contains(&kind) { BYTE } else { kind };
                    self.skip(kind, depth)?;
                }
                Some(())
            }
            STRUCT => {
                let depth = depth.checked_sub(1)?;
                let mut field = 0;
                while let Some(kind) = self.field(&mut field) {
                    self.skip(kind, depth)?;
                }
                Some(())
            }
            _ => None,
        }
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn pass(&mut self, bytes: u64) -> Option<()> {
        self.0 = self.0.get(usize::try_from(bytes).ok()?..)?;
        Some(())
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }
}
