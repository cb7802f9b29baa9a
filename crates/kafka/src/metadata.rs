//! What goes along with a committed offset.

use base64::{Engine as _, prelude::BASE64_STANDARD_NO_PAD};
use roaring::RoaringBitmap;

/// The metadata of a commit: `dfinery1 SECONDS BITMAP`, with the time of the commit since 1970 and the offsets that are
/// finished beyond it, as their distances from it.
#[derive(Debug, PartialEq)]
pub(crate) struct Metadata {
    pub(crate) committed_at: u64,
    pub(crate) beyond: RoaringBitmap,
}

impl Metadata {
    const FORM: &str = "dfinery1";
    /// Brokers take 4,096 bytes unless set otherwise.
    const MOST_BYTES: usize = 3_900;

    pub(crate) fn new(committed_at: u64, mut beyond: RoaringBitmap) -> Self {
        beyond.optimize();
        Self { committed_at, beyond }
    }

    /// The text, and whether it lacks the bitmap because that is too large.
    pub(crate) fn write(&self) -> (String, bool) {
        let start = format!("{} {} ", Self::FORM, self.committed_at);
        if self.beyond.is_empty() {
            return (start, false);
        }
        let most = (Self::MOST_BYTES - start.len()) / 4 * 3;
        let mut bytes = Vec::new();
        if self.beyond.serialized_size() > most || self.beyond.serialize_into(&mut bytes).is_err() {
            return (start, true);
        }
        (start + &BASE64_STANDARD_NO_PAD.encode(bytes), false)
    }

    /// `None` if another program committed.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(Self::FORM)?.strip_prefix(' ')?;
        let (committed_at, bitmap) = rest.split_once(' ')?;
        let beyond = match bitmap {
            "" => RoaringBitmap::new(),
            bitmap => RoaringBitmap::deserialize_from(&BASE64_STANDARD_NO_PAD.decode(bitmap).ok()?[..]).ok()?,
        };
        Some(Self {
            committed_at: committed_at.parse().ok()?,
            beyond,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bitmap_that_is_too_large_stays_behind() {
        let every_seventh: RoaringBitmap = (0..1_000).filter(|offset| offset % 7 != 0).collect();
        let (text, is_cut) = Metadata::new(1, every_seventh.clone()).write();
        assert!(!is_cut);
        assert_eq!(Metadata::read(&text).unwrap().beyond, every_seventh);
        let scattered = (0..100_000).filter(|offset| offset % 7 != 0).collect();
        let (text, is_cut) = Metadata::new(1, scattered).write();
        assert!(is_cut && text.len() < 30, "{text}");
        assert_eq!(Metadata::read(&text).unwrap(), Metadata::new(1, RoaringBitmap::new()));
    }

    #[test]
    fn what_other_programs_commit_is_not_read() {
        for text in [
            "",
            "x",
            "dfinery1",
            "dfinery1 1",
            "dfinery1 x ",
            "dfinery1 1 !",
            "dfinery1 1 AAAA",
            "dfinery2 1 ",
        ] {
            assert_eq!(Metadata::read(text), None, "{text}");
        }
    }
}
