//! Makes a load resumable after a kill or a loss of power at any moment.
//!
//! The journal is a file of entries, each with a checksum ([`entry`]). Before a record is sent for the first time the
//! journal says so ([`Journal::sent`]), and once its fate is known it says that too ([`Journal::done`]). A load that is
//! started again skips what is done, and knows which records may have been sent before.
//!
//! Before anything is said of a record, the journal says what of the input was read until then ([`Journal::has_read`]): a record is
//! known by its position, which means nothing once the file was changed before it.
//!
//! * **A damaged or torn entry** is cut off with everything after it, wherever it is. That is safe: what is forgotten is
//!   sent again with the same ids, and counts as perhaps sent twice.
//! * **After a kill** every entry is still there that was written ([`Journal::flush`]), since the system has its bytes. No call
//!   is made before its `Sent` is written, so `Sent` is exact.
//! * **After a loss of power** the last entries may be missing, because waiting for the disk at each would be slow. What
//!   is waited for is [`Journal::reach`]: records before that position may have been sent. So if the machine was started
//!   anew since the last run (its boot id is another one, or unknown), or if something was cut off, every record before
//!   it that is not done counts as in flight. The files beside the journal (dead letters and such) may have lost lines as
//!   well: a fate with lines there counts only if they were synced, and their length goes back to what was synced.
//!   A run that ended with [`Journal::stop`] or [`Journal::finish`] is exact in any case.
//! * **A large journal** is replaced by a snapshot under another name that is synced and renamed, so there is always a
//!   whole one. For that reason the lock is a file of its own.

mod account;
mod bytes;
mod entry;
mod error;
#[cfg(test)]
mod tests;

use std::{
    borrow::Cow,
    fs::{File, TryLockError},
    io::{self, BufReader, Read as _},
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use self::{
    account::Account,
    entry::{Entry, Found, MAGIC, Reader},
    error::{compare, other_contents},
};
pub(crate) use self::{account::State, error::JournalError};
use crate::{
    append_file::{AppendFile, at, options, replace, with_suffix},
    record::{Fate, RecordId},
};
use dfinery_input::Beginning;

/// What is loaded and how: a journal goes on only with the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// Such as `events`.
    pub(crate) kind: String,
    /// A hash of all settings that change what a record means.
    pub(crate) settings: u64,
    /// The inputs in their order.
    pub(crate) inputs: Vec<Source>,
}

/// One input of a load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    /// For people. An input that was renamed is the same one.
    pub(crate) name: String,
    pub(crate) length: u64,
}

/// The lengths of the files beside the journal after what belongs to an entry was appended to them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    pub(crate) dead_letter: u64,
    pub(crate) possibly_twice: u64,
}

/// The fate of some records, as [`Journal::done`] is told it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Done<'a> {
    pub(crate) ids: &'a [RecordId],
    pub(crate) fate: Fate,
    pub(crate) code: Option<&'a str>,
    /// They may have been taken twice.
    pub(crate) twice: bool,
    pub(crate) marks: Marks,
}

/// The journal of one load, locked against a second loader while it lives.
#[derive(Debug)]
pub(crate) struct Journal {
    header: Header,
    file: AppendFile,
    account: Account,
    /// How long the file was when it began with nothing but a snapshot.
    base: u64,
    compact_at: u64,
    /// Entries that are not in the file yet.
    unwritten: Vec<u8>,
    payload: Vec<u8>,
    sorted: Vec<RecordId>,
    _lock: File,
}

impl Journal {
    /// A file below this length is never compacted.
    const COMPACT_AT: u64 = 64 << 20;
    /// With so many bytes unwritten it does not wait to be told to flush.
    const MOST_UNWRITTEN: usize = 64 << 10;

    /// Creates a journal, or takes up the one that is there, and begins a run. Asks whether inputs still begin as they did
    /// when they were read.
    ///
    /// # Errors
    /// If another loader has it, if it is of another load, or if it cannot be read or written.
    pub(crate) fn open(
        path: &Path,
        header: &Header,
        begins_so: impl Fn(usize, Beginning) -> io::Result<bool>,
    ) -> Result<(Self, State), JournalError> {
        Self::open_in_boot(path, header, begins_so, &boot_id(), Self::COMPACT_AT)
    }

    /// Keeps loaders from the journal, whether there is one or not, for as long as the file is open.
    ///
    /// # Errors
    /// If a loader has it, or if that cannot be found out.
    pub(crate) fn lock(path: &Path) -> Result<File, JournalError> {
        lock(path)
    }

