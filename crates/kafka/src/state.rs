//! What the consumer's thread and the settling task share.

use std::{
    collections::HashMap,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use dfinery_load::Fate;
use uuid::Uuid;

use crate::{
    message::Message,
    metadata::Metadata,
    offsets::{Offsets, Taken},
    receipt::{KafkaReceipt, KafkaStop},
    share::Share,
};

pub(crate) struct Shared {
    state: Mutex<State>,
    /// Something was settled.
    settled: Condvar,
    share: Share,
}

struct State {
    partitions: HashMap<i32, Partition>,
    /// Partitions of the topic.
    all: u32,
    /// Each message in the loader, by its position there; those that never go there count down from the top.
    in_flight: HashMap<u64, InFlight>,
    /// Those of them that were taken before their partition went to another member or back, by the ids of their messages.
    stale: HashMap<Uuid, u64>,
    bytes: usize,
    next: u64,
    next_unreadable: u64,
    epochs: u64,
    stop: Option<KafkaStop>,
    /// Whether partitions were assigned at least once.
    joined: bool,
    ended: bool,
    receipt: KafkaReceipt,
    /// How it was before the group was left.
    last: Option<KafkaReceipt>,
}

struct Partition {
    /// Tells this time that the partition is ours from earlier ones.
    epoch: u64,
    offsets: Offsets,
    /// When its part of the quota becomes ours.
    counts_from: Instant,
    /// Whether there is something new to commit.
    changed: bool,
    /// Whether all of it was read at some time after it was assigned.
    at_end: bool,
    /// The offset to read up to.
    until: Option<u64>,
    /// The offset after the last message of the partition, when last asked for.
    high: Option<u64>,
}

struct InFlight {
    message: Arc<Message>,
    epoch: u64,
}

/// What is to be committed of a partition.
pub(crate) struct Commit {
    pub(crate) partition: i32,
    pub(crate) watermark: u64,
    pub(crate) metadata: String,
}

/// What becomes of a message that was read.
pub(crate) enum Next {
    /// It goes into the loader.
    Load(Arc<Message>),
    /// It is no text; this is its number.
    Unreadable(u64),
    /// Nothing: it is finished, in the loader already, or of a partition that is not ours.
    Nothing,
}

impl Shared {
    /// The loader itself holds 10,000 records at most.
    const MOST: usize = 8_000;
    const MOST_BYTES: usize = 64 << 20;

    pub(crate) fn new(share: Share, all: u32, topic: &str, group: &str) -> Self {
        let receipt = KafkaReceipt {
            topic: topic.to_owned(),
            group: group.to_owned(),
            ..KafkaReceipt::default()
        };
        Self {
            state: Mutex::new(State {
                partitions: HashMap::new(),
                all,
                in_flight: HashMap::new(),
                stale: HashMap::new(),
                bytes: 0,
                next: 0,
                next_unreadable: u64::MAX,
                epochs: 0,
                stop: None,
                joined: false,
                ended: false,
                receipt,
                last: None,
            }),
            settled: Condvar::new(),
            share,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Partitions were assigned, with what was committed of them. If anyone in the group has spent quota within a period,
    /// it may have been that of these partitions, so they add nothing to ours until a period has passed.
    pub(crate) fn assigned(
        &self,
        partitions: impl IntoIterator<Item = (i32, Offsets)>,
        until: &HashMap<i32, u64>,
        spent_at: Option<u64>,
    ) {
        /// Commits are this far apart, and clocks may differ by as much.
        const SLACK: u64 = 10;
        let period = self.share.period;
        let is_spent = spent_at.is_some_and(|at| at + period.as_secs() + SLACK >= seconds());
        let counts_from = Instant::now() + if is_spent { period } else { Duration::ZERO };
        let mut state = self.state();
        state.joined = true;
        state.receipt.rebalances += 1;
        for (number, offsets) in partitions {
            let epoch = state.next_epoch();
            let partition = Partition {
                epoch,
                offsets,
                counts_from,
                changed: true,
                at_end: false,
                until: until.get(&number).copied(),
                high: None,
            };
            state.partitions.insert(number, partition);
        }
    }

    /// Partitions belong to another member from now on: what is settled of them later is not committed.
    pub(crate) fn revoked(&self, partitions: &[i32]) {
        let mut state = self.state();
        state.receipt.rebalances += 1;
        for number in partitions {
            let was_ours = state.partitions.remove(number).is_some();
            let is_open = state.make_stale(*number);
            state.receipt.lost_partitions += u64::from(was_ours && is_open);
        }
    }

    /// Waits until nothing of these partitions is in flight.
    pub(crate) fn drain(&self, partitions: &[i32], longest: Duration) {
        let deadline = Instant::now() + longest;
        let mut state = self.state();
        loop {
            let mut in_flight = state.in_flight.values();
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || !in_flight.any(|one| partitions.contains(&one.message.partition)) {
                return;
            }
            let waited = self.settled.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    pub(crate) fn take(&self, message: Message, is_text: bool) -> Next {
        let mut guard = self.state();
        let state = &mut *guard;
        let Some(partition) = state.partitions.get_mut(&message.partition) else {
            return Next::Nothing;
        };
        partition.at_end = false;
        partition.changed = true;
        let taken = partition.offsets.take(message.offset);
        if taken == Taken::WentBack {
            state.epochs += 1;
            partition.epoch = state.epochs;
        }
        let epoch = partition.epoch;
        match taken {
            Taken::New => {}
            Taken::Finished => {
                state.receipt.skipped += 1;
                return Next::Nothing;
            }
            Taken::WentBack => _ = state.make_stale(message.partition),
        }
        let earlier = state.stale.remove(&message.id);
        if let Some(earlier) = earlier.and_then(|number| state.in_flight.get_mut(&number)) {
            earlier.epoch = epoch;
            return Next::Nothing;
        }
        state.receipt.read += 1;
        state.bytes += message.bytes();
        let message = Arc::new(message);
        let number = if is_text { state.next } else { state.next_unreadable };
        let one = InFlight {
            message: Arc::clone(&message),
            epoch,
        };
        state.in_flight.insert(number, one);
        if is_text {
            state.next += 1;
            Next::Load(message)
        } else {
            state.next_unreadable -= 1;
            Next::Unreadable(number)
        }
    }

    pub(crate) fn message(&self, number: u64) -> Option<Arc<Message>> {
        self.state().in_flight.get(&number).map(|one| Arc::clone(&one.message))
    }

    /// A message has its fate. If that is one of those that finish it, the dead letter has it by now.
    pub(crate) fn settle(&self, number: u64, fate: Fate, possibly_twice: bool) {
        let mut state = self.state();
        let Some(InFlight { message, epoch }) = state.in_flight.remove(&number) else {
            return;
        };
        state.stale.remove(&message.id);
        state.bytes = state.bytes.saturating_sub(message.bytes());
        state.receipt.possibly_twice += u64::from(possibly_twice);
        let receipt = &mut state.receipt;
        let count = match fate {
            Fate::Accepted => &mut receipt.accepted,
            Fate::Rejected => &mut receipt.rejected,
            Fate::Invalid => &mut receipt.invalid,
            Fate::Undelivered => &mut receipt.undelivered,
            Fate::Unknown => &mut receipt.unknown,
        };
        *count += 1;
        if !matches!(fate, Fate::Undelivered | Fate::Unknown) {
            match state.partitions.get_mut(&message.partition) {
                Some(partition) if partition.epoch == epoch => {
                    partition.offsets.finish(message.offset);
                    partition.changed = true;
                }
                _ => state.receipt.late += 1,
            }
        }
        drop(state);
        self.settled.notify_all();
    }

    /// Nothing more will be settled: what is left was not delivered.
    pub(crate) fn end(&self) {
        let left: Vec<_> = self.state().in_flight.keys().copied().collect();
        for number in left {
            self.settle(number, Fate::Undelivered, false);
        }
        self.state().ended = true;
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.state().ended
    }

    /// Asks it to end. The first reason counts, but if the loader ends of its own accord, that is why messages were not
    /// delivered before.
    pub(crate) fn stop(&self, why: KafkaStop) {
        let mut state = self.state();
        if matches!(
            (&state.stop, &why),
            (None, _) | (Some(KafkaStop::Undelivered(_)), KafkaStop::Loader(_))
        ) {
            state.stop = Some(why);
        }
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.state().stop.is_some()
    }

    pub(crate) fn is_full(&self) -> bool {
        let state = self.state();
        state.in_flight.len() >= Self::MOST || state.bytes >= Self::MOST_BYTES
    }

    pub(crate) fn has_room(&self) -> bool {
        let state = self.state();
        state.in_flight.len() <= Self::MOST / 2 && state.bytes <= Self::MOST_BYTES / 2
    }

    pub(crate) fn reached_end(&self, partition: i32) {
        if let Some(partition) = self.state().partitions.get_mut(&partition) {
            partition.at_end = true;
        }
    }

    /// Whether everything up to the ends that were set was read and is settled.
    pub(crate) fn is_caught_up(&self) -> bool {
        let state = self.state();
        let is_read = |one: &Partition| one.at_end || one.until.is_some_and(|until| one.offsets.next() >= Some(until));
        state.joined && state.in_flight.is_empty() && state.partitions.values().all(is_read)
    }

    /// What has changed since it was last committed, of these partitions or of all.
    pub(crate) fn to_commit(&self, only: Option<&[i32]>) -> Vec<Commit> {
        let mut guard = self.state();
        let state = &mut *guard;
        let mut commits = Vec::new();
        for (number, partition) in &mut state.partitions {
            let is_asked = only.is_none_or(|only| only.contains(number));
            let Some(watermark) = partition.offsets.watermark().filter(|_| is_asked && partition.changed) else {
                continue;
            };
            // While messages are open, calls are made, and the time of the commit tells others so.
            partition.changed = partition.offsets.next() != Some(watermark);
            let (metadata, is_cut) = Metadata::new(seconds(), partition.offsets.beyond()).write();
            state.receipt.cut_bitmaps += u64::from(is_cut);
            commits.push(Commit {
                partition: *number,
                watermark,
                metadata,
            });
        }
        commits
    }

    /// What was to be committed of these partitions has to be committed again.
    pub(crate) fn commit_failed(&self, partitions: &[i32]) {
        let mut state = self.state();
        state.receipt.failed_commits += 1;
        for number in partitions {
            if let Some(partition) = state.partitions.get_mut(number) {
                partition.changed = true;
            }
        }
    }

    pub(crate) fn bitmaps_unread(&self, partitions: u64) {
        self.state().receipt.unread_bitmaps += partitions;
    }

    /// How many partitions the topic has.
    pub(crate) fn all(&self) -> u32 {
        self.state().all
    }

    pub(crate) fn set_all(&self, partitions: u32) {
        self.state().all = partitions;
    }

    pub(crate) fn set_high(&self, partition: i32, high: u64) {
        if let Some(partition) = self.state().partitions.get_mut(&partition) {
            partition.high = Some(high);
        }
    }

    pub(crate) fn partitions(&self) -> Vec<i32> {
        self.state().partitions.keys().copied().collect()
    }

    /// Sets our share of the quota to what the partitions are that count by now.
    pub(crate) fn divide_quota(&self) {
        let state = self.state();
        let now = Instant::now();
        let counting = state.partitions.values().filter(|one| one.counts_from <= now).count();
        self.share.set(u32::try_from(counting).unwrap_or(u32::MAX), state.all);
    }

    /// The receipt stays as it is now: the partitions are about to go.
    pub(crate) fn close(&self) {
        let receipt = self.receipt();
        self.state().last = Some(receipt);
    }

    pub(crate) fn receipt(&self) -> KafkaReceipt {
        let state = self.state();
        if let Some(last) = &state.last {
            return last.clone();
        }
        let lag = |one: &Partition| Some(one.high?.saturating_sub(one.offsets.watermark().unwrap_or(0)));
        KafkaReceipt {
            in_flight: state.in_flight.len() as u64,
            partitions: u32::try_from(state.partitions.len()).unwrap_or(u32::MAX),
            topic_partitions: state.all,
            lag: state.partitions.values().map(lag).sum(),
            gap: state.partitions.values().map(|one| one.offsets.gap()).sum(),
            stopped: state.stop.clone(),
            ..state.receipt.clone()
        }
    }
}

impl State {
    /// What is in flight of this partition may come again. Returns whether there is any.
    fn make_stale(&mut self, partition: i32) -> bool {
        let mut is_open = false;
        for (number, one) in &self.in_flight {
            if one.message.partition == partition {
                self.stale.insert(one.message.id, *number);
                is_open = true;
            }
        }
        is_open
    }

    fn next_epoch(&mut self) -> u64 {
        self.epochs += 1;
        self.epochs
    }
}

/// Now, in seconds since 1970.
fn seconds() -> u64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |time| time.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{message::Value, share::tests::client};

    fn shared() -> Shared {
        let shared = Shared::new(Share::new(&client()), 1, "events", "dfinery");
        assign(&shared);
        shared
    }

    fn assign(shared: &Shared) {
        shared.assigned([(0, Offsets::default())], &HashMap::new(), None);
    }

    /// Whether a message goes into the loader.
    fn take(shared: &Shared, offset: u64) -> bool {
        let message = Message {
            partition: 0,
            offset,
            id: Uuid::from_u128(offset.into()),
            key: None,
            value: Value::Text("{}".into()),
            timestamp: None,
            headers: None,
        };
        matches!(shared.take(message, true), Next::Load(_))
    }

    /// What is committed once both messages in flight are accepted, and how many were late.
    fn settled(shared: &Shared) -> (Option<u64>, u64) {
        for number in [0, 1] {
            shared.settle(number, Fate::Accepted, false);
        }
        let commit = shared.to_commit(None).pop();
        (commit.map(|commit| commit.watermark), shared.receipt().late)
    }

    #[test]
    fn a_message_still_in_the_loader_when_its_partition_comes_back_is_not_loaded_twice() {
        let shared = shared();
        assert!(take(&shared, 0) && take(&shared, 1));
        for _ in 0..2 {
            shared.revoked(&[0]);
            assign(&shared);
            assert!(!take(&shared, 0));
        }
        // It was not read again, so it is for the next owner to send.
        assert_eq!(settled(&shared), (Some(1), 1));
        assert!(take(&shared, 1));
    }

    #[test]
    fn a_message_still_in_the_loader_when_its_partition_goes_back_is_not_loaded_twice() {
        let shared = shared();
        assert!(take(&shared, 0) && take(&shared, 1));
        assert!(!take(&shared, 0) && !take(&shared, 1));
        assert_eq!(settled(&shared), (Some(2), 0));
    }
}
