//! Records of a program, one by one: they come in over one stream, and go out with their fates over another.

mod record;
mod settled;

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt, mem,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak},
    task::{Context, Poll, ready},
};

use futures_core::Stream;
use futures_util::{StreamExt, pin_mut};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    task::JoinHandle,
};
use uuid::Uuid;

pub use self::{record::Record, settled::Settled};
use crate::lock::lock;
use crate::{
    accounts::Accounts,
    deliver::{Before, Sending},
    loader::{Loader, Stopper},
    outcome::{Outcome, Stop},
    pack::{Batch, Incoming, Packer},
    record::{Fate, RecordId},
    schedule::{Rules, Scheduler, Waiting},
};
use dfinery::{Error, Violation, Violations};
use dfinery_records::{Accepts, Checker, RecordKind, Warning};

impl Loader {
    /// Loads records as they come, and returns each with its fate, not necessarily in the same order.
    ///
    /// At most 10,000 records are in flight: it takes in no more until settled ones are taken out. The records of one
    /// user keep their order. A call waits at most [`linger`](super::LoaderBuilder::linger) for more records of its
    /// user. Needs a tokio runtime. Dropping the returned stream ends the load.
    ///
    /// ```no_run
    /// # async fn run(import: dfinery::ImportClient) {
    /// use dfinery::{Event, Identity};
    /// use dfinery_load::{Fate, Loader, Record};
    /// use futures_util::StreamExt;
    ///
    /// let user = Identity::external_id("dfn-user-123");
    /// let records = futures_util::stream::iter([Record::event(user, Event::new("df_login"))]);
    /// let mut settled = Loader::builder(&import).build().load(records);
    /// while let Some(settled) = settled.next().await {
    ///     if settled.fate != Fate::Accepted {
    ///         eprintln!("{:?}: {:?}", settled.fate, settled.error);
    ///     }
    /// }
    /// # }
    /// ```
    pub fn load(self, records: impl Stream<Item = Record> + Send + 'static) -> SettledStream {
        let (out, settled) = mpsc::unbounded_channel();
        let stopper = self.stopper();
        // The channel needs no bound: a record keeps its slot of the 10,000 until it is taken out.
        let intake = self.start(Box::new(move |settled, slot| {
            let _ = out.send((settled, slot));
        }));
        let stop = Arc::clone(&intake.stop);
        let intake = Arc::new(intake);
        let withdrawer = Withdrawer(Arc::downgrade(&intake));
        tokio::spawn(async move {
            pin_mut!(records);
            while let Some(slot) = intake.slot().await
                && let Some(record) = intake.unless_stopped(records.next()).await.flatten()
                && intake.take(record, slot).is_ok()
            {}
            intake.finish();
        });
        SettledStream {
            settled,
            stopper: StopOnDrop(stopper),
            withdrawer,
            stop,
        }
    }

    /// Starts sending what the intake takes.
    pub(crate) fn start(self, settled: OnSettled) -> Intake {
        let sending = self.sending(Accepts::Mixed, Before::default());
        let packer = Arc::new(Mutex::new(Packer::new(self.settings.pack)));
        let pending = Pending::new(settled);
        let rules = Rules {
            bisect: self.settings.bisect,
            linger: Some(self.settings.linger),
        };
        let accounts = Arc::new(pending.clone());
        let scheduler = Scheduler::new(Arc::clone(&sending), Arc::clone(&packer), accounts, rules);
        // There is room for all records even if each is a separate call.
        let (calls, receiver) = mpsc::channel(BETWEEN);
        let stop: Arc<OnceLock<Arc<Stop>>> = Arc::default();
        let task = tokio::spawn({
            let (packer, pending, stopped) = (Arc::clone(&packer), pending.clone(), Arc::clone(&stop));
            async move {
                let scheduler = scheduler.run(receiver).await;
                let left: Vec<_> = {
                    let mut packer = lock(&packer);
                    packer.finish();
                    packer.closed().collect()
                };
                if let Some(stop) = scheduler.close(left) {
                    let _ = stopped.set(Arc::new(stop));
                }
                pending.end(stopped.get().and_then(|stop| stop.error()));
            }
        });
        let checker = |accepts| Checker::new(self.settings.taxonomy.clone(), accepts).policy(self.settings.warnings);
        Intake {
            checkers: Mutex::new([checker(Accepts::Mixed), checker(Accepts::Only(RecordKind::Deletion))]),
            packer,
            pending,
            sending,
            calls: Mutex::new(Some(calls)),
            slots: Arc::new(Semaphore::new(BETWEEN)),
            task: Mutex::new(Some(task)),
            stop,
        }
    }
}

/// The most records that have come in and are not yet taken out.
const BETWEEN: usize = 10_000;

/// Settled records, see [`Loader::load`].
#[derive(Debug)]
pub struct SettledStream {
    settled: mpsc::UnboundedReceiver<(Settled, Admission)>,
    stopper: StopOnDrop,
    withdrawer: Withdrawer,
    stop: Arc<OnceLock<Arc<Stop>>>,
}

#[derive(Debug)]
struct StopOnDrop(Stopper);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.stop();
    }
}

