//! Whether the entries of `spec/drift.yaml` are still true: one that its page does not bear out is an error.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    book::Book,
    compare::{Expected, Sheet},
    known::{ANY, Knowledge},
    located::At,
    report::{Finding, Level, Report},
};

/// The entries whose pages were read.
#[derive(Debug, Default)]
pub struct Entries {
    used: BTreeSet<usize>,
    /// The languages that were read, and the last page.
    read: BTreeMap<usize, (BTreeSet<&'static str>, String)>,
}

impl Entries {
    /// Notes what a page says about the entries for it.
    pub fn read(&mut self, sheet: &mut Sheet, expected: &[Expected], knowledge: &Knowledge<'_>) {
        self.used.extend(&sheet.used);
        for (index, known) in knowledge.entries() {
            let exists = |row: &Expected| {
                let mut names = row
                    .facts
                    .iter()
                    .map(|fact| format!("{} {}", row.subject, fact.attribute));
                row.subject == known.fact || names.any(|name| name == known.fact)
            };
            if known.reading != "present" && !expected.iter().any(exists) {
                let at = knowledge.at(index);
                let words = format!("{at} is about a fact that the spec does not have: correct or remove it");
                sheet.say(Level::Error, &known.fact, words, 1, Some(at));
                self.used.insert(index);
            } else if known.reading != ANY {
                let (languages, file) = self.read.entry(index).or_default();
                languages.insert(knowledge.language.code());
                sheet.file.clone_into(file);
            }
        }
    }

    /// Reports the entries that no page has borne out, although all that could have been read.
    pub fn unused(self, report: &mut Report, book: &Book) {
        for (index, (languages, file)) in &self.read {
            let Some(known) = book.drift.known.get(*index).filter(|_| !self.used.contains(index)) else {
                continue;
            };
            if known.language.is_none() && languages.len() < 2 {
                continue;
            }
            let at = book.drift_at(&["known", &index.to_string()]);
            let words = format!(
                "{at} expects `{}`, which the page does not say: correct or remove it",
                known.reading
            );
            let finding = Finding {
                level: Level::Error,
                fact: known.fact.clone(),
                words,
                page: At {
                    file: file.clone(),
                    line: 1,
                },
                row: None,
                spec: Some(at),
            };
            report.add(file, 0, vec![finding]);
        }
    }
}
