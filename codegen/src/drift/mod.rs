//! `cargo codegen drift` compares the spec with the vendor's documentation pages.
//!
//! A `page` becomes blocks with lines, unless it is none (`refusal`). It is recognised by its content (`recognise`), its
//! facts are read (`reading`, with `fields` for tables, `prose` and `examples`) and compared (`compare`) with those of the
//! `book`, the spec with its lines. `known` differences are in `spec/drift.yaml`, and `entries` watches that they are
//! still true. The `lock` remembers a hash of every text, so that people can look at what is new and was not read as a
//! fact.

mod block;
mod body;
mod book;
mod cells;
pub mod cli;
mod compare;
mod csv;
mod entries;
mod examples;
mod fetch;
mod fields;
mod guide;
mod html;
mod index;
mod json;
mod known;
mod limits;
mod located;
mod lock;
mod mentions;
mod numbers;
mod page;
mod pair;
mod prose;
mod rates;
mod reading;
mod recognise;
mod refusal;
mod report;
mod script;
mod values;
mod words;

use std::{collections::BTreeSet, path::Path};

pub use self::{
    book::Book,
    known::DriftFile,
    located::At,
    lock::{Lock, Remembered},
    report::{Finding, Level, PageReport, Report},
};
use self::{
    compare::{Sheet, compare},
    entries::Entries,
    known::Knowledge,
    located::{Lines, Node},
    page::Page,
    pair::Pairs,
};
use crate::{parse, problem::Problems, read::Inputs, sources, spec::Spec, standard_names};

impl Book {
    /// Reads the spec, and `spec/drift.yaml`.
    ///
    /// # Errors
    /// Everything wrong with either.
    pub fn new(inputs: &Inputs, drift: &str) -> Result<Self, Problems> {
        let parsed = parse::files(inputs);
        let spec = Spec::new(&parsed)?;
        let drift_lines = Node::parse(known::FILE, drift)?;
        let drift = DriftFile::parse(drift, &spec.sources)?;
        Ok(Self {
            standard: standard_names::all(&spec.taxonomy),
            lines: Lines::of(&parsed),
            drift,
            drift_lines,
            spec,
        })
    }
}

/// The name and the text of a page.
#[derive(Clone, Debug)]
pub struct Document {
    pub file: String,
    pub text: String,
}

/// Compares pages with the spec, and with what was remembered about them; returns what to remember now.
#[must_use]
pub fn run(documents: &[Document], book: &Book, lock: &Lock) -> (Report, Lock) {
    let (mut report, mut remember, mut pairs) = (Report::default(), lock.clone(), Pairs::default());
    let mut entries = Entries::default();
    for document in documents {
        let page = Page::parse(&document.text);
        let source = source(document, &page, book);
        let silent = source.is_some_and(|source| source.facts.is_some());
        let mut sheet = Sheet {
            file: document.file.clone(),
            ..Sheet::default()
        };
        if let Some((line, words)) = refusal::refusal(&document.text, &page, book) {
            sheet.say(Level::Error, "page", words, line, None);
            report.push(page_report(sheet, None, None));
            continue;
        }
        let language = recognise::language(&page);
        let kind = recognise::kind(&page, book);
        if let Some(kind) = kind {
            let knowledge = Knowledge {
                file: &book.drift,
                lines: &book.drift_lines,
                sources: &book.spec.sources,
                page: kind.name(),
                language,
            };
            let expected = reading::read(&mut sheet, &page, kind, language, book);
            compare(&mut sheet, &expected, &knowledge);
            entries.read(&mut sheet, &expected, &knowledge);
            pairs.push(&kind.name(), language, &sheet, &expected);
            if sheet.facts == 0 && !silent {
                sheet.say(Level::Error, "page", "shows no fact that could be compared", 1, None);
            }
        } else if !silent || page.blocks.is_empty() {
            let words = "is none that the spec knows: no table, path or name of the API was found; if it has no facts, \
                         say `facts: none` in spec/sources.yaml and name the file by the page's `id`";
            sheet.say(Level::Error, "page", words, 1, None);
            report.push(page_report(sheet, None, None));
            continue;
        }
        let name = kind.map_or_else(|| "guide".to_owned(), |kind| kind.name());
        let key = match source {
            Some(source) if name == "guide" => source.id.clone(),
            _ => page_key(&name, language.code(), &sheet, &page),
        };
        let before = lock.pages.get(&key);
        look(&mut sheet, &page, before);

        let wording: BTreeSet<_> = lock::wording(&page).into_iter().map(|(hash, _)| hash).collect();
        let facts = sheet.facts;
        remember.pages.insert(key.clone(), Remembered { facts, wording });
        report.push(page_report(sheet, Some(key), before.map(|before| before.facts)));
    }
    entries.unused(&mut report, book);
    pairs.compare(&mut report);
    (report, remember)
}

