//! Which events and properties are exported.

use std::{collections::BTreeSet, fmt};

use dfinery::EventQuery;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Which events, or which properties, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
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

    /// The same filter, with each name once and in order.
    fn normalized(&self) -> Self {
        let names = |names: &[String]| names.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect();
        match self {
            Self::All => Self::All,
            Self::Only(only) => Self::Only(names(only)),
            Self::Without(without) => Self::Without(names(without)),
        }
    }
}

impl fmt::Display for NameFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Only(names) => f.write_str(&names.join(", ")),
            Self::Without(names) => write!(f, "all but {}", names.join(", ")),
        }
    }
}

/// What all exports of a table to one folder have in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Selection {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    audience: Option<String>,
    events: NameFilter,
    properties: NameFilter,
}

impl Selection {
    pub(crate) fn of_events(events: &NameFilter, properties: &NameFilter) -> Self {
        Self {
            audience: None,
            events: events.normalized(),
            properties: properties.normalized(),
        }
    }

    pub(crate) fn of_profiles(audience: Option<&str>, properties: &NameFilter) -> Self {
        Self {
            audience: audience.map(str::to_owned),
            events: NameFilter::All,
            properties: properties.normalized(),
        }
    }
}

impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            audience,
            events,
            properties,
        } = self;
        write!(f, "events: {events}; properties: {properties}")?;
        match audience {
            Some(audience) => write!(f, "; audience: {audience}"),
            None => Ok(()),
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
pub(crate) fn describe(from: Date, to: Date, selection: &Selection) -> Value {
    let Selection { events, properties, .. } = selection;
    json!({ "from_date": from, "to_date": to, "events": events, "properties": properties })
}
