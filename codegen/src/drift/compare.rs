//! Compares what a page says with what the spec says.

use std::collections::BTreeMap;

use super::{
    known::{Knowledge, Verdict},
    located::At,
    report::{Finding, Level},
};

/// A kind of fact. Within a kind, what the spec lacks and what the page lacks may be one renamed thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    Operation,
    Codes,
    Statuses,
    Query,
    Headers,
    /// Headers in samples that the table has too.
    Samples,
    Body,
    Answer,
    Columns,
    Limits,
    Families,
    RateHeaders,
    Periods,
    Types,
    Names,
}

impl Group {
    /// Whether a subject has only one row.
    fn is_table(self) -> bool {
        matches!(
            self,
            Self::Codes
                | Self::Statuses
                | Self::Query
                | Self::Headers
                | Self::Body
                | Self::Columns
                | Self::Families
                | Self::RateHeaders
                | Self::Types
        )
    }
}

/// A fact on a page. Without an attribute: that the subject is there at all.
#[derive(Clone, Debug)]
pub struct Reading {
    pub group: Group,
    pub subject: String,
    pub attribute: &'static str,
    pub value: String,
    pub line: usize,
}

/// What the spec says about a subject.
#[derive(Clone, Debug)]
pub struct Expected {
    pub group: Group,
    pub subject: String,
    /// Whether a page of this kind has to say it.
    pub must: bool,
    pub at: At,
    pub facts: Vec<ExpectedFact>,
}

/// A value in the spec.
#[derive(Clone, Debug)]
pub struct ExpectedFact {
    pub attribute: &'static str,
    /// The first one is the spec's own; the others mean the same.
    pub accepted: Vec<String>,
    pub at: At,
}

/// Everything that was read from a page.
#[derive(Debug, Default)]
pub struct Sheet {
    pub file: String,
    /// How many facts were compared.
    pub facts: usize,
    pub readings: Vec<Reading>,
    pub findings: Vec<Finding>,
    /// Where the page covers a kind of fact.
    pub places: BTreeMap<Group, usize>,
    /// Where the page lists the fields of an object, by the beginning of their names.
    pub objects: BTreeMap<String, usize>,
}

impl Sheet {
    /// Notes a fact.
    pub fn read(&mut self, group: Group, subject: &str, attribute: &'static str, value: &str, line: usize) {
        self.places.entry(group).or_insert(line);
        self.readings.push(Reading {
            group,
            subject: subject.to_owned(),
            attribute,
            value: value.to_owned(),
            line,
        });
    }

    /// Notes a finding.
    pub fn say(&mut self, level: Level, fact: &str, words: impl Into<String>, line: usize, spec: Option<At>) {
        let finding = Finding {
            level,
            fact: fact.to_owned(),
            words: words.into(),
            page: self.at(line),
            spec,
        };
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }

    /// Counts a fact, and reports it unless it holds.
    pub fn check(&mut self, holds: bool, fact: &str, words: impl FnOnce() -> String, line: usize, spec: &At) {
        self.facts += 1;
        if !holds {
            self.say(Level::Drift, fact, words(), line, Some(spec.clone()));
        }
    }

    fn at(&self, line: usize) -> At {
        At {
            file: self.file.clone(),
            line,
        }
    }
}

/// A subject of the page with its lines and attributes.
struct Subject<'a> {
    group: Group,
    name: &'a str,
    readings: Vec<&'a Reading>,
}

impl Subject<'_> {
    fn line(&self) -> usize {
        self.readings.first().map_or(1, |reading| reading.line)
    }

    /// Whether it says about itself what the spec says about another.
    fn resembles(&self, expected: &Expected) -> bool {
        let said: Vec<_> = self
            .readings
            .iter()
            .filter(|reading| !reading.attribute.is_empty())
            .collect();
        let fits = |reading: &&&Reading| {
            let fact = expected.facts.iter().find(|fact| fact.attribute == reading.attribute);
            fact.is_some_and(|fact| fact.accepted.contains(&reading.value))
        };
        self.group == expected.group && !said.is_empty() && said.iter().all(fits)
    }
}

