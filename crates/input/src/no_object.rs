//! Without the feature `cloud` there are no inputs in object stores.

use std::{
    io::{self, Read},
    path::Path,
};

/// Whether a path is the URL of a place in an object store, which is read with the feature `cloud`: this is built without it.
#[must_use]
pub const fn is_url(_: &Path) -> bool {
    false
}

/// There is none.
pub(crate) enum Object {}

/// No error is of an object store.
pub(crate) enum StoreError {}

impl Object {
    #[allow(clippy::unnecessary_wraps, reason = "as with the feature")]
    pub(crate) const fn open(_: &Path) -> io::Result<Option<Self>> {
        Ok(None)
    }

    pub(crate) const fn length(&self) -> u64 {
        match *self {}
    }

    pub(crate) const fn etag(&self) -> Option<&str> {
        match *self {}
    }

    pub(crate) fn reader(&self) -> Box<dyn Read + Send> {
        match *self {}
    }

    #[cfg(feature = "_typed")]
    pub(crate) fn range(&self, _: std::ops::Range<u64>) -> io::Result<bytes::Bytes> {
        match *self {}
    }

    pub(crate) const fn check(&self) -> io::Result<()> {
        match *self {}
    }
}

impl StoreError {
    pub(crate) const fn place(&self) -> &str {
        match *self {}
    }

    pub(crate) const fn problem(&self) -> &str {
        match *self {}
    }

    pub(crate) const fn is_conflict(&self) -> bool {
        match *self {}
    }

    pub(crate) const fn is_denied(&self) -> bool {
        match *self {}
    }

    pub(crate) const fn is_transient(&self) -> bool {
        match *self {}
    }
}

pub(crate) const fn of_store(_: &io::Error) -> Option<&StoreError> {
    None
}
