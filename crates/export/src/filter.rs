//! Which events are exported.

use std::collections::BTreeSet;

use dfinery::EventQuery;
use jiff::civil::Date;
use serde_json::{Value, json};

/// Which events, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum EventFilter {
    /// All.
    #[default]
    All,
    /// Only those of these names.
    Only(Vec<String>),
    /// All but those of these names.
    Without(Vec<String>),
}

/// Which properties, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PropertyFilter {
    /// All.
    #[default]
    All,
    /// Only these.
    Only(Vec<String>),
    /// All but these.
    Without(Vec<String>),
}

impl EventFilter {
    pub(crate) fn allows(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => names.iter().any(|only| only == name),
            Self::Without(names) => names.iter().all(|without| without != name),
        }
    }

    /// The names that it lets through and that it names.
    pub(crate) fn names(&self) -> &[String] {
        match self {
            Self::Only(names) => names,
            Self::All | Self::Without(_) => &[],
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

    fn apply(&self, query: EventQuery) -> EventQuery {
        match self {
            Self::All => query,
            Self::Only(names) => query.only(names),
            Self::Without(names) => query.without(names),
        }
    }

    fn describe(&self) -> Value {
        match self {
            Self::All => json!("all"),
            Self::Only(names) => json!({ "only": names }),
            Self::Without(names) => json!({ "without": names }),
        }
    }
}

impl PropertyFilter {
    fn apply(&self, query: EventQuery) -> EventQuery {
        match self {
            Self::All => query,
            Self::Only(names) => query.only_properties(names),
            Self::Without(names) => query.without_properties(names),
        }
    }

    pub(crate) fn describe(&self) -> Value {
        match self {
            Self::All => json!("all"),
            Self::Only(names) => json!({ "only": names }),
            Self::Without(names) => json!({ "without": names }),
        }
    }
}

/// The query of a range of days.
pub(crate) fn event_query(from: Date, to: Date, events: &EventFilter, properties: &PropertyFilter) -> EventQuery {
    properties.apply(events.apply(EventQuery::between(from, to)))
}

/// The same query for a manifest.
pub(crate) fn describe(from: Date, to: Date, events: &EventFilter, properties: &PropertyFilter) -> Value {
    json!({ "from_date": from, "to_date": to, "events": events.describe(), "properties": properties.describe() })
}
