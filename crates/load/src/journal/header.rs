//! The load that a journal belongs to, and the files beside it.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What is loaded and how: a journal continues only with the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Header {
    /// Such as `events`.
    pub(crate) kind: String,
    /// A hash of all settings that change what a record means.
    pub(crate) settings: u64,
    /// A hash of the types that the taxonomy gives values.
    pub(crate) types: u64,
    /// The inputs in their order.
    pub(crate) inputs: Vec<HeaderInput>,
}

impl Header {
    /// The base of the ids of events, if the load is of standard input.
    pub(crate) fn ids_of_stdin(&self) -> Option<Uuid> {
        self.inputs.first()?.ids
    }
}

/// One input of a load, as it was when the load began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HeaderInput {
    /// For people: a renamed file is still the same. An object is not.
    pub(crate) name: String,
    /// The version of an object, if its store has versions.
    pub(crate) etag: Option<String>,
    /// 0 for standard input.
    pub(crate) length: u64,
    /// The base of the ids of events on standard input, whose contents are unknown beforehand; a file has none.
    pub(crate) ids: Option<Uuid>,
}

/// The lengths of the files beside the journal after the lines of an entry were appended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Marks {
    pub(crate) dead_letter: u64,
    pub(crate) possibly_twice: u64,
}
