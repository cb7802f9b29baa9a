//! A file that is written in pieces, many at a time, while the next ones are received.

use std::{
    fs::File,
    io::{self, ErrorKind, IoSlice, Write},
    sync::Arc,
};

use bytes::Bytes;
use tokio::task::{JoinHandle, spawn_blocking};

/// Writes on a thread that may block. Holds at most two batches: one being written, and one being filled.
///
/// If it is dropped, what is being written is still written.
pub struct PieceWriter {
    file: Arc<File>,
    batch: Vec<Bytes>,
    batch_bytes: usize,
    writing: Option<JoinHandle<io::Result<()>>>,
    /// None if the file need not be synced.
    unsynced_bytes: Option<usize>,
    syncing: Option<JoinHandle<io::Result<()>>>,
}

impl PieceWriter {
    /// Large enough that handing it to a thread costs nothing beside writing it.
    const BATCH_BYTES: usize = 1024 * 1024;
    /// As many as systems take in one call.
    const BATCH_PIECES: usize = 1024;
    /// Enough for a disk to write at its full speed.
    const SYNC_BYTES: usize = 32 * 1024 * 1024;

    /// Writes to the end of a file that is needed for a short time only.
    #[must_use]
    pub fn new(file: File) -> Self {
        Self {
            file: Arc::new(file),
            batch: Vec::new(),
            batch_bytes: 0,
            writing: None,
            unsynced_bytes: None,
            syncing: None,
        }
    }

    /// Writes to the end of a file that is to be synced afterwards. Begins with that while more is received: systems
    /// leave the disk idle for long, and the sync at the end would take the time of all of it.
    #[must_use]
    pub fn to_be_synced(file: File) -> Self {
        Self {
            unsynced_bytes: Some(0),
            ..Self::new(file)
        }
    }

    /// Takes the next piece. An error may be that of an earlier one; feed nothing afterwards.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub async fn write(&mut self, piece: Bytes) -> io::Result<()> {
        self.batch_bytes += piece.len();
        self.batch.push(piece);
        if self.batch_bytes >= Self::BATCH_BYTES || self.batch.len() >= Self::BATCH_PIECES {
            self.write_batch().await?;
        }
        Ok(())
    }

    /// Waits until everything is written.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub async fn finish(mut self) -> io::Result<()> {
        self.write_batch().await?;
        ended(&mut self.writing).await?;
        ended(&mut self.syncing).await
    }

    async fn write_batch(&mut self) -> io::Result<()> {
        ended(&mut self.writing).await?;
        self.begin_sync().await?;
        let (file, batch) = (Arc::clone(&self.file), std::mem::take(&mut self.batch));
        let batch_bytes = std::mem::take(&mut self.batch_bytes);
        self.unsynced_bytes = self.unsynced_bytes.map(|bytes| bytes + batch_bytes);
        self.writing = Some(spawn_blocking(move || write_all(file, &batch)));
        Ok(())
    }

    /// If enough is written for it, and no other is running.
    async fn begin_sync(&mut self) -> io::Result<()> {
        let is_enough = self.unsynced_bytes.is_some_and(|bytes| bytes >= Self::SYNC_BYTES);
        let is_running = self.syncing.as_ref().is_some_and(|syncing| !syncing.is_finished());
        if is_enough && !is_running {
            ended(&mut self.syncing).await?;
            self.unsynced_bytes = Some(0);
            let file = Arc::clone(&self.file);
            self.syncing = Some(spawn_blocking(move || file.sync_data()));
        }
        Ok(())
    }
}

async fn ended(task: &mut Option<JoinHandle<io::Result<()>>>) -> io::Result<()> {
    match task.take() {
        Some(task) => task.await.map_err(io::Error::other)?,
        None => Ok(()),
    }
}

fn write_all(mut file: impl Write, pieces: &[Bytes]) -> io::Result<()> {
    let mut slices: Vec<_> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
    let mut rest = &mut slices[..];
    // Empty pieces alone would look as if nothing could be written.
    IoSlice::advance_slices(&mut rest, 0);
    while !rest.is_empty() {
        match file.write_vectored(rest) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => IoSlice::advance_slices(&mut rest, written),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes at most three bytes a call, of the first slice that is not empty.
    struct Slow(Vec<u8>);

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let taken = bytes.len().min(3);
            self.0.extend_from_slice(&bytes[..taken]);
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_is_written_in_parts_is_written_whole() {
        let pieces = ["", "", "한국어", "", "a", "bc", ""].map(Bytes::from);
        let mut slow = Slow(Vec::new());
        write_all(&mut slow, &pieces).unwrap();
        assert_eq!(slow.0, "한국어abc".as_bytes());
        write_all(&mut slow, &["", ""].map(Bytes::from)).unwrap();
    }

    #[tokio::test]
    async fn pieces_of_any_length_are_written_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let mut writer = PieceWriter::to_be_synced(File::create(&path).unwrap());
        let mut whole = Vec::new();
        for number in 0..5_000_u32 {
            let length = if number % 1_000 == 999 { 10_000_000 } else { number % 7 };
            let piece = format!("{number}").repeat(length as usize);
            whole.extend_from_slice(piece.as_bytes());
            writer.write(piece.into()).await.unwrap();
            assert!(writer.batch_bytes < PieceWriter::BATCH_BYTES && writer.batch.len() < PieceWriter::BATCH_PIECES);
        }
        writer.finish().await.unwrap();
        assert!(std::fs::read(&path).unwrap() == whole);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_full_disk_is_an_error_at_the_latest_at_the_end() {
        for length in [1, PieceWriter::BATCH_BYTES] {
            let file = File::options().write(true).open("/dev/full").unwrap();
            let mut writer = PieceWriter::new(file);
            writer.write(vec![b'x'; length].into()).await.unwrap();
            let error = writer.finish().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::StorageFull);
        }
    }
}
