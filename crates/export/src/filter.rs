//! Which events and properties are exported.

use std::collections::BTreeSet;

use dfinery::EventQuery;
use jiff::civil::Date;
use serde_json::{Value, json};

/// Which events, or which properties, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum NameFilter {
    /// All.
    #[default]
    All,
    /// Only those of these names.
    Only(Vec<String>),
    /// All but those of these names.
    Without(Vec<String>),
}

impl NameFilter {
    pub(crate) fn allows(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => names.iter().any(|only| only == name),
            Self::Without(names) => names.iter().all(|without| without != name),
        }
    }

    /// What is left of it without some names; none if that is nothing.
    pub(crate) fn rest(&self, names: &BTreeSet<String>) -> Option<Self> {
        let mut without: Vec<_> = names.iter().cloned().collect();
        match self {
            Self::Only(_) => return None,
            Self::All => {}
            Self::Without(others) => without.extend(others.iter().cloned()),
        }
        Some(Self::Without(without))
    }

    /// The same filter for a manifest.
    pub(crate) fn describe(&self) -> Value {
        match self {
            Self::All => json!("all"),
            Self::Only(names) => json!({ "only": names }),
            Self::Without(names) => json!({ "without": names }),
        }
    }
}

/// The query of a range of days.
pub(crate) fn event_query(from: Date, to: Date, events: &NameFilter, properties: &NameFilter) -> EventQuery {
    let query = EventQuery::between(from, to);
    let query = match events {
        NameFilter::All => query,
        NameFilter::Only(names) => query.only(names),
        NameFilter::Without(names) => query.without(names),
    };
    match properties {
        NameFilter::All => query,
        NameFilter::Only(names) => query.only_properties(names),
        NameFilter::Without(names) => query.without_properties(names),
    }
}

/// The same query for a manifest.
pub(crate) fn describe(from: Date, to: Date, events: &NameFilter, properties: &NameFilter) -> Value {
    json!({ "from_date": from, "to_date": to, "events": events.describe(), "properties": properties.describe() })
}
