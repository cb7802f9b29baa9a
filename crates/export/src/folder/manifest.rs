//! The manifest of a partition, and the note of a missing day.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

/// The manifest of a partition: its data counts once this is in place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// The form of this file.
    pub(crate) version: u32,
    /// The day, or the time of a snapshot.
    pub(crate) name: String,
    /// The files of data.
    pub(crate) files: Vec<ManifestFile>,
    /// Rows in all files.
    pub(crate) rows: u64,
    /// The service's columns of the files, in their order, after those of the exporter.
    pub(crate) columns: Vec<String>,
    /// Rows by the name of the event.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) events: BTreeMap<String, u64>,
    /// Cells that did not fit the type of their column, by column.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) unparsed: BTreeMap<String, u64>,
    /// What was asked of the service.
    pub(crate) query: serde_json::Value,
    /// How many requests the rows came from: more than one if the day was divided by the names of its events.
    pub(crate) parts: u64,
    /// How many requests were made for it, failed ones included.
    pub(crate) attempts: u64,
    /// Which export wrote the data, as in its column `_dfinery_export`.
    pub(crate) export: String,
    /// When the data was asked for.
    pub(crate) exported_at: Timestamp,
    /// When the service was last asked, which may have given the same rows again.
    pub(crate) asked_at: Timestamp,
    /// Whether the service is not asked again.
    #[serde(rename = "final")]
    pub(crate) is_final: bool,
    /// The time zone of times that name none, if one was set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) time_zone: Option<String>,
    /// How often the data was written; the first time is 1.
    pub(crate) generation: u64,
    /// The data that this replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) predecessor: Option<Predecessor>,
    /// What tells whether the service's answer is the same again.
    pub(crate) content: String,
}

impl Manifest {
    /// The form that this version writes.
    pub(crate) const VERSION: u32 = 1;

    /// The same, but to be asked for again.
    pub(crate) fn not_final(&self) -> Self {
        Self {
            is_final: false,
            ..self.clone()
        }
    }
}

/// A file of a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ManifestFile {
    /// Its path in the folder of exports, with slashes.
    pub(crate) path: String,
    /// Its length.
    pub(crate) bytes: u64,
    /// Its rows, without a header.
    pub(crate) rows: u64,
    /// The SHA-256 of its bytes, in hexadecimal digits.
    pub(crate) sha256: String,
}

/// Data that was replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Predecessor {
    /// Its generation.
    pub(crate) generation: u64,
    /// Its rows.
    pub(crate) rows: u64,
    /// When it was asked for.
    pub(crate) exported_at: Timestamp,
}

/// Why a day is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hole {
    /// The day.
    pub(crate) day: Date,
    /// Why it could not be exported the last time.
    pub(crate) reason: String,
    /// When it was first tried, or found missing.
    pub(crate) since: Timestamp,
    /// How many requests were made for it.
    pub(crate) attempts: u64,
    /// When the service was found to have it no longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) lost_at: Option<Timestamp>,
}
