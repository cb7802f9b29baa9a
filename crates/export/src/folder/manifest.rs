//! The manifest of a partition, and the note of a missing day.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

/// The manifest of a partition: its data counts once this is in place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Manifest {
    /// The form of this file.
    pub version: u32,
    /// The day, or the time of a snapshot.
    pub name: String,
    /// The files of data.
    pub files: Vec<ManifestFile>,
    /// Rows in all files.
    pub rows: u64,
    /// The columns of the files, in their order.
    pub columns: Vec<String>,
    /// Rows by the name of the event.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub events: BTreeMap<String, u64>,
    /// Cells that did not fit the type of their column, by column.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unparsed: BTreeMap<String, u64>,
    /// What was asked of the service.
    pub query: serde_json::Value,
    /// How many requests the rows came from: more than one if the day was divided by the names of its events.
    pub parts: u64,
    /// How many requests were made for it, failed ones included.
    pub attempts: u64,
    /// Which export wrote the data, as in its column `_dfinery_export`.
    pub export: String,
    /// When the data was asked for.
    pub exported_at: Timestamp,
    /// When the service was last asked, which may have given the same rows again.
    pub asked_at: Timestamp,
    /// Whether the service is not asked again.
    #[serde(rename = "final")]
    pub is_final: bool,
    /// How often the data was written; the first time is 1.
    pub generation: u64,
    /// The data that this replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predecessor: Option<Predecessor>,
    /// What tells whether the service's answer is the same again.
    pub content: String,
}

impl Manifest {
    /// The form that this version writes.
    pub(crate) const VERSION: u32 = 1;
}

/// A file of a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ManifestFile {
    /// Its path in the folder of exports, with slashes.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// Its rows, without a header.
    pub rows: u64,
    /// The SHA-256 of its bytes, in hexadecimal digits.
    pub sha256: String,
}

/// Data that was replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Predecessor {
    /// Its generation.
    pub generation: u64,
    /// Its rows.
    pub rows: u64,
    /// When it was asked for.
    pub exported_at: Timestamp,
}

/// Why a day is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Hole {
    /// The day.
    pub day: Date,
    /// Why it could not be exported the last time.
    pub reason: String,
    /// When it was first tried, or found missing.
    pub since: Timestamp,
    /// How many requests were made for it.
    pub attempts: u64,
    /// When the service was found to have it no longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost_at: Option<Timestamp>,
}
