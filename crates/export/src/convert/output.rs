//! The file that is written: counted, hashed, and compressed where asked.

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use crate::format::Compression;

const ZSTD_LEVEL: i32 = 3;

/// Counts and hashes what it passes on.
pub(super) struct Hashed<W> {
    inner: W,
    hash: Sha256,
    bytes: u64,
}

/// The bytes of a written file, and their SHA-256 in hexadecimal digits.
pub(super) struct Written {
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

/// A file of text.
pub(super) enum Output<W: Write> {
    Plain(Hashed<W>),
    Gzip(GzEncoder<Hashed<W>>),
    Zstd(zstd::Encoder<'static, Hashed<W>>),
}

impl<W: Write> Hashed<W> {
    pub(super) fn new(inner: W) -> Self {
        Self {
            inner,
            hash: Sha256::new(),
            bytes: 0,
        }
    }

    pub(super) fn finish(mut self) -> io::Result<Written> {
        self.inner.flush()?;
        let mut sha256 = String::new();
        for byte in self.hash.finalize() {
            // A String takes everything.
            let _ = write!(sha256, "{byte:02x}");
        }
        Ok(Written {
            bytes: self.bytes,
            sha256,
        })
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(bytes.get(..written).unwrap_or_default());
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<W: Write> Output<W> {
    pub(super) fn new(file: W, compression: Compression) -> io::Result<Self> {
        let hashed = Hashed::new(file);
        Ok(match compression {
            Compression::None => Self::Plain(hashed),
            Compression::Gzip => Self::Gzip(GzEncoder::new(hashed, flate2::Compression::default())),
            Compression::Zstd => {
                let mut encoder = zstd::Encoder::new(hashed, ZSTD_LEVEL)?;
                encoder.include_checksum(true)?;
                Self::Zstd(encoder)
            }
        })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(hashed) => hashed.write_all(bytes),
            Self::Gzip(encoder) => encoder.write_all(bytes),
            Self::Zstd(encoder) => encoder.write_all(bytes),
        }
    }

    pub(super) fn finish(self) -> io::Result<Written> {
        match self {
            Self::Plain(hashed) => hashed,
            Self::Gzip(encoder) => encoder.finish()?,
            Self::Zstd(encoder) => encoder.finish()?,
        }
        .finish()
    }
}
