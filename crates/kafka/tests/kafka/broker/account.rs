//! What arrived, held against what was produced.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::Instant,
};

use dfinery::{ImportCode, Operation, Timestamp};
use dfinery_emulator::{Emulator, EventRecord, Fault, Ledger, Verdict};
use rdkafka::consumer::BaseConsumer;

use super::{
    cluster::{Cluster, Places, is_bad, user},
    members::Receipt,
};

pub struct Account<'a> {
    cluster: &'a Cluster,
    emulator: &'a Emulator,
    places: Places,
    /// The number of each message, by partition and offset.
    produced: BTreeMap<i32, BTreeMap<i64, u64>>,
    quota: u32,
    began: Instant,
    group: BaseConsumer,
    dead: BaseConsumer,
    /// How often each bad message is in the dead letter.
    letters: HashMap<u64, usize>,
    offset_checks: usize,
    committed: HashMap<i32, i64>,
}

/// When all members had their share of the quota, in milliseconds since 1970.
#[derive(Default)]
pub struct Calm(Vec<(i64, i64)>);

impl Calm {
    pub fn note(&mut self, from: Instant, to: Instant) {
        let now = (Instant::now(), milliseconds(Timestamp::now()));
        let at = |instant: Instant| now.1 - i64::try_from((now.0 - instant).as_millis()).unwrap();
        if from < to {
            self.0.push((at(from), at(to)));
        }
    }
}

impl<'a> Account<'a> {
    pub fn new(cluster: &'a Cluster, emulator: &'a Emulator, places: Places, quota: u32) -> Self {
        let mut produced: BTreeMap<i32, BTreeMap<i64, u64>> = BTreeMap::new();
        for ((partition, offset), number) in &places {
            produced.entry(*partition).or_default().insert(*offset, *number);
        }
        Self {
            cluster,
            emulator,
            places,
            produced,
            quota,
            began: Instant::now(),
            group: cluster.consumer(),
            dead: cluster.dead_letter(),
            letters: HashMap::new(),
            offset_checks: 0,
            committed: HashMap::new(),
        }
    }

    pub fn seconds(&self) -> u64 {
        self.began.elapsed().as_secs()
    }

    /// Whether every message has arrived at least once.
    pub fn is_complete(&self) -> bool {
        let taken: HashSet<u64> = self.emulator.ledger().events().map(number).collect();
        taken.len() + self.letters.len() == self.places.len()
    }

    /// No committed offset may be beyond a message that is nowhere, at any time, nor go back.
    pub fn check_offsets(&mut self) {
        // First the offsets: what they cover was there before.
        let committed = self.cluster.committed(&self.group);
        let read = Cluster::letters(&self.dead);
        for place in read {
            let number = *self.places.get(&place).expect("a dead letter that nobody produced");
            assert!(is_bad(number), "{number} is good, and in the dead letter");
            *self.letters.entry(number).or_default() += 1;
        }
        let ledger = self.emulator.ledger();
        let mut settled: HashSet<u64> = ledger.events().map(number).collect();
        settled.extend(self.letters.keys());
        for (partition, offset) in &committed {
            for (at, number) in self.produced[partition].range(..offset) {
                assert!(
                    settled.contains(number),
                    "{partition}/{at} is a hole below the committed {offset}"
                );
            }
            let before = self.committed.get(partition).copied().unwrap_or(0);
            assert!(
                *offset >= before,
                "partition {partition} went back from {before} to {offset}"
            );
        }
        self.offset_checks += 1;
        let minute = last_minute(&ledger);
        println!(
            "{:>4} s  {} settled, {} committed, {minute} calls in the last minute",
            self.seconds(),
            settled.len(),
            committed.values().sum::<i64>(),
        );
        self.committed = committed;
    }

    /// Prints the figures, and holds everything against what was produced.
    pub fn close(mut self, receipts: &[Receipt], calm: &Calm) {
        self.check_offsets();
        let ledger = self.emulator.ledger();
        assert_eq!(ledger.over_capacity(), 0);
        let sum = |field: fn(&Receipt) -> u64| receipts.iter().map(field).sum::<u64>();
        println!("{} receipts:", receipts.len());
        for (name, field) in [
            ("read", (|one| one.read) as fn(&Receipt) -> u64),
            ("accepted", |one| one.accepted),
            ("rejected", |one| one.rejected),
            ("invalid", |one| one.invalid),
            ("undelivered, as it was not sent before the end", |one| one.undelivered),
            ("unknown at the end", |one| one.unknown),
            ("possibly twice", |one| one.possibly_twice),
            ("skipped", |one| one.skipped),
            ("late", |one| one.late),
            ("lost partitions", |one| one.lost_partitions),
            ("failed commits", |one| one.failed_commits),
            ("cut bitmaps", |one| one.cut_bitmaps),
            ("unread bitmaps", |one| one.unread_bitmaps),
            ("answers that the quota is spent", |one| one.rate_limited),
        ] {
            println!("    {name}: {}", sum(field));
        }
        self.every_message(&ledger);
        in_order(&ledger);
        let ends = self
            .produced
            .iter()
            .map(|(partition, all)| (*partition, all.keys().last().unwrap() + 1));
        assert_eq!(self.committed, ends.collect(), "not everything is committed");
        println!(
            "offsets: no hole in {} looks, and at the end all are committed",
            self.offset_checks
        );
        self.quota_was_kept_and_used(&ledger, calm);
    }

