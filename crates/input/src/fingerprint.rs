//! What an input held when it was read, in a few bytes.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::object::Object;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

/// Change this whenever the content of fingerprints changes, so that an old one never passes for a new one.
const SEED: u64 = 2;
const CHUNK: usize = 64 * 1024;

/// The first bytes of an input, before decompression: how many, and a hash of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beginning {
    /// How many bytes: at most the number asked for.
    pub bytes: u64,
    /// Their XXH3 hash of 128 bits.
    pub hash: u128,
}

impl Beginning {
    /// Reads this many bytes of a file, or all of them if it had fewer when it was opened. `None` if `goes_on`, called
    /// before each read, says to stop first. Blocking.
    ///
    /// # Errors
    /// If the file cannot be opened or read.
    pub fn of_file(path: &Path, bytes: u64, goes_on: impl Fn() -> bool) -> io::Result<Option<Self>> {
        let (mut reader, length): (Box<dyn Read>, _) = if let Some(object) = Object::open(path)? {
            (object.reader(), object.length())
        } else {
            let file = File::open(path)?;
            let length = file.metadata()?.len();
            (Box::new(file), length)
        };
        let mut reader = (&mut reader).take(length.min(bytes));
        let mut buffer = vec![0; CHUNK];
        let passed = Passed::default();
        while goes_on() {
            match reader.read(&mut buffer) {
                Ok(0) => return Ok(Some(passed.beginning())),
                Ok(count) => passed.add(buffer.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
}

/// How much of an input has been read so far, shared with the thread that reads it.
pub struct Passed {
    bytes: AtomicU64,
    /// Those that are not needed, and so not hashed.
    left_out: AtomicU64,
    hash: Mutex<Xxh3>,
}

impl Default for Passed {
    fn default() -> Self {
        Self {
            bytes: AtomicU64::new(0),
            left_out: AtomicU64::new(0),
            hash: Mutex::new(Xxh3::with_seed(SEED)),
        }
    }
}

impl Passed {
    /// Counts bytes that were read.
    pub fn add(&self, bytes: &[u8]) {
        self.hash().update(bytes);
        self.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
    }

    /// Counts bytes that need not be read, such as columns of an object that no mapping names.
    #[cfg(feature = "parquet")]
    pub(crate) fn leave_out(&self, bytes: u64) {
        self.left_out.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Whether [`beginning`](Self::beginning) is about all bytes that were passed.
    #[must_use]
    pub fn is_hashed(&self) -> bool {
        self.left_out.load(Ordering::Relaxed) == 0
    }

    fn hash(&self) -> MutexGuard<'_, Xxh3> {
        self.hash.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes passed, before decompression.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed) + self.left_out.load(Ordering::Relaxed)
    }

    /// The bytes read and their hash. Call it on the reading thread: bytes added at the same time may be missing.
    #[must_use]
    pub fn beginning(&self) -> Beginning {
        Beginning {
            bytes: self.bytes.load(Ordering::Relaxed),
            hash: self.hash().digest128(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_tells_contents_apart_and_stays_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let of = |content: &[u8]| {
            let path = folder.path().join("a");
            std::fs::write(&path, content).unwrap();
            Beginning::of_file(&path, u64::MAX, || true).unwrap().unwrap()
        };
        let long = vec![b'a'; 2 * CHUNK + 1];
        assert_eq!(of(&long), of(&long));
        assert_ne!(of(&long), of(&long[1..]));
        assert_ne!(of(b""), of(b"\0"));
        assert_ne!(of(b"ab"), of(b"ba"));
    }

    #[test]
    fn the_beginning_of_a_file_is_what_was_read_of_it_in_whatever_pieces() {
        let bytes: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
        let path = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(path.path(), &bytes).unwrap();
        let passed = Passed::default();
        for piece in bytes.chunks(7_919) {
            passed.add(piece);
            let beginning = Beginning::of_file(path.path(), passed.bytes(), || true)
                .unwrap()
                .unwrap();
            assert_eq!(passed.beginning(), beginning);
        }
    }

    #[test]
    fn a_fingerprint_is_the_same_in_every_build() {
        let path = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(path.path(), "dfinery").unwrap();
        let beginning = Beginning::of_file(path.path(), u64::MAX, || true).unwrap().unwrap();
        assert_eq!(format!("{:032x}", beginning.hash), "5b6f6a098b702199fcc412cea1a2ea96");
    }
}
