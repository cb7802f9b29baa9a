//! Reading the file of a journal.

use std::{
    fs::File,
    io::{self, BufReader, Read as _},
    path::Path,
};

use super::{
    entry::{Entries, Entry, Found, MAGIC, VERSION},
    header::Header,
    summary::Summary,
};
use crate::{append_file::at, state_error::StateError};

/// The contents of a journal file.
pub(super) struct Contents {
    pub(super) header: Header,
    pub(super) summary: Summary,
    /// Where the last good entry ends.
    pub(super) good: u64,
    /// Whether there are bytes after it.
    pub(super) cut: bool,
    /// Where the last snapshot ends, or the header without one.
    pub(super) base: u64,
}

impl Contents {
    /// Reads a journal to its end or to the first incomplete entry.
    ///
    /// # Errors
    /// If the file is not a journal of this version, or cannot be read.
    pub(super) fn read(path: &Path, file: File) -> Result<Self, StateError> {
        const BUFFER: usize = 256 << 10;
        let read = |error| StateError::from(at(path, "read", &error));
        let damaged = || StateError::Damaged(path.to_owned());
        let len = file.metadata().map_err(read)?.len();
        let mut input = BufReader::with_capacity(BUFFER, file);
        let mut start = [0; MAGIC.len() + 1];
        match input.read_exact(&mut start) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(damaged()),
            Err(error) => return Err(read(error)),
        }
        match start.strip_prefix(MAGIC) {
            Some([VERSION]) => {}
            Some(_) => return Err(StateError::OtherVersion(path.to_owned())),
            None => return Err(damaged()),
        }
        let mut entries = Entries::new(input, start.len() as u64, len);
        let Found::Entry(Entry::Header(header)) = entries.next().map_err(read)? else {
            return Err(damaged());
        };
        let mut contents = Self {
            header: header.into_owned(),
            summary: Summary::default(),
            good: entries.good(),
            cut: false,
            base: entries.good(),
        };
        loop {
            match entries.next().map_err(read)? {
                Found::End => return Ok(contents),
                Found::Entry(Entry::Header(_)) | Found::Bad => {
                    contents.cut = true;
                    return Ok(contents);
                }
                Found::Entry(entry) => {
                    contents.good = entries.good();
                    if matches!(entry, Entry::Snapshot(_)) {
                        contents.base = contents.good;
                    }
                    contents.summary.apply(&entry);
                }
            }
        }
    }
}
