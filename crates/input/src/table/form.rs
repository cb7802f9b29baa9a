//! How a table is written, and some of its rows written as such a table again.

use std::{
    fmt::Display,
    io::{Cursor, Read as _},
    str::FromStr,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::{
    scanner::{Breaks, Grammar, Scanner, Step, without_break},
    swallowed::Swallowed,
};
use crate::{
    encoding,
    format::{Encoding, Format},
    utf16::{self, Order, Utf16Reader},
};

/// The columns in front of a bad row: where it was, what became of it, and why. A reader passes over them.
pub(super) const ABOUT_ROW: [&str; 3] = ["dfinery_line", "dfinery_code", "dfinery_reason"];

/// What is between the codes of the records of a row.
const BETWEEN_CODES: &str = "+";

/// How a table is written: all that is needed to write some of its rows as a table of the same form.
///
/// Such a table has three more columns in front, `dfinery_line`, `dfinery_code` and `dfinery_reason`. An
/// [`Input`](crate::Input) passes over them, and over no lines that its mapping skips, so the corrected table is read like
/// the first one.
///
/// ```
/// use dfinery_input::{Format, Input, InputOptions, Mapping};
/// use dfinery_records::Accepts;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let table = "id,name\r\nM-1001,\"Kim, A\"\r\n".as_bytes();
/// let mut options = InputOptions::default();
/// options.format = Some(Format::Csv);
/// options.mapping = Some(Mapping::from_yaml("identity: {external_id: id}")?);
/// let mut input = Input::from_reader("users", Box::new(table), &options, None, Accepts::Mixed)?;
/// let form = input.table_form().ok_or("no table")?;
/// let mut out = form.head();
/// while let Some(line) = input.next()? {
///     form.rows(line.number, &["invalid"], "the name is too long", line.original, &mut out);
/// }
/// let rejected = "dfinery_line,dfinery_code,dfinery_reason,id,name\r\n2,invalid,the name is too long,M-1001,\"Kim, A\"\r\n";
/// assert_eq!(String::from_utf8(out)?, rejected);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableForm {
    #[serde(serialize_with = "name_of", deserialize_with = "named")]
    pub(super) format: Format,
    /// `None` if all of it was ASCII when this was asked.
    #[serde(serialize_with = "name_if_any", deserialize_with = "named_if_any")]
    pub(super) encoding: Option<Encoding>,
    pub(super) byte_order_mark: bool,
    /// Whether a line such as `sep=;` is above the header.
    pub(super) separator_line: bool,
    pub(super) delimiter: char,
    pub(super) escape: Option<char>,
    pub(super) line_break: String,
    /// The header as it is in the file.
    pub(super) header: String,
}

impl TableForm {
    /// `csv` or `tsv`, for the name of a file.
    #[must_use]
    pub fn extension(&self) -> String {
        self.format.to_string()
    }

    /// The beginning of a table of bad rows: everything up to its first row.
    #[must_use]
    pub fn head(&self) -> Vec<u8> {
        let mark = if self.byte_order_mark { "\u{FEFF}" } else { "" };
        let delimiter = self.delimiter;
        let separator_line = if self.separator_line {
            format!("sep={delimiter}{}", self.line_break)
        } else {
            String::new()
        };
        let columns = ABOUT_ROW.join(&delimiter.to_string());
        let mut out = Vec::new();
        let head = format!(
            "{mark}{separator_line}{columns}{delimiter}{}{}",
            self.header, self.line_break
        );
        encoding::encode(&head, self.encoding, &mut out);
        out
    }

    /// Appends the rows of a record that was not accepted, each with the line on which the record begins, a code and a reason
    /// in front. `original` is the record as the input had it; the rows in it stay as they are. If the rows make several
    /// records, append them once, with the codes of all of them.
    pub fn rows(&self, line: u64, codes: &[&str], reason: &str, original: &[u8], out: &mut Vec<u8>) {
        let code = self.cell(&codes.join(BETWEEN_CODES));
        let about = [&*line.to_string(), &code, &self.cell(reason), ""].join(&self.delimiter.to_string());
        let order = self.encoding.and_then(Order::of);
        let mut text = Vec::new();
        let bytes = match order {
            // Reading from memory does not fail.
            Some(order) => {
                let _ = Utf16Reader::new(Cursor::new(original), order).read_to_end(&mut text);
                &text
            }
            None => original,
        };
        let mut restored = Vec::new();
        let mut scanner = self.scanner();
        let mut header = self.scanner();
        header.begin();
        header.scan(self.header.as_bytes());
        header.finish();
        let columns = header.columns();
        let mut rest = bytes;
        let mut is_first = true;
        while is_first || !rest.is_empty() {
            let (row, after) = first_row(rest, &mut scanner, columns);
            rest = after;
            if row.is_empty() && !is_first {
                continue;
            }
            is_first = false;
            encoding::encode(&about, self.encoding, out);
            match order {
                Some(order) => {
                    utf16::restore(row, order, &mut restored);
                    out.extend_from_slice(&restored);
                }
                None => out.extend_from_slice(row),
            }
            encoding::encode(&self.line_break, self.encoding, out);
        }
    }

