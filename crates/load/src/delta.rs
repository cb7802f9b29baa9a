//! What the server last accepted for each user, so that an unchanged profile is not sent again.
//!
//! The file holds only hashes: of what names a user, and of the properties that were accepted.

use std::{
    collections::HashMap,
    fs::{File, TryLockError},
    io::{self, Read as _, Seek as _},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use redb::{
    Database, DatabaseError, ReadOnlyTable, ReadableDatabase as _, StorageError, TableDefinition, TableError,
    backends::FileBackend,
};

use crate::append_file::{at, options};

/// Hash of the identifier that names a user → hash of the whole identity and the properties.
const ACCEPTED: TableDefinition<'_, u128, u128> = TableDefinition::new("dfinery accepted 1");

/// The memory of earlier loads. It holds a lock on its file while it lives.
#[derive(Debug)]
pub(crate) struct Delta {
    path: PathBuf,
    database: Database,
    /// As of the last commit.
    committed: ReadOnlyTable<u128, u128>,
    pending: HashMap<u128, u128, foldhash::fast::FixedState>,
    /// How many calls for each user are in flight; the last one decides.
    under_way: HashMap<u128, u32, foldhash::fast::FixedState>,
}

impl Delta {
    /// How many users to keep in memory before writing them.
    const PENDING: usize = 10_000;
    const CACHE: usize = 8 << 20;
    /// Takes the place of the hash for a user whose properties are not known for certain.
    const IN_DOUBT: u128 = u128::MAX;

    /// Opens the file, or creates it for its owner only.
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
        let committed = read(&path, &database)?;
        Ok(Self {
            path,
            database,
            committed,
            pending: HashMap::default(),
            under_way: HashMap::default(),
        })
    }

    /// Whether exactly these properties were accepted last.
    ///
    /// # Errors
    /// If the disk fails.
    pub(crate) fn unchanged(&self, key: u128, hash: u128) -> io::Result<bool> {
        if hash == Self::IN_DOUBT || self.under_way.contains_key(&key) {
            return Ok(false);
        }
        if let Some(pending) = self.pending.get(&key) {
            return Ok(*pending == hash);
        }
        let found = self.committed.get(key).map_err(|error| failed(&self.path, error))?;
        Ok(found.is_some_and(|found| found.value() == hash))
    }

    /// Notes that other properties are about to be sent. Until they are accepted, what the server has is unknown.
    ///
    /// # Errors
    /// If the disk fails.
    pub(crate) fn sending(&mut self, key: u128) -> io::Result<()> {
        *self.under_way.entry(key).or_default() += 1;
        self.doubt(key)
    }

    /// Notes that what was sent has a fate: these properties, if it was accepted.
    ///
    /// # Errors
    /// If the disk fails.
    pub(crate) fn settled(&mut self, key: u128, accepted: Option<u128>) -> io::Result<()> {
        let others = self.under_way.get_mut(&key).map_or(0, |calls| {
            *calls -= 1;
            *calls
        });
        if others > 0 {
            return Ok(());
        }
        self.under_way.remove(&key);
        accepted.map_or(Ok(()), |hash| self.accepted(key, hash))
    }

    /// Forgets what was accepted of a user.
    ///
    /// # Errors
    /// If the disk fails.
    pub(crate) fn doubt(&mut self, key: u128) -> io::Result<()> {
        self.accepted(key, Self::IN_DOUBT)
    }

    /// Remembers what was accepted, and now and then writes it to disk. A crash loses what is not yet written; that is
    /// sent again.
    ///
    /// # Errors
    /// If the disk fails.
    fn accepted(&mut self, key: u128, hash: u128) -> io::Result<()> {
        self.pending.insert(key, hash);
        if self.pending.len() >= Self::PENDING {
            self.commit()?;
        }
        Ok(())
    }

    /// Writes all pending changes, and waits for the disk.
    ///
    /// # Errors
    /// If the disk fails. The changes stay pending.
    pub(crate) fn commit(&mut self) -> io::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        self.write().map_err(|error| failed(&self.path, error))?;
        self.committed = read(&self.path, &self.database)?;
        self.pending.clear();
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

fn read(path: &Path, database: &Database) -> io::Result<ReadOnlyTable<u128, u128>> {
    let transaction = database.begin_read().map_err(|error| failed(path, error))?;
    transaction.open_table(ACCEPTED).map_err(|error| match error {
        TableError::Storage(error) => failed(path, error),
        _ => foreign(path),
    })
}

fn in_use(path: &Path) -> io::Error {
    io::Error::new(
        io::ErrorKind::WouldBlock,
        format!(
            "another load is using {}. Wait until it ends, or give another file",
            path.display()
        ),
    )
}

fn foreign(path: &Path) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!(
            "{} is not the memory of an earlier load, or another version wrote it. Give another file, or \
             delete this one: then every profile is sent once more",
            path.display()
        ),
    )
}