/// Compares the readings of a sheet and adds the findings.
pub fn compare(sheet: &mut Sheet, expected: &[Expected], knowledge: &Knowledge<'_>) {
    let readings = std::mem::take(&mut sheet.readings);
    let mut subjects: BTreeMap<(Group, &str), Subject<'_>> = BTreeMap::new();
    for reading in &readings {
        let key = (reading.group, reading.subject.as_str());
        let subject = subjects.entry(key).or_insert_with(|| Subject {
            group: reading.group,
            name: &reading.subject,
            readings: Vec::new(),
        });
        subject.readings.push(reading);
    }

    let mut missing = Vec::new();
    for expected in expected {
        match subjects.remove(&(expected.group, expected.subject.as_str())) {
            Some(subject) => compare_subject(sheet, expected, &subject, knowledge),
            None if expected.must => missing.push(expected),
            None => {}
        }
    }
    let mut extra: Vec<_> = subjects.into_values().collect();
    for expected in missing.clone() {
        // One subject gone, one new, and all else the same: it was renamed.
        let alike = |subject: &Subject<'_>| {
            let rivals = missing.iter().filter(|missing| subject.resembles(missing)).count();
            subject.resembles(expected) && rivals == 1
        };
        let mut candidates = extra.iter().enumerate().filter(|(_, subject)| alike(subject));
        if let (Some((index, subject)), None) = (candidates.next(), candidates.next()) {
            let words = format!("reads `{}` on the page", subject.name);
            sheet.facts += weight(expected);
            sheet.say(
                Level::Drift,
                &expected.subject,
                words,
                subject.line(),
                Some(expected.at.clone()),
            );
            extra.remove(index);
            missing.retain(|missing| missing.subject != expected.subject || missing.group != expected.group);
        }
    }
    for expected in missing {
        report_missing(sheet, expected, knowledge);
    }
    for subject in &extra {
        report_extra(sheet, subject, knowledge);
    }
    sheet.readings = readings;
}

fn compare_subject(sheet: &mut Sheet, expected: &Expected, subject: &Subject<'_>, knowledge: &Knowledge<'_>) {
    let rows = subject
        .readings
        .iter()
        .filter(|reading| reading.attribute.is_empty())
        .count();
    for reading in &subject.readings {
        sheet.facts += 1;
        if reading.attribute.is_empty() {
            if rows > 1 && expected.group.is_table() {
                sheet.say(
                    Level::Drift,
                    subject.name,
                    "stands twice on the page",
                    reading.line,
                    Some(expected.at.clone()),
                );
            }
            continue;
        }
        let Some(fact) = expected.facts.iter().find(|fact| fact.attribute == reading.attribute) else {
            continue;
        };
        if fact.accepted.contains(&reading.value) {
            continue;
        }
        let name = format!("{} {}", expected.subject, reading.attribute);
        let own = fact.accepted.first().map_or("nothing", String::as_str);
        let says = if reading.value.is_empty() {
            "nothing"
        } else {
            &reading.value
        };
        let words = format!("the page says {says}, the spec says {own}");
        difference(
            sheet,
            &name,
            &reading.value,
            words,
            reading.line,
            Some(&fact.at),
            knowledge,
        );
    }
}

fn report_missing(sheet: &mut Sheet, expected: &Expected, knowledge: &Knowledge<'_>) {
    // What is known to be missing was not compared: if it appears on the page one day and then vanishes, fewer facts
    // remain.
    if !matches!(knowledge.verdict(&expected.subject, "absent"), Verdict::Known(..)) {
        sheet.facts += weight(expected);
    }
    let object = expected
        .subject
        .rfind('.')
        .map_or("body ", |dot| expected.subject.get(..=dot).unwrap_or_default());
    let object = sheet.objects.get(object).filter(|_| expected.group == Group::Body);
    let line = object.or(sheet.places.get(&expected.group)).copied().unwrap_or(1);
    let words = "is in the spec, but not on the page".to_owned();
    difference(
        sheet,
        &expected.subject,
        "absent",
        words,
        line,
        Some(&expected.at),
        knowledge,
    );
}

fn report_extra(sheet: &mut Sheet, subject: &Subject<'_>, knowledge: &Knowledge<'_>) {
    sheet.facts += subject.readings.len();
    let mut said: Vec<_> = subject
        .readings
        .iter()
        .map(|reading| &reading.value)
        .filter(|value| !value.is_empty())
        .collect();
    said.dedup();
    let said = said.into_iter().cloned().collect::<Vec<_>>().join(", ");
    let said = if said.is_empty() { said } else { format!(" ({said})") };
    let words = format!("is on the page{said}, but not in the spec");
    let mut lines: Vec<_> = subject.readings.iter().map(|reading| reading.line).collect();
    lines.dedup();
    for line in lines {
        difference(sheet, subject.name, "present", words.clone(), line, None, knowledge);
    }
}

/// Reports that page and spec differ, at the level that fits what is known about it.
fn difference(
    sheet: &mut Sheet,
    fact: &str,
    reading: &str,
    words: String,
    line: usize,
    at: Option<&At>,
    knowledge: &Knowledge<'_>,
) {
    match knowledge.verdict(fact, reading) {
        Verdict::Unknown => sheet.say(Level::Drift, fact, words, line, at.cloned()),
        Verdict::Known(because, known_at) => {
            sheet.say(Level::Known, fact, format!("{words}: {because}"), line, Some(known_at));
        }
        Verdict::Open(because) => sheet.say(Level::Settle, fact, format!("{words}: {because}"), line, at.cloned()),
    }
}

/// The number of facts about a subject of the spec.
fn weight(expected: &Expected) -> usize {
    expected.facts.len() + usize::from(expected.group != Group::Operation && expected.group != Group::Limits)
}
