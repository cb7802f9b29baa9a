//! A record of a stream, as it comes out.

use std::sync::Arc;

use super::record::Record;
use crate::{letter::in_words, outcome::code_of, record::Fate, remedy::without_remedy};
use dfinery::{Error, Violations};
use dfinery_records::Warning;

/// A record with its fate.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settled {
    /// Its place among the records of the stream, from 0.
    pub position: u64,
    /// The record itself.
    pub record: Record,
    /// Its fate.
    pub fate: Fate,
    /// Whether it may have been taken more than once.
    pub possibly_twice: bool,
    /// Why it was not accepted, if the server or the network said so.
    pub error: Option<Arc<Error>>,
    /// What is wrong with it, if it is [`Fate::Invalid`].
    pub violations: Option<Violations>,
    /// What is implausible about it. A stream has no warnings about all records together.
    pub warnings: Vec<Warning>,
}

impl Settled {
    /// What the server said, in brief: its code, or the HTTP status of an answer without one.
    #[must_use]
    pub fn code(&self) -> Option<String> {
        self.error.as_deref().and_then(code_of)
    }

    /// Why it was not accepted, in words. Never holds a value of the record.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        match (&self.violations, &self.error) {
            (Some(violations), _) => Some(in_words(violations)),
            (None, Some(error)) => Some(without_remedy(error)),
            (None, None) => None,
        }
    }
}
