//! The loader: its settings, and how its parts are put together.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use tokio::{
    sync::{Semaphore, mpsc, watch},
    task::JoinSet,
};
use xxhash_rust::xxh3::xxh3_64;

use crate::lock::lock;
use crate::{
    append_file::{at, with_suffix},
    dead_letter::Sidecar,
    deliver::Sending,
    delta::Delta,
    file_accounts::{DEAD_LETTER, FileAccounts, POSSIBLY_TWICE, UNCHANGED},
    file_load::{FileLoad, is_stdin},
    journal::{Header, HeaderInput, Journal, JournalError, Marks, State},
    most_bad::MostBad,
    outcome::Stop,
    pack::{PackLimits, Packer},
    progress::Progress,
    reader::{Left, Pass, Reader, Source, WAITING_BYTES},
    receipt::{InputReceipt, Receipt},
    record::Fate,
    schedule::{Rules, Scheduler, Waiting},
};
use dfinery::{ImportClient, Timestamp};
use dfinery_input::{Beginning, Input, InputError};
use dfinery_records::{Accepts, RecordKind, Report, Taxonomy};

/// No wait is longer: what is asked for beyond it could not be added to a clock.
pub(crate) const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Loads records in bulk: packs them by user, spends the quota, retries what may be retried, and accounts for each.
///
/// One loader makes one load. Quota, retry policy and timeouts are those of the client.
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
    pub(super) import: ImportClient,
    pub(super) settings: Settings,
    pub(super) stop: watch::Sender<bool>,
    pub(super) progress: Arc<Progress>,
}

/// Settings of a [`Loader`].
pub struct LoaderBuilder {
    import: ImportClient,
    settings: Settings,
}

#[derive(Clone)]
pub(super) struct Settings {
    pub(super) taxonomy: Option<Arc<Taxonomy>>,
    pub(super) most_calls: usize,
    pub(super) patience: Duration,
    pub(super) bisect: bool,
    pub(super) most_bad: Option<MostBad>,
    pub(super) pack: PackLimits,
    pub(super) linger: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            taxonomy: None,
            most_calls: 512,
            patience: Duration::from_secs(10 * 60),
            bisect: true,
            most_bad: None,
            pack: PackLimits {
                batch_bytes: 1024 * 1024,
                open_bytes: 12 * 1024 * 1024,
            },
            linger: Duration::from_secs(1),
        }
    }
}

/// A load of files that has ended.
#[derive(Debug)]
#[non_exhaustive]
pub struct Loaded {
    /// What became of every record.
    pub receipt: Receipt,
    /// What was wrong with records of this run, by cause.
    pub report: Report,
}

/// A load that could not begin: the setting, file or folder that is wrong, and what to do about it.
#[derive(Debug)]
pub struct LoadError(String);

