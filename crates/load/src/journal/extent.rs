//! How long a journal is, written in the journal itself: an end that is missing would otherwise look like a kill.

use super::entry::{MAGIC, checksum};

/// The length of the file, as of its last writes. A write that was cut short by a kill is beyond it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Extent {
    /// What the system has taken.
    pub(super) written: u64,
    /// What is certainly on the disk.
    pub(super) synced: u64,
}

impl Extent {
    /// Where it is in the file: after the version.
    pub(super) const PLACE: u64 = MAGIC.len() as u64 + 1;
    pub(super) const BYTES: usize = 20;

    pub(super) fn to_bytes(self) -> Vec<u8> {
        let mut bytes = [self.written.to_le_bytes(), self.synced.to_le_bytes()].concat();
        bytes.extend(checksum(0, &bytes).to_le_bytes());
        bytes
    }

    /// `None` if it is damaged.
    pub(super) fn from_bytes(bytes: [u8; Self::BYTES]) -> Option<Self> {
        let (written, rest) = bytes.split_first_chunk()?;
        let (synced, _) = rest.split_first_chunk()?;
        let extent = Self {
            written: u64::from_le_bytes(*written),
            synced: u64::from_le_bytes(*synced),
        };
        (extent.to_bytes() == bytes).then_some(extent)
    }
}
