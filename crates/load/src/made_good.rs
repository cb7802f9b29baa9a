//! Which records of a dead letter were corrected and loaded since, by the input and the line that they are from.

use std::{collections::BTreeMap, path::PathBuf};

use dfinery::Timestamp;
use roaring::RoaringTreemap;

/// Lines of inputs, by the names of these.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lines(BTreeMap<String, RoaringTreemap>);

impl Lines {
    pub(crate) fn add(&mut self, input: &str, line: u64) {
        match self.0.get_mut(input) {
            Some(lines) => _ = lines.insert(line),
            None => _ = self.0.insert(input.to_owned(), [line].into_iter().collect()),
        }
    }

    pub(crate) fn has(&self, input: &str, line: u64) -> bool {
        self.0.get(input).is_some_and(|lines| lines.contains(line))
    }

    fn add_all(&mut self, input: &str, lines: RoaringTreemap) {
        if !lines.is_empty() {
            *self.0.entry(input.to_owned()).or_default() |= lines;
        }
    }
}

/// How a record was made good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Good {
    /// Its corrected rows were accepted.
    Accepted,
    /// The mapping passes over its corrected rows: it is no record.
    PassedOver,
}

/// What corrections have made good. A line that several of them name is there once.
#[derive(Clone, Debug, Default)]
pub(crate) struct MadeGood {
    accepted: Lines,
    passed_over: Lines,
    /// The tables whose rows these are, and when the last load of each ended.
    pub(crate) tables: BTreeMap<PathBuf, Option<Timestamp>>,
}

impl MadeGood {
    pub(crate) fn is_empty(&self) -> bool {
        self.accepted.0.is_empty() && self.passed_over.0.is_empty()
    }

    /// How the record on a line of an input was made good, if it was.
    pub(crate) fn of(&self, input: &str, line: u64) -> Option<Good> {
        if self.accepted.has(input, line) {
            Some(Good::Accepted)
        } else {
            self.passed_over.has(input, line).then_some(Good::PassedOver)
        }
    }

    pub(crate) fn add(&mut self, input: &str, accepted: RoaringTreemap, passed_over: RoaringTreemap) {
        self.accepted.add_all(input, accepted);
        self.passed_over.add_all(input, passed_over);
    }
}
