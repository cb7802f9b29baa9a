//! How the cells of a column are read.

use serde::{Deserialize, Serialize};

use super::types::Type;

/// How the cells of a column are read.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Column {
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<Type>,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) empty: Empty,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) formats: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) thousands: Option<char>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) separator: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) yes: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) no: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) country: Option<String>,
}

/// How to treat an empty cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
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

#[allow(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_default(empty: &Empty) -> bool {
    *empty == Empty::default()
}
