//! The consumer's thread.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use dfinery::Violation;
use dfinery_input::ObjectMapper;
use dfinery_load::{Progress, Record, Stopper};
use rdkafka::{
    Message as _,
    consumer::{BaseConsumer, Consumer as _},
    error::KafkaError,
    message::BorrowedMessage,
};
use tokio::sync::mpsc::UnboundedSender;

use crate::{
    error::is_final,
    member::{Member, PATIENCE},
    message::Message,
    receipt::KafkaStop,
    state::{Next, Shared},
};

/// Polls, and does everything else between two polls.
pub(crate) struct Consuming {
    pub(crate) consumer: BaseConsumer<Member>,
    pub(crate) shared: Arc<Shared>,
    /// Both channels hold no more than what is in flight.
    pub(crate) records: UnboundedSender<Record>,
    pub(crate) unusable: UnboundedSender<(u64, Violation)>,
    pub(crate) loader: Stopper,
    pub(crate) until_caught_up: bool,
    pub(crate) mapper: Option<ObjectMapper>,
    pub(crate) progress: Arc<Progress>,
}

impl Consuming {
    const COMMIT_EVERY: Duration = Duration::from_secs(5);
    const LOOK_EVERY: Duration = Duration::from_secs(30);
    const POLL: Duration = Duration::from_millis(100);

    pub(crate) fn run(mut self) {
        let mut mapper = self.mapper.take();
        let mut is_paused = false;
        let mut commit_at = Instant::now() + Self::COMMIT_EVERY;
        let mut look_at = Instant::now();
        while !self.shared.is_stopping() {
            if self.until_caught_up && self.shared.is_caught_up() {
                self.shared.stop(KafkaStop::CaughtUp);
                break;
            }
            if self.shared.is_full() {
                // Partitions that came meanwhile are not paused yet.
                self.pause();
                is_paused = true;
            } else if is_paused && self.shared.has_room() {
                self.resume();
                is_paused = false;
            }
            self.shared.polls();
            match self.consumer.poll(Self::POLL) {
                Some(Ok(message)) => self.take(&message, mapper.as_mut()),
                Some(Err(error)) => self.failed(&error),
                None => {}
            }
            let now = Instant::now();
            if now >= commit_at {
                // The quota of a partition that came may count by now.
                self.shared.divide_quota();
                self.shared.look_at_service(&self.progress.snapshot());
                self.consumer.context().commit(&self.consumer, None);
                commit_at = now + Self::COMMIT_EVERY;
            }
            if now >= look_at && !self.shared.partitions().is_empty() {
                self.look();
                look_at = now + Self::LOOK_EVERY;
            }
        }
        self.finish();
    }

    /// Ends in order: the calls in flight are finished, what is finished is committed, and the group is left.
    fn finish(self) {
        self.pause();
        self.loader.stop();
        let Self {
            consumer,
            shared,
            records,
            unusable,
            ..
        } = self;
        drop((records, unusable));
        while !shared.has_ended() {
            shared.polls();
            // A message that still comes is not taken, so no commit passes it.
            consumer.poll(Self::POLL);
        }
        // Polling lets a rebalance come to its end.
        let member = consumer.context();
        member.commit_surely(&consumer, None, PATIENCE, |pause| drop(consumer.poll(pause)));
        look(&consumer, &shared);
        shared.close();
    }

    fn take(&self, message: &BorrowedMessage<'_>, mapper: Option<&mut ObjectMapper>) {
        // A broker never gives a negative one.
        let Ok(offset) = u64::try_from(message.offset()) else {
            return;
        };
        let message = Arc::new(Message::new(message, offset));
        let records = message.records(mapper);
        // An error means that the other side has ended; then so does this one, and nothing is lost.
        match (self.shared.take(message, records.as_deref().ok()), records) {
            (Next::Load, Ok(records)) => {
                for record in records {
                    let _ = self.records.send(Record::json(record.json, record.id));
                }
            }
            (Next::Bury(number), Err(violation)) => {
                let _ = self.unusable.send((number, violation));
            }
            _ => {}
        }
    }

    fn failed(&self, error: &KafkaError) {
        if let KafkaError::PartitionEOF(partition) = error {
            self.shared.reached_end(*partition);
            return;
        }
        self.consumer.context().problems.note(error, "");
        if error.rdkafka_error_code().is_some_and(is_final) {
            self.shared.stop(KafkaStop::Kafka(error.to_string()));
        }
    }

    fn look(&self) {
        if let Some(all) = self.consumer.context().count(&self.consumer) {
            self.shared.set_all(all);
            self.shared.divide_quota();
        }
        look(&self.consumer, &self.shared);
    }

    fn pause(&self) {
        if let Ok(partitions) = self.consumer.assignment() {
            let _ = self.consumer.pause(&partitions);
        }
    }

    fn resume(&self) {
        if let Ok(partitions) = self.consumer.assignment() {
            let _ = self.consumer.resume(&partitions);
        }
    }
}

/// Asks where the partitions end.
fn look(consumer: &BaseConsumer<Member>, shared: &Shared) {
    for partition in shared.partitions() {
        match consumer.fetch_watermarks(&consumer.context().topic, partition, PATIENCE) {
            Ok((_, high)) => shared.set_high(partition, u64::try_from(high).unwrap_or(0)),
            Err(_) => return shared.brokers_are_away(true),
        }
    }
}
