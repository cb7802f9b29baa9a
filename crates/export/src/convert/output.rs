//! The file that is written: counted, hashed, and compressed where asked.

use std::io::{self, Write};

use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use crate::{format::Compression, hexadecimal::hexadecimal};

const ZSTD_LEVEL: i32 = 3;

/// Counts and hashes what it passes on.
pub(crate) struct Hashed<W> {
    inner: W,
    hash: Sha256,
    bytes: u64,
}

/// The bytes of a written file, and their SHA-256 in hexadecimal digits.
pub(crate) struct Written {
    pub(crate) bytes: u64,
    pub(super) sha256: String,
}

/// A file of text.
pub(crate) enum Output<W: Write> {
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
        Ok(Written {
            bytes: self.bytes,
            sha256: hexadecimal(&self.hash.finalize()),
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
    pub(crate) fn new(file: W, compression: Compression) -> io::Result<Self> {
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

    pub(crate) fn finish(self) -> io::Result<Written> {
        match self {
            Self::Plain(hashed) => hashed,
            Self::Gzip(encoder) => encoder.finish()?,
            Self::Zstd(encoder) => encoder.finish()?,
        }
        .finish()
    }
}

impl<W: Write> Write for Output<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(hashed) => hashed.write(bytes),
            Self::Gzip(encoder) => encoder.write(bytes),
            Self::Zstd(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(hashed) => hashed.flush(),
            Self::Gzip(encoder) => encoder.flush(),
            Self::Zstd(encoder) => encoder.flush(),
        }
    }
}
