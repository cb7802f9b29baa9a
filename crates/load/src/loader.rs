//! The loader: its settings, and how its parts are put together.

use std::{
    fmt,
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use tokio::{
    sync::{Semaphore, mpsc, watch},
    task::JoinSet,
};

use crate::{
    deliver::{Before, Sending},
    error::LoadError,
    file_accounts::FileAccounts,
    file_handles::calls_with_handles,
    file_load::FileLoad,
    journal::{Calls, State},
    lock::lock,
    most_bad::MostBad,
    opening::{Prepared, folder_for_sorting, passes},
    outcome::Stop,
    pack::Packer,
    progress::Progress,
    reader::{InputFile, Left, Reader, WAITING_BYTES},
    receipt::Receipt,
    schedule::{Rules, Scheduler, Waiting},
    settings::{LoadSettings, YEAR},
};
use dfinery::{ImportClient, Timestamp, engine::Engine};
use dfinery_records::{Accepts, RecordKind, Report, Taxonomy, WarningPolicy};

/// Loads records in bulk: packs them by user, spends the quota, retries what may be retried, and accounts for each
/// record.
///
/// One loader makes one load. Quota, retry policy and timeouts come from the client.
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use dfinery::ImportClient;
/// use dfinery_load::{FileLoad, Loader, RecordKind, Taxonomy};
///
/// let import = ImportClient::from_env()?;
/// let loader = Loader::builder(&import).taxonomy(Taxonomy::standard()).build();
/// let loaded = loader.load_files(FileLoad::new(RecordKind::Event, ["sales.ndjson"])).await?;
/// assert!(loaded.receipt.adds_up());
/// println!("{}", loaded.receipt);
/// # Ok(())
/// # }
/// ```
pub struct Loader {
    pub(crate) import: ImportClient,
    pub(crate) settings: LoadSettings,
    pub(crate) stop: watch::Sender<bool>,
    pub(crate) progress: Arc<Progress>,
}

/// Settings of a [`Loader`].
pub struct LoaderBuilder {
    import: ImportClient,
    settings: LoadSettings,
}

/// A load of files that has ended.
#[derive(Debug)]
#[non_exhaustive]
pub struct Loaded {
    /// The fates of all records, in figures.
    pub receipt: Receipt,
    /// What was wrong with records of this run, by cause.
    pub report: Report,
}

/// Asks a running load to end: it finishes the calls in flight, sends nothing new, and returns the receipt.
#[derive(Clone)]
pub struct Stopper(watch::Sender<bool>);

impl Stopper {
    /// Asks the load to end. Asking twice has no further effect.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl fmt::Debug for Stopper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stopper")
    }
}

impl LoaderBuilder {
    /// What the service has registered. Without it, only the rules of the API itself are checked.
    #[must_use]
    pub fn taxonomy(mut self, taxonomy: Taxonomy) -> Self {
        self.settings.taxonomy = Some(Arc::new(taxonomy));
        self
    }

    /// Which warnings are errors, and which are silent. By default, every one is a warning, and the record is sent.
    ///
    /// A load of files that was begun with other warnings denied does not continue, because it would take other records.
    #[must_use]
    pub fn warnings(mut self, policy: WarningPolicy) -> Self {
        self.settings.warnings = policy;
        self
    }

    /// The most calls of a family in flight at once; 512 unless set. The actual number depends on the quota, the
    /// latency, whether the service fails, and how many file handles the process has left.
    #[must_use]
    pub fn most_calls(mut self, calls: usize) -> Self {
        self.settings.most_calls = calls.max(1);
        self
    }

