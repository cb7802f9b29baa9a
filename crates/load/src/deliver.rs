//! Makes one call, and repeats it until nothing more can be done about it.
//!
//! # States of a call
//!
//! ```text
//! permit ─► noted in the accounts ─► sent ─► answered ─► Accepted, Refused, GivenUp, Fatal
//!    ▲                                          │
//!    └───────────────── pause ◄─────────────────┘ worth another attempt
//! ```
//!
//! Each attempt needs a permit of the quota. Often the scheduler passes the first permit with the call; then it has
//! noted the attempt in the accounts. A call that has to wait for a permit notes the attempt once it has the permit.
//! While a call waits for a permit or pauses, the end of the load stops it (`Stopped`); once sent, it waits for its
//! answer, since a call that is cut off may have been taken. A fatal ending ends the whole load.
//!
//! Whether a failure counts against the call depends on the others: after its first failure, the next one counts only
//! if some attempt that began after the previous failure has succeeded. If none has, the service fails and not the
//! call, which is then retried until the patience of the load runs out. Once the retry budget is spent, one call at a
//! time (`probe`) finds out whether the service is back.
//!
//! # Locks
//!
//! The calls share [`Sending`]: the limits of concurrency, each behind its own lock that is held for a few
//! instructions, watch channels, and a semaphore. No lock is held across an await, and none while the accounts are
//! called.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::FutureExt as _;
use tokio::{
    sync::{Semaphore, watch},
    time::Instant,
};

use crate::{accounts::Accounts, concurrency::Concurrency, outcome::Stop, pack::Batch, progress::Progress};
use dfinery::{
    Delivery, Error, Family, ImportClient, RetryClass, Timestamp,
    engine::{Engine, Next, Permit, Tries},
};
use dfinery_records::RecordKind;

/// The state that all calls of a load share.
pub(crate) struct Sending {
    pub(crate) import: ImportClient,
    /// How many calls of each family may run at once.
    concurrency: Vec<(Family, Concurrency)>,
    /// How long the service may fail, or refuse calls for its quota, without a single success.
    patience: Duration,
    /// Set once the load is to end.
    pub(crate) stop: watch::Sender<bool>,
    /// When the latest successful attempt began.
    last_success: watch::Sender<Instant>,
    /// Held by the call that may still retry after the retry budget is spent.
    probe: Semaphore,
    pub(crate) progress: Arc<Progress>,
}

/// Since when a call has been failing.
#[derive(Default)]
struct Failing {
    last: Option<Instant>,
    /// The first failure since any call last succeeded.
    since: Option<Instant>,
}

impl Failing {
    /// How long the service has failed this call, or refused it for the quota, without a success of any call in between.
    fn lasting(&mut self, last_success: Instant) -> Duration {
        let now = Instant::now();
        let since = self.since.filter(|since| *since >= last_success).unwrap_or(now);
        self.since = Some(since);
        now - since
    }

    /// Notes a failure. Returns whether the call is at fault: if nothing has succeeded since its last failure, the
    /// service is.
    fn is_alone(&mut self, last_success: Instant) -> bool {
        let last = self.last.replace(Instant::now());
        last.is_none_or(|failure| last_success > failure)
    }
}

