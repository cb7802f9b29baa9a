//! A folder in an object store.
//!
//! Exporters on different machines are kept apart by a claim ([`Lease`]). What makes that safe is that an object is
//! written only if it is still the version that was seen: an exporter that was asleep while another one took over writes
//! nothing more. Only data that takes several requests cannot be written on such a condition: there the claim is
//! confirmed just before the last request.

use std::{
    collections::HashMap,
    fmt,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use dfinery_store::{ObjectReader, Place, StoreError, Version};

use super::{
    conditional::put_if,
    lease::Lease,
    shelf::{Hold, Opened, Shelf},
};
use crate::{error::ExportError, workspace::Workspace};

/// How many objects are listed at most.
const MOST_OBJECTS: usize = 1_000_000;

/// The longest of the exporter's own files.
const MOST_BYTES: u64 = 64 << 20;

/// Data up to this length is written with one request.
const SMALL: u64 = 8 << 20;

/// How often larger data is uploaded: a last request that is repeated after it was done fails.
const UPLOADS: u32 = 3;

/// How many objects are read at a time.
const AT_A_TIME: usize = 16;

pub(crate) struct Bucket {
    place: Place,
    /// Which versions of the exporter's own files were last seen.
    seen: Mutex<HashMap<String, Option<Version>>>,
}

/// Data that ends only if the claim still holds.
struct Guarded<'a> {
    data: File,
    hold: &'a dyn Hold,
    lost: Option<ExportError>,
}

impl Bucket {
    pub(crate) fn new(url: &str) -> Result<Self, ExportError> {
        Ok(Self {
            place: Place::parse(url)?,
            seen: Mutex::default(),
        })
    }

    fn note(&self, path: &str, version: Option<Version>) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.insert(path.to_owned(), version);
    }

    /// Writes an object in place of a version. Somebody else's conflicts with it.
    fn put(&self, path: &str, contents: &[u8], before: Option<&Version>) -> Result<Version, ExportError> {
        put_if(&self.place.join(path), contents, before).map_err(|error| {
            if error.is_conflict() {
                let why = format!("{} is no longer what it was when it was read", self.place.join(path));
                return ExportError::in_use(&self.name(""), Some(why));
            }
            error.into()
        })
    }

    fn upload(&self, data: &Path, path: &str, hold: &dyn Hold) -> Result<(), ExportError> {
        let mut uploads = 1;
        loop {
            let mut guarded = Guarded {
                data: File::open(data).map_err(|error| ExportError::file(data, "read", error))?,
                hold,
                lost: None,
            };
            let uploaded = self.place.join(path).upload(&mut guarded);
            if let Some(lost) = guarded.lost {
                return Err(lost);
            }
            match uploaded {
                Err(error) if (error.is_transient() || error.is_not_found()) && uploads < UPLOADS => uploads += 1,
                uploaded => return Ok(uploaded?),
            }
        }
    }
}

impl Shelf for Bucket {
    fn name(&self, path: &str) -> PathBuf {
        self.place.join(path).to_string().into()
    }

    fn claim(&self, own: &str, state: &Path) -> Result<Box<dyn Hold>, ExportError> {
        let workspace = Workspace::of_state(state)?;
        let place = self.place.join(own).join("claim.json");
        Ok(Box::new(Lease::take(place, self.name(""), workspace)?))
    }

    fn names(&self, folder: &str) -> Result<Vec<String>, ExportError> {
        let folder = self.place.join(folder);
        let objects = folder.list(MOST_OBJECTS)?;
        let names = objects.iter().filter_map(|object| object.place.below(&folder));
        Ok(names.filter(|name| !name.contains('/')).collect())
    }

    fn files(&self, folder: &str) -> Vec<Result<String, (String, ExportError)>> {
        match self.place.join(folder).list(MOST_OBJECTS) {
            Ok(objects) => {
                let paths = objects.iter().filter_map(|object| object.place.below(&self.place));
                paths.map(Ok).collect()
            }
            Err(error) => vec![Err((folder.to_owned(), error.into()))],
        }
    }

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, ExportError> {
        let (contents, version) = self.place.join(path).read(MOST_BYTES)?.unzip();
        self.note(path, version);
        Ok(contents.map(Into::into))
    }

    fn open(&self, path: &str) -> Result<Option<Opened>, ExportError> {
        Ok(self.place.join(path).object()?.map(|object| Opened {
            bytes: object.size,
            contents: Box::new(ObjectReader::new(object)),
        }))
    }

    fn write(&self, path: &str, contents: Vec<u8>) -> Result<(), ExportError> {
        let seen = self
            .seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(path)
            .cloned();
        let before = match seen {
            Some(version) => version,
            None => self.place.join(path).version()?,
        };
        let after = self.put(path, &contents, before.as_ref())?;
        self.note(path, Some(after));
        Ok(())
    }

    fn take(&self, data: &Path, path: &str, hold: &dyn Hold) -> Result<(), ExportError> {
        let failed = |error| ExportError::file(data, "read", error);
        if fs::metadata(data).map_err(failed)?.len() > SMALL {
            return self.upload(data, path, hold);
        }
        let contents = fs::read(data).map_err(failed)?;
        let before = self.place.join(path).version()?;
        // Only now: as long as the claim held when the version was seen, no other exporter can have written that.
        hold.confirm()?;
        self.put(path, &contents, before.as_ref()).map(|_| ())
    }

    /// An object that is there lasts.
    fn sync(&self, _path: &str) -> Result<(), ExportError> {
        Ok(())
    }

    fn remove(&self, path: &str) -> Result<(), ExportError> {
        self.place.join(path).remove()?;
        self.note(path, None);
        Ok(())
    }

    fn at_a_time(&self) -> usize {
        AT_A_TIME
    }
}

impl Read for Guarded<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.data.read(out)?;
        if read == 0 && !out.is_empty() {
            self.hold.confirm().map_err(|lost| {
                let problem = io::Error::other(lost.to_string());
                self.lost = Some(lost);
                problem
            })?;
        }
        Ok(read)
    }
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.place, f)
    }
}

impl From<StoreError> for ExportError {
    fn from(error: StoreError) -> Self {
        Self::store(error)
    }
}
