//! Compares what a page says with what the spec says.

use std::collections::{BTreeMap, BTreeSet};

use similar::TextDiff;

use super::{
    block::Spot,
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
    pub spot: Spot,
}

/// A difference in a sample, of which `spec/drift.yaml` may know.
#[derive(Clone, Debug)]
pub struct Doubt {
    pub fact: &'static str,
    pub reading: String,
    pub words: String,
    pub spot: Spot,
    pub at: At,
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
    pub doubts: Vec<Doubt>,
    pub findings: Vec<Finding>,
    /// The entries of `spec/drift.yaml` that the page bears out, by index.
    pub used: BTreeSet<usize>,
    /// Where the page covers a kind of fact.
    pub places: BTreeMap<Group, usize>,
    /// Where the page lists the fields of an object, by the beginning of their names.
    pub objects: BTreeMap<String, usize>,
}

impl Sheet {
    /// Notes a fact.
    pub fn read(&mut self, group: Group, subject: &str, attribute: &'static str, value: &str, spot: impl Into<Spot>) {
        let spot = spot.into();
        self.places.entry(group).or_insert(spot.line);
        self.readings.push(Reading {
            group,
            subject: subject.to_owned(),
            attribute,
            value: value.to_owned(),
            spot,
        });
    }

    /// Notes a finding.
    pub fn say(&mut self, level: Level, fact: &str, words: impl Into<String>, spot: impl Into<Spot>, spec: Option<At>) {
        let Spot { line, row } = spot.into();
        let finding = Finding {
            level,
            fact: fact.to_owned(),
            words: words.into(),
            page: At {
                file: self.file.clone(),
                line,
            },
            row,
            spec,
        };
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }

