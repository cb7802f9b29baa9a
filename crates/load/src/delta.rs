//! What the server last accepted of each user and of each identifier, so that an unchanged record is not sent again.
//!
//! The file holds only hashes, those of a [`Fingerprint`].

use std::{
    collections::HashMap,
    fs::{File, TryLockError},
    io::{self, Read as _, Seek as _},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use redb::{
    Database, DatabaseError, ReadOnlyTable, ReadableDatabase as _, ReadableTableMetadata as _, StorageError,
    TableDefinition, TableError, backends::FileBackend,
};

use crate::{
    append_file::{at, options},
    fingerprint::{Fingerprint, Says},
    state_error::StateError,
};

/// What a record is about → what the last accepted one says of it.
const ACCEPTED: TableDefinition<'_, u128, u128> = TableDefinition::new("dfinery accepted 1");

/// Has an entry while a load changes the memory. If a load finds one, the last load was killed, and may have changed what the
/// server has without a note of it.
const CHANGING: TableDefinition<'_, (), ()> = TableDefinition::new("dfinery changing 1");

/// The memory of earlier loads. It holds a lock on its file while it lives.
#[derive(Debug)]
pub(crate) struct Delta {
    path: PathBuf,
    database: Database,
    /// As of the last commit.
    committed: ReadOnlyTable<u128, u128>,
    pending: HashMap<u128, u128, foldhash::fast::FixedState>,
    under_way: HashMap<u128, UnderWay, foldhash::fast::FixedState>,
    /// Whether the file says that it is being changed.
    is_changing: bool,
}

/// Calls about the same that are not settled.
#[derive(Debug)]
struct UnderWay {
    calls: u32,
    /// What is true after those that are settled, if that is known. Calls about one user are made one after another, and
    /// settled in this order.
    says: Option<u128>,
    /// The user of the first of them.
    user: u128,
    /// Whether nobody knows which of them the server took last.
    in_doubt: bool,
}

impl Delta {
    /// How many hashes to keep in memory before writing them.
    const PENDING: usize = 10_000;
    const CACHE: usize = 8 << 20;
    /// Takes the place of the hash of what is not known for certain.
    const IN_DOUBT: u128 = u128::MAX;

    /// Opens the file, or creates it for its owner only. If the last load was killed, nothing is known.
    ///
    /// # Errors
    /// If another load uses the file, if it is something else, or if the disk fails. The error names the file.
    pub(crate) fn open(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        let file = options().read(true).create(true).truncate(false).open(&path);
        let file = file.map_err(|error| at(&path, "open", &error))?;
        Self::on(path, file)
    }

    /// A copy of the file, to plan with: what it is told is forgotten with it. If there is no file, nothing was accepted.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub(crate) fn copy_of(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        let unreadable = |error| at(&path, "read", &error);
        let mut copy = tempfile::tempfile()?;
        match File::open(&path) {
            Ok(mut file) => {
                match file.try_lock_shared() {
                    Ok(()) => {}
                    Err(TryLockError::WouldBlock) => return Err(in_use(&path)),
                    Err(TryLockError::Error(error)) => return Err(unreadable(error)),
                }
                io::copy(&mut file, &mut copy).map_err(unreadable)?;
                copy.rewind()?;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(at(&path, "open", &error)),
        }
        Self::on(path, copy)
    }

    fn on(path: PathBuf, file: File) -> io::Result<Self> {
        let new = is_new(&path, &file)?;
        let database = whole(&path, file)?;
        if new {
            create_table(&database).map_err(|error| failed(&path, error))?;
        }
        let mut committed = read(&path, &database)?;
        if was_killed(&database).map_err(|error| failed(&path, error))? {
            drop(committed);
            forget_all(&database).map_err(|error| failed(&path, error))?;
            committed = read(&path, &database)?;
        }
        Ok(Self {
            path,
            database,
            committed,
            pending: HashMap::default(),
            under_way: HashMap::default(),
            is_changing: false,
        })
    }

    /// Whether a record says exactly what was accepted last of all that it is about.
    ///
    /// # Errors
    /// If the disk fails.
    pub(crate) fn unchanged(&self, record: &Fingerprint) -> io::Result<bool> {
        let mut is_known = false;
        for (about, says) in record.known() {
            is_known =
                says != Self::IN_DOUBT && !self.under_way.contains_key(&about) && self.last(about)? == Some(says);
            if !is_known {
                break;
            }
        }
        Ok(is_known)
    }

    /// Notes that a record is about to be sent. Until it is accepted, what the server has is unknown.
    ///
    /// # Errors
    /// If the disk fails.
    pub(crate) fn sending(&mut self, record: &Fingerprint) -> io::Result<()> {
        for (about, _) in &record.says {
            let last = self.last(*about)?.filter(|says| *says != Self::IN_DOUBT);
            let under_way = self.under_way.entry(*about).or_insert(UnderWay {
                calls: 0,
                says: last,
                user: record.user,
                in_doubt: false,
            });
            under_way.calls += 1;
            // Calls about different users are made at the same time, in any order.
            under_way.in_doubt |= under_way.user != record.user;
            if last.is_some() {
                self.remember(*about, Self::IN_DOUBT)?;
            }
        }
        Ok(())
    }

    /// Notes that a record that was sent has a fate: what it says is known if it was accepted.
    ///
    /// # Errors
    /// If the disk fails.
    pub(crate) fn settled(&mut self, record: &Fingerprint, is_accepted: bool) -> io::Result<()> {
        for (about, says) in &record.says {
            let Some(under_way) = self.under_way.get_mut(about) else {
                continue;
            };
            under_way.says = match *says {
                Says::This(says) => is_accepted.then_some(says),
                Says::NothingBut(says) => under_way.says.filter(|before| *before == says),
                Says::Unknown => None,
            };
            under_way.calls -= 1;
            if under_way.calls > 0 {
                continue;
            }
            let says = under_way.says.filter(|_| !under_way.in_doubt);
            self.under_way.remove(about);
            if let Some(says) = says {
                self.remember(*about, says)?;
            }
        }
        Ok(())
    }

    /// Forgets what was accepted of all that a record is about.
    ///
    /// # Errors
    /// If the disk fails.
    pub(crate) fn doubt(&mut self, record: &Fingerprint) -> io::Result<()> {
        for (about, _) in &record.says {
            if let Some(under_way) = self.under_way.get_mut(about) {
                under_way.in_doubt = true;
            }
            self.forget(*about)?;
        }
        Ok(())
    }

    /// What was accepted last, or that it is in doubt.
    fn last(&self, about: u128) -> io::Result<Option<u128>> {
        if let Some(pending) = self.pending.get(&about) {
            return Ok(Some(*pending));
        }
        let found = self.committed.get(about).map_err(|error| failed(&self.path, error))?;
        Ok(found.map(|found| found.value()))
    }

    fn forget(&mut self, about: u128) -> io::Result<()> {
        match self.last(about)? {
            None | Some(Self::IN_DOUBT) => Ok(()),
            Some(_) => self.remember(about, Self::IN_DOUBT),
        }
    }

    /// Remembers what was accepted or is in doubt, and now and then writes it to disk. The first time, the disk notes that
    /// there is more to know than it has.
    fn remember(&mut self, about: u128, says: u128) -> io::Result<()> {
        if !self.is_changing {
            note(&self.database, true).map_err(|error| failed(&self.path, error))?;
            self.is_changing = true;
        }
        self.pending.insert(about, says);
        if self.pending.len() >= Self::PENDING {
            self.commit()?;
        }
        Ok(())
    }

    /// Writes all pending changes, and waits for the disk.
    fn commit(&mut self) -> io::Result<()> {
        self.write().map_err(|error| failed(&self.path, error))?;
        self.committed = read(&self.path, &self.database)?;
        self.pending.clear();
        Ok(())
    }

    /// Writes all pending changes, and that there are no more. What is told to the memory after that changes it again.
    ///
    /// # Errors
    /// If the disk fails. The changes stay pending.
    pub(crate) fn close(&mut self) -> io::Result<()> {
        if self.is_changing {
            self.commit()?;
            note(&self.database, false).map_err(|error| failed(&self.path, error))?;
            self.is_changing = false;
        }
        Ok(())
    }

    fn write(&self) -> Result<(), redb::Error> {
        let mut sorted: Vec<_> = self.pending.iter().collect();
        sorted.sort_unstable();
        let transaction = self.database.begin_write()?;
        {
            let mut table = transaction.open_table(ACCEPTED)?;
            for (key, hash) in sorted {
                table.insert(key, hash)?;
            }
        }
        Ok(transaction.commit()?)
    }
}

/// Whether the file is empty; an error if it is not a file of this kind.
fn is_new(path: &Path, mut file: &File) -> io::Result<bool> {
    const BEGINNING: &[u8] = b"redb\x1a\x0a\xa9\x0d\x0a";
    let mut beginning = Vec::new();
    file.by_ref()
        .take(BEGINNING.len() as u64)
        .read_to_end(&mut beginning)
        .map_err(|error| at(path, "read", &error))?;
    match beginning.as_slice() {
        [] => Ok(true),
        BEGINNING => Ok(false),
        _ => Err(foreign(path)),
    }
}

/// The database, read once from end to end: a damaged page met later would go unnoticed.
fn whole(path: &Path, file: File) -> io::Result<Database> {
    let open = || {
        let mut database = Database::builder()
            .set_cache_size(Delta::CACHE)
            .create_with_backend(FileBackend::new(file)?)?;
        database.check_integrity()?;
        Ok(database)
    };
    // redb asserts that a file is as redb left it, which is not true of a truncated file.
    let opened = catch_unwind(AssertUnwindSafe(open)).unwrap_or_else(|_| {
        let damaged = StorageError::Corrupted("it was cut or overwritten".to_owned());
        Err(DatabaseError::Storage(damaged))
    });
    opened.map_err(|error| match error {
        DatabaseError::DatabaseAlreadyOpen => in_use(path),
        DatabaseError::UpgradeRequired(_) => foreign(path),
        error => failed(path, error),
    })
}

fn create_table(database: &Database) -> Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    transaction.open_table(ACCEPTED)?;
    Ok(transaction.commit()?)
}

