//! Makes one call, and repeats it until nothing more can be done about it.
//!
//! # States of a call
//!
//! ```text
//! place ─► permit ─► noted in the accounts ─► sent ─► answered ─► Accepted, Refused, GivenUp, Fatal
//!   ▲                                                     │
//!   └─────────────────────── rest ◄───────────────────────┘ worth another attempt
//! ```
//!
//! Each attempt needs a place of its family and a permit of the quota. The scheduler takes the first place, and often
//! passes the first permit with the call; then it has noted the attempt in the accounts. A call that has to wait for a
//! permit notes the attempt once it has the permit. A call that rests because the service failed gives its place back, so
//! that others go on; one that waits for the quota keeps it, since all others wait as well. While a call waits or rests,
//! the end of the load stops it (`Stopped`); once sent, it waits for its answer, since a call that is cut off may have
//! been taken. A fatal ending ends the whole load.
//!
//! # Who is to blame
//!
//! An answer of something on the way says nothing about the records. Whether a failure counts against the call depends on
//! the others: after its first failure, the next one counts only if some attempt that began after the previous failure
//! was a success. If none was, the service fails and not the call, which is then retried until the patience of the load
//! runs out. Then the call is to blame after all if nothing else is left to load, and others have succeeded since it
//! first failed, or in the earlier run of the load in which it failed. Once the retry budget is spent, or the service is
//! down, one call at a time finds out whether it is back, see [`Health`].
//!
//! # Locks
//!
//! The calls share [`Sending`]: the places, each family behind its own locks that are held for a few instructions, watch
//! channels, atomics, and a semaphore. No lock is held across an await, and none while the accounts are called.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::FutureExt as _;
use roaring::RoaringTreemap;
use tokio::{
    sync::{Notify, watch},
    time::Instant,
};

use crate::{
    accounts::Accounts,
    concurrency::Concurrency,
    health::{Fails, Health},
    outcome::Stop,
    pack::Batch,
    places::Places,
    progress::Progress,
};
use dfinery::{
    Delivery, Error, Family, ImportClient, RetryClass, Timestamp,
    engine::{Blame, Engine, Next, Permit, Tries},
};
use dfinery_records::RecordKind;

/// The state that all calls of a load share.
pub(crate) struct Sending {
    pub(crate) import: ImportClient,
    /// The places of the calls of each family.
    places: Vec<(Family, Places)>,
    /// How long the service may fail, or refuse calls for its quota, without a single success.
    patience: Duration,
    /// Set once the load is to end.
    pub(crate) stop: watch::Sender<bool>,
    pub(crate) health: Health,
    /// Whether calls wait that have not been tried, or may still come in.
    pub(crate) more_to_come: AtomicBool,
    /// A call rests: another may start.
    pub(crate) rested: Notify,
    /// What earlier runs of the load did.
    before: Before,
    pub(crate) progress: Arc<Progress>,
}

/// What is known from earlier runs of a load.
#[derive(Default)]
pub(crate) struct Before {
    /// How many records they settled.
    pub(crate) settled: u64,
    /// The records whose calls failed until the end of a run, although others were accepted.
    pub(crate) failed: RoaringTreemap,
}

/// How a call has been failing.
#[derive(Default)]
struct Failing<'a> {
    first: Option<Instant>,
    last: Option<Instant>,
    /// The first failure since any call last succeeded, and how many there were since then.
    since: Option<Instant>,
    in_a_row: u32,
    counted: Option<Fails<'a>>,
}

impl Failing<'_> {
    /// Notes a failure. Returns whether the call is at fault: if nothing has succeeded since its last failure, the
    /// service is.
    fn is_alone(&mut self, last_success: Instant) -> bool {
        let now = Instant::now();
        let since = self.since.filter(|since| *since >= last_success);
        self.in_a_row = if since.is_some() { self.in_a_row + 1 } else { 1 };
        self.since = since.or(Some(now));
        self.first.get_or_insert(now);
        let last = self.last.replace(now);
        last.is_none_or(|failure| last_success > failure)
    }

    /// How long the service has failed this call, or refused it for the quota, without a success of any call in between.
    fn lasting(&self) -> Duration {
        self.since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    fn others_succeeded(&self, last_success: Instant) -> bool {
        self.first.is_some_and(|first| last_success > first)
    }
}

