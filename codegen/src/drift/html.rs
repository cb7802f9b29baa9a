//! The HTML in a page: tables, and code with bold parts. It uses tokens, not a tree, because tokens know their line.

use std::{cell::RefCell, collections::BTreeMap};

use html5ever::{
    buffer_queue::BufferQueue,
    tendril::StrTendril,
    tokenizer::{Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts},
};

use super::block::{Block, Code, Prose, Row, Table, squeeze};

/// The blocks of a piece of HTML that begins on `line`.
#[must_use]
pub fn blocks(html: &str, line: usize) -> Vec<Block> {
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(html));
    let tokenizer = Tokenizer::new(Sink(RefCell::default()), TokenizerOpts::default());
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    let mut builder = tokenizer.sink.0.into_inner();
    builder.end_table();
    builder.end_code();
    builder.end_text();
    for block in &mut builder.blocks {
        block.move_down(line.saturating_sub(1));
    }
    builder.blocks
}

struct Sink(RefCell<Builder>);

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<()> {
        let line = usize::try_from(line).unwrap_or(usize::MAX);
        let mut builder = self.0.borrow_mut();
        match token {
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => builder.start(&tag, line),
            Token::TagToken(tag) => builder.end(&tag),
            Token::CharacterTokens(text) => builder.put(&text, line),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

#[derive(Default)]
struct Builder {
    blocks: Vec<Block>,
    text: String,
    text_line: usize,
    literals: Vec<String>,
    /// Where in the text, or in the cell, the current `<code>` began.
    literal_from: Option<usize>,
    code: Option<Code>,
    table: Option<Building>,
}

/// The table being read.
#[derive(Default)]
struct Building {
    table: Table,
    /// Cards are for navigation, not a table of facts.
    cards: bool,
    row: Option<Row>,
    heads: bool,
    cell: Option<String>,
    literals: Vec<String>,
    in_select: bool,
    /// The labels of the options that a `<select>` in the header declares, by value.
    labels: BTreeMap<String, String>,
    /// The option of the current `<span>`, and the length of the cell before it.
    option: Option<(String, usize)>,
    /// Tables within a cell are read as its text.
    depth: usize,
}

impl Builder {
    fn start(&mut self, tag: &Tag, line: usize) {
        let name = &*tag.name;
        match (&mut self.table, name) {
            (None, "table") => {
                self.end_text();
                let mut building = Building::default();
                building.table.line = line;
                building.cards = attribute(tag, "data-view").is_some_and(|view| view == "cards");
                self.table = Some(building);
            }
            (Some(building), "code") => {
                self.literal_from = building.cell.as_ref().map(String::len);
            }
            (Some(building), _) => building.start(tag, line),
            (None, "pre") => {
                self.end_text();
                self.code = Some(Code {
                    line,
                    language: language(tag),
                    ..Code::default()
                });
            }
            (None, "code") => match &mut self.code {
                Some(code) if code.language.is_empty() => code.language = language(tag),
                Some(_) => {}
                None => self.literal_from = Some(self.text.len()),
            },
            (None, "br") => self.text.push(' '),
            (None, "p" | "div" | "li" | "summary" | "h1" | "h2" | "h3" | "h4") if self.code.is_none() => {
                self.end_text();
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: &Tag) {
        let name = &*tag.name;
        match (&mut self.table, name) {
            (Some(building), "table") if building.depth == 0 => self.end_table(),
            (Some(building), "code") => {
                if let (Some(from), Some(cell)) = (self.literal_from.take(), &building.cell) {
                    building.literals.extend(cell.get(from..).map(squeeze));
                }
            }
            (Some(building), _) => building.end(name),
            (None, "code") => {
                if let Some(from) = self.literal_from.take() {
                    self.literals.extend(self.text.get(from..).map(squeeze));
                }
            }
            (None, "pre") => self.end_code(),
            (None, "p" | "div" | "li" | "summary" | "h1" | "h2" | "h3" | "h4") if self.code.is_none() => {
                self.end_text();
            }
            _ => {}
        }
    }

    fn put(&mut self, text: &str, line: usize) {
        if let Some(code) = &mut self.code {
            code.text.push_str(text);
        } else if let Some(building) = &mut self.table {
            if let Some(cell) = &mut building.cell
                && !building.in_select
            {
                if self.literal_from.is_some() {
                    cell.push_str(text);
                } else {
                    cell.push_str(&unescaped(text));
                }
            }
        } else {
            if self.text.trim().is_empty() {
                self.text_line = line;
            }
            self.text.push_str(text);
        }
    }

    fn end_text(&mut self) {
        let text = squeeze(&std::mem::take(&mut self.text));
        let literals = std::mem::take(&mut self.literals);
        self.literal_from = None;
        if !text.is_empty() {
            let line = self.text_line;
            self.blocks.push(Block::Text(Prose { line, text, literals }));
        }
    }

    fn end_code(&mut self) {
        self.blocks.extend(self.code.take().map(Block::Code));
    }

    fn end_table(&mut self) {
        if let Some(mut building) = self.table.take() {
            building.end_row();
            number_rows(&mut building.table);
            if !building.cards {
                self.blocks.push(Block::Table(building.table));
            }
        }
    }
}

impl Building {
    fn start(&mut self, tag: &Tag, line: usize) {
        match &*tag.name {
            "table" => self.depth += 1,
            "tr" if self.depth == 0 => {
                self.end_row();
                self.heads = true;
                self.row = Some(Row { line, ..Row::default() });
            }
            name @ ("td" | "th") if self.depth == 0 => {
                self.end_cell();
                self.heads &= name == "th";
                self.cell = Some(String::new());
            }
            "select" => self.in_select = true,
            "option" => {
                if let Some(value) = attribute(tag, "value") {
                    let label = attribute(tag, "label").unwrap_or_default();
                    self.labels.insert(value, label);
                }
            }
            "span" => {
                let length = self.cell.as_ref().map_or(0, String::len);
                self.option = attribute(tag, "data-option").map(|option| (option, length));
            }
            "br" | "p" | "li" | "div" => self.space(),
            _ => {}
        }
    }

    fn end(&mut self, name: &str) {
        match name {
            "table" => self.depth = self.depth.saturating_sub(1),
            "tr" if self.depth == 0 => self.end_row(),
            "td" | "th" if self.depth == 0 => self.end_cell(),
            "select" => self.in_select = false,
            "span" => {
                // The editor writes the label into the span; older pages leave it empty.
                if let (Some((option, length)), Some(cell)) = (self.option.take(), &mut self.cell)
                    && cell.get(length..).is_none_or(|text| text.trim().is_empty())
                    && let Some(label) = self.labels.get(&option)
                {
                    cell.push_str(label);
                }
            }
            "p" | "li" | "div" => self.space(),
            _ => {}
        }
    }

    fn space(&mut self) {
        if let Some(cell) = &mut self.cell {
            cell.push(' ');
        }
    }

    fn end_cell(&mut self) {
        self.in_select = false;
        if let (Some(cell), Some(row)) = (self.cell.take(), &mut self.row) {
            row.cells.push(squeeze(&cell));
        }
    }

    fn end_row(&mut self) {
        self.end_cell();
        let Some(mut row) = self.row.take() else { return };
        row.literals = std::mem::take(&mut self.literals);
        if self.heads && self.table.rows.is_empty() && self.table.columns.is_empty() {
            self.table.columns = row.cells;
        } else if !row.cells.is_empty() {
            self.table.rows.push(row);
        }
    }
}

/// Numbers the rows of a table that are not on lines of their own.
fn number_rows(table: &mut Table) {
    let lines: Vec<_> = table.rows.iter().map(|row| row.line).collect();
    let shared = lines.windows(2).any(|pair| pair.first() == pair.last()) || lines.first() == Some(&table.line);
    if shared {
        for (index, row) in table.rows.iter_mut().enumerate() {
            row.number = Some(index + 1);
        }
    }
}

/// Cells are Markdown: `event\_log\_id`, `\[0, 1]`.
fn unescaped(text: &str) -> String {
    let mut unescaped = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let escapes = c == '\\' && chars.peek().is_some_and(char::is_ascii_punctuation);
        unescaped.extend(if escapes { chars.next() } else { Some(c) });
    }
    unescaped
}

fn attribute(tag: &Tag, name: &str) -> Option<String> {
    let attribute = tag.attrs.iter().find(|attribute| &*attribute.name.local == name)?;
    Some(attribute.value.to_string())
}

/// What a class such as `lang-json` says.
fn language(tag: &Tag) -> String {
    let class = attribute(tag, "class").unwrap_or_default();
    let names = class.split_whitespace();
    let mut language = names.filter_map(|name| name.strip_prefix("language-").or(name.strip_prefix("lang-")));
    language.next_back().unwrap_or_default().to_owned()
}
