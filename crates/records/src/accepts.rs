//! Which records an input may hold.

use crate::RecordKind;

/// Which records an input may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepts {
    /// Records of one kind only.
    Only(RecordKind),
    /// Identities, profiles and events; what a line is for shows in its keys.
    Mixed,
}

impl From<RecordKind> for Accepts {
    fn from(kind: RecordKind) -> Self {
        Self::Only(kind)
    }
}