impl LoadError {
    pub(super) fn new(problem: impl Into<String>) -> Self {
        Self(problem.into())
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for LoadError {}

impl From<io::Error> for LoadError {
    /// The error names the file.
    fn from(error: io::Error) -> Self {
        Self::new(error.to_string())
    }
}

impl From<InputError> for LoadError {
    fn from(error: InputError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<JournalError> for LoadError {
    fn from(error: JournalError) -> Self {
        Self::new(error.to_string())
    }
}

/// Asks a running load to end: calls under way are finished, nothing new is sent, and the receipt is given.
#[derive(Clone)]
pub struct Stopper(watch::Sender<bool>);

impl Stopper {
    /// Asks for the end. Asking twice is asking once.
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
    /// What the service has registered. Without it only the rules of the API itself are checked.
    #[must_use]
    pub fn taxonomy(mut self, taxonomy: Taxonomy) -> Self {
        self.settings.taxonomy = Some(Arc::new(taxonomy));
        self
    }

    /// How many calls of a family may be under way at most; 512 unless set. How many really are follows from the quota,
    /// the latency, and whether the service fails.
    #[must_use]
    pub fn most_calls(mut self, calls: usize) -> Self {
        self.settings.most_calls = calls.max(1);
        self
    }

    /// How long the service may fail without a single success before the load ends; 10 minutes unless set.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.settings.patience = patience.min(YEAR);
        self
    }

    /// What to do when a call with several events is refused. Default: it is divided until the bad events are found, which is
    /// right if the service takes all events of a call or none; whether it does is undocumented. With `false` all
    /// events of the call count as rejected: right if the service keeps the good ones of a refused call.
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

    /// How many bytes of records go into one call at most; 1 MiB unless set. The limit of the service is undocumented.
    #[must_use]
    pub fn batch_bytes(mut self, bytes: usize) -> Self {
        self.settings.pack.batch_bytes = bytes;
        self
    }

    /// How many bytes of records may wait for others of the same user; 12 MiB unless set.
    #[must_use]
    pub fn open_bytes(mut self, bytes: usize) -> Self {
        self.settings.pack.open_bytes = bytes;
        self
    }

    /// How long a record that comes over time may wait for others of the same user; 1 s unless set. Records of files wait
    /// until the file ends.
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
    /// Settings to change before a loader is built.
    #[must_use]
    pub fn builder(import: &ImportClient) -> LoaderBuilder {
        LoaderBuilder {
            import: import.clone(),
            settings: Settings::default(),
        }
    }

    /// A handle to end the load early.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        Stopper(self.stop.clone())
    }

    /// The counters of the load, to be looked at while it runs.
    #[must_use]
    pub fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.progress)
    }

    pub(super) fn delivering(&self) -> Arc<Sending> {
        let Settings {
            most_calls, patience, ..
        } = self.settings;
        Arc::new(Sending::new(
            self.import.clone(),
            most_calls,
            patience,
            self.stop.clone(),
            self.progress(),
        ))
    }

    /// Loads files, and accounts for every record in them.
    ///
    /// The same load can be started again after whatever ended it: records that were settled are not sent again.
    ///
    /// # Errors
    /// If the load cannot begin: an input cannot be read, the journal belongs to another load, or a setting is wrong.
    /// Whatever goes wrong later is in the receipt.
    pub async fn load_files(self, load: FileLoad) -> Result<Loaded, LoadError> {
        let prepared = tokio::task::spawn_blocking({
            let (settings, progress) = (self.settings.clone(), self.progress());
            move || Prepared::new(load, &settings, &progress)
        });
        let prepared = prepared
            .await
            .map_err(|_| LoadError::new("preparing the load failed"))??;
        if prepared.state.finished {
            return Ok(prepared.finished_before());
        }
        let started = Timestamp::now();
        let Prepared {
            load,
            inputs,
            books,
            state,
            lock: _lock,
        } = prepared;
        let done_before = state.done.len();
        let books = Arc::new(Mutex::new(books));
        let delivering = self.delivering();
        let packer = Arc::new(Mutex::new(Packer::new(self.settings.pack)));
        let rules = Rules {
            bisect: self.settings.bisect,
            linger: load.reads_stdin().then_some(self.settings.linger),
        };
        let scheduler = Scheduler::new(Arc::clone(&delivering), Arc::clone(&packer), Arc::clone(&books), rules);
        let (reader, receiver) = self.reader(load, inputs, state, &books, packer, delivering);
        let reading = tokio::task::spawn_blocking(move || reader.run());
        // A task of its own runs beside the calls that it starts, mostly on the same thread, and is aborted with this set.
        let mut sending = JoinSet::new();
        sending.spawn(scheduler.run(receiver));
        let scheduler = sending
            .join_next()
            .await
            .and_then(Result::ok)
            .ok_or_else(|| LoadError::new("sending failed unexpectedly"))?;
        let Left {
            batches,
            report,
            read,
            complete,
            stop: unreadable,
        } = reading
            .await
            .map_err(|_| LoadError::new("reading the input failed unexpectedly"))?;
        let mut stop = scheduler.close(batches);
        let mut books = lock(&books);
        // A load that ends because its input cannot be read was stopped by nobody else.
        if let Some(reason) = unreadable
            && !matches!(stop, Some(Stop::Refused(_) | Stop::Bug(_)))
        {
            stop = Some(reason);
        }
        let complete = complete && stop.is_none();
        if let Err(reason) = books.close(complete) {
            stop.get_or_insert(reason);
        }
        let snapshot = self.progress.snapshot();
        let mut receipt = std::mem::take(&mut books.receipt);
        receipt.started = Some(started);
        receipt.finished = Some(Timestamp::now());
        receipt.read = done_before + read;
        receipt.complete = complete;
        receipt.calls = snapshot.calls;
        receipt.attempts = snapshot.attempts;
        receipt.failed_attempts = snapshot.failed_attempts;
        receipt.rate_limited = snapshot.rate_limited;
        receipt.stopped = match stop {
            None if !receipt.adds_up() => Some(Stop::Bug("the counts do not add up")),
            stop => stop,
        };
        write_receipt(&mut receipt, &books.folder);
        Ok(Loaded { receipt, report })
    }

