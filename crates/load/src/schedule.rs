//! Decides which call to make next: one per user at a time, as many per family as it can take, and none once the load
//! is ending.
//!
//! # States of a call
//!
//! ```text
//! channel ─► ready (of its family) ─► running (a task) ─► settled
//!    │         ▲                         │
//!    └► busy (of its lane) ◄─────────────┘ divided: the halves wait in front
//! ```
//!
//! A lane is in `busy` from when its first call is taken in until its last call is settled. The first call of a lane is
//! *ready*; later calls wait in `busy`, and when a call of the lane ends, the next one becomes ready ahead of the calls
//! of other lanes. `start` turns ready calls into tasks while their family has room, and notes all of them in the
//! accounts with one flush before the first is sent.
//!
//! # States of a load
//!
//! `run` works until the input has ended and nothing is left to do, or until there is a reason to stop. `drain` then
//! waits for the calls in flight; calls that were handed over but never sent are settled as open. `close` does the same
//! with the calls still in the packer, and returns the reason.
//!
//! # Locks
//!
//! The scheduler is one task and owns its queues. It takes two locks, never both at once and neither across an await:
//! that of the accounts, inside [`Accounts`], and that of the packer. Calls leave the packer under its lock, so that
//! the calls of a user keep their order. Where locks nest, the order is: accounts of files before the delta file, and
//! the `calls` of a stream before the packer.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, atomic::Ordering::Relaxed},
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, mpsc},
    task::JoinSet,
    time::Instant,
};

use crate::lock::lock;
use crate::{
    accounts::Accounts,
    deliver::{Delivered, Ending, Sending, is_failure},
    outcome::{Outcome, Stop},
    pack::{Batch, Packer},
    record::Fate,
};
use dfinery::{Delivery, Error, Family};

/// A call waiting for its turn.
pub(crate) struct Waiting {
    pub(crate) batch: Batch,
    /// Its share of the memory for calls, freed once this and all halves of the call are dropped.
    pub(crate) memory: Option<Arc<OwnedSemaphorePermit>>,
}

/// How calls are made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// Whether a refused call is divided until the bad records are found.
    pub(crate) bisect: bool,
    /// How long records may wait for others of their user while nothing else is ready; `None` means until the input
    /// ends.
    pub(crate) linger: Option<Duration>,
}

pub(crate) struct Scheduler<A> {
    sending: Arc<Sending>,
    packer: Arc<Mutex<Packer>>,
    accounts: Arc<A>,
    rules: Rules,
    ready: HashMap<Family, VecDeque<Waiting>>,
    /// Lanes with a call in flight, and the calls that wait for it.
    busy: HashMap<u64, VecDeque<Waiting>, foldhash::fast::FixedState>,
    running: JoinSet<(Delivered, Option<Arc<OwnedSemaphorePermit>>)>,
    stop: Option<Stop>,
}

impl<A: Accounts> Scheduler<A> {
    /// Stop taking calls once this many are ready.
    const READY: usize = 4_096;
    /// Start no more calls once this many have not ended: each is a task, even while it rests.
    const STARTED: usize = 4_096;
    /// Stop taking calls once each family has this many ready: the fewer calls wait, the more of their bytes are still
    /// in the processor's cache.
    const ENOUGH: usize = 64;
    /// The most calls to take at once. Waking the reading thread for each one would cost more than the call.
    const AT_ONCE: usize = 64;

    pub(crate) fn new(sending: Arc<Sending>, packer: Arc<Mutex<Packer>>, accounts: Arc<A>, rules: Rules) -> Self {
        Self {
            sending,
            packer,
            accounts,
            rules,
            ready: HashMap::new(),
            busy: HashMap::default(),
            running: JoinSet::new(),
            stop: None,
        }
    }