    /// How long the service may fail without any success before the load ends, and the longest `Retry-After` to wait for;
    /// 10 minutes unless set.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.settings.patience = patience.min(YEAR);
        self
    }

    /// What to do when a call with several events is refused. By default the call is divided until the bad events are
    /// found, which is right if the service takes all events of a call or none; whether it does is undocumented. With
    /// `false`, all events of the call count as rejected, which is right if the service keeps the good ones of a
    /// refused call.
    #[must_use]
    pub fn divide_refused(mut self, divide: bool) -> Self {
        self.settings.bisect = divide;
        self
    }

    /// How many records may be rejected or invalid before the load ends early. Default: any number.
    #[must_use]
    pub fn most_bad(mut self, most: MostBad) -> Self {
        self.settings.most_bad = Some(most);
        self
    }

    /// Whether to go on although the service has refused the first thousand records of a run, or all of them are invalid.
    /// By default a load of files ends then, unless an earlier run had one accepted: what is wrong is wrong with all of it.
    /// Once it has ended so, a further run ends after a few.
    #[must_use]
    pub fn keep_going(mut self, keep_going: bool) -> Self {
        self.settings.keep_going = keep_going;
        self
    }

    /// The most bytes of records in one call; 1 MiB unless set. The limit of the service is undocumented.
    #[must_use]
    pub fn batch_bytes(mut self, bytes: usize) -> Self {
        self.settings.pack.batch_bytes = bytes;
        self
    }

    /// The most bytes of records that may wait for others of the same user; 12 MiB unless set.
    #[must_use]
    pub fn open_bytes(mut self, bytes: usize) -> Self {
        self.settings.pack.open_bytes = bytes;
        self
    }

    /// How long a record of a stream may wait for others of the same user; 1 s unless set. Records of files wait until
    /// the file ends.
    #[must_use]
    pub fn linger(mut self, linger: Duration) -> Self {
        self.settings.linger = linger.min(YEAR);
        self
    }

    /// The loader.
    #[must_use]
    pub fn build(self) -> Loader {
        Loader {
            import: self.import,
            settings: self.settings,
            stop: watch::Sender::new(false),
            progress: Arc::default(),
        }
    }
}

impl fmt::Debug for LoaderBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoaderBuilder")
    }
}

impl fmt::Debug for Loader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Loader")
    }
}

impl Loader {
    /// A builder, to change settings before building a loader.
    #[must_use]
    pub fn builder(import: &ImportClient) -> LoaderBuilder {
        LoaderBuilder {
            import: import.clone(),
            settings: LoadSettings::default(),
        }
    }

    /// The client that it sends with.
    #[must_use]
    pub const fn client(&self) -> &ImportClient {
        &self.import
    }

