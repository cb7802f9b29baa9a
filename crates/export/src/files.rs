//! Files that only their owner can read, and their hashes.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _},
    path::Path,
};

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
