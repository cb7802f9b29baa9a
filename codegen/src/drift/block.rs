//! The blocks that a page is made of, each with its line.

/// The parts of a page.
#[derive(Clone, Debug)]
pub enum Block {
    /// A heading, or a bold paragraph in place of one.
    Heading(Prose),
    /// A line of prose.
    Text(Prose),
    Table(Table),
    Code(Code),
}

impl Block {
    /// Shifts its lines, if the piece it was read from does not begin on line 1.
    pub fn move_down(&mut self, lines: usize) {
        match self {
            Self::Heading(line) | Self::Text(line) => line.line += lines,
            Self::Code(code) => code.line += lines,
            Self::Table(table) => {
                table.line += lines;
                for row in &mut table.rows {
                    row.line += lines;
                }
            }
        }
    }
}

/// A text, without markup.
#[derive(Clone, Debug, Default)]
pub struct Prose {
    pub line: usize,
    pub text: String,
    /// The parts of it that are marked as code.
    pub literals: Vec<String>,
}

/// A table, in Markdown or in HTML.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// The line of its header.
    pub line: usize,
    pub columns: Vec<String>,
    pub rows: Vec<Row>,
}

/// A row of a table.
#[derive(Clone, Debug, Default)]
pub struct Row {
    pub line: usize,
    /// Counts from 1, where several rows are on one line.
    pub number: Option<usize>,
    pub cells: Vec<String>,
    /// The parts of its cells that are marked as code.
    pub literals: Vec<String>,
}

impl Row {
    /// A cell; empty if the row is too short.
    #[must_use]
    pub fn cell(&self, column: usize) -> &str {
        self.cells.get(column).map_or("", |cell| cell.trim())
    }
}

/// Where something is on a page: its line, and its row where a line holds several rows of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    pub line: usize,
    pub row: Option<usize>,
}

impl From<usize> for Spot {
    fn from(line: usize) -> Self {
        Self { line, row: None }
    }
}

impl From<&Row> for Spot {
    fn from(row: &Row) -> Self {
        Self {
            line: row.line,
            row: row.number,
        }
    }
}

impl From<&Prose> for Spot {
    fn from(line: &Prose) -> Self {
        line.line.into()
    }
}

/// A block of code.
#[derive(Clone, Debug, Default)]
pub struct Code {
    /// The line of its first line of text.
    pub line: usize,
    /// By its indentation alone, as text copied from elsewhere often is.
    pub indented: bool,
    /// The language it names, or nothing.
    pub language: String,
    pub text: String,
}

/// Replaces runs of spaces and breaks with one space.
#[must_use]
pub fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
