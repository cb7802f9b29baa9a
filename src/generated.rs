//! The committed output of `cargo codegen`, wired in as modules of this crate.

#[rustfmt::skip]
#[allow(dead_code, clippy::all, clippy::pedantic, reason = "progenitor writes it, and it writes more than we call")]
#[path = "../generated/import.rs"]
pub(crate) mod import;

#[rustfmt::skip]
#[allow(dead_code, clippy::all, clippy::pedantic, reason = "progenitor writes it, and it writes more than we call")]
#[path = "../generated/export.rs"]
pub(crate) mod export;

#[rustfmt::skip]
#[path = "../generated/fields.rs"]
pub(crate) mod fields;

#[rustfmt::skip]
#[path = "../generated/operations.rs"]
pub(crate) mod operations;

#[rustfmt::skip]
#[path = "../generated/requests.rs"]
pub(crate) mod requests;

#[rustfmt::skip]
#[path = "../generated/responses.rs"]
pub(crate) mod responses;

#[rustfmt::skip]
#[path = "../generated/sources.rs"]
pub(crate) mod sources;

#[rustfmt::skip]
#[path = "../generated/taxonomy.rs"]
pub mod taxonomy;
