//! Clients for the two DFINERY Open APIs: [`ImportClient`] sends events, identities and user properties,
//! [`ExportClient`] exports events and profiles as CSV.
//!
//! Types, codes and limits are generated from one hand-written description of both APIs, in which each fact names the page of
//! the vendor's documentation that it comes from. `Ok` means that the service took the request: HTTP 200 alone does not, since
//! most failures come under it. A failure is an [`Error`], which says what the service said, whether the request may have been
//! processed all the same, and what to do.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use dfinery::{Event, Identity, ImportCode};
//! use dfinery_emulator::Emulator;
//!
//! // On the real service: ImportClient::from_env()?
//! let emulator = Emulator::start().await?;
//! let import = emulator.import_client().build()?;
//!
//! let user = Identity::external_id("dfn-user-123").email("kim@example.com");
//! import.upsert_identity(&user).await?;
//! import.load_events(&user, &[Event::new("df_login")]).await?;
//!
//! let refused = import.load_events(&user, &[Event::new("not_registered")]).await.unwrap_err();
//! assert_eq!(refused.import_code(), Some(&ImportCode::ValidationFailure));
//! # Ok(())
//! # }
//! ```
//!
//! * Requests are checked before they are sent: see [`validate`] and the `validate` method of each request in [`types`].
//! * Each call waits for the quota of its family as this client counts it, and is sent again as [`RetryPolicy`] and the tables
//!   of codes allow, always with the same bytes.
//! * Dropping the future of a call ends it. A request that was in flight may still have been processed.
//!
//! For files and long streams there is `dfinery-load`, for tests `dfinery-emulator`, and the command `dfinery`; all are in the
//! repository of this crate.

#![deny(missing_docs)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod auth;
mod byte_order_mark;
mod child_task;
mod config;
mod csv_body;
mod csv_foreign;
mod csv_rows;
mod csv_scanner;
mod csv_stream;
mod destination;
mod error;
mod export;
mod failure;
mod generated;
mod import;
mod metadata;
mod new_file;
mod no_client;
mod parameters;
mod piece_writer;
mod property;
mod quota;
mod rate_limit;
mod redact;
mod request;
mod retry;
mod rows;
mod speaker;
mod timestamp;
mod to_be_synced;
mod transport;
mod tries;
mod user_event;
pub mod validate;

#[cfg(feature = "_engine")]
#[doc(hidden)]
pub mod engine;

pub use config::ClientBuilder;
pub use csv_stream::{Csv, Record, Saved};
pub use error::Error;
pub use export::{EventQuery, ExportClient, UserProfileQuery};
pub use failure::Delivery;
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
