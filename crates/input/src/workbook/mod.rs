//! Workbooks of Excel: their sheets, and the rows of one of them.

mod book;
mod cell;
mod compound;
mod package;
mod rows;

use std::{
    fs::File,
    io::{BufReader, Cursor, Read, Seek as _},
};

use calamine::{Reader as _, SheetType, SheetVisible, Xls, Xlsx};
use dfinery_records::nearest;

pub(crate) use self::rows::SheetRows;
use self::{
    book::{Book, ENCRYPTED, guarded, of_xls, of_xlsx},
    compound::Compound,
    package::{ADVICE, Package, too_large},
};
use crate::{
    fingerprint::Passed,
    look,
    mapping::SheetChoice,
    source::{BEGINNING, COMPOUND, is_workbook},
};

/// How long a workbook may be: one in the old form is held in memory.
pub(crate) const MOST_BYTES: u64 = 200 * 1024 * 1024;
const MOST_OLD_BYTES: u64 = 50 * 1024 * 1024;
/// How many names of sheets a message has.
const MOST_NAMES: usize = 10;

const DOCUMENT: &str = "it is an office document and no workbook: save its table as \"CSV UTF-8\"";

/// An opened workbook.
pub(crate) struct Workbook {
    book: Book,
    sheets: Vec<SheetInfo>,
}

/// A sheet of cells, a chart or the like.
struct SheetInfo {
    name: String,
    has_cells: bool,
    is_seen: bool,
}

impl Workbook {
    /// Opens a workbook and passes all its bytes, as its first rows may need the last ones; `None` if the file is none.
    pub(crate) fn open(mut file: File, length: u64, passed: &Passed) -> Result<Option<Self>, String> {
        let reading = |error: std::io::Error| format!("reading failed: {error}");
        let mut beginning = Vec::new();
        file.rewind().map_err(reading)?;
        (&file)
            .take(BEGINNING as u64)
            .read_to_end(&mut beginning)
            .map_err(reading)?;
        file.rewind().map_err(reading)?;
        let is_old = beginning.starts_with(COMPOUND);
        let looks_like_one = is_workbook(&beginning);
        let most = if is_old { MOST_OLD_BYTES } else { MOST_BYTES };
        let size = || Err(too_large(&format!("it has more than {} MiB", most >> 20)));
        let book = if is_old {
            if length > most {
                return size();
            }
            let mut bytes = Vec::new();
            (&file).take(length).read_to_end(&mut bytes).map_err(reading)?;
            match guarded(|| compound::examine(&bytes))? {
                Compound::Encrypted => return Err(ENCRYPTED.to_owned()),
                Compound::Foreign => return Err(DOCUMENT.to_owned()),
                Compound::Workbook => {}
            }
            Book::Xls(Box::new(guarded(|| {
                Xls::new(Cursor::new(bytes)).map_err(|error| of_xls(&error))
            })?))
        } else {
            match guarded(|| package::examine(BufReader::new(&file), looks_like_one))? {
                Package::Foreign if looks_like_one => return Err(DOCUMENT.to_owned()),
                Package::Foreign => return Ok(None),
                Package::Other(what) => return Err(format!("it is {what}: save it as .xlsx, or {ADVICE}")),
                Package::Workbook if length > most => return size(),
                Package::Workbook => {}
            }
            let copy = file.try_clone().map_err(reading)?;
            Book::Xlsx(Box::new(guarded(|| Xlsx::new(BufReader::new(copy)).map_err(of_xlsx))?))
        };
        pass(&file, length, passed).map_err(reading)?;
        let sheets = match &book {
            Book::Xlsx(book) => book.sheets_metadata(),
            Book::Xls(book) => book.sheets_metadata(),
        };
        let sheets = sheets.iter().map(|sheet| SheetInfo {
            name: sheet.name.clone(),
            has_cells: sheet.typ == SheetType::WorkSheet,
            is_seen: sheet.visible == SheetVisible::Visible,
        });
        Ok(Some(Self {
            sheets: sheets.collect(),
            book,
        }))
    }

    /// The names of the sheets that are seen and not empty.
    pub(crate) fn filled(&mut self) -> Result<Vec<String>, String> {
        let mut filled = Vec::new();
        for sheet in self.sheets.iter().filter(|sheet| sheet.has_cells && sheet.is_seen) {
            if self.book.is_filled(&sheet.name)? {
                filled.push(sheet.name.clone());
            }
        }
        Ok(filled)
    }

    /// The sheet that a mapping chooses, or the only one.
    pub(crate) fn choose(&mut self, choice: Option<&SheetChoice>) -> Result<String, String> {
        match choice {
            None => {
                let filled = self.filled()?;
                match filled.as_slice() {
                    [] => Err("all its sheets are empty: there is nothing to load".to_owned()),
                    [one] => Ok(one.clone()),
                    several => Err(format!(
                        "it has {} sheets: give one of them as sheet in the mapping: {}",
                        several.len(),
                        listed(several.iter().map(String::as_str))
                    )),
                }
            }
            Some(SheetChoice::Number(number)) => {
                let seen: Vec<_> = self.sheets.iter().filter(|sheet| sheet.is_seen).collect();
                let at = usize::try_from(*number).ok().and_then(|number| number.checked_sub(1));
                let sheet = at.and_then(|at| seen.get(at)).ok_or_else(|| {
                    format!(
                        "the mapping names sheet {number}, and {} sheets are seen in it",
                        seen.len()
                    )
                })?;
                sheet.to_read()
            }
            Some(SheetChoice::Name(name)) => {
                let is_named = |sheet: &&SheetInfo| look::name(&sheet.name) == look::name(name);
                if let Some(sheet) = self.sheets.iter().find(is_named) {
                    return sheet.to_read();
                }
                let names = || self.sheets.iter().map(|sheet| sheet.name.as_str());
                let meant = nearest(name, names()).map(|meant| format!("did you mean {}? ", look::shown(meant)));
                Err(format!(
                    "it has no sheet {}, which the mapping names; {}its sheets are: {}",
                    look::shown(name),
                    meant.unwrap_or_default(),
                    listed(names())
                ))
            }
        }
    }

    /// The rows of a sheet, whose header is below as many rows as are to be skipped.
    pub(crate) fn into_rows(self, sheet: &str, skip_top: usize, skip_bottom: usize) -> Result<SheetRows, String> {
        SheetRows::new(self.book, sheet.to_owned(), skip_top, skip_bottom)
    }
}

impl SheetInfo {
    fn to_read(&self) -> Result<String, String> {
        let name = &self.name;
        let problem = || format!("its sheet {} has no cells: it is a chart or a macro", look::shown(name));
        self.has_cells.then(|| name.clone()).ok_or_else(problem)
    }
}

/// The first names, each as it is written in a mapping.
fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.map(look::shown).collect();
    match names.len().checked_sub(MOST_NAMES) {
        None | Some(0) => names.join(", "),
        Some(more) => format!(
            "{} and {more} more",
            names.get(..MOST_NAMES).unwrap_or_default().join(", ")
        ),
    }
}

/// Passes the bytes of a file.
fn pass(mut file: &File, length: u64, passed: &Passed) -> std::io::Result<()> {
    file.rewind()?;
    let mut reader = file.take(length);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => passed.add(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    file.rewind()
}
