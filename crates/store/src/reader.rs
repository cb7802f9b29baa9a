//! The bytes of an object.

use std::{
    io::{self, Read, Seek, SeekFrom},
    ops::Range,
    sync::{Arc, mpsc::Receiver},
};

use bytes::Bytes;
use object_store::{GetOptions, GetRange};

use crate::{
    error::StoreError,
    place::{Object, Place},
    runtime::{receive, spawn},
};

/// How many bytes are asked for at first, often only to see what it is, and then at a time.
const BEGINNING: u64 = 256 * 1024;
const RANGE: u64 = 8 * 1024 * 1024;

/// Reads an object in ranges of 8 MiB after a short first one. The next one is received while one is read, so it holds at
/// most two.
///
/// All of them are of the version that the [`Object`] is: if somebody changes it meanwhile, reading fails.
#[derive(Debug)]
pub struct ObjectReader {
    object: Object,
    /// Where the next byte is read.
    position: u64,
    /// The bytes from the position on.
    bytes: Bytes,
    /// What comes after these bytes, and where it begins.
    next: Option<(u64, Receiver<object_store::Result<Bytes>>)>,
}

impl Object {
    /// The object at exactly this place.
    ///
    /// # Errors
    /// If there is none ([`StoreError::is_not_found`]), or the store cannot be reached or refuses it.
    pub fn open(place: &Place) -> Result<Self, StoreError> {
        place.object()?.ok_or_else(|| StoreError::none(&place.to_string()))
    }

    /// Whether it is still there as it was. What has no `ETag` is compared by its size.
    ///
    /// # Errors
    /// If somebody has changed or removed it ([`StoreError::is_conflict`]), or the store cannot be reached or refuses it.
    pub fn check(&self) -> Result<(), StoreError> {
        let Self { place, size, etag } = self;
        match place.object()? {
            Some(now) if (now.size, &now.etag) == (*size, etag) => Ok(()),
            Some(_) => Err(StoreError::changed(&place.to_string(), "was changed")),
            None => Err(StoreError::changed(&place.to_string(), "was removed")),
        }
    }

    /// Reads a range of it.
    ///
    /// # Errors
    /// If the range is not within the object, somebody has changed that ([`StoreError::is_conflict`]), or the store cannot be
    /// reached or refuses it.
    pub fn range(&self, range: Range<u64>) -> Result<Bytes, StoreError> {
        let length = range.end.saturating_sub(range.start);
        if length == 0 {
            return Ok(Bytes::new());
        }
        let receiver = self
            .request(range)
            .map_err(|error| StoreError::io(&self.place.to_string(), &error))?;
        self.received(&receiver, length)
    }

    fn request(&self, range: Range<u64>) -> io::Result<Receiver<object_store::Result<Bytes>>> {
        let (store, path) = (Arc::clone(&self.place.store), self.place.path.clone());
        let options = GetOptions {
            range: Some(GetRange::Bounded(range)),
            if_match: self.etag.clone(),
            ..GetOptions::default()
        };
        spawn(async move { store.get_opts(&path, options).await?.bytes().await })
    }

    fn received(&self, receiver: &Receiver<object_store::Result<Bytes>>, length: u64) -> Result<Bytes, StoreError> {
        let place = self.place.to_string();
        match receive(receiver).map_err(|error| StoreError::io(&place, &error))? {
            Ok(bytes) if bytes.len() as u64 == length => Ok(bytes),
            Ok(_) | Err(object_store::Error::Precondition { .. }) => Err(StoreError::changed(&place, "was changed")),
            Err(object_store::Error::NotFound { .. }) => Err(StoreError::changed(&place, "was removed")),
            Err(error) => Err(StoreError::new(&place, &error)),
        }
    }
}

impl ObjectReader {
    /// Begins at the first byte. Nothing is asked for yet.
    #[must_use]
    pub const fn new(object: Object) -> Self {
        Self {
            object,
            position: 0,
            bytes: Bytes::new(),
            next: None,
        }
    }

    fn range_at(&self, start: u64) -> Range<u64> {
        let length = if start == 0 { BEGINNING } else { RANGE };
        start..start.saturating_add(length).min(self.object.size)
    }

    fn fill(&mut self) -> io::Result<()> {
        let range = self.range_at(self.position);
        self.bytes = match self.next.take() {
            Some((start, receiver)) if start == range.start => {
                self.object.received(&receiver, range.end - range.start)?
            }
            _ => self.object.range(range.clone())?,
        };
        if range.start > 0 && range.end < self.object.size {
            let next = self.range_at(range.end);
            self.next = Some((range.end, self.object.request(next)?));
        }
        Ok(())
    }
}

impl Read for ObjectReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.bytes.is_empty() && self.position < self.object.size && !out.is_empty() {
            self.fill()?;
        }
        let length = out.len().min(self.bytes.len());
        let bytes = self.bytes.split_to(length);
        if let Some(out) = out.get_mut(..length) {
            out.copy_from_slice(&bytes);
        }
        self.position += length as u64;
        Ok(length)
    }
}

impl Seek for ObjectReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.object.size.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        let position = position.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        if position != self.position {
            let ahead = position
                .checked_sub(self.position)
                .and_then(|ahead| usize::try_from(ahead).ok());
            self.bytes = match ahead {
                Some(ahead) if ahead < self.bytes.len() => self.bytes.slice(ahead..),
                _ => Bytes::new(),
            };
            self.position = position;
        }
        Ok(position)
    }
}
