//! A page of the documentation as a sequence of blocks, each with its line.
//!
//! `GitBook`'s Markdown is `CommonMark` with pipe tables, HTML where Markdown does not reach, and `{% … %}` tags.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use super::{
    block::{Block, Code, Prose, Row, Table, squeeze},
    html,
};

/// A page, without the quote that `GitBook` puts before it and the instructions that it puts after it.
#[derive(Clone, Debug, Default)]
pub struct Page {
    pub blocks: Vec<Block>,
    /// Where the page says it is, without `.md`.
    pub address: Option<String>,
}

impl Page {
    /// Reads a page. Any text is a page, possibly an empty one.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let text = without_tags(text);
        let mut reader = Reader::new(&text);
        for (event, range) in Parser::new_ext(&text, Options::ENABLE_TABLES).into_offset_iter() {
            if !reader.event(event, range.start) {
                break;
            }
        }
        Self {
            blocks: reader.blocks,
            address: reader.address,
        }
    }

    /// The tables.
    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.blocks.iter().filter_map(|block| match block {
            Block::Table(table) => Some(table),
            _ => None,
        })
    }

    /// The headings and the prose.
    pub fn lines(&self) -> impl Iterator<Item = &Prose> {
        self.blocks.iter().filter_map(|block| match block {
            Block::Heading(line) | Block::Text(line) => Some(line),
            _ => None,
        })
    }

    /// The blocks of code.
    pub fn codes(&self) -> impl Iterator<Item = &Code> {
        self.blocks.iter().filter_map(|block| match block {
            Block::Code(code) => Some(code),
            _ => None,
        })
    }
}

/// Blanks `GitBook`'s tags and the front matter, which are not Markdown, and keeps the number of lines.
fn without_tags(text: &str) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut front_matter = text.starts_with("---\n");
    if front_matter && !text.lines().skip(1).any(|line| line == "---") {
        front_matter = false;
    }
    let mut kept = String::with_capacity(text.len());
    for (index, line) in text.split('\n').enumerate() {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let bare = line.trim();
        let tag = bare.starts_with("{%") && bare.ends_with("%}");
        if !front_matter && !tag {
            kept.push_str(line);
        }
        if front_matter && index > 0 && line == "---" {
            front_matter = false;
        }
        kept.push('\n');
    }
    kept
}

/// Counts lines as offsets grow.
struct LineCounter<'a> {
    text: &'a str,
    offset: usize,
    line: usize,
}

impl LineCounter<'_> {
    /// The line of an offset.
    fn line(&mut self, offset: usize) -> usize {
        if offset < self.offset {
            (self.offset, self.line) = (0, 1);
        }
        let passed = self.text.as_bytes().get(self.offset..offset).unwrap_or_default();
        self.line += passed.iter().fold(0, |count, byte| count + usize::from(*byte == b'\n'));
        self.offset = offset;
        self.line
    }
}