    fn open_in_boot(
        path: &Path,
        header: &Header,
        begins_so: impl Fn(usize, Beginning) -> io::Result<bool>,
        boot: &str,
        compact_at: u64,
    ) -> Result<(Self, State), JournalError> {
        let lock = lock(path)?;
        let read = match File::open(path) {
            Ok(file) => Replay::read(path, file)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Self::create(path, header, boot, compact_at, lock);
            }
            Err(error) => return Err(at(path, "open", &error).into()),
        };
        compare(path, &read.header, header)?;
        for (input, beginning) in &read.account.state.read {
            if !begins_so(*input, *beginning)? {
                return Err(other_contents(path, &read.header, header, *input));
            }
        }
        let file = AppendFile::open(path, read.good)?;
        let mut journal = Self::new(read.header, file, read.account, read.base, compact_at, lock);
        let same_boot = !boot.is_empty() && journal.account.boot == boot;
        let lossy = read.cut || !(journal.account.ended || same_boot);
        if lossy || !journal.account.state.finished {
            journal.end(&run(boot, lossy))?;
        }
        journal.compact_if_large()?;
        let state = journal.account.state.clone();
        Ok((journal, state))
    }

    fn create(
        path: &Path,
        header: &Header,
        boot: &str,
        compact_at: u64,
        lock: File,
    ) -> Result<(Self, State), JournalError> {
        let mut bytes = MAGIC.to_vec();
        let mut account = Account::default();
        for entry in [Entry::Header(Cow::Borrowed(header)), run(boot, false)] {
            entry.write(&mut bytes, &mut Vec::new());
            account.apply(&entry);
        }
        replace(path, &bytes)?;
        let len = bytes.len() as u64;
        let file = AppendFile::open(path, len)?;
        let state = account.state.clone();
        Ok((Self::new(header.clone(), file, account, len, compact_at, lock), state))
    }

    fn new(header: Header, file: AppendFile, account: Account, base: u64, compact_at: u64, lock: File) -> Self {
        Self {
            header,
            file,
            account,
            base,
            compact_at,
            unwritten: Vec::new(),
            payload: Vec::new(),
            sorted: Vec::new(),
            _lock: lock,
        }
    }

    /// Says what of an input was read. To be called before anything is said of the records in it, so that nobody takes a
    /// record for one that stood in the same place.
    pub(crate) fn has_read(&mut self, input: usize, beginning: Beginning) -> io::Result<()> {
        self.write(&Entry::Read { input, beginning })
    }

    /// Says that records of this file before this one may be sent from now on, and waits for the disk. To be called with
    /// a position well ahead, so seldom. The files that the marks speak of must be synced before.
    pub(crate) fn reach(&mut self, id: RecordId) -> io::Result<()> {
        self.end(&Entry::Reach(id))
    }

    /// Says that these records are about to be sent for the first time. They must be before the last `reach` of their file.
    pub(crate) fn sent(&mut self, ids: &[RecordId]) -> io::Result<()> {
        let ids = self.sort(ids);
        let written = self.write(&Entry::Sent(Cow::Borrowed(&ids)));
        self.sorted = ids;
        written
    }

    /// Says that these records were sent, and certainly not taken: they are no longer in flight.
    pub(crate) fn not_taken(&mut self, ids: &[RecordId]) -> io::Result<()> {
        let ids = self.sort(ids);
        let written = self.write(&Entry::NotTaken(Cow::Borrowed(&ids)));
        self.sorted = ids;
        written
    }

    /// Says what became of records. Their lines in the files that the marks speak of must have been appended before.
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

    /// Waits until everything is on the disk. The files that the marks speak of must be synced before.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        self.end(&Entry::Synced)
    }

    /// Ends a run in order before all records are done: nothing more is sent, and no answer is awaited. The files that
    /// the marks speak of must be synced before.
    pub(crate) fn stop(&mut self) -> io::Result<()> {
        self.end(&Entry::Stopped)
    }

    /// Ends the load: every record is done. The files that the marks speak of must be synced before.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        self.end(&Entry::Finished)
    }

    /// Where the load stands now.
    #[cfg(test)]
    pub(crate) fn state(&self) -> &State {
        &self.account.state
    }

    /// Replaces the file by a snapshot if it has become long, and twice as long as the last snapshot.
    pub(crate) fn compact_if_large(&mut self) -> io::Result<()> {
        if self.file.len() < self.compact_at.max(self.base.saturating_mul(2)) {
            return Ok(());
        }
        self.account.shrink();
        let mut bytes = MAGIC.to_vec();
        for entry in [
            Entry::Header(Cow::Borrowed(&self.header)),
            Entry::Snapshot(Cow::Borrowed(&self.account)),
        ] {
            entry.write(&mut bytes, &mut self.payload);
        }
        self.payload = Vec::new();
        let path = self.file.path().to_owned();
        replace(&path, &bytes)?;
        // The snapshot says it too.
        self.unwritten.clear();
        self.base = bytes.len() as u64;
        self.file = AppendFile::open(path, self.base)?;
        Ok(())
    }

    /// Returns once a kill takes nothing of what was said so far. What several calls have to say takes one write.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.file.append(&self.unwritten)?;
        self.unwritten.clear();
        Ok(())
    }

    fn write(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        entry.write(&mut self.unwritten, &mut self.payload);
        self.account.apply(entry);
        if self.unwritten.len() < Self::MOST_UNWRITTEN {
            return Ok(());
        }
        self.flush()
    }

    fn end(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        self.write(entry)?;
        self.flush()?;
        self.file.sync()
    }

    /// The ids in ascending order, in a vector to be put back.
    fn sort(&mut self, ids: &[RecordId]) -> Vec<RecordId> {
        let mut sorted = std::mem::take(&mut self.sorted);
        sorted.clear();
        sorted.extend_from_slice(ids);
        sorted.sort_unstable();
        sorted
    }
}

