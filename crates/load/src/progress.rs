//! How far a load has come, to read while it runs.

use std::sync::atomic::{
    AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};

use serde::Serialize;

use crate::record::Fate;
use dfinery::Error;

/// Counters of a running load. Read them at any time; all but `under_way` only grow.
#[derive(Debug, Default)]
pub struct Progress {
    bytes_read: AtomicU64,
    bytes_in_all: AtomicU64,
    read: AtomicU64,
    fates: [AtomicU64; Fate::ALL.len()],
    calls: AtomicU64,
    attempts: AtomicU64,
    failed_attempts: AtomicU64,
    rate_limited: AtomicU64,
    under_way: AtomicU64,
}

/// The counters at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Snapshot {
    /// Bytes of the inputs that were read, before decompression, in each pass over them. What was sorted is read once more.
    pub bytes_read: u64,
    /// Bytes to read in all passes, as far as known.
    pub bytes_in_all: u64,
    /// Records read in this run.
    pub read: u64,
    /// Records accepted in this run.
    pub accepted: u64,
    /// Records rejected in this run.
    pub rejected: u64,
    /// Records found invalid in this run.
    pub invalid: u64,
    /// Records known to be undelivered in this run.
    pub undelivered: u64,
    /// Records whose delivery is unknown in this run.
    pub unknown: u64,
    /// Calls that have ended.
    pub calls: u64,
    /// Requests sent, retries included.
    pub attempts: u64,
    /// Requests that failed.
    pub failed_attempts: u64,
    /// Requests refused for the quota.
    pub rate_limited: u64,
    /// Requests sent but not yet answered.
    pub under_way: u64,
}

impl Progress {
    /// The counters now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        // The fates come first: a record that has one by now was read before.
        let [accepted, rejected, invalid, undelivered, unknown] = [
            Fate::Accepted,
            Fate::Rejected,
            Fate::Invalid,
            Fate::Undelivered,
            Fate::Unknown,
        ]
        .map(|fate| self.fates[fate as usize].load(Acquire));
        Snapshot {
            bytes_read: self.bytes_read.load(Relaxed),
            bytes_in_all: self.bytes_in_all.load(Relaxed),
            read: self.read.load(Relaxed),
            accepted,
            rejected,
            invalid,
            undelivered,
            unknown,
            calls: self.calls.load(Relaxed),
            attempts: self.attempts.load(Relaxed),
            failed_attempts: self.failed_attempts.load(Relaxed),
            rate_limited: self.rate_limited.load(Relaxed),
            under_way: self.under_way.load(Relaxed),
        }
    }

    pub(crate) fn input(&self, bytes: u64) {
        self.bytes_in_all.fetch_add(bytes, Relaxed);
    }

    pub(crate) fn bytes(&self, more: u64) {
        self.bytes_read.fetch_add(more, Relaxed);
    }

    /// Counts the bytes of something that is read, now and then.
    pub(crate) const fn part(&self) -> Part<'_> {
        Part {
            progress: self,
            counted: 0,
        }
    }

    /// A pass over all inputs would find nothing; `of` is the number of passes.
    pub(crate) fn skip_pass(&self, of: usize) {
        self.bytes(self.bytes_in_all.load(Relaxed) / of.max(1) as u64);
    }

    pub(crate) fn read(&self, records: u64) {
        self.read.fetch_add(records, Relaxed);
    }

    pub(crate) fn settled(&self, fate: Fate, records: usize) {
        self.fates[fate as usize].fetch_add(records as u64, Release);
    }

    /// How many records of this run the service has accepted or refused.
    pub(crate) fn settled_by_service(&self) -> u64 {
        [Fate::Accepted, Fate::Rejected]
            .map(|fate| self.fates[fate as usize].load(Relaxed))
            .iter()
            .sum()
    }

    pub(crate) fn call(&self) {
        self.calls.fetch_add(1, Relaxed);
    }

    pub(crate) fn attempt(&self) {
        self.attempts.fetch_add(1, Relaxed);
        self.under_way.fetch_add(1, Relaxed);
    }

    pub(crate) fn answered(&self) {
        self.under_way.fetch_sub(1, Relaxed);
    }

    pub(crate) fn failed_attempt(&self, error: &Error) {
        self.failed_attempts.fetch_add(1, Relaxed);
        if error.is_rate_limited() {
            self.rate_limited.fetch_add(1, Relaxed);
        }
    }
}

/// A part of what is read.
pub(crate) struct Part<'a> {
    progress: &'a Progress,
    counted: u64,
}

impl Part<'_> {
    /// Notes how many of its bytes are read by now.
    pub(crate) fn has_read(&mut self, bytes: u64) {
        self.progress.bytes(bytes.saturating_sub(self.counted));
        self.counted = self.counted.max(bytes);
    }
}
