//! What became of the messages.

use std::{fmt, sync::Arc};

use dfinery::Error;
use dfinery_load::Stop;
use serde::{Serialize, Serializer};

/// The fates of all messages that were taken, in figures; to read while it runs, and at the end.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct KafkaReceipt {
    /// The topic.
    pub topic: String,
    /// The consumer group.
    pub group: String,
    /// Messages taken, without those that were skipped.
    pub read: u64,
    /// Accepted by the service.
    pub accepted: u64,
    /// Refused by the service, and in the dead letter.
    pub rejected: u64,
    /// No valid record, and in the dead letter.
    pub invalid: u64,
    /// Passed over by the conditions of the mapping.
    pub passed_over: u64,
    /// Certainly not taken by the service: read again by the next owner of the partition.
    pub undelivered: u64,
    /// Sent without a trustworthy answer: sent again, with the same id, by the next owner of the partition.
    pub unknown: u64,
    /// Messages of which the service may have an earlier copy, because an answer was lost.
    pub possibly_twice: u64,
    /// Messages that an earlier owner of the partition had finished already, so that they were skipped.
    pub skipped: u64,
    /// Messages that were settled after their partition had gone to another member, which sends them again.
    pub late: u64,
    /// Messages in the loader now.
    pub in_flight: u64,
    /// Partitions of this member now.
    pub partitions: u32,
    /// Partitions of the topic.
    pub topic_partitions: u32,
    /// Messages of its partitions that are not finished, when last asked for; `None` if that is not known.
    pub lag: Option<u64>,
    /// Messages that are finished beyond the watermarks.
    pub gap: u64,
    /// Times that partitions came or went.
    pub rebalances: u64,
    /// Partitions that went to another member before their messages were settled.
    pub lost_partitions: u64,
    /// Commits that failed.
    pub failed_commits: u64,
    /// Commits without their bitmap, because it was too large.
    pub cut_bitmaps: u64,
    /// Partitions whose committed bitmap could not be read, or was not there since another program had committed, or a broker
    /// keeps none.
    pub unread_bitmaps: u64,
    /// Calls that have ended.
    pub calls: u64,
    /// Requests sent, retries included.
    pub attempts: u64,
    /// Requests refused for the quota.
    pub rate_limited: u64,
    /// What Kafka said last when something failed.
    pub last_problem: Option<String>,
    /// Why it ended.
    pub stopped: Option<KafkaStop>,
}

/// Why a load from Kafka ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum KafkaStop {
    /// It was asked to.
    Interrupted,
    /// It has read everything that was there when it began.
    CaughtUp,
    /// The loader ended of its own accord, such as for a wrong token.
    Loader(Arc<Stop>),
    /// A message could not be delivered. Holds the last failure, if there was one.
    Undelivered(Option<Arc<Error>>),
    /// The dead letter cannot be written.
    DeadLetter(String),
    /// Kafka says no, and a person has to act.
    Kafka(String),
}

impl KafkaReceipt {
    /// Whether each message taken has exactly one fate.
    #[must_use]
    pub fn adds_up(&self) -> bool {
        let fates = self.accepted + self.rejected + self.invalid + self.undelivered + self.unknown;
        self.read == fates + self.passed_over + self.in_flight
    }
}

impl fmt::Display for KafkaStop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interrupted => f.write_str("it was asked to stop"),
            Self::CaughtUp => f.write_str("it has read everything that was there when it began"),
            Self::Loader(stop) => stop.fmt(f),
            Self::Undelivered(Some(error)) => write!(f, "a message could not be delivered: {error}"),
            Self::Undelivered(None) => f.write_str("a message could not be delivered"),
            Self::DeadLetter(problem) => write!(f, "the dead letter cannot be written: {problem}"),
            Self::Kafka(problem) => f.write_str(problem),
        }
    }
}

impl Serialize for KafkaStop {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