    /// A handle to end the load early.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        Stopper(self.stop.clone())
    }

    /// The counters of the load, to read while it runs.
    #[must_use]
    pub fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.progress)
    }

    /// The state that the calls share. Call it once the files of the load are open: the calls get what handles are left.
    pub(crate) fn sending(&self, accepts: Accepts, before: Before) -> Arc<Sending> {
        let LoadSettings {
            most_calls, patience, ..
        } = self.settings;
        // Each family may have as many at once. The quotas of identities and profiles seldom allow more than a few.
        let shares = match accepts {
            Accepts::Only(_) => 1,
            Accepts::Mixed => 2,
        };
        Arc::new(Sending::new(
            self.import.clone(),
            most_calls.min(calls_with_handles() / shares).max(1),
            patience,
            self.stop.clone(),
            before,
            self.progress(),
        ))
    }

    /// Loads files, and accounts for every record in them.
    ///
    /// Whatever ended a load, it can be started again: settled records are not sent again.
    ///
    /// # Errors
    /// If the load cannot begin: an input cannot be read, the journal belongs to another load, or a setting is wrong.
    /// Later failures are in the receipt.
    pub async fn load_files(self, load: FileLoad) -> Result<Loaded, LoadError> {
        let prepared = tokio::task::spawn_blocking({
            let (settings, progress) = (self.settings.clone(), self.progress());
            move || Prepared::new(load, &settings, &progress)
        });
        let prepared = prepared
            .await
            .map_err(|_| LoadError::bug("preparing the load failed"))??;
        // Standard input has to be read to know that nothing has been added.
        if prepared.state.finished && !prepared.load.reads_stdin() {
            return Ok(Loaded {
                receipt: prepared.finished_before(),
                report: Report::new(None),
            });
        }
        let started = Timestamp::now();
        let Prepared {
            load,
            inputs,
            accounts,
            state,
            lock: _lock,
        } = prepared;
        let (done_before, finished) = (state.done.len(), state.finished);
        self.count_as_spent(accounts.spent_before());
        let accounts = Arc::new(Mutex::new(accounts));
        let before = Before {
            settled: done_before,
            failed: state.failed.clone(),
        };
        let sending = self.sending(load.accepts, before);
        let packer = Arc::new(Mutex::new(Packer::new(self.settings.pack)));
        let rules = Rules {
            bisect: self.settings.bisect,
            linger: load.reads_stdin().then_some(self.settings.linger),
        };
        let scheduler = Scheduler::new(Arc::clone(&sending), Arc::clone(&packer), Arc::clone(&accounts), rules);
        let (reader, receiver) = self.reader(load, inputs, state, &accounts, packer, sending);
        let reading = tokio::task::spawn_blocking(move || reader.run());
        // A separate task runs beside the calls that it starts, mostly on the same thread, and is aborted when this set
        // drops.
        let mut scheduling = JoinSet::new();
        scheduling.spawn(scheduler.run(receiver));
        let scheduler = scheduling
            .join_next()
            .await
            .and_then(Result::ok)
            .ok_or_else(|| LoadError::bug("sending failed"))?;
        let Left {
            batches,
            report,
            read,
            complete,
            stop: unreadable,
        } = reading.await.map_err(|_| LoadError::bug("reading the input failed"))?;
        let mut stop = scheduler.close(batches);
        // The unreadable input is what stopped the load.
        if let Some(reason) = unreadable
            && !matches!(stop, Some(Stop::Refused(_) | Stop::Unreachable(_) | Stop::Bug(_)))
        {
            stop = Some(reason);
        }
        let complete = complete && stop.is_none();
        let (mut receipt, folder, bad_tables) = {
            let mut accounts = lock(&accounts);
            if let Err(reason) = accounts.close(complete) {
                stop.get_or_insert(reason);
            }
            let bad_tables = accounts.bad_tables();
            let mut receipt = std::mem::take(&mut accounts.receipt);
            receipt.problems = report.problems();
            accounts.refusals.add_to(&mut receipt.problems);
            (receipt, accounts.folder.clone(), bad_tables)
        };
        let snapshot = self.progress.snapshot();
        receipt.read = done_before + read;
        receipt.complete = complete;
        receipt.warnings = report.warnings();
        receipt.denied = report.denied();
        receipt.finished_before = finished && complete && read == 0;
        receipt.repeat_sends_again = receipt.journal.is_none() && receipt.accepted + receipt.unknown > 0;
        receipt.calls = snapshot.calls;
        receipt.attempts = snapshot.attempts;
        receipt.failed_attempts = snapshot.failed_attempts;
        receipt.rate_limited = snapshot.rate_limited;
        receipt.stopped = match stop {
            None if !receipt.adds_up() => Some(Stop::Bug("the counts do not add up")),
            stop => stop,
        };
        tokio::task::spawn_blocking(move || {
            receipt.keep(started, bad_tables, &folder);
            Loaded { receipt, report }
        })
        .await
        .map_err(|_| LoadError::bug("writing the receipt failed"))
    }

    /// The quotas are those of the service, whatever process spends them.
    fn count_as_spent(&self, spent: &[(Duration, Calls)]) {
        let engine = Engine::of(&self.import);
        for (ago, calls) in spent {
            for (kind, calls) in [
                (RecordKind::Event, calls.event),
                (RecordKind::Identity, calls.identity),
                (RecordKind::Profile, calls.profile),
            ] {
                let operation = kind.operation();
                if calls > 0 && *ago < engine.rate_limit(operation).period {
                    engine.was_spent(operation, calls, *ago);
                }
            }
        }
    }

    /// The thread that reads the inputs, and the channel of the calls that it packs.
    pub(crate) fn reader(
        &self,
        load: FileLoad,
        inputs: Vec<InputFile>,
        state: State,
        accounts: &Arc<Mutex<FileAccounts>>,
        packer: Arc<Mutex<Packer>>,
        sending: Arc<Sending>,
    ) -> (Reader, mpsc::Receiver<Waiting>) {
        let (calls, receiver) = mpsc::channel(64);
        let reader = Reader {
            inputs,
            namespaces: OnceLock::new(),
            passes: passes(&load),
            sort_by_identity: load.sort_by_identity,
            folder: folder_for_sorting(&load),
            options: load.options,
            taxonomy: self.settings.taxonomy.clone(),
            warnings: self.settings.warnings,
            accepts: load.accepts,
            id_fields: load.id_fields,
            made_good: load.made_good,
            delta: lock(accounts).delta.clone(),
            done: state.done,
            in_flight: state.in_flight,
            damaged: state.damaged,
            pieces: state.pieces,
            last: state.last,
            packer,
            accounts: Arc::clone(accounts),
            sending,
            calls,
            memory: Arc::new(Semaphore::new(WAITING_BYTES)),
        };
        (reader, receiver)
    }
}