impl Drop for Journal {
    /// A load whose future is dropped, or that panics, ends without a last word.
    fn drop(&mut self) {
        let _ = self.flush();
    }
}

/// What the file of a journal says.
struct Replay {
    header: Header,
    account: Account,
    /// Where the last good entry ends.
    good: u64,
    /// There are bytes after it.
    cut: bool,
    base: u64,
}

impl Replay {
    fn read(path: &Path, file: File) -> Result<Self, JournalError> {
        const BUFFER: usize = 256 << 10;
        let read = |error| JournalError::from(at(path, "read", &error));
        let damaged = || JournalError::Damaged(path.to_owned());
        let len = file.metadata().map_err(read)?.len();
        let mut input = BufReader::with_capacity(BUFFER, file);
        let mut magic = [0; MAGIC.len()];
        match input.read_exact(&mut magic) {
            Ok(()) if magic == *MAGIC => {}
            Ok(()) => return Err(damaged()),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(damaged()),
            Err(error) => return Err(read(error)),
        }
        let mut reader = Reader::new(input, len);
        let header = match reader.next().map_err(read)? {
            Found::Entry(Entry::Header(header)) => header.into_owned(),
            Found::OtherVersion => return Err(JournalError::OtherVersion(path.to_owned())),
            _ => return Err(damaged()),
        };
        let mut account = Account::default();
        let mut base = reader.good();
        loop {
            let before = reader.good();
            match reader.next().map_err(read)? {
                Found::Entry(Entry::Header(_)) | Found::Bad | Found::OtherVersion => {
                    return Ok(Self {
                        header,
                        account,
                        good: before,
                        cut: true,
                        base,
                    });
                }
                Found::Entry(entry) => {
                    if matches!(entry, Entry::Snapshot(_)) {
                        base = reader.good();
                    }
                    account.apply(&entry);
                }
                Found::End => {
                    return Ok(Self {
                        header,
                        account,
                        good: before,
                        cut: false,
                        base,
                    });
                }
            }
        }
    }
}

fn lock(path: &Path) -> Result<File, JournalError> {
    let beside = with_suffix(path, ".lock");
    let file = options().create(true).truncate(false).open(&beside);
    let file = file.map_err(|error| at(&beside, "create", &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(JournalError::InUse(path.to_owned())),
        Err(TryLockError::Error(error)) => Err(at(&beside, "lock", &error).into()),
    }
}

fn run(boot: &str, lossy: bool) -> Entry<'_> {
    let time = SystemTime::now().duration_since(UNIX_EPOCH);
    Entry::Run {
        time: time.map_or(0, |time| time.as_secs()),
        boot: Cow::Borrowed(boot),
        lossy,
    }
}

/// Differs after each start of the machine; empty where it cannot be told.
fn boot_id() -> String {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    id.trim().to_owned()
}
