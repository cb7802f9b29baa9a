//! Standard output, which may have no reader any more.

use std::io::{self, Stdout, Write};

/// Standard output. Once its reader has gone, such as `head`, what is written goes nowhere: that is no failure, and it
/// must not hide one either, so the exit code stays what it would be.
pub struct Output {
    out: Stdout,
    is_read: bool,
}

pub fn stdout() -> Output {
    Output {
        out: io::stdout(),
        is_read: true,
    }
}

impl Output {
    fn unless_closed<T>(&mut self, done: io::Result<T>, otherwise: T) -> io::Result<T> {
        match done {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.is_read = false;
                Ok(otherwise)
            }
            done => done,
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.is_read {
            return Ok(bytes.len());
        }
        let written = self.out.write(bytes);
        self.unless_closed(written, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.is_read {
            return Ok(());
        }
        let flushed = self.out.flush();
        self.unless_closed(flushed, ())
    }
}
