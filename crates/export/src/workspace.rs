//! A folder for files that are not whole yet, beside the file that they become.

use std::{
    fs::{self, DirBuilder, File},
    io,
    path::{Path, PathBuf},
};

use dfinery::engine::folder_of;

use crate::error::ExportError;

const PREFIX: &str = ".dfinery-export-";

/// A folder that only this process uses. It goes when this is dropped; after a kill, with the next one beside it.
#[derive(Debug)]
pub(crate) struct Workspace {
    folder: PathBuf,
    _lock: File,
}

impl Workspace {
    pub(crate) fn beside(path: &Path) -> Result<Self, ExportError> {
        Self::within(folder_of(path))
    }

    /// A workspace in the folder of what exporters of this machine share.
    pub(crate) fn of_state(state: &Path) -> Result<Self, ExportError> {
        fs::create_dir_all(state).map_err(|error| ExportError::file(state, "made", error))?;
        Self::within(state)
    }

    fn within(parent: &Path) -> Result<Self, ExportError> {
        const TRIES: u32 = 10;
        remove_abandoned_in(parent);
        let mut tries = 0;
        loop {
            let folder = parent.join(format!("{PREFIX}{}", uuid::Uuid::new_v4().simple()));
            match locked(&folder) {
                Ok(lock) => return Ok(Self { folder, _lock: lock }),
                // Another process took it for an abandoned one before it was locked.
                Err(error) if error.kind() == io::ErrorKind::NotFound && tries < TRIES && parent.is_dir() => tries += 1,
                Err(error) => return Err(ExportError::file(&folder, "made", error)),
            }
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the next export beside it.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Makes a folder that only its owner can read, and locks it.
fn locked(folder: &Path) -> io::Result<File> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    let path = folder.join("lock");
    let lock = File::create(&path)?;
    lock.lock()?;
    // If it was removed before it was locked, it has no name any more.
    fs::metadata(&path)?;
    Ok(lock)
}

/// Removes the folders that killed processes have left. What cannot be removed stays.
fn remove_abandoned_in(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(PREFIX) {
            match File::open(entry.path().join("lock")) {
                Ok(lock) if lock.try_lock().is_ok() => {
                    let _ = fs::remove_dir_all(entry.path());
                }
                // The process was killed before it made the lock, and so anything else.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    let _ = fs::remove_dir(entry.path());
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_killed_processes_have_left_goes_and_what_is_used_stays() {
        let parent = tempfile::tempdir().unwrap();
        let names = ["killed", "killed-before-its-lock"].map(|name| parent.path().join(format!("{PREFIX}{name}")));
        for name in &names {
            fs::create_dir(name).unwrap();
        }
        fs::write(names[0].join("lock"), "").unwrap();
        fs::write(names[0].join("0.raw"), "half").unwrap();
        let used = Workspace::within(parent.path()).unwrap();
        assert!(names.iter().all(|name| !name.exists()));
        let other = Workspace::beside(&parent.path().join("a.csv")).unwrap();
        assert!(used.folder().is_dir() && other.folder().is_dir());
        drop((used, other));
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }
}
