//! From inputs to calls: every record is read, checked, given its id and packed. Blocking; runs on a thread of its own.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    io,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, OnceLock},
};

use roaring::RoaringTreemap;
use serde_json::value::RawValue;
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
};
use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_128;

use crate::lock::lock;
use crate::{
    deliver::Sending,
    delta::Delta,
    file_accounts::FileAccounts,
    outcome::Stop,
    pack::{Batch, Incoming, Packer, edited},
    record::RecordId,
    schedule::Waiting,
    sort::Sorter,
    stdin::Stdin,
};
use dfinery::{Properties, Violation, Violations};
use dfinery_input::{Beginning, Input, InputError, InputOptions, Line};
use dfinery_records::{Accepts, Checked, Checker, RecordKind, Report, Taxonomy};

/// What is read, and how.
pub(crate) struct Reader {
    pub(crate) inputs: Vec<Source>,
    /// For each input what the ids of its events are made from, once an event needs one.
    pub(crate) namespaces: OnceLock<Vec<Uuid>>,
    pub(crate) options: InputOptions,
    pub(crate) taxonomy: Option<Arc<Taxonomy>>,
    pub(crate) accepts: Accepts,
    pub(crate) passes: Vec<Pass>,
    /// Fields whose values make the id of an event, in place of its position.
    pub(crate) id_fields: Vec<String>,
    pub(crate) sort_in: Option<PathBuf>,
    pub(crate) delta: Option<Arc<Mutex<Delta>>>,
    /// Records that an earlier run settled, and records that it may have sent.
    pub(crate) done: RoaringTreemap,
    pub(crate) in_flight: RoaringTreemap,
    pub(crate) packer: Arc<Mutex<Packer>>,
    pub(crate) books: Arc<Mutex<FileAccounts>>,
    pub(crate) delivering: Arc<Sending>,
    pub(crate) calls: mpsc::Sender<Waiting>,
    pub(crate) memory: Arc<Semaphore>,
}

/// One input.
pub(crate) struct Source {
    /// `None` is standard input.
    pub(crate) path: Option<PathBuf>,
    pub(crate) name: String,
}

/// Which records are taken when the inputs are read through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pass {
    /// All of them.
    All,
    /// Those of one kind; what is invalid is settled in the first pass.
    Only { kind: RecordKind, first: bool },
}

/// The bytes of calls that wait or are under way.
pub(crate) const WAITING_BYTES: usize = 12 * 1024 * 1024;
/// A sort keeps so much in memory before it writes to disk.
const SORT_BYTES: usize = 16 * 1024 * 1024;
/// So many records ahead are put on record as possibly sent, which takes a flush of the disk.
const REACH: u64 = 65_536;
/// So many records are read between two looks at whether to stop.
const GLANCE: u64 = 256;

/// What a thread that reads leaves behind.
pub(crate) struct Left {
    /// Calls that were packed but not taken any more.
    pub(crate) batches: Vec<Batch>,
    pub(crate) report: Report,
    /// Records read for the first time.
    pub(crate) read: u64,
    /// Whether all inputs were read to their end.
    pub(crate) complete: bool,
    pub(crate) stop: Option<Stop>,
}

/// What reading collects on its way.
struct Reading {
    checker: Checker,
    report: Report,
    read: u64,
    sorter: Option<Sorter>,
}

/// Why reading does not go on.
enum Halt {
    /// Nobody takes calls any more.
    Stopped,
    Because(Stop),
}

impl From<Stop> for Halt {
    fn from(stop: Stop) -> Self {
        Self::Because(stop)
    }
}

