//! Inputs in object stores.

use std::{
    io::{self, Read},
    path::Path,
};

use dfinery_store::{ObjectReader, Place, StoreError};

/// Whether a path is the URL of a place in an object store, which is read with the feature `cloud`.
#[must_use]
pub fn is_url(path: &Path) -> bool {
    path.to_str().is_some_and(Place::is_url)
}

/// An object that was opened. What is read of it is of the version that it had then.
pub(crate) struct Object(dfinery_store::Object);

impl Object {
    /// Opens the object of a URL; `None` if the path is not one.
    pub(crate) fn open(path: &Path) -> io::Result<Option<Self>> {
        let Some(url) = path.to_str().filter(|path| Place::is_url(path)) else {
            return Ok(None);
        };
        let place = Place::parse(url)?;
        Ok(Some(Self(dfinery_store::Object::open(&place)?)))
    }

    pub(crate) fn length(&self) -> u64 {
        self.0.size
    }

    /// Another one means other contents. Some stores have none.
    pub(crate) fn etag(&self) -> Option<&str> {
        self.0.etag.as_deref()
    }

    /// Reads it from its beginning on.
    pub(crate) fn reader(&self) -> Box<dyn Read + Send> {
        Box::new(ObjectReader::new(self.0.clone()))
    }

    #[cfg(feature = "_typed")]
    pub(crate) fn range(&self, range: std::ops::Range<u64>) -> io::Result<bytes::Bytes> {
        Ok(self.0.range(range)?)
    }

    /// Whether it is still the one that was opened.
    pub(crate) fn check(&self) -> io::Result<()> {
        Ok(self.0.check()?)
    }
}

/// What a store said, if an error is of one.
pub(crate) fn of_store(error: &io::Error) -> Option<&StoreError> {
    error.get_ref()?.downcast_ref()
}
