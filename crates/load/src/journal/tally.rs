//! Counts of records by fate and code.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::record::Fate;

/// How many records have each fate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tally {
    /// For each fate, the number of records by code; the empty code means none.
    counts: BTreeMap<Fate, BTreeMap<String, u64>>,
    twice: u64,
}

impl Tally {
    /// The most codes to count separately for one fate. The server may answer anything; records with further codes are
    /// counted without one.
    const CODES: usize = 200;

    #[cfg(test)]
    pub(crate) fn count(&self, fate: Fate) -> u64 {
        self.counts.get(&fate).map_or(0, |codes| codes.values().sum())
    }

    /// The records of all fates.
    #[cfg(test)]
    pub(crate) fn total(&self) -> u64 {
        self.counts.values().flat_map(BTreeMap::values).sum()
    }

    /// The counts for one fate, by code.
    pub(crate) fn codes(&self, fate: Fate) -> impl Iterator<Item = (Option<&str>, u64)> {
        let codes = self.counts.get(&fate).into_iter().flatten();
        codes.map(|(code, count)| (Some(code.as_str()).filter(|code| !code.is_empty()), *count))
    }

    /// How many records may have been taken twice.
    pub(crate) fn twice(&self) -> u64 {
        self.twice
    }

    pub(crate) fn add(&mut self, fate: Fate, code: Option<&str>, records: u64, twice: bool) {
        if records == 0 {
            return;
        }
        if twice {
            self.twice += records;
        }
        let codes = self.counts.entry(fate).or_default();
        let code = code.unwrap_or_default();
        if let Some(count) = codes.get_mut(code) {
            *count += records;
        } else if codes.len() < Self::CODES {
            codes.insert(code.to_owned(), records);
        } else {
            *codes.entry(String::new()).or_default() += records;
        }
    }

    pub(super) fn subtract(&mut self, other: &Self) {
        self.twice = self.twice.saturating_sub(other.twice);
        for (fate, others) in &other.counts {
            let codes = self.counts.entry(*fate).or_default();
            for (code, less) in others {
                // Codes beyond the limit were counted without one.
                let known = if codes.contains_key(code) { code.as_str() } else { "" };
                if let Some(count) = codes.get_mut(known) {
                    *count = count.saturating_sub(*less);
                }
            }
            codes.retain(|_, count| *count > 0);
        }
        self.counts.retain(|_, codes| !codes.is_empty());
    }
}
