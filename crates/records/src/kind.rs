//! What a record is.

use std::fmt;

use dfinery::Operation;
use serde::{Deserialize, Serialize};

/// What a record is, which decides the call that carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordKind {
    /// `{"identity":{…}}`: a unified profile to create or update.
    Identity,
    /// `{"identity":{…},"user_properties":{…}}`: properties of one user.
    Profile,
    /// `{"identity":{…},"event":{…}}`: one event of one user.
    Event,
    /// `{"identity":{"external_id":…}}` in a load of deletions: a unified profile to delete.
    Deletion,
}

impl RecordKind {
    /// The call that carries it.
    #[must_use]
    pub const fn operation(self) -> Operation {
        match self {
            Self::Identity => Operation::UpsertIdentity,
            Self::Profile => Operation::UpsertUserProfile,
            Self::Event => Operation::LoadEvents,
            Self::Deletion => Operation::DeleteIdentity,
        }
    }
}

impl fmt::Display for RecordKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Identity => "identity",
            Self::Profile => "profile",
            Self::Event => "event",
            Self::Deletion => "deletion",
        })
    }
}
