//! Standard input, read so that a load can end even while no bytes come.

use std::{
    io::{self, Cursor, Read},
    sync::mpsc::{Receiver, RecvTimeoutError, sync_channel},
    thread,
    time::Duration,
};

use tokio::sync::watch;

/// Standard input until the load is ending; after that, reading fails.
///
/// A thread that waits for bytes cannot be woken, so it is left behind and ends with the process.
pub(crate) struct Stdin {
    chunks: Receiver<io::Result<Vec<u8>>>,
    chunk: Cursor<Vec<u8>>,
    stop: watch::Receiver<bool>,
}

impl Stdin {
    const CHUNK: usize = 64 * 1024;
    const GLANCE: Duration = Duration::from_millis(50);

    /// # Errors
    /// If the system cannot start a thread.
    pub(crate) fn new(stop: watch::Receiver<bool>) -> io::Result<Self> {
        let (out, chunks) = sync_channel(1);
        thread::Builder::new().name("dfinery stdin".to_owned()).spawn(move || {
            let mut stdin = io::stdin().lock();
            loop {
                let mut chunk = vec![0; Self::CHUNK];
                let read = match stdin.read(&mut chunk) {
                    Ok(0) => return,
                    Ok(count) => {
                        chunk.truncate(count);
                        Ok(chunk)
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(error) => Err(error),
                };
                let failed = read.is_err();
                if out.send(read).is_err() || failed {
                    return;
                }
            }
        })?;
        Ok(Self {
            chunks,
            chunk: Cursor::default(),
            stop,
        })
    }
}

impl Read for Stdin {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.chunk.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            match self.chunks.recv_timeout(Self::GLANCE) {
                Ok(chunk) => self.chunk = Cursor::new(chunk?),
                Err(RecvTimeoutError::Disconnected) => return Ok(0),
                Err(RecvTimeoutError::Timeout) if *self.stop.borrow() => {
                    return Err(io::Error::other("the load is to end"));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}
