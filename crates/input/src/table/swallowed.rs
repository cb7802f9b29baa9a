//! Finds out whether lines that an open quote swallowed are rows of their own.

use super::scanner::{Breaks, Grammar, Scanner, Step};

/// What the lines behind the first one of a quoted stretch look like.
pub(super) struct Swallowed {
    /// How many there are, without blank ones.
    all: usize,
    /// How many of them have as many cells as the header when they are read alone.
    rows: usize,
    /// How many of these begin with a cell of the form that the first line begins with.
    alike: usize,
    /// The form of the first cell of the first line.
    form: Form,
    /// Whether the first line has as many cells as the header.
    first_is_row: bool,
}

impl Swallowed {
    /// Reads each line of a stretch alone; `columns` is the number of cells of the header.
    pub(super) fn read(stretch: &[u8], grammar: Grammar, columns: usize) -> Self {
        let mut scanner = Scanner::new(Grammar {
            breaks: Breaks::LineFeed,
            ..grammar
        });
        let mut lines = stretch.split(|byte| *byte == grammar.breaks.byte());
        let first = lines.next().unwrap_or_default();
        let mut found = Self {
            all: 0,
            rows: 0,
            alike: 0,
            form: Form::of_first_cell(first, grammar.delimiter),
            first_is_row: cells(&mut scanner, first) == columns,
        };
        for line in lines.filter(|line| !line.trim_ascii().is_empty()) {
            found.all += 1;
            if cells(&mut scanner, line) == columns {
                found.rows += 1;
                found.alike += usize::from(Form::of_first_cell(line, grammar.delimiter).kinds == found.form.kinds);
            }
        }
        found
    }

    /// Whether an open quote swallowed rows, though a row ended behind them as it should. Only a row with the cells of the
    /// header is taken at its word.
    pub(super) fn hides_rows(row: &[u8], grammar: Grammar, columns: usize, is_due: bool) -> bool {
        let swallowed = Self::read(row, grammar, columns);
        swallowed.are_certainly_rows() || (!is_due && swallowed.has_rows())
    }

    /// Whether most lines are rows, after a quote that is certainly wrong.
    const fn are_mostly_rows(&self) -> bool {
        2 * self.rows >= self.all && 2 * self.alike >= self.rows
    }

    /// What a line of the stretch must begin with to be taken for a row after a quote that is certainly wrong; `None`
    /// if most lines are rows anyway.
    pub(super) fn into_form(self) -> Option<Form> {
        (!self.are_mostly_rows()).then_some(self.form)
    }

    /// Whether a stretch whose end is not known holds rows, and not a text.
    pub(super) const fn has_rows(&self) -> bool {
        self.rows > 0 && self.are_mostly_rows()
    }

    /// Whether nearly all lines are rows, though the quotes are in order: the text of a cell may have line breaks, but
    /// hardly the delimiters of a row in each of its lines, each behind the same kind of text.
    pub(super) const fn are_certainly_rows(&self) -> bool {
        let says_enough = self.form.has_digit || self.all > 2;
        says_enough && self.first_is_row && self.all > 0 && 10 * self.alike >= 9 * self.all
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

/// The kinds of characters that a text has, such as letters or digits, dashes, and characters beyond ASCII.
pub(super) struct Form {
    kinds: Vec<u8>,
    has_digit: bool,
}

/// Later characters say nothing more.
const MOST_CHARACTERS: usize = 128;

impl Form {
    fn of_first_cell(line: &[u8], delimiter: u8) -> Self {
        let end = memchr::memchr(delimiter, line).unwrap_or(line.len());
        let cell = line.get(..end).unwrap_or_default();
        let mut kinds: Vec<u8> = cell
            .iter()
            .take(MOST_CHARACTERS)
            .filter(|byte| **byte != b'"' && !byte.is_ascii_control())
            .map(|byte| match byte {
                b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => b'x',
                0x80.. => 0x80,
                other => *other,
            })
            .collect();
        kinds.sort_unstable();
        kinds.dedup();
        Self {
            kinds,
            has_digit: cell.iter().any(u8::is_ascii_digit),
        }
    }

    /// Whether a line begins with a cell of this form.
    pub(super) fn fits(&self, line: &[u8], delimiter: u8) -> bool {
        Self::of_first_cell(line, delimiter).kinds == self.kinds
    }
}

/// How far away a line is, in words.
pub(super) fn lines_later(count: usize) -> String {
    if count == 1 {
        "one line later".to_owned()
    } else {
        format!("{count} lines later")
    }
}

pub(super) fn count_breaks(bytes: &[u8], grammar: Grammar) -> usize {
    memchr::memchr_iter(grammar.breaks.byte(), bytes).count()
}