impl Reader {
    pub(crate) fn run(self) -> Left {
        let mut reading = Reading {
            checker: Checker::new(self.taxonomy.clone(), self.accepts),
            report: Report::new(self.taxonomy.as_deref().map(Taxonomy::name)),
            read: 0,
            sorter: None,
        };
        let halt = self.passes(&mut reading).err();
        if matches!(halt, Some(Halt::Because(Stop::Input(_)))) {
            // What was read is sent: the same load cannot go on with an input that has changed.
            self.packer().finish();
            let _ = self.hand_over();
        }
        let batches = {
            let mut packer = self.packer();
            packer.finish();
            packer.closed().collect()
        };
        self.delivering.progress.read(reading.read % GLANCE);
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

    fn passes(&self, reading: &mut Reading) -> Result<(), Halt> {
        for (position, pass) in self.passes.iter().enumerate() {
            if position > 0 {
                self.wait_until_settled()?;
            }
            if let Some(folder) = &self.sort_in {
                reading.sorter = Some(Sorter::new(folder, SORT_BYTES));
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
        Ok(())
    }

    fn input(&self, file: u32, source: &Source, pass: Pass, reading: &mut Reading) -> Result<(), Halt> {
        let taxonomy = self.taxonomy.as_deref();
        let progress = &self.delivering.progress;
        let failed = |error| {
            let ends = source.path.is_none() && *self.delivering.stop.borrow();
            if ends { Halt::Stopped } else { Stop::Input(error).into() }
        };
        let opened = match &source.path {
            Some(path) => Input::open(path, &self.options, taxonomy, self.accepts),
            None => Stdin::new(self.delivering.stop.subscribe())
                .map_err(|error| InputError::opening("-", error))
                .and_then(|stdin| Input::from_reader("-", Box::new(stdin), &self.options, taxonomy, self.accepts)),
        };
        let mut input = opened.map_err(failed)?;
        let passed = input.passed();
        let mut noted = 0;
        let mut bytes = 0;
        let mut reached = 0;
        let mut records = 0;
        for position in 0.. {
            if position % GLANCE == 0 {
                progress.bytes(passed.bytes() - bytes);
                bytes = passed.bytes();
                if *self.delivering.stop.borrow() {
                    return Err(Halt::Stopped);
                }
            }
            let line = input.next().map_err(failed)?;
            if passed.bytes() > noted {
                noted = passed.bytes();
                self.has_read(file as usize, source, passed.beginning())?;
            }
            let Some(line) = line else { break };
            records = position + 1;
            let id = RecordId::new(file, position);
            if position >= reached && reading.sorter.is_none() {
                reached = position + REACH;
                self.reach(RecordId::new(file, reached))?;
            }
            self.record(id, source, &line, pass, reading)?;
        }
        progress.bytes(passed.bytes() - bytes);
        if reading.sorter.is_some() {
            self.reach(RecordId::new(file, records))?;
        }
        Ok(input.finish().map_err(Stop::Input)?)
    }

    fn reach(&self, id: RecordId) -> Result<(), Stop> {
        lock(&self.books).reach(id)
    }

    fn record(
        &self,
        id: RecordId,
        source: &Source,
        line: &Line<'_>,
        pass: Pass,
        reading: &mut Reading,
    ) -> Result<(), Halt> {
        if self.done.contains(id.to_u64()) {
            return Ok(self.doubt(line, &mut reading.checker)?);
        }
        let Reading {
            checker,
            report,
            sorter,
            ..
        } = reading;
        let json = line.json.as_ref().copied().unwrap_or_default();
        let checked = match &line.json {
            Ok(json) => checker.check(json),
            Err(violation) => Err(Violations::from(violation.clone())),
        };
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
                    let item = sorted_item(id, line, json);
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
            }
        }
        Ok(())
    }

    /// Records in the order of their users.
    fn sorted(&self, sorter: Sorter, reading: &mut Reading) -> Result<(), Halt> {
        let disk = |error| Stop::disk("sorting", &error);
        let mut items = sorter.finish().map_err(disk)?;
        while let Some(item) = items.next().map_err(disk)? {
            let Some((id, line)) = read_sorted_item(item) else {
                return Err(Stop::Bug("a sorted record cannot be read back").into());
            };
            let json = line.json.as_ref().copied().unwrap_or_default();
            let Ok(checked) = reading.checker.check(json) else {
                return Err(Stop::Bug("a record was valid before it was sorted").into());
            };
            if self.take(id, &line, &checked, json, &mut reading.read)? {
                self.hand_over()?;
            }
            if *self.delivering.stop.borrow() {
                return Err(Halt::Stopped);
            }
        }
        Ok(())
    }

    fn count(&self, read: &mut u64) {
        *read += 1;
        if read.is_multiple_of(GLANCE) {
            self.delivering.progress.read(GLANCE);
        }
    }

    /// Packs a record that may be sent; says whether there are calls to hand over now.
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
                Some(Uuid::new_v5(&self.namespace(id.input())?, &id.position().to_be_bytes()))
            }
            (RecordKind::Event, None) => match id_of_fields(&self.id_fields, json) {
                Ok(id) => Some(id),
                Err(violation) => {
                    self.count(read);
                    self.invalid(id, line, &Violations::from(violation))?;
                    return Ok(false);
                }
            },
            (_, given) => given,
        };
        let key = self.delta.as_ref().and_then(|_| delta_key(checked));
        if let Some((key, hash)) = key
            && self.delta(|delta| delta.unchanged(key, hash))?
        {
            self.count(read);
            let mut books = lock(&self.books);
            books.unchanged(id)?;
            return Ok(false);
        }
        if let Some((key, _)) = key {
            self.delta(|delta| delta.sending(key))?;
        }
        // Counted only now: a record whose fate the disk keeps from being settled was not read.
        self.count(read);
        let packed = self.packer().push(&Incoming {
            checked,
            id,
            line: line.number,
            offset: line.offset,
            original: line.original,
            event_log_id,
            resumed: self.in_flight.contains(id.to_u64()),
            delta: key,
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

    /// What the ids of the events of an input are made from: its contents, which are read for it as a whole.
    fn namespace(&self, input: usize) -> Result<Uuid, Halt> {
        let namespaces = if let Some(known) = self.namespaces.get() {
            known
        } else {
            let read = self.read_namespaces()?;
            self.namespaces.get_or_init(|| read)
        };
        let namespace = namespaces.get(input).copied();
        Ok(namespace.ok_or(Stop::Bug("a record of no input"))?)
    }

    fn read_namespaces(&self) -> Result<Vec<Uuid>, Halt> {
        let goes_on = || !*self.delivering.stop.borrow();
        let mut contents = Vec::new();
        let mut namespaces = Vec::new();
        for (input, source) in self.inputs.iter().enumerate() {
            let Some(path) = &source.path else {
                namespaces.push(Uuid::new_v4());
                continue;
            };
            let whole = Beginning::of_file(path, u64::MAX, goes_on)
                .map_err(|error| Stop::Input(InputError::reading(&source.name, error)))?
                .ok_or(Halt::Stopped)?;
            // A change of what comes later would change the ids of what was sent.
            self.has_read(input, source, whole)?;
            // Files with the same contents are told apart by which of them it is, or their events would have the same ids.
            let same = contents.iter().filter(|other| **other == whole).count() as u64;
            let mut name = whole.hash.to_be_bytes().to_vec();
            name.extend((same > 0).then(|| same.to_be_bytes()).into_iter().flatten());
            namespaces.push(Uuid::new_v5(&NAMESPACE_OF_FILES, &name));
            contents.push(whole);
        }
        lock(&self.books).sync()?;
        Ok(namespaces)
    }

    fn has_read(&self, input: usize, source: &Source, beginning: Beginning) -> Result<(), Stop> {
        if lock(&self.books).has_read(input, beginning)? {
            return Ok(());
        }
        let changed = "it is no longer what this load has read of it before";
        Err(Stop::Input(InputError::changed(&source.name, changed)))
    }

    /// An earlier run settled this record, and may have been killed before it was remembered what the server has now.
    fn doubt(&self, line: &Line<'_>, checker: &mut Checker) -> Result<(), Stop> {
        if self.delta.is_some()
            && let Ok(json) = &line.json
            && let Ok(checked) = checker.check(json)
            && let Some((key, _)) = delta_key(&checked)
        {
            self.delta(|delta| delta.doubt(key))?;
        }
        Ok(())
    }

    /// Does something with what is remembered of earlier loads. No other lock is taken meanwhile.
    fn delta<T: Default>(&self, act: impl FnOnce(&mut Delta) -> io::Result<T>) -> Result<T, Stop> {
        let Some(delta) = &self.delta else {
            return Ok(T::default());
        };
        let mut delta = lock(delta);
        act(&mut delta).map_err(|error| Stop::Disk(error.to_string()))
    }

    fn invalid(&self, id: RecordId, line: &Line<'_>, violations: &Violations) -> Result<(), Stop> {
        lock(&self.books).invalid(id, line, violations)
    }

    /// Hands over the calls that are full; waits while too many wait already.
    ///
    /// A call leaves the packer only once there is room for it, so that whoever takes later ones out of the packer finds the
    /// earlier ones either there or handed over.
    fn hand_over(&self) -> Result<(), Halt> {
        loop {
            let Some(bytes) = self.packer().first_closed().map(Batch::bytes) else {
                return Ok(());
            };
            let room = self
                .reserve(bytes)
                .zip(Handle::current().block_on(self.calls.reserve()).ok());
            let (memory, room) = room.ok_or(Halt::Stopped)?;
            let mut packer = self.packer();
            if let Some(batch) = packer.take_first_closed() {
                let memory = Some(Arc::new(memory));
                room.send(Waiting { batch, memory });
            }
        }
    }

    fn packer(&self) -> MutexGuard<'_, Packer> {
        lock(&self.packer)
    }

    fn reserve(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let bytes = u32::try_from(bytes.min(WAITING_BYTES)).unwrap_or(u32::MAX);
        let memory = Arc::clone(&self.memory);
        if let Ok(permit) = Arc::clone(&memory).try_acquire_many_owned(bytes) {
            return Some(permit);
        }
        Handle::current().block_on(async {
            tokio::select! {
                permit = memory.acquire_many_owned(bytes) => permit.ok(),
                () = self.calls.closed() => None,
            }
        })
    }

    /// Waits until everything handed over so far is settled.
    fn wait_until_settled(&self) -> Result<(), Halt> {
        self.reserve(WAITING_BYTES).map(drop).ok_or(Halt::Stopped)
    }
}

