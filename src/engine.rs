//! The parts of a client for sibling crates that decide by themselves when to send what, such as the loader.
//!
//! Behind the feature `_engine`, and promised to nobody else: it may change in any version.

use std::time::Duration;

use bytes::Bytes;

pub use crate::quota::Permit;
use crate::{
    Delivery, Error, ImportClient, Metadata, Operation, RetryClass,
    generated::import::Client,
    rows::RateLimit,
    transport::{Call, Transport},
};

/// An [`ImportClient`] taken apart: its quotas, its retry policy, and single attempts.
#[derive(Clone, Copy)]
pub struct Engine<'a>(&'a Transport<Client>);

impl<'a> Engine<'a> {
    /// The parts of a client; quotas and retry budget are those that its clones spend too.
    #[must_use]
    pub fn of(client: &'a ImportClient) -> Self {
        Self(&client.0)
    }

    /// The quota that an operation spends, as this client counts it.
    #[must_use]
    pub fn rate_limit(self, operation: Operation) -> RateLimit {
        self.0.quota(operation).limit()
    }

    /// Waits for permission to send one request of an operation; `None` if the wait would be longer than `longest`.
    ///
    /// Dropping the future gives up the turn and spends nothing.
    pub async fn permit(self, operation: Operation, longest: Duration) -> Option<Permit> {
        self.0.permit(operation, longest).await.ok()
    }

    /// Makes one attempt with a body that is ready, and judges the answer. Whether there is another is up to the caller.
    ///
    /// # Errors
    /// As every call, but with what is known of this attempt alone.
    pub async fn attempt(self, operation: Operation, body: Bytes, permit: Permit) -> Result<Metadata, Error> {
        let mut call = Call::new(operation);
        match self.0.attempt(&mut call, &body, permit).await {
            Ok(()) => Ok(call.metadata()),
            Err(failure) => {
                call.unsure = failure.delivery == Delivery::Unknown;
                Err(call.end(failure))
            }
        }
    }

    /// The pause before the next attempt, by the client's retry policy; `None` if there is to be none.
    #[must_use]
    pub fn pause(self, class: RetryClass, attempts: u32, retry_after: Option<Duration>) -> Option<Duration> {
        self.0.retry.pause(class, attempts, retry_after)
    }

    /// The jittered pause after this many attempts, however many the policy allows.
    #[must_use]
    pub fn draw(self, attempts: u32) -> Duration {
        self.0.retry.draw(attempts)
    }

    /// The longest pause that is drawn.
    #[must_use]
    pub fn longest_pause(self) -> Duration {
        self.0.retry.max_delay
    }

    /// The longest single wait for a quota.
    #[must_use]
    pub fn longest_wait(self) -> Duration {
        self.0.retry.longest_wait()
    }

    /// Whether a request that may have been taken is sent again though it is not idempotent.
    #[must_use]
    pub fn resends_when_unsure(self) -> bool {
        self.0.retry.resends_when_unsure()
    }

    /// Takes one of the retries that all calls of the client share, if one is left.
    #[must_use]
    pub fn take_retry(self) -> bool {
        self.0.budget.take()
    }
}
