//! The blocks that a page is made of, each with its line.

/// The parts of a page.
#[derive(Clone, Debug)]
pub enum Block {
    /// A heading, or a bold paragraph in place of one.
    Heading(Line),
    /// A line of prose.
    Text(Line),
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
#[derive(Clone, Debug)]
pub struct Line {
    pub line: usize,
    pub text: String,
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
    pub cells: Vec<String>,
}

impl Row {
    /// A cell; empty if the row is too short.
    #[must_use]
    pub fn cell(&self, column: usize) -> &str {
        self.cells.get(column).map_or("", |cell| cell.trim())
    }
}

/// A block of code.
#[derive(Clone, Debug, Default)]
pub struct Code {
    /// The line of its first line of text.
    pub line: usize,
    /// The language it names, or nothing.
    pub language: String,
    pub text: String,
}

/// Replaces runs of spaces and breaks with one space.
#[must_use]
pub fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
