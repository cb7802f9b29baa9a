//! A mapping proposed from a table: for people to complete, never applied behind their back.

mod draft;
mod evidence;
mod guess;
#[cfg(test)]
mod tests;
mod text;
mod words;

use std::path::Path;

use self::{draft::Draft, evidence::Evidence};
use super::{
    Format, InputError, InputOptions,
    frame::Body,
    is_like_a_value, source,
    source::Origin,
    table::{Cells, Table},
    window::{Bounds, Window},
};
use crate::load::Accepts;

/// What is known of a table before it is looked at.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ProposalOptions {
    /// The name of the event that each row is.
    pub event: Option<String>,
    /// The time zone of times without an offset, such as `Asia/Seoul`.
    pub timezone: Option<String>,
}

/// A proposal of a mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Proposal {
    /// The mapping as YAML with comments. [`Mapping::from_yaml`](super::Mapping::from_yaml) reads it. It holds names of
    /// columns and no values of cells.
    pub yaml: String,
    /// What it leaves to you, one sentence each; the same stands in its comments.
    pub unsure: Vec<String>,
    /// Whether the table can be loaded with it as it stands.
    pub complete: bool,
    /// How many rows were looked at.
    pub rows: u64,
}

/// Proposes a mapping for a CSV or TSV file, of which it reads every row.
///
/// What a column is shows in its name, and in whether all of its cells can be read in a form. What is not sure is a comment
/// in the proposal. With [`Accepts::Mixed`] the rows are taken for events if a column looks like the time of one.
///
/// # Errors
/// If the file cannot be read, is no table, or has no header.
pub fn propose(
    path: &Path,
    options: &InputOptions,
    known: &ProposalOptions,
    accepts: Accepts,
) -> Result<Proposal, InputError> {
    let (origin, reader) = Origin::open(path)?;
    let name = path.display().to_string();
    let reading = |error| InputError::reading(&name, &error);
    let mut window = Window::open(reader, options.encoding, Bounds::default()).map_err(reading)?;
    let format = options.format.or_else(|| Format::of_name(path));
    if format.is_none() && !window.skip_blank().map_err(reading)? {
        return Err(source::empty(&name));
    }
    let is_json = matches!(window.unread().first(), Some(b'{' | b'['));
    if format.map_or(is_json, |format| !format.is_table()) {
        return Err(InputError::new(
            &name,
            "it is JSON, which needs no mapping: load it as it is",
        ));
    }
    let usual = if format == Some(Format::Tsv) { b'\t' } else { b',' };
    let delimiter = delimiter(window.unread(), usual);
    let mut sheet = Sheet::read(&name, &mut window, delimiter)?;
    origin.finish(&name)?;
    sheet.name = path
        .file_name()
        .map_or(name, |name| name.to_string_lossy().into_owned());
    sheet.delimiter = (delimiter != usual).then_some(char::from(delimiter));
    Ok(Draft::new(&sheet, known, accepts).into_proposal())
}

/// What a table is like.
struct Sheet {
    name: String,
    /// What separates the cells, if not what is usual.
    delimiter: Option<char>,
    columns: Vec<(String, Evidence)>,
    rows: u64,
    /// How many rows cannot be read, with the line of the first and its problem.
    broken: u64,
    first_broken: Option<(u64, String)>,
}

impl Sheet {
    fn read(name: &str, window: &mut Window, delimiter: u8) -> Result<Self, InputError> {
        let mut table = Table::new(delimiter);
        let header = table.header(window).map_err(|stop| stop.into_error(name))?;
        if header.iter().any(|column| is_like_a_value(column)) {
            return Err(InputError::new(
                name,
                "the first row does not look like a header: add a row that names the columns",
            ));
        }
        let mut sheet = Self {
            name: name.to_owned(),
            delimiter: None,
            columns: header.into_iter().map(|column| (column, Evidence::new())).collect(),
            rows: 0,
            broken: 0,
            first_broken: None,
        };
        let mut cells = Cells::default();
        while let Some(frame) = table.next(window).map_err(|stop| stop.into_error(name))? {
            sheet.rows += 1;
            let problem = match frame.body {
                Body::Whole(range) => {
                    let encoding = window
                        .encoding_of(&range, false)
                        .map_err(|stop| stop.into_error(name))?;
                    let row = window.unread().get(range).unwrap_or_default();
                    table.cells(row, encoding, &mut cells).map_err(|bad| bad.problem("row"))
                }
                Body::Broken(_, problem) => Err(problem),
                Body::TooLong(length) => Err(format!("the row has {length} bytes, which is too long")),
            };
            match problem {
                Ok(()) => sheet
                    .columns
                    .iter_mut()
                    .zip(cells.iter())
                    .for_each(|((_, evidence), cell)| evidence.add(cell)),
                Err(problem) => {
                    sheet.broken += 1;
                    sheet.first_broken.get_or_insert((frame.line, problem));
                }
            }
        }
        Ok(sheet)
    }
}

/// What most often stands between the names of the first line; what is usual if nothing else does more often.
fn delimiter(beginning: &[u8], usual: u8) -> u8 {
    let mut counts = [(usual, 0), (b',', 0), (b'\t', 0), (b';', 0), (b'|', 0)];
    let mut is_quoted = false;
    for byte in beginning {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'\n' | b'\r' if !is_quoted => break,
            _ if is_quoted => {}
            _ => {
                if let Some((_, count)) = counts.iter_mut().find(|(delimiter, _)| delimiter == byte) {
                    *count += 1;
                }
            }
        }
    }
    let most = counts.iter().map(|(_, count)| *count).max().unwrap_or_default();
    counts
        .iter()
        .find(|(_, count)| *count == most)
        .map_or(usual, |(delimiter, _)| *delimiter)
}