/// How a call ended.
pub(crate) enum Ending {
    /// All of its records were withdrawn.
    Withdrawn,
    Accepted,
    /// The server refused this call and would refuse it again, or it must not be sent again.
    Refused(Error),
    /// It was tried often enough, while others succeeded.
    GivenUp(Error),
    /// It was not tried, or not tried again, because the load is ending.
    Stopped(Option<Error>),
    /// The whole load should end.
    Fatal(Stop),
}

/// What is known after a call.
pub(crate) struct Delivered {
    pub(crate) batch: Batch,
    pub(crate) ending: Ending,
    pub(crate) last_attempt: Option<Timestamp>,
}

impl Sending {
    pub(crate) fn new(
        import: ImportClient,
        most: usize,
        patience: Duration,
        stop: watch::Sender<bool>,
        before: Before,
        progress: Arc<Progress>,
    ) -> Self {
        let families = [RecordKind::Event, RecordKind::Identity, RecordKind::Profile].map(RecordKind::operation);
        let places = families.map(|operation| {
            let quota = Engine::of(&import).rate_limit(operation);
            // More calls than one period allows would only wait for the quota.
            let most = most.min(usize::try_from(quota.requests).unwrap_or(usize::MAX));
            (operation.family(), Places::new(Concurrency::new(quota, most)))
        });
        Self {
            import,
            places: places.into(),
            patience,
            stop,
            health: Health::new(),
            more_to_come: AtomicBool::new(true),
            rested: Notify::new(),
            before,
            progress,
        }
    }

    pub(crate) fn places(&self, family: Family) -> &Places {
        let position = self.places.iter().position(|(name, _)| *name == family);
        &self.places[position.unwrap_or_default()].1
    }

    /// Whether others have succeeded although a call failed until the end of the load: in this run, or, if the whole run
    /// was waited through, in an earlier one.
    pub(crate) fn others_succeeded(&self, waited: bool) -> bool {
        self.health.has_succeeded() || (waited && self.before.settled > 0)
    }

    /// Makes a call, and repeats it for as long as that may help.
    ///
    /// With a permit, the batch must have been noted as sent in the accounts. A place must have been taken for it.
    pub(crate) async fn deliver<A: Accounts>(
        self: Arc<Self>,
        mut batch: Batch,
        permit: Option<Permit>,
        accounts: &A,
    ) -> Delivered {
        let mut last_attempt = None;
        // Boxed, since a task is moved several times before it runs.
        let ending = Box::pin(self.attempts(&mut batch, permit, accounts, &mut last_attempt)).await;
        Delivered {
            batch,
            ending,
            last_attempt,
        }
    }