/// Whether a text is a page with facts of the API, so far as can be seen.
fn has_facts(document: &Document, book: &Book) -> bool {
    recognise::kind(&Page::parse(&document.text), book).is_some()
}

/// The page of `spec/sources.yaml` that a document is: its file is named by the id, or it says where it is.
fn source<'a>(document: &Document, page: &Page, book: &'a Book) -> Option<&'a sources::Page> {
    let stem = Path::new(&document.file).file_stem().and_then(|stem| stem.to_str());
    let same = |source: &&sources::Page| page.address.as_deref().is_some_and(|address| source.is_at(address));
    let pages = &book.spec.sources.pages;
    pages
        .iter()
        .find(same)
        .or_else(|| pages.iter().find(|source| Some(source.id.as_str()) == stem))
}

/// Pages of the guide are distinguished by what they mention, the others by what they are.
fn page_key(kind: &str, language: &str, sheet: &Sheet, page: &Page) -> String {
    if kind != "guide" {
        return format!("{kind}-{language}");
    }
    let title = page.lines().next().map_or(&sheet.file, |line| &line.text);
    format!("{kind}-{language}-{}", lock::hash(title))
}

/// Fewer facts than before are an error, and new wording is worth a look.
fn look(sheet: &mut Sheet, page: &Page, before: Option<&Remembered>) {
    let Some(before) = before else {
        let words = "nothing is remembered of this page yet; look at it, then run with --accept";
        return sheet.say(Level::Look, "page", words, 1, None);
    };
    let now = lock::wording(page);
    if sheet.facts < before.facts {
        let words = format!(
            "only {} facts came from this page, last time {}",
            sheet.facts, before.facts
        );
        // A text that is no longer read has changed: the first new one is the place to look.
        let new = now.iter().find(|(hash, _)| !before.wording.contains(hash));
        let spot = new.map_or(1.into(), |(_, spot)| *spot);
        sheet.say(Level::Error, "page", words, spot, None);
    }
    // A changed fact changes the wording, too: to say it once is enough.
    let told: BTreeSet<_> = sheet
        .findings
        .iter()
        .filter(|finding| finding.level < Level::Look)
        .map(|finding| (finding.page.line, finding.row))
        .collect();
    let mut new = false;
    for (hash, spot) in &now {
        if !before.wording.contains(hash) {
            new = true;
            if !told.contains(&(spot.line, spot.row)) {
                sheet.say(Level::Look, "wording", "reworded, look", *spot, None);
            }
        }
    }
    let gone = before
        .wording
        .iter()
        .filter(|hash| !now.iter().any(|(now, _)| now == *hash))
        .count();
    if gone > 0 && !new {
        let words = format!("{gone} texts of this page are gone, look");
        sheet.say(Level::Look, "wording", words, 1, None);
    }
}

fn page_report(sheet: Sheet, page: Option<String>, facts_remembered: Option<usize>) -> PageReport {
    PageReport {
        file: sheet.file,
        page,
        facts: sheet.facts,
        facts_remembered,
        findings: sheet.findings,
    }
}
