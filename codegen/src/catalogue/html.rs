//! The catalogue as one page of HTML that needs nothing else.

use std::{cell::RefCell, collections::BTreeSet};

use base64::{Engine, engine::general_purpose::STANDARD};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use super::{
    labels,
    page::{Block, Entry, Example, Inline, Origin, Page, Row, Section, Table, Tag, Words, needs_gap, parts, words},
};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The text of the file.
///
/// It holds both languages; a style hides the one that is not the language of the root. Without the script, the root is
/// English.
pub fn render(page: &Page<'_>) -> String {
    let writer = Writer {
        page,
        anchors: anchors(page),
        here: RefCell::default(),
    };
    let text = html! {
        (DOCTYPE)
        (PreEscaped("<!-- @generated from spec/ by `cargo codegen`. Do not edit. -->\n"))
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy());
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="referrer" content="no-referrer";
                meta name="color-scheme" content="light dark";
                title data-ko=(page.title.ko) { (page.title.en) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#content" { (say(&words("Skip to the content", "본문으로 건너뛰기"))) }
                (header())
                div.columns {
                    (writer.contents())
                    main #content tabindex="-1" {
                        div.intro {
                            h1 { (say(&page.title)) }
                            @for block in &page.intro { (writer.block(block)) }
                        }
                        p #copied.hidden role="status" {}
                        p #nothing hidden {
                            (say(&words("Nothing matches. Try a part of a code, a field or a word.",
                                "일치하는 항목이 없습니다. 코드나 필드 이름의 일부, 또는 다른 단어로 검색해 보십시오.")))
                        }
                        @for section in &page.sections { (writer.section(section)) }
                    }
                }
                footer {
                    p {
                        (say(&words("Generated from `spec/` by `cargo codegen`. Not published by the vendor.",
                            "`cargo codegen`이 `spec/`에서 생성했습니다. DFINERY(IGAWorks)의 공식 자료가 아닙니다.")))
                    }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    let mut text = text.into_string();
    text.push('\n');
    text
}

/// The page may load, send or run nothing but what was generated into it.
fn policy() -> String {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

fn header() -> Markup {
    html! {
        header.top {
            p.name { a href="#" { (say(&words("DFINERY Open API", "DFINERY Open API"))) } }
            form #search role="search" hidden {
                label.hidden for="query" { (say(&words("Search the catalogue", "카탈로그 검색"))) }
                input #query type="search" autocomplete="off" autocapitalize="off" spellcheck="false"
                    enterkeyhint="search" aria-describedby="keys" aria-controls="content"
                    placeholder="40001, event_datetime, token …" data-ko="40001, event_datetime, 토큰 …";
                span.hidden #keys {
                    (say(&words("Slash focuses the search, Escape clears it.",
                        "슬래시 키를 누르면 검색창으로 이동하고, Esc 키를 누르면 검색어를 지웁니다.")))
                }
                kbd aria-hidden="true" { "/" }
                p #count role="status" aria-live="polite" {}
            }
            div.languages role="group" aria-label="Language" data-ko="언어" hidden {
                button type="button" data-language="ko" lang="ko" aria-pressed="false" title="한국어" { "KO" }
                button type="button" data-language="en" lang="en" aria-pressed="true" title="English" { "EN" }
            }
        }
        noscript {
            p.noscript {
                "Without JavaScript this page is in English, and the browser has to search it. "
                span lang="ko" { "자바스크립트를 쓸 수 없으면 한국어 문서 catalogue.ko.md를 보십시오." }
            }
        }
    }
}

/// Both languages, or one element if they agree.
fn say(words: &Words) -> Markup {
    html! {
        @if words.en == words.ko {
            (plain(&words.en))
        } @else {
            span.en lang="en" { (plain(&words.en)) }
            span.ko lang="ko" { (plain(&words.ko)) }
        }
    }
}

/// A text without links.
fn plain(text: &str) -> Markup {
    html! {
        @for (is_code, part) in parts(text) {
            @if is_code { code { (part) } } @else { (part) }
        }
    }
}

