//! Files that only their owner can read, and their hashes.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write},
    path::{Path, PathBuf},
    thread::{self, JoinHandle},
};

use dfinery::engine::sync_folder_of;
use sha2::{Digest as _, Sha256};

use crate::{error::ExportError, hexadecimal::hexadecimal};

/// A file that only its owner can read, in place of one that is there.
pub(crate) fn new_file(path: &Path) -> Result<File, ExportError> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .map_err(|error| ExportError::file(path, "written", error))
}

/// A file that is removed when this is dropped. What cannot be removed is removed with its folder.
#[derive(Debug)]
pub(crate) struct Temporary(PathBuf);

impl Temporary {
    pub(crate) const fn new(path: PathBuf) -> Self {
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// A file that is to be synced once it is written. Begins with that while more is written: systems leave the disk idle
/// for long, and the sync at the end would take the time of all of it.
pub(crate) struct ToBeSynced {
    file: File,
    unsynced: usize,
    syncing: Option<JoinHandle<io::Result<()>>>,
}

impl ToBeSynced {
    /// Enough for a disk to write at its full speed.
    const SYNC_BYTES: usize = 32 * 1024 * 1024;

    pub(crate) const fn new(file: File) -> Self {
        Self {
            file,
            unsynced: 0,
            syncing: None,
        }
    }

    fn synced(&mut self) -> io::Result<()> {
        let ended = self.syncing.take().map(JoinHandle::join);
        ended.map_or(Ok(()), |ended| {
            ended.unwrap_or_else(|_| Err(io::Error::other("a thread ended early")))
        })
    }

    fn begin_sync(&mut self) -> io::Result<()> {
        self.synced()?;
        let file = self.file.try_clone()?;
        // Without a thread for it, the file is synced at the end only.
        self.syncing = thread::Builder::new().spawn(move || file.sync_data()).ok();
        self.unsynced = 0;
        Ok(())
    }
}

impl Write for ToBeSynced {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.unsynced += written;
        let is_free = self.syncing.as_ref().is_none_or(JoinHandle::is_finished);
        if self.unsynced >= Self::SYNC_BYTES && is_free {
            self.begin_sync()?;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()?;
        self.synced()
    }
}

/// Syncs a file, and gives it another name, all of which outlasts a loss of power.
pub(crate) fn take_name(from: &Path, to: &Path) -> io::Result<()> {
    if let Some(folder) = to.parent() {
        make_folder(folder)?;
    }
    File::open(from)?.sync_all()?;
    fs::rename(from, to)?;
    sync_folder_of(to)
}

/// Makes a folder and those above it, all of which outlast a loss of power.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(above) = path.parent().filter(|above| !above.as_os_str().is_empty()) {
        make_folder(above)?;
    }
    match fs::create_dir(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists || !path.is_dir() => Err(error),
        _ => sync_folder_of(path),
    }
}

/// The SHA-256 of a file, in hexadecimal digits.
pub(crate) fn sha256_of(path: &Path) -> io::Result<String> {
    let (mut file, mut hash) = (File::open(path)?, Sha256::new());
    let mut buffer = vec![0; 256 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hexadecimal(&hash.finalize())),
            read => hash.update(&buffer[..read]),
        }
    }
}
