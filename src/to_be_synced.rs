//! A file that reaches the disk while it is written.

use std::{
    fs::File,
    io::{self, Write},
    thread::{self, JoinHandle},
};

/// A file that is to be synced once it is written. Begins with that while more is written: systems leave the disk idle
/// for long, and the sync at the end would take the time of all of it.
pub struct ToBeSynced {
    file: File,
    unsynced: usize,
    syncing: Option<JoinHandle<io::Result<()>>>,
}

impl ToBeSynced {
    /// Enough for a disk to write at its full speed.
    const SYNC_BYTES: usize = 32 * 1024 * 1024;

    /// Writes to the end of a file. `flush` waits for what has begun.
    #[must_use]
    pub const fn new(file: File) -> Self {
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
