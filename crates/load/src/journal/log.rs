//! Writing the journal of a load.

use std::{
    borrow::Cow,
    fs::{File, TryLockError},
    io,
    path::Path,
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use super::{
    compare::{compare, other_contents},
    contents::Contents,
    entry::{Entry, Loss, MAGIC, VERSION},
    extent::Extent,
    header::{Header, Marks},
    spent::{self, Calls},
    summary::{State, Summary},
};
use crate::{
    append_file::{AppendFile, at, options, replace},
    last_record::LastRecord,
    record::{Fate, RecordId},
    state_error::StateError,
};
use dfinery::{Family, engine::with_suffix};
use dfinery_input::Beginning;

/// The fate of some records, for [`Journal::done`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Done<'a> {
    pub(crate) ids: &'a [RecordId],
    pub(crate) fate: Fate,
    pub(crate) code: Option<&'a str>,
    /// They may have been taken twice.
    pub(crate) twice: bool,
    pub(crate) marks: Marks,
}

/// The journal of one load. It keeps other loaders out while it lives.
#[derive(Debug)]
pub(crate) struct Journal {
    header: Header,
    file: AppendFile,
    summary: Summary,
    extent: Extent,
    /// The checksum of the last entry.
    checksum: u32,
    /// The length of the file when it held only a header and a snapshot.
    base: u64,
    compact_at: u64,
    /// What earlier runs have spent of the quotas, and how long ago.
    spent_before: Vec<(Duration, Calls)>,
    /// Calls that are about to be made and not in an entry yet.
    calls: Calls,
    /// Entries that are not in the file yet.
    unwritten: Vec<u8>,
    payload: Vec<u8>,
    sorted: Vec<RecordId>,
    _lock: File,
}

impl Journal {
    const LOCK_TRIES: u32 = 10;
    const LOCK_PAUSE: Duration = Duration::from_millis(20);
    /// A file below this length is never compacted.
    const COMPACT_AT: u64 = 64 << 20;
    /// Once this many bytes are unwritten, it flushes on its own.
    const MOST_UNWRITTEN: usize = 64 << 10;

    /// Creates a journal or continues an existing one, and begins a run. `begins_so` says whether an input still begins
    /// as it did when it was read.
    ///
    /// # Errors
    /// If another loader uses it, if it belongs to another load, or if it cannot be read or written.
    pub(crate) fn open(
        path: &Path,
        header: &Header,
        begins_so: impl Fn(usize, Beginning) -> io::Result<bool>,
    ) -> Result<(Self, State), StateError> {
        Self::open_in_boot(path, header, begins_so, &boot_id(), Self::COMPACT_AT)
    }

