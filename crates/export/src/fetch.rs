//! One answer of the service on disk: asked for again while that may help, and never more often than the quota allows.

use std::{
    path::PathBuf,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use dfinery::{Csv, Error, EventQuery, ExportClient, ExportCode, Metadata, UserProfileQuery, engine::ExportEngine};
use futures_util::future::{Either, select};

use crate::{
    blocking::blocking,
    clock::Clock,
    error::{ExportError, Stopped},
    files::Temporary,
    progress::Progress,
    quota::{Quota, Refused, Reservation},
    spool::{NotSpooled, Raw, spool},
    stopper::Stopper,
};

/// What is asked for.
#[derive(Clone, Debug)]
pub(crate) enum Query {
    Events(EventQuery),
    Profiles(UserProfileQuery),
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Failed {
    /// The whole run must end.
    Run(Stopped),
    /// A file could not be read or written.
    Disk(ExportError),
    /// The service has the day no longer.
    Gone(Box<Error>),
    /// This query failed; others may succeed.
    Query(Box<QueryFailed>),
}

/// A query that failed as often as it was tried.
#[derive(Debug)]
pub(crate) struct QueryFailed {
    /// What the last attempt ended with.
    pub(crate) error: Error,
    /// What is said of it besides.
    pub(crate) about: String,
    /// Whether the answer may be too large, so that smaller queries may succeed.
    pub(crate) divisible: bool,
    /// What had arrived of the last answer.
    pub(crate) partial: Option<Temporary>,
}

/// Asks the service.
#[derive(Debug)]
pub(crate) struct Fetcher {
    pub(crate) client: ExportClient,
    pub(crate) quota: Arc<Quota>,
    pub(crate) clock: Clock,
    pub(crate) stopper: Stopper,
    pub(crate) progress: Arc<Progress>,
    /// The longest wait for the quota.
    pub(crate) longest_wait: Duration,
    /// Where raw answers are kept.
    pub(crate) folder: PathBuf,
    pub(crate) has_succeeded: AtomicBool,
    /// Queries in a row that failed for no reason of their own.
    pub(crate) failures: AtomicU32,
    pub(crate) files: AtomicU64,
    /// Held while waiting for the quota, so that queries are served in the order in which they came.
    pub(crate) turn: tokio::sync::Mutex<()>,
}

impl Fetcher {
    /// How often a query is tried.
    const TRIES: u32 = 3;
    /// After this many queries in a row that failed, the service counts as down.
    const DOWN: u32 = 3;
    /// How many calls may be refused for the quota in a row, if the waits between them are short.
    const REFUSALS: u32 = 5;
    /// A wait for the quota is short if it is shorter than this.
    const LONG: Duration = Duration::from_secs(60);
    /// How long to wait for one of the places for calls at the same time before looking again.
    const BUSY: Duration = Duration::from_millis(100);
    /// How long to wait for one at least before the export ends: exports of other processes may take their time.
    const LONGEST_BUSY: Duration = Duration::from_secs(10 * 60);
    /// The same for one that waits for the quota: a halted process must not halt all others for ever.
    const LONGEST_BUSY_WAIT: Duration = Duration::from_secs(2 * 60 * 60);

    /// How long after its end the service may still count a call among those at the same time.
    const GRACE: Duration = Duration::from_millis(100);

    /// Asks until there is a whole answer. `attempts` counts every request.
    pub(crate) async fn fetch(&self, query: &Query, attempts: &mut u64) -> Result<Raw, Failed> {
        let (stopped, answer) = (pin!(self.stopper.stopped()), pin!(self.ask(query, attempts)));
        match select(stopped, answer).await {
            Either::Left(((), _)) => Err(Failed::Run(Stopped::Requested)),
            Either::Right((answer, _)) => answer,
        }
    }

    async fn ask(&self, query: &Query, attempts: &mut u64) -> Result<Raw, Failed> {
        let (mut failures, mut refusals) = (0, 0);
        loop {
            // What is never sent takes nothing of the quota.
            if let Err(error) = self.check(query) {
                self.may_pass(error)?;
            }
            let reservation = self.reserve().await?;
            let asked_at = self.clock.now();
            *attempts += 1;
            self.progress.called();
            let file = format!("{}.raw", self.files.fetch_add(1, Relaxed));
            let file = Temporary::new(self.folder.join(file));
            let began = self.begin(query).await;
            let (metadata, spent) = match &began {
                Ok(csv) => (csv.metadata(), None),
                Err(error) => (error.metadata(), spent_for(error)),
            };
            let reservation = self.answered(reservation, metadata, spent).await?;
            let (error, partial) = match began {
                Ok(csv) => match spool(csv, asked_at, file, &self.progress).await {
                    Ok(raw) => {
                        self.has_succeeded.store(true, Relaxed);
                        self.failures.store(0, Relaxed);
                        release(reservation);
                        return Ok(raw);
                    }
                    Err(NotSpooled::Disk(error)) => return Err(Failed::Disk(error)),
                    Err(NotSpooled::Export(error, partial)) => (*error, Some(partial)),
                },
                Err(error) => (error, None),
            };
            release(reservation);
            if error.is_rate_limited() {
                let wait = spent_for(&error);
                refusals = if wait.is_some_and(|wait| wait >= Self::LONG) {
                    0
                } else {
                    refusals + 1
                };
                if refusals > Self::REFUSALS {
                    let reset = self.clock.after(self.quota.period());
                    return Err(Failed::Run(Stopped::QuotaSpent(reset.into())));
                }
                if wait.is_none() {
                    tokio::time::sleep(self.engine().pause(refusals)).await;
                }
                continue;
            }
            let error = self.may_pass(error)?;
            failures += 1;
            if failures < Self::TRIES {
                tokio::time::sleep(self.engine().pause(failures)).await;
                continue;
            }
            return Err(self.given_up(error, partial));
        }
    }

    fn engine(&self) -> ExportEngine<'_> {
        ExportEngine::of(&self.client)
    }

    async fn begin(&self, query: &Query) -> Result<Csv, Error> {
        match query {
            Query::Events(query) => self.engine().events(query, self.clock.now().into()).await,
            Query::Profiles(query) => self.engine().user_profiles(query).await,
        }
    }

    fn check(&self, query: &Query) -> Result<(), Error> {
        match query {
            Query::Events(query) => self.engine().check_events(query, self.clock.now().into()),
            Query::Profiles(query) => self.engine().check_profiles(query),
        }
    }

    async fn answered(
        &self,
        reservation: Reservation,
        metadata: &Metadata,
        spent_for: Option<Duration>,
    ) -> Result<Reservation, Failed> {
        let (now, quota, said) = (self.clock.now(), Arc::clone(&self.quota), metadata.rate_limit.clone());
        let noted = blocking(move || {
            let left = quota.answered(&reservation, now, said.as_ref(), spent_for)?;
            Ok((reservation, left))
        });
        let (reservation, left) = noted.await.map_err(Failed::Disk)?;
        self.progress.left(left);
        Ok(reservation)
    }

    async fn reserve(&self) -> Result<Reservation, Failed> {
        let _turn = self.turn.lock().await;
        let began = Instant::now();
        let longest_busy = self.longest_wait.clamp(Self::LONGEST_BUSY, Self::LONGEST_BUSY_WAIT);
        loop {
            let (now, quota) = (self.clock.now(), Arc::clone(&self.quota));
            let reserved = blocking(move || quota.reserve(now)).await;
            let wait = match reserved.map_err(Failed::Disk)? {
                Ok(reservation) => return Ok(reservation),
                Err(Refused::Busy) if began.elapsed() > longest_busy => {
                    return Err(Failed::Run(Stopped::Busy));
                }
                Err(Refused::Busy) => Self::BUSY,
                Err(Refused::Spent(until)) => {
                    let wait = Duration::try_from(until.duration_since(now)).unwrap_or_default();
                    if wait > self.longest_wait {
                        return Err(Failed::Run(Stopped::QuotaSpent(until.into())));
                    }
                    // Another process may give calls back, and the clock may be set.
                    wait.clamp(Duration::from_millis(10), Duration::from_secs(60))
                }
            };
            self.progress.waits(true);
            tokio::time::sleep(wait).await;
            self.progress.waits(false);
        }
    }

    /// Returns the error if another attempt may succeed; otherwise says why not.
    fn may_pass(&self, error: Error) -> Result<Error, Failed> {
        let is_way = error.is_on_the_way();
        let too_old = error
            .violations()
            .is_some_and(|violations| violations.iter().any(|violation| violation.path() == "from_date"));
        if too_old || error.export_code() == Some(&ExportCode::ExceedDateRangeLimit) {
            return Err(Failed::Gone(Box::new(error)));
        }
        if (error.is_auth() && !is_way) || error.is_config() {
            return Err(Failed::Run(Stopped::Refused(Box::new(error))));
        }
        if error.is_retryable() || is_way {
            return Ok(error);
        }
        // What the service, or our own check, says of the first request holds for all of them.
        let is_about_request = error.export_code().is_some() || error.violations().is_some();
        if is_about_request && !self.has_succeeded.load(Relaxed) {
            return Err(Failed::Run(Stopped::Refused(Box::new(error))));
        }
        Err(Failed::Query(Box::new(QueryFailed {
            error,
            about: String::new(),
            divisible: false,
            partial: None,
        })))
    }

    fn given_up(&self, error: Error, partial: Option<Temporary>) -> Failed {
        let divisible = error.is_truncated()
            || error.is_timeout()
            || matches!(
                error.export_code(),
                Some(ExportCode::QueryError | ExportCode::ClientConnectionClosed)
            );
        // What is wrong with one day says nothing about the others.
        if !divisible {
            let failures = self.failures.fetch_add(1, Relaxed) + 1;
            let has_succeeded = self.has_succeeded.load(Relaxed);
            if !has_succeeded && (error.is_misdirected() || error.is_unreachable()) {
                return Failed::Run(Stopped::Unreachable(Box::new(error)));
            }
            if failures >= Self::DOWN {
                return Failed::Run(Stopped::Failing(Box::new(error)));
            }
        }
        Failed::Query(Box::new(QueryFailed {
            error,
            about: String::new(),
            divisible,
            partial,
        }))
    }
}

impl QueryFailed {
    pub(crate) fn reason(&self) -> String {
        format!("{}{}", self.about, self.error)
    }
}

/// For how long the service says that the quota is spent. If some is left, it refused the call for those at the same time.
fn spent_for(error: &Error) -> Option<Duration> {
    let remaining = error.metadata().rate_limit.as_ref().and_then(|said| said.remaining);
    error
        .retry_after()
        .filter(|_| error.is_rate_limited() && remaining.unwrap_or_default() == 0)
}

/// Frees the place of a call a moment after it has ended for us: the service may notice that later.
fn release(reservation: Reservation) {
    tokio::spawn(async move {
        tokio::time::sleep(Fetcher::GRACE).await;
        drop(reservation);
    });
}
