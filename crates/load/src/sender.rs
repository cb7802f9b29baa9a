//! Sends the records of a service in the background.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::time::{Instant, timeout_at};

use crate::{lock::lock, settings::YEAR};

use crate::{
    loader::{Loader, Stopper},
    record::Fate,
    stream::{Intake, OnSettled, Record, Settled},
};

/// Sends records in the background of a service, and never drops one silently.
///
/// Records wait in a bounded queue, are packed by user and sent as [`Loader::load`] does. Records that are not accepted
/// go to the function given to [`start`](Self::start), or come back from [`shutdown`](Self::shutdown).
///
/// ```no_run
/// # async fn run(import: dfinery::ImportClient) {
/// use std::time::Duration;
/// use dfinery::{Event, Identity};
/// use dfinery_load::{Loader, Record, Sender};
///
/// let sender = Sender::start(Loader::builder(&import).build(), |failed| {
///     eprintln!("{:?}: {:?}", failed.fate, failed.error);
/// });
/// let login = Record::event(Identity::external_id("dfn-user-123"), Event::new("df_login"));
/// if let Err(not_queued) = sender.send(login).await {
///     eprintln!("the sender was shut down: {:?}", not_queued.into_record());
/// }
/// for left in sender.shutdown(Duration::from_secs(10)).await {
///     eprintln!("not delivered: {:?}", left.record);
/// }
/// # }
/// ```
#[derive(Clone)]
pub struct Sender {
    shared: Arc<Shared>,
}

struct Shared {
    intake: Intake,
    stopper: Stopper,
    /// Records that fail during shutdown; before that, the function is called.
    handed_back: Arc<Mutex<Option<Vec<Settled>>>>,
}

/// A record that was not queued, returned to the caller.
#[derive(Clone, Debug, PartialEq)]
pub enum NotQueued {
    /// The queue is full.
    Full(Box<Record>),
    /// The sender was shut down.
    Ended(Box<Record>),
}

impl NotQueued {
    /// The record.
    #[must_use]
    pub fn into_record(self) -> Record {
        match self {
            Self::Full(record) | Self::Ended(record) => *record,
        }
    }
}

impl fmt::Display for NotQueued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "the queue of the sender is full: wait with send(), or keep the record",
            Self::Ended(_) => "the sender was shut down: the record was not queued",
        })
    }
}

impl std::error::Error for NotQueued {}

impl Sender {
    /// After the deadline, unsent calls get this long to come back.
    const LAST_MOMENT: Duration = Duration::from_millis(100);

    /// Starts sending. Calls the function with every record that is not accepted, on the runtime's threads: it should
    /// only take note, and if it panics the sender continues. Needs a tokio runtime.
    pub fn start(loader: Loader, failed: impl Fn(Settled) + Send + Sync + 'static) -> Self {
        let handed_back = Arc::new(Mutex::new(None::<Vec<Settled>>));
        let stopper = loader.stopper();
        let settled: OnSettled = Box::new({
            let handed_back = Arc::clone(&handed_back);
            move |settled, _slot| {
                if settled.fate == Fate::Accepted {
                    return;
                }
                let mut handed_back = lock(&handed_back);
                if let Some(kept) = &mut *handed_back {
                    kept.push(settled);
                } else {
                    drop(handed_back);
                    // A panic here would lose the other records, and end the whole process if it is already shutting
                    // down.
                    let _ = catch_unwind(AssertUnwindSafe(|| failed(settled)));
                }
            }
        });
        Self {
            shared: Arc::new(Shared {
                intake: loader.start(settled),
                stopper,
                handed_back,
            }),
        }
    }

    /// Queues a record; waits while 10,000 records are in flight.
    ///
    /// # Errors
    /// If the sender was shut down; it returns the record.
    pub async fn send(&self, record: Record) -> Result<(), NotQueued> {
        let intake = &self.shared.intake;
        match intake.slot().await {
            Some(slot) => intake.take(record, slot).map_err(NotQueued::Ended),
            None => Err(NotQueued::Ended(Box::new(record))),
        }
    }

    /// Queues a record if there is room for it now.
    ///
    /// # Errors
    /// If there is no room, or the sender was shut down; it returns the record.
    pub fn try_send(&self, record: Record) -> Result<(), NotQueued> {
        let intake = &self.shared.intake;
        match intake.try_slot() {
            Some(slot) => intake.take(record, slot).map_err(NotQueued::Ended),
            None => Err(NotQueued::Full(Box::new(record))),
        }
    }

    /// Sends what is queued for as long as the deadline allows, and returns everything that was not accepted since the
    /// call. Clones of the sender queue nothing more.
    ///
    /// Records whose call was in flight when time ran out come back as [`Fate::Unknown`].
    pub async fn shutdown(self, deadline: Duration) -> Vec<Settled> {
        let Shared {
            intake,
            stopper,
            handed_back,
        } = &*self.shared;
        lock(handed_back).get_or_insert_default();
        intake.close();
        let end = Instant::now() + deadline.min(YEAR);
        if let Some(mut task) = intake.task()
            && timeout_at(end, &mut task).await.is_err()
        {
            stopper.stop();
            let _ = timeout_at(end + Self::LAST_MOMENT, &mut task).await;
            task.abort();
        }
        intake.pending.end(None);
        lock(handed_back).replace(Vec::new()).unwrap_or_default()
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sender")
    }
}

impl Drop for Shared {
    /// Queued records are still sent while the runtime lives; those not accepted go to the function.
    fn drop(&mut self) {
        self.intake.finish();
    }
}
