//! Which bad records the rows of a load of corrected rows were: a file in its folder, one line of JSON for each record.
//!
//! A record that such a load does not accept is known by its line, so this and its dead letters show what is made good.

use std::{
    borrow::Cow,
    fs::File,
    io::{self, BufRead as _, BufReader, BufWriter, Write as _},
    path::{Path, PathBuf},
};

use dfinery::engine::NewFile;
use dfinery_input::Line;
use serde::{Deserialize, Serialize};

use crate::{
    append_file::{at, create_new, finish},
    file_names::CORRECTED,
    outcome::Stop,
};

/// A line of the file.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Entry<'a> {
    /// What follows is about this input, a table of this name beside the folder.
    Input { name: Cow<'a, str>, table: Cow<'a, str> },
    /// A record begins on this line. Its rows were on the lines `origins` when they were bad.
    Record { line: u64, origins: Cow<'a, [u64]> },
    /// A condition of the mapping passes over the rows that were on these lines.
    PassedOver(Cow<'a, [u64]>),
}

/// The file while a load reads its inputs. There is none if no input is a table of bad rows.
pub(crate) struct CorrectedFile {
    folder: PathBuf,
    file: Option<BufWriter<NewFile>>,
    /// The entry of the input that is read, until it is written.
    input: Option<Entry<'static>>,
    /// Whether the input can be found again by its name.
    is_beside: bool,
    /// The record written last.
    last: (u64, Vec<u64>),
}

impl CorrectedFile {
    /// `folder` is that of the load, or empty if it keeps nothing.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            file: None,
            input: None,
            is_beside: false,
            last: (0, Vec::new()),
        }
    }

    pub(crate) fn begin(&mut self, name: &str, path: Option<&Path>) {
        self.last.0 = 0;
        self.input = path.and_then(|path| self.table(path)).map(|table| Entry::Input {
            name: Cow::Owned(name.to_owned()),
            table: Cow::Owned(table),
        });
        self.is_beside = self.input.is_some();
    }

    /// Adds the records of a line, which come one after another.
    pub(crate) fn record(&mut self, line: &Line<'_>) -> Result<(), Stop> {
        let (number, origins) = (line.number, line.origins);
        if origins.is_empty() || (self.last.0, &*self.last.1) == (number, origins) {
            return Ok(());
        }
        self.last = (number, origins.to_vec());
        let origins = Cow::Borrowed(origins);
        self.write(&Entry::Record { line: number, origins })
    }

    pub(crate) fn passed_over(&mut self, origins: &[u64]) -> Result<(), Stop> {
        if origins.is_empty() {
            return Ok(());
        }
        self.write(&Entry::PassedOver(Cow::Borrowed(origins)))
    }

    /// Gives the file its name, once all inputs were read.
    pub(crate) fn finish(&mut self) -> Result<(), Stop> {
        let finished = self.file.take().map_or(Ok(()), finish);
        finished.map_err(|error| self.stop(&error))
    }

    fn write(&mut self, entry: &Entry<'_>) -> Result<(), Stop> {
        if self.is_beside {
            self.append(entry).map_err(|error| self.stop(&error))
        } else {
            Ok(())
        }
    }

    fn append(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        let file = match self.file.take() {
            Some(file) => file,
            None => create_new(&self.folder.join(CORRECTED))?,
        };
        let file = self.file.insert(file);
        self.input.take().iter().chain([entry]).try_for_each(|entry| {
            serde_json::to_writer(&mut *file, entry)?;
            file.write_all(b"\n")
        })
    }

    fn stop(&self, error: &io::Error) -> Stop {
        Stop::disk(&self.folder.join(CORRECTED).display().to_string(), error)
    }

    /// The name of an input that is beside the folder.
    fn table(&self, path: &Path) -> Option<String> {
        if self.folder.as_os_str().is_empty() {
            return None;
        }
        let path = path.canonicalize().ok()?;
        let is_beside = path.parent() == self.folder.canonicalize().ok()?.parent();
        is_beside.then(|| path.file_name()?.to_str().map(str::to_owned))?
    }
}

/// Reads the file in the folder of a load, if there is one.
pub(crate) fn read(folder: &Path, mut each: impl FnMut(Entry<'_>)) -> io::Result<()> {
    let path = folder.join(CORRECTED);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(at(&path, "open", &error)),
    };
    let mut file = BufReader::new(file);
    let mut line = Vec::new();
    while file
        .read_until(b'\n', &mut line)
        .map_err(|error| at(&path, "read", &error))?
        > 0
    {
        each(serde_json::from_slice(&line).map_err(|error| at(&path, "understand", &error.into()))?);
        line.clear();
    }
    Ok(())
}
