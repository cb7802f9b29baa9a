//! The types of values.

use serde::{Deserialize, Serialize};

use dfinery::tables::PropertyType;

/// How the cells of a column are read and written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Type {
    String,
    Phone,
    Long,
    Double,
    Boolean,
    Datetime,
    Date,
    StringArray,
    LongArray,
    DoubleArray,
}

impl Type {
    /// The type of a property; `None` for items, which no cell can hold.
    pub(super) const fn of(property: PropertyType) -> Option<Self> {
        Some(match property {
            PropertyType::String => Self::String,
            PropertyType::Long => Self::Long,
            PropertyType::Double => Self::Double,
            PropertyType::Boolean => Self::Boolean,
            PropertyType::Datetime => Self::Datetime,
            PropertyType::Date => Self::Date,
            PropertyType::StringArray => Self::StringArray,
            PropertyType::LongArray => Self::LongArray,
            PropertyType::DoubleArray => Self::DoubleArray,
            PropertyType::Items => return None,
        })
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Phone => "phone",
            Self::Long => "long",
            Self::Double => "double",
            Self::Boolean => "boolean",
            Self::Datetime => "datetime",
            Self::Date => "date",
            Self::StringArray => "string-array",
            Self::LongArray => "long-array",
            Self::DoubleArray => "double-array",
        }
    }
}
