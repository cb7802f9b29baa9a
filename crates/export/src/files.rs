//! Files that only their owner can read, and their hashes.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read},
    path::{Path, PathBuf},
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
    // What a relative path is in has no name.
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    if let Some(above) = path.parent() {
        make_folder(above)?;
    }
    match fs::create_dir(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists || !path.is_dir() => Err(error),
        _ => sync_folder_of(path),
    }
}

/// The SHA-256 of a file, in hexadecimal digits.
pub(crate) fn sha256_of(mut file: impl Read) -> io::Result<String> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hexadecimal(&hash.finalize())),
            read => hash.update(&buffer[..read]),
        }
    }
}
