//! What is in a workbook of the form before 2007, before the library takes memory for it.
//!
//! Such a file is a compound file (MS-CFB): sectors in chains, one of which is the stream of the workbook, whose records
//! (MS-XLS) say where cells are. The library follows the chains and takes a rectangle of memory around the cells of each
//! sheet, without a bound for either.

use super::package::{damaged, too_large};

/// The most cells in the rectangles of all sheets: two full sheets of 60 columns.
const MOST_CELLS: u64 = 8_000_000;
/// The most sheets.
const MOST_SHEETS: usize = 1_000;
/// The bytes of an entry of the directory, and of the smallest stream that is not among the small ones.
const ENTRY: usize = 128;
const SMALL_STREAM: usize = 4_096;
const SMALL_SECTOR: usize = 64;
/// The end of a chain; numbers from the first on are no sectors.
const NO_SECTOR: u32 = 0xFFFF_FFFA;
const END: u32 = 0xFFFF_FFFE;

const LOOP: &str = "its sectors are in no order";

/// What a compound file is.
pub(super) enum Compound {
    Workbook,
    /// A workbook with a password.
    Encrypted,
    /// Something else, such as a document or a message.
    Foreign,
}

/// Finds out what a compound file is. An error says why a workbook cannot be read.
pub(super) fn examine(file: &[u8]) -> Result<Compound, String> {
    let file = File::new(file).ok_or_else(|| damaged("its header is cut"))?;
    let directory = chain(file.number(48), &file.table)?;
    let directory = file.content(&directory, usize::MAX);
    let entries = || directory.chunks_exact(ENTRY);
    let named = |name: &str| entries().find(|entry| is_named(entry, name));
    if named("EncryptedPackage").is_some() {
        return Ok(Compound::Encrypted);
    }
    let Some(workbook) = named("Workbook").or_else(|| named("Book")) else {
        return Ok(Compound::Foreign);
    };
    let root = entries().next().unwrap_or_default();
    let small = chain(number(root, 116), &file.table)?;
    let small_table = chain(file.number(60), &file.table)?;
    let length = usize::try_from(number(workbook, 120)).map_err(|_| damaged(LOOP))?;
    let stream = if length < SMALL_STREAM {
        let small = file.content(&small, usize::MAX);
        let table = numbers(&file.content(&small_table, usize::MAX));
        let sectors = chain(number(workbook, 116), &table)?;
        let sectors = sectors.iter().filter_map(|sector| {
            let start = usize::try_from(*sector).ok()? * SMALL_SECTOR;
            small.get(start..start + SMALL_SECTOR)
        });
        sectors.flatten().copied().take(length).collect()
    } else {
        file.content(&chain(number(workbook, 116), &file.table)?, length)
    };
    check_cells(&stream)?;
    Ok(Compound::Workbook)
}

/// The sectors of a file.
struct File<'a> {
    bytes: &'a [u8],
    sector: usize,
    /// The sector behind each sector.
    table: Vec<u32>,
}

impl<'a> File<'a> {
    /// `None` if there is no whole header.
    fn new(bytes: &'a [u8]) -> Option<Self> {
        let header = bytes.get(..512)?;
        let sector = if header.get(30..32)? == [0x0C, 0] { 4_096 } else { 512 };
        let mut file = Self {
            bytes,
            sector,
            table: Vec::new(),
        };
        // The sectors of the table: some are listed in the header, the others in a chain of sectors.
        let mut listed = numbers(header.get(76..)?);
        let mut next = number(header, 68);
        let most = file.most_sectors();
        for _ in 0..=most {
            let Some(more) = file.sector(next) else { break };
            let mut more = numbers(more);
            next = more.pop()?;
            listed.append(&mut more);
        }
        let listed = listed.into_iter().filter(|sector| *sector < NO_SECTOR).take(most + 1);
        let table: Vec<_> = listed
            .filter_map(|sector| file.sector(sector))
            .flat_map(numbers)
            .collect();
        file.table = table;
        Some(file)
    }

    fn most_sectors(&self) -> usize {
        self.bytes.len() / self.sector
    }

    fn number(&self, at: usize) -> u32 {
        number(self.bytes, at)
    }

    fn sector(&self, sector: u32) -> Option<&'a [u8]> {
        let start = usize::try_from(sector).ok()?.checked_add(1)?.checked_mul(self.sector)?;
        let rest = self.bytes.get(start..).filter(|rest| !rest.is_empty())?;
        // The last one may be cut.
        rest.get(..self.sector).or(Some(rest))
    }

    fn content(&self, chain: &[u32], length: usize) -> Vec<u8> {
        let sectors = chain.iter().filter_map(|sector| self.sector(*sector));
        sectors.flatten().copied().take(length).collect()
    }
}

