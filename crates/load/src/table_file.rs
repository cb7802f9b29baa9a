//! A table of bad rows while it is written.

use std::{
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use dfinery::engine::NewFile;
use dfinery_input::{Beginning, Passed};

use crate::append_file::{at, create_new, finish};

/// A file that takes its name when it is whole, and knows its contents.
pub(crate) struct TableFile {
    path: PathBuf,
    file: BufWriter<NewFile>,
    written: Passed,
}

impl TableFile {
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            file: create_new(path)?,
            written: Passed::default(),
        })
    }

    pub(crate) fn name(&self) -> &str {
        self.path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
    }

    /// What is written so far.
    pub(crate) fn contents(&self) -> Beginning {
        self.written.beginning()
    }

    pub(crate) fn finish(self) -> io::Result<()> {
        finish(self.file).map_err(|error| at(&self.path, "write", &error))
    }
}

impl Write for TableFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self
            .file
            .write(bytes)
            .map_err(|error| at(&self.path, "write", &error))?;
        self.written.add(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush().map_err(|error| at(&self.path, "write", &error))
    }
}
