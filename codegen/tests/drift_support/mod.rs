//! The spec of this repository, and pages in the vendor's format, in our own words.

#![allow(dead_code, reason = "each test uses a part")]

use std::{
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use codegen::{
    drift::{Book, Document, Level, Lock, Report, run},
    read,
};
use serde_json::Value;

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
            let name = entry.file_name().to_string_lossy().into_owned();
            let text = fs::read_to_string(entry.path()).expect("a page");
            Fixture {
                text: with_new_codes(&name, text),
                name,
            }
        })
        .collect();
    fixtures.sort_by(|a, b| a.name.cmp(&b.name));
    fixtures
}

/// A page of codes, with a row for every documented code that came into the spec after the page was written: so a new
/// code is one row, in the spec.
fn with_new_codes(page: &str, mut text: String) -> String {
    static SPEC: LazyLock<Value> = LazyLock::new(|| {
        let spec = fs::read_to_string(root().join("spec/responses.yaml")).expect("spec/responses.yaml");
        serde_saphyr::from_str(&spec).expect("YAML")
    });
    let api = page.split_once("-responses").map_or("", |(api, _)| api);
    let cells = |row: &Value| ["http", "code", "name", "message"].map(|key| row[key].to_string().replace('"', ""));
    let mut before = None;
    for row in SPEC[api]["codes"].as_array().into_iter().flatten() {
        let name = row.get("name").unwrap_or(&row["message"]).as_str().expect("a name");
        let place = text.find(&format!("<td><code>{name}</code></td>"));
        match (place, before) {
            (Some(_), _) => before = Some(row),
            (None, Some(before)) if row["source"]["confidence"] == "documented" => {
                let known = before
                    .get("name")
                    .unwrap_or(&before["message"])
                    .as_str()
                    .expect("a name");
                let place = text.find(&format!("<code>{known}</code>")).expect("the row before");
                let start = text[..place].rfind("<tr>").expect("a row");
                let end = place + text[place..].find("</tr>").expect("the end of the row") + "</tr>".len();
                let mut new = text[start..end].to_owned();
                for (old, cell) in cells(before).iter().zip(cells(row)) {
                    new = new.replacen(&format!(">{old}<"), &format!(">{cell}<"), 1);
                }
                text.insert_str(end, &new);
            }
            (None, _) => {}
        }
    }
    text
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

/// A page, what is changed in it, the level, and words of the finding on the line of the change.
pub type Case = (&'static str, &'static str, &'static str, Level, &'static str);

/// Expects every change to be told on its line.
pub fn told(cases: &[Case]) {
    let book = book();
    let lock = accepted(&book);
    let mut missed = Vec::new();
    for (name, from, to, level, words) in cases {
        let (report, line) = changed(&book, &lock, name, from, to);
        // An addition is on the line after the text that it follows.
        let lines = line..=line + to.matches('\n').count();
        let told = findings(&report, *level)
            .into_iter()
            .any(|(at, _, found)| lines.contains(&at) && found.contains(words));
        if !told {
            missed.push(format!(
                "{name}:{line}: {from} becomes {to}, expected {level:?} {words}\n{report}"
            ));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}
