//! A dead-letter file for records that come from elsewhere than files.

use std::{
    fs::File,
    io::{self, ErrorKind, Read as _, Seek as _, SeekFrom},
    path::Path,
};

use dfinery::Violation;

use crate::{
    append_file::at,
    dead_letter::{DeadRecord, Sidecar},
    journal::Journal,
    record::Fate,
    state_error::StateError,
};

/// Records that were not accepted, appended to a file in the form of a load's dead letter, so that it can be
/// [read](crate::DeadLetters) and replayed like one.
///
/// Only its owner can read the file, and one process at a time writes to it.
pub struct DeadLetterFile {
    file: Sidecar,
    _lock: File,
}

/// A record that was not accepted.
#[derive(Clone, Copy, Debug)]
pub struct DeadLetter<'a> {
    /// Its fate.
    pub fate: Fate,
    /// The code of the server's answer.
    pub code: Option<&'a str>,
    /// What happened, in words.
    pub message: Option<&'a str>,
    /// Why it is invalid.
    pub reasons: &'a [Violation],
    /// Where it came from, such as the name of a topic.
    pub source: &'a str,
    /// Its place there, from 0.
    pub place: u64,
    /// Its bytes.
    pub original: &'a [u8],
    /// Whether they are JSON that a mapping makes the record of.
    pub is_mapped: bool,
}

impl DeadLetterFile {
    /// Opens a file to append to, or creates it. A line that a killed process left unfinished is cut off.
    ///
    /// # Errors
    /// If it cannot be read and written, or another process writes to it. The error names the file.
    pub fn open(path: &Path) -> io::Result<Self> {
        let lock = Journal::lock(path).map_err(|error| match error {
            StateError::InUse(_) => io::Error::new(
                ErrorKind::WouldBlock,
                format!("{}: another process writes to it", path.display()),
            ),
            error => error.into_io(),
        })?;
        let whole = match File::open(path) {
            Ok(file) => whole_lines(file).map_err(|error| at(path, "read", &error))?,
            Err(error) if error.kind() == ErrorKind::NotFound => 0,
            Err(error) => return Err(at(path, "open", &error)),
        };
        Ok(Self {
            file: Sidecar::open(path, whole)?,
            _lock: lock,
        })
    }

    /// Appends records, and returns once the disk has them. After an error, none of them counts as written.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn append<'a>(&mut self, letters: impl IntoIterator<Item = DeadLetter<'a>>) -> io::Result<()> {
        self.file.append(letters.into_iter().map(|letter| DeadRecord {
            fate: letter.fate,
            kind: None,
            code: letter.code,
            message: letter.message,
            reasons: letter.reasons,
            file: letter.source,
            line: letter.place + 1,
            offset: letter.place,
            event_log_id: None,
            attempts: u32::from(letter.fate != Fate::Invalid),
            first_attempt: None,
            last_attempt: None,
            original: letter.original,
            is_cut: false,
            is_mapped: letter.is_mapped,
            record: None,
        }))?;
        self.file.sync()
    }
}

/// How many bytes the finished lines of a file take.
fn whole_lines(mut file: File) -> io::Result<u64> {
    const BLOCK: u64 = 64 * 1024;
    let mut end = file.seek(SeekFrom::End(0))?;
    let mut block = Vec::new();
    while end > 0 {
        let start = end.saturating_sub(BLOCK);
        file.seek(SeekFrom::Start(start))?;
        block.clear();
        (&file).take(end - start).read_to_end(&mut block)?;
        if let Some(last) = block.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + last as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}