    /// Makes all calls that come in, until no more come or the load is ending. If dropped before, it aborts the calls
    /// in flight, and their records get no fate.
    pub(crate) async fn run(mut self, mut calls: mpsc::Receiver<Waiting>) -> Self {
        let mut stopping = self.sending.stop.subscribe();
        let mut open = true;
        let mut next_tick = self.next_tick();
        let mut incoming = Vec::new();
        while self.stop.is_none() {
            if *stopping.borrow() {
                self.stop = Some(Stop::Interrupted);
                break;
            }
            self.start();
            let ready: usize = self.ready.values().map(VecDeque::len).sum();
            self.sending.more_to_come.store(open || ready > 0, Relaxed);
            if !open && ready == 0 && self.running.is_empty() {
                break;
            }
            // A family with a spent quota does not hold up the others.
            let all_have_enough = ready > 0 && self.ready.values().all(|calls| calls.len() >= Self::ENOUGH);
            let room = open && ready < Self::READY && !all_have_enough;
            tokio::select! {
                Some(done) = self.running.join_next() => {
                    self.finished(done);
                    while let Some(done) = self.running.try_join_next() {
                        self.finished(done);
                    }
                }
                taken = calls.recv_many(&mut incoming, Self::AT_ONCE), if room => {
                    open = taken > 0;
                    incoming.drain(..).for_each(|call| self.enqueue(call));
                }
                () = self.sending.rested.notified() => {}
                Some(()) = sleep_until(next_tick), if open && ready == 0 => {
                    self.take_lingering(&mut calls);
                    next_tick = self.next_tick();
                }
                _ = stopping.wait_for(|stop| *stop) => {}
            }
        }
        self.drain(calls).await;
        self
    }

    /// Settles calls that were packed but never handed over, and returns why the load ended early.
    pub(crate) fn close(mut self, left: impl IntoIterator<Item = Batch>) -> Option<Stop> {
        for batch in left {
            self.leave(&batch, None);
        }
        self.stop
    }

    /// Waits for the calls in flight, and settles those taken in but never sent.
    async fn drain(&mut self, mut calls: mpsc::Receiver<Waiting>) {
        self.sending.stop.send_replace(true);
        calls.close();
        self.flush();
        while let Some(done) = self.running.join_next().await {
            self.finished(done);
            self.flush();
        }
        let ready = std::mem::take(&mut self.ready).into_values().flatten();
        let waiting: Vec<_> = ready
            .chain(std::mem::take(&mut self.busy).into_values().flatten())
            .collect();
        for Waiting { batch, .. } in waiting {
            self.leave(&batch, None);
        }
        self.flush();
        while let Some(Waiting { batch, .. }) = calls.recv().await {
            self.leave(&batch, None);
        }
        self.flush();
    }

    fn next_tick(&self) -> Option<Instant> {
        Some(Instant::now() + self.rules.linger? / 2)
    }

    fn take_lingering(&mut self, calls: &mut mpsc::Receiver<Waiting>) {
        let Some(linger) = self.rules.linger else { return };
        let packer = Arc::clone(&self.packer);
        let mut packer = lock(&packer);
        // Calls leave the packer under its lock. Calls handed over before may be of the same users, so they go first.
        while let Ok(call) = calls.try_recv() {
            self.enqueue(call);
        }
        packer.close_older_than(linger, |lane| self.busy.contains_key(&lane));
        for batch in packer.closed() {
            self.enqueue(Waiting { batch, memory: None });
        }
    }

    fn enqueue(&mut self, call: Waiting) {
        if let Some(waiting) = self.busy.get_mut(&call.batch.lane) {
            waiting.push_back(call);
        } else {
            self.busy.insert(call.batch.lane, VecDeque::new());
            self.ready
                .entry(call.batch.kind.operation().family())
                .or_default()
                .push_back(call);
        }
    }

    /// Starts as many calls as may be in flight.
    ///
    /// One flush before the first is sent covers the notes about all of them, and about those that have ended.
    fn start(&mut self) {
        let mut starting = Vec::new();
        for (family, ready) in &mut self.ready {
            let places = self.sending.places(*family);
            while self.running.len() + starting.len() < Self::STARTED
                // A service that is down is left to the calls that have failed already.
                && self.sending.health.may_start(self.running.len() + starting.len())
                && !ready.is_empty()
                && places.take_new()
            {
                let Some(call) = ready.pop_front() else { break };
                let permit = self.sending.permit_at_once(&call.batch);
                starting.push((call, permit));
            }
        }
        for (Waiting { batch, .. }, permit) in &mut starting {
            if permit.is_some()
                && let Err(stop) = self.accounts.sent(batch)
            {
                self.end(stop);
            }
        }
        self.flush();
        for (Waiting { batch, memory }, permit) in starting {
            if self.stop.is_some() {
                self.sending.places(batch.kind.operation().family()).give();
                self.leave(&batch, None);
                continue;
            }
            let sending = Arc::clone(&self.sending);
            let accounts = Arc::clone(&self.accounts);
            self.running
                .spawn(async move { (sending.deliver(batch, permit, &*accounts).await, memory) });
        }
    }

