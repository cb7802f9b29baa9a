//! Reads files and pipes of any usual format and encoding as records.
//!
//! ```text
//! file, pipe ─► source (count, hash, decompress) ─► window (detect, hold) ─► lines, array or table (frame) ─► decode ─► rows and mapping (tables) ─► Line
//! ```

#![deny(missing_docs)]

mod array;
mod dead_letter;
mod encoding;
mod end_mark;
mod error;
mod fields;
mod fingerprint;
mod foreign_shape;
mod format;
mod found;
mod frame;
mod framer;
mod grouping;
mod input;
mod json_rows;
mod line_count;
mod lines;
mod look;
mod mapping;
mod misfit;
#[cfg_attr(not(feature = "cloud"), path = "no_object.rs")]
mod object;
mod object_mapper;
#[cfg(feature = "cloud")]
mod objects;
mod options;
#[cfg(feature = "parquet")]
mod parquet;
mod propose;
mod row_reader;
mod row_source;
mod rows;
mod seen_groups;
mod sort;
mod sorted_rows;
mod source;
mod table;
mod text;
mod text_framer;
#[cfg(feature = "_typed")]
mod typed_rows;
mod unfit;
mod utf16;
mod window;
#[cfg(feature = "spreadsheet")]
mod workbook;

#[cfg(feature = "cloud")]
pub use self::objects::{check_url, objects};
pub use self::{
    dead_letter::replay_line,
    error::InputError,
    fingerprint::{Beginning, Passed},
    format::{Encoding, Format},
    input::{Input, Line},
    line_count::{LineCount, PassedOver},
    mapping::Mapping,
    object::is_url,
    object_mapper::{ObjectMapper, ObjectRecord},
    options::InputOptions,
    propose::{Proposal, ProposalOptions, propose},
    sort::{Sorted, Sorter},
    table::TableForm,
    text::read_text,
    window::MAX_RECORD,
};