fn failed(path: &Path, error: impl Into<redb::Error>) -> io::Error {
    match error.into() {
        redb::Error::Io(error) => at(path, "use", &error),
        error => io::Error::other(format!(
            "cannot use {}: {error}. If it is damaged, delete it: then every profile is sent once more",
            path.display()
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn folder() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("delta");
        (folder, path)
    }

    #[test]
    fn while_others_are_under_way_nothing_is_unchanged_and_the_last_accepted_counts() {
        let (_folder, path) = folder();
        let mut delta = Delta::open(&path).unwrap();
        delta.sending(1).unwrap();
        delta.sending(1).unwrap();
        delta.settled(1, Some(8)).unwrap();
        assert!(!delta.unchanged(1, 8).unwrap());
        delta.settled(1, Some(2)).unwrap();
        assert!(delta.unchanged(1, 2).unwrap());
        delta.sending(1).unwrap();
        delta.settled(1, None).unwrap();
        assert!(!delta.unchanged(1, 2).unwrap(), "what was sent may have been taken");
    }

    #[test]
    fn what_was_accepted_is_unchanged_until_it_changes() {
        let (_folder, path) = folder();
        let mut delta = Delta::open(&path).unwrap();
        assert!(!delta.unchanged(1, 5).unwrap());
        delta.accepted(1, 5).unwrap();
        assert!(delta.unchanged(1, 5).unwrap());
        assert!(!delta.unchanged(1, 6).unwrap() && !delta.unchanged(2, 5).unwrap());
        delta.commit().unwrap();
        assert!(delta.unchanged(1, 5).unwrap());
        delta.accepted(1, 6).unwrap();
        assert!(!delta.unchanged(1, 5).unwrap() && delta.unchanged(1, 6).unwrap());
        delta.commit().unwrap();
        drop(delta);

        let delta = Delta::open(&path).unwrap();
        assert!(!delta.unchanged(1, 5).unwrap() && delta.unchanged(1, 6).unwrap());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn what_is_not_committed_is_forgotten_but_only_the_last_ten_thousand() {
        let (_folder, path) = folder();
        let mut delta = Delta::open(&path).unwrap();
        for key in 0..10_500 {
            delta.accepted(key, 1).unwrap();
        }
        drop(delta);
        let delta = Delta::open(&path).unwrap();
        assert!(delta.unchanged(9_999, 1).unwrap());
        assert!(!delta.unchanged(10_000, 1).unwrap());
    }

    #[test]
    fn a_second_load_is_turned_away() {
        let (_folder, path) = folder();
        let _delta = Delta::open(&path).unwrap();
        for second in [Delta::open(&path), Delta::copy_of(&path)] {
            let error = second.unwrap_err().to_string();
            assert!(error.contains("another load is using"), "{error}");
        }
    }

    #[test]
    fn a_copy_knows_what_was_accepted_and_leaves_it_alone() {
        let (_folder, path) = folder();
        assert!(!Delta::copy_of(&path).unwrap().unchanged(1, 5).unwrap() && !path.exists());
        let mut delta = Delta::open(&path).unwrap();
        delta.accepted(1, 5).unwrap();
        delta.commit().unwrap();
        drop(delta);
        let before = fs::read(&path).unwrap();
        let mut copy = Delta::copy_of(&path).unwrap();
        assert!(copy.unchanged(1, 5).unwrap());
        copy.doubt(1).unwrap();
        copy.commit().unwrap();
        assert!(!copy.unchanged(1, 5).unwrap());
        assert_eq!(fs::read(&path).unwrap(), before);
    }

    #[test]
    fn a_file_of_another_kind_is_refused_and_left_alone() {
        let (_folder, path) = folder();
        for text in [
            "user_id\nu1\n".to_owned(),
            "x".to_owned(),
            "user_id,name\n".repeat(10_000),
        ] {
            fs::write(&path, &text).unwrap();
            let error = Delta::open(&path).unwrap_err().to_string();
            assert!(error.contains("is not the memory of an earlier load"), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        fs::remove_file(&path).unwrap();
        drop(Database::create(&path).unwrap());
        let error = Delta::open(&path).unwrap_err().to_string();
        assert!(error.contains("is not the memory of an earlier load"), "{error}");
        let error = Delta::open(path.parent().unwrap()).unwrap_err().to_string();
        assert!(error.contains("cannot open"), "{error}");
    }

    #[test]
    fn a_file_that_was_cut_or_overwritten_is_an_error() {
        let (_folder, path) = folder();
        let mut delta = Delta::open(&path).unwrap();
        (0..1_000).for_each(|key| delta.accepted(key, 1).unwrap());
        delta.commit().unwrap();
        drop(delta);
        let whole = fs::read(&path).unwrap();
        let says = |bytes: &[u8]| {
            fs::write(&path, bytes).unwrap();
            let error = Delta::open(&path).unwrap_err().to_string();
            assert!(error.contains("delta"), "{error}");
        };
        for cut in [20, 400, 4_096, whole.len() / 2, whole.len() - 1] {
            says(&whole[..cut]);
        }
        // The middle of the page that holds most of the users.
        let mut overwritten = whole;
        let users = overwritten
            .windows(16)
            .rposition(|bytes| bytes == 500_u128.to_le_bytes())
            .unwrap();
        overwritten[users] ^= 1;
        says(&overwritten);
    }

    /// `cargo test --release -p dfinery-load --lib -- --ignored --nocapture a_million`
    #[test]
    #[ignore = "a measurement"]
    fn a_million_users_are_looked_up() {
        let (_folder, path) = folder();
        let mut delta = Delta::open(&path).unwrap();
        let key = |number: u128| xxhash_rust::xxh3::xxh3_128(&number.to_le_bytes());
        let (mut longest, start) = (std::time::Duration::ZERO, std::time::Instant::now());
        for number in 0..1_000_000 {
            let one = std::time::Instant::now();
            delta.accepted(key(number), number).unwrap();
            longest = longest.max(one.elapsed());
        }
        delta.commit().unwrap();
        println!(
            "accepted: {:?}, longest {longest:?}, {} bytes",
            start.elapsed(),
            fs::metadata(&path).unwrap().len()
        );
        for pass in 0..3 {
            let start = std::time::Instant::now();
            for number in 0..1_000_000 {
                assert!(
                    delta
                        .unchanged(key(number * 7_919 % 1_000_000), number * 7_919 % 1_000_000)
                        .unwrap()
                );
            }
            println!("pass {pass}: {:?} for a million lookups", start.elapsed());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn it_answers_like_a_map(steps in vec((0..8_u128, 1..5_u128, 0..6_u8), 0..40)) {
            let (_folder, path) = folder();
            let mut delta = Delta::open(&path).unwrap();
            let mut map = HashMap::new();
            for (key, hash, then) in steps {
                prop_assert_eq!(delta.unchanged(key, hash).unwrap(), map.get(&key) == Some(&hash));
                delta.accepted(key, hash).unwrap();
                map.insert(key, hash);
                if then < 2 {
                    delta.commit().unwrap();
                }
                if then == 0 {
                    drop(delta);
                    delta = Delta::open(&path).unwrap();
                }
            }
        }
    }
}
