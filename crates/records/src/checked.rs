//! A record that may be sent.

use std::ops::Range;

use uuid::Uuid;

use super::{ids::Ids, warning::Warning};
use crate::RecordKind;
use dfinery::Timestamp;

/// A record that may be sent.
#[derive(Debug)]
#[non_exhaustive]
pub struct Checked<'a> {
    /// What it is.
    pub kind: RecordKind,
    /// The user it is about.
    pub identity: Ids<'a>,
    /// The `event` object or the `user_properties` object as it is written in the record; empty for the other kinds.
    pub payload: &'a str,
    /// Replacements for parts of the payload, in order and without overlap; usually none.
    pub edits: Vec<(Range<usize>, String)>,
    /// The `event_log_id`, if the event has one.
    pub event_log_id: Option<Uuid>,
    /// How many items the event has.
    pub items: usize,
    /// The `request_datetime`, if the record has one.
    pub request_datetime: Option<Timestamp>,
    /// What is allowed but implausible, such as the identifier `undefined`; the first 20.
    pub warnings: Vec<Warning>,
}

impl Checked<'_> {
    /// A record about which nothing is known yet.
    pub(crate) fn new() -> Self {
        Self {
            kind: RecordKind::Identity,
            identity: Ids::default(),
            payload: "",
            edits: Vec::new(),
            event_log_id: None,
            items: 0,
            request_datetime: None,
            warnings: Vec::new(),
        }
    }
}
