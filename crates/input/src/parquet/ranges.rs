//! An object that is read at any position, in few requests.

use std::{
    io,
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;

use crate::object::Object;

/// How many bytes are held of all parts together, and at least of each.
const HELD: u64 = 16 * 1024 * 1024;
const LEAST: u64 = 256 * 1024;
/// Where most schemas are: so far from the end.
const END: u64 = 256 * 1024;

/// The bytes of an object. Of each part that is being read, which is a column of a row group, it holds what comes next.
pub(super) struct Ranges {
    object: Arc<Object>,
    parts: Mutex<Vec<Part>>,
}

struct Part {
    range: Range<u64>,
    /// Some of its bytes, and where they begin.
    start: u64,
    bytes: Bytes,
}

impl Part {
    const fn new(range: Range<u64>) -> Self {
        Self {
            start: range.start,
            range,
            bytes: Bytes::new(),
        }
    }

    /// Bytes that it holds.
    fn held(&self, range: &Range<u64>) -> Option<Bytes> {
        let start = usize::try_from(range.start.checked_sub(self.start)?).ok()?;
        let length = usize::try_from(range.end - range.start).ok()?;
        let end = start.checked_add(length).filter(|end| *end <= self.bytes.len())?;
        Some(self.bytes.slice(start..end))
    }
}

impl Ranges {
    /// Begins with its end as the only part.
    pub(super) fn new(object: Arc<Object>) -> Self {
        let length = object.length();
        let end = Part::new(length.saturating_sub(END)..length);
        Self {
            object,
            parts: Mutex::new(vec![end]),
        }
    }

    /// Whether another version of the object has another name, so that its bytes need not be compared.
    pub(super) fn has_version(&self) -> bool {
        self.object.etag().is_some()
    }

    /// Forgets what it holds, and reads these parts from now on.
    pub(super) fn begin(&self, parts: impl Iterator<Item = Range<u64>>) {
        *self.parts() = parts.map(Part::new).collect();
    }

    fn parts(&self) -> MutexGuard<'_, Vec<Part>> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A range up to the end of the part that it begins in, or of the object.
    pub(super) fn within(&self, range: Range<u64>) -> Range<u64> {
        let end = self
            .parts()
            .iter()
            .find(|part| part.range.contains(&range.start))
            .map(|part| part.range.end);
        range.start
            ..range
                .end
                .min(end.unwrap_or_else(|| self.object.length()))
                .max(range.start)
    }

    /// Some of its bytes.
    pub(super) fn get(&self, range: Range<u64>) -> io::Result<Bytes> {
        let mut parts = self.parts();
        let at_once = (HELD / parts.len().max(1) as u64).max(LEAST);
        let part = parts
            .iter_mut()
            .find(|part| part.range.start <= range.start && range.end <= part.range.end);
        let Some(part) = part else {
            return self.object.range(range);
        };
        if let Some(bytes) = part.held(&range) {
            return Ok(bytes);
        }
        let end = range.end.max(range.start.saturating_add(at_once)).min(part.range.end);
        part.bytes = self.object.range(range.start..end)?;
        part.start = range.start;
        part.held(&range).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}