/// Builds blocks from the events of the parser.
struct Reader<'a> {
    counter: LineCounter<'a>,
    blocks: Vec<Block>,
    /// The current text, and its line once it has begun.
    text: String,
    line: Option<usize>,
    literals: Vec<String>,
    /// How much of the current text is bold.
    strong: usize,
    strong_from: Option<usize>,
    quotes: usize,
    after_rule: bool,
    html: Option<Prose>,
    code: Option<Code>,
    table: Option<Table>,
    address: Option<String>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            counter: LineCounter {
                text,
                offset: 0,
                line: 1,
            },
            blocks: Vec::new(),
            text: String::new(),
            line: None,
            literals: Vec::new(),
            strong: 0,
            strong_from: None,
            quotes: 0,
            after_rule: false,
            html: None,
            code: None,
            table: None,
            address: None,
        }
    }

    /// Takes an event; `false` at the end of the vendor's text.
    fn event(&mut self, event: Event<'_>, offset: usize) -> bool {
        match event {
            Event::Start(tag) => self.start(tag, offset),
            Event::End(tag) => return self.end(tag),
            Event::Text(text) => self.put(&text, offset),
            Event::Code(text) => {
                self.put(&text, offset);
                self.literals.push(squeeze(&text));
            }
            Event::Html(text) => {
                if let Some(html) = &mut self.html {
                    html.text.push_str(&text);
                }
            }
            Event::InlineHtml(tag) if tag.starts_with("<br") || tag.starts_with("</p") => self.text.push(' '),
            Event::SoftBreak | Event::HardBreak if self.table.is_none() => self.flush(false),
            Event::Rule => self.after_rule = true,
            _ => {}
        }
        true
    }

    fn start(&mut self, tag: Tag<'_>, offset: usize) {
        let line = self.counter.line(offset);
        match tag {
            Tag::HtmlBlock => {
                self.flush(false);
                self.html = Some(Prose {
                    line,
                    ..Prose::default()
                });
            }
            Tag::CodeBlock(kind) => {
                self.flush(false);
                self.code = Some(match kind {
                    CodeBlockKind::Fenced(info) => Code {
                        line: line + 1,
                        language: info.to_string(),
                        ..Code::default()
                    },
                    CodeBlockKind::Indented => Code {
                        line,
                        indented: true,
                        ..Code::default()
                    },
                });
            }
            Tag::Table(_) => {
                self.flush(false);
                self.table = Some(Table {
                    line,
                    ..Table::default()
                });
            }
            Tag::TableRow => {
                if let Some(table) = &mut self.table {
                    table.rows.push(Row { line, ..Row::default() });
                }
            }
            Tag::TableCell => self.text.clear(),
            Tag::BlockQuote(_) => {
                self.flush(false);
                self.quotes += 1;
            }
            Tag::Heading { .. } | Tag::Paragraph | Tag::Item => self.flush(false),
            Tag::Strong => self.strong_from = Some(self.text.len()),
            Tag::Link { dest_url, .. } if self.quotes > 0 && self.address.is_none() => {
                self.address = dest_url.strip_suffix(".md").map(str::to_owned);
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) -> bool {
        match tag {
            TagEnd::HtmlBlock => {
                if let Some(html) = self.html.take() {
                    self.blocks.extend(html::blocks(&html.text, html.line));
                    self.after_rule = false;
                }
            }
            TagEnd::CodeBlock => self.blocks.extend(self.code.take().map(Block::Code)),
            TagEnd::Table => self.blocks.extend(self.table.take().map(Block::Table)),
            TagEnd::TableCell => {
                let cell = squeeze(&std::mem::take(&mut self.text));
                let literals = std::mem::take(&mut self.literals);
                if let Some(table) = &mut self.table {
                    match table.rows.last_mut() {
                        Some(row) => {
                            row.cells.push(cell);
                            row.literals.extend(literals);
                        }
                        None => table.columns.push(cell),
                    }
                }
                self.line = None;
            }
            TagEnd::BlockQuote(_) => {
                self.flush(false);
                self.quotes = self.quotes.saturating_sub(1);
            }
            TagEnd::Heading(_) => {
                if self.after_rule && self.text.trim().starts_with("Agent Instructions") {
                    return false;
                }
                self.flush(true);
            }
            TagEnd::Paragraph | TagEnd::Item => {
                let heading = self.table.is_none() && self.strong > 0 && self.strong == self.text.trim().len();
                self.flush(heading);
            }
            TagEnd::Strong => {
                if let Some(from) = self.strong_from.take() {
                    self.strong += self.text.len().saturating_sub(from);
                }
            }
            _ => {}
        }
        true
    }

    fn put(&mut self, text: &str, offset: usize) {
        if let Some(code) = &mut self.code {
            code.text.push_str(text);
            return;
        }
        if self.line.is_none() {
            self.line = Some(self.counter.line(offset));
        }
        self.text.push_str(text);
    }

    /// Ends the current text.
    fn flush(&mut self, heading: bool) {
        let text = squeeze(&std::mem::take(&mut self.text));
        let literals = std::mem::take(&mut self.literals);
        self.strong = 0;
        self.strong_from = None;
        let Some(line) = self.line.take() else { return };
        let notice = self.quotes > 0 && text.contains("llms.txt");
        if text.is_empty() || notice {
            return;
        }
        self.after_rule = false;
        let line = Prose { line, text, literals };
        self.blocks.push(if heading {
            Block::Heading(line)
        } else {
            Block::Text(line)
        });
    }
}