    /// What reads the inputs, and where the calls come out that it packs.
    pub(super) fn reader(
        &self,
        load: FileLoad,
        inputs: Vec<Source>,
        state: State,
        books: &Arc<Mutex<FileAccounts>>,
        packer: Arc<Mutex<Packer>>,
        delivering: Arc<Sending>,
    ) -> (Reader, mpsc::Receiver<Waiting>) {
        let (calls, receiver) = mpsc::channel(64);
        let reader = Reader {
            inputs,
            namespaces: OnceLock::new(),
            passes: passes(&load),
            sort_in: load.sort_by_identity.then(|| folder_for_sorting(&load)),
            options: load.options,
            taxonomy: self.settings.taxonomy.clone(),
            accepts: load.accepts,
            id_fields: load.id_fields,
            delta: lock(books).delta.clone(),
            done: state.done,
            in_flight: state.in_flight,
            packer,
            books: Arc::clone(books),
            delivering,
            calls,
            memory: Arc::new(Semaphore::new(WAITING_BYTES)),
        };
        (reader, receiver)
    }
}

/// The inputs of a load.
pub(super) struct Opened {
    pub(super) inputs: Vec<Source>,
    pub(super) receipt: Receipt,
    header: Header,
}

impl Opened {
    pub(super) fn new(load: &FileLoad, taxonomy: Option<&Taxonomy>, progress: &Progress) -> Result<Self, LoadError> {
        check(load)?;
        let mut inputs = Vec::new();
        let mut receipt = Receipt {
            version: Receipt::VERSION,
            what: load.what().to_owned(),
            runs: 1,
            ..Receipt::default()
        };
        let mut header = Header {
            kind: load.what().to_owned(),
            settings: settings_hash(load),
            inputs: Vec::new(),
        };
        for path in &load.inputs {
            let name = path.display().to_string();
            if is_stdin(path) {
                inputs.push(Source {
                    path: None,
                    name: name.clone(),
                });
                receipt.inputs.push(InputReceipt {
                    name,
                    ..InputReceipt::default()
                });
                continue;
            }
            let unreadable = |error| InputError::opening(&name, &error);
            let metadata = fs::metadata(path).map_err(unreadable)?;
            if !metadata.is_file() && !metadata.is_dir() {
                return Err(LoadError::new(format!(
                    "{name}: it is a pipe or a device, which cannot be read twice: pipe it to standard input, and name - instead"
                )));
            }
            let length = metadata.len();
            // What is wrong with the beginning is told before there is a journal, which a change of the options makes useless.
            Input::open(path, &load.options, taxonomy, load.accepts)?;
            progress.input(length * passes(load).len() as u64);
            inputs.push(Source {
                path: Some(path.clone()),
                name: name.clone(),
            });
            header.inputs.push(HeaderInput {
                name: name.clone(),
                length,
            });
            receipt.inputs.push(InputReceipt {
                name,
                bytes: Some(length),
                fingerprint: None,
            });
        }
        Ok(Self {
            inputs,
            receipt,
            header,
        })
    }
}

/// A load with its files opened.
struct Prepared {
    load: FileLoad,
    inputs: Vec<Source>,
    books: FileAccounts,
    state: State,
    /// Held while the load lives, if it has no journal.
    lock: Option<fs::File>,
}

