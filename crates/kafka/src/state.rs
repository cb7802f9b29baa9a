//! What the consumer's thread and the settling task share.

use std::{
    collections::HashMap,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use dfinery_load::{Fate, Snapshot, Withdrawer};
use uuid::Uuid;

use crate::{
    dead_letter::Letter,
    in_flight::{Flight, InFlight},
    message::{Message, Record},
    metadata::Metadata,
    offsets::{Offsets, Taken},
    receipt::{KafkaReceipt, KafkaStop},
    share::Share,
    status::{KafkaStatus, Life, NotReady, PartitionStatus},
    verdict::Verdict,
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
    in_flight: InFlight,
    /// Those in flight that were taken before their partition went to another member or back, by the ids of their messages.
    stale: HashMap<Uuid, u64>,
    epochs: u64,
    stop: Option<KafkaStop>,
    /// Whether partitions were assigned at least once.
    joined: bool,
    ended: bool,
    life: Life,
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

/// What is to be committed of a partition.
pub(crate) struct Commit {
    pub(crate) partition: i32,
    pub(crate) watermark: u64,
    pub(crate) metadata: String,
}

/// What becomes of a message that was read.
pub(crate) enum Next {
    /// Its records go into the loader.
    Load,
    /// It goes into the dead letter; this is its number.
    Bury(u64),
    /// Nothing: it is finished, in the loader already, passed over, or of a partition that is not ours.
    Nothing,
}

impl Shared {
    pub(crate) fn new(share: Share, all: u32, topic: &str, group: &str, longest_silence: Duration) -> Self {
        let receipt = KafkaReceipt {
            topic: topic.to_owned(),
            group: group.to_owned(),
            ..KafkaReceipt::default()
        };
        Self {
            state: Mutex::new(State {
                partitions: HashMap::new(),
                all,
                in_flight: InFlight::default(),
                stale: HashMap::new(),
                epochs: 0,
                stop: None,
                joined: false,
                ended: false,
                life: Life::new(longest_silence),
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

    /// Takes the records of these partitions back that were not sent yet, and waits until nothing of them is in flight.
    pub(crate) fn drain(&self, partitions: &[i32], longest: Duration, loader: &Withdrawer) {
        let positions = self.state().in_flight.withdraw(partitions);
        loader.withdraw(positions);
        self.wait_for(partitions, longest);
    }

    /// Whether a record was taken back from the loader.
    pub(crate) fn is_withdrawn(&self, position: u64) -> bool {
        self.state().in_flight.is_withdrawn(position)
    }

    /// Waits until nothing of these partitions is in flight.
    fn wait_for(&self, partitions: &[i32], longest: Duration) {
        let deadline = Instant::now() + longest;
        let mut state = self.state();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || !state.in_flight.has_any_of(partitions) {
                return;
            }
            let waited = self.settled.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Takes a message that becomes these records; `None` if it becomes none because something is wrong with it.
    pub(crate) fn take(&self, message: Arc<Message>, records: Option<&[Record]>) -> Next {
        let mut guard = self.state();
        let state = &mut *guard;
        state.life.brokers_are_away = false;
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
        if let Some(earlier) = earlier.and_then(|number| state.in_flight.get_mut(number)) {
            earlier.epoch = epoch;
            return Next::Nothing;
        }
        state.receipt.read += 1;
        let bytes = message.bytes() + records.unwrap_or_default().iter().map(Record::bytes).sum::<usize>();
        match records {
            Some([]) => {
                state.receipt.passed_over += 1;
                if let Some(partition) = state.partitions.get_mut(&message.partition) {
                    partition.offsets.finish(message.offset);
                }
                Next::Nothing
            }
            Some(records) => {
                state.in_flight.add(message, epoch, records.len(), bytes);
                Next::Load
            }
            None => Next::Bury(state.in_flight.add(message, epoch, 0, bytes)),
        }
    }

    /// A record of a message has its fate. Returns the message if that was the last one and it goes into the dead letter
    /// before it is settled; otherwise settles it.
    pub(crate) fn settle_record(&self, position: u64, verdict: Verdict) -> Option<Letter> {
        let mut state = self.state();
        let (number, one) = state.in_flight.settle(position, verdict)?;
        let verdict = one.verdict.take()?;
        if verdict.is_for_dead_letter() {
            let message = Arc::clone(&one.message);
            return Some(Letter {
                number,
                message,
                verdict,
            });
        }
        drop(state);
        self.settle(number, verdict.fate, verdict.possibly_twice);
        None
    }

    /// A message has its fate. If that is one of those that finish it, the dead letter has it by now.
    pub(crate) fn settle(&self, number: u64, fate: Fate, possibly_twice: bool) {
        let mut state = self.state();
        let Some(Flight { message, epoch, .. }) = state.in_flight.remove(number) else {
            return;
        };
        state.stale.remove(&message.id);
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
        let left: Vec<_> = self.state().in_flight.iter().map(|(number, _)| number).collect();
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
        self.state().in_flight.is_full()
    }

    pub(crate) fn has_room(&self) -> bool {
        self.state().in_flight.has_room()
    }

    pub(crate) fn reached_end(&self, partition: i32) {
        let mut state = self.state();
        state.life.brokers_are_away = false;
        if let Some(partition) = state.partitions.get_mut(&partition) {
            partition.at_end = true;
        }
    }

    /// Whether everything up to the ends that were set was read and is settled.
    pub(crate) fn is_caught_up(&self) -> bool {
        let state = self.state();
        let is_read = |one: &Partition| one.at_end || one.until.is_some_and(|until| one.offsets.next() >= Some(until));
        state.joined && state.in_flight.len() == 0 && state.partitions.values().all(is_read)
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
        let mut state = self.state();
        state.life.brokers_are_away = false;
        if let Some(partition) = state.partitions.get_mut(&partition) {
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

    pub(crate) fn polls(&self) {
        self.state().life.polls();
    }

    pub(crate) fn brokers_are_away(&self, are_away: bool) {
        self.state().life.brokers_are_away = are_away;
    }

    pub(crate) fn look_at_service(&self, calls: &Snapshot) {
        self.state().life.look_at_service(calls);
    }

    /// How the load is doing, without the figures of calls.
    pub(crate) fn status(&self) -> KafkaStatus {
        let receipt = self.receipt();
        let state = self.state();
        let mut partitions: Vec<_> = state.partitions.iter().collect();
        partitions.sort_unstable_by_key(|(number, _)| **number);
        KafkaStatus {
            receipt,
            is_live: !state.ended && state.life.is_live(),
            not_ready: match (state.stop.is_some(), state.joined) {
                (true, _) => Some(NotReady::Ending),
                (false, false) => Some(NotReady::Joining),
                (false, true) => state.life.problem(),
            },
            quota_share: self.share.part(),
            partitions: partitions
                .into_iter()
                .map(|(number, one)| PartitionStatus {
                    partition: *number,
                    watermark: one.offsets.watermark(),
                    gap: one.offsets.gap(),
                    lag: one.lag(),
                })
                .collect(),
        }
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
        KafkaReceipt {
            in_flight: state.in_flight.len() as u64,
            partitions: u32::try_from(state.partitions.len()).unwrap_or(u32::MAX),
            topic_partitions: state.all,
            lag: state.partitions.values().map(Partition::lag).sum(),
            gap: state.partitions.values().map(|one| one.offsets.gap()).sum(),
            stopped: state.stop.clone(),
            ..state.receipt.clone()
        }
    }
}

impl Partition {
    /// Messages that are not finished.
    fn lag(&self) -> Option<u64> {
        Some(self.high?.saturating_sub(self.offsets.watermark().unwrap_or(0)))
    }
}

impl State {
    /// What is in flight of this partition may come again. Returns whether there is any.
    fn make_stale(&mut self, partition: i32) -> bool {
        let mut is_open = false;
        for (number, one) in self.in_flight.iter() {
            if one.message.partition == partition {
                self.stale.insert(one.message.id, number);
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
mod tests;
