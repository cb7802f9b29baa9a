//! What keeps the files of a folder: a disk, or an object store.

use std::{
    fmt,
    io::{Read, Seek},
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use crate::error::ExportError;

/// Keeps the files of a folder. Paths are relative to it, with slashes. A file is there as a whole or not at all.
pub(crate) trait Shelf: fmt::Debug + Send + Sync {
    /// What people call a file; the folder itself if the path is empty.
    fn name(&self, path: &str) -> PathBuf;

    /// Claims the folder for one exporter. `own` is where files about it are, and `state` a folder of this machine.
    fn claim(&self, own: &str, state: &Path) -> Result<Box<dyn Hold>, ExportError>;

    /// The names of the files in a folder; none if it is not there.
    fn names(&self, folder: &str) -> Result<Vec<String>, ExportError>;

    /// The paths of all files of the partitions in a folder, and what cannot be read.
    fn files(&self, folder: &str) -> Vec<Result<String, (String, ExportError)>>;

    /// The contents of a small file.
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, ExportError>;

    /// A file to be read from any position.
    fn open(&self, path: &str) -> Result<Option<Opened>, ExportError>;

    /// Writes a small file, if nobody else has written it since it was read.
    fn write(&self, path: &str, contents: Vec<u8>) -> Result<(), ExportError>;

    /// Makes a file of this machine a file of the folder, which the hold must be of.
    fn take(&self, data: &Path, path: &str, hold: &dyn Hold) -> Result<(), ExportError>;

    /// Makes sure that a file that is there outlasts a loss of power.
    fn sync(&self, path: &str) -> Result<(), ExportError>;

    /// Removes a file, which need not be there.
    fn remove(&self, path: &str) -> Result<(), ExportError>;

    /// How many files to read at a time.
    fn at_a_time(&self) -> usize;
}

/// Keeps other exporters from a folder, as long as it lives.
pub(crate) trait Hold: fmt::Debug + Send + Sync {
    /// A folder of this machine for files that are not whole yet.
    fn temporary_folder(&self) -> &Path;

    /// Removes files that are not whole. What cannot be removed stays: nobody takes it for data.
    fn clear(&self);

    /// Fails if another exporter has taken over.
    fn confirm(&self) -> Result<(), ExportError>;
}

/// A file that can be read.
pub(crate) struct Opened {
    pub(crate) bytes: u64,
    pub(crate) contents: Box<dyn Contents>,
}

/// What can be read from any position.
pub(crate) trait Contents: Read + Seek + Send {}

impl<T: Read + Seek + Send> Contents for T {}

/// Does something for every item, several at a time.
pub(crate) fn for_each<T: Sync, R: Send>(at_a_time: usize, items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(items.len())));
    let run = || {
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(place) else { break };
            let result = work(item);
            done.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push((place, result));
        }
    };
    thread::scope(|scope| {
        for _ in 1..at_a_time.min(items.len()) {
            // If the system refuses a thread, the others do its share.
            let _ = thread::Builder::new().spawn_scoped(scope, run);
        }
        run();
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_items() {
        let items: Vec<u32> = (0..100).collect();
        for at_a_time in [1, 7, 200] {
            assert_eq!(for_each(at_a_time, &items, |item| *item), items);
        }
        assert!(for_each(4, &[], |item: &u32| *item).is_empty());
    }
}
