//! Warnings that only all records together show.

use foldhash::fast::RandomState;
use std::hash::BuildHasher;

use super::{
    causes::{Cause, Count, Place},
    frequent::{Frequent, Spot},
};
use crate::{
    checked::Checked,
    identifier::{digits, words},
    ids::{EMAIL, FIELDS, PHONE_NO},
    warning::WarningKind,
};

/// Fewer records with the same identifier are ordinary.
const FEW: u64 = 10;
/// An identifier may be in this many times as many records as one is on average.
const TIMES: u64 = 5;
/// So many zeros behind the fifteenth digit are chance in one of a thousand inputs.
const EVIDENCE: usize = 3;

/// What is known of the identifiers of an input. It holds hashes of them only.
#[derive(Clone, Debug, Default)]
pub(super) struct Whole {
    hasher: RandomState,
    files: Vec<String>,
    records: u64,
    fields: [Field; FIELDS.len()],
}

#[derive(Clone, Debug, Default)]
struct Field {
    /// The records that have it.
    records: u64,
    frequent: Frequent,
    /// Identifiers with more digits than a spreadsheet keeps.
    long: u64,
    rounded: Count,
    first_rounded: Vec<Spot>,
    /// The hashes of some different ones that seem rounded, and the digits that they lost.
    different: Vec<u64>,
    evidence: usize,
}

impl Whole {
    /// Adds a good record.
    #[inline]
    pub(super) fn add(&mut self, file: &str, line: u64, checked: &Checked<'_>) {
        self.records += 1;
        let file = self.file(file);
        let spot = Spot { file, line };
        for (place, field) in self.fields.iter_mut().enumerate() {
            let Some(id) = checked.identity.get(place) else {
                continue;
            };
            let hash = self.hasher.hash_one(id);
            field.records += 1;
            let counter = field.frequent.add(hash, spot);
            if let Some(counter) = counter
                && !checked.warnings.is_empty()
            {
                counter.word = words::placeholder(id.trim());
            }
            if place != PHONE_NO
                && place != EMAIL
                && let Some(is_rounded) = digits::may_be_rounded(id)
            {
                field.long_number(self.records, hash, digits::not_kept(id), is_rounded, spot);
            }
        }
    }

    /// The position of an input.
    #[inline]
    fn file(&mut self, name: &str) -> u32 {
        if self.files.last().is_none_or(|last| last != name) {
            self.files.push(name.to_owned());
        }
        u32::try_from(self.files.len() - 1).unwrap_or(u32::MAX)
    }

    /// What all records together show.
    pub(super) fn causes(&self) -> Vec<Cause> {
        let mut causes = Vec::new();
        for (name, field) in FIELDS.iter().zip(&self.fields) {
            let cause = |kind, problem, records, first: &[Spot]| Cause {
                path: format!("identity.{name}"),
                problem,
                name: Some(kind),
                count: Count::of(records),
                first: first.iter().filter_map(|spot| self.place(*spot)).collect(),
            };
            if field.seems_rounded() {
                let problem = "holds numbers of more than 15 digits with only zeros behind the fifteenth, as spreadsheets write them, so that several may have become one";
                let records = field.rounded.get();
                causes.push(cause(
                    WarningKind::RoundedColumn,
                    problem.to_owned(),
                    records,
                    &field.first_rounded,
                ));
            }
            let average = field
                .frequent
                .values()
                .map(|values| field.records / (values.max(1) as u64));
            for counter in field.frequent.counters() {
                let records = counter.records;
                // With more values than are counted, none is near one percent on average.
                let is_heavy = records >= FEW
                    && records * 100 > self.records
                    && average.is_none_or(|average| records > average * TIMES);
                if is_heavy {
                    let problem = heavy(records, self.records, counter.word);
                    causes.push(cause(WarningKind::HeavyId, problem, records, counter.first()));
                }
            }
        }
        causes
    }

    fn place(&self, spot: Spot) -> Option<Place> {
        let file = self.files.get(usize::try_from(spot.file).ok()?)?.clone();
        Some(Place { file, line: spot.line })
    }
}

impl Field {
    #[cold]
    fn long_number(&mut self, record: u64, hash: u64, lost: usize, is_rounded: bool, spot: Spot) {
        self.long += 1;
        if !is_rounded {
            return;
        }
        self.rounded.add(record);
        if self.first_rounded.len() < super::causes::MOST_PLACES {
            self.first_rounded.push(spot);
        }
        if self.evidence < EVIDENCE && !self.different.contains(&hash) {
            self.different.push(hash);
            self.evidence += lost;
        }
    }

    fn seems_rounded(&self) -> bool {
        self.evidence >= EVIDENCE && self.rounded.get() * 2 > self.long
    }
}

/// How much one identifier holds. It is named only if it is a placeholder that this library knows.
fn heavy(records: u64, all: u64, word: Option<&str>) -> String {
    let tenths = u128::from(records) * 1_000 / u128::from(all.max(1));
    let (percent, tenth) = (tenths / 10, tenths % 10);
    let word = word.map_or_else(String::new, |word| format!(" ({word})"));
    format!("one identifier{word} is in {percent}.{tenth} % of the records, far more than others")
}
