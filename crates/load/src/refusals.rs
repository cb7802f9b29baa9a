//! What the service said about records that it did not accept, by code, with the first places.

use std::collections::BTreeMap;

use dfinery::Language;
use dfinery_records::Problems;

use crate::outcome::Outcome;

/// What a run has heard, by code.
#[derive(Debug, Default)]
pub(crate) struct Refusals(BTreeMap<String, Refusal>);

#[derive(Debug)]
struct Refusal {
    /// What happened to the first.
    message: String,
    remedy: Option<&'static str>,
    records: u64,
    first: Vec<(String, u64)>,
}

impl Refusals {
    /// The service may answer anything: records with further codes are in the counts only.
    const MOST_CODES: usize = 200;
    const MOST_PLACES: usize = 5;

    /// Adds records that share an outcome, each by its file and line.
    pub(crate) fn add<'a>(&mut self, outcome: &Outcome, places: impl Iterator<Item = (&'a str, u64)>, records: u64) {
        let code = outcome.code().unwrap_or_else(|| outcome.fate.name().to_owned());
        if !self.0.contains_key(&code) && self.0.len() >= Self::MOST_CODES {
            return;
        }
        let refusal = self.0.entry(code).or_insert_with(|| Refusal {
            message: outcome.message().unwrap_or_default(),
            remedy: outcome.error.as_ref().and_then(|error| error.remedy(Language::English)),
            records: 0,
            first: Vec::new(),
        });
        refusal.records += records;
        let room = Self::MOST_PLACES.saturating_sub(refusal.first.len());
        let places = places.take(room).map(|(file, line)| (file.to_owned(), line));
        refusal.first.extend(places);
    }

    pub(crate) fn add_to(&self, problems: &mut Problems) {
        for (code, refusal) in &self.0 {
            let first = refusal.first.iter().map(|(file, line)| (file.as_str(), *line));
            problems.refused(code, &refusal.message, refusal.remedy, refusal.records, first);
        }
    }
}
