//! Which records an input may hold.

use crate::RecordKind;

/// Which records an input may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepts {
    /// Records of one kind only.
    Only(RecordKind),
    /// Identities, profiles and events; the keys of a line show which it is.
    Mixed,
}

impl From<RecordKind> for Accepts {
    fn from(kind: RecordKind) -> Self {
        Self::Only(kind)
    }
}
