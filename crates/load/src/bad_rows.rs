//! The records of a dead letter as they were in their inputs, to correct and to load again.

use std::{
    collections::HashMap,
    fmt,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use dfinery::{Violation, engine::NewFile};
use dfinery_input::{Format, Input, InputError, InputOptions, Line, Sorted, Sorter, TableForm};
use dfinery_records::Accepts;

use crate::{
    append_file::{at, options},
    error::LoadError,
    letter::{Letter, in_words, json_line},
    record::Fate,
    tables::Tables,
};

/// The records of a dead letter as they were in their inputs: rows of a table as such a table, in the order of the input,
/// with the line, the code and the reason in front; others as lines of JSON. Rows of which several records were made are
/// there once.
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use dfinery_load::BadRows;
/// let rows = BadRows::read("sales.csv.dfinery/dead-letter.ndjson".as_ref())?;
/// let table = rows.parts().first().and_then(|part| part.input.clone());
/// rows.write(table.as_deref(), std::io::stdout())?;
/// # Ok(())
/// # }
/// ```
pub struct BadRows {
    parts: Vec<BadPart>,
    forms: Vec<Option<TableForm>>,
    left_out: u64,
    /// A table whose form is not known.
    unknown: Option<String>,
    sorted: Sorted,
}

/// The records of a dead letter that are written together.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BadPart {
    /// The table that they are from; `None` for those that were JSON, of whatever input.
    pub input: Option<String>,
    /// How many there are.
    pub records: u64,
}

/// Bytes that the sorting holds in memory.
const SORT_BYTES: usize = 16 * 1024 * 1024;

impl BadRows {
    /// Reads a dead letter, and the file `tables.json` beside it, which has the headers of tables. Blocking.
    ///
    /// # Errors
    /// If it cannot be read, is no dead letter, or the header of a table in it is not known.
    pub fn read(dead_letter: &Path) -> Result<Self, LoadError> {
        let tables = Tables::beside(dead_letter)?;
        let rows = Self::gather(dead_letter, &tables, &std::env::temp_dir())?;
        match &rows.unknown {
            Some(input) => Err(InputError::new(
                &dead_letter.display().to_string(),
                format_args!(
                    "the header of {input} is in the file tables.json beside a dead letter, which is missing here"
                ),
            )
            .into()),
            None => Ok(rows),
        }
    }

    /// What can be written: each table by itself, and all records that were JSON together.
    #[must_use]
    pub fn parts(&self) -> &[BadPart] {
        &self.parts
    }

    /// How many records are only in the dead letter: a row that is too long is not whole there, and a line of JSON that
    /// could not be read is not UTF-8.
    #[must_use]
    pub const fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Writes one of the [`parts`](Self::parts) to a file that only its owner can read, and that appears when it is whole.
    ///
    /// # Errors
    /// If the file cannot be written; the error names it.
    pub fn write_file(self, input: Option<&str>, path: &Path) -> Result<(), LoadError> {
        let mut file = create(path)?;
        let written = self.write(input, &mut file).and_then(|()| finish(file));
        Ok(written.map_err(|error| at(path, "write", &error))?)
    }

    /// Writes one of the [`parts`](Self::parts).
    ///
    /// # Errors
    /// If writing fails.
    pub fn write(self, input: Option<&str>, out: impl Write) -> io::Result<()> {
        let mut out = Some(out);
        self.write_parts(
            |part| Ok(out.take_if(|_| part.input.as_deref() == input)),
            |mut out| out.flush(),
        )
    }

    fn gather(dead_letter: &Path, tables: &Tables, sort_in: &Path) -> Result<Self, LoadError> {
        let mut options = InputOptions::default();
        options.format = Some(Format::DeadLetter);
        let mut input = Input::open(dead_letter, &options, None, Accepts::Mixed)?;
        let mut sorter = Sorter::new(sort_in, SORT_BYTES);
        let mut rows = Gathered::default();
        let mut bytes = Vec::new();
        while let Some(line) = input.next()? {
            let Some(letter) = Letter::read(line.original) else {
                if !rows.parts.is_empty() {
                    // The last line of a load that was killed may be cut short.
                    rows.left_out += 1;
                    continue;
                }
                let name = dead_letter.display().to_string();
                return Err(InputError::no_dead_letter(&name, line.number).into());
            };
            let form = tables.get(&letter.file);
            if form.is_none() && rows.unknown.is_none() && is_table(&letter.file) {
                rows.unknown = Some(letter.file.to_string());
            }
            bytes.clear();
            let place = rows.part(&letter.file, form);
            let file = rows.file(&letter.file);
            bytes.extend_from_slice(&place.to_be_bytes());
            let is_written = match form {
                Some(_) if letter.is_cut => false,
                Some(_) => {
                    let (code, reason) = (letter.cause(), letter.reason());
                    Rejection::write_item(file, letter.line, [code, &reason], &letter.original, &mut bytes);
                    true
                }
                None => letter.json_line(&mut bytes),
            };
            if !is_written {
                rows.left_out += 1;
                continue;
            }
            if let Some(part) = rows.parts.get_mut(place as usize) {
                part.records += 1;
            }
            let key = [
                &place.to_be_bytes()[..],
                &file.to_be_bytes(),
                &letter.line.to_be_bytes(),
            ]
            .concat();
            sorter.push(&key, &bytes)?;
        }
        let Gathered {
            parts,
            forms,
            left_out,
            unknown,
            ..
        } = rows;
        Ok(Self {
            parts,
            forms,
            left_out,
            unknown,
            sorted: sorter.finish()?,
        })
    }

