//! From inputs to calls: reads, checks and packs every record, and gives it its id. Blocking; runs on its own thread.

mod hand_over;
mod known;
mod namespaces;
mod sorted;

use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock},
};

use roaring::RoaringTreemap;
use tokio::sync::{Semaphore, mpsc};
use uuid::Uuid;

use crate::{
    corrected::CorrectedFile,
    deliver::Sending,
    delta::Delta,
    event_ids,
    file_accounts::FileAccounts,
    last_record::{LastRecord, Tail},
    letter::Letter,
    lock::lock,
    made_good::MadeGood,
    outcome::Stop,
    pack::{Batch, Incoming, Packer},
    record::RecordId,
    repeated::{Differs, Repeated},
    schedule::Waiting,
    sorted_item,
    stdin::Stdin,
};
use dfinery::{Violation, Violations};
use dfinery_input::{Beginning, Input, InputError, InputOptions, Line, Sorter};
use dfinery_records::{Accepts, Checked, Checker, RecordKind, Report, Taxonomy, WarningPolicy};

/// What is read, and how.
pub(crate) struct Reader {
    pub(crate) inputs: Vec<InputFile>,
    /// For each input, the base of its events' ids, once an event needs one.
    pub(crate) namespaces: OnceLock<Vec<Uuid>>,
    pub(crate) options: InputOptions,
    pub(crate) taxonomy: Option<Arc<Taxonomy>>,
    pub(crate) warnings: WarningPolicy,
    pub(crate) accepts: Accepts,
    pub(crate) passes: Vec<Pass>,
    /// Fields whose values, not the position, make the id of an event.
    pub(crate) id_fields: Vec<String>,
    /// Records of a dead letter that are left out, because their rows were corrected and loaded.
    pub(crate) made_good: MadeGood,
    pub(crate) sort_by_identity: bool,
    /// Where records and rows are sorted.
    pub(crate) folder: PathBuf,
    pub(crate) delta: Option<Arc<Mutex<Delta>>>,
    /// The records that earlier runs settled, and those that they may have sent.
    pub(crate) done: RoaringTreemap,
    pub(crate) in_flight: RoaringTreemap,
    /// The journal was damaged: earlier runs may have sent any record that is not settled.
    pub(crate) damaged: bool,
    /// How far earlier runs have read standard input.
    pub(crate) pieces: Vec<Beginning>,
    /// The last record of standard input, if an earlier run has read it to its end.
    pub(crate) last: Option<LastRecord>,
    pub(crate) packer: Arc<Mutex<Packer>>,
    pub(crate) accounts: Arc<Mutex<FileAccounts>>,
    pub(crate) sending: Arc<Sending>,
    pub(crate) calls: mpsc::Sender<Waiting>,
    pub(crate) memory: Arc<Semaphore>,
}

/// One input.
pub(crate) struct InputFile {
    /// `None` is standard input.
    pub(crate) path: Option<PathBuf>,
    pub(crate) name: String,
    /// The version that an object had when the load began.
    pub(crate) etag: Option<String>,
    /// The base of the ids of its events, if they are not made from its contents.
    pub(crate) ids: Option<Uuid>,
}

/// Which records to take in one pass over the inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pass {
    /// All of them.
    All,
    /// Those of one kind; the first pass settles the invalid ones.
    Only { kind: RecordKind, first: bool },
}

/// The bytes of calls that wait or are in flight.
pub(crate) const WAITING_BYTES: usize = 12 * 1024 * 1024;
/// Bytes that a sort holds in memory before it writes to disk.
const SORT_BYTES: usize = 16 * 1024 * 1024;
/// How many records to note ahead as possibly sent; each time flushes the disk.
const REACH: u64 = 65_536;
/// Records to read between checks of the stop flag.
const GLANCE: u64 = 256;

/// What a thread that reads leaves behind.
pub(crate) struct Left {
    /// Calls that were packed but never taken.
    pub(crate) batches: Vec<Batch>,
    pub(crate) report: Report,
    /// Records read for the first time.
    pub(crate) read: u64,
    /// Whether all inputs were read to their end.
    pub(crate) complete: bool,
    pub(crate) stop: Option<Stop>,
}

