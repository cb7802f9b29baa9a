//! Standard output, which may have no reader any more, and how texts for people are written.

use std::{
    io::{self, Stdout, Write},
    sync::atomic::{AtomicBool, Ordering},
};

use crate::{
    paint::{self, NAME},
    wrap::wrap,
};

/// Whether only what needs attention is written.
static QUIET: AtomicBool = AtomicBool::new(false);

pub fn be_quiet() {
    QUIET.store(true, Ordering::Relaxed);
}

pub fn is_quiet() -> bool {
    QUIET.load(Ordering::Relaxed)
}

/// Whether colours go to this stream: they do to a terminal, unless the option or the environment says otherwise.
pub fn is_painted(stream: &impl anstream::stream::RawStream) -> bool {
    anstream::AutoStream::choice(stream) != anstream::ColorChoice::Never
}

/// A text as it looks on this stream: to a terminal go colours, and lines as long as its own.
fn shown(text: &str, stream: &impl anstream::stream::RawStream) -> String {
    let painted = is_painted(stream).then(|| paint::text(text));
    let text = painted.as_deref().unwrap_or(text);
    if stream.is_terminal() {
        wrap(text, textwrap::termwidth())
    } else {
        text.to_owned()
    }
}

/// Writes a text for people to standard output.
pub fn write_text(out: &mut Output, text: &str) -> io::Result<()> {
    let text = shown(text, &out.out);
    out.write_all(text.as_bytes())
}

/// Writes a text for people to standard error, and a blank line that keeps it apart from what follows.
pub fn write_aside(text: &str) {
    let mut err = io::stderr();
    let _ = writeln!(err, "{}", shown(text, &err));
}

/// Says something on standard error.
pub fn say(text: &str) {
    let mut err = io::stderr();
    let _ = writeln!(err, "{}", shown(&format!("{NAME} {text}"), &err));
}

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
