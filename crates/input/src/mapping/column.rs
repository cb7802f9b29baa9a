//! How the cells of a column are read.

use serde::Deserialize;

use super::types::Type;

/// How the cells of a column are read.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: Option<Type>,
    pub(crate) empty: Empty,
    pub(crate) formats: Vec<String>,
    pub(crate) thousands: Option<char>,
    pub(crate) separator: Option<String>,
    pub(crate) yes: Option<Vec<String>>,
    pub(crate) no: Option<Vec<String>>,
    pub(crate) country: Option<String>,
}

/// What becomes of an empty cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Empty {
    /// The property is left out.
    #[default]
    Omit,
    /// The property is null.
    Null,
    /// The property is an empty text.
    Keep,
}