/// A name that, if it is long, may go on in the next line after a part of it.
fn breakable(name: &str) -> Markup {
    let parts: Vec<_> = match name.len() {
        0..20 => vec![name],
        _ => name.split_inclusive(['_', '.', '/']).collect(),
    };
    html! {
        @for (index, part) in parts.iter().enumerate() {
            @if index > 0 { wbr; }
            (part)
        }
    }
}

/// The ids that a code in a text may refer to.
fn anchors(page: &Page<'_>) -> BTreeSet<String> {
    let blocks = page.sections.iter().flat_map(|section| &section.blocks);
    let ids = blocks.filter_map(|block| match block {
        Block::Entry(entry) => Some(entry.id.clone()),
        _ => None,
    });
    ids.collect()
}

struct Writer<'a> {
    page: &'a Page<'a>,
    anchors: BTreeSet<String>,
    /// The entry that is being written, which needs no link to itself.
    here: RefCell<String>,
}

impl Writer<'_> {
    fn contents(&self) -> Markup {
        html! {
            nav.contents aria-label="Contents" data-ko="차례" {
                details open {
                    summary { (say(&words("Contents", "차례"))) }
                    ul {
                        @for section in &self.page.sections {
                            li {
                                a href={ "#" (section.id) } { (say(&section.title)) }
                                (entries(section))
                            }
                        }
                    }
                }
            }
        }
    }

    fn section(&self, section: &Section) -> Markup {
        let heading = format!("{}-title", section.id);
        html! {
            section id=(section.id) aria-labelledby=(heading) {
                h2 id=(heading) { a.self href={ "#" (section.id) } { (say(&section.title)) } }
                @for block in &section.blocks { (self.block(block)) }
            }
        }
    }

    fn block(&self, block: &Block) -> Markup {
        match block {
            Block::Paragraph(rich) => html! { p { (self.rich(rich)) } },
            Block::Labelled {
                label,
                text,
                stands_out,
            } => html! {
                div.labelled.remedy[*stands_out] {
                    p.label { (say(label)) }
                    p { (self.rich(text)) }
                }
            },
            Block::Facts(facts) => html! {
                dl {
                    @for (label, rich) in facts {
                        div { dt { (say(label)) } dd { (self.rich(rich)) } }
                    }
                }
            },
            Block::Heading { id, title } => html! {
                h3.part id=(id) { a.self href={ "#" (id) } { (say(title)) } }
            },
            Block::Entry(entry) => self.entry(entry),
            Block::Table(table) => self.table(table),
            Block::Example(example) => self.example(example),
            Block::Source(origin) => html! { p { (self.origin(origin)) } },
        }
    }

    fn entry(&self, entry: &Entry) -> Markup {
        self.here.replace(entry.id.clone());
        let heading = format!("{}-title", entry.id);
        let markup = html! {
            article id=(entry.id) data-item aria-labelledby=(heading) {
                div data-own {
                    h3 id=(heading) {
                        a.self href={ "#" (entry.id) } { code.name { (breakable(&entry.code)) } }
                        " " span.title { (self.rich(&entry.title)) }
                    }
                    @if !entry.tags.is_empty() { p.tags { (self.rich(&entry.tags)) } }
                }
                @for block in &entry.blocks { (self.block(block)) }
            }
        };
        self.here.take();
        markup
    }

    fn table(&self, table: &Table) -> Markup {
        html! {
            div.table data-index[table.is_index] {
                table {
                    caption { (say(&table.caption)) }
                    thead {
                        tr { @for column in &table.columns { th scope="col" { (say(column)) } } }
                    }
                    tbody {
                        @for row in &table.rows {
                            tr id=[row.id.as_ref()] data-item[!table.is_index] { (self.cells(row, &table.columns)) }
                        }
                    }
                }
            }
        }
    }

    /// Each cell knows its column, for narrow screens, where the cells of a row stand below each other.
    fn cells(&self, row: &Row, columns: &[Words]) -> Markup {
        html! {
            @for (index, (cell, column)) in row.cells.iter().zip(columns).enumerate() {
                @if index == 0 {
                    th scope="row" data-label=(column.en) data-label-ko=(column.ko) {
                        (self.named(row.id.as_deref(), cell))
                    }
                } @else {
                    td data-label=(column.en) data-label-ko=(column.ko) { (self.rich(cell)) }
                }
            }
        }
    }

    /// The first cell of a row, whose name is a link to the row.
    fn named(&self, id: Option<&str>, cell: &[Inline]) -> Markup {
        html! {
            @if let (Some(id), [Inline::Code(name), more @ ..]) = (id, cell) {
                a.self href={ "#" (id) } { code { (breakable(name)) } }
                (self.rich(more))
            } @else {
                (self.rich(cell))
            }
        }
    }

    fn example(&self, example: &Example) -> Markup {
        html! {
            div.example data-item {
                details open {
                    summary { (self.rich(&example.title)) }
                    pre.(example.syntax) tabindex="0" translate="no" { code { (example.text) } }
                }
            }
        }
    }

    fn rich(&self, rich: &[Inline]) -> Markup {
        html! {
            @for (index, inline) in rich.iter().enumerate() {
                @if needs_gap(&rich[..index], inline) { " " }
                (self.inline(inline))
            }
        }
    }

    fn inline(&self, inline: &Inline) -> Markup {
        match inline {
            Inline::Words(words) => self.words(words),
            Inline::English(english) => html! { span lang="en" { (self.text(english)) } },
            Inline::Code(code) => self.code(code),
            Inline::Label(words) => html! { strong { (say(words)) ":" } " " },
            Inline::Link { to, text } => html! { a href={ "#" (to) } { code { (breakable(text)) } } },
            Inline::Outside { url, text } => html! { a.outside href=(url) lang="en" { (text) } },
            Inline::Tag(tag) => self::tag(tag),
            Inline::Source(origin) => self.origin(origin),
            Inline::Break => html! { br; },
        }
    }

    fn words(&self, words: &Words) -> Markup {
        if words.en == words.ko {
            return self.text(&words.en);
        }
        html! {
            span.en lang="en" { (self.text(&words.en)) }
            span.ko lang="ko" { (self.text(&words.ko)) }
        }
    }

    /// A text whose only markup is code in backticks; codes with an entry here link to it.
    fn text(&self, text: &str) -> Markup {
        html! {
            @for (is_code, part) in parts(text) {
                @if is_code {
                    (self.code(part))
                } @else {
                    @for piece in part.split_inclusive(|c: char| !c.is_ascii_digit()) {
                        (self.piece(piece))
                    }
                }
            }
        }
    }

    /// Digits and what follows them.
    fn piece(&self, piece: &str) -> Markup {
        let digits = piece.trim_end_matches(|c: char| !c.is_ascii_digit());
        html! {
            @if self.leads_elsewhere(digits) {
                a href={ "#" (digits) } { (digits) }
                (piece[digits.len()..])
            } @else {
                (piece)
            }
        }
    }

    fn code(&self, code: &str) -> Markup {
        html! {
            @if self.leads_elsewhere(code) {
                a href={ "#" (code) } { code { (breakable(code)) } }
            } @else {
                code { (breakable(code)) }
            }
        }
    }

    fn leads_elsewhere(&self, text: &str) -> bool {
        self.anchors.contains(text) && *self.here.borrow() != text
    }

    fn origin(&self, origin: &Origin) -> Markup {
        let pages = origin.pages.iter().filter_map(|id| self.page.sources.page(id));
        html! {
            small.source {
                @if let Some(confidence) = origin.confidence { (tag(&labels::confidence(confidence))) }
                @for page in pages {
                    " " a href=(page.url) title=(page.title.trim()) { (page.id) }
                }
                @if let Some(note) = &origin.note { span.note { (self.words(note)) } }
            }
        }
    }
}

fn entries(section: &Section) -> Markup {
    let entries: Vec<_> = section.named().collect();
    html! {
        @if !entries.is_empty() {
            ul.codes {
                @for entry in entries {
                    li { a href={ "#" (entry.id) } { code { (entry.code) } } }
                }
            }
        }
    }
}

fn tag(tag: &Tag) -> Markup {
    let inner = html! {
        (say(&tag.words))
        @if let Some(code) = tag.code { " " code.en lang="en" { (code) } }
    };
    html! {
        @if let Some(to) = &tag.to {
            a.tag.(tag.class) href={ "#" (to) } { (inner) }
        } @else {
            span.tag.(tag.class) { (inner) }
        }
    }
}
