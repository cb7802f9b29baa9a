//! Exports of events and user profiles to files.

#![deny(missing_docs)]

mod blocking;
mod calendar;
mod clock;
mod column;
mod convert;
mod day;
mod days;
mod divide;
mod error;
mod event_export;
mod events;
mod exporter;
mod fetch;
mod files;
mod filter;
mod folder;
mod format;
mod hexadecimal;
mod not_converted;
mod plan;
mod probe;
mod progress;
mod quota;
mod receipt;
mod rows_of;
mod running;
mod single;
mod spool;
mod sql;
mod status;
mod stopper;
mod table_file;
mod verify;
mod workspace;

pub use column::{Column, ColumnType, Origin, Table};
pub use days::Days;
pub use dfinery_records::Taxonomy;
pub use error::{ExportError, Stopped};
pub use event_export::EventExport;
pub use exporter::{Exporter, ExporterBuilder};
pub use filter::NameFilter;
pub use format::{Compression, Format};
pub use probe::{
    AskedQuery, Calibration, ColumnSeen, DayBy, DayOffset, DayStart, Evidence, Finding, Findings, ItemRows, LastDay,
    Lateness, Place, Probe, Reading, Reference, Spellings,
};
pub use progress::{Progress, Snapshot};
pub use receipt::{DayReceipt, Fate, Receipt};
pub use running::RunningExport;
pub use single::{FileExport, FileQuery, FileReceipt, ProfileFilter};
pub use sql::{Warehouse, load_statement};
pub use status::{DayState, DayStatus, Status, status};
pub use stopper::Stopper;
pub use verify::{Difference, Verification, verify};

/// The Rust in the page for users, run as examples.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../../../docs/exporting.md")]
    mod exporting {}
    #[doc = include_str!("../../../docs/exporting.ko.md")]
    mod exporting_in_korean {}
}
