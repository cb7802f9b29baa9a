//! How far an export has come.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use serde::Serialize;

/// Counters of a running export, which any thread can read.
#[derive(Debug, Default)]
pub struct Progress {
    days: AtomicU64,
    ended: AtomicU64,
    rows: AtomicU64,
    bytes: AtomicU64,
    calls: AtomicU64,
    /// One more than the calls left; 0 if unknown.
    left: AtomicU64,
    waiting: AtomicU64,
}

/// The counters at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Snapshot {
    /// Days, or snapshots, to export.
    pub days: u64,
    /// Those that have ended one way or the other.
    pub ended: u64,
    /// Rows written.
    pub rows: u64,
    /// Bytes received.
    pub bytes: u64,
    /// Calls made.
    pub calls: u64,
    /// Calls left of the quota, if known.
    pub calls_left: Option<u64>,
    /// Calls that wait for the quota.
    pub waiting: u64,
}

impl Progress {
    /// The counters now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            days: self.days.load(Relaxed),
            ended: self.ended.load(Relaxed),
            rows: self.rows.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
            calls: self.calls.load(Relaxed),
            calls_left: self.left.load(Relaxed).checked_sub(1),
            waiting: self.waiting.load(Relaxed),
        }
    }

    pub(crate) fn begins(&self, days: u64) {
        self.days.fetch_add(days, Relaxed);
    }

    pub(crate) fn ends(&self, rows: u64) {
        self.ended.fetch_add(1, Relaxed);
        self.rows.fetch_add(rows, Relaxed);
    }

    pub(crate) fn received(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Relaxed);
    }

    pub(crate) fn called(&self) {
        self.calls.fetch_add(1, Relaxed);
    }

    pub(crate) fn left(&self, calls: u64) {
        self.left.store(calls.saturating_add(1), Relaxed);
    }

    pub(crate) fn waits(&self, waits: bool) {
        if waits {
            self.waiting.fetch_add(1, Relaxed);
        } else {
            self.waiting.fetch_sub(1, Relaxed);
        }
    }
}