    /// Keeps other loaders out while the file is open, even without a journal.
    ///
    /// # Errors
    /// If a loader holds it, or if locking fails.
    pub(crate) fn lock(path: &Path) -> Result<File, StateError> {
        let beside = with_suffix(path, ".lock");
        let file = options().create(true).truncate(false).open(&beside);
        let file = file.map_err(|error| at(&beside, "create", &error))?;
        // A child process that is just being started holds the files of its parent until it runs its own program. So a lock
        // that a load has given back may be taken for a moment longer.
        for _ in 0..Self::LOCK_TRIES {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) => thread::sleep(Self::LOCK_PAUSE),
                Err(TryLockError::Error(error)) => return Err(at(&beside, "lock", &error).into()),
            }
        }
        Err(StateError::InUse(path.to_owned()))
    }

    pub(super) fn open_in_boot(
        path: &Path,
        header: &Header,
        begins_so: impl Fn(usize, Beginning) -> io::Result<bool>,
        boot: &str,
        compact_at: u64,
    ) -> Result<(Self, State), StateError> {
        let lock = Self::lock(path)?;
        let read = match File::open(path) {
            Ok(file) => Contents::read(path, file)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Self::create(path, header, boot, compact_at, lock);
            }
            Err(error) => return Err(at(path, "open", &error).into()),
        };
        if let Err(other) = compare(path, &read.header, header) {
            // Standard input is opened only after the journal: what could not be read may be read in another way now.
            let never_read = read.is_untouched() && read.header.ids_of_stdin().is_some();
            if never_read && header.ids_of_stdin().is_some() {
                return Self::create(path, header, boot, compact_at, lock);
            }
            return Err(other);
        }
        for (input, beginning) in &read.summary.state.read {
            if !begins_so(*input, *beginning)? {
                return Err(other_contents(path, &read.header, header, *input));
            }
        }
        let same_boot = !boot.is_empty() && read.summary.boot == boot;
        let should_be = |extent: Extent| if same_boot { extent.written } else { extent.synced };
        let loss = if read.extent.map(should_be).is_none_or(|length| read.good < length) {
            Loss::Anything
        } else if same_boot || read.summary.ended {
            Loss::Nothing
        } else {
            Loss::Unsynced
        };
        let file = AppendFile::open(path, read.good)?;
        let mut journal = Self::new(read.header, file, read.summary, compact_at, lock);
        journal.base = read.base;
        journal.checksum = read.checksum;
        let (spent, ended) = (&journal.summary.spent, journal.summary.ended);
        journal.spent_before = spent.before(spent::now(), ended).collect();
        // Standard input may have more than it had when the load was finished.
        if loss != Loss::Nothing || !journal.summary.state.finished || header.ids_of_stdin().is_some() {
            journal.end(&run(boot, loss))?;
        }
        journal.compact_if_large()?;
        let state = journal.summary.state.clone();
        Ok((journal, state))
    }

    fn create(
        path: &Path,
        header: &Header,
        boot: &str,
        compact_at: u64,
        lock: File,
    ) -> Result<(Self, State), StateError> {
        let mut summary = Summary::default();
        let entries = [Entry::Header(Cow::Borrowed(header)), run(boot, Loss::Nothing)];
        for entry in &entries {
            summary.apply(entry);
        }
        let (bytes, checksum) = whole_file(&entries)?;
        replace(path, &bytes)?;
        let file = AppendFile::open(path, bytes.len() as u64)?;
        let state = summary.state.clone();
        let mut journal = Self::new(header.clone(), file, summary, compact_at, lock);
        journal.checksum = checksum;
        Ok((journal, state))
    }

    /// A journal whose file is as long as it should be.
    fn new(header: Header, file: AppendFile, summary: Summary, compact_at: u64, lock: File) -> Self {
        let length = file.len();
        Self {
            header,
            file,
            summary,
            extent: Extent {
                written: length,
                synced: length,
            },
            checksum: 0,
            base: length,
            compact_at,
            spent_before: Vec::new(),
            calls: Calls::default(),
            unwritten: Vec::new(),
            payload: Vec::new(),
            sorted: Vec::new(),
            _lock: lock,
        }
    }

    /// Notes how far an input was read. Call it before noting anything about the records in it, so that a later run
    /// does not mistake other records in the same place for them.
    pub(crate) fn has_read(&mut self, input: usize, beginning: Beginning) -> io::Result<()> {
        self.write(&match self.header.ids_of_stdin() {
            Some(_) => Entry::Piece(beginning),
            None => Entry::Read { input, beginning },
        })
    }

    /// Notes that standard input was read to its end.
    pub(crate) fn has_ended(&mut self, last: LastRecord) -> io::Result<()> {
        self.write(&Entry::End(last))
    }

    /// The load that began.
    pub(crate) fn header(&self) -> &Header {
        &self.header
    }

    /// Notes that records of this file before this one may be sent from now on, and waits for the disk. Call it rarely,
    /// with a position well ahead. The files that the marks describe must be synced first.
    pub(crate) fn reach(&mut self, id: RecordId) -> io::Result<()> {
        self.end(&Entry::Reach(id))
    }

    /// Notes that these records are about to be sent for the first time. They must be before the last `reach` of their file.
    pub(crate) fn sent(&mut self, ids: &[RecordId]) -> io::Result<()> {
        let ids = self.sort(ids);
        let written = self.write(&Entry::Sent(Cow::Borrowed(&ids)));
        self.sorted = ids;
        written
    }

    /// Notes that a call is about to be made, even if its records were sent before.
    pub(crate) fn spends(&mut self, family: Family) {
        self.calls.count(family);
    }

    /// How many calls earlier runs have made, and how long ago at most.
    pub(crate) fn spent_before(&self) -> &[(Duration, Calls)] {
        &self.spent_before
    }

    /// Notes that these records were sent but certainly not taken: they are no longer in flight.
    pub(crate) fn not_taken(&mut self, ids: &[RecordId]) -> io::Result<()> {
        let ids = self.sort(ids);
        let written = self.write(&Entry::NotTaken(Cow::Borrowed(&ids)));
        self.sorted = ids;
        written
    }

    /// Notes that the calls of these records failed until the run ended, although others were accepted.
    pub(crate) fn failed(&mut self, ids: &[RecordId]) -> io::Result<()> {
        let ids = self.sort(ids);
        let written = self.write(&Entry::Failed(Cow::Borrowed(&ids)));
        self.sorted = ids;
        written
    }

    /// Notes the fates of records. Their lines must already be appended to the files that the marks describe.
    pub(crate) fn done(&mut self, done: &Done<'_>) -> io::Result<()> {
        let ids = self.sort(done.ids);
        let written = self.write(&Entry::Done {
            ids: Cow::Borrowed(&ids),
            fate: done.fate,
            code: done.code.map(Cow::Borrowed),
            twice: done.twice,
            marks: done.marks,
        });
        self.sorted = ids;
        written
    }

    /// Waits until everything is on the disk. The files that the marks describe must be synced first.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        self.end(&Entry::Synced)
    }

    /// Ends a run in order before all records are done: nothing more is sent, and no answer is awaited. The files that
    /// the marks describe must be synced first.
    pub(crate) fn stop(&mut self) -> io::Result<()> {
        self.end(&Entry::Stopped)
    }

    /// Ends the load: every record is done. The files that the marks describe must be synced first.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        self.end(&Entry::Finished)
    }

    /// What is known about the load now.
    #[cfg(test)]
    pub(crate) fn state(&self) -> &State {
        &self.summary.state
    }

    /// Replaces the file with a snapshot if it is long, and twice as long as the last snapshot.
    pub(crate) fn compact_if_large(&mut self) -> io::Result<()> {
        if self.file.len() < self.compact_at.max(self.base.saturating_mul(2)) {
            return Ok(());
        }
        self.summary.shrink();
        let (bytes, checksum) = whole_file(&[
            Entry::Header(Cow::Borrowed(&self.header)),
            Entry::Snapshot(Cow::Borrowed(&self.summary)),
        ])?;
        let path = self.file.path().to_owned();
        replace(&path, &bytes)?;
        // The snapshot covers these entries.
        self.unwritten.clear();
        self.base = bytes.len() as u64;
        self.checksum = checksum;
        self.extent = Extent {
            written: self.base,
            synced: self.base,
        };
        self.file = AppendFile::open(path, self.base)?;
        Ok(())
    }

    /// Returns once a kill would lose nothing noted so far. One write serves several calls.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.write_calls()?;
        self.file.append(&self.unwritten)?;
        self.unwritten.clear();
        if self.extent.written == self.file.len() {
            return Ok(());
        }
        self.extends_to(Extent {
            written: self.file.len(),
            ..self.extent
        })
    }

    /// Notes how long the file is.
    fn extends_to(&mut self, extent: Extent) -> io::Result<()> {
        self.file.overwrite(Extent::PLACE, &extent.to_bytes())?;
        self.extent = extent;
        Ok(())
    }

    fn write(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        self.checksum = entry.write(self.checksum, &mut self.unwritten, &mut self.payload)?;
        self.summary.apply(entry);
        if self.unwritten.len() < Self::MOST_UNWRITTEN {
            return Ok(());
        }
        self.flush()
    }

    fn write_calls(&mut self) -> io::Result<()> {
        let calls = std::mem::take(&mut self.calls);
        if calls == Calls::default() {
            return Ok(());
        }
        let time = spent::now();
        self.write(&Entry::Spent { time, calls })
    }

    fn end(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        // The entry may be the last of a run.
        self.write_calls()?;
        self.write(entry)?;
        self.flush()?;
        self.file.sync()?;
        // Until this too is on the disk, less than is there counts as certainly there.
        self.extends_to(Extent {
            synced: self.file.len(),
            ..self.extent
        })
    }

    /// The ids in ascending order, in a vector that the caller puts back.
    fn sort(&mut self, ids: &[RecordId]) -> Vec<RecordId> {
        let mut sorted = std::mem::take(&mut self.sorted);
        sorted.clear();
        sorted.extend_from_slice(ids);
        sorted.sort_unstable();
        sorted
    }
}

impl Drop for Journal {
    /// A load that panics, or whose future is dropped, does not flush by itself.
    fn drop(&mut self) {
        let _ = self.flush();
    }
}

/// A journal with exactly these entries, and the checksum of the last.
fn whole_file(entries: &[Entry<'_>]) -> io::Result<(Vec<u8>, u32)> {
    let (mut bytes, mut payload, mut checksum) = (Vec::new(), Vec::new(), 0);
    for entry in entries {
        checksum = entry.write(checksum, &mut bytes, &mut payload)?;
    }
    let length = Extent::PLACE + (Extent::BYTES + bytes.len()) as u64;
    let extent = Extent {
        written: length,
        synced: length,
    };
    bytes.splice(..0, [&MAGIC[..], &[VERSION], &extent.to_bytes()].concat());
    Ok((bytes, checksum))
}

fn run(boot: &str, loss: Loss) -> Entry<'_> {
    let time = SystemTime::now().duration_since(UNIX_EPOCH);
    Entry::Run {
        time: time.map_or(0, |time| time.as_secs()),
        boot: Cow::Borrowed(boot),
        loss,
    }
}

/// Differs after each boot of the machine; empty if unknown.
fn boot_id() -> String {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    id.trim().to_owned()
}