impl Prepared {
    fn new(load: FileLoad, settings: &Settings, progress: &Arc<Progress>) -> Result<Self, LoadError> {
        let Opened {
            inputs,
            mut receipt,
            header,
        } = Opened::new(&load, settings.taxonomy.as_deref(), progress)?;
        let folder = folder_of(&load)?;
        let (journal, lock, state) = journal(&load, &folder, &header)?;
        let marks = journal.is_some().then_some(state.marks);
        take_over(&mut receipt, &state);
        receipt.journal = journal.is_some().then(|| folder.join(JOURNAL));
        let delta = load
            .delta
            .as_deref()
            .map(Delta::open)
            .transpose()?
            .map(|delta| Arc::new(Mutex::new(delta)));
        let (dead_letter, possibly_twice) = sidecars(&folder, marks)?;
        let names = inputs.iter().map(|input| input.name.clone()).collect();
        let books = FileAccounts {
            journal,
            dead_letter: Some(dead_letter),
            possibly_twice: Some(possibly_twice),
            delta,
            folder,
            read: state.read.clone(),
            kind: match load.accepts {
                Accepts::Only(kind) => Some(kind),
                Accepts::Mixed => None,
            },
            most_bad: settings.most_bad,
            ..FileAccounts::of_nothing_sent(names, receipt, Arc::clone(progress))
        };
        Ok(Self {
            load,
            inputs,
            books,
            state,
            lock,
        })
    }

    /// All records were settled by earlier runs: there is nothing to send.
    fn finished_before(mut self) -> Loaded {
        let now = Timestamp::now();
        let stop = self.books.close(true).err();
        let mut receipt = std::mem::take(&mut self.books.receipt);
        receipt.started = Some(now);
        receipt.finished = Some(now);
        receipt.read = self.state.done.len();
        receipt.complete = true;
        receipt.finished_before = true;
        receipt.stopped = stop;
        write_receipt(&mut receipt, &self.books.folder);
        Loaded {
            receipt,
            report: Report::new(None),
        }
    }
}

const JOURNAL: &str = "journal";
const RECEIPT: &str = "receipt.json";

/// Keeps the receipt beside the journal. That it could not be kept is told by the receipt that the caller gets.
fn write_receipt(receipt: &mut Receipt, folder: &Path) {
    if let Err(error) = receipt.write(&folder.join(RECEIPT)) {
        receipt.stopped.get_or_insert(Stop::disk("the receipt", &error));
    }
}

fn check(load: &FileLoad) -> Result<(), LoadError> {
    if load.inputs.is_empty() {
        return Err(LoadError::new("no input: name a file, or - for standard input"));
    }
    if load.reads_stdin() && load.inputs.len() > 1 {
        return Err(LoadError::new(
            "standard input cannot be combined with other inputs: load them one after the other",
        ));
    }
    if load.reads_stdin() && load.ordered {
        return Err(LoadError::new(
            "ordered reads its inputs three times, which standard input does not allow: write it to a file first",
        ));
    }
    if load.ordered && load.accepts != Accepts::Mixed {
        return Err(LoadError::new(
            "ordered is for inputs that hold records of several kinds",
        ));
    }
    Ok(())
}

fn passes(load: &FileLoad) -> Vec<Pass> {
    if !load.ordered {
        return vec![Pass::All];
    }
    let kinds = [RecordKind::Identity, RecordKind::Profile, RecordKind::Event];
    let pass = |(position, kind)| Pass::Only {
        kind,
        first: position == 0,
    };
    kinds.into_iter().enumerate().map(pass).collect()
}

/// What changes the meaning of a record, so that a journal made with something else is of another load.
fn settings_hash(load: &FileLoad) -> u64 {
    xxh3_64(format!("{:?} {:?}", load.options, load.id_fields).as_bytes())
}