    /// Counts a fact, and reports it unless it holds.
    pub fn check(&mut self, holds: bool, fact: &str, words: impl FnOnce() -> String, spot: impl Into<Spot>, spec: &At) {
        self.facts += 1;
        if !holds {
            self.say(Level::Drift, fact, words(), spot, Some(spec.clone()));
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
    fn spot(&self) -> Spot {
        let row = self.readings.iter().find(|reading| reading.attribute.is_empty());
        row.or(self.readings.first()).map_or(1.into(), |reading| reading.spot)
    }

    /// Whether it is in a table, not only in prose or in a sample.
    fn has_row(&self) -> bool {
        self.readings.iter().any(|reading| reading.attribute.is_empty())
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

    let (mut missing, mut misplaced) = (Vec::new(), Vec::new());
    // The last subject of each kind that page and spec share: what is missing would be near it.
    let mut last: BTreeMap<Group, Spot> = BTreeMap::new();
    for expected in expected {
        match subjects.remove(&(expected.group, expected.subject.as_str())) {
            // The spelling of the samples has taken the place of the table's own.
            Some(subject) if expected.group == Group::RateHeaders && !expected.must && subject.has_row() => {
                misplaced.push(subject);
            }
            Some(subject) => {
                if !expected.subject.contains('.') && subject.has_row() {
                    last.insert(expected.group, subject.spot());
                }
                compare_subject(sheet, expected, &subject, knowledge);
                // What only prose or a sample has is missing in its table.
                if expected.must && expected.group.is_table() && !subject.has_row() {
                    missing.push((expected, last.get(&expected.group).copied()));
                }
            }
            None if expected.must => missing.push((expected, last.get(&expected.group).copied())),
            None => {}
        }
    }
    let is_known = |subject: &Subject<'_>| !matches!(knowledge.verdict(subject.name, "present"), Verdict::Unknown);
    let (known, mut extra): (Vec<_>, Vec<_>) = subjects.into_values().chain(misplaced).partition(is_known);
    while let Some((from, to)) = renamed(&missing, &extra) {
        let (expected, _) = missing.remove(from);
        let subject = extra.remove(to);
        let words = format!("reads `{}` on the page", subject.name);
        sheet.facts += 1;
        sheet.say(
            Level::Drift,
            &expected.subject,
            words,
            subject.spot(),
            Some(expected.at.clone()),
        );
        compare_subject(sheet, expected, &subject, knowledge);
    }
    for (expected, near) in missing {
        report_missing(sheet, expected, near, knowledge);
    }
    for subject in extra.iter().chain(&known) {
        report_extra(sheet, subject, knowledge);
    }
    sheet.readings = readings;
    for doubt in std::mem::take(&mut sheet.doubts) {
        sheet.facts += 1;
        let at = Some(&doubt.at);
        difference(
            sheet,
            doubt.fact,
            &doubt.reading,
            doubt.words,
            doubt.spot,
            at,
            knowledge,
        );
    }
}

/// A subject that is gone and a new one that took its place, by their indices: all else is the same and no other fits, or
/// their names are alike, or they are the only ones of their kind.
fn renamed(missing: &[(&Expected, Option<Spot>)], extra: &[Subject<'_>]) -> Option<(usize, usize)> {
    for (from, (expected, _)) in missing.iter().enumerate() {
        let alike = |subject: &Subject<'_>| {
            let rivals = missing.iter().filter(|(missing, _)| subject.resembles(missing)).count();
            subject.resembles(expected) && rivals == 1
        };
        let mut candidates = extra.iter().enumerate().filter(|(_, subject)| alike(subject));
        if let (Some((to, _)), None) = (candidates.next(), candidates.next()) {
            return Some((from, to));
        }
    }
    let pairs = missing.iter().enumerate().flat_map(|(from, (expected, _))| {
        let same = extra
            .iter()
            .enumerate()
            .filter(|(_, subject)| subject.group == expected.group);
        same.map(move |(to, subject)| (from, to, likeness(&expected.subject, subject.name)))
    });
    let best = pairs.max_by(|a, b| a.2.total_cmp(&b.2));
    if let Some((from, to, likeness)) = best
        && likeness > 0.7
    {
        return Some((from, to));
    }
    let single = |group: Group| {
        let count = missing.iter().filter(|(expected, _)| expected.group == group).count();
        count == 1 && extra.iter().filter(|subject| subject.group == group).count() == 1
    };
    let named = [Group::Columns, Group::RateHeaders, Group::Samples];
    let from = missing
        .iter()
        .position(|(expected, _)| named.contains(&expected.group) && single(expected.group))?;
    let group = missing.get(from)?.0.group;
    Some((from, extra.iter().position(|subject| subject.group == group)?))
}

/// How alike two subjects are, from 0 to 1, without the words that all of their kind have.
fn likeness(a: &str, b: &str) -> f32 {
    fn bare(name: &str) -> (&str, String) {
        let (kind, name) = name.split_once(' ').unwrap_or(("", name));
        let owner = name.rfind('.').map_or(0, |dot| dot + 1);
        (kind, name.get(owner..).unwrap_or_default().to_lowercase())
    }
    let ((kind, a), (other, b)) = (bare(a), bare(b));
    if kind == other {
        TextDiff::from_chars(a.as_str(), b.as_str()).ratio()
    } else {
        0.0
    }
}

fn compare_subject(sheet: &mut Sheet, expected: &Expected, subject: &Subject<'_>, knowledge: &Knowledge<'_>) {
    let rows = subject
        .readings
        .iter()
        .filter(|reading| reading.attribute.is_empty())
        .count();
    confirm(
        sheet,
        &expected.subject,
        "absent",
        "is on the page now",
        subject.spot(),
        &expected.at,
        knowledge,
    );
    for reading in &subject.readings {
        sheet.facts += 1;
        if reading.attribute.is_empty() {
            if rows > 1 && expected.group.is_table() {
                sheet.say(
                    Level::Drift,
                    &expected.subject,
                    "stands twice on the page",
                    reading.spot,
                    Some(expected.at.clone()),
                );
            }
            continue;
        }
        if reading.attribute == "mention" {
            continue;
        }
        let name = format!("{} {}", expected.subject, reading.attribute);
        let fact = expected.facts.iter().find(|fact| fact.attribute == reading.attribute);
        let at = fact.map_or(&expected.at, |fact| &fact.at);
        if fact.is_some_and(|fact| fact.accepted.contains(&reading.value)) {
            let words = format!("the page says {}, as chosen", reading.value);
            confirm(sheet, &name, "any", &words, reading.spot, at, knowledge);
            continue;
        }
        let own = fact
            .and_then(|fact| fact.accepted.first())
            .map_or("nothing", String::as_str);
        let says = if reading.value.is_empty() {
            "nothing"
        } else {
            &reading.value
        };
        let words = format!("the page says {says}, the spec says {own}");
        difference(sheet, &name, &reading.value, words, reading.spot, Some(at), knowledge);
    }
}

/// Says that a page bears out what `spec/drift.yaml` holds for open.
fn confirm(sheet: &mut Sheet, fact: &str, reading: &str, words: &str, spot: Spot, at: &At, knowledge: &Knowledge<'_>) {
    if let Some((index, entry)) = knowledge.entry(fact, reading) {
        sheet.used.insert(index);
        let words = format!("{words}: raise the confidence at {at} and remove {entry}");
        sheet.say(Level::Settle, fact, words, spot, Some(at.clone()));
    }
}

fn report_missing(sheet: &mut Sheet, expected: &Expected, near: Option<Spot>, knowledge: &Knowledge<'_>) {
    // What is known to be missing was not compared: if it appears on the page one day and then vanishes, fewer facts
    // remain.
    if !matches!(knowledge.verdict(&expected.subject, "absent"), Verdict::Known { .. }) {
        sheet.facts += weight(expected);
    }
    let object = expected
        .subject
        .rfind('.')
        .map_or("body ", |dot| expected.subject.get(..=dot).unwrap_or_default());
    let object = sheet.objects.get(object).filter(|_| expected.group == Group::Body);
    let group = match expected.group {
        // They are in the table of the headers.
        Group::Periods => sheet.places.get(&Group::RateHeaders),
        _ => None,
    };
    let place = object.or(sheet.places.get(&expected.group)).or(group).copied();
    // The nearest row helps only within the table that should hold it.
    let near = near.filter(|spot| place.is_none_or(|line| object.is_none() || spot.line >= line));
    let spot = near.or(place.map(Spot::from)).unwrap_or(1.into());
    let words = "is in the spec, but not on the page".to_owned();
    difference(
        sheet,
        &expected.subject,
        "absent",
        words,
        spot,
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
    let mut spots: Vec<_> = subject.readings.iter().map(|reading| reading.spot).collect();
    spots.dedup();
    let bare = subject.name.split_once(' ').map_or(subject.name, |(_, name)| name);
    for spot in spots {
        // A new name in a table is told as its row.
        let told = sheet.findings.iter().any(|finding| {
            let here = (finding.page.line, finding.row) == (spot.line, spot.row);
            here && finding.level < Level::Look && (finding.fact.contains(bare) || finding.words.contains(bare))
        });
        if told && matches!(subject.group, Group::Names | Group::Samples) {
            continue;
        }
        difference(sheet, subject.name, "present", words.clone(), spot, None, knowledge);
    }
}

/// Reports that page and spec differ, at the level that fits what is known about it.
fn difference(
    sheet: &mut Sheet,
    fact: &str,
    reading: &str,
    words: String,
    spot: Spot,
    at: Option<&At>,
    knowledge: &Knowledge<'_>,
) {
    match knowledge.verdict(fact, reading) {
        Verdict::Unknown => sheet.say(Level::Drift, fact, words, spot, at.cloned()),
        Verdict::Known { because, index, at } => {
            sheet.used.insert(index);
            sheet.say(Level::Known, fact, format!("{words}: {because}"), spot, Some(at));
        }
        // An empty cell leaves the question open.
        Verdict::Open { index, .. } if reading.is_empty() => {
            sheet.used.insert(index);
        }
        Verdict::Open {
            because,
            index,
            at: entry,
        } => {
            sheet.used.insert(index);
            let words = format!("{words}: {because}; this settles it: change the spec and remove {entry}");
            sheet.say(Level::Settle, fact, words, spot, at.cloned());
        }
    }
}

/// The number of facts about a subject of the spec.
fn weight(expected: &Expected) -> usize {
    expected.facts.len() + usize::from(expected.group != Group::Operation && expected.group != Group::Limits)
}
