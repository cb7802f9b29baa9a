//! Compares the Korean page with the English one: what one says and the other does not.

use std::collections::BTreeMap;

use super::{
    block::Spot,
    compare::{Expected, Group, Sheet},
    located::At,
    report::{Finding, Level, Report},
};
use crate::sources::PageLanguage;

/// A fact by its kind, subject and attribute.
type Key = (Group, String, &'static str);

/// Attributes that a page states in passing.
const DESCRIBED: &[&str] = &["values", "format", "notation", "zone", "form", "unit", "mention"];

/// The facts of a page in one language.
#[derive(Debug)]
struct Side {
    file: String,
    facts: BTreeMap<Key, (String, Spot)>,
    /// What was already reported about the page; a pair does not repeat it.
    told: Vec<String>,
}

/// Pages by what they are, then by language.
#[derive(Debug, Default)]
pub struct Pairs(BTreeMap<String, BTreeMap<&'static str, Side>>);

impl Pairs {
    /// Notes a page.
    pub fn push(&mut self, kind: &str, language: PageLanguage, sheet: &Sheet, expected: &[Expected]) {
        // If a page need not say something, it need not say it in either language.
        let optional = |subject: &str| {
            expected
                .iter()
                .any(|expected| expected.subject == subject && !expected.must)
        };
        let readings = sheet.readings.iter().filter(|reading| !optional(&reading.subject));
        let facts = readings.map(|reading| {
            let key = (reading.group, reading.subject.clone(), reading.attribute);
            (key, (reading.value.clone(), reading.spot))
        });
        let side = Side {
            file: sheet.file.clone(),
            facts: facts.collect(),
            told: sheet
                .findings
                .iter()
                .filter(|finding| matches!(finding.level, Level::Drift | Level::Known))
                .map(|finding| finding.fact.clone())
                .collect(),
        };
        if kind != "guide" {
            self.0.entry(kind.to_owned()).or_default().insert(language.code(), side);
        }
    }

    /// Compares the two languages of every page that is there in both.
    pub fn compare(self, report: &mut Report) {
        for mut sides in self.0.into_values() {
            let (Some(ko), Some(en)) = (sides.remove("ko"), sides.remove("en")) else {
                continue;
            };
            let told = |fact: &str, subject: &str| {
                let told = ko.told.iter().chain(&en.told);
                told.clone().any(|told| told == fact || told == subject)
            };
            let mut findings = Vec::new();
            for (key, (value, spot)) in &en.facts {
                let (_, subject, attribute) = key;
                let fact = format!("{subject} {attribute}").trim_end().to_owned();
                let words = match ko.facts.get(key) {
                    _ if told(&fact, subject) => continue,
                    Some((other, _)) if other == value => continue,
                    Some((other, at)) => format!(
                        "the English page says {value}, the Korean one {other} ({}:{})",
                        ko.file, at.line
                    ),
                    // A description need not name it in either language.
                    None if DESCRIBED.contains(attribute) => continue,
                    None => format!("only the English page says so ({} does not)", ko.file),
                };
                let page = At {
                    file: en.file.clone(),
                    line: spot.line,
                };
                findings.push(Finding {
                    level: Level::Drift,
                    fact,
                    words,
                    page,
                    row: spot.row,
                    spec: None,
                });
            }
            let both = en.facts.keys().filter(|key| ko.facts.contains_key(*key)).count();
            report.add(&en.file, both, findings);
        }
    }
}
