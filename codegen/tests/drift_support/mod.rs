//! The spec of this repository, and pages in the vendor's format, in our own words.

#![allow(dead_code, reason = "each test uses a part")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use codegen::{
    drift::{Book, Document, Level, Lock, Report, run},
    read,
};

/// A page of `tests/pages`.
pub struct Fixture {
    pub name: String,
    pub text: String,
}

impl Fixture {
    /// The page with another text.
    pub fn with(&self, text: String) -> Document {
        Document {
            file: self.name.clone(),
            text,
        }
    }
}

/// The root of the workspace.
pub fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().expect("a workspace").to_owned()
}

/// The spec of this repository.
pub fn book() -> Book {
    let inputs = read::inputs(&root()).expect("the spec");
    let drift = fs::read_to_string(root().join("spec/drift.yaml")).expect("spec/drift.yaml");
    Book::new(&inputs, &drift).unwrap_or_else(|problems| panic!("{problems}"))
}

/// All pages, by name.
pub fn fixtures() -> Vec<Fixture> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pages");
    let mut fixtures: Vec<_> = fs::read_dir(folder)
        .expect("tests/pages")
        .map(|entry| {
            let entry = entry.expect("an entry");
            Fixture {
                name: entry.file_name().to_string_lossy().into_owned(),
                text: fs::read_to_string(entry.path()).expect("a page"),
            }
        })
        .collect();
    fixtures.sort_by(|a, b| a.name.cmp(&b.name));
    fixtures
}

/// The page of this name.
pub fn fixture(name: &str) -> Fixture {
    let mut fixtures = fixtures().into_iter();
    fixtures
        .find(|fixture| fixture.name == format!("{name}.md"))
        .unwrap_or_else(|| panic!("no page {name}"))
}

/// All pages as they are.
pub fn documents() -> Vec<Document> {
    let fixtures = fixtures();
    fixtures
        .iter()
        .map(|fixture| fixture.with(fixture.text.clone()))
        .collect()
}

/// What is remembered once all pages are accepted.
pub fn accepted(book: &Book) -> Lock {
    run(&documents(), book, &Lock::default()).1
}

/// The report on a page in which the first `from` has become `to`, and the line of the change.
pub fn changed(book: &Book, lock: &Lock, name: &str, from: &str, to: &str) -> (Report, usize) {
    let fixture = fixture(name);
    let at = fixture
        .text
        .find(from)
        .unwrap_or_else(|| panic!("{from} is not in {name}"));
    let line = fixture.text[..at].matches('\n').count() + 1;
    let text = fixture.text.replacen(from, to, 1);
    (run(&[fixture.with(text)], book, lock).0, line)
}

/// The findings of a level: line, row, and the words with the fact before them.
pub fn findings(report: &Report, level: Level) -> Vec<(usize, Option<usize>, String)> {
    let findings = report.pages.iter().flat_map(|page| &page.findings);
    let findings = findings.filter(|finding| finding.level == level);
    findings
        .map(|finding| {
            (
                finding.page.line,
                finding.row,
                format!("{}: {}", finding.fact, finding.words),
            )
        })
        .collect()
}
