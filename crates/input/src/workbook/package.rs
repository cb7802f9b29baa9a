//! What is in a workbook that is a ZIP archive, before any of it is unpacked into memory.

use std::{
    borrow::Cow,
    io::{self, Read, Seek},
};

use zip::{ZipArchive, result::ZipError};

/// How many bytes a part that is held in memory may have unpacked, such as the texts of all cells, and a sheet, which is read
/// cell by cell.
const MOST_OF_PART: u64 = 256 * 1024 * 1024;
const MOST_OF_SHEET: u64 = 2 * 1024 * 1024 * 1024;
/// Where parts are that are read piece by piece, or not at all, and how the names of others end that may be there too.
const UNHELD: [&str; 2] = ["worksheets/", "pivotcache/"];
const HELD: [&str; 4] = ["sharedstrings.xml", "styles.xml", "workbook.xml", ".rels"];
/// Where the number of texts is, and the fewest bytes that a text takes.
const BEGINNING: u64 = 64 * 1024;
const LEAST_OF_TEXT: u64 = 5;

/// What an archive is.
pub(super) enum Package {
    Workbook,
    /// A workbook in a form that is not read.
    Other(&'static str),
    /// Something else than a workbook.
    Foreign,
}

/// Finds out what an archive is, which may begin like a workbook. An error says why a workbook cannot be read.
pub(super) fn examine<R: Read + Seek>(reader: R, begins_like_one: bool) -> Result<Package, String> {
    let mut archive = match ZipArchive::new(reader) {
        Ok(archive) => archive,
        Err(error) if begins_like_one => return Err(damaged(error)),
        Err(_) => return Ok(Package::Foreign),
    };
    let is_named =
        |found: Result<Cow<'_, str>, _>, name: &str| found.is_ok_and(|found| found.eq_ignore_ascii_case(name));
    let has = |name: &str| archive.file_names().any(|found| is_named(found, name));
    if has("xl/workbook.bin") {
        return Ok(Package::Other("a binary Excel workbook (.xlsb)"));
    }
    if has("content.xml") && has("mimetype") {
        return Ok(Package::Other("an OpenDocument file"));
    }
    if !has("_rels/.rels") || has("word/document.xml") || has("ppt/presentation.xml") {
        return Ok(Package::Foreign);
    }
    let mut parts = 0_u64;
    for index in 0..archive.len() {
        let part = archive.by_index_raw(index).map_err(damaged)?;
        let name = part.name().map_err(damaged)?.to_ascii_lowercase();
        // More than this is never unpacked.
        let size = part.size();
        drop(part);
        let is_sheet = UNHELD.iter().any(|part| name.contains(part)) && !HELD.iter().any(|part| name.ends_with(part));
        let most = if is_sheet { MOST_OF_SHEET } else { MOST_OF_PART };
        if !is_sheet {
            parts = parts.saturating_add(size);
        }
        if size > most || parts > MOST_OF_PART {
            let what = if is_sheet {
                "a sheet"
            } else {
                "what is beside its sheets"
            };
            return Err(too_large(&format!("{what} has more than {} MiB unpacked", most >> 20)));
        }
        if name.ends_with("sharedstrings.xml") {
            check_count(&mut archive, index, size)?;
        }
    }
    Ok(Package::Workbook)
}

/// Whether there can be as many texts as the table of texts says, since memory is taken for that many.
fn check_count<R: Read + Seek>(archive: &mut ZipArchive<R>, index: usize, size: u64) -> Result<(), String> {
    let mut beginning = Vec::new();
    let part = archive.by_index(index).map_err(damaged)?;
    part.take(BEGINNING).read_to_end(&mut beginning).map_err(damaged)?;
    let counts = memchr::memmem::find_iter(&beginning, b"uniqueCount").map(|at| {
        let rest = beginning.get(at..).unwrap_or_default().iter().skip("uniqueCount".len());
        let digits = rest.skip_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'=' | b'"' | b'\''));
        digits
            .take_while(|byte| byte.is_ascii_digit())
            .fold(0_u64, |count, digit| {
                count.saturating_mul(10).saturating_add(u64::from(digit - b'0'))
            })
    });
    if counts.max().unwrap_or_default() > size / LEAST_OF_TEXT {
        return Err(damaged("it has fewer texts than it says"));
    }
    Ok(())
}

pub(super) const ADVICE: &str = "save the sheet as \"CSV UTF-8\"";

/// Says that a workbook is too large, and what to do about it.
pub(super) fn too_large(how: &str) -> String {
    format!("it is an Excel workbook that is too large ({how}): {ADVICE}")
}

/// Says that a workbook is damaged, and how that shows.
pub(super) fn damaged(how: impl Into<Damage>) -> String {
    let Damage(how) = how.into();
    format!("it is an Excel workbook that is damaged or cut ({how}): fetch it or save it again")
}

/// How it shows that a workbook is damaged.
pub(super) struct Damage(String);

impl From<&str> for Damage {
    fn from(how: &str) -> Self {
        Self(how.to_owned())
    }
}

impl From<ZipError> for Damage {
    fn from(error: ZipError) -> Self {
        Self(error.to_string())
    }
}

impl From<io::Error> for Damage {
    fn from(error: io::Error) -> Self {
        Self(error.to_string())
    }
}
