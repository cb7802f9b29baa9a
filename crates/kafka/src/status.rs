//! How a load is doing, for probes and metrics.

use std::{
    fmt,
    time::{Duration, Instant},
};

use dfinery_load::Snapshot;

use crate::receipt::KafkaReceipt;

/// How a load is doing now.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct KafkaStatus {
    /// The figures so far.
    pub receipt: KafkaReceipt,
    /// Whether it has polled within `max.poll.interval.ms`, after which the group takes a member for dead.
    pub is_live: bool,
    /// Why it cannot work at present; `None` if it can.
    pub not_ready: Option<NotReady>,
    /// The part of the quota that it may spend now, from 0 to 1.
    pub quota_share: f64,
    /// Its partitions, by number.
    pub partitions: Vec<PartitionStatus>,
}

/// Why a load cannot work at present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotReady {
    /// It is not a member of the group yet.
    Joining,
    /// It is ending, or has ended.
    Ending,
    /// No broker answers.
    Brokers,
    /// The last requests to the service have all failed.
    Service,
}

/// One partition of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PartitionStatus {
    /// Its number.
    pub partition: i32,
    /// The offset before which everything is finished; `None` if no message was read yet.
    pub watermark: Option<u64>,
    /// Messages that are finished beyond it.
    pub gap: u64,
    /// Messages that are not finished, when last asked for; `None` if that is not known.
    pub lag: Option<u64>,
}

impl fmt::Display for NotReady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Joining => "it is not a member of the group yet",
            Self::Ending => "it is ending",
            Self::Brokers => "no broker answers",
            Self::Service => "the last requests to the service have all failed",
        })
    }
}

/// What shows whether the load works.
pub(crate) struct Life {
    polled: Instant,
    /// How long it may go without polling.
    longest_silence: Duration,
    pub(crate) brokers_are_away: bool,
    service: Service,
}

/// Whether the service takes anything, from counters that are looked at now and then.
#[derive(Default)]
struct Service {
    succeeded: u64,
    /// How many requests had failed when one last succeeded.
    failed: u64,
    is_failing: bool,
}

impl Life {
    pub(crate) fn new(longest_silence: Duration) -> Self {
        Self {
            polled: Instant::now(),
            longest_silence,
            brokers_are_away: false,
            service: Service::default(),
        }
    }

    pub(crate) fn polls(&mut self) {
        self.polled = Instant::now();
    }

    pub(crate) fn is_live(&self) -> bool {
        self.polled.elapsed() < self.longest_silence
    }

    pub(crate) fn look_at_service(&mut self, calls: &Snapshot) {
        self.service.look(calls);
    }

    /// Why it cannot work, if the brokers or the service are the reason.
    pub(crate) fn problem(&self) -> Option<NotReady> {
        let brokers = self.brokers_are_away.then_some(NotReady::Brokers);
        brokers.or(self.service.is_failing.then_some(NotReady::Service))
    }
}

impl Service {
    /// As many failures in a row are no accident.
    const MOST: u64 = 5;

    fn look(&mut self, calls: &Snapshot) {
        let ended = calls.attempts.saturating_sub(calls.under_way);
        let succeeded = ended.saturating_sub(calls.failed_attempts);
        // A spent quota is no failure of the service.
        let failed = calls.failed_attempts.saturating_sub(calls.rate_limited);
        if succeeded > self.succeeded {
            (self.succeeded, self.failed) = (succeeded, failed);
        }
        self.is_failing = failed.saturating_sub(self.failed) >= Self::MOST;
    }
}
