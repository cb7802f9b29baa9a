//! The catalogue as Markdown, in one language.

use super::{
    labels,
    page::{Block, Entry, Example, Inline, Origin, Page, Row, Table, Tag, Words, needs_gap, words},
};

/// The language of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    English,
    Korean,
}

/// The text of a file; `other` links to the one in the other language.
pub fn render(page: &Page<'_>, language: Language, other: &str) -> String {
    let writer = Writer { page, language };
    let title = text(writer.say(&page.title));
    let search = words(
        "with a search, in both languages: open `catalogue.html` of this folder in a browser",
        "검색이 되는 페이지(한국어·영어): 이 폴더의 `catalogue.html`을 브라우저에서 여십시오",
    );
    let search = text(writer.say(&search));
    let head = "<!-- @generated from spec/ by `cargo codegen`. Do not edit. -->";
    let mut out = format!("{head}\n\n# {title}\n\n*{other}; {search}*\n\n");
    page.intro.iter().for_each(|block| writer.block(block, &mut out));
    for section in &page.sections {
        let title = text(writer.say(&section.title));
        out += &["- [", &title, "](#", section.id, ")\n"].concat();
        let entries: Vec<_> = section.named().map(|entry| inside(&entry.code, &entry.id)).collect();
        if !entries.is_empty() {
            out += &["  ", &entries.join(", "), "\n"].concat();
        }
    }
    for section in &page.sections {
        heading(2, section.id, &text(writer.say(&section.title)), &mut out);
        section.blocks.iter().for_each(|block| writer.block(block, &mut out));
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

struct Writer<'a> {
    page: &'a Page<'a>,
    language: Language,
}

impl Writer<'_> {
    fn say<'a>(&self, words: &'a Words) -> &'a str {
        match self.language {
            Language::English => &words.en,
            Language::Korean => &words.ko,
        }
    }

    fn block(&self, block: &Block, out: &mut String) {
        let paragraph = match block {
            Block::Paragraph(rich) => self.rich(rich),
            Block::Labelled { label, text, .. } => format!("**{}:** {}", self::text(self.say(label)), self.rich(text)),
            Block::Facts(facts) => {
                let facts = facts
                    .iter()
                    .map(|(label, rich)| format!("- {}: {}", text(self.say(label)), self.rich(rich)));
                facts.collect::<Vec<_>>().join("\n")
            }
            Block::Heading { id, title } => return heading(3, id, &text(self.say(title)), out),
            Block::Entry(entry) => return self.entry(entry, out),
            Block::Table(table) => return self.table(table, out),
            Block::Example(example) => self.example(example),
            Block::Source(origin) => self.origin(origin),
        };
        *out += &paragraph;
        *out += "\n\n";
    }

    fn entry(&self, entry: &Entry, out: &mut String) {
        let title = format!("{} {}", code(&entry.code), self.rich(&entry.title));
        heading(3, &entry.id, title.trim_end(), out);
        if !entry.tags.is_empty() {
            let tags: Vec<_> = entry.tags.iter().map(|tag| self.inline(tag)).collect();
            *out += &tags.join(" · ");
            *out += "\n\n";
        }
        entry.blocks.iter().for_each(|block| self.block(block, out));
    }

    /// As a list: viewers neither show the cells of a row below each other nor break long names, so that a table would be
    /// wider than many a screen.
    fn table(&self, table: &Table, out: &mut String) {
        let caption = text(self.say(&table.caption));
        let heading = out.lines().rev().find(|line| line.starts_with('#'));
        if heading.is_none_or(|heading| heading.trim_start_matches('#').trim() != caption) {
            *out += &caption;
            *out += "\n\n";
        }
        let has_source = |row: &Row| {
            row.cells
                .iter()
                .flatten()
                .any(|inline| matches!(inline, Inline::Source(_)))
        };
        let separator = if table.rows.iter().any(has_source) {
            "<br>"
        } else {
            " · "
        };
        for row in &table.rows {
            *out += &["- ", &self.row(row, &table.columns, separator), "\n"].concat();
        }
        out.push('\n');
    }

    fn row(&self, row: &Row, columns: &[Words], separator: &str) -> String {
        let mut cells = row.cells.iter().zip(columns);
        let first = cells.next().and_then(|(cell, _)| cell.split_first());
        let name = first.map_or_else(String::new, |(name, more)| {
            let more = self.rich(more).replace("<br>", " · ");
            ["**", &self.inline(name), "**", &more].concat()
        });
        let cells = cells.filter(|(cell, _)| !cell.is_empty()).map(|(cell, column)| {
            let label = match columns.len() {
                0..=2 => String::new(),
                _ => self.inline(&Inline::Label(column.clone())),
            };
            label + &self.rich(cell)
        });
        let parts: Vec<_> = std::iter::once(name).chain(cells).collect();
        row.id.as_deref().map(anchor).unwrap_or_default() + &parts.join(separator)
    }

    fn example(&self, example: &Example) -> String {
        let longest = example.text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
        let fence = "`".repeat(longest.max(2) + 1);
        format!(
            "{}\n\n{fence}{}\n{}\n{fence}",
            self.rich(&example.title),
            example.syntax,
            example.text
        )
    }

    fn rich(&self, rich: &[Inline]) -> String {
        let mut out = String::new();
        for (index, inline) in rich.iter().enumerate() {
            if matches!(inline, Inline::Source(_)) && !out.is_empty() {
                out += "<br>";
            } else if needs_gap(&rich[..index], inline) {
                out += " · ";
            }
            out += &self.inline(inline);
        }
        out
    }

    fn inline(&self, inline: &Inline) -> String {
        match inline {
            Inline::Words(words) => text(self.say(words)),
            Inline::English(english) => text(english),
            Inline::Code(text) => code(text),
            Inline::Link { to, text } => inside(text, to),
            Inline::Label(words) => format!("**{}:** ", text(self.say(words))),
            Inline::Outside { url, text } => link(text, url),
            Inline::Tag(tag) => self.tag(tag),
            Inline::Source(origin) => self.origin(origin),
            Inline::Break => "<br>".to_owned(),
        }
    }

    fn tag(&self, tag: &Tag) -> String {
        let words = text(self.say(&tag.words));
        match tag.code {
            Some(word) if self.language == Language::English => format!("{words} ({})", code(word)),
            _ => words,
        }
    }

    fn origin(&self, origin: &Origin) -> String {
        let pages = origin.pages.iter().filter_map(|id| self.page.sources.page(id));
        let mut parts: Vec<_> = pages.map(|page| link(&page.id, &page.url)).collect();
        if let Some(confidence) = origin.confidence {
            parts.insert(0, self.tag(&labels::confidence(confidence)));
        }
        let label = self.say(&words("Source", "출처")).to_owned();
        let note = origin.note.as_ref().map(|note| format!(". {}", text(self.say(note))));
        format!("*{label}: {}{}*", parts.join(", "), note.unwrap_or_default())
    }
}