fn folder_of(load: &FileLoad) -> Result<PathBuf, LoadError> {
    let folder = load.state_folder().unwrap_or_else(|| {
        let now = Timestamp::now().to_jiff().strftime("%Y%m%dT%H%M%SZ").to_string();
        PathBuf::from(format!("stdin-{now}.dfinery"))
    });
    if load.restart && folder.exists() {
        let _lock = Journal::lock(&folder.join(JOURNAL))?;
        move_aside(&folder)?;
    }
    fs::create_dir_all(&folder).map_err(|error| at(&folder, "create", &error))?;
    Ok(folder)
}

/// Moves what an earlier load left to a folder beside; whatever else is in the folder stays.
fn move_aside(folder: &Path) -> Result<(), LoadError> {
    let left = [JOURNAL, DEAD_LETTER, POSSIBLY_TWICE, RECEIPT].map(|name| (folder.join(name), name));
    let left: Vec<_> = left.into_iter().filter(|(path, _)| path.exists()).collect();
    if left.is_empty() {
        return Ok(());
    }
    let now = Timestamp::now().to_jiff().strftime("%Y%m%dT%H%M%SZ");
    let aside = with_suffix(folder, &format!(".{now}"));
    fs::create_dir(&aside).map_err(|error| at(&aside, "create", &error))?;
    for (path, name) in left {
        fs::rename(&path, aside.join(name)).map_err(|error| at(&path, "move aside", &error))?;
    }
    Ok(())
}

fn folder_for_sorting(load: &FileLoad) -> PathBuf {
    load.state_folder()
        .filter(|folder| folder.is_dir())
        .unwrap_or_else(std::env::temp_dir)
}

/// The journal, or without one what keeps a second load from the folder.
fn journal(
    load: &FileLoad,
    folder: &Path,
    header: &Header,
) -> Result<(Option<Journal>, Option<fs::File>, State), LoadError> {
    let path = folder.join(JOURNAL);
    // What lies beside a journal is cut back to what that journal knows of.
    let mixed = |holds| {
        LoadError::new(format!(
            "{} holds {holds}: begin anew with --restart, which moves it to a folder beside, or keep the state of this load \
             elsewhere with --state DIR",
            folder.display()
        ))
    };
    if !load.resume || load.reads_stdin() {
        let lock = Journal::lock(&path)?;
        if path.exists() {
            return Err(mixed("the journal of another load"));
        }
        return Ok((None, Some(lock), State::default()));
    }
    if !path.exists()
        && [DEAD_LETTER, POSSIBLY_TWICE]
            .iter()
            .any(|name| length(&folder.join(name)) > 0)
    {
        return Err(mixed("the dead letter of a load that had no journal"));
    }
    let begins_so = |input: usize, beginning: Beginning| {
        let Some(path) = load.inputs.get(input) else {
            return Ok(false);
        };
        let now = Beginning::of_file(path, beginning.bytes, || true).map_err(|error| at(path, "read", &error))?;
        Ok(now == Some(beginning))
    };
    let (journal, state) = Journal::open(&path, header, begins_so)?;
    Ok((Some(journal), None, state))
}

fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

/// The files beside the journal, cut back to what it knows of; without a journal they are continued.
fn sidecars(folder: &Path, marks: Option<Marks>) -> Result<(Sidecar, Sidecar), LoadError> {
    let dead_letter = folder.join(DEAD_LETTER);
    let possibly_twice = folder.join(POSSIBLY_TWICE);
    let marks = marks.unwrap_or_else(|| Marks {
        dead_letter: length(&dead_letter),
        possibly_twice: length(&possibly_twice),
    });
    Ok((
        Sidecar::open(dead_letter, marks.dead_letter)?,
        Sidecar::open(possibly_twice, marks.possibly_twice)?,
    ))
}

/// Takes the figures of earlier runs into a receipt.
fn take_over(receipt: &mut Receipt, state: &State) {
    receipt.runs = state.runs;
    for (input, beginning) in &state.read {
        receipt.has_read(*input, *beginning);
    }
    for fate in Fate::ALL {
        for (code, records) in state.tally.codes(fate) {
            if code == Some(UNCHANGED) {
                receipt.unchanged += records;
            }
            receipt.count(fate, code.filter(|code| *code != UNCHANGED), records);
        }
    }
    receipt.possibly_twice = state.tally.twice();
}