    fn every_message(&self, ledger: &Ledger) {
        let mut taken: HashMap<u64, Vec<&EventRecord>> = HashMap::new();
        for event in ledger.events() {
            taken.entry(number(event)).or_default().push(event);
        }
        let (mut once, mut lost_answer, mut other) = (0, 0, 0);
        for number in self.places.values() {
            if is_bad(*number) {
                assert!(
                    !taken.contains_key(number) && self.letters.contains_key(number),
                    "{number}"
                );
                continue;
            }
            let Some(times) = taken.get(number) else {
                panic!("{number} is lost");
            };
            let ids: HashSet<_> = times.iter().map(|event| event.event.event_log_id).collect();
            assert_eq!(ids.len(), 1, "{number} was sent under several ids");
            let is_lost = |event: &&EventRecord| met_a_fault(ledger, event);
            match times.len() {
                1 => once += 1,
                _ if times.iter().rev().skip(1).all(is_lost) => lost_answer += 1,
                _ => other += 1,
            }
        }
        let letters_again = self.letters.values().filter(|times| **times > 1).count();
        println!(
            "{once} taken once, {} dead letters, {letters_again} of them again",
            self.letters.len()
        );
        println!(
            "taken again with the same id: {lost_answer} since the answer was lost, {other} since a member was killed or \
             a commit was refused"
        );
    }

    fn quota_was_kept_and_used(&self, ledger: &Ledger, calm: &Calm) {
        let calls = calls(ledger);
        let most = (0..calls.len()).map(|end| end + 1 - calls.partition_point(|at| *at + 60_000 <= calls[end]));
        let most = most.max().unwrap();
        let refused = ledger.requests(Operation::LoadEvents).filter(|request| {
            request.fault == Fault::None && matches!(request.verdict, Some(Verdict::Import(ImportCode::TooManyRequest)))
        });
        let refused = refused.count();
        let spent = |from: i64, to: i64| calls.iter().filter(|at| (from..to).contains(at)).count();
        // In percent of what may be spent in this time.
        let used = |from: i64, to: i64| {
            let allowed = i64::from(self.quota) * (to - from) / 60_000;
            i64::try_from(spent(from, to)).unwrap() * 100 / allowed.max(1)
        };
        let (first, last) = (calls[0], *calls.last().unwrap());
        println!(
            "quota: {} calls in {} s, {most} of {} in the fullest minute, {refused} over it; {} % of it used in all",
            calls.len(),
            (last - first) / 1000,
            self.quota,
            used(first, last),
        );
        assert!(
            most <= self.quota as usize && refused == 0,
            "the members spent more than the quota"
        );
        for (from, to) in &calm.0 {
            // Whole minutes, since a quota is spent as soon as it is there.
            let minutes = ((*to).min(last) - from) / 60_000;
            if minutes <= 0 {
                continue;
            }
            let to = from + minutes * 60_000;
            let used = used(*from, to);
            println!("quota: {used} % used in {minutes} min without a rebalance");
            assert!(used >= 90, "the quota was not used");
        }
    }
}

fn last_minute(ledger: &Ledger) -> usize {
    let since = milliseconds(Timestamp::now()) - 60_000;
    let calls = calls(ledger);
    calls.len() - calls.partition_point(|at| *at < since)
}

/// Whether the answer about an event was lost or wrong.
fn met_a_fault(ledger: &Ledger, event: &EventRecord) -> bool {
    let request = &ledger.all_requests()[usize::try_from(event.request).unwrap()];
    request.fault != Fault::None
}

/// The order of each user, of the first time that each message was taken.
fn in_order(ledger: &Ledger) {
    let (mut seen, mut last) = (HashSet::new(), HashMap::new());
    for number in ledger.events().map(number).filter(|number| seen.insert(*number)) {
        let before = last.insert(user(number), number);
        assert!(before.is_none_or(|before| before < number), "{number} after {before:?}");
    }
    println!("order: kept for {} users", last.len());
}

/// When each call for events came, in milliseconds since 1970.
fn calls(ledger: &Ledger) -> Vec<i64> {
    let requests = ledger.requests(Operation::LoadEvents);
    let mut calls: Vec<_> = requests.map(|request| milliseconds(request.received)).collect();
    calls.sort_unstable();
    calls
}

fn number(event: &EventRecord) -> u64 {
    let start: Timestamp = "2026-11-20T10:00:00Z".parse().unwrap();
    u64::try_from(milliseconds(event.event.event_datetime) - milliseconds(start)).unwrap()
}

fn milliseconds(time: Timestamp) -> i64 {
    time.to_jiff().as_millisecond()
}