/// Who a profile is about and what it says, as hashes. A user is known by the first identifier, as where calls are put in order,
/// since a profile of the same user may come with more or fewer of the others; which came belongs to what it says.
fn delta_key(checked: &Checked<'_>) -> Option<(u128, u128)> {
    if checked.kind != RecordKind::Profile {
        return None;
    }
    let (place, id) = checked.identity.first()?;
    let user = [&[u8::try_from(place).ok()?], id.as_bytes()].concat();
    let properties: Properties = serde_json::from_str(&edited(checked)).ok()?;
    let says = serde_json::to_vec(&(checked.identity.to_identity(), properties)).ok()?;
    Some((xxh3_128(&user), xxh3_128(&says)))
}

/// The id that the values of some fields make: the same values give the same id, in whatever file.
fn id_of_fields(fields: &[String], json: &str) -> Result<Uuid, Violation> {
    let record = object(json);
    let (event, identity) = (within(&record, "event"), within(&record, "identity"));
    let properties = within(&event, "event_properties");
    let mut name = Vec::new();
    for field in fields {
        let value = [&properties, &event, &identity]
            .into_iter()
            .find_map(|place| place.get(field.as_str()))
            .map(|value| value.get())
            .filter(|value| *value != "null");
        let Some(value) = value else {
            return Err(Violation::new(
                field,
                "is needed to make the event_log_id, and is missing",
            ));
        };
        // A number counts as it is written, since not every number has a type that holds it.
        let text = serde_json::from_str(value).unwrap_or_else(|_| value.to_owned());
        name.extend_from_slice(&text.len().to_be_bytes());
        name.extend_from_slice(text.as_bytes());
    }
    Ok(Uuid::new_v5(&NAMESPACE_OF_FIELDS, &name))
}

