//! `spec/drift.lock.yaml`: how many facts each page had, and its wording, when somebody last looked.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{
    block::{Block, Spot},
    page::Page,
};
use crate::problem::{Place, Problem};

/// Where the file is.
pub const FILE: &str = "spec/drift.lock.yaml";

/// What is remembered, by page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    pub pages: BTreeMap<String, Remembered>,
}

/// What is remembered about a page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remembered {
    pub facts: usize,
    /// A hash for each heading, paragraph, row of a table and line of code.
    pub wording: BTreeSet<String>,
}

impl Lock {
    /// Reads the file; an empty text holds nothing.
    ///
    /// # Errors
    /// If it is not YAML or has unknown keys.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        serde_saphyr::from_str(text).map_err(|error| Place::file(FILE).problem(error.to_string()))
    }

    /// The text of the file.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::from(
            "# What `cargo codegen drift` remembers of the vendor's pages. Written by `cargo codegen drift --accept`, not by hand.\n\
             # `facts`: a page that shows fewer is an error. `wording`: hashes of its texts; a new one is reported once.\n\
             pages:",
        );
        if self.pages.is_empty() {
            text.push_str(" {}");
        }
        text.push('\n');
        for (page, Remembered { facts, wording }) in &self.pages {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "  {page}:\n    facts: {facts}\n    wording:");
            for hash in wording {
                let _ = writeln!(text, "      - \"{hash}\"");
            }
            if wording.is_empty() {
                text.truncate(text.trim_end().len());
                text.push_str(" []\n");
            }
        }
        text
    }
}

/// All texts of a page: a hash and the place of each. Facts are among them, so that nothing goes unnoticed that was not
/// read as a fact.
#[must_use]
pub fn wording(page: &Page) -> Vec<(String, Spot)> {
    let mut texts: Vec<(Cow<'_, str>, Spot)> = Vec::new();
    for block in &page.blocks {
        match block {
            Block::Heading(line) | Block::Text(line) => texts.push((line.text.as_str().into(), line.into())),
            Block::Table(table) => {
                texts.extend(
                    table
                        .columns
                        .iter()
                        .map(|cell| (cell.as_str().into(), table.line.into())),
                );
                for row in &table.rows {
                    // As a whole, so that two rows cannot exchange their texts.
                    texts.push((row.cells.join(" | ").into(), row.into()));
                }
            }
            Block::Code(code) => {
                let lines = code.text.lines().enumerate();
                texts.extend(lines.map(|(index, line)| (line.trim().into(), (code.line + index).into())));
            }
        }
    }
    let texts = texts.into_iter().filter(|(text, _)| !text.is_empty());
    texts.map(|(text, spot)| (hash(&text), spot)).collect()
}

/// A hash of a text. It can be short, because a clash only hides one note about wording.
pub fn hash(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest
        .iter()
        .take(6)
        .fold(String::new(), |hash, byte| format!("{hash}{byte:02x}"))
}