    fn finished(&mut self, done: Result<(Delivered, Option<Arc<OwnedSemaphorePermit>>), tokio::task::JoinError>) {
        let Ok((delivered, memory)) = done else {
            self.end(Stop::Bug("a call ended without a result"));
            return;
        };
        let Delivered {
            batch,
            ending,
            last_attempt,
        } = delivered;
        let lane = batch.lane;
        let mut next = self.busy.remove(&lane).unwrap_or_default();
        let outcome = |fate, error: Option<Error>, unsure: u32| Outcome {
            fate,
            error: error.map(Arc::new),
            twice: unsure > 1,
            open: false,
            last_attempt,
        };
        match ending {
            Ending::Withdrawn => {}
            Ending::Accepted => self.settle(&batch, &outcome(Fate::Accepted, None, batch.unsure + 1)),
            Ending::Refused(error) if self.may_divide(&batch) && is_refusal(&error) => {
                let (first, second) = batch.halves();
                next.push_front(Waiting {
                    batch: second,
                    memory: memory.clone(),
                });
                next.push_front(Waiting { batch: first, memory });
            }
            Ending::GivenUp(error) if self.may_divide(&batch) && is_failure(&error) => {
                let mut batch = batch;
                batch.blamed = true;
                let (first, second) = batch.halves();
                next.push_front(Waiting {
                    batch: second,
                    memory: memory.clone(),
                });
                next.push_front(Waiting { batch: first, memory });
            }
            Ending::Refused(error) | Ending::GivenUp(error) => {
                let fate = match error.delivery() {
                    _ if batch.unsure > 0 => Fate::Unknown,
                    Delivery::Refused => Fate::Rejected,
                    Delivery::NotProcessed => Fate::Undelivered,
                    _ => Fate::Unknown,
                };
                self.settle(&batch, &outcome(fate, Some(error), batch.unsure));
            }
            Ending::Stopped(error) => {
                if error.as_ref().is_some_and(is_failure) {
                    self.failed(&batch, false);
                }
                self.leave(&batch, error.map(Arc::new));
            }
            Ending::Fatal(stop) => {
                if stop.error().is_some_and(|error| is_failure(error)) {
                    self.failed(&batch, matches!(stop, Stop::NoSuccess(_)));
                }
                self.end(stop);
                self.leave(&batch, None);
            }
        }
        if let Some(call) = next.pop_front() {
            self.busy.insert(lane, next);
            self.ready
                .entry(call.batch.kind.operation().family())
                .or_default()
                .push_front(call);
        }
    }

    fn may_divide(&self, batch: &Batch) -> bool {
        self.rules.bisect && batch.records.len() > 1
    }

    /// Notes that a call failed until the end: if the rest of the load succeeds, the next run blames the call.
    fn failed(&mut self, batch: &Batch, waited: bool) {
        if self.sending.others_succeeded(waited)
            && let Err(stop) = self.accounts.failed(batch)
        {
            self.end(stop);
        }
    }

    /// Settles a batch that the load no longer gets to. Without its own error, it gets the one that ends the load.
    fn leave(&mut self, batch: &Batch, error: Option<Arc<Error>>) {
        let error = error.or_else(|| self.stop.as_ref().and_then(Stop::error).cloned());
        let fate = if batch.unsure > 0 {
            Fate::Unknown
        } else {
            Fate::Undelivered
        };
        let outcome = Outcome {
            fate,
            error,
            twice: batch.unsure > 1,
            open: true,
            last_attempt: None,
        };
        self.settle(batch, &outcome);
    }

    fn settle(&mut self, batch: &Batch, outcome: &Outcome) {
        if !outcome.open {
            self.sending.progress.call();
        }
        self.sending.progress.settled(outcome.fate, batch.records.len());
        if let Err(stop) = self.accounts.settle(batch, outcome) {
            self.end(stop);
        }
    }

    fn flush(&mut self) {
        if let Err(stop) = self.accounts.flush() {
            self.end(stop);
        }
    }

    /// Ends the load, for the first reason given.
    fn end(&mut self, stop: Stop) {
        self.sending.stop.send_replace(true);
        self.stop.get_or_insert(stop);
    }
}

async fn sleep_until(tick: Option<Instant>) -> Option<()> {
    tokio::time::sleep_until(tick?).await;
    Some(())
}

/// Whether the server refused the request itself, and thus some record in it.
fn is_refusal(error: &Error) -> bool {
    error.delivery() == Delivery::Refused
}
