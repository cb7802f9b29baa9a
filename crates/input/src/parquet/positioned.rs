//! A file or an object that is read at any position, and hashed from its beginning on.

use std::{
    fs::File,
    io::{self, BufReader, Read},
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use parquet::{
    errors::{ParquetError, Result},
    file::reader::{ChunkReader, Length},
};

use super::ranges::Ranges;
use crate::{fingerprint::Passed, source::Handle};

/// A file or an object whose reads do not move one another.
#[derive(Clone)]
pub(super) struct Positioned {
    bytes: Source,
    length: u64,
}

#[derive(Clone)]
enum Source {
    File(Arc<File>),
    Object(Arc<FromStore>),
}

struct FromStore {
    ranges: Ranges,
    /// Why it could not be read. The library makes a text of it.
    failure: Mutex<Option<io::Error>>,
}

/// What comes from a position on.
pub(super) struct At {
    bytes: Source,
    position: u64,
}

impl Positioned {
    pub(super) fn new(handle: Handle, length: u64) -> Self {
        let bytes = match handle {
            Handle::File(file) => Source::File(Arc::new(file)),
            Handle::Object(object) => Source::Object(Arc::new(FromStore {
                ranges: Ranges::new(object),
                failure: Mutex::new(None),
            })),
        };
        Self { bytes, length }
    }

    /// Which parts are read next, if it is an object.
    pub(super) fn begin(&self, parts: impl Iterator<Item = Range<u64>>) {
        if let Source::Object(object) = &self.bytes {
            object.ranges.begin(parts);
        }
    }

    /// Why the object could not be read, if that is why the library failed.
    pub(super) fn failure(&self) -> Option<io::Error> {
        match &self.bytes {
            Source::File(_) => None,
            Source::Object(object) => object.failure.lock().unwrap_or_else(PoisonError::into_inner).take(),
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

    /// Passes the bytes before a position that were not passed yet. Those of an object are not read for that, since it has a
    /// version.
    pub(super) fn pass_to(&self, end: u64, passed: &Passed) -> io::Result<()> {
        let end = end.min(self.length);
        let piece = match &self.bytes {
            Source::Object(object) if object.ranges.has_version() => {
                passed.leave_out(end.saturating_sub(passed.bytes()));
                return Ok(());
            }
            Source::Object(_) => 8 * 1024 * 1024,
            Source::File(_) => 64 * 1024,
        };
        let mut buffer = vec![0; piece];
        let mut from = At {
            bytes: self.bytes.clone(),
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
        let count = match &self.bytes {
            Source::File(file) => read_at(file, buffer, self.position)?,
            Source::Object(object) => object.read_at(buffer, self.position)?,
        };
        self.position += count as u64;
        Ok(count)
    }
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, position)
}

#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, position)
}

impl FromStore {
    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        let end = position.saturating_add(buffer.len() as u64);
        let bytes = self.get(self.ranges.within(position..end))?;
        let room = buffer.get_mut(..bytes.len()).ok_or(io::ErrorKind::InvalidData)?;
        room.copy_from_slice(&bytes);
        Ok(bytes.len())
    }

    fn get(&self, range: Range<u64>) -> io::Result<Bytes> {
        self.ranges.get(range).map_err(|error| {
            let kind = error.kind();
            *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            kind.into()
        })
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
            bytes: self.bytes.clone(),
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
        if let Source::Object(object) = &self.bytes {
            return Ok(object.get(start..end)?);
        }
        let mut buffer = vec![0; length];
        self.get_read(start)?.read_exact(&mut buffer)?;
        Ok(buffer.into())
    }
}
