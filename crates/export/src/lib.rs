//! Exports of events and user profiles to files.

#![deny(missing_docs)]

mod column;
mod format;

pub use column::{Column, ColumnType, Origin, Table};
pub use format::{Compression, Format};
