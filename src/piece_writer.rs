//! A file that is written in pieces, many at a time, while the next ones are received.

use std::io::{self, ErrorKind, IoSlice, Write};

use bytes::Bytes;
use tokio::task::{JoinHandle, spawn_blocking};

/// Writes on a thread that may block. Holds at most two batches: one being written, and one being filled.
///
/// If it is dropped, what is being written is still written.
pub struct PieceWriter<W> {
    /// Unless a batch is being written to it.
    out: Option<W>,
    batch: Vec<Bytes>,
    batch_bytes: usize,
    writing: Option<JoinHandle<io::Result<W>>>,
}

impl<W: Write + Send + 'static> PieceWriter<W> {
    /// Large enough that handing it to a thread costs nothing beside writing it.
    const BATCH_BYTES: usize = 1024 * 1024;
    /// As many as systems take in one call.
    const BATCH_PIECES: usize = 1024;

    /// Writes to the end of a file.
    #[must_use]
    pub fn new(out: W) -> Self {
        Self {
            out: Some(out),
            batch: Vec::new(),
            batch_bytes: 0,
            writing: None,
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
        let mut out = self.written().await?;
        spawn_blocking(move || out.flush()).await.map_err(io::Error::other)?
    }

    async fn write_batch(&mut self) -> io::Result<()> {
        let mut out = self.written().await?;
        let batch = std::mem::take(&mut self.batch);
        self.batch_bytes = 0;
        self.writing = Some(spawn_blocking(move || {
            write_all(&mut out, &batch)?;
            Ok(out)
        }));
        Ok(())
    }

    /// Waits for the batch before.
    async fn written(&mut self) -> io::Result<W> {
        match self.writing.take() {
            Some(writing) => writing.await.map_err(io::Error::other)?,
            None => self
                .out
                .take()
                .ok_or_else(|| io::Error::other("an earlier piece was not written")),
        }
    }
}

fn write_all(file: &mut impl Write, pieces: &[Bytes]) -> io::Result<()> {
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
    use std::fs::File;

    use super::*;
    use crate::to_be_synced::ToBeSynced;

    type Writer = PieceWriter<ToBeSynced>;

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
        let mut writer = PieceWriter::new(ToBeSynced::new(File::create(&path).unwrap()));
        let mut whole = Vec::new();
        for number in 0..5_000_u32 {
            let length = if number % 1_000 == 999 { 10_000_000 } else { number % 7 };
            let piece = format!("{number}").repeat(length as usize);
            whole.extend_from_slice(piece.as_bytes());
            writer.write(piece.into()).await.unwrap();
            assert!(writer.batch_bytes < Writer::BATCH_BYTES && writer.batch.len() < Writer::BATCH_PIECES);
        }
        writer.finish().await.unwrap();
        assert!(std::fs::read(&path).unwrap() == whole);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_full_disk_is_an_error_at_the_latest_at_the_end() {
        for length in [1, Writer::BATCH_BYTES] {
            let file = File::options().write(true).open("/dev/full").unwrap();
            let mut writer = PieceWriter::new(file);
            writer.write(vec![b'x'; length].into()).await.unwrap();
            let error = writer.finish().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::StorageFull);
        }
    }
}