/// What reading collects as it goes.
struct Collected {
    checker: Checker,
    report: Report,
    read: u64,
    /// The kinds of the records that were found good and are not settled.
    kinds: BTreeSet<RecordKind>,
    /// Bytes of the inputs of this pass.
    bytes: u64,
    sorter: Option<Sorter>,
    corrected: CorrectedFile,
    /// Records in the sorter.
    to_sort: u64,
}

/// Why reading stopped.
enum Halt {
    /// The receiver of calls is gone.
    Stopped,
    Because(Stop),
}

impl From<Stop> for Halt {
    fn from(stop: Stop) -> Self {
        Self::Because(stop)
    }
}

impl Collected {
    /// Whether a later pass may find records: the first one sees those of every kind.
    fn may_have(&self, pass: Pass) -> bool {
        match pass {
            Pass::Only { kind, first: false } => self.kinds.contains(&kind),
            Pass::Only { first: true, .. } | Pass::All => true,
        }
    }
}

impl Reader {
    pub(crate) fn run(self) -> Left {
        let folder = lock(&self.accounts).folder.clone();
        let mut reading = Collected {
            checker: Checker::new(self.taxonomy.clone(), self.accepts).policy(self.warnings),
            report: Report::new(self.taxonomy.as_deref().map(Taxonomy::name)).policy(self.warnings),
            read: 0,
            kinds: BTreeSet::new(),
            bytes: 0,
            sorter: None,
            corrected: CorrectedFile::new(folder),
            to_sort: 0,
        };
        let halt = self.passes(&mut reading).err();
        if matches!(halt, Some(Halt::Because(Stop::Input(_)))) {
            // Send what was read: the same load cannot continue with a changed input.
            self.packer().finish();
            let _ = self.hand_over();
        }
        let batches = {
            let mut packer = self.packer();
            packer.finish();
            packer.closed().collect()
        };
        Left {
            batches,
            report: reading.report,
            read: reading.read,
            complete: halt.is_none(),
            stop: match halt {
                Some(Halt::Because(stop)) => Some(stop),
                Some(Halt::Stopped) | None => None,
            },
        }
    }

    fn passes(&self, reading: &mut Collected) -> Result<(), Halt> {
        for (position, pass) in self.passes.iter().enumerate() {
            if position > 0 {
                if !reading.may_have(*pass) {
                    self.sending.progress.skip_pass(self.passes.len());
                    continue;
                }
                self.wait_until_settled()?;
            }
            reading.bytes = 0;
            if self.sort_by_identity {
                (reading.sorter, reading.to_sort) = (Some(Sorter::new(&self.folder, SORT_BYTES)), 0);
            }
            for (file, source) in (0_u32..).zip(&self.inputs) {
                self.input(file, source, *pass, reading)?;
            }
            if let Some(sorter) = reading.sorter.take() {
                self.sorted(sorter, reading)?;
            }
            self.packer().finish();
            self.hand_over()?;
        }
        reading.corrected.finish()?;
        Ok(())
    }

    fn input(&self, file: u32, source: &InputFile, pass: Pass, reading: &mut Collected) -> Result<(), Halt> {
        let taxonomy = self.taxonomy.as_deref();
        let differs = Differs::default();
        let opened = match &source.path {
            Some(path) => Input::open(path, &self.options, taxonomy, self.accepts),
            None => Stdin::new(self.sending.stop.subscribe())
                .map_err(|error| InputError::opening("-", error))
                .and_then(|stdin| {
                    let stdin = Repeated::new(stdin, self.pieces.clone(), Arc::clone(&differs));
                    Input::from_reader("-", Box::new(stdin), &self.options, taxonomy, self.accepts)?
                        .refuse_foreign_shape(self.accepts)
                }),
        };
        let mut input = opened.map_err(|error| self.failed(source, &differs, error))?;
        if input.etag() != source.etag.as_deref() {
            let changed = "it was written anew since this load began: its ETag is another one";
            return Err(Stop::Input(InputError::changed(&source.name, changed)).into());
        }
        reading.bytes += input.length().unwrap_or_default();
        lock(&self.accounts).has_form(file as usize, &input);
        let is_first = !matches!(pass, Pass::Only { first: false, .. });
        let path = source.path.as_deref().filter(|_| is_first);
        reading.corrected.begin(&source.name, path);
        let read = self.records(file, (source, &differs), &mut input, pass, reading);
        reading
            .report
            .name_columns(|path| input.column_of(path).map(str::to_owned));
        let passed_over = input.passed_over();
        if is_first {
            let report = &mut reading.report;
            report.passed_over(&source.name, passed_over.rows, &passed_over.first_lines);
        }
        read?;
        reading.corrected.passed_over(input.passed_over_origins())?;
        lock(&self.accounts).has_lines(file as usize, &input);
        Ok(input.finish().map_err(Stop::Input)?)
    }

