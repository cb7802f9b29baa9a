//! Object stores as places of files: Amazon S3 and what speaks its protocol, Google Cloud Storage, and Azure.
//!
//! Everything here blocks, from any thread, also from one of an async runtime: requests run on a runtime of their own.
//! Each is tried again for at most 3 minutes, with growing pauses. Credentials come from the environment, from the
//! variables that begin with `AWS_`, `GOOGLE_` and `AZURE_`, or from the machine that it runs on.

mod error;
mod place;
mod reader;
mod runtime;
#[cfg(test)]
mod tests;

pub use crate::{
    error::StoreError,
    place::{Object, Place, Version},
    reader::ObjectReader,
};
