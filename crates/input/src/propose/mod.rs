//! A mapping proposed from a table: for people to complete, never applied behind their back.

mod choices;
mod consent;
mod draft;
mod evidence;
mod guess;
mod moments;
mod noted;
mod numbers;
mod objects;
#[cfg(feature = "parquet")]
mod parquet;
#[cfg(feature = "parquet")]
mod part;
mod proposal;
mod receipts;
mod sheet;
mod tally;
#[cfg(test)]
mod tests;
mod text;
mod words;
#[cfg(feature = "spreadsheet")]
mod workbook;

use std::path::Path;

pub use self::proposal::{Proposal, ProposalOptions};
use self::{draft::Draft, sheet::Sheet};
#[cfg(feature = "parquet")]
use crate::parquet::ParquetFile;
#[cfg(feature = "spreadsheet")]
use crate::workbook::{MOST_BYTES, Workbook};
use crate::{
    error::InputError,
    format::Format,
    options::InputOptions,
    source::{self, Origin},
    window::{Bounds, Window},
};
use dfinery_records::Accepts;

/// Proposes a mapping for a CSV or TSV file, for objects in JSON, for a Parquet file or for the first sheet of a workbook that is
/// not empty, after reading every row.
///
/// It judges a column by its name, and by the forms in which at least 99.5 % of its cells can be read; the others are
/// counted in [`Proposal::unsure`]. What is uncertain becomes a comment in the proposal. With [`Accepts::Mixed`], the rows are
/// taken for events if a column looks like the time of an event, and otherwise for members, each of them an identity and a
/// profile.
///
/// # Errors
/// If the file cannot be read, has no header, or holds records already.
pub fn propose(
    path: &Path,
    options: &InputOptions,
    known: &ProposalOptions,
    accepts: Accepts,
) -> Result<Proposal, InputError> {
    let name = path.display().to_string();
    let file_name = || {
        let last = path.file_name();
        last.map_or_else(|| name.clone(), |last| last.to_string_lossy().into_owned())
    };
    #[cfg(feature = "parquet")]
    if let Some((origin, file, length)) = Origin::open_if(path, source::is_parquet)? {
        let file = ParquetFile::open(path, file, length, origin.passed());
        let mut sheet = parquet::read(&name, file.map_err(|stop| stop.into_error(&name))?)?;
        origin.finish(&name)?;
        sheet.name = file_name();
        return Ok(Draft::new(&sheet, known, accepts).into_proposal());
    }
    #[cfg(feature = "spreadsheet")]
    if let Some((origin, handle, length)) = Origin::open_if(path, source::begins_like_workbook)? {
        let unfit = |problem| InputError::new(&name, problem);
        let file = handle.into_file(MOST_BYTES + 1);
        let file = file.map_err(|error| InputError::reading(&name, error))?;
        if let Some(workbook) = Workbook::open(file, length, &origin.passed()).map_err(unfit)? {
            let mut sheet = workbook::read(&name, workbook)?;
            origin.finish(&name)?;
            sheet.name = file_name();
            return Ok(Draft::new(&sheet, known, accepts).into_proposal());
        }
    }
    let open = || {
        let (origin, reader) = Origin::open(path)?;
        let window = Window::open(reader, options.encoding, Bounds::default());
        let window = window.map_err(|error| InputError::reading(&name, error))?;
        Ok((origin, window))
    };
    let (origin, mut window) = open()?;
    let format = options.format.or_else(|| Format::of_name(path));
    if format.is_none_or(|format| !format.is_table())
        && !window.skip_blank().map_err(|error| InputError::reading(&name, error))?
    {
        return Err(source::empty(&name));
    }
    let json = match format {
        Some(format) => Some(format).filter(|format| !format.is_table()),
        None => Format::of_json(window.unread().first()),
    };
    let mut sheet = if let Some(format) = json {
        objects::read(&name, format, || open().map(|(_, window)| window))?
    } else {
        let usual = if format == Some(Format::Tsv) { b'\t' } else { b',' };
        let delimiter = delimiter(window.unread(), usual);
        let mut sheet = Sheet::read(&name, &mut window, delimiter)?;
        sheet.delimiter = (delimiter != usual).then_some(char::from(delimiter));
        sheet
    };
    origin.finish(&name)?;
    sheet.name = file_name();
    Ok(Draft::new(&sheet, known, accepts).into_proposal())
}

/// The most frequent separator in the first line; the usual one unless another is more frequent.
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