    fn records(
        &self,
        file: u32,
        (source, differs): (&InputFile, &Differs),
        input: &mut Input,
        pass: Pass,
        reading: &mut Collected,
    ) -> Result<(), Halt> {
        let progress = &self.sending.progress;
        let passed = input.passed();
        let mut noted = 0;
        let mut counted = progress.part();
        let is_sorted = input.sort_rows(&self.folder, || {
            counted.has_read(passed.bytes());
            !*self.sending.stop.borrow()
        });
        if !is_sorted.map_err(|error| self.failed(source, differs, error))? {
            return Err(Halt::Stopped);
        }
        let mut reached = 0;
        let mut records = 0;
        let changed = |how| Stop::Input(InputError::changed(&source.name, how));
        let mut tail = source.path.is_none().then(|| Tail::new(self.last.clone()));
        for position in 0.. {
            if position % GLANCE == 0 {
                counted.has_read(passed.bytes() + Self::sorted_bytes(input));
                if *self.sending.stop.borrow() {
                    return Err(Halt::Stopped);
                }
            }
            let line = input.next().map_err(|error| self.failed(source, differs, error))?;
            if let (Some(tail), Some(line)) = (&mut tail, &line) {
                tail.record(position, line).map_err(changed)?;
            }
            if passed.bytes() > noted && passed.is_hashed() && !tail.as_ref().is_some_and(Tail::may_differ) {
                noted = passed.bytes();
                self.has_read(file as usize, source, passed.beginning())?;
            }
            let Some(line) = line else { break };
            records = position + 1;
            reading.corrected.record(&line)?;
            let id = RecordId::new(file, position);
            if position >= reached && reading.sorter.is_none() {
                reached = position + REACH;
                self.reach(RecordId::new(file, reached))?;
            }
            self.record(id, source, &line, pass, reading)?;
        }
        counted.has_read(passed.bytes() + Self::sorted_bytes(input));
        if reading.sorter.is_some() {
            self.reach(RecordId::new(file, records))?;
        }
        if let Some(tail) = tail
            && let Some(last) = tail.end().map_err(changed)?
            && self.last.as_ref() != Some(&last)
        {
            lock(&self.accounts).has_ended(last)?;
        }
        Ok(())
    }

    /// Why an input cannot be read on: a stop also closes standard input, which may differ from that of an earlier run.
    fn failed(&self, source: &InputFile, differs: &Differs, error: InputError) -> Halt {
        let ends = source.path.is_none() && *self.sending.stop.borrow();
        match differs.get() {
            Some(how) => Stop::Input(InputError::changed(&source.name, how)).into(),
            None if ends => Halt::Stopped,
            None if error.is_unsortable() => Stop::Disk(error.to_string()).into(),
            None => Stop::Input(error).into(),
        }
    }

    fn reach(&self, id: RecordId) -> Result<(), Stop> {
        lock(&self.accounts).reach(id)
    }