    /// Writes each part where `begin` says, and calls `end` with what it was written to.
    fn write_parts<W: Write>(
        mut self,
        mut begin: impl FnMut(&BadPart) -> io::Result<Option<W>>,
        mut end: impl FnMut(W) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut current = None;
        let mut out = None;
        let mut rows = Rejection::default();
        while let Some(item) = self.sorted.next()? {
            let Some((place, bytes)) = item.split_first_chunk() else {
                continue;
            };
            let place = u32::from_be_bytes(*place) as usize;
            if current != Some(place) {
                end_rows(&mut rows, &self.forms, current, &mut out)?;
                current = Some(place);
                out.take().map_or(Ok(()), &mut end)?;
                let Some(part) = self.parts.get(place) else { continue };
                out = begin(part)?;
                if let (Some(out), Some(Some(form))) = (&mut out, self.forms.get(place)) {
                    out.write_all(&form.head())?;
                }
            }
            if !matches!(self.forms.get(place), Some(Some(_))) {
                out.as_mut().map_or(Ok(()), |out| out.write_all(bytes))?;
            } else if let Some((next, cause)) = Rejection::read_item(bytes) {
                if !rows.is_of(&next) {
                    end_rows(&mut rows, &self.forms, current, &mut out)?;
                    rows = next;
                }
                rows.because(cause);
            }
        }
        end_rows(&mut rows, &self.forms, current, &mut out)?;
        out.map_or(Ok(()), end)
    }
}

impl fmt::Debug for BadRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("BadRows");
        debug.field("parts", &self.parts).field("left_out", &self.left_out);
        debug.finish_non_exhaustive()
    }
}

/// Rows that were rejected, with the codes and the reasons of all their records.
#[derive(Default)]
struct Rejection {
    /// The position of their input.
    file: u32,
    line: u64,
    codes: Vec<String>,
    reasons: Vec<String>,
    original: Vec<u8>,
}

impl Rejection {
    /// Writes rows and the code and the reason of one of their records in the form that is sorted.
    fn write_item(file: u32, line: u64, cause: [&str; 2], original: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(&file.to_be_bytes());
        out.extend_from_slice(&line.to_be_bytes());
        for text in cause {
            out.extend_from_slice(&(text.len() as u64).to_be_bytes());
            out.extend_from_slice(text.as_bytes());
        }
        out.extend_from_slice(original);
    }

    /// Reads them; `None` if the bytes hold none, which does not happen.
    fn read_item(item: &[u8]) -> Option<(Self, [&str; 2])> {
        let (file, rest) = item.split_first_chunk()?;
        let (line, mut rest) = rest.split_first_chunk()?;
        let mut text = || {
            let (length, behind) = rest.split_first_chunk()?;
            let (text, behind) = behind.split_at_checked(usize::try_from(u64::from_be_bytes(*length)).ok()?)?;
            rest = behind;
            str::from_utf8(text).ok()
        };
        let cause = [text()?, text()?];
        let rows = Self {
            file: u32::from_be_bytes(*file),
            line: u64::from_be_bytes(*line),
            original: rest.to_vec(),
            ..Self::default()
        };
        Some((rows, cause))
    }

    /// Whether these are the same rows.
    fn is_of(&self, rows: &Self) -> bool {
        !self.codes.is_empty() && (self.file, self.line) == (rows.file, rows.line)
    }

    fn because(&mut self, [code, reason]: [&str; 2]) {
        self.codes.push(code.to_owned());
        if self.reasons.iter().all(|other| other != reason) {
            self.reasons.push(reason.to_owned());
        }
    }

    /// Appends them as they are in a table, if there are any.
    fn append(&self, form: &TableForm, out: &mut Vec<u8>) {
        if !self.codes.is_empty() {
            let codes: Vec<_> = self.codes.iter().map(String::as_str).collect();
            form.rows(self.line, &codes, &self.reasons.join("; "), &self.original, out);
        }
    }
}

/// Writes the rows of the table at a place, if there are any.
fn end_rows(
    rows: &mut Rejection,
    forms: &[Option<TableForm>],
    place: Option<usize>,
    out: &mut Option<impl Write>,
) -> io::Result<()> {
    let rows = std::mem::take(rows);
    let form = place.and_then(|place| forms.get(place)?.as_ref());
    if let (Some(form), Some(out)) = (form, out) {
        let mut bytes = Vec::new();
        rows.append(form, &mut bytes);
        out.write_all(&bytes)?;
    }
    Ok(())
}

