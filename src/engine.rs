//! The parts of a client, for sibling crates such as the loader that decide for themselves what to send and when; and
//! how this crate writes files.
//!
//! It is for them alone, behind the feature `_engine`: it may change in any version.

use std::time::Duration;

use bytes::Bytes;

use crate::{
    Csv, Error, EventQuery, ExportClient, ImportClient, Metadata, Operation, RetryClass, Timestamp, UserProfileQuery,
    generated::{export, import::Client},
    rows::RateLimit,
    transport::{Call, Transport},
    tries::Failed,
};
pub use crate::{
    new_file::{NewFile, folder_of, sync_folder_of, with_suffix},
    piece_writer::PieceWriter,
    quota::Permit,
    to_be_synced::ToBeSynced,
    tries::{Blame, Next, Tries},
};

/// An [`ImportClient`] taken apart: its quotas, its retry policy, and single attempts.
#[derive(Clone, Copy)]
pub struct Engine<'a>(&'a Transport<Client>);

impl<'a> Engine<'a> {
    /// The parts of a client, which share quotas and retry budget with its clones.
    #[must_use]
    pub fn of(client: &'a ImportClient) -> Self {
        Self(&client.0)
    }

    /// The quota that an operation spends, as this client counts it.
    #[must_use]
    pub fn rate_limit(self, operation: Operation) -> RateLimit {
        self.0.quota(operation).limit()
    }

    /// Counts requests of an operation that another process sent so long ago from the same quota.
    pub fn was_spent(self, operation: Operation, requests: u32, ago: Duration) {
        self.0.quota(operation).was_spent(requests, ago);
    }

    /// Changes how many requests of an operation a period allows from now on, all of its family counted; none if it is 0.
    /// [`rate_limit`](Self::rate_limit) stays.
    pub fn allow(self, operation: Operation, requests: u32) {
        self.0.quota(operation).allow(requests);
    }

    /// Waits for permission to send one request of an operation; `None` if the wait would be longer than `longest`.
    ///
    /// Dropping the future gives up the turn and spends nothing.
    pub async fn permit(self, operation: Operation, longest: Duration) -> Option<Permit> {
        self.0.permit(operation, longest).await.ok()
    }

    /// Makes one attempt with a finished body, and judges the answer. The caller decides whether to try again.
    ///
    /// # Errors
    /// The same as for any call, but about this attempt alone.
    pub async fn attempt(self, operation: Operation, body: Bytes, permit: Permit) -> Result<Metadata, Error> {
        let mut call = Call::new(operation);
        match self.0.attempt(&mut call, &body, permit).await {
            Ok(()) => Ok(call.metadata()),
            Err(failure) => Err(call.end(failure)),
        }
    }

    /// What follows a failed attempt, by the client's retry policy and shared retries.
    ///
    #[must_use]
    pub fn after(self, tries: &mut Tries, operation: Operation, error: &Error, blame: Blame) -> Next {
        // In a load the other calls show whether only this one is refused.
        let may_be_let_through = blame != Blame::Alone && error.is_auth() && error.is_on_the_way();
        let class = if may_be_let_through {
            RetryClass::Backoff
        } else {
            error.retry_class()
        };
        let failed = Failed {
            operation,
            class,
            delivery: error.delivery(),
            retry_after: error.retry_after(),
            blame,
        };
        tries.after(&failed, &self.0.retry, &self.0.budget)
    }

    /// The pause that the retry policy draws after this many failed attempts.
    #[must_use]
    pub fn pause(self, attempts: u32) -> Duration {
        self.0.retry.draw(attempts)
    }

    /// How often the retry policy sends a request at most.
    #[must_use]
    pub fn max_attempts(self) -> u32 {
        self.0.retry.max_attempts
    }
}

/// An [`ExportClient`] taken apart: single attempts, which neither wait for its quota nor count in it.
#[derive(Clone, Copy)]
pub struct ExportEngine<'a>(&'a Transport<export::Client>);

impl<'a> ExportEngine<'a> {
    /// The parts of a client.
    #[must_use]
    pub fn of(client: &'a ExportClient) -> Self {
        Self(&client.0)
    }

    /// What tells the quota of this client from those of others: the service and its server.
    #[must_use]
    pub fn account(self) -> String {
        self.0.account()
    }

    /// The quota of an operation as the client's settings have it.
    #[must_use]
    pub fn rate_limit(self, operation: Operation) -> RateLimit {
        self.0.quota(operation).limit()
    }

    /// Asks for events once. `now` decides which days are too old to ask for.
    ///
    /// # Errors
    /// The same as for any call, but about this attempt alone.
    pub async fn events(self, query: &EventQuery, now: Timestamp) -> Result<Csv, Error> {
        query.check(now.to_jiff())?;
        let (body, metadata) = self.0.once(&query.request.view()).await?;
        Ok(Csv::new(body, metadata, Operation::ExportEvents))
    }

    /// Whether [`events`](Self::events) would send this query at this time.
    ///
    /// # Errors
    /// If it would not.
    pub fn check_events(self, query: &EventQuery, now: Timestamp) -> Result<(), Error> {
        query.check(now.to_jiff())
    }

    /// Whether [`user_profiles`](Self::user_profiles) would send this query.
    ///
    /// # Errors
    /// If it would not.
    pub fn check_profiles(self, query: &UserProfileQuery) -> Result<(), Error> {
        query.check()
    }

    /// Asks for user profiles once.
    ///
    /// # Errors
    /// The same as for any call, but about this attempt alone.
    pub async fn user_profiles(self, query: &UserProfileQuery) -> Result<Csv, Error> {
        query.check()?;
        let (body, metadata) = self.0.once(&query.request.view()).await?;
        Ok(Csv::new(body, metadata, Operation::ExportUserProfiles))
    }

    /// The pause that the retry policy draws after this many failed attempts.
    #[must_use]
    pub fn pause(self, attempts: u32) -> Duration {
        self.0.retry.draw(attempts)
    }
}

/// The rows that have come of an export so far, without its header.
#[must_use]
pub fn rows_so_far(csv: &Csv) -> u64 {
    csv.data_rows()
}