    fn record(
        &self,
        id: RecordId,
        source: &InputFile,
        line: &Line<'_>,
        pass: Pass,
        reading: &mut Collected,
    ) -> Result<(), Halt> {
        if self.done.contains(id.to_u64()) {
            return Ok(self.doubt(line, &mut reading.checker)?);
        }
        if !self.made_good.is_empty()
            && Letter::read(line.original).is_some_and(|letter| letter.is_made_good(&self.made_good))
        {
            return Ok(());
        }
        let Collected {
            checker,
            report,
            kinds,
            sorter,
            to_sort,
            ..
        } = reading;
        let json = line.json.as_ref().copied().unwrap_or_default();
        let checked = match &line.json {
            Ok(json) => checker.check(json),
            Err(violation) => Err(Violations::from(violation.clone())),
        };
        if let Ok(checked) = &checked {
            kinds.insert(checked.kind);
        }
        let takes = match (&checked, pass) {
            (_, Pass::All) => true,
            (Ok(checked), Pass::Only { kind, .. }) => checked.kind == kind,
            (Err(_), Pass::Only { first, .. }) => first,
        };
        if !takes {
            return Ok(());
        }
        report.record(&source.name, line.number, checked.as_ref());
        match checked {
            Ok(checked) => match sorter {
                Some(sorter) => {
                    let user = self.packer().lane(&checked.identity).to_be_bytes();
                    let item = sorted_item::write(id, line, json);
                    *to_sort += 1;
                    sorter
                        .push(&user, &item)
                        .map_err(|error| Stop::disk("sorting", &error))?;
                }
                None => {
                    if self.take(id, line, &checked, json, &mut reading.read)? {
                        self.hand_over()?;
                    }
                }
            },
            Err(violations) => {
                self.count(&mut reading.read);
                self.invalid(id, line, &violations)?;
                // A pass over one kind does not see the good records of others.
                if matches!(pass, Pass::All) {
                    let (good, bad) = (report.good(), report.bad());
                    lock(&self.accounts).check_invalid(good, bad)?;
                }
            }
        }
        Ok(())
    }

    fn count(&self, read: &mut u64) {
        *read += 1;
        self.sending.progress.read(1);
    }

    /// Packs a record that may be sent; returns whether there are calls to hand over now.
    fn take(
        &self,
        id: RecordId,
        line: &Line<'_>,
        checked: &Checked<'_>,
        json: &str,
        read: &mut u64,
    ) -> Result<bool, Halt> {
        let event_log_id = match (checked.kind, checked.event_log_id) {
            (RecordKind::Event, None) if self.id_fields.is_empty() => {
                Some(event_ids::of_position(self.namespace(id.input())?, id))
            }
            (RecordKind::Event, None) => match event_ids::of_fields(&self.id_fields, json) {
                Ok(id) => Some(id),
                Err(violation) => {
                    self.count(read);
                    self.invalid(id, line, &Violations::from(violation))?;
                    return Ok(false);
                }
            },
            (_, given) => given,
        };
        let fingerprint = self.fingerprint(checked);
        if let Some(fingerprint) = &fingerprint
            && self.delta(|delta| delta.unchanged(fingerprint))?
        {
            self.count(read);
            let mut accounts = lock(&self.accounts);
            accounts.unchanged(id)?;
            return Ok(false);
        }
        if let Some(fingerprint) = &fingerprint {
            self.delta(|delta| delta.sending(fingerprint))?;
        }
        // Count it only now: a record whose fate could not be written to disk was not read.
        self.count(read);
        let packed = self.packer().push(&Incoming {
            checked,
            id,
            line: line.number,
            offset: line.offset,
            original: line.original,
            event_log_id,
            resumed: self.damaged || self.in_flight.contains(id.to_u64()),
            fingerprint: fingerprint.map(Arc::new),
        });
        match packed {
            Ok(closed) => Ok(closed),
            Err(repeated) => {
                let problem = format!("the same id as on line {}, which is in the same call", repeated.line);
                let violation = Violation::new("event.event_log_id", problem);
                self.invalid(id, line, &Violations::from(violation))?;
                Ok(false)
            }
        }
    }

    fn has_read(&self, input: usize, source: &InputFile, beginning: Beginning) -> Result<(), Stop> {
        if lock(&self.accounts).has_read(input, beginning)? {
            return Ok(());
        }
        let changed = "it is no longer what this load has read of it before";
        Err(Stop::Input(InputError::changed(&source.name, changed)))
    }

    fn invalid(&self, id: RecordId, line: &Line<'_>, violations: &Violations) -> Result<(), Stop> {
        lock(&self.accounts).invalid(id, line, violations)
    }
}
