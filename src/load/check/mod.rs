//! Every record held against the spec and, if there is one, the customer's taxonomy.
//!
//! ```text
//! line ──► skim, for usual good records ──► if it does not take it: Pass (one reading) ──► Record ──► Identity
//!                                    └────► Event ──► Properties, Items ──► PropertyField
//! ```
//! The text is read once. What is accepted borrows from it, and what must be written differently is told as an edit.

mod any;
mod event;
mod identity;
mod near;
mod pass;
mod property;
mod record;
mod report;
mod skim;
mod taxonomy;
mod text;

use std::{borrow::Cow, ops::Range, sync::Arc};

use uuid::Uuid;

use self::pass::{Pass, Reading, Scratch};
pub use self::report::Report;
pub use self::taxonomy::{Section, Taxonomy, TaxonomyError};
use super::RecordKind;
use crate::{Identity, Timestamp, Violation, Violations};

/// Which records an input may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepts {
    /// Records of one kind only.
    Only(RecordKind),
    /// Identities, profiles and events; what a line is for shows in its keys.
    Mixed,
}

/// Judges one record after the other; keeps its scratch space between them.
pub(crate) struct Checker {
    taxonomy: Option<Arc<Taxonomy>>,
    accepts: Accepts,
    scratch: Scratch,
    memory: skim::Memory,
}

/// A record that may be sent.
#[derive(Debug)]
pub(crate) struct Checked<'a> {
    pub(crate) kind: RecordKind,
    pub(crate) identity: Ids<'a>,
    /// The `event` object or the `user_properties` object as it stands in the record; empty for the other kinds.
    pub(crate) payload: &'a str,
    /// What to write in place of parts of the payload, in order and without overlap; usually nothing.
    pub(crate) edits: Vec<(Range<usize>, String)>,
    /// The `event_log_id`, if the event has one.
    pub(crate) event_log_id: Option<Uuid>,
    /// How many items the event has.
    pub(crate) items: usize,
    pub(crate) request_datetime: Option<Timestamp>,
    /// What is allowed but unwise, such as a deprecated property.
    pub(crate) warnings: Vec<Violation>,
}

/// The five identifiers of a user, borrowed where they hold no escapes.
#[derive(Default, PartialEq, Eq)]
pub(crate) struct Ids<'a> {
    pub(crate) external_id: Option<Cow<'a, str>>,
    pub(crate) phone_no: Option<Cow<'a, str>>,
    pub(crate) email: Option<Cow<'a, str>>,
    pub(crate) kakao_user_id: Option<Cow<'a, str>>,
    pub(crate) line_user_id: Option<Cow<'a, str>>,
}

impl Checker {
    pub(crate) fn new(taxonomy: Option<Arc<Taxonomy>>, accepts: Accepts) -> Self {
        Self {
            scratch: Scratch::new(taxonomy.as_deref()),
            memory: skim::Memory::new(taxonomy.as_deref()),
            taxonomy,
            accepts,
        }
    }

    /// Judges one line of JSON.
    ///
    /// # Errors
    /// All that is wrong with the record; of what is no JSON, what was found up to there.
    pub(crate) fn check<'a>(&mut self, json: &'a str) -> Result<Checked<'a>, Violations> {
        if let Some(taxonomy) = &self.taxonomy
            && let Some(checked) = skim::skim(json, taxonomy, self.accepts, &mut self.memory)
        {
            return Ok(checked);
        }
        self.check_fully(json)
    }

    fn check_fully<'a>(&mut self, json: &'a str) -> Result<Checked<'a>, Violations> {
        let mut read = |reading| {
            let pass = Pass::new(json, self.taxonomy.as_deref(), self.accepts, &mut self.scratch, reading);
            pass.run()
        };
        match read(Reading::Direct)? {
            Some(checked) => Ok(checked),
            // Only a record with escapes where places matter comes here, and no second reading asks for a third.
            None => read(Reading::Located)?.ok_or_else(Violations::new),
        }
    }
}

impl Ids<'_> {
    pub(crate) fn to_identity(&self) -> Identity {
        let owned = |id: &Option<Cow<'_, str>>| id.as_deref().map(str::to_owned);
        Identity {
            external_id: owned(&self.external_id),
            phone_no: owned(&self.phone_no),
            email: owned(&self.email),
            kakao_user_id: owned(&self.kakao_user_id),
            line_user_id: owned(&self.line_user_id),
        }
    }
}

impl std::fmt::Debug for Ids<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.to_identity().fmt(f)
    }
}

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod plain;
#[cfg(test)]
mod tests;
