//! The columns of exported files and their types.

use std::fmt;

use dfinery::{
    tables::PropertyType,
    taxonomy::{ITEM_COLUMN_PREFIX, SYSTEM_COLUMNS},
};
use dfinery_records::{Section, Taxonomy};
use serde::{Deserialize, Serialize};

/// A column of exported files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What its cells hold.
    #[serde(rename = "type")]
    pub column_type: ColumnType,
    /// Where its type comes from.
    pub origin: Origin,
}

/// What the cells of a column hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnType {
    /// Text, as the service wrote it. Also arrays, whose spelling is undocumented.
    String,
    /// A whole number of 64 bits.
    Long,
    /// A number.
    Double,
    /// `true` or `false`.
    Boolean,
    /// A time, in UTC and with microseconds.
    Datetime,
    /// A day.
    Date,
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::String => "string",
            Self::Long => "long",
            Self::Double => "double",
            Self::Boolean => "boolean",
            Self::Datetime => "datetime",
            Self::Date => "date",
        })
    }
}

/// Where the type of a column comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// This program writes the column.
    Exporter,
    /// The documentation: every export has the column.
    System,
    /// The taxonomy.
    Taxonomy,
    /// Nothing says what it holds, so it is text.
    Unknown,
}

/// Which export a column belongs to: a name may mean one thing on an event and another on a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Table {
    /// Events.
    Events,
    /// User profiles.
    Profiles,
}

impl Column {
    /// The column of a name in an export's header line.
    ///
    /// A column of an item is text: whether an item has a row of its own, or all items of an event share a cell, is
    /// undocumented.
    #[must_use]
    pub fn named(name: &str, table: Table, taxonomy: &Taxonomy) -> Self {
        let (column_type, origin) = if let Some(system) = SYSTEM_COLUMNS.iter().find(|column| column.name == name) {
            (system.property_type.into(), Origin::System)
        } else if table == Table::Events
            && let Some(item) = name.strip_prefix(ITEM_COLUMN_PREFIX)
        {
            let known = taxonomy.property_type(Section::Item, item);
            (ColumnType::String, known.map_or(Origin::Unknown, |_| Origin::Taxonomy))
        } else {
            let section = match table {
                Table::Events => Section::Event,
                Table::Profiles => Section::User,
            };
            match taxonomy.property_type(section, name) {
                Some(property_type) => (property_type.into(), Origin::Taxonomy),
                None => (ColumnType::String, Origin::Unknown),
            }
        };
        Self {
            name: name.to_owned(),
            column_type,
            origin,
        }
    }
}

impl From<PropertyType> for ColumnType {
    fn from(property_type: PropertyType) -> Self {
        match property_type {
            PropertyType::Long => Self::Long,
            PropertyType::Double => Self::Double,
            PropertyType::Boolean => Self::Boolean,
            PropertyType::Datetime => Self::Datetime,
            PropertyType::Date => Self::Date,
            PropertyType::String
            | PropertyType::StringArray
            | PropertyType::LongArray
            | PropertyType::DoubleArray
            | PropertyType::Items => Self::String,
        }
    }
}