/// The parts while a dead letter is read.
#[derive(Default)]
struct Gathered {
    parts: Vec<BadPart>,
    forms: Vec<Option<TableForm>>,
    places: HashMap<Option<String>, u32>,
    files: HashMap<String, u32>,
    left_out: u64,
    unknown: Option<String>,
}

impl Gathered {
    /// The place of the part that a record of this input belongs to.
    fn part(&mut self, input: &str, form: Option<&TableForm>) -> u32 {
        let name = form.map(|_| input.to_owned());
        let next = u32::try_from(self.parts.len()).unwrap_or(u32::MAX);
        *self.places.entry(name).or_insert_with_key(|name| {
            self.parts.push(BadPart {
                input: name.clone(),
                records: 0,
            });
            self.forms.push(form.cloned());
            next
        })
    }

    /// The position of an input among those of the dead letter.
    fn file(&mut self, input: &str) -> u32 {
        let next = u32::try_from(self.files.len()).unwrap_or(u32::MAX);
        match self.files.get(input) {
            Some(place) => *place,
            None => *self.files.entry(input.to_owned()).or_insert(next),
        }
    }
}

fn is_table(input: &str) -> bool {
    Format::of_name(Path::new(input)).is_some_and(|format| matches!(format, Format::Csv | Format::Tsv))
}

/// The rejected rows of the tables of a load, as files in its folder.
#[derive(Debug)]
pub(crate) struct Rejected {
    pub(crate) folder: PathBuf,
    pub(crate) dead_letter: PathBuf,
}

impl Rejected {
    /// Writes the files if the dead letter has more than when they were last written, and returns which there are. Otherwise
    /// they stay: a person may have corrected them. Blocking.
    pub(crate) fn write(&self) -> Result<Vec<PathBuf>, LoadError> {
        let mut tables = Tables::beside(&self.dead_letter)?;
        let files = tables.rejected_in(&self.folder);
        let there = || files.iter().map(|(_, path)| path).filter(|path| path.exists()).cloned();
        let length = std::fs::metadata(&self.dead_letter).map_err(|error| at(&self.dead_letter, "read", &error))?;
        let length = length.len();
        if files.is_empty() || tables.written == length {
            return Ok(there().collect());
        }
        let rows = BadRows::gather(&self.dead_letter, &tables, &self.folder)?;
        let begin = |part: &BadPart| {
            let file = files.iter().find(|(input, _)| part.input.as_deref() == Some(input));
            file.map(|(_, path)| create(path)).transpose()
        };
        rows.write_parts(begin, finish)?;
        let there = there().collect();
        tables.written = length;
        tables.write(&self.folder)?;
        Ok(there)
    }
}

/// The bad rows of an input that is checked.
pub(crate) struct BadRowsFile<'a> {
    path: &'a Path,
    form: Option<TableForm>,
    /// Once there is a bad row.
    file: Option<BufWriter<NewFile>>,
    /// Those read last, which are not written yet.
    rows: Rejection,
    bytes: Vec<u8>,
}

impl<'a> BadRowsFile<'a> {
    pub(crate) fn new(path: &'a Path, form: Option<TableForm>) -> Self {
        Self {
            path,
            form,
            file: None,
            rows: Rejection::default(),
            bytes: Vec::new(),
        }
    }

    /// Writes a row that may not be sent.
    pub(crate) fn add(&mut self, line: &Line<'_>, reasons: &[Violation]) -> io::Result<()> {
        self.bytes.clear();
        if let Some(form) = &self.form {
            if self.file.is_none() {
                self.bytes = form.head();
            }
            let next = Rejection {
                line: line.number,
                ..Rejection::default()
            };
            if !self.rows.is_of(&next) {
                self.rows.append(form, &mut self.bytes);
                self.rows = Rejection {
                    original: line.original.to_vec(),
                    ..next
                };
            }
            if !line.is_cut {
                self.rows.because([Fate::Invalid.name(), &in_words(reasons)]);
            }
        } else {
            let record = line.json.as_ref().ok().copied();
            json_line(line.original, line.is_cut, record, &mut self.bytes);
        }
        self.write()
    }

    fn write(&mut self) -> io::Result<()> {
        let file = match self.file.take() {
            Some(file) => file,
            None => create(self.path)?,
        };
        let written = self.file.insert(file).write_all(&self.bytes);
        written.map_err(|error| at(self.path, "write", &error))
    }

    pub(crate) fn finish(mut self) -> io::Result<()> {
        if self.file.is_none() {
            return Ok(());
        }
        if let Some(form) = &self.form {
            self.bytes.clear();
            self.rows.append(form, &mut self.bytes);
            self.write()?;
        }
        let finished = self.file.map_or(Ok(()), finish);
        finished.map_err(|error| at(self.path, "write", &error))
    }
}

/// A file with data of records: only its owner may read it.
fn create(path: &Path) -> io::Result<BufWriter<NewFile>> {
    let file = NewFile::create(path, options().create_new(true));
    file.map(BufWriter::new).map_err(|error| at(path, "create", &error))
}

fn finish(file: BufWriter<NewFile>) -> io::Result<()> {
    file.into_inner().map_err(io::IntoInnerError::into_error)?.finish()
}