/// Has its own anchor, so that links do not depend on how a viewer derives them from headings.
fn heading(level: usize, id: &str, title: &str, out: &mut String) {
    let hashes = "#".repeat(level);
    *out += &["\n", &anchor(id), "\n\n", &hashes, " ", title, "\n\n"].concat();
}

fn anchor(id: &str) -> String {
    format!("<a id=\"{id}\"></a>")
}

/// A link to another place in the file.
fn inside(text: &str, id: &str) -> String {
    format!("[{}](#{id})", code(text))
}

fn link(text: &str, url: &str) -> String {
    format!("[{}](<{}>)", self::text(text), url.replace(['<', '>', '\\', '\n'], ""))
}

/// A text whose only markup is code in backticks.
fn text(text: &str) -> String {
    let mut out = String::new();
    for (is_code, part) in super::page::parts(text) {
        if is_code {
            out += &code(part);
            continue;
        }
        for c in part.chars() {
            match c {
                '<' => out += "&lt;",
                '>' => out += "&gt;",
                '&' => out += "&amp;",
                '\\' | '*' | '_' | '[' | ']' | '`' | '~' | '#' => out.extend(['\\', c]),
                _ => out.push(c),
            }
        }
    }
    out
}

/// Any text stays on its line and inside its code.
fn code(text: &str) -> String {
    let text = super::page::line(text);
    if text.is_empty() {
        return text;
    }
    if text.contains('`') {
        format!("`` {text} ``")
    } else {
        format!("`{text}`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_code_is_markup() {
        assert_eq!(text("a_b `c_d` <e> *f*"), "a\\_b `c_d` &lt;e&gt; \\*f\\*");
        assert_eq!(text("a ` b"), "a \\` b");
    }
}