impl SettledStream {
    /// A handle to end the load early; records not sent by then come out as undelivered.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        self.stopper.0.clone()
    }

    /// A handle to take records back that have not been sent yet.
    #[must_use]
    pub fn withdrawer(&self) -> Withdrawer {
        self.withdrawer.clone()
    }

    /// Why the load ended before all of its records were settled, once the stream has ended; `None` if it did not.
    #[must_use]
    pub fn stopped(&self) -> Option<Arc<Stop>> {
        self.stop.get().cloned()
    }
}

/// Takes records back that a stream has not sent yet, see [`SettledStream::withdrawer`].
#[derive(Clone)]
pub struct Withdrawer(Weak<Intake>);

impl Withdrawer {
    /// Takes back the records in these positions: those that were not sent come out as undelivered, without an error. Those that
    /// were, and those not taken in yet, stay. Does nothing once no more records come in.
    pub fn withdraw(&self, positions: impl IntoIterator<Item = u64>) {
        if let Some(intake) = self.0.upgrade() {
            intake.withdraw(positions);
        }
    }
}

impl fmt::Debug for Withdrawer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Withdrawer")
    }
}

impl Stream for SettledStream {
    type Item = Settled;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Settled>> {
        Poll::Ready(ready!(self.settled.poll_recv(cx)).map(|(settled, _slot)| settled))
    }
}

/// What a record holds from when it comes in until it is taken out; there are only [`BETWEEN`] of them.
pub(crate) type Admission = OwnedSemaphorePermit;

/// The function to call with every record that has a fate.
pub(crate) type OnSettled = Box<dyn Fn(Settled, Admission) + Send + Sync>;

/// Takes records in; from then on each is in `pending` until it is settled.
pub(crate) struct Intake {
    /// For all kinds, and for deletions.
    checkers: Mutex<[Checker; 2]>,
    packer: Arc<Mutex<Packer>>,
    pub(crate) pending: Pending,
    sending: Arc<Sending>,
    calls: Mutex<Option<mpsc::Sender<Waiting>>>,
    slots: Arc<Semaphore>,
    task: Mutex<Option<JoinHandle<()>>>,
    /// Set before the records without a fate are settled.
    stop: Arc<OnceLock<Arc<Stop>>>,
}

impl Intake {
    /// Waits for a slot; `None` if the load is ending.
    pub(crate) async fn slot(&self) -> Option<Admission> {
        let slot = Arc::clone(&self.slots).acquire_owned();
        self.unless_stopped(slot).await?.ok()
    }

    /// Takes a slot if one is free now.
    pub(crate) fn try_slot(&self) -> Option<Admission> {
        Arc::clone(&self.slots).try_acquire_owned().ok()
    }

    pub(crate) async fn unless_stopped<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        self.sending.unless_stopped(work).await
    }

    /// Takes a record in, or returns it if the load has ended.
    pub(crate) fn take(&self, record: Record, slot: Admission) -> Result<(), Box<Record>> {
        let line = record.line();
        let (kind, event_id) = (record.kind(), record.event_id());
        let position = self.pending.insert(record, slot)?;
        self.sending.progress.read(1);
        let packed = match line {
            Ok(json) => self.pack(position, kind, event_id, &json),
            Err(_) => {
                Err(Violation::new("", "cannot be written as JSON: a time is outside the years 0 to 9999").into())
            }
        };
        if let Err(violations) = packed {
            self.sending.progress.settled(Fate::Invalid, 1);
            self.pending.settle(position, |settled| {
                settled.fate = Fate::Invalid;
                settled.violations = Some(violations);
            });
        }
        self.hand_over();
        Ok(())
    }

    fn pack(
        &self,
        position: u64,
        kind: Option<RecordKind>,
        event_id: Option<Uuid>,
        json: &str,
    ) -> Result<(), Violations> {
        let mut checkers = lock(&self.checkers);
        let mut checked = checkers[usize::from(kind == Some(RecordKind::Deletion))].check(json)?;
        drop(checkers);
        if !checked.warnings.is_empty() {
            self.pending.warn(position, mem::take(&mut checked.warnings));
        }
        let incoming = Incoming {
            checked: &checked,
            id: RecordId::new(0, position),
            line: position + 1,
            offset: 0,
            original: json.as_bytes(),
            event_log_id: checked
                .event_log_id
                .or(event_id.filter(|_| checked.kind == RecordKind::Event)),
            resumed: false,
            fingerprint: None,
        };
        let mut packer = lock(&self.packer);
        let same = "the same id as that of another event in the same call";
        packer
            .push(&incoming)
            .map(drop)
            .map_err(|_| Violation::new("event.event_log_id", same).into())
    }

    /// Hands over the full calls. Records that cannot be handed over stay pending, and are settled when the load has
    /// ended.
    fn hand_over(&self) {
        let calls = lock(&self.calls);
        let mut packer = lock(&self.packer);
        for batch in packer.closed() {
            if let Some(calls) = &*calls {
                let _ = calls.try_send(Waiting { batch, memory: None });
            }
        }
    }

    fn withdraw(&self, positions: impl IntoIterator<Item = u64>) {
        for position in positions {
            if self.pending.withdraw(position) {
                self.sending.progress.settled(Fate::Undelivered, 1);
            }
        }
        // A record that comes again with the same id must not meet itself in an open call.
        lock(&self.packer).finish();
        self.hand_over();
    }

    /// Takes no more records; those taken are still sent.
    pub(crate) fn close(&self) {
        self.pending.state().ended = true;
        self.finish();
    }

    /// No more records will come.
    pub(crate) fn finish(&self) {
        lock(&self.packer).finish();
        self.hand_over();
        lock(&self.calls).take();
    }

    /// The task that sends, so that its end can be awaited.
    pub(crate) fn task(&self) -> Option<JoinHandle<()>> {
        lock(&self.task).take()
    }
}

