//! A file that is read at any position, and hashed from its beginning on.

use std::{
    fs::File,
    io::{self, BufReader, Read},
    sync::Arc,
};

use bytes::Bytes;
use parquet::{
    errors::{ParquetError, Result},
    file::reader::{ChunkReader, Length},
};

use crate::fingerprint::Passed;

/// A file whose reads do not move one another.
#[derive(Clone)]
pub(super) struct Positioned {
    file: Arc<File>,
    length: u64,
}

/// A file from a position on.
pub(super) struct At {
    file: Arc<File>,
    position: u64,
}

impl Positioned {
    pub(super) fn new(file: File, length: u64) -> Self {
        Self {
            file: Arc::new(file),
            length,
        }
    }

    /// Some of its bytes.
    pub(super) fn bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        self.get_bytes(start, length)
    }

    /// The schema and what else is between the columns and the mark at this position; `None` if the file is cut or damaged.
    pub(super) fn footer(&self, end: u64) -> Option<Bytes> {
        let at = end.checked_sub(4)?;
        let length = self.bytes(at, 4).ok()?;
        let length = u32::from_le_bytes(length.first_chunk().copied()?);
        self.bytes(at.checked_sub(length.into())?, usize::try_from(length).ok()?)
            .ok()
    }

    /// Passes the bytes before a position that were not passed yet.
    pub(super) fn pass_to(&self, end: u64, passed: &Passed) -> io::Result<()> {
        let mut buffer = vec![0; 64 * 1024];
        let end = end.min(self.length);
        let mut from = At {
            file: Arc::clone(&self.file),
            position: passed.bytes(),
        };
        while from.position < end {
            let most = usize::try_from(end - from.position).map_or(buffer.len(), |left| left.min(buffer.len()));
            let room = buffer.get_mut(..most).unwrap_or_default();
            match from.read(room) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => passed.add(room.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl Read for At {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        #[cfg(unix)]
        let read = std::os::unix::fs::FileExt::read_at(&*self.file, buffer, self.position);
        #[cfg(windows)]
        let read = std::os::windows::fs::FileExt::seek_read(&*self.file, buffer, self.position);
        let count = read?;
        self.position += count as u64;
        Ok(count)
    }
}

impl Length for Positioned {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for Positioned {
    type T = BufReader<At>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        Ok(BufReader::new(At {
            file: Arc::clone(&self.file),
            position: start,
        }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let outside = || ParquetError::EOF("a part of it is outside of the file".to_owned());
        let end = start.checked_add(length as u64).ok_or_else(outside)?;
        // Memory is only taken for what is there.
        if end > self.length {
            return Err(outside());
        }
        let mut buffer = vec![0; length];
        self.get_read(start)?.read_exact(&mut buffer)?;
        Ok(buffer.into())
    }
}