/// The sectors from one on, which must come to an end.
fn chain(start: u32, table: &[u32]) -> Result<Vec<u32>, String> {
    let mut chain = Vec::new();
    let mut next = start;
    while next < NO_SECTOR {
        chain.push(next);
        let at = usize::try_from(next).map_err(|_| damaged(LOOP))?;
        next = *table.get(at).ok_or_else(|| damaged(LOOP))?;
        if chain.len() > table.len() {
            return Err(damaged(LOOP));
        }
    }
    // The library knows no other end.
    let has_end = next == END || chain.is_empty();
    has_end.then_some(chain).ok_or_else(|| damaged(LOOP))
}

fn is_named(entry: &[u8], name: &str) -> bool {
    let mut found = entry.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]]));
    name.encode_utf16()
        .all(|unit| found.next().is_some_and(|found| fold(found) == fold(unit)))
        && found.next() == Some(0)
}

/// A letter in lower case.
fn fold(unit: u16) -> u16 {
    u8::try_from(unit).map_or(unit, |byte| byte.to_ascii_lowercase().into())
}

/// The number at a place, or 0 behind the end.
fn number(bytes: &[u8], at: usize) -> u32 {
    let found = bytes.get(at..).and_then(<[u8]>::first_chunk);
    found.map_or(0, |found| u32::from_le_bytes(*found))
}

fn short(bytes: &[u8], at: usize) -> u32 {
    let found = bytes.get(at..).and_then(<[u8]>::first_chunk);
    found.map_or(0, |found| u16::from_le_bytes(*found).into())
}

fn numbers(bytes: &[u8]) -> Vec<u32> {
    bytes.chunks_exact(4).map(|chunk| number(chunk, 0)).collect()
}

// Types of records.
const BEGINNING: u32 = 0x0809;
const ENDING: u32 = 0x000A;
const SHEET: u32 = 0x0085;
const DIMENSIONS: u32 = 0x0200;
const SEVERAL_NUMBERS: u32 = 0x00BD;
/// Those that begin with the row and the column of a cell.
const CELLS: [u32; 7] = [0x0006, 0x00D6, 0x00FD, 0x0203, 0x0204, 0x0205, 0x027E];

/// The records of a stream from a place on: their types and contents.
fn records(stream: &[u8], from: usize) -> impl Iterator<Item = (u32, &[u8])> {
    let mut rest = stream.get(from..).unwrap_or_default();
    std::iter::from_fn(move || {
        let length = usize::try_from(short(rest, 2)).ok()?;
        let record = rest.get(4..4 + length)?;
        let kind = short(rest, 0);
        rest = rest.get(4 + length..)?;
        Some((kind, record))
    })
}

/// Whether the sheets are within the bounds.
fn check_cells(stream: &[u8]) -> Result<(), String> {
    let workbook = records(stream, 0).take_while(|(kind, _)| *kind != ENDING);
    let sheets: Vec<_> = workbook
        .filter(|(kind, _)| *kind == SHEET)
        .map(|(_, record)| number(record, 0))
        .take(MOST_SHEETS + 1)
        .collect();
    let mut cells = 0;
    for sheet in &sheets {
        let from = usize::try_from(*sheet).ok().filter(|from| *from < stream.len());
        cells += area(stream, from.ok_or_else(|| damaged("a sheet is outside of the file"))?)?;
        if cells > MOST_CELLS || sheets.len() > MOST_SHEETS {
            return Err(too_large(
                "its sheets span more than 8,000,000 cells, or are more than 1,000",
            ));
        }
    }
    Ok(())
}

/// How many cells the rectangles around the cells of a sheet have, as it says and as it is.
fn area(stream: &[u8], from: usize) -> Result<u64, String> {
    let (mut depth, mut said) = (0, 0);
    // The first and last rows and columns.
    let mut bounds: Option<[u32; 4]> = None;
    for (kind, record) in records(stream, from) {
        let columns = match kind {
            BEGINNING => {
                depth += 1;
                continue;
            }
            ENDING if depth <= 1 => break,
            ENDING => {
                depth -= 1;
                continue;
            }
            DIMENSIONS => {
                let (rows, columns) = if record.len() == 10 {
                    (
                        [short(record, 0), short(record, 2)],
                        [short(record, 4), short(record, 6)],
                    )
                } else {
                    (
                        [number(record, 0), number(record, 4)],
                        [short(record, 8), short(record, 10)],
                    )
                };
                if rows[1] > 0 && columns[1] > 0 && rows[1] <= rows[0] {
                    return Err(damaged("a sheet ends before it begins"));
                }
                said += u64::from(rows[1].max(1)) * u64::from(columns[1].max(1));
                continue;
            }
            SEVERAL_NUMBERS => [short(record, 2), short(record, record.len().saturating_sub(2))],
            kind if CELLS.contains(&kind) => [short(record, 2); 2],
            _ => continue,
        };
        let row = short(record, 0);
        let [top, bottom, left, right] = bounds.unwrap_or([row, row, columns[0], columns[1]]);
        bounds = Some([
            top.min(row),
            bottom.max(row),
            left.min(columns[0]),
            right.max(columns[1]),
        ]);
    }
    let is = bounds.map_or(0, |[top, bottom, left, right]| {
        u64::from(bottom - top + 1) * u64::from(right.saturating_sub(left) + 1)
    });
    Ok(said.max(is))
}
