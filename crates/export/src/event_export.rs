//! What to export to a folder.

use jiff::civil::Date;

use crate::{
    filter::NameFilter,
    format::{Compression, Format},
};

/// Which events to export to a folder, and how they are written there.
#[derive(Clone, Debug, Default)]
pub struct EventExport {
    /// The first day; if unset, every day that can still be had and is not final.
    pub from: Option<Date>,
    /// The last day; if unset, the newest that is closed.
    pub until: Option<Date>,
    /// Which events.
    pub events: NameFilter,
    /// Which of their properties.
    pub properties: NameFilter,
    /// The format of the files.
    pub format: Format,
    /// Their compression.
    pub compression: Compression,
}
