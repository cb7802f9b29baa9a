//! A folder on a disk.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, ErrorKind, Write as _},
    path::{Path, PathBuf},
};

use dfinery::engine::{NewFile, sync_folder_of};

use super::shelf::{Hold, Opened, Shelf};
use crate::{
    error::ExportError,
    files::{make_folder, take_name},
};

#[derive(Debug)]
pub(crate) struct Disk {
    root: PathBuf,
}

/// A lock that the system releases when the process ends.
#[derive(Debug)]
struct Lock {
    temporary: PathBuf,
    _file: File,
}

impl Disk {
    pub(crate) fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    fn files_below(&self, folder: &str, depth: u32) -> Vec<Result<String, (String, ExportError)>> {
        let path = self.path(folder);
        let failed = |error| Err((folder.to_owned(), ExportError::file(&path, "read", error)));
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Vec::new(),
            Err(error) => return vec![failed(error)],
        };
        let mut files = Vec::new();
        for entry in entries {
            match entry {
                Ok(entry) => {
                    let below = format!("{folder}/{}", entry.file_name().to_string_lossy());
                    if depth > 1 && entry.path().is_dir() {
                        files.extend(self.files_below(&below, depth - 1));
                    } else {
                        files.push(Ok(below));
                    }
                }
                Err(error) => files.push(failed(error)),
            }
        }
        files
    }
}

impl Shelf for Disk {
    fn name(&self, path: &str) -> PathBuf {
        if path.is_empty() {
            return self.root.clone();
        }
        self.path(path)
    }

    fn claim(&self, own: &str, _state: &Path) -> Result<Box<dyn Hold>, ExportError> {
        let own = self.path(own);
        let temporary = own.join("tmp");
        make_folder(&temporary).map_err(|error| ExportError::file(&temporary, "made", error))?;
        let path = own.join("lock");
        let opened = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = opened.map_err(|error| ExportError::file(&path, "opened", error))?;
        match file.try_lock() {
            Ok(()) => Ok(Box::new(Lock { temporary, _file: file })),
            Err(TryLockError::WouldBlock) => Err(ExportError::in_use(&self.root, None)),
            Err(TryLockError::Error(error)) => Err(ExportError::file(&path, "locked", error)),
        }
    }

    fn names(&self, folder: &str) -> Result<Vec<String>, ExportError> {
        let path = self.path(folder);
        let names = || -> io::Result<Vec<String>> {
            let entries = match fs::read_dir(&path) {
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
                entries => entries?,
            };
            let mut names = Vec::new();
            for entry in entries {
                names.extend(entry?.file_name().into_string());
            }
            Ok(names)
        };
        names().map_err(|error| ExportError::file(&path, "read", error))
    }

    fn files(&self, folder: &str) -> Vec<Result<String, (String, ExportError)>> {
        self.files_below(folder, 2)
    }

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, ExportError> {
        let path = self.path(path);
        match fs::read(&path) {
            Ok(contents) => Ok(Some(contents)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(ExportError::file(&path, "read", error)),
        }
    }

    fn open(&self, path: &str) -> Result<Option<Opened>, ExportError> {
        let path = self.path(path);
        let open = || -> io::Result<Opened> {
            let file = File::open(&path)?;
            Ok(Opened {
                bytes: file.metadata()?.len(),
                contents: Box::new(file),
            })
        };
        match open() {
            Ok(opened) => Ok(Some(opened)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(ExportError::file(&path, "read", error)),
        }
    }

    /// Whoever holds the lock is the only one that writes.
    fn write(&self, path: &str, contents: Vec<u8>) -> Result<(), ExportError> {
        let path = self.path(path);
        let write = || {
            if let Some(folder) = path.parent() {
                make_folder(folder)?;
            }
            let mut new = NewFile::create(&path, OpenOptions::new().write(true).create_new(true))?;
            new.write_all(&contents)?;
            new.finish()
        };
        write().map_err(|error| ExportError::file(&path, "written", error))
    }

    fn take(&self, data: &Path, path: &str, _hold: &dyn Hold) -> Result<(), ExportError> {
        let path = self.path(path);
        take_name(data, &path).map_err(|error| ExportError::file(&path, "written", error))
    }

    fn sync(&self, path: &str) -> Result<(), ExportError> {
        let path = self.path(path);
        sync_folder_of(&path).map_err(|error| ExportError::file(&path, "synced", error))
    }

    fn remove(&self, path: &str) -> Result<(), ExportError> {
        let path = self.path(path);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(ExportError::file(&path, "removed", error)),
            _ => Ok(()),
        }
    }

    fn at_a_time(&self) -> usize {
        1
    }
}

impl Hold for Lock {
    fn temporary_folder(&self) -> &Path {
        &self.temporary
    }

    fn clear(&self) {
        for entry in fs::read_dir(&self.temporary).into_iter().flatten().flatten() {
            let _ = fs::remove_file(entry.path());
        }
    }

    fn confirm(&self) -> Result<(), ExportError> {
        Ok(())
    }
}
