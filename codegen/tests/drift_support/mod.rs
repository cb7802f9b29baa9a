//! The spec of this repository, and pages in the vendor's format, in our own words.

#![allow(dead_code, reason = "each test uses a part")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use codegen::{
    drift::{Book, Document},
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