    fn scanner(&self) -> Scanner {
        Scanner::new(Grammar {
            delimiter: byte(self.delimiter),
            escape: self.escape.map(byte),
            breaks: if self.line_break == "\r" {
                Breaks::CarriageReturn
            } else {
                Breaks::LineFeed
            },
        })
    }

    /// A text of ours as a cell. What would need the escape of the table is written in another way.
    fn cell(&self, text: &str) -> String {
        let plain: String = text
            .chars()
            .map(|c| match c {
                '"' | '\\' | '`' => '\'',
                c if c.is_control() || Some(c) == self.escape => ' ',
                c => c,
            })
            .collect();
        if plain.contains(self.delimiter) {
            format!("\"{plain}\"")
        } else {
            plain
        }
    }
}

/// The first row without its line break, and what is behind that. What is no row ends with its line, as in a [`Table`].
///
/// [`Table`]: super::Table
fn first_row<'a>(bytes: &'a [u8], scanner: &mut Scanner, columns: usize) -> (&'a [u8], &'a [u8]) {
    scanner.begin();
    let (read, step) = scanner.scan(bytes);
    let grammar = scanner.grammar();
    let end_of_line = memchr::memchr(grammar.breaks.byte(), bytes).map_or(bytes.len(), |at| at + 1);
    let (row, rest) = bytes.split_at_checked(read).unwrap_or((bytes, &[]));
    let ended = if step == Step::More { scanner.finish() } else { step };
    let is_due = scanner.columns() == columns;
    let is_row = ended == Step::End
        && (read == end_of_line || !Swallowed::hides_rows(without_break(row), grammar, columns, is_due));
    let (row, rest) = if is_row {
        (row, rest)
    } else {
        bytes.split_at_checked(end_of_line).unwrap_or((bytes, &[]))
    };
    (without_break(row), rest)
}

/// Delimiter and escape are ASCII.
fn byte(character: char) -> u8 {
    u8::try_from(character).unwrap_or(b',')
}

/// Where a row begins behind the columns about it; `None` if it has not as many.
pub(super) fn behind_about_row(row: &[u8], delimiter: u8) -> Option<usize> {
    behind_cells(row, delimiter, ABOUT_ROW.len())
}

/// The line in front of a row.
pub(super) fn origin(row: &[u8], delimiter: u8) -> Option<u64> {
    let cell = row.get(..behind_cells(row, delimiter, 1)? - 1)?;
    str::from_utf8(cell).ok()?.trim_matches('"').trim().parse().ok()
}

/// Whether the reason in front of a row has these words.
pub(super) fn reason_has(row: &[u8], delimiter: u8, words: &str) -> bool {
    let [start, end] = [2, 3].map(|cells| behind_cells(row, delimiter, cells));
    let reason = start.zip(end).and_then(|(start, end)| row.get(start..end));
    reason.is_some_and(|reason| memchr::memmem::find(reason, words.as_bytes()).is_some())
}

/// Where a row goes on behind its first cells; `None` if it has not as many.
fn behind_cells(row: &[u8], delimiter: u8, cells: usize) -> Option<usize> {
    let mut at = 0;
    for _ in 0..cells {
        let rest = row.get(at..)?;
        let quoted = rest.strip_prefix(b"\"");
        // A quote within the cell is written twice, so it ends two parts.
        let length = match quoted {
            Some(_) => {
                let mut is_open = false;
                rest.iter().position(|byte| {
                    is_open ^= *byte == b'"';
                    *byte == delimiter && !is_open
                })?
            }
            None => memchr::memchr(delimiter, rest)?,
        };
        at += length + 1;
    }
    Some(at)
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes the field")]
fn name_of<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

fn named<'de, T: FromStr<Err = String>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}

#[allow(clippy::ref_option, reason = "serde passes the field")]
fn name_if_any<T: Display, S: Serializer>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
    value.as_ref().map(ToString::to_string).serialize(serializer)
}

fn named_if_any<'de, T: FromStr<Err = String>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    let name: Option<String> = Option::deserialize(deserializer)?;
    name.map(|name| name.parse().map_err(D::Error::custom)).transpose()
}
