//! Reading the file of a journal.

use std::{
    fs::File,
    io::{self, BufReader, Read as _},
    path::Path,
};

use super::{
    entry::{Entries, Entry, Found, MAGIC, VERSION},
    extent::Extent,
    header::Header,
    summary::{State, Summary},
};
use crate::{append_file::at, state_error::StateError};

/// The contents of a journal file.
pub(super) struct Contents {
    pub(super) header: Header,
    pub(super) summary: Summary,
    /// Where the last good entry ends, and its checksum.
    pub(super) good: u64,
    pub(super) checksum: u32,
    /// How long the file should be; `None` if that is damaged.
    pub(super) extent: Option<Extent>,
    /// Where the last snapshot ends, or the header without one.
    pub(super) base: u64,
}

/// What a journal says, without continuing it: the load, and what is known about its records.
pub(crate) fn look(path: &Path, file: File) -> Result<(Header, State), StateError> {
    let Contents { header, summary, .. } = Contents::read(path, file)?;
    Ok((header, summary.state))
}

impl Contents {
    /// Whether nothing was read or sent, and nothing is missing.
    pub(super) fn is_untouched(&self) -> bool {
        let state = &self.summary.state;
        let empty = state.read.is_empty() && state.done.is_empty() && state.in_flight.is_empty();
        empty && !state.damaged && self.extent.is_some_and(|extent| self.good >= extent.written)
    }

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
        let short = |error: io::Error| match error.kind() {
            io::ErrorKind::UnexpectedEof => damaged(),
            _ => read(error),
        };
        input.read_exact(&mut start).map_err(short)?;
        match start.strip_prefix(MAGIC) {
            Some([VERSION]) => {}
            Some(_) => return Err(StateError::OtherVersion(path.to_owned())),
            None => return Err(damaged()),
        }
        let mut extent = [0; Extent::BYTES];
        input.read_exact(&mut extent).map_err(short)?;
        let mut entries = Entries::new(input, Extent::PLACE + Extent::BYTES as u64, len);
        let Found::Entry(Entry::Header(header)) = entries.next().map_err(read)? else {
            return Err(damaged());
        };
        let mut contents = Self {
            header: header.into_owned(),
            summary: Summary::default(),
            good: entries.good(),
            checksum: entries.checksum(),
            extent: Extent::from_bytes(extent),
            base: entries.good(),
        };
        loop {
            match entries.next().map_err(read)? {
                Found::End | Found::Entry(Entry::Header(_)) | Found::Bad => return Ok(contents),
                Found::Entry(entry) => {
                    contents.good = entries.good();
                    contents.checksum = entries.checksum();
                    if matches!(entry, Entry::Snapshot(_)) {
                        contents.base = contents.good;
                    }
                    contents.summary.apply(&entry);
                }
            }
        }
    }
}