/// How a call ended.
pub(crate) enum Ending {
    Accepted,
    /// The server refused this call and would refuse it again.
    Refused(Error),
    /// It was tried often enough.
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
        progress: Arc<Progress>,
    ) -> Self {
        let families = [RecordKind::Event, RecordKind::Identity, RecordKind::Profile].map(RecordKind::operation);
        let concurrency = families.map(|operation| {
            let quota = Engine::of(&import).rate_limit(operation);
            // More calls than one period allows would only wait for the quota.
            let most = most.min(usize::try_from(quota.requests).unwrap_or(usize::MAX));
            (operation.family(), Concurrency::new(quota, most))
        });
        Self {
            import,
            concurrency: concurrency.into(),
            patience,
            stop,
            last_success: watch::Sender::new(Instant::now()),
            probe: Semaphore::new(1),
            progress,
        }
    }

    pub(crate) fn concurrency(&self, family: Family) -> &Concurrency {
        let position = self.concurrency.iter().position(|(name, _)| *name == family);
        &self.concurrency[position.unwrap_or_default()].1
    }

    /// Makes a call, and repeats it for as long as that may help.
    ///
    /// With a permit, the batch must have been noted as sent in the accounts.
    pub(crate) async fn deliver<A: Accounts>(
        self: Arc<Self>,
        mut batch: Batch,
        permit: Option<Permit>,
        accounts: &A,
    ) -> Delivered {
        let mut last_attempt = None;
        let ending = match batch.body() {
            // Boxed, since a task is moved several times before it runs.
            Ok(body) => Box::pin(self.attempts(&mut batch, &body, permit, accounts, &mut last_attempt)).await,
            Err(_) => Ending::Fatal(Stop::Bug("a checked record could not be written as JSON")),
        };
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
        body: &Bytes,
        mut permit: Option<Permit>,
        accounts: &A,
        last_attempt: &mut Option<Timestamp>,
    ) -> Ending {
        let operation = batch.kind.operation();
        let engine = self.engine();
        let (mut tries, mut failing) = (Tries::default(), Failing::default());
        let mut last_error = None;
        loop {
            let permit = if let Some(permit) = permit.take() {
                if *self.stop.borrow() {
                    return Ending::Stopped(last_error);
                }
                permit
            } else {
                // Every call in flight gets its turn within two periods, since there are never more than one period
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
            batch.attempts += 1;
            let attempt = Instant::now();
            let now = Timestamp::now();
            batch.first_attempt.get_or_insert(now);
            *last_attempt = Some(now);
            self.progress.attempt();
            let answer = engine.attempt(operation, body.clone(), permit).await;
            self.progress.answered();
            let Err(error) = answer else {
                self.concurrency(operation.family()).succeeded(attempt.elapsed());
                // Note when it began: answers already in transit when the service broke down say nothing about the time
                // after.
                self.last_success.send_modify(|last| *last = attempt.max(*last));
                return Ending::Accepted;
            };
            self.progress.failed_attempt(&error);
            if error.delivery() == Delivery::Unknown {
                batch.unsure += 1;
            }
            if error.is_auth() {
                return Ending::Fatal(Stop::Refused(Arc::new(error)));
            }
            // A spent quota is not the fault of the call: it is paused until the reset, and the next permit waits for it.
            let mut counts = false;
            if error.retry_class() == RetryClass::Backoff {
                self.concurrency(operation.family()).failed(attempt);
                counts = failing.is_alone(*self.last_success.borrow());
            }
            let (pause, in_budget) = match engine.after(&mut tries, operation, &error, counts) {
                Next::Refused => return Ending::Refused(error),
                Next::GivenUp => return Ending::GivenUp(error),
                Next::Again { pause, in_budget } => (pause, in_budget),
            };
            // Time spent waiting for our own quota before the first failure says nothing about the service.
            if failing.lasting(*self.last_success.borrow()) > self.patience {
                return Ending::Fatal(Stop::NoSuccess(Arc::new(error)));
            }
            last_error = Some(error);
            let rest = async {
                if !in_budget {
                    self.until_back(engine.longest_pause().max(pause)).await;
                }
                tokio::time::sleep(pause).await;
            };
            if self.unless_stopped(rest).await.is_none() {
                return Ending::Stopped(last_error);
            }
        }
    }

    /// Waits until some call has succeeded, or until this call may find out whether the service is back.
    async fn until_back(&self, pause: Duration) {
        let mut success = self.last_success.subscribe();
        let turn = async {
            let _turn = self.probe.acquire().await;
            tokio::time::sleep(pause).await;
        };
        tokio::select! {
            () = turn => {}
            _ = success.changed() => {}
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
