//! `cargo codegen drift` compares the spec with the vendor's documentation pages.
//!
//! A `page` becomes blocks with lines. It is recognised by its content (`recognise`), its facts are read (`reading`)
//! and compared (`compare`) with those of the `book`, the spec with its lines. Only facts are compared; the `lock`
//! remembers a hash of the wording, so that people can look at what is new.

mod block;
mod book;
mod cells;
pub mod cli;
mod compare;
mod examples;
mod fetch;
mod fields;
mod html;
mod known;
mod located;
mod lock;
mod mentions;
mod page;
mod pair;
mod reading;
mod recognise;
mod report;
mod words;

use std::collections::BTreeSet;

pub use self::{
    book::Book,
    known::DriftFile,
    located::At,
    lock::{Lock, Remembered},
    report::{Finding, Level, PageReport, Report},
};
use self::{
    compare::{Sheet, compare},
    known::Knowledge,
    located::{Lines, Node},
    page::Page,
    pair::Pairs,
};
use crate::{parse, problem::Problems, read::Inputs, spec::Spec};

impl Book {
    /// Reads the spec, and `spec/drift.yaml`.
    ///
    /// # Errors
    /// Everything wrong with either.
    pub fn new(inputs: &Inputs, drift: &str) -> Result<Self, Problems> {
        let spec = Spec::new(&parse::files(inputs))?;
        Ok(Self {
            lines: Lines::new(inputs)?,
            drift: DriftFile::parse(drift, &spec.sources)?,
            drift_lines: Node::parse(known::FILE, drift)?,
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
    for document in documents {
        let page = Page::parse(&document.text);
        let mut sheet = Sheet {
            file: document.file.clone(),
            ..Sheet::default()
        };
        let Some(kind) = recognise::kind(&page, book) else {
            sheet.say(
                Level::Error,
                "page",
                "is none that the spec knows: no table, path or name of the API was found",
                1,
                None,
            );
            report.push(page_report(sheet, None, None));
            continue;
        };
        let language = recognise::language(&page);
        let knowledge = Knowledge {
            file: &book.drift,
            lines: &book.drift_lines,
            sources: &book.spec.sources,
            page: kind.name(),
            language,
        };
        let expected = reading::read(&mut sheet, &page, kind, language, book);
        compare(&mut sheet, &expected, &knowledge);
        if sheet.facts == 0 {
            sheet.say(Level::Error, "page", "shows no fact that could be compared", 1, None);
        }
        let key = page_key(&kind.name(), language.code(), &sheet, &page);
        let before = lock.pages.get(&key);
        look(&mut sheet, &page, before);
        pairs.push(&kind.name(), language, &sheet, &expected);

        let wording: BTreeSet<_> = lock::wording(&page).into_iter().map(|(hash, _)| hash).collect();
        let facts = sheet.facts;
        remember.pages.insert(key.clone(), Remembered { facts, wording });
        report.push(page_report(sheet, Some(key), before.map(|before| before.facts)));
    }
    pairs.compare(&mut report);
    (report, remember)
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
    if sheet.facts < before.facts {
        let words = format!(
            "only {} facts came from this page, last time {}",
            sheet.facts, before.facts
        );
        sheet.say(Level::Error, "page", words, 1, None);
    }
    for (hash, line) in lock::wording(page) {
        if !before.wording.contains(&hash) {
            sheet.say(Level::Look, "wording", "reworded, look", line, None);
        }
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