/// The records without a fate, and where they go once they have one.
///
/// The lock is released before `settled` is called, which may take other locks.
#[derive(Clone)]
pub(crate) struct Pending(Arc<PendingRecords>);

struct PendingRecords {
    state: Mutex<PendingState>,
    settled: OnSettled,
}

impl Drop for PendingRecords {
    /// Even if the runtime ends before the load, no record is forgotten.
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        for (position, pending) in std::mem::take(&mut state.records) {
            let (settled, slot) = pending.into_settled(position);
            (self.settled)(settled, slot);
        }
    }
}

#[derive(Default)]
struct PendingState {
    records: HashMap<u64, PendingRecord>,
    next: u64,
    ended: bool,
}

struct PendingRecord {
    record: Record,
    sent: bool,
    slot: Admission,
    warnings: Vec<Warning>,
}

impl Pending {
    fn new(settled: OnSettled) -> Self {
        Self(Arc::new(PendingRecords {
            state: Mutex::default(),
            settled,
        }))
    }

    fn state(&self) -> MutexGuard<'_, PendingState> {
        lock(&self.0.state)
    }

    fn insert(&self, record: Record, slot: Admission) -> Result<u64, Box<Record>> {
        let mut state = self.state();
        if state.ended {
            return Err(Box::new(record));
        }
        let position = state.next;
        state.next += 1;
        let pending = PendingRecord {
            record,
            sent: false,
            slot,
            warnings: Vec::new(),
        };
        state.records.insert(position, pending);
        Ok(position)
    }

    fn warn(&self, position: u64, warnings: Vec<Warning>) {
        if let Some(pending) = self.state().records.get_mut(&position) {
            pending.warnings = warnings;
        }
    }

    /// Settles a record as undelivered, unless it was sent. Returns whether it did.
    fn withdraw(&self, position: u64) -> bool {
        let withdrawn = match self.state().records.entry(position) {
            Entry::Occupied(pending) if !pending.get().sent => Some(pending.remove()),
            _ => None,
        };
        let is_withdrawn = withdrawn.is_some();
        if let Some(pending) = withdrawn {
            let (settled, slot) = pending.into_settled(position);
            (self.0.settled)(settled, slot);
        }
        is_withdrawn
    }

    fn settle(&self, position: u64, fate: impl FnOnce(&mut Settled)) {
        let removed = self.state().records.remove(&position);
        if let Some(pending) = removed {
            let (mut settled, slot) = pending.into_settled(position);
            fate(&mut settled);
            (self.0.settled)(settled, slot);
        }
    }

    /// Takes no more records, and settles those without a fate: sent ones as unknown, the rest as undelivered.
    pub(crate) fn end(&self, why: Option<&Arc<Error>>) {
        let mut left: Vec<_> = {
            let mut state = self.state();
            state.ended = true;
            std::mem::take(&mut state.records).into_iter().collect()
        };
        left.sort_unstable_by_key(|(position, _)| *position);
        for (position, pending) in left {
            let (mut settled, slot) = pending.into_settled(position);
            settled.error = why.cloned();
            (self.0.settled)(settled, slot);
        }
    }
}

impl PendingRecord {
    /// The record, with the fate it has if nothing more becomes known.
    fn into_settled(self, position: u64) -> (Settled, Admission) {
        let settled = Settled {
            position,
            record: self.record,
            fate: if self.sent { Fate::Unknown } else { Fate::Undelivered },
            possibly_twice: false,
            error: None,
            violations: None,
            warnings: self.warnings,
        };
        (settled, self.slot)
    }
}

impl Accounts for Pending {
    fn sent(&self, batch: &mut Batch) -> Result<(), Stop> {
        let mut state = self.state();
        batch
            .records
            .retain(|packed| match state.records.get_mut(&packed.id.position()) {
                Some(record) => {
                    record.sent = true;
                    true
                }
                None => false,
            });
        Ok(())
    }

    fn settle(&self, batch: &Batch, outcome: &Outcome) -> Result<(), Stop> {
        for record in &batch.records {
            Self::settle(self, record.id.position(), |settled| {
                settled.fate = outcome.fate;
                settled.possibly_twice = outcome.twice;
                settled.error.clone_from(&outcome.error);
            });
        }
        Ok(())
    }

    fn flush(&self) -> Result<(), Stop> {
        Ok(())
    }
}