    fn engine(&self) -> Engine<'_> {
        Engine::of(&self.import)
    }

    /// A permit to send a batch, if one is free now.
    pub(crate) fn permit_at_once(&self, batch: &Batch) -> Option<Permit> {
        let permit = self.engine().permit(batch.kind.operation(), Duration::ZERO);
        // Many calls start in one turn of the task. Otherwise tokio would make the later ones wait for the next turn.
        tokio::task::unconstrained(permit).now_or_never()?
    }

    async fn attempts<A: Accounts>(
        &self,
        batch: &mut Batch,
        mut permit: Option<Permit>,
        accounts: &A,
        last_attempt: &mut Option<Timestamp>,
    ) -> Ending {
        let operation = batch.kind.operation();
        let engine = self.engine();
        let places = self.places(operation.family());
        let mut place = places.hold();
        let (mut tries, mut failing) = (Tries::default(), Failing::default());
        let mut last_error = None;
        let mut body = Bytes::new();
        loop {
            let permit = if let Some(permit) = permit.take() {
                if *self.stop.borrow() {
                    return Ending::Stopped(last_error);
                }
                permit
            } else {
                // Every call with a place gets its turn within two periods, since there are never more than one period
                // allows.
                let longest = self.patience + 2 * engine.rate_limit(operation).period;
                let permit = match self.unless_stopped(engine.permit(operation, longest)).await {
                    None => return Ending::Stopped(last_error),
                    Some(Some(permit)) => permit,
                    Some(None) => return Ending::Fatal(Stop::QuotaSpent(operation.family())),
                };
                if let Err(stop) = accounts.sent(batch).and_then(|()| accounts.flush()) {
                    return Ending::Fatal(stop);
                }
                permit
            };
            if batch.records.is_empty() {
                permit.unused();
                return Ending::Withdrawn;
            }
            if body.is_empty() {
                body = match batch.body() {
                    Ok(body) => body,
                    Err(_) => return Ending::Fatal(Stop::Bug("a checked record could not be written as JSON")),
                };
            }
            batch.attempts += 1;
            let attempt = Instant::now();
            let now = Timestamp::now();
            batch.first_attempt.get_or_insert(now);
            *last_attempt = Some(now);
            self.progress.attempt();
            let answer = engine.attempt(operation, body.clone(), permit).await;
            self.progress.answered();
            let Err(error) = answer else {
                places.concurrency.succeeded(attempt.elapsed());
                self.health.succeeded(attempt);
                return Ending::Accepted;
            };
            self.progress.failed_attempt(&error);
            if error.delivery() == Delivery::Unknown {
                batch.unsure += 1;
            }
            let fails = match self.judge(batch, &error, attempt, &mut failing) {
                Ok(fails) => fails,
                Err(ending) => return ending(error),
            };
            let (pause, in_budget) = match engine.after(&mut tries, operation, &error, fails) {
                Next::Refused | Next::MayBeThere => return Ending::Refused(error),
                Next::GivenUp => return Ending::GivenUp(error),
                Next::Again { pause, in_budget } => (pause, in_budget),
            };
            failing
                .counted
                .get_or_insert_with(|| self.health.fails(batch.records.len()));
            if let Some(ending) = self.ending(batch, &error, &failing) {
                return ending(error);
            }
            let rests = is_failure(&error);
            let named = error.retry_after().unwrap_or_default().min(self.patience);
            last_error = Some(error);
            if !rests {
                if self.unless_stopped(tokio::time::sleep(pause)).await.is_none() {
                    return Ending::Stopped(last_error);
                }
                continue;
            }
            drop(place);
            self.rested.notify_one();
            let back = async {
                self.rest(pause, named, in_budget, self.patience.saturating_sub(failing.lasting()))
                    .await;
                places.take_again().await
            };
            place = match self.unless_stopped(back).await {
                Some(place) => place,
                None => return Ending::Stopped(last_error),
            };
        }
    }

    /// Notes what a failed attempt says about the service, and what it counts against; or how the call ends for it.
    fn judge(
        &self,
        batch: &Batch,
        error: &Error,
        attempt: Instant,
        failing: &mut Failing<'_>,
    ) -> Result<Blame, fn(Error) -> Ending> {
        if error.is_auth() && !error.is_on_the_way() {
            return Err(|error| Ending::Fatal(Stop::Refused(Arc::new(error))));
        }
        let longest = self.patience;
        if error.is_refused() && error.delivery() == Delivery::Refused {
            self.health.succeeded(attempt);
        }
        let alone = failing.is_alone(self.health.last_success());
        if !is_failure(error) {
            // A spent quota is not the fault of the call: it is paused until the reset, and the next permit waits for it.
            return Ok(Blame::Service { longest });
        }
        self.places(batch.kind.operation().family()).concurrency.failed(attempt);
        self.health.failed();
        // No record keeps a connection from being made.
        let blamed = batch.blamed || (alone && self.health.has_succeeded());
        Ok(if blamed && !error.is_connect() {
            Blame::Call { longest }
        } else {
            Blame::Service { longest }
        })
    }

    /// How a call ends that may be tried again, but for which that is hopeless.
    fn ending(&self, batch: &Batch, error: &Error, failing: &Failing<'_>) -> Option<fn(Error) -> Ending> {
        let has_succeeded = self.health.has_succeeded();
        if error.is_unreachable() && !has_succeeded {
            return Some(|error| Ending::Fatal(Stop::Unreachable(Arc::new(error))));
        }
        if error.is_auth() && failing.others_succeeded(self.health.last_success()) {
            // What is on the way lets others through with the same token.
            return Some(Ending::GivenUp);
        }
        let most = self.engine().max_attempts();
        let others_fail = self.health.failing() > batch.records.len() as u64;
        let often = if others_fail || !self.more_to_come.load(Relaxed) {
            failing.in_a_row >= most || self.health.probes() >= most
        } else {
            // Only this call has failed so far: others may still show that it alone does.
            failing.in_a_row >= most.saturating_mul(4)
        };
        let long = failing.lasting() > self.patience;
        let ending: fn(Error) -> Ending = if error.is_auth() && has_succeeded && (often || long) {
            // The token was good enough for others.
            |error| Ending::Fatal(Stop::Blocked(Arc::new(error)))
        } else if error.is_auth() && (often || long) {
            |error| Ending::Fatal(Stop::Refused(Arc::new(error)))
        } else if error.is_misdirected() && !has_succeeded && (often || long) {
            |error| Ending::Fatal(Stop::Unreachable(Arc::new(error)))
        } else if long {
            |error| Ending::Fatal(Stop::NoSuccess(Arc::new(error)))
        } else {
            return None;
        };
        Some(if self.is_to_blame(batch, error, failing) {
            Ending::GivenUp
        } else {
            ending
        })
    }

    /// Whether a call that has failed for long is to blame, and not the service: others have succeeded since it first
    /// failed, or in the run in which it did, and only calls that fail are left, which hold few of all records.
    fn is_to_blame(&self, batch: &Batch, error: &Error, failing: &Failing<'_>) -> bool {
        const FEW: u64 = 10;
        let failed_before = || {
            let mut ids = batch.records.iter().map(|record| record.id.to_u64());
            ids.any(|id| self.before.failed.contains(id))
        };
        if error.is_connect() {
            return false;
        }
        let suspect = batch.blamed || failing.others_succeeded(self.health.last_success()) || failed_before();
        let own = batch.records.len() as u64;
        let others = self.health.failing().saturating_sub(own);
        let settled = self.before.settled + self.progress.settled_by_service();
        // A quota that others spend looks the same for several calls.
        let few = others == 0 || (is_failure(error) && others.saturating_mul(FEW) <= settled);
        suspect && few && !self.more_to_come.load(Relaxed)
    }

    /// Waits until the next attempt may help: at least for the time that the answer named, and otherwise no longer than
    /// the patience that is left.
    async fn rest(&self, pause: Duration, named: Duration, in_budget: bool, patience: Duration) {
        if in_budget && !self.health.is_down() {
            tokio::time::sleep(pause.min(patience).max(named)).await;
        } else {
            tokio::time::sleep(named).await;
            let left = patience.saturating_sub(named);
            self.health
                .until_back(|probes| self.engine().pause(probes).min(left))
                .await;
        }
    }

    /// Waits for some work; `None` if the load ends first.
    pub(crate) async fn unless_stopped<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut stop = self.stop.subscribe();
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => None,
            done = work => Some(done),
        }
    }
}

/// Whether an attempt failed for a reason that may pass or may lie in the call, other than a spent quota.
pub(crate) fn is_failure(error: &Error) -> bool {
    error.retry_class() == RetryClass::Backoff || (error.is_auth() && error.is_on_the_way())
}