fn within<'a>(outer: &Object<'a>, key: &str) -> Object<'a> {
    outer.get(key).map_or_else(Object::new, |value| object(value.get()))
}

type Object<'a> = BTreeMap<Cow<'a, str>, &'a RawValue>;

fn object(json: &str) -> Object<'_> {
    serde_json::from_str(json).unwrap_or_default()
}

/// Made once at random.
const NAMESPACE_OF_FILES: Uuid = Uuid::from_u128(0x5d2b_8f0c_3a44_4f0e_8b1f_6d8c_02a9_e371);
const NAMESPACE_OF_FIELDS: Uuid = Uuid::from_u128(0x9f6c_1f0e_6d0b_4b63_9d07_54c1_1f2a_7be5);

fn sorted_item(id: RecordId, line: &Line<'_>, json: &str) -> Vec<u8> {
    let same = line.original == json.as_bytes();
    let json = if same { "" } else { json };
    let mut item = Vec::with_capacity(32 + line.original.len() + json.len());
    for number in [id.to_u64(), line.number, line.offset, line.original.len() as u64] {
        item.extend_from_slice(&number.to_be_bytes());
    }
    item.extend_from_slice(line.original);
    item.extend_from_slice(json.as_bytes());
    item
}

fn read_sorted_item(item: &[u8]) -> Option<(RecordId, Line<'_>)> {
    let number = |position: usize| -> Option<u64> {
        let bytes = item.get(position * 8..position * 8 + 8)?;
        Some(u64::from_be_bytes(bytes.try_into().ok()?))
    };
    let rest = item.get(32..)?;
    let (original, json) = rest.split_at_checked(usize::try_from(number(3)?).ok()?)?;
    let json = std::str::from_utf8(if json.is_empty() { original } else { json }).ok()?;
    let line = Line {
        number: number(1)?,
        offset: number(2)?,
        original,
        json: Ok(json),
    };
    Some((RecordId::from_u64(number(0)?), line))
}
