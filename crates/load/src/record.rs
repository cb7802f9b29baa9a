//! The fate of a record, and its name within a load.

use serde::{Deserialize, Serialize};

/// The fate of a record. Every record read has exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// The server answered with success.
    Accepted,
    /// The server refused it; its code says why.
    Rejected,
    /// It failed the check and was not sent.
    Invalid,
    /// It was never sent, or the server certainly did not take it.
    Undelivered,
    /// It was sent, but no trustworthy answer came back: it may have been taken.
    Unknown,
}

impl Fate {
    /// All of them, in their order.
    pub(crate) const ALL: [Self; 5] = [
        Self::Accepted,
        Self::Rejected,
        Self::Invalid,
        Self::Undelivered,
        Self::Unknown,
    ];

    /// In a word, as in files.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Invalid => "invalid",
            Self::Undelivered => "undelivered",
            Self::Unknown => "unknown",
        }
    }
}

/// Identifies a record within a load: the position of its file among the inputs, and its position in that file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct RecordId(u64);

impl RecordId {
    const BITS_OF_POSITION: u32 = 44;
    /// Beyond all records of a file.
    pub(crate) const LAST_POSITION: u64 = (1 << Self::BITS_OF_POSITION) - 1;

    /// The most files of a load.
    pub(crate) const MOST_FILES: usize = 1 << (u64::BITS - Self::BITS_OF_POSITION);

    /// The record at a position, from 0, of a file.
    pub(crate) const fn new(file: u32, position: u64) -> Self {
        Self(((file as u64) << Self::BITS_OF_POSITION) | position)
    }

    pub(crate) const fn file(self) -> u64 {
        self.0 >> Self::BITS_OF_POSITION
    }

    /// The position of the file among the inputs.
    pub(crate) fn input(self) -> usize {
        usize::try_from(self.file()).unwrap_or(usize::MAX)
    }

    pub(crate) const fn position(self) -> u64 {
        self.0 & Self::LAST_POSITION
    }

    pub(crate) const fn to_u64(self) -> u64 {
        self.0
    }

    pub(crate) const fn from_u64(number: u64) -> Self {
        Self(number)
    }
}