fn was_killed(database: &Database) -> Result<bool, redb::Error> {
    match database.begin_read()?.open_table(CHANGING) {
        Ok(table) => Ok(!table.is_empty()?),
        Err(TableError::TableDoesNotExist(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn note(database: &Database, is_changing: bool) -> Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    if is_changing {
        transaction.open_table(CHANGING)?.insert((), ())?;
    } else {
        transaction.delete_table(CHANGING)?;
    }
    Ok(transaction.commit()?)
}

fn forget_all(database: &Database) -> Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    transaction.delete_table(ACCEPTED)?;
    transaction.open_table(ACCEPTED)?;
    transaction.delete_table(CHANGING)?;
    Ok(transaction.commit()?)
}

fn read(path: &Path, database: &Database) -> io::Result<ReadOnlyTable<u128, u128>> {
    let transaction = database.begin_read().map_err(|error| failed(path, error))?;
    transaction.open_table(ACCEPTED).map_err(|error| match error {
        TableError::Storage(error) => failed(path, error),
        _ => foreign(path),
    })
}

fn in_use(path: &Path) -> io::Error {
    StateError::DeltaInUse(path.to_owned()).into_io()
}

fn foreign(path: &Path) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!(
            "{} is not the memory of an earlier load, or another version wrote it. Give another file, or \
             delete this one: then every record is sent once more",
            path.display()
        ),
    )
}

fn failed(path: &Path, error: impl Into<redb::Error>) -> io::Error {
    match error.into() {
        redb::Error::Io(error) => at(path, "use", &error),
        error => io::Error::other(format!(
            "cannot use {}: {error}. If it is damaged, delete it: then every record is sent once more",
            path.display()
        )),
    }
}

#[cfg(test)]
mod tests;
