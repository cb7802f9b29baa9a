//! The records of a dead letter as they were in their inputs, to correct and to load again.

use std::{
    collections::HashMap,
    fmt,
    io::{self, Write},
    path::{Path, PathBuf},
};

use dfinery::engine::folder_of;
use dfinery_input::{Format, InputError, Sorted, Sorter, TableForm};

use crate::{
    bad_record::BadRecord,
    error::LoadError,
    file_names::is_of_bad_rows,
    history::{loaded_tables, made_good_of},
    journal::{JOURNAL, Journal},
    letter::{Letter, Letters},
    made_good::MadeGood,
    replay_folder::load_of,
    table_file::TableFile,
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
    corrected: u64,
    unknown_corrections: Option<LoadError>,
    dead_letter: PathBuf,
    /// Where it ended when it was read.
    until: u64,
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
    /// Reads a dead letter, and the file `tables.json` beside it, which has the headers of tables. In the folder of a load,
    /// the rows that were corrected and loaded since are left out, as far as [that is known](Self::unknown_corrections).
    /// Blocking.
    ///
    /// # Errors
    /// If it cannot be read, is no dead letter, or the header of a table in it is not known. If a load of corrected rows of it
    /// [has not ended](LoadError::unfinished_correction).
    pub fn read(dead_letter: &Path) -> Result<Self, LoadError> {
        let tables = Tables::beside(dead_letter)?;
        let (made_good, unknown_corrections) = match made_good_of(dead_letter) {
            Ok(made_good) => (made_good, None),
            Err(error) if error.unfinished_correction().is_some() => return Err(error),
            // A journal that cannot be read must not keep the rows from anybody.
            Err(error) => (MadeGood::default(), Some(error)),
        };
        let mut corrected = 0;
        let mut rows = Self::gather(dead_letter, &tables, &std::env::temp_dir(), |letter, _| {
            let is_made_good = letter.is_made_good(&made_good);
            corrected += u64::from(is_made_good);
            !is_made_good
        })?;
        rows.corrected = corrected;
        rows.unknown_corrections = unknown_corrections;
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

    /// How many records are left out because their rows were corrected and loaded.
    #[must_use]
    pub const fn corrected(&self) -> u64 {
        self.corrected
    }

    /// Why it is not known which rows were corrected and loaded, if it is not: no row is left out then.
    #[must_use]
    pub const fn unknown_corrections(&self) -> Option<&LoadError> {
        self.unknown_corrections.as_ref()
    }

    /// Where the dead letter ended when it was read.
    pub(crate) const fn until(&self) -> u64 {
        self.until
    }

    /// Whether tables of bad rows beside a dead letter, and the folders of their loads, have such a name: `rejected.csv`, or
    /// `rejected-` and whatever follows.
    #[must_use]
    pub fn is_name(name: &str) -> bool {
        is_of_bad_rows(name)
    }

    /// Writes one of the [`parts`](Self::parts) to a file that only its owner can read, and that appears when it is whole. If
    /// it is a table beside the dead letter of a load, and [has such a name](Self::is_name), a [`Status`](crate::Status) names
    /// it instead of the earlier ones, and knows what its rows are of once it is loaded.
    ///
    /// # Errors
    /// If the file cannot be written, or is a table of bad rows that was changed, or loaded even if it is gone; the error names
    /// it. If it is beside the dead letter of a load that is running.
    pub fn write_file(self, input: Option<&str>, path: &Path) -> Result<(), LoadError> {
        let Some((table, name)) = input.zip(self.name_beside(path)) else {
            let mut file = TableFile::create(path)?;
            self.write(input, &mut file)?;
            return Ok(file.finish()?);
        };
        let (dead_letter, until) = (self.dead_letter.clone(), self.until);
        let folder = folder_of(&dead_letter);
        let _lock = Journal::lock(&folder.join(JOURNAL))?;
        let mut tables = Tables::beside(&dead_letter)?;
        let loaded = loaded_tables(folder)?;
        if loaded.contains(&name) || (path.exists() && !tables.is_as_written(folder, &name, &loaded)) {
            return Err(LoadError::settings(format!(
                "{} may have been corrected, or was loaded: write the rows to another file",
                path.display()
            )));
        }
        let mut file = TableFile::create(path)?;
        self.write(input, &mut file)?;
        tables.add_bad(name.clone(), table.to_owned(), None, file.contents());
        tables.write(folder)?;
        file.finish()?;
        tables.has_name(&name, until);
        Ok(tables.write(folder)?)
    }

    /// The name of a table of bad rows beside the dead letter of a load.
    fn name_beside(&self, path: &Path) -> Option<String> {
        load_of(&self.dead_letter)?;
        let folder = folder_of(&self.dead_letter).canonicalize().ok()?;
        let is_beside = folder_of(path).canonicalize().ok()? == folder;
        let name = path.file_name()?.to_str().filter(|name| is_of_bad_rows(name));
        name.filter(|_| is_beside).map(str::to_owned)
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

    /// Reads the letters that `takes` says, which is given their places in the file as well.
    pub(crate) fn gather(
        dead_letter: &Path,
        tables: &Tables,
        sort_in: &Path,
        mut takes: impl FnMut(&Letter<'_>, u64) -> bool,
    ) -> Result<Self, LoadError> {
        let mut letters = Letters::open(dead_letter)?;
        let mut sorter = Sorter::new(sort_in, SORT_BYTES);
        let mut rows = Gathered::default();
        let mut bytes = Vec::new();
        while let Some(line) = letters.next()? {
            let Some(letter) = Letter::read(line.original) else {
                if !rows.parts.is_empty() {
                    // The last line of a load that was killed may be cut short.
                    rows.left_out += 1;
                    continue;
                }
                let name = dead_letter.display().to_string();
                return Err(InputError::no_dead_letter(&name, line.number).into());
            };
            if !takes(&letter, line.offset) {
                continue;
            }
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
                    BadRecord::write_item(file, letter.line, [code, &reason], &letter.original, &mut bytes);
                    true
                }
                None => {
                    bytes.extend_from_slice(&row_of(letter.is_mapped, file, letter.offset));
                    letter.json_line(&mut bytes)
                }
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
                &letter.offset.to_be_bytes(),
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
            corrected: 0,
            unknown_corrections: None,
            dead_letter: dead_letter.to_owned(),
            until: letters.bytes(),
            unknown,
            sorted: sorter.finish()?,
        })
    }

    /// Writes each part where `begin` says, and calls `end` with what it was written to.
    pub(crate) fn write_parts<W: Write>(
        mut self,
        mut begin: impl FnMut(&BadPart) -> io::Result<Option<W>>,
        mut end: impl FnMut(W) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut current = None;
        let mut out = None;
        let mut rows = BadRecord::default();
        let mut row = NO_ROW;
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
                let Some((next, bytes)) = bytes.split_first_chunk() else {
                    continue;
                };
                // Several records of a row have the row once.
                if *next == NO_ROW || *next != row {
                    out.as_mut().map_or(Ok(()), |out| out.write_all(bytes))?;
                }
                row = *next;
            } else if let Some((next, cause)) = BadRecord::read_item(bytes) {
                if !rows.is_on(next.file, next.line) {
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

/// Which row a record is made of by a mapping, if its row is JSON.
type RowId = [u8; 12];
const NO_ROW: RowId = [0xFF; 12];

fn row_of(is_mapped: bool, file: u32, offset: u64) -> RowId {
    let mut row = NO_ROW;
    if is_mapped {
        row[..4].copy_from_slice(&file.to_be_bytes());
        row[4..].copy_from_slice(&offset.to_be_bytes());
    }
    row
}

/// Writes the rows of the table at a place, if there are any.
fn end_rows(
    rows: &mut BadRecord,
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
