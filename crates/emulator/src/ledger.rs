//! The ledger: exactly what arrived, what happened to it, and what was answered.

use std::{collections::HashMap, sync::Arc};

use uuid::Uuid;

use super::fault::Fault;
use dfinery::{Event, ExportCode, Identity, ImportCode, Operation, Properties, Timestamp};

/// What has arrived at the emulator so far: a snapshot, which later requests do not change.
///
/// It is complete, except for what [`over_capacity`](Self::over_capacity) counts. `Debug` shows no personal data.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    pub(crate) requests: Vec<RequestRecord>,
    pub(crate) events: Vec<Arc<EventRecord>>,
    pub(crate) identities: Vec<Identity>,
    pub(crate) profile_updates: usize,
    pub(crate) deletions: Vec<Identity>,
    pub(crate) profiles: Vec<Arc<ProfileRecord>>,
    pub(crate) over_capacity: u64,
}

/// One request.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RequestRecord {
    /// Its position among all requests, from 0.
    pub sequence: u64,
    /// The operation it asked for; none if no operation has its path and method.
    pub operation: Option<Operation>,
    /// When its head arrived.
    pub received: Timestamp,
    /// The fault that hit it; [`Fault::None`] if none did.
    pub fault: Fault,
    /// The HTTP status of the answer; none if the connection was closed without one, or the answer is not decided yet.
    pub status: Option<u16>,
    /// The verdict that was answered; none if the answer was not a verdict, such as a CSV.
    pub verdict: Option<Verdict>,
    /// Why it was refused, in words and without any value of the request; at most 500 characters long.
    pub reason: Option<String>,
    /// Whether it took effect: for an import, that any part of it was taken; for an export, that it ran.
    pub applied: bool,
    /// How many of its events were taken.
    pub events: usize,
    /// How much of the answer was handed to the connection.
    pub answered: Answered,
}

impl RequestRecord {
    const LONGEST_REASON: usize = 500;

    /// Records a reason, or the start of it: its names may have any length.
    pub(crate) fn set_reason(&mut self, reason: Option<&str>) {
        self.reason = reason.map(|reason| reason.chars().take(Self::LONGEST_REASON).collect());
    }

    /// The code of the answer, if it was one of the Import API.
    #[must_use]
    pub fn import_code(&self) -> Option<&ImportCode> {
        match &self.verdict {
            Some(Verdict::Import(code)) => Some(code),
            Some(Verdict::Export(_)) | None => None,
        }
    }

    /// The failure in the answer, if it was one of the Export API.
    #[must_use]
    pub fn export_code(&self) -> Option<&ExportCode> {
        match &self.verdict {
            Some(Verdict::Export(code)) => Some(code),
            Some(Verdict::Import(_)) | None => None,
        }
    }
}

/// The answer, in terms of the tables.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// A code of the Import API, success included.
    Import(ImportCode),
    /// A failure of the Export API.
    Export(ExportCode),
}

/// How much of an answer was handed to the connection. How much the client read cannot be known here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Answered {
    /// Nothing.
    #[default]
    Nothing,
    /// Its head, and perhaps some of the body.
    InPart,
    /// All of it.
    Completely,
}

/// One event, once for each time it was taken.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EventRecord {
    /// The event as it was sent.
    pub event: Event,
    /// The identity of its request.
    pub identity: Arc<Identity>,
    /// The [`sequence`](RequestRecord::sequence) of its request.
    pub request: u64,
    /// Its position among all events that were taken, from 0.
    pub position: usize,
    /// When it was taken.
    pub received: Timestamp,
    /// Whether exports include it: not if a setting dropped it as a duplicate or as unregistered.
    pub stored: bool,
    pub(crate) owner: SlotId,
}

/// The position of a profile in the store, now or before it was merged into another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SlotId(pub(crate) usize);

/// One unified profile.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ProfileRecord {
    /// Its unified id.
    pub unified_id: Uuid,
    /// The newest identifier of each kind.
    pub identity: Identity,
    /// The user's properties; one that was cleared is `null`.
    pub properties: Properties,
    /// Whether it was deleted.
    pub deleted: bool,
}

impl Ledger {
    /// Every request, in the order of arrival, including those for no operation.
    #[must_use]
    pub fn all_requests(&self) -> &[RequestRecord] {
        &self.requests
    }

    /// Every request for one operation, in the order of arrival.
    pub fn requests(&self, operation: Operation) -> impl Iterator<Item = &RequestRecord> {
        self.requests
            .iter()
            .filter(move |request| request.operation == Some(operation))
    }

    /// Every event that was taken, in the order of arrival; one that was taken twice is here twice.
    pub fn events(&self) -> impl ExactSizeIterator<Item = &EventRecord> {
        self.events.iter().map(AsRef::as_ref)
    }

    /// How many of them exports include.
    #[must_use]
    pub fn events_stored(&self) -> usize {
        self.events().filter(|record| record.stored).count()
    }

    /// How many times each `event_log_id` was taken.
    #[must_use]
    pub fn times_taken(&self) -> HashMap<Uuid, usize> {
        let mut times = HashMap::with_capacity(self.events.len());
        for record in self.events() {
            *times.entry(record.event.event_log_id).or_default() += 1;
        }
        times
    }

    /// How many events were taken although their `event_log_id` had been taken before.
    #[must_use]
    pub fn duplicates(&self) -> usize {
        self.events.len() - self.times_taken().len()
    }

    /// The identities that were created or updated, in the order of arrival.
    #[must_use]
    pub fn identities(&self) -> &[Identity] {
        &self.identities
    }

    /// How many updates of user properties were taken.
    #[must_use]
    pub const fn profile_updates(&self) -> usize {
        self.profile_updates
    }

    /// The identities whose deletion was taken, in the order of arrival; they hold an external id only.
    #[must_use]
    pub fn deletions(&self) -> &[Identity] {
        &self.deletions
    }

    /// The current unified profiles, including deleted ones, oldest first.
    pub fn profiles(&self) -> impl ExactSizeIterator<Item = &ProfileRecord> {
        self.profiles.iter().map(AsRef::as_ref)
    }

    /// How many requests were refused because the emulator was full (see
    /// [`Settings::capacity`](super::Settings::capacity)). The ledger is complete only while this is 0.
    #[must_use]
    pub const fn over_capacity(&self) -> u64 {
        self.over_capacity
    }
}
