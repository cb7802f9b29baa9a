//! Every record held against the spec and, if there is one, the customer's taxonomy.
//!
//! ```text
//! line ──► skim, for usual good records ──► if it does not take it: Pass (one reading) ──► Record ──► Identity
//!                                    └────► Event ──► Properties, Items ──► PropertyField
//! ```
//! The text is read once. What is accepted borrows from it, and what must be written differently is told as an edit.

#![deny(missing_docs)]

mod any;
mod event;
mod identity;
mod kind;
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

pub use self::kind::RecordKind;
use self::pass::{Pass, Reading, Scratch};
pub use self::report::Report;
pub use self::taxonomy::{Section, Taxonomy, TaxonomyError};
use dfinery::{Identity, Timestamp, Violation, Violations};

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

/// Judges one record after the other; keeps its scratch space between them.
pub struct Checker {
    taxonomy: Option<Arc<Taxonomy>>,
    accepts: Accepts,
    scratch: Scratch,
    memory: skim::Memory,
}

/// A record that may be sent.
#[derive(Debug)]
pub struct Checked<'a> {
    /// What it is.
    pub kind: RecordKind,
    /// Whom it is about.
    pub identity: Ids<'a>,
    /// The `event` object or the `user_properties` object as it stands in the record; empty for the other kinds.
    pub payload: &'a str,
    /// What to write in place of parts of the payload, in order and without overlap; usually nothing.
    pub edits: Vec<(Range<usize>, String)>,
    /// The `event_log_id`, if the event has one.
    pub event_log_id: Option<Uuid>,
    /// How many items the event has.
    pub items: usize,
    /// The `request_datetime`, if the record has one.
    pub request_datetime: Option<Timestamp>,
    /// What is allowed but unwise, such as a deprecated property.
    pub warnings: Vec<Violation>,
}

/// The five identifiers of a user, borrowed where they hold no escapes.
#[derive(Default, PartialEq, Eq)]
pub struct Ids<'a> {
    /// The user's ID in the customer's own system.
    pub external_id: Option<Cow<'a, str>>,
    /// The phone number.
    pub phone_no: Option<Cow<'a, str>>,
    /// The email address.
    pub email: Option<Cow<'a, str>>,
    /// The ID at Kakao.
    pub kakao_user_id: Option<Cow<'a, str>>,
    /// The ID at LINE.
    pub line_user_id: Option<Cow<'a, str>>,
}

impl Checker {
    /// Judges by the rules of the API and, if there is a taxonomy, by what is registered.
    #[must_use]
    pub fn new(taxonomy: Option<Arc<Taxonomy>>, accepts: Accepts) -> Self {
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
    pub fn check<'a>(&mut self, json: &'a str) -> Result<Checked<'a>, Violations> {
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
    /// The first identifier, and its place among the five.
    #[must_use]
    pub fn first(&self) -> Option<(usize, &str)> {
        self.in_order()
            .into_iter()
            .enumerate()
            .find_map(|(place, id)| Some((place, id?)))
    }

    fn in_order(&self) -> [Option<&str>; 5] {
        let Self {
            external_id,
            phone_no,
            email,
            kakao_user_id,
            line_user_id,
        } = self;
        [external_id, phone_no, email, kakao_user_id, line_user_id].map(Option::as_deref)
    }

    /// Whether these are the identifiers of a user.
    #[must_use]
    pub fn is(&self, identity: &Identity) -> bool {
        let Identity {
            external_id,
            phone_no,
            email,
            kakao_user_id,
            line_user_id,
        } = identity;
        self.in_order() == [external_id, phone_no, email, kakao_user_id, line_user_id].map(Option::as_deref)
    }

    /// The same as the client takes them.
    #[must_use]
    pub fn to_identity(&self) -> Identity {
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
