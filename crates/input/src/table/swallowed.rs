//! Finds out whether lines that an open quote swallowed are rows of their own.

use super::scanner::{Breaks, Grammar, Scanner, Step};

/// What the lines behind the first one of a quoted stretch look like.
pub(super) struct Lines {
    /// How many there are, without blank ones.
    pub(super) all: usize,
    /// How many of them have as many cells as the header when they are read alone.
    rows: usize,
    /// How many of these begin with a cell of the form that the first line begins with.
    alike: usize,
    /// Whether that form has digits, as numbers of customers and orders do.
    has_digits: bool,
    /// Whether the first line has as many cells as the header.
    first_is_row: bool,
}

impl Lines {
    /// Reads each line of a stretch alone; `columns` is the number of cells of the header.
    pub(super) fn read(stretch: &[u8], grammar: Grammar, columns: usize) -> Self {
        let mut scanner = Scanner::new(Grammar {
            breaks: Breaks::LineFeed,
            ..grammar
        });
        let mut lines = stretch.split(|byte| *byte == grammar.breaks.byte());
        let first = lines.next().unwrap_or_default();
        let form = Form::of_first_cell(first, grammar.delimiter);
        let mut found = Self {
            all: 0,
            rows: 0,
            alike: 0,
            has_digits: form.has_digit,
            first_is_row: cells(&mut scanner, first) == columns,
        };
        for line in lines.filter(|line| !line.trim_ascii().is_empty()) {
            found.all += 1;
            if cells(&mut scanner, line) == columns {
                found.rows += 1;
                found.alike += usize::from(Form::of_first_cell(line, grammar.delimiter) == form);
            }
        }
        found
    }

    /// Whether most lines are rows, after a quote that is certainly wrong.
    pub(super) const fn are_mostly_rows(&self) -> bool {
        2 * self.rows >= self.all
    }

    /// Whether nearly all lines are rows, though the quotes are in order: the text of a cell may have line breaks, but
    /// hardly the delimiters of a row in each of its lines.
    pub(super) const fn are_certainly_rows(&self, columns: usize) -> bool {
        // Two columns need one comma, which a line of a text may well have.
        let is_plain = columns != 2 || self.has_digits || self.all > 2;
        let rows = if columns == 2 { self.alike } else { self.rows };
        is_plain && self.first_is_row && self.all > 0 && 10 * rows >= 9 * self.all
    }
}

/// How many cells a line has alone; what an open quote holds is counted as if it were not quoted.
fn cells(scanner: &mut Scanner, line: &[u8]) -> usize {
    scanner.begin();
    let mut rest = line;
    loop {
        let (read, step) = scanner.scan(rest);
        rest = rest.get(read..).unwrap_or_default();
        match step {
            Step::Fault(_) => {}
            Step::End | Step::More => break,
        }
        if rest.is_empty() {
            break;
        }
    }
    let open = scanner.open_cell();
    scanner.columns() + 1 + memchr::memchr_iter(scanner.grammar().delimiter, open).count()
}

/// The kinds of characters of a text in their order, such as letters and digits, a dash, letters and digits.
#[derive(PartialEq, Eq)]
struct Form {
    kinds: Vec<u8>,
    has_digit: bool,
}

/// Kinds beyond these say nothing more.
const MOST_KINDS: usize = 16;

impl Form {
    fn of_first_cell(line: &[u8], delimiter: u8) -> Self {
        let end = memchr::memchr(delimiter, line).unwrap_or(line.len());
        let cell = line.get(..end).unwrap_or_default();
        let mut kinds: Vec<u8> = cell
            .iter()
            .filter(|byte| **byte != b'"')
            .map(|byte| match byte {
                b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => b'x',
                0x80.. => 0x80,
                other => *other,
            })
            .take(8 * MOST_KINDS)
            .collect();
        kinds.dedup();
        kinds.truncate(MOST_KINDS);
        Self {
            kinds,
            has_digit: cell.iter().any(u8::is_ascii_digit),
        }
    }
}
