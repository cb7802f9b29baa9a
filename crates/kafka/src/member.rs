//! The member's part in a rebalance.

use std::{
    collections::HashMap,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use dfinery_load::Withdrawer;
use rdkafka::{
    ClientContext, Offset, TopicPartitionList,
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, CommitMode, Consumer as _, ConsumerContext, Rebalance},
    error::KafkaError,
    topic_partition_list::TopicPartitionListElem,
    types::RDKafkaErrorCode,
};

use crate::{client::Problems, metadata::Metadata, offsets::Offsets, state::Shared};

pub(crate) struct Member {
    pub(crate) topic: String,
    pub(crate) shared: Arc<Shared>,
    pub(crate) problems: Problems,
    pub(crate) longest_drain: Duration,
    pub(crate) loader: Withdrawer,
    /// Where each partition ended at the start, if that is how far to read.
    pub(crate) until: HashMap<i32, u64>,
}

/// How long to wait for an answer of a broker that is not needed to go on.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

impl ClientContext for Member {
    fn log(&self, _: RDKafkaLogLevel, _: &str, _: &str) {}

    fn error(&self, error: KafkaError, reason: &str) {
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::AllBrokersDown) {
            self.shared.brokers_are_away(true);
        }
        self.problems.note(&error, reason);
    }
}

impl ConsumerContext for Member {
    /// Runs on the consumer's thread, within its poll: meanwhile nothing is taken.
    fn pre_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Assign(partitions) => self.assigned(consumer, &numbers(partitions)),
            Rebalance::Revoke(partitions) => {
                let partitions = numbers(partitions);
                // Others may have taken messages of lost partitions already, so there is nothing to wait for or to commit.
                if !consumer.assignment_lost() {
                    self.shared.drain(&partitions, self.longest_drain, &self.loader);
                    self.commit_surely(consumer, Some(&partitions), Duration::from_secs(1), thread::sleep);
                }
                self.shared.revoked(&partitions);
                self.shared.divide_quota();
            }
            Rebalance::Error(error) => self.problems.note(error, ""),
        }
    }
}

impl Member {
    /// When someone may have spent quota, if nothing says when: later than any clock, and far from the end of the numbers.
    const JUST_NOW: u64 = u64::MAX / 2;

    fn assigned(&self, consumer: &BaseConsumer<Self>, partitions: &[i32]) {
        if let Some(all) = self.count(consumer) {
            self.shared.set_all(all);
        }
        let (committed, spent_at) = self.committed(consumer, partitions);
        if committed.is_none() {
            self.shared.bitmaps_unread(partitions.len() as u64);
        }
        let mut committed = committed.unwrap_or_default();
        let partitions = partitions
            .iter()
            .map(|number| (*number, committed.remove(number).unwrap_or_default()));
        self.shared.assigned(partitions, &self.until, spent_at);
        self.shared.divide_quota();
    }

    /// How many partitions the topic has.
    pub(crate) fn count(&self, consumer: &BaseConsumer<Self>) -> Option<u32> {
        let metadata = consumer.fetch_metadata(Some(&self.topic), PATIENCE).ok()?;
        let partitions = metadata.topics().first()?.partitions().len();
        u32::try_from(partitions).ok().filter(|count| *count > 0)
    }

    /// What is committed of these partitions, and when the group last committed anything.
    fn committed(
        &self,
        consumer: &BaseConsumer<Self>,
        partitions: &[i32],
    ) -> (Option<HashMap<i32, Offsets>>, Option<u64>) {
        let all = self.shared.all();
        let ours = self.shared.partitions();
        let mut asked = TopicPartitionList::new();
        for number in (0..i32::try_from(all).unwrap_or(i32::MAX)).filter(|number| !ours.contains(number)) {
            asked.add_partition(&self.topic, number);
        }
        let answered = match consumer.committed_offsets(asked, PATIENCE) {
            Ok(answered) => answered,
            Err(error) => {
                self.problems.note(&error, "");
                return (None, Some(Self::JUST_NOW));
            }
        };
        let (mut offsets, mut spent_at) = (HashMap::new(), None);
        for element in answered.elements() {
            let Offset::Offset(watermark) = element.offset() else {
                continue;
            };
            let Ok(watermark) = u64::try_from(watermark) else {
                continue;
            };
            let metadata = Metadata::read(element.metadata());
            // Without our metadata nothing says when, and some brokers do not keep it.
            let committed_at = metadata
                .as_ref()
                .map_or(Self::JUST_NOW, |metadata| metadata.committed_at);
            spent_at = spent_at.max(Some(committed_at));
            if partitions.contains(&element.partition()) {
                self.shared.bitmaps_unread(u64::from(metadata.is_none()));
                let beyond = metadata.map(|metadata| metadata.beyond).unwrap_or_default();
                offsets.insert(element.partition(), Offsets::resume(watermark, &beyond));
            }
        }
        (Some(offsets), spent_at)
    }

    /// Commits and waits for it, and tries again for a while if that fails: a group takes no commits while it rebalances.
    pub(crate) fn commit_surely(
        &self,
        consumer: &BaseConsumer<Self>,
        only: Option<&[i32]>,
        longest: Duration,
        pause: impl Fn(Duration),
    ) {
        let deadline = Instant::now() + longest;
        while !self.commit(consumer, only) && Instant::now() < deadline {
            pause(Duration::from_millis(100));
        }
    }

    /// Commits what has changed, of these partitions or of all, and waits for it: of a commit without waiting, nothing says
    /// whether it failed. Returns false if it did.
    pub(crate) fn commit(&self, consumer: &BaseConsumer<Self>, only: Option<&[i32]>) -> bool {
        let commits = self.shared.to_commit(only);
        if commits.is_empty() {
            return true;
        }
        let mut offsets = TopicPartitionList::new();
        for commit in &commits {
            let mut element = offsets.add_partition(&self.topic, commit.partition);
            let offset = i64::try_from(commit.watermark).unwrap_or(i64::MAX);
            // Only a negative offset is refused.
            let _ = element.set_offset(Offset::Offset(offset));
            element.set_metadata(&commit.metadata);
        }
        let Err(error) = consumer.commit(&offsets, CommitMode::Sync) else {
            self.shared.brokers_are_away(false);
            return true;
        };
        self.problems.note(&error, "");
        self.shared.commit_failed(&numbers(&offsets));
        false
    }
}

fn numbers(partitions: &TopicPartitionList) -> Vec<i32> {
    partitions
        .elements()
        .iter()
        .map(TopicPartitionListElem::partition)
        .collect()
}
