//! Client for the DFINERY Open API.

#![deny(missing_docs)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod auth;
mod config;
mod csv_body;
mod csv_stream;
mod error;
mod export;
mod generated;
mod import;
mod lock;
mod metadata;
mod new_file;
mod property;
mod quota;
mod rate_limit;
mod redact;
mod retry;
mod rows;
mod timestamp;
mod transport;
mod tries;
mod user_event;
pub mod validate;

#[cfg(feature = "_engine")]
#[doc(hidden)]
pub mod engine;

pub use config::ClientBuilder;
pub use csv_stream::{Csv, Record, Saved};
pub use error::{Delivery, Error};
pub use export::{EventQuery, ExportClient, UserProfileQuery};
pub use generated::import::types::{Event, Identity};
pub use generated::operations::{Family, Operation, Token};
pub use generated::responses::{ExportCode, ImportCode};
pub use generated::taxonomy;
pub use import::ImportClient;
pub use metadata::{Metadata, RateLimitStatus};
pub use property::{Properties, PropertyValue};
pub use retry::RetryPolicy;
pub use rows::{Language, RetryClass};
pub use timestamp::{ParseTimestampError, Timestamp};
pub use validate::{Violation, Violations};

/// Builder for an [`ImportClient`].
pub type ImportClientBuilder = ClientBuilder<ImportClient>;
/// Builder for an [`ExportClient`].
pub type ExportClientBuilder = ClientBuilder<ExportClient>;

/// The generated tables that are not methods of a type, and what a row of each table looks like.
///
/// The rows themselves are at [`ImportCode`], [`ExportCode`], [`Operation`], [`Family`] and in [`taxonomy`].
pub mod tables {
    pub use crate::generated::{
        operations::{OperationInfo, RATE_LIMIT_HEADERS},
        responses::{EXPORT_HTTP_STATUSES, IMPORT_HTTP_STATUSES},
        sources::PAGES,
    };
    pub use crate::rows::*;
}

/// The types of the two `OpenAPI` documents, as they are on the wire.
pub mod types {
    /// The types of the Export API.
    pub mod export {
        pub use crate::generated::{export::types::*, requests::views::export::*};
    }
    /// The types of the Import API.
    pub mod import {
        pub use crate::generated::{import::types::*, requests::views::import::*};
    }
}
