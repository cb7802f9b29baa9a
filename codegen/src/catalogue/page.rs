//! The catalogue as a tree, before it becomes HTML or Markdown.

use crate::{
    sources::Sources,
    table::{Confidence, Source, Text},
};

/// A text in both languages. Text in backticks is code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Words {
    pub en: String,
    pub ko: String,
}

/// A text of the catalogue itself.
pub fn words(en: impl Into<String>, ko: impl Into<String>) -> Words {
    Words {
        en: en.into(),
        ko: ko.into(),
    }
}

impl From<&Text> for Words {
    fn from(text: &Text) -> Self {
        words(line(&text.en), line(&text.ko))
    }
}

/// A text as one line.
pub fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The whole catalogue.
#[derive(Debug)]
pub struct Page<'a> {
    /// For the addresses of the pages.
    pub sources: &'a Sources,
    pub title: Words,
    pub intro: Vec<Block>,
    pub sections: Vec<Section>,
}

/// A chapter.
#[derive(Clone, Debug)]
pub struct Section {
    pub id: &'static str,
    pub title: Words,
    pub blocks: Vec<Block>,
}

impl Section {
    /// The entries that are known by their names.
    pub fn named(&self) -> impl Iterator<Item = &Entry> {
        self.blocks.iter().filter_map(|block| match block {
            Block::Entry(entry) if entry.id == entry.code => Some(entry),
            _ => None,
        })
    }
}

/// A part of a chapter or of an entry.
#[derive(Clone, Debug)]
pub enum Block {
    Paragraph(Rich),
    /// A paragraph with its own name. Advice on what to do is emphasised.
    Labelled {
        label: Words,
        text: Rich,
        stands_out: bool,
    },
    Facts(Vec<(Words, Rich)>),
    Heading {
        id: String,
        title: Words,
    },
    Entry(Entry),
    Table(Table),
    Example(Example),
    Source(Origin),
}

impl Block {
    /// A paragraph in both languages.
    pub fn text(text: Words) -> Self {
        Self::Paragraph(vec![Inline::Words(text)])
    }
}

/// Something that has a heading, a link and a place in the search.
#[derive(Clone, Debug)]
pub struct Entry {
    pub id: String,
    /// The name on the wire.
    pub code: String,
    pub title: Rich,
    pub tags: Rich,
    pub blocks: Vec<Block>,
}

/// A table whose first column names the rows.
#[derive(Clone, Debug)]
pub struct Table {
    pub caption: Words,
    pub columns: Vec<Words>,
    pub rows: Vec<Row>,
    /// The search leaves out a table that repeats other parts.
    pub is_index: bool,
}

#[derive(Clone, Debug)]
pub struct Row {
    pub id: Option<String>,
    pub cells: Vec<Rich>,
}

#[derive(Clone, Debug)]
pub struct Example {
    pub title: Rich,
    /// Such as `json`.
    pub syntax: &'static str,
    pub text: String,
}

/// A text with marks.
pub type Rich = Vec<Inline>;

#[derive(Clone, Debug)]
pub enum Inline {
    Words(Words),
    /// A term that is English everywhere, such as the phrase of an HTTP status.
    English(String),
    Code(String),
    /// The name of what follows it.
    Label(Words),
    /// To another place in the catalogue.
    Link {
        to: String,
        text: String,
    },
    /// To a page elsewhere.
    Outside {
        url: String,
        text: String,
    },
    Tag(Tag),
    Source(Origin),
    Break,
}

impl Inline {
    pub fn words(en: impl Into<String>, ko: impl Into<String>) -> Self {
        Self::Words(words(en, ko))
    }

    pub fn english(text: &str) -> Self {
        Self::English(line(text))
    }

    pub fn code(text: impl Into<String>) -> Self {
        Self::Code(text.into())
    }
}

/// Whether a space is missing between a text and the tag after it.
pub fn needs_gap(before: &[Inline], inline: &Inline) -> bool {
    matches!(
        (before.last(), inline),
        (
            Some(Inline::Code(_) | Inline::Tag(_) | Inline::Link { .. }),
            Inline::Tag(_)
        )
    )
}

/// A word or two for the kind of something.
#[derive(Clone, Debug)]
pub struct Tag {
    /// What it looks like.
    pub class: &'static str,
    pub words: Words,
    /// The spec's English word for it, if it differs.
    pub code: Option<&'static str>,
    /// Where it is explained.
    pub to: Option<String>,
}

impl Tag {
    pub fn plain(words: Words) -> Self {
        Self {
            class: "plain",
            words,
            code: None,
            to: None,
        }
    }
}

/// Where a fact comes from.
#[derive(Clone, Debug)]
pub struct Origin {
    pub confidence: Option<Confidence>,
    pub pages: Vec<String>,
    pub note: Option<Words>,
}

impl From<&Source> for Origin {
    fn from(source: &Source) -> Self {
        Self {
            confidence: Some(source.confidence),
            pages: source.pages.clone(),
            note: source.note.as_ref().map(Into::into),
        }
    }
}

/// The id of the row of a page.
pub fn page_id(page: &str) -> String {
    format!("page-{page}")
}

/// The parts of a text, and whether each is in backticks. A lone backtick is an ordinary character.
pub fn parts(text: &str) -> Vec<(bool, &str)> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('`') {
        let Some((code, after)) = after.split_once('`') else {
            break;
        };
        parts.extend([(false, before), (true, code)]);
        rest = after;
    }
    parts.push((false, rest));
    parts.retain(|(_, part)| !part.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backticks_part_a_text() {
        assert_eq!(parts("a `b` c"), [(false, "a "), (true, "b"), (false, " c")]);
        assert_eq!(parts("`a` b ` c"), [(true, "a"), (false, " b ` c")]);
    }
}
